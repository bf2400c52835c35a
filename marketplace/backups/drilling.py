"""Drills: a copy is restored into a second server, and every table in it is compared with the running one."""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from marketplace.backups.checksums import checksums_at_point, differing, point_name, table_checksums
from marketplace.backups.copying import close_log_file, is_archived, take_archive
from marketplace.backups.restoring import CannotRestore, restore
from marketplace.backups.waiting import until

_ARCHIVED_WITHIN_S = 120


@dataclass(frozen=True)
class DrillResult:
    """How much was compared, what differed, and how long the restore and the whole drill took."""

    tables: int
    rows: int
    differing: list[str]
    restore_s: float
    all_s: float


def drill(home: Path, database: str, folder: Path, *, say: Callable[[str], None]) -> DrillResult:
    """Restore the newest copy to this very moment and compare. The running server goes on; the second one is deleted.

    Raises
    ------
    CannotRestore, NoQuietMoment, DamagedFile
        When it comes to no comparison.
    """
    began = time.monotonic()
    url = f"host={home} user=nongqiao dbname={database}"
    name = point_name()
    with checksums_at_point(url, name) as view:
        with psycopg.connect(url, autocommit=True) as asking:
            last = close_log_file(asking)
        _wait_for_archive(home, folder, last)
        take_archive(home, folder)
        ours = table_checksums(view)
    restoring = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nongqiao-drill-") as data:
        second = None
        try:
            second = restore(folder, Path(data), point=name, say=lambda _: None)
            restored = time.monotonic()
            with psycopg.connect(f"host={second.home} user=nongqiao dbname={database}") as there:
                theirs = table_checksums(there)
        finally:
            if second is not None:
                second.stop()
            _delete_cluster(Path(data))
    found = differing(ours, theirs)
    rows = sum(table.rows for table in ours.values())
    say(f"{len(ours)} tables with {rows:,} rows compared, {len(found)} differ")
    return DrillResult(len(ours), rows, found, restored - restoring, time.monotonic() - began)


def compare_databases(ours: str, theirs: str) -> DrillResult:
    """Compare two databases in which nobody writes: for a managed server, which restores by means of its own."""
    began = time.monotonic()
    with psycopg.connect(ours) as first, psycopg.connect(theirs) as second:
        here, there = table_checksums(first), table_checksums(second)
    rows = sum(table.rows for table in here.values())
    return DrillResult(len(here), rows, differing(here, there), 0.0, time.monotonic() - began)


def _wait_for_archive(home: Path, folder: Path, last: str) -> None:
    try:
        until(lambda: is_archived(home, folder, last), within_s=_ARCHIVED_WITHIN_S)
    except TimeoutError as error:
        raise CannotRestore("the server does not archive its log; was it started with archiving?") from error


def _delete_cluster(data: Path) -> None:
    """As root the cluster lies outside the folder, which only points to it."""
    pointer = data / "postgres.path"
    if pointer.exists():
        shutil.rmtree(Path(pointer.read_text().strip()), ignore_errors=True)
