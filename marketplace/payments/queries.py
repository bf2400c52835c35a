"""Reading payments, attempts, refunds and provider events."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.payments.gateway import RefundState
from marketplace.payments.models import Payment, PaymentAttempt, PaymentMethod, ProviderEvent, Refund
from marketplace.payments.states import LIVE, UNPAID

Part = TypeVar("Part", PaymentAttempt, Refund)


def get_payment(public_id: str, *, lock: bool = False) -> Payment:
    """The payment with this public id, or ``NotFound``; ``lock`` when it is going to change."""
    return _payment(lock, public_id=public_id)


def get_payment_for(purpose_kind: str, purpose_id: str, *, lock: bool = False) -> Payment:
    """The payment for a purpose, or ``NotFound``; ``lock`` when it is going to change."""
    return _payment(lock, purpose_kind=purpose_kind, purpose_id=purpose_id)


def _payment(lock: bool, **which: str) -> Payment:
    query = select(Payment).filter_by(**which)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    payment = db.session.scalars(query).first()
    if payment is None:
        raise NotFound("payment_unknown", N_("There is no such payment."))
    return payment


def live_attempt(payment: Payment) -> PaymentAttempt | None:
    """The attempt from which money may still come; a payment has at most one."""
    return db.session.scalars(
        select(PaymentAttempt)
        .where(PaymentAttempt.payment_id == payment.id, PaymentAttempt.state.in_(LIVE))
        .execution_options(populate_existing=True)
    ).first()


def lock_attempt(public_id: str) -> PaymentAttempt | None:
    """An attempt, locked behind its payment; None for a name that is not ours."""
    return _behind_payment(PaymentAttempt, public_id)


def lock_refund(public_id: str) -> Refund | None:
    """A refund, locked behind its payment; None for a name that is not ours."""
    return _behind_payment(Refund, public_id)


def _behind_payment(model: type[Part], public_id: str) -> Part | None:
    payment_id = db.session.scalar(select(model.payment_id).filter_by(public_id=public_id))
    if payment_id is None:
        return None
    db.session.scalars(
        select(Payment).filter_by(id=payment_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    return db.session.scalars(select(model).filter_by(public_id=public_id).execution_options(populate_existing=True)).one()


def paid_attempts(payment: Payment) -> Sequence[PaymentAttempt]:
    """The attempts that brought money, oldest first."""
    return db.session.scalars(
        select(PaymentAttempt)
        .where(PaymentAttempt.payment_id == payment.id, PaymentAttempt.received_fen > 0)
        .order_by(PaymentAttempt.id)
    ).all()


def get_refund(public_id: str) -> Refund:
    """The refund with this public id as it stands now, or ``NotFound``."""
    refund = db.session.scalars(select(Refund).filter_by(public_id=public_id).execution_options(populate_existing=True)).first()
    if refund is None:
        raise NotFound("refund_unknown", N_("There is no such refund."))
    return refund


def refunds_to_send(payment_public_id: str | None = None, *, limit: int = 100) -> Sequence[str]:
    """The public ids of refunds that the provider has not been told of, oldest first; of one payment or of all."""
    query = select(Refund.public_id).where(Refund.state == RefundState.CREATED, Refund.attempt_id.is_not(None))
    if payment_public_id is not None:
        query = query.join(Payment, Payment.id == Refund.payment_id).where(Payment.public_id == payment_public_id)
    return db.session.scalars(query.order_by(Refund.id).limit(limit)).all()


def refunds_under_way(before: datetime, *, limit: int = 20) -> Sequence[str]:
    """Refunds promised before a moment that the provider has taken on and not finished, as far as we know.

    In no order, so that a few which take days do not keep the others from being asked about.
    """
    return db.session.scalars(
        select(Refund.public_id)
        .where(Refund.state == RefundState.PENDING, Refund.created_at < before)
        .order_by(func.random())
        .limit(limit)
    ).all()


def refunds_by_hand(*, limit: int = 100) -> Sequence[Refund]:
    """Refunds that people have to send: of money that came offline, and those that a provider could not deliver."""
    return db.session.scalars(
        select(Refund)
        .where(
            ((Refund.state == RefundState.CREATED) & Refund.attempt_id.is_(None)) | (Refund.state == RefundState.FAILED),
        )
        .options(joinedload(Refund.payment))
        .order_by(Refund.id)
        .limit(limit)
    ).all()


def payments_with_live_attempts(before: datetime, *, limit: int = 100) -> Sequence[str]:
    """Payments whose live attempt is older than ``before``: the browser may never have come back from it."""
    return db.session.scalars(
        select(Payment.public_id)
        .join(PaymentAttempt, PaymentAttempt.payment_id == Payment.id)
        .where(PaymentAttempt.state.in_(LIVE), PaymentAttempt.created_at < before)
        .order_by(PaymentAttempt.id)
        .limit(limit)
    ).all()


def overdue_payments(now: datetime, *, with_attempts: bool = True, limit: int = 100) -> Sequence[str]:
    """Online payments whose time is over and that nobody has made.

    Without ``with_attempts`` only those from which no money can come any more, whose giving up asks nobody.
    """
    query = select(Payment.public_id).where(
        Payment.method == PaymentMethod.ONLINE, Payment.state.in_(UNPAID), Payment.expires_at <= now
    )
    if not with_attempts:
        live = select(PaymentAttempt.payment_id).where(PaymentAttempt.state.in_(LIVE))
        query = query.where(Payment.id.not_in(live))
    return db.session.scalars(query.order_by(Payment.id).limit(limit)).all()


def open_events(before: datetime, *, limit: int = 100) -> Sequence[int]:
    """Messages kept before a moment that nobody has acted on."""
    return db.session.scalars(
        select(ProviderEvent.id)
        .where(ProviderEvent.outcome.is_(None), ProviderEvent.received_at < before)
        .order_by(ProviderEvent.id)
        .limit(limit)
    ).all()


def newest_events(*, limit: int = 100) -> Sequence[ProviderEvent]:
    """The provider's messages, newest first."""
    return db.session.scalars(select(ProviderEvent).order_by(ProviderEvent.id.desc()).limit(limit)).all()
