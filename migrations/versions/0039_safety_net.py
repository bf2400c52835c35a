"""Benefits as dated rules, what households are entitled to, gaps in their files and costs they have shown.

Revision ID: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "benefit_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("condition", sa.String(length=300), nullable=False),
        sa.Column("amount", sa.String(length=300), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("set_by_id", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]{1,23}$'", name=op.f("ck_benefit_rule_code_form")),
        sa.CheckConstraint(
            "kind IN ('dibao', 'medical', 'education', 'disaster', 'pension', 'expenditure')",
            name=op.f("ck_benefit_rule_kind_known"),
        ),
        sa.CheckConstraint("source <> ''", name=op.f("ck_benefit_rule_source_named")),
        sa.CheckConstraint("ends_on >= begins_on", name=op.f("ck_benefit_rule_ends_after_beginning")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_benefit_rule_area_code_area")),
        sa.ForeignKeyConstraint(["set_by_id"], ["account.id"], name=op.f("fk_benefit_rule_set_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benefit_rule")),
        sa.UniqueConstraint("public_id", name=op.f("uq_benefit_rule_public_id")),
    )
    op.create_index(
        "ix_benefit_rule_area_code_code_begins_on", "benefit_rule", ["area_code", "code", "begins_on"], unique=False
    )
    op.create_table(
        "safety_net_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("basis", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("after_household_id", sa.BigInteger(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'running') = (done_at IS NULL)", name=op.f("ck_safety_net_run_over_has_moment")),
        sa.CheckConstraint("state IN ('running', 'done', 'overtaken')", name=op.f("ck_safety_net_run_state_known")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_safety_net_run_area_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_net_run")),
        sa.UniqueConstraint("public_id", name=op.f("uq_safety_net_run_public_id")),
    )
    op.create_index("ix_safety_net_run_area_code_id", "safety_net_run", ["area_code", "id"], unique=False)
    op.create_index(
        "uq_safety_net_run_running", "safety_net_run", ["area_code"], unique=True, postgresql_where=sa.text("state = 'running'")
    )
    op.create_table(
        "entitlement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("why", sa.String(length=8), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("granted_fen", sa.BigInteger(), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("granted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint(
            "(state IN ('granted', 'paid', 'review')) <= (granted_fen > 0)", name=op.f("ck_entitlement_granted_is_something")
        ),
        sa.CheckConstraint(
            "(state IN ('open', 'review')) = (due_on IS NOT NULL)", name=op.f("ck_entitlement_waiting_has_clock")
        ),
        sa.CheckConstraint("(why <> '') = (state = 'review')", name=op.f("ck_entitlement_review_has_reason")),
        sa.CheckConstraint("state <> 'open' OR amount_fen > granted_fen", name=op.f("ck_entitlement_open_is_uncovered")),
        sa.CheckConstraint(
            "state IN ('open', 'granted', 'paid', 'declined', 'review', 'lapsed')", name=op.f("ck_entitlement_state_known")
        ),
        sa.CheckConstraint("why IN ('', 'less', 'ended', 'exit')", name=op.f("ck_entitlement_why_known")),
        sa.CheckConstraint("(granted_fen > 0) <= (granted_by_id IS NOT NULL)", name=op.f("ck_entitlement_granted_has_person")),
        sa.CheckConstraint("amount_fen >= 0 AND granted_fen >= 0", name=op.f("ck_entitlement_amounts_not_negative")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_entitlement_decided_by_id_account")),
        sa.ForeignKeyConstraint(["granted_by_id"], ["account.id"], name=op.f("fk_entitlement_granted_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_entitlement_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["rule_id"], ["benefit_rule.id"], name=op.f("fk_entitlement_rule_id_benefit_rule")),
        sa.ForeignKeyConstraint(["run_id"], ["safety_net_run.id"], name=op.f("fk_entitlement_run_id_safety_net_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlement")),
        sa.UniqueConstraint("household_id", "code", "year", name=op.f("uq_entitlement_household_id_code_year")),
        sa.UniqueConstraint("public_id", name=op.f("uq_entitlement_public_id")),
    )
    op.create_index("ix_entitlement_village_code_state", "entitlement", ["village_code", "state"], unique=False)
    op.create_index(
        "ix_entitlement_waiting",
        "entitlement",
        ["village_code", "due_on"],
        unique=False,
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )
    op.create_table(
        "file_gap",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("missing", postgresql.JSONB(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_file_gap_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["safety_net_run.id"], name=op.f("fk_file_gap_run_id_safety_net_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_gap")),
        sa.UniqueConstraint("household_id", "year", name=op.f("uq_file_gap_household_id_year")),
    )
    op.create_index("ix_file_gap_village_code", "file_gap", ["village_code"], unique=False)
    op.create_table(
        "necessary_cost",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.String(length=120), nullable=False),
        sa.Column("entered_by_id", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by_id", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("kind IN ('medical', 'schooling', 'disaster')", name=op.f("ck_necessary_cost_kind_known")),
        sa.CheckConstraint(
            "(withdrawn_by_id IS NULL) = (withdrawn_at IS NULL)", name=op.f("ck_necessary_cost_withdrawn_has_moment")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_necessary_cost_amount_positive")),
        sa.CheckConstraint("year BETWEEN 2013 AND 2100", name=op.f("ck_necessary_cost_year_known")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["account.id"], name=op.f("fk_necessary_cost_entered_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_necessary_cost_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["withdrawn_by_id"], ["account.id"], name=op.f("fk_necessary_cost_withdrawn_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_necessary_cost")),
        sa.UniqueConstraint("public_id", name=op.f("uq_necessary_cost_public_id")),
    )
    op.create_index(
        "uq_necessary_cost_document",
        "necessary_cost",
        ["household_id", "kind", "document"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_necessary_cost_document", table_name="necessary_cost", postgresql_where=sa.text("withdrawn_at IS NULL"))
    op.drop_table("necessary_cost")
    op.drop_index("ix_file_gap_village_code", table_name="file_gap")
    op.drop_table("file_gap")
    op.drop_index("ix_entitlement_waiting", table_name="entitlement", postgresql_where=sa.text("due_on IS NOT NULL"))
    op.drop_index("ix_entitlement_village_code_state", table_name="entitlement")
    op.drop_table("entitlement")
    op.drop_index("uq_safety_net_run_running", table_name="safety_net_run", postgresql_where=sa.text("state = 'running'"))
    op.drop_index("ix_safety_net_run_area_code_id", table_name="safety_net_run")
    op.drop_table("safety_net_run")
    op.drop_index("ix_benefit_rule_area_code_code_begins_on", table_name="benefit_rule")
    op.drop_table("benefit_rule")
