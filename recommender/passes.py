"""Lists for policies with many multipliers (areas, household floors): repeated passes of the one-by-one rule.

With one multiplier per household, "solve the duals, then sort" collapses on ties: hundreds of households sit exactly
at the edge and jump in and out together. Serving consumers one after another with multipliers that follow each list
(online dual descent; Balseiro, Lu & Mirrokni 2020) spreads the ties. Passes with a falling step warm the multipliers
up; the lists are those of the last pass, and the averaged multipliers give the bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.mending import Mender
from recommender.policy import TiltPolicy
from recommender.rays import HALVINGS, ROUNDING, Lists, best_lists
from recommender.request import Shortlist, choose
from recommender.shortlists import Floats, Shortlists
from recommender.structure import Numbers, Structure

# Compared on validation weeks: a last step of .05, .2 or .5 leaves shorter shortfalls to exchange than .01 does, but
# ends .2, .7 and 1.9 % further from the bound.
PASSES = 10
FIRST_STEP = 0.2
STEP_DECAY = 0.7
LAST_STEP = 0.01
HOUSEHOLD_STEPS_PER_STEP = 2.0
# The bound is taken from the last passes, whose multipliers have settled.
PASSES_WITH_BOUND = 3


@dataclass(slots=True)
class Ledger:
    """What was shown so far in a pass, and the multipliers that follow from it.

    Attributes
    ----------
    structure : Structure
    sales_share : float
        tau_s; 0 without a sales target.
    start : Prices
        Multipliers at the beginning of the pass.
    step : float
        Part of the relevance scale a multiplier moves per unit of lacking exposure.
    scale : float
        Typical relevance of a shown good.
    highest : float
        Largest useful lambda or mu.
    """

    structure: Structure
    sales_share: float
    start: Prices
    step: float
    scale: float
    highest: float
    area_lag: Floats = field(init=False)
    household_exposed: Floats = field(init=False)
    sales_lag: float = 0.0
    exposure: float = 0.0

    def __post_init__(self) -> None:
        """Begin with nothing shown."""
        self.area_lag = np.zeros(self.structure.share.size)
        self.household_exposed = np.zeros(self.structure.floor.size)

    def prices(self) -> Prices:
        """Return the multipliers in force."""
        step, floor = self.step * self.scale, self.structure.floor
        area = self.start.area + step * self.area_lag
        lag = floor * self.exposure - self.household_exposed
        household = self.start.household + HOUSEHOLD_STEPS_PER_STEP * step * lag
        sales = self.start.sales + self.step / self.scale * self.sales_lag
        return Prices(
            np.where(self.structure.share > 0, np.clip(area, 0, self.highest), 0.0),
            np.where(floor > 0, np.clip(household, 0, self.highest), 0.0),
            min(max(sales, 0.0), 1 / self.sales_share) if self.sales_share else 0.0,
        )

    def count(self, weights: Floats, relevance: Floats, benefit: Floats, area: Numbers, seller: Numbers) -> None:
        """Add one list."""
        exposed = weights * benefit
        np.add.at(self.area_lag, area, self.structure.share[area] * weights - exposed)
        np.add.at(self.household_exposed, seller, exposed)
        self.sales_lag += float(weights * relevance @ (self.sales_share - benefit))
        self.exposure += float(weights.sum())


@dataclass(frozen=True, slots=True)
class Prices:
    """Multipliers: lambda (n_areas,), mu (n_sellers,) and alpha."""

    area: Floats
    household: Floats
    sales: float

    def tilt(self, structure: Structure, sales_share: float, shortlists: Shortlists | Row) -> Floats:
        """Return alpha (b - tau_s) s + lambda (b - tau) + mu b for each candidate."""
        items = np.maximum(shortlists.items, 0)
        area, benefit = structure.area[items], shortlists.benefit
        tilt = self.area[area] * (benefit - structure.share[area])
        tilt += self.household[structure.seller[items]] * benefit
        return tilt + self.sales * (benefit - sales_share) * shortlists.relevance


@dataclass(frozen=True, slots=True)
class Row:
    """The candidates of one consumer, without padding."""

    items: NDArray[np.int32]
    relevance: Floats
    benefit: Floats


@dataclass(frozen=True, slots=True)
class PassSolution:
    """Lists of the last pass with averaged multipliers, the part the guard left of them, and the bound."""

    lists: Lists
    prices: Prices
    guard_part: Floats
    utility_bound: float


def solve_by_passes(
    shortlists: Shortlists, structure: Structure, policy: TiltPolicy, untilted: Lists, consumer_weights: Floats
) -> PassSolution:
    """Serve all consumers PASSES times, the last time for good.

    Parameters
    ----------
    shortlists : Shortlists
        Candidates that were not cut across the groups of `structure`.
    structure : Structure
    policy : TiltPolicy
    untilted : Lists
        Lists by relevance alone.
    consumer_weights : float64 (n_users,)
        a_u > 0, what a unit of a consumer's utility counts.
    """
    exposure = float(shortlists.exposure.sum())
    scale = (float(consumer_weights @ untilted.utility) / exposure if exposure else 0.0) or 1.0
    highest = 2 * (float(np.ptp(shortlists.relevance)) or 1.0) * float(consumer_weights.max())
    prices = Prices(np.zeros(structure.share.size), np.zeros(structure.floor.size), 0.0)
    order = np.random.default_rng(0).permutation(shortlists.items.shape[0])
    bound = np.inf
    for number in range(PASSES):
        step = max(FIRST_STEP * STEP_DECAY**number, LAST_STEP)
        ledger = Ledger(structure, policy.sales_share or 0.0, prices, step, scale, highest)
        slots, guard_part, prices = _serve_all(shortlists, policy, ledger, order, consumer_weights)
        if number >= PASSES - PASSES_WITH_BOUND:
            bound = min(bound, _bound(shortlists, structure, policy, untilted, prices, consumer_weights))
    lists = Mender(shortlists, structure, slots, policy.consumer_guard * untilted.utility, consumer_weights).mend()
    return PassSolution(lists, prices, guard_part, max(bound, float(consumer_weights @ lists.utility)))


def _serve_all(
    shortlists: Shortlists, policy: TiltPolicy, ledger: Ledger, order: NDArray[np.intp], consumer_weights: Floats
) -> tuple[NDArray[np.intp], Floats, Prices]:
    """Serve each consumer once; return lists, c_u and the multipliers averaged over the second half of the pass."""
    width = shortlists.items.shape[1]
    users, n = order.size, min(shortlists.position_weights.size, width)
    slots, guard_part = np.tile(np.arange(n), (users, 1)), np.ones(users)
    late: list[Prices] = []
    length = shortlists.is_item.sum(axis=1)
    for number, user in enumerate(order):
        prices = ledger.prices()
        if 2 * number + 1 >= users:
            late.append(prices)
        size = int(length[user])
        if size == 0:
            continue
        row = Row(shortlists.items[user, :size], shortlists.relevance[user, :size], shortlists.benefit[user, :size])
        tilt = prices.tilt(ledger.structure, ledger.sales_share, row) / consumer_weights[user]
        weights = shortlists.position_weights[: min(n, size)]
        request = Shortlist(row.relevance, row.benefit, None, None, None)
        choice = choose(request, tilt, weights, policy.consumer_guard, None)
        shown = choice.positions
        items = row.items[shown]
        area, seller = ledger.structure.area[items], ledger.structure.seller[items]
        ledger.count(weights, row.relevance[shown], row.benefit[shown], area, seller)
        # Where candidates are too few, the places behind keep pointing at the padding behind them.
        slots[user, : shown.size], guard_part[user] = shown, choice.guard_part
    return slots, guard_part, _mean(late)


def _mean(prices: list[Prices]) -> Prices:
    return Prices(
        np.mean([one.area for one in prices], axis=0),
        np.mean([one.household for one in prices], axis=0),
        float(np.mean([one.sales for one in prices])),
    )


def _bound(
    shortlists: Shortlists,
    structure: Structure,
    policy: TiltPolicy,
    untilted: Lists,
    prices: Prices,
    consumer_weights: Floats,
) -> float:
    """Evaluate the dual at given multipliers; any multipliers bound, the averaged ones closely.

    Sum over consumers of a_u times the guarded maximum of v (s + t / a_u), less what the floors are owed: sum of
    mu phi tau w E.
    """
    tilt = prices.tilt(structure, policy.sales_share or 0.0, shortlists) / consumer_weights[:, None]
    least = policy.consumer_guard * untilted.utility
    part = guard_parts(shortlists, tilt, least)
    lists = best_lists(shortlists, shortlists.relevance + part[:, None] * tilt)
    weights = shortlists.position_weights[: lists.slots.shape[1]]
    shown = np.where(np.take_along_axis(shortlists.is_item, lists.slots, axis=1), weights, 0.0)
    gained = (np.take_along_axis(tilt, lists.slots, axis=1) * shown).sum(axis=1)
    value = (lists.utility + part * gained) / part - (1 / part - 1) * least
    owed = float(prices.household @ structure.floor) * float(shortlists.exposure.sum())
    return float(consumer_weights @ value) - owed


def guard_parts(shortlists: Shortlists, tilt: Floats, least_utility: Floats) -> Floats:
    """Return c_u: per consumer the largest part of the tilt, in (0, 1], whose sorted list keeps the guard."""
    part = np.ones(shortlists.items.shape[0])
    whole = best_lists(shortlists, shortlists.relevance + tilt)
    strained = np.flatnonzero(whole.utility < least_utility * (1 - ROUNDING))
    if not strained.size:
        return part
    rows, steep, least = shortlists.rows(strained), tilt[strained], least_utility[strained]
    low, high = np.zeros(strained.size), np.ones(strained.size)
    for _ in range(HALVINGS // 2):
        middle = (low + high) / 2
        broken = best_lists(rows, rows.relevance + middle[:, None] * steep).utility < least * (1 - ROUNDING)
        low, high = np.where(broken, low, middle), np.where(broken, middle, high)
    part[strained] = np.maximum(low, ROUNDING)
    return part
