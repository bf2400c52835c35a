"""Second factors of officers and operators, consents; a mandate's picture can be deleted long after its end.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

EVIDENCE = (
    "CASE evidence_kind WHEN 'paper' THEN evidence_picture <> ''{ended} WHEN 'thumbprint' THEN evidence_picture <> ''{ended}"
    " WHEN 'voice' THEN evidence_note <> '' WHEN 'in_person' THEN evidence_note <> ''"
    " WHEN 'signed_in' THEN given_by_id IS NOT NULL OR state <> 'in_force' ELSE false END"
)


def upgrade() -> None:
    op.add_column("account", sa.Column("second_factor_since", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "second_factor",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(confirmed_at IS NULL) = (last_step IS NULL)", name=op.f("ck_second_factor_confirmed_by_a_code")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_second_factor_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factor")),
    )
    op.create_index(
        "uq_second_factor_account_id",
        "second_factor",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NOT NULL"),
    )
    op.create_index(
        "uq_second_factor_waiting",
        "second_factor",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NULL"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("digest", name=op.f("uq_recovery_code_digest")),
    )
    op.create_index(op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"])
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(20), nullable=False),
        sa.Column("owner_kind", sa.String(24), nullable=False),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("text_version", sa.String(20), nullable=False),
        sa.Column("how", sa.String(12), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(64), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(64), nullable=True),
        sa.CheckConstraint(
            "how IN ('signed_in', 'paper', 'thumbprint', 'voice', 'in_person')", name=op.f("ck_consent_how_known")
        ),
        sa.CheckConstraint("withdrawn_at IS NULL OR withdrawn_at >= given_at", name=op.f("ck_consent_withdrawn_after_given")),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_consent_withdrawn_by_somebody")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint("public_id", name=op.f("uq_consent_public_id")),
    )
    op.create_index(
        "uq_consent_in_force",
        "consent",
        ["owner_kind", "owner_id", "purpose"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_index("ix_consent_owner_id_owner_kind", "consent", ["owner_id", "owner_kind"])
    op.drop_constraint(op.f("ck_mandate_evidence_is_there"), "mandate", type_="check")
    op.create_check_constraint(
        op.f("ck_mandate_evidence_is_there"), "mandate", EVIDENCE.format(ended=" OR ended_at IS NOT NULL")
    )


def downgrade() -> None:
    # A picture that has been deleted does not come back: its row says so, and the stricter rule can hold again.
    op.execute(
        "UPDATE mandate SET evidence_picture = 'deleted' WHERE evidence_kind IN ('paper', 'thumbprint') AND evidence_picture = ''"
    )
    op.drop_constraint(op.f("ck_mandate_evidence_is_there"), "mandate", type_="check")
    op.create_check_constraint(op.f("ck_mandate_evidence_is_there"), "mandate", EVIDENCE.format(ended=""))
    op.drop_table("consent")
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
    op.drop_column("account", "second_factor_since")
