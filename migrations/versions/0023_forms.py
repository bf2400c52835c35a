"""Versions of forms, what devices send, what is odd about it, and where villages lie.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "area_place",
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.CheckConstraint("source <> ''", name=op.f("ck_area_place_source_named")),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_area_place_on_earth")
        ),
        sa.CheckConstraint("radius_m > 0", name=op.f("ck_area_place_radius_positive")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_area_place_area_code_area")),
        sa.PrimaryKeyConstraint("area_code", name=op.f("pk_area_place")),
    )
    op.create_table(
        "form_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("form_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("standard_id", sa.BigInteger(), nullable=True),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("model", postgresql.JSONB(), nullable=False),
        sa.Column("xlsx", sa.LargeBinary(), nullable=False),
        sa.Column("xform", sa.String(), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("validated", sa.Boolean(), nullable=False),
        sa.Column("warnings", postgresql.JSONB(), nullable=False),
        sa.Column("published_by_id", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(standard_id IS NULL) = (length(area_code) = 2)", name=op.f("ck_form_version_extension_has_standard")
        ),
        sa.CheckConstraint("ends_on IS NULL OR ends_on > begins_on", name=op.f("ck_form_version_ends_after_beginning")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_form_version_area_code_area")),
        sa.ForeignKeyConstraint(["published_by_id"], ["account.id"], name=op.f("fk_form_version_published_by_id_account")),
        sa.ForeignKeyConstraint(["standard_id"], ["form_version.id"], name=op.f("fk_form_version_standard_id_form_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_version")),
        sa.UniqueConstraint("form_id", "version", name=op.f("uq_form_version_form_id_version")),
        sa.UniqueConstraint("public_id", name=op.f("uq_form_version_public_id")),
    )
    op.create_index("ix_form_version_area_code_begins_on", "form_version", ["area_code", "begins_on"], unique=False)
    op.create_table(
        "revisit_draw",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("collector_id", sa.BigInteger(), nullable=False),
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("seed", sa.String(length=40), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("of", postgresql.JSONB(), nullable=False),
        sa.Column("drawn", postgresql.JSONB(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["collector_id"], ["account.id"], name=op.f("fk_revisit_draw_collector_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisit_draw")),
        sa.UniqueConstraint("collector_id", "week_on", name=op.f("uq_revisit_draw_collector_id_week_on")),
    )
    op.create_table(
        "form_submission",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("instance_id", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("form", sa.String(length=4), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("record_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_raw", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_extra", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("fault", sa.String(length=40), nullable=False),
        sa.Column("fault_fields", postgresql.JSONB(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name=op.f("ck_form_submission_done_has_moment")),
        sa.CheckConstraint(
            "(state IN ('failed', 'unreadable')) = (fault <> '')", name=op.f("ck_form_submission_failure_has_fault")
        ),
        sa.CheckConstraint("channel IN ('openrosa', 'web', 'program')", name=op.f("ck_form_submission_channel_known")),
        sa.CheckConstraint("form IN ('xml', 'json')", name=op.f("ck_form_submission_form_known")),
        sa.CheckConstraint(
            "state IN ('incomplete', 'waiting', 'done', 'failed', 'unreadable')", name=op.f("ck_form_submission_state_known")
        ),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_form_submission_area_code_area")),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_form_submission_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "area_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_form_submission_household_id_area_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["version_id"], ["form_version.id"], name=op.f("fk_form_submission_version_id_form_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_submission")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_form_submission_instance_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_form_submission_public_id")),
    )
    op.create_index("ix_form_submission_area_code_received_at", "form_submission", ["area_code", "received_at"], unique=False)
    op.create_index("ix_form_submission_by_id_received_at", "form_submission", ["by_id", "received_at"], unique=False)
    op.create_index("ix_form_submission_household_id", "form_submission", ["household_id"], unique=False)
    op.create_index("ix_form_submission_state", "form_submission", ["state", "received_at"], unique=False)
    op.create_table(
        "submission_flag",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name=op.f("ck_submission_flag_decided_has_person")),
        sa.CheckConstraint(
            "kind IN ('outside', 'fast', 'straight', 'photo', 'clock', 'night')", name=op.f("ck_submission_flag_kind_known")
        ),
        sa.CheckConstraint("state IN ('open', 'explained', 'confirmed')", name=op.f("ck_submission_flag_state_known")),
        sa.CheckConstraint(
            "(decided_by_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_submission_flag_decided_has_moment")
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_submission_flag_decided_by_id_account")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["form_submission.id"], name=op.f("fk_submission_flag_submission_id_form_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_flag")),
        sa.UniqueConstraint("submission_id", "kind", name=op.f("uq_submission_flag_submission_id_kind")),
    )
    op.create_index("ix_submission_flag_state", "submission_flag", ["state"], unique=False)
    op.create_table(
        "submission_medium",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("picture_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(digest IS NULL) = (came_at IS NULL)", name=op.f("ck_submission_medium_come_has_digest")),
        sa.ForeignKeyConstraint(
            ["picture_id"], ["household_picture.id"], name=op.f("fk_submission_medium_picture_id_household_picture")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["form_submission.id"], name=op.f("fk_submission_medium_submission_id_form_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_medium")),
        sa.UniqueConstraint("submission_id", "name", name=op.f("uq_submission_medium_submission_id_name")),
    )


def downgrade() -> None:
    op.drop_table("submission_medium")
    op.drop_index("ix_submission_flag_state", table_name="submission_flag")
    op.drop_table("submission_flag")
    op.drop_index("ix_form_submission_state", table_name="form_submission")
    op.drop_index("ix_form_submission_household_id", table_name="form_submission")
    op.drop_index("ix_form_submission_by_id_received_at", table_name="form_submission")
    op.drop_index("ix_form_submission_area_code_received_at", table_name="form_submission")
    op.drop_table("form_submission")
    op.drop_table("revisit_draw")
    op.drop_index("ix_form_version_area_code_begins_on", table_name="form_version")
    op.drop_table("form_version")
    op.drop_table("area_place")
