"""Giving money back: cancelled parts, claims, and what a provider or a person says of the sending.

A refund is written and booked in one transaction; only after its commit is anybody asked to send it (``collecting``).
"""

from datetime import datetime

from sqlalchemy import select

from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, NotFound
from marketplace.kernel.steps import step
from marketplace.orders.dues import lower_amount_due
from marketplace.orders.following import tell_booked
from marketplace.orders.invoicing import credit_refund
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.news import News, tell
from marketplace.orders.service import lock_order, return_goods, take_back
from marketplace.orders.settlement import book_refund, book_refund_bounced, book_refund_sent
from marketplace.orders.states import OrderState
from marketplace.payments.gateway import RefundAnswer, RefundState
from marketplace.payments.models import Payment, Refund, RefundReason
from marketplace.payments.queries import get_payment_for
from marketplace.payments.service import create_refund, move_refund
from marketplace.payments.states import PaymentState, RefundAction


def cancel_order(public_id: str, *, account_id: int | None = None, actor: str, now: datetime) -> Refund | None:
    """Cancel one seller's part that was paid for and has not left; goods go back on stock, money to the buyer.

    ``account_id`` is the buyer whose own it must be. Answers the refund, which is to be sent after the commit; None when
    nothing was left to give back, or when the part had been cancelled before.

    Raises
    ------
    Conflict
        ``not_paid`` when nothing was paid, ``order_state`` when it has left.
    """
    payment, order, group = _lock_paid_order(public_id, account_id)
    return _cancel(payment, order, group, actor, now)


def _cancel(payment: Payment, order: Order, group: OrderGroup, actor: str, now: datetime) -> Refund | None:
    if not take_back(order):
        return None
    db.session.flush()
    return_goods([order], "order", order.public_id, now)
    left_fen = order.total_fen - order.refunded_fen
    refund = promise_back(payment, order, left_fen, RefundReason.CANCELLED, now=now) if left_fen else None
    data = {"refund_fen": left_fen, "order_group": group.public_id}
    audit.record("order.cancelled", "order", order.public_id, actor=actor, at=now, **data)
    tell(News.CANCELLED, group, order, amount_fen=left_fen, now=now)
    if group.paid_at is not None:
        # The day on which it was paid has sold less.
        tell_booked(group.paid_at)
    return refund


def close_repaid(payment: Payment, order: Order, group: OrderGroup, actor: str, now: datetime) -> Refund | None:
    """Cancel a locked order that has not left and of which nothing is left to be paid or to be sent.

    What it still has, such as a freight for nothing, is given back or taken off the amount due.
    """
    empty = all(line.missing == line.quantity for line in order.lines)
    left_fen = order.total_fen - order.refunded_fen
    if order.state != OrderState.PLACED or (left_fen and not empty):
        return None
    if left_fen and payment.state != PaymentState.PAID:
        lower_amount_due(payment, group, order, left_fen, now=now)
    return _cancel(payment, order, group, actor, now)


def refund_order(public_id: str, amount_fen: int, *, expected_refunded_fen: int, actor: str, now: datetime) -> Refund:
    """Promise part or all of a paid order back to its buyer; to be sent after the commit.

    All that is left of a part that has not left the farm cancels it: nobody packs and sends what has been paid back, and the
    goods are on sale again.

    Parameters
    ----------
    expected_refunded_fen : int
        What had been given back when the amount was chosen, so that a form sent twice refunds once.

    Raises
    ------
    Conflict
        ``not_paid`` when nothing was paid, ``refund_changed`` when something has been promised back since,
        ``refund_too_large`` when more would be given back than the order took.
    """
    payment, order, group = _lock_paid_order(public_id, None)
    if order.given_back_fen != expected_refunded_fen:
        raise Conflict(
            "refund_changed",
            N_("Some of this order has been refunded since you saw it. Please look at what is left and decide again."),
            refunded_fen=order.given_back_fen,
        )
    left_fen = order.total_fen - order.refunded_fen
    if amount_fen > left_fen:
        raise Conflict("refund_too_large", N_("No more can be refunded than was paid."), left_fen=left_fen)
    if amount_fen == left_fen and order.state == OrderState.PLACED:
        cancelled = _cancel(payment, order, group, actor, now)
        if cancelled is not None:
            return cancelled
    refund = promise_back(payment, order, amount_fen, RefundReason.CLAIM, now=now)
    audit.record("order.refunded", "order", order.public_id, actor=actor, at=now, amount_fen=amount_fen)
    tell(News.REFUNDED, group, order, amount_fen=amount_fen, now=now)
    return refund


def _lock_paid_order(public_id: str, account_id: int | None) -> tuple[Payment, Order, OrderGroup]:
    # The payment is locked first, as everywhere, so that a message of the provider and this cannot wait for each other.
    group_id = db.session.scalar(
        select(OrderGroup.public_id).join(Order, Order.group_id == OrderGroup.id).where(Order.public_id == public_id)
    )
    if group_id is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    payment = get_payment_for("order_group", group_id, lock=True)
    order, group = lock_order(public_id, account_id=account_id)
    if payment.state != PaymentState.PAID:
        raise Conflict("not_paid", N_("Nothing has been paid for this order yet."))
    return payment, order, group


def promise_back(payment: Payment, order: Order, amount_fen: int, reason: RefundReason, *, now: datetime) -> Refund:
    """Write and book a refund of a locked, paid order, with its credit note where there is an invoice."""
    refund = create_refund(payment, "order", order.public_id, amount_fen, reason, now=now)
    book_refund(refund, order, now=now)
    db.session.flush()
    credit_refund(refund, order, actor="refund", now=now)
    step("refund.written")
    return refund


def note_refund(refund: Refund, answer: RefundAnswer, *, now: datetime) -> bool:
    """Take in how far the provider is with a locked refund; False when that is known."""
    action = {
        RefundState.PENDING: RefundAction.SEND,
        RefundState.SUCCEEDED: RefundAction.SUCCEED,
        RefundState.FAILED: RefundAction.FAIL,
    }[answer.state]
    before = refund.state
    if not move_refund(refund, action, provider_id=answer.provider_id, now=now):
        return False
    if action is RefundAction.SUCCEED:
        book_refund_sent(refund, by_hand=False, now=now)
    if action is RefundAction.FAIL and before == RefundState.SUCCEEDED:
        book_refund_bounced(refund, now=now)
    return True


def send_refund_by_hand(refund: Refund, *, actor: str, now: datetime) -> bool:
    """Note that a person has sent the money of a locked refund; False when that was done already."""
    if refund.attempt_id is not None and refund.state == RefundState.CREATED:
        raise Conflict("refund_state", N_("The payment service is sending this refund."))
    if not move_refund(refund, RefundAction.BY_HAND, now=now):
        return False
    book_refund_sent(refund, by_hand=True, now=now)
    audit.record("refund.sent_by_hand", "refund", refund.public_id, actor=actor, at=now, amount_fen=refund.amount_fen)
    return True
