"""Consumers may count differently; what they count changes no target and no guard, and the bound stays exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.consumer_weights import weights_by_utility
from recommender.policy import InvalidTiltInputError, TiltPolicy
from recommender.tilt import tilt_lists
from tests.recommender.test_tilt import crowd, markets, shares
from tests.recommender.test_tilt_structure import county_market
from tests.recommender.tilt_oracle import best_utility

WEIGHTS = 1 / np.log2([2, 3, 4])
COUNTS = np.array([0.25, 1.0, 2.0, 5.0])


@settings(max_examples=40, deadline=None)
@given(market=markets(), share=shares, guard=st.sampled_from([0.0, 0.5, 0.8]))
def test_the_bound_is_the_optimum_of_the_weighted_program(market, share, guard):
    relevance, benefit = market
    counts = COUNTS[: len(relevance)]
    result = tilt_lists(relevance, benefit, 3, TiltPolicy(share, consumer_guard=guard), consumer_weights=counts)
    best = best_utility(relevance, benefit, WEIGHTS, exposure_share=share, guard=guard, consumer_weights=counts)
    assert (result.kept_utility >= guard - 1e-9).all()
    if best is None:
        assert result.unmet
    elif not result.unmet:
        assert result.utility_bound == pytest.approx(best, abs=1e-6)
        assert result.weighted_utility <= best + 1e-9


@settings(max_examples=40, deadline=None)
@given(market=markets(), share=shares, guard=st.sampled_from([0.0, 0.8]))
def test_a_met_sales_share_is_bounded_by_the_weighted_program(market, share, guard):
    relevance, benefit = market
    counts = COUNTS[: len(relevance)]
    result = tilt_lists(relevance, benefit, 3, TiltPolicy(sales_share=share, consumer_guard=guard), consumer_weights=counts)
    best = best_utility(relevance, benefit, WEIGHTS, sales_share=share, guard=guard, consumer_weights=counts)
    if not result.unmet:
        assert result.sales_share >= share - 1e-9 or result.utility == 0
        assert result.weighted_utility <= best + 1e-9
        assert result.utility_bound >= best - 1e-7


@pytest.mark.parametrize(("guard", "gap"), [(0.0, 0.0005), (0.8, 0.005)])
@pytest.mark.parametrize("policy", [{"exposure_share": 0.3}, {"sales_share": 0.1}, {"exposure_share": 0.3, "sales_share": 0.1}])
def test_in_a_crowd_targets_are_met_and_the_weighted_gap_is_negligible(policy, guard, gap):
    relevance, benefit = crowd()
    counts = weights_by_utility(-np.sort(-relevance, axis=1)[:, :10] @ (1 / np.log2(np.arange(2, 12))), 0.5)
    result = tilt_lists(relevance, benefit, 10, TiltPolicy(**policy, consumer_guard=guard), consumer_weights=counts)
    assert result.unmet == ()
    assert 0 <= result.gap <= gap
    assert result.kept_utility.min() >= guard - 1e-9


def test_areas_and_floors_hold_under_weights_with_a_valid_bound():
    market = county_market()
    counts = np.random.default_rng(0).uniform(0.5, 2, 250)
    policy = TiltPolicy(0.3, per_area=True, household_floor=0.5, consumer_guard=0.5)
    result = tilt_lists(n=10, policy=policy, consumer_weights=counts, **market)
    assert result.unmet == ()
    assert 0 <= result.gap <= 0.02
    plain = tilt_lists(n=10, policy=policy, **market)
    assert result.weighted_utility > counts @ _utility(plain, market)


def _utility(result, market):
    shown = np.take_along_axis(market["relevance"], result.items, axis=1)
    return shown @ (1 / np.log2(np.arange(2, 12)))


def test_a_weight_moves_the_cost_to_those_who_count_less():
    relevance = [[0.5, 0.3], [0.5, 0.3]]
    lists = [tilt_lists(relevance, [0, 1], 1, TiltPolicy(0.5), consumer_weights=a).items.tolist() for a in ([1, 9], [9, 1])]
    assert lists == [[[1], [0]], [[0], [1]]]


def test_for_an_exposure_share_weights_are_a_scale_of_each_consumers_relevance():
    relevance, benefit = crowd(users=60)
    counts = np.random.default_rng(1).uniform(0.2, 5, 60)
    policy = TiltPolicy(0.3, consumer_guard=0.8)
    weighted = tilt_lists(relevance, benefit, 10, policy, consumer_weights=counts)
    scaled = tilt_lists(relevance * counts[:, None], benefit, 10, policy)
    assert weighted.utility_bound == pytest.approx(scaled.utility_bound, rel=1e-6)
    assert weighted.weighted_utility == pytest.approx(scaled.utility, rel=1e-3)


def test_weights_of_one_are_no_weights():
    relevance, benefit = crowd(users=60)
    policy = TiltPolicy(0.3, 0.1, consumer_guard=0.8)
    plain = tilt_lists(relevance, benefit, 10, policy)
    ones = tilt_lists(relevance, benefit, 10, policy, consumer_weights=np.ones(60))
    assert ones.items.tobytes() == plain.items.tobytes()
    assert plain.weighted_utility == plain.utility


def test_the_family_keeps_the_sum_and_an_exponent_of_one_counts_relative_losses_alike():
    utility = np.array([4.0, 1.0, 0.5])
    assert weights_by_utility(utility, 0.0).tolist() == [1, 1, 1]
    assert weights_by_utility(utility, 1.0) * utility == pytest.approx(np.full(3, 5.5 / 3))
    assert weights_by_utility([0.0, 2.0, 1.0], 0.5) @ [0, 2, 1] == pytest.approx(3)
    assert weights_by_utility([0.0, 0.0], 0.5).tolist() == [1, 1]


@pytest.mark.parametrize("counts", [[1.0], [[1.0], [1.0]], [1.0, 0.0], [1.0, -1.0], [1.0, np.nan], [1.0, np.inf]])
def test_weights_that_are_not_one_positive_number_per_consumer_are_refused(counts):
    with pytest.raises(InvalidTiltInputError, match="consumer_weights"):
        tilt_lists([[0.5, 0.4], [0.5, 0.4]], [0, 1], 1, TiltPolicy(0.2), consumer_weights=counts)


@pytest.mark.parametrize(("utility", "exponent"), [([-1.0], 0.5), ([np.nan], 0.5), ([[1.0]], 0.5), ([1.0], np.inf)])
def test_the_family_refuses_what_is_no_utility_and_no_exponent(utility, exponent):
    with pytest.raises(InvalidTiltInputError):
        weights_by_utility(utility, exponent)
