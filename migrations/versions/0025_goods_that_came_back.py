"""Goods of parcels that came back, stock that is written off, and what was taken off amounts due.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_RULES = ("kind_known", "sale_takes")
# The first migration gave its names whole, and the convention put its own before them.
_BEFORE, _NOW = ([f"{prefix}{name}" for name in _RULES] for prefix in ("ck_stock_movement_" * 2, "ck_stock_movement_"))


def _replace(old: list[str], new: list[str], kinds: str, taking: str) -> None:
    for name in old:
        op.drop_constraint(op.f(name), "stock_movement", type_="check")
    rules = (f"kind IN ({kinds})", f"{taking} = (quantity < 0) OR kind = 'correction'")
    for name, rule in zip(new, rules, strict=True):
        op.create_check_constraint(op.f(name), "stock_movement", rule)


def upgrade() -> None:
    _replace(_BEFORE, _NOW, "'harvest', 'sale', 'return', 'correction', 'write_off'", "(kind IN ('sale', 'write_off'))")
    op.add_column("order", sa.Column("uncharged_fen", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("order_line", sa.Column("uncharged", sa.Numeric(12, 3), server_default="0", nullable=False))
    # So far only a weight took anything off before it was paid.
    op.execute(
        """
        UPDATE "order" SET uncharged_fen = weighed.fen FROM (
            SELECT line.order_id, sum(weighing.most_fen - line.total_fen) AS fen
            FROM order_line_weighing weighing JOIN order_line line ON line.id = weighing.line_id
            JOIN "order" own ON own.id = line.order_id JOIN order_group ON order_group.id = own.group_id
            WHERE weighing.weighed_at < coalesce(order_group.paid_at, 'infinity') GROUP BY line.order_id
        ) weighed WHERE weighed.order_id = "order".id AND weighed.fen > 0
        """
    )
    op.create_check_constraint(op.f("ck_order_uncharged_within_refunded"), "order", "uncharged_fen BETWEEN 0 AND refunded_fen")
    op.create_check_constraint(op.f("ck_order_line_uncharged_within_missing"), "order_line", "uncharged BETWEEN 0 AND missing")
    op.create_table(
        "returned_goods",
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Numeric(12, 3), nullable=False),
        sa.Column("came_back_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sound", sa.Numeric(12, 3), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_returned_goods_quantity_positive")),
        sa.CheckConstraint("sound BETWEEN 0 AND quantity", name=op.f("ck_returned_goods_sound_within_quantity")),
        sa.CheckConstraint("(sound IS NULL) = (checked_at IS NULL)", name=op.f("ck_returned_goods_checked_says")),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_returned_goods_line_id_order_line")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_returned_goods")),
    )
    op.create_index(
        "ix_returned_goods_waiting", "returned_goods", ["came_back_at"], postgresql_where=sa.text("checked_at IS NULL")
    )


def downgrade() -> None:
    op.drop_table("returned_goods")
    op.drop_column("order_line", "uncharged")
    op.drop_column("order", "uncharged_fen")
    # What was written off was there once and is not: the kind that says so without a name is a correction.
    op.execute("UPDATE stock_movement SET kind = 'correction' WHERE kind = 'write_off'")
    _replace(_NOW, _BEFORE, "'harvest', 'sale', 'return', 'correction'", "(kind = 'sale')")
