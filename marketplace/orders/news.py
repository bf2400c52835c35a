"""What people and their programs want to hear of a purchase. Whoever tells them stands above orders and is introduced once.

They are told inside the transaction of the change, so that a notice exists exactly when what it says has happened.
"""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.orders.models import Order, OrderGroup


class News(enum.StrEnum):
    """What has happened."""

    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    ARRIVED = "arrived"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    SETTLED = "settled"
    # Less will come than was ordered and less is due: the amount is what is still to be paid.
    LESS = "less"
    # Money came for a purchase that waits for none: the amount goes back.
    UNAPPLIED = "unapplied"


@dataclass(frozen=True)
class Item:
    """One piece of news: about a purchase, or about one seller's part of it; ``amount_fen`` is money that moved, if any did."""

    news: News
    group: OrderGroup
    order: Order | None
    amount_fen: int
    at: datetime


Told = Callable[[Item], None]


class _Readers:
    """Those of this process; nobody until the application is built."""

    told: Sequence[Told] = ()


def follow_news(*told: Told) -> None:
    """Say who is told."""
    _Readers.told = told


def tell(news: News, group: OrderGroup, order: Order | None = None, *, amount_fen: int = 0, now: datetime) -> None:
    """Something has happened."""
    for told in _Readers.told:
        told(Item(news, group, order, amount_fen, now))
