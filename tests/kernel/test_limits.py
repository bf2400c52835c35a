"""A caller has so many calls a minute, in whichever process they arrive."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from flask import Flask

from marketplace.kernel import embedded_postgres
from marketplace.kernel.limits import take_call
from tests.own_database import own_database, race

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
_names = count(1)


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    with own_database(database_server, data_dir, "limits") as app:
        yield app


@pytest.fixture
def caller(shop: Flask) -> Iterator[str]:
    with shop.app_context():
        yield f"caller {next(_names)}"


def test_all_calls_of_a_minute_may_come_at_once_and_one_more_must_wait(caller: str) -> None:
    lefts = [take_call(caller, 10, now=NOW).left for _ in range(10)]
    assert lefts == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    refused = take_call(caller, 10, now=NOW)
    assert (refused.left, refused.retry_after_s) == (0, 6)
    assert take_call(caller, 10, now=NOW + timedelta(seconds=5, milliseconds=999)).retry_after_s == 1
    assert take_call(caller, 10, now=NOW + timedelta(seconds=6)).retry_after_s == 0
    assert take_call(caller, 10, now=NOW + timedelta(seconds=6)).retry_after_s == 6


def test_what_was_refused_counts_for_nothing(caller: str) -> None:
    for _ in range(10):
        take_call(caller, 10, now=NOW)
    for _ in range(50):
        assert take_call(caller, 10, now=NOW).retry_after_s == 6
    assert take_call(caller, 10, now=NOW + timedelta(minutes=1)).left == 9


def test_one_caller_does_not_use_up_what_another_has(caller: str) -> None:
    for _ in range(3):
        take_call(caller, 3, now=NOW)
    assert take_call(caller, 3, now=NOW).retry_after_s > 0
    assert take_call(f"{caller} too", 3, now=NOW).left == 2


def test_of_many_calls_at_one_moment_exactly_the_allowance_goes_on(shop: Flask, caller: str) -> None:
    answers = race(shop, *[lambda: take_call(caller, 5, now=NOW) for _ in range(12)])
    assert sorted(answer.retry_after_s == 0 for answer in answers) == [False] * 7 + [True] * 5
