"""A canteen in the demo: its people and place, demands in every state, quotes, a sealed tender, contracts under way."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from marketplace.catalogue.models import Listing, ListingState, Producer
from marketplace.demo.after_sale import bruised_apple
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.service import create_account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.orders.claims import CLAIM_PICTURES
from marketplace.orders.models import Order
from marketplace.orders.service import deliver_order, ship_order
from marketplace.sourcing import accepting, contracting, demands, enterprises, quoting, tendering
from marketplace.sourcing.accepting import Found
from marketplace.sourcing.answering import sellable_grams
from marketplace.sourcing.demands import DemandGiven, Window
from marketplace.sourcing.enterprises import PlaceGiven
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Contract, ContractPart, Demand, DemandWay, EnterpriseMember, MemberRole
from marketplace.sourcing.ordering import place_delivery
from marketplace.sourcing.price_lists import ListGiven, Step, make_price_list
from marketplace.sourcing.quoting import Figures
from marketplace.sourcing.service import set_purchase_target

ACTOR = "demo"
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_PLACE = PlaceGiven("食堂后门", "周师傅", "13885500021", "522601", "营盘东路 18 号", "6:00–9:00")
# Colleagues of the canteen: sign-in name, name, part, limit.
_COLLEAGUES = (
    ("canteen-office", "采购员小杨", MemberRole.BUYER, 200_000),
    ("canteen-approver", "食堂管理员", MemberRole.APPROVER, 5_000_000),
    ("canteen-door", "验收员老周", MemberRole.RECEIVER, 0),
)
_BUDGET_FEN, _SHARE_BP = 80_000_000, 2_000
# What goods must have in stock to be asked for by weight.
_LEAST_G = 20_000


def add_sourcing(password: str, data_dir: Path, *, now: datetime) -> list[tuple[str, str]]:
    """Fill the canteen's desk; the accounts one can sign in with beside its own."""
    owner_account = db.session.scalars(select(Account).filter_by(login="canteen")).one()
    owner = enterprises.own_member(owner_account, now=now)
    enterprises.name_enterprise(owner, "凯里市第一食堂", "凯里市第一食堂", None, now=now)
    buyer, _approver, door = (_colleague(owner, *row, password, now) for row in _COLLEAGUES)
    place = enterprises.add_place(owner, _PLACE, now=now).public_id
    set_purchase_target(owner_account, local_day(now).year, _SHARE_BP, budget_fen=_BUDGET_FEN, now=now)
    goods = _goods()
    if len(goods) >= 8:
        _live(owner, buyer, door, place, goods, bruised_apple(data_dir / CLAIM_PICTURES).name, now)
        _list_prices(owner, goods, now)
    return [(f"canteen: {name}", login) for login, name, _role, _limit in _COLLEAGUES]


def _colleague(
    owner: EnterpriseMember, login: str, name: str, role: MemberRole, limit: int, password: str, now: datetime
) -> EnterpriseMember:
    create_account(login, name, password, now=now, roles=[(RoleKind.ENTERPRISE, "")])
    return enterprises.add_member(owner, login, role, limit, now=now)


def _goods() -> Sequence[Listing]:
    """Goods of Danzhai with stock to ask for: the farmer's first, one listing of each kind."""
    farmer = select(Producer.id).join(Account, Account.id == Producer.account_id).where(Account.login == "farmer")
    rows = db.session.scalars(
        select(Listing)
        .where(
            Listing.state == ListingState.ON_SALE,
            Listing.area_code.startswith("522636"),
            Listing.weight_unit.is_(None),
            Listing.minimum_quantity.is_(None),
            Listing.opens_on.is_(None),
            Listing.delivers_to.is_(None),
            Listing.available * Listing.unit_grams >= _LEAST_G,
        )
        .order_by(Listing.producer_id.in_(farmer).desc(), Listing.available.desc(), Listing.id)
        .limit(400)
    )
    kinds: dict[int, Listing] = {}
    for row in rows:
        kinds.setdefault(row.product_id, row)
    return list(kinds.values())


def _live(
    owner: EnterpriseMember,
    buyer: EnterpriseMember,
    door: EnterpriseMember,
    place: str,
    goods: Sequence[Listing],
    photo: str,
    now: datetime,
) -> None:
    """A demand in each state, the newest last."""
    accepted = _contract(owner, place, goods[1], now - 20 * _DAY)
    _arrive(accepted, door, now - 12 * _DAY, refused=0, photo=photo)
    partly = _contract(owner, place, goods[0], now - 9 * _DAY)
    _arrive(partly, door, now - 2 * _HOUR, refused=1, photo=photo)
    for listing in goods[2:4]:
        coming = _contract(owner, place, listing, now - 2 * _DAY)
        _place(coming, now - _DAY)
    _open(buyer, place, goods[0], DemandWay.QUOTES, now - 3 * _HOUR)
    talked = _open(buyer, place, goods[4], DemandWay.QUOTES, now - _DAY)
    quote = _quote(goods[4], talked, 90, now - 20 * _HOUR)
    fen_kg = talked.price_ceiling_fen_kg * 80 // 100
    quoting.counter(buyer, quote, Figures(_wanted_g(goods[4]), fen_kg, "量大，能再便宜一点吗？"), now=now - 10 * _HOUR)
    chosen = _open(buyer, place, goods[5], DemandWay.QUOTES, now - _DAY)
    _quote(goods[5], chosen, 95, now - 8 * _HOUR)
    sealed = _open(buyer, place, goods[6], DemandWay.TENDER, now - _DAY)
    producer = db.session.get_one(Producer, goods[6].producer_id)
    price = sealed.price_ceiling_fen_kg * 9 // 10
    tendering.bid(producer, sealed.public_id, goods[6].public_id, _wanted_g(goods[6]), price, actor=ACTOR, now=now - _HOUR)
    for listing in goods[7:12]:
        _open(buyer, place, listing, DemandWay.MATCHING, now - 5 * _HOUR)


def _list_prices(owner: EnterpriseMember, goods: Sequence[Listing], now: datetime) -> None:
    """The farmer's prices for this canteen, cheaper from a fifth of the stock on, and the market's for everybody."""
    today = local_day(now)
    year, quarter = (today - 30 * _DAY, today + 335 * _DAY), (today - 5 * _DAY, today + 85 * _DAY)
    for listing, name, span, mine in ((goods[0], "给食堂的价格", quarter, True), (goods[5], "市场参考价", year, False)):
        fen_kg = max(10, listing.price_fen * 1000 // listing.unit_grams)
        steps = [
            Step(listing.product.slug, Grade.UNGRADED, 0, fen_kg),
            Step(listing.product.slug, Grade.UNGRADED, _wanted_g(listing), fen_kg * 9 // 10),
        ]
        given = ListGiven(name, *span, steps, owner.enterprise.public_id if mine else None)
        make_price_list(given, producer_id=listing.producer_id if mine else None, actor=ACTOR, now=now)


def _wanted_g(listing: Listing) -> int:
    """A fifth of the stock, in whole steps."""
    wanted_g = int(listing.available * listing.unit_grams) // 5
    return max(sellable_grams(listing.unit, listing.unit_grams, wanted_g), listing.unit_grams)


def _open(buyer: EnterpriseMember, place: str, listing: Listing, way: DemandWay, at: datetime) -> Demand:
    """A demand for a fifth of what there is, at up to a quarter more than the shop's price, a week later."""
    first = local_day(at) + 7 * _DAY
    fen_kg = listing.price_fen * 1000 // listing.unit_grams
    given = DemandGiven(
        place=place,
        goods=listing.product.slug,
        windows=[Window(first, first + _DAY, _wanted_g(listing))],
        price_ceiling_fen_kg=max(10, fen_kg * 5 // 4),
        way=way,
        answer_by_at=at + 3 * _DAY,
        tolerance_bp=1_000,
        origin_code="522636",
        words="请分级装箱，早上送到。",
    )
    made = demands.make_demand(buyer, given, now=at)
    return demands.publish(buyer, made.public_id, now=at)


def _quote(listing: Listing, demand: Demand, percent: int, at: datetime) -> str:
    producer = db.session.get_one(Producer, listing.producer_id)
    figures = Figures(demand.deliveries[0].wanted_g, demand.price_ceiling_fen_kg * percent // 100)
    return quoting.offer(producer, demand.public_id, listing.public_id, figures, actor=ACTOR, now=at).public_id


def _contract(owner: EnterpriseMember, place: str, listing: Listing, at: datetime) -> Contract:
    demand = _open(owner, place, listing, DemandWay.QUOTES, at)
    quote = _quote(listing, demand, 88, at + _HOUR)
    return contracting.contract_quotes(owner, demand.public_id, [quote], now=at + 2 * _HOUR)


def _place(contract: Contract, at: datetime) -> Order | None:
    place_delivery(contract.public_id, contract.deliveries[0].delivery_id, actor=ACTOR, now=at)
    return contract.parts[0].order


def _arrive(contract: Contract, door: EnterpriseMember, at: datetime, *, refused: int, photo: str) -> None:
    """Bring a contract's goods to the door and weigh them there, with so many tenths refused and photographed."""
    order = _place(contract, at - _DAY)
    part: ContractPart = contract.parts[0]
    if order is None:
        return
    ship_order(order.public_id, order.producer_id, actor=ACTOR, now=at - 20 * _HOUR)
    deliver_order(order.public_id, producer_id=order.producer_id, actor=ACTOR, now=at - _HOUR)
    bad_g = part.grams * refused // 10
    because = "压坏了一部分" if bad_g else ""
    pictures = [photo] if bad_g else []
    found = Found(part.grams, part.grams - bad_g, bad_g, refused_because=because, pictures=pictures)
    accepting.weigh(door, part.public_id, found, now=at)
