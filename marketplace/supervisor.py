"""``python3 dev.py run``: the database, the migrations, the demo, the recommender, the web server and a worker, together.

Where neither a key of Stripe nor a database is given, a stand-in for Stripe is started as well, on whose pages one can "pay".

All state lies in one data directory, so two runs with two directories and two ports do not know of each other. Children end
with this process, also when it is killed; what was committed is in the database's log and is there at the next start.
"""

import argparse
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO, TypeVar

import psycopg

from marketplace.kernel import embedded_postgres
from marketplace.kernel.processes import ending_with_parent

Result = TypeVar("Result")

ROOT = Path(__file__).resolve().parents[1]
# Below this the first write of the database would fail half-way.
LEAST_FREE_BYTES = 1_500_000_000

# A busy machine with cold disks has been seen to take a minute.
_WEB_ANSWERS_WITHIN_S = 180


class CannotStart(RuntimeError):
    """The shop cannot be started; the message is one line that says what to do."""


class _Stopped(Exception):
    """A signal asked to stop."""


def main(arguments: list[str]) -> int:
    """Run until a signal says stop; answers the exit status."""
    options = _parse(arguments)
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    children: list[subprocess.Popen[bytes]] = []
    server: embedded_postgres.Server | None = None
    try:
        lock = _claim(options.data)
        _check_port(options.port)
        url, server = _database(options.data)
        environ = _environment(url, options)
        double = _double_settings(environ, options) if server is not None else {}
        environ |= double
        _prepare(environ, options)
        children += [_start_web(environ, options), _start_worker(environ, options)]
        if double:
            children.append(_start_double(environ, options))
        _timed("starting web server and worker", lambda: _wait_until_answering(options.port, children))
        _announce(options)
        _watch(children)
        del lock
    except (CannotStart, embedded_postgres.ServerWillNotStart) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except _Stopped:
        print("stopping ...", flush=True)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end(children)
        if server is not None:
            server.stop()
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 dev.py run")
    parser.add_argument("--port", type=int, default=5000, help="port of the shop on 127.0.0.1 (default 5000)")
    parser.add_argument("--data", type=Path, default=ROOT / "var", help="folder of all state (default var/)")
    parser.add_argument("--no-demo", action="store_true", help="start with an empty shop")
    parser.add_argument("--workers", type=int, default=2, help="web processes (default 2)")
    options = parser.parse_args(arguments)
    options.data = options.data.resolve()
    if not 1 <= options.port <= 65535:
        parser.error("the port must be between 1 and 65535")
    return options


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped


def _claim(data: Path) -> IO[str]:
    """Make the data directory and hold its lock, so that no second run writes into it."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / "run.probe").write_bytes(b"x")
        (data / "run.probe").unlink()
        room = os.statvfs(data)
        lock = (data / "run.lock").open("w")
    except OSError as error:
        raise CannotStart(f"cannot write to {data}: {error.strerror}; name another folder with --data") from error
    try:
        if (free := room.f_bavail * room.f_frsize) < LEAST_FREE_BYTES:
            mega = free // 1_000_000
            raise CannotStart(f"only {mega} MB are free in {data}, 1,500 are needed; name another folder with --data")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise CannotStart(f"another run uses {data}; stop it or name another folder with --data") from None
    except CannotStart:
        lock.close()
        raise
    return lock


def _check_port(port: int) -> None:
    """Refuse a port that is taken; a killed run's web server may need a moment to let go of it."""
    deadline = time.monotonic() + 5
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise CannotStart(f"port {port} is taken; choose another with --port") from None
        time.sleep(0.1)


def _database(data: Path) -> tuple[str, embedded_postgres.Server | None]:
    """The database's address: the one given by ``DATABASE_URL``, or that of a server of our own."""
    url = os.environ.get("DATABASE_URL")
    if url:
        _check_database(url)
        return url, None
    server = _timed("starting PostgreSQL", lambda: embedded_postgres.start(data))
    server.create_database("nongqiao")
    return server.url("nongqiao"), server


def _check_database(url: str) -> None:
    try:
        psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), connect_timeout=5).close()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise CannotStart(f"DATABASE_URL does not answer ({reason}); start that server or unset DATABASE_URL") from None


def _environment(url: str, options: argparse.Namespace) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "NONGQIAO_DATA_DIR": str(options.data),
        "NONGQIAO_DEMO": "0" if options.no_demo else "1",
        "PUBLIC_URL": os.environ.get("PUBLIC_URL") or f"http://127.0.0.1:{options.port}",
        "PYTHONUNBUFFERED": "1",
    }


def _double_settings(environ: dict[str, str], options: argparse.Namespace) -> dict[str, str]:
    """What the shop needs to know of the stand-in for Stripe that this run starts; nothing when there is a real key.

    A shop over a database of its own is meant in earnest, and gets no stand-in that lets anybody "pay".
    Its port and secrets are kept in the data directory, so that pages opened before a restart are found again after it.
    """
    if environ.get("STRIPE_API_KEY"):
        return {}
    kept = options.data / "stripe-double.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    port = _free_port(known.get("port", 0))
    known = {"port": port, "key": f"sk_test_{secrets.token_hex(12)}", "secret": f"whsec_{secrets.token_hex(16)}"} | known
    known["port"] = port
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(known))
    address = f"http://127.0.0.1:{port}"
    return {"STRIPE_API_KEY": known["key"], "STRIPE_WEBHOOK_SECRET": known["secret"], "STRIPE_API_BASE": address}


def _free_port(wanted: int) -> int:
    """The port wanted if it is free, else any that is."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CannotStart("no port is free on 127.0.0.1")


def _start_double(environ: dict[str, str], options: argparse.Namespace) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "marketplace.demo.stripe_double", "--data", str(options.data)]
    command += ["--port", environ["STRIPE_API_BASE"].rpartition(":")[2]]
    command += ["--webhook", f"http://127.0.0.1:{options.port}/hooks/stripe"]
    return _spawn(command, environ, options.data / "stripe-double.log")


def _prepare(environ: dict[str, str], options: argparse.Namespace) -> None:
    """Bring the database up to date and fill it, by the command that could also be given by hand."""
    command = ["set-up", *([] if options.no_demo else ["--demo"])]
    done = subprocess.run(
        [sys.executable, "-m", "marketplace.cli", *command], env=environ, cwd=ROOT, preexec_fn=ending_with_parent(), check=False
    )
    if done.returncode:
        raise CannotStart(f"the step '{' '.join(command)}' failed (see above); nothing was left half-done")


def _timed(what: str, work: Callable[[], Result]) -> Result:
    began = time.monotonic()
    print(f"{what} ...", flush=True)
    result = work()
    print(f"{what}: {time.monotonic() - began:.1f} s", flush=True)
    return result


def _start_web(environ: dict[str, str], options: argparse.Namespace) -> "subprocess.Popen[bytes]":
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(options.port)),
        *("--workers", str(options.workers), "--blocking-threads", "4", "--no-ws", "--log-level", "warning"),
        *("--static-path-route", "/static", "--static-path-mount", str(ROOT / "marketplace" / "static")),
        *("--static-path-expires", "31536000", "--respawn-failed-workers", "--workers-kill-timeout", "10"),
        "wsgi:app",
    ]
    return _spawn(command, environ, options.data / "web.log")


def _start_worker(environ: dict[str, str], options: argparse.Namespace) -> "subprocess.Popen[bytes]":
    return _spawn([sys.executable, "-m", "marketplace.cli", "worker"], environ, options.data / "worker.log")


def _spawn(command: list[str], environ: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=environ,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=ending_with_parent(),
            # A terminal's interrupt reaches this process alone, which then ends its children in order.
            process_group=0,
        )


def _wait_until_answering(port: int, children: list["subprocess.Popen[bytes]"]) -> None:
    deadline = time.monotonic() + _WEB_ANSWERS_WITHIN_S
    while time.monotonic() < deadline:
        _check_alive(children)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise CannotStart(f"the web server did not answer within {_WEB_ANSWERS_WITHIN_S} s; see web.log in the data folder")


def _check_alive(children: list["subprocess.Popen[bytes]"]) -> None:
    # The stand-in is the last, and not there when there is a real key.
    for child, log in zip(children, ("web.log", "worker.log", "stripe-double.log"), strict=False):
        if child.poll() is not None:
            raise CannotStart(f"a part stopped with status {child.returncode}; see {log} in the data folder")


def _announce(options: argparse.Namespace) -> None:
    print(f"ready at http://127.0.0.1:{options.port}", flush=True)
    if not options.no_demo:
        print((options.data / "demo-accounts.txt").read_text(), flush=True)


def _watch(children: list["subprocess.Popen[bytes]"]) -> None:
    """Wait for a signal; a child that ends by itself ends the run."""
    while True:
        _check_alive(children)
        try:
            children[0].wait(timeout=1)
        except subprocess.TimeoutExpired:
            continue


def _end(children: list["subprocess.Popen[bytes]"]) -> None:
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
    for child in children:
        try:
            child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
