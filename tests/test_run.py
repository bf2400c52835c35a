"""``dev.py run`` as its user meets it: start, stop, kill, start again, and every way in which it cannot start."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import psutil
import pytest

from marketplace import supervisor
from tests.browser.conftest import free_port

ROOT = Path(__file__).resolve().parents[1]


class Run:
    """One ``dev.py run --no-demo`` of a test, with what it has printed so far."""

    def __init__(self, data: Path, port: int, **environ: str) -> None:
        self.port = port
        self.lines: list[str] = []
        command = [sys.executable, "-m", "marketplace.supervisor", "--no-demo", "--workers", "1"]
        command += ["--data", str(data), "--port", str(port)]
        clean = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env={**clean, **environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def until(self, wanted: str) -> None:
        """Read what is printed until a line has the words; fail when the run ends without them."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if wanted in line:
                return
        raise AssertionError("\n".join(self.lines))

    def family(self) -> list[psutil.Process]:
        """Every process that belongs to it."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        """Kill what is left."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Starts runs and ends them."""
    runs: list[Run] = []

    def begin(name: str = "data", port: int | None = None, **environ: str) -> Run:
        runs.append(Run(tmp_path / name, port or free_port(), **environ))
        return runs[-1]

    yield begin
    families = [run.family() if run.process.poll() is None else [] for run in runs]
    for run in runs:
        run.end()
    for family in families:
        psutil.wait_procs(family, timeout=20)


class Visitor:
    """A browser's cookies and forms, without the browser."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        with self.opener.open(self.base + path, timeout=20) as answer:
            return str(answer.read().decode())

    def post(self, page: str, path: str, **fields: str) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page))
        assert token is not None
        data = urllib.parse.urlencode({"csrf_token": token.group(1), **fields}).encode()
        with self.opener.open(self.base + path, data=data, timeout=20) as answer:
            return str(answer.read().decode())


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all have ended within the time they may take."""
    _, alive = psutil.wait_procs(processes, timeout=25)
    return not alive


def test_killed_and_started_again_nothing_is_lost_and_a_signal_stops_every_child(start: Callable[..., Run]) -> None:
    first = start()
    first.until("ready at")
    Visitor(first.port).post("/sign-up", "/sign-up", login="13800000001", display_name="张三", password="a good password")
    family = first.family()
    assert len(family) >= 3
    first.process.send_signal(signal.SIGKILL)
    assert gone(family)

    second = start(port=first.port)
    second.until("ready at")
    page = Visitor(second.port).post("/sign-in", "/sign-in", login="13800000001", password="a good password")
    assert "张三" in page
    family = second.family()
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(timeout=40) == 0
    assert gone(family)


def test_a_run_without_a_key_starts_the_stand_in_for_stripe_and_finds_it_again(
    start: Callable[..., Run], tmp_path: Path
) -> None:
    first = start()
    first.until("ready at")
    kept = json.loads((tmp_path / "data" / "stripe-double.json").read_text())
    with urllib.request.urlopen(f"http://127.0.0.1:{kept['port']}/health", timeout=20) as answer:
        assert answer.read() == b"ok"
    assert (tmp_path / "data" / "stripe-double.json").stat().st_mode & 0o077 == 0
    family = first.family()
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(timeout=40) == 0
    assert gone(family)
    start().until("ready at")
    assert json.loads((tmp_path / "data" / "stripe-double.json").read_text()) == kept


def test_a_run_with_a_key_starts_no_stand_in(start: Callable[..., Run], tmp_path: Path) -> None:
    start(STRIPE_API_KEY="sk_test_1", STRIPE_WEBHOOK_SECRET="whsec_1").until("ready at")
    assert not (tmp_path / "data" / "stripe-double.json").exists()


def test_a_run_with_half_of_a_key_says_what_is_missing(start: Callable[..., Run]) -> None:
    run = start(STRIPE_API_KEY="sk_test_1")
    run.until("STRIPE_WEBHOOK_SECRET is not set")
    assert run.process.wait(timeout=40) == 1


def test_two_runs_with_two_folders_and_ports_live_side_by_side(start: Callable[..., Run]) -> None:
    one, two = start("one"), start("two")
    one.until("ready at")
    two.until("ready at")
    Visitor(one.port).post("/sign-up", "/sign-up", login="13800000002", display_name="李四", password="a good password")
    with pytest.raises(urllib.error.HTTPError) as refused:
        Visitor(two.port).post("/sign-in", "/sign-in", login="13800000002", password="a good password")
    assert refused.value.code == 401
    refused.value.close()


def test_a_second_run_on_the_same_folder_is_refused_in_one_line(start: Callable[..., Run]) -> None:
    start().until("ready at")
    second = start()
    assert second.process.wait(timeout=30) == 1
    second.until("another run uses")
    assert "--data" in second.lines[-1]


def test_a_taken_port_is_one_line_that_says_what_to_do(start: Callable[..., Run]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        run = start(port=other.getsockname()[1])
        assert run.process.wait(timeout=30) == 1
        run.until("is taken; choose another with --port")


def test_a_database_that_does_not_answer_is_one_line_that_says_what_to_do(start: Callable[..., Run]) -> None:
    run = start(DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    assert run.process.wait(timeout=30) == 1
    run.until("DATABASE_URL does not answer")
    assert "unset DATABASE_URL" in run.lines[-1]
    assert len(run.lines) == 1


def test_a_full_disk_is_one_line_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A file system of this size cannot be made without rights of its own, so what is asked of it is answered here.
    real = os.statvfs(tmp_path)

    class Full:
        f_bavail, f_frsize = 10, real.f_frsize

    monkeypatch.setattr(supervisor.os, "statvfs", lambda _: Full)
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        assert supervisor.main(["--no-demo", "--data", str(tmp_path), "--port", str(free_port())]) == 1
    finally:
        signal.signal(signal.SIGINT, handlers[0])
        signal.signal(signal.SIGTERM, handlers[1])
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "0 MB are free" in error
    assert "--data" in error


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        assert supervisor.main(["--no-demo", "--data", str(tmp_path / "file" / "x"), "--port", str(free_port())]) == 1
    finally:
        signal.signal(signal.SIGINT, handlers[0])
        signal.signal(signal.SIGTERM, handlers[1])
    assert capsys.readouterr().err.startswith("error: cannot write to")
