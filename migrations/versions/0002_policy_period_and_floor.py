"""A policy's last day and its floor per household."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tilt_policy", sa.Column("household_floor", sa.Double(), nullable=False, server_default="0"))
    op.alter_column("tilt_policy", "household_floor", server_default=None)
    op.add_column("tilt_policy", sa.Column("ends_on", sa.Date(), nullable=True))
    op.create_check_constraint(op.f("ck_tilt_policy_household_floor_range"), "tilt_policy", "household_floor BETWEEN 0 AND 1")
    op.create_check_constraint(
        op.f("ck_tilt_policy_household_floor_of_exposure"), "tilt_policy", "household_floor = 0 OR exposure_share IS NOT NULL"
    )
    op.create_check_constraint(op.f("ck_tilt_policy_ends_after_begin"), "tilt_policy", "ends_on >= begins_on")


def downgrade() -> None:
    op.drop_column("tilt_policy", "ends_on")
    op.drop_column("tilt_policy", "household_floor")
