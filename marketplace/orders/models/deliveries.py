"""How each order travels: what was agreed when it was placed, and the shipments that carry it."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.delivery.models import Carrier, Hub
from marketplace.kernel.db import Base
from marketplace.kernel.types import Day, Grams, Id, Moment, PublicId
from marketplace.orders.models.purchases import Order, OrderGroup
from marketplace.orders.shipment_states import ShipmentState


class OrderDelivery(Base):
    """How an order was agreed to travel, as it stood then; what it costs is on the order.

    An order without one is delivered by its seller, and that is included in its price. ``parts`` says how the freight was
    counted: one weighing an entry, with the number of senders that were weighed together.
    """

    __tablename__ = "order_delivery"
    __table_args__ = (
        CheckConstraint("kind IN ('courier', 'pickup', 'hub')", name="kind_known"),
        CheckConstraint("temperature IN ('ambient', 'chilled', 'frozen')", name="temperature_known"),
        CheckConstraint("(kind = 'pickup') = (pickup_point_id IS NOT NULL)", name="point_if_pickup"),
        CheckConstraint("(kind = 'hub') = (hub_id IS NOT NULL)", name="hub_if_hub"),
        CheckConstraint("arrives_to >= arrives_from", name="window_whole"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    method_id: Mapped[int] = mapped_column(ForeignKey("delivery_method.id"), index=True)
    name_zh: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(60))
    hub_id: Mapped[int | None] = mapped_column(ForeignKey("hub.id"), index=True)
    pickup_point_id: Mapped[int | None] = mapped_column(ForeignKey("pickup_point.id"), index=True)
    # The hub or the pickup point as it was called, and where it is.
    place_zh: Mapped[str] = mapped_column(String(60), default="")
    place_en: Mapped[str] = mapped_column(String(80), default="")
    place_address: Mapped[str] = mapped_column(String(300), default="")
    # The coldest that any of the goods must be kept.
    temperature: Mapped[str] = mapped_column(String(8))
    grams: Mapped[Grams]
    arrives_from: Mapped[Day]
    arrives_to: Mapped[Day]
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class Shipment(Base):
    """What travels under one number: an order's parcel, or those that a hub sends together for one purchase."""

    __tablename__ = "shipment"
    __table_args__ = (
        CheckConstraint(
            "state IN ('packed', 'at_hub', 'handed_over', 'in_transit', 'delivered', 'lost', 'returned')", name="state_known"
        ),
        # Parcels reach a hub only on a hub's shipment.
        CheckConstraint("state <> 'at_hub' OR hub_id IS NOT NULL", name="hub_if_at_hub"),
        CheckConstraint("resolved_at IS NULL OR state IN ('lost', 'returned')", name="resolved_was_due"),
        # A carrier gives a number once; the second parcel with it is a slip of the pen.
        UniqueConstraint("carrier_id", "tracking_number"),
        # What a hub gathers for one purchase leaves together.
        Index(
            "uq_shipment_gathering",
            "group_id",
            "hub_id",
            unique=True,
            postgresql_where=text("hub_id IS NOT NULL AND state IN ('packed', 'at_hub')"),
        ),
        Index("ix_shipment_hub_id_id", "hub_id", "id", postgresql_where=text("hub_id IS NOT NULL")),
        Index("ix_shipment_to_resolve", "id", postgresql_where=text("state IN ('lost', 'returned') AND resolved_at IS NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("order_group.id"), index=True)
    hub_id: Mapped[int | None] = mapped_column(ForeignKey("hub.id"))
    carrier_id: Mapped[int | None] = mapped_column(ForeignKey("carrier.id"))
    tracking_number: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(12), default=ShipmentState.PACKED)
    created_at: Mapped[Moment]
    # When the operator had made good what was lost or came back.
    resolved_at: Mapped[Moment | None]

    group: Mapped[OrderGroup] = relationship()
    hub: Mapped[Hub | None] = relationship()
    carrier: Mapped[Carrier | None] = relationship()
    parcels: Mapped[list["ShipmentOrder"]] = relationship(back_populates="shipment", order_by="ShipmentOrder.order_id")
    events: Mapped[list["ShipmentEvent"]] = relationship(
        back_populates="shipment", order_by="ShipmentEvent.at, ShipmentEvent.id"
    )


class ShipmentOrder(Base):
    """An order's parcel in its shipment; ``received_at`` is when the hub had it."""

    __tablename__ = "shipment_order"

    # A parcel is in one shipment.
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), primary_key=True)
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), index=True)
    received_at: Mapped[Moment | None]

    shipment: Mapped[Shipment] = relationship(back_populates="parcels")
    order: Mapped[Order] = relationship()


class ShipmentEvent(Base):
    """One piece of news of a shipment: what, when and where; ``source`` is who said it."""

    __tablename__ = "shipment_event"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('packed', 'at_hub', 'handed_over', 'in_transit', 'delivered', 'lost', 'returned')", name="kind_known"
        ),
        CheckConstraint("source IN ('seller', 'hub', 'carrier', 'buyer', 'operator')", name="source_known"),
        # Carriers send their news again and again; each counts once.
        UniqueConstraint("shipment_id", "external_id"),
    )

    id: Mapped[Id]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    at: Mapped[Moment]
    noted_at: Mapped[Moment]
    place: Mapped[str] = mapped_column(String(120), default="")
    source: Mapped[str] = mapped_column(String(8))
    external_id: Mapped[str | None] = mapped_column(String(64))

    shipment: Mapped[Shipment] = relationship(back_populates="events")
