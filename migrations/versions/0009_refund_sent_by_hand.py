"""An end of its own for refunds that a person has sent.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _check(ends: str) -> None:
    op.create_check_constraint(op.f("ck_refund_state_known"), "refund", f"state IN ('created', 'pending', {ends})")
    op.create_check_constraint(op.f("ck_refund_ended_has_moment"), "refund", f"(state IN ({ends})) = (ended_at IS NOT NULL)")


def _uncheck() -> None:
    for name in ("state_known", "ended_has_moment"):
        op.drop_constraint(op.f(f"ck_refund_{name}"), "refund", type_="check")


def upgrade() -> None:
    _uncheck()
    _check("'succeeded', 'failed', 'by_hand'")
    # The ledger tells who sent what stands as arrived.
    op.execute(
        "UPDATE refund SET state = 'by_hand' WHERE state = 'succeeded' AND EXISTS (SELECT 1 FROM transfer"
        " WHERE transfer.kind = 'refund_by_hand' AND transfer.purpose_kind = 'refund' AND transfer.purpose_id = refund.public_id)"
    )


def downgrade() -> None:
    _uncheck()
    op.execute("UPDATE refund SET state = 'succeeded' WHERE state = 'by_hand'")
    _check("'succeeded', 'failed'")
