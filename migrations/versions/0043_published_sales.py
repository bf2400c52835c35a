"""Sales as they are published by quarter; projects in the samples of audits.

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

KINDS = "'registered', 'exited', 'unregistered', 'payment'"
GUARDS = """
-- What was published stays as it was: two versions of one table would tell what each of them hides.
CREATE TRIGGER published_sales_append_only BEFORE UPDATE OR DELETE ON published_sales
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A sample is looked at while its round is with the auditors, neither before nor after.
CREATE TRIGGER audit_project_kept BEFORE INSERT OR DELETE OR UPDATE ON audit_project
    FOR EACH ROW EXECUTE FUNCTION keep_audit_sample();
CREATE TRIGGER audit_project_drawn BEFORE UPDATE OF round_id, stratum_id, project_id, amount_fen, draws ON audit_project
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def _kinds(known: str) -> None:
    op.drop_constraint(op.f("ck_audit_stratum_kind_known"), "audit_stratum", type_="check")
    op.create_check_constraint(op.f("ck_audit_stratum_kind_known"), "audit_stratum", f"kind IN ({known})")


def upgrade() -> None:
    op.create_table(
        "published_sales",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("county_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("county_code ~ '^[0-9]{6}$'", name=op.f("ck_published_sales_of_a_county")),
        sa.CheckConstraint(
            "extract(day FROM first_on) = 1 AND extract(month FROM first_on) IN (1, 4, 7, 10)",
            name=op.f("ck_published_sales_of_a_quarter"),
        ),
        sa.ForeignKeyConstraint(["county_code"], ["area.code"], name=op.f("fk_published_sales_county_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_sales")),
        sa.UniqueConstraint("county_code", "first_on", name=op.f("uq_published_sales_county_code_first_on")),
    )
    op.create_table(
        "audit_project",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("stratum_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("draws", sa.Integer(), nullable=False),
        sa.Column("as_approved", sa.Boolean(), nullable=True),
        sa.Column("serves", sa.Boolean(), nullable=True),
        sa.Column("found_by_id", sa.BigInteger(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(found_by_id IS NULL) = (as_approved IS NULL) AND (found_by_id IS NULL) = (serves IS NULL)",
            name=op.f("ck_audit_project_found_says_both"),
        ),
        sa.CheckConstraint("(found_by_id IS NULL) = (found_at IS NULL)", name=op.f("ck_audit_project_found_has_moment")),
        sa.CheckConstraint("draws > 0 AND amount_fen > 0", name=op.f("ck_audit_project_was_drawn")),
        sa.ForeignKeyConstraint(["found_by_id"], ["account.id"], name=op.f("fk_audit_project_found_by_id_account")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_audit_project_project_id_project")),
        sa.ForeignKeyConstraint(["round_id"], ["audit_round.id"], name=op.f("fk_audit_project_round_id_audit_round")),
        sa.ForeignKeyConstraint(["stratum_id"], ["audit_stratum.id"], name=op.f("fk_audit_project_stratum_id_audit_stratum")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_project")),
        sa.UniqueConstraint("public_id", name=op.f("uq_audit_project_public_id")),
        sa.UniqueConstraint("round_id", "project_id", name=op.f("uq_audit_project_round_id_project_id")),
    )
    op.create_index("ix_audit_project_project_id", "audit_project", ["project_id"], unique=False)
    _kinds(f"{KINDS}, 'project'")
    op.execute(GUARDS)


def downgrade() -> None:
    op.drop_index("ix_audit_project_project_id", table_name="audit_project")
    op.drop_table("audit_project")
    # What was drawn of projects has no place in what stood here before.
    op.execute("ALTER TABLE audit_stratum DISABLE TRIGGER audit_stratum_append_only")
    op.execute("DELETE FROM audit_stratum WHERE kind = 'project'")
    op.execute("ALTER TABLE audit_stratum ENABLE TRIGGER audit_stratum_append_only")
    _kinds(KINDS)
    op.drop_table("published_sales")
