"""Price steps, least quantities, and goods that are weighed when they are packed.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from marketplace.kernel.types import UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _check_reasons(reasons: str) -> None:
    op.drop_constraint(op.f("ck_refund_reason_known"), "refund", type_="check")
    op.create_check_constraint(op.f("ck_refund_reason_known"), "refund", f"reason IN ({reasons})")


def upgrade() -> None:
    op.create_table(
        "price_tier",
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("from_quantity", sa.Numeric(12, 3), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("from_quantity > 0 AND from_quantity <= 9999", name=op.f("ck_price_tier_from_quantity_range")),
        sa.CheckConstraint("price_fen BETWEEN 1 AND 100000000", name=op.f("ck_price_tier_price_range")),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_price_tier_listing_id_listing")),
        sa.PrimaryKeyConstraint("listing_id", "from_quantity", name=op.f("pk_price_tier")),
    )
    op.add_column("listing", sa.Column("minimum_quantity", sa.Numeric(12, 3)))
    op.add_column("listing", sa.Column("weight_unit", sa.String(8)))
    op.add_column("listing", sa.Column("weight_price_fen", sa.BigInteger()))
    op.add_column("listing", sa.Column("piece_grams_min", sa.Integer()))
    op.create_check_constraint(
        op.f("ck_listing_minimum_quantity_range"), "listing", "minimum_quantity > 0 AND minimum_quantity <= 9999"
    )
    op.create_check_constraint(
        op.f("ck_listing_catch_weight_whole"),
        "listing",
        "num_nonnulls(weight_unit, weight_price_fen, piece_grams_min) = 0"
        " OR (num_nonnulls(weight_unit, weight_price_fen, piece_grams_min) = 3 AND unit = 'piece'"
        " AND weight_unit IN ('jin', 'kg') AND weight_price_fen BETWEEN 1 AND 100000000"
        " AND piece_grams_min BETWEEN 1 AND unit_grams - 1)",
    )
    op.create_table(
        "order_line_weighing",
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("public_id", sa.String(20), nullable=False),
        sa.Column("unit", sa.String(8), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("least_grams", sa.BigInteger(), nullable=False),
        sa.Column("most_grams", sa.BigInteger(), nullable=False),
        sa.Column("most_fen", sa.BigInteger(), nullable=False),
        sa.Column("grams", sa.BigInteger()),
        sa.Column("weighed_at", UTCDateTime(timezone=True)),
        sa.CheckConstraint(
            "unit IN ('jin', 'kg') AND price_fen > 0 AND most_fen > 0", name=op.f("ck_order_line_weighing_price_known")
        ),
        sa.CheckConstraint("least_grams > 0 AND least_grams <= most_grams", name=op.f("ck_order_line_weighing_range_whole")),
        sa.CheckConstraint("grams BETWEEN 1 AND most_grams", name=op.f("ck_order_line_weighing_grams_within_most")),
        sa.CheckConstraint("(grams IS NULL) = (weighed_at IS NULL)", name=op.f("ck_order_line_weighing_weighed_has_moment")),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_order_line_weighing_line_id_order_line")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_order_line_weighing")),
        sa.UniqueConstraint("public_id", name=op.f("uq_order_line_weighing_public_id")),
    )
    _check_reasons("'cancelled', 'claim', 'surplus', 'weighed'")


def downgrade() -> None:
    op.execute("UPDATE refund SET reason = 'claim' WHERE reason = 'weighed'")
    _check_reasons("'cancelled', 'claim', 'surplus'")
    op.drop_table("order_line_weighing")
    op.drop_constraint(op.f("ck_listing_catch_weight_whole"), "listing", type_="check")
    op.drop_constraint(op.f("ck_listing_minimum_quantity_range"), "listing", type_="check")
    for column in ("piece_grams_min", "weight_price_fen", "weight_unit", "minimum_quantity"):
        op.drop_column("listing", column)
    op.drop_table("price_tier")
