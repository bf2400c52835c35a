"""The alarm: how often it is false, how soon it is right, and when it ends."""

import numpy as np
import pytest

from recommender.drift import DriftRule
from recommender.policy import InvalidTiltInputError

RULE = DriftRule()
ERROR = 0.01


def stream(share, days, seed):
    """Days whose share varies by chance alone around one level."""
    rng = np.random.default_rng(seed)
    return [(float(one), ERROR) for one in rng.normal(share, ERROR, days)]


def days_until_alarm(share, seed, most=20_000):
    found = RULE.episodes(0.30, stream(share, most, seed))
    return found[0][0] + 1 if found else most


def test_a_share_at_the_edge_of_tolerance_rings_falsely_about_once_in_930_days():
    lengths = [days_until_alarm(0.29, seed) for seed in range(200)]
    assert 780 <= np.mean(lengths) <= 1100


def test_a_share_on_target_does_not_ring_in_ten_years():
    assert [RULE.episodes(0.30, stream(0.30, 3650, seed)) for seed in range(20)] == [[]] * 20


def test_a_share_one_error_below_the_edge_is_found_after_ten_days_on_average():
    assert 9 <= np.mean([days_until_alarm(0.28, seed) for seed in range(500)]) <= 12


def test_a_drift_that_sets_in_is_found_and_its_end_too():
    for seed in range(20):
        days = stream(0.30, 60, seed) + stream(0.26, 30, 100 + seed) + stream(0.30, 60, 200 + seed)
        ((first, last),) = RULE.episodes(0.30, days)
        assert 60 < first <= 70
        assert 90 < last <= 105


def test_no_alarm_rests_on_fewer_than_three_days_however_bad():
    assert RULE.episodes(0.30, [(0.0, 0.001)] * 2) == []
    assert RULE.episodes(0.30, [(0.0, 0.001)] * 3) == [(2, None)]


def test_days_that_say_nothing_change_nothing():
    short = (0.25, ERROR)
    assert RULE.episodes(0.30, [short, None, short, None, None, short]) == [(5, None)]


def test_more_than_the_target_is_never_an_alarm():
    assert RULE.episodes(0.30, [(0.9, 0.001)] * 50) == []


@pytest.mark.parametrize(
    "change", [{"tolerance": -0.1}, {"allowance": 3.0}, {"limit": 0.0}, {"least_error": 0.0}, {"most": 0.4}]
)
def test_a_rule_that_could_not_work_is_refused(change):
    with pytest.raises(InvalidTiltInputError):
        DriftRule(**change)
