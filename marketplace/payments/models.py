"""Payments, attempts, refunds, provider events; payees, payout batches and their lines."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Base
from marketplace.kernel.privacy import Encrypted
from marketplace.kernel.types import Fen, Id, Moment, PublicId
from marketplace.payments.gateway import RefundState
from marketplace.payments.payout_states import BatchState, LineState
from marketplace.payments.states import AttemptState, PaymentState


class PaymentMethod(enum.StrEnum):
    """How somebody pays; ``online`` is card, Alipay or WeChat Pay on the provider's page.

    ``after_acceptance`` is a transfer against the invoice of goods that were delivered and found good, by contract.
    """

    ONLINE = "online"
    BANK_TRANSFER = "bank_transfer"
    CASH_ON_DELIVERY = "cash_on_delivery"
    AFTER_ACCEPTANCE = "after_acceptance"


# The goods leave before any money has come.
GOODS_FIRST = (PaymentMethod.CASH_ON_DELIVERY, PaymentMethod.AFTER_ACCEPTANCE)
# What a buyer in the shop can choose among.
SHOP_METHODS = (PaymentMethod.ONLINE, PaymentMethod.BANK_TRANSFER, PaymentMethod.CASH_ON_DELIVERY)


class RefundReason(enum.StrEnum):
    """Why money is given back.

    ``surplus`` is money for which there is no purchase (any more), ``weighed`` what goods weighed less than was held for them.
    """

    CANCELLED = "cancelled"
    CLAIM = "claim"
    SURPLUS = "surplus"
    WEIGHED = "weighed"


class Payment(Base):
    """An amount owed for a purpose; ``reference`` is what the payer writes on the transfer.

    ``expires_at`` is the moment after which an online payment is given up. ``refunded_fen`` is what has been promised back.
    """

    __tablename__ = "payment"
    __table_args__ = (
        # One purpose is paid once.
        UniqueConstraint("purpose_kind", "purpose_id"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint(
            "method IN ('online', 'bank_transfer', 'cash_on_delivery', 'after_acceptance')",
            name="method_known",
        ),
        CheckConstraint(
            "state IN ('awaiting', 'processing', 'paid', 'failed', 'cancelled', 'expired')",
            name="state_known",
        ),
        CheckConstraint("(state = 'paid') = (paid_at IS NOT NULL)", name="paid_has_moment"),
        # Nobody gets back more than was paid, and nothing before it was.
        CheckConstraint("refunded_fen BETWEEN 0 AND amount_fen", name="refunded_within_amount"),
        CheckConstraint("refunded_fen = 0 OR state = 'paid'", name="refunded_was_paid"),
        # Only what is paid online runs out: a bank transfer takes days, and cash comes with the courier.
        CheckConstraint("(method = 'online') = (expires_at IS NOT NULL)", name="online_expires"),
        Index("ix_payment_state_id", "state", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    purpose_kind: Mapped[str] = mapped_column(String(24))
    purpose_id: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(20))
    amount_fen: Mapped[Fen]
    refunded_fen: Mapped[Fen] = mapped_column(default=0, server_default="0")
    state: Mapped[str] = mapped_column(String(12), default=PaymentState.AWAITING)
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment | None]
    paid_at: Mapped[Moment | None]

    refunds: Mapped[list["Refund"]] = relationship(back_populates="payment", order_by="Refund.id")


class PaymentAttempt(Base):
    """One page at the provider for a payment. What it was asked for is kept, so that it can be asked again word for word."""

    __tablename__ = "payment_attempt"
    __table_args__ = (
        # Two clicks lead to one page; a second page is opened when the first can no longer be paid on.
        Index(
            "uq_payment_attempt_live",
            "payment_id",
            unique=True,
            postgresql_where=text("state IN ('created', 'open', 'processing')"),
        ),
        CheckConstraint("state IN ('created', 'open', 'processing', 'paid', 'failed', 'expired')", name="state_known"),
        CheckConstraint("(state = 'paid') = (received_fen > 0)", name="paid_has_amount"),
        # A charge is never given back twice.
        CheckConstraint("refunded_fen BETWEEN 0 AND received_fen", name="refunded_within_received"),
        Index("ix_payment_attempt_state_id", "state", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    state: Mapped[str] = mapped_column(String(12), default=AttemptState.CREATED)
    provider_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    charge_id: Mapped[str | None] = mapped_column(String(255))
    return_url: Mapped[str] = mapped_column(String(500))
    back_url: Mapped[str] = mapped_column(String(500))
    received_fen: Mapped[Fen] = mapped_column(default=0)
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    created_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]

    payment: Mapped[Payment] = relationship()


class Refund(Base):
    """Money promised back, for a purpose, and how far it is. Without an attempt it is handed back by people."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("reason IN ('cancelled', 'claim', 'surplus', 'weighed')", name="reason_known"),
        CheckConstraint("state IN ('created', 'pending', 'succeeded', 'failed', 'by_hand')", name="state_known"),
        CheckConstraint("(state IN ('succeeded', 'failed', 'by_hand')) = (ended_at IS NOT NULL)", name="ended_has_moment"),
        # A charge without a purchase is given back once, whoever notices it.
        Index("uq_refund_surplus", "attempt_id", unique=True, postgresql_where=text("reason = 'surplus'")),
        Index("ix_refund_state_id", "state", "id"),
        Index("ix_refund_purpose", "purpose_kind", "purpose_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("payment_attempt.id"))
    purpose_kind: Mapped[str] = mapped_column(String(24))
    purpose_id: Mapped[str] = mapped_column(String(64))
    amount_fen: Mapped[Fen]
    reason: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12), default=RefundState.CREATED)
    provider_id: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]

    payment: Mapped[Payment] = relationship(back_populates="refunds")
    attempt: Mapped[PaymentAttempt | None] = relationship()


class ProviderEvent(Base):
    """A provider's message whose signature was good, kept once as it came. ``outcome`` is None until it has been acted on."""

    __tablename__ = "provider_event"
    __table_args__ = (
        # However often a message comes, it is one message.
        UniqueConstraint("provider", "event_id"),
        Index("ix_provider_event_open", "id", postgresql_where=text("outcome IS NULL")),
    )

    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(String(20))
    event_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(80))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    deliveries: Mapped[int] = mapped_column(Integer, default=1)
    outcome: Mapped[str | None] = mapped_column(String(12))
    received_at: Mapped[Moment]
    acted_at: Mapped[Moment | None]


class PayoutWay(enum.StrEnum):
    """How money is paid out: to a bank account by a file that a person hands to the bank, or to an account at Stripe."""

    BANK = "bank"
    STRIPE = "stripe"


class PayeeAccount(Base):
    """Where the money of a ledger account is paid out to. What identifies a person's account is sealed; people see four digits.

    ``number_index`` finds the same number under other payees. It is no unique index: a couple may share an account.
    """

    __tablename__ = "payee_account"
    __table_args__ = (
        CheckConstraint("way IN ('bank', 'stripe')", name="way_known"),
        CheckConstraint("(way = 'bank') = (bank <> '')", name="bank_has_name"),
        CheckConstraint("length(number_index) = 32", name="index_length"),
        Index("ix_payee_account_number_index", "number_index"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    ledger_code: Mapped[str] = mapped_column(String(64), unique=True)
    way: Mapped[str] = mapped_column(String(8))
    holder: Mapped[str] = mapped_column(Encrypted("payee_account.holder"))
    bank: Mapped[str] = mapped_column(String(60), default="")
    number: Mapped[str] = mapped_column(Encrypted("payee_account.number"))
    last_four: Mapped[str] = mapped_column(String(4))
    number_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    changed_by: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[Moment]


class PayoutBatch(Base):
    """Money that is paid out together, one way. Who made it does not approve it."""

    __tablename__ = "payout_batch"
    __table_args__ = (
        CheckConstraint("way IN ('bank', 'stripe')", name="way_known"),
        CheckConstraint("state IN ('drafted', 'approved', 'sent', 'closed', 'discarded')", name="state_known"),
        # Four eyes: one person alone cannot send money out.
        CheckConstraint("approved_by <> drafted_by", name="approved_by_another"),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approval_is_whole"),
        CheckConstraint("state NOT IN ('approved', 'sent', 'closed') OR approved_by IS NOT NULL", name="approved_before_sent"),
        CheckConstraint("(state IN ('sent', 'closed')) = (sent_at IS NOT NULL)", name="sent_has_moment"),
        CheckConstraint("(state IN ('closed', 'discarded')) = (ended_at IS NOT NULL)", name="ended_has_moment"),
        Index("ix_payout_batch_state_id", "state", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    way: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default=BatchState.DRAFTED)
    drafted_by: Mapped[str] = mapped_column(String(64))
    drafted_at: Mapped[Moment]
    approved_by: Mapped[str | None] = mapped_column(String(64))
    approved_at: Mapped[Moment | None]
    sent_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]

    lines: Mapped[list["PayoutLine"]] = relationship(back_populates="batch", order_by="PayoutLine.id")


class PayoutLine(Base):
    """What one payee gets in a batch, and the account it goes to as it was when the batch was made.

    ``reference`` is what the bank is given and answers with; ``bank_reference`` is the bank's own name for what it has paid.
    """

    __tablename__ = "payout_line"
    __table_args__ = (
        # A payee is paid once in a batch.
        UniqueConstraint("batch_id", "ledger_code"),
        # One payment of the bank confirms one line.
        UniqueConstraint("bank_reference"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("state IN ('waiting', 'paid', 'returned', 'withdrawn')", name="state_known"),
        CheckConstraint("state <> 'paid' OR bank_reference IS NOT NULL", name="paid_has_bank_reference"),
        CheckConstraint("(state = 'returned') = (return_reason IS NOT NULL)", name="returned_has_reason"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended_has_moment"),
        Index("ix_payout_line_ledger_code_id", "ledger_code", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    batch_id: Mapped[int] = mapped_column(ForeignKey("payout_batch.id"))
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    ledger_code: Mapped[str] = mapped_column(String(64))
    holder: Mapped[str] = mapped_column(Encrypted("payout_line.holder"))
    bank: Mapped[str] = mapped_column(String(60), default="")
    number: Mapped[str] = mapped_column(Encrypted("payout_line.number"))
    last_four: Mapped[str] = mapped_column(String(4))
    account_changed_at: Mapped[Moment]
    amount_fen: Mapped[Fen]
    state: Mapped[str] = mapped_column(String(12), default=LineState.WAITING)
    bank_reference: Mapped[str | None] = mapped_column(String(64))
    return_reason: Mapped[str | None] = mapped_column(String(200))
    ended_at: Mapped[Moment | None]

    batch: Mapped[PayoutBatch] = relationship(back_populates="lines")
