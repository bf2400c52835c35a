"""Tilted lists are the best there are: checked against a linear program written out in full."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from recommender.policy import InvalidTiltInputError, TiltPolicy
from recommender.tilt import tilt_lists
from tests.recommender.tilt_oracle import best_utility

WEIGHTS = 1 / np.log2([2, 3, 4])
shares = st.sampled_from([0.1, 0.25, 0.4, 0.6])


@st.composite
def markets(draw, binary=True):
    users, items = draw(st.integers(1, 4)), draw(st.integers(4, 7))
    chance = st.integers(0, 1000).map(lambda number: number / 1000)
    relevance = draw(arrays.arrays(np.float64, (users, items), elements=chance))
    level = st.sampled_from([0.0, 1.0]) if binary else st.integers(0, 40).map(lambda number: number / 40)
    return relevance, draw(arrays.arrays(np.float64, items, elements=level))


def crowd(users=400, items=120, seed=0, registered=0.3, penalty=0.4):
    """Make a market in which registered households hold the less wanted goods."""
    rng = np.random.default_rng(seed)
    benefit = (rng.random(items) < registered).astype(float)
    relevance = rng.beta(0.5, 8, (users, items)) * np.where(benefit > 0, penalty, 1.0)
    return relevance, benefit


@settings(max_examples=60, deadline=None)
@given(market=markets(), share=shares)
def test_the_bound_of_an_exposure_share_is_the_optimum_of_the_linear_program(market, share):
    relevance, benefit = market
    result = tilt_lists(relevance, benefit, 3, TiltPolicy(share))
    best = best_utility(relevance, benefit, WEIGHTS, exposure_share=share)
    if best is None:
        assert [one.constraint for one in result.unmet] == ["exposure_share"]
    else:
        assert result.unmet == ()
        assert result.exposure_share >= share - 1e-9
        assert result.utility_bound == pytest.approx(best, abs=1e-7)
        assert result.utility <= best + 1e-9


@settings(max_examples=40, deadline=None)
@given(market=markets(binary=False), share=shares)
def test_partial_benefit_keeps_the_bound_exact(market, share):
    relevance, benefit = market
    result = tilt_lists(relevance, benefit, 3, TiltPolicy(share))
    best = best_utility(relevance, benefit, WEIGHTS, exposure_share=share)
    assert (best is None) == bool(result.unmet)
    if best is not None:
        assert result.utility_bound == pytest.approx(best, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(market=markets(), share=shares)
def test_a_met_sales_share_is_bounded_by_the_linear_program(market, share):
    relevance, benefit = market
    result = tilt_lists(relevance, benefit, 3, TiltPolicy(sales_share=share))
    best = best_utility(relevance, benefit, WEIGHTS, sales_share=share)
    if not result.unmet:
        assert result.sales_share >= share - 1e-9 or result.utility == 0
        assert result.utility <= best + 1e-9
        assert result.utility_bound >= best - 1e-7


@settings(max_examples=40, deadline=None)
@given(market=markets(), share=shares, guard=st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_under_a_guard_the_bound_is_that_of_the_guarded_program_and_every_list_keeps_the_guard(market, share, guard):
    relevance, benefit = market
    result = tilt_lists(relevance, benefit, 3, TiltPolicy(share, consumer_guard=guard))
    assert (result.kept_utility >= guard - 1e-9).all()
    best = best_utility(relevance, benefit, WEIGHTS, exposure_share=share, guard=guard)
    if best is None:
        assert result.unmet
    elif not result.unmet:
        assert result.utility_bound == pytest.approx(best, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(market=markets(), exposure=shares, sales=shares)
def test_both_targets_together_are_met_or_said_to_be_missed(market, exposure, sales):
    relevance, benefit = market
    result = tilt_lists(relevance, benefit, 3, TiltPolicy(exposure, sales))
    missed = {one.constraint for one in result.unmet}
    assert (result.exposure_share >= exposure - 1e-8) != ("exposure_share" in missed)
    assert (result.sales_share >= sales - 1e-8) != ("sales_share" in missed)
    best = best_utility(relevance, benefit, WEIGHTS, exposure_share=exposure, sales_share=sales)
    if best is None:
        assert missed
    elif not missed:
        assert result.utility <= best + 1e-9
        assert result.utility_bound >= best - 1e-7


@pytest.mark.parametrize("share", [0.2, 0.3, 0.4])
def test_in_a_crowd_the_share_is_hit_to_a_thousandth_and_the_gap_is_negligible(share):
    relevance, benefit = crowd()
    result = tilt_lists(relevance, benefit, 10, TiltPolicy(share))
    assert share <= result.exposure_share <= share + 0.001
    assert result.gap <= 0.0005


@pytest.mark.parametrize("share", [0.10, 0.15, 0.20])
def test_in_a_crowd_the_sales_share_is_hit_to_a_thousandth_and_the_gap_is_negligible(share):
    relevance, benefit = crowd(penalty=0.2)
    result = tilt_lists(relevance, benefit, 10, TiltPolicy(sales_share=share))
    assert share <= result.sales_share <= share + 0.001
    assert result.gap <= 0.0005


def test_two_binding_targets_are_both_hit():
    relevance, benefit = crowd(penalty=0.2)
    assert tilt_lists(relevance, benefit, 10, TiltPolicy(0.3)).sales_share < 0.075
    assert tilt_lists(relevance, benefit, 10, TiltPolicy(sales_share=0.075)).exposure_share < 0.3
    both = tilt_lists(relevance, benefit, 10, TiltPolicy(0.3, 0.075))
    assert 0.3 <= both.exposure_share <= 0.301
    assert 0.075 <= both.sales_share <= 0.076
    assert both.multipliers.sales > 0 and both.multipliers.exposure[None] > 0
    assert both.gap <= 0.0005


def test_a_target_that_the_other_one_meets_costs_nothing():
    relevance, benefit = crowd(penalty=0.2)
    alone = tilt_lists(relevance, benefit, 10, TiltPolicy(0.3))
    both = tilt_lists(relevance, benefit, 10, TiltPolicy(0.3, 0.05))
    assert both.items.tolist() == alone.items.tolist()
    assert both.multipliers.sales == 0


def test_utility_falls_and_the_multiplier_rises_with_the_share():
    relevance, benefit = crowd()
    results = [tilt_lists(relevance, benefit, 10, TiltPolicy(share)) for share in (0.1, 0.2, 0.3, 0.4, 0.5)]
    utilities = [one.utility for one in results]
    prices = [one.multipliers.exposure[None] for one in results]
    assert utilities == sorted(utilities, reverse=True)
    assert prices == sorted(prices)


def test_a_tighter_guard_costs_utility():
    relevance, benefit = crowd()
    results = [tilt_lists(relevance, benefit, 10, TiltPolicy(0.3, consumer_guard=rho)) for rho in (0, 0.7, 0.8, 0.85)]
    utilities = [one.utility for one in results]
    assert utilities == sorted(utilities, reverse=True)
    assert all(one.exposure_share >= 0.3 for one in results)
    assert all(one.gap <= 0.005 for one in results)


def test_slack_of_the_guard_is_spent_on_lists_that_no_sort_gives():
    # Sorted lists keep all or nothing of the third place's good; exchanging one place keeps the guard and is closer.
    result = tilt_lists([[0.5, 0.4, 0.3]], [0, 0, 1], 2, TiltPolicy(0.3, consumer_guard=0.9))
    assert result.items.tolist() == [[0, 2]]
    assert result.kept_utility[0] >= 0.9
    assert result.unmet == ()


def test_without_a_target_the_lists_are_those_of_relevance():
    relevance, benefit = crowd()
    result = tilt_lists(relevance, benefit, 10, TiltPolicy())
    assert (result.items == np.argsort(-relevance, axis=1)[:, :10]).all()
    assert result.gap == 0
    assert (result.kept_utility == 1).all()


def test_a_target_that_relevance_meets_by_itself_changes_nothing():
    relevance, benefit = crowd(penalty=3.0)
    result = tilt_lists(relevance, benefit, 10, TiltPolicy(0.2))
    assert (result.items == np.argsort(-relevance, axis=1)[:, :10]).all()
    assert result.multipliers.exposure == {None: 0.0}


def test_top_candidates_per_consumer_give_the_lists_of_the_full_matrix():
    relevance, benefit = crowd()
    groups = [np.flatnonzero(benefit == level) for level in (0, 1)]
    top = [members[np.argsort(-relevance[:, members], axis=1)[:, :10]] for members in groups]
    candidates = np.concatenate([*top, np.full((400, 3), -1)], axis=1)
    scores = np.take_along_axis(relevance, np.maximum(candidates, 0), axis=1)
    scores[:, -3:] = np.nan
    full = tilt_lists(relevance, benefit, 10, TiltPolicy(0.3))
    listed = tilt_lists(scores, benefit, 10, TiltPolicy(0.3), candidates=candidates)
    assert (full.items == listed.items).all()
    assert full.utility == pytest.approx(listed.utility, rel=1e-12)


def test_without_registered_goods_the_nearest_point_is_relevance_and_the_miss_is_said():
    relevance, _ = crowd(users=5)
    result = tilt_lists(relevance, np.zeros(120), 10, TiltPolicy(0.3))
    assert (result.items == np.argsort(-relevance, axis=1)[:, :10]).all()
    assert [(one.constraint, one.wanted, one.reached) for one in result.unmet] == [("exposure_share", 0.3, 0.0)]
    assert result.unmet[0].shortfall == 0.3


def test_out_of_reach_shows_every_registered_good_there_is():
    result = tilt_lists([[0.5, 0.4, 0.3, 0.2]], [0, 0, 1, 1], 3, TiltPolicy(1.0))
    assert result.items.tolist() == [[2, 3, 0]]
    assert result.unmet[0].reached == pytest.approx((1 + 0.6309298) / (1 + 0.6309298 + 0.5))


def test_the_guard_makes_a_share_unattainable_and_the_reached_one_is_said():
    relevance, benefit = crowd(penalty=0.2)
    result = tilt_lists(relevance, benefit, 10, TiltPolicy(0.9, consumer_guard=0.95))
    assert result.exposure_share < 0.9
    assert result.unmet[0].reached == pytest.approx(result.exposure_share, rel=1e-12)
    assert (result.kept_utility >= 0.95 - 1e-9).all()
    assert result.gap >= 0


def test_more_places_than_candidates_are_filled_with_minus_one():
    result = tilt_lists([[0.5, 0.4]], [0, 1], 4, TiltPolicy(0.9))
    assert result.items.tolist() == [[1, 0, -1, -1]]
    assert result.exposure_share == pytest.approx(1 / (1 + 1 / np.log2(3)))


def test_one_consumer_and_one_item_are_a_market():
    result = tilt_lists([[0.5]], [1], 1, TiltPolicy(1.0, 1.0, consumer_guard=1.0))
    assert result.items.tolist() == [[0]]
    assert result.unmet == ()


def test_a_consumer_without_candidates_gets_an_empty_list():
    result = tilt_lists([[0.5, 0.4], [0, 0]], [0, 1], 2, TiltPolicy(0.5), candidates=[[0, 1], [-1, -1]])
    assert result.items.tolist() == [[1, 0], [-1, -1]]
    assert result.kept_utility[1] == 1


def test_same_data_give_the_same_bytes():
    relevance, benefit = crowd()
    first, second = (tilt_lists(relevance, benefit, 10, TiltPolicy(0.3, 0.2, consumer_guard=0.8)) for _ in range(2))
    assert first.items.tobytes() == second.items.tobytes()
    assert first.utility_bound == second.utility_bound


def test_items_are_int32_and_no_item_stands_twice_in_a_list():
    relevance, benefit = crowd()
    items = tilt_lists(relevance.astype(np.float32), benefit, 10, TiltPolicy(0.4, consumer_guard=0.8)).items
    assert items.dtype == np.int32
    assert all(len(set(row)) == 10 for row in items.tolist())


GOOD = {"relevance": [[0.5, 0.4]], "benefit": [0, 1], "n": 1, "policy": TiltPolicy(0.2)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"relevance": [[np.nan, 0.4]]}, "finite"),
        ({"relevance": [[np.inf, 0.4]]}, "finite"),
        ({"relevance": [0.5, 0.4]}, "shape"),
        ({"relevance": np.empty((0, 2))}, "shape"),
        ({"relevance": [["a", "b"]]}, "real numbers"),
        ({"relevance": [[0.5, 0.4, 0.3]]}, "3 items but benefit has 2"),
        ({"relevance": [[-0.5, 0.4]], "policy": TiltPolicy(sales_share=0.1)}, "not negative"),
        ({"relevance": [[-0.5, 0.4]], "policy": TiltPolicy(0.1, consumer_guard=0.5)}, "not negative"),
        ({"relevance": [[0.5, 0.4], [0.5]]}, "rows of one length"),
        ({"relevance": [[0.5, None]]}, "real numbers"),
        ({"relevance": [[0.5, 0.4j]]}, "real numbers"),
        ({"benefit": [0, 1.5]}, "between 0 and 1"),
        ({"benefit": [0, -0.1]}, "between 0 and 1"),
        ({"benefit": [0, "1"]}, "real numbers"),
        ({"benefit": [0, np.nan]}, "between 0 and 1"),
        ({"benefit": [[0, 1]]}, "benefit must have shape"),
        ({"n": 0}, "at least 1"),
        ({"n": 1.5}, "whole number"),
        ({"n": True}, "whole number"),
        ({"position_weights": [1, 0.5]}, r"shape \(1,\)"),
        ({"position_weights": [0.0]}, "positive"),
        ({"position_weights": [-1.0]}, "positive"),
        ({"position_weights": [np.nan]}, "positive"),
        ({"position_weights": ["first"]}, "real numbers"),
        ({"n": 2, "position_weights": [0.5, 1]}, "never rise"),
        ({"candidates": [[0, 2]]}, "does not know"),
        ({"candidates": [[0, -2]]}, "does not know"),
        ({"candidates": [[1, 1]]}, "twice"),
        ({"candidates": [[0.0, 1.0]]}, "whole numbers"),
        ({"candidates": [[0]]}, "shape of relevance"),
    ],
)
def test_each_bad_input_is_refused_by_name(change, said):
    with pytest.raises(InvalidTiltInputError, match=said):
        tilt_lists(**(GOOD | change))
