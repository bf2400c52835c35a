"""Say which building of a month its facts come from, so that whoever keeps a copy can tell that it is old.

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
    op.create_table(
        "fact_version",
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("month_on", name=op.f("pk_fact_version")),
    )
    op.execute("INSERT INTO fact_version SELECT month_on, gen_random_uuid() FROM sales_month GROUP BY month_on")


def downgrade() -> None:
    op.drop_table("fact_version")
