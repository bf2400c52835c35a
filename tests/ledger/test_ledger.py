"""Money that moves: what holds after any sequence of transfers, and what the database itself refuses."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.ledger.checking import check_ledger
from marketplace.ledger.models import Entry, LedgerAccount, Transfer
from marketplace.ledger.queries import balance_fen, trial_balance
from marketplace.ledger.service import account_ids, post_transfer
from tests import factories
from tests.own_database import own_database

CODES = ("buyers", "clearing", "platform:service_fee", "producer:a", "producer:b")
_amounts = st.dictionaries(st.sampled_from(CODES), st.integers(-(10**12), 10**12).filter(bool), min_size=1, max_size=4)


@st.composite
def balanced(draw: st.DrawFn) -> dict[str, int]:
    """Amounts of one transfer: some at will, the rest on one more account."""
    amounts = draw(_amounts)
    rest = draw(st.sampled_from([code for code in CODES if code not in amounts]))
    return {**amounts, rest: -sum(amounts.values())}


@pytest.fixture(scope="module")
def books(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that really commits: the rule of balance is checked at the end of a transaction."""
    with own_database(database_server, data_dir, "ledger") as app:
        yield app


def pay(purpose_id: str = "1", **amounts: int) -> Transfer:
    """A transfer of one yuan unless said otherwise."""
    moved = amounts or {"buyers": -100, "clearing": 100}
    return post_transfer("payment", "test", purpose_id, moved, at=factories.NOW)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(balanced(), min_size=1, max_size=8))
def test_balances_are_the_sums_of_entries_and_sum_to_zero(session: Session, moves: list[dict[str, int]]) -> None:
    before: dict[str, int] = defaultdict(int, trial_balance())
    # The number of transfers so far makes every purpose new, however often the test is run on one database.
    first = db.session.scalar(select(func.count(Transfer.id))) or 0
    with transaction():
        for number, amounts in enumerate(moves, first):
            # Two accounts at least take part, or the transfer is none.
            if sum(1 for amount in amounts.values() if amount) >= 2:
                post_transfer("payment", "test", str(number), amounts, at=factories.NOW)
            else:
                with pytest.raises(ValueError, match="two accounts"):
                    post_transfer("payment", "test", str(number), amounts, at=factories.NOW)
    expected = defaultdict(int, before)
    for amounts in moves:
        if sum(1 for amount in amounts.values() if amount) >= 2:
            for code, amount in amounts.items():
                expected[code] += amount
    found = dict(trial_balance())
    assert {code: amount for code, amount in found.items() if amount} == {c: a for c, a in expected.items() if a}
    assert sum(found.values()) == 0
    assert all(balance_fen(code) == expected[code] for code in CODES)
    assert check_ledger().fault is None


def test_an_account_that_was_never_used_has_nothing(session: Session) -> None:
    assert balance_fen("nobody") == 0


@pytest.mark.parametrize(
    "amounts",
    [{"buyers": 100}, {"buyers": -100, "clearing": 99}, {"buyers": 0, "clearing": 0}, {}, {"buyers": 5, "clearing": -6}],
)
def test_amounts_that_do_not_sum_to_zero_over_two_accounts_are_refused(session: Session, amounts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="sum to zero"):
        post_transfer("payment", "test", "1", amounts, at=factories.NOW)
    assert (db.session.scalars(select(Transfer)).all(), trial_balance()) == ([], [])


def test_an_amount_of_nothing_is_left_out(session: Session) -> None:
    pay(buyers=-100, clearing=100, **{"platform:service_fee": 0})
    assert trial_balance() == [("buyers", -100), ("clearing", 100)]


def test_one_purpose_is_booked_once(session: Session) -> None:
    with transaction():
        pay("7")
    with pytest.raises(IntegrityError, match="uq_transfer_kind_purpose_kind_purpose_id"), transaction():
        pay("7")
    assert balance_fen("clearing") == 100
    with transaction():
        post_transfer("refund", "test", "7", {"clearing": -100, "buyers": 100}, at=factories.NOW)
    assert balance_fen("clearing") == 0


def test_a_mistake_is_reversed_by_a_transfer_that_names_it_and_only_once(session: Session) -> None:
    with transaction():
        wrong = pay("7")
        back = {"buyers": 100, "clearing": -100}
        post_transfer("reversal", "test", "7", back, at=factories.NOW, reverses_id=wrong.id)
    with pytest.raises(IntegrityError, match="uq_transfer_reverses_id"), transaction():
        post_transfer("reversal", "test", "8", back, at=factories.NOW, reverses_id=wrong.id)
    assert (balance_fen("buyers"), balance_fen("clearing")) == (0, 0)


@pytest.mark.parametrize("table", ["transfer", "entry"])
@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_is_booked_is_never_altered(books: Flask, table: str, act: str) -> None:
    with books.app_context():
        with transaction():
            pay(f"{act} {table}")
        before = (trial_balance(), db.session.scalar(select(func.count(Entry.id))))
        with pytest.raises(IntegrityError, match="append-only"), transaction():
            db.session.execute(text(act.format(table)))
        assert (trial_balance(), db.session.scalar(select(func.count(Entry.id)))) == before
        assert check_ledger().fault is None


def _entry(transfer_id: int, code: str, amount_fen: int) -> dict[str, Any]:
    return {"transfer_id": transfer_id, "account_id": account_ids([code])[code], "amount_fen": amount_fen}


def test_entries_cannot_join_a_transfer_that_is_done(books: Flask) -> None:
    with books.app_context():
        with transaction():
            old = pay("old").id
        with pytest.raises(IntegrityError, match="only be written together"), transaction():
            db.session.execute(insert(Entry), [_entry(old, "buyers", -5), _entry(old, "clearing", 5)])
        entries = db.session.scalars(select(Entry.amount_fen).filter_by(transfer_id=old).order_by(Entry.amount_fen)).all()
        assert entries == [-100, 100]


def test_entries_cannot_join_an_old_transfer_hidden_among_those_of_a_new_one(books: Flask) -> None:
    with books.app_context():
        with transaction():
            old = pay("older").id
        with pytest.raises(IntegrityError, match="only be written together"), transaction():
            new = Transfer(kind="payment", purpose_kind="test", purpose_id="newer", at=factories.NOW)
            db.session.add(new)
            db.session.flush()
            rows = [(new.id, "buyers", -5), (new.id, "clearing", 5), (old, "buyers", -5), (old, "clearing", 5)]
            db.session.execute(insert(Entry), [_entry(*row) for row in rows])
        assert db.session.scalar(select(func.count(Entry.id)).filter_by(transfer_id=old)) == 2
        assert db.session.scalars(select(Transfer.id).filter_by(purpose_id="newer")).all() == []


@pytest.mark.parametrize("amounts", [[("buyers", -5), ("clearing", 4)], [("buyers", -5)], []])
def test_what_does_not_balance_is_refused_when_the_transaction_ends(books: Flask, amounts: list[tuple[str, int]]) -> None:
    with books.app_context():
        with pytest.raises(IntegrityError, match="does not sum to zero"), transaction():
            wrong = Transfer(kind="payment", purpose_kind="test", purpose_id="wrong", at=factories.NOW)
            db.session.add(wrong)
            db.session.flush()
            for code, amount_fen in amounts:
                db.session.execute(insert(Entry), [_entry(wrong.id, code, amount_fen)])
        assert db.session.scalars(select(Transfer.id).filter_by(purpose_id="wrong")).all() == []
        assert check_ledger().fault is None


def test_an_entry_of_nothing_is_refused(session: Session) -> None:
    with pytest.raises(IntegrityError, match="ck_entry_amount_not_zero"), transaction():
        db.session.execute(insert(Entry), [_entry(pay("9").id, "buyers", 0)])
    assert db.session.scalars(select(LedgerAccount.code)).all() == []
