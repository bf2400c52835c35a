"""Who gets which part of an order: terms, dated and by area, and the parts of each order as they were when it was placed."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import AreaCode, Day, Fen, Id, Moment


class ShareKind(enum.StrEnum):
    """For what somebody gets a part of an order; in this order the parts are counted."""

    PRODUCER = "producer"
    VILLAGE_AGENT = "village_agent"
    PACKING = "packing"
    FREIGHT = "freight"
    TAX = "tax"
    PLATFORM = "platform"


_KINDS = ", ".join(f"'{kind}'" for kind in ShareKind)


class ShareTerm(Base):
    """From a day on, in an area (empty for everywhere), a kind of share is ``bp`` parts of ten thousand of the goods' value.

    The narrowest area wins, within it the newest day; ``bp`` of nothing ends a term. The producer has none: the rest is theirs.
    """

    __tablename__ = "share_term"
    __table_args__ = (
        # Two terms of one day and area would leave open which of them holds.
        UniqueConstraint("kind", "area_code", "valid_from"),
        CheckConstraint(f"kind IN ({_KINDS}) AND kind <> 'producer'", name="kind_known"),
        CheckConstraint("bp BETWEEN 0 AND 10000", name="bp_range"),
        CheckConstraint("length(reason) > 0", name="has_reason"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16))
    area_code: Mapped[AreaCode] = mapped_column(default="")
    bp: Mapped[int] = mapped_column(SmallInteger)
    payee: Mapped[str] = mapped_column(String(64))
    valid_from: Mapped[Day]
    reason: Mapped[str] = mapped_column(String(200))
    set_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Moment]


class OrderShare(Base):
    """One part of an order's money and the ledger account it goes to, frozen when the order was placed.

    The parts of an order are written in one statement and sum to its total; triggers see to both, and that none is changed.
    """

    __tablename__ = "order_share"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind_known"),
        # An entry of the ledger then says for what it was.
        UniqueConstraint("order_id", "payee"),
        # A part of nothing is left out.
        CheckConstraint("amount_fen > 0", name="amount_positive"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    payee: Mapped[str] = mapped_column(String(64))
    amount_fen: Mapped[Fen]


class SellerShare(Base):
    """What became of the money of a seller's settled orders within a year, by kind: counted from the ledger each night.

    ``first_on`` and ``last_on`` are the market days of the first and the last settlement among ``orders``.
    """

    __tablename__ = "seller_share"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind_known"),
        CheckConstraint("orders > 0", name="orders_positive"),
    )

    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"), primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    amount_fen: Mapped[Fen]
    orders: Mapped[int]
    first_on: Mapped[Day]
    last_on: Mapped[Day]
    counted_at: Mapped[Moment]
