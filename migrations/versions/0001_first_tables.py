"""The first tables, the rules the database itself keeps, and the job queue.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Money that moved, goods that moved and what people did are only ever added to.
APPEND_ONLY = ("transfer", "entry", "stock_movement", "audit_event")

RULES = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%% is append-only: a mistake is reversed by a new row', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- Checked when the transaction ends, because a transfer is written before its entries.
CREATE FUNCTION check_transfer_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total bigint;
    parts bigint;
BEGIN
    SELECT coalesce(sum(amount_fen), 0), count(*) INTO total, parts FROM entry WHERE transfer_id = NEW.id;
    IF total <> 0 OR parts < 2 THEN
        RAISE EXCEPTION 'transfer %% does not sum to zero over two accounts or more', NEW.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_transfer_sums_to_zero';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ck_transfer_sums_to_zero AFTER INSERT ON transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_transfer_balances();

-- An entry belongs to the transaction that wrote its transfer: nobody adds to a transfer that has been checked.
CREATE FUNCTION check_entry_joins_own_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added LEFT JOIN transfer ON transfer.id = added.transfer_id
        WHERE transfer.written_in IS DISTINCT FROM pg_current_xact_id()::text::bigint
    ) THEN
        RAISE EXCEPTION 'an entry can only be written together with its transfer'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_entry_written_with_transfer';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ck_entry_written_with_transfer AFTER INSERT ON entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_entry_joins_own_transfer();
"""


def upgrade() -> None:
    """Make everything."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("login", sa.String(length=120), nullable=False),
        sa.Column("display_name", sa.String(length=60), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("locale", sa.String(length=10), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("login = lower(login)", name="ck_account_login_lower"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("login", name="uq_account_login"),
        sa.UniqueConstraint("public_id", name="uq_account_public_id"),
    )
    op.create_table(
        "area",
        sa.Column("code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("parent_code", sa.String(length=12, collation="C"), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("replaced_by", sa.String(length=12, collation="C"), nullable=True),
        sa.CheckConstraint("code ~ '^[0-9]+$'", name="ck_area_code_digits"),
        sa.CheckConstraint("(parent_code IS NULL) = (length(code) = 2)", name="ck_area_only_provinces_stand_alone"),
        sa.CheckConstraint("length(code) IN (2, 4, 6, 9, 12)", name="ck_area_code_length"),
        sa.CheckConstraint("parent_code IS NULL OR starts_with(code, parent_code)", name="ck_area_parent_is_prefix"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="ck_area_valid_span"),
        sa.ForeignKeyConstraint(
            ["parent_code"], ["area.code"], name="fk_area_parent_code_area", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("code", name="pk_area"),
    )
    op.create_index("ix_area_parent_code", "area", ["parent_code"], unique=False)
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("on_behalf_of", sa.String(length=64), nullable=True),
        sa.Column("verb", sa.String(length=64), nullable=False),
        sa.Column("object_kind", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_event"),
        sa.UniqueConstraint("hash", name="uq_audit_event_hash"),
    )
    op.create_index("ix_audit_event_at", "audit_event", ["at"], unique=False)
    op.create_table(
        "category",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("art", sa.String(length=40), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_category"),
        sa.UniqueConstraint("slug", name="uq_category_slug"),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_idempotency_key"),
        sa.UniqueConstraint("caller", "key", name="uq_idempotency_key_caller_key"),
    )
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_account"),
        sa.UniqueConstraint("code", name="uq_ledger_account_code"),
    )
    op.create_table(
        "model_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("folder", sa.String(length=120), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.CheckConstraint("state IN ('training', 'ready', 'failed')", name="ck_model_version_state_known"),
        sa.PrimaryKeyConstraint("id", name="pk_model_version"),
    )
    op.create_index("ix_model_version_state_id", "model_version", ["state", "id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("purpose_kind", sa.String(length=24), nullable=False),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'paid') = (paid_at IS NOT NULL)", name="ck_payment_paid_has_moment"),
        sa.CheckConstraint("method IN ('bank_transfer', 'cash_on_delivery')", name="ck_payment_method_known"),
        sa.CheckConstraint("state IN ('awaiting', 'paid', 'cancelled')", name="ck_payment_state_known"),
        sa.CheckConstraint("amount_fen > 0", name="ck_payment_amount_positive"),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
        sa.UniqueConstraint("public_id", name="uq_payment_public_id"),
        sa.UniqueConstraint("purpose_kind", "purpose_id", name="uq_payment_purpose_kind_purpose_id"),
        sa.UniqueConstraint("reference", name="uq_payment_reference"),
    )
    op.create_index("ix_payment_state_id", "payment", ["state", "id"], unique=False)
    op.create_table(
        "registry_revision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry_revision"),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_attempt"),
    )
    op.create_index("ix_sign_in_attempt_address_at", "sign_in_attempt", ["address", "at"], unique=False)
    op.create_index("ix_sign_in_attempt_login_at", "sign_in_attempt", ["login", "at"], unique=False)
    op.create_table(
        "transfer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("purpose_kind", sa.String(length=24), nullable=False),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "written_in", sa.BigInteger(), server_default=sa.text("(pg_current_xact_id()::text::bigint)"), nullable=False
        ),
        sa.ForeignKeyConstraint(["reverses_id"], ["transfer.id"], name="fk_transfer_reverses_id_transfer"),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
        sa.UniqueConstraint("kind", "purpose_kind", "purpose_id", name="uq_transfer_kind_purpose_kind_purpose_id"),
        sa.UniqueConstraint("public_id", name="uq_transfer_public_id"),
        sa.UniqueConstraint("reverses_id", name="uq_transfer_reverses_id"),
    )
    op.create_index("ix_transfer_at", "transfer", ["at"], unique=False)
    op.create_table(
        "access_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_access_token_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_access_token"),
        sa.UniqueConstraint("digest", name="uq_access_token_digest"),
    )
    op.create_index("ix_access_token_account_id", "access_token", ["account_id"], unique=False)
    op.create_table(
        "basket",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_basket_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_basket"),
        sa.UniqueConstraint("public_id", name="uq_basket_public_id"),
    )
    op.create_index("uq_basket_open_account", "basket", ["account_id"], unique=True, postgresql_where=sa.text("NOT ordered"))
    op.create_table(
        "entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen <> 0", name="ck_entry_amount_not_zero"),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"], name="fk_entry_account_id_ledger_account"),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name="fk_entry_transfer_id_transfer"),
        sa.PrimaryKeyConstraint("id", name="pk_entry"),
    )
    op.create_index("ix_entry_account_id_id", "entry", ["account_id", "id"], unique=False)
    op.create_index("ix_entry_transfer_id", "entry", ["transfer_id"], unique=False)
    op.create_table(
        "household",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=16, collation="C"), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[0-9]{16}$' AND starts_with(code, village_code)", name="ck_household_code_in_village"),
        sa.ForeignKeyConstraint(["village_code"], ["area.code"], name="fk_household_village_code_area"),
        sa.PrimaryKeyConstraint("id", name="pk_household"),
        sa.UniqueConstraint("code", name="uq_household_code"),
        sa.UniqueConstraint("public_id", name="uq_household_public_id"),
    )
    op.create_index("ix_household_village_code", "household", ["village_code"], unique=False)
    op.create_table(
        "preference",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("personalised", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_preference_account_id_account"),
        sa.PrimaryKeyConstraint("account_id", name="pk_preference"),
    )
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("art", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name="fk_product_category_id_category"),
        sa.PrimaryKeyConstraint("id", name="pk_product"),
        sa.UniqueConstraint("slug", name="uq_product_slug"),
    )
    op.create_index("ix_product_category_id", "product", ["category_id"], unique=False)
    op.create_table(
        "role",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("scope_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("kind <> 'officer' OR scope_code <> ''", name="ck_role_officer_has_area"),
        sa.CheckConstraint("kind IN ('consumer', 'farmer', 'enterprise', 'officer', 'operator')", name="ck_role_kind_known"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_role_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_role"),
        sa.UniqueConstraint("account_id", "kind", "scope_code", name="uq_role_account_id_kind_scope_code"),
    )
    op.create_index("ix_role_account_id", "role", ["account_id"], unique=False)
    op.create_table(
        "tilt_policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("exposure_share", sa.Double(), nullable=True),
        sa.Column("sales_share", sa.Double(), nullable=True),
        sa.Column("consumer_guard", sa.Double(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("set_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("consumer_guard BETWEEN 0 AND 1", name="ck_tilt_policy_consumer_guard_range"),
        sa.CheckConstraint("exposure_share BETWEEN 0 AND 1", name="ck_tilt_policy_exposure_share_range"),
        sa.CheckConstraint("sales_share BETWEEN 0 AND 1", name="ck_tilt_policy_sales_share_range"),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_tilt_policy_area_code_area"),
        sa.PrimaryKeyConstraint("id", name="pk_tilt_policy"),
        sa.UniqueConstraint("public_id", name="uq_tilt_policy_public_id"),
    )
    op.create_index("uq_tilt_policy_area_day", "tilt_policy", ["area_code", "begins_on"], unique=True)
    op.create_table(
        "household_status",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("days", postgresql.DATERANGE(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("household_id"), "="),
            (sa.column("days"), "&&"),
            using="gist",
            name="ex_household_status_one_a_day",
        ),
        sa.CheckConstraint("category IN ('poor', 'monitored', 'lifted_tracked')", name="ck_household_status_category_known"),
        sa.CheckConstraint("NOT isempty(days)", name="ck_household_status_days_not_empty"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name="fk_household_status_household_id_household"),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["registry_revision.id"], name="fk_household_status_revision_id_registry_revision"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_household_status"),
    )
    op.create_table(
        "order_group",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("basket_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_method", sa.String(length=20), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("recipient", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("total_fen > 0", name="ck_order_group_total_positive"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_order_group_account_id_account"),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_order_group_area_code_area"),
        sa.ForeignKeyConstraint(["basket_id"], ["basket.id"], name="fk_order_group_basket_id_basket"),
        sa.PrimaryKeyConstraint("id", name="pk_order_group"),
        sa.UniqueConstraint("basket_id", name="uq_order_group_basket_id"),
        sa.UniqueConstraint("public_id", name="uq_order_group_public_id"),
        sa.UniqueConstraint("reference", name="uq_order_group_reference"),
    )
    op.create_index("ix_order_group_account_id_placed_at", "order_group", ["account_id", "placed_at"], unique=False)
    op.create_index("ix_order_group_paid_at", "order_group", ["paid_at"], unique=False)
    op.create_table(
        "producer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name_zh", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("badge_consent", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'household') = (household_id IS NOT NULL)", name="ck_producer_household_if_household"),
        sa.CheckConstraint("kind IN ('household', 'cooperative')", name="ck_producer_kind_known"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_producer_account_id_account"),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_producer_area_code_area"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name="fk_producer_household_id_household"),
        sa.PrimaryKeyConstraint("id", name="pk_producer"),
        sa.UniqueConstraint("account_id", name="uq_producer_account_id"),
        sa.UniqueConstraint("household_id", name="uq_producer_household_id"),
        sa.UniqueConstraint("public_id", name="uq_producer_public_id"),
    )
    op.create_index("ix_producer_area_code", "producer", ["area_code"], unique=False)
    op.create_table(
        "served_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("surface", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("policy_id", sa.Integer(), nullable=True),
        sa.Column("model_version_id", sa.Integer(), nullable=True),
        sa.Column("listing_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("relevance", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("propensity", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("benefit_bp", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("exposure", sa.Double(), nullable=False),
        sa.Column("registered_exposure", sa.Double(), nullable=False),
        sa.Column("multipliers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"], ["model_version.id"], name="fk_served_list_model_version_id_model_version"
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["tilt_policy.id"], name="fk_served_list_policy_id_tilt_policy"),
        sa.PrimaryKeyConstraint("id", name="pk_served_list"),
        sa.UniqueConstraint("public_id", name="uq_served_list_public_id"),
    )
    op.create_index("ix_served_list_account_id", "served_list", ["account_id"], unique=False)
    op.create_index("ix_served_list_policy_id_at", "served_list", ["policy_id", "at"], unique=False)
    op.create_table(
        "tilt_sum",
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["tilt_policy.id"], name="fk_tilt_sum_policy_id_tilt_policy"),
        sa.PrimaryKeyConstraint("policy_id", "name", name="pk_tilt_sum"),
    )
    op.create_table(
        "listing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("title_zh", sa.String(length=80), nullable=False),
        sa.Column("title_en", sa.String(length=120), nullable=False),
        sa.Column("story_zh", sa.Text(), nullable=False),
        sa.Column("story_en", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("unit_grams", sa.Integer(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("season_weeks", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("search_terms", postgresql.TSVECTOR(), nullable=False),
        sa.Column("titles", sa.Text(), sa.Computed("title_zh || ' ' || title_en", persisted=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("available", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("harvested_on", sa.Date(), nullable=True),
        sa.Column("benefit_bp", sa.SmallInteger(), nullable=False),
        sa.Column("rank", sa.Double(), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'on_sale', 'withdrawn')", name="ck_listing_state_known"),
        sa.CheckConstraint(
            "unit IN ('jin', 'liang', 'kg', 'g', 'box', 'piece', 'bunch', 'bag') AND (unit <> 'jin' OR unit_grams = 500) AND (unit <> 'liang' OR unit_grams = 50) AND (unit <> 'kg' OR unit_grams = 1000) AND (unit <> 'g' OR unit_grams = 1)",
            name="ck_listing_unit_known",
        ),
        sa.CheckConstraint("available >= 0", name="ck_listing_available_not_negative"),
        sa.CheckConstraint("benefit_bp BETWEEN 0 AND 10000", name="ck_listing_benefit_share_range"),
        sa.CheckConstraint("price_fen BETWEEN 1 AND 100000000", name="ck_listing_price_range"),
        sa.CheckConstraint("unit_grams BETWEEN 1 AND 1000000", name="ck_listing_unit_grams_range"),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name="fk_listing_category_id_category"),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name="fk_listing_producer_id_producer"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_listing_product_id_product"),
        sa.PrimaryKeyConstraint("id", name="pk_listing"),
        sa.UniqueConstraint("public_id", name="uq_listing_public_id"),
    )
    op.create_index("ix_listing_area_code", "listing", ["area_code"], unique=False)
    op.create_index(
        "ix_listing_category_price",
        "listing",
        ["category_id", "price_fen", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'on_sale'"),
    )
    op.create_index(
        "ix_listing_category_rank",
        "listing",
        ["category_id", sa.literal_column("rank DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("state = 'on_sale'"),
    )
    op.create_index("ix_listing_producer_id", "listing", ["producer_id"], unique=False)
    op.create_index(
        "ix_listing_product_rank",
        "listing",
        ["product_id", sa.literal_column("rank DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("state = 'on_sale'"),
    )
    op.create_index(
        "ix_listing_rank",
        "listing",
        [sa.literal_column("rank DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("state = 'on_sale'"),
    )
    op.create_index("ix_listing_search_terms", "listing", ["search_terms"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_listing_titles_trgm",
        "listing",
        ["titles"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"titles": "gin_trgm_ops"},
    )
    op.create_table(
        "order",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("producer_fen", sa.BigInteger(), nullable=False),
        sa.Column("service_fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('placed', 'shipped', 'delivered', 'cancelled')", name="ck_order_state_known"),
        sa.CheckConstraint("total_fen > 0 AND total_fen = producer_fen + service_fee_fen", name="ck_order_split_is_whole"),
        sa.ForeignKeyConstraint(["group_id"], ["order_group.id"], name="fk_order_group_id_order_group"),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name="fk_order_producer_id_producer"),
        sa.PrimaryKeyConstraint("id", name="pk_order"),
        sa.UniqueConstraint("public_id", name="uq_order_public_id"),
    )
    op.create_index("ix_order_group_id", "order", ["group_id"], unique=False)
    op.create_index("ix_order_producer_id_id", "order", ["producer_id", "id"], unique=False)
    op.create_table(
        "basket_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("basket_id", sa.BigInteger(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("price_fen_shown", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0 AND quantity <= 9999", name="ck_basket_line_quantity_range"),
        sa.ForeignKeyConstraint(["basket_id"], ["basket.id"], name="fk_basket_line_basket_id_basket"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_basket_line_listing_id_listing"),
        sa.PrimaryKeyConstraint("id", name="pk_basket_line"),
        sa.UniqueConstraint("basket_id", "listing_id", name="uq_basket_line_basket_id_listing_id"),
        sa.UniqueConstraint("public_id", name="uq_basket_line_public_id"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("quantity", sa.REAL(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('view', 'basket', 'purchase')", name="ck_event_kind_known"),
        sa.CheckConstraint("quantity > 0", name="ck_event_quantity_positive"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_event_account_id_account"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_event_listing_id_listing"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_account_id_at", "event", ["account_id", "at"], unique=False)
    op.create_table(
        "lot",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("harvested_on", sa.Date(), nullable=False),
        sa.Column("on_hand", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("on_hand >= 0", name="ck_lot_on_hand_not_negative"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_lot_listing_id_listing"),
        sa.PrimaryKeyConstraint("id", name="pk_lot"),
        sa.UniqueConstraint("public_id", name="uq_lot_public_id"),
    )
    op.create_index("ix_lot_listing_id", "lot", ["listing_id"], unique=False)
    op.create_table(
        "lot_contribution",
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("grams > 0", name="ck_lot_contribution_grams_positive"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name="fk_lot_contribution_household_id_household"),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name="fk_lot_contribution_lot_id_lot"),
        sa.PrimaryKeyConstraint("lot_id", "household_id", name="pk_lot_contribution"),
    )
    op.create_index("ix_lot_contribution_household_id", "lot_contribution", ["household_id"], unique=False)
    op.create_table(
        "order_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("title_zh", sa.String(length=80), nullable=False),
        sa.Column("title_en", sa.String(length=120), nullable=False),
        sa.Column("producer_zh", sa.String(length=60), nullable=False),
        sa.Column("producer_en", sa.String(length=80), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("harvested_on", sa.Date(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("unit_grams", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("benefit_bp", sa.SmallInteger(), nullable=False),
        sa.Column("benefit_fen", sa.BigInteger(), nullable=False),
        sa.Column("registry_revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("benefit_bp BETWEEN 0 AND 10000", name="ck_order_line_benefit_share_range"),
        sa.CheckConstraint("benefit_fen BETWEEN 0 AND total_fen", name="ck_order_line_benefit_within_total"),
        sa.CheckConstraint("quantity > 0", name="ck_order_line_quantity_positive"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_order_line_listing_id_listing"),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name="fk_order_line_lot_id_lot"),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name="fk_order_line_order_id_order"),
        sa.PrimaryKeyConstraint("id", name="pk_order_line"),
    )
    op.create_index("ix_order_line_listing_id", "order_line", ["listing_id"], unique=False)
    op.create_index("ix_order_line_lot_id", "order_line", ["lot_id"], unique=False)
    op.create_index("ix_order_line_order_id", "order_line", ["order_id"], unique=False)
    op.create_table(
        "sales_fact",
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("order_lines", sa.Integer(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("benefit_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("benefit_fen BETWEEN 0 AND total_fen", name="ck_sales_fact_benefit_within_total"),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name="fk_sales_fact_lot_id_lot"),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name="fk_sales_fact_producer_id_producer"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_sales_fact_product_id_product"),
        sa.PrimaryKeyConstraint("sold_on", "lot_id", name="pk_sales_fact"),
    )
    op.create_index("ix_sales_fact_area_code_sold_on", "sales_fact", ["area_code", "sold_on"], unique=False)
    op.create_table(
        "stock_movement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("purpose_kind", sa.String(length=24), nullable=False),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'sale') = (quantity < 0) OR kind = 'correction'", name="ck_stock_movement_sale_takes"),
        sa.CheckConstraint("kind IN ('harvest', 'sale', 'return', 'correction')", name="ck_stock_movement_kind_known"),
        sa.CheckConstraint("quantity <> 0", name="ck_stock_movement_quantity_not_zero"),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name="fk_stock_movement_lot_id_lot"),
        sa.PrimaryKeyConstraint("id", name="pk_stock_movement"),
    )
    op.create_index("ix_stock_movement_lot_id", "stock_movement", ["lot_id"], unique=False)
    op.get_bind().exec_driver_sql(RULES)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.get_bind().connection.driver_connection.execute(SchemaManager.get_schema())


QUEUE_GONE = """
DO $$
DECLARE thing record;
BEGIN
    FOR thing IN SELECT oid::regclass AS name FROM pg_class
        WHERE relkind = 'r' AND relname LIKE 'procrastinate\\_%%' AND relnamespace = current_schema()::regnamespace LOOP
        EXECUTE format('DROP TABLE IF EXISTS %%s CASCADE', thing.name);
    END LOOP;
    FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE proname LIKE 'procrastinate\\_%%' AND pronamespace = current_schema()::regnamespace LOOP
        EXECUTE format('DROP FUNCTION IF EXISTS %%s CASCADE', thing.name);
    END LOOP;
    FOR thing IN SELECT typname AS name FROM pg_type
        WHERE typname LIKE 'procrastinate\\_%%' AND typtype IN ('e', 'c')
        AND typnamespace = current_schema()::regnamespace LOOP
        EXECUTE format('DROP TYPE IF EXISTS %%I CASCADE', thing.name);
    END LOOP;
END $$;
"""


def downgrade() -> None:
    """Take everything away again."""
    op.get_bind().exec_driver_sql(QUEUE_GONE)
    op.drop_index("ix_stock_movement_lot_id", table_name="stock_movement")
    op.drop_table("stock_movement")
    op.drop_index("ix_sales_fact_area_code_sold_on", table_name="sales_fact")
    op.drop_table("sales_fact")
    op.drop_index("ix_order_line_order_id", table_name="order_line")
    op.drop_index("ix_order_line_lot_id", table_name="order_line")
    op.drop_index("ix_order_line_listing_id", table_name="order_line")
    op.drop_table("order_line")
    op.drop_index("ix_lot_contribution_household_id", table_name="lot_contribution")
    op.drop_table("lot_contribution")
    op.drop_index("ix_lot_listing_id", table_name="lot")
    op.drop_table("lot")
    op.drop_index("ix_event_account_id_at", table_name="event")
    op.drop_table("event")
    op.drop_table("basket_line")
    op.drop_index("ix_order_producer_id_id", table_name="order")
    op.drop_index("ix_order_group_id", table_name="order")
    op.drop_table("order")
    op.drop_index("ix_listing_titles_trgm", table_name="listing", postgresql_using="gin")
    op.drop_index("ix_listing_search_terms", table_name="listing", postgresql_using="gin")
    op.drop_index("ix_listing_rank", table_name="listing", postgresql_where=sa.text("state = 'on_sale'"))
    op.drop_index("ix_listing_product_rank", table_name="listing", postgresql_where=sa.text("state = 'on_sale'"))
    op.drop_index("ix_listing_producer_id", table_name="listing")
    op.drop_index("ix_listing_category_rank", table_name="listing", postgresql_where=sa.text("state = 'on_sale'"))
    op.drop_index("ix_listing_category_price", table_name="listing", postgresql_where=sa.text("state = 'on_sale'"))
    op.drop_index("ix_listing_area_code", table_name="listing")
    op.drop_table("listing")
    op.drop_table("tilt_sum")
    op.drop_index("ix_served_list_policy_id_at", table_name="served_list")
    op.drop_index("ix_served_list_account_id", table_name="served_list")
    op.drop_table("served_list")
    op.drop_index("ix_producer_area_code", table_name="producer")
    op.drop_table("producer")
    op.drop_index("ix_order_group_paid_at", table_name="order_group")
    op.drop_index("ix_order_group_account_id_placed_at", table_name="order_group")
    op.drop_table("order_group")
    op.drop_table("household_status")
    op.drop_index("uq_tilt_policy_area_day", table_name="tilt_policy")
    op.drop_table("tilt_policy")
    op.drop_index("ix_role_account_id", table_name="role")
    op.drop_table("role")
    op.drop_index("ix_product_category_id", table_name="product")
    op.drop_table("product")
    op.drop_table("preference")
    op.drop_index("ix_household_village_code", table_name="household")
    op.drop_table("household")
    op.drop_index("ix_entry_transfer_id", table_name="entry")
    op.drop_index("ix_entry_account_id_id", table_name="entry")
    op.drop_table("entry")
    op.drop_index("uq_basket_open_account", table_name="basket", postgresql_where=sa.text("NOT ordered"))
    op.drop_table("basket")
    op.drop_index("ix_access_token_account_id", table_name="access_token")
    op.drop_table("access_token")
    op.drop_index("ix_transfer_at", table_name="transfer")
    op.drop_table("transfer")
    op.drop_index("ix_sign_in_attempt_login_at", table_name="sign_in_attempt")
    op.drop_index("ix_sign_in_attempt_address_at", table_name="sign_in_attempt")
    op.drop_table("sign_in_attempt")
    op.drop_table("registry_revision")
    op.drop_index("ix_payment_state_id", table_name="payment")
    op.drop_table("payment")
    op.drop_index("ix_model_version_state_id", table_name="model_version")
    op.drop_table("model_version")
    op.drop_table("ledger_account")
    op.drop_table("idempotency_key")
    op.drop_table("category")
    op.drop_index("ix_audit_event_at", table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_index("ix_area_parent_code", table_name="area")
    op.drop_table("area")
    op.drop_table("account")
    op.execute("DROP FUNCTION check_entry_joins_own_transfer, check_transfer_balances, refuse_change")
