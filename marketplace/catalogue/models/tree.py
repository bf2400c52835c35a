"""What happens to the grams of a lot before they are packed: pooled into another lot, lost, kept from sale."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Grams, Id, Moment, Quantity


class Pooling(Base):
    """Grams of one lot that went into another, and what of them was lost on the way.

    A lot is either a harvest, whose contributions were brought, or pooled, whose contributions are those of its sources in
    their proportion. A deferred trigger holds both to it: what came in is what the contributions say, and no lot gives more
    than it got.
    """

    __tablename__ = "pooling"
    __table_args__ = (
        CheckConstraint("grams > 0", name="grams_positive"),
        CheckConstraint("loss_grams BETWEEN 0 AND grams - 1", name="loss_within_grams"),
        # A lot is pooled from older ones when it is made, so nothing can go round in a ring.
        CheckConstraint("into_lot_id > from_lot_id", name="from_older"),
        Index("ix_pooling_from_lot_id", "from_lot_id"),
    )

    into_lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    from_lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    grams: Mapped[Grams]
    loss_grams: Mapped[Grams] = mapped_column(default=0)
    at: Mapped[Moment]


class LotLoss(Base):
    """Grams of a lot that came to nothing before anybody bought them, and why."""

    __tablename__ = "lot_loss"
    __table_args__ = (CheckConstraint("grams > 0", name="grams_positive"),)

    id: Mapped[Id]
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    grams: Mapped[Grams]
    why: Mapped[str] = mapped_column(String(200))
    at: Mapped[Moment]


class LotBlock(Base):
    """A lot that nobody may buy or send; what it had in stock is kept here until that ends, if it does."""

    __tablename__ = "lot_block"
    __table_args__ = (
        CheckConstraint("quantity >= 0", name="quantity_not_negative"),
        # One reason blocks a lot once.
        Index("uq_lot_block_lot_id_purpose_id", "lot_id", "purpose_kind", "purpose_id", unique=True),
        Index("ix_lot_block_open", "lot_id", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Id]
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    purpose_kind: Mapped[str] = mapped_column(String(24))
    purpose_id: Mapped[str] = mapped_column(String(64))
    quantity: Mapped[Quantity] = mapped_column(default=Decimal(0))
    began_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
