"""What was sealed stays as it was: every way of altering it is found, and the row is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.ledger.canonical import digest
from marketplace.ledger.jobs import check_now, seal_now
from marketplace.ledger.models import AccountBalance, Entry, LedgerAccount, LedgerSeal, Transfer, TransferDigest
from marketplace.ledger.queries import balance_fen, trial_balance
from marketplace.ledger.seals import check_ledger, rebuild_balances, settled_ends
from marketplace.ledger.service import post_transfer
from tests import factories
from tests.own_database import own_database, race

TABLES = ("transfer", "entry", "transfer_digest", "ledger_seal", "account_balance", "audit_event", "ledger_check")


@pytest.fixture(scope="module")
def database(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that really commits and whose triggers may be switched off, as somebody with all rights could."""
    with own_database(database_server, data_dir, "seals") as app:
        yield app


@pytest.fixture
def books(database: Flask) -> Iterator[Flask]:
    """Three transfers sealed in two seals, and one more that is not sealed."""
    with database.app_context():
        _by_force(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        for number in (1, 2):
            pay(number)
        assert seal_now(now=factories.NOW)
        pay(3)
        assert seal_now(now=factories.NOW)
        pay(4)
        yield database
        db.session.remove()


def pay(number: int, amount_fen: int = 100) -> None:
    with transaction():
        post_transfer("payment", "test", str(number), {"buyers": -amount_fen, "clearing": amount_fen}, at=factories.NOW)


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
    assert [row.transfers for row in db.session.scalars(select(LedgerSeal).order_by(LedgerSeal.id))] == [2, 1]


def test_sealing_twice_seals_nothing_twice(books: Flask) -> None:
    assert seal_now(now=factories.NOW)
    assert not seal_now(now=factories.NOW)
    assert len(db.session.scalars(select(TransferDigest.transfer_id)).all()) == 4
    assert check_ledger().fault is None


def test_the_digest_can_be_computed_without_the_database(books: Flask) -> None:
    row = db.session.scalars(select(Transfer).order_by(Transfer.id)).first()
    assert row is not None
    entries = [
        (code, amount)
        for code, amount in db.session.execute(
            select(LedgerAccount.code, Entry.amount_fen).join(Entry).where(Entry.transfer_id == row.id).order_by(Entry.id)
        )
    ]
    purpose = (row.purpose_kind, row.purpose_id)
    own = digest(row.id, row.public_id, row.kind, purpose, row.reverses_id, row.at, entries)
    assert own == db.session.get_one(TransferDigest, row.id).digest


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE transfer SET purpose_id = 'x' WHERE id = :second", "transfer {second}: it or its entries were changed"),
        ("UPDATE transfer SET at = at + interval '1 microsecond' WHERE id = :second", "transfer {second}: it or its"),
        ("UPDATE transfer SET public_id = 'somebodyelse' WHERE id = :second", "transfer {second}: it or its entries"),
        (
            "UPDATE entry SET amount_fen = 2 * amount_fen WHERE transfer_id = :second",
            "transfer {second}: it or its entries were changed after it was sealed",
        ),
        (
            "UPDATE entry SET amount_fen = 99 WHERE transfer_id = :second AND amount_fen > 0",
            "transfer {second}: its 2 entries sum to -1 fen, not to zero",
        ),
        ("DELETE FROM entry WHERE transfer_id = :second", "transfer {second}: its 0 entries sum to 0 fen"),
        ("DELETE FROM entry WHERE transfer_id = :last AND amount_fen > 0", "transfer {last}: its 1 entries sum to -100 fen"),
        (
            "WITH gone AS (DELETE FROM entry WHERE transfer_id = :second) DELETE FROM transfer WHERE id = :second",
            "transfer {second}: it was sealed and is gone",
        ),
        ("DELETE FROM transfer_digest WHERE transfer_id = :second", "transfer {second}: it was slipped in among sealed"),
        (
            "UPDATE ledger_seal SET digest = sha256('x') WHERE transfers = 1",
            "seal {second_seal}: the digests of transfers",
        ),
        ("DELETE FROM audit_event WHERE object_id = '{second_seal}'", "seal {second_seal}: the audit trail does not carry"),
        (
            "UPDATE account_balance SET balance_fen = balance_fen + 1 WHERE balance_fen > 0",
            "account clearing: the cache says 301 fen, its entries 300",
        ),
    ],
)
def test_whatever_is_altered_is_found_and_named(books: Flask, change: str, fault: str) -> None:
    ids = transfer_ids()
    seals = db.session.scalars(select(LedgerSeal.id).order_by(LedgerSeal.id)).all()
    names = {"second": ids[1], "last": ids[-1], "second_seal": seals[1]}
    db.session.rollback()
    values = {name: value for name, value in names.items() if f":{name}" in change}
    _by_force(change.replace("{second_seal}", str(seals[1])), **values)
    found = check_ledger().fault
    assert found is not None
    assert found.startswith(fault.format(**names))


def test_whoever_alters_a_row_and_its_digest_is_found_by_the_seal(books: Flask) -> None:
    first = transfer_ids()[0]
    db.session.rollback()
    _by_force("UPDATE entry SET amount_fen = 2 * amount_fen WHERE transfer_id = :id", id=first)
    _by_force("UPDATE transfer_digest SET digest = sha256('x') WHERE transfer_id = :id", id=first)
    assert str(check_ledger().fault).startswith(f"transfer {first}")
    row = db.session.get_one(Transfer, first)
    entries = [(code, amount) for code, amount in (("buyers", -200), ("clearing", 200))]
    forged = digest(first, row.public_id, row.kind, ("test", "1"), None, row.at, entries)
    db.session.rollback()
    _by_force("UPDATE transfer_digest SET digest = :forged WHERE transfer_id = :id", id=first, forged=forged)
    assert "the digests of transfers 1 to" in str(check_ledger().fault)


def test_the_whole_check_is_kept_with_its_fault(books: Flask) -> None:
    assert check_now().fault is None
    _by_force("UPDATE audit_event SET actor = 'nobody'")
    made = check_now()
    assert made.fault is not None
    assert made.fault.startswith("audit event ")
    assert (made.transfers, made.entries, made.audit_events) == (4, 8, 1)


@pytest.mark.parametrize("table", ["transfer_digest", "ledger_seal"])
@pytest.mark.parametrize("act", ["UPDATE {} SET digest = digest", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_seals_are_never_altered(books: Flask, table: str, act: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        db.session.execute(text(act.format(table)))
    assert check_ledger().fault is None


def test_a_balance_is_the_same_with_and_without_the_cache(books: Flask) -> None:
    with_cache = trial_balance()
    assert with_cache == [("buyers", -400), ("clearing", 400)]
    assert (balance_fen("clearing"), balance_fen("nobody")) == (400, 0)
    with transaction():
        db.session.execute(text("DELETE FROM account_balance"))
        assert trial_balance() == with_cache
    with transaction():
        rebuild_balances()
    assert trial_balance() == with_cache
    assert sorted(db.session.scalars(select(AccountBalance.balance_fen))) == [-300, 300]
    assert check_ledger().fault is None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 10**9), st.booleans()), min_size=1, max_size=8))
def test_balances_are_sums_whenever_they_are_sealed(database: Flask, moves: list[tuple[int, bool]]) -> None:
    with database.app_context():
        _by_force(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        for number, (amount, seals) in enumerate(moves):
            pay(number, amount)
            if seals:
                seal_now(now=factories.NOW)
        total = sum(amount for amount, _ in moves)
        assert trial_balance() == [("buyers", -total), ("clearing", total)]
        assert check_ledger().fault is None
        db.session.remove()


def test_sealing_waits_for_a_transfer_that_is_being_written(books: Flask) -> None:
    """An id drawn before the seal must not become visible behind it."""
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


def test_two_who_seal_at_once_seal_everything_once(books: Flask) -> None:
    answers = race(books, lambda: seal_now(now=factories.NOW), lambda: seal_now(now=factories.NOW))
    assert sorted(answers) == [False, True]
    assert sum(db.session.scalars(select(LedgerSeal.transfers))) == 4
    assert check_ledger().fault is None


def test_a_transfer_slipped_in_among_sealed_ones_is_found(books: Flask) -> None:
    first = transfer_ids()[0]
    db.session.rollback()
    _by_force(
        "INSERT INTO transfer (id, public_id, kind, purpose_kind, purpose_id, at) OVERRIDING SYSTEM VALUE"
        " VALUES (:id, 'slipped', 'payment', 'test', 'slipped', now())",
        id=first - 1,
    )
    accounts = db.session.scalars(select(LedgerAccount.id)).all()
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        parts = zip(accounts, (-7, 7), strict=True)
        entries = [{"transfer_id": first - 1, "account_id": account, "amount_fen": fen} for account, fen in parts]
        connection.execute(insert(Entry), entries)
    assert check_ledger().fault == f"transfer {first - 1}: it was slipped in among sealed ones"
