import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import IdMap, InvalidInteractionsError, InvalidRequestError

outside_ids = st.one_of(
    st.integers(-(2**70), 2**70),
    st.text(max_size=4),
    st.uuids(),
    st.tuples(st.integers(0, 3), st.text(max_size=2)),
    st.none(),
)


@given(st.lists(outside_ids, max_size=20))
def test_every_id_gets_a_number_that_leads_back_to_it(column):
    ids, numbers = IdMap.from_column(column)
    assert len(ids) == len(set(column))
    assert ids.ids(numbers).tolist() == column
    assert ids.numbers(column).tolist() == numbers.tolist()


@given(st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=10), st.lists(outside_ids, max_size=10))
def test_an_id_is_known_exactly_when_it_was_given(column, asked):
    ids, _ = IdMap.from_column(column)
    for one, number in zip(asked, ids.numbers(asked), strict=True):
        assert (number >= 0) == (one in column)
        assert (one in ids) == (one in column)


@given(st.lists(outside_ids, max_size=10), st.lists(outside_ids, max_size=10))
def test_an_extended_map_keeps_every_number(first, second):
    ids, _ = IdMap.from_column(first)
    longer = ids.extended(second)
    assert longer.values[: len(ids)].tolist() == ids.values.tolist()
    assert set(longer.values.tolist()) == set(first) | set(second)


def test_a_whole_number_and_its_digits_are_two_ids():
    ids, _ = IdMap.from_column([1, "1"])
    assert ids.numbers([1, "1", 2]).tolist() == [0, 1, -1]


def test_numpy_columns_are_read_like_lists():
    assert IdMap(np.array([5, 3], dtype=np.int32)).numbers([3, 5]).tolist() == [1, 0]
    assert IdMap(np.array(["b", "a"])).number("a") == 1
    assert IdMap(np.array([2**63], dtype=np.uint64)).number(2**63) == 0


@pytest.mark.parametrize("column", [[1, 1], ["a", "a"], [uuid.UUID(int=1)] * 2, [float("nan")], [[1]], np.eye(2)])
def test_ids_that_repeat_or_cannot_be_ids_are_refused(column):
    with pytest.raises(InvalidInteractionsError):
        IdMap(column)


def test_a_single_string_is_not_a_column_of_its_letters():
    with pytest.raises(InvalidInteractionsError):
        IdMap("abc")


@pytest.mark.parametrize("number", [-1, 2])
def test_a_number_without_an_id_is_refused(number):
    with pytest.raises(InvalidRequestError):
        IdMap(["a", "b"]).ids([number])
