"""The rows of the linear programme: what every plan obeys, in kilograms.

Variables are the kilograms x of each pair; with whole switches, a switch y for each household of a demand that gives a least
lot or counts towards a number of households; and, where spreading is rewarded, the first part z of what each registered
household sells.

    sum x over a demand <= wanted          sum x over a supply <= capacity
    sum x over a household of a demand <= M y, >= least y          sum y over a demand <= most
    z <= sum b x over a household,   z <= its first part

Where switches may be parts, the best is y = sum x / M: they need no variables, only sum x / M over a demand <= most, and a
household that cannot give its least lot gives nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recommender.allocation.problem import AllocationPolicy, AllocationProblem, Flags, Floats, Numbers

GRAMS_PER_KG = 1000.0


@dataclass(frozen=True, slots=True)
class Switches:
    """The households of demands that need a switch, as groups of pairs.

    ``group`` is the number of each pair's switch, -1 where it needs none; ``demand`` and ``household`` name its two sides.
    """

    group: Numbers
    demand: Numbers
    household: Numbers

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.demand)


def switches(problem: AllocationProblem) -> Switches:
    """The switches that a problem needs."""
    household = problem.pair_household
    needs = (problem.least_lot_g[household] > 0) | (problem.most_households[problem.demand_number] > 0)
    keys = problem.demand_number * max(problem.households, 1) + household
    found, inverse = np.unique(keys[needs], return_inverse=True)
    group = np.full(len(keys), -1, dtype=np.int64)
    group[needs] = inverse
    return Switches(group, found // max(problem.households, 1), found % max(problem.households, 1))


@dataclass(frozen=True, slots=True)
class Rows:
    """``matrix`` v <= ``most`` for variables v = (x, y, z) between 0 and ``upper``; ``whole`` marks the switches."""

    matrix: sparse.csr_array
    most: Floats
    upper: Floats
    whole: Flags
    pairs: int
    spread: Numbers

    def objective(self, per_kg: Floats, spread_fen_kg: float) -> Floats:
        """What the variables are worth: so much for each pair's kilogram, and the reward for first parts."""
        values = np.zeros(len(self.upper))
        values[: self.pairs] = per_kg
        values[len(self.upper) - len(self.spread) :] = spread_fen_kg
        return values

    def with_row(self, row: Floats, most: float) -> Rows:
        """These rows and one more over the pairs: ``row`` x <= ``most``."""
        return self.with_rows(sparse.csr_array(row[np.newaxis, :]), np.array([most]))

    def with_rows(self, rows: sparse.csr_array, most: Floats) -> Rows:
        """These rows and more over the pairs: ``rows`` x <= ``most``."""
        wide = sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], len(self.upper)))
        matrix = sparse.csr_array(sparse.vstack([self.matrix, wide]))
        return replace(self, matrix=matrix, most=np.concatenate([self.most, most]))


def rows_of(
    problem: AllocationProblem, policy: AllocationPolicy, first_parts_kg: Floats | None = None, *, whole: bool = False
) -> Rows:
    """The rows of a problem; with ``first_parts_kg`` (H,) also those of the spread, with ``whole`` the switches."""
    pairs, needed = len(problem.demand_number), switches(problem)
    groups = needed if whole else Switches(needed.group, needed.demand[:0], needed.household[:0])
    household = problem.pair_household
    spread = _spread_households(problem, first_parts_kg) if policy.spread_fen_kg > 0 else np.zeros(0, dtype=np.int64)
    width = pairs + groups.count + len(spread)
    every = np.arange(pairs)
    ones = np.ones(pairs)
    wanted, capacity = problem.wanted_g / GRAMS_PER_KG, problem.capacity_g / GRAMS_PER_KG
    blocks = [
        sparse.csr_array((ones, (problem.demand_number, every)), shape=(len(wanted), width)),
        sparse.csr_array((ones, (problem.supply_number, every)), shape=(len(capacity), width)),
    ]
    most = [wanted, capacity]
    pair_most = np.minimum(wanted[problem.demand_number], capacity[problem.supply_number])
    upper = np.concatenate([pair_most, np.ones(groups.count), np.zeros(len(spread))])
    if needed.count:
        can = _can_give(problem, needed, pair_most)
        limited = problem.most_households[problem.most_households > 0].astype(np.float64)
        if whole:
            blocks += _switch_rows(problem, needed, can, width)
            most += [np.zeros(groups.count), np.zeros(groups.count), limited]
        else:
            blocks.append(_part_rows(problem, needed, can, width))
            most.append(limited)
            cannot = can < problem.least_lot_g[needed.household] / GRAMS_PER_KG
            upper[:pairs][(needed.group >= 0) & cannot[needed.group]] = 0.0
    if len(spread) and first_parts_kg is not None:
        place = np.full(problem.households, -1)
        place[spread] = np.arange(len(spread))
        inside = (place[household] >= 0) & (problem.pair_benefit > 0)
        of_pairs = sparse.csr_array(
            (-problem.pair_benefit[inside], (place[household[inside]], every[inside])), shape=(len(spread), width)
        )
        own = sparse.csr_array(
            (np.ones(len(spread)), (np.arange(len(spread)), pairs + groups.count + np.arange(len(spread)))),
            shape=(len(spread), width),
        )
        blocks.append(sparse.csr_array(of_pairs + own))
        most.append(np.zeros(len(spread)))
        upper[pairs + groups.count :] = first_parts_kg[spread]
    switched = np.zeros(width, dtype=bool)
    switched[pairs : pairs + groups.count] = True
    return Rows(sparse.csr_array(sparse.vstack(blocks)), np.concatenate(most), upper, switched, pairs, spread)


def _can_give(problem: AllocationProblem, groups: Switches, pair_most: Floats) -> Floats:
    """M: the most that each household can give to a demand, in kilograms."""
    inside = groups.group >= 0
    together = np.bincount(groups.group[inside], pair_most[inside], groups.count)
    return np.minimum(together, problem.wanted_g[groups.demand] / GRAMS_PER_KG)


def _switch_rows(problem: AllocationProblem, groups: Switches, can: Floats, width: int) -> list[sparse.csr_array]:
    pairs, inside = len(problem.demand_number), np.flatnonzero(groups.group >= 0)
    least = problem.least_lot_g[groups.household] / GRAMS_PER_KG
    x = sparse.csr_array((np.ones(len(inside)), (groups.group[inside], inside)), shape=(groups.count, width))
    at = (np.arange(groups.count), pairs + np.arange(groups.count))
    m_y = sparse.csr_array((can, at), shape=(groups.count, width))
    least_y = sparse.csr_array((least, at), shape=(groups.count, width))
    place = _limited_places(problem)
    counted = np.flatnonzero(place[groups.demand] >= 0)
    cells = (np.ones(len(counted)), (place[groups.demand[counted]], pairs + counted))
    count = sparse.csr_array(cells, shape=(int(place.max()) + 1, width))
    return [sparse.csr_array(x - m_y), sparse.csr_array(least_y - x), count]


def _part_rows(problem: AllocationProblem, groups: Switches, can: Floats, width: int) -> sparse.csr_array:
    place = _limited_places(problem)
    counted = np.flatnonzero((groups.group >= 0) & (place[problem.demand_number] >= 0) & (can[groups.group] > 0))
    cells = (1.0 / can[groups.group[counted]], (place[problem.demand_number[counted]], counted))
    return sparse.csr_array(cells, shape=(int(place.max()) + 1, width))


def _limited_places(problem: AllocationProblem) -> Numbers:
    """The row of each demand that takes a number of households at most, -1 for others."""
    limited = np.flatnonzero(problem.most_households > 0)
    place = np.full(len(problem.wanted_g), -1)
    place[limited] = np.arange(len(limited))
    return place


def _spread_households(problem: AllocationProblem, first_parts_kg: Floats | None) -> Numbers:
    if first_parts_kg is None:
        return np.zeros(0, dtype=np.int64)
    reached = np.unique(problem.pair_household[problem.pair_benefit > 0])
    return reached[first_parts_kg[reached] > 0].astype(np.int64)


def first_parts(problem: AllocationProblem, policy: AllocationPolicy, fill_kg: float) -> Floats:
    """(H,) the first part of each registered household's sales in kilograms: its share of need, of ``spread_part`` of what
    registered households can sell here.
    """
    can_give = np.bincount(problem.household_number, problem.capacity_g * problem.benefit, problem.households) / GRAMS_PER_KG
    need = np.where(can_give > 0, problem.need, 0.0)
    if need.sum() <= 0:
        return np.zeros(problem.households)
    part: Floats = need / need.sum() * policy.spread_part * min(fill_kg, float(can_give.sum()))
    return part
