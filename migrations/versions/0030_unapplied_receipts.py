"""Bank transfers that came for a purchase which waits for no money.

Revision ID: 0030
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unapplied_receipt",
        sa.Column("refund_id", sa.BigInteger(), nullable=False),
        sa.Column("bank_reference", sa.String(length=64), nullable=False),
        sa.Column("noted_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_unapplied_receipt_refund_id_refund")),
        sa.PrimaryKeyConstraint("refund_id", name=op.f("pk_unapplied_receipt")),
        sa.UniqueConstraint("bank_reference", name=op.f("uq_unapplied_receipt_bank_reference")),
    )


def downgrade() -> None:
    op.drop_table("unapplied_receipt")
