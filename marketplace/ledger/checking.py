"""Adding the ledger up again: every transfer sums to zero, every cached balance is a sum.

That a transfer still says what it said, the public log tells (``marketplace.transparency``).
"""

from dataclasses import dataclass

from sqlalchemy import text

from marketplace.kernel.db import db


@dataclass(frozen=True)
class Audit:
    """How much was read and the first fault, None when there is none."""

    transfers: int
    entries: int
    fault: str | None


def check_ledger() -> Audit:
    """Read the whole ledger, add it up again and name the first row that is wrong. Changes nothing."""
    row = db.session.execute(_READ).one()
    return Audit(row.transfers, row.entries, row.fault or _stray_entry() or _wrong_balance())


_READ = text(
    """
    WITH booked AS (
        SELECT transfer.id, coalesce(sum(entry.amount_fen), 0)::bigint AS total, count(entry.id) AS entries
        FROM transfer LEFT JOIN entry ON entry.transfer_id = transfer.id GROUP BY transfer.id)
    SELECT count(*) AS transfers, coalesce(sum(entries), 0)::bigint AS entries, (
        SELECT 'transfer ' || id || ': its ' || entries || ' entries sum to ' || total
            || ' fen, not to zero over two or more'
        FROM booked WHERE total <> 0 OR entries < 2 ORDER BY id LIMIT 1) AS fault
    FROM booked
    """
)


def _stray_entry() -> str | None:
    stray = db.session.scalar(
        text("SELECT min(id) FROM entry WHERE NOT EXISTS (SELECT FROM transfer WHERE transfer.id = entry.transfer_id)")
    )
    return None if stray is None else f"entry {stray}: its transfer is gone"


def _wrong_balance() -> str | None:
    row = db.session.execute(
        text(
            "SELECT ledger_account.code, kept.balance_fen, coalesce(sum(entry.amount_fen), 0)::bigint AS total"
            " FROM account_balance AS kept JOIN ledger_account ON ledger_account.id = kept.account_id"
            " LEFT JOIN entry ON entry.account_id = kept.account_id AND entry.id <= kept.through_entry_id"
            " GROUP BY ledger_account.code, kept.balance_fen HAVING kept.balance_fen <> coalesce(sum(entry.amount_fen), 0)"
            " ORDER BY ledger_account.code LIMIT 1"
        )
    ).first()
    return None if row is None else f"account {row.code}: the cache says {row.balance_fen} fen, its entries {row.total}"
