"""Asking for one's account to be closed, taking that back, and reading the proof afterwards."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.identity.models import Account, AccountClosure
from marketplace.kernel import audit
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, NotFound

# Long enough to find out that somebody else has asked for it; the law names no shorter one.
REFLECTION = timedelta(days=7)


def find_closure(account_id: int) -> AccountClosure | None:
    """What an account has asked for and not taken back."""
    return db.session.scalars(select(AccountClosure).filter_by(account_id=account_id, taken_back_at=None)).first()


def get_closure(public_id: str) -> AccountClosure:
    """A closure by the number that its person was given.

    Raises
    ------
    NotFound
        ``closure_unknown``.
    """
    found = db.session.scalars(select(AccountClosure).filter_by(public_id=public_id)).first()
    if found is None:
        raise NotFound("closure_unknown", N_("There is no closing of an account with this number."))
    return found


def ask_closure(account: Account, *, now: datetime) -> AccountClosure:
    """Ask for an account to be closed after some days; the same again answers what was asked before."""
    lock_rows(Account, [account.id])
    found = find_closure(account.id)
    if found is not None:
        return found
    closure = AccountClosure(account_id=account.id, asked_at=now, due_at=now + REFLECTION)
    db.session.add(closure)
    db.session.flush()
    audit.record("account.closing_asked", "account", account.public_id, actor=account.public_id, at=now)
    return closure


def take_closure_back(account: Account, *, now: datetime) -> None:
    """Stay after all.

    Raises
    ------
    Conflict
        ``closing_not_asked``.
    """
    lock_rows(Account, [account.id])
    found = find_closure(account.id)
    if found is None or found.done_at is not None:
        raise Conflict("closing_not_asked", N_("Nobody has asked for this account to be closed."))
    found.taken_back_at = now
    db.session.flush()
    audit.record("account.closing_taken_back", "account", account.public_id, actor=account.public_id, at=now)


def due_closures(*, now: datetime) -> Sequence[int]:
    """The ids of the closures whose days of reflection are over."""
    query = select(AccountClosure.id).where(
        AccountClosure.due_at <= now, AccountClosure.taken_back_at.is_(None), AccountClosure.done_at.is_(None)
    )
    return db.session.scalars(query.order_by(AccountClosure.id)).all()
