"""Payments."""

import enum

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.kernel.db import Base
from marketplace.kernel.types import Fen, Id, Moment, PublicId
from marketplace.payments.states import PaymentState


class PaymentMethod(enum.StrEnum):
    """How somebody pays."""

    BANK_TRANSFER = "bank_transfer"
    CASH_ON_DELIVERY = "cash_on_delivery"


class Payment(Base):
    """An amount owed for a purpose; ``reference`` is what the payer writes on the transfer."""

    __tablename__ = "payment"
    __table_args__ = (
        # One purpose is paid once.
        UniqueConstraint("purpose_kind", "purpose_id"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("method IN ('bank_transfer', 'cash_on_delivery')", name="method_known"),
        CheckConstraint("state IN ('awaiting', 'paid', 'cancelled')", name="state_known"),
        CheckConstraint("(state = 'paid') = (paid_at IS NOT NULL)", name="paid_has_moment"),
        Index("ix_payment_state_id", "state", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    purpose_kind: Mapped[str] = mapped_column(String(24))
    purpose_id: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(20))
    amount_fen: Mapped[Fen]
    state: Mapped[str] = mapped_column(String(12), default=PaymentState.AWAITING)
    created_at: Mapped[Moment]
    paid_at: Mapped[Moment | None]
