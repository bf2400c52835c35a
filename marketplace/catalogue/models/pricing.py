"""Prices that depend on the quantity."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Fen, Quantity


class PriceTier(Base):
    """From a quantity on, every unit of a listing costs this; that steps fall is held by ``pricing.check_tiers``."""

    __tablename__ = "price_tier"
    __table_args__ = (
        CheckConstraint("from_quantity > 0 AND from_quantity <= 9999", name="from_quantity_range"),
        CheckConstraint("price_fen BETWEEN 1 AND 100000000", name="price_range"),
    )

    # A quantity has one price.
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    from_quantity: Mapped[Quantity] = mapped_column(primary_key=True)
    price_fen: Mapped[Fen]
