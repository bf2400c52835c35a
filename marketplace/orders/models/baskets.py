"""What somebody means to buy."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Fen, Id, Moment, PublicId, Quantity


class Basket(Base):
    """What somebody means to buy. Its public id stays with it to the order, so placing it twice makes one order."""

    __tablename__ = "basket"
    __table_args__ = (
        # A person has one open basket, on whatever device.
        Index("uq_basket_open_account", "account_id", unique=True, postgresql_where=text("NOT ordered")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ordered: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Moment]
    changed_at: Mapped[Moment]


class BasketLine(Base):
    """A quantity of one listing, with the price that was shown when it was put in."""

    __tablename__ = "basket_line"
    __table_args__ = (
        # The same listing stands in a basket once; adding it again adds to the quantity.
        UniqueConstraint("basket_id", "listing_id"),
        CheckConstraint("quantity > 0 AND quantity <= 9999", name="quantity_range"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    basket_id: Mapped[int] = mapped_column(ForeignKey("basket.id"))
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    quantity: Mapped[Quantity]
    price_fen_shown: Mapped[Fen]
