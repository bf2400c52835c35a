"""Harvests and their stock."""

import enum
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import Day, Grams, Id, Moment, PublicId, Quantity


class MovementKind(enum.StrEnum):
    """Why stock changed."""

    HARVEST = "harvest"
    SALE = "sale"
    RETURN = "return"
    CORRECTION = "correction"
    # Sold, and come to nothing on the way or after it: what came back was gone or could not be sold.
    WRITE_OFF = "write_off"


class Lot(Base):
    """A harvest behind a listing, counted in the listing's unit."""

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand_not_negative"),
        # What a harvest owes is known when it has come, and is made good before anything of it can be sold.
        CheckConstraint("short >= 0 AND (short = 0 OR (on_hand = 0 AND NOT expected))", name="short_has_nothing"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"), index=True)
    harvested_on: Mapped[Day]
    on_hand: Mapped[Quantity] = mapped_column(default=Decimal(0))
    # A harvest to come: ``harvested_on`` is the day it is hoped for, and what can be ordered of it is its cap.
    expected: Mapped[bool] = mapped_column(default=False, server_default="false")
    # What has been ordered of a harvest and did not grow, until the orders have been made smaller.
    short: Mapped[Quantity] = mapped_column(default=Decimal(0), server_default="0")
    created_at: Mapped[Moment]

    contributions: Mapped[list["LotContribution"]] = relationship(lazy="raise")


class LotContribution(Base):
    """How many grams of a lot a household brought. A lone household's lot has one row."""

    __tablename__ = "lot_contribution"
    __table_args__ = (CheckConstraint("grams > 0", name="grams_positive"),)

    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), primary_key=True, index=True)
    grams: Mapped[Grams]


class StockMovement(Base):
    """One change of a lot's stock; never altered, so the stock of any past moment can be added up."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        CheckConstraint("kind IN ('harvest', 'sale', 'return', 'correction', 'write_off')", name="kind_known"),
        CheckConstraint("(kind IN ('sale', 'write_off')) = (quantity < 0) OR kind = 'correction'", name="sale_takes"),
    )

    id: Mapped[Id]
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    quantity: Mapped[Quantity]
    purpose_kind: Mapped[str] = mapped_column(String(24))
    purpose_id: Mapped[str] = mapped_column(String(64))
    at: Mapped[Moment]
