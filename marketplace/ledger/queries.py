"""Reading the ledger."""

from collections.abc import Sequence

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.ledger.models import Entry, LedgerAccount, Transfer


def balance_fen(code: str) -> int:
    """The sum of an account's entries; 0 for one that was never used."""
    return int(
        db.session.scalar(
            select(func.coalesce(func.sum(Entry.amount_fen), 0))
            .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
            .where(LedgerAccount.code == code)
        )
        or 0
    )


def trial_balance() -> list[tuple[str, int]]:
    """Every account with its balance in fen, by code; the balances sum to zero."""
    rows = db.session.execute(
        select(LedgerAccount.code, func.coalesce(func.sum(Entry.amount_fen), 0))
        .outerjoin(Entry, Entry.account_id == LedgerAccount.id)
        .group_by(LedgerAccount.code)
        .order_by(LedgerAccount.code)
    )
    return [(code, int(total)) for code, total in rows]


def unbalanced_transfers(limit: int = 10) -> Sequence[int]:
    """The ids of transfers whose entries do not sum to zero or are missing; empty in a sound ledger."""
    return db.session.scalars(
        select(Transfer.id)
        .outerjoin(Entry, Entry.transfer_id == Transfer.id)
        .group_by(Transfer.id)
        .having((func.coalesce(func.sum(Entry.amount_fen), 0) != 0) | (func.count(Entry.id) == 0))
        .order_by(Transfer.id)
        .limit(limit)
    ).all()
