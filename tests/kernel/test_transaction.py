"""The one transaction: commits as a whole, rolls back as a whole, does not nest, and lets the rest wait for the commit."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.kernel.db import after_commit, db, lock_rows, transaction
from marketplace.ledger.models import LedgerAccount


def codes() -> list[str]:
    """What is in the table."""
    return list(db.session.scalars(select(LedgerAccount.code).order_by(LedgerAccount.id)))


def test_what_is_done_inside_is_there_afterwards(session: Session) -> None:
    with transaction():
        db.session.add(LedgerAccount(code="kept"))
    db.session.rollback()
    assert codes() == ["kept"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_any_exception_takes_everything_back_and_goes_on(session: Session, failure: type[BaseException]) -> None:
    with pytest.raises(failure), transaction():
        db.session.add(LedgerAccount(code="gone"))
        db.session.flush()
        raise failure
    assert codes() == []


def test_a_failure_at_the_commit_itself_takes_everything_back(session: Session) -> None:
    told: list[str] = []
    with pytest.raises(Exception, match="uq_ledger_account_code"), transaction():
        after_commit(lambda: told.append("told"))
        db.session.add_all([LedgerAccount(code="twice"), LedgerAccount(code="twice")])
    assert (codes(), told) == ([], [])


def test_it_does_not_nest_and_the_outer_one_is_lost_with_the_mistake(session: Session) -> None:
    with pytest.raises(RuntimeError, match="does not nest"), transaction():
        db.session.add(LedgerAccount(code="outer"))
        with transaction():
            pytest.fail("the inner one has begun")
    assert codes() == []


def test_the_next_one_begins_anew_after_a_failure(session: Session) -> None:
    with pytest.raises(ValueError, match="first"), transaction():
        raise ValueError("first")
    with transaction():
        db.session.add(LedgerAccount(code="second"))
    assert codes() == ["second"]


def test_callbacks_run_after_the_commit_in_their_order(session: Session) -> None:
    told: list[str] = []
    with transaction():
        after_commit(lambda: told.append(f"first sees {codes()}"))
        after_commit(lambda: told.append("second"))
        db.session.add(LedgerAccount(code="kept"))
        assert told == []
    assert told == ["first sees ['kept']", "second"]


def test_a_callback_may_open_a_transaction_of_its_own(session: Session) -> None:
    def write() -> None:
        with transaction():
            db.session.add(LedgerAccount(code="later"))

    with transaction():
        after_commit(write)
    assert codes() == ["later"]


def test_callbacks_are_gone_with_a_rollback(session: Session) -> None:
    told: list[str] = []
    with pytest.raises(ValueError, match="no"), transaction():
        after_commit(lambda: told.append("told"))
        raise ValueError("no")
    with transaction():
        db.session.add(LedgerAccount(code="kept"))
    assert told == []


def test_waiting_for_a_commit_needs_one_to_wait_for(session: Session) -> None:
    with pytest.raises(RuntimeError, match="needs an open transaction"):
        after_commit(lambda: None)


def test_locked_rows_are_fresh_and_an_unknown_id_is_absent(session: Session) -> None:
    with transaction():
        one, other = LedgerAccount(code="one"), LedgerAccount(code="other")
        db.session.add_all([one, other])
    with transaction():
        one.code = "changed in memory alone"
        with db.session.no_autoflush:
            found = lock_rows(LedgerAccount, [other.id, one.id, other.id, 10**9])
        assert list(found) == sorted([one.id, other.id])
        assert found[one.id].code == "one"
        assert lock_rows(LedgerAccount, []) == {}
