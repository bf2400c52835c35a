"""Whole grams: no capacity is exceeded by rounding, and a share that was met in parts of kilograms is met in grams."""

from __future__ import annotations

import numpy as np

from recommender.allocation.problem import AllocationProblem, Floats, Numbers
from recommender.allocation.rows import GRAMS_PER_KG


def whole_grams(problem: AllocationProblem, x_kg: Floats) -> Numbers:
    """Each pair's grams, to the nearest, so that a least lot which the plan met is not missed by the solver's last digit.

    Where that exceeds what is wanted or can be given by some grams, the largest pair gives them back.
    """
    grams = np.rint(x_kg * GRAMS_PER_KG).astype(np.int64)
    for number, most in ((problem.supply_number, problem.capacity_g), (problem.demand_number, problem.wanted_g)):
        used = np.bincount(number, grams, len(most)).astype(np.int64)
        for over in np.flatnonzero(used > most):
            largest = np.flatnonzero(number == over)[np.argmax(grams[number == over])]
            grams[largest] -= used[over] - most[over]
    return np.maximum(grams, 0)


def settle_share(problem: AllocationProblem, grams: Numbers, share: float) -> Numbers:
    """Leave out the few grams of others' goods by which rounding has missed the share, where that is all it takes.

    Of the pairs whose goods are less registered than the share, the least worth gives first, and never below its least lot.
    """
    lack = share * _value(problem, grams) - _registered(problem, grams)
    # More than rounding can have missed is not a matter of grams.
    if lack <= 0 or lack > float(problem.price_fen_kg[grams > 0].sum()) / GRAMS_PER_KG:
        return grams
    weight = (share - problem.pair_benefit) * problem.price_fen_kg / GRAMS_PER_KG
    household = problem.pair_household
    order = np.flatnonzero((weight > 0) & (grams > problem.least_lot_g[household]))
    kept = grams.copy()
    for pair in order[np.argsort(problem.surplus_fen_kg[order] / np.maximum(weight[order], 1e-12), kind="stable")]:
        spare = int(kept[pair] - problem.least_lot_g[household[pair]])
        left_out = min(spare, int(np.ceil(lack / weight[pair])))
        kept[pair] -= left_out
        lack -= left_out * weight[pair]
        if lack <= 0:
            break
    return kept


def share_of(problem: AllocationProblem, grams: Numbers) -> float:
    """The registered part of a plan's value; 0 of nothing."""
    value = _value(problem, grams)
    return _registered(problem, grams) / value if value > 0 else 0.0


def _value(problem: AllocationProblem, grams: Numbers) -> float:
    return float(problem.price_fen_kg @ grams) / GRAMS_PER_KG


def _registered(problem: AllocationProblem, grams: Numbers) -> float:
    return float((problem.pair_benefit * problem.price_fen_kg) @ grams) / GRAMS_PER_KG
