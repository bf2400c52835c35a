"""The public log at a million leaves: ``python -m benchmarks.transparency [--leaves 1000000] [--times 300] [--data DIR]``.

Half of the leaves are transfers of two to three entries and half acts of the audit trail. Prints how long it takes to add them
all at once, then one at a time, to prove that one is in the tree and that the tree begins with an earlier one, and to check
everything. Each figure comes as time passed and as processor time of this process and
its backend.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from flask_migrate import upgrade
from sqlalchemy import text

from benchmarks.ledger import write_transfers
from marketplace.config import Settings
from marketplace.kernel import audit, embedded_postgres
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.audit_chain import GENESIS, link
from marketplace.kernel.bulk import copy_rows
from marketplace.kernel.db import db, transaction
from marketplace.ledger.service import post_transfer
from marketplace.transparency.appending import append, log_size
from marketplace.transparency.heads import sign_head
from marketplace.transparency.jobs import append_now, check_now
from marketplace.transparency.models import LogLeaf, LogNode
from marketplace.transparency.queries import consistency, inclusion, newest_head
from marketplace.transparency.sources import ACT, NOTICE, TRANSFER, Ends
from marketplace.web.application import create_app

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DRAW = random.Random(20260501)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--data", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data or Path(folder)
        server = embedded_postgres.start(data_dir, say=print)
        try:
            server.create_database("log_benchmark")
            environ = {
                "DATABASE_URL": server.url("log_benchmark"),
                "NONGQIAO_DATA_DIR": str(data_dir),
                "SECRET_KEY": "a key for one measurement",
                "OFFICER_SECOND_FACTOR": "offered",
            }
            with create_app(Settings.from_env(environ)).app_context():
                upgrade()
                _measure(options.leaves, options.times)
                db.session.remove()
                db.engine.dispose()
        finally:
            server.stop()


def _measure(leaves: int, times: int) -> None:
    with _timed(f"write {leaves // 2:,} transfers and as many acts (not part of the log)"):
        write_transfers(leaves // 2)
        _write_acts(leaves // 2)
    with _timed(f"add {leaves:,} leaves at once, cached balances with them"):
        append_now()
    for table in (LogLeaf, LogNode):
        db.session.execute(text(f"ANALYZE {table.__tablename__}"))
    db.session.commit()
    with transaction():
        first = sign_head(now=BEGAN)
    if first is None or first.size != leaves // 2 * 2:
        raise SystemExit("the log has not taken everything")
    early = first.size
    _each("add one leaf", times, _add, _book_one)
    with transaction():
        sign_head(now=BEGAN + timedelta(days=1))
    head = newest_head()
    if head is None:
        raise SystemExit("no head was signed")
    size = head.size
    _each("prove one leaf", times, lambda position: inclusion(position, size), lambda: DRAW.randrange(size))
    _each("prove that the tree begins with an earlier one", times, lambda earlier: consistency(earlier, size), lambda: early)
    with _timed(f"check everything: {log_size():,} leaves, their rows, the ledger and the audit trail"):
        check = check_now()
    if check.fault is not None:
        raise SystemExit(check.fault)


def _write_acts(number: int) -> None:
    """Acts as the audit trail has them, each linked to the one before."""

    def rows() -> Iterator[tuple[object, ...]]:
        previous = GENESIS
        for at in range(number):
            event = {
                "at": BEGAN + timedelta(seconds=at),
                "actor": "somebodyelse14",
                "on_behalf_of": None,
                "verb": "order.accepted",
                "object_kind": "order",
                "object_id": str(at),
                "data": {"amount_fen": at},
            }
            linked = link(previous, event)
            yield (*event.values(), previous, linked)
            previous = linked

    columns = ["at", "actor", "on_behalf_of", "verb", "object_kind", "object_id", "data", "previous_hash", "hash"]
    with transaction():
        copy_rows(AuditEvent, columns, rows())
    if audit.acts_on("order", "0")[0].object_id != "0":
        raise SystemExit("the acts were not written")
    db.session.rollback()


def _book_one() -> Ends:
    """Book one more transfer; answers the ends of everything."""
    number = log_size()
    with transaction():
        last = post_transfer("payment", "one", str(number), {"buyers": -100, "clearing": 100}, at=BEGAN).id
    acts = int(db.session.scalar(text("SELECT max(id) FROM audit_event")) or 0)
    db.session.rollback()
    return Ends({TRANSFER.kind: last, NOTICE.kind: 0, ACT.kind: acts})


def _add(ends: Ends) -> None:
    with transaction():
        append(ends)


def _each(what: str, times: int, act: Callable[[Any], object], before: Callable[[], Any]) -> None:
    """Measure an act many times, each after something that is not measured."""
    meters = []
    for _ in range(times):
        given = before()
        with _metered() as meter:
            act(given)
        meters.append(meter)
    half, most = (1000 * np.percentile([meter.passed for meter in meters], part) for part in (50, 95))
    work = 1000 * sum(meter.processor for meter in meters) / times
    print(f"{what:<78} median {half:6.2f} ms, p95 {most:6.2f} ms, processor {work:6.2f} ms", flush=True)


@contextmanager
def _timed(what: str) -> Iterator[None]:
    with _metered() as meter:
        yield
    print(f"{what:<78} {meter.passed:6.1f} s, processor {meter.processor:6.1f} s", flush=True)


@dataclass
class _Meter:
    """Seconds that passed, and seconds of processor time of this process and of the server's that works for it."""

    passed: float = 0.0
    processor: float = 0.0


@contextmanager
def _metered() -> Iterator[_Meter]:
    backend = psutil.Process(int(db.session.scalar(text("SELECT pg_backend_pid()")) or 0))
    db.session.rollback()
    meter = _Meter()
    began, worked = time.perf_counter(), _processor(backend)
    yield meter
    meter.passed, meter.processor = time.perf_counter() - began, _processor(backend) - worked


def _processor(backend: psutil.Process) -> float:
    used = backend.cpu_times()
    return time.process_time() + float(used.user + used.system)


if __name__ == "__main__":
    main()
