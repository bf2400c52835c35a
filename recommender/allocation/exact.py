"""The plan with whole switches, proved best: for small problems, and to measure the rounding by.

Fill first (the most kilograms any plan with whole switches can bring), then worth with the share as a row, then, among plans of
that worth, the greatest registered share, so that a higher share asked for never brings a lower one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recommender.allocation.problem import AllocationPolicy, AllocationProblem, Floats
from recommender.allocation.rows import Rows, first_parts, rows_of
from recommender.allocation.solving import Clock, OutOfTimeError, Solution, solve

# Worth given up to find, among plans that are as good, the one with the greatest share: within a solver's own tolerance.
_TIE = 1e-7


@dataclass(frozen=True, slots=True)
class Exact:
    """A plan in kilograms, what it is worth, a bound above all plans, and the share that was asked for or attained at most.

    ``untilted_kg`` is the best plan without a share.
    """

    x_kg: Floats
    untilted_kg: Floats
    worth_fen: float
    bound_fen: float
    fill_kg: float
    registered_share: float
    attainable_share: float | None


def solve_exactly(problem: AllocationProblem, policy: AllocationPolicy, clock: Clock) -> Exact:
    """The best plan of a problem.

    Raises
    ------
    OutOfTimeError
        When the time ends before every step has a plan.
    """
    bare = rows_of(problem, replace(policy, spread_fen_kg=0.0), whole=True)
    most = _x(solve(bare, bare.objective(np.ones(bare.pairs), 0.0), clock, whole=True))
    fill = float(most.sum())
    rows = rows_of(problem, policy, first_parts(problem, policy, fill), whole=True)
    rows = rows.with_row(-np.ones(rows.pairs), -(policy.fill_kept * fill - 1e-7 * max(1.0, fill)))
    share, attainable = policy.registered_share, None
    untilted = _found(_with_share(rows, problem, policy, 0.0, clock))
    x: Floats | None = untilted
    if _share(problem, untilted) < share:
        x = _with_share(rows, problem, policy, share, clock)
    if x is None:
        share = attainable = _most_share(rows, problem, clock)
        x = _with_share(rows, problem, policy, share - 1e-9, clock)
        if x is None:
            raise OutOfTimeError("the greatest share was found but no plan that has it")
    worth = _worth(rows, problem, policy, x)
    return Exact(x, untilted, worth, worth, fill, share, attainable)


def _with_share(rows: Rows, problem: AllocationProblem, policy: AllocationPolicy, share: float, clock: Clock) -> Floats | None:
    lacks = (share - problem.pair_benefit) * problem.price_fen_kg
    scale = max(1.0, float(np.abs(lacks).max(initial=1.0)))
    held = rows.with_row(lacks / scale, 1e-9) if share > 0 else rows
    objective = held.objective(problem.surplus_fen_kg, policy.spread_fen_kg)
    best = solve(held, objective, clock, whole=True)
    if best is None:
        return None
    tied = _as_good(held, objective, best.value)
    fairest = solve(tied, tied.objective(problem.pair_benefit * problem.price_fen_kg, 0.0), clock, whole=True)
    return best.x if fairest is None else fairest.x


def _share(problem: AllocationProblem, x: Floats) -> float:
    value = float(problem.price_fen_kg @ x)
    return float((problem.pair_benefit * problem.price_fen_kg) @ x) / value if value > 0 else 0.0


def _as_good(rows: Rows, objective: Floats, value: float) -> Rows:
    scale = max(1.0, float(np.abs(objective).max(initial=1.0)))
    matrix = sparse.csr_array(sparse.vstack([rows.matrix, sparse.csr_array(-objective[np.newaxis, :] / scale)]))
    most = np.append(rows.most, (-value + _TIE * max(1.0, abs(value))) / scale)
    return replace(rows, matrix=matrix, most=most)


def _most_share(rows: Rows, problem: AllocationProblem, clock: Clock) -> float:
    share = 0.0
    for _ in range(50):
        gain = (problem.pair_benefit - share) * problem.price_fen_kg
        x = _x(solve(rows, rows.objective(gain, 0.0), clock, whole=True))
        better = _share(problem, x)
        if better <= share + 1e-12:
            break
        share = better
    return share


def _worth(rows: Rows, problem: AllocationProblem, policy: AllocationPolicy, x: Floats) -> float:
    worth = float(problem.surplus_fen_kg @ x)
    if len(rows.spread):
        sold = np.bincount(problem.pair_household, problem.pair_benefit * x, problem.households)
        first = rows.upper[len(rows.upper) - len(rows.spread) :]
        worth += policy.spread_fen_kg * float(np.minimum(sold[rows.spread], first).sum())
    return worth


def _x(solution: Solution | None) -> Floats:
    return _found(None if solution is None else solution.x)


def _found(x: Floats | None) -> Floats:
    if x is None:
        raise OutOfTimeError("buying nothing is always a plan, so there must be one")
    return x
