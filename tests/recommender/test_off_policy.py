"""The estimate of another policy from a log: unbiased enough, honest about its uncertainty, strict about input."""

import numpy as np
import pytest

from recommender.off_policy import estimate_reward
from recommender.policy import InvalidTiltInputError

BUYS = np.array([0.1, 0.3, 0.6])
LOGGING = np.array([0.6, 0.3, 0.1])
STUDIED = np.array([0.1, 0.2, 0.7])


def log_of(size, seed):
    rng = np.random.default_rng(seed)
    shown = rng.choice(3, size, p=LOGGING)
    return (rng.random(size) < BUYS[shown]).astype(float), LOGGING[shown], STUDIED[shown]


def test_the_interval_covers_the_true_reward_about_as_often_as_it_says():
    truth = float(BUYS @ STUDIED)
    covered = 0
    for seed in range(300):
        found = estimate_reward(*log_of(800, seed))
        covered += found.low <= truth <= found.high
    assert 0.90 <= covered / 300 <= 0.99


def test_the_estimate_of_the_logging_policy_is_the_plain_mean():
    reward, logged, _ = log_of(500, 0)
    found = estimate_reward(reward, logged, logged)
    assert found.estimate == pytest.approx(reward.mean())
    assert found.effective_size == pytest.approx(500)
    assert found.largest_weight_share == pytest.approx(1 / 500)


def test_adding_a_constant_to_every_reward_adds_it_to_the_estimate():
    reward, logged, studied = log_of(300, 1)
    plain, raised = estimate_reward(reward, logged, studied), estimate_reward(reward + 5, logged, studied)
    assert raised.estimate == pytest.approx(plain.estimate + 5)
    assert raised.high - raised.low == pytest.approx(plain.high - plain.low)


def test_clipping_weights_narrows_the_interval():
    reward, logged, studied = log_of(300, 2)
    wide = estimate_reward(reward, logged, studied)
    narrow = estimate_reward(reward, logged, studied, highest_weight=1.0)
    assert narrow.high - narrow.low < wide.high - wide.low
    assert narrow.effective_size > wide.effective_size


def test_a_log_that_rests_on_few_records_tells_nothing():
    reward, logged, _ = log_of(800, 3)
    assert estimate_reward(reward, logged, logged).is_telling
    assert not estimate_reward(reward[:99], logged[:99], logged[:99]).is_telling
    assert estimate_reward(reward[:100], logged[:100], logged[:100]).is_telling
    # One record in a thousand is shown three hundred times as often, and with it goes a quarter of all weight.
    rare, new = np.full(1000, 0.9), np.full(1000, 0.9)
    rare[0], new[0] = 0.003, 0.9
    found = estimate_reward(np.zeros(1000), rare, new)
    assert found.largest_weight_share == pytest.approx(300 / 1299)
    assert not found.is_telling


GOOD = {"reward": [1.0, 0.0], "logged_propensity": [0.5, 0.5], "new_propensity": [0.5, 0.5]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reward": [1.0]}, "one entry per"),
        ({"reward": [np.nan, 0.0]}, "finite"),
        ({"logged_propensity": [0.0, 0.5]}, "logged_propensity"),
        ({"logged_propensity": [np.nan, 0.5]}, "logged_propensity"),
        ({"new_propensity": [1.5, 0.5]}, "new_propensity"),
        ({"new_propensity": [0.0, 0.0]}, "says nothing"),
        ({"level": 1.0}, "level"),
        ({"highest_weight": 0.0}, "highest_weight"),
    ],
)
def test_each_bad_log_is_refused_by_name(change, said):
    with pytest.raises(InvalidTiltInputError, match=said):
        estimate_reward(**(GOOD | change))
