"""Problems for the allocation's tests, and an oracle written apart from it: one dense mixed-integer programme, in grams."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from recommender.allocation import AllocationPolicy, AllocationProblem


def random_case(
    seed: int,
    *,
    demands: int = 3,
    supplies: int = 9,
    lots: bool = True,
    most: tuple[int, ...] = (0, 2, 3),
    wanted_kg: tuple[int, int] = (20, 200),
) -> AllocationProblem:
    """A small problem with everything in it: several supplies of a household, benefits, least lots, limits, dear transport."""
    rng = np.random.default_rng(seed)
    household = rng.integers(0, max(2, supplies * 2 // 3), supplies)
    household = np.unique(household, return_inverse=True)[1]
    households = int(household.max()) + 1
    registered = rng.random(households) < 0.4
    fits = rng.random((demands, supplies)) < 0.7
    demand_number, supply_number = np.nonzero(fits)
    price = rng.integers(200, 900, len(demand_number))
    poorer = np.where(registered[household[supply_number]], rng.integers(0, 250, len(demand_number)), 0)
    return AllocationProblem.of(
        wanted_g=rng.integers(*wanted_kg, demands) * 1000,
        capacity_g=rng.integers(5, 80, supplies) * 1000,
        household_number=household,
        benefit=np.where(registered[household], rng.choice([1.0, 1.0, 0.5], supplies), 0.0),
        demand_number=demand_number,
        supply_number=supply_number,
        price_fen_kg=price,
        surplus_fen_kg=rng.integers(-40, 500, len(demand_number)) - poorer,
        least_lot_g=rng.choice([0, 5000, 12_000], households) if lots else None,
        most_households=rng.choice(most, demands) if lots else None,
    )


@dataclass(frozen=True)
class Answer:
    """The oracle's: the greatest fill, the greatest surplus with the share, and whether the share can be had."""

    fill_kg: float
    surplus_fen: float
    possible: bool


def oracle(problem: AllocationProblem, policy: AllocationPolicy) -> Answer:
    """Fill first, then surplus under the share, each by one programme with a switch for every household of a demand."""
    pairs, demands, supplies = len(problem.demand_number), len(problem.wanted_g), len(problem.capacity_g)
    use = problem.surplus_fen_kg >= 0
    household = problem.household_number[problem.supply_number]
    groups = sorted({(int(d), int(h)) for d, h in zip(problem.demand_number, household, strict=True)})
    width = pairs + len(groups)
    lines: list[np.ndarray] = []
    most: list[float] = []

    def row(cells: dict[int, float], limit: float) -> None:
        line = np.zeros(width)
        for place, value in cells.items():
            line[place] = value
        lines.append(line)
        most.append(limit)

    for d in range(demands):
        row({p: 1.0 for p in range(pairs) if problem.demand_number[p] == d}, problem.wanted_g[d] / 1000)
        if problem.most_households[d]:
            row({pairs + g: 1.0 for g, key in enumerate(groups) if key[0] == d}, float(problem.most_households[d]))
    for s in range(supplies):
        row({p: 1.0 for p in range(pairs) if problem.supply_number[p] == s}, problem.capacity_g[s] / 1000)
    for g, (d, h) in enumerate(groups):
        own = {p: 1.0 for p in range(pairs) if problem.demand_number[p] == d and household[p] == h}
        row({**own, pairs + g: -1e4}, 0.0)
        row({**dict.fromkeys(own, -1.0), pairs + g: problem.least_lot_g[h] / 1000}, 0.0)
    upper = np.concatenate([np.where(use, 1e4, 0.0), np.ones(len(groups))])
    whole = np.concatenate([np.zeros(pairs), np.ones(len(groups))])

    def best(objective: np.ndarray) -> Any:
        found = milp(
            -np.concatenate([objective, np.zeros(len(groups))]),
            constraints=LinearConstraint(np.array(lines), -np.inf, np.array(most)),
            bounds=Bounds(np.zeros(width), upper),
            integrality=whole,
            options={"mip_rel_gap": 0.0},
        )
        return None if found.x is None else -found.fun

    fill = best(np.ones(pairs))
    row(dict.fromkeys(range(pairs), -1.0), -policy.fill_kept * fill + 1e-6)
    registered = problem.benefit[problem.supply_number]
    row({p: (policy.registered_share - registered[p]) * problem.price_fen_kg[p] / 1000 for p in range(pairs)}, 1e-9)
    surplus = best(problem.surplus_fen_kg)
    return Answer(fill, 0.0 if surplus is None else surplus, surplus is not None)
