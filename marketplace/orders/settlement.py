"""Where the money of a purchase goes: the split, and the transfers that book it.

Money enters from the buyers when the payment is confirmed and waits in ``clearing``; when an order is both paid and delivered
its part goes on to the producer and, for the service, to the platform. What is promised back moves to ``refunds`` at once, out
of ``clearing`` or, after settlement, out of the accounts that got it, and leaves to the buyers when it has been sent.
"""

from datetime import datetime

from marketplace.kernel.money import split_fen
from marketplace.ledger.service import post_transfer
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.news import News, tell
from marketplace.orders.states import OrderState
from marketplace.payments.models import Refund

BUYERS = "buyers"
CLEARING = "clearing"
SERVICE_FEE = "platform:service_fee"
REFUNDS = "refunds"
# What the platform keeps for running the shop, in parts of ten thousand; frozen on each order when it is placed.
SERVICE_FEE_BP = 300


def producer_account(producer_public_id: str) -> str:
    """The code of a producer's account in the ledger."""
    return f"producer:{producer_public_id}"


def split_order(goods_fen: int, delivery_fen: int = 0) -> tuple[int, int]:
    """The producer's part and the service fee of an order, which sum to it. Freight goes on whole: nobody takes a fee of it.

    >>> split_order(10_000), split_order(10_000, 650)
    ((9700, 300), (10350, 300))
    """
    parts = split_fen(goods_fen, {"producer": 10_000 - SERVICE_FEE_BP, "service_fee": SERVICE_FEE_BP})
    return parts["producer"] + delivery_fen, parts["service_fee"]


def book_payment(group: OrderGroup, *, now: datetime) -> None:
    """Book that the buyers' money has arrived and is held."""
    amounts = {BUYERS: -group.total_fen, CLEARING: group.total_fen}
    post_transfer("payment", "order_group", group.public_id, amounts, at=now)


def settle_if_due(order: Order, group: OrderGroup, *, now: datetime) -> bool:
    """Book a paid and delivered order to its producer and the platform, once; False when it is not due.

    What was promised back before is not theirs.
    """
    if group.paid_at is None or order.state != OrderState.DELIVERED or order.settled_at is not None:
        return False
    left_fen = order.total_fen - order.refunded_fen
    if left_fen:
        producer_fen = kept_fen(order)
        amounts = {
            CLEARING: -left_fen,
            producer_account(order.producer.public_id): producer_fen,
            SERVICE_FEE: left_fen - producer_fen,
        }
        post_transfer("settlement", "order", order.public_id, amounts, at=now)
    order.settled_at = now
    tell(News.SETTLED, group, order, amount_fen=kept_fen(order), now=now)
    return True


def producer_part_fen(order: Order, refunded_fen: int) -> int:
    """How much of a refund the producer bears, rounded down; of the whole order it is the producer's whole part."""
    return refunded_fen * order.producer_fen // order.total_fen


def kept_fen(order: Order) -> int:
    """What an order brings its producer after everything that was promised back of it."""
    return order.producer_fen - producer_part_fen(order, order.refunded_fen)


def book_refund(refund: Refund, order: Order, *, now: datetime) -> None:
    """Set the money of a refund aside and add it to what the order has given back.

    The producer's part is the difference of two sums from the start, so that many small refunds add up to one large one.
    """
    before, after = order.refunded_fen, order.refunded_fen + refund.amount_fen
    if order.settled_at is None:
        sources = {CLEARING: -refund.amount_fen}
    else:
        producer_fen = producer_part_fen(order, after) - producer_part_fen(order, before)
        sources = {
            producer_account(order.producer.public_id): -producer_fen,
            SERVICE_FEE: producer_fen - refund.amount_fen,
        }
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
