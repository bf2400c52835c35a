"""Who wants to know what became of a purchase. They stand above orders; the application introduces them once.

They are told inside the transaction that does it, by whomever it is done (a button, a message, the sweeper), so that what they
write is kept or lost together with it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from marketplace.orders.models import Order

Booked = Callable[[datetime], None]
TakenBack = Callable[[Sequence[Order]], None]
Moved = Callable[[str, Sequence[Order], datetime], None]


class _Followers:
    """Those of this process; nobody until the application is built."""

    booked: Booked | None = None
    taken_back: TakenBack | None = None
    moved: Moved | None = None


def follow_purchases(*, booked: Booked | None, taken_back: TakenBack | None, moved: Moved | None = None) -> None:
    """Say who is told the moment at which a purchase was booked as paid, which orders were cancelled, and of each step."""
    _Followers.booked, _Followers.taken_back, _Followers.moved = booked, taken_back, moved


def tell_booked(now: datetime) -> None:
    """A purchase has been booked as paid."""
    if _Followers.booked is not None:
        _Followers.booked(now)


def tell_moved(step: str, orders: Sequence[Order], now: datetime) -> None:
    """Orders have made a step: ``placed``, ``paid``, a new state, or ``refunded``."""
    if _Followers.moved is not None and orders:
        _Followers.moved(step, orders, now)


def tell_taken_back(orders: Sequence[Order]) -> None:
    """Orders have been cancelled and their goods are back on stock."""
    if _Followers.taken_back is not None and orders:
        _Followers.taken_back(orders)
