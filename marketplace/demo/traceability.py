"""Declared harvests, a pooled lot, packed boxes, a recall that has ended and some oddities in the demo."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import extract, func, select

from marketplace.catalogue.lot_tree import pool_lots
from marketplace.catalogue.models import Listing, Lot, LotContribution, Pooling, Producer, YieldDeclaration
from marketplace.catalogue.oddities import Oddity
from marketplace.catalogue.suspicions import keep_oddities
from marketplace.catalogue.yield_states import YieldState
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.orders.boxes import grams_to_send, pack_line
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.recalls import close_recall, start_recall, tell_buyers
from marketplace.orders.states import OrderState
from marketplace.orders.weights import awaits_weighing
from marketplace.registry.models import Household

ACTOR, OFFICER = "demo", "demo officer"
# Households that bring more than this of one kind of goods in a year have declared it.
_DECLARED_FROM_G = 2_000_000


def add_traceability(*, now: datetime) -> None:
    """Leave behind what a year of looking after the origin of goods leaves behind."""
    _declare(now)
    _pool(now)
    _pack(now)
    _call_back(now)
    keep_oddities(list(_odd(now)), now=now - timedelta(hours=9))


def _declare(now: datetime) -> None:
    """Confirmed harvests of the larger households, a tenth above what they brought; one declaration waits for its officer."""
    season = extract("year", Lot.harvested_on)
    whose = (LotContribution.household_id, Household.village_code, Listing.product_id, season)
    brought = db.session.execute(
        select(*whose, func.sum(LotContribution.grams))
        .join(Lot, Lot.id == LotContribution.lot_id)
        .join(Listing, Listing.id == Lot.listing_id)
        .join(Household, Household.id == LotContribution.household_id)
        .group_by(*whose)
        .having(func.sum(LotContribution.grams) >= _DECLARED_FROM_G)
        .order_by(LotContribution.household_id, Listing.product_id, season)
    ).all()
    at = now - timedelta(days=30)
    rows = [
        YieldDeclaration(
            household_id=household_id,
            village_code=village,
            product_id=product_id,
            season=int(year),
            harvest_g=int(grams) * 11 // 10,
            state=YieldState.CONFIRMED,
            declared_by=ACTOR,
            declared_at=at,
            decided_by=OFFICER,
            decided_at=at + timedelta(days=2),
            decided_words="地里看过，产量属实。",
        )
        for household_id, village, product_id, year, grams in brought
    ]
    farm = _seller("farmer")
    kind = db.session.scalar(select(Listing.product_id).filter_by(producer_id=farm.id).order_by(Listing.rank.desc()).limit(1))
    waits = YieldDeclaration(
        household_id=farm.household_id,
        village_code=farm.area_code,
        product_id=kind,
        season=local_day(now).year,
        harvest_g=3_600_000,
        words="今年新开了一块坡地，多收了不少。",
        state=YieldState.WAITING,
        declared_by=ACTOR,
        declared_at=now - timedelta(hours=20),
    )
    db.session.add_all([*rows, waits])
    db.session.flush()


def _seller(login: str) -> Producer:
    return db.session.scalars(
        select(Producer).join(Account, Account.id == Producer.account_id).where(Account.login == login)
    ).one()


def _pool(now: datetime) -> None:
    """The cooperative sorts two of its harvests into one lot and states what was lost."""
    cooperative = _seller("cooperative")
    lots = db.session.execute(
        select(Listing, Lot)
        .join(Lot, Lot.listing_id == Listing.id)
        .where(Listing.producer_id == cooperative.id, ~Lot.expected, Lot.on_hand >= 4)
        .order_by(Listing.rank.desc(), Lot.id)
    ).all()
    if lots:
        listing, first = lots[0]
        own = [lot for other, lot in lots if other.id == listing.id][:2]
        pool_lots(listing, {lot.public_id: Decimal(2) for lot in own or [first]}, listing.unit_grams, actor=ACTOR, now=now)


def _pack(now: datetime) -> None:
    """An order that waits at the farm is packed into two boxes, for the labels to be printed."""
    farm = _seller("farmer")
    waiting = db.session.scalars(
        select(Order).filter_by(producer_id=farm.id, state=OrderState.PLACED).order_by(Order.id.desc()).limit(10)
    )
    for order in waiting:
        if awaits_weighing(order) or order.lines[0].missing == order.lines[0].quantity or order.lines[0].expected:
            continue
        grams = grams_to_send(order.lines[0])
        pack_line(order, 1, [grams - grams // 2, grams // 2], actor=ACTOR, now=now - timedelta(hours=3))
        return


def _call_back(now: datetime) -> None:
    """A lot that was sold out weeks ago was called back, its buyers were told, and it is over."""
    operators = _operators()
    since = local_day(now) - timedelta(days=40)
    own = select(Listing.id).where(Listing.producer_id.in_([_seller("farmer").id, _seller("cooperative").id]))
    lot = db.session.scalars(
        select(Lot)
        .join(OrderLine, OrderLine.lot_id == Lot.id)
        .where(
            Lot.on_hand == 0,
            Lot.harvested_on.between(since, since + timedelta(days=20)),
            Lot.listing_id.not_in(own),
            ~select(Pooling.from_lot_id).where(Pooling.from_lot_id == Lot.id).exists(),
        )
        .group_by(Lot.id)
        .having(func.count(OrderLine.id).between(3, 6))
        .order_by(Lot.id)
        .limit(1)
    ).first()
    if lot is None or len(operators) < 2:
        return
    reason, advice = "抽检发现农药残留略高于标准。", "请不要食用，拍照后扔掉；货款会退还。"
    at = now - timedelta(days=12)
    recall = start_recall(lot.public_id, reason, advice, operators[0], now=at).public_id
    tell_buyers(recall, operators[1], now=at + timedelta(hours=1))
    close_recall(recall, "复检合格，剩余商品已销毁，买家均已通知。", operators[0], now=now - timedelta(days=5))


def _operators() -> list[Account]:
    query = select(Account).join(Role, Role.account_id == Account.id).where(Role.kind == RoleKind.OPERATOR, Account.active)
    return list(db.session.scalars(query.order_by(Account.id).limit(2)))


def _odd(now: datetime) -> Iterable[Oddity]:
    """What a night's look through the two named sellers' goods could have found."""
    week = local_day(now).isocalendar().week
    farm, cooperative = _seller("farmer"), _seller("cooperative")
    yield Oddity("equal_parts", cooperative.id, "lot:demo", {"households": 6, "grams": 20_000})
    yield Oddity("out_of_season", farm.id, "lot:demo", {"week": week})
    yield Oddity("soon_after_entry", farm.id, "part:demo", {"grams": 310_000, "most_grams": 540_000})
