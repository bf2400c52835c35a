"""Trace public money by tags of the ledger; keep its payments, findings and bank days; let auditors read.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BALANCES = """
CREATE OR REPLACE FUNCTION check_transfer_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total bigint;
    parts bigint;
BEGIN
    SELECT coalesce(sum(amount_fen), 0), count(*) INTO total, parts FROM entry WHERE transfer_id = NEW.id;
    IF total <> 0 OR parts < 2 THEN
        RAISE EXCEPTION 'transfer % does not sum to zero over two accounts or more', NEW.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_transfer_sums_to_zero';
    END IF;
    RETURN NULL;
END $$;
"""
TAGGED_BALANCES = """
CREATE OR REPLACE FUNCTION check_transfer_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total bigint;
    parts bigint;
    crossed text;
BEGIN
    SELECT coalesce(sum(part.total), 0), coalesce(sum(part.entries), 0), min(part.tag) FILTER (WHERE part.total <> 0)
    INTO total, parts, crossed
    FROM (
        SELECT ledger_account.tag, sum(entry.amount_fen) AS total, count(*) AS entries
        FROM entry JOIN ledger_account ON ledger_account.id = entry.account_id
        WHERE entry.transfer_id = NEW.id GROUP BY ledger_account.tag
    ) AS part;
    IF total <> 0 OR parts < 2 THEN
        RAISE EXCEPTION 'transfer % does not sum to zero over two accounts or more', NEW.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_transfer_sums_to_zero';
    END IF;
    -- Money of one fund and purpose becomes no other money.
    IF crossed IS NOT NULL THEN
        RAISE EXCEPTION 'transfer % takes money out of its tag %', NEW.id, crossed
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_transfer_keeps_tags';
    END IF;
    RETURN NULL;
END $$;
"""
RULES = """
-- A code says what an account is, and its entries are sealed with it.
CREATE TRIGGER ledger_account_append_only BEFORE UPDATE OR DELETE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The account's row is locked before it is added up, so that two who take at once cannot both find enough.
CREATE FUNCTION check_fund_not_overdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one record;
    balance bigint;
BEGIN
    FOR one IN
        SELECT DISTINCT ledger_account.id, ledger_account.code
        FROM added JOIN ledger_account ON ledger_account.id = added.account_id
        WHERE ledger_account.tag IS NOT NULL AND added.amount_fen < 0 AND split_part(ledger_account.code, ':', 4) <> 'source'
        ORDER BY ledger_account.id
    LOOP
        PERFORM FROM ledger_account WHERE id = one.id FOR NO KEY UPDATE;
        SELECT coalesce(max(kept.balance_fen), 0) + coalesce(sum(entry.amount_fen), 0) INTO balance
        FROM ledger_account LEFT JOIN account_balance AS kept ON kept.account_id = ledger_account.id
            LEFT JOIN entry ON entry.account_id = ledger_account.id AND entry.id > coalesce(kept.through_entry_id, 0)
        WHERE ledger_account.id = one.id;
        IF balance < 0 THEN
            RAISE EXCEPTION 'account % would stand at % fen', one.code, balance
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_entry_fund_not_overdrawn';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER ck_entry_fund_not_overdrawn AFTER INSERT ON entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_fund_not_overdrawn();

-- A move says what its transfer says, or it is none.
CREATE FUNCTION check_fund_move_is_booked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    begins text;
    booked text[];
BEGIN
    SELECT 'fund:' || public_id || ':' || NEW.purpose_code || ':' INTO begins FROM fund WHERE id = NEW.fund_id;
    SELECT array_agg(ledger_account.code || '=' || entry.amount_fen ORDER BY entry.amount_fen) INTO booked
    FROM entry JOIN ledger_account ON ledger_account.id = entry.account_id WHERE entry.transfer_id = NEW.transfer_id;
    IF booked IS DISTINCT FROM
        ARRAY[begins || NEW.source || '=' || -NEW.amount_fen, begins || NEW.target || '=' || NEW.amount_fen] THEN
        RAISE EXCEPTION 'transfer % does not book this move of % fen', NEW.transfer_id, NEW.amount_fen
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_fund_move_is_booked';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ck_fund_move_is_booked AFTER INSERT ON fund_move
    FOR EACH ROW EXECUTE FUNCTION check_fund_move_is_booked();
CREATE TRIGGER fund_move_append_only BEFORE UPDATE OR DELETE ON fund_move
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fund_move_no_truncate BEFORE TRUNCATE ON fund_move
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fund_earmark_append_only BEFORE UPDATE OR DELETE ON fund_earmark
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
KINDS = "'consumer', 'farmer', 'enterprise', 'officer', 'operator'"


def let_roles_be(kinds: str, with_area: str, *, before: str, after: str) -> None:
    op.drop_constraint(op.f(f"{before}_kind_known"), "role", type_="check")
    op.drop_constraint(op.f(f"{before}_officer_has_area"), "role", type_="check")
    op.create_check_constraint(op.f(f"{after}_kind_known"), "role", f"kind IN ({kinds})")
    op.create_check_constraint(op.f(f"{after}_officer_has_area"), "role", f"{with_area} OR scope_code <> ''")


def upgrade() -> None:
    op.add_column(
        "ledger_account",
        sa.Column(
            "tag",
            sa.String(length=40),
            sa.Computed(
                "CASE WHEN code LIKE 'fund:%' THEN split_part(code, ':', 2) || ':' || split_part(code, ':', 3) END",
                persisted=True,
            ),
            nullable=True,
        ),
    )
    op.create_table(
        "bank_day",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("read_by_id", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by_id", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'closed') = (closed_by_id IS NOT NULL)", name=op.f("ck_bank_day_closed_has_person")),
        sa.CheckConstraint("(state = 'open') = (settled_by_id IS NULL)", name=op.f("ck_bank_day_settled_has_person")),
        sa.CheckConstraint("state IN ('open', 'settled', 'closed')", name=op.f("ck_bank_day_state_known")),
        sa.CheckConstraint("closed_by_id <> settled_by_id", name=op.f("ck_bank_day_closed_by_another")),
        sa.CheckConstraint("length(digest) = 32", name=op.f("ck_bank_day_digest_length")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["account.id"], name=op.f("fk_bank_day_closed_by_id_account")),
        sa.ForeignKeyConstraint(["read_by_id"], ["account.id"], name=op.f("fk_bank_day_read_by_id_account")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["account.id"], name=op.f("fk_bank_day_settled_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_day")),
        sa.UniqueConstraint("area_code", "day", name=op.f("uq_bank_day_area_code_day")),
        sa.UniqueConstraint("public_id", name=op.f("uq_bank_day_public_id")),
    )
    op.create_table(
        "declared_relative",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.String(length=12), nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "relation IN ('spouse', 'parent', 'child', 'sibling', 'other')", name=op.f("ck_declared_relative_relation_known")
        ),
        sa.CheckConstraint("length(number_index) = 32", name=op.f("ck_declared_relative_index_length")),
        sa.ForeignKeyConstraint(["officer_id"], ["account.id"], name=op.f("fk_declared_relative_officer_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declared_relative")),
        sa.UniqueConstraint("officer_id", "number_index", name=op.f("uq_declared_relative_officer_id_number_index")),
    )
    op.create_table(
        "fund",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("document_number", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("budget", sa.String(length=12), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("proposed_by_id", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'proposed') = (decided_by_id IS NULL)", name=op.f("ck_fund_decided_has_person")),
        sa.CheckConstraint("budget IN ('centre', 'province', 'city', 'county')", name=op.f("ck_fund_budget_known")),
        sa.CheckConstraint("decided_by_id <> proposed_by_id OR state = 'refused'", name=op.f("ck_fund_decided_by_another")),
        sa.CheckConstraint("state IN ('proposed', 'in_force', 'refused')", name=op.f("ck_fund_state_known")),
        sa.CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_fund_decided_has_moment")),
        sa.CheckConstraint("year BETWEEN 2013 AND 2100", name=op.f("ck_fund_year_known")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_fund_area_code_area")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_fund_decided_by_id_account")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["account.id"], name=op.f("fk_fund_proposed_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund")),
        sa.UniqueConstraint("area_code", "document_number", name=op.f("uq_fund_area_code_document_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_fund_public_id")),
    )
    op.create_table(
        "fund_finding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.CheckConstraint("(state = 'open') = (decided_by_id IS NULL)", name=op.f("ck_fund_finding_decided_has_person")),
        sa.CheckConstraint("(state = 'open') = (words = '')", name=op.f("ck_fund_finding_decided_has_words")),
        sa.CheckConstraint("state IN ('open', 'explained', 'handed_on')", name=op.f("ck_fund_finding_state_known")),
        sa.CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_fund_finding_decided_has_moment")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_fund_finding_decided_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_finding")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_fund_finding_kind_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_fund_finding_public_id")),
    )
    op.create_index("ix_fund_finding_state_area_code", "fund_finding", ["state", "area_code"], unique=False)
    op.create_table(
        "bank_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("bank_day_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("booked_as", sa.String(length=64), nullable=False),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("explained_by_id", sa.BigInteger(), nullable=True),
        sa.Column("explained_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(words = '') = (explained_by_id IS NULL)", name=op.f("ck_bank_item_words_have_person")),
        sa.CheckConstraint("side IN ('both', 'bank', 'books')", name=op.f("ck_bank_item_side_known")),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_bank_item_amount_not_zero")),
        sa.ForeignKeyConstraint(["bank_day_id"], ["bank_day.id"], name=op.f("fk_bank_item_bank_day_id_bank_day")),
        sa.ForeignKeyConstraint(["explained_by_id"], ["account.id"], name=op.f("fk_bank_item_explained_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_item")),
        sa.UniqueConstraint("bank_day_id", "number", name=op.f("uq_bank_item_bank_day_id_number")),
    )
    op.create_table(
        "fund_earmark",
        sa.Column("fund_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose_code", sa.String(length=12), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_fund_earmark_amount_positive")),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_fund_earmark_fund_id_fund")),
        sa.PrimaryKeyConstraint("fund_id", "purpose_code", name=op.f("pk_fund_earmark")),
    )
    op.create_table(
        "fund_payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("fund_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose_code", sa.String(length=12), nullable=False),
        sa.Column("place", sa.String(length=27, collation="C"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("purpose_kind", sa.String(length=24), nullable=False),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("payee_kind", sa.String(length=12), nullable=False),
        sa.Column("payee_name", sa.LargeBinary(), nullable=False),
        sa.Column("bank", sa.String(length=60), nullable=False),
        sa.Column("account_number", sa.LargeBinary(), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("account_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("organisation_code", sa.String(length=18), nullable=False),
        sa.Column("representative_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("document_number", sa.String(length=60), nullable=False),
        sa.Column("invoice_number", sa.String(length=40), nullable=False),
        sa.Column("invoice_fen", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("proposed_by_id", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_why", sa.String(length=200), nullable=False),
        sa.CheckConstraint("(invoice_number = '') = (invoice_fen IS NULL)", name=op.f("ck_fund_payment_invoice_is_whole")),
        sa.CheckConstraint(
            "(payee_kind = 'organisation') = (organisation_code <> '')", name=op.f("ck_fund_payment_organisation_has_code")
        ),
        sa.CheckConstraint("(state = 'proposed') = (decided_by_id IS NULL)", name=op.f("ck_fund_payment_decided_has_person")),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id OR state = 'refused'", name=op.f("ck_fund_payment_decided_by_another")
        ),
        sa.CheckConstraint("document_number <> ''", name=op.f("ck_fund_payment_document_named")),
        sa.CheckConstraint("payee_kind IN ('household', 'organisation')", name=op.f("ck_fund_payment_payee_known")),
        sa.CheckConstraint(
            "place ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})(-[a-z0-9]{1,14})?$'",
            name=op.f("ck_fund_payment_place_known"),
        ),
        sa.CheckConstraint("state IN ('proposed', 'paid', 'refused', 'reversed')", name=op.f("ck_fund_payment_state_known")),
        sa.CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_fund_payment_decided_has_moment")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_fund_payment_amount_positive")),
        sa.CheckConstraint("length(account_index) = 32", name=op.f("ck_fund_payment_index_length")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_fund_payment_decided_by_id_account")),
        sa.ForeignKeyConstraint(
            ["fund_id", "purpose_code"],
            ["fund_earmark.fund_id", "fund_earmark.purpose_code"],
            name=op.f("fk_fund_payment_fund_id_purpose_code_fund_earmark"),
        ),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["account.id"], name=op.f("fk_fund_payment_proposed_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_payment")),
        sa.UniqueConstraint("id", "fund_id", "purpose_code", "place", "amount_fen", name="uq_fund_payment_booked_as"),
        sa.UniqueConstraint("public_id", name=op.f("uq_fund_payment_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_fund_payment_reference")),
    )
    op.create_index("ix_fund_payment_account_index", "fund_payment", ["account_index"], unique=False)
    op.create_index("ix_fund_payment_fund_id_purpose_code", "fund_payment", ["fund_id", "purpose_code"], unique=False)
    op.create_index("ix_fund_payment_place_id", "fund_payment", ["place", "id"], unique=False)
    op.create_index("ix_fund_payment_purpose", "fund_payment", ["purpose_kind", "purpose_id"], unique=False)
    op.create_table(
        "fund_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("fund_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose_code", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=27, collation="C"), nullable=False),
        sa.Column("target", sa.String(length=27, collation="C"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("document_number", sa.String(length=60), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'issue') = (source = 'source')", name=op.f("ck_fund_move_issue_comes_from_source")),
        sa.CheckConstraint(
            "(kind = 'pay') = (target = 'paid') AND (kind = 'pay') = (payment_id IS NOT NULL)",
            name=op.f("ck_fund_move_pays_a_payment"),
        ),
        sa.CheckConstraint(
            "(kind = 'reverse') = (source = 'paid') AND (kind = 'reverse') = (reverses_id IS NOT NULL)",
            name=op.f("ck_fund_move_reverses_a_payment"),
        ),
        sa.CheckConstraint("kind IN ('issue', 'allocate', 'return', 'pay', 'reverse')", name=op.f("ck_fund_move_kind_known")),
        sa.CheckConstraint(
            "source IN ('source', 'paid') OR source ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})(-[a-z0-9]{1,14})?$'",
            name=op.f("ck_fund_move_source_known"),
        ),
        sa.CheckConstraint(
            "target IN ('source', 'paid') OR target ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})(-[a-z0-9]{1,14})?$'",
            name=op.f("ck_fund_move_target_known"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_fund_move_amount_positive")),
        sa.CheckConstraint("source <> target", name=op.f("ck_fund_move_goes_somewhere")),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_fund_move_by_id_account")),
        sa.ForeignKeyConstraint(
            ["fund_id", "purpose_code"],
            ["fund_earmark.fund_id", "fund_earmark.purpose_code"],
            name=op.f("fk_fund_move_fund_id_purpose_code_fund_earmark"),
        ),
        sa.ForeignKeyConstraint(
            ["payment_id", "fund_id", "purpose_code", "source", "amount_fen"],
            [
                "fund_payment.id",
                "fund_payment.fund_id",
                "fund_payment.purpose_code",
                "fund_payment.place",
                "fund_payment.amount_fen",
            ],
            name="fk_fund_move_booked_as_fund_payment",
        ),
        sa.ForeignKeyConstraint(["reverses_id"], ["fund_move.id"], name=op.f("fk_fund_move_reverses_id_fund_move")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_fund_move_transfer_id_transfer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_move")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_fund_move_payment_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_fund_move_public_id")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_fund_move_reverses_id")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_fund_move_transfer_id")),
    )
    op.create_index("ix_fund_move_fund_id_purpose_code", "fund_move", ["fund_id", "purpose_code"], unique=False)
    op.create_index("ix_fund_move_source_at", "fund_move", ["source", "at"], unique=False)
    op.create_index("ix_fund_move_target_at", "fund_move", ["target", "at"], unique=False)
    op.create_table(
        "household_payment",
        sa.Column("payment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_household_payment_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["fund_payment.id"], name=op.f("fk_household_payment_payment_id_fund_payment")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_household_payment_person_id_person")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_household_payment")),
    )
    op.create_index("ix_household_payment_household_id", "household_payment", ["household_id"], unique=False)
    op.create_index("ix_household_payment_village_code", "household_payment", ["village_code"], unique=False)
    op.get_bind().exec_driver_sql(TAGGED_BALANCES.replace("%", "%%"))
    op.get_bind().exec_driver_sql(RULES.replace("%", "%%"))
    with_auditors = "kind NOT IN ('officer', 'auditor')"
    let_roles_be(f"{KINDS}, 'auditor'", with_auditors, before="ck_role_ck_role", after="ck_role")


def downgrade() -> None:
    op.execute("DELETE FROM role WHERE kind = 'auditor'")
    let_roles_be(KINDS, "kind <> 'officer'", before="ck_role", after="ck_role_ck_role")
    op.get_bind().exec_driver_sql(BALANCES.replace("%", "%%"))
    op.execute("DROP TRIGGER ck_entry_fund_not_overdrawn ON entry")
    op.execute("DROP TRIGGER ledger_account_append_only ON ledger_account")
    op.drop_index("ix_household_payment_village_code", table_name="household_payment")
    op.drop_index("ix_household_payment_household_id", table_name="household_payment")
    op.drop_table("household_payment")
    op.drop_index("ix_fund_move_target_at", table_name="fund_move")
    op.drop_index("ix_fund_move_source_at", table_name="fund_move")
    op.drop_index("ix_fund_move_fund_id_purpose_code", table_name="fund_move")
    op.drop_table("fund_move")
    op.drop_index("ix_fund_payment_purpose", table_name="fund_payment")
    op.drop_index("ix_fund_payment_place_id", table_name="fund_payment")
    op.drop_index("ix_fund_payment_fund_id_purpose_code", table_name="fund_payment")
    op.drop_index("ix_fund_payment_account_index", table_name="fund_payment")
    op.drop_table("fund_payment")
    op.drop_table("fund_earmark")
    op.drop_table("bank_item")
    op.drop_index("ix_fund_finding_state_area_code", table_name="fund_finding")
    op.drop_table("fund_finding")
    op.drop_table("fund")
    op.drop_table("declared_relative")
    op.drop_table("bank_day")
    op.drop_column("ledger_account", "tag")
    op.execute("DROP FUNCTION check_fund_move_is_booked, check_fund_not_overdrawn")
