"""Audit rounds: what was committed to, drawn and found; nothing changes after the closing.

Revision ID: 0042
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

GUARDS = """
-- A round that is closed or dropped stays as it is, and none is ever deleted.
CREATE FUNCTION keep_audit_round() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state IN ('closed', 'discarded') THEN
        RAISE EXCEPTION 'nothing changes in an audit that is over'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_audit_round_kept';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_round_kept BEFORE UPDATE OR DELETE ON audit_round
    FOR EACH ROW EXECUTE FUNCTION keep_audit_round();

-- What was committed to is never another.
CREATE TRIGGER audit_round_committed BEFORE UPDATE OF seed, seed_hash, county_code, opened_by_id, opened_at ON audit_round
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A sample is looked at while its round is with the auditors, neither before nor after.
CREATE FUNCTION keep_audit_sample() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NOT EXISTS (
        SELECT FROM audit_round WHERE id = NEW.round_id AND state = 'drawn' AND (TG_OP = 'INSERT' OR OLD.round_id = NEW.round_id)
    ) THEN
        RAISE EXCEPTION 'a sample changes only while its auditors look at it'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_audit_sample_kept';
    END IF;
    RETURN NEW;
END $$;

-- A village may get another code; what was found does not change by it.
CREATE TRIGGER audit_household_kept BEFORE INSERT OR DELETE
    OR UPDATE OF round_id, in_place, fits_cause, visited, satisfied, unreached, found_by_id, found_at ON audit_household
    FOR EACH ROW EXECUTE FUNCTION keep_audit_sample();
CREATE TRIGGER audit_household_drawn BEFORE UPDATE OF round_id, stratum_id, household_id, kind, persons ON audit_household
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_payment_kept BEFORE INSERT OR DELETE OR UPDATE ON audit_payment
    FOR EACH ROW EXECUTE FUNCTION keep_audit_sample();
CREATE TRIGGER audit_payment_drawn BEFORE UPDATE OF round_id, stratum_id, payment_id, amount_fen, draws ON audit_payment
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_stratum_kept BEFORE INSERT ON audit_stratum FOR EACH ROW EXECUTE FUNCTION keep_audit_sample();
CREATE TRIGGER audit_stratum_append_only BEFORE UPDATE OR DELETE ON audit_stratum
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_assignment_append_only BEFORE UPDATE OR DELETE ON audit_assignment
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "audit_round",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("county_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("seed_hash", sa.String(length=64), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("frame_hash", sa.String(length=64), nullable=False),
        sa.Column("poor_persons", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_on", sa.Date(), nullable=True),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proposed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(closed_by_id IS NOT NULL) = (state = 'closed')", name=op.f("ck_audit_round_closed_has_person")),
        sa.CheckConstraint("(drawn_at IS NULL) = (frame_hash = '')", name=op.f("ck_audit_round_drawn_has_frame")),
        sa.CheckConstraint(
            "(drawn_at IS NULL) = (state IN ('opened', 'discarded'))", name=op.f("ck_audit_round_drawn_has_moment")
        ),
        sa.CheckConstraint(
            "(proposed_by_id IS NOT NULL) = (state IN ('closing', 'closed'))", name=op.f("ck_audit_round_proposed_has_person")
        ),
        sa.CheckConstraint("county_code ~ '^[0-9]{6}$'", name=op.f("ck_audit_round_of_a_county")),
        sa.CheckConstraint(
            "seed_hash ~ '^[0-9a-f]{64}$' AND frame_hash ~ '^([0-9a-f]{64})?$'", name=op.f("ck_audit_round_hashes")
        ),
        sa.CheckConstraint(
            "state IN ('opened', 'drawn', 'closing', 'closed', 'discarded')", name=op.f("ck_audit_round_state_known")
        ),
        sa.CheckConstraint("(closed_by_id IS NULL) = (closed_at IS NULL)", name=op.f("ck_audit_round_closed_has_moment")),
        sa.CheckConstraint("(drawn_at IS NULL) = (drawn_on IS NULL)", name=op.f("ck_audit_round_drawn_has_day")),
        sa.CheckConstraint("closed_by_id <> proposed_by_id", name=op.f("ck_audit_round_two_persons")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["account.id"], name=op.f("fk_audit_round_closed_by_id_account")),
        sa.ForeignKeyConstraint(["county_code"], ["area.code"], name=op.f("fk_audit_round_county_code_area")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["account.id"], name=op.f("fk_audit_round_opened_by_id_account")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["account.id"], name=op.f("fk_audit_round_proposed_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_round")),
        sa.UniqueConstraint("public_id", name=op.f("uq_audit_round_public_id")),
    )
    op.create_index("ix_audit_round_county_code_id", "audit_round", ["county_code", "id"], unique=False)
    op.create_index(
        "uq_audit_round_running",
        "audit_round",
        ["county_code"],
        unique=True,
        postgresql_where=sa.text("state IN ('opened', 'drawn', 'closing')"),
    )
    op.create_table(
        "audit_assignment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_audit_assignment_account_id_account")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_audit_assignment_area_code_area")),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_audit_assignment_by_id_account")),
        sa.ForeignKeyConstraint(["round_id"], ["audit_round.id"], name=op.f("fk_audit_assignment_round_id_audit_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_assignment")),
        sa.UniqueConstraint(
            "round_id", "account_id", "area_code", name=op.f("uq_audit_assignment_round_id_account_id_area_code")
        ),
    )
    op.create_index("ix_audit_assignment_account_id", "audit_assignment", ["account_id"], unique=False)
    op.create_table(
        "audit_stratum",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('registered', 'exited', 'unregistered', 'payment')", name=op.f("ck_audit_stratum_kind_known")
        ),
        sa.CheckConstraint("size > 0 AND persons >= 0 AND drawn > 0", name=op.f("ck_audit_stratum_not_empty")),
        sa.ForeignKeyConstraint(["round_id"], ["audit_round.id"], name=op.f("fk_audit_stratum_round_id_audit_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_stratum")),
        sa.UniqueConstraint("round_id", "kind", "area_code", name=op.f("uq_audit_stratum_round_id_kind_area_code")),
    )
    op.create_table(
        "audit_household",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("stratum_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("persons", sa.SmallInteger(), nullable=False),
        sa.Column("in_place", sa.Boolean(), nullable=True),
        sa.Column("fits_cause", sa.Boolean(), nullable=True),
        sa.Column("visited", sa.Boolean(), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("unreached", sa.String(length=12), nullable=True),
        sa.Column("found_by_id", sa.BigInteger(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint(
            "(in_place IS NOT NULL AND kind <> 'unregistered') = (satisfied IS NOT NULL)",
            name=op.f("ck_audit_household_satisfied_asked"),
        ),
        sa.CheckConstraint(
            "(in_place IS NOT NULL AND kind = 'registered') = (fits_cause IS NOT NULL)"
            " AND (fits_cause IS NULL) = (visited IS NULL)",
            name=op.f("ck_audit_household_registered_answers"),
        ),
        sa.CheckConstraint("kind IN ('registered', 'exited', 'unregistered')", name=op.f("ck_audit_household_kind_known")),
        sa.CheckConstraint(
            "unreached IN ('away', 'moved', 'declined', 'unknown')", name=op.f("ck_audit_household_unreached_known")
        ),
        sa.CheckConstraint("(found_by_id IS NULL) = (found_at IS NULL)", name=op.f("ck_audit_household_found_has_moment")),
        sa.CheckConstraint(
            "(found_by_id IS NULL) = (in_place IS NULL AND unreached IS NULL)",
            name=op.f("ck_audit_household_found_says_something"),
        ),
        sa.CheckConstraint("in_place IS NULL OR unreached IS NULL", name=op.f("ck_audit_household_reached_or_not")),
        sa.CheckConstraint("persons > 0", name=op.f("ck_audit_household_somebody_lives_there")),
        sa.ForeignKeyConstraint(["found_by_id"], ["account.id"], name=op.f("fk_audit_household_found_by_id_account")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_audit_household_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["round_id"], ["audit_round.id"], name=op.f("fk_audit_household_round_id_audit_round")),
        sa.ForeignKeyConstraint(["stratum_id"], ["audit_stratum.id"], name=op.f("fk_audit_household_stratum_id_audit_stratum")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_household")),
        sa.UniqueConstraint("public_id", name=op.f("uq_audit_household_public_id")),
        sa.UniqueConstraint("round_id", "household_id", name=op.f("uq_audit_household_round_id_household_id")),
    )
    op.create_index("ix_audit_household_household_id", "audit_household", ["household_id"], unique=False)
    op.create_index("ix_audit_household_stratum_id", "audit_household", ["stratum_id"], unique=False)
    op.create_table(
        "audit_payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("stratum_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("draws", sa.Integer(), nullable=False),
        sa.Column("reached_purpose", sa.Boolean(), nullable=True),
        sa.Column("reached_payee", sa.Boolean(), nullable=True),
        sa.Column("found_by_id", sa.BigInteger(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(found_by_id IS NULL) = (found_at IS NULL)", name=op.f("ck_audit_payment_found_has_moment")),
        sa.CheckConstraint(
            "(found_by_id IS NULL) = (reached_purpose IS NULL) AND (found_by_id IS NULL) = (reached_payee IS NULL)",
            name=op.f("ck_audit_payment_found_says_both"),
        ),
        sa.CheckConstraint("draws > 0 AND amount_fen > 0", name=op.f("ck_audit_payment_was_drawn")),
        sa.ForeignKeyConstraint(["found_by_id"], ["account.id"], name=op.f("fk_audit_payment_found_by_id_account")),
        sa.ForeignKeyConstraint(["payment_id"], ["fund_payment.id"], name=op.f("fk_audit_payment_payment_id_fund_payment")),
        sa.ForeignKeyConstraint(["round_id"], ["audit_round.id"], name=op.f("fk_audit_payment_round_id_audit_round")),
        sa.ForeignKeyConstraint(["stratum_id"], ["audit_stratum.id"], name=op.f("fk_audit_payment_stratum_id_audit_stratum")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_payment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_audit_payment_public_id")),
        sa.UniqueConstraint("round_id", "payment_id", name=op.f("uq_audit_payment_round_id_payment_id")),
    )
    op.create_index("ix_audit_payment_payment_id", "audit_payment", ["payment_id"], unique=False)
    op.execute(GUARDS)


def downgrade() -> None:
    op.drop_index("ix_audit_payment_payment_id", table_name="audit_payment")
    op.drop_table("audit_payment")
    op.drop_index("ix_audit_household_stratum_id", table_name="audit_household")
    op.drop_index("ix_audit_household_household_id", table_name="audit_household")
    op.drop_table("audit_household")
    op.drop_table("audit_stratum")
    op.drop_index("ix_audit_assignment_account_id", table_name="audit_assignment")
    op.drop_table("audit_assignment")
    op.drop_index(
        "uq_audit_round_running", table_name="audit_round", postgresql_where=sa.text("state IN ('opened', 'drawn', 'closing')")
    )
    op.drop_index("ix_audit_round_county_code_id", table_name="audit_round")
    op.drop_table("audit_round")
    op.execute("DROP FUNCTION keep_audit_round(), keep_audit_sample()")
