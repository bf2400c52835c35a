"""The boxes in which goods are packed."""

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import Grams, Id, Moment, PublicId
from marketplace.orders.models.purchases import OrderLine


class Box(Base):
    """Grams of one order line in one box, with a code that everybody can read off it; ``loss_grams`` went in packing it.

    A box that was ``opened`` again before it left holds nothing. Deferred triggers see to it that the boxes of a line hold no
    more than the line, and those of a lot no more than came to the lot.
    """

    __tablename__ = "box"
    __table_args__ = (
        CheckConstraint("grams > 0", name="grams_positive"),
        CheckConstraint("loss_grams >= 0", name="loss_not_negative"),
        CheckConstraint("number > 0", name="number_positive"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), index=True)
    # Its place among the boxes of its line, counted from one.
    number: Mapped[int] = mapped_column(SmallInteger)
    grams: Mapped[Grams]
    loss_grams: Mapped[Grams] = mapped_column(default=0)
    packed_at: Mapped[Moment]
    opened_at: Mapped[Moment | None]

    line: Mapped[OrderLine] = relationship()
