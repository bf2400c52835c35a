"""Claims with their pictures and steps, goods that go back, messages on orders, reviews.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("hours_after_arrival", sa.Integer(), nullable=False),
        sa.Column("returnable", sa.Boolean(), nullable=False),
        sa.CheckConstraint("hours_after_arrival BETWEEN 1 AND 8784", name=op.f("ck_claim_rule_hours_range")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name="fk_claim_rule_category_id_category"),
        sa.PrimaryKeyConstraint("id", name="pk_claim_rule"),
        sa.UniqueConstraint("category_id", "begins_on", name="uq_claim_rule_category_id_begins_on"),
    )
    op.create_table(
        "order_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("sent_by", sa.String(length=8), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sent_by IN ('buyer', 'seller')", name=op.f("ck_order_message_sender_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_order_message_account_id_account"),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name="fk_order_message_order_id_order"),
        sa.PrimaryKeyConstraint("id", name="pk_order_message"),
        sa.UniqueConstraint("public_id", name="uq_order_message_public_id"),
    )
    op.create_index("ix_order_message_account_id_at", "order_message", ["account_id", "at"], unique=False)
    op.create_index("ix_order_message_order_id", "order_message", ["order_id"], unique=False)
    op.create_index(
        "ix_order_message_unread",
        "order_message",
        ["order_id", "sent_by"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.Column("asked_fen", sa.BigInteger(), nullable=False),
        sa.Column("share_bp", sa.SmallInteger(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("offered_fen", sa.BigInteger(), nullable=True),
        sa.Column("ruled_fen", sa.BigInteger(), nullable=True),
        sa.Column("goodwill_fen", sa.BigInteger(), nullable=False),
        sa.Column("ruled_by_id", sa.BigInteger(), nullable=True),
        sa.Column("ruled_again_by_id", sa.BigInteger(), nullable=True),
        sa.Column("settled_fen", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.BigInteger(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('settled', 'withdrawn', 'lapsed')) = (answer_by IS NULL) AND (state IN ('settled', 'withdrawn', 'lapsed')) = (ended_at IS NOT NULL)",
            name=op.f("ck_claim_end_stops_clock"),
        ),
        sa.CheckConstraint(
            "kind IN ('rotten', 'short_weight', 'wrong_goods', 'not_arrived', 'other')", name=op.f("ck_claim_kind_known")
        ),
        sa.CheckConstraint(
            "settled_fen BETWEEN 0 AND asked_fen AND (settled_fen = 0 OR state = 'settled')",
            name=op.f("ck_claim_settled_within_asked"),
        ),
        sa.CheckConstraint(
            "state IN ('filed', 'offered', 'refused', 'returning', 'disputed', 'ruled', 'appealed', 'settled', 'withdrawn', 'lapsed')",
            name=op.f("ck_claim_state_known"),
        ),
        sa.CheckConstraint("asked_fen > 0", name=op.f("ck_claim_asked_positive")),
        sa.CheckConstraint("goodwill_fen BETWEEN 0 AND COALESCE(ruled_fen, 0)", name=op.f("ck_claim_goodwill_within_ruled")),
        sa.CheckConstraint("offered_fen > 0 AND offered_fen < asked_fen", name=op.f("ck_claim_offer_below_asked")),
        sa.CheckConstraint("ruled_by_id <> ruled_again_by_id", name=op.f("ck_claim_appeal_by_another")),
        sa.CheckConstraint("ruled_fen BETWEEN 0 AND asked_fen", name=op.f("ck_claim_ruled_within_asked")),
        sa.CheckConstraint("share_bp BETWEEN 1 AND 10000", name=op.f("ck_claim_share_range")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name="fk_claim_order_id_order"),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name="fk_claim_order_line_id_order_line"),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name="fk_claim_refund_id_refund"),
        sa.ForeignKeyConstraint(["ruled_again_by_id"], ["account.id"], name="fk_claim_ruled_again_by_id_account"),
        sa.ForeignKeyConstraint(["ruled_by_id"], ["account.id"], name="fk_claim_ruled_by_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_claim"),
        sa.UniqueConstraint("public_id", name="uq_claim_public_id"),
        sa.UniqueConstraint("refund_id", name="uq_claim_refund_id"),
    )
    op.create_index(
        "ix_claim_due",
        "claim",
        ["answer_by"],
        unique=False,
        postgresql_where=sa.text("NOT (state IN ('settled', 'withdrawn', 'lapsed'))"),
    )
    op.create_index("ix_claim_order_id", "claim", ["order_id"], unique=False)
    op.create_index("ix_claim_order_line_id", "claim", ["order_line_id"], unique=False)
    op.create_index(
        "uq_claim_open_line",
        "claim",
        ["order_line_id"],
        unique=True,
        postgresql_where=sa.text("NOT (state IN ('settled', 'withdrawn', 'lapsed'))"),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=8), nullable=False),
        sa.Column("stars", sa.SmallInteger(), nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.String(length=1000), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_reason", sa.String(length=300), nullable=False),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(hidden_reason = '') = (hidden_at IS NULL)", name=op.f("ck_review_hidden_says_why")),
        sa.CheckConstraint("(reply = '') = (replied_at IS NULL)", name=op.f("ck_review_reply_has_moment")),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_review_stars_range")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_review_account_id_account"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_review_listing_id_listing"),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name="fk_review_order_line_id_order_line"),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name="fk_review_producer_id_producer"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sa.UniqueConstraint("order_line_id", name="uq_review_order_line_id"),
        sa.UniqueConstraint("public_id", name="uq_review_public_id"),
    )
    op.create_index("ix_review_account_id", "review", ["account_id"], unique=False)
    op.create_index(
        "ix_review_listing_id_id", "review", ["listing_id", "id"], unique=False, postgresql_where=sa.text("hidden_at IS NULL")
    )
    op.create_index("ix_review_producer_id", "review", ["producer_id"], unique=False)
    op.create_table(
        "claim_picture",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("width", sa.SmallInteger(), nullable=False),
        sa.Column("height", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_picture_claim_id_claim"),
        sa.PrimaryKeyConstraint("id", name="pk_claim_picture"),
        sa.UniqueConstraint("public_id", name="uq_claim_picture_public_id"),
    )
    op.create_index("ix_claim_picture_claim_id", "claim_picture", ["claim_id"], unique=False)
    op.create_table(
        "claim_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("party", sa.String(length=8), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.CheckConstraint("party IN ('buyer', 'seller', 'operator', 'clock')", name=op.f("ck_claim_step_party_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_claim_step_account_id_account"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_step_claim_id_claim"),
        sa.PrimaryKeyConstraint("id", name="pk_claim_step"),
    )
    op.create_index("ix_claim_step_claim_id", "claim_step", ["claim_id"], unique=False)
    op.create_table(
        "goods_return",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("carrier", sa.String(length=40), nullable=False),
        sa.Column("tracking_number", sa.String(length=40), nullable=False),
        sa.Column("sellable", sa.Boolean(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'checked') = (sellable IS NOT NULL)", name=op.f("ck_goods_return_checked_says")),
        sa.CheckConstraint(
            "state IN ('agreed', 'sent', 'arrived', 'checked', 'questioned', 'given_up')",
            name=op.f("ck_goods_return_state_known"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_goods_return_quantity_positive")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_goods_return_claim_id_claim"),
        sa.PrimaryKeyConstraint("id", name="pk_goods_return"),
        sa.UniqueConstraint("claim_id", name="uq_goods_return_claim_id"),
        sa.UniqueConstraint("public_id", name="uq_goods_return_public_id"),
    )
    op.create_table(
        "review_picture",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("width", sa.SmallInteger(), nullable=False),
        sa.Column("height", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name="fk_review_picture_review_id_review"),
        sa.PrimaryKeyConstraint("id", name="pk_review_picture"),
        sa.UniqueConstraint("public_id", name="uq_review_picture_public_id"),
    )
    op.create_index("ix_review_picture_review_id", "review_picture", ["review_id"], unique=False)
    op.create_table(
        "review_report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_review_report_account_id_account"),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name="fk_review_report_review_id_review"),
        sa.PrimaryKeyConstraint("id", name="pk_review_report"),
        sa.UniqueConstraint("review_id", "account_id", name="uq_review_report_review_id_account_id"),
    )
    op.add_column("order_line", sa.Column("refunded_fen", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_order_line_refunded_within_total"), "order_line", "refunded_fen BETWEEN 0 AND total_fen"
    )


def downgrade() -> None:
    for table in (
        "review_report",
        "review_picture",
        "review",
        "order_message",
        "goods_return",
        "claim_step",
        "claim_picture",
        "claim",
        "claim_rule",
    ):
        op.drop_table(table)
    op.drop_column("order_line", "refunded_fen")
