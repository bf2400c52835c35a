"""How long messages are kept: they hold names, numbers and codes, and nobody asks for them after some months."""

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, or_, select

from marketplace.kernel.db import db, transaction
from marketplace.kernel.outbox.models import OutgoingMessage

# So many at once hold no row for long.
_AT_ONCE = 5_000


class _Process:
    """The time that this installation has chosen."""

    kept = timedelta(days=180)


def keep_messages_for(days: int) -> None:
    """Say for how many days messages are kept after they have left or were given up."""
    _Process.kept = timedelta(days=days)


def days_kept() -> int:
    """For how many days messages are kept."""
    return _Process.kept.days


def forget_messages(*, now: datetime) -> int:
    """Delete what left, or was given up, too long ago, some at a time in transactions of their own; answers how many.

    What still waits is never deleted, however old it is.
    """
    before, forgotten = now - _Process.kept, 0
    old = (
        select(OutgoingMessage.id)
        .where(or_(OutgoingMessage.sent_at < before, OutgoingMessage.failed_at < before))
        .order_by(OutgoingMessage.id)
        .limit(_AT_ONCE)
    )
    while True:
        with transaction():
            done: CursorResult[tuple[()]] = db.session.execute(  # type: ignore[assignment]
                delete(OutgoingMessage).where(OutgoingMessage.id.in_(old)).execution_options(synchronize_session=False)
            )
            number = done.rowcount
        forgotten += number
        if number < _AT_ONCE:
            return forgotten
