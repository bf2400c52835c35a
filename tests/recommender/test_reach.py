"""What is out of reach is said with the most that any lists reach, and with what stands in the way."""

import numpy as np
import pytest
from hypothesis import given, settings

from recommender.policy import TiltPolicy
from recommender.reach import largest_share
from recommender.shortlists import build_shortlists
from recommender.tilt import tilt_lists
from tests.recommender.test_tilt import crowd, markets
from tests.recommender.test_tilt_structure import county_market
from tests.recommender.tilt_oracle import best_utility, largest_exposure_share

WEIGHTS = 1 / np.log2([2, 3, 4])


@pytest.mark.parametrize("guard", [0.5, 0.8, 0.95, 1.0])
@settings(max_examples=20, deadline=None)
@given(market=markets())
def test_the_largest_exposure_share_is_that_of_the_linear_program(guard, market):
    relevance, benefit = market
    best = largest_exposure_share(relevance, benefit, WEIGHTS, guard)
    result = tilt_lists(relevance, benefit, 3, TiltPolicy(1.0, consumer_guard=guard))
    assert result.exposure_share <= best + 1e-9
    if result.unmet:
        assert result.unmet[0].largest == pytest.approx(best, abs=1e-7)
    else:
        assert best == pytest.approx(1)


@settings(max_examples=30, deadline=None)
@given(market=markets())
def test_a_share_below_the_largest_one_has_lists_and_one_above_it_has_none(market):
    relevance, benefit = market
    # Named one by one, no candidate is left out for being worse than others in every respect.
    every_item = np.tile(np.arange(benefit.size), (len(relevance), 1))
    shortlists = build_shortlists(relevance, benefit, 3, WEIGHTS, every_item)
    least = 0.9 * (-np.sort(-relevance, axis=1)[:, :3] @ WEIGHTS)
    sold = shortlists.relevance * shortlists.benefit
    largest = largest_share(shortlists, sold, shortlists.relevance, least)
    if 0.01 < largest < 0.99:
        # Shares have no scale; large numbers keep the program's own tolerance small.
        assert best_utility(1000 * relevance, benefit, WEIGHTS, sales_share=largest - 1e-4, guard=0.9) is not None
        assert best_utility(1000 * relevance, benefit, WEIGHTS, sales_share=largest + 1e-4, guard=0.9) is None


def test_a_share_that_only_the_guard_forbids_names_the_guard_and_the_largest_share():
    relevance, benefit = crowd(penalty=0.2)
    missed = tilt_lists(relevance, benefit, 10, TiltPolicy(0.9, consumer_guard=0.95)).unmet[0]
    assert (missed.constraint, missed.limited_by) == ("exposure_share", "consumer_guard")
    assert missed.reached <= missed.largest < 0.9
    attainable = tilt_lists(relevance, benefit, 10, TiltPolicy(missed.reached, consumer_guard=0.95))
    assert attainable.unmet == ()
    # So tight a guard leaves fixed lists less than a place; randomised ones use it up.
    assert missed.largest - missed.reached < 0.015


def test_a_share_that_too_few_goods_forbid_names_the_candidates():
    missed = tilt_lists([[0.5, 0.4, 0.3]], [0, 0, 1], 2, TiltPolicy(1.0, consumer_guard=0.5)).unmet[0]
    assert missed.limited_by == "candidates"
    assert missed.largest == pytest.approx(1 / (1 + 1 / np.log2(3)))


def test_a_sales_share_out_of_reach_is_said_with_the_largest_one():
    # Each good fills the one place; half-and-half keeps 0.4 of 0.5, and 0.15 of that 0.4 is sold by the household.
    missed = tilt_lists([[0.5, 0.3]], [0, 1], 1, TiltPolicy(sales_share=0.5, consumer_guard=0.8)).unmet[0]
    assert (missed.constraint, missed.limited_by, missed.reached) == ("sales_share", "consumer_guard", 0.0)
    assert missed.largest == pytest.approx(0.375)


def test_a_missed_floor_names_the_household_and_the_most_it_could_be_given():
    relevance = [[0.5, 0.4, 0.1], [0.5, 0.4, 0.1]]
    policy = TiltPolicy(0.5, household_floor=1.0, consumer_guard=0.9)
    result = tilt_lists(relevance, [0, 1, 1], 1, policy, seller=[0, 1, 2], area=[0, 0, 0])
    (missed,) = (one for one in result.unmet if one.subject == 2)
    # Each is owed a quarter of two places. A guard of .9 leaves the household .05 / .4 of each list.
    assert (missed.constraint, missed.limited_by) == ("household_floor", "consumer_guard")
    assert (missed.wanted, missed.reached) == (0.5, 0.0)
    assert missed.largest == pytest.approx(0.25)


def test_a_household_that_nobody_can_be_shown_is_limited_by_the_candidates():
    result = tilt_lists(
        [[0.5], [0.4]], [0, 1, 1], 1, TiltPolicy(0.5, household_floor=1.0), seller=[0, 1, 2], candidates=[[0], [1]]
    )
    (missed,) = result.unmet
    assert (missed.subject, missed.wanted, missed.reached, missed.largest) == (2, 0.5, 0.0, 0.0)
    assert missed.limited_by == "candidates"


def test_an_area_out_of_reach_is_said_with_its_number_and_its_largest_share():
    relevance, benefit, area = [[0.5, 0.1]], [0, 1], [7, 7]
    policy = TiltPolicy(0.5, per_area=True, consumer_guard=0.9)
    whole, missed = tilt_lists(relevance, benefit, 1, policy, area=area).unmet
    assert (missed.constraint, missed.subject, missed.limited_by) == ("area_exposure_share", 7, "consumer_guard")
    assert (whole.constraint, whole.subject, whole.limited_by) == ("exposure_share", None, "consumer_guard")
    assert (missed.wanted, missed.reached) == (0.5, 0.0)
    assert missed.largest == pytest.approx(0.125)


def test_floors_that_fit_alone_but_not_together_name_each_other():
    # Each household is owed half of the exposure 1 + 0.63, and only one of them can have the first place.
    result = tilt_lists([[0.5, 0.4, 0.3]], [0, 1, 1], 2, TiltPolicy(1.0, household_floor=1.0), seller=[0, 1, 2])
    (missed,) = result.unmet
    assert (missed.constraint, missed.limited_by) == ("household_floor", "other_targets")
    assert (missed.reached, missed.largest) == pytest.approx((1 / np.log2(3), 1.0))


def test_areas_that_fit_alone_but_not_together_say_that_the_guard_forbids_the_whole():
    market = county_market(users=60, penalty=0.2)
    whole, *areas = tilt_lists(n=10, policy=TiltPolicy(0.8, per_area=True, consumer_guard=0.8), **market).unmet
    assert (whole.constraint, whole.limited_by) == ("exposure_share", "consumer_guard")
    assert whole.reached <= whole.largest < 0.5
    assert [one.subject for one in areas] == [0, 1, 2, 3]
    assert {one.limited_by for one in areas} == {"other_targets"}


@pytest.mark.parametrize("policy", [TiltPolicy(sales_share=0.9, consumer_guard=0.9), TiltPolicy(0.3, 0.5, consumer_guard=0.8)])
def test_a_sales_share_out_of_reach_is_certified_for_the_point_that_was_reached(policy):
    relevance, benefit = crowd(penalty=0.2)
    result = tilt_lists(relevance, benefit, 10, policy)
    assert result.unmet[-1].reached == pytest.approx(result.sales_share)
    assert 0 <= result.gap < 0.02


def test_one_consumer_alone_is_served_per_area_and_what_is_missed_is_said():
    result = tilt_lists([[0.5, 0.4]], [0, 1], 1, TiltPolicy(0.5, per_area=True), area=[3, 3])
    assert result.items.tolist() == [[1]]
    assert result.unmet == ()
    (missed,) = tilt_lists([[0.5]], [0], 1, TiltPolicy(0.5), area=[3]).unmet
    assert (missed.constraint, missed.limited_by, missed.largest) == ("exposure_share", "candidates", 0.0)
