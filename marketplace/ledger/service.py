"""Booking transfers."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from marketplace.kernel.db import db
from marketplace.ledger.models import Entry, LedgerAccount, Transfer


def account_ids(codes: list[str]) -> dict[str, int]:
    """The ids of accounts by code; one that is new is opened. Codes are taken in order, so two callers cannot deadlock."""
    wanted = sorted(set(codes))
    db.session.execute(upsert(LedgerAccount).values([{"code": code} for code in wanted]).on_conflict_do_nothing())
    rows = db.session.execute(select(LedgerAccount.code, LedgerAccount.id).where(LedgerAccount.code.in_(wanted)))
    return dict(rows.all())


def post_transfer(
    kind: str,
    purpose_kind: str,
    purpose_id: str,
    amounts_fen: Mapping[str, int],
    *,
    at: datetime,
    reverses_id: int | None = None,
) -> Transfer:
    """Book a movement of money.

    Parameters
    ----------
    kind, purpose_kind, purpose_id : str
        What happened and for what; the three together are booked once (a unique constraint).
    amounts_fen : mapping of account code to int
        Fen added to each account; they sum to zero, and an amount of nothing is left out.
    reverses_id : int, optional
        The transfer that this one takes back.

    Raises
    ------
    ValueError
        When the amounts do not sum to zero or fewer than two accounts take part.
    """
    amounts = {code: amount for code, amount in amounts_fen.items() if amount}
    if sum(amounts.values()) != 0 or len(amounts) < 2:
        raise ValueError(f"a transfer's entries must sum to zero over two accounts or more, not {dict(amounts_fen)}")
    ids = account_ids(list(amounts))
    transfer = Transfer(kind=kind, purpose_kind=purpose_kind, purpose_id=purpose_id, at=at, reverses_id=reverses_id)
    db.session.add(transfer)
    db.session.flush()
    db.session.execute(
        insert(Entry),
        [
            {"transfer_id": transfer.id, "account_id": ids[code], "amount_fen": amount}
            for code, amount in sorted(amounts.items())
        ],
    )
    return transfer
