"""Exports of files that two persons answer for, and the figures of counties that everybody may see.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_export",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=400), nullable=False),
        sa.Column("with_id_numbers", sa.Boolean(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("household_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(state = 'asked') = (decided_by_id IS NULL)", name=op.f("ck_file_export_decided_has_person")),
        sa.CheckConstraint("(state = 'ready') = (content IS NOT NULL)", name=op.f("ck_file_export_content_while_ready")),
        sa.CheckConstraint("(state = 'taken') = (taken_at IS NOT NULL)", name=op.f("ck_file_export_taken_has_moment")),
        sa.CheckConstraint("purpose <> ''", name=op.f("ck_file_export_purpose_named")),
        sa.CheckConstraint(
            "state IN ('asked', 'refused', 'released', 'ready', 'taken', 'expired')", name=op.f("ck_file_export_state_known")
        ),
        sa.CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_file_export_decided_has_moment")),
        sa.CheckConstraint("decided_by_id <> asked_by_id", name=op.f("ck_file_export_decided_by_another")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_file_export_area_code_area")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["account.id"], name=op.f("fk_file_export_asked_by_id_account")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_file_export_decided_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_export")),
        sa.UniqueConstraint("public_id", name=op.f("uq_file_export_public_id")),
    )
    op.create_index("ix_file_export_area_code", "file_export", ["area_code"], unique=False)
    op.create_index("ix_file_export_asked_by_id", "file_export", ["asked_by_id"], unique=False)
    op.create_index("ix_file_export_state_expires_at", "file_export", ["state", "expires_at"], unique=False)
    op.create_table(
        "published_figures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("county_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["county_code"], ["area.code"], name=op.f("fk_published_figures_county_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_figures")),
        sa.UniqueConstraint("county_code", "day", name=op.f("uq_published_figures_county_code_day")),
    )
    op.create_index(
        "ix_person_village_code_household_id",
        "person",
        ["village_code", "household_id"],
        unique=False,
        postgresql_include=["joined_on", "left_on"],
    )


def downgrade() -> None:
    op.drop_index("ix_person_village_code_household_id", table_name="person", postgresql_include=["joined_on", "left_on"])
    op.drop_table("published_figures")
    op.drop_index("ix_file_export_state_expires_at", table_name="file_export")
    op.drop_index("ix_file_export_asked_by_id", table_name="file_export")
    op.drop_index("ix_file_export_area_code", table_name="file_export")
    op.drop_table("file_export")
