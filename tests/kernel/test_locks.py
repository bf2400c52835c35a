"""Locks by name, between connections."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from marketplace.kernel import embedded_postgres
from marketplace.kernel.locks import in_turn, is_held, only_one
from tests.own_database import own_database, race


@pytest.fixture
def app_of_its_own(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    with own_database(database_server, data_dir, "locks") as app:
        yield app


def test_those_who_come_at_once_take_turns(app_of_its_own: Flask) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter() -> None:
        for _ in range(20):
            with in_turn("a"):
                inside.append(1)
                most.append(len(inside))
                # Another connection asks for the same lock and does not get it.
                with only_one("a") as held:
                    assert held is None
                inside.pop()

    assert race(app_of_its_own, enter, enter, enter) == [None] * 3
    assert most == [1] * 60


def test_a_lock_is_free_again_after_an_exception_and_keeps_nobody_from_another(app_of_its_own: Flask) -> None:
    with app_of_its_own.app_context():
        with pytest.raises(ValueError, match="no"), in_turn("a"):
            assert is_held("a")
            with in_turn("b"):
                assert is_held("b")
            raise ValueError("no")
        assert not is_held("a")
        assert not is_held("b")
