"""Projects, their reviews, notices, milestones and later checks.

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

APPROVAL = """
-- Nothing is approved that four persons at four levels have not passed in this round, none of whom declared it, and whose notice
-- has not hung for ten days at least and been closed with every objection decided.
CREATE FUNCTION hold_project_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state NOT IN ('approved', 'under_way', 'completed', 'stopped') THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state IN ('approved', 'under_way', 'completed', 'stopped') AND OLD.round = NEW.round THEN
        RETURN NEW;
    END IF;
    IF (
        SELECT count(DISTINCT level) < 4 OR count(DISTINCT reviewer_id) < 4 FROM project_review
        WHERE project_id = NEW.id AND round = NEW.round AND outcome = 'passed'
            AND reviewer_id IS DISTINCT FROM NEW.drafted_by_id AND reviewer_id IS DISTINCT FROM NEW.submitted_by_id
    ) THEN
        RAISE EXCEPTION 'a project is approved after four persons at four levels'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_project_four_levels';
    END IF;
    IF NOT EXISTS (
        SELECT FROM project_notice WHERE project_id = NEW.id AND round = NEW.round AND kind = 'approval' AND NOT stopped
            AND closed_on - published_on > 10
            AND NOT EXISTS (SELECT FROM project_objection WHERE notice_id = project_notice.id AND state = 'open')
    ) THEN
        RAISE EXCEPTION 'a project is approved after its notice was closed'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_project_notice_closed';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER project_approval_held BEFORE INSERT OR UPDATE OF state, round ON project
    FOR EACH ROW EXECUTE FUNCTION hold_project_approval();
"""

MONEY = """
-- What leaves a project's own place is counted on the project, whichever page paid it; what comes back is taken off.
CREATE FUNCTION count_project_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change bigint := CASE WHEN NEW.state = 'paid' THEN NEW.amount_fen ELSE 0 END;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'paid' THEN
        change := change - OLD.amount_fen;
    END IF;
    IF change <> 0 THEN
        UPDATE project SET paid_fen = paid_fen + change WHERE public_id = split_part(NEW.place, '-', 2);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER fund_payment_counted AFTER INSERT OR UPDATE OF state ON fund_payment
    FOR EACH ROW EXECUTE FUNCTION count_project_payment();

CREATE FUNCTION refuse_project_money() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.paid_fen <> OLD.paid_fen AND pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'a project is paid by payments alone'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_project_paid_by_payments';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER project_paid_by_payments BEFORE UPDATE OF paid_fen ON project
    FOR EACH ROW EXECUTE FUNCTION refuse_project_money();
"""


def upgrade() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("unit_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("place_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("cross_code", sa.String(length=12, collation="C"), nullable=True),
        sa.Column("template_version", sa.String(length=20), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("category", sa.String(length=16), nullable=True),
        sa.Column("nature", sa.String(length=16), nullable=True),
        sa.Column("place_words", sa.String(length=120), nullable=True),
        sa.Column("asset", sa.String(length=80), nullable=True),
        sa.Column("asset_key", sa.String(length=80), nullable=True),
        sa.Column("begins_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("responsible", sa.String(length=80), nullable=True),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("mechanism", sa.Text(), nullable=True),
        sa.Column("budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("decides", sa.SmallInteger(), nullable=True),
        sa.Column("approved_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("drafted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("stopped_why", sa.String(length=400), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("place_code"), "="),
            (sa.column("category"), "="),
            (sa.column("asset_key"), "="),
            (sa.text("daterange(begins_on, ends_on, '[]')"), "&&"),
            where=sa.text("state NOT IN ('draft', 'returned', 'refused', 'withdrawn', 'stopped')"),
            using="gist",
            name="ex_project_funded_once",
        ),
        sa.CheckConstraint(
            "(approved_at IS NOT NULL) = (state IN ('approved', 'under_way', 'completed', 'stopped'))",
            name=op.f("ck_project_approved_has_moment"),
        ),
        sa.CheckConstraint("(completed_on IS NOT NULL) = (state = 'completed')", name=op.f("ck_project_completed_has_day")),
        sa.CheckConstraint(
            "state IN ('draft', 'township', 'county', 'city', 'province', 'notice', 'approved', 'under_way', 'completed', 'returned', 'refused', 'withdrawn', 'stopped')",
            name=op.f("ck_project_state_known"),
        ),
        sa.CheckConstraint("(approved_by_id IS NULL) = (approved_at IS NULL)", name=op.f("ck_project_approved_has_person")),
        sa.CheckConstraint("approved_fen >= 0", name=op.f("ck_project_approved_not_negative")),
        sa.CheckConstraint("decides IN (6, 4, 2)", name=op.f("ck_project_decides_known")),
        sa.CheckConstraint("ends_on >= begins_on", name=op.f("ck_project_schedule_forward")),
        sa.CheckConstraint("length(cross_code) = 9 AND cross_code <> unit_code", name=op.f("ck_project_cross_is_another")),
        sa.CheckConstraint("length(unit_code) IN (9, 12)", name=op.f("ck_project_unit_level")),
        sa.CheckConstraint("paid_fen BETWEEN 0 AND approved_fen", name=op.f("ck_project_paid_within_approved")),
        sa.CheckConstraint("starts_with(place_code, unit_code)", name=op.f("ck_project_place_of_unit")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["account.id"], name=op.f("fk_project_approved_by_id_account")),
        sa.ForeignKeyConstraint(["cross_code"], ["area.code"], name=op.f("fk_project_cross_code_area")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["account.id"], name=op.f("fk_project_drafted_by_id_account")),
        sa.ForeignKeyConstraint(["place_code"], ["area.code"], name=op.f("fk_project_place_code_area")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["account.id"], name=op.f("fk_project_submitted_by_id_account")),
        sa.ForeignKeyConstraint(["unit_code"], ["area.code"], name=op.f("fk_project_unit_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("public_id", name=op.f("uq_project_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_project_reference")),
    )
    op.create_index(
        "ix_project_cross_code", "project", ["cross_code"], unique=False, postgresql_where=sa.text("cross_code IS NOT NULL")
    )
    op.create_index("ix_project_place_code_state", "project", ["place_code", "state"], unique=False)
    op.create_table(
        "project_beneficiary",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_project_beneficiary_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_beneficiary_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_beneficiary")),
        sa.UniqueConstraint("project_id", "household_id", name=op.f("uq_project_beneficiary_project_id_household_id")),
    )
    op.create_index("ix_project_beneficiary_household_id", "project_beneficiary", ["household_id"], unique=False)
    op.create_table(
        "project_check",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("checked_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("works IS NOT FALSE OR note <> ''", name=op.f("ck_project_check_broken_has_note")),
        sa.CheckConstraint("(works IS NULL) = (checked_by_id IS NULL)", name=op.f("ck_project_check_answered_has_person")),
        sa.CheckConstraint("(works IS NULL) = (checked_on IS NULL)", name=op.f("ck_project_check_answered_has_day")),
        sa.CheckConstraint("years BETWEEN 1 AND 3", name=op.f("ck_project_check_years_range")),
        sa.ForeignKeyConstraint(["checked_by_id"], ["account.id"], name=op.f("fk_project_check_checked_by_id_account")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_check_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_check")),
        sa.UniqueConstraint("project_id", "years", name=op.f("uq_project_check_project_id_years")),
    )
    op.create_index(
        "ix_project_check_due_on", "project_check", ["due_on"], unique=False, postgresql_where=sa.text("works IS NULL")
    )
    op.create_table(
        "project_milestone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reached_on", sa.Date(), nullable=True),
        sa.Column("reached_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(reached_on IS NULL) = (reached_by_id IS NULL)", name=op.f("ck_project_milestone_reached_has_person")
        ),
        sa.CheckConstraint("weight BETWEEN 1 AND 100", name=op.f("ck_project_milestone_weight_percent")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_milestone_project_id_project")),
        sa.ForeignKeyConstraint(["reached_by_id"], ["account.id"], name=op.f("fk_project_milestone_reached_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_milestone")),
        sa.UniqueConstraint("project_id", "position", name=op.f("uq_project_milestone_project_id_position")),
        sa.UniqueConstraint("public_id", name=op.f("uq_project_milestone_public_id")),
    )
    op.create_table(
        "project_notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("published_by_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('approval', 'completion')", name=op.f("ck_project_notice_kind_known")),
        sa.CheckConstraint("closed_on > closes_on OR stopped", name=op.f("ck_project_notice_closed_after_its_length")),
        sa.CheckConstraint("closed_on IS NOT NULL OR NOT stopped", name=op.f("ck_project_notice_stopped_is_closed")),
        sa.CheckConstraint("closes_on - published_on >= 10", name=op.f("ck_project_notice_ten_days")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_notice_project_id_project")),
        sa.ForeignKeyConstraint(["published_by_id"], ["account.id"], name=op.f("fk_project_notice_published_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_notice")),
        sa.UniqueConstraint("project_id", "round", "kind", name=op.f("uq_project_notice_project_id_round_kind")),
        sa.UniqueConstraint("public_id", name=op.f("uq_project_notice_public_id")),
    )
    op.create_table(
        "project_review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("scores", postgresql.JSONB(), nullable=True),
        sa.Column("total", sa.SmallInteger(), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("reviewer_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome = 'passed' OR reason <> ''", name=op.f("ck_project_review_reason_given")),
        sa.CheckConstraint("outcome IN ('passed', 'returned', 'refused')", name=op.f("ck_project_review_outcome_known")),
        sa.CheckConstraint("(scores IS NULL) = (total IS NULL)", name=op.f("ck_project_review_total_of_scores")),
        sa.CheckConstraint("level IN (9, 6, 4, 2)", name=op.f("ck_project_review_level_known")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_review_project_id_project")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["account.id"], name=op.f("fk_project_review_reviewer_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_review")),
        sa.UniqueConstraint("project_id", "round", "level", name=op.f("uq_project_review_project_id_round_level")),
        sa.UniqueConstraint("project_id", "round", "reviewer_id", name=op.f("uq_project_review_project_id_round_reviewer_id")),
    )
    op.create_table(
        "project_source",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("document", sa.String(length=80), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('fiscal', 'social', 'loan', 'own')", name=op.f("ck_project_source_kind_known")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_project_source_amount_positive")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_source_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_source")),
        sa.UniqueConstraint("project_id", "kind", name=op.f("uq_project_source_project_id_kind")),
    )
    op.create_table(
        "project_objection",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("contact", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (answer IS NULL)", name=op.f("ck_project_objection_decided_has_answer")),
        sa.CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name=op.f("ck_project_objection_decided_has_person")),
        sa.CheckConstraint("state IN ('open', 'upheld', 'rejected')", name=op.f("ck_project_objection_state_known")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_project_objection_decided_by_id_account")),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["project_notice.id"], name=op.f("fk_project_objection_notice_id_project_notice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_objection")),
        sa.UniqueConstraint("public_id", name=op.f("uq_project_objection_public_id")),
    )
    op.create_index("ix_project_objection_notice_id", "project_objection", ["notice_id"], unique=False)
    op.create_table(
        "project_photo",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("milestone_id", sa.BigInteger(), nullable=True),
        sa.Column("picture", sa.String(length=64), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("place_words", sa.String(length=120), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_project_photo_place_is_whole")),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_project_photo_place_on_earth")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_project_photo_by_id_account")),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["project_milestone.id"], name=op.f("fk_project_photo_milestone_id_project_milestone")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_photo_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_photo")),
        sa.UniqueConstraint("public_id", name=op.f("uq_project_photo_public_id")),
    )
    op.create_index("ix_project_photo_project_id", "project_photo", ["project_id"], unique=False)

    op.execute(APPROVAL)
    op.execute(MONEY)
    op.execute(
        "CREATE TRIGGER project_review_append_only BEFORE UPDATE OR DELETE ON project_review"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER fund_payment_counted ON fund_payment")
    op.drop_index("ix_project_photo_project_id", table_name="project_photo")
    op.drop_table("project_photo")
    op.drop_index("ix_project_objection_notice_id", table_name="project_objection")
    op.drop_table("project_objection")
    op.drop_table("project_source")
    op.drop_table("project_review")
    op.drop_table("project_notice")
    op.drop_table("project_milestone")
    op.drop_index("ix_project_check_due_on", table_name="project_check", postgresql_where=sa.text("works IS NULL"))
    op.drop_table("project_check")
    op.drop_index("ix_project_beneficiary_household_id", table_name="project_beneficiary")
    op.drop_table("project_beneficiary")
    op.drop_index("ix_project_place_code_state", table_name="project")
    op.drop_index("ix_project_cross_code", table_name="project", postgresql_where=sa.text("cross_code IS NOT NULL"))
    op.drop_table("project")
    op.execute("DROP FUNCTION hold_project_approval(), count_project_payment(), refuse_project_money()")
