"""The demo's sourcing: what thousands of farms say they can give, thirty demands of four kitchens, and plans in every state.

Weeks, amounts and answers are made up with a fixed seed; prices follow each listing's own. Plans are worked out and decided by
the shop's own services.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from marketplace.catalogue.models import Listing, ListingState, Producer
from marketplace.catalogue.queries import producer_of
from marketplace.delivery.models import Hub
from marketplace.demo.accounts import PASSWORD
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import find_account_by_login
from marketplace.identity.service import create_account
from marketplace.kernel import ids
from marketplace.kernel.bulk import copy_rows, next_id, settle_ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.sourcing.answers import answer_part
from marketplace.sourcing.contracting import contract_plan
from marketplace.sourcing.enterprises import own_member
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import (
    DeliveryPlace,
    Demand,
    DemandDelivery,
    Enterprise,
    Plan,
    SupplyDeclaration,
    SupplyState,
    SupplyWeek,
)
from marketplace.sourcing.planning import approve_plan, propose_plan, reject_plan, work_out
from marketplace.sourcing.states import DemandState, PlanPartState
from marketplace.sourcing.supplies import monday_of

ACTOR = "demo"
COUNTY = "522636"
WEEKS, SEED = 4, 6
_PRICE_LEFT = 0.85
_GRADES = (Grade.FIRST, Grade.SECOND, Grade.UNGRADED, Grade.UNGRADED)
# Kitchens buy what everybody eats.
_DEAREST_FEN_KG = 1500
_MADE_UP_PHONE = "13800000000"
# Login, name, title on invoices, and where the goods arrive.
_KITCHENS = (
    ("canteen", "凯里市第一食堂", "凯里市第一食堂", "522601"),
    ("school", "丹寨县第一小学食堂", "丹寨县第一小学", COUNTY),
    ("hospital", "丹寨县人民医院食堂", "丹寨县人民医院", COUNTY),
    ("factory", "丹寨工业园食堂", "丹寨工业园区", COUNTY),
)
# How many demands there are of each state, besides those with a plan.
_WITHOUT_PLAN = (
    *[DemandState.DRAFT] * 3,
    *[DemandState.OPEN] * 14,
    *[DemandState.CHOOSING] * 2,
    *[DemandState.UNMET] * 2,
    *[DemandState.WITHDRAWN] * 3,
)
_WITH_PLAN = 6


@dataclass(frozen=True)
class _Goods:
    """A product with what farms of the county can give of it in a week, and its middle price."""

    product_id: int
    weekly_g: int
    fen_kg: int


def add_matching(farmer: str, *, now: datetime) -> None:
    """Declare supplies, and make demands and plans; the farmer named by login is asked for a part."""
    rng = random.Random(SEED)
    first = monday_of(local_day(now)) + timedelta(days=14)
    goods = _declare(first, rng, now)
    buyers = [_kitchen(*kitchen, now) for kitchen in _KITCHENS]
    own, gathered = _goods_of(farmer), _goods_of_hubs()
    ranked = sorted(
        (one for one in goods.values() if one.fen_kg <= _DEAREST_FEN_KG),
        key=lambda one: (one.product_id not in own, one.product_id not in gathered, -one.weekly_g, one.product_id),
    )
    demands = [
        _demand(buyers[at % len(buyers)], ranked[at % len(ranked)], at, first, now, rng)
        for at in range(_WITH_PLAN + len(_WITHOUT_PLAN))
    ]
    for demand, state in zip(demands[_WITH_PLAN:], _WITHOUT_PLAN, strict=True):
        demand.state = state
    db.session.flush()
    plans = [_planned([demand], buyers[at % len(buyers)][0], now) for at, demand in enumerate(demands[:_WITH_PLAN])]
    _decide(plans, [buyers[at % len(buyers)][0] for at in range(_WITH_PLAN)], find_account_by_login(farmer), rng, now)


def _declare(first: date, rng: random.Random, now: datetime) -> dict[int, _Goods]:
    """A declaration for each listing of the county's own, and for half of the neighbours'."""
    hubs = {hub.area_code: hub.id for hub in db.session.scalars(select(Hub))}
    rows = db.session.execute(
        select(Listing.id, Listing.producer_id, Listing.product_id, Listing.area_code, Listing.price_fen, Listing.unit_grams)
        .where(Listing.state == ListingState.ON_SALE)
        .order_by(Listing.id)
    ).all()
    declarations, weeks = [], []
    prices, weekly = defaultdict(list), defaultdict(int)
    number, public_ids = next_id(SupplyDeclaration), ids.public_ids(len(rows))
    week_number = next_id(SupplyWeek)
    for row, public_id in zip(rows, public_ids, strict=True):
        near = row.area_code.startswith(COUNTY)
        if not near and rng.random() < 0.5:
            continue
        fen_kg = max(1, round(row.price_fen * 1000 / row.unit_grams * _PRICE_LEFT))
        loss_bp = rng.choice((0, 300, 500, 1000))
        grams = rng.randrange(20, 200) * 1000
        declarations.append(
            (
                number,
                public_id,
                row.producer_id,
                row.id,
                row.product_id,
                row.area_code,
                rng.choice(_GRADES),
                fen_kg,
                loss_bp,
                rng.choice((0, 5000, 10_000)),
                hubs.get(row.area_code),
                SupplyState.OPEN,
                first + timedelta(days=7 * WEEKS - 1),
                ACTOR,
                now - timedelta(days=rng.randrange(1, 20)),
            )
        )
        for at in range(WEEKS):
            weeks.append((week_number, number, first + timedelta(days=7 * at), grams * (10_000 - loss_bp) // 10_000, 0))
            week_number += 1
        number += 1
        if near:
            prices[row.product_id].append(fen_kg)
            weekly[row.product_id] += grams
    copy_rows(
        SupplyDeclaration,
        [
            *("id", "public_id", "producer_id", "listing_id", "product_id", "area_code", "grade", "min_price_fen_kg"),
            *("loss_rate_bp", "least_lot_g", "hub_id", "state", "expires_on", "declared_by", "declared_at"),
        ],
        declarations,
    )
    copy_rows(SupplyWeek, ["id", "declaration_id", "week_on", "grams", "committed_g"], weeks)
    settle_ids(SupplyDeclaration, SupplyWeek)
    middle = {key: sorted(found)[len(found) // 2] for key, found in prices.items()}
    return {key: _Goods(key, weekly[key], middle[key]) for key in prices if len(prices[key]) >= 5}


def _goods_of(login: str) -> set[int]:
    account = find_account_by_login(login)
    if account is None:
        return set()
    query = select(Listing.product_id).join(Producer, Producer.id == Listing.producer_id)
    return set(db.session.scalars(query.where(Producer.account_id == account.id, Listing.state == ListingState.ON_SALE)))


def _goods_of_hubs() -> set[int]:
    query = select(SupplyDeclaration.product_id).where(SupplyDeclaration.hub_id.is_not(None))
    return set(db.session.scalars(query.distinct()))


def _kitchen(login: str, name: str, title: str, area: str, now: datetime) -> tuple[Account, Enterprise, DeliveryPlace]:
    account = find_account_by_login(login)
    if account is None:
        account = create_account(login, name, PASSWORD, now=now, roles=[(RoleKind.ENTERPRISE, ""), (RoleKind.CONSUMER, "")])
    enterprise = own_member(account, now=now).enterprise
    enterprise.invoice_title = title
    place = DeliveryPlace(
        enterprise_id=enterprise.id,
        name="食堂后门",
        recipient="王师傅",
        phone=_MADE_UP_PHONE,
        area_code=area,
        address="食堂后门收货处",
        hours="6:00–9:00",
    )
    db.session.add(place)
    db.session.flush()
    return account, enterprise, place


def _demand(
    buyer: tuple[Account, Enterprise, DeliveryPlace], goods: _Goods, at: int, first: date, now: datetime, rng: random.Random
) -> Demand:
    account, enterprise, place = buyer
    made = Demand(
        reference=ids.reference("DM", local_day(now)),
        enterprise_id=enterprise.id,
        place_id=place.id,
        made_by_id=account.id,
        product_id=goods.product_id,
        grade=Grade.UNGRADED if at % 3 else Grade.SECOND,
        price_ceiling_fen_kg=round(goods.fen_kg * rng.choice((1.2, 1.4, 1.6))) + 40,
        tolerance_bp=500,
        origin_code=COUNTY,
        kind="recurring" if at % 2 else "one_off",
        way="matching",
        state=DemandState.OPEN,
        budget_reserved=at % 4 == 0,
        answer_by_at=now + timedelta(days=5),
        created_at=now - timedelta(days=rng.randrange(1, 6)),
    )
    wanted = max(50_000, goods.weekly_g // 3 // 1000 * 1000)
    made.deliveries = [
        DemandDelivery(
            number=week + 1,
            opens_on=first + timedelta(days=7 * week + 1),
            closes_on=first + timedelta(days=7 * week + 1 + at % 3),
            wanted_g=wanted,
        )
        for week in range(1 + at % 2)
    ]
    db.session.add(made)
    db.session.flush()
    return made


def _planned(demands: Sequence[Demand], by: Account, now: datetime) -> Plan:
    return propose_plan(work_out(demands, now=now, points=3), by=by, now=now - timedelta(hours=4))


def _decide(
    plans: Sequence[Plan], buyers: Sequence[Account], farmer: Account | None, rng: random.Random, now: datetime
) -> None:
    """Approve most of the plans, and have most of their sellers answer; the farmer who signs in still has to."""
    own = producer_of(farmer.id) if farmer is not None else None
    for at, (plan, buyer) in enumerate(zip(plans, buyers, strict=True)):
        if at % 4 == 3 or not plan.parts:
            continue
        if at == 4:
            reject_plan(plan.public_id, by=buyer, now=now - timedelta(hours=3))
            continue
        approve_plan(plan.public_id, by=buyer, now=now - timedelta(hours=3))
        for part in list(plan.parts):
            said = rng.random()
            # In the second plan everybody has answered, so that it has come as far as a contract.
            if (said < 0.85 or at == 1) and (own is None or part.producer_id != own.id):
                answer_part(part.public_id, part.producer_id, accept=said < 0.75, actor=ACTOR, now=now - timedelta(hours=1))
        _contract(plan, buyer, now)


def _contract(plan: Plan, buyer: Account, now: datetime) -> None:
    """Make contracts of those demands of a plan whose sellers have all answered."""
    for demand in plan.demands:
        states = {part.state for part in plan.parts if part.delivery.demand_id == demand.id}
        if PlanPartState.ACCEPTED in states and PlanPartState.ASKED not in states:
            contract_plan(own_member(buyer, now=now), demand.public_id, now=now)
