"""Enterprises, demands, supplies, quotes, tenders, plans and contracts; a purchase target is an enterprise's.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from marketplace.kernel.ids import public_id

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_payment_method_known"), "payment", type_="check")
    op.create_check_constraint(
        op.f("ck_payment_method_known"),
        "payment",
        "method IN ('online', 'bank_transfer', 'cash_on_delivery', 'after_acceptance')",
    )
    op.create_table(
        "enterprise",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("invoice_title", sa.String(length=100), nullable=False),
        sa.Column("tax_number", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "tax_number IS NULL OR tax_number ~ '^[0-9A-Z]{15,20}$'", name=op.f("ck_enterprise_tax_number_form")
        ),
        sa.CheckConstraint("length(name) > 0 AND length(invoice_title) > 0", name=op.f("ck_enterprise_has_names")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprise")),
        sa.UniqueConstraint("public_id", name=op.f("uq_enterprise_public_id")),
    )
    op.create_table(
        "delivery_place",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("hours", sa.String(length=80), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_delivery_place_area_code_area")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_delivery_place_enterprise_id_enterprise")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_place")),
        sa.UniqueConstraint("public_id", name=op.f("uq_delivery_place_public_id")),
    )
    op.create_index(op.f("ix_delivery_place_enterprise_id"), "delivery_place", ["enterprise_id"], unique=False)
    op.create_table(
        "enterprise_member",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("approval_limit_fen", sa.BigInteger(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role <> 'receiver' OR approval_limit_fen = 0", name=op.f("ck_enterprise_member_receiver_approves_nothing")
        ),
        sa.CheckConstraint("role IN ('owner', 'buyer', 'approver', 'receiver')", name=op.f("ck_enterprise_member_role_known")),
        sa.CheckConstraint("approval_limit_fen >= 0", name=op.f("ck_enterprise_member_limit_not_negative")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_enterprise_member_account_id_account")),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["enterprise.id"], name=op.f("fk_enterprise_member_enterprise_id_enterprise")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprise_member")),
        sa.UniqueConstraint("public_id", name=op.f("uq_enterprise_member_public_id")),
    )
    op.create_index(op.f("ix_enterprise_member_enterprise_id"), "enterprise_member", ["enterprise_id"], unique=False)
    op.create_index(
        "uq_enterprise_member_account_id",
        "enterprise_member",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("policy_version", sa.String(length=40), nullable=False),
        sa.Column("policy", postgresql.JSONB(), nullable=False),
        sa.Column("share_asked", sa.Double(), nullable=False),
        sa.Column("share_attained", sa.Double(), nullable=False),
        sa.Column("share_attainable", sa.Double(), nullable=True),
        sa.Column("tilt_price", sa.Double(), nullable=False),
        sa.Column("gap", sa.Double(), nullable=False),
        sa.Column("proved", sa.Boolean(), nullable=False),
        sa.Column("in_time", sa.Boolean(), nullable=False),
        sa.Column("surplus_fen", sa.BigInteger(), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("untilted_surplus_fen", sa.BigInteger(), nullable=False),
        sa.Column("untilted_share", sa.Double(), nullable=False),
        sa.Column("wanted_g", sa.BigInteger(), nullable=False),
        sa.Column("planned_g", sa.BigInteger(), nullable=False),
        sa.Column("curve", postgresql.JSONB(), nullable=False),
        sa.Column("unmet", postgresql.JSONB(), nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state = 'proposed' OR state = 'superseded' OR num_nonnulls(decided_by_id, decided_at) = 2",
            name=op.f("ck_plan_decided_by_somebody"),
        ),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'superseded', 'rejected')", name=op.f("ck_plan_state_known")),
        sa.CheckConstraint("gap >= 0", name=op.f("ck_plan_gap_not_negative")),
        sa.CheckConstraint("share_asked BETWEEN 0 AND 1 AND share_attained BETWEEN 0 AND 1", name=op.f("ck_plan_share_range")),
        sa.CheckConstraint("share_attainable BETWEEN 0 AND 1", name=op.f("ck_plan_attainable_range")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_plan_decided_by_id_account")),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_plan_made_by_id_account")),
        sa.ForeignKeyConstraint(["replaces_id"], ["plan.id"], name=op.f("fk_plan_replaces_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("public_id", name=op.f("uq_plan_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_plan_reference")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_plan_replaces_id")),
    )
    op.create_table(
        "demand",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("grade", sa.String(length=10), nullable=False),
        sa.Column("price_ceiling_fen_kg", sa.BigInteger(), nullable=False),
        sa.Column("tolerance_bp", sa.SmallInteger(), nullable=False),
        sa.Column("certificate_kinds", postgresql.ARRAY(sa.String(length=16)), nullable=False),
        sa.Column("origin_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("most_households", sa.SmallInteger(), nullable=True),
        sa.Column("budget_reserved", sa.Boolean(), nullable=False),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("answer_by_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("grade IN ('special', 'first', 'second', 'ungraded')", name=op.f("ck_demand_grade_known")),
        sa.CheckConstraint("kind IN ('one_off', 'recurring', 'forward')", name=op.f("ck_demand_kind_known")),
        sa.CheckConstraint(
            "state IN ('draft', 'open', 'choosing', 'contracted', 'unmet', 'withdrawn')", name=op.f("ck_demand_state_known")
        ),
        sa.CheckConstraint("way IN ('matching', 'quotes', 'tender')", name=op.f("ck_demand_way_known")),
        sa.CheckConstraint("most_households BETWEEN 1 AND 10000", name=op.f("ck_demand_most_households_range")),
        sa.CheckConstraint("num_nonnulls(product_id, category_id) = 1", name=op.f("ck_demand_product_or_category")),
        sa.CheckConstraint("price_ceiling_fen_kg BETWEEN 1 AND 100000000", name=op.f("ck_demand_ceiling_range")),
        sa.CheckConstraint("tolerance_bp BETWEEN 0 AND 5000", name=op.f("ck_demand_tolerance_range")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_demand_category_id_category")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_demand_enterprise_id_enterprise")),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_demand_made_by_id_account")),
        sa.ForeignKeyConstraint(["place_id"], ["delivery_place.id"], name=op.f("fk_demand_place_id_delivery_place")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_demand_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand")),
        sa.UniqueConstraint("public_id", name=op.f("uq_demand_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_demand_reference")),
    )
    op.create_index(
        "ix_demand_due", "demand", ["due_at"], unique=False, postgresql_where=sa.text("state IN ('open', 'choosing')")
    )
    op.create_index(op.f("ix_demand_enterprise_id"), "demand", ["enterprise_id"], unique=False)
    op.create_table(
        "contract",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("demand_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("drafted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_because", sa.String(length=200), nullable=False),
        sa.CheckConstraint("state IN ('to_approve', 'in_force', 'fulfilled', 'refused')", name=op.f("ck_contract_state_known")),
        sa.CheckConstraint(
            "state NOT IN ('in_force', 'fulfilled') OR approved_by_id IS NOT NULL",
            name=op.f("ck_contract_approved_by_somebody"),
        ),
        sa.CheckConstraint("grams > 0 AND total_fen > 0", name=op.f("ck_contract_totals_positive")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["account.id"], name=op.f("fk_contract_approved_by_id_account")),
        sa.ForeignKeyConstraint(["demand_id"], ["demand.id"], name=op.f("fk_contract_demand_id_demand")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["account.id"], name=op.f("fk_contract_drafted_by_id_account")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_contract_enterprise_id_enterprise")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_contract_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint("public_id", name=op.f("uq_contract_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_contract_reference")),
    )
    op.create_index(op.f("ix_contract_demand_id"), "contract", ["demand_id"], unique=False)
    op.create_index("ix_contract_due", "contract", ["due_at"], unique=False, postgresql_where=sa.text("state = 'to_approve'"))
    op.create_index(op.f("ix_contract_enterprise_id"), "contract", ["enterprise_id"], unique=False)
    op.create_index(
        "uq_contract_demand", "contract", ["demand_id"], unique=True, postgresql_where=sa.text("state <> 'refused'")
    )
    op.create_table(
        "demand_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("demand_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("wanted_g", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("closes_on >= opens_on", name=op.f("ck_demand_delivery_window_in_order")),
        sa.CheckConstraint("number BETWEEN 1 AND 400", name=op.f("ck_demand_delivery_number_range")),
        sa.CheckConstraint("wanted_g BETWEEN 1 AND 1000000000", name=op.f("ck_demand_delivery_wanted_range")),
        sa.ForeignKeyConstraint(["demand_id"], ["demand.id"], name=op.f("fk_demand_delivery_demand_id_demand")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand_delivery")),
        sa.UniqueConstraint("demand_id", "number", name=op.f("uq_demand_delivery_demand_id_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_demand_delivery_public_id")),
    )
    op.create_table(
        "plan_demand",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("demand_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["demand_id"], ["demand.id"], name=op.f("fk_plan_demand_demand_id_demand")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_demand_plan_id_plan")),
        sa.PrimaryKeyConstraint("plan_id", "demand_id", name=op.f("pk_plan_demand")),
    )
    op.create_index(op.f("ix_plan_demand_demand_id"), "plan_demand", ["demand_id"], unique=False)
    op.create_table(
        "price_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_price_list_valid_span")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_price_list_enterprise_id_enterprise")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_price_list_producer_id_producer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
        sa.UniqueConstraint("public_id", name=op.f("uq_price_list_public_id")),
    )
    op.create_index(op.f("ix_price_list_enterprise_id"), "price_list", ["enterprise_id"], unique=False)
    op.create_index(op.f("ix_price_list_producer_id"), "price_list", ["producer_id"], unique=False)
    op.create_table(
        "tender",
        sa.Column("demand_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bid_key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_opener_id", sa.BigInteger(), nullable=True),
        sa.Column("second_opener_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('sealed', 'one_key', 'opened', 'decided', 'void')", name=op.f("ck_tender_state_known")),
        sa.CheckConstraint(
            "state NOT IN ('opened', 'decided') OR num_nonnulls(first_opener_id, second_opener_id) = 2",
            name=op.f("ck_tender_both_keys"),
        ),
        sa.CheckConstraint("(opened_at IS NULL) = (second_opener_id IS NULL)", name=op.f("ck_tender_opened_has_moment")),
        sa.CheckConstraint("first_opener_id <> second_opener_id", name=op.f("ck_tender_two_persons")),
        sa.CheckConstraint("opened_at >= opens_at", name=op.f("ck_tender_opened_in_time")),
        sa.ForeignKeyConstraint(["demand_id"], ["demand.id"], name=op.f("fk_tender_demand_id_demand")),
        sa.ForeignKeyConstraint(["first_opener_id"], ["account.id"], name=op.f("fk_tender_first_opener_id_account")),
        sa.ForeignKeyConstraint(["second_opener_id"], ["account.id"], name=op.f("fk_tender_second_opener_id_account")),
        sa.PrimaryKeyConstraint("demand_id", name=op.f("pk_tender")),
    )
    op.create_table(
        "contract_delivery",
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payable_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pay_by_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(payable_at IS NULL) = (pay_by_at IS NULL)", name=op.f("ck_contract_delivery_payable_has_deadline")
        ),
        sa.CheckConstraint("payable_at IS NULL OR group_id IS NOT NULL", name=op.f("ck_contract_delivery_payable_was_ordered")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_contract_delivery_contract_id_contract")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["demand_delivery.id"], name=op.f("fk_contract_delivery_delivery_id_demand_delivery")
        ),
        sa.ForeignKeyConstraint(["group_id"], ["order_group.id"], name=op.f("fk_contract_delivery_group_id_order_group")),
        sa.PrimaryKeyConstraint("contract_id", "delivery_id", name=op.f("pk_contract_delivery")),
        sa.UniqueConstraint("group_id", name=op.f("uq_contract_delivery_group_id")),
    )
    op.create_index(op.f("ix_contract_delivery_delivery_id"), "contract_delivery", ["delivery_id"], unique=False)
    op.create_index(
        "ix_contract_delivery_payable",
        "contract_delivery",
        ["pay_by_at"],
        unique=False,
        postgresql_where=sa.text("payable_at IS NOT NULL"),
    )
    op.create_table(
        "price_list_line",
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(length=10), nullable=False),
        sa.Column("fen_kg", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("grade IN ('special', 'first', 'second', 'ungraded')", name=op.f("ck_price_list_line_grade_known")),
        sa.CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name=op.f("ck_price_list_line_price_range")),
        sa.ForeignKeyConstraint(["list_id"], ["price_list.id"], name=op.f("fk_price_list_line_list_id_price_list")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_price_list_line_product_id_product")),
        sa.PrimaryKeyConstraint("list_id", "product_id", "grade", name=op.f("pk_price_list_line")),
    )
    op.create_table(
        "quote",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("demand_id", sa.BigInteger(), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("fen_kg", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('offered', 'countered', 'chosen', 'declined', 'withdrawn', 'lapsed')", name=op.f("ck_quote_state_known")
        ),
        sa.CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name=op.f("ck_quote_price_range")),
        sa.CheckConstraint("grams BETWEEN 1 AND 1000000000", name=op.f("ck_quote_grams_range")),
        sa.CheckConstraint("round BETWEEN 1 AND 20", name=op.f("ck_quote_round_range")),
        sa.ForeignKeyConstraint(["demand_id"], ["demand.id"], name=op.f("fk_quote_demand_id_demand")),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_quote_listing_id_listing")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_quote_producer_id_producer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
        sa.UniqueConstraint("public_id", name=op.f("uq_quote_public_id")),
    )
    op.create_index(op.f("ix_quote_demand_id"), "quote", ["demand_id"], unique=False)
    op.create_index(
        "ix_quote_due", "quote", ["due_at"], unique=False, postgresql_where=sa.text("state IN ('offered', 'countered')")
    )
    op.create_index(op.f("ix_quote_producer_id"), "quote", ["producer_id"], unique=False)
    op.create_index(
        "uq_quote_live",
        "quote",
        ["demand_id", "listing_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('offered', 'countered', 'chosen')"),
    )
    op.create_table(
        "tender_bid",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("demand_id", sa.BigInteger(), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sent_by", sa.String(length=64), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=True),
        sa.Column("grams", sa.BigInteger(), nullable=True),
        sa.Column("fen_kg", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(listing_id, grams, fen_kg) = CASE WHEN state IN ('opened', 'chosen') THEN 3 ELSE 0 END",
            name=op.f("ck_tender_bid_figures_when_opened"),
        ),
        sa.CheckConstraint(
            "state IN ('sealed', 'withdrawn', 'opened', 'chosen', 'spoiled')", name=op.f("ck_tender_bid_state_known")
        ),
        sa.CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name=op.f("ck_tender_bid_price_range")),
        sa.CheckConstraint("grams BETWEEN 1 AND 1000000000", name=op.f("ck_tender_bid_grams_range")),
        sa.ForeignKeyConstraint(["demand_id"], ["tender.demand_id"], name=op.f("fk_tender_bid_demand_id_tender")),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_tender_bid_listing_id_listing")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_tender_bid_producer_id_producer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_bid")),
        sa.UniqueConstraint("public_id", name=op.f("uq_tender_bid_public_id")),
    )
    op.create_index(op.f("ix_tender_bid_demand_id"), "tender_bid", ["demand_id"], unique=False)
    op.create_index(op.f("ix_tender_bid_producer_id"), "tender_bid", ["producer_id"], unique=False)
    op.create_index(
        "uq_tender_bid_live",
        "tender_bid",
        ["demand_id", "producer_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'withdrawn'"),
    )
    op.create_table(
        "quote_round",
        sa.Column("quote_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("party", sa.String(length=8), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("fen_kg", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("said_by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("party IN ('seller', 'buyer')", name=op.f("ck_quote_round_party_known")),
        sa.CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name=op.f("ck_quote_round_price_range")),
        sa.CheckConstraint("grams BETWEEN 1 AND 1000000000", name=op.f("ck_quote_round_grams_range")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_quote_round_quote_id_quote")),
        sa.PrimaryKeyConstraint("quote_id", "number", name=op.f("pk_quote_round")),
    )
    op.create_table(
        "supply_declaration",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=True),
        sa.Column("grade", sa.String(length=10), nullable=False),
        sa.Column("min_price_fen_kg", sa.BigInteger(), nullable=False),
        sa.Column("loss_rate_bp", sa.SmallInteger(), nullable=False),
        sa.Column("least_lot_g", sa.BigInteger(), nullable=False),
        sa.Column("hub_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("declared_by", sa.String(length=64), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "grade IN ('special', 'first', 'second', 'ungraded')", name=op.f("ck_supply_declaration_grade_known")
        ),
        sa.CheckConstraint("state IN ('open', 'withdrawn')", name=op.f("ck_supply_declaration_state_known")),
        sa.CheckConstraint("least_lot_g BETWEEN 0 AND 1000000000", name=op.f("ck_supply_declaration_least_lot_range")),
        sa.CheckConstraint("loss_rate_bp BETWEEN 0 AND 9000", name=op.f("ck_supply_declaration_loss_range")),
        sa.CheckConstraint("min_price_fen_kg BETWEEN 1 AND 100000000", name=op.f("ck_supply_declaration_price_range")),
        sa.ForeignKeyConstraint(["hub_id"], ["hub.id"], name=op.f("fk_supply_declaration_hub_id_hub")),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_supply_declaration_listing_id_listing")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_supply_declaration_lot_id_lot")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_supply_declaration_producer_id_producer")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_supply_declaration_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_declaration")),
        sa.UniqueConstraint("public_id", name=op.f("uq_supply_declaration_public_id")),
    )
    op.create_index(op.f("ix_supply_declaration_listing_id"), "supply_declaration", ["listing_id"], unique=False)
    op.create_index(op.f("ix_supply_declaration_producer_id"), "supply_declaration", ["producer_id"], unique=False)
    op.create_index(
        "ix_supply_declaration_product_id",
        "supply_declaration",
        ["product_id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_supply_declaration_open",
        "supply_declaration",
        ["listing_id", "grade", sa.literal_column("coalesce(lot_id, 0)")],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "supply_week",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("declaration_id", sa.BigInteger(), nullable=False),
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("committed_g", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("committed_g BETWEEN 0 AND grams", name=op.f("ck_supply_week_committed_within_grams")),
        sa.CheckConstraint("extract(isodow FROM week_on) = 1", name=op.f("ck_supply_week_week_is_monday")),
        sa.CheckConstraint("grams BETWEEN 1 AND 1000000000", name=op.f("ck_supply_week_grams_range")),
        sa.ForeignKeyConstraint(
            ["declaration_id"], ["supply_declaration.id"], name=op.f("fk_supply_week_declaration_id_supply_declaration")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_week")),
        sa.UniqueConstraint("declaration_id", "week_on", name=op.f("uq_supply_week_declaration_id_week_on")),
    )
    op.create_table(
        "plan_part",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("week_id", sa.BigInteger(), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("fen_kg", sa.BigInteger(), nullable=False),
        sa.Column("benefit_bp", sa.SmallInteger(), nullable=False),
        sa.Column("registry_revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_by_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("state <> 'cut' OR length(reason) > 0", name=op.f("ck_plan_part_cut_has_reason")),
        sa.CheckConstraint(
            "state IN ('proposed', 'asked', 'accepted', 'declined', 'lapsed', 'cut', 'ordered', 'delivered')",
            name=op.f("ck_plan_part_state_known"),
        ),
        sa.CheckConstraint("benefit_bp BETWEEN 0 AND 10000", name=op.f("ck_plan_part_benefit_share_range")),
        sa.CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name=op.f("ck_plan_part_price_range")),
        sa.CheckConstraint("grams BETWEEN 1 AND 1000000000", name=op.f("ck_plan_part_grams_range")),
        sa.ForeignKeyConstraint(["delivery_id"], ["demand_delivery.id"], name=op.f("fk_plan_part_delivery_id_demand_delivery")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_part_plan_id_plan")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_plan_part_producer_id_producer")),
        sa.ForeignKeyConstraint(["week_id"], ["supply_week.id"], name=op.f("fk_plan_part_week_id_supply_week")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_part")),
        sa.UniqueConstraint("plan_id", "delivery_id", "week_id", name=op.f("uq_plan_part_plan_id_delivery_id_week_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_plan_part_public_id")),
    )
    op.create_index(op.f("ix_plan_part_delivery_id"), "plan_part", ["delivery_id"], unique=False)
    op.create_index(
        "ix_plan_part_due", "plan_part", ["answer_by_at"], unique=False, postgresql_where=sa.text("state = 'asked'")
    )
    op.create_index("ix_plan_part_producer_id_state", "plan_part", ["producer_id", "state"], unique=False)
    op.create_index(op.f("ix_plan_part_week_id"), "plan_part", ["week_id"], unique=False)
    op.create_table(
        "contract_part",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("quote_id", sa.BigInteger(), nullable=True),
        sa.Column("bid_id", sa.BigInteger(), nullable=True),
        sa.Column("plan_part_id", sa.BigInteger(), nullable=True),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("fen_kg", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("benefit_bp", sa.SmallInteger(), nullable=False),
        sa.Column("registry_revision", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('agreed', 'failed', 'dropped') OR order_id IS NOT NULL", name=op.f("ck_contract_part_ordered_has_order")
        ),
        sa.CheckConstraint(
            "state IN ('agreed', 'ordered', 'weighed', 'questioned', 'accepted', 'refused', 'failed', 'dropped')",
            name=op.f("ck_contract_part_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('failed', 'dropped') OR length(reason) > 0", name=op.f("ck_contract_part_ended_has_reason")
        ),
        sa.CheckConstraint("benefit_bp BETWEEN 0 AND 10000", name=op.f("ck_contract_part_benefit_share_range")),
        sa.CheckConstraint("fen_kg BETWEEN 1 AND 100000000", name=op.f("ck_contract_part_price_range")),
        sa.CheckConstraint("grams BETWEEN 1 AND 1000000000", name=op.f("ck_contract_part_grams_range")),
        sa.CheckConstraint("num_nonnulls(quote_id, bid_id, plan_part_id) = 1", name=op.f("ck_contract_part_one_source")),
        sa.CheckConstraint("total_fen > 0", name=op.f("ck_contract_part_total_positive")),
        sa.ForeignKeyConstraint(["bid_id"], ["tender_bid.id"], name=op.f("fk_contract_part_bid_id_tender_bid")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_contract_part_contract_id_contract")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["demand_delivery.id"], name=op.f("fk_contract_part_delivery_id_demand_delivery")
        ),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_contract_part_listing_id_listing")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_contract_part_order_id_order")),
        sa.ForeignKeyConstraint(["plan_part_id"], ["plan_part.id"], name=op.f("fk_contract_part_plan_part_id_plan_part")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_contract_part_producer_id_producer")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_contract_part_quote_id_quote")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_part")),
        sa.UniqueConstraint(
            "contract_id", "delivery_id", "bid_id", name=op.f("uq_contract_part_contract_id_delivery_id_bid_id")
        ),
        sa.UniqueConstraint(
            "contract_id", "delivery_id", "quote_id", name=op.f("uq_contract_part_contract_id_delivery_id_quote_id")
        ),
        sa.UniqueConstraint("order_id", name=op.f("uq_contract_part_order_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_contract_part_public_id")),
    )
    op.create_index(op.f("ix_contract_part_delivery_id"), "contract_part", ["delivery_id"], unique=False)
    op.create_index(
        "ix_contract_part_due",
        "contract_part",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('ordered', 'weighed', 'questioned')"),
    )
    op.create_index("ix_contract_part_producer_id_id", "contract_part", ["producer_id", "id"], unique=False)
    op.create_index(
        "uq_contract_part_plan_part_id",
        "contract_part",
        ["plan_part_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'dropped'"),
    )
    op.create_table(
        "acceptance_record",
        sa.Column("part_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("weighed_g", sa.BigInteger(), nullable=False),
        sa.Column("accepted_g", sa.BigInteger(), nullable=False),
        sa.Column("refused_g", sa.BigInteger(), nullable=False),
        sa.Column("grade", sa.String(length=10), nullable=False),
        sa.Column("refused_because", sa.String(length=200), nullable=False),
        sa.Column("refused_goes", sa.String(length=12), nullable=True),
        sa.Column("pictures", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("received_by_id", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seller_word", sa.String(length=10), nullable=True),
        sa.Column("seller_by", sa.String(length=64), nullable=True),
        sa.Column("seller_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seller_says", sa.String(length=400), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("invoice_matches", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "grade IN ('special', 'first', 'second', 'ungraded')", name=op.f("ck_acceptance_record_grade_known")
        ),
        sa.CheckConstraint("refused_goes IN ('back', 'written_off')", name=op.f("ck_acceptance_record_refused_goes_known")),
        sa.CheckConstraint(
            "seller_word IN ('agreed', 'questioned', 'silent')", name=op.f("ck_acceptance_record_seller_word_known")
        ),
        sa.CheckConstraint(
            "(invoice_id IS NULL) = (invoice_matches IS NULL)", name=op.f("ck_acceptance_record_invoice_is_matched")
        ),
        sa.CheckConstraint(
            "(refused_g > 0) = (refused_goes IS NOT NULL)", name=op.f("ck_acceptance_record_refused_goes_somewhere")
        ),
        sa.CheckConstraint(
            "(seller_word IS NULL) = (seller_at IS NULL)", name=op.f("ck_acceptance_record_seller_word_has_moment")
        ),
        sa.CheckConstraint(
            "accepted_g >= 0 AND refused_g >= 0 AND accepted_g + refused_g <= weighed_g",
            name=op.f("ck_acceptance_record_within_weighed"),
        ),
        sa.CheckConstraint("number BETWEEN 1 AND 2", name=op.f("ck_acceptance_record_number_range")),
        sa.CheckConstraint(
            "refused_g = 0 OR length(refused_because) > 0", name=op.f("ck_acceptance_record_refused_has_reason")
        ),
        sa.CheckConstraint("weighed_g BETWEEN 0 AND 1000000000", name=op.f("ck_acceptance_record_weighed_range")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_acceptance_record_invoice_id_invoice")),
        sa.ForeignKeyConstraint(["part_id"], ["contract_part.id"], name=op.f("fk_acceptance_record_part_id_contract_part")),
        sa.ForeignKeyConstraint(["received_by_id"], ["account.id"], name=op.f("fk_acceptance_record_received_by_id_account")),
        sa.PrimaryKeyConstraint("part_id", "number", name=op.f("pk_acceptance_record")),
    )
    _found_enterprises()
    op.add_column("purchase_target", sa.Column("enterprise_id", sa.BigInteger(), nullable=True))
    op.add_column("purchase_target", sa.Column("budget_fen", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE purchase_target SET enterprise_id = enterprise_member.enterprise_id"
        " FROM enterprise_member WHERE enterprise_member.account_id = purchase_target.account_id"
    )
    op.alter_column("purchase_target", "enterprise_id", nullable=False)
    # The key and what points to the account go with their column.
    op.drop_column("purchase_target", "account_id")
    op.create_primary_key(op.f("pk_purchase_target"), "purchase_target", ["enterprise_id", "year"])
    op.create_foreign_key(
        op.f("fk_purchase_target_enterprise_id_enterprise"), "purchase_target", "enterprise", ["enterprise_id"], ["id"]
    )
    op.create_check_constraint(op.f("ck_purchase_target_budget_positive"), "purchase_target", "budget_fen > 0")


def _found_enterprises() -> None:
    """One for each account that buys as an enterprise, with that account as its owner since there is the account."""
    connection = op.get_bind()
    accounts = connection.execute(
        sa.text(
            "SELECT id, display_name, created_at FROM account WHERE id IN (SELECT account_id FROM role WHERE kind = 'enterprise')"
            " OR id IN (SELECT account_id FROM purchase_target) ORDER BY id"
        )
    ).all()
    for account in accounts:
        enterprise_id = connection.scalar(
            sa.text(
                "INSERT INTO enterprise (public_id, name, invoice_title, created_at)"
                " VALUES (:public_id, :name, :name, :at) RETURNING id"
            ),
            {"public_id": public_id(), "name": account.display_name or "—", "at": account.created_at},
        )
        connection.execute(
            sa.text(
                "INSERT INTO enterprise_member (public_id, enterprise_id, account_id, role, joined_at)"
                " VALUES (:public_id, :enterprise_id, :account_id, 'owner', :at)"
            ),
            {
                "public_id": public_id(),
                "enterprise_id": enterprise_id,
                "account_id": account.id,
                "at": account.created_at,
            },
        )


def downgrade() -> None:
    op.add_column("purchase_target", sa.Column("account_id", sa.BigInteger(), nullable=True))
    # An enterprise's target goes back to whoever has owned it longest.
    op.execute(
        "UPDATE purchase_target SET account_id = (SELECT account_id FROM enterprise_member"
        " WHERE enterprise_member.enterprise_id = purchase_target.enterprise_id AND role = 'owner' ORDER BY id LIMIT 1)"
    )
    op.execute("DELETE FROM purchase_target WHERE account_id IS NULL")
    op.drop_column("purchase_target", "enterprise_id")
    op.drop_column("purchase_target", "budget_fen")
    op.alter_column("purchase_target", "account_id", nullable=False)
    op.create_primary_key(op.f("pk_purchase_target"), "purchase_target", ["account_id", "year"])
    op.create_foreign_key("fk_purchase_target_account_id_account", "purchase_target", "account", ["account_id"], ["id"])
    op.drop_table("acceptance_record")
    op.drop_index("uq_contract_part_plan_part_id", table_name="contract_part", postgresql_where=sa.text("state <> 'dropped'"))
    op.drop_index("ix_contract_part_producer_id_id", table_name="contract_part")
    op.drop_index(
        "ix_contract_part_due",
        table_name="contract_part",
        postgresql_where=sa.text("state IN ('ordered', 'weighed', 'questioned')"),
    )
    op.drop_index(op.f("ix_contract_part_delivery_id"), table_name="contract_part")
    op.drop_table("contract_part")
    op.drop_index(op.f("ix_plan_part_week_id"), table_name="plan_part")
    op.drop_index("ix_plan_part_producer_id_state", table_name="plan_part")
    op.drop_index("ix_plan_part_due", table_name="plan_part", postgresql_where=sa.text("state = 'asked'"))
    op.drop_index(op.f("ix_plan_part_delivery_id"), table_name="plan_part")
    op.drop_table("plan_part")
    op.drop_table("supply_week")
    op.drop_index("uq_supply_declaration_open", table_name="supply_declaration", postgresql_where=sa.text("state = 'open'"))
    op.drop_index(
        "ix_supply_declaration_product_id", table_name="supply_declaration", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_index(op.f("ix_supply_declaration_producer_id"), table_name="supply_declaration")
    op.drop_index(op.f("ix_supply_declaration_listing_id"), table_name="supply_declaration")
    op.drop_table("supply_declaration")
    op.drop_table("quote_round")
    op.drop_index("uq_tender_bid_live", table_name="tender_bid", postgresql_where=sa.text("state <> 'withdrawn'"))
    op.drop_index(op.f("ix_tender_bid_producer_id"), table_name="tender_bid")
    op.drop_index(op.f("ix_tender_bid_demand_id"), table_name="tender_bid")
    op.drop_table("tender_bid")
    op.drop_index("uq_quote_live", table_name="quote", postgresql_where=sa.text("state IN ('offered', 'countered', 'chosen')"))
    op.drop_index(op.f("ix_quote_producer_id"), table_name="quote")
    op.drop_index("ix_quote_due", table_name="quote", postgresql_where=sa.text("state IN ('offered', 'countered')"))
    op.drop_index(op.f("ix_quote_demand_id"), table_name="quote")
    op.drop_table("quote")
    op.drop_table("price_list_line")
    op.drop_index(
        "ix_contract_delivery_payable", table_name="contract_delivery", postgresql_where=sa.text("payable_at IS NOT NULL")
    )
    op.drop_index(op.f("ix_contract_delivery_delivery_id"), table_name="contract_delivery")
    op.drop_table("contract_delivery")
    op.drop_table("tender")
    op.drop_index(op.f("ix_price_list_producer_id"), table_name="price_list")
    op.drop_index(op.f("ix_price_list_enterprise_id"), table_name="price_list")
    op.drop_table("price_list")
    op.drop_index(op.f("ix_plan_demand_demand_id"), table_name="plan_demand")
    op.drop_table("plan_demand")
    op.drop_table("demand_delivery")
    op.drop_index("uq_contract_demand", table_name="contract", postgresql_where=sa.text("state <> 'refused'"))
    op.drop_index(op.f("ix_contract_enterprise_id"), table_name="contract")
    op.drop_index("ix_contract_due", table_name="contract", postgresql_where=sa.text("state = 'to_approve'"))
    op.drop_index(op.f("ix_contract_demand_id"), table_name="contract")
    op.drop_table("contract")
    op.drop_index(op.f("ix_demand_enterprise_id"), table_name="demand")
    op.drop_index("ix_demand_due", table_name="demand", postgresql_where=sa.text("state IN ('open', 'choosing')"))
    op.drop_table("demand")
    op.drop_table("plan")
    op.drop_index(
        "uq_enterprise_member_account_id", table_name="enterprise_member", postgresql_where=sa.text("left_at IS NULL")
    )
    op.drop_index(op.f("ix_enterprise_member_enterprise_id"), table_name="enterprise_member")
    op.drop_table("enterprise_member")
    op.drop_index(op.f("ix_delivery_place_enterprise_id"), table_name="delivery_place")
    op.drop_table("delivery_place")
    op.drop_table("enterprise")
    op.execute("DELETE FROM payment WHERE method = 'after_acceptance'")
    op.drop_constraint(op.f("ck_payment_method_known"), "payment", type_="check")
    op.create_check_constraint(
        op.f("ck_payment_method_known"), "payment", "method IN ('online', 'bank_transfer', 'cash_on_delivery')"
    )
