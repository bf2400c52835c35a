"""Invoices: numbered, whole, and never altered."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.types import Fen, Id, Moment, PublicId
from marketplace.orders.models.purchases import Order


class InvoiceCounter(Base):
    """The last number that was given out in a year. Numbers have no gap, so the row is locked until the invoice is written."""

    __tablename__ = "invoice_counter"

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class Invoice(Base):
    """What an order was, in words and figures, on the day it was asked for; a trigger refuses any change.

    A credit note takes part of an invoice back after a refund; its amounts are negative.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("(credits_id IS NULL) = (total_fen > 0)", name="credit_is_negative"),
        CheckConstraint("(credits_id IS NULL) = (refund_id IS NULL)", name="credit_has_refund"),
        CheckConstraint("total_fen <> 0", name="total_not_zero"),
        # An order has one invoice, a refund one credit note, whoever asks at the same time.
        Index("uq_invoice_order", "order_id", unique=True, postgresql_where=text("credits_id IS NULL")),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), index=True)
    credits_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"))
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refund.id"), unique=True)
    title: Mapped[str] = mapped_column(String(100))
    tax_number: Mapped[str | None] = mapped_column(String(20))
    total_fen: Mapped[Fen]
    # All that is printed, so that it reads the same for ever.
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # SHA-256 of the snapshot in canonical JSON, which also stands in the audit trail.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    issued_at: Mapped[Moment]

    order: Mapped[Order] = relationship()
