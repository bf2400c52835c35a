"""What tokens are good for, and names for those that hold long; limits of the API; addresses that are told of events.

Revision ID: 0018
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("access_token", sa.Column("name", sa.String(60), server_default=sa.text("''"), nullable=False))
    op.add_column("access_token", sa.Column("scopes", postgresql.ARRAY(sa.String(40)), nullable=True))
    op.add_column("access_token", sa.Column("public_id", sa.String(20), nullable=True))
    # Names for the tokens that there are; nobody has seen one, so any will do.
    op.execute("UPDATE access_token SET public_id = translate(substr(encode(sha256(digest), 'hex'), 1, 14), '01', 'gh')")
    op.alter_column("access_token", "public_id", nullable=False)
    op.create_unique_constraint(op.f("uq_access_token_public_id"), "access_token", ["public_id"])
    op.create_check_constraint(
        op.f("ck_access_token_scopes_not_empty"), "access_token", "scopes IS NULL OR cardinality(scopes) > 0"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_access_token_scopes_not_empty"), "access_token", type_="check")
    for name in ("public_id", "scopes", "name"):
        op.drop_column("access_token", name)
