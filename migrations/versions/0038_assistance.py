"""Officers in duty and their households, needs, helper units and pledges.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty_officer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.String(length=16), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("entered_by_id", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "rank IN ('county_head', 'county_deputy', 'section_head', 'section_deputy', 'other')",
            name=op.f("ck_duty_officer_rank_known"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_duty_officer_account_id_account")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_duty_officer_area_code_area")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["account.id"], name=op.f("fk_duty_officer_entered_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_officer")),
        sa.UniqueConstraint("account_id", name=op.f("uq_duty_officer_account_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_duty_officer_public_id")),
    )
    op.create_index("ix_duty_officer_area_code", "duty_officer", ["area_code"], unique=False)
    op.create_table(
        "duty_plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("officers", sa.Integer(), nullable=False),
        sa.Column("near", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("drafted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decided_by_id <> drafted_by_id OR state <> 'approved'", name=op.f("ck_duty_plan_two_persons")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_duty_plan_area_code_area")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_duty_plan_decided_by_id_account")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["account.id"], name=op.f("fk_duty_plan_drafted_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_plan")),
        sa.UniqueConstraint("public_id", name=op.f("uq_duty_plan_public_id")),
    )
    op.create_index(
        "uq_duty_plan_drafted", "duty_plan", ["area_code"], unique=True, postgresql_where=sa.text("state = 'drafted'")
    )
    op.create_table(
        "duty_year",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("sheet", postgresql.JSONB(), nullable=False),
        sa.Column("sheet_source", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("drafted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decided_by_id <> drafted_by_id OR state <> 'approved'", name=op.f("ck_duty_year_two_persons")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_duty_year_area_code_area")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_duty_year_decided_by_id_account")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["account.id"], name=op.f("fk_duty_year_drafted_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_year")),
        sa.UniqueConstraint("public_id", name=op.f("uq_duty_year_public_id")),
    )
    op.create_index(
        "uq_duty_year_area", "duty_year", ["area_code", "year"], unique=True, postgresql_where=sa.text("state <> 'discarded'")
    )
    op.create_table(
        "helper_unit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("can", postgresql.ARRAY(sa.String(length=12)), nullable=False),
        sa.Column("quota", sa.SmallInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('department', 'society', 'enterprise', 'donor')", name=op.f("ck_helper_unit_kind_known")),
        sa.CheckConstraint("approved_by_id <> account_id", name=op.f("ck_helper_unit_two_persons")),
        sa.CheckConstraint("cardinality(can) > 0", name=op.f("ck_helper_unit_can_something")),
        sa.CheckConstraint("quota BETWEEN 1 AND 1000", name=op.f("ck_helper_unit_quota_range")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_helper_unit_account_id_account")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["account.id"], name=op.f("fk_helper_unit_approved_by_id_account")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_helper_unit_area_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helper_unit")),
        sa.UniqueConstraint("account_id", name=op.f("uq_helper_unit_account_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_helper_unit_public_id")),
    )
    op.create_index("ix_helper_unit_area_code", "helper_unit", ["area_code"], unique=False)
    op.create_table(
        "need",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("worth_fen", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("card", sa.String(length=200), nullable=False),
        sa.Column("shown_code", sa.String(length=12, collation="C"), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("raised_by_id", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_by_id", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=200), nullable=False),
        sa.CheckConstraint("(card = '') = (verified_by_id IS NULL)", name=op.f("ck_need_card_is_verified")),
        sa.CheckConstraint(
            "kind IN ('money', 'materials', 'skill', 'work', 'schooling', 'health', 'housing', 'public_works', 'sales')",
            name=op.f("ck_need_kind_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('open', 'pledged', 'delivered', 'closed') OR card <> ''", name=op.f("ck_need_shown_has_card")
        ),
        sa.CheckConstraint("verified_by_id <> raised_by_id", name=op.f("ck_need_two_persons")),
        sa.CheckConstraint("worth_fen > 0", name=op.f("ck_need_worth_positive")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_need_area_code_area")),
        sa.ForeignKeyConstraint(["raised_by_id"], ["account.id"], name=op.f("fk_need_raised_by_id_account")),
        sa.ForeignKeyConstraint(["shown_code"], ["area.code"], name=op.f("fk_need_shown_code_area")),
        sa.ForeignKeyConstraint(["verified_by_id"], ["account.id"], name=op.f("fk_need_verified_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need")),
        sa.UniqueConstraint("public_id", name=op.f("uq_need_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_need_reference")),
    )
    op.create_index("ix_need_area_code", "need", ["area_code"], unique=False)
    op.create_index("ix_need_state_due_on", "need", ["state", "due_on"], unique=False)
    op.create_table(
        "need_round",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("method", sa.String(length=12), nullable=False),
        sa.Column("needs", sa.SmallInteger(), nullable=False),
        sa.Column("matched", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("drafted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decided_by_id <> drafted_by_id OR state <> 'approved'", name=op.f("ck_need_round_two_persons")),
        sa.CheckConstraint("method IN ('stable', 'best_sum')", name=op.f("ck_need_round_method_known")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_need_round_area_code_area")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_need_round_decided_by_id_account")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["account.id"], name=op.f("fk_need_round_drafted_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_round")),
        sa.UniqueConstraint("public_id", name=op.f("uq_need_round_public_id")),
    )
    op.create_index(
        "uq_need_round_drafted", "need_round", ["area_code"], unique=True, postgresql_where=sa.text("state = 'drafted'")
    )
    op.create_table(
        "duty",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.String(length=8), nullable=False),
        sa.Column("near", sa.SmallInteger(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=16), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("place IN ('first', 'second')", name=op.f("ck_duty_place_known")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_why IS NULL)", name=op.f("ck_duty_ending_has_reason")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_duty_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["duty_officer.id"], name=op.f("fk_duty_officer_id_duty_officer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
        sa.UniqueConstraint("public_id", name=op.f("uq_duty_public_id")),
    )
    op.create_index("ix_duty_officer_id", "duty", ["officer_id"], unique=False, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("ix_duty_village_code", "duty", ["village_code"], unique=False)
    op.create_index(
        "uq_duty_officer", "duty", ["household_id", "officer_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index(
        "uq_duty_running", "duty", ["household_id", "place"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "duty_plan_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("near", sa.SmallInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_duty_plan_line_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["duty_officer.id"], name=op.f("fk_duty_plan_line_officer_id_duty_officer")),
        sa.ForeignKeyConstraint(["plan_id"], ["duty_plan.id"], name=op.f("fk_duty_plan_line_plan_id_duty_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_plan_line")),
        sa.UniqueConstraint("plan_id", "household_id", name=op.f("uq_duty_plan_line_plan_id_household_id")),
    )
    op.create_table(
        "duty_score",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("year_id", sa.BigInteger(), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("households", sa.SmallInteger(), nullable=False),
        sa.Column("items", postgresql.JSONB(), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["officer_id"], ["duty_officer.id"], name=op.f("fk_duty_score_officer_id_duty_officer")),
        sa.ForeignKeyConstraint(["year_id"], ["duty_year.id"], name=op.f("fk_duty_score_year_id_duty_year")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_score")),
        sa.UniqueConstraint("year_id", "officer_id", name=op.f("uq_duty_score_year_id_officer_id")),
    )
    op.create_table(
        "funds_brought",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("document_number", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("drafted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("decided_by_id <> drafted_by_id OR state <> 'approved'", name=op.f("ck_funds_brought_two_persons")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_funds_brought_amount_positive")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_funds_brought_decided_by_id_account")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["account.id"], name=op.f("fk_funds_brought_drafted_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_funds_brought_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["duty_officer.id"], name=op.f("fk_funds_brought_officer_id_duty_officer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funds_brought")),
        sa.UniqueConstraint("household_id", "document_number", name=op.f("uq_funds_brought_household_id_document_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_funds_brought_public_id")),
    )
    op.create_index("ix_funds_brought_officer_id", "funds_brought", ["officer_id"], unique=False)
    op.create_table(
        "need_of",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("need_id", sa.BigInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_need_of_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_need_of_need_id_need")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_of")),
        sa.UniqueConstraint("need_id", name=op.f("uq_need_of_need_id")),
    )
    op.create_index("ix_need_of_household_id", "need_of", ["household_id"], unique=False)
    op.create_table(
        "need_round_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("need_id", sa.BigInteger(), nullable=False),
        sa.Column("helper_id", sa.BigInteger(), nullable=False),
        sa.Column("fit", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["helper_id"], ["helper_unit.id"], name=op.f("fk_need_round_line_helper_id_helper_unit")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_need_round_line_need_id_need")),
        sa.ForeignKeyConstraint(["round_id"], ["need_round.id"], name=op.f("fk_need_round_line_round_id_need_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_round_line")),
        sa.UniqueConstraint("round_id", "need_id", name=op.f("uq_need_round_line_round_id_need_id")),
    )
    op.create_index("ix_need_round_line_helper_id", "need_round_line", ["helper_id"], unique=False)
    op.create_table(
        "pledge",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("need_id", sa.BigInteger(), nullable=False),
        sa.Column("helper_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deliver_by", sa.Date(), nullable=False),
        sa.Column("proof", sa.String(length=200), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(proof = '') = (delivered_at IS NULL)", name=op.f("ck_pledge_delivered_has_proof")),
        sa.CheckConstraint("state NOT IN ('delivered', 'kept') OR proof <> ''", name=op.f("ck_pledge_proof_there")),
        sa.CheckConstraint("closed_by_id <> made_by_id", name=op.f("ck_pledge_two_persons")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["account.id"], name=op.f("fk_pledge_closed_by_id_account")),
        sa.ForeignKeyConstraint(["helper_id"], ["helper_unit.id"], name=op.f("fk_pledge_helper_id_helper_unit")),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_pledge_made_by_id_account")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_pledge_need_id_need")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pledge_public_id")),
    )
    op.create_index("ix_pledge_helper_id", "pledge", ["helper_id"], unique=False)
    op.create_index(
        "uq_pledge_running",
        "pledge",
        ["need_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('standing', 'delivered', 'kept')"),
    )
    op.create_table(
        "duty_handover",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("duty_id", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heir_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["duty_id"], ["duty.id"], name=op.f("fk_duty_handover_duty_id_duty")),
        sa.ForeignKeyConstraint(["heir_id"], ["duty_officer.id"], name=op.f("fk_duty_handover_heir_id_duty_officer")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_duty_handover_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_handover")),
        sa.UniqueConstraint("duty_id", name=op.f("uq_duty_handover_duty_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_duty_handover_public_id")),
    )
    op.create_index(
        "ix_duty_handover_due_on", "duty_handover", ["due_on"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "duty_merit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("score_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("answer", sa.String(length=400), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("drafted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decided_by_id <> drafted_by_id OR state <> 'approved'", name=op.f("ck_duty_merit_two_persons")),
        sa.CheckConstraint("kind IN ('reward', 'penalty', 'promotion')", name=op.f("ck_duty_merit_kind_known")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_duty_merit_decided_by_id_account")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["account.id"], name=op.f("fk_duty_merit_drafted_by_id_account")),
        sa.ForeignKeyConstraint(["score_id"], ["duty_score.id"], name=op.f("fk_duty_merit_score_id_duty_score")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_merit")),
        sa.UniqueConstraint("public_id", name=op.f("uq_duty_merit_public_id")),
    )
    op.create_index(
        "uq_duty_merit_kind", "duty_merit", ["score_id", "kind"], unique=True, postgresql_where=sa.text("state <> 'discarded'")
    )
    op.create_table(
        "visit_word",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("visited_by_id", sa.BigInteger(), nullable=False),
        sa.Column("took_place", sa.Boolean(), nullable=False),
        sa.Column("satisfaction", sa.SmallInteger(), nullable=True),
        sa.Column("said_to_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("said_to_id <> visited_by_id", name=op.f("ck_visit_word_asked_by_another")),
        sa.CheckConstraint("satisfaction BETWEEN 1 AND 5", name=op.f("ck_visit_word_satisfaction_range")),
        sa.CheckConstraint("took_place OR satisfaction IS NULL", name=op.f("ck_visit_word_content_with_what_took_place")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_visit_word_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["said_to_id"], ["account.id"], name=op.f("fk_visit_word_said_to_id_account")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_word_visit_id_visit")),
        sa.ForeignKeyConstraint(["visited_by_id"], ["account.id"], name=op.f("fk_visit_word_visited_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_word")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_visit_word_visit_id")),
    )


def downgrade() -> None:
    op.drop_table("visit_word")
    op.drop_index("uq_duty_merit_kind", table_name="duty_merit", postgresql_where=sa.text("state <> 'discarded'"))
    op.drop_table("duty_merit")
    op.drop_index("ix_duty_handover_due_on", table_name="duty_handover", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("duty_handover")
    op.drop_index(
        "uq_pledge_running", table_name="pledge", postgresql_where=sa.text("state IN ('standing', 'delivered', 'kept')")
    )
    op.drop_index("ix_pledge_helper_id", table_name="pledge")
    op.drop_table("pledge")
    op.drop_index("ix_need_round_line_helper_id", table_name="need_round_line")
    op.drop_table("need_round_line")
    op.drop_index("ix_need_of_household_id", table_name="need_of")
    op.drop_table("need_of")
    op.drop_index("ix_funds_brought_officer_id", table_name="funds_brought")
    op.drop_table("funds_brought")
    op.drop_table("duty_score")
    op.drop_table("duty_plan_line")
    op.drop_index("uq_duty_running", table_name="duty", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("uq_duty_officer", table_name="duty", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_duty_village_code", table_name="duty")
    op.drop_index("ix_duty_officer_id", table_name="duty", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_table("duty")
    op.drop_index("uq_need_round_drafted", table_name="need_round", postgresql_where=sa.text("state = 'drafted'"))
    op.drop_table("need_round")
    op.drop_index("ix_need_state_due_on", table_name="need")
    op.drop_index("ix_need_area_code", table_name="need")
    op.drop_table("need")
    op.drop_index("ix_helper_unit_area_code", table_name="helper_unit")
    op.drop_table("helper_unit")
    op.drop_index("uq_duty_year_area", table_name="duty_year", postgresql_where=sa.text("state <> 'discarded'"))
    op.drop_table("duty_year")
    op.drop_index("uq_duty_plan_drafted", table_name="duty_plan", postgresql_where=sa.text("state = 'drafted'"))
    op.drop_table("duty_plan")
    op.drop_index("ix_duty_officer_area_code", table_name="duty_officer")
    op.drop_table("duty_officer")
