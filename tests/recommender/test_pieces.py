"""Cutting the work into pieces and threads changes nothing of what is learnt."""

import numpy as np
import pytest

from recommender import Recommender, RecommenderConfig, history
from recommender.blend import Lesson, _nearest, _newly_bought
from recommender.factors import start_factors
from recommender.features import total_history
from recommender.history import build_history
from recommender.kinds import kinds_of
from recommender.listings import empty_listings
from recommender.pieces import each_piece
from tests.recommender.shop_log import DAY, shop_features, shop_log

COLUMNS = ("indptr", "items", "frequency", "recent", "purchases", "first_age_days", "last_age_days")


@pytest.mark.parametrize("size", [1, 7, 25, 999])
@pytest.mark.parametrize("now", [-1.0, 40 * DAY, 120 * DAY])
def test_a_history_is_the_same_whatever_pieces_its_log_is_cut_into(monkeypatch, size, now):
    whole = build_history(shop_log(), now, RecommenderConfig())
    monkeypatch.setattr(history, "EVENTS_PER_PIECE", size)
    pieces = build_history(shop_log(), now, RecommenderConfig(threads=3))
    for name in COLUMNS:
        assert getattr(pieces, name).tobytes() == getattr(whole, name).tobytes(), name


def test_a_history_sums_the_events_of_each_pair_and_no_others():
    log, now, config = shop_log(), 60 * DAY, RecommenderConfig()
    found = build_history(log, now, config)
    expected: dict[tuple[int, int], float] = {}
    for user, item, at, kind in zip(log.user_numbers, log.item_numbers, log.timestamps, log.kinds, strict=True):
        if at <= now:
            worth = config.kind_confidences[kind] * 2 ** (-(now - at) / DAY / config.long_half_life_days)
            expected[int(user), int(item)] = expected.get((int(user), int(item)), 0.0) + worth
    pairs = list(zip(found.users.tolist(), found.items.tolist(), strict=True))
    assert pairs == sorted(expected)
    assert found.frequency == pytest.approx([expected[pair] for pair in pairs], rel=1e-5)


def test_the_number_of_threads_does_not_change_the_bytes_of_a_model():
    found = (RecommenderConfig(factors=4, threads=threads) for threads in (1, 2, 5))
    states = [Recommender(config).fit(shop_log(), shop_features()).state for config in found]
    for state in states[1:]:
        assert state.own_logits.tobytes() == states[0].own_logits.tobytes()
        assert state.stranger_logits.tobytes() == states[0].stranger_logits.tobytes()
        assert state.blend.item.tobytes() == states[0].blend.item.tobytes()


@pytest.mark.parametrize("most", [1, 5, 29, 150])
def test_the_nearest_items_are_the_best_open_ones_by_brute_force(monkeypatch, most):
    monkeypatch.setattr("recommender.blend.NEAREST_ITEMS", most)
    log, config = shop_log(), RecommenderConfig(factors=3)
    past = build_history(log, 90 * DAY, config)
    generator = np.random.default_rng(0)
    users, items = start_factors(past.n_users, config, generator), start_factors(past.n_items, config, generator)
    late = log.timestamps > 90 * DAY
    bought = np.unique(log.user_numbers[late].astype(np.int64) * past.n_items + log.item_numbers[late])
    totals = total_history(past, 28.0)
    lesson = Lesson(past, totals, users, items, kinds_of(empty_listings(past.n_items), totals.item_frequency), bought)
    everybody = np.arange(past.n_users, dtype=np.int32)
    new = [_newly_bought(lesson, user) for user in everybody.tolist()]
    found = _nearest(lesson, everybody, new, threads=2)
    for user in everybody.tolist():
        taken = set(past.items[past.row(user)].tolist()) | set(new[user].tolist())
        best = [item for item in np.argsort(-(items @ users[user]), kind="stable").tolist() if item not in taken][:most]
        assert found[user].tolist() == sorted(best)


def test_an_error_in_a_piece_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        each_piece(lambda piece: 1 // piece, [1, 0], threads=2)
