"""Announced public holidays, provisional deadlines, notices stopped before their time, accounts that are closed.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_notice", sa.Column("stopped_on", sa.Date(), nullable=True))
    op.add_column("case_objection", sa.Column("due_provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(
        "comparison_alert", sa.Column("due_provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("registry_case", sa.Column("due_provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "account_closure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proof", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("(done_at IS NULL) = (proof IS NULL)", name=op.f("ck_account_closure_done_has_proof")),
        sa.CheckConstraint("due_at > asked_at", name=op.f("ck_account_closure_due_after_asking")),
        sa.CheckConstraint("taken_back_at IS NULL OR done_at IS NULL", name=op.f("ck_account_closure_one_end")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_closure_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_closure")),
        sa.UniqueConstraint("public_id", name=op.f("uq_account_closure_public_id")),
    )
    op.create_index(
        "ix_account_closure_due_at",
        "account_closure",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("taken_back_at IS NULL AND done_at IS NULL"),
    )
    op.create_index(
        "uq_account_closure_open",
        "account_closure",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("taken_back_at IS NULL"),
    )
    op.create_table(
        "workday_announcement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=True),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("rest_days", postgresql.JSONB(), nullable=False),
        sa.Column("work_days", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("set_by_id", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source <> ''", name=op.f("ck_workday_announcement_source_named")),
        sa.CheckConstraint("year BETWEEN 2000 AND 2999", name=op.f("ck_workday_announcement_year_possible")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_workday_announcement_area_code_area")),
        sa.ForeignKeyConstraint(["set_by_id"], ["account.id"], name=op.f("fk_workday_announcement_set_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workday_announcement")),
    )
    op.create_index("ix_workday_announcement_year_area_code", "workday_announcement", ["year", "area_code"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_workday_announcement_year_area_code", table_name="workday_announcement")
    op.drop_table("workday_announcement")
    op.drop_index("uq_account_closure_open", table_name="account_closure", postgresql_where=sa.text("taken_back_at IS NULL"))
    op.drop_index(
        "ix_account_closure_due_at",
        table_name="account_closure",
        postgresql_where=sa.text("taken_back_at IS NULL AND done_at IS NULL"),
    )
    op.drop_table("account_closure")
    op.drop_column("registry_case", "due_provisional")
    op.drop_column("comparison_alert", "due_provisional")
    op.drop_column("case_objection", "due_provisional")
    op.drop_column("case_notice", "stopped_on")
