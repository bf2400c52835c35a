"""Market prices, the rule that unusual prices are found by, comparisons and what is shown for a price.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _fen(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "market_price",
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        _fen("low_fen"),
        _fen("average_fen"),
        _fen("high_fen"),
        sa.CheckConstraint(
            "low_fen > 0 AND low_fen <= average_fen AND average_fen <= high_fen", name=op.f("ck_market_price_in_order")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_market_price_product_id_product")),
        sa.PrimaryKeyConstraint("product_id", "day", "source", name=op.f("pk_market_price")),
    )
    op.create_table(
        "price_rule",
        sa.Column("begins_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.SmallInteger(), nullable=False) for name in ("weeks", "least_days", "least_listings")),
        *(sa.Column(name, sa.Float(), nullable=False) for name in ("markup", "spread", "flag_at", "wait_at")),
        sa.Column("set_by", sa.String(64), nullable=False),
        sa.CheckConstraint(
            "weeks BETWEEN 1 AND 104 AND least_days >= 3 AND least_listings >= 3",
            name=op.f("ck_price_rule_enough_to_compare"),
        ),
        sa.CheckConstraint(
            "markup > 0 AND spread > 0 AND flag_at > 0 AND wait_at >= flag_at", name=op.f("ck_price_rule_bounds_in_order")
        ),
        sa.PrimaryKeyConstraint("begins_on", name=op.f("pk_price_rule")),
    )
    op.create_table(
        "price_check",
        _id(),
        sa.Column("public_id", sa.String(20), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        _moment("at"),
        sa.Column("checked_on", sa.Date(), nullable=False),
        _fen("price_fen"),
        sa.Column("unit_grams", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(8), nullable=False),
        _fen("expected_fen", nullable=True),
        sa.Column("deviation", sa.Float(), nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("review", sa.String(10), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        _moment("decided_at", nullable=True),
        sa.CheckConstraint("basis IN ('market', 'own', 'shop', 'none')", name=op.f("ck_price_check_basis_known")),
        sa.CheckConstraint("verdict IN ('fits', 'flagged', 'waits', 'unchecked')", name=op.f("ck_price_check_verdict_known")),
        sa.CheckConstraint(
            "review IN ('none', 'open', 'asked', 'accepted', 'refused', 'replaced')", name=op.f("ck_price_check_review_known")
        ),
        sa.CheckConstraint("(basis = 'none') = (verdict = 'unchecked')", name=op.f("ck_price_check_judged_by_something")),
        sa.CheckConstraint("(basis = 'none') = (expected_fen IS NULL)", name=op.f("ck_price_check_expected_if_compared")),
        sa.CheckConstraint(
            "(review = 'none') = (verdict IN ('fits', 'unchecked'))", name=op.f("ck_price_check_unusual_is_reviewed")
        ),
        sa.CheckConstraint(
            "(review IN ('accepted', 'refused')) = (decided_at IS NOT NULL)", name=op.f("ck_price_check_decided_has_moment")
        ),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_price_check_listing_id_listing")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_check")),
        sa.UniqueConstraint("public_id", name=op.f("uq_price_check_public_id")),
    )
    op.create_index(
        "ix_price_check_one_open",
        "price_check",
        ["listing_id"],
        unique=True,
        postgresql_where=sa.text("review IN ('open', 'asked')"),
    )
    op.create_index("ix_price_check_listing_id_id", "price_check", ["listing_id", "id"])
    op.create_table(
        "price_evidence",
        _id(),
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        _moment("at"),
        sa.Column("given_by", sa.String(8), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("link", sa.String(500), nullable=False),
        sa.CheckConstraint("words <> '' OR link <> ''", name=op.f("ck_price_evidence_says_something")),
        sa.CheckConstraint("given_by IN ('seller', 'operator')", name=op.f("ck_price_evidence_given_by_known")),
        sa.ForeignKeyConstraint(["check_id"], ["price_check.id"], name=op.f("fk_price_evidence_check_id_price_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_evidence")),
    )
    op.create_index(op.f("ix_price_evidence_check_id"), "price_evidence", ["check_id"])


def downgrade() -> None:
    for table in ("price_evidence", "price_check", "price_rule", "market_price"):
        op.drop_table(table)
