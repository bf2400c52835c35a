"""Where the money of a purchase goes: the transfers that book it.

Money enters from the buyers when the payment is confirmed and waits in ``clearing``; when an order is both paid and accepted
its shares go on to those they belong to. What is promised back moves to ``refunds`` at once, out of ``clearing`` or, after
settlement, out of the accounts that got it, and leaves to the buyers when it has been sent.
"""

from collections import defaultdict
from datetime import datetime

from marketplace.ledger.service import post_transfer
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.news import News, tell
from marketplace.orders.shares import parts_of_refund, shares_of
from marketplace.orders.states import OrderState
from marketplace.payments.models import Refund

BUYERS = "buyers"
CLEARING = "clearing"
SERVICE_FEE = "platform:service_fee"
REFUNDS = "refunds"


def book_payment(group: OrderGroup, *, now: datetime) -> None:
    """Book that the buyers' money has arrived and is held."""
    amounts = {BUYERS: -group.total_fen, CLEARING: group.total_fen}
    post_transfer("payment", "order_group", group.public_id, amounts, at=now)


def settle_if_due(order: Order, group: OrderGroup, *, now: datetime) -> bool:
    """Book a paid and accepted order to those who share in it, once; False when it is not due.

    What was promised back before is not theirs.
    """
    if group.paid_at is None or order.state != OrderState.ACCEPTED or order.settled_at is not None:
        return False
    left_fen = order.total_fen - order.refunded_fen
    if left_fen:
        shares = shares_of(order)
        amounts: dict[str, int] = defaultdict(int, {CLEARING: -left_fen})
        for share, borne_fen in zip(shares, parts_of_refund(shares, order.refunded_fen), strict=True):
            amounts[share.payee] += share.amount_fen - borne_fen
        post_transfer("settlement", "order", order.public_id, amounts, at=now)
    order.settled_at = now
    tell(News.SETTLED, group, order, amount_fen=kept_fen(order), now=now)
    return True


def kept_fen(order: Order) -> int:
    """What an order brings its producer after everything that was promised back of it."""
    # The producer's is the first of the shares, so this is what ``parts_of_refund`` says of it.
    return order.producer_fen - order.refunded_fen * order.producer_fen // order.total_fen


def book_refund(refund: Refund, order: Order, *, now: datetime) -> None:
    """Set the money of a refund aside and add it to what the order has given back.

    What each share bears is the difference of two sums from the start, so that many small refunds add up to one large one.
    """
    before, after = order.refunded_fen, order.refunded_fen + refund.amount_fen
    sources: dict[str, int] = defaultdict(int)
    if order.settled_at is None:
        sources[CLEARING] = -refund.amount_fen
    else:
        shares = shares_of(order)
        for share, old, new in zip(shares, parts_of_refund(shares, before), parts_of_refund(shares, after), strict=True):
            sources[share.payee] -= new - old
    post_transfer("refund", "refund", refund.public_id, {**sources, REFUNDS: refund.amount_fen}, at=now)
    order.refunded_fen = after


def book_surplus(refund: Refund, *, now: datetime) -> None:
    """Book money that came without a purchase to pay for: it is set aside to go back at once."""
    amounts = {BUYERS: -refund.amount_fen, REFUNDS: refund.amount_fen}
    post_transfer("surplus", "refund", refund.public_id, amounts, at=now)


def book_refund_sent(refund: Refund, *, by_hand: bool, now: datetime) -> None:
    """Book that a refund has reached the buyer."""
    amounts = {REFUNDS: -refund.amount_fen, BUYERS: refund.amount_fen}
    post_transfer("refund_by_hand" if by_hand else "refund_sent", "refund", refund.public_id, amounts, at=now)


def book_refund_bounced(refund: Refund, *, now: datetime) -> None:
    """Book that a refund which was thought to have arrived has come back to us."""
    amounts = {BUYERS: -refund.amount_fen, REFUNDS: refund.amount_fen}
    post_transfer("refund_bounced", "refund", refund.public_id, amounts, at=now)
