"""The demo's ways to send: couriers' rates for Danzhai's sellers, a hub, two pickup points, and parcels in every state.

Rates are made up in the size of what couriers ask. The purchases are placed, paid and sent by the shop's own rules.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select, update

from marketplace.catalogue.models import Category, Listing, ListingState, Producer
from marketplace.catalogue.models import Temperature as GoodsTemperature
from marketplace.delivery.models import Carrier, DeliveryMethod, Hub, MethodKind, Temperature
from marketplace.delivery.quoting import Rate
from marketplace.delivery.service import Place, add_carrier, add_hub, add_method, add_point, set_zone
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.orders.astray import note_sound
from marketplace.orders.baskets import add_line, open_basket
from marketplace.orders.delivering import basket_goods, delivery_groups
from marketplace.orders.models import Order, OrderGroup, ShipmentOrder
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import basket_view, payment_of
from marketplace.orders.service import confirm_payment
from marketplace.orders.shipment_states import ShipmentAction
from marketplace.orders.shipments import News, dispatch, note_news, receive_at_hub, resolve_shipment, send_order
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment

ACTOR = "demo"
SELLERS_COUNTY, BUYERS_COUNTY = "522636", "522601"
AMBIENT, CHILLED, FROZEN = Temperature
MOVE = ShipmentAction.MOVE


@dataclass(frozen=True)
class _Terms:
    """What the parcels of the demo need of the terms."""

    hub: Hub
    couriers: dict[str, Carrier]
    courier: DeliveryMethod
    pickup: DeliveryMethod


def add_delivery(consumer: str, farmer: str, keeper: str, *, now: datetime) -> None:
    """Set the terms, and send a few purchases of a consumer by them, from a farmer if it can be; all are named by login."""
    db.session.execute(
        update(Listing)
        .where(Listing.category_id == select(Category.id).filter_by(slug="salads-ready").scalar_subquery())
        .values(temperature=GoodsTemperature.CHILLED)
    )
    since = now - timedelta(days=60)
    # All of the purchases are younger than the harvest they are taken from.
    picked = local_day(now) - timedelta(days=4)
    known = find_account_by_login(farmer)
    sellers = _neighbours(picked, known.id if known is not None else 0)
    terms = _terms(sellers[0].area_code, keeper, since)
    buyer = find_account_by_login(consumer)
    if buyer is not None:
        _parcels(_Buyer(buyer.id, buyer.public_id, [_listing(seller, picked) for seller in sellers]), terms, now)


def _neighbours(picked: date, farmer_id: int) -> Sequence[Producer]:
    """Two farms of one village of the county with much in stock, so that a hub has something to gather.

    The farmer's village comes before all others, and the farmer before the neighbours.
    """
    known = func.coalesce(Producer.account_id == farmer_id, False)
    stock = (
        select(Listing.producer_id, func.sum(Listing.available).label("left"))
        .where(*_simple(picked))
        .group_by(Listing.producer_id)
        .subquery()
    )
    village = (
        select(Producer.area_code)
        .join(stock, stock.c.producer_id == Producer.id)
        .where(Producer.area_code.startswith(SELLERS_COUNTY), Producer.kind == "household")
        .group_by(Producer.area_code)
        .having(func.count() >= 2)
        .order_by(func.bool_or(known).desc(), func.sum(stock.c.left).desc(), Producer.area_code)
        .limit(1)
        .scalar_subquery()
    )
    return db.session.scalars(
        select(Producer)
        .join(stock, stock.c.producer_id == Producer.id)
        .where(Producer.area_code == village, Producer.kind == "household")
        .order_by(known.desc(), stock.c.left.desc(), Producer.id)
        .limit(2)
    ).all()


def _simple(picked: date) -> list[ColumnElement[bool]]:
    """What one of can be bought at any time and sent anywhere just as it is: in stock, in season, not weighed first."""
    return [
        *(Listing.state == ListingState.ON_SALE, Listing.available >= 12, Listing.harvested_on <= picked),
        *(Listing.temperature == GoodsTemperature.AMBIENT, Listing.delivers_to.is_(None), Listing.opens_on.is_(None)),
        *(Listing.minimum_quantity.is_(None), Listing.weight_unit.is_(None)),
    ]


def _terms(village: str, keeper: str, since: datetime) -> _Terms:
    couriers = {
        code: add_carrier(code, zh, en, numbered=numbered, actor=ACTOR, now=since)
        for code, zh, en, numbered in (
            ("sf", "顺丰速运", "SF Express", True),
            ("ems", "中国邮政", "EMS", True),
            ("zto", "中通快递", "ZTO Express", True),
            ("yto", "圆通速递", "YTO Express", True),
            ("own", "自己送货", "Own van", False),
            ("van", "集货班车", "Hub van", False),
        )
    }
    account = find_account_by_login(keeper)
    place = Place("村集货点", "Village hub", village, "村委会旁", "8:00–18:00")
    hub = add_hub(place, account.public_id if account is not None else None, actor=ACTOR, now=since)
    for zh, en, code, address in (
        ("丹寨南街自提点", "Danzhai South Street", SELLERS_COUNTY, "龙泉镇南街 12 号"),
        ("凯里营盘路自提点", "Kaili Yingpan Road", BUYERS_COUNTY, "营盘东路 30 号"),
    ):
        add_point(Place(zh, en, code, address, "9:00–20:00"), 40, actor=ACTOR, now=since)

    def method(kind: MethodKind, zh: str, en: str, carrier: str | None, at: Hub | None = None) -> DeliveryMethod:
        by = couriers[carrier] if carrier is not None else None
        origin = None if at is not None else SELLERS_COUNTY
        return add_method(kind, zh, en, origin_code=origin, carrier=by, hub=at, actor=ACTOR, now=since)

    def zone(to: DeliveryMethod, area: str | None, days: tuple[int, int], rates: dict[Temperature, Rate]) -> None:
        set_zone(to, area, local_day(since), days, rates, actor=ACTOR, now=since)

    standard = method(MethodKind.COURIER, "普通快递", "Standard courier", "zto")
    zone(standard, None, (3, 5), {AMBIENT: Rate(900, 300, 15_000)})
    zone(standard, "52", (2, 3), {AMBIENT: Rate(600, 150, 9_900)})
    for far in ("54", "65"):
        zone(standard, far, (6, 9), {AMBIENT: Rate(1800, 1200)})
    cold = method(MethodKind.COURIER, "顺丰冷链", "SF cold chain", "sf")
    zone(cold, None, (1, 2), {AMBIENT: Rate(1400, 500), CHILLED: Rate(2200, 700), FROZEN: Rate(2800, 900)})
    zone(cold, "52", (1, 1), {AMBIENT: Rate(1200, 300), CHILLED: Rate(1600, 400), FROZEN: Rate(2000, 500)})
    pickup = method(MethodKind.PICKUP, "自提点", "Pickup point", "van")
    for county in (SELLERS_COUNTY, BUYERS_COUNTY):
        zone(pickup, county, (1, 2), {AMBIENT: Rate(200, 50), CHILLED: Rate(300, 100)})
    together = method(MethodKind.HUB, "村集货发运", "Village shipment", "zto", hub)
    zone(together, None, (3, 5), {AMBIENT: Rate(800, 200, 15_000)})
    zone(together, "52", (2, 3), {AMBIENT: Rate(500, 100, 9_900)})
    return _Terms(hub, couriers, standard, pickup)


@dataclass(frozen=True)
class _Buyer:
    """Who buys from whom, each time a little of one listing of each seller."""

    account_id: int
    account: str
    listings: list[str]

    def buys(self, number: int, method: DeliveryMethod | None, at: datetime) -> OrderGroup:
        """Place and pay a purchase from the first sellers, to travel by a method or together by their hub."""
        basket = open_basket(self.account_id, None, now=at)
        for listing in self.listings[:number]:
            add_line(basket, listing, Decimal(1), now=at)
        view = basket_view(self.account_id, None, now=at)
        groups = delivery_groups(basket_goods(view), BUYERS_COUNTY, local_day(at))
        options = [
            (group.key, next(o for o in group.options if (o.method.id == method.id if method else o.method.hub is not None)))
            for group in groups
        ]
        total_fen = view.total_fen + sum(option.quote.total_fen for _, option in options)
        group = place_order(
            self.account_id,
            self.account,
            basket.public_id,
            Destination("顾客", "138 0000 0000", BUYERS_COUNTY, "营盘东路 1 号"),
            PaymentMethod.BANK_TRANSFER,
            total_fen,
            now=at,
            delivery={key: option.key for key, option in options},
        )
        payment = get_payment(payment_of(group).public_id, lock=True)
        confirm_payment(payment, actor=ACTOR, now=at + timedelta(hours=1))
        db.session.refresh(group, ["orders"])
        return group


def _listing(seller: Producer, picked: date) -> str:
    """What of a seller's is bought, by public id."""
    return db.session.scalars(
        select(Listing.public_id)
        .where(Listing.producer_id == seller.id, *_simple(picked))
        .order_by(Listing.available.desc(), Listing.id)
        .limit(1)
    ).one()


def _parcels(buyer: _Buyer, terms: _Terms, now: datetime) -> None:
    """Purchases whose parcels stand in every state there is."""

    def placed(days: int) -> datetime:
        return now - timedelta(days=days, hours=6)

    # Still to pack, one for the pickup point and one for the hub.
    buyer.buys(1, terms.pickup, placed(1))
    buyer.buys(2, None, placed(1))
    packed = buyer.buys(2, None, placed(2))
    _send(packed.orders[0], None, placed(1))
    for days, sent in ((2, False), (3, True)):
        group = buyer.buys(2, None, placed(days))
        for order in group.orders:
            receive_at_hub(terms.hub, order.public_id, actor=ACTOR, now=placed(days - 1))
        if sent:
            shipment = _shipment(group.orders[0])
            dispatch(terms.hub, shipment, terms.couriers["zto"], "ZTO7700120034", actor=ACTOR, now=placed(days - 2))
    stories: list[tuple[int, str, list[tuple[ShipmentAction, str]]]] = [
        (2, "SF1002003001", []),
        (3, "SF1002003002", [(MOVE, "贵阳转运中心")]),
        (3, "SF1002003003", [(MOVE, "贵阳转运中心"), (MOVE, "凯里营业部"), (ShipmentAction.DELIVER, "营盘东路")]),
        (3, "SF1002003004", [(MOVE, "贵阳转运中心"), (ShipmentAction.LOSE, "贵阳转运中心")]),
        (3, "SF1002003005", [(MOVE, "凯里营业部"), (ShipmentAction.RETURN, "凯里营业部")]),
    ]
    for days, number, news in stories:
        order = buyer.buys(1, terms.courier, placed(days)).orders[0]
        _send(order, (terms.couriers["sf"], number), placed(days - 1))
        for step, (action, where) in enumerate(news, 1):
            at = placed(days - 1) + timedelta(hours=12 * step)
            note_news(_shipment(order), News(action, at, "carrier", where, f"{number}-{step}"), actor=ACTOR, now=at)
    _come_back(buyer, terms, placed)


def _come_back(buyer: _Buyer, terms: _Terms, placed: Callable[[int], datetime]) -> None:
    """Two parcels that came back and were paid back: one that the farm has looked at, and one that it has still to."""
    for number, looked_at in (("SF1002003006", True), ("SF1002003007", False)):
        order = buyer.buys(1, terms.courier, placed(6)).orders[0]
        _send(order, (terms.couriers["sf"], number), placed(5))
        at = placed(3)
        news = News(ShipmentAction.RETURN, at, "carrier", "凯里营业部", f"{number}-1")
        note_news(_shipment(order), news, actor=ACTOR, now=at)
        resolve_shipment(_shipment(order), actor=ACTOR, now=placed(2))
        if looked_at:
            sound = {at: line.quantity for at, line in enumerate(order.lines, 1)}
            note_sound(order.public_id, order.producer_id, sound, actor=ACTOR, now=placed(1))


def _send(order: Order, by: tuple[Carrier, str] | None, at: datetime) -> None:
    carrier, number = by if by is not None else (None, None)
    send_order(order.public_id, order.producer_id, carrier, number, actor=ACTOR, now=at)


def _shipment(order: Order) -> str:
    return db.session.get_one(ShipmentOrder, order.id).shipment.public_id
