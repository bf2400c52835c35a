"""Listings that a household has denied."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.catalogue.models.goods import Listing, Producer, Product
from marketplace.kernel.db import Base
from marketplace.kernel.types import Id, Moment, PublicId


class ListingDenial(Base):
    """A household's word that a listing made in its name is not its own.

    Until it agrees again, whoever made the listing cannot put that kind of goods on sale in its name.
    """

    __tablename__ = "listing_denial"
    __table_args__ = (
        # A listing is denied once at a time; two buttons pressed at once are one denial.
        Index("uq_listing_denial_open", "listing_id", unique=True, postgresql_where=text("agreed_at IS NULL")),
        # What stands in the way of a holder who puts goods on sale.
        Index("ix_listing_denial_block", "producer_id", "product_id", "holder", postgresql_where=text("agreed_at IS NULL")),
        CheckConstraint("how IN ('signed_in', 'code', 'told_officer')", name="how_known"),
        CheckConstraint("(agreed_at IS NULL) = (agreed_by IS NULL)", name="agreed_by_somebody"),
        CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name="settled_by_somebody"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    # Public ids of the account that had put it on sale, and of the mandate it showed.
    holder: Mapped[str] = mapped_column(String(20))
    mandate: Mapped[str] = mapped_column(String(20))
    how: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(400), default="")
    denied_by: Mapped[str] = mapped_column(String(64))
    denied_at: Mapped[Moment]
    agreed_by: Mapped[str | None] = mapped_column(String(64))
    agreed_at: Mapped[Moment | None]
    # What the operator has done about it.
    settled_by: Mapped[str | None] = mapped_column(String(64))
    settled_at: Mapped[Moment | None]
    settled_note: Mapped[str] = mapped_column(String(400), default="")

    listing: Mapped[Listing] = relationship()
    producer: Mapped[Producer] = relationship()
    product: Mapped[Product] = relationship()
