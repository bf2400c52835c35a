"""Keep forecasts with their cards and errors, and the households that may fall back.

Revision ID: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forecast_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("cut_on", sa.Date(), nullable=False),
        sa.Column("test_from", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("made_up", sa.Boolean(), nullable=False),
        sa.Column("drift", sa.Float(), nullable=False),
        sa.Column("drift_percent", sa.Integer(), nullable=False),
        sa.Column("card", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("kind IN ('price', 'demand', 'needs', 'relapse')", name=op.f("ck_forecast_run_kind_known")),
        sa.CheckConstraint("drift >= 0", name=op.f("ck_forecast_run_drift_not_negative")),
        sa.CheckConstraint("test_from <= cut_on AND rows > 0", name=op.f("ck_forecast_run_tested_before_the_cut")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast_run")),
        sa.UniqueConstraint("public_id", name=op.f("uq_forecast_run_public_id")),
    )
    op.create_index("ix_forecast_run_kind_scope_id", "forecast_run", ["kind", "scope", "id"], unique=False)
    op.create_table(
        "forecast_error",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("horizon", sa.SmallInteger(), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("error", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("gain", sa.Float(), nullable=False),
        sa.Column("gain_low", sa.Float(), nullable=False),
        sa.Column("gain_high", sa.Float(), nullable=False),
        sa.CheckConstraint("method IN ('model', 'last', 'season', 'rule')", name=op.f("ck_forecast_error_method_known")),
        sa.CheckConstraint("low <= high AND gain_low <= gain_high", name=op.f("ck_forecast_error_intervals")),
        sa.ForeignKeyConstraint(["run_id"], ["forecast_run.id"], name=op.f("fk_forecast_error_run_id_forecast_run")),
        sa.PrimaryKeyConstraint("run_id", "horizon", "method", name=op.f("pk_forecast_error")),
    )
    op.create_table(
        "forecast_value",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("horizon", sa.SmallInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("last", sa.Float(), nullable=False),
        sa.CheckConstraint("low >= 0 AND low <= value AND value <= high", name=op.f("ck_forecast_value_in_order")),
        sa.ForeignKeyConstraint(["run_id"], ["forecast_run.id"], name=op.f("fk_forecast_value_run_id_forecast_run")),
        sa.PrimaryKeyConstraint("run_id", "subject", "horizon", name=op.f("pk_forecast_value")),
    )
    op.create_table(
        "relapse_risk",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("probability BETWEEN 0 AND 1", name=op.f("ck_relapse_risk_probability_range")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_relapse_risk_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["forecast_run.id"], name=op.f("fk_relapse_risk_run_id_forecast_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relapse_risk")),
        sa.UniqueConstraint("run_id", "household_id", name=op.f("uq_relapse_risk_run_id_household_id")),
    )
    op.create_index("ix_relapse_risk_household_id", "relapse_risk", ["household_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_relapse_risk_household_id", table_name="relapse_risk")
    op.drop_table("relapse_risk")
    op.drop_table("forecast_value")
    op.drop_table("forecast_error")
    op.drop_index("ix_forecast_run_kind_scope_id", table_name="forecast_run")
    op.drop_table("forecast_run")
