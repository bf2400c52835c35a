"""Sealing the ledger and checking it whole: what was booked stays as it was booked, and a balance is a sum.

Each hour everything booked since the last seal gets one: a digest per transfer, one digest over them all, and an audit event
that carries it into the audit chain. The same step moves the cached balances on. Whoever alters a sealed row later is found,
and the row named; whoever alters its digest too is found by the seal, and whoever alters the seal by the audit chain.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, text

from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.ledger.canonical import DIGESTS
from marketplace.ledger.models import AccountBalance, LedgerSeal, TransferDigest

ACTOR = "ledger.seal"
VERB = "ledger.sealed"
# Any constant serves; it names sealing among the server's advisory locks.
_SEAL_LOCK = 5_226_37
_ROWS_AT_A_TIME = 20_000
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Ends:
    """The last transfer and entry that exist, with nothing before them still to come."""

    transfer_id: int
    entry_id: int


@dataclass(frozen=True)
class Audit:
    """How much was read and the first fault, None when there is none."""

    transfers: int
    entries: int
    fault: str | None


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


def seal(ends: Ends, *, now: datetime) -> LedgerSeal | None:
    """Seal everything booked up to ``ends``, as ``settled_ends`` gave them, and move the balances on; None for nothing new."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SEAL_LOCK})
    last = db.session.scalars(select(LedgerSeal).order_by(LedgerSeal.id.desc()).limit(1)).first()
    after, after_entry = (last.through_transfer_id, last.through_entry_id) if last is not None else (0, 0)
    if ends.transfer_id <= after:
        return None
    span = {"after": after, "through": ends.transfer_id}
    db.session.execute(
        text(f"INSERT INTO transfer_digest (transfer_id, digest) SELECT id, digest FROM ({DIGESTS}) AS row ORDER BY id"), span
    )
    transfers, digest = _fold(after, ends.transfer_id)
    made = LedgerSeal(
        through_transfer_id=ends.transfer_id,
        through_entry_id=ends.entry_id,
        transfers=transfers,
        digest=digest,
        at=now,
    )
    db.session.add(made)
    db.session.flush()
    _add_to_balances(after_entry, ends.entry_id)
    audit.record(VERB, "ledger_seal", str(made.id), actor=ACTOR, at=now, transfers=transfers, digest=digest.hex())
    return made


def _fold(after: int, through: int) -> tuple[int, bytes]:
    """How many sealed transfers lie behind one id up to another, and the SHA-256 over their digests in the order of ids."""
    fold, number = hashlib.sha256(), 0
    query = (
        select(TransferDigest.digest)
        .where(TransferDigest.transfer_id > after, TransferDigest.transfer_id <= through)
        .order_by(TransferDigest.transfer_id)
    )
    for digest in db.session.scalars(query.execution_options(yield_per=_ROWS_AT_A_TIME)):
        fold.update(digest)
        number += 1
    return number, fold.digest()


def _add_to_balances(after: int, through: int) -> None:
    db.session.execute(
        text(
            "INSERT INTO account_balance (account_id, balance_fen, through_entry_id)"
            " SELECT account_id, sum(amount_fen), :through FROM entry WHERE id > :after AND id <= :through GROUP BY account_id"
            " ON CONFLICT (account_id) DO UPDATE SET balance_fen = account_balance.balance_fen + excluded.balance_fen,"
            " through_entry_id = excluded.through_entry_id"
        ),
        {"after": after, "through": through},
    )


def rebuild_balances() -> None:
    """Make the cached balances again from the entries that are sealed."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SEAL_LOCK})
    db.session.execute(delete(AccountBalance))
    through = db.session.scalar(select(func.max(LedgerSeal.through_entry_id)))
    if through:
        _add_to_balances(0, through)


def check_ledger() -> Audit:
    """Read the whole ledger, add it up again and name the first row that is wrong.

    Every transfer sums to zero over two entries or more; every sealed one is still there and says what it said; the digests
    since a seal give the next one; each seal stands in the audit trail; the cached balances are sums. Changes nothing. Whether
    the audit trail itself is whole, ``kernel.audit`` tells.
    """
    row = db.session.execute(_READ, {"after": 0, "through": _LARGEST_ID}).one()
    fault = _fault_of(row.first_wrong) if row.first_wrong is not None else None
    return Audit(row.transfers, row.entries, fault or _missing_transfer() or _wrong_seal() or _wrong_balance())


_READ = text(
    f"""
    WITH ends AS (SELECT coalesce(max(through_transfer_id), 0) AS sealed FROM ledger_seal)
    SELECT count(*) AS transfers, coalesce(sum(row.entries), 0)::bigint AS entries,
        min(row.id) FILTER (WHERE row.total IS DISTINCT FROM 0 OR row.entries < 2
            OR (row.id <= ends.sealed AND row.digest IS DISTINCT FROM kept.digest)) AS first_wrong
    FROM ({DIGESTS}) AS row CROSS JOIN ends LEFT JOIN transfer_digest AS kept ON kept.transfer_id = row.id
    """
)


def _fault_of(transfer_id: int) -> str:
    """What is wrong with a transfer that is known to be wrong."""
    row = db.session.execute(text(DIGESTS), {"after": transfer_id - 1, "through": transfer_id}).one()
    if row.total != 0 or row.entries < 2:
        return f"transfer {transfer_id}: its {row.entries} entries sum to {row.total or 0} fen, not to zero over two or more"
    if db.session.get(TransferDigest, transfer_id) is None:
        return f"transfer {transfer_id}: it was slipped in among sealed ones"
    return f"transfer {transfer_id}: it or its entries were changed after it was sealed"


def _missing_transfer() -> str | None:
    gone = db.session.scalar(
        text(
            "SELECT min(transfer_id) FROM transfer_digest AS kept"
            " WHERE NOT EXISTS (SELECT FROM transfer WHERE transfer.id = kept.transfer_id)"
        )
    )
    return None if gone is None else f"transfer {gone}: it was sealed and is gone"


def _wrong_seal() -> str | None:
    """The first seal that does not follow from the digests since the one before, or that the audit trail does not know."""
    after = 0
    for one in db.session.scalars(select(LedgerSeal).order_by(LedgerSeal.id)).all():
        if _fold(after, one.through_transfer_id) != (one.transfers, one.digest):
            return f"seal {one.id}: the digests of transfers {after + 1} to {one.through_transfer_id} do not give its digest"
        said = db.session.scalars(
            select(audit.AuditEvent.data).filter_by(verb=VERB, object_kind="ledger_seal", object_id=str(one.id))
        ).all()
        if [event.get("digest") for event in said] != [one.digest.hex()]:
            return f"seal {one.id}: the audit trail does not carry its digest"
        after = one.through_transfer_id
    return None


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
