"""Stages of model versions, forgotten histories, outgoing messages, weekly letters, purchase targets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("model_version", sa.Column("kind", sa.String(8), nullable=False, server_default="fit"))
    op.add_column("model_version", sa.Column("parent_id", sa.Integer(), nullable=True))
    op.add_column("model_version", sa.Column("stage", sa.String(10), nullable=False, server_default="done"))
    op.add_column("model_version", sa.Column("digest", sa.String(64), nullable=False, server_default=""))
    op.add_column("model_version", sa.Column("failure", sa.String(12), nullable=True))
    for name in ("kind", "stage", "digest"):
        op.alter_column("model_version", name, server_default=None)
    op.execute("UPDATE model_version SET failure = 'unexpected' WHERE state = 'failed'")
    op.create_foreign_key("fk_model_version_parent_id_model_version", "model_version", "model_version", ["parent_id"], ["id"])
    op.create_check_constraint(op.f("ck_model_version_kind_known"), "model_version", "kind IN ('fit', 'fold_in')")
    op.create_check_constraint(
        op.f("ck_model_version_stage_known"), "model_version", "stage IN ('reading', 'learning', 'ordering', 'done')"
    )
    op.create_check_constraint(
        op.f("ck_model_version_fold_in_has_parent"), "model_version", "(kind = 'fold_in') = (parent_id IS NOT NULL)"
    )
    op.create_check_constraint(
        op.f("ck_model_version_failed_says_why"), "model_version", "(state = 'failed') = (failure IS NOT NULL)"
    )
    op.create_table(
        "forgotten_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_from_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_forgotten_history_account_id_account"),
        sa.ForeignKeyConstraint(["gone_from_id"], ["model_version.id"], name="fk_forgotten_history_gone_from_id_model_version"),
        sa.PrimaryKeyConstraint("id", name="pk_forgotten_history"),
    )
    op.create_index("ix_forgotten_history_account_id", "forgotten_history", ["account_id"])
    op.create_table(
        "digest_subscription",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_digest_subscription_account_id_account"),
        sa.PrimaryKeyConstraint("account_id", name="pk_digest_subscription"),
    )
    op.create_table(
        "outgoing_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(20), nullable=False),
        sa.Column("occasion", sa.String(80), nullable=True),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("template", sa.String(40), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(300), nullable=False),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_outgoing_message_channel_known")),
        sa.CheckConstraint("sent_at IS NULL OR failed_at IS NULL", name=op.f("ck_outgoing_message_one_end")),
        sa.PrimaryKeyConstraint("id", name="pk_outgoing_message"),
        sa.UniqueConstraint("public_id", name="uq_outgoing_message_public_id"),
        sa.UniqueConstraint("occasion", name="uq_outgoing_message_occasion"),
    )
    op.create_index(
        "ix_outgoing_message_due",
        "outgoing_message",
        ["next_attempt_at"],
        postgresql_where=sa.text("sent_at IS NULL AND failed_at IS NULL"),
    )
    op.create_table(
        "purchase_target",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("share_bp", sa.SmallInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("share_bp BETWEEN 0 AND 10000", name=op.f("ck_purchase_target_share_range")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_purchase_target_account_id_account"),
        sa.PrimaryKeyConstraint("account_id", "year", name="pk_purchase_target"),
    )


def downgrade() -> None:
    op.drop_table("purchase_target")
    op.drop_table("outgoing_message")
    op.drop_table("digest_subscription")
    op.drop_table("forgotten_history")
    op.execute(
        "UPDATE served_list SET model_version_id = NULL FROM model_version v WHERE v.id = model_version_id AND v.kind = 'fold_in'"
    )
    op.execute("DELETE FROM model_version WHERE kind = 'fold_in'")
    op.drop_constraint(op.f("ck_model_version_failed_says_why"), "model_version", type_="check")
    op.drop_constraint(op.f("ck_model_version_fold_in_has_parent"), "model_version", type_="check")
    for name in ("failure", "digest", "stage", "parent_id", "kind"):
        op.drop_column("model_version", name)
