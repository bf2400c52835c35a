"""Making a cluster again from a base and the archive, up to a moment or a named point."""

import shutil
import tarfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from marketplace.backups.copying import Base, bases_in, log_files_in
from marketplace.backups.sealed_files import SUFFIX, open_file
from marketplace.backups.waiting import until
from marketplace.kernel import embedded_postgres

# Replaying the log of a busy day on slow disks.
_REPLAYED_WITHIN_S = 3600
_FROM_ARCHIVE = "from-archive"
# Of a file of the log: timeline and place, in hexadecimal figures. A history of timelines has a shorter one.
_NAME_LENGTH = 24


class CannotRestore(RuntimeError):
    """There is nothing to restore from, or not as far as was asked; the message says what is missing."""


def restore(
    folder: Path,
    into: Path,
    *,
    moment: datetime | None = None,
    point: str | None = None,
    say: Callable[[str], None] = print,
) -> embedded_postgres.Server:
    """Restore into a data folder that has no database, and start the server there; it is a server of its own from then on.

    Parameters
    ----------
    folder, into : pathlib.Path
        The backup folder, and the new data folder.
    moment : datetime, optional
        As of when; with neither moment nor point, as far as the archive goes.
    point : str, optional
        The name of a point in the log.

    Raises
    ------
    CannotRestore
        When there is no base from before that moment, or the archive ends before it.
    """
    base = _base_before(bases_in(folder), moment)
    home = embedded_postgres.empty_home(into, say)
    cluster = embedded_postgres.own_folder(home / "cluster")
    server = None
    try:
        _unpack(base, cluster)
        _put_log(base, folder, embedded_postgres.own_folder(home / _FROM_ARCHIVE))
        _write(iter([_recovery(moment, point).encode()]), cluster / "postgresql.auto.conf")
        _write(iter(()), cluster / "recovery.signal")
        server = embedded_postgres.start(into, archiving=False, say=say)
        _wait_until_replayed(home)
    except BaseException as error:
        if server is not None:
            server.stop()
        # A cluster that is not all there must not be taken for one at the next start.
        shutil.rmtree(cluster, ignore_errors=True)
        if isinstance(error, (psycopg.OperationalError, TimeoutError, embedded_postgres.ServerWillNotStart)):
            raise CannotRestore(f"the archive does not reach that far; {home / 'postgres.log'} says more") from error
        raise
    shutil.rmtree(home / _FROM_ARCHIVE)
    return server


def _recovery(moment: datetime | None, point: str | None) -> str:
    """The settings with which the server replays its log; in place of those that the copy had."""
    lines = [f"restore_command = 'cp ../{_FROM_ARCHIVE}/%f %p'", "recovery_target_action = 'promote'"]
    if moment is not None:
        lines.append(f"recovery_target_time = '{moment.isoformat()}'")
    if point is not None:
        lines.append(f"recovery_target_name = '{point}'")
    return "".join(f"{line}\n" for line in lines)


def _put_log(base: Base, folder: Path, logs: Path) -> None:
    """Open every file of the log that a base needs."""
    for sealed in log_files_in(folder):
        name = sealed.name.removesuffix(SUFFIX)
        if len(name) < _NAME_LENGTH or name[8:24] >= base.first_log_file[8:24]:
            _write(open_file(sealed), logs / name)


def _wait_until_replayed(home: Path) -> None:
    with psycopg.connect(f"host={home} user=nongqiao dbname=postgres", autocommit=True) as connection:
        until(lambda: not _value(connection, "SELECT pg_is_in_recovery()"), within_s=_REPLAYED_WITHIN_S)
        # What led here must not lead anywhere at the next start.
        connection.execute("ALTER SYSTEM RESET ALL")


def _base_before(bases: list[Base], moment: datetime | None) -> Base:
    fitting = [base for base in bases if moment is None or base.began_at < moment]
    if not fitting:
        raise CannotRestore("there is no copy from before that moment" if bases else "there is no copy yet")
    return fitting[-1]


def _unpack(base: Base, cluster: Path) -> None:
    with tarfile.open(fileobj=_Stream(open_file(base.place)), mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            archive.extract(member, cluster, filter="data")
            path = cluster / member.name
            path.chmod(0o700 if member.isdir() else 0o600)
            embedded_postgres.give_to_server(path)
    embedded_postgres.give_to_server(cluster)
    cluster.chmod(0o700)


def _write(pieces: Iterator[bytes], place: Path) -> None:
    with place.open("wb") as file:
        file.writelines(pieces)
    place.chmod(0o600)
    embedded_postgres.give_to_server(place)


class _Stream:
    """Pieces as a file that is read from its beginning to its end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._kept = pieces, bytearray()

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        while len(self._kept) < size and (piece := next(self._pieces, None)) is not None:
            self._kept += piece
        found = bytes(self._kept[:size])
        del self._kept[:size]
        return found


def _value(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
