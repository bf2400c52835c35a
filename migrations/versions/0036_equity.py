"""Assets, contracts, shares, dividends and claims of equity income.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

UNITS = """
-- Shares move in one statement, and none is made or lost in it: first as many as the contract has, later always zero in all.
CREATE FUNCTION hold_moved_shares() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (
            SELECT contract_id, sum(units) AS units, bool_or(kind = 'issue') AS issued FROM added GROUP BY contract_id
        ) AS moved
        JOIN equity_contract ON equity_contract.id = moved.contract_id
        WHERE moved.units <> CASE WHEN moved.issued THEN equity_contract.units ELSE 0 END
        OR (moved.issued AND EXISTS (SELECT FROM share_holding WHERE share_holding.contract_id = moved.contract_id))
    ) THEN
        RAISE EXCEPTION 'the units of a contract are neither made nor lost'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_share_units_conserved';
    END IF;
    UPDATE share_holding SET units = share_holding.units + moved.units
    FROM (SELECT contract_id, household_id, sum(units) AS units FROM added GROUP BY contract_id, household_id) AS moved
    WHERE share_holding.contract_id = moved.contract_id AND share_holding.household_id = moved.household_id;
    INSERT INTO share_holding (contract_id, household_id, village_code, units)
    SELECT contract_id, household_id, min(village_code), sum(units) FROM added
    WHERE NOT EXISTS (
        SELECT FROM share_holding
        WHERE share_holding.contract_id = added.contract_id AND share_holding.household_id = added.household_id
    )
    GROUP BY contract_id, household_id;
    RETURN NULL;
END $$;

CREATE TRIGGER share_move_held AFTER INSERT ON share_move
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION hold_moved_shares();

-- A holding is the sum of its moves, so nothing but a move may change one; a village's new code is no such change.
CREATE FUNCTION refuse_held_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'shares change hands by moves alone'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_share_holding_by_moves';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;

CREATE TRIGGER share_holding_by_moves BEFORE INSERT OR UPDATE OF units, household_id, contract_id OR DELETE ON share_holding
    FOR EACH ROW EXECUTE FUNCTION refuse_held_change();
"""


def upgrade() -> None:
    op.create_table(
        "equity_asset",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("entered_by_id", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('farmland', 'forest', 'own_property', 'collective', 'fiscal_fund')",
            name=op.f("ck_equity_asset_kind_known"),
        ),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_equity_asset_area_code_area")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["account.id"], name=op.f("fk_equity_asset_entered_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equity_asset")),
        sa.UniqueConstraint("public_id", name=op.f("uq_equity_asset_public_id")),
    )
    op.create_index("ix_equity_asset_area_code", "equity_asset", ["area_code"], unique=False)
    op.create_table(
        "equity_contract",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("way", sa.String(length=12), nullable=False),
        sa.Column("operator", sa.String(length=80), nullable=False),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("floor_bp", sa.Integer(), nullable=False),
        sa.Column("reference_bp", sa.Integer(), nullable=False),
        sa.Column("reference_source", sa.String(length=200), nullable=False),
        sa.Column("agreed_bp", sa.SmallInteger(), nullable=False),
        sa.Column("preferred_bp", sa.SmallInteger(), nullable=False),
        sa.Column("on_exit", sa.String(length=16), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("drafted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(signed_by_id IS NULL) = (state IN ('drafted', 'discarded'))", name=op.f("ck_equity_contract_signed_has_signer")
        ),
        sa.CheckConstraint("on_exit IN ('new_household', 'equally')", name=op.f("ck_equity_contract_on_exit_known")),
        sa.CheckConstraint("way IN ('share', 'entrusted', 'cooperative')", name=op.f("ck_equity_contract_way_known")),
        sa.CheckConstraint("ends_on > begins_on", name=op.f("ck_equity_contract_term_forward")),
        sa.CheckConstraint(
            "floor_bp >= 0 AND agreed_bp BETWEEN 0 AND 10000 AND preferred_bp BETWEEN 0 AND 10000",
            name=op.f("ck_equity_contract_ratios"),
        ),
        sa.CheckConstraint("principal_fen > 0 AND units > 0", name=op.f("ck_equity_contract_something_to_share")),
        sa.CheckConstraint("signed_by_id <> drafted_by_id", name=op.f("ck_equity_contract_two_persons")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_equity_contract_area_code_area")),
        sa.ForeignKeyConstraint(["asset_id"], ["equity_asset.id"], name=op.f("fk_equity_contract_asset_id_equity_asset")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["account.id"], name=op.f("fk_equity_contract_drafted_by_id_account")),
        sa.ForeignKeyConstraint(["signed_by_id"], ["account.id"], name=op.f("fk_equity_contract_signed_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equity_contract")),
        sa.UniqueConstraint("public_id", name=op.f("uq_equity_contract_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_equity_contract_reference")),
    )
    op.create_index("ix_equity_contract_area_code", "equity_contract", ["area_code"], unique=False)
    op.create_index(
        "uq_equity_contract_running",
        "equity_contract",
        ["asset_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('drafted', 'signed')"),
    )
    op.create_table(
        "equity_valuation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("valued_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("entered_by_id", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("value_fen > 0", name=op.f("ck_equity_valuation_value_positive")),
        sa.ForeignKeyConstraint(["asset_id"], ["equity_asset.id"], name=op.f("fk_equity_valuation_asset_id_equity_asset")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["account.id"], name=op.f("fk_equity_valuation_entered_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equity_valuation")),
    )
    op.create_index(op.f("ix_equity_valuation_asset_id"), "equity_valuation", ["asset_id"], unique=False)
    op.create_table(
        "dividend_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("revenue_fen", sa.BigInteger(), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("floor_fen", sa.BigInteger(), nullable=False),
        sa.Column("bonus_fen", sa.BigInteger(), nullable=False),
        sa.Column("bonus_paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("advanced_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("drafted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(approved_by_id IS NOT NULL) = (state = 'approved')", name=op.f("ck_dividend_run_approved_has_approver")
        ),
        sa.CheckConstraint("approved_by_id <> drafted_by_id", name=op.f("ck_dividend_run_two_persons")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["account.id"], name=op.f("fk_dividend_run_approved_by_id_account")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["equity_contract.id"], name=op.f("fk_dividend_run_contract_id_equity_contract")
        ),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["account.id"], name=op.f("fk_dividend_run_drafted_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dividend_run")),
        sa.UniqueConstraint("public_id", name=op.f("uq_dividend_run_public_id")),
    )
    op.create_index(
        "uq_dividend_run_year",
        "dividend_run",
        ["contract_id", "year"],
        unique=True,
        postgresql_where=sa.text("state <> 'discarded'"),
    )
    op.create_table(
        "equity_payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=True),
        sa.Column("guarantee_area", sa.String(length=12, collation="C"), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("bank_reference", sa.String(length=60), nullable=False),
        sa.Column("booked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(contract_id IS NULL) <> (guarantee_area IS NULL)", name=op.f("ck_equity_payment_one_purpose")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_equity_payment_amount_positive")),
        sa.ForeignKeyConstraint(["booked_by_id"], ["account.id"], name=op.f("fk_equity_payment_booked_by_id_account")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["equity_contract.id"], name=op.f("fk_equity_payment_contract_id_equity_contract")
        ),
        sa.ForeignKeyConstraint(["guarantee_area"], ["area.code"], name=op.f("fk_equity_payment_guarantee_area_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equity_payment")),
        sa.UniqueConstraint("bank_reference", name=op.f("uq_equity_payment_bank_reference")),
        sa.UniqueConstraint("public_id", name=op.f("uq_equity_payment_public_id")),
    )
    op.create_index(op.f("ix_equity_payment_contract_id"), "equity_payment", ["contract_id"], unique=False)
    op.create_table(
        "share_handover",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("heir_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("proposed_by_id", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("decided_by_id <> proposed_by_id", name=op.f("ck_share_handover_two_persons")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["equity_contract.id"], name=op.f("fk_share_handover_contract_id_equity_contract")
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_share_handover_decided_by_id_account")),
        sa.ForeignKeyConstraint(["heir_id"], ["household.id"], name=op.f("fk_share_handover_heir_id_household")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_share_handover_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["account.id"], name=op.f("fk_share_handover_proposed_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_handover")),
        sa.UniqueConstraint("public_id", name=op.f("uq_share_handover_public_id")),
    )
    op.create_index("ix_share_handover_household_id", "share_handover", ["household_id"], unique=False)
    op.create_index(
        "uq_share_handover_open",
        "share_handover",
        ["contract_id", "household_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_table(
        "share_holding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("units >= 0", name=op.f("ck_share_holding_units_not_negative")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["equity_contract.id"], name=op.f("fk_share_holding_contract_id_equity_contract")
        ),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_share_holding_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_holding")),
        sa.UniqueConstraint("contract_id", "household_id", name=op.f("uq_share_holding_contract_id_household_id")),
    )
    op.create_index("ix_share_holding_household_id", "share_holding", ["household_id"], unique=False)
    op.create_table(
        "dividend",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("units > 0 AND amount_fen >= 0", name=op.f("ck_dividend_not_negative")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_dividend_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["dividend_run.id"], name=op.f("fk_dividend_run_id_dividend_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dividend")),
        sa.UniqueConstraint("run_id", "household_id", name=op.f("uq_dividend_run_id_household_id")),
    )
    op.create_index("ix_dividend_household_id", "dividend", ["household_id"], unique=False)
    op.create_table(
        "equity_claim",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'settled') = (paid_fen = amount_fen)", name=op.f("ck_equity_claim_settled_is_paid")),
        sa.CheckConstraint(
            "amount_fen > 0 AND paid_fen BETWEEN 0 AND amount_fen", name=op.f("ck_equity_claim_paid_within_amount")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["dividend_run.id"], name=op.f("fk_equity_claim_run_id_dividend_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equity_claim")),
        sa.UniqueConstraint("public_id", name=op.f("uq_equity_claim_public_id")),
        sa.UniqueConstraint("run_id", name=op.f("uq_equity_claim_run_id")),
    )
    op.create_table(
        "share_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("handover_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint("kind IN ('issue', 'exit')", name=op.f("ck_share_move_kind_known")),
        sa.CheckConstraint("units <> 0", name=op.f("ck_share_move_units_not_zero")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["equity_contract.id"], name=op.f("fk_share_move_contract_id_equity_contract")
        ),
        sa.ForeignKeyConstraint(["handover_id"], ["share_handover.id"], name=op.f("fk_share_move_handover_id_share_handover")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_share_move_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_move")),
    )
    op.create_index("ix_share_move_contract_id", "share_move", ["contract_id"], unique=False)
    op.create_index("ix_share_move_household_id", "share_move", ["household_id"], unique=False)
    op.execute(UNITS)
    for table, columns in (
        ("share_move", "units, household_id, contract_id"),
        ("dividend", "units, household_id, run_id, amount_fen"),
    ):
        # A village may get another code; what was booked to a household stays.
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OF {columns} OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_index("ix_share_move_household_id", table_name="share_move")
    op.drop_index("ix_share_move_contract_id", table_name="share_move")
    op.drop_table("share_move")
    op.drop_table("equity_claim")
    op.drop_index("ix_dividend_household_id", table_name="dividend")
    op.drop_table("dividend")
    op.drop_index("ix_share_holding_household_id", table_name="share_holding")
    op.drop_table("share_holding")
    op.drop_index("uq_share_handover_open", table_name="share_handover", postgresql_where=sa.text("state = 'proposed'"))
    op.drop_index("ix_share_handover_household_id", table_name="share_handover")
    op.drop_table("share_handover")
    op.drop_index(op.f("ix_equity_payment_contract_id"), table_name="equity_payment")
    op.drop_table("equity_payment")
    op.drop_index("uq_dividend_run_year", table_name="dividend_run", postgresql_where=sa.text("state <> 'discarded'"))
    op.drop_table("dividend_run")
    op.drop_index(op.f("ix_equity_valuation_asset_id"), table_name="equity_valuation")
    op.drop_table("equity_valuation")
    op.drop_index(
        "uq_equity_contract_running", table_name="equity_contract", postgresql_where=sa.text("state IN ('drafted', 'signed')")
    )
    op.drop_index("ix_equity_contract_area_code", table_name="equity_contract")
    op.drop_table("equity_contract")
    op.drop_index("ix_equity_asset_area_code", table_name="equity_asset")
    op.drop_table("equity_asset")
    op.execute("DROP FUNCTION hold_moved_shares(), refuse_held_change()")
