"""What buyers and sellers are told of what happens after the sale. The teller stands above orders and knows their languages.

A notice is given inside the transaction that it tells of, so that nobody hears of what was rolled back.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from marketplace.orders.models import Order


class NoticeKind(enum.StrEnum):
    """What has happened."""

    MESSAGE = "message"
    CLAIM = "claim"
    REVIEW = "review"
    CAME_BACK = "came_back"
    RECALL = "recall"


@dataclass(frozen=True)
class Notice:
    """About which order, and what the page to look at is named after (a claim's or an order's public id).

    ``to_seller`` says on whose side the reader stands; the teller finds the page there.
    """

    kind: NoticeKind
    to_seller: bool
    order: Order
    subject_id: str


Teller = Callable[[Notice, datetime], None]


class _Teller:
    """The teller of this process; nobody until the application is built."""

    tell: Teller | None = None


def use_teller(teller: Teller | None) -> None:
    """Say who puts notices into words and sends them."""
    _Teller.tell = teller


def give_notice(kind: NoticeKind, order: Order, subject_id: str, *, to_seller: bool, now: datetime) -> None:
    """Tell a party of an order, and whoever acts for it."""
    if _Teller.tell is not None:
        _Teller.tell(Notice(kind, to_seller, order, subject_id), now)
