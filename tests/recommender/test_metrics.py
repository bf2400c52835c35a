"""Measures: values a reader can compute, properties that must hold, input that must be refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from recommender import metrics
from recommender.policy import InvalidTiltInputError

amounts = st.lists(st.integers(0, 1000), min_size=1, max_size=30)


def test_a_perfect_list_has_ndcg_one_and_an_empty_one_zero():
    purchases = csr_matrix([[1, 1, 0], [0, 0, 1]])
    assert metrics.ndcg([[0, 1], [2, 0]], purchases).tolist() == [1.0, 1.0]
    assert metrics.ndcg([[2, -1], [-1, -1]], purchases).tolist() == [0.0, 0.0]


def test_a_consumer_without_purchases_is_left_out_of_means():
    purchases = csr_matrix([[1, 0], [0, 0]])
    assert math.isnan(metrics.ndcg([[0], [0]], purchases)[1])
    assert math.isnan(metrics.recall([[0], [0]], purchases)[1])
    assert metrics.mean_interval(metrics.ndcg([[0], [0]], purchases), np.random.default_rng(0)).estimate == 1.0


def test_an_explicit_zero_is_not_a_purchase():
    purchases = csr_matrix((np.array([0.0, 1.0]), (np.array([0, 0]), np.array([0, 1]))), (1, 2))
    assert metrics.recall([[0, -1]], purchases).tolist() == [0.0]


def test_item_minus_one_never_hits_the_last_item_of_the_consumer_before():
    assert not metrics.hits([[0], [-1]], csr_matrix([[0, 0, 1], [1, 0, 0]])).any()


@settings(max_examples=100, deadline=None)
@given(values=amounts)
def test_gini_lies_between_zero_and_one_and_ignores_scale_and_copies(values):
    found = metrics.gini(values)
    assert 0 <= found < 1
    assert metrics.gini([3 * one for one in values]) == pytest.approx(found, abs=1e-9)
    assert metrics.gini(values + values) == pytest.approx(found, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(values=amounts)
def test_gini_is_half_the_mean_difference_over_the_mean(values):
    amount = np.asarray(values, dtype=float)
    differences = np.abs(amount[:, None] - amount[None, :]).mean()
    expected = differences / (2 * amount.mean()) if amount.sum() else 0.0
    assert metrics.gini(values) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(values=amounts)
def test_a_lorenz_curve_runs_from_zero_to_one_below_the_diagonal(values):
    people, held = metrics.lorenz(values)
    assert people[0] == held[0] == 0
    assert people[-1] == held[-1] == 1
    assert (held <= people + 1e-12).all()
    assert (np.diff(held) >= -1e-12).all()


def test_weighting_by_severity_counts_a_household_by_its_need():
    assert metrics.gini([1.0, 3.0], [3.0, 1.0]) == pytest.approx(metrics.gini([1.0, 1.0, 1.0, 3.0]))


@pytest.mark.parametrize("values", [[], [-1.0, 2.0], [math.nan], [math.inf], [[1.0]]])
def test_a_lorenz_curve_of_impossible_amounts_is_refused(values):
    with pytest.raises(InvalidTiltInputError):
        metrics.lorenz(values)


def test_weights_that_are_all_zero_are_refused():
    with pytest.raises(InvalidTiltInputError):
        metrics.gini([1.0, 2.0], [0.0, 0.0])


def test_a_mean_interval_covers_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(120):
        found = metrics.mean_interval(rng.exponential(1.0, 80), rng, resamples=150)
        covered += found.low <= 1.0 <= found.high
    assert 0.86 <= covered / 120 <= 0.99


def test_pairing_makes_the_interval_of_a_small_steady_loss_exclude_zero():
    rng = np.random.default_rng(0)
    before = rng.exponential(1.0, 300)
    after = before * rng.uniform(0.9, 1.0, 300)
    change = metrics.relative_change_interval(after, before, rng)
    assert change.low < change.estimate < change.high < 0
    assert change.estimate == pytest.approx(after.sum() / before.sum() - 1)


def test_two_equal_methods_differ_by_nothing():
    values = np.random.default_rng(0).random(50)
    found = metrics.paired_difference_interval(values, values, values, np.random.default_rng(0))
    assert (found.estimate, found.low, found.high) == (0.0, 0.0, 0.0)


def test_draws_without_any_gain_to_compare_with_are_left_out_of_the_interval():
    found = metrics.relative_change_interval([0.0, 0.5], [0.0, 1.0], np.random.default_rng(0))
    assert (found.estimate, found.low, found.high) == (-0.5, -0.5, -0.5)
    nothing = metrics.relative_change_interval([0.0, 0.5], [0.0, 0.0], np.random.default_rng(0))
    assert math.isnan(nothing.estimate) and math.isnan(nothing.low)


def test_an_interval_without_consumers_is_refused():
    with pytest.raises(InvalidTiltInputError, match="at least one"):
        metrics.mean_interval([math.nan], np.random.default_rng(0))


def test_shapes_that_do_not_belong_together_are_refused():
    with pytest.raises(InvalidTiltInputError, match="purchases"):
        metrics.ndcg([[0], [1]], csr_matrix([[1]]))
    with pytest.raises(InvalidTiltInputError, match="position_weights"):
        metrics.exposure_share([[0, 1]], [0, 1], [1.0])


def test_empty_places_receive_no_exposure():
    assert metrics.exposure_share([[-1, -1]], [1.0], [1.0, 0.5]) == 0.0
    assert metrics.exposure_by_seller([[-1, 0]], [1.0], [0], [1.0, 0.5], 2).tolist() == [0.5, 0.0]
