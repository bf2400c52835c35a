"""Let price lists hold for every enterprise, have steps by quantity, and end before their last day.

Revision ID: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("price_list", "enterprise_id", existing_type=sa.BigInteger(), nullable=True)
    op.add_column("price_list", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    # What was agreed until now held for every amount.
    op.add_column("price_list_line", sa.Column("from_g", sa.BigInteger(), server_default="0", nullable=False))
    op.alter_column("price_list_line", "from_g", server_default=None)
    op.drop_constraint(op.f("pk_price_list_line"), "price_list_line", type_="primary")
    op.create_primary_key(op.f("pk_price_list_line"), "price_list_line", ["list_id", "product_id", "grade", "from_g"])
    op.create_check_constraint(op.f("ck_price_list_line_from_range"), "price_list_line", "from_g BETWEEN 0 AND 1000000000")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_price_list_line_from_range"), "price_list_line", type_="check")
    # Of several steps only the dearest is known to hold for every amount.
    op.execute(
        """
        DELETE FROM price_list_line AS step USING price_list_line AS dearer
        WHERE (dearer.list_id, dearer.product_id, dearer.grade) = (step.list_id, step.product_id, step.grade)
          AND dearer.from_g < step.from_g
        """
    )
    op.drop_constraint(op.f("pk_price_list_line"), "price_list_line", type_="primary")
    op.create_primary_key(op.f("pk_price_list_line"), "price_list_line", ["list_id", "product_id", "grade"])
    op.drop_column("price_list_line", "from_g")
    op.drop_column("price_list", "ended_at")
    # Lists for everybody have no place in the older form.
    op.execute("DELETE FROM price_list_line USING price_list WHERE id = list_id AND enterprise_id IS NULL")
    op.execute("DELETE FROM price_list WHERE enterprise_id IS NULL")
    op.alter_column("price_list", "enterprise_id", existing_type=sa.BigInteger(), nullable=False)
