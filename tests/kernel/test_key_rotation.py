"""All sealed values come under the newest key while others write, whenever it is cut off, and nobody's change is lost."""

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import LargeBinary, select, text, type_coerce

from marketplace.kernel import embedded_postgres, privacy
from marketplace.kernel.db import db, transaction
from marketplace.kernel.key_rotation import rotate, sealed_columns, values_by_key
from marketplace.kernel.privacy import Keys
from marketplace.payments.models import PayeeAccount
from tests.conftest import ROOT
from tests.own_database import own_database

INDEX, FIRST, SECOND = (secrets.token_hex(32) for _ in range(3))
OLD = Keys.parse(f"index:{INDEX},1:{FIRST}")
BOTH = Keys.parse(f"index:{INDEX},1:{FIRST},2:{SECOND}")
NEW = Keys.parse(f"index:{INDEX},2:{SECOND}")
PAYEES = 60


@pytest.fixture(scope="module")
def place(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that is committed to."""
    with own_database(database_server, data_dir, "rotation") as app:
        yield app


@pytest.fixture
def payees(app: Flask, place: Flask) -> Iterator[Flask]:
    """Bank accounts sealed with the first of two keys; afterwards the application's keys again."""
    before = privacy._InUse.keys
    privacy.use_keys(OLD)
    with place.app_context():
        with transaction():
            db.session.execute(text("TRUNCATE payee_account CASCADE"))
            db.session.add_all(payee(number) for number in range(PAYEES))
        privacy.use_keys(BOTH)
        yield place
        db.session.remove()
    privacy.use_keys(before)


def payee(number: int) -> PayeeAccount:
    return PayeeAccount(
        ledger_code=f"payable:{number}",
        way="bank",
        holder=f"holder {number}",
        bank="bank",
        number=f"6222{number:08d}",
        last_four=f"{number:04d}",
        number_index=secrets.token_bytes(32),
        changed_by="test",
        changed_at=datetime(2026, 6, 15, tzinfo=UTC),
    )


def holders() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(PayeeAccount.holder).order_by(PayeeAccount.id)))


def test_the_sealed_columns_are_found_from_the_tables() -> None:
    names = {sealed.name for sealed in sealed_columns()}
    assert names >= {
        *("payee_account.holder", "payee_account.number", "payout_line.holder", "payout_line.number"),
        *("webhook_endpoint.secret", "second_factor.secret"),
    }


def test_every_value_comes_under_the_newest_key_and_a_second_time_nothing_is_done(payees: Flask) -> None:
    assert values_by_key() == {1: 2 * PAYEES}
    said: list[str] = []
    done = rotate(batch=25, say=said.append)
    assert {name: count for name, count in done.items() if count} == {
        "payee_account.holder": PAYEES,
        "payee_account.number": PAYEES,
    }
    assert said == [f"payee_account.{name}: {count} more" for name in ("holder", "number") for count in (25, 25, 10)]
    assert values_by_key() == {2: 2 * PAYEES}
    privacy.use_keys(NEW)
    assert holders() == [f"holder {number}" for number in range(PAYEES)]
    assert sum(rotate(say=said.append).values()) == 0


def test_a_writer_who_has_not_committed_is_neither_waited_for_nor_written_over(payees: Flask) -> None:
    with db.engine.connect() as other:
        row = type_coerce(PayeeAccount.holder, LargeBinary)
        first = other.execute(select(PayeeAccount.id, row).order_by(PayeeAccount.id).limit(1)).one()
        other.execute(
            PayeeAccount.__table__.update().where(PayeeAccount.id == first.id).values(holder="changed meanwhile"),
        )
        # Both values of the locked row are passed by.
        assert sum(rotate(say=lambda _: None).values()) == 2 * PAYEES - 2
        assert values_by_key() == {1: 2, 2: 2 * PAYEES - 2}
        other.commit()
    # The writer has sealed its own with the newest key.
    assert sum(rotate(say=lambda _: None).values()) == 1
    assert values_by_key() == {2: 2 * PAYEES}
    assert holders() == ["changed meanwhile", *(f"holder {number}" for number in range(1, PAYEES))]


def test_changes_by_others_all_through_a_rotation_are_all_kept(payees: Flask) -> None:
    ids = list(db.session.scalars(select(PayeeAccount.id).order_by(PayeeAccount.id)))
    db.session.rollback()
    begun, over, written = threading.Event(), threading.Event(), dict[int, str]()

    def write() -> None:
        turn = 0
        with payees.app_context():
            while not over.is_set() or turn < PAYEES:
                with transaction():
                    at = turn % PAYEES
                    db.session.get_one(PayeeAccount, ids[at]).holder = written[at] = f"turn {turn}"
                turn += 1
                begun.set()
            db.session.remove()

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(timeout=30)
    try:
        rotate(batch=3, say=lambda _: None)
    finally:
        over.set()
        writer.join(timeout=30)
    rotate(say=lambda _: None)
    privacy.use_keys(NEW)
    assert holders() == [written[number] for number in range(PAYEES)]


def test_a_rotation_that_is_killed_is_started_again_and_carries_on(payees: Flask, tmp_path: Path) -> None:
    settings = payees.extensions["settings"]
    held = db.session.scalars(select(PayeeAccount.id).order_by(PayeeAccount.id)).all()[PAYEES // 2]
    db.session.rollback()
    # Held up at the write of one row in the middle, the process is certain to die there.
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as gate:
        gate.execute(
            "CREATE FUNCTION wait_there() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF OLD.id = {held} THEN PERFORM pg_advisory_xact_lock(7); END IF; RETURN NEW; END $$"
        )
        gate.execute("CREATE TRIGGER wait_there BEFORE UPDATE ON payee_account FOR EACH ROW EXECUTE FUNCTION wait_there()")
        gate.commit()
        gate.execute("SELECT pg_advisory_lock(7)")
        die_after(PAYEES // 2)
        gate.execute("DROP FUNCTION wait_there CASCADE")
    assert values_by_key() == {1: 2 * PAYEES - PAYEES // 2, 2: PAYEES // 2}
    keys = f"index:{INDEX},1:{FIRST},2:{SECOND}"
    environ = {**os.environ, "DATABASE_URL": settings.database_url, "NONGQIAO_DATA_DIR": str(tmp_path), "PRIVACY_KEYS": keys}
    command = [sys.executable, "-m", "marketplace.cli", "keys", "rotate"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True).stdout.splitlines()
    assert done[-3:] == [
        f"{2 * PAYEES - PAYEES // 2:,} values are under key 2 now",
        f"{2 * PAYEES:>12,}  key 2 (newest)",
        "Older keys seal nothing any more. Delete one when no backup from before this moment is to be read again.",
    ]
    privacy.use_keys(NEW)
    assert holders() == [f"holder {number}" for number in range(PAYEES)]


def die_after(batches: int) -> None:
    """Have a process rotate one value at a time, and kill it when it has told of that many."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        db.session.remove()
        # The parent's connections stay the parent's.
        db.engine.dispose(close=False)
        rotate(batch=1, say=lambda line: os.write(writing, f"{line}\n".encode()) and None)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        assert [told.readline() for _ in range(batches)] == ["payee_account.holder: 1 more\n"] * batches
        os.kill(child, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
