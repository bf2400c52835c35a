"""The real shop, with its demo and a trained recommender, behind the real web server, in a real browser."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from marketplace.kernel.processes import ending_with_parent
from tests.conftest import EVERY_TEST, ROOT, Demo

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


@dataclass(frozen=True)
class Site:
    """A running shop."""

    url: str
    demo: Demo


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_answering(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Return when the address answers; fail when the process ends first or three minutes have passed."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert process.poll() is None, "the web server stopped"
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError("the web server did not answer")


@pytest.fixture(scope="session")
def site(demo: Demo) -> Iterator[Site]:
    """The demo shop on a port of its own."""
    port = free_port()
    shop = Site(f"http://127.0.0.1:{port}", demo)
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "warning", "wsgi:app"]
    process = subprocess.Popen(command, env=demo.environ, cwd=ROOT, preexec_fn=ending_with_parent())
    try:
        wait_until_answering(f"{shop.url}/health", process)
        yield shop
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    if not CHROMIUM.exists() and not EVERY_TEST:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()
