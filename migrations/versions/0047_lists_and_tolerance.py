"""Give price lists steps, an early end and every enterprise; and weighed goods their tolerance and a place for a surplus.

Revision ID: 0047
Revises: 0046
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
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
    for name in ("ordered_g", "least_g", "most_g"):
        op.add_column("acceptance_record", sa.Column(name, sa.BigInteger(), nullable=True))
    # Until now no weighing looked at a tolerance.
    op.execute(
        "UPDATE acceptance_record SET ordered_g = grams, least_g = grams, most_g = grams"
        " FROM contract_part WHERE contract_part.id = part_id"
    )
    for name in ("ordered_g", "least_g", "most_g"):
        op.alter_column("acceptance_record", name, existing_type=sa.BigInteger(), nullable=False)
    op.create_check_constraint(
        op.f("ck_acceptance_record_bounds_in_order"),
        "acceptance_record",
        "0 < least_g AND least_g <= ordered_g AND ordered_g <= most_g",
    )
    op.add_column("contract_part", sa.Column("surplus_order_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_contract_part_surplus_order_id_order"), "contract_part", "order", ["surplus_order_id"], ["id"]
    )
    op.create_unique_constraint(op.f("uq_contract_part_surplus_order_id"), "contract_part", ["surplus_order_id"])
    op.drop_constraint(op.f("ck_contract_part_accepted_within_grams"), "contract_part", type_="check")
    op.create_check_constraint(
        op.f("ck_contract_part_accepted_was_ordered"),
        "contract_part",
        "accepted_g >= 0 AND (accepted_g <= grams OR surplus_order_id IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_contract_part_surplus_was_accepted"), "contract_part", "surplus_order_id IS NULL OR state = 'accepted'"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_contract_part_surplus_was_accepted"), "contract_part", type_="check")
    op.drop_constraint(op.f("ck_contract_part_accepted_was_ordered"), "contract_part", type_="check")
    # The order of the surplus stays; the part says again what was accepted of what was agreed.
    op.execute("UPDATE contract_part SET accepted_g = least(accepted_g, grams)")
    op.create_check_constraint(
        op.f("ck_contract_part_accepted_within_grams"), "contract_part", "accepted_g BETWEEN 0 AND grams"
    )
    op.drop_constraint(op.f("uq_contract_part_surplus_order_id"), "contract_part", type_="unique")
    op.drop_constraint(op.f("fk_contract_part_surplus_order_id_order"), "contract_part", type_="foreignkey")
    op.drop_column("contract_part", "surplus_order_id")
    op.drop_constraint(op.f("ck_acceptance_record_bounds_in_order"), "acceptance_record", type_="check")
    for name in ("ordered_g", "least_g", "most_g"):
        op.drop_column("acceptance_record", name)
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
