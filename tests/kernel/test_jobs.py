"""Jobs are rows of the transaction that needs them."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import enqueue, job
from marketplace.ledger.models import LedgerAccount


@job("tests.plain")
def plain(number: int) -> None:
    """A job without a lock."""


@job("tests.locked", lock="tests.locked")
def locked(number: int) -> None:
    """A job that waits once."""


def queued() -> list[tuple[str, dict[str, int]]]:
    """What waits, in the order in which it was queued."""
    rows = db.session.execute(text("SELECT task_name, args FROM procrastinate_jobs ORDER BY id"))
    return [(name, args) for name, args in rows]


def test_a_job_is_there_with_the_change_that_needs_it(session: Session) -> None:
    with transaction():
        db.session.add(LedgerAccount(code="change"))
        enqueue(plain, number=1)
        enqueue(plain, number=2)
    assert queued() == [("tests.plain", {"number": 1}), ("tests.plain", {"number": 2})]


def test_a_job_is_gone_with_the_rollback(session: Session) -> None:
    with pytest.raises(ValueError, match="no"), transaction():
        enqueue(plain, number=1)
        assert queued() == [("tests.plain", {"number": 1})]
        raise ValueError("no")
    assert queued() == []


def test_what_waits_under_a_lock_is_not_queued_twice_and_the_change_goes_through(session: Session) -> None:
    with transaction():
        enqueue(locked, number=1)
    with transaction():
        db.session.add(LedgerAccount(code="change"))
        enqueue(locked, number=2)
        enqueue(plain, number=3)
    assert queued() == [("tests.locked", {"number": 1}), ("tests.plain", {"number": 3})]
    assert db.session.query(LedgerAccount.code).all() == [("change",)]
