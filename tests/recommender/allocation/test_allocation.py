"""The plan is the best there is, obeys every rule, and what the tilt costs is what an oracle written apart says it costs."""

from itertools import pairwise

import numpy as np
import pytest

from recommender.allocation import AllocationPolicy, AllocationProblem, InvalidAllocationError, Unmet, allocate
from recommender.allocation.allocating import Allocation
from tests.recommender.allocation.cases import oracle, random_case

CASES = 200
SHARES = (0.0, 0.2, 0.4, 0.7)
# Rounding down to whole grams gives up at most this much, in fen, on problems of a few hundred kilograms.
GRAM = 0.5


def obeys(problem: AllocationProblem, plan: Allocation) -> None:
    """Every rule that holds for any plan."""
    grams = plan.grams
    assert (grams >= 0).all()
    assert (np.bincount(problem.demand_number, grams, len(problem.wanted_g)) <= problem.wanted_g).all()
    assert (np.bincount(problem.supply_number, grams, len(problem.capacity_g)) <= problem.capacity_g).all()
    assert (grams[problem.surplus_fen_kg < 0] == 0).all()
    household = problem.household_number[problem.supply_number]
    for demand in range(len(problem.wanted_g)):
        mine = problem.demand_number == demand
        sold = np.bincount(household[mine], grams[mine], problem.households)
        giving = np.flatnonzero(sold > 0)
        assert (sold[giving] >= problem.least_lot_g[giving]).all()
        if problem.most_households[demand]:
            assert len(giving) <= problem.most_households[demand]
    served = np.bincount(problem.demand_number, grams, len(problem.wanted_g))
    assert np.array_equal(plan.unmet_g, problem.wanted_g - served.astype(np.int64))
    assert [reason is None for reason in plan.reasons] == (plan.unmet_g == 0).tolist()


@pytest.mark.parametrize("lots", [False, True], ids=["parts", "least lots"])
def test_every_plan_is_worth_what_the_oracle_says_and_the_share_never_falls_as_more_is_asked(lots: bool) -> None:
    impossible = 0
    for seed in range(CASES // 2):
        problem = random_case(seed, supplies=7 if lots else 9, lots=lots)
        shares, surpluses = [], []
        for share in SHARES:
            policy = AllocationPolicy(registered_share=share)
            plan, best = allocate(problem, policy), oracle(problem, policy)
            obeys(problem, plan)
            assert plan.in_time
            if best.possible:
                assert plan.share_attainable is None
                assert plan.registered_share >= share - 1e-12
                assert plan.surplus_fen == pytest.approx(best.surplus_fen, abs=GRAM, rel=2e-4)
            else:
                impossible += 1
                assert plan.share_attainable is not None and plan.share_attainable < share
                assert plan.registered_share == pytest.approx(plan.share_attainable, abs=1e-5)
            # Whole grams leave out a few of each pair.
            assert plan.grams.sum() / 1000 >= policy.fill_kept * best.fill_kg - 0.1
            shares.append(plan.registered_share)
            surpluses.append(plan.surplus_fen)
        assert all(later >= earlier - 1e-5 for earlier, later in pairwise(shares)), seed
        assert all(later <= earlier + GRAM for earlier, later in pairwise(surpluses)), seed
    assert impossible > 10


def test_without_a_share_the_plan_is_the_untilted_one_and_costs_nothing() -> None:
    for seed in range(20):
        plan = allocate(random_case(seed), AllocationPolicy())
        assert plan.surplus_fen == plan.untilted_surplus_fen
        assert (plan.tilt_price, plan.tilt_cost_fen_kg) == (0.0, 0.0)


def test_a_share_is_not_met_by_buying_less() -> None:
    # Without the fill's row the cheapest way to three quarters would be to leave the trader's 90 kg unbought.
    problem = AllocationProblem.of(
        wanted_g=[100_000],
        capacity_g=[90_000, 30_000],
        household_number=[0, 1],
        benefit=[0, 1],
        demand_number=[0, 0],
        supply_number=[0, 1],
        price_fen_kg=[400, 400],
        surplus_fen_kg=[300, 50],
    )
    plan = allocate(problem, AllocationPolicy(registered_share=0.75))

    assert plan.grams.sum() == pytest.approx(99_500, abs=10)
    assert plan.share_attainable == pytest.approx(30 / 99.5, rel=1e-6)
    assert plan.share_asked == 0.75


def test_the_duals_price_is_what_a_little_more_share_costs() -> None:
    checked = 0
    for seed in range(30):
        problem = random_case(seed, demands=6, supplies=24, lots=False)
        share = allocate(problem, AllocationPolicy()).untilted_share + 0.05
        one, two = (allocate(problem, AllocationPolicy(registered_share=share + step)) for step in (0.0, 0.01))
        if two.share_attainable is not None or one.tilt_price == 0:
            continue
        checked += 1
        lost = (one.bound_fen - two.bound_fen) / (0.01 * one.value_fen)
        assert one.tilt_price * 0.95 <= lost <= two.tilt_price * 1.05
    assert checked > 10


def test_a_supply_too_dear_to_bring_is_left_out_and_said() -> None:
    problem = AllocationProblem.of(
        wanted_g=[1000, 1000, 1000, 3000],
        capacity_g=[1000, 1000],
        household_number=[0, 1],
        benefit=[0, 0],
        demand_number=[1, 2, 3],
        supply_number=[0, 1, 1],
        price_fen_kg=[400, 400, 400],
        surplus_fen_kg=[-1, 5, 90],
    )
    plan = allocate(problem, AllocationPolicy())

    assert plan.grams.tolist() == [0, 0, 1000]
    assert plan.reasons == (Unmet.NO_SUPPLY, Unmet.NOT_WORTH_BRINGING, Unmet.SUPPLY_TAKEN, Unmet.SUPPLY_TAKEN)


def test_a_problem_without_pairs_or_demands_gives_an_empty_plan() -> None:
    empty: list[int] = []
    nothing = {"demand_number": empty, "supply_number": empty, "price_fen_kg": empty, "surplus_fen_kg": empty}
    plan = allocate(
        AllocationProblem.of(wanted_g=[500], capacity_g=empty, household_number=empty, benefit=empty, **nothing),
        AllocationPolicy(registered_share=0.3),
    )
    assert (plan.grams.tolist(), plan.reasons, plan.gap) == ([], (Unmet.NO_SUPPLY,), 0.0)
    assert plan.unmet_g.tolist() == [500]


def test_when_there_is_no_time_the_answer_is_a_plan_that_buys_nothing_and_says_so() -> None:
    problem = random_case(3, demands=40, supplies=4000)
    plan = allocate(problem, AllocationPolicy(registered_share=0.4), time_limit_s=1e-6)

    obeys(problem, plan)
    assert not plan.in_time
    assert plan.bound_fen >= plan.surplus_fen


def test_rounding_stays_close_to_the_bound_where_a_proof_would_take_too_long() -> None:
    for seed in range(4):
        problem = random_case(seed, demands=12, supplies=400, most=(0, 12, 20), wanted_kg=(200, 800))
        for share in (0.0, 0.3):
            plan = allocate(problem, AllocationPolicy(registered_share=share), time_limit_s=60)
            obeys(problem, plan)
            assert not plan.proved
            assert plan.gap < 0.01
            assert plan.registered_share >= share or plan.share_attainable is not None


def test_spreading_lets_more_registered_households_sell_and_its_gap_counts_the_reward() -> None:
    problem = random_case(11, demands=4, supplies=60, lots=False)

    def sellers(spread_fen_kg: float) -> int:
        plan = allocate(problem, AllocationPolicy(spread_fen_kg=spread_fen_kg))
        assert 0 <= plan.gap < 1e-3
        sold = np.bincount(problem.pair_household, plan.grams * problem.pair_benefit, problem.households)
        return int((sold > 0).sum())

    assert sellers(400.0) > sellers(0.0)


def test_the_same_problem_gives_the_same_plan() -> None:
    problem = random_case(5, demands=12, supplies=400)
    policy = AllocationPolicy(registered_share=0.3)
    assert np.array_equal(allocate(problem, policy).grams, allocate(problem, policy).grams)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wanted_g": [-1, 5]}, "wanted_g must not be negative"),
        ({"benefit": [0.5, 1.2]}, "benefit must lie between 0 and 1"),
        ({"price_fen_kg": [1, float("nan")]}, "price_fen_kg must be a list of finite numbers"),
        ({"price_fen_kg": [-3, 1]}, "price_fen_kg must not be negative"),
        ({"capacity_g": [1.5, 2]}, "capacity_g must be a list of whole numbers"),
        ({"supply_number": [0, 2]}, "supply_number names one that does not exist"),
        ({"demand_number": [0, 0], "supply_number": [1, 1]}, "one stands twice"),
        ({"surplus_fen_kg": [1]}, "surplus_fen_kg must have one entry per pair: 1 for 2"),
        ({"need": [1.0]}, "one entry per household"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(change: dict[str, list[float]], said: str) -> None:
    given: dict[str, list[float]] = {
        "wanted_g": [5, 5],
        "capacity_g": [5, 5],
        "household_number": [0, 1],
        "benefit": [0, 1],
        "demand_number": [0, 1],
        "supply_number": [0, 1],
        "price_fen_kg": [1, 1],
        "surplus_fen_kg": [1, 1],
    }
    with pytest.raises(InvalidAllocationError, match=said):
        AllocationProblem.of(**{**given, **change})


@pytest.mark.parametrize("settings", [{"registered_share": 1.1}, {"fill_kept": 0.0}, {"spread_fen_kg": -1.0}])
def test_a_policy_out_of_range_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidAllocationError):
        AllocationPolicy(**settings)
