"""Demands matched with supplies, and beside it what simpler rules give: ``python -m benchmarks.allocation [--large]``.

Made problems, seeded: demands of 1 to 8 tonnes, supplies of 50 to 600 kg by households of which a third is registered and
dearer to serve (smaller lots, farther roads), prices around a market's, a least lot of 50 kg, at most 80 households for a
demand. *Small* is 100 demands and 10,000 supplies; ``--large`` adds 1,000 demands and 100,000 supplies in 100 counties, cut
into counties that share one price of the tilt. For each share asked: seconds, fill, surplus, registered share of value, the
tilt's cost per kilogram and the gap to the bound. Beside it, on the same problem: nearest first, cheapest first, and each
demand split in proportion to what its supplies have. Last, what a farm gains that is split in two.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from recommender.allocation import Allocation, AllocationPolicy, AllocationProblem, allocate

SHARES = (0.0, 0.2, 0.3)
LEAST_LOT_G = 50_000
MOST_HOUSEHOLDS = 80
GAP, SECONDS = {"small": 0.001, "large": 0.01}, {"small": 20.0, "large": 180.0}


def made_problem(counties: int, demands: int, supplies: int, fits: int, seed: int) -> tuple[AllocationProblem, np.ndarray]:
    """A problem whose demands buy within their own county, and the distance of each pair in km."""
    rng = np.random.default_rng(seed)
    demand_county = np.repeat(np.arange(counties), demands // counties)
    supply_county = np.repeat(np.arange(counties), supplies // counties)
    household = np.arange(supplies) * 2 // 3
    households = int(household.max()) + 1
    registered = rng.random(households) < 0.33
    where_demand, where_supply = rng.random((demands, 2)) * 60, rng.random((households, 2)) * 60
    demand_number, supply_number = [], []
    for county in range(counties):
        own = np.flatnonzero(supply_county == county)
        for demand in np.flatnonzero(demand_county == county):
            chosen = rng.choice(own, size=min(fits, len(own)), replace=False)
            demand_number.append(np.full(len(chosen), demand))
            supply_number.append(np.sort(chosen))
    pair_demand, pair_supply = np.concatenate(demand_number), np.concatenate(supply_number)
    pair_household = household[pair_supply]
    distance = np.linalg.norm(where_demand[pair_demand] - where_supply[pair_household], axis=1)
    distance = distance * np.where(registered[pair_household], 1.5, 1.0) + 2
    price = rng.integers(220, 420, supplies)[pair_supply]
    capacity = rng.integers(50, 600, supplies) * np.where(registered[household], 600, 1000)
    problem = AllocationProblem.of(
        wanted_g=rng.integers(1000, 8000, demands) * 1000,
        capacity_g=capacity,
        household_number=household,
        benefit=registered[household].astype(float),
        demand_number=pair_demand,
        supply_number=pair_supply,
        price_fen_kg=price,
        surplus_fen_kg=np.round(520 - price - 1.2 * distance),
        least_lot_g=np.full(households, LEAST_LOT_G),
        most_households=np.full(demands, MOST_HOUSEHOLDS),
    )
    return problem, distance


def greedy(problem: AllocationProblem, key: np.ndarray) -> np.ndarray:
    """Each demand in turn takes from its supplies in the order of ``key`` what it still wants, with the same rules."""
    left, wanted = problem.capacity_g.copy(), problem.wanted_g.copy()
    households = np.zeros(len(wanted), dtype=np.int64)
    grams = np.zeros(len(key), dtype=np.int64)
    for pair in np.lexsort((key, problem.demand_number)):
        demand, supply = problem.demand_number[pair], problem.supply_number[pair]
        take = min(left[supply], wanted[demand])
        if problem.surplus_fen_kg[pair] < 0 or take < LEAST_LOT_G or households[demand] >= MOST_HOUSEHOLDS:
            continue
        grams[pair] = take
        left[supply] -= take
        wanted[demand] -= take
        households[demand] += 1
    return grams


def proportional(problem: AllocationProblem) -> np.ndarray:
    """Each demand is split over its supplies in proportion to what they have left, largest first, as far as the rules allow."""
    left, grams = problem.capacity_g.copy(), np.zeros(len(problem.demand_number), dtype=np.int64)
    for demand in range(len(problem.wanted_g)):
        mine = np.flatnonzero((problem.demand_number == demand) & (problem.surplus_fen_kg >= 0))
        have = left[problem.supply_number[mine]]
        mine = mine[np.argsort(-have, kind="stable")][:MOST_HOUSEHOLDS]
        have = left[problem.supply_number[mine]]
        if not have.sum():
            continue
        share = np.minimum(have, (problem.wanted_g[demand] * (have / have.sum())).astype(np.int64))
        share[share < LEAST_LOT_G] = 0
        grams[mine] = share
        left[problem.supply_number[mine]] -= share
    return grams


def line(name: str, problem: AllocationProblem, grams: np.ndarray, seconds: float, gap: float | None = None) -> str:
    """One plan in figures."""
    kilograms = grams / 1000
    value = problem.price_fen_kg @ kilograms
    registered = (problem.pair_benefit * problem.price_fen_kg) @ kilograms / value if value else 0.0
    return (
        f"{name:<22}{seconds:>8.1f} s  fill {kilograms.sum() / (problem.wanted_g.sum() / 1000):.4f}  surplus/kg wanted "
        f"{problem.surplus_fen_kg @ kilograms / (problem.wanted_g.sum() / 1000):7.2f} fen  registered {registered:.4f}"
        + ("" if gap is None else f"  gap {gap:.5f}")
    )


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """What it gives, and the seconds it took."""
    began = time.perf_counter()
    found = work()
    return found, time.perf_counter() - began


def run(name: str, problem: AllocationProblem, distance: np.ndarray) -> None:
    """All plans of one problem."""
    print(f"\n{name}: {len(problem.wanted_g):,} demands, {len(problem.capacity_g):,} supplies, {len(distance):,} pairs")
    for share in SHARES:
        began = time.perf_counter()
        plan = allocate(problem, AllocationPolicy(registered_share=share), time_limit_s=SECONDS[name])
        seconds = time.perf_counter() - began
        print(line(f"share {share:.0%}", problem, plan.grams, seconds, plan.gap) + told(plan, name, seconds))
    for title, work in (
        ("nearest first", lambda: greedy(problem, distance)),
        ("cheapest first", lambda: greedy(problem, problem.price_fen_kg)),
        ("in proportion", lambda: proportional(problem)),
    ):
        print(line(title, problem, *timed(work)))


def told(plan: Allocation, name: str, seconds: float) -> str:
    """What the tilt costs, and whether what is demanded was reached."""
    reached = plan.gap <= GAP[name] and seconds <= SECONDS[name] and plan.in_time
    most = "" if plan.share_attainable is None else f", at most {plan.share_attainable:.3f} can be had"
    return (
        f"  tilt costs {plan.tilt_cost_fen_kg:.2f} fen/kg, a further fen {plan.tilt_price:.3f}{most}"
        f"  [{'reached' if reached else 'NOT REACHED'}: gap <= {GAP[name]:.1%} within {SECONDS[name]:.0f} s]"
    )


def split_farm(problem: AllocationProblem, farm: int, seed: int) -> AllocationProblem:
    """The same problem with one household split in two: each supply halved between them, its need too."""
    mine = np.flatnonzero(problem.household_number == farm)
    new = len(problem.capacity_g) + np.arange(len(mine))
    half = problem.capacity_g[mine] // 2
    capacity = problem.capacity_g.copy()
    capacity[mine] -= half
    of_pairs = np.flatnonzero(np.isin(problem.supply_number, mine))
    moved = new[np.searchsorted(mine, problem.supply_number[of_pairs])]
    need = np.append(problem.need, problem.need[farm] / 2)
    need[farm] /= 2
    return replace(
        problem,
        capacity_g=np.concatenate([capacity, half]),
        household_number=np.concatenate([problem.household_number, np.full(len(mine), problem.households)]),
        benefit=np.concatenate([problem.benefit, problem.benefit[mine]]),
        demand_number=np.concatenate([problem.demand_number, problem.demand_number[of_pairs]]),
        supply_number=np.concatenate([problem.supply_number, moved]),
        price_fen_kg=np.concatenate([problem.price_fen_kg, problem.price_fen_kg[of_pairs]]),
        surplus_fen_kg=np.concatenate([problem.surplus_fen_kg, problem.surplus_fen_kg[of_pairs]]),
        least_lot_g=np.append(problem.least_lot_g, problem.least_lot_g[farm]),
        need=need,
    )


def splitting(seed: int) -> None:
    """What registered farms sell, in kilograms, before and after they split."""
    problem, _ = made_problem(1, 10, 600, 200, seed)
    policy = AllocationPolicy(registered_share=0.3, spread_fen_kg=60.0)
    whole = allocate(problem, policy)
    sold = np.bincount(problem.pair_household, whole.grams, problem.households)
    registered = np.unique(problem.household_number[problem.benefit > 0])
    gains = []
    for farm in np.random.default_rng(seed).choice(registered, 20, replace=False):
        halves = split_farm(problem, int(farm), seed)
        plan = allocate(halves, policy)
        after = np.bincount(halves.pair_household, plan.grams, halves.households)
        gains.append((after[farm] + after[-1] - sold[farm]) / 1000)
    print(
        f"\nsplit in two, 20 registered farms: kilograms sold change by {np.mean(gains):+.1f} on average"
        f" ({min(gains):+.0f} to {max(gains):+.0f}; a farm sold {sold[registered].mean() / 1000:.0f} before)"
    )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    run("small", *made_problem(1, 100, 10_000, 320, given.seed))
    if given.large:
        run("large", *made_problem(100, 1000, 100_000, 320, given.seed))
    splitting(given.seed)


if __name__ == "__main__":
    main()
