"""Taking copies of the server brought along: bases, and the archive between them."""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from marketplace.backups.sealed_files import SUFFIX, clear_partial, seal_file
from marketplace.kernel import embedded_postgres
from marketplace.kernel.steps import step

_USER = "nongqiao"
_BASES, _LOG = "bases", "log"
_READ = 1 << 20


class CopyFailed(RuntimeError):
    """A copy could not be taken; the message says why in one line."""


@dataclass(frozen=True)
class Base:
    """A copy of the whole cluster: where it lies, when it began, the first file of the log that it needs, and its size."""

    place: Path
    began_at: datetime
    first_log_file: str

    @property
    def size(self) -> int:
        """In bytes, as it is kept."""
        return self.place.stat().st_size


def take_base(home: Path, folder: Path, *, now: datetime) -> Base:
    """Copy the whole running cluster, sealed, into the backup folder; nothing of it lies anywhere unsealed.

    Raises
    ------
    CopyFailed
        With what the server's own program said.
    """
    with psycopg.connect(f"host={home} user={_USER} dbname=postgres", autocommit=True) as connection:
        first = _value(connection, "SELECT pg_walfile_name(redo_lsn) FROM pg_control_checkpoint()")
    name = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{first}.tar{SUFFIX}"
    place = folder / _BASES / name
    with _alone(folder):
        copying = embedded_postgres.program(
            home,
            *("pg_basebackup", "--host", str(home), "--username", _USER, "--no-password"),
            *("--pgdata", "-", "--format", "tar", "--wal-method", "fetch", "--checkpoint", "fast"),
        )
        seal_file(_output_of(copying), place)
        step("backup.copied")
    return Base(place, now, first)


def _output_of(process: "subprocess.Popen[bytes]") -> Iterator[bytes]:
    """What a program writes; one that fails leaves no file behind, because this raises before the last piece is sealed."""
    assert process.stdout is not None and process.stderr is not None
    with process:
        while piece := process.stdout.read(_READ):
            yield piece
        complaint = process.stderr.read().decode(errors="replace").strip()
        if process.wait():
            raise CopyFailed((complaint.splitlines() or ["the copy ended without a reason"])[-1])


def take_archive(home: Path, folder: Path) -> int:
    """Seal every file of the log that the server has put aside, and then delete the open one; answers how many.

    Before the first copy they are only deleted: there is nothing that they could be replayed on.
    """
    taken = 0
    with _alone(folder):
        needed = bool(bases_in(folder))
        for path in _put_aside(home):
            if needed:
                seal_file(_content(path), folder / _LOG / f"{path.name}{SUFFIX}")
                step("backup.log_sealed")
                taken += 1
            path.unlink()
    return taken


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time: what is being copied must not be deleted meanwhile."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clear_partial(folder)
        yield


def _put_aside(home: Path) -> list[Path]:
    return sorted(path for path in embedded_postgres.archive_of(home).glob("*") if path.suffix != ".part")


def waiting_files(home: Path) -> int:
    """How many files of the log wait to be sealed."""
    return len(_put_aside(home))


def is_archived(home: Path, folder: Path, name: str) -> bool:
    """Whether a file of the log has been put aside, or sealed already."""
    return (embedded_postgres.archive_of(home) / name).exists() or (folder / _LOG / f"{name}{SUFFIX}").exists()


def close_log_file(connection: psycopg.Connection) -> str:
    """Have the server close the file of the log with the last thing written, so that it is archived; answers its name."""
    # Just behind a file that was closed already the server would name the next one.
    last = _value(connection, "SELECT pg_walfile_name(pg_current_wal_insert_lsn() - 1)")
    connection.execute("SELECT pg_switch_wal()")
    return last


def bases_in(folder: Path) -> list[Base]:
    """The bases of a backup folder, oldest first."""
    found = []
    for place in sorted((folder / _BASES).glob(f"*.tar{SUFFIX}")):
        stamp, _, first = place.name.removesuffix(f".tar{SUFFIX}").partition("-")
        found.append(Base(place, datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), first))
    return found


def log_files_in(folder: Path) -> list[Path]:
    """The sealed files of the log in a backup folder, oldest first."""
    return sorted((folder / _LOG).glob(f"*{SUFFIX}"))


def forget_old(folder: Path, *, keep: int) -> int:
    """Delete all bases but the newest, and the files of the log that only they needed; answers how many bases went.

    A file of the log is named by timeline, then by its place, so names of one timeline are compared by their last 16 figures.
    """
    bases = bases_in(folder)
    old, kept = bases[:-keep], bases[-keep:]
    for base in old:
        base.place.unlink()
        step("backup.base_forgotten")
    if kept:
        # Looked at even when no base went now: whoever deleted the last one may have died before its log.
        needed_from = min(base.first_log_file[8:24] for base in kept)
        for path in log_files_in(folder):
            # A history of timelines has another form of name, and is never old.
            if len(path.name.removesuffix(SUFFIX)) >= 24 and path.name[8:24] < needed_from:
                path.unlink()
    return len(old)


def _content(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_READ):
            yield piece


def _value(connection: psycopg.Connection, query: str) -> str:
    row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])
