"""Count sales by channel, with the farm gate's price beside the market's, by month, and what lists showed.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Known days count as sold to persons, without a wholesale price, until they are built again (``cli facts build``).
    for name in ("benefit_grams", "farm_gate_fen", "wholesale_fen"):
        op.add_column("sales_fact", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
        op.alter_column("sales_fact", name, server_default=None)
    op.add_column("sales_fact", sa.Column("channel", sa.String(length=10), nullable=False, server_default="consumer"))
    op.alter_column("sales_fact", "channel", server_default=None)
    op.execute("UPDATE sales_fact SET benefit_grams = div(grams::numeric * benefit_fen, total_fen) WHERE total_fen > 0")
    op.drop_constraint(op.f("pk_sales_fact"), "sales_fact", type_="primary")
    op.create_primary_key(op.f("pk_sales_fact"), "sales_fact", ["sold_on", "lot_id", "channel"])
    op.create_check_constraint(op.f("ck_sales_fact_benefit_within_grams"), "sales_fact", "benefit_grams BETWEEN 0 AND grams")
    op.create_check_constraint(
        op.f("ck_sales_fact_channel_known"), "sales_fact", "channel IN ('consumer', 'enterprise', 'reserved')"
    )
    op.create_table(
        "exposure_fact",
        sa.Column("shown_on", sa.Date(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("lists", sa.Integer(), nullable=False),
        sa.Column("exposure_millionths", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("lists > 0 AND exposure_millionths >= 0", name=op.f("ck_exposure_fact_was_shown")),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_exposure_fact_listing_id_listing")),
        sa.PrimaryKeyConstraint("shown_on", "listing_id", name=op.f("pk_exposure_fact")),
    )
    op.create_index("ix_exposure_fact_listing_id_shown_on", "exposure_fact", ["listing_id", "shown_on"], unique=False)
    op.create_table(
        "sales_month",
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("order_lines", sa.Integer(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("benefit_fen", sa.BigInteger(), nullable=False),
        sa.Column("benefit_grams", sa.BigInteger(), nullable=False),
        sa.Column("farm_gate_fen", sa.BigInteger(), nullable=False),
        sa.Column("wholesale_fen", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.CheckConstraint("channel IN ('consumer', 'enterprise', 'reserved')", name=op.f("ck_sales_month_channel_known")),
        sa.CheckConstraint("benefit_fen BETWEEN 0 AND total_fen", name=op.f("ck_sales_month_benefit_within_total")),
        sa.CheckConstraint("benefit_grams BETWEEN 0 AND grams", name=op.f("ck_sales_month_benefit_within_grams")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_sales_month_lot_id_lot")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_sales_month_producer_id_producer")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_sales_month_product_id_product")),
        sa.PrimaryKeyConstraint("month_on", "lot_id", "channel", name=op.f("pk_sales_month")),
    )
    op.create_index("ix_sales_month_area_code_month_on", "sales_month", ["area_code", "month_on"], unique=False)
    op.execute(
        "INSERT INTO sales_month (month_on, lot_id, channel, area_code, producer_id, product_id, order_lines, grams, total_fen,"
        " benefit_fen, benefit_grams, farm_gate_fen, wholesale_fen)"
        " SELECT date_trunc('month', sold_on)::date, lot_id, channel, min(area_code), min(producer_id), min(product_id),"
        " sum(order_lines), sum(grams), sum(total_fen), sum(benefit_fen), sum(benefit_grams), 0, 0"
        " FROM sales_fact GROUP BY 1, 2, 3"
    )


def downgrade() -> None:
    op.drop_index("ix_sales_month_area_code_month_on", table_name="sales_month")
    op.drop_table("sales_month")
    op.drop_index("ix_exposure_fact_listing_id_shown_on", table_name="exposure_fact")
    op.drop_table("exposure_fact")
    op.drop_constraint(op.f("ck_sales_fact_channel_known"), "sales_fact", type_="check")
    op.drop_constraint(op.f("ck_sales_fact_benefit_within_grams"), "sales_fact", type_="check")
    # One row for a lot and day again.
    op.execute(
        "UPDATE sales_fact SET order_lines = own.order_lines, grams = own.grams, total_fen = own.total_fen,"
        " benefit_fen = own.benefit_fen, channel = 'consumer' FROM (SELECT sold_on, lot_id, min(channel) AS kept,"
        " sum(order_lines) AS order_lines, sum(grams) AS grams, sum(total_fen) AS total_fen, sum(benefit_fen) AS benefit_fen"
        " FROM sales_fact GROUP BY sold_on, lot_id) own WHERE sales_fact.sold_on = own.sold_on"
        " AND sales_fact.lot_id = own.lot_id AND sales_fact.channel = own.kept"
    )
    op.drop_constraint(op.f("pk_sales_fact"), "sales_fact", type_="primary")
    op.execute(
        "DELETE FROM sales_fact USING sales_fact kept WHERE sales_fact.sold_on = kept.sold_on"
        " AND sales_fact.lot_id = kept.lot_id AND kept.channel = 'consumer' AND sales_fact.channel <> 'consumer'"
    )
    op.create_primary_key(op.f("pk_sales_fact"), "sales_fact", ["sold_on", "lot_id"])
    op.drop_column("sales_fact", "channel")
    op.drop_column("sales_fact", "wholesale_fen")
    op.drop_column("sales_fact", "farm_gate_fen")
    op.drop_column("sales_fact", "benefit_grams")
