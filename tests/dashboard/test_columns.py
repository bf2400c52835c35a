"""Facts in memory: exact parts of any size, and room for a million rows."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, literal, null, select, union_all
from sqlalchemy.orm import Session

from marketplace.dashboard import columns
from marketplace.dashboard.columns import Facts, facts_between, numbered, part_of
from marketplace.dashboard.service import build_all
from marketplace.kernel.bulk import read_numbers
from marketplace.kernel.db import transaction
from tests import factories
from tests.dashboard.test_sales import buy
from tests.factories import TODAY

WHOLES = st.integers(0, 2**62)


@given(st.lists(st.tuples(WHOLES, WHOLES, WHOLES), max_size=8))
def test_a_part_is_rounded_down_exactly_however_large(rows: list[tuple[int, int, int]]) -> None:
    rows = [(amount, min(part, whole), whole) for amount, part, whole in rows]
    amounts, parts, wholes = np.array(rows, np.int64).reshape(-1, 3).T
    expected = [amount * part // whole if whole else 0 for amount, part, whole in rows]
    assert part_of(amounts, parts, wholes).tolist() == expected


@given(st.lists(st.integers(-(10**12), 10**12), max_size=20))
def test_values_are_numbered_from_the_least(values: list[int]) -> None:
    different, places = numbered(np.array(values, np.int64))
    assert different.tolist() == sorted(set(values))
    assert different[places].tolist() == values


def test_numbers_of_a_query_come_by_column(session: Session) -> None:
    rows = union_all(select(literal(1).label("a"), literal(-(2**62)).label("b")), select(literal(2), literal(7))).subquery()
    assert read_numbers(select(rows.c.a, rows.c.b)).tolist() == [[1, 2], [-(2**62), 7]]
    assert read_numbers(select(rows.c.a, rows.c.b).where(rows.c.a > 2)).shape == (2, 0)


def test_a_number_that_is_null_is_refused(session: Session) -> None:
    for columns_asked in ([literal(1).label("a"), null().cast(BigInteger).label("b")], [null().cast(BigInteger).label("a")]):
        with pytest.raises(ValueError, match="a number is null"):
            read_numbers(select(*columns_asked))


def test_areas_of_every_level_hold_what_is_inside_them() -> None:
    rows = np.zeros((len(columns.COLUMNS), 3), np.int64)
    # Two villages and a seller of a whole county.
    rows[columns.COLUMNS.index("area")] = [522636100001, 522636101001, 522636000000]
    facts = Facts(rows)
    assert [len(facts.inside(scope)) for scope in ("", "52", "522636", "522636100", "522636100001", "522635")] == [
        3,
        3,
        3,
        1,
        1,
        0,
    ]


def test_little_room_forgets_months_and_changes_no_figure(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction():
        listing = factories.listing(factories.producer(registered=True), price_fen=1000, stock=9)
    for days_ago in (0, 40, 80):
        buy((listing, 1), days_ago=days_ago)
    with transaction():
        build_all()
    monkeypatch.setattr(columns, "MOST_ROWS", 1)
    for _ in range(2):
        assert facts_between(date(2026, 1, 1), TODAY, daily=True)["total_fen"].tolist() == [1000, 1000, 1000]
    assert len(columns._store) == 1
