"""What the platform itself bears of a refund that the operator has ruled."""

from datetime import datetime

from marketplace.ledger.service import post_transfer
from marketplace.orders.models import Order
from marketplace.orders.shares import parts_of_refund, shares_of

GOODWILL = "platform:goodwill"


def borne(order: Order, refunded_fen: int) -> dict[str, int]:
    """What each account bears of all that an order gives back, by its code; the parts sum to the amount."""
    shares = shares_of(order)
    return {share.payee: fen for share, fen in zip(shares, parts_of_refund(shares, refunded_fen), strict=True)}


def goodwill_parts(order: Order, refunded_fen: int, goodwill_fen: int) -> dict[str, int]:
    """What of the platform's part goes to each account, so that each bears the rest alone.

    ``refunded_fen`` is what the order has given back with the refund that the platform bears a part of. As each refund is the
    difference of two sums from the start, so is this: of the burden with the platform's part and of that without it.
    """
    whole, rest = borne(order, refunded_fen), borne(order, refunded_fen - goodwill_fen)
    return {code: whole[code] - rest[code] for code in whole}


def book_goodwill(claim_id: str, order: Order, goodwill_fen: int, *, now: datetime) -> None:
    """Book that the platform bears a part of the refund that was booked last, once for a claim."""
    amounts = {GOODWILL: -goodwill_fen, **goodwill_parts(order, order.refunded_fen, goodwill_fen)}
    post_transfer("goodwill", "claim", claim_id, amounts, at=now)
