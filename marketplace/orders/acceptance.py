"""When silence counts as a yes: an order nobody complains of is accepted by time, and its money goes on.

A farm must not wait for ever for a buyer who forgets a button, nor may a buyer's time to look be shorter than the road.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, or_, select

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.steps import step
from marketplace.orders.by_contract import is_by_contract
from marketplace.orders.models import Order, Shipment, ShipmentEvent, ShipmentOrder
from marketplace.orders.service import lock_order, move_on
from marketplace.orders.shipment_states import FAILED, GATHERING, ShipmentState
from marketplace.orders.states import UNACCEPTED, OrderAction, OrderState

_log = logging.getLogger("marketplace.orders")

ACTOR = "time limit"
# A week with the goods at hand is more than fresh produce needs to show that it is bad, and what the law gives for durable
# goods bought at a distance.
AFTER_DELIVERY = timedelta(days=7)
# Where nobody has said that it came: the slowest parcel takes about a week to the farthest county, and then the same week.
AFTER_SHIPPING = timedelta(days=15)

# A parcel at a hub waits for others of its purchase: its road begins when the hub hands it to a carrier.
_at_its_hub = exists().where(
    ShipmentOrder.order_id == Order.id, ShipmentOrder.shipment_id == Shipment.id, Shipment.state.in_(GATHERING)
)
_left_its_hub_at = (
    select(func.max(ShipmentEvent.noted_at))
    .join(Shipment, Shipment.id == ShipmentEvent.shipment_id)
    .join(ShipmentOrder, ShipmentOrder.shipment_id == Shipment.id)
    .where(ShipmentOrder.order_id == Order.id, Shipment.hub_id.is_not(None))
    .where(ShipmentEvent.kind == ShipmentState.HANDED_OVER)
    .correlate(Order)
    .scalar_subquery()
)
_on_the_road_since = func.coalesce(_left_its_hub_at, Order.shipped_at)
# An order's parcel was lost or came back: nobody's silence says that such goods are good.
_went_astray = exists().where(
    ShipmentOrder.order_id == Order.id, ShipmentOrder.shipment_id == Shipment.id, Shipment.state.in_(FAILED)
)


def due_for_acceptance(now: datetime, *, limit: int = 5_000) -> Sequence[str]:
    """The public ids of orders whose time for a complaint is over and that have none, oldest first."""
    return db.session.scalars(
        select(Order.public_id)
        # Who buys by contract has a clock of their own, that of the weighing.
        .where(Order.state.in_(UNACCEPTED), ~Order.claim_open, ~_went_astray, ~_at_its_hub, ~is_by_contract())
        .where(
            or_(
                and_(Order.state == OrderState.DELIVERED, Order.delivered_at <= now - AFTER_DELIVERY),
                and_(Order.state == OrderState.SHIPPED, _on_the_road_since <= now - AFTER_SHIPPING),
            )
        )
        .order_by(Order.id)
        .limit(limit)
    ).all()


def may_accept_by_time(order: Order, now: datetime) -> bool:
    """Whether silence about a locked order counts as a yes now."""
    if order.state not in UNACCEPTED or order.claim_open:
        return False
    facts = select(or_(_went_astray, is_by_contract()), _at_its_hub, _on_the_road_since).where(Order.id == order.id)
    other_word, at_its_hub, on_the_road_since = db.session.execute(facts).one()
    since, long = on_the_road_since, AFTER_SHIPPING
    if order.state == OrderState.DELIVERED:
        since, long = order.delivered_at, AFTER_DELIVERY
    return not other_word and not at_its_hub and since is not None and since <= now - long


def accept_by_time(*, now: datetime) -> int:
    """Accept every order whose time is over, each in a transaction of its own; answers how many were."""
    with transaction():
        due = due_for_acceptance(now)
    accepted = 0
    for public_id in due:
        try:
            with transaction():
                accepted += _accept(public_id, now)
                step("acceptance.written")
            step("acceptance.committed")
        except DomainError as error:
            _log.warning("order %s is not accepted by time: %s", public_id, error)
    return accepted


def _accept(public_id: str, now: datetime) -> bool:
    order, group = lock_order(public_id)
    # Under the lock once more: meanwhile the buyer may have accepted it or complained, or its parcel may be lost.
    if not may_accept_by_time(order, now):
        return False
    move_on(order, group, OrderAction.ACCEPT, actor=ACTOR, now=now)
    return True
