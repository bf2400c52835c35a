"""Versions of the template for declarations, written down by offices; projects can be inspected.

Revision ID: 0048
Revises: 0047
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

NEVER_ALTERED = """
-- What was entered is confirmed or discarded as it stands, and what was decided stays.
CREATE TRIGGER project_template_kept BEFORE UPDATE ON project_template FOR EACH ROW
    WHEN (
        OLD.state <> 'entered'
        OR (OLD.area_code, OLD.number, OLD.begins_on, OLD.content, OLD.source, OLD.entered_by_id)
            IS DISTINCT FROM (NEW.area_code, NEW.number, NEW.begins_on, NEW.content, NEW.source, NEW.entered_by_id)
    )
    EXECUTE FUNCTION refuse_change();

CREATE TRIGGER project_template_never_deleted BEFORE DELETE ON project_template
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.add_column("project", sa.Column("answers", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False))
    op.create_table(
        "project_template",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("entered_by_id", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'entered') = (decided_at IS NULL)", name=op.f("ck_project_template_decided_has_moment")),
        sa.CheckConstraint(
            "(state = 'entered') = (decided_by_id IS NULL)", name=op.f("ck_project_template_decided_has_person")
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR begins_on > (decided_at AT TIME ZONE 'Asia/Shanghai')::date",
            name=op.f("ck_project_template_confirmed_before_it_begins"),
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR decided_by_id <> entered_by_id", name=op.f("ck_project_template_confirmed_by_another")
        ),
        sa.CheckConstraint("state IN ('entered', 'confirmed', 'discarded')", name=op.f("ck_project_template_state_known")),
        sa.CheckConstraint("length(area_code) IN (2, 4, 6)", name=op.f("ck_project_template_area_level")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_project_template_area_code_area")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_project_template_decided_by_id_account")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["account.id"], name=op.f("fk_project_template_entered_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_template")),
        sa.UniqueConstraint("area_code", "number", name=op.f("uq_project_template_area_code_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_project_template_public_id")),
    )
    op.create_index(
        "uq_project_template_waiting",
        "project_template",
        ["area_code"],
        unique=True,
        postgresql_where=sa.text("state = 'entered'"),
    )
    op.drop_column("project", "template_version")
    op.add_column("project", sa.Column("handed_in_on", sa.Date(), nullable=True))
    # Until now there was one version alone, so of a declaration that was sent back any of its days says the same.
    op.execute(
        "UPDATE project SET handed_in_on = (coalesce(submitted_at, drafted_at) AT TIME ZONE 'Asia/Shanghai')::date"
        " WHERE round > 0"
    )
    op.create_check_constraint(op.f("ck_project_handed_in_has_day"), "project", "(handed_in_on IS NOT NULL) = (round > 0)")
    op.execute(NEVER_ALTERED)
    op.drop_constraint(op.f("ck_inspection_topic_known"), "inspection", type_="check")
    op.create_check_constraint(op.f("ck_inspection_topic_known"), "inspection", "topic IN ('funds', 'projects', 'policy')")


def downgrade() -> None:
    # Inspections of projects cannot be told before there were any: they and what was found go.
    op.execute("DELETE FROM inspection_finding USING inspection WHERE inspection_id = inspection.id AND topic = 'projects'")
    op.execute("DELETE FROM inspection_answer USING inspection WHERE inspection_id = inspection.id AND topic = 'projects'")
    op.execute("DELETE FROM inspection WHERE topic = 'projects'")
    op.drop_constraint(op.f("ck_inspection_topic_known"), "inspection", type_="check")
    op.create_check_constraint(op.f("ck_inspection_topic_known"), "inspection", "topic IN ('funds', 'policy')")
    op.add_column("project", sa.Column("template_version", sa.VARCHAR(length=20), autoincrement=False, nullable=True))
    # The one version that was known then.
    op.execute("UPDATE project SET template_version = '2021-1' WHERE round > 0")
    op.drop_constraint(op.f("ck_project_handed_in_has_day"), "project", type_="check")
    op.drop_column("project", "handed_in_on")
    op.drop_index("uq_project_template_waiting", table_name="project_template", postgresql_where=sa.text("state = 'entered'"))
    op.drop_table("project_template")
    op.drop_column("project", "answers")
