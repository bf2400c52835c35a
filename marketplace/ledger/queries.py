"""Reading the ledger. A balance is a cached sum and the entries since; see ``balances``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, and_, func, or_, select, text

from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.ledger.canonical import LINES
from marketplace.ledger.models import AccountBalance, Entry, LedgerAccount, LedgerCheck, Transfer


@dataclass(frozen=True)
class StatementLine:
    """One entry of an account's statement, with the balance behind it."""

    at: datetime
    transfer_public_id: str
    kind: str
    purpose_kind: str
    purpose_id: str
    amount_fen: int
    balance_fen: int


@dataclass(frozen=True)
class Statement:
    """What moved on an account between two moments: opening balance, lines, closing balance."""

    code: str
    opening_fen: int
    lines: Sequence[StatementLine]
    closing_fen: int


@dataclass(frozen=True)
class BookedTransfer:
    """A transfer with its entries, as an export needs it."""

    public_id: str
    kind: str
    purpose_kind: str
    purpose_id: str
    at: datetime
    entries: Sequence[tuple[str, int]]


def _balances() -> Select[tuple[str, int]]:
    """Account codes with their balances."""
    since = and_(Entry.account_id == LedgerAccount.id, Entry.id > func.coalesce(AccountBalance.through_entry_id, 0))
    kept = func.coalesce(AccountBalance.balance_fen, 0)
    return (
        select(LedgerAccount.code, (kept + func.coalesce(func.sum(Entry.amount_fen), 0)).label("balance_fen"))
        .outerjoin(AccountBalance, AccountBalance.account_id == LedgerAccount.id)
        .outerjoin(Entry, since)
        .group_by(LedgerAccount.code, AccountBalance.balance_fen)
        .order_by(LedgerAccount.code)
    )


def balance_fen(code: str) -> int:
    """The sum of an account's entries; 0 for one that was never used."""
    row = db.session.execute(_balances().where(LedgerAccount.code == code)).first()
    return int(row.balance_fen) if row is not None else 0


def trial_balance() -> list[tuple[str, int]]:
    """Every account with its balance in fen, by code; the balances sum to zero."""
    return [(code, int(total)) for code, total in db.session.execute(_balances())]


def balances_under(*prefixes: str) -> list[tuple[str, int]]:
    """The accounts whose codes begin with one of these, with their balances in fen, by code."""
    if not prefixes:
        return []
    begins = or_(*(LedgerAccount.code.startswith(prefix, autoescape=True) for prefix in prefixes))
    return [(code, int(total)) for code, total in db.session.execute(_balances().where(begins))]


def statement(code: str, begin: datetime, end: datetime, *, limit: int = 1_000) -> Statement:
    """The entries of an account from ``begin`` up to ``end``, oldest first, at most ``limit``, with a running balance.

    Raises
    ------
    NotFound
        When no money ever stood on that account.
    """
    account_id = db.session.scalar(select(LedgerAccount.id).filter_by(code=code))
    if account_id is None:
        raise NotFound("ledger_account_unknown", N_("There is no such account."))
    own = select(Entry).join(Transfer, Transfer.id == Entry.transfer_id).where(Entry.account_id == account_id)
    opening = db.session.scalar(own.with_only_columns(func.coalesce(func.sum(Entry.amount_fen), 0)).where(Transfer.at < begin))
    rows = db.session.execute(
        own.with_only_columns(
            Transfer.at, Transfer.public_id, Transfer.kind, Transfer.purpose_kind, Transfer.purpose_id, Entry.amount_fen
        )
        .where(Transfer.at >= begin, Transfer.at < end)
        .order_by(Transfer.at, Entry.id)
        .limit(limit)
    )
    balance, lines = int(opening or 0), []
    for row in rows:
        balance += row.amount_fen
        lines.append(StatementLine(*row, balance_fen=balance))
    return Statement(code, int(opening or 0), lines, balance)


def booked_transfers(begin: datetime, end: datetime) -> Iterator[BookedTransfer]:
    """Transfers from ``begin`` up to ``end`` in the order of their moments, read a few thousand at a time."""
    entries = (
        select(
            Entry.transfer_id,
            func.array_agg(LedgerAccount.code).label("codes"),
            func.array_agg(Entry.amount_fen).label("amounts"),
        )
        .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .where(Transfer.at >= begin, Transfer.at < end)
        .group_by(Entry.transfer_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            Transfer.public_id,
            Transfer.kind,
            Transfer.purpose_kind,
            Transfer.purpose_id,
            Transfer.at,
            entries.c.codes,
            entries.c.amounts,
        )
        .join(entries, entries.c.transfer_id == Transfer.id)
        .order_by(Transfer.at, Transfer.id),
        execution_options={"yield_per": 5_000},
    )
    for row in rows:
        parts = sorted(zip(row.codes, row.amounts, strict=True))
        yield BookedTransfer(row.public_id, row.kind, row.purpose_kind, row.purpose_id, row.at, parts)


def balances_before(moment: datetime) -> list[tuple[str, int]]:
    """Every account with the sum of its entries before a moment, by code."""
    rows = db.session.execute(
        select(LedgerAccount.code, func.sum(Entry.amount_fen))
        .join(Entry, Entry.account_id == LedgerAccount.id)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .where(Transfer.at < moment)
        .group_by(LedgerAccount.code)
        .order_by(LedgerAccount.code)
    )
    return [(code, int(total)) for code, total in rows]


def first_day(*, default: date) -> date:
    """The market day of the first transfer; ``default`` while there is none."""
    first = db.session.scalar(select(func.min(Transfer.at)))
    return clock.local_day(first) if first is not None else default


def last_check() -> LedgerCheck | None:
    """The newest check of ledger and audit trail."""
    return db.session.scalars(select(LedgerCheck).order_by(LedgerCheck.id.desc()).limit(1)).first()


def find_written(kind: str, purpose_kind: str, purpose_id: str) -> tuple[int, str] | None:
    """The id of the transfer of a purpose and the line it is written down as; see ``canonical``."""
    query = select(Transfer.id).filter_by(kind=kind, purpose_kind=purpose_kind, purpose_id=purpose_id)
    transfer_id = db.session.scalar(query)
    if transfer_id is None:
        return None
    row = db.session.execute(text(LINES), {"after": transfer_id - 1, "through": transfer_id}).one()
    return transfer_id, str(row.line)
