"""Columns and amounts that cannot hold a wrong value."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from marketplace.kernel import clock, ids
from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import line_total_fen, split_fen
from marketplace.registry.models import RegistryRevision

_weights = st.dictionaries(st.integers(0, 99), st.integers(0, 10**9), min_size=1, max_size=12).filter(
    lambda weights: sum(weights.values()) > 0
)


def test_a_moment_without_a_zone_is_refused(session: Session) -> None:
    with pytest.raises(StatementError, match="without a time zone"), transaction():
        db.session.add(RegistryRevision(at=datetime(2026, 6, 15, 12), actor="test", reason="naive"))
    assert db.session.scalars(select(RegistryRevision.id)).all() == []


def test_a_moment_comes_back_in_utc_whatever_zone_it_was_given_in(session: Session) -> None:
    given_at = datetime(2026, 6, 15, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    with transaction():
        db.session.add(RegistryRevision(at=given_at, actor="test", reason="aware"))
    found = db.session.scalars(select(RegistryRevision.at)).one()
    assert (found, found.tzinfo) == (given_at, UTC)
    assert found.isoformat() == "2026-06-15T04:00:00.123456+00:00"


@given(st.integers(0, 10**15), _weights)
def test_the_parts_of_a_split_sum_to_the_whole_and_are_within_a_fen_of_fair(total_fen: int, weights: dict[int, int]) -> None:
    parts = split_fen(total_fen, weights)
    assert list(parts) == list(weights)
    assert sum(parts.values()) == total_fen
    whole = sum(weights.values())
    # Compared as whole numbers: part - 1 < total * weight / whole < part + 1.
    assert all((part - 1) * whole < total_fen * weights[key] < (part + 1) * whole for key, part in parts.items())
    assert all(part == 0 for key, part in parts.items() if weights[key] == 0)


@given(st.integers(0, 10**9), _weights, st.randoms())
def test_a_split_does_not_depend_on_the_order_of_its_weights(total_fen: int, weights: dict[int, int], random: object) -> None:
    shuffled = list(weights.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert split_fen(total_fen, dict(shuffled)) == split_fen(total_fen, weights)


@pytest.mark.parametrize(("total_fen", "weights"), [(-1, {1: 1}), (1, {}), (1, {1: 0}), (1, {1: 2, 2: -1})])
def test_a_split_that_cannot_be_is_refused(total_fen: int, weights: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="a split needs"):
        split_fen(total_fen, weights)


@pytest.mark.parametrize(
    ("price_fen", "quantity", "total_fen"),
    [(333, "1.5", 500), (333, "0.5", 167), (1, "0.1", 0), (5, "0.1", 1), (100_000_000, "9999", 999_900_000_000)],
)
def test_a_line_costs_its_price_times_its_quantity_half_fen_up(price_fen: int, quantity: str, total_fen: int) -> None:
    assert line_total_fen(price_fen, Decimal(quantity)) == total_fen


def test_the_day_of_the_market_begins_at_its_own_midnight() -> None:
    before = datetime(2026, 6, 15, 15, 59, 59, 999999, tzinfo=UTC)
    assert clock.local_day(before).isoformat() == "2026-06-15"
    assert clock.local_day(before + timedelta(microseconds=1)).isoformat() == "2026-06-16"
    start, end = clock.day_bounds(clock.local_day(before), clock.local_day(before))
    assert (start.isoformat(), end.isoformat()) == ("2026-06-14T16:00:00+00:00", "2026-06-15T16:00:00+00:00")


def test_public_ids_are_told_apart_and_made_of_plain_letters() -> None:
    made = [*(ids.public_id() for _ in range(500)), *ids.public_ids(500)]
    assert len(set(made)) == 1000
    assert {len(name) for name in made} == {14}
    assert set("".join(made)) <= set("23456789abcdefghjkmnpqrstvwxyz")
