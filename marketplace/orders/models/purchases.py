"""What was bought: purchases, one order per seller, their lines."""

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Integer, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.catalogue.models import Producer
from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment, PublicId, Quantity
from marketplace.orders.models.shares import OrderShare
from marketplace.orders.states import OrderState

if TYPE_CHECKING:
    from marketplace.orders.models.weighings import Weighing

if TYPE_CHECKING:
    from marketplace.orders.models.deliveries import OrderDelivery


class OrderGroup(Base):
    """One purchase over all its sellers: who, where to, how it is paid."""

    __tablename__ = "order_group"
    __table_args__ = (
        CheckConstraint("total_fen > 0", name="total_positive"),
        Index("ix_order_group_account_id_placed_at", "account_id", "placed_at"),
        Index("ix_order_group_paid_at", "paid_at"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    # A basket is placed once, by whichever of two clicks comes first.
    basket_id: Mapped[int | None] = mapped_column(ForeignKey("basket.id"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    payment_method: Mapped[str] = mapped_column(String(20))
    total_fen: Mapped[Fen]
    recipient: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(String(20))
    area_code: Mapped[AreaCode | None] = mapped_column(ForeignKey("area.code"))
    address: Mapped[str] = mapped_column(String(200))
    placed_at: Mapped[Moment]
    paid_at: Mapped[Moment | None]

    orders: Mapped[list["Order"]] = relationship(back_populates="group", order_by="Order.id")


class Order(Base):
    """One seller's part of a purchase, with the split of its money frozen at placement.

    ``producer_fen`` repeats the producer's ``OrderShare``, so that lists need not look it up. While ``claim_open`` the order is
    not accepted by the passing of time.
    """

    __tablename__ = "order"
    __table_args__ = (
        CheckConstraint("total_fen > 0 AND producer_fen BETWEEN 0 AND total_fen", name="producer_within_total"),
        # Goods and freight are the whole of it, and nobody is paid for taking a parcel.
        CheckConstraint(
            "delivery_fen >= 0 AND goods_fen > 0 AND goods_fen + delivery_fen = total_fen", name="goods_and_delivery"
        ),
        CheckConstraint("state IN ('placed', 'shipped', 'delivered', 'accepted', 'cancelled')", name="state_known"),
        CheckConstraint("(state = 'accepted') = (accepted_at IS NOT NULL)", name="accepted_has_moment"),
        # An order gives back no more than it took.
        CheckConstraint("refunded_fen BETWEEN 0 AND total_fen", name="refunded_within_total"),
        # What stands as given back though it was never taken is a part of it.
        CheckConstraint("uncharged_fen BETWEEN 0 AND refunded_fen", name="uncharged_within_refunded"),
        Index("ix_order_producer_id_id", "producer_id", "id"),
        # Those that the time limit looks through; they are few among all orders ever placed.
        Index("ix_order_unaccepted", "id", postgresql_where=text("state IN ('shipped', 'delivered')")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    group_id: Mapped[int] = mapped_column(ForeignKey("order_group.id"), index=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"))
    state: Mapped[str] = mapped_column(String(12), default=OrderState.PLACED)
    total_fen: Mapped[Fen]
    producer_fen: Mapped[Fen]
    # What of the total is freight; the goods are the rest.
    delivery_fen: Mapped[Fen] = mapped_column(default=0, server_default="0")
    goods_fen: Mapped[Fen] = mapped_column(Computed("total_fen - delivery_fen", persisted=True))
    refunded_fen: Mapped[Fen] = mapped_column(default=0, server_default="0")
    # What of ``refunded_fen`` nobody had paid: it was taken off the amount due, by the scales, a harvest or a lost parcel.
    uncharged_fen: Mapped[Fen] = mapped_column(default=0, server_default="0")
    shipped_at: Mapped[Moment | None]
    delivered_at: Mapped[Moment | None]
    accepted_at: Mapped[Moment | None]
    claim_open: Mapped[bool] = mapped_column(default=False, server_default="false")
    settled_at: Mapped[Moment | None]

    group: Mapped[OrderGroup] = relationship(back_populates="orders")
    producer: Mapped[Producer] = relationship()
    delivery: Mapped["OrderDelivery | None"] = relationship(uselist=False)
    lines: Mapped[list["OrderLine"]] = relationship(back_populates="order", order_by="OrderLine.id")
    # Written by ``orders.shares`` in one statement, never through this.
    shares: Mapped[list[OrderShare]] = relationship(viewonly=True)

    @property
    def given_back_fen(self) -> int:
        """What has been promised back to the buyer of what the buyer has paid; never what was not charged."""
        return self.refunded_fen - self.uncharged_fen


class OrderLine(Base):
    """A snapshot of what was bought from one lot; it stays readable when listing and registry have moved on.

    ``price_fen`` is the price it was sold at, with the step that its quantity reached. Of goods of catch weight ``total_fen``
    and ``benefit_fen`` are the most there can be until ``weighing`` is done, and final after it.
    """

    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("missing BETWEEN 0 AND quantity", name="missing_within_quantity"),
        CheckConstraint("uncharged BETWEEN 0 AND missing", name="uncharged_within_missing"),
        # The orders that wait for a harvest.
        Index("ix_order_line_expected", "lot_id", postgresql_where=text("expected")),
        CheckConstraint("benefit_fen BETWEEN 0 AND total_fen", name="benefit_within_total"),
        CheckConstraint("benefit_bp BETWEEN 0 AND 10000", name="benefit_share_range"),
        # All claims on a line together give back no more than the line cost.
        CheckConstraint("refunded_fen BETWEEN 0 AND total_fen", name="refunded_within_total"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), index=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"), index=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    title_zh: Mapped[str] = mapped_column(String(80))
    title_en: Mapped[str] = mapped_column(String(120))
    producer_zh: Mapped[str] = mapped_column(String(60))
    producer_en: Mapped[str] = mapped_column(String(80))
    area_code: Mapped[AreaCode]
    harvested_on: Mapped[Day]
    unit: Mapped[str] = mapped_column(String(8))
    unit_grams: Mapped[int] = mapped_column(Integer)
    quantity: Mapped[Quantity]
    # Ordered of a harvest to come; ``harvested_on`` is the day it is hoped for until it has come.
    expected: Mapped[bool] = mapped_column(default=False, server_default="false")
    # What of it does not come, because it did not grow or was never sent; its price has been given back.
    missing: Mapped[Quantity] = mapped_column(default=Decimal(0), server_default="0")
    # What of that was known before anything was paid, so that its price was taken off the amount due instead.
    uncharged: Mapped[Quantity] = mapped_column(default=Decimal(0), server_default="0")
    price_fen: Mapped[Fen]
    total_fen: Mapped[Fen]
    benefit_bp: Mapped[int] = mapped_column(SmallInteger)
    benefit_fen: Mapped[Fen]
    registry_revision: Mapped[int] = mapped_column(Integer)
    refunded_fen: Mapped[Fen] = mapped_column(default=0, server_default="0")

    order: Mapped[Order] = relationship(back_populates="lines")
    weighing: Mapped["Weighing | None"] = relationship(back_populates="line", lazy="joined")
