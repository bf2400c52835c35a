"""Cached balances, and the end of the ledger that nothing can still come before."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select, text

from marketplace.kernel.db import db
from marketplace.ledger.models import AccountBalance

# Any constant serves; it names the cache of balances among the server's advisory locks.
_BALANCES_LOCK = 5_226_37


@dataclass(frozen=True)
class Ends:
    """The last transfer and entry that exist, with nothing before them still to come."""

    transfer_id: int
    entry_id: int


def settled_ends() -> Ends:
    """The ends of the ledger at a moment when nobody is writing; needs a transaction of its own, which should end at once.

    Ids are drawn in the order of statements but become visible in the order of commits. The lock waits for those who write and
    holds off new ones for as long as two index look-ups take, so that no lower id can appear later.
    """
    db.session.execute(text("SET LOCAL lock_timeout = '5s'"))
    db.session.execute(text("LOCK TABLE transfer, entry IN SHARE MODE"))
    last = db.session.execute(
        text("SELECT coalesce((SELECT max(id) FROM transfer), 0), coalesce((SELECT max(id) FROM entry), 0)")
    ).one()
    return Ends(int(last[0]), int(last[1]))


def move_balances_on(ends: Ends) -> None:
    """Add to the cached balances what was booked up to ``ends``, as ``settled_ends`` gave them."""
    _lock()
    # Whatever entry was counted last, its account's row says so.
    through = db.session.scalar(select(func.max(AccountBalance.through_entry_id))) or 0
    if ends.entry_id > through:
        _add(through, ends.entry_id)


def rebuild_balances(ends: Ends) -> None:
    """Make the cached balances again from the entries."""
    _lock()
    db.session.execute(delete(AccountBalance))
    _add(0, ends.entry_id)


def _lock() -> None:
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BALANCES_LOCK})


def _add(after: int, through: int) -> None:
    db.session.execute(
        text(
            "INSERT INTO account_balance (account_id, balance_fen, through_entry_id)"
            " SELECT account_id, sum(amount_fen), :through FROM entry WHERE id > :after AND id <= :through GROUP BY account_id"
            " ON CONFLICT (account_id) DO UPDATE SET balance_fen = account_balance.balance_fen + excluded.balance_fen,"
            " through_entry_id = excluded.through_entry_id"
        ),
        {"after": after, "through": through},
    )
