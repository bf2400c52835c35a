"""Sales windows, harvests to come, photos, certificates, geographical indications.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _seasons()
    _photos()
    _certificates()


def _seasons() -> None:
    for name in ("opens_on", "closes_on", "expected_on"):
        op.add_column("listing", sa.Column(name, sa.Date(), nullable=True))
    op.create_check_constraint(op.f("ck_listing_window_in_order"), "listing", "closes_on >= opens_on")
    for table, amount in (("lot", "short"), ("order_line", "missing")):
        op.add_column(table, sa.Column("expected", sa.Boolean(), server_default="false", nullable=False))
        op.add_column(table, sa.Column(amount, sa.Numeric(12, 3), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_lot_short_has_nothing"), "lot", "short >= 0 AND (short = 0 OR (on_hand = 0 AND NOT expected))"
    )
    op.create_check_constraint(op.f("ck_order_line_missing_within_quantity"), "order_line", "missing BETWEEN 0 AND quantity")
    op.create_index("ix_order_line_expected", "order_line", ["lot_id"], postgresql_where=sa.text("expected"))


def _photos() -> None:
    op.create_table(
        "listing_photo",
        _id(),
        _text("public_id", 20),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        _text("name", 64),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        _text("alt_zh", 120),
        _text("alt_en", 160),
        _moment("added_at"),
        sa.CheckConstraint("position BETWEEN 0 AND 7", name=op.f("ck_listing_photo_position_range")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_listing_photo_has_size")),
        sa.CheckConstraint("alt_zh <> '' AND alt_en <> ''", name=op.f("ck_listing_photo_says_what_it_shows")),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_listing_photo_listing_id_listing")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_photo")),
        sa.UniqueConstraint("public_id", name=op.f("uq_listing_photo_public_id")),
        sa.UniqueConstraint("listing_id", "name", name=op.f("uq_listing_photo_listing_id_name")),
        sa.UniqueConstraint(
            "listing_id",
            "position",
            name=op.f("uq_listing_photo_listing_id_position"),
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_listing_photo_name", "listing_photo", ["name"])


def _certificates() -> None:
    op.create_table(
        "indication",
        _id(),
        _text("public_id", 20),
        _text("name_zh", 60),
        _text("name_en", 80),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("area_code", sa.String(12, collation="C"), nullable=False),
        _text("entered_by", 64),
        _moment("entered_at"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_indication_product_id_product")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_indication_area_code_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indication")),
        sa.UniqueConstraint("public_id", name=op.f("uq_indication_public_id")),
        sa.UniqueConstraint("name_zh", name=op.f("uq_indication_name_zh")),
    )
    op.create_table(
        "certificate",
        _id(),
        _text("public_id", 20),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=True),
        sa.Column("indication_id", sa.BigInteger(), nullable=True),
        _text("kind", 16),
        _text("number", 60),
        _text("issuer", 80),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        _text("file_kind", 8),
        _text("file_name", 64),
        _text("state", 12),
        _moment("submitted_at"),
        _moment("reviewed_at", nullable=True),
        _text("refusal", 200),
        _moment("warned_at", nullable=True),
        sa.CheckConstraint(
            "kind IN ('green', 'organic', 'pollution_free', 'indication', 'test_report')",
            name=op.f("ck_certificate_kind_known"),
        ),
        sa.CheckConstraint("state IN ('submitted', 'verified', 'refused')", name=op.f("ck_certificate_state_known")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_certificate_days_in_order")),
        sa.CheckConstraint(
            "(kind = 'indication') = (indication_id IS NOT NULL)", name=op.f("ck_certificate_indication_if_protected")
        ),
        sa.CheckConstraint("(state = 'submitted') = (reviewed_at IS NULL)", name=op.f("ck_certificate_reviewed_has_moment")),
        sa.CheckConstraint("(state = 'refused') = (refusal <> '')", name=op.f("ck_certificate_refusal_has_reason")),
        sa.CheckConstraint("file_kind IN ('picture', 'pdf')", name=op.f("ck_certificate_file_kind_known")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_certificate_producer_id_producer")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_certificate_lot_id_lot")),
        sa.ForeignKeyConstraint(["indication_id"], ["indication.id"], name=op.f("fk_certificate_indication_id_indication")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("public_id", name=op.f("uq_certificate_public_id")),
    )
    op.create_index(op.f("ix_certificate_producer_id"), "certificate", ["producer_id"])
    op.create_index(op.f("ix_certificate_lot_id"), "certificate", ["lot_id"])
    op.create_index(
        "uq_certificate_number",
        "certificate",
        ["producer_id", "kind", "number"],
        unique=True,
        postgresql_where=sa.text("state <> 'refused'"),
    )
    op.create_index("ix_certificate_submitted", "certificate", ["id"], postgresql_where=sa.text("state = 'submitted'"))


def downgrade() -> None:
    for table in ("certificate", "indication", "listing_photo"):
        op.drop_table(table)
    op.drop_index("ix_order_line_expected", "order_line")
    op.drop_constraint(op.f("ck_order_line_missing_within_quantity"), "order_line", type_="check")
    op.drop_constraint(op.f("ck_lot_short_has_nothing"), "lot", type_="check")
    for table, amount in (("lot", "short"), ("order_line", "missing")):
        op.drop_column(table, amount)
        op.drop_column(table, "expected")
    op.drop_constraint(op.f("ck_listing_window_in_order"), "listing", type_="check")
    for name in ("opens_on", "closes_on", "expected_on"):
        op.drop_column("listing", name)
