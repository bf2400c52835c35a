"""Along the curve the share rises and the worth falls, and each point is a plan that is as good as its share allows."""

from itertools import pairwise

import numpy as np
import pytest

from recommender.allocation import AllocationPolicy, AllocationProblem, InvalidAllocationError, allocate, frontier
from tests.recommender.allocation.cases import oracle, random_case


@pytest.mark.parametrize("lots", [False, True], ids=["parts", "least lots"])
def test_the_share_rises_and_the_worth_falls_along_the_curve_and_no_plan_beats_a_point(lots: bool) -> None:
    drawn = 0
    for seed in range(5 if lots else 12):
        problem = random_case(seed, supplies=7 if lots else 9, lots=lots)
        curve = frontier(problem, AllocationPolicy(), points=4)
        shares = [point.plan.registered_share for point in curve]
        assert all(later > earlier for earlier, later in pairwise(shares))
        assert all(later.worth_fen < earlier.worth_fen for earlier, later in pairwise(curve))
        assert all(later.cost_fen_kg > earlier.cost_fen_kg for earlier, later in pairwise(curve))
        assert curve[0].cost_fen == 0
        assert shares[-1] == pytest.approx(allocate(problem, AllocationPolicy(registered_share=1.0)).registered_share, abs=1e-9)
        for point in curve:
            if point.plan.share_attainable is not None:
                # At the edge of what can be had a hair of share is worth any amount: its worth is the solver's last digit.
                continue
            # Asked for a hair less, because a share is met in whole grams.
            best = oracle(problem, AllocationPolicy(registered_share=max(0.0, point.plan.registered_share - 1e-6)))
            assert point.worth_fen == pytest.approx(best.surplus_fen, abs=0.5, rel=2e-4)
        drawn += len(curve)
    assert drawn > 12


def test_the_curve_stays_a_curve_where_least_lots_are_rounded_and_spread_is_rewarded() -> None:
    problem = random_case(2, demands=5, supplies=120, most=(0, 12, 20), wanted_kg=(200, 800))
    policy = AllocationPolicy(registered_share=0.35, spread_fen_kg=80.0)
    curve = frontier(problem, policy, points=5)

    assert len(curve) >= 4
    assert all(later.plan.registered_share > earlier.plan.registered_share for earlier, later in pairwise(curve))
    assert all(later.worth_fen < earlier.worth_fen for earlier, later in pairwise(curve))
    asked = [point for point in curve if point.plan.share_asked == 0.35]
    assert len(asked) == 1 and asked[0].plan.registered_share >= 0.35


def test_where_nobody_is_registered_the_curve_is_one_point() -> None:
    problem = random_case(1, lots=False)
    nobody = AllocationProblem.of(
        wanted_g=problem.wanted_g,
        capacity_g=problem.capacity_g,
        household_number=problem.household_number,
        benefit=np.zeros(len(problem.benefit)),
        demand_number=problem.demand_number,
        supply_number=problem.supply_number,
        price_fen_kg=problem.price_fen_kg,
        surplus_fen_kg=problem.surplus_fen_kg,
    )
    (point,) = frontier(nobody, AllocationPolicy(registered_share=0.3))
    assert (point.plan.registered_share, point.cost_fen, point.cost_fen_kg) == (0.0, 0.0, 0.0)


def test_without_time_for_more_the_curve_has_what_was_found() -> None:
    problem = random_case(3, demands=40, supplies=4000)
    curve = frontier(problem, AllocationPolicy(), time_limit_s=1e-6)
    assert len(curve) >= 1
    assert not curve[0].plan.in_time


@pytest.mark.parametrize(("points", "seconds"), [(1, 1.0), (5, 0.0)])
def test_a_curve_of_one_point_or_without_time_is_refused(points: int, seconds: float) -> None:
    with pytest.raises(InvalidAllocationError):
        frontier(random_case(1), AllocationPolicy(), points=points, time_limit_s=seconds)
