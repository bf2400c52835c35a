"""Reading shipments: the journey of a purchase, what a hub has to do, what the operator has to make good."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.delivery.models import Carrier, Hub
from marketplace.kernel.db import db
from marketplace.orders.models import Order, OrderDelivery, OrderGroup, Shipment, ShipmentOrder
from marketplace.orders.shipment_states import FAILED, GATHERING, ON_THE_ROAD
from marketplace.orders.states import OrderState
from marketplace.payments.models import GOODS_FIRST

_WITH_ALL = (
    joinedload(Shipment.carrier),
    joinedload(Shipment.hub),
    joinedload(Shipment.group),
    selectinload(Shipment.events),
    selectinload(Shipment.parcels).joinedload(ShipmentOrder.order).selectinload(Order.lines),
)


def shipments_of(group: OrderGroup) -> dict[int, Shipment]:
    """The shipment of each order of a purchase with its carrier and journey, by order, in one statement."""
    rows = db.session.execute(
        select(ShipmentOrder.order_id, Shipment)
        .join(Shipment, Shipment.id == ShipmentOrder.shipment_id)
        .where(Shipment.group_id == group.id)
        .options(joinedload(Shipment.carrier), joinedload(Shipment.events))
    ).unique()
    return dict(rows.all())


def underway(orders: Sequence[Order]) -> dict[int, Shipment]:
    """The shipments of orders that somebody has to bring home, by order, with who carries them, in two statements."""
    rows = db.session.execute(
        select(ShipmentOrder.order_id, Shipment)
        .join(Shipment, Shipment.id == ShipmentOrder.shipment_id)
        .where(ShipmentOrder.order_id.in_([order.id for order in orders]), Shipment.state.in_(ON_THE_ROAD))
        .options(
            joinedload(Shipment.carrier),
            joinedload(Shipment.hub),
            selectinload(Shipment.parcels).joinedload(ShipmentOrder.order),
        )
    )
    return dict(rows.all())


@dataclass(frozen=True)
class HubWork:
    """What a hub has before it: orders whose parcels are to come, and shipments it gathers or has lately sent."""

    expected: Sequence[Order]
    gathering: Sequence[Shipment]
    sent: Sequence[Shipment]


def hub_work(hub: Hub, *, limit: int = 50, sent: int = 10) -> HubWork:
    """A hub's work, oldest first; an order that waits for its buyer's transfer is not expected yet."""
    may_leave = or_(OrderGroup.paid_at.is_not(None), OrderGroup.payment_method.in_(GOODS_FIRST))
    expected = db.session.scalars(
        select(Order)
        .join(OrderDelivery, OrderDelivery.order_id == Order.id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .outerjoin(ShipmentOrder, ShipmentOrder.order_id == Order.id)
        .where(
            OrderDelivery.hub_id == hub.id,
            ShipmentOrder.received_at.is_(None),
            Order.state.in_((OrderState.PLACED, OrderState.SHIPPED)),
            may_leave,
        )
        .options(joinedload(Order.group), joinedload(Order.producer), joinedload(Order.delivery), selectinload(Order.lines))
        .order_by(Order.id)
        .limit(limit)
    ).all()
    own = select(Shipment).where(Shipment.hub_id == hub.id).options(*_WITH_ALL)
    here = Shipment.parcels.any(ShipmentOrder.received_at.is_not(None))
    gathering = db.session.scalars(own.where(Shipment.state.in_(GATHERING), here).order_by(Shipment.id).limit(limit)).all()
    gone = db.session.scalars(own.where(Shipment.state.not_in(GATHERING)).order_by(Shipment.id.desc()).limit(sent)).all()
    return HubWork(expected, gathering, gone)


def shipments_to_resolve(*, limit: int = 100) -> Sequence[Shipment]:
    """Shipments that were lost or came back and have not been made good, oldest first."""
    return db.session.scalars(
        select(Shipment)
        .where(Shipment.state.in_(FAILED), Shipment.resolved_at.is_(None))
        .options(*_WITH_ALL)
        .order_by(Shipment.id)
        .limit(limit)
    ).all()


def shipments_listed(text: str | None = None, *, limit: int = 50) -> Sequence[Shipment]:
    """Shipments, newest first; with ``text`` those whose reference, number or purchase it names."""
    query = select(Shipment).options(*_WITH_ALL).order_by(Shipment.id.desc()).limit(limit)
    if text is not None:
        named = text.upper().replace(" ", "")
        query = query.join(OrderGroup, OrderGroup.id == Shipment.group_id).where(
            or_(Shipment.reference == named, Shipment.tracking_number == named, OrderGroup.reference == named)
        )
    return db.session.scalars(query).all()


def find_by_number(carrier: Carrier, number: str) -> Shipment | None:
    """A carrier's shipment by its number, with its journey."""
    query = select(Shipment).filter_by(carrier_id=carrier.id, tracking_number=number.upper())
    return db.session.scalars(query.options(*_WITH_ALL)).first()
