"""Who wants to know what became of a purchase. They stand above orders; the application introduces them once.

They are told inside the transaction that does it, by whomever it is done (a button, a message, the sweeper), so that what they
write is kept or lost together with it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from marketplace.orders.models import Order

Booked = Callable[[datetime], None]
TakenBack = Callable[[Sequence[Order]], None]


class _Followers:
    """Those of this process; nobody until the application is built."""

    booked: Booked | None = None
    taken_back: TakenBack | None = None


def follow_purchases(*, booked: Booked | None, taken_back: TakenBack | None) -> None:
    """Say who is told the moment at which a purchase was booked as paid, and which orders were cancelled."""
    _Followers.booked, _Followers.taken_back = booked, taken_back


def tell_booked(now: datetime) -> None:
    """A purchase has been booked as paid."""
    if _Followers.booked is not None:
        _Followers.booked(now)


def tell_taken_back(orders: Sequence[Order]) -> None:
    """Orders have been cancelled and their goods are back on stock."""
    if _Followers.taken_back is not None and orders:
        _Followers.taken_back(orders)
