"""Which ways of delivery a purchase has, what each costs, and what is agreed when it is placed.

Sellers whose hub sends to the buyer form one group with one freight; every other seller is a group alone. Where a seller's
area has no terms at all, delivery is the seller's and included in the price, as before there were any.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, Producer
from marketplace.delivery.models import Hub, MethodKind, PickupPoint, Temperature
from marketplace.delivery.queries import MethodTerms, in_force, methods_from
from marketplace.delivery.quoting import Parcel, Part, Quote, quote
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict
from marketplace.orders.models import Order, OrderDelivery, OrderLine
from marketplace.orders.queries import BasketView
from marketplace.orders.states import OrderState

# Orders that have, or will soon have, a parcel on the shelf of their pickup point. One that was delivered lies there until its
# buyer has said, or by time is taken to have said, that it was fetched.
ON_THE_SHELF = (OrderState.PLACED, OrderState.SHIPPED, OrderState.DELIVERED)


@dataclass(frozen=True)
class Goods:
    """What a line of a basket or an order weighs and costs, and whose it is; sellers are named by public id."""

    seller: str
    area_code: str
    temperature: str
    quantity: Decimal
    unit_grams: int
    total_fen: int


@dataclass(frozen=True)
class Option:
    """A way in which a group can travel; ``key`` names it in forms and programs."""

    key: str
    method: MethodTerms
    point: PickupPoint | None
    quote: Quote


@dataclass(frozen=True)
class DeliveryGroup:
    """Sellers whose goods travel by one choice, with the ways there are, cheapest first.

    ``included`` when no terms are set for them; without options and not included, it does not go there.
    """

    key: str
    sellers: tuple[str, ...]
    hub: Hub | None
    options: tuple[Option, ...]
    included: bool

    def chosen(self, choices: Mapping[str, str]) -> Option | None:
        """The option chosen for the group, or the cheapest while nobody has chosen; None where there is none.

        Raises
        ------
        Conflict
            ``delivery_choice_gone`` when what was chosen is no longer offered.
        """
        wanted = choices.get(self.key)
        if wanted is None or self.included:
            return self.options[0] if self.options else None
        found = next((option for option in self.options if option.key == wanted), None)
        if found is None:
            raise Conflict("delivery_choice_gone", N_("A way of delivery you chose is no longer offered. Please choose again."))
        return found


@dataclass(frozen=True)
class Agreed:
    """What one seller's order pays for its delivery, and how it travels; nothing where it is included."""

    fen: int
    delivery: OrderDelivery | None


def delivery_groups(goods: Iterable[Goods], destination: str, day: date) -> list[DeliveryGroup]:
    """The groups that goods form on their way to a place on a day, in the order of their first goods.

    ``destination`` is a county's code, or empty where nobody knows it yet: no group has an option then.
    """
    lines = list(goods)
    parcels = _parcels(lines)
    origins = {line.seller: line.area_code for line in lines}
    methods = methods_from(origins.values(), destination, day) if lines else []
    own = {seller: [m for m in methods if origin.startswith(m.origin_code)] for seller, origin in origins.items()}
    picked_up = destination and any(method.kind is MethodKind.PICKUP for method in methods)
    points = _points_with_room(destination, day) if picked_up else []
    groups = []
    grouped: set[str] = set()
    for seller in origins:
        if seller in grouped:
            continue
        hub, sellers = _sharing(seller, own, parcels, destination)
        grouped.update(sellers)
        groups.append(
            DeliveryGroup(
                key=hub.public_id if hub is not None else seller,
                sellers=sellers,
                hub=hub,
                options=_options(sellers, own, parcels, destination, points),
                included=not any(own[one] for one in sellers),
            )
        )
    return groups


def basket_goods(view: BasketView) -> list[Goods]:
    """What a basket would send, at today's prices."""
    return [
        Goods(
            seller=line.listing.producer,
            area_code=line.listing.area_code,
            temperature=line.listing.temperature,
            quantity=line.quantity,
            unit_grams=line.listing.unit_grams,
            total_fen=line.total_fen,
        )
        for line in view.lines
    ]


def _parcels(lines: Sequence[Goods]) -> dict[str, list[Parcel]]:
    """A parcel for each seller and temperature; parts of a gram are rounded up once, over all its lines."""
    grams: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    fen: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        grams[line.seller, line.temperature] += line.quantity * line.unit_grams
        fen[line.seller, line.temperature] += line.total_fen
    parcels: dict[str, list[Parcel]] = defaultdict(list)
    for (seller, temperature), weight in grams.items():
        whole = int(weight.to_integral_value(ROUND_CEILING))
        parcels[seller].append(Parcel(seller, Temperature(temperature), whole, fen[seller, temperature]))
    return parcels


def _nearest_hub(methods: Sequence[MethodTerms]) -> Hub | None:
    hubs = [method.hub for method in methods if method.hub is not None]
    return max(hubs, key=lambda hub: (len(hub.area_code), -hub.id), default=None)


def _sharing(
    seller: str, own: Mapping[str, Sequence[MethodTerms]], parcels: Mapping[str, Sequence[Parcel]], destination: str
) -> tuple[Hub | None, tuple[str, ...]]:
    """The hub that sends a seller's parcels together with others', and whose they are; no hub where nobody shares it.

    Of a hub's shipments the one that takes the most sellers' goods brings them together.
    """
    hub = _nearest_hub(own[seller])
    if hub is None or not destination:
        return None, (seller,)
    neighbours = [one for one in own if (near := _nearest_hub(own[one])) is not None and near.id == hub.id]
    together: tuple[str, ...] = ()
    for method in own[seller]:
        if method.hub is not None and method.hub.id == hub.id:
            sends = tuple(one for one in neighbours if quote(parcels[one], destination, method.terms) is not None)
            together = max(together, sends, key=len)
    return (hub, together) if seller in together and len(together) > 1 else (None, (seller,))


def _options(
    sellers: tuple[str, ...],
    own: Mapping[str, Sequence[MethodTerms]],
    parcels: Mapping[str, Sequence[Parcel]],
    destination: str,
    points: Sequence[tuple[PickupPoint, int]],
) -> tuple[Option, ...]:
    """Every way that all of a group's sellers have, cheapest first; parcels are brought to the nearest hub only."""
    if not destination:
        return ()
    hub = _nearest_hub(own[sellers[0]])
    load = [parcel for seller in sellers for parcel in parcels[seller]]
    options = []
    for method in own[sellers[0]]:
        shared = all(any(other.id == method.id for other in own[seller]) for seller in sellers)
        if not shared or (method.hub is not None and (hub is None or method.hub.id != hub.id)):
            continue
        if method.kind is MethodKind.PICKUP:
            for point, room in points:
                offered = quote(load, point.area_code, method.terms)
                if offered is not None and room >= len(sellers):
                    options.append(Option(f"{method.public_id}-{point.public_id}", method, point, offered))
        else:
            offered = quote(load, destination, method.terms)
            if offered is not None:
                options.append(Option(method.public_id, method, None, offered))
    return tuple(sorted(options, key=lambda option: (option.quote.total_fen, option.quote.days_to, option.key)))


def _waiting_at() -> Any:
    return (
        select(func.count())
        .select_from(OrderDelivery)
        .join(Order, Order.id == OrderDelivery.order_id)
        .where(OrderDelivery.pickup_point_id == PickupPoint.id, Order.state.in_(ON_THE_SHELF))
        .correlate(PickupPoint)
        .scalar_subquery()
    )


def _points_with_room(area_code: str, day: date) -> list[tuple[PickupPoint, int]]:
    """The pickup points in an area and how many more parcels each can take, in one statement."""
    rows = db.session.execute(
        select(PickupPoint, PickupPoint.capacity - _waiting_at())
        .where(PickupPoint.area_code.startswith(area_code, autoescape=True), in_force(PickupPoint, day))
        .order_by(PickupPoint.id)
    )
    return [(point, room) for point, room in rows if room > 0]


def agree_on_orders(
    orders: Mapping[int, Sequence[OrderLine]], destination: str, choices: Mapping[str, str], *, now: datetime
) -> dict[int, Agreed]:
    """As ``agree_delivery``, for the lines of orders by the id of their producer."""
    # Whoever places an order has read both before, so neither asks the database.
    names = {producer_id: db.session.get_one(Producer, producer_id).public_id for producer_id in orders}
    goods = [
        Goods(
            seller=names[producer_id],
            area_code=line.area_code,
            temperature=db.session.get_one(Listing, line.listing_id).temperature,
            quantity=line.quantity,
            unit_grams=line.unit_grams,
            total_fen=line.total_fen,
        )
        for producer_id, lines in orders.items()
        for line in lines
    ]
    agreed = agree_delivery(goods, destination, choices, now=now)
    return {producer_id: agreed[names[producer_id]] for producer_id in orders}


def agree_delivery(goods: Iterable[Goods], destination: str, choices: Mapping[str, str], *, now: datetime) -> dict[str, Agreed]:
    """What each seller's order pays for its delivery and how it travels, at the terms of this day.

    Raises
    ------
    Conflict
        ``not_sent_there`` when some goods cannot travel to the destination, ``delivery_choice_gone``, ``pickup_full`` when
        a point has no room left. The points are locked, so of two buyers one gets the last place on the shelf.
    """
    day = local_day(now)
    agreed: dict[str, Agreed] = {}
    for_points: dict[int, int] = defaultdict(int)
    for group in delivery_groups(goods, destination, day):
        option = group.chosen(choices)
        if option is None and not group.included:
            raise Conflict("not_sent_there", N_("Some of your goods cannot be sent to this address. Please choose another."))
        if option is not None and option.point is not None:
            for_points[option.point.id] += len(group.sellers)
        for seller in group.sellers:
            agreed[seller] = Agreed(0, None) if option is None else _agreed(seller, option, day)
    _check_room(for_points)
    return agreed


def _check_room(wanted: Mapping[int, int]) -> None:
    if not wanted:
        return
    points = lock_rows(PickupPoint, list(wanted))
    waiting = dict(db.session.execute(select(PickupPoint.id, _waiting_at()).where(PickupPoint.id.in_(wanted))).all())
    for point_id, number in wanted.items():
        point = points[point_id]
        if waiting[point_id] + number > point.capacity:
            raise Conflict(
                "pickup_full",
                N_("The pickup point %(title)s has no room left. Please choose another way."),
                title=point.name_zh,
                title_zh=point.name_zh,
                title_en=point.name_en,
            )


def _agreed(seller: str, option: Option, day: date) -> Agreed:
    parts = [part for part in option.quote.parts if seller in part.grams_by_sender]
    place = option.point or option.method.hub
    delivery = OrderDelivery(
        kind=option.method.kind,
        method_id=option.method.id,
        name_zh=option.method.name_zh,
        name_en=option.method.name_en,
        hub_id=option.method.hub.id if option.method.hub is not None else None,
        pickup_point_id=option.point.id if option.point is not None else None,
        place_zh=place.name_zh if place is not None else "",
        place_en=place.name_en if place is not None else "",
        place_address=f"{place.address} · {place.hours}" if place is not None else "",
        temperature=max((part.temperature for part in parts), key=list(Temperature).index),
        grams=sum(part.grams_by_sender[seller] for part in parts),
        arrives_from=day + timedelta(days=option.quote.days_from),
        arrives_to=day + timedelta(days=option.quote.days_to),
        parts=[as_kept(part) for part in parts],
    )
    return Agreed(option.quote.by_sender[seller], delivery)


def as_kept(part: Part) -> dict[str, Any]:
    """A weighing as it is kept beside the order, without the names of others."""
    return {
        "temperature": part.temperature.value,
        "grams": part.grams,
        "kilograms": part.kilograms,
        "first_kg_fen": part.first_kg_fen,
        "each_kg_fen": part.each_kg_fen,
        "free_from_fen": part.free_from_fen,
        "fen": part.fen,
        "senders": len(part.grams_by_sender),
    }
