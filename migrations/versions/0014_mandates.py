"""Mandates, answers to notices, contacts, denied listings.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_contact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_kind", sa.String(24), nullable=False),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("quiet_at_night", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel <> 'email' OR email <> ''", name=op.f("ck_notice_contact_email_has_address")),
        sa.CheckConstraint("channel <> 'sms' OR phone <> ''", name=op.f("ck_notice_contact_sms_has_phone")),
        sa.CheckConstraint("channel IN ('sms', 'email', 'none')", name=op.f("ck_notice_contact_channel_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_contact")),
        sa.UniqueConstraint("owner_kind", "owner_id", name=op.f("uq_notice_contact_owner_kind_owner_id")),
    )
    op.create_table(
        "mandate",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(20), nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("holder_role", sa.String(12), nullable=False),
        sa.Column("principal_kind", sa.String(24), nullable=False),
        sa.Column("principal_id", sa.String(64), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String(16)), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence_kind", sa.String(12), nullable=False),
        sa.Column("evidence_note", sa.String(400), nullable=False),
        sa.Column("evidence_picture", sa.String(64), nullable=False),
        sa.Column("recorded_by_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_how", sa.String(12), nullable=True),
        sa.CheckConstraint(
            "(state IN ('revoked', 'expired', 'denied')) = (ended_at IS NOT NULL)", name=op.f("ck_mandate_ended_has_moment")
        ),
        sa.CheckConstraint(
            "CASE evidence_kind WHEN 'paper' THEN evidence_picture <> '' WHEN 'thumbprint' THEN evidence_picture <> '' WHEN 'voice' THEN evidence_note <> '' WHEN 'in_person' THEN evidence_note <> '' WHEN 'signed_in' THEN given_by_id IS NOT NULL OR state <> 'in_force' ELSE false END",
            name=op.f("ck_mandate_evidence_is_there"),
        ),
        sa.CheckConstraint(
            "cardinality(scopes) > 0 AND scopes <@ ARRAY['list', 'stock', 'ship', 'receive_money', 'answer']::varchar[]",
            name=op.f("ck_mandate_scopes_known"),
        ),
        sa.CheckConstraint("holder_role IN ('officer', 'cooperative')", name=op.f("ck_mandate_holder_role_known")),
        sa.CheckConstraint(
            "state IN ('proposed', 'in_force', 'revoked', 'expired', 'denied')", name=op.f("ck_mandate_state_known")
        ),
        sa.CheckConstraint("ends_at > begins_at", name=op.f("ck_mandate_ends_after_beginning")),
        sa.CheckConstraint("given_by_id IS NULL OR given_by_id <> holder_id", name=op.f("ck_mandate_giver_is_not_holder")),
        sa.ForeignKeyConstraint(["given_by_id"], ["account.id"], name=op.f("fk_mandate_given_by_id_account")),
        sa.ForeignKeyConstraint(["holder_id"], ["account.id"], name=op.f("fk_mandate_holder_id_account")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_mandate_recorded_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mandate_public_id")),
    )
    op.create_index("ix_mandate_holder_id_state", "mandate", ["holder_id", "state"], unique=False)
    op.create_index("ix_mandate_principal_id_principal_kind", "mandate", ["principal_id", "principal_kind"], unique=False)
    op.create_index("ix_mandate_state_ends_at", "mandate", ["state", "ends_at"], unique=False)
    op.create_table(
        "answer_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mandate_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose_kind", sa.String(24), nullable=False),
        sa.Column("purpose_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandate.id"], name=op.f("fk_answer_code_mandate_id_mandate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_code")),
        sa.UniqueConstraint("digest", name=op.f("uq_answer_code_digest")),
    )
    op.create_index(op.f("ix_answer_code_mandate_id"), "answer_code", ["mandate_id"], unique=False)
    op.create_table(
        "listing_denial",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(20), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("producer_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(20), nullable=False),
        sa.Column("mandate", sa.String(20), nullable=False),
        sa.Column("how", sa.String(12), nullable=False),
        sa.Column("note", sa.String(400), nullable=False),
        sa.Column("denied_by", sa.String(64), nullable=False),
        sa.Column("denied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.String(64), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(64), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_note", sa.String(400), nullable=False),
        sa.CheckConstraint("how IN ('signed_in', 'code', 'told_officer')", name=op.f("ck_listing_denial_how_known")),
        sa.CheckConstraint("(agreed_at IS NULL) = (agreed_by IS NULL)", name=op.f("ck_listing_denial_agreed_by_somebody")),
        sa.CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name=op.f("ck_listing_denial_settled_by_somebody")),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_listing_denial_listing_id_listing")),
        sa.ForeignKeyConstraint(["producer_id"], ["producer.id"], name=op.f("fk_listing_denial_producer_id_producer")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_listing_denial_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_denial")),
        sa.UniqueConstraint("public_id", name=op.f("uq_listing_denial_public_id")),
    )
    op.create_index(
        "ix_listing_denial_block",
        "listing_denial",
        ["producer_id", "product_id", "holder"],
        unique=False,
        postgresql_where=sa.text("agreed_at IS NULL"),
    )
    op.create_index(
        "uq_listing_denial_open", "listing_denial", ["listing_id"], unique=True, postgresql_where=sa.text("agreed_at IS NULL")
    )
    op.create_index(
        "ix_audit_event_on_behalf_of_id",
        "audit_event",
        ["on_behalf_of", "id"],
        unique=False,
        postgresql_where=sa.text("on_behalf_of IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_audit_event_on_behalf_of_id", table_name="audit_event", postgresql_where=sa.text("on_behalf_of IS NOT NULL")
    )
    op.drop_index("uq_listing_denial_open", table_name="listing_denial", postgresql_where=sa.text("agreed_at IS NULL"))
    op.drop_index("ix_listing_denial_block", table_name="listing_denial", postgresql_where=sa.text("agreed_at IS NULL"))
    op.drop_table("listing_denial")
    op.drop_index(op.f("ix_answer_code_mandate_id"), table_name="answer_code")
    op.drop_table("answer_code")
    op.drop_index("ix_mandate_state_ends_at", table_name="mandate")
    op.drop_index("ix_mandate_principal_id_principal_kind", table_name="mandate")
    op.drop_index("ix_mandate_holder_id_state", table_name="mandate")
    op.drop_table("mandate")
    op.drop_table("notice_contact")
