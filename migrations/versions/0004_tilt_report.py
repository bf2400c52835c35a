"""A daily report of what a policy gave, and the alarms that follow from it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tilt_report",
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("lists", sa.Integer(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("exposure", sa.Double(), nullable=False),
        sa.Column("registered_exposure", sa.Double(), nullable=False),
        sa.Column("exposure_error", sa.Double(), nullable=True),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("registered_expected", sa.Double(), nullable=False),
        sa.Column("expected_error", sa.Double(), nullable=True),
        sa.Column("kept_share", sa.Double(), nullable=True),
        sa.Column("order_lines", sa.Integer(), nullable=False),
        sa.Column("sold_fen", sa.BigInteger(), nullable=False),
        sa.Column("registered_fen", sa.BigInteger(), nullable=False),
        sa.Column("sold_error", sa.Double(), nullable=True),
        sa.Column("shown_fen", sa.BigInteger(), nullable=False),
        sa.Column("shown_registered_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("registered_exposure BETWEEN 0 AND exposure", name=op.f("ck_tilt_report_exposure_within_whole")),
        sa.CheckConstraint("registered_expected BETWEEN 0 AND expected", name=op.f("ck_tilt_report_expected_within_whole")),
        sa.CheckConstraint("registered_fen BETWEEN 0 AND sold_fen", name=op.f("ck_tilt_report_sold_within_whole")),
        sa.CheckConstraint("shown_registered_fen BETWEEN 0 AND shown_fen", name=op.f("ck_tilt_report_shown_within_whole")),
        sa.CheckConstraint("shown_fen <= sold_fen", name=op.f("ck_tilt_report_shown_within_sold")),
        sa.CheckConstraint("kept_share BETWEEN 0 AND 1", name=op.f("ck_tilt_report_kept_range")),
        sa.ForeignKeyConstraint(["policy_id"], ["tilt_policy.id"], name=op.f("fk_tilt_report_policy_id_tilt_policy")),
        sa.PrimaryKeyConstraint("reported_on", "policy_id", name=op.f("pk_tilt_report")),
    )
    op.create_index(op.f("ix_tilt_report_policy_id"), "tilt_report", ["policy_id"])
    op.create_table(
        "tilt_alarm",
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(10), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint("measure IN ('exposure', 'expected', 'sold')", name=op.f("ck_tilt_alarm_measure_known")),
        sa.CheckConstraint("ended_on > began_on", name=op.f("ck_tilt_alarm_ends_after_begin")),
        sa.ForeignKeyConstraint(["policy_id"], ["tilt_policy.id"], name=op.f("fk_tilt_alarm_policy_id_tilt_policy")),
        sa.PrimaryKeyConstraint("policy_id", "measure", "began_on", name=op.f("pk_tilt_alarm")),
    )


def downgrade() -> None:
    op.drop_table("tilt_alarm")
    op.drop_table("tilt_report")
