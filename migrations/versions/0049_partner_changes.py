"""Partners of the exchange are proposed by one person and confirmed by a second, see one area, and can be suspended.

Revision ID: 0049
Revises: 0048
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("exchange_partner", sa.Column("area_code", sa.String(length=12), nullable=True))
    op.add_column("exchange_partner", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f("fk_exchange_partner_area_code_area"), "exchange_partner", "area", ["area_code"], ["code"])
    op.create_table(
        "partner_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.Column("deed", sa.String(length=8), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("sender_id", sa.String(length=99), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("url", sa.String(length=200), server_default="", nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("purposes", postgresql.ARRAY(sa.String(length=40)), server_default="{}", nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("proposed_by_id", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("deed IN ('add', 'key', 'resume')", name=op.f("ck_partner_change_deed_known")),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id OR state <> 'confirmed'", name=op.f("ck_partner_change_two_persons")
        ),
        sa.CheckConstraint("(deed = 'add') = (partner_id IS NULL)", name=op.f("ck_partner_change_about_one_that_is_there")),
        sa.CheckConstraint("(deed = 'resume') = (public_key IS NULL)", name=op.f("ck_partner_change_key_where_it_is_needed")),
        sa.CheckConstraint("length(public_key) = 32", name=op.f("ck_partner_change_key_length")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_partner_change_account_id_account")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_partner_change_area_code_area")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_partner_change_decided_by_id_account")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["exchange_partner.id"], name=op.f("fk_partner_change_partner_id_exchange_partner")
        ),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["account.id"], name=op.f("fk_partner_change_proposed_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_change")),
        sa.UniqueConstraint("public_id", name=op.f("uq_partner_change_public_id")),
    )
    op.create_index(
        "uq_partner_change_partner_id_proposed",
        "partner_change",
        ["partner_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_index(
        "uq_partner_change_sender_id_proposed",
        "partner_change",
        ["sender_id", sa.text("left(area_code, 6)")],
        unique=True,
        postgresql_where=sa.text("state = 'proposed' AND deed = 'add'"),
    )


def downgrade() -> None:
    op.drop_table("partner_change")
    op.drop_constraint(op.f("fk_exchange_partner_area_code_area"), "exchange_partner", type_="foreignkey")
    op.drop_column("exchange_partner", "suspended_at")
    op.drop_column("exchange_partner", "area_code")
