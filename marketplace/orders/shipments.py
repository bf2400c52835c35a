"""Shipments on their way: from the farm, over a hub where there is one, to the buyer.

The purchase and its orders are locked before a shipment, as everywhere; what a shipment's news means for its orders happens in
the same transaction. News may come several times and in any order: each piece counts once, and what lies behind is kept as
part of the journey and changes nothing.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.delivery.models import Carrier, DeliveryMethod, Hub, MethodKind
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.steps import step
from marketplace.orders.astray import make_good
from marketplace.orders.boxes import check_not_blocked
from marketplace.orders.models import Order, OrderDelivery, Shipment, ShipmentEvent, ShipmentOrder
from marketplace.orders.service import deliver_order, lock_order, ship_order
from marketplace.orders.shipment_states import (
    FAILED,
    GATHERING,
    NEWS,
    ON_THE_ROAD,
    SHIPMENTS,
    ShipmentAction,
    ShipmentState,
    is_late,
)
from marketplace.orders.states import OrderState
from marketplace.payments.queries import get_payment_for

_NUMBER = re.compile(r"[A-Z0-9-]{6,40}")
# Clocks of carriers are not ours.
_CLOCK_SLACK = timedelta(minutes=10)
# What others than hubs and sellers can tell of a shipment.
TOLD = (ShipmentAction.MOVE, ShipmentAction.DELIVER, ShipmentAction.LOSE, ShipmentAction.RETURN)


@dataclass(frozen=True)
class News:
    """A piece of news: what, when, where, who says so (``source``), and the teller's own name for it, if it has one."""

    action: ShipmentAction
    at: datetime
    source: str
    place: str = ""
    external_id: str | None = None


def send_order(
    public_id: str,
    producer_id: int,
    carrier: Carrier | None = None,
    number: str | None = None,
    *,
    actor: str,
    now: datetime,
) -> Order:
    """Note that a producer's own order has left the farm: with a carrier, or to the hub where its purchase is gathered.

    Said again, it changes nothing.

    Raises
    ------
    Conflict
        As ``ship_order``; ``number_taken`` when the carrier's number is another parcel's.
    Invalid
        ``number_needed`` or ``number_invalid``.
    """
    order = ship_order(public_id, producer_id, actor=actor, now=now)
    if order.shipped_at != now or db.session.get(ShipmentOrder, order.id) is not None:
        return order
    step("shipment.order_left")
    hub_id = order.delivery.hub_id if order.delivery is not None else None
    if hub_id is not None:
        _join(_gathering(order, hub_id, now), order)
    else:
        carrier = carrier or _agreed_carrier(order.delivery)
        shipment = _opened(order, None, now)
        _join(shipment, order)
        _hand_over(shipment, carrier, number, News(ShipmentAction.HAND_OVER, now, "seller"), now)
    db.session.flush()
    step("shipment.written")
    return order


def _agreed_carrier(delivery: OrderDelivery | None) -> Carrier | None:
    """The carrier of the way that was agreed, where it gives its parcels no numbers; a number must be said by somebody."""
    method = db.session.get(DeliveryMethod, delivery.method_id) if delivery is not None else None
    carrier = method.carrier if method is not None and method.kind != MethodKind.HUB else None
    return carrier if carrier is not None and not carrier.numbered else None


def _opened(order: Order, hub_id: int | None, now: datetime) -> Shipment:
    shipment = Shipment(
        reference=ids.reference("SH", local_day(now)),
        group_id=order.group_id,
        hub_id=hub_id,
        state=ShipmentState.PACKED,
        created_at=now,
    )
    shipment.events.append(ShipmentEvent(kind=ShipmentState.PACKED, at=now, noted_at=now, source="seller"))
    db.session.add(shipment)
    db.session.flush()
    return shipment


def _gathering(order: Order, hub_id: int, now: datetime) -> Shipment:
    """The shipment that a hub is gathering for a purchase; a new one when there is none. The purchase is locked."""
    found = db.session.scalars(
        select(Shipment).where(Shipment.group_id == order.group_id, Shipment.hub_id == hub_id, Shipment.state.in_(GATHERING))
    ).first()
    return found or _opened(order, hub_id, now)


def _join(shipment: Shipment, order: Order) -> ShipmentOrder:
    parcel = ShipmentOrder(shipment_id=shipment.id, order_id=order.id)
    db.session.add(parcel)
    db.session.flush()
    return parcel


def _hand_over(shipment: Shipment, carrier: Carrier | None, number: str | None, news: News, now: datetime) -> None:
    number = number.upper().replace(" ", "") if number else None
    if carrier is not None and carrier.numbered and number is None:
        raise Invalid("number_needed", N_("Please type the number that the carrier has given the parcel."))
    if number is not None and (carrier is None or not _NUMBER.fullmatch(number)):
        raise Invalid("number_invalid", N_("A parcel’s number has 6 to 40 letters and figures and belongs to a carrier."))
    if carrier is not None and number is not None:
        taken = select(Shipment.id).filter_by(carrier_id=carrier.id, tracking_number=number)
        if db.session.scalar(taken) is not None:
            raise Conflict("number_taken", N_("This number is another parcel’s already. Please look at the slip again."))
    shipment.carrier_id = carrier.id if carrier is not None else None
    shipment.tracking_number = number
    _apply(shipment, news, now)


def receive_at_hub(hub: Hub, order_public_id: str, *, actor: str, now: datetime) -> Order:
    """Note that the parcel of an order is at its hub, whether its farm had said that it was on its way or not.

    Raises
    ------
    NotFound
        For an order that does not go by this hub.
    Conflict
        As ``ship_order``; ``left_hub`` when its shipment has gone.
    """
    order, _ = lock_order(order_public_id)
    if order.delivery is None or order.delivery.hub_id != hub.id:
        raise NotFound("order_unknown", N_("There is no such order."))
    if order.state == OrderState.CANCELLED:
        raise Conflict("order_cancelled", N_("This part was cancelled. Please give the parcel back to its farm."))
    if order.state == OrderState.PLACED:
        send_order(order_public_id, order.producer_id, actor=actor, now=now)
    parcel = db.session.get(ShipmentOrder, order.id) or _join(_gathering(order, hub.id, now), order)
    if parcel.received_at is not None:
        return order
    shipment = _locked(parcel.shipment_id)
    if shipment.state not in GATHERING:
        raise Conflict("left_hub", N_("This parcel’s shipment has left the hub already."))
    parcel.received_at = now
    if shipment.state == ShipmentState.PACKED:
        _apply(shipment, News(ShipmentAction.RECEIVE, now, "hub", hub.name_zh), now)
    db.session.flush()
    audit.record("shipment.received", "shipment", shipment.public_id, actor=actor, at=now, order=order.public_id)
    return order


def dispatch(hub: Hub, public_id: str, carrier: Carrier, number: str | None, *, actor: str, now: datetime) -> Shipment:
    """Hand what a hub has of a shipment to a carrier; parcels on their way to the hub make a shipment of their own.

    Raises
    ------
    Conflict
        ``nothing_at_hub`` when none of its parcels has come, ``shipment_state``, and as ``send_order`` for the number.
    """
    shipment = get_shipment(public_id, lock=True)
    if shipment.hub_id != hub.id:
        raise NotFound("shipment_unknown", N_("There is no such shipment."))
    if shipment.state not in GATHERING:
        return shipment
    late = [parcel for parcel in shipment.parcels if parcel.received_at is None]
    if len(late) == len(shipment.parcels):
        raise Conflict("nothing_at_hub", N_("None of its parcels has come to the hub yet."))
    check_not_blocked(parcel.order for parcel in shipment.parcels if parcel.received_at is not None)
    _hand_over(shipment, carrier, number, News(ShipmentAction.HAND_OVER, now, "hub", hub.name_zh), now)
    db.session.flush()
    if late:
        follower = _opened(late[0].order, hub.id, now)
        for parcel in late:
            parcel.shipment_id = follower.id
        db.session.flush()
        db.session.expire(shipment, ["parcels"])
    audit.record("shipment.dispatched", "shipment", shipment.public_id, actor=actor, at=now)
    step("shipment.dispatched")
    return shipment


def note_news(public_id: str, news: News, *, actor: str, now: datetime) -> bool:
    """Take in a piece of news of a shipment, as often and in whatever order it comes; its orders arrive with it.

    Returns
    -------
    bool
        Whether it was new.

    Raises
    ------
    Conflict
        ``shipment_state`` when it contradicts what is known: lost after delivered, delivered before it was handed over.
    Invalid
        ``news_from_future``, or ``news_unknown`` for what only a hub or a seller can say.
    """
    if news.action not in TOLD:
        raise Invalid("news_unknown", N_("This is for the hub or the seller to say."))
    if news.at > now + _CLOCK_SLACK:
        raise Invalid("news_from_future", N_("This moment has not come yet."))
    shipment = get_shipment(public_id, lock=True)
    if _is_known(shipment, news):
        return False
    before = shipment.state
    _apply(shipment, news, now)
    db.session.flush()
    step("shipment.event_kept")
    if shipment.state != before:
        audit.record(f"shipment.{shipment.state}", "shipment", shipment.public_id, actor=actor, at=now)
    if shipment.state == ShipmentState.DELIVERED and before != ShipmentState.DELIVERED:
        for parcel in shipment.parcels:
            if parcel.order.state == OrderState.SHIPPED:
                deliver_order(parcel.order.public_id, actor=actor, now=now)
        step("shipment.orders_arrived")
    return True


def driver_of(shipment: Shipment, *, producer_id: int | None, account: str) -> str | None:
    """As what somebody may tell of a shipment because they carry it themselves; None for whoever does not.

    Of a parcel with a carrier's number only the carrier knows.
    """
    if shipment.carrier is not None and shipment.carrier.numbered:
        return None
    if shipment.hub is not None:
        return "hub" if shipment.hub.keeper == account else None
    own = producer_id is not None and any(parcel.order.producer_id == producer_id for parcel in shipment.parcels)
    return "seller" if own else None


def note_own_arrival(public_id: str, *, producer_id: int | None, account: str, now: datetime) -> bool:
    """Note that a shipment has been brought to its buyer by whoever says so; False when it had been.

    Raises
    ------
    NotFound
        For a shipment that somebody else carries, as for one that does not exist.
    """
    shipment = get_shipment(public_id, lock=True)
    source = driver_of(shipment, producer_id=producer_id, account=account)
    if source is None:
        raise NotFound("shipment_unknown", N_("There is no such shipment."))
    if shipment.state == ShipmentState.DELIVERED:
        return False
    return note_news(public_id, News(ShipmentAction.DELIVER, now, source), actor=account, now=now)


def _is_known(shipment: Shipment, news: News) -> bool:
    """Whether this very piece of news is there: by its teller's name for it, or the same thing of the same moment and place."""
    return any(
        event.external_id == news.external_id
        if news.external_id is not None
        else (event.kind, event.at, event.place) == (NEWS[news.action], news.at, news.place)
        for event in shipment.events
    )


def _apply(shipment: Shipment, news: News, now: datetime) -> None:
    """Add a piece of news to the journey, and move the shipment on if it says so."""
    state = ShipmentState(shipment.state)
    if not is_late(state, news.action):
        shipment.state = SHIPMENTS.next_state(state, news.action) or state
    shipment.events.append(
        ShipmentEvent(
            kind=NEWS[news.action],
            at=news.at,
            noted_at=now,
            place=news.place,
            source=news.source,
            external_id=news.external_id,
        )
    )


def note_received(order: Order, *, actor: str, now: datetime) -> None:
    """A buyer has an order: its shipment has arrived when all of its orders have. The purchase is locked."""
    parcel = db.session.get(ShipmentOrder, order.id)
    shipment = _locked(parcel.shipment_id) if parcel is not None else None
    if shipment is None or shipment.state not in ON_THE_ROAD:
        return
    if all(parcel.order.state not in (OrderState.PLACED, OrderState.SHIPPED) for parcel in shipment.parcels):
        _apply(shipment, News(ShipmentAction.DELIVER, now, "buyer"), now)
        db.session.flush()
        audit.record("shipment.delivered", "shipment", shipment.public_id, actor=actor, at=now)


def resolve_shipment(public_id: str, *, actor: str, now: datetime) -> list[str]:
    """Make good what was lost or came back, once: its orders, their money and their goods come to an end (``astray``).

    Returns
    -------
    list of str
        The payments, by public id, whose refunds are to be sent after the commit.

    Raises
    ------
    Conflict
        ``nothing_to_resolve`` for a shipment that is neither lost nor returned.
    """
    group_id = get_shipment(public_id).group.public_id
    # The payment is locked first, as everywhere.
    payment = get_payment_for("order_group", group_id, lock=True)
    shipment = get_shipment(public_id, lock=True)
    if shipment.state not in FAILED:
        raise Conflict("nothing_to_resolve", N_("This shipment is neither lost nor returned."))
    if shipment.resolved_at is not None:
        return []
    refunded = False
    for parcel in shipment.parcels:
        came_back = shipment.state == ShipmentState.RETURNED
        refunded |= make_good(parcel.order, shipment.group, payment, came_back=came_back, actor=actor, now=now)
    shipment.resolved_at = now
    db.session.flush()
    audit.record("shipment.resolved", "shipment", shipment.public_id, actor=actor, at=now)
    step("shipment.resolved")
    return [payment.public_id] if refunded else []


def get_shipment(public_id: str, *, lock: bool = False) -> Shipment:
    """A shipment, or ``NotFound``; locked behind its purchase and orders when asked for."""
    shipment = db.session.scalars(select(Shipment).filter_by(public_id=public_id)).first()
    if shipment is None:
        raise NotFound("shipment_unknown", N_("There is no such shipment."))
    if not lock:
        return shipment
    if shipment.parcels:
        lock_order(shipment.parcels[0].order.public_id)
    return _locked(shipment.id)


def _locked(shipment_id: int) -> Shipment:
    shipment = db.session.scalars(
        select(Shipment).filter_by(id=shipment_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    db.session.expire(shipment, ["events", "parcels"])
    return shipment
