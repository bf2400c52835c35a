"""Carriers, methods with their zones and rates, hubs, pickup points."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, PublicId


class Temperature(enum.StrEnum):
    """How cold goods must be kept on their way, from the least to the most."""

    AMBIENT = "ambient"
    CHILLED = "chilled"
    FROZEN = "frozen"


class MethodKind(enum.StrEnum):
    """Who brings the goods how far."""

    COURIER = "courier"
    PICKUP = "pickup"
    HUB = "hub"


_ENDS_AFTER = "valid_to IS NULL OR valid_to >= valid_from"


class Carrier(Base):
    """Who carries parcels. ``account`` is the public id of the account through which it reports, if it does."""

    __tablename__ = "carrier"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name_zh: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(60))
    # Whether its parcels have a number one can ask for.
    numbered: Mapped[bool]
    active: Mapped[bool] = mapped_column(default=True)
    account: Mapped[str | None] = mapped_column(String(20))


class Hub(Base):
    """Where the households of an area bring their parcels; its keeper is named by the public id of an account."""

    __tablename__ = "hub"
    __table_args__ = (CheckConstraint(_ENDS_AFTER, name="valid_span"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(80))
    # Whose households bring their parcels here.
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"), index=True)
    address: Mapped[str] = mapped_column(String(200))
    hours: Mapped[str] = mapped_column(String(80))
    keeper: Mapped[str | None] = mapped_column(String(20), index=True)
    valid_from: Mapped[Day]
    valid_to: Mapped[Day | None]


class PickupPoint(Base):
    """A place that keeps parcels until their buyers come."""

    __tablename__ = "pickup_point"
    __table_args__ = (
        CheckConstraint(_ENDS_AFTER, name="valid_span"),
        CheckConstraint("capacity BETWEEN 0 AND 100000", name="capacity_range"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(80))
    area_code: Mapped[AreaCode] = mapped_column(ForeignKey("area.code"), index=True)
    address: Mapped[str] = mapped_column(String(200))
    hours: Mapped[str] = mapped_column(String(80))
    # How many parcels it may have on their way to it and on its shelves together.
    capacity: Mapped[int]
    valid_from: Mapped[Day]
    valid_to: Mapped[Day | None]


class DeliveryMethod(Base):
    """A way to send goods that sellers of an area have; ``origin_code`` is empty for those of the whole country."""

    __tablename__ = "delivery_method"
    __table_args__ = (
        CheckConstraint("kind IN ('courier', 'pickup', 'hub')", name="kind_known"),
        # A hub's shipment leaves from a hub, and nothing else does.
        CheckConstraint("(kind = 'hub') = (hub_id IS NOT NULL)", name="hub_if_hub"),
        CheckConstraint(_ENDS_AFTER, name="valid_span"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(8))
    name_zh: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(60))
    origin_code: Mapped[AreaCode | None] = mapped_column(ForeignKey("area.code"), index=True)
    carrier_id: Mapped[int | None] = mapped_column(ForeignKey("carrier.id"))
    hub_id: Mapped[int | None] = mapped_column(ForeignKey("hub.id"), index=True)
    valid_from: Mapped[Day]
    valid_to: Mapped[Day | None]

    carrier: Mapped[Carrier | None] = relationship()
    hub: Mapped[Hub | None] = relationship()
    zones: Mapped[list["DeliveryZone"]] = relationship(back_populates="method", order_by="DeliveryZone.id")


class DeliveryZone(Base):
    """Where a method goes from a day to a day, and how long it takes; ``area_code`` is empty for the whole country."""

    __tablename__ = "delivery_zone"
    __table_args__ = (
        # On any day there is one answer to what sending somewhere costs.
        ExcludeConstraint(
            ("method_id", "="),
            (text("coalesce(area_code, '')"), "="),
            (text("daterange(valid_from, valid_to)"), "&&"),
            name="ex_delivery_zone_one_a_day",
            using="gist",
        ),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid_span"),
        CheckConstraint("days_from BETWEEN 0 AND days_to AND days_to <= 60", name="days_range"),
    )

    id: Mapped[Id]
    method_id: Mapped[int] = mapped_column(ForeignKey("delivery_method.id"), index=True)
    area_code: Mapped[AreaCode | None] = mapped_column(ForeignKey("area.code"))
    days_from: Mapped[int] = mapped_column(SmallInteger)
    days_to: Mapped[int] = mapped_column(SmallInteger)
    valid_from: Mapped[Day]
    valid_to: Mapped[Day | None]

    method: Mapped[DeliveryMethod] = relationship(back_populates="zones")
    rates: Mapped[list["DeliveryRate"]] = relationship(
        back_populates="zone", order_by="DeliveryRate.temperature", cascade="all, delete-orphan", passive_deletes=True
    )


class DeliveryRate(Base):
    """What the kilograms of one temperature cost in a zone; nothing from ``free_from_fen`` worth of goods on."""

    __tablename__ = "delivery_rate"
    __table_args__ = (
        CheckConstraint("temperature IN ('ambient', 'chilled', 'frozen')", name="temperature_known"),
        # A first kilogram that cost less than the others would make two parcels cheaper than one.
        CheckConstraint("0 <= each_kg_fen AND each_kg_fen <= first_kg_fen AND first_kg_fen <= 1000000", name="rate_range"),
        CheckConstraint("free_from_fen IS NULL OR free_from_fen > 0", name="free_from_positive"),
    )

    zone_id: Mapped[int] = mapped_column(ForeignKey("delivery_zone.id", ondelete="CASCADE"), primary_key=True)
    temperature: Mapped[str] = mapped_column(String(8), primary_key=True)
    first_kg_fen: Mapped[Fen]
    each_kg_fen: Mapped[Fen]
    free_from_fen: Mapped[Fen | None]

    zone: Mapped[DeliveryZone] = relationship(back_populates="rates")
