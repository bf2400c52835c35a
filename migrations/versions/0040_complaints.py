"""Complaints that are kept away from whom they accuse, and inspections with findings.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "complaint",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("about", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("desk", sa.String(length=12), nullable=False),
        sa.Column("heard_at", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("complainant_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("contact", sa.LargeBinary(), nullable=True),
        sa.Column("taken_down_by_id", sa.BigInteger(), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("handler_id", sa.BigInteger(), nullable=True),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("escalations", sa.SmallInteger(), nullable=False),
        sa.Column("reopenings", sa.SmallInteger(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(state = 'assigned') = (handler_id IS NOT NULL)", name=op.f("ck_complaint_assigned_has_handler")),
        sa.CheckConstraint("(state IN ('closed', 'withdrawn')) = (due_on IS NULL)", name=op.f("ck_complaint_open_has_due_day")),
        sa.CheckConstraint(
            "(state IN ('closed', 'withdrawn')) = (ended_on IS NOT NULL)", name=op.f("ck_complaint_ended_has_day")
        ),
        sa.CheckConstraint(
            "about IN ('officer', 'office', 'case', 'project', 'fund', 'policy', 'order', 'other')",
            name=op.f("ck_complaint_about_known"),
        ),
        sa.CheckConstraint("channel IN ('web', 'phone', 'letter')", name=op.f("ck_complaint_channel_known")),
        sa.CheckConstraint("desk IN ('office', 'inspection')", name=op.f("ck_complaint_desk_known")),
        sa.CheckConstraint("kind IN ('advice', 'investigation', 'money')", name=op.f("ck_complaint_kind_known")),
        sa.CheckConstraint(
            "state IN ('received', 'assigned', 'answered', 'declined', 'closed', 'withdrawn')",
            name=op.f("ck_complaint_state_known"),
        ),
        sa.CheckConstraint(
            "NOT anonymous OR (complainant_id IS NULL AND name IS NULL AND contact IS NULL)",
            name=op.f("ck_complaint_anonymous_is_nobody"),
        ),
        sa.CheckConstraint("length(code_digest) = 32", name=op.f("ck_complaint_digest_length")),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_complaint_rating_range")),
        sa.CheckConstraint("starts_with(area_code, heard_at)", name=op.f("ck_complaint_heard_over_its_area")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_complaint_area_code_area")),
        sa.ForeignKeyConstraint(["complainant_id"], ["account.id"], name=op.f("fk_complaint_complainant_id_account")),
        sa.ForeignKeyConstraint(["handler_id"], ["account.id"], name=op.f("fk_complaint_handler_id_account")),
        sa.ForeignKeyConstraint(["heard_at"], ["area.code"], name=op.f("fk_complaint_heard_at_area")),
        sa.ForeignKeyConstraint(["taken_down_by_id"], ["account.id"], name=op.f("fk_complaint_taken_down_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_complaint_code_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_complaint_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_complaint_reference")),
    )
    op.create_index(
        "ix_complaint_complainant_id",
        "complaint",
        ["complainant_id"],
        unique=False,
        postgresql_where=sa.text("complainant_id IS NOT NULL"),
    )
    op.create_index("ix_complaint_desk_area_code", "complaint", ["desk", "area_code"], unique=False)
    op.create_index(
        "ix_complaint_due_on", "complaint", ["due_on"], unique=False, postgresql_where=sa.text("due_on IS NOT NULL")
    )
    op.create_table(
        "inspection",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("drawn", sa.String(length=8), nullable=False),
        sa.Column("score_bp", sa.SmallInteger(), nullable=False),
        sa.Column("features", postgresql.JSONB(), nullable=False),
        sa.Column("weights", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("planned_by_id", sa.BigInteger(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("inspector_id", sa.BigInteger(), nullable=True),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(state = 'reported') = (reported_on IS NOT NULL)", name=op.f("ck_inspection_reported_has_day")),
        sa.CheckConstraint(
            "(state IN ('under_way', 'reported')) = (inspector_id IS NOT NULL)", name=op.f("ck_inspection_begun_has_inspector")
        ),
        sa.CheckConstraint("drawn IN ('risk', 'lot')", name=op.f("ck_inspection_drawn_known")),
        sa.CheckConstraint(
            "state IN ('planned', 'under_way', 'reported', 'called_off')", name=op.f("ck_inspection_state_known")
        ),
        sa.CheckConstraint("topic IN ('funds', 'policy')", name=op.f("ck_inspection_topic_known")),
        sa.CheckConstraint("score_bp BETWEEN 0 AND 10000", name=op.f("ck_inspection_score_range")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_inspection_area_code_area")),
        sa.ForeignKeyConstraint(["inspector_id"], ["account.id"], name=op.f("fk_inspection_inspector_id_account")),
        sa.ForeignKeyConstraint(["planned_by_id"], ["account.id"], name=op.f("fk_inspection_planned_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
        sa.UniqueConstraint("public_id", name=op.f("uq_inspection_public_id")),
    )
    op.create_index("ix_inspection_area_code", "inspection", ["area_code"], unique=False)
    op.create_index(
        "uq_inspection_open",
        "inspection",
        ["topic", "subject"],
        unique=True,
        postgresql_where=sa.text("state IN ('planned', 'under_way')"),
    )
    op.create_table(
        "adverse_act",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("settled_by_id", sa.BigInteger(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("settled_words", sa.String(length=400), nullable=False),
        sa.CheckConstraint("(settled_on IS NULL) = (settled_words = '')", name=op.f("ck_adverse_act_settled_with_words")),
        sa.CheckConstraint("kind IN ('exit', 'payment', 'suspicion')", name=op.f("ck_adverse_act_kind_known")),
        sa.CheckConstraint("(settled_on IS NULL) = (settled_by_id IS NULL)", name=op.f("ck_adverse_act_settled_by_somebody")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_adverse_act_complaint_id_complaint")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["account.id"], name=op.f("fk_adverse_act_settled_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adverse_act")),
        sa.UniqueConstraint("complaint_id", "kind", "subject", name=op.f("uq_adverse_act_complaint_id_kind_subject")),
        sa.UniqueConstraint("public_id", name=op.f("uq_adverse_act_public_id")),
    )
    op.create_table(
        "complaint_accused",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('officer', 'auditor')", name=op.f("ck_complaint_accused_kind_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_complaint_accused_account_id_account")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_complaint_accused_area_code_area")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_accused_complaint_id_complaint")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_accused")),
    )
    op.create_index("ix_complaint_accused_complaint_id", "complaint_accused", ["complaint_id"], unique=False)
    op.create_table(
        "complaint_household",
        sa.Column("complaint_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_household_complaint_id_complaint")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_complaint_household_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_complaint_household")),
    )
    op.create_index("ix_complaint_household_household_id", "complaint_household", ["household_id"], unique=False)
    op.create_table(
        "complaint_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("actor", sa.String(length=16), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("evidence", sa.String(length=120), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "actor IN ('desk', 'handler', 'complainant', 'clock', 'office', 'inspector', 'other_inspector')",
            name=op.f("ck_complaint_step_actor_known"),
        ),
        sa.CheckConstraint(
            "by_id IS NULL OR actor NOT IN ('complainant', 'clock')", name=op.f("ck_complaint_step_complainant_is_nobody")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_complaint_step_by_id_account")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_step_complaint_id_complaint")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_step")),
    )
    op.create_index("ix_complaint_step_complaint_id", "complaint_step", ["complaint_id"], unique=False)
    op.create_table(
        "inspection_answer",
        sa.Column("inspection_id", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.String(length=24), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.CheckConstraint("verdict <> 'wrong' OR words <> ''", name=op.f("ck_inspection_answer_wrong_has_words")),
        sa.CheckConstraint("verdict IN ('right', 'wrong', 'not_applicable')", name=op.f("ck_inspection_answer_verdict_known")),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_inspection_answer_inspection_id_inspection")
        ),
        sa.PrimaryKeyConstraint("inspection_id", "item", name=op.f("pk_inspection_answer")),
    )
    op.create_table(
        "inspection_finding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("inspection_id", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.String(length=24), nullable=False),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("found_by_id", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done", sa.String(length=400), nullable=False),
        sa.Column("proof", sa.String(length=120), nullable=False),
        sa.Column("rectified_by_id", sa.BigInteger(), nullable=True),
        sa.Column("appeal", sa.String(length=400), nullable=False),
        sa.Column("appeal_decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.String(length=400), nullable=False),
        sa.CheckConstraint(
            "(state IN ('confirmed', 'dropped')) = (due_on IS NULL)", name=op.f("ck_inspection_finding_open_has_due_day")
        ),
        sa.CheckConstraint(
            "state IN ('found', 'rectified', 'confirmed', 'appealed', 'dropped')",
            name=op.f("ck_inspection_finding_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('appealed', 'dropped') OR appeal <> ''", name=op.f("ck_inspection_finding_appealed_has_reason")
        ),
        sa.CheckConstraint(
            "state NOT IN ('rectified', 'confirmed') OR proof <> ''", name=op.f("ck_inspection_finding_rectified_has_proof")
        ),
        sa.CheckConstraint("appeal_decided_by_id <> found_by_id", name=op.f("ck_inspection_finding_appeal_decided_by_another")),
        sa.ForeignKeyConstraint(
            ["appeal_decided_by_id"], ["account.id"], name=op.f("fk_inspection_finding_appeal_decided_by_id_account")
        ),
        sa.ForeignKeyConstraint(["found_by_id"], ["account.id"], name=op.f("fk_inspection_finding_found_by_id_account")),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_inspection_finding_inspection_id_inspection")
        ),
        sa.ForeignKeyConstraint(
            ["rectified_by_id"], ["account.id"], name=op.f("fk_inspection_finding_rectified_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_finding")),
        sa.UniqueConstraint("inspection_id", "item", name=op.f("uq_inspection_finding_inspection_id_item")),
        sa.UniqueConstraint("public_id", name=op.f("uq_inspection_finding_public_id")),
    )
    # What was said stays as it was said; only its seal may be renewed.
    op.execute(
        "CREATE TRIGGER complaint_step_append_only"
        " BEFORE UPDATE OF complaint_id, action, actor, by_id, evidence, told, done_on OR DELETE ON complaint_step"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("inspection_finding")
    op.drop_table("inspection_answer")
    op.drop_index("ix_complaint_step_complaint_id", table_name="complaint_step")
    op.drop_table("complaint_step")
    op.drop_index("ix_complaint_household_household_id", table_name="complaint_household")
    op.drop_table("complaint_household")
    op.drop_index("ix_complaint_accused_complaint_id", table_name="complaint_accused")
    op.drop_table("complaint_accused")
    op.drop_table("adverse_act")
    op.drop_index("uq_inspection_open", table_name="inspection", postgresql_where=sa.text("state IN ('planned', 'under_way')"))
    op.drop_index("ix_inspection_area_code", table_name="inspection")
    op.drop_table("inspection")
    op.drop_index("ix_complaint_due_on", table_name="complaint", postgresql_where=sa.text("due_on IS NOT NULL"))
    op.drop_index("ix_complaint_desk_area_code", table_name="complaint")
    op.drop_index("ix_complaint_complainant_id", table_name="complaint", postgresql_where=sa.text("complainant_id IS NOT NULL"))
    op.drop_table("complaint")
