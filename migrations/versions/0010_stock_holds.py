"""Goods kept for baskets at the checkout.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
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
