"""Goods of catch weight in an order, and what they weighed."""

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import Fen, Grams, Moment, PublicId
from marketplace.orders.models.purchases import OrderLine


class Weighing(Base):
    """An order line whose goods are weighed when they are packed: what was ordered at the most, and what was found.

    ``price_fen`` is that of one ``unit``; ``least_grams`` and ``most_grams`` are of all its pieces that grew; ``most_fen`` is
    what was charged when it was ordered. ``grams`` and ``weighed_at`` are empty until somebody has weighed.
    """

    __tablename__ = "order_line_weighing"
    __table_args__ = (
        CheckConstraint("unit IN ('jin', 'kg') AND price_fen > 0 AND most_fen > 0", name="price_known"),
        CheckConstraint("least_grams > 0 AND least_grams <= most_grams", name="range_whole"),
        # Nothing weighs more than was paid for, and it is weighed once, at a moment.
        CheckConstraint("grams BETWEEN 1 AND most_grams", name="grams_within_most"),
        CheckConstraint("(grams IS NULL) = (weighed_at IS NULL)", name="weighed_has_moment"),
    )

    line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), primary_key=True)
    public_id: Mapped[PublicId]
    unit: Mapped[str] = mapped_column(String(8))
    price_fen: Mapped[Fen]
    least_grams: Mapped[Grams]
    most_grams: Mapped[Grams]
    most_fen: Mapped[Fen]
    grams: Mapped[Grams | None]
    weighed_at: Mapped[Moment | None]

    line: Mapped[OrderLine] = relationship(back_populates="weighing")
