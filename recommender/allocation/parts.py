"""Cutting a problem into parts that share nothing but the policy: a county's demands and the supplies that fit them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from recommender.allocation.problem import AllocationProblem

Result = TypeVar("Result")
_AT_ONCE = 2


def parts_of(problem: AllocationProblem) -> list[np.ndarray]:
    """The pairs of each part, as arrays of pair numbers, in the order of their first pair.

    Two pairs belong together when they share a demand or a household, directly or through others.
    """
    demands, pairs = len(problem.wanted_g), len(problem.demand_number)
    if not pairs:
        return []
    nodes = demands + problem.households
    edges = (problem.demand_number, demands + problem.pair_household)
    _, label = connected_components(sparse.coo_array((np.ones(pairs), edges), shape=(nodes, nodes)), directed=False)
    of_pair = label[problem.demand_number]
    _, first, number = np.unique(of_pair, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    sorted_pairs = np.argsort(rank[number], kind="stable")
    return np.split(sorted_pairs, np.cumsum(np.bincount(rank[number]))[:-1])


def part_problem(problem: AllocationProblem, pairs: np.ndarray) -> AllocationProblem:
    """A part by itself, its demands, supplies and households numbered anew, in their old order."""
    demands, demand_number = np.unique(problem.demand_number[pairs], return_inverse=True)
    supplies, supply_number = np.unique(problem.supply_number[pairs], return_inverse=True)
    households, household_number = np.unique(problem.household_number[supplies], return_inverse=True)
    return AllocationProblem(
        problem.wanted_g[demands],
        problem.capacity_g[supplies],
        household_number.astype(np.int64),
        problem.benefit[supplies],
        demand_number.astype(np.int64),
        supply_number.astype(np.int64),
        problem.price_fen_kg[pairs],
        problem.surplus_fen_kg[pairs],
        problem.least_lot_g[households],
        problem.most_households[demands],
        problem.need[households],
    )


def each(work: Callable[[int], Result], count: int) -> Sequence[Result]:
    """The results of ``work`` for 0 to ``count`` - 1, in that order, two at a time."""
    if count < 2:
        return [work(number) for number in range(count)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, range(count)))
