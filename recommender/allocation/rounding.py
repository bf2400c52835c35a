"""From parts of kilograms to least lots and few households, guided by the relaxed plan.

The relaxed plan already says who serves whom; only the small ends of it break a least lot or a number of households. Those
ends are dropped, the smallest first, and what they leave free is given to the households that stay, by the same linear
programme over the pairs that are left, until nothing breaks a rule.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from recommender.allocation.parts import each
from recommender.allocation.problem import AllocationPolicy, AllocationProblem, Floats, Numbers
from recommender.allocation.relaxing import Part
from recommender.allocation.rows import GRAMS_PER_KG, Switches, first_parts, rows_of, switches
from recommender.allocation.solving import Clock, OutOfTimeError, solve

_TINY_KG = 1e-7
_MOST_ROUNDS = 12


def round_parts(parts: list[Part], x_kg: Floats, policy: AllocationPolicy, price: float, share: float, clock: Clock) -> Floats:
    """A plan that keeps least lots and numbers of households, in kilograms over all pairs of the whole.

    Each part is rounded by itself, with what registered goods are worth at the tilt's ``price`` beyond ``share``.
    """

    def rounded(number: int) -> Floats:
        part = parts[number]
        extra = price * (part.problem.pair_benefit - share) * part.problem.price_fen_kg
        return _round_part(part, x_kg[part.pairs], part.problem.surplus_fen_kg + extra, policy, clock)

    whole = np.zeros(len(x_kg))
    for part, own in zip(parts, each(rounded, len(parts)), strict=True):
        whole[part.pairs] = own
    return whole


def _round_part(part: Part, x_kg: Floats, per_kg: Floats, policy: AllocationPolicy, clock: Clock) -> Floats:
    groups = switches(part.problem)
    if not groups.count:
        return x_kg
    least = part.problem.least_lot_g[groups.household] / GRAMS_PER_KG
    alive = np.ones(groups.count, dtype=bool)
    upper = part.rows.upper[: part.rows.pairs]
    for _ in range(_MOST_ROUNDS):
        sold = _sold(groups, x_kg)
        breaks = _too_many(part.problem, groups, sold, alive) | _too_small(sold, least, alive)
        if not breaks.any():
            break
        alive &= ~breaks
        alive |= _to_try_instead(part.problem, groups, sold, alive, per_kg, least, upper)
        alive &= ~breaks
        x_kg = _within(part, alive, groups, per_kg, policy, clock, x_kg)
    sold = _sold(groups, x_kg)
    # Whatever still breaks a rule after the last round is left out: a plan is never one that cannot be carried out.
    broken = _too_many(part.problem, groups, sold, alive) | _too_small(sold, least, alive)
    out = np.zeros(len(x_kg), dtype=bool)
    out[groups.group >= 0] = (broken | ~alive)[groups.group[groups.group >= 0]]
    return np.where(out, 0.0, x_kg)


def _sold(groups: Switches, x_kg: Floats) -> Floats:
    """What each household gives to each demand, in kilograms."""
    inside = groups.group >= 0
    return np.asarray(np.bincount(groups.group[inside], x_kg[inside], groups.count), dtype=np.float64)


def _too_small(sold: Floats, least: Floats, alive: np.ndarray) -> np.ndarray:
    """The groups that give less than half of their least lot; where there is none, those that give less than all of it."""
    small = alive & (sold < least - _TINY_KG)
    far = small & (sold < least / 2)
    return far if far.any() else small


def _too_many(problem: AllocationProblem, groups: Switches, sold: Floats, alive: np.ndarray) -> np.ndarray:
    """The smallest groups of each demand that has more households than it takes."""
    used = np.flatnonzero(alive & (sold > _TINY_KG))
    order = used[np.lexsort((used, -sold[used], groups.demand[used]))]
    rank = _rank_in_group(groups.demand[order])
    most = problem.most_households[groups.demand[order]]
    over = np.zeros(groups.count, dtype=bool)
    over[order[(most > 0) & (rank >= most)]] = True
    return over


def _rank_in_group(sorted_keys: Numbers) -> Numbers:
    starts = np.flatnonzero(np.r_[True, sorted_keys[1:] != sorted_keys[:-1]]) if len(sorted_keys) else np.zeros(0, dtype=int)
    lengths = np.diff(np.r_[starts, len(sorted_keys)])
    return np.arange(len(sorted_keys)) - np.repeat(starts, lengths)


def _to_try_instead(
    problem: AllocationProblem,
    groups: Switches,
    sold: Floats,
    alive: np.ndarray,
    per_kg: Floats,
    least: Floats,
    upper: Floats,
) -> np.ndarray:
    """The groups that stay: those already in the plan, up to the number a demand takes, and then the best of the others."""
    inside = groups.group >= 0
    can = np.bincount(groups.group[inside], upper[inside], groups.count)
    worth = np.full(groups.count, -np.inf)
    np.maximum.at(worth, groups.group[inside], per_kg[inside])
    fits = alive & (can >= least - _TINY_KG)
    candidates = np.flatnonzero(fits)
    in_plan = sold[candidates] > _TINY_KG
    order = candidates[np.lexsort((candidates, -worth[candidates], ~in_plan, groups.demand[candidates]))]
    rank = _rank_in_group(groups.demand[order])
    most = problem.most_households[groups.demand[order]]
    kept = np.zeros(groups.count, dtype=bool)
    kept[order[(most == 0) | (rank < most)]] = True
    return kept


def _within(
    part: Part,
    alive: np.ndarray,
    groups: Switches,
    per_kg: Floats,
    policy: AllocationPolicy,
    clock: Clock,
    fallback: Floats,
) -> Floats:
    """The best plan over the pairs of groups that are alive, which fills as much of what it did as it can."""
    inside = groups.group >= 0
    allowed = np.ones(part.rows.pairs, dtype=bool)
    allowed[inside] = alive[groups.group[inside]]
    upper = part.rows.upper.copy()
    upper[: part.rows.pairs][~allowed] = 0.0
    rows = replace(part.rows, upper=upper)
    try:
        found = solve(rows, rows.objective(per_kg, policy.spread_fen_kg), clock)
        if found is None:
            # The fill cannot be kept over these pairs: buy as much as they give, and among that the best.
            bare = replace(rows, matrix=rows.matrix[:-1], most=rows.most[:-1])
            bonus = 2 * float(np.abs(per_kg).max(initial=1.0))
            found = solve(bare, bare.objective(per_kg + bonus, policy.spread_fen_kg), clock)
    except OutOfTimeError:
        found = None
    return np.where(allowed, fallback, 0.0) if found is None else found.x


def polished(problem: AllocationProblem, policy: AllocationPolicy, x_kg: Floats, share: float, clock: Clock) -> Floats:
    """The best plan over the pairs that ``x_kg`` uses, with its fill, least lots and the share; else ``x_kg`` itself."""
    used = np.flatnonzero(x_kg > _TINY_KG)
    if not len(used):
        return x_kg
    small = problem.only(used)
    rows = rows_of(small, policy, first_parts(small, policy, float(x_kg.sum())))
    lacks = (share - small.pair_benefit) * small.price_fen_kg
    scale = max(1.0, float(np.abs(lacks).max()))
    rows = rows.with_row(-np.ones(len(used)), -float(x_kg.sum()) + _TINY_KG).with_row(lacks / scale, 0.0)
    rows = rows.with_rows(*_least_rows(small))
    try:
        found = solve(rows, rows.objective(small.surplus_fen_kg, policy.spread_fen_kg), clock)
    except OutOfTimeError:
        found = None
    if found is None:
        return x_kg
    whole = np.zeros(len(x_kg))
    whole[used] = found.x
    return whole


def _least_rows(problem: AllocationProblem) -> tuple[sparse.csr_array, Floats]:
    groups = switches(problem)
    inside = np.flatnonzero(groups.group >= 0)
    shape = (groups.count, len(problem.demand_number))
    given = sparse.csr_array((-np.ones(len(inside)), (groups.group[inside], inside)), shape=shape)
    return given, -problem.least_lot_g[groups.household] / GRAMS_PER_KG
