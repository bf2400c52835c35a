"""No log tells by what somebody can be found or let in, whoever writes it and however it is written."""

import io
import logging
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from marketplace.kernel import embedded_postgres, ids, logs
from tests.browser.conftest import free_port, wait_until_answering
from tests.conftest import ROOT
from tests.own_database import own_database

CANARIES = [
    "13800001234",
    "138 0000 1234",
    "+86-13800001234",
    "8613800001234",
    "0855-3612345",
    "11010519491231002X",
    "110105194912310029",
    "5226361000010017",
    "6222020000001234567",
    "6222 0200 0000 1234",
    "wang.xm@mail.example.org",
    "wang%40example.org",
    "k3x9p-2mq7w",
    "Zb3kQ9vX0aLm2TnY7cRpW5sDfGhJ1uIoE8iBxK4yMwA",
]


PATHS = ["/n/7k2mp9xw4q", "/letters/unsubscribe/eyJhIjox.Zm9v.c2ln", "/search?q=13800001234", "/x/11010519491231002X"]
AROUND = ["{}", "电话{}。", "id={}&x=1", '{{"a": "{}"}}', "(DETAIL: Key (login)=({}) already exists.)", "/x/{}?y"]


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("around", AROUND)
def test_what_names_somebody_is_masked_wherever_it_stands(canary: str, around: str) -> None:
    masked = logs.mask(around.format(canary))
    assert canary not in masked
    assert masked == around.format("***")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET /n/7k2mp9xw4q HTTP/1.1", "GET /n/*** HTTP/1.1"),
        ("/letters/unsubscribe/eyJhIjox.Zm9v.c2ln?x=1", "/letters/unsubscribe/***?x=1"),
        ("login=wang&password=horse+battery&next=/", "login=wang&password=***&next=/"),
        ('{"login": "wang", "code": "123456"}', '{"login": "wang", "code": "***"}'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("Cookie: session=.eJw-x.y_z; locale=en", "Cookie: session=***; locale=en"),
        ("postgresql://nongqiao:sesame@db.example/shop", "postgresql://***@db.example/shop"),
    ],
)
def test_what_lets_somebody_in_is_masked(text: str, masked: str) -> None:
    assert logs.mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-26 05:45:34,123 marketplace.payments WARNING payout 7gqk3mxw9p2hfz is left for the next time",
        "area 522636100001, order NQ261124-7F3K9M, 1,234,567 rows in 12.5 s at 1764136000.123456",
        'File "/srv/marketplace/orders/collecting.py", line 327, in sweep_payments_that_wait_for_their_provider',
        "GET /orders/23456789abcdef?after=3 200 12.345",
        "ck_second_factor_confirmed_by_a_code at migrations/versions/0023_privacy.py",
    ],
)
def test_what_a_keeper_of_the_server_needs_stays(text: str) -> None:
    assert logs.mask(text) == text


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a logger of anybody writes, with a handler and format of its own."""
    factory, out = logging.getLogRecordFactory(), io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(name)s|%(message)s"))
    anybody = logging.getLogger("anybody")
    anybody.addHandler(handler)
    anybody.propagate = False
    logs.begin()
    yield out
    logging.setLogRecordFactory(factory)
    anybody.removeHandler(handler)
    anybody.propagate = True


def test_arguments_tracebacks_and_stacks_are_masked_before_any_handler(written: io.StringIO) -> None:
    log = logging.getLogger("anybody")
    log.warning("%s called", "13800001234")
    log.warning("%(path)s by %(who)s", {"path": "/n/7k2mp9xw4q", "who": "wang@example.org"})
    try:
        raise ValueError("no account of 6222020000001234567")
    except ValueError:
        log.exception("failed for %s", "11010519491231002X", stack_info=True)
    lines = written.getvalue().splitlines()
    assert lines[:3] == ["anybody|*** called", "anybody|/n/*** by ***", "anybody|failed for ***"]
    assert "ValueError: no account of ***" in lines
    assert not any(canary in written.getvalue() for canary in ("13800001234", "6222020000001234567", "11010519491231002X"))


@pytest.fixture(scope="module")
def place(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    with own_database(database_server, data_dir, "logs") as app:
        yield app


def test_a_running_server_writes_none_of_them_into_its_logs(place: Flask, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "web.log"
    token = ids.secret_token()
    environ = {
        **os.environ,
        "DATABASE_URL": place.extensions["settings"].database_url,
        "NONGQIAO_DATA_DIR": str(tmp_path),
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
    fmt = "%(method)s %(path)s?%(query_string)s %(header{Authorization})s %(header{Referer})s %(status)d"
    command += ["--log-level", "info", "--access-log", "--access-log-fmt", fmt, "wsgi:app"]
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output)
        try:
            wait_until_answering(f"{url}/health", process)
            for path in PATHS:
                headers = {"Authorization": f"Bearer {token}", "Referer": f"{url}/n/7k2mp9xw4q"}
                try:
                    urllib.request.urlopen(urllib.request.Request(f"{url}{path}", headers=headers), timeout=30).close()
                except urllib.error.HTTPError as answer:
                    answer.close()
            wait_for_lines(log, len(PATHS))
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert requests_in(log) == [
        f"GET /n/***? Bearer *** {url}/n/*** 404",
        f"GET /letters/unsubscribe/***? Bearer *** {url}/n/*** 404",
        f"GET /search?q=*** Bearer *** {url}/n/*** 200",
        f"GET /x/***? Bearer *** {url}/n/*** 404",
    ]
    text = log.read_text()
    for canary in (token, "7k2mp9xw4q", "eyJhIjox", "13800001234", "11010519491231002X"):
        assert canary not in text


def requests_in(log: Path) -> list[str]:
    """The lines of requests but those that asked whether the server is up."""
    return [line for line in log.read_text().splitlines() if line.startswith("GET /") and "/health" not in line]


def wait_for_lines(log: Path, number: int) -> None:
    """Look again until so many requests have been written down, which is after they are answered."""
    deadline = time.monotonic() + 30
    while len(requests_in(log)) < number:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
