"""Lists along one ray of multipliers: s + r d, with the strength r capped for each consumer by the guard.

Utility and exposure share one position curve, so for fixed multipliers the best list is a sort (the rearrangement
inequality; Hardy, Littlewood & Pólya 1934) and every point of a ray is the exact maximiser of its Lagrangian.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.guard_slack import spend_slack
from recommender.shortlists import Floats, Shortlists

# Halvings of a ray: enough to separate two neighbouring multipliers in double precision.
HALVINGS = 60
# A kept utility that is short by rounding alone has kept the guard.
ROUNDING = 1e-12

Slots = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Lists:
    """One list per consumer and its sums over positions, each sum (n_users,).

    Attributes
    ----------
    slots : intp (n_users, n)
        Columns of the shortlists, best first.
    utility, exposed, sold : float64 (n_users,)
        Sums of v s, v b and v s b.
    """

    slots: Slots
    utility: Floats
    exposed: Floats
    sold: Floats

    def rows(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Lists:
        """Return the lists of some consumers only."""
        return Lists(self.slots[chosen], self.utility[chosen], self.exposed[chosen], self.sold[chosen])

    def put(self, users: NDArray[np.intp], lists: Lists) -> None:
        """Overwrite the lists of some consumers in place."""
        self.slots[users], self.utility[users] = lists.slots, lists.utility
        self.exposed[users], self.sold[users] = lists.exposed, lists.sold

    def mixed_with(self, other: Lists, takes_other: NDArray[np.bool_]) -> Lists:
        """Take the other list for some consumers."""
        return Lists(
            np.where(takes_other[:, None], other.slots, self.slots),
            np.where(takes_other, other.utility, self.utility),
            np.where(takes_other, other.exposed, self.exposed),
            np.where(takes_other, other.sold, self.sold),
        )


def best_lists(shortlists: Shortlists, score: Floats) -> Lists:
    """Sort every consumer's candidates by score and sum the first n; ties fall to the more relevant."""
    n = min(shortlists.position_weights.size, score.shape[1])
    cost = np.where(shortlists.is_item, -score, np.inf)
    if score.shape[1] > 8 * n:
        near = np.sort(np.argpartition(cost, n - 1, axis=1)[:, :n], axis=1)
        inner = np.argsort(np.take_along_axis(cost, near, axis=1), axis=1, kind="stable")
        slots = np.take_along_axis(near, inner, axis=1)
    else:
        slots = np.argsort(cost, axis=1, kind="stable")[:, :n]
    return lists_from_slots(shortlists, slots)


def lists_from_slots(shortlists: Shortlists, slots: Slots) -> Lists:
    """Sum v s, v b and v s b of chosen columns; padding counts nothing because its s and b are 0."""
    weights = shortlists.position_weights[: slots.shape[1]]
    relevance = np.take_along_axis(shortlists.relevance, slots, axis=1)
    benefit = np.take_along_axis(shortlists.benefit, slots, axis=1)
    return Lists(slots, relevance @ weights, benefit @ weights, (relevance * benefit) @ weights)


@dataclass(frozen=True, slots=True)
class Targets:
    """The two share targets; 0 means none."""

    exposure: float
    sales: float

    def surplus(self, lists: Lists, exposure: Floats) -> tuple[float, float]:
        """Return achieved minus asked, for the exposure share and the expected-sales share."""
        return (
            _share(lists.exposed.sum(), exposure.sum()) - self.exposure if self.exposure else 0.0,
            _share(lists.sold.sum(), lists.utility.sum()) - self.sales if self.sales else 0.0,
        )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0


@dataclass(slots=True)
class Ray:
    """All lists by s + min(r, cap_u) / a_u x (e b + alpha (b - tau_s) s), r from 0 to `longest`.

    Parameters
    ----------
    shortlists : Shortlists
    exposure_weight, sales_weight : float
        The direction: r times these are the multipliers lambda (in relevance) and alpha (a pure number).
    targets : Targets
    longest : float
        Largest r. Past it the order of goods could no longer change, or would turn against relevance.
    least_utility : float64 (n_users,)
        rho U0, below which no list may fall.
    consumer_weights : float64 (n_users,)
        a_u > 0: what a unit of a consumer's utility counts. The multipliers work on a consumer as r / a_u.

    Attributes
    ----------
    cap : float64 (n_users,)
        Largest strength each consumer's guard allows.
    """

    shortlists: Shortlists
    exposure_weight: float
    sales_weight: float
    targets: Targets
    longest: float
    least_utility: Floats
    consumer_weights: Floats
    direction: Floats = field(init=False)
    cap: Floats = field(init=False)
    _strained: Slots = field(init=False)
    _beyond: list[Lists] = field(init=False)

    def __post_init__(self) -> None:
        """Find each consumer's cap once; it does not depend on r because the ray keeps its direction."""
        short = self.shortlists
        self.direction = self.exposure_weight * short.benefit
        if self.sales_weight:
            self.direction = self.direction + self.sales_weight * (short.benefit - self.targets.sales) * short.relevance
        self.direction = self.direction / self.consumer_weights[:, None]
        end = self._ends()
        self.cap = self._guard_caps(end)
        self._strained = np.flatnonzero(self.cap < end)
        self._beyond = []
        if not self._strained.size:
            return
        rows, corner = short.rows(self._strained), self._corner().rows(self._strained)
        chain = spend_slack(rows, corner.slots, self.direction[self._strained], self.least_utility[self._strained])
        self._beyond = [corner, *(lists_from_slots(rows, slots) for slots in chain)]

    def _ends(self) -> Floats:
        """Return where the ray ends for each consumer; a sales price turns against relevance where a_u is small first."""
        if not self.sales_weight:
            return np.full(self.consumer_weights.size, self.longest)
        return np.asarray(self.longest * self.consumer_weights / self.consumer_weights.max())

    def _corner(self) -> Lists:
        return best_lists(self.shortlists, self.shortlists.relevance + self.cap[:, None] * self.direction)

    def at(self, r: float) -> Lists:
        """Return the lists at strength r; past its cap a consumer gets the best list known that keeps its guard."""
        strength = np.minimum(r, self.cap)
        lists = best_lists(self.shortlists, self.shortlists.relevance + strength[:, None] * self.direction)
        held = r > self.cap[self._strained]
        if not held.any():
            return lists
        strained_weights = self.consumer_weights[self._strained]
        value = np.stack([strained_weights * one.utility + r * self._tilt(one) for one in self._beyond])
        chosen = value.argmax(axis=0)
        for number, one in enumerate(self._beyond):
            takes = held & (chosen == number)
            lists.put(self._strained[takes], one.rows(takes))
        return lists

    def _tilt(self, lists: Lists) -> Floats:
        """Sum the direction over each list, leaving out what is the same for all lists of a consumer."""
        tilt = self.exposure_weight * lists.exposed
        return tilt + self.sales_weight * (lists.sold - self.targets.sales * lists.utility)

    def _guard_caps(self, end: Floats) -> Floats:
        """Bisect, per consumer whose list at the end of the ray breaks the guard, the last strength that keeps it.

        Utility never rises along a ray, so halving is exact. It halves x = r / (1 + r), which is fine near r = 1 and
        still reaches the end.
        """
        short = self.shortlists
        cap = end.copy()
        strained = np.flatnonzero(self._breaks_guard(short, self.direction, self.least_utility, cap))
        if not strained.size or not self.least_utility.any():
            return cap
        rows, direction, least = short.rows(strained), self.direction[strained], self.least_utility[strained]
        low, high = np.zeros(strained.size), end[strained] / (1 + end[strained])
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            broken = self._breaks_guard(rows, direction, least, middle / (1 - middle))
            low, high = np.where(broken, low, middle), np.where(broken, middle, high)
        cap[strained] = low / (1 - low)
        return cap

    @staticmethod
    def _breaks_guard(short: Shortlists, direction: Floats, least: Floats, strength: Floats) -> NDArray[np.bool_]:
        lists = best_lists(short, short.relevance + strength[:, None] * direction)
        return np.asarray(lists.utility < least * (1 - ROUNDING))

    def dual_bound(self, r: float) -> float:
        """Return an upper bound on the weighted utility of all lists, randomised ones too, that meet targets and guard.

        With T the tilt terms of a list, sum of v(b - tau) lambda + sum of v s(b - tau_s) alpha, over a_u, and c =
        min(1, cap / r): sum over consumers of a_u ((U + c T) / c - (1 / c - 1) rho U0), U + c T taken at its maximum.
        Each c > 0 bounds (weak duality: 1 / c - 1 is the multiplier of the guard); the cap makes it tight.
        """
        short = self.shortlists
        strength = np.maximum(np.minimum(r, self.cap), min(r, ROUNDING))
        lists = best_lists(short, short.relevance + strength[:, None] * self.direction)
        tilt = self.exposure_weight * (lists.exposed - self.targets.exposure * short.exposure)
        if self.sales_weight:
            tilt = tilt + self.sales_weight * (lists.sold - self.targets.sales * lists.utility)
        weights = self.consumer_weights
        if r == 0:
            return float(weights @ lists.utility)
        inverse = r / strength
        value = inverse * (lists.utility + strength * tilt / weights) - (inverse - 1) * self.least_utility
        return float(weights @ value)
