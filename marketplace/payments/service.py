"""Changes of payments."""

from datetime import datetime

from marketplace.kernel import ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.payments.models import Payment, PaymentMethod
from marketplace.payments.states import PAYMENTS, PaymentAction, PaymentState


def create_payment(purpose_kind: str, purpose_id: str, method: PaymentMethod, amount_fen: int, *, now: datetime) -> Payment:
    """Write down that an amount is owed for a purpose; nobody outside has been asked yet."""
    payment = Payment(
        reference=ids.reference("P", local_day(now)),
        purpose_kind=purpose_kind,
        purpose_id=purpose_id,
        method=method,
        amount_fen=amount_fen,
        created_at=now,
    )
    db.session.add(payment)
    db.session.flush()
    return payment


def apply_action(payment: Payment, action: PaymentAction, *, now: datetime) -> bool:
    """Move a locked payment along its state machine; False when that had been done already."""
    state = PAYMENTS.next_state(PaymentState(payment.state), action)
    if state is None:
        return False
    payment.state = state
    if state is PaymentState.PAID:
        payment.paid_at = now
    db.session.flush()
    return True
