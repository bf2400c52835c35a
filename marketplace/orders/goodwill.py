"""What the platform itself bears of a refund that the operator has ruled."""

from datetime import datetime

from marketplace.ledger.service import post_transfer
from marketplace.orders.models import Order
from marketplace.orders.settlement import SERVICE_FEE, producer_account, producer_part_fen

GOODWILL = "platform:goodwill"


def goodwill_parts(order: Order, before_fen: int, amount_fen: int, goodwill_fen: int) -> tuple[int, int]:
    """What of the platform's part goes to the producer and to the service fee, so that each bears the rest alone.

    The producer's part of a refund is the difference of two sums from the start (``settlement``); what is given back to them
    is the difference between the burden of the whole refund and that of the part they are to bear.
    """
    whole = producer_part_fen(order, before_fen + amount_fen)
    borne = producer_part_fen(order, before_fen + amount_fen - goodwill_fen)
    return whole - borne, goodwill_fen - (whole - borne)


def book_goodwill(claim_id: str, order: Order, before_fen: int, amount_fen: int, goodwill_fen: int, *, now: datetime) -> None:
    """Book that the platform bears a part of a refund that has just been booked, once for a claim."""
    producer_fen, fee_fen = goodwill_parts(order, before_fen, amount_fen, goodwill_fen)
    amounts = {
        GOODWILL: -goodwill_fen,
        producer_account(order.producer.public_id): producer_fen,
        SERVICE_FEE: fee_fen,
    }
    post_transfer("goodwill", "claim", claim_id, amounts, at=now)
