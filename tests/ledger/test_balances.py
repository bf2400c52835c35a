"""The ledger adds up whatever is asked of it, with its cached balances and without, and what does not add up is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.ledger.balances import Ends, move_balances_on, rebuild_balances, settled_ends
from marketplace.ledger.canonical import DIGESTS, LINES, digest, written_down
from marketplace.ledger.checking import check_ledger
from marketplace.ledger.models import AccountBalance, Entry, LedgerAccount, Transfer
from marketplace.ledger.queries import balance_fen, trial_balance
from marketplace.ledger.service import post_transfer
from tests import factories
from tests.own_database import own_database, race

TABLES = ("transfer", "entry", "account_balance", "ledger_account")


@pytest.fixture(scope="module")
def database(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that really commits and whose triggers may be switched off, as somebody with all rights could."""
    with own_database(database_server, data_dir, "balances") as app:
        yield app


@pytest.fixture
def books(database: Flask) -> Iterator[Flask]:
    """Three transfers counted in two steps, and one more that is not counted yet."""
    with database.app_context():
        _by_force(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        for number in (1, 2):
            pay(number)
        count()
        pay(3)
        count()
        pay(4)
        yield database
        db.session.remove()


def pay(number: int, amount_fen: int = 100) -> None:
    with transaction():
        post_transfer("payment", "test", str(number), {"buyers": -amount_fen, "clearing": amount_fen}, at=factories.NOW)


def count() -> Ends:
    with transaction():
        ends = settled_ends()
    with transaction():
        move_balances_on(ends)
    return ends


def _by_force(statement: str, **values: object) -> None:
    """Change what the triggers forbid."""
    with db.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement), values)


def transfer_ids() -> list[int]:
    return list(db.session.scalars(select(Transfer.id).order_by(Transfer.id)))


def test_a_sound_ledger_has_no_fault_and_every_row_was_read(books: Flask) -> None:
    found = check_ledger()
    assert (found.transfers, found.entries, found.fault) == (4, 8, None)


def test_a_transfer_is_written_down_the_same_with_and_without_the_database(books: Flask) -> None:
    row = db.session.scalars(select(Transfer).order_by(Transfer.id)).first()
    assert row is not None
    entries = [
        (entry_id, code, amount)
        for entry_id, code, amount in db.session.execute(
            select(Entry.id, LedgerAccount.code, Entry.amount_fen)
            .join(LedgerAccount)
            .where(Entry.transfer_id == row.id)
            .order_by(Entry.id)
        )
    ]
    purpose = (row.purpose_kind, row.purpose_id)
    own = written_down(row.id, row.public_id, row.kind, purpose, row.reverses_id, row.written_in, row.at, entries)
    span = {"after": row.id - 1, "through": row.id}
    assert db.session.execute(text(LINES), span).one().line == own
    assert db.session.execute(text(DIGESTS), span).one().digest == digest(own)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            "UPDATE entry SET amount_fen = 99 WHERE transfer_id = :second AND amount_fen > 0",
            "transfer {second}: its 2 entries sum to -1 fen, not to zero over two or more",
        ),
        ("DELETE FROM entry WHERE transfer_id = :second", "transfer {second}: its 0 entries sum to 0 fen, not to zero"),
        ("DELETE FROM entry WHERE transfer_id = :last AND amount_fen > 0", "transfer {last}: its 1 entries sum to -100 fen"),
        ("DELETE FROM transfer WHERE id = :second", "entry {second_entry}: its transfer is gone"),
        (
            "UPDATE account_balance SET balance_fen = balance_fen + 1 WHERE balance_fen > 0",
            "account clearing: the cache says 301 fen, its entries 300",
        ),
    ],
)
def test_whatever_does_not_add_up_is_named(books: Flask, change: str, fault: str) -> None:
    ids = transfer_ids()
    entry = db.session.scalar(select(Entry.id).filter_by(transfer_id=ids[1]).order_by(Entry.id).limit(1))
    db.session.rollback()
    names = {"second": ids[1], "last": ids[-1], "second_entry": entry}
    _by_force(change, **{name: value for name, value in names.items() if f":{name} " in f"{change} "})
    found = check_ledger().fault
    assert found is not None
    assert found.startswith(fault.format(**names))


def test_a_balance_is_the_same_with_and_without_the_cache(books: Flask) -> None:
    with_cache = trial_balance()
    assert with_cache == [("buyers", -400), ("clearing", 400)]
    assert (balance_fen("clearing"), balance_fen("nobody")) == (400, 0)
    with transaction():
        db.session.execute(text("DELETE FROM account_balance"))
        assert trial_balance() == with_cache
    with transaction():
        rebuild_balances(settled_ends())
    assert trial_balance() == with_cache
    assert sorted(db.session.scalars(select(AccountBalance.balance_fen))) == [-400, 400]
    assert check_ledger().fault is None


def test_a_cache_that_was_lost_is_counted_from_the_first_entry_on(books: Flask) -> None:
    _by_force("DELETE FROM account_balance")
    count()
    assert sorted(db.session.scalars(select(AccountBalance.balance_fen))) == [-400, 400]


def test_an_account_that_rests_is_not_counted_twice(books: Flask) -> None:
    """The last entry counted stands in another account's row."""
    with transaction():
        post_transfer("fee", "test", "5", {"clearing": -30, "platform:service_fee": 30}, at=factories.NOW)
    count()
    with transaction():
        post_transfer("payment", "test", "6", {"buyers": -7, "clearing": 7}, at=factories.NOW)
    count()
    assert trial_balance() == [("buyers", -407), ("clearing", 377), ("platform:service_fee", 30)]
    assert check_ledger().fault is None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 10**9), st.booleans()), min_size=1, max_size=8))
def test_balances_are_sums_whenever_they_are_counted(database: Flask, moves: list[tuple[int, bool]]) -> None:
    with database.app_context():
        _by_force(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        for number, (amount, counts) in enumerate(moves):
            pay(number, amount)
            if counts:
                count()
        total = sum(amount for amount, _ in moves)
        assert trial_balance() == [("buyers", -total), ("clearing", total)]
        assert check_ledger().fault is None
        db.session.remove()


def test_the_end_of_the_ledger_waits_for_a_transfer_that_is_being_written(books: Flask) -> None:
    """An id drawn before the end must not become visible behind it."""
    with db.engine.connect() as writer:
        account = writer.scalar(text("SELECT min(id) FROM ledger_account"))
        other = writer.scalar(text("SELECT max(id) FROM ledger_account"))
        writer.commit()
        early = writer.scalar(
            text(
                "INSERT INTO transfer (public_id, kind, purpose_kind, purpose_id, at)"
                " VALUES ('early', 'payment', 'test', 'early', now()) RETURNING id"
            )
        )
        entries = [{"id": early, "account": account, "fen": -5}, {"id": early, "account": other, "fen": 5}]
        writer.execute(text("INSERT INTO entry (transfer_id, account_id, amount_fen) VALUES (:id, :account, :fen)"), entries)

        def look() -> int:
            with transaction():
                return settled_ends().transfer_id

        def finish() -> None:
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareLock'")
            with db.engine.connect() as watcher:
                while not watcher.scalar(waiting):
                    watcher.rollback()
            writer.commit()

        ends, _ = race(books, look, finish)
    assert ends == early


def test_two_who_count_at_once_count_everything_once(books: Flask) -> None:
    race(books, count, count)
    assert sorted(db.session.scalars(select(AccountBalance.balance_fen))) == [-400, 400]
    assert check_ledger().fault is None
