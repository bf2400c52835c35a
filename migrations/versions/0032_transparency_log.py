"""A public log over transfers, acts and notices, in place of the ledger's seals.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

APPEND_ONLY = ("log_leaf", "log_node", "log_key", "tree_head")
# What a sealed transfer said, as it was written down until now. The log takes the transfers as they are, so one that was altered
# must be found before its seal is gone.
_ALTERED = """
    SELECT min(coalesce(transfer.id, kept.transfer_id)) FROM (
        SELECT transfer.id, sha256(convert_to(json_build_array(transfer.id, transfer.public_id, transfer.kind,
            transfer.purpose_kind, transfer.purpose_id, transfer.reverses_id,
            to_char(transfer.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            coalesce(string_agg(ledger_account.code || '=' || entry.amount_fen, ',' ORDER BY entry.id), ''))::text, 'UTF8'))
            AS digest
        FROM transfer LEFT JOIN entry ON entry.transfer_id = transfer.id
            LEFT JOIN ledger_account ON ledger_account.id = entry.account_id
        WHERE transfer.id <= (SELECT max(through_transfer_id) FROM ledger_seal)
        GROUP BY transfer.id
    ) AS transfer FULL JOIN transfer_digest AS kept ON kept.transfer_id = transfer.id
    WHERE transfer.digest IS DISTINCT FROM kept.digest
"""


def upgrade() -> None:
    altered = op.get_bind().scalar(sa.text(_ALTERED))
    if altered is not None:
        raise RuntimeError(f"transfer {altered} is not what was sealed; find out why before its seal is given up")
    op.add_column("ledger_check", sa.Column("leaves", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("ledger_check", "leaves", server_default=None)
    op.create_table(
        "log_key",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(public_key) = 32", name=op.f("ck_log_key_key_length")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_log_key")),
        sa.UniqueConstraint("public_key", name=op.f("uq_log_key_public_key")),
    )
    op.create_table(
        "log_leaf",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.CheckConstraint("length(salt) = 16", name=op.f("ck_log_leaf_salt_length")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_log_leaf_position_counted")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_log_leaf")),
        sa.UniqueConstraint("kind", "row_id", name=op.f("uq_log_leaf_kind_row_id")),
    )
    op.create_table(
        "log_node",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_log_node_hash_length")),
        sa.CheckConstraint("level BETWEEN 0 AND 62 AND place >= 0", name=op.f("ck_log_node_in_tree")),
        sa.PrimaryKeyConstraint("level", "place", name=op.f("pk_log_node")),
    )
    op.create_index("ix_log_node_hash", "log_node", ["hash"], unique=False, postgresql_where=sa.text("level = 0"))
    op.create_table(
        "tree_head",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("key_number", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.CheckConstraint("length(root) = 32 AND length(previous) = 32", name=op.f("ck_tree_head_hash_length")),
        sa.CheckConstraint("length(signature) = 64", name=op.f("ck_tree_head_signature_length")),
        sa.CheckConstraint("size > 0", name=op.f("ck_tree_head_size_positive")),
        sa.ForeignKeyConstraint(["key_number"], ["log_key.number"], name=op.f("fk_tree_head_key_number_log_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tree_head")),
        sa.UniqueConstraint("day", name=op.f("uq_tree_head_day")),
    )
    op.create_index("ix_tree_head_size", "tree_head", ["size"], unique=False)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.drop_table("transfer_digest")
    op.drop_table("ledger_seal")


def downgrade() -> None:
    # The next seal covers everything again, and counts the balances from the first entry on.
    op.execute("DELETE FROM account_balance")
    op.create_table(
        "transfer_digest",
        sa.Column("transfer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("length(digest) = 32", name="ck_transfer_digest_digest_length"),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_transfer_digest")),
    )
    op.create_table(
        "ledger_seal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("through_transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("through_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("transfers", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_seal")),
        sa.UniqueConstraint("through_transfer_id", name=op.f("uq_ledger_seal_through_transfer_id")),
    )
    for table in ("transfer_digest", "ledger_seal"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.drop_index("ix_tree_head_size", table_name="tree_head")
    op.drop_table("tree_head")
    op.drop_index("ix_log_node_hash", table_name="log_node")
    op.drop_table("log_node")
    op.drop_table("log_leaf")
    op.drop_table("log_key")
    op.drop_column("ledger_check", "leaves")
