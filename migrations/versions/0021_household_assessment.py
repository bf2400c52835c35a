"""The four numbers of households, the runs that counted them, and villages' own orders.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assessment_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_assessment_run_area_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_run")),
    )
    op.create_index("ix_assessment_run_area_code_year", "assessment_run", ["area_code", "year", "id"], unique=False)
    op.create_table(
        "village_ranking",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("groups", postgresql.JSONB(), nullable=False),
        sa.Column("poor_count", sa.SmallInteger(), nullable=False),
        sa.Column("recorded_by_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("poor_count >= 0", name=op.f("ck_village_ranking_poor_count_not_negative")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_village_ranking_recorded_by_id_account")),
        sa.ForeignKeyConstraint(["village_code"], ["area.code"], name=op.f("fk_village_ranking_village_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_village_ranking")),
        sa.UniqueConstraint("public_id", name=op.f("uq_village_ranking_public_id")),
    )
    op.create_index("ix_village_ranking_village_code_held_on", "village_ranking", ["village_code", "held_on"], unique=False)
    op.create_table(
        "household_assessment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("per_head_fen", sa.BigInteger(), nullable=True),
        sa.Column("deprivation", sa.Float(), nullable=True),
        sa.Column("proxy_fen", sa.BigInteger(), nullable=True),
        sa.Column("proxy_low_fen", sa.BigInteger(), nullable=True),
        sa.Column("proxy_high_fen", sa.BigInteger(), nullable=True),
        sa.Column("community", sa.Float(), nullable=True),
        sa.Column("readings", postgresql.JSONB(), nullable=False),
        sa.Column("partings", postgresql.JSONB(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("deprivation BETWEEN 0 AND 1", name=op.f("ck_household_assessment_deprivation_is_share")),
        sa.CheckConstraint(
            "proxy_low_fen <= proxy_fen AND proxy_fen <= proxy_high_fen",
            name=op.f("ck_household_assessment_proxy_within_interval"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_household_assessment_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["assessment_run.id"], name=op.f("fk_household_assessment_run_id_assessment_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_assessment")),
        sa.UniqueConstraint("household_id", "year", name=op.f("uq_household_assessment_household_id_year")),
    )
    op.create_index(
        "ix_household_assessment_parted",
        "household_assessment",
        ["village_code", "year"],
        unique=False,
        postgresql_where=sa.text("jsonb_array_length(partings) > 0"),
    )
    op.create_table(
        "village_rank",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ranking_id", sa.BigInteger(), nullable=False),
        sa.Column("places", postgresql.JSONB(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_village_rank_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ranking_id"], ["village_ranking.id"], name=op.f("fk_village_rank_ranking_id_village_ranking")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_village_rank")),
        sa.UniqueConstraint("ranking_id", "household_id", name=op.f("uq_village_rank_ranking_id_household_id")),
    )


def downgrade() -> None:
    op.drop_table("village_rank")
    op.drop_index(
        "ix_household_assessment_parted",
        table_name="household_assessment",
        postgresql_where=sa.text("jsonb_array_length(partings) > 0"),
    )
    op.drop_table("household_assessment")
    op.drop_index("ix_village_ranking_village_code_held_on", table_name="village_ranking")
    op.drop_table("village_ranking")
    op.drop_index("ix_assessment_run_area_code_year", table_name="assessment_run")
    op.drop_table("assessment_run")
