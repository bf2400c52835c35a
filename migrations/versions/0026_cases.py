"""Keep cases of entry, exit and monitoring, their notices, objections and samples, and what other departments' lists raise.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_round",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["village_code"], ["area.code"], name=op.f("fk_case_round_village_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_round")),
        sa.UniqueConstraint("public_id", name=op.f("uq_case_round_public_id")),
    )
    op.create_index(
        "uq_case_round_open", "case_round", ["village_code"], unique=True, postgresql_where=sa.text("closed_on IS NULL")
    )
    op.create_table(
        "department_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("department", sa.String(length=12), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("compared_by_id", sa.BigInteger(), nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "department IN ('vehicle', 'house', 'business', 'payroll')", name=op.f("ck_department_list_department_known")
        ),
        sa.CheckConstraint("rows >= 0 AND matched BETWEEN 0 AND rows", name=op.f("ck_department_list_matched_of_rows")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_department_list_area_code_area")),
        sa.ForeignKeyConstraint(["compared_by_id"], ["account.id"], name=op.f("fk_department_list_compared_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_list")),
        sa.UniqueConstraint("area_code", "department", "digest", name="uq_department_list_area_code_department_digest"),
        sa.UniqueConstraint("public_id", name=op.f("uq_department_list_public_id")),
    )
    op.create_table(
        "case_assembly",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("entitled", sa.Integer(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("recorded_by_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "entitled > 0 AND present BETWEEN 0 AND entitled", name=op.f("ck_case_assembly_present_of_entitled")
        ),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_case_assembly_recorded_by_id_account")),
        sa.ForeignKeyConstraint(["round_id"], ["case_round.id"], name=op.f("fk_case_assembly_round_id_case_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_assembly")),
        sa.UniqueConstraint("public_id", name=op.f("uq_case_assembly_public_id")),
    )
    op.create_index("ix_case_assembly_round_id", "case_assembly", ["round_id"], unique=False)
    op.create_table(
        "case_notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("gone_on", sa.Date(), nullable=False),
        sa.Column("published_by_id", sa.BigInteger(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('entry_first', 'entry_second', 'entry_announcement', 'exit', 'exit_announcement', 'monitoring', 'removal')",
            name=op.f("ck_case_notice_kind_known"),
        ),
        sa.CheckConstraint("closes_on > published_on", name=op.f("ck_case_notice_closes_after_publishing")),
        sa.CheckConstraint("gone_on >= closes_on", name=op.f("ck_case_notice_gone_after_closing")),
        sa.ForeignKeyConstraint(["published_by_id"], ["account.id"], name=op.f("fk_case_notice_published_by_id_account")),
        sa.ForeignKeyConstraint(["round_id"], ["case_round.id"], name=op.f("fk_case_notice_round_id_case_round")),
        sa.ForeignKeyConstraint(["village_code"], ["area.code"], name=op.f("fk_case_notice_village_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notice")),
        sa.UniqueConstraint("public_id", name=op.f("uq_case_notice_public_id")),
    )
    op.create_index("ix_case_notice_round_id", "case_notice", ["round_id"], unique=False)
    op.create_index("ix_case_notice_village_code_gone_on", "case_notice", ["village_code", "gone_on"], unique=False)
    op.create_table(
        "registry_case",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("risk", sa.String(length=12), nullable=True),
        sa.Column("round_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_for", sa.String(length=20), nullable=False),
        sa.Column("opened_by_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("not_before_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("(kind = 'entry') = (round_id IS NOT NULL)", name=op.f("ck_registry_case_entry_has_round")),
        sa.CheckConstraint("(kind = 'monitoring') = (risk IS NOT NULL)", name=op.f("ck_registry_case_monitoring_has_risk")),
        sa.CheckConstraint("kind IN ('entry', 'exit', 'monitoring')", name=op.f("ck_registry_case_kind_known")),
        sa.CheckConstraint(
            "risk IS NULL OR risk IN ('unstable', 'marginal', 'sudden')", name=op.f("ck_registry_case_risk_known")
        ),
        sa.CheckConstraint("source IN ('household', 'officer', 'department')", name=op.f("ck_registry_case_source_known")),
        sa.CheckConstraint(
            "state IN ('applied', 'voted', 'first_notice', 'first_closed', 'checked', 'second_notice', 'second_closed', 'reviewed', 'announced', 'registered', 'proposed', 'village_verified', 'verified', 'agreed', 'notice', 'notice_closed', 'tracked', 'returned', 'clue', 'monitored', 'removal_proposed', 'removal_notice', 'removal_closed', 'ended', 'handed_over', 'refused', 'withdrawn')",
            name=op.f("ck_registry_case_state_known"),
        ),
        sa.CheckConstraint("ended_on IS NULL OR ended_on >= opened_on", name=op.f("ck_registry_case_ended_after_opening")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_registry_case_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["account.id"], name=op.f("fk_registry_case_opened_by_id_account")),
        sa.ForeignKeyConstraint(["round_id"], ["case_round.id"], name=op.f("fk_registry_case_round_id_case_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_case")),
        sa.UniqueConstraint("public_id", name=op.f("uq_registry_case_public_id")),
    )
    op.create_index("ix_registry_case_household_id", "registry_case", ["household_id"], unique=False)
    op.create_index("ix_registry_case_round_id", "registry_case", ["round_id"], unique=False)
    op.create_index(
        "ix_registry_case_village_code_state",
        "registry_case",
        ["village_code", "kind", "state", "due_on"],
        unique=False,
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "uq_registry_case_open",
        "registry_case",
        ["household_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_table(
        "case_assembly_vote",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("assembly_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("in_favour", sa.Integer(), nullable=False),
        sa.Column("against", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("in_favour >= 0 AND against >= 0", name=op.f("ck_case_assembly_vote_votes_not_negative")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["case_assembly.id"], name=op.f("fk_case_assembly_vote_assembly_id_case_assembly")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["registry_case.id"], name=op.f("fk_case_assembly_vote_case_id_registry_case")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_case_assembly_vote_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_assembly_vote")),
        sa.UniqueConstraint("assembly_id", "case_id", name="uq_case_assembly_vote_assembly_id_case_id"),
    )
    op.create_table(
        "case_notice_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("shown_as", sa.String(length=12), nullable=False),
        sa.Column("persons", sa.SmallInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["registry_case.id"], name=op.f("fk_case_notice_line_case_id_registry_case")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_case_notice_line_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["notice_id"], ["case_notice.id"], name=op.f("fk_case_notice_line_notice_id_case_notice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notice_line")),
        sa.UniqueConstraint("notice_id", "case_id", name="uq_case_notice_line_notice_id_case_id"),
        sa.UniqueConstraint("notice_id", "position", name="uq_case_notice_line_notice_id_position"),
    )
    op.create_index("ix_case_notice_line_case_id", "case_notice_line", ["case_id"], unique=False)
    op.create_table(
        "case_objection",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("contact", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_to_id", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (answer IS NULL)", name=op.f("ck_case_objection_decided_has_answer")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_case_objection_decided_has_moment")),
        sa.CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name=op.f("ck_case_objection_decided_has_person")),
        sa.CheckConstraint("state IN ('open', 'upheld', 'rejected')", name=op.f("ck_case_objection_state_known")),
        sa.CheckConstraint(
            "told_to_id IS NULL OR decided_by_id IS NULL OR told_to_id <> decided_by_id",
            name=op.f("ck_case_objection_decided_by_another"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["registry_case.id"], name=op.f("fk_case_objection_case_id_registry_case")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_case_objection_decided_by_id_account")),
        sa.ForeignKeyConstraint(["notice_id"], ["case_notice.id"], name=op.f("fk_case_objection_notice_id_case_notice")),
        sa.ForeignKeyConstraint(["told_to_id"], ["account.id"], name=op.f("fk_case_objection_told_to_id_account")),
        sa.ForeignKeyConstraint(["village_code"], ["area.code"], name=op.f("fk_case_objection_village_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_objection")),
        sa.UniqueConstraint("public_id", name=op.f("uq_case_objection_public_id")),
    )
    op.create_index("ix_case_objection_notice_id", "case_objection", ["notice_id"], unique=False)
    op.create_index(
        "ix_case_objection_village_code_due_on",
        "case_objection",
        ["village_code", "due_on"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "case_sample",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("turn", sa.SmallInteger(), nullable=False),
        sa.Column("seed", sa.String(length=40), nullable=False),
        sa.Column("share_bp", sa.SmallInteger(), nullable=False),
        sa.Column("drawn_from", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stage IN ('check', 'review')", name=op.f("ck_case_sample_stage_known")),
        sa.CheckConstraint("share_bp BETWEEN 1 AND 10000", name=op.f("ck_case_sample_share_is_part")),
        sa.ForeignKeyConstraint(["notice_id"], ["case_notice.id"], name=op.f("fk_case_sample_notice_id_case_notice")),
        sa.ForeignKeyConstraint(["round_id"], ["case_round.id"], name=op.f("fk_case_sample_round_id_case_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_sample")),
        sa.UniqueConstraint("round_id", "stage", "turn", name="uq_case_sample_round_id_stage_turn"),
    )
    op.create_table(
        "case_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("by_household", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=True),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint(
            "action IN ('vote_in', 'vote_down', 'publish_first', 'close_first', 'pass_check', 'publish_second', 'close_second', 'pass_review', 'send_back', 'announce', 'register', 'verify', 'verify_again', 'agree', 'disagree', 'publish', 'close', 'lift', 'return', 'check', 'monitor', 'propose_removal', 'publish_removal', 'close_removal', 'keep', 'end', 'hand_over', 'refuse', 'withdraw')",
            name=op.f("ck_case_step_action_known"),
        ),
        sa.CheckConstraint(
            "state IN ('applied', 'voted', 'first_notice', 'first_closed', 'checked', 'second_notice', 'second_closed', 'reviewed', 'announced', 'registered', 'proposed', 'village_verified', 'verified', 'agreed', 'notice', 'notice_closed', 'tracked', 'returned', 'clue', 'monitored', 'removal_proposed', 'removal_notice', 'removal_closed', 'ended', 'handed_over', 'refused', 'withdrawn')",
            name=op.f("ck_case_step_state_known"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_case_step_by_id_account")),
        sa.ForeignKeyConstraint(["case_id"], ["registry_case.id"], name=op.f("fk_case_step_case_id_registry_case")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_case_step_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["registry_revision.id"], name=op.f("fk_case_step_revision_id_registry_revision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_step")),
    )
    op.create_index("ix_case_step_case_id_id", "case_step", ["case_id", "id"], unique=False)
    op.create_table(
        "comparison_alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("department", sa.String(length=12), nullable=False),
        sa.Column("sealed_evidence", sa.LargeBinary(), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_explanation", sa.LargeBinary(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_comparison_alert_decided_has_moment")),
        sa.CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name=op.f("ck_comparison_alert_decided_has_person")),
        sa.CheckConstraint(
            "department IN ('vehicle', 'house', 'business', 'payroll')", name=op.f("ck_comparison_alert_department_known")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'explained', 'to_correct', 'exit_opened')", name=op.f("ck_comparison_alert_state_known")
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_comparison_alert_decided_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_comparison_alert_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["list_id"], ["department_list.id"], name=op.f("fk_comparison_alert_list_id_department_list")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_comparison_alert_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparison_alert")),
        sa.UniqueConstraint("public_id", name=op.f("uq_comparison_alert_public_id")),
    )
    op.create_index("ix_comparison_alert_household_id", "comparison_alert", ["household_id"], unique=False)
    op.create_index(
        "ix_comparison_alert_village_code",
        "comparison_alert",
        ["village_code"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_comparison_alert_open",
        "comparison_alert",
        ["person_id", "department"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "case_sample_visit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sample_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("fit", sa.Boolean(), nullable=True),
        sa.Column("visited_by_id", sa.BigInteger(), nullable=True),
        sa.Column("visited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_finding", sa.LargeBinary(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("(fit IS NULL) = (visited_at IS NULL)", name=op.f("ck_case_sample_visit_visited_at_some_time")),
        sa.CheckConstraint("(fit IS NULL) = (visited_by_id IS NULL)", name=op.f("ck_case_sample_visit_visited_by_somebody")),
        sa.ForeignKeyConstraint(["case_id"], ["registry_case.id"], name=op.f("fk_case_sample_visit_case_id_registry_case")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_case_sample_visit_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["sample_id"], ["case_sample.id"], name=op.f("fk_case_sample_visit_sample_id_case_sample")),
        sa.ForeignKeyConstraint(["visited_by_id"], ["account.id"], name=op.f("fk_case_sample_visit_visited_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_sample_visit")),
        sa.UniqueConstraint("sample_id", "case_id", name="uq_case_sample_visit_sample_id_case_id"),
    )


def downgrade() -> None:
    op.drop_table("case_sample_visit")
    op.drop_index("uq_comparison_alert_open", table_name="comparison_alert", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_comparison_alert_village_code", table_name="comparison_alert", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_comparison_alert_household_id", table_name="comparison_alert")
    op.drop_table("comparison_alert")
    op.drop_index("ix_case_step_case_id_id", table_name="case_step")
    op.drop_table("case_step")
    op.drop_table("case_sample")
    op.drop_index(
        "ix_case_objection_village_code_due_on", table_name="case_objection", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_index("ix_case_objection_notice_id", table_name="case_objection")
    op.drop_table("case_objection")
    op.drop_index("ix_case_notice_line_case_id", table_name="case_notice_line")
    op.drop_table("case_notice_line")
    op.drop_table("case_assembly_vote")
    op.drop_index("uq_registry_case_open", table_name="registry_case", postgresql_where=sa.text("ended_on IS NULL"))
    op.drop_index(
        "ix_registry_case_village_code_state", table_name="registry_case", postgresql_where=sa.text("ended_on IS NULL")
    )
    op.drop_index("ix_registry_case_round_id", table_name="registry_case")
    op.drop_index("ix_registry_case_household_id", table_name="registry_case")
    op.drop_table("registry_case")
    op.drop_index("ix_case_notice_village_code_gone_on", table_name="case_notice")
    op.drop_index("ix_case_notice_round_id", table_name="case_notice")
    op.drop_table("case_notice")
    op.drop_index("ix_case_assembly_round_id", table_name="case_assembly")
    op.drop_table("case_assembly")
    op.drop_table("department_list")
    op.drop_index("uq_case_round_open", table_name="case_round", postgresql_where=sa.text("closed_on IS NULL"))
    op.drop_table("case_round")
