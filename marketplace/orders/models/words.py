"""What buyers and sellers say: messages on an order, and reviews of what was bought."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import Id, Moment, PublicId
from marketplace.orders.models.purchases import Order, OrderLine


class OrderMessage(Base):
    """One message between a buyer and a seller on an order. Ways to reach somebody outside were never kept in it."""

    __tablename__ = "order_message"
    __table_args__ = (
        CheckConstraint("sent_by IN ('buyer', 'seller')", name="sender_known"),
        Index("ix_order_message_unread", "order_id", "sent_by", postgresql_where=text("read_at IS NULL")),
        Index("ix_order_message_account_id_at", "account_id", "at"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), index=True)
    sent_by: Mapped[str] = mapped_column(String(8))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    words: Mapped[str] = mapped_column(String(1000))
    at: Mapped[Moment]
    # When the other side first saw it.
    read_at: Mapped[Moment | None]

    order: Mapped[Order] = relationship()


class Review(Base):
    """What a buyer thinks of goods that they bought and got. ``author`` is a masked name, such as ``W***``."""

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars_range"),
        CheckConstraint("(reply = '') = (replied_at IS NULL)", name="reply_has_moment"),
        CheckConstraint("(hidden_reason = '') = (hidden_at IS NULL)", name="hidden_says_why"),
        # The page of a listing reads its newest reviews.
        Index("ix_review_listing_id_id", "listing_id", "id", postgresql_where=text("hidden_at IS NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    # Who bought twice may speak twice; who bought once, once.
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), unique=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    author: Mapped[str] = mapped_column(String(8))
    stars: Mapped[int] = mapped_column(SmallInteger)
    words: Mapped[str] = mapped_column(String(2000))
    written_at: Mapped[Moment]
    changed_at: Mapped[Moment | None]
    reply: Mapped[str] = mapped_column(String(1000), default="")
    replied_at: Mapped[Moment | None]
    hidden_reason: Mapped[str] = mapped_column(String(300), default="")
    hidden_at: Mapped[Moment | None]

    line: Mapped[OrderLine] = relationship()
    pictures: Mapped[list["ReviewPicture"]] = relationship(order_by="ReviewPicture.id", cascade="all, delete-orphan")
    reports: Mapped[list["ReviewReport"]] = relationship(order_by="ReviewReport.id")


class ReviewPicture(Base):
    """A photograph in a review, made anew without what the camera wrote."""

    __tablename__ = "review_picture"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id"), index=True)
    # The SHA-256 of its largest form, which is also the name of its files.
    name: Mapped[str] = mapped_column(String(64))
    width: Mapped[int] = mapped_column(SmallInteger)
    height: Mapped[int] = mapped_column(SmallInteger)


class ReviewReport(Base):
    """Somebody's word that a review should not stand; ``decided_at`` once the operator has looked."""

    __tablename__ = "review_report"
    __table_args__ = (
        # A reader reports a review once, however often the button is pressed.
        UniqueConstraint("review_id", "account_id"),
    )

    id: Mapped[Id]
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    words: Mapped[str] = mapped_column(String(300))
    at: Mapped[Moment]
    decided_at: Mapped[Moment | None]
