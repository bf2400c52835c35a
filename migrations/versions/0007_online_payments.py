"""Online payments: attempts, refunds, provider events."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_METHODS = "method IN ('online', 'bank_transfer', 'cash_on_delivery')"
_STATES = "state IN ('awaiting', 'processing', 'paid', 'failed', 'cancelled', 'expired')"


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _fen(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def upgrade() -> None:
    op.add_column("payment", sa.Column("refunded_fen", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("payment", _moment("expires_at", nullable=True))
    # The first migration gave its checks a doubled name.
    op.drop_constraint(op.f("ck_payment_ck_payment_method_known"), "payment", type_="check")
    op.drop_constraint(op.f("ck_payment_ck_payment_state_known"), "payment", type_="check")
    op.create_check_constraint(op.f("ck_payment_method_known"), "payment", _METHODS)
    op.create_check_constraint(op.f("ck_payment_state_known"), "payment", _STATES)
    op.create_check_constraint(op.f("ck_payment_refunded_within_amount"), "payment", "refunded_fen BETWEEN 0 AND amount_fen")
    op.create_check_constraint(op.f("ck_payment_refunded_was_paid"), "payment", "refunded_fen = 0 OR state = 'paid'")
    op.create_check_constraint(op.f("ck_payment_online_expires"), "payment", "(method = 'online') = (expires_at IS NOT NULL)")
    op.add_column("order", sa.Column("refunded_fen", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_check_constraint(op.f("ck_order_refunded_within_total"), "order", "refunded_fen BETWEEN 0 AND total_fen")
    op.create_table(
        "payment_attempt",
        _id(),
        _text("public_id", 20),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        _text("state", 12),
        _text("provider_id", 255, nullable=True),
        _text("charge_id", 255, nullable=True),
        _text("return_url", 500),
        _text("back_url", 500),
        _fen("received_fen"),
        _fen("refunded_fen"),
        _moment("created_at"),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('created', 'open', 'processing', 'paid', 'failed', 'expired')",
            name=op.f("ck_payment_attempt_state_known"),
        ),
        sa.CheckConstraint("(state = 'paid') = (received_fen > 0)", name=op.f("ck_payment_attempt_paid_has_amount")),
        sa.CheckConstraint("refunded_fen BETWEEN 0 AND received_fen", name=op.f("ck_payment_attempt_refunded_within_received")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_payment_attempt_payment_id_payment"),
        sa.PrimaryKeyConstraint("id", name="pk_payment_attempt"),
        sa.UniqueConstraint("public_id", name="uq_payment_attempt_public_id"),
        sa.UniqueConstraint("provider_id", name="uq_payment_attempt_provider_id"),
    )
    op.create_index("ix_payment_attempt_payment_id", "payment_attempt", ["payment_id"])
    op.create_index("ix_payment_attempt_state_id", "payment_attempt", ["state", "id"])
    op.create_index(
        "uq_payment_attempt_live",
        "payment_attempt",
        ["payment_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('created', 'open', 'processing')"),
    )
    op.create_table(
        "refund",
        _id(),
        _text("public_id", 20),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=True),
        _text("purpose_kind", 24),
        _text("purpose_id", 64),
        _fen("amount_fen"),
        _text("reason", 12),
        _text("state", 12),
        _text("provider_id", 255, nullable=True),
        _moment("created_at"),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_refund_amount_positive")),
        sa.CheckConstraint("reason IN ('cancelled', 'claim', 'surplus')", name=op.f("ck_refund_reason_known")),
        sa.CheckConstraint("state IN ('created', 'pending', 'succeeded', 'failed')", name=op.f("ck_refund_state_known")),
        sa.CheckConstraint(
            "(state IN ('succeeded', 'failed')) = (ended_at IS NOT NULL)", name=op.f("ck_refund_ended_has_moment")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_refund_payment_id_payment"),
        sa.ForeignKeyConstraint(["attempt_id"], ["payment_attempt.id"], name="fk_refund_attempt_id_payment_attempt"),
        sa.PrimaryKeyConstraint("id", name="pk_refund"),
        sa.UniqueConstraint("public_id", name="uq_refund_public_id"),
    )
    op.create_index("ix_refund_payment_id", "refund", ["payment_id"])
    op.create_index("ix_refund_state_id", "refund", ["state", "id"])
    op.create_index("ix_refund_purpose", "refund", ["purpose_kind", "purpose_id"])
    op.create_index("uq_refund_surplus", "refund", ["attempt_id"], unique=True, postgresql_where=sa.text("reason = 'surplus'"))
    op.create_table(
        "provider_event",
        _id(),
        _text("provider", 20),
        _text("event_id", 255),
        _text("kind", 80),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        _text("outcome", 12, nullable=True),
        _moment("received_at"),
        _moment("acted_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_provider_event"),
        sa.UniqueConstraint("provider", "event_id", name="uq_provider_event_provider_event_id"),
    )
    op.create_index("ix_provider_event_open", "provider_event", ["id"], postgresql_where=sa.text("outcome IS NULL"))


def downgrade() -> None:
    op.drop_table("provider_event")
    op.drop_table("refund")
    op.drop_table("payment_attempt")
    op.drop_column("order", "refunded_fen")
    for name in ("method_known", "state_known", "online_expires", "refunded_was_paid", "refunded_within_amount"):
        op.drop_constraint(op.f(f"ck_payment_{name}"), "payment", type_="check")
    # What the older tables have no word for is told in the nearest they have; no purchase and no payment is lost.
    op.execute("UPDATE payment SET state = 'awaiting' WHERE state IN ('processing', 'failed')")
    op.execute("UPDATE payment SET state = 'cancelled' WHERE state = 'expired'")
    op.execute("UPDATE payment SET method = 'bank_transfer' WHERE method = 'online'")
    op.execute("UPDATE order_group SET payment_method = 'bank_transfer' WHERE payment_method = 'online'")
    op.drop_column("payment", "expires_at")
    op.drop_column("payment", "refunded_fen")
    op.create_check_constraint(
        op.f("ck_payment_ck_payment_method_known"), "payment", "method IN ('bank_transfer', 'cash_on_delivery')"
    )
    op.create_check_constraint(
        op.f("ck_payment_ck_payment_state_known"), "payment", "state IN ('awaiting', 'paid', 'cancelled')"
    )
