"""Lot trees: pooling, losses, blocks, boxes; recalls; declared yields and what looks odd.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

# What came to a lot: what households brought, and what was sound of what buyers sent back or never got.
_CAME = """
    (SELECT coalesce(sum(grams), 0) FROM lot_contribution WHERE lot_id = lot)
    + (SELECT coalesce(sum(returned_goods.sound * order_line.unit_grams), 0) FROM returned_goods
        JOIN order_line ON order_line.id = returned_goods.line_id WHERE order_line.lot_id = lot)
    + (SELECT coalesce(sum(goods_return.quantity * order_line.unit_grams), 0) FROM goods_return
        JOIN claim ON claim.id = goods_return.claim_id JOIN order_line ON order_line.id = claim.order_line_id
        WHERE order_line.lot_id = lot AND goods_return.sellable)
"""
# What it gave: to other lots, to losses, to boxes. Boxes of an order that was cancelled before it left were opened again.
_GAVE = """
    (SELECT coalesce(sum(grams), 0) FROM pooling WHERE from_lot_id = lot)
    + (SELECT coalesce(sum(grams), 0) FROM lot_loss WHERE lot_id = lot)
    + (SELECT coalesce(sum(box.grams + box.loss_grams), 0) FROM box JOIN order_line ON order_line.id = box.line_id
        JOIN "order" ON "order".id = order_line.order_id WHERE order_line.lot_id = lot AND box.opened_at IS NULL
        AND ("order".state <> 'cancelled' OR "order".shipped_at IS NOT NULL))
"""
_FUNCTIONS = (
    f"""
    CREATE FUNCTION check_lot_gives(lot bigint) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF {_GAVE} > {_CAME} THEN
            RAISE check_violation USING CONSTRAINT = 'lot_gives_what_it_got',
                MESSAGE = format('lot %s gives more grams than came to it', lot);
        END IF;
    END $$
    """,
    """
    CREATE FUNCTION check_lot_pooled(lot bigint) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT coalesce(sum(grams), 0) FROM lot_contribution WHERE lot_id = lot)
            <> (SELECT sum(grams - loss_grams) FROM pooling WHERE into_lot_id = lot)
        THEN
            RAISE check_violation USING CONSTRAINT = 'lot_is_its_sources',
                MESSAGE = format('lot %s is not what its sources gave', lot);
        END IF;
    END $$
    """,
    """
    CREATE FUNCTION check_lot_grams() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_TABLE_NAME = 'pooling' THEN
            PERFORM check_lot_gives(coalesce(NEW.from_lot_id, OLD.from_lot_id));
            PERFORM check_lot_pooled(coalesce(NEW.into_lot_id, OLD.into_lot_id));
        ELSE
            PERFORM check_lot_gives(coalesce(NEW.lot_id, OLD.lot_id));
            PERFORM check_lot_pooled(coalesce(NEW.lot_id, OLD.lot_id));
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION check_box_grams() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        lot bigint;
        most numeric;
    BEGIN
        SELECT order_line.lot_id, coalesce(weighing.grams, order_line.quantity * order_line.unit_grams) INTO lot, most
        FROM order_line LEFT JOIN order_line_weighing weighing ON weighing.line_id = order_line.id WHERE order_line.id = NEW.line_id;
        IF (SELECT sum(grams + loss_grams) FROM box WHERE line_id = NEW.line_id AND opened_at IS NULL) > most THEN
            RAISE check_violation USING CONSTRAINT = 'boxes_within_line',
                MESSAGE = format('the boxes of line %s hold more grams than the line', NEW.line_id);
        END IF;
        PERFORM check_lot_gives(lot);
        RETURN NULL;
    END $$
    """,
)
# Contributions are written with their lot, many at a time, and can only break this when they shrink.
_TRIGGERS = (
    ("pooling", "INSERT OR UPDATE OR DELETE", "check_lot_grams"),
    ("lot_loss", "INSERT OR UPDATE", "check_lot_grams"),
    ("lot_contribution", "UPDATE OR DELETE", "check_lot_grams"),
    ("box", "INSERT OR UPDATE", "check_box_grams"),
)


def upgrade() -> None:
    op.create_table(
        "yield_declaration",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("season", sa.SmallInteger(), nullable=False),
        sa.Column("area_mu100", sa.Integer(), nullable=True),
        sa.Column("harvest_g", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("declared_by", sa.String(length=64), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_words", sa.String(length=400), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village_code", sa.String(length=12, collation="C"), nullable=False),
        sa.CheckConstraint(
            "(state IN ('confirmed', 'refused')) = (decided_at IS NOT NULL)",
            name=op.f("ck_yield_declaration_decided_has_moment"),
        ),
        sa.CheckConstraint("decided_at IS NULL OR decided_words <> ''", name=op.f("ck_yield_declaration_decided_with_words")),
        sa.CheckConstraint("state <> 'standing' OR area_mu100 IS NOT NULL", name=op.f("ck_yield_declaration_standing_is_area")),
        sa.CheckConstraint(
            "state IN ('standing', 'waiting', 'confirmed', 'refused')", name=op.f("ck_yield_declaration_state_known")
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decided_by IS NULL)", name=op.f("ck_yield_declaration_decided_by_somebody")
        ),
        sa.CheckConstraint("area_mu100 BETWEEN 1 AND 10000000", name=op.f("ck_yield_declaration_area_range")),
        sa.CheckConstraint("decided_by <> declared_by", name=op.f("ck_yield_declaration_decided_by_another")),
        sa.CheckConstraint("harvest_g BETWEEN 1 AND 1000000000000", name=op.f("ck_yield_declaration_harvest_range")),
        sa.CheckConstraint("num_nonnulls(area_mu100, harvest_g) = 1", name=op.f("ck_yield_declaration_area_or_harvest")),
        sa.CheckConstraint("season BETWEEN 2013 AND 2100", name=op.f("ck_yield_declaration_season_known")),
        sa.ForeignKeyConstraint(
            ["household_id", "village_code"],
            ["household.id", "household.village_code"],
            name=op.f("fk_yield_declaration_household_id_village_code_household"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_yield_declaration_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yield_declaration")),
        sa.UniqueConstraint("public_id", name=op.f("uq_yield_declaration_public_id")),
    )
    op.create_index(
        "ix_yield_declaration_household_id_season", "yield_declaration", ["household_id", "season", "product_id"], unique=False
    )
    op.create_index("ix_yield_declaration_state_village_code", "yield_declaration", ["state", "village_code"], unique=False)
    op.create_table(
        "suspicion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.String(length=64), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_words", sa.String(length=400), nullable=False),
        sa.CheckConstraint("settled_at IS NULL OR settled_words <> ''", name=op.f("ck_suspicion_settled_with_words")),
        sa.CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name=op.f("ck_suspicion_settled_by_somebody")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_suspicion_area_code_area")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_suspicion_producer_id_producer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspicion")),
        sa.UniqueConstraint("public_id", name=op.f("uq_suspicion_public_id")),
    )
    op.create_index("ix_suspicion_area_code", "suspicion", ["area_code"], unique=False)
    op.create_index("uq_suspicion_kind_subject", "suspicion", ["kind", "producer_id", "subject"], unique=True)
    op.create_table(
        "lot_block",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose_kind", sa.String(length=24), nullable=False),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_lot_block_quantity_not_negative")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_lot_block_lot_id_lot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_block")),
    )
    op.create_index("ix_lot_block_open", "lot_block", ["lot_id"], unique=False, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("uq_lot_block_lot_id_purpose_id", "lot_block", ["lot_id", "purpose_kind", "purpose_id"], unique=True)
    op.create_table(
        "lot_loss",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("grams > 0", name=op.f("ck_lot_loss_grams_positive")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_lot_loss_lot_id_lot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_loss")),
    )
    op.create_index(op.f("ix_lot_loss_lot_id"), "lot_loss", ["lot_id"], unique=False)
    op.create_table(
        "pooling",
        sa.Column("into_lot_id", sa.BigInteger(), nullable=False),
        sa.Column("from_lot_id", sa.BigInteger(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("loss_grams", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("grams > 0", name=op.f("ck_pooling_grams_positive")),
        sa.CheckConstraint("into_lot_id > from_lot_id", name=op.f("ck_pooling_from_older")),
        sa.CheckConstraint("loss_grams BETWEEN 0 AND grams - 1", name=op.f("ck_pooling_loss_within_grams")),
        sa.ForeignKeyConstraint(["from_lot_id"], ["lot.id"], name=op.f("fk_pooling_from_lot_id_lot")),
        sa.ForeignKeyConstraint(["into_lot_id"], ["lot.id"], name=op.f("fk_pooling_into_lot_id_lot")),
        sa.PrimaryKeyConstraint("into_lot_id", "from_lot_id", name=op.f("pk_pooling")),
    )
    op.create_index("ix_pooling_from_lot_id", "pooling", ["from_lot_id"], unique=False)
    op.create_table(
        "box",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("loss_grams", sa.BigInteger(), nullable=False),
        sa.Column("packed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("grams > 0", name=op.f("ck_box_grams_positive")),
        sa.CheckConstraint("loss_grams >= 0", name=op.f("ck_box_loss_not_negative")),
        sa.CheckConstraint("number > 0", name=op.f("ck_box_number_positive")),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_box_line_id_order_line")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_box")),
        sa.UniqueConstraint("public_id", name=op.f("uq_box_public_id")),
    )
    op.create_index(op.f("ix_box_line_id"), "box", ["line_id"], unique=False)
    op.create_table(
        "recall",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("box_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("advice", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("started_by_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closing_words", sa.Text(), nullable=False),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_recall_closed_has_moment")),
        sa.CheckConstraint("(state = 'started') = (decided_at IS NULL)", name=op.f("ck_recall_decided_has_moment")),
        sa.CheckConstraint("reason <> '' AND advice <> ''", name=op.f("ck_recall_says_why_and_what")),
        sa.CheckConstraint("state IN ('started', 'told', 'closed', 'withdrawn')", name=op.f("ck_recall_state_known")),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by_id IS NULL)", name=op.f("ck_recall_decided_has_person")),
        sa.CheckConstraint("decided_by_id <> started_by_id", name=op.f("ck_recall_decided_by_another")),
        sa.ForeignKeyConstraint(["box_id"], ["box.id"], name=op.f("fk_recall_box_id_box")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_recall_decided_by_id_account")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_recall_lot_id_lot")),
        sa.ForeignKeyConstraint(["started_by_id"], ["account.id"], name=op.f("fk_recall_started_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall")),
        sa.UniqueConstraint("public_id", name=op.f("uq_recall_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_recall_reference")),
    )
    op.create_index(op.f("ix_recall_lot_id"), "recall", ["lot_id"], unique=False)
    op.create_table(
        "recall_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("recall_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply", sa.String(length=12), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("reply IN ('kept', 'used', 'never_came')", name=op.f("ck_recall_line_reply_known")),
        sa.CheckConstraint("(reply IS NULL) = (replied_at IS NULL)", name=op.f("ck_recall_line_reply_has_moment")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_recall_line_claim_id_claim")),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_recall_line_line_id_order_line")),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_recall_line_recall_id_recall")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_line")),
        sa.UniqueConstraint("public_id", name=op.f("uq_recall_line_public_id")),
        sa.UniqueConstraint("recall_id", "line_id", name=op.f("uq_recall_line_recall_id_line_id")),
    )
    op.create_index("ix_recall_line_line_id", "recall_line", ["line_id"], unique=False)
    for function in _FUNCTIONS:
        op.execute(function)
    for table, events, function in _TRIGGERS:
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_grams AFTER {events} ON {table} DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW EXECUTE FUNCTION {function}()"
        )


def downgrade() -> None:
    for table, _, _ in _TRIGGERS:
        op.execute(f"DROP TRIGGER {table}_grams ON {table}")
    op.execute("DROP FUNCTION check_lot_grams, check_box_grams, check_lot_gives, check_lot_pooled")
    op.drop_index("ix_recall_line_line_id", table_name="recall_line")
    op.drop_table("recall_line")
    op.drop_index(op.f("ix_recall_lot_id"), table_name="recall")
    op.drop_table("recall")
    op.drop_index(op.f("ix_box_line_id"), table_name="box")
    op.drop_table("box")
    op.drop_index("ix_pooling_from_lot_id", table_name="pooling")
    op.drop_table("pooling")
    op.drop_index(op.f("ix_lot_loss_lot_id"), table_name="lot_loss")
    op.drop_table("lot_loss")
    op.drop_index("uq_lot_block_lot_id_purpose_id", table_name="lot_block")
    op.drop_index("ix_lot_block_open", table_name="lot_block", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_table("lot_block")
    op.drop_index("uq_suspicion_kind_subject", table_name="suspicion")
    op.drop_index("ix_suspicion_area_code", table_name="suspicion")
    op.drop_table("suspicion")
    op.drop_index("ix_yield_declaration_state_village_code", table_name="yield_declaration")
    op.drop_index("ix_yield_declaration_household_id_season", table_name="yield_declaration")
    op.drop_table("yield_declaration")
