"""Goods kept for somebody who is about to buy them."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Id, Moment, Quantity


class StockHold(Base):
    """A quantity of a listing that others cannot buy before ``expires_at``. It stays in stock, so no movement tells of it."""

    __tablename__ = "stock_hold"
    __table_args__ = (
        # Who asks again moves the same hold on and does not get a second.
        UniqueConstraint("purpose_kind", "purpose_id", "listing_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        # However busy somebody is, others get their turn after an hour.
        CheckConstraint("expires_at > held_from AND expires_at - held_from <= interval '1 hour'", name="an_hour_at_most"),
        Index("ix_stock_hold_listing_id_expires_at", "listing_id", "expires_at"),
        Index("ix_stock_hold_expires_at", "expires_at"),
    )

    id: Mapped[Id]
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    purpose_kind: Mapped[str] = mapped_column(String(24))
    purpose_id: Mapped[str] = mapped_column(String(64))
    quantity: Mapped[Quantity]
    held_from: Mapped[Moment]
    expires_at: Mapped[Moment]
