"""Acceptance of orders, shares of their money by dated terms, payees, payout batches and their lines.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS = "kind IN ('producer', 'village_agent', 'packing', 'freight', 'tax', 'platform')"

SPLITS = """
-- Checked when the transaction ends, because an order is written before its shares.
CREATE FUNCTION check_order_split() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total bigint;
    producer bigint;
BEGIN
    SELECT coalesce(sum(amount_fen), 0), coalesce(sum(amount_fen) FILTER (WHERE kind = 'producer'), 0)
        INTO total, producer FROM order_share WHERE order_id = NEW.id;
    IF total <> NEW.total_fen OR producer <> NEW.producer_fen THEN
        RAISE EXCEPTION 'the shares of order % are not the whole of its money', NEW.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_order_shares_are_whole';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ck_order_shares_are_whole AFTER INSERT OR UPDATE OF total_fen, producer_fen ON "order"
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_order_split();

-- The shares of an order are written in one statement, so nobody adds one later.
CREATE FUNCTION check_order_shares() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT order_id, sum(amount_fen) AS total FROM added GROUP BY order_id) AS written
        JOIN "order" ON "order".id = written.order_id WHERE "order".total_fen <> written.total
    ) THEN
        RAISE EXCEPTION 'the shares of an order are written together and are the whole of its money'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_order_share_sums_to_total';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ck_order_share_sums_to_total AFTER INSERT ON order_share
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_order_shares();

CREATE TRIGGER order_share_append_only BEFORE UPDATE OR DELETE ON order_share
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER order_share_no_truncate BEFORE TRUNCATE ON order_share
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

# What orders were divided by until now goes on to hold everywhere.
FIRST_TERM = """
INSERT INTO share_term (kind, area_code, bp, payee, valid_from, reason, set_by, created_at)
VALUES ('platform', '', 300, 'platform:service_fee', '2014-01-01', 'What running the market costs, as published', 'migration', now())
"""

OLD_SHARES = """
INSERT INTO order_share (order_id, kind, payee, amount_fen)
SELECT "order".id, part.kind, part.payee, part.amount_fen FROM "order" JOIN producer ON producer.id = "order".producer_id
CROSS JOIN LATERAL (VALUES
    ('producer', 'producer:' || producer.public_id, "order".producer_fen),
    ('platform', 'platform:service_fee', "order".service_fee_fen)
) AS part (kind, payee, amount_fen) WHERE part.amount_fen > 0
"""


def upgrade() -> None:
    _shares()
    _acceptance()
    op.execute(OLD_SHARES)
    # The first tables were made with the prefix twice.
    op.drop_constraint(op.f("ck_order_ck_order_split_is_whole"), "order", type_="check")
    op.drop_column("order", "service_fee_fen")
    op.create_check_constraint(
        op.f("ck_order_producer_within_total"), "order", "total_fen > 0 AND producer_fen BETWEEN 0 AND total_fen"
    )
    op.execute(SPLITS)
    op.execute(FIRST_TERM)
    _payouts()


def _acceptance() -> None:
    op.add_column("order", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("order", sa.Column("claim_open", sa.Boolean(), server_default="false", nullable=False))
    op.drop_constraint(op.f("ck_order_ck_order_state_known"), "order", type_="check")
    # Until now the buyer's word was the only one that an order had arrived.
    op.execute("UPDATE \"order\" SET state = 'accepted', accepted_at = delivered_at WHERE state = 'delivered'")
    op.create_check_constraint(
        op.f("ck_order_state_known"), "order", "state IN ('placed', 'shipped', 'delivered', 'accepted', 'cancelled')"
    )
    op.create_check_constraint(
        op.f("ck_order_accepted_has_moment"), "order", "(state = 'accepted') = (accepted_at IS NOT NULL)"
    )
    op.create_index("ix_order_unaccepted", "order", ["id"], postgresql_where=sa.text("state IN ('shipped', 'delivered')"))


def _shares() -> None:
    op.create_table(
        "share_term",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("bp", sa.SmallInteger(), nullable=False),
        sa.Column("payee", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("set_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"{KINDS} AND kind <> 'producer'", name=op.f("ck_share_term_kind_known")),
        sa.CheckConstraint("bp BETWEEN 0 AND 10000", name=op.f("ck_share_term_bp_range")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_share_term_has_reason")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_term")),
        sa.UniqueConstraint("kind", "area_code", "valid_from", name=op.f("uq_share_term_kind_area_code_valid_from")),
    )
    op.create_table(
        "order_share",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("payee", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_order_share_kind_known")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_order_share_amount_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_order_share_order_id_order")),
        sa.PrimaryKeyConstraint("order_id", "kind", name=op.f("pk_order_share")),
        sa.UniqueConstraint("order_id", "payee", name=op.f("uq_order_share_order_id_payee")),
    )
    op.create_table(
        "seller_share",
        sa.Column("producer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_seller_share_kind_known")),
        sa.CheckConstraint("orders > 0", name=op.f("ck_seller_share_orders_positive")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_seller_share_producer_id_producer")),
        sa.PrimaryKeyConstraint("producer_id", "kind", name=op.f("pk_seller_share")),
    )


def _payouts() -> None:
    op.create_table(
        "payee_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("ledger_code", sa.String(length=64), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("bank", sa.String(length=60), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("way IN ('bank', 'stripe')", name=op.f("ck_payee_account_way_known")),
        sa.CheckConstraint("(way = 'bank') = (bank <> '')", name=op.f("ck_payee_account_bank_has_name")),
        sa.CheckConstraint("length(number_index) = 32", name=op.f("ck_payee_account_index_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee_account")),
        sa.UniqueConstraint("ledger_code", name=op.f("uq_payee_account_ledger_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payee_account_public_id")),
    )
    op.create_index("ix_payee_account_number_index", "payee_account", ["number_index"])
    op.create_table(
        "payout_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("drafted_by", sa.String(length=64), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("way IN ('bank', 'stripe')", name=op.f("ck_payout_batch_way_known")),
        sa.CheckConstraint(
            "state IN ('drafted', 'approved', 'sent', 'closed', 'discarded')", name=op.f("ck_payout_batch_state_known")
        ),
        sa.CheckConstraint("approved_by <> drafted_by", name=op.f("ck_payout_batch_approved_by_another")),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name=op.f("ck_payout_batch_approval_is_whole")),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'sent', 'closed') OR approved_by IS NOT NULL",
            name=op.f("ck_payout_batch_approved_before_sent"),
        ),
        sa.CheckConstraint(
            "(state IN ('sent', 'closed')) = (sent_at IS NOT NULL)", name=op.f("ck_payout_batch_sent_has_moment")
        ),
        sa.CheckConstraint(
            "(state IN ('closed', 'discarded')) = (ended_at IS NOT NULL)", name=op.f("ck_payout_batch_ended_has_moment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_batch")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payout_batch_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_payout_batch_reference")),
    )
    op.create_index("ix_payout_batch_state_id", "payout_batch", ["state", "id"])
    op.create_table(
        "payout_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("ledger_code", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("bank", sa.String(length=60), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("account_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("bank_reference", sa.String(length=64), nullable=True),
        sa.Column("return_reason", sa.String(length=200), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payout_line_amount_positive")),
        sa.CheckConstraint("state IN ('waiting', 'paid', 'returned', 'withdrawn')", name=op.f("ck_payout_line_state_known")),
        sa.CheckConstraint(
            "state <> 'paid' OR bank_reference IS NOT NULL", name=op.f("ck_payout_line_paid_has_bank_reference")
        ),
        sa.CheckConstraint(
            "(state = 'returned') = (return_reason IS NOT NULL)", name=op.f("ck_payout_line_returned_has_reason")
        ),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_payout_line_ended_has_moment")),
        sa.ForeignKeyConstraint(["batch_id"], ["payout_batch.id"], name=op.f("fk_payout_line_batch_id_payout_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_line")),
        sa.UniqueConstraint("bank_reference", name=op.f("uq_payout_line_bank_reference")),
        sa.UniqueConstraint("batch_id", "ledger_code", name=op.f("uq_payout_line_batch_id_ledger_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payout_line_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_payout_line_reference")),
    )
    op.create_index("ix_payout_line_ledger_code_id", "payout_line", ["ledger_code", "id"])


def downgrade() -> None:
    for table in ("payout_line", "payout_batch", "payee_account"):
        op.drop_table(table)
    op.execute('DROP TRIGGER ck_order_shares_are_whole ON "order"')
    for table in ("seller_share", "order_share", "share_term"):
        op.drop_table(table)
    op.execute("DROP FUNCTION check_order_split, check_order_shares")
    op.drop_constraint(op.f("ck_order_producer_within_total"), "order", type_="check")
    op.add_column("order", sa.Column("service_fee_fen", sa.BigInteger(), nullable=True))
    op.execute('UPDATE "order" SET service_fee_fen = total_fen - producer_fen')
    op.alter_column("order", "service_fee_fen", nullable=False)
    op.create_check_constraint(
        op.f("ck_order_ck_order_split_is_whole"), "order", "total_fen > 0 AND total_fen = producer_fen + service_fee_fen"
    )
    op.drop_index("ix_order_unaccepted", table_name="order")
    op.drop_constraint(op.f("ck_order_accepted_has_moment"), "order", type_="check")
    op.drop_constraint(op.f("ck_order_state_known"), "order", type_="check")
    # Delivered without the buyer's word is a state the older tables do not know; the goods are still with the courier to them.
    op.execute("UPDATE \"order\" SET state = 'shipped', delivered_at = NULL WHERE state = 'delivered'")
    op.execute(
        "UPDATE \"order\" SET state = 'delivered', delivered_at = coalesce(delivered_at, accepted_at) WHERE state = 'accepted'"
    )
    op.create_check_constraint(
        op.f("ck_order_ck_order_state_known"), "order", "state IN ('placed', 'shipped', 'delivered', 'cancelled')"
    )
    op.drop_column("order", "claim_open")
    op.drop_column("order", "accepted_at")
