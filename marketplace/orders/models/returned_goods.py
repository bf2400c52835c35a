"""Goods of parcels that came back to their farm, and what the farm says of them."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import Moment, Quantity
from marketplace.orders.models.purchases import OrderLine


class ReturnedGoods(Base):
    """What of an order line came back undelivered; ``sound`` of it are on sale again once the farm has looked at them.

    The buyer's money does not wait for that: it went back when the parcel was made good.
    """

    __tablename__ = "returned_goods"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("sound BETWEEN 0 AND quantity", name="sound_within_quantity"),
        # Only what somebody has looked at, or nobody in time, is known to be fit for sale or not.
        CheckConstraint("(sound IS NULL) = (checked_at IS NULL)", name="checked_says"),
        Index("ix_returned_goods_waiting", "came_back_at", postgresql_where=text("checked_at IS NULL")),
    )

    line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), primary_key=True)
    quantity: Mapped[Quantity]
    came_back_at: Mapped[Moment]
    sound: Mapped[Quantity | None]
    checked_at: Mapped[Moment | None]

    line: Mapped[OrderLine] = relationship()
