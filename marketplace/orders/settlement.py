"""Where the money of a purchase goes: the split, and the transfers that book it.

Money enters from the buyers when the payment is confirmed and waits in ``clearing``; when an order is both paid and delivered
its part goes on to the producer and, for the service, to the platform.
"""

from datetime import datetime

from marketplace.kernel.money import split_fen
from marketplace.ledger.service import post_transfer
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.states import OrderState

BUYERS = "buyers"
CLEARING = "clearing"
SERVICE_FEE = "platform:service_fee"
# What the platform keeps for running the shop, in parts of ten thousand; frozen on each order when it is placed.
SERVICE_FEE_BP = 300


def producer_account(producer_public_id: str) -> str:
    """The code of a producer's account in the ledger."""
    return f"producer:{producer_public_id}"


def split_order(total_fen: int) -> tuple[int, int]:
    """The producer's part and the service fee of an order, which sum to it.

    >>> split_order(10_000)
    (9700, 300)
    """
    parts = split_fen(total_fen, {"producer": 10_000 - SERVICE_FEE_BP, "service_fee": SERVICE_FEE_BP})
    return parts["producer"], parts["service_fee"]


def book_payment(group: OrderGroup, *, now: datetime) -> None:
    """Book that the buyers' money has arrived and is held."""
    amounts = {BUYERS: -group.total_fen, CLEARING: group.total_fen}
    post_transfer("payment", "order_group", group.public_id, amounts, at=now)


def settle_if_due(order: Order, group: OrderGroup, *, now: datetime) -> bool:
    """Book a paid and delivered order to its producer and the platform, once; False when it is not due."""
    if group.paid_at is None or order.state != OrderState.DELIVERED or order.settled_at is not None:
        return False
    amounts = {
        CLEARING: -order.total_fen,
        producer_account(order.producer.public_id): order.producer_fen,
        SERVICE_FEE: order.service_fee_fen,
    }
    post_transfer("settlement", "order", order.public_id, amounts, at=now)
    order.settled_at = now
    return True
