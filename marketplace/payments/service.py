"""Changes of payments, attempts, refunds and kept events. The caller holds the payment's lock."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.kernel import ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.payments.gateway import PayPage, RefundState
from marketplace.payments.models import (
    Payment,
    PaymentAttempt,
    PaymentMethod,
    ProviderEvent,
    Refund,
    RefundReason,
    UnappliedReceipt,
)
from marketplace.payments.queries import live_attempt, paid_attempts
from marketplace.payments.states import (
    LIVE,
    PAYMENTS,
    REFUNDS,
    UNPAID,
    AttemptState,
    PaymentAction,
    PaymentState,
    RefundAction,
)

# How long goods wait for money that is to come at once.
TIME_TO_PAY = timedelta(minutes=30)


def create_payment(purpose_kind: str, purpose_id: str, method: PaymentMethod, amount_fen: int, *, now: datetime) -> Payment:
    """Write down that an amount is owed for a purpose; nobody outside has been asked yet."""
    payment = Payment(
        reference=ids.reference("P", local_day(now)),
        purpose_kind=purpose_kind,
        purpose_id=purpose_id,
        method=method,
        amount_fen=amount_fen,
        created_at=now,
        expires_at=now + TIME_TO_PAY if method == PaymentMethod.ONLINE else None,
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


def begin_attempt(payment: Payment, return_url: str, back_url: str, *, now: datetime) -> PaymentAttempt:
    """The payment's live attempt, or a new one.

    Raises
    ------
    Conflict
        ``nothing_to_pay`` when the payment is made, given up or out of time.
    """
    unpaid = payment.method == PaymentMethod.ONLINE and payment.state in (*UNPAID, PaymentState.PROCESSING)
    if not unpaid or payment.expires_at is None or payment.expires_at <= now:
        raise Conflict("nothing_to_pay", N_("There is nothing to pay for this order any more."))
    attempt = live_attempt(payment)
    if attempt is None:
        if payment.state == PaymentState.FAILED:
            apply_action(payment, PaymentAction.RETRY, now=now)
        attempt = PaymentAttempt(payment_id=payment.id, return_url=return_url, back_url=back_url, created_at=now)
        db.session.add(attempt)
        db.session.flush()
    return attempt


def record_page(attempt: PaymentAttempt, page: PayPage, *, now: datetime) -> bool:
    """Note how an attempt's page stands; False when that is known. Money is noted by ``record_charge`` alone.

    News can be older than what is known: an attempt that is over stays over, and one that is on its way is not open again.
    """
    state = AttemptState(page.state.value)
    if state is AttemptState.PAID or attempt.state not in LIVE:
        return False
    attempt.provider_id = page.provider_id
    known = AttemptState(attempt.state)
    if state is known or (state is AttemptState.OPEN and known is AttemptState.PROCESSING):
        db.session.flush()
        return False
    attempt.state = state
    if state not in LIVE:
        attempt.ended_at = now
    db.session.flush()
    return True


def give_up_attempt(attempt: PaymentAttempt, *, closed: bool = False, now: datetime) -> None:
    """Note that an attempt's page was never opened and never will be; or, ``closed``, that an open one is over and gone."""
    if attempt.state == AttemptState.CREATED or (closed and attempt.state == AttemptState.OPEN):
        attempt.state, attempt.ended_at = AttemptState.EXPIRED, now
        db.session.flush()


def record_charge(attempt: PaymentAttempt, page: PayPage, *, now: datetime) -> bool:
    """Note that an attempt has brought money; False when that is known.

    The provider's word that money was taken counts whatever we thought of the attempt before.
    """
    if attempt.state == AttemptState.PAID:
        return False
    attempt.provider_id = page.provider_id
    attempt.state, attempt.ended_at = AttemptState.PAID, now
    attempt.charge_id, attempt.received_fen = page.charge_id, page.paid_fen
    db.session.flush()
    return True


def create_refund(
    payment: Payment, purpose_kind: str, purpose_id: str, amount_fen: int, reason: RefundReason, *, now: datetime
) -> Refund:
    """Promise part of a paid, locked payment back; the amount is reserved from here on.

    Raises
    ------
    Invalid
        For an amount that is not positive.
    Conflict
        ``refund_too_large`` when more would be promised back than was paid.
    """
    if amount_fen <= 0:
        raise Invalid("refund_invalid", N_("Please give an amount to refund."))
    # Said kindly here; the constraint on the payment is what is relied on.
    left = payment.amount_fen - payment.refunded_fen if payment.state == PaymentState.PAID else 0
    if amount_fen > left:
        raise Conflict("refund_too_large", N_("No more can be refunded than was paid."), left_fen=left)
    attempt = None
    if payment.method == PaymentMethod.ONLINE:
        attempt = next(row for row in paid_attempts(payment) if row.received_fen - row.refunded_fen >= amount_fen)
        attempt.refunded_fen += amount_fen
    payment.refunded_fen += amount_fen
    return _add_refund(payment, attempt, purpose_kind, purpose_id, amount_fen, reason, now)


def create_surplus_refund(attempt: PaymentAttempt, *, now: datetime) -> Refund:
    """Promise back the whole of a charge that pays for nothing."""
    attempt.refunded_fen = attempt.received_fen
    kind, purpose_id = "payment_attempt", attempt.public_id
    return _add_refund(attempt.payment, attempt, kind, purpose_id, attempt.received_fen, RefundReason.SURPLUS, now)


def create_excess_refund(payment: Payment, excess_fen: int, *, now: datetime) -> Refund:
    """Promise back what came beyond an offline payment; it pays for nothing, so it is no part of what was paid."""
    return _add_refund(payment, None, "payment", payment.public_id, excess_fen, RefundReason.SURPLUS, now)


def create_unapplied_refund(
    payment: Payment, received_fen: int, bank_reference: str, *, by: str, now: datetime
) -> Refund | None:
    """Note a bank transfer that pays for nothing and promise all of it back; None when just this one has been noted.

    Raises
    ------
    Conflict
        ``bank_reference_used`` when the bank's reference names another amount or a transfer for another payment.
    """
    known = _find_receipt(bank_reference)
    if known is None:
        refund = create_excess_refund(payment, received_fen, now=now)
        values = {"refund_id": refund.id, "bank_reference": bank_reference, "noted_by": by}
        # Of two who note one transfer for two payments, the second waits here for the first.
        noted = insert(UnappliedReceipt).values(values).on_conflict_do_nothing(index_elements=["bank_reference"])
        if db.session.scalar(noted.returning(UnappliedReceipt.refund_id)) is not None:
            return refund
    elif (known.payment_id, known.amount_fen) == (payment.id, received_fen):
        return None
    raise Conflict("bank_reference_used", N_("A transfer with this bank reference has been booked already, and otherwise."))


def _find_receipt(bank_reference: str) -> Refund | None:
    query = select(Refund).join(UnappliedReceipt, UnappliedReceipt.refund_id == Refund.id)
    return db.session.scalars(query.where(UnappliedReceipt.bank_reference == bank_reference)).first()


def _add_refund(
    payment: Payment,
    attempt: PaymentAttempt | None,
    purpose_kind: str,
    purpose_id: str,
    amount_fen: int,
    reason: RefundReason,
    now: datetime,
) -> Refund:
    refund = Refund(
        payment_id=payment.id,
        attempt_id=attempt.id if attempt is not None else None,
        purpose_kind=purpose_kind,
        purpose_id=purpose_id,
        amount_fen=amount_fen,
        reason=reason,
        created_at=now,
    )
    db.session.add(refund)
    db.session.flush()
    return refund


def move_refund(refund: Refund, action: RefundAction, *, provider_id: str | None = None, now: datetime) -> bool:
    """Move a locked refund along; False when that was done already or the news is older than what is known."""
    refund.provider_id = provider_id or refund.provider_id
    try:
        state = REFUNDS.next_state(RefundState(refund.state), action)
    except Conflict:
        if action is RefundAction.BY_HAND:
            raise
        return False
    if state is None:
        return False
    refund.state = state
    refund.ended_at = now if state in (RefundState.SUCCEEDED, RefundState.FAILED, RefundState.BY_HAND) else None
    db.session.flush()
    return True


def keep_event(provider: str, event_id: str, kind: str, body: bytes, *, now: datetime) -> int:
    """Keep a message; one that is known is counted. Answers the row's id."""
    kept = insert(ProviderEvent).values(
        provider=provider, event_id=event_id, kind=kind[:80], body=body, deliveries=1, received_at=now
    )
    kept = kept.on_conflict_do_update(
        index_elements=["provider", "event_id"], set_={"deliveries": ProviderEvent.deliveries + 1}
    )
    return db.session.scalars(kept.returning(ProviderEvent.id)).one()


def lock_event(row_id: int) -> ProviderEvent:
    """A kept message, locked: whoever comes second finds its outcome."""
    return db.session.scalars(
        select(ProviderEvent).filter_by(id=row_id).with_for_update().execution_options(populate_existing=True)
    ).one()
