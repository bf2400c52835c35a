"""Real servers, real kills: what was acknowledged is there, and a copy comes back as the database was."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from marketplace.backups.checksums import differing, table_checksums
from marketplace.backups.copying import (
    Base,
    bases_in,
    close_log_file,
    forget_old,
    is_archived,
    log_files_in,
    take_archive,
    take_base,
)
from marketplace.backups.drilling import drill
from marketplace.backups.restoring import CannotRestore, restore
from marketplace.backups.sealed_files import DamagedFile, clear_partial, open_file, seal_file
from marketplace.backups.waiting import until
from marketplace.kernel import embedded_postgres
from marketplace.kernel.privacy import own_keys, use_keys
from tests.backups.test_faults import die, fail

ROOT = Path(__file__).resolve().parents[2]
# Commits one row after another and says so of each, until its server is gone.
WRITER = """
import sys, psycopg
connection = psycopg.connect(sys.argv[1])
number = int(sys.argv[2])
while True:
    connection.execute("INSERT INTO kept (number) VALUES (%s)", [number])
    connection.execute("UPDATE counted SET total = total + 1")
    connection.commit()
    print(number, flush=True)
    number += 1
"""
TABLES = """
    CREATE TABLE kept (number bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE counted (total bigint NOT NULL); INSERT INTO counted VALUES (0);
    CREATE TABLE sealed (id int, body bytea, price numeric); INSERT INTO sealed SELECT n, sha256(n::text::bytea), n / 7.0
        FROM generate_series(1, 3000) n;
    CREATE TABLE "odd ""name" (word text) PARTITION BY LIST (word);
    CREATE TABLE part PARTITION OF "odd ""name" DEFAULT; INSERT INTO "odd ""name" VALUES ('米'), ('豆');
"""


class Shop:
    """A durable server with some tables, and the folder of its copies."""

    def __init__(self, data: Path) -> None:
        self.data, self.folder = data, data / "backups"
        self.server = embedded_postgres.start(data, say=lambda _: None)
        self.server.create_database("shop")
        with psycopg.connect(self.conninfo) as connection:
            connection.execute(TABLES)

    @property
    def home(self) -> Path:
        return self.server.home

    @property
    def conninfo(self) -> str:
        return f"host={self.home} user=nongqiao dbname=shop"

    def writer(self, first: int) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", WRITER, self.conninfo, str(first)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def keys(data_dir: Path) -> None:
    """The keys that the application of this run has as well."""
    use_keys(own_keys(data_dir))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, keys: None) -> Iterator[Shop]:
    """One server for all tests of this file."""
    made = Shop(tmp_path_factory.mktemp("shop"))
    take_base(made.home, made.folder, now=datetime.now(UTC))
    yield made
    made.server.stop()
    shutil.rmtree(made.home, ignore_errors=True)


def gone(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)


def test_every_acknowledged_write_survives_a_kill_of_the_server_under_load(shop: Shop) -> None:
    writers = [shop.writer(first) for first in (1_000_000, 2_000_000, 3_000_000)]
    lines: list[list[int]] = []
    for writer in writers:
        assert writer.stdout is not None
        # Each has had a hundred writes acknowledged and goes on.
        lines.append([int(writer.stdout.readline()) for _ in range(100)])
    os.kill(shop.server.process.pid, signal.SIGKILL)
    for writer, acknowledged in zip(writers, lines, strict=True):
        assert writer.stdout is not None
        acknowledged += [int(line) for line in writer.stdout.read().split()]
        writer.wait()
        writer.stdout.close()
    shop.server.process.wait()
    shop.server = embedded_postgres.start(shop.data, say=lambda _: None)
    with psycopg.connect(shop.conninfo) as connection:
        kept = {row[0] for row in connection.execute("SELECT number FROM kept")}
        total = connection.execute("SELECT total FROM counted").fetchone()
    written = {number for acknowledged in lines for number in acknowledged}
    assert len(written) >= 300
    assert written <= kept
    # What each had written last may be there unacknowledged; half a transaction is not.
    assert len(kept) <= len(written) + 3
    assert total == (len(kept),)


def test_a_drill_under_write_load_brings_every_table_back_as_it_was_at_that_moment(shop: Shop) -> None:
    writer = shop.writer(5_000_000)
    assert writer.stdout is not None
    writer.stdout.readline()
    reading = threading.Thread(target=writer.stdout.read)
    reading.start()
    said: list[str] = []
    try:
        result = drill(shop.home, "shop", shop.folder, say=said.append)
    finally:
        writer.kill()
        writer.wait()
        reading.join()
        writer.stdout.close()
    assert (result.tables, result.differing) == (4, [])
    assert said == [f"4 tables with {result.rows:,} rows compared, 0 differ"]
    assert result.rows >= 3000 + 1 + 2 + 1


def test_a_moment_of_the_past_comes_back_and_what_was_deleted_after_it(shop: Shop, tmp_path: Path) -> None:
    with psycopg.connect(shop.conninfo, autocommit=True) as connection:
        before = table_checksums(connection)
        moment = connection.execute("SELECT clock_timestamp()").fetchone()
        assert moment is not None
        connection.execute("DELETE FROM sealed WHERE id <= 1000")
        last = close_log_file(connection)
        until(lambda: is_archived(shop.home, shop.folder, last), within_s=60)
        take_archive(shop.home, shop.folder)
        assert differing(before, table_checksums(connection)) == ["sealed"]
    second = restore(shop.folder, tmp_path / "second", moment=moment[0], say=lambda _: None)
    try:
        with psycopg.connect(f"host={second.home} user=nongqiao dbname=shop") as connection:
            assert table_checksums(connection) == before
    finally:
        second.stop()
        gone(second.home)


def test_a_copy_cut_off_anywhere_is_whole_or_absent_and_the_next_is_taken(shop: Shop, data_dir: Path, tmp_path: Path) -> None:
    def take() -> Base:
        return take_base(shop.home, tmp_path, now=datetime(2026, 1, 1, tzinfo=UTC))

    die("take_base", "backup.file_written", data_dir, shop.home, tmp_path)
    fail(take, "backup.file_written")
    assert bases_in(tmp_path) == []
    die("take_base", "backup.copied", data_dir, shop.home, tmp_path)
    fail(take, "backup.copied")
    whole = bases_in(tmp_path)
    assert [sum(map(len, open_file(base.place))) > 10_000_000 for base in whole] == [True, True]
    # What the dead one left half-written went with the next one's beginning.
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        ".lock",
        *(base.place.name for base in whole),
    ]


def test_a_copy_that_was_altered_or_lies_under_another_name_does_not_open(keys: None, tmp_path: Path) -> None:
    place, content = tmp_path / "a.sealed", os.urandom(3_000_000)
    seal_file(iter([content[:1_500_000], content[1_500_000:]]), place)
    assert b"".join(open_file(place)) == content
    whole = place.read_bytes()
    assert content[:64] not in whole
    for damaged in (
        whole[:-1],
        whole[: 40 + (1 << 20) + 16],
        whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        b"NQS2" + whole[4:],
    ):
        place.write_bytes(damaged)
        with pytest.raises(DamagedFile):
            list(open_file(place))
    place.write_bytes(whole)
    place.rename(tmp_path / "b.sealed")
    with pytest.raises(DamagedFile):
        list(open_file(tmp_path / "b.sealed"))


def test_nothing_is_restored_over_a_database_or_from_no_copy(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(CannotRestore, match="no copy yet"):
        restore(tmp_path / "empty", tmp_path / "new", say=lambda _: None)
    with pytest.raises(embedded_postgres.ServerWillNotStart, match="has a database already"):
        restore(shop.folder, shop.data, say=lambda _: None)
    with pytest.raises(CannotRestore, match="from before that moment"):
        restore(shop.folder, tmp_path / "new", moment=datetime(2020, 1, 1, tzinfo=UTC), say=lambda _: None)


def test_of_hidden_files_beside_the_copies_only_our_own_unfinished_ones_are_cleared(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    own = tmp_path / "base" / ".0123456789abcdef.partial"
    others = [
        tmp_path / name for name in (".rsync.partial", ".0123456789abcdeg.partial", "0123456789abcdef.partial", ".partial")
    ]
    for file in (own, *others):
        file.write_bytes(b"x")
    clear_partial(tmp_path)
    assert not own.exists()
    assert all(file.exists() for file in others)


def test_old_copies_go_with_the_log_that_only_they_needed(tmp_path: Path) -> None:
    (tmp_path / "bases").mkdir()
    (tmp_path / "log").mkdir()
    for day, first in ((1, 2), (2, 5), (3, 9)):
        (tmp_path / "bases" / f"202601{day:02}T000000Z-{first:024X}.tar.sealed").write_bytes(b"x")
    for number in range(2, 12):
        (tmp_path / "log" / f"{number:024X}.sealed").write_bytes(b"x")
    (tmp_path / "log" / "00000002.history.sealed").write_bytes(b"x")
    assert forget_old(tmp_path, keep=2) == 1
    assert [base.first_log_file for base in bases_in(tmp_path)] == [f"{5:024X}", f"{9:024X}"]
    assert [path.name for path in log_files_in(tmp_path)] == [
        "00000002.history.sealed" if name is None else f"{name:024X}.sealed" for name in [*range(5, 12), None]
    ]
    assert forget_old(tmp_path, keep=2) == 0


def test_the_log_is_kept_from_the_first_copy_on_and_one_that_is_being_written_is_left_alone(keys: None, tmp_path: Path) -> None:
    folder, aside = tmp_path / "backups", tmp_path / "archive"
    aside.mkdir()
    for name, kept in ((f"{1:024X}", False), (f"{2:024X}", True)):
        (aside / name).write_bytes(b"log")
        (aside / f"{3:024X}.part").write_bytes(b"half")
        if kept:
            (folder / "bases").mkdir(parents=True)
            (folder / "bases" / f"20260101T000000Z-{2:024X}.tar.sealed").write_bytes(b"x")
        assert take_archive(tmp_path, folder) == int(kept)
        assert [path.name for path in aside.iterdir()] == [f"{3:024X}.part"]
    (sealed,) = log_files_in(folder)
    assert (sealed.name, b"".join(open_file(sealed))) == (f"{2:024X}.sealed", b"log")
