"""Keep tables of household files while they are checked and written, and pairs of persons who may be one.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("file_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("good_rows", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("faults", postgresql.JSONB(), nullable=False),
        sa.Column("left_out", postgresql.JSONB(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("record_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(sealed IS NOT NULL) = (state IN ('checked', 'running'))", name=op.f("ck_file_import_rows_kept_while_needed")
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'dropped')) = (ended_at IS NOT NULL)", name=op.f("ck_file_import_ended_has_moment")
        ),
        sa.CheckConstraint("how IN ('seen', 'told', 'department')", name=op.f("ck_file_import_how_known")),
        sa.CheckConstraint("state IN ('checked', 'running', 'done', 'dropped')", name=op.f("ck_file_import_state_known")),
        sa.CheckConstraint("(sealed IS NULL) = (record_key IS NULL)", name=op.f("ck_file_import_rows_have_key")),
        sa.CheckConstraint("position BETWEEN 0 AND households", name=op.f("ck_file_import_position_within")),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_file_import_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_import")),
        sa.UniqueConstraint("public_id", name=op.f("uq_file_import_public_id")),
    )
    op.create_index("ix_file_import_by_id_id", "file_import", ["by_id", "id"], unique=False)
    op.create_table(
        "duplicate_pair",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("second_id", sa.BigInteger(), nullable=False),
        sa.Column("first_household_id", sa.BigInteger(), nullable=False),
        sa.Column("first_village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("second_household_id", sa.BigInteger(), nullable=False),
        sa.Column("second_village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("why", postgresql.JSONB(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("leaves_id", sa.BigInteger(), nullable=True),
        sa.Column("proposed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.CheckConstraint(
            "(state IN ('proposed', 'same')) = (leaves_id IS NOT NULL)", name=op.f("ck_duplicate_pair_one_leaves")
        ),
        sa.CheckConstraint(
            "(state IN ('same', 'different')) = (decided_by_id IS NOT NULL)", name=op.f("ck_duplicate_pair_decided_has_person")
        ),
        sa.CheckConstraint(
            "state <> 'same' OR decided_by_id <> proposed_by_id", name=op.f("ck_duplicate_pair_decided_by_another")
        ),
        sa.CheckConstraint("state IN ('open', 'proposed', 'same', 'different')", name=op.f("ck_duplicate_pair_state_known")),
        sa.CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_duplicate_pair_decided_has_moment")),
        sa.CheckConstraint(
            "(leaves_id IS NULL) = (proposed_by_id IS NULL)", name=op.f("ck_duplicate_pair_proposed_has_person")
        ),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_duplicate_pair_in_order")),
        sa.CheckConstraint("leaves_id IN (first_id, second_id)", name=op.f("ck_duplicate_pair_leaves_is_of_pair")),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_duplicate_pair_score_is_share")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_duplicate_pair_decided_by_id_account")),
        sa.ForeignKeyConstraint(
            ["first_household_id", "first_village_code"],
            ["household.id", "household.village_code"],
            name="fk_duplicate_pair_first_household_id_household",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["first_id"], ["person.id"], name=op.f("fk_duplicate_pair_first_id_person")),
        sa.ForeignKeyConstraint(["leaves_id"], ["person.id"], name=op.f("fk_duplicate_pair_leaves_id_person")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["account.id"], name=op.f("fk_duplicate_pair_proposed_by_id_account")),
        sa.ForeignKeyConstraint(
            ["second_household_id", "second_village_code"],
            ["household.id", "household.village_code"],
            name="fk_duplicate_pair_second_household_id_household",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["second_id"], ["person.id"], name=op.f("fk_duplicate_pair_second_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_pair")),
        sa.UniqueConstraint("public_id", name=op.f("uq_duplicate_pair_public_id")),
    )
    op.create_index("ix_duplicate_pair_second_id", "duplicate_pair", ["second_id"], unique=False)
    op.create_index(
        "ix_duplicate_pair_state_first_village_code", "duplicate_pair", ["state", "first_village_code"], unique=False
    )
    op.create_index(
        "ix_duplicate_pair_state_second_village_code", "duplicate_pair", ["state", "second_village_code"], unique=False
    )
    op.create_index("uq_duplicate_pair_first_id_second_id", "duplicate_pair", ["first_id", "second_id"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_duplicate_pair_first_id_second_id", table_name="duplicate_pair")
    op.drop_index("ix_duplicate_pair_state_second_village_code", table_name="duplicate_pair")
    op.drop_index("ix_duplicate_pair_state_first_village_code", table_name="duplicate_pair")
    op.drop_index("ix_duplicate_pair_second_id", table_name="duplicate_pair")
    op.drop_table("duplicate_pair")
    op.drop_index("ix_file_import_by_id_id", table_name="file_import")
    op.drop_table("file_import")
