"""Documents of rules with their articles, questions to a person, alerts on prices.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

KEPT = """
-- What a rule said stays readable as it was said; of a document only its last day may be set.
CREATE FUNCTION refuse_document_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'valid_until' <> to_jsonb(OLD) - 'valid_until' THEN
        RAISE EXCEPTION 'a version of a document is not altered'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_policy_document_kept';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER policy_document_kept BEFORE UPDATE OR DELETE ON policy_document
    FOR EACH ROW EXECUTE FUNCTION refuse_document_change();

CREATE TRIGGER policy_article_append_only BEFORE UPDATE OR DELETE ON policy_article
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "policy_document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("lineage", sa.String(length=20), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("nature", sa.String(length=8), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=True),
        sa.Column("issuer", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=160), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("entered_by_id", sa.BigInteger(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("nature <> 'answer' OR valid_until IS NOT NULL", name=op.f("ck_policy_document_answer_ends")),
        sa.CheckConstraint("nature IN ('original', 'summary', 'answer')", name=op.f("ck_policy_document_nature_known")),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from", name=op.f("ck_policy_document_ends_after_beginning")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_policy_document_version_counts")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_policy_document_area_code_area")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["account.id"], name=op.f("fk_policy_document_entered_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_document")),
        sa.UniqueConstraint("lineage", "version", name=op.f("uq_policy_document_lineage_version")),
        sa.UniqueConstraint("public_id", name=op.f("uq_policy_document_public_id")),
    )
    op.create_index("ix_policy_document_area_code", "policy_document", ["area_code"], unique=False)
    op.create_table(
        "policy_article",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("heading", sa.String(length=160), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("heading_en", sa.String(length=160), nullable=False),
        sa.Column("words_en", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.ARRAY(sa.String(length=24)), nullable=False),
        sa.Column("search_terms", postgresql.TSVECTOR(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["policy_document.id"], name=op.f("fk_policy_article_document_id_policy_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_article")),
        sa.UniqueConstraint("document_id", "place", name=op.f("uq_policy_article_document_id_place")),
        sa.UniqueConstraint("public_id", name=op.f("uq_policy_article_public_id")),
    )
    op.create_index("ix_policy_article_search_terms", "policy_article", ["search_terms"], unique=False, postgresql_using="gin")
    op.create_table(
        "price_alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reached_on", sa.Date(), nullable=True),
        sa.Column("reached_fen", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("direction IN ('up_to', 'down_to')", name=op.f("ck_price_alert_direction_known")),
        sa.CheckConstraint("state <> 'reached' OR reached_on IS NOT NULL", name=op.f("ck_price_alert_reached_has_day")),
        sa.CheckConstraint("state IN ('waiting', 'reached', 'removed')", name=op.f("ck_price_alert_state_known")),
        sa.CheckConstraint("(reached_on IS NULL) = (reached_fen IS NULL)", name=op.f("ck_price_alert_reached_has_price")),
        sa.CheckConstraint("price_fen > 0", name=op.f("ck_price_alert_price_positive")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_price_alert_account_id_account")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_price_alert_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_alert")),
        sa.UniqueConstraint("public_id", name=op.f("uq_price_alert_public_id")),
    )
    op.create_index(
        "ix_price_alert_product_id", "price_alert", ["product_id"], unique=False, postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_index(
        "uq_price_alert_waiting",
        "price_alert",
        ["account_id", "product_id", "direction", "price_fen"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "policy_question",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.String(length=12, collation="C"), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("relevance_bp", sa.SmallInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("article_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(state = 'answered') = (answered_at IS NOT NULL)", name=op.f("ck_policy_question_answered_has_moment")
        ),
        sa.CheckConstraint("state IN ('waiting', 'answered', 'withdrawn')", name=op.f("ck_policy_question_state_known")),
        sa.CheckConstraint(
            "(answered_by_id IS NULL) = (answered_at IS NULL)", name=op.f("ck_policy_question_answered_by_somebody")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_policy_question_account_id_account")),
        sa.ForeignKeyConstraint(["answered_by_id"], ["account.id"], name=op.f("fk_policy_question_answered_by_id_account")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_policy_question_area_code_area")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["policy_article.id"], name=op.f("fk_policy_question_article_id_policy_article")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_question")),
        sa.UniqueConstraint("public_id", name=op.f("uq_policy_question_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_policy_question_reference")),
    )
    op.create_index("ix_policy_question_account_id", "policy_question", ["account_id"], unique=False)
    op.create_index(
        "ix_policy_question_waiting",
        "policy_question",
        ["area_code", "due_on"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.execute(KEPT)


def downgrade() -> None:
    op.drop_index("ix_policy_question_waiting", table_name="policy_question", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index("ix_policy_question_account_id", table_name="policy_question")
    op.drop_table("policy_question")
    op.drop_index("uq_price_alert_waiting", table_name="price_alert", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index("ix_price_alert_product_id", table_name="price_alert", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_table("price_alert")
    op.drop_index("ix_policy_article_search_terms", table_name="policy_article", postgresql_using="gin")
    op.drop_table("policy_article")
    op.drop_index("ix_policy_document_area_code", table_name="policy_document")
    op.drop_table("policy_document")
    op.execute("DROP FUNCTION refuse_document_change")
