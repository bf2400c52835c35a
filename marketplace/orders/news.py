"""What people want to hear of a purchase. Whoever writes to them stands above orders and is introduced once.

They are told inside the transaction of the change, so that a notice exists exactly when what it says has happened.
"""

import enum
from collections.abc import Callable
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


@dataclass(frozen=True)
class Item:
    """One piece of news: about a purchase, or about one seller's part of it; ``amount_fen`` is money that moved, if any did."""

    news: News
    group: OrderGroup
    order: Order | None
    amount_fen: int
    at: datetime


Told = Callable[[Item], None]


class _Reader:
    """The one of this process; nobody until the application is built."""

    told: Told | None = None


def follow_news(told: Told | None) -> None:
    """Say who is told."""
    _Reader.told = told


def tell(news: News, group: OrderGroup, order: Order | None = None, *, amount_fen: int = 0, now: datetime) -> None:
    """Something has happened."""
    if _Reader.told is not None:
        _Reader.told(Item(news, group, order, amount_fen, now))
