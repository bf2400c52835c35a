"""Copies of the database and their drills; partners of the exchange, their messages, and streams of events up and down.

Revision ID: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "base_backup",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("fault", sa.String(length=300), nullable=True),
        sa.CheckConstraint(
            "(fault IS NULL) = (name IS NOT NULL AND bytes IS NOT NULL)", name=op.f("ck_base_backup_copied_or_fault")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_base_backup")),
    )
    op.create_table(
        "restore_drill",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tables", sa.Integer(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("restore_s", sa.Numeric(precision=10, scale=1), nullable=True),
        sa.Column("differing", postgresql.ARRAY(sa.String(length=63)), server_default="{}", nullable=False),
        sa.Column("fault", sa.String(length=300), nullable=True),
        sa.CheckConstraint("(fault IS NULL) = (tables IS NOT NULL)", name=op.f("ck_restore_drill_compared_or_fault")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restore_drill")),
    )

    op.create_table(
        "upward_event",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.String(length=60), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("position >= 0", name=op.f("ck_upward_event_position_counted")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_upward_event")),
        sa.UniqueConstraint("origin", name=op.f("uq_upward_event_origin")),
    )
    op.create_table(
        "exchange_partner",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("sender_id", sa.String(length=99), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.String(length=200), server_default="", nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.String(length=40)), server_default="{}", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'department') = (account_id IS NOT NULL)", name=op.f("ck_exchange_partner_department_has_account")
        ),
        sa.CheckConstraint("kind <> 'above' OR url <> ''", name=op.f("ck_exchange_partner_above_is_called")),
        sa.CheckConstraint("length(public_key) = 32", name=op.f("ck_exchange_partner_key_length")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_exchange_partner_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_partner")),
        sa.UniqueConstraint("public_id", name=op.f("uq_exchange_partner_public_id")),
    )
    op.create_index(
        "uq_exchange_partner_sender_id",
        "exchange_partner",
        ["sender_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_exchange_partner_above",
        "exchange_partner",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("kind = 'above' AND ended_at IS NULL"),
    )
    op.create_table(
        "delivery_receipt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.CheckConstraint("length(root) = 32 AND length(signature) = 64", name=op.f("ck_delivery_receipt_lengths")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["exchange_partner.id"], name=op.f("fk_delivery_receipt_partner_id_exchange_partner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_receipt")),
    )
    op.create_table(
        "downward_event",
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["exchange_partner.id"], name=op.f("fk_downward_event_partner_id_exchange_partner")
        ),
        sa.PrimaryKeyConstraint("partner_id", "position", name=op.f("pk_downward_event")),
    )
    op.create_table(
        "event_stream",
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("peaks", postgresql.ARRAY(sa.LargeBinary(length=32)), server_default="{}", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.CheckConstraint("size >= 0", name=op.f("ck_event_stream_size_counted")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["exchange_partner.id"], name=op.f("fk_event_stream_partner_id_exchange_partner")
        ),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_event_stream")),
    )
    op.create_table(
        "exchange_call",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "(body IS NULL) = (arrived_at IS NOT NULL OR given_up_at IS NOT NULL)",
            name=op.f("ck_exchange_call_emptied_when_done"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["exchange_partner.id"], name=op.f("fk_exchange_call_partner_id_exchange_partner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_call")),
        sa.UniqueConstraint("public_id", name=op.f("uq_exchange_call_public_id")),
    )
    op.create_index(
        "ix_exchange_call_due", "exchange_call", ["next_try_at"], unique=False, postgresql_where=sa.text("body IS NOT NULL")
    )
    op.create_table(
        "exchange_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(length=99), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("transaction_id", sa.String(length=99), nullable=False),
        sa.Column("correlation_id", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("length(digest) = 32", name=op.f("ck_exchange_message_digest_length")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["exchange_partner.id"], name=op.f("fk_exchange_message_partner_id_exchange_partner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_message")),
        sa.UniqueConstraint("correlation_id", name=op.f("uq_exchange_message_correlation_id")),
        sa.UniqueConstraint("partner_id", "message_id", name=op.f("uq_exchange_message_partner_id_message_id")),
    )
    op.create_index(
        "ix_exchange_message_partner_id_transaction_id", "exchange_message", ["partner_id", "transaction_id"], unique=False
    )
    op.create_table(
        "exchange_subscription",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("seen_status_id", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["exchange_partner.id"], name=op.f("fk_exchange_subscription_partner_id_exchange_partner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_subscription")),
        sa.UniqueConstraint("public_id", name=op.f("uq_exchange_subscription_public_id")),
    )
    op.create_index(
        "uq_exchange_subscription_in_force",
        "exchange_subscription",
        ["partner_id", "event", "area_code"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_exchange_subscription_in_force", table_name="exchange_subscription", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_table("exchange_subscription")
    op.drop_index("ix_exchange_message_partner_id_transaction_id", table_name="exchange_message")
    op.drop_table("exchange_message")
    op.drop_index("ix_exchange_call_due", table_name="exchange_call", postgresql_where=sa.text("body IS NOT NULL"))
    op.drop_table("exchange_call")
    op.drop_table("event_stream")
    op.drop_table("downward_event")
    op.drop_table("delivery_receipt")
    op.drop_index("uq_exchange_partner_sender_id", table_name="exchange_partner", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index(
        "uq_exchange_partner_above",
        table_name="exchange_partner",
        postgresql_where=sa.text("kind = 'above' AND ended_at IS NULL"),
    )
    op.drop_table("exchange_partner")
    op.drop_table("upward_event")
    op.drop_table("restore_drill")
    op.drop_table("base_backup")
