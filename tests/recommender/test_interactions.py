import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import Interactions, InvalidInteractionsError, Kind, RecommenderConfig
from recommender.history import build_history, merge_histories

DAY = 86_400.0
ONE = {"user_ids": [1], "item_ids": ["a"], "timestamps": [0.0], "kinds": "purchase"}

events = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 10**9), st.sampled_from(["view", "basket", "purchase"])),
    min_size=1,
    max_size=30,
    unique_by=lambda event: event[2],
)


def log_of(rows) -> Interactions:
    return Interactions.from_events(*(list(column) for column in zip(*rows, strict=True)))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("timestamps", [float("nan")], "timestamp"),
        ("timestamps", [float("inf")], "timestamp"),
        ("timestamps", [np.datetime64("NaT")], "timestamp"),
        ("timestamps", ["yesterday"], "timestamps"),
        ("timestamps", [0.0, 1.0], "timestamps has 2 rows"),
        ("item_ids", ["a", "b"], "item_ids has 2 rows"),
        ("kinds", ["sold"], "'sold'"),
        ("kinds", "sold", "sold"),
        ("kinds", [7], "Kind"),
        ("kinds", ["view", "view"], "kinds"),
        ("quantities", [0.0], "quantity"),
        ("quantities", [-1.0], "quantity"),
        ("quantities", [float("nan")], "quantities"),
        ("quantities", ["two"], "quantities"),
        ("weights", [-0.5], "weight"),
        ("weights", [float("nan")], "weights"),
        ("weights", [1.0, 1.0], "weights"),
        ("user_ids", [float("nan")], "NaN"),
        ("user_ids", [[1]], "hashable"),
    ],
)
def test_a_bad_column_is_refused_by_name(column, value, said):
    with pytest.raises(InvalidInteractionsError, match=said):
        Interactions.from_events(**(ONE | {column: value}))


def test_dates_are_read_as_utc_seconds_of_any_unit():
    days = np.array([datetime.date(1970, 1, 2)], dtype="datetime64[D]")
    nanoseconds = days.astype("datetime64[ns]")
    assert Interactions.from_events(**(ONE | {"timestamps": days})).timestamps.tolist() == [DAY]
    assert Interactions.from_events(**(ONE | {"timestamps": nanoseconds})).timestamps.tolist() == [DAY]


def test_kinds_may_be_names_or_codes():
    by_name = Interactions.from_events([1, 1, 1], ["a"] * 3, [0.0, 1.0, 2.0], ["view", "basket", "purchase"])
    by_code = Interactions.from_events([1, 1, 1], ["a"] * 3, [0.0, 1.0, 2.0], [Kind.VIEW, Kind.BASKET, Kind.PURCHASE])
    assert by_name.kinds.tolist() == by_code.kinds.tolist() == [0, 1, 2]


def test_ten_units_count_for_more_than_one_and_for_less_than_ten():
    amounts = Interactions.from_events([1] * 3, ["a"] * 3, [0.0, 1.0, 2.0], "purchase", quantities=[0.5, 1, 10]).amounts
    assert amounts.tolist() == pytest.approx([0.5, 1.0, 1 + np.log(10)])


@given(events, st.randoms())
def test_the_order_of_the_events_does_not_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, two = log_of(rows), log_of(shuffled)
    for name in ("user_numbers", "item_numbers", "timestamps", "kinds", "amounts"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


@given(events)
def test_a_history_is_the_decayed_sum_of_its_events(rows):
    log, config, now = log_of(rows), RecommenderConfig(), 10.0**9
    history = build_history(log, now, config)
    strength = dict(zip(["view", "basket", "purchase"], config.kind_confidences, strict=True))
    sums, counts = {}, {}
    for user, item, time, kind in rows:
        age = (now - time) / DAY
        sums[user, item] = sums.get((user, item), 0) + strength[kind] * 2 ** (-age / config.long_half_life_days)
        counts[user, item] = counts.get((user, item), 0) + (kind == "purchase")
    pairs = list(zip(log.users.ids(history.users).tolist(), log.items.ids(history.items).tolist(), strict=True))
    assert sorted(sums) == pairs
    assert history.frequency.tolist() == pytest.approx([sums[pair] for pair in pairs], rel=1e-5, abs=1e-30)
    assert history.purchases.tolist() == [counts[pair] for pair in pairs]


@given(events, st.integers(0, 10**9))
def test_a_history_grown_in_two_steps_is_the_history_of_all(rows, cut):
    log, config, now = log_of(rows), RecommenderConfig(), 10.0**9
    early = build_history(log.where(log.timestamps <= cut), float(cut), config)
    late = build_history(log.where(log.timestamps > cut), now, config)
    merged, whole = merge_histories(early, late, config), build_history(log, now, config)
    assert merged.indptr.tolist() == whole.indptr.tolist()
    assert merged.items.tolist() == whole.items.tolist()
    for name in ("frequency", "recent", "purchases", "first_age_days", "last_age_days"):
        assert getattr(merged, name).tolist() == pytest.approx(getattr(whole, name).tolist(), rel=1e-4, abs=1e-20)
