"""The files of households: members, years, changes and their requests, conflicts, visits, pictures, readings; rules of provinces.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("household", sa.Column("record_key", sa.LargeBinary(), nullable=True))
    op.create_unique_constraint("uq_household_id_village_code", "household", ["id", "village_code"])
    op.create_table(
        "file_search",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.CheckConstraint("found >= 0", name=op.f("ck_file_search_found_not_negative")),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_file_search_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_search")),
    )
    op.create_index("ix_file_search_by_id_at", "file_search", ["by_id", "at"], unique=False)
    op.create_table(
        "rule_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("set_by_id", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source <> ''", name=op.f("ck_rule_change_source_named")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_rule_change_area_code_area")),
        sa.ForeignKeyConstraint(["set_by_id"], ["account.id"], name=op.f("fk_rule_change_set_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_change")),
    )
    op.create_index("ix_rule_change_name_area_code_begins_on", "rule_change", ["name", "area_code", "begins_on"], unique=False)
    op.create_table(
        "file_reading",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("part", sa.String(length=24), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_file_reading_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_file_reading_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_reading")),
    )
    op.create_index("ix_file_reading_by_id_at", "file_reading", ["by_id", "at"], unique=False)
    op.create_index("ix_file_reading_household_id_at", "file_reading", ["household_id", "at"], unique=False)
    op.create_table(
        "household_picture",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("picture", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=True),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("origin_id", sa.String(length=64), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_household_picture_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_household_picture_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_picture")),
        sa.UniqueConstraint("public_id", name=op.f("uq_household_picture_public_id")),
    )
    op.create_index("ix_household_picture_fingerprint", "household_picture", ["fingerprint"], unique=False)
    op.create_index("ix_household_picture_household_id", "household_picture", ["household_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("sex", sa.String(length=8), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("left_why", sa.String(length=16), nullable=True),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_id_number", sa.LargeBinary(), nullable=True),
        sa.Column("name_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id_number_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("marks", postgresql.JSONB(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("(left_on IS NULL) = (left_why IS NULL)", name=op.f("ck_person_leaving_has_reason")),
        sa.CheckConstraint("left_on IS NULL OR left_on >= joined_on", name=op.f("ck_person_left_after_joining")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_person_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("public_id", name=op.f("uq_person_public_id")),
    )
    op.create_index("ix_person_household_id", "person", ["household_id"], unique=False)
    op.create_index("ix_person_name_index", "person", ["name_index"], unique=False)
    op.create_index("ix_person_village_code_id", "person", ["village_code", "id"], unique=False)
    op.create_index(
        "uq_person_head",
        "person",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("left_on IS NULL AND relation = 'head'"),
    )
    op.create_index(
        "uq_person_id_number_index", "person", ["id_number_index"], unique=True, postgresql_where=sa.text("left_on IS NULL")
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("origin_id", sa.String(length=64), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_visit_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_visit_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("public_id", name=op.f("uq_visit_public_id")),
    )
    op.create_index("ix_visit_household_id_at", "visit", ["household_id", "at"], unique=False)
    op.create_table(
        "change_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("year", sa.SmallInteger(), nullable=True),
        sa.Column("plain", postgresql.JSONB(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("seen", postgresql.JSONB(), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("proposed_by_id", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name=op.f("ck_change_request_decided_has_person")),
        sa.CheckConstraint(
            "(state = 'withdrawn') = (decided_by_id = proposed_by_id)", name=op.f("ck_change_request_decided_by_another")
        ),
        sa.CheckConstraint("how IN ('seen', 'told', 'department')", name=op.f("ck_change_request_how_known")),
        sa.CheckConstraint("state IN ('open', 'approved', 'refused', 'withdrawn')", name=op.f("ck_change_request_state_known")),
        sa.CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_change_request_decided_has_moment")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_change_request_decided_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_change_request_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_change_request_person_id_person")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["account.id"], name=op.f("fk_change_request_proposed_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_request")),
        sa.UniqueConstraint("public_id", name=op.f("uq_change_request_public_id")),
    )
    op.create_index("ix_change_request_household_id", "change_request", ["household_id"], unique=False)
    op.create_index("ix_change_request_state_village_code", "change_request", ["state", "village_code"], unique=False)
    op.create_table(
        "file_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("year", sa.SmallInteger(), nullable=True),
        sa.Column("plain", postgresql.JSONB(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("origin_id", sa.String(length=64), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("how IN ('seen', 'told', 'department')", name=op.f("ck_file_change_how_known")),
        sa.CheckConstraint(
            "origin IN ('page', 'form', 'import', 'department', 'request')", name=op.f("ck_file_change_origin_known")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_file_change_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_file_change_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_file_change_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_change")),
    )
    op.create_index("ix_file_change_household_id_id", "file_change", ["household_id", "id"], unique=False)
    op.create_table(
        "file_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("plain", postgresql.JSONB(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("marks", postgresql.JSONB(), nullable=False),
        sa.Column("kind", sa.String(length=16), sa.Computed("plain ->> 'kind'", persisted=True), nullable=True),
        sa.Column("main_cause", sa.String(length=16), sa.Computed("plain ->> 'main_cause'", persisted=True), nullable=True),
        sa.Column("per_head_fen", sa.BigInteger(), nullable=True),
        sa.Column("persons", sa.SmallInteger(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("person_id IS NULL OR per_head_fen IS NULL", name=op.f("ck_file_record_income_is_the_households")),
        sa.CheckConstraint("year BETWEEN 2013 AND 2100", name=op.f("ck_file_record_year_known")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_file_record_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_file_record_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_record")),
    )
    op.create_index(
        "ix_file_record_year_village_code",
        "file_record",
        ["year", "village_code", "per_head_fen"],
        unique=False,
        postgresql_where=sa.text("person_id IS NULL"),
    )
    op.create_index(
        "uq_file_record_household_id_year_person_id",
        "file_record",
        ["household_id", "year", "person_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "visit_order",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("asked_for", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("not_by_id", sa.BigInteger(), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint(
            "cause IN ('collection', 'check', 'disagreement', 'monitoring', 'quality')", name=op.f("ck_visit_order_cause_known")
        ),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_visit_order_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["not_by_id"], ["account.id"], name=op.f("fk_visit_order_not_by_id_account")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_order_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_order")),
        sa.UniqueConstraint("public_id", name=op.f("uq_visit_order_public_id")),
    )
    op.create_index(
        "ix_visit_order_village_code_due_on",
        "visit_order",
        ["village_code", "due_on"],
        unique=False,
        postgresql_where=sa.text("visit_id IS NULL"),
    )
    op.create_index(
        "uq_visit_order_open",
        "visit_order",
        ["household_id", "cause", "asked_for"],
        unique=True,
        postgresql_where=sa.text("visit_id IS NULL"),
    )
    op.create_table(
        "field_conflict",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("standing_id", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name=op.f("ck_field_conflict_decided_has_person")),
        sa.CheckConstraint("state IN ('open', 'kept', 'replaced')", name=op.f("ck_field_conflict_state_known")),
        sa.CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_field_conflict_decided_has_moment")),
        sa.ForeignKeyConstraint(["change_id"], ["file_change.id"], name=op.f("fk_field_conflict_change_id_file_change")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_field_conflict_decided_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_field_conflict_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["standing_id"], ["file_change.id"], name=op.f("fk_field_conflict_standing_id_file_change")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_conflict")),
        sa.UniqueConstraint("public_id", name=op.f("uq_field_conflict_public_id")),
    )
    op.create_index("ix_field_conflict_household_id_state", "field_conflict", ["household_id", "state"], unique=False)
    op.create_index("ix_field_conflict_state_village_code", "field_conflict", ["state", "village_code"], unique=False)
    op.create_index(
        "uq_field_conflict_change_id_field_standing_id", "field_conflict", ["change_id", "field", "standing_id"], unique=True
    )


def downgrade() -> None:
    op.drop_index("uq_field_conflict_change_id_field_standing_id", table_name="field_conflict")
    op.drop_index("ix_field_conflict_state_village_code", table_name="field_conflict")
    op.drop_index("ix_field_conflict_household_id_state", table_name="field_conflict")
    op.drop_table("field_conflict")
    op.drop_index("uq_visit_order_open", table_name="visit_order", postgresql_where=sa.text("visit_id IS NULL"))
    op.drop_index("ix_visit_order_village_code_due_on", table_name="visit_order", postgresql_where=sa.text("visit_id IS NULL"))
    op.drop_table("visit_order")
    op.drop_index("uq_file_record_household_id_year_person_id", table_name="file_record", postgresql_nulls_not_distinct=True)
    op.drop_index("ix_file_record_year_village_code", table_name="file_record", postgresql_where=sa.text("person_id IS NULL"))
    op.drop_table("file_record")
    op.drop_index("ix_file_change_household_id_id", table_name="file_change")
    op.drop_table("file_change")
    op.drop_index("ix_change_request_state_village_code", table_name="change_request")
    op.drop_index("ix_change_request_household_id", table_name="change_request")
    op.drop_table("change_request")
    op.drop_index("ix_visit_household_id_at", table_name="visit")
    op.drop_table("visit")
    op.drop_index("uq_person_id_number_index", table_name="person", postgresql_where=sa.text("left_on IS NULL"))
    op.drop_index("uq_person_head", table_name="person", postgresql_where=sa.text("left_on IS NULL AND relation = 'head'"))
    op.drop_index("ix_person_village_code_id", table_name="person")
    op.drop_index("ix_person_name_index", table_name="person")
    op.drop_index("ix_person_household_id", table_name="person")
    op.drop_table("person")
    op.drop_index("ix_household_picture_household_id", table_name="household_picture")
    op.drop_index("ix_household_picture_fingerprint", table_name="household_picture")
    op.drop_table("household_picture")
    op.drop_index("ix_file_reading_household_id_at", table_name="file_reading")
    op.drop_index("ix_file_reading_by_id_at", table_name="file_reading")
    op.drop_table("file_reading")
    op.drop_index("ix_rule_change_name_area_code_begins_on", table_name="rule_change")
    op.drop_table("rule_change")
    op.drop_index("ix_file_search_by_id_at", table_name="file_search")
    op.drop_table("file_search")
    op.drop_constraint("uq_household_id_village_code", "household", type_="unique")
    op.drop_column("household", "record_key")
