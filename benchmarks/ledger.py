"""Logging and checking a large ledger: ``python -m benchmarks.ledger [--transfers 1000000] [--data DIR]``.

Prints seconds for writing, logging and checking so many transfers of two to three entries, beside the time PostgreSQL itself
needs to read and hash the same rows, and what all balances cost with and without their cache.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from flask_migrate import upgrade
from sqlalchemy import text

from marketplace.config import Settings
from marketplace.kernel import embedded_postgres, ids
from marketplace.kernel.bulk import copy_rows, next_id, settle_ids
from marketplace.kernel.db import db, transaction
from marketplace.ledger.models import Entry, Transfer
from marketplace.ledger.queries import trial_balance
from marketplace.ledger.service import account_ids
from marketplace.transparency.jobs import append_now, check_now
from marketplace.web.application import create_app

Answer = TypeVar("Answer")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
PRODUCERS = 600


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transfers", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data or Path(folder)
        server = embedded_postgres.start(data_dir, say=print)
        try:
            server.create_database("ledger_benchmark")
            environ = {
                "DATABASE_URL": server.url("ledger_benchmark"),
                "NONGQIAO_DATA_DIR": str(data_dir),
                "SECRET_KEY": "a key for one measurement",
                "OFFICER_SECOND_FACTOR": "offered",
            }
            with create_app(Settings.from_env(environ)).app_context():
                upgrade()
                _measure(options.transfers)
                db.session.remove()
                db.engine.dispose()
        finally:
            server.stop()


def _measure(transfers: int) -> None:
    _timed(f"write {transfers:,} transfers", lambda: write_transfers(transfers))
    without = _timed("all balances, no cache", trial_balance)
    _timed("add them to the log", append_now)
    with_cache = _timed("all balances, cached", trial_balance)
    if with_cache != without:
        raise SystemExit("the cache says something else than the entries")
    check = _timed("check everything", check_now)
    if check.fault is not None:
        raise SystemExit(check.fault)
    print(f"  {check.transfers:,} transfers, {check.entries:,} entries, {check.audit_events:,} audit events read")
    _timed("PostgreSQL alone: read and hash the same rows", _read_and_hash)


def write_transfers(transfers: int) -> None:
    """Book so many transfers, one a second."""
    with transaction():
        codes = ["buyers", "clearing", "platform:service_fee", *(f"producer:{number}" for number in range(PRODUCERS))]
        numbers = account_ids(codes)
        base, publics = next_id(Transfer), ids.public_ids(transfers)
        columns = ["id", "public_id", "kind", "purpose_kind", "purpose_id", "at"]
        copy_rows(
            Transfer,
            columns,
            (
                (base + n, publics[n], "settlement" if n % 2 else "payment", "order", str(n // 2), BEGAN + timedelta(seconds=n))
                for n in range(transfers)
            ),
        )
        copy_rows(Entry, ["transfer_id", "account_id", "amount_fen"], _entries(transfers, base, numbers))
        settle_ids(Transfer)


def _entries(transfers: int, base: int, numbers: dict[str, int]) -> Iterator[tuple[int, int, int]]:
    for n in range(transfers):
        amount = 100 + int.from_bytes(hashlib.sha256(str(n // 2).encode()).digest()[:2])
        if n % 2 == 0:
            yield base + n, numbers["buyers"], -amount
            yield base + n, numbers["clearing"], amount
        else:
            fee = amount * 3 // 100
            yield base + n, numbers["clearing"], -amount
            yield base + n, numbers[f"producer:{n % PRODUCERS}"], amount - fee
            yield base + n, numbers["platform:service_fee"], fee


def _read_and_hash() -> None:
    db.session.execute(text("SELECT count(sha256(convert_to(transfer::text, 'UTF8'))) FROM transfer")).scalar()
    db.session.execute(text("SELECT count(sha256(convert_to(entry::text, 'UTF8'))) FROM entry")).scalar()


def _timed(what: str, work: Callable[[], Answer]) -> Answer:
    began = time.perf_counter()
    answer = work()
    print(f"{what:<48} {time.perf_counter() - began:7.2f} s", flush=True)
    return answer


if __name__ == "__main__":
    main()
