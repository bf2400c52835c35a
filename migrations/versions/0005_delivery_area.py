"""Where a listing's goods are delivered to."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("listing", sa.Column("delivers_to", sa.String(length=12, collation="C"), nullable=True))
    op.create_foreign_key(op.f("fk_listing_delivers_to_area"), "listing", "area", ["delivers_to"], ["code"])
    op.create_check_constraint(op.f("ck_listing_delivers_around"), "listing", "starts_with(area_code, delivers_to)")


def downgrade() -> None:
    op.drop_column("listing", "delivers_to")
