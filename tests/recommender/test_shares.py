"""A share with its interval: exact by hand, right as often as it says, strict about input."""

import numpy as np
import pytest

from recommender.policy import InvalidTiltInputError
from recommender.shares import share_with_interval


def test_the_interval_covers_the_true_share_about_as_often_as_it_says():
    covered = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        whole = rng.gamma(2.0, 3.0, 200)
        found = share_with_interval(whole * rng.beta(3, 7, 200), whole)
        covered += found.low <= 0.3 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_pieces_of_one_party_would_pass_for_evidence_if_they_were_not_summed_first():
    rng = np.random.default_rng(0)
    part = rng.random(40) * 10
    summed = share_with_interval(part, np.full(40, 10.0))
    split = share_with_interval(np.repeat(part / 4, 4), np.full(160, 2.5))
    assert split.estimate == pytest.approx(summed.estimate)
    assert split.error < 0.6 * summed.error


def test_one_party_or_nobody_who_adds_anything_leaves_the_interval_open():
    alone = share_with_interval([1.0, 0.0], [4.0, 0.0])
    assert (alone.estimate, alone.error, alone.low, alone.high) == (0.25, None, None, None)
    assert share_with_interval([], []) is None
    assert share_with_interval([0.0], [0.0]) is None


def test_the_ends_stay_within_nothing_and_everything():
    found = share_with_interval([0.0, 1.0], [1.0, 1.0])
    assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("part", "whole"), [([1.0], [1.0, 2.0]), ([2.0], [1.0]), ([-1.0], [1.0]), ([0.0], [np.nan]), ([[1]], [[1]])]
)
def test_parts_that_are_none_of_their_whole_are_refused(part, whole):
    with pytest.raises(InvalidTiltInputError):
        share_with_interval(part, whole)
