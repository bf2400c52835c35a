"""Goods kept for baskets at the checkout; links of the audit chain are added by the database itself.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Every statement inside sees what was committed before it, so the hash is read as the last holder of the lock has left it.
# The number is any constant; it names this chain among the server's advisory locks.
_APPEND = """
CREATE FUNCTION append_audit_event(
    _at timestamptz, _actor varchar, _on_behalf_of varchar, _verb varchar, _object_kind varchar, _object_id varchar,
    _data jsonb, _written bytea
) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    _previous bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(522636);
    SELECT hash INTO _previous FROM audit_event ORDER BY id DESC LIMIT 1;
    _previous := coalesce(_previous, decode(repeat('00', 32), 'hex'));
    INSERT INTO audit_event (at, actor, on_behalf_of, verb, object_kind, object_id, data, previous_hash, hash)
    VALUES (_at, _actor, _on_behalf_of, _verb, _object_kind, _object_id, _data, _previous, sha256(_previous || _written));
END
$$
"""
_ARGUMENTS = "timestamptz, varchar, varchar, varchar, varchar, varchar, jsonb, bytea"


def upgrade() -> None:
    op.execute(_APPEND)
    op.create_table(
        "stock_hold",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose_kind", sa.String(24), nullable=False),
        sa.Column("purpose_id", sa.String(64), nullable=False),
        sa.Column("quantity", sa.Numeric(12, 3), nullable=False),
        sa.Column("held_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_hold_quantity_positive")),
        sa.CheckConstraint(
            "expires_at > held_from AND expires_at - held_from <= interval '1 hour'", name=op.f("ck_stock_hold_an_hour_at_most")
        ),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_stock_hold_listing_id_listing")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_hold")),
        sa.UniqueConstraint(
            "purpose_kind", "purpose_id", "listing_id", name=op.f("uq_stock_hold_purpose_kind_purpose_id_listing_id")
        ),
    )
    op.create_index("ix_stock_hold_listing_id_expires_at", "stock_hold", ["listing_id", "expires_at"])
    op.create_index("ix_stock_hold_expires_at", "stock_hold", ["expires_at"])


def downgrade() -> None:
    op.drop_table("stock_hold")
    op.execute(f"DROP FUNCTION append_audit_event({_ARGUMENTS})")
