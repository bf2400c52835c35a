"""What tokens are good for, and names for those that hold long; limits of the API; addresses that are told of events.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("access_token", sa.Column("name", sa.String(60), server_default=sa.text("''"), nullable=False))
    op.add_column("access_token", sa.Column("scopes", postgresql.ARRAY(sa.String(40)), nullable=True))
    op.add_column("access_token", sa.Column("public_id", sa.String(20), nullable=True))
    # Names for the tokens that there are; nobody has seen one, so any will do.
    op.execute("UPDATE access_token SET public_id = translate(substr(encode(sha256(digest), 'hex'), 1, 14), '01', 'gh')")
    op.alter_column("access_token", "public_id", nullable=False)
    op.create_unique_constraint(op.f("uq_access_token_public_id"), "access_token", ["public_id"])
    op.create_check_constraint(
        op.f("ck_access_token_scopes_not_empty"), "access_token", "scopes IS NULL OR cardinality(scopes) > 0"
    )
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(20), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.String(200), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.String(40)), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cardinality(kinds) > 0", name=op.f("ck_webhook_endpoint_kinds_not_empty")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_webhook_endpoint_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhook_endpoint_public_id")),
    )
    op.create_index(
        "uq_webhook_endpoint_account_id_url",
        "webhook_endpoint",
        ["account_id", "url"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    _channels("'email', 'sms', 'webhook'")
    op.create_index(
        "ix_outgoing_message_endpoint",
        "outgoing_message",
        [sa.text("(headers ->> 'endpoint')"), "id"],
        postgresql_where=sa.text("channel = 'webhook'"),
    )
    # What is lost with a crash is a minute's count of calls.
    op.execute(
        "CREATE UNLOGGED TABLE call_allowance (caller varchar(64) NOT NULL, used_until timestamptz NOT NULL,"
        " CONSTRAINT pk_call_allowance PRIMARY KEY (caller))"
    )


def _channels(known: str) -> None:
    op.drop_constraint(op.f("ck_outgoing_message_channel_known"), "outgoing_message", type_="check")
    op.create_check_constraint(op.f("ck_outgoing_message_channel_known"), "outgoing_message", f"channel IN ({known})")


def downgrade() -> None:
    op.drop_table("call_allowance")
    op.drop_index("ix_outgoing_message_endpoint", table_name="outgoing_message")
    op.execute("DELETE FROM outgoing_message WHERE channel = 'webhook'")
    _channels("'email', 'sms'")
    op.drop_table("webhook_endpoint")
    op.drop_constraint(op.f("ck_access_token_scopes_not_empty"), "access_token", type_="check")
    for name in ("public_id", "scopes", "name"):
        op.drop_column("access_token", name)
