"""Why a household is poor, and what it lives on: causes, kinds, land, house, water, income. Pure, numpy.

Choices are numbers in the standard's lists. What is worse at registration gets better by the same draw, so no house decays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from marketplace.demo.households.families import Bools, Families, Floats, Ints
from marketplace.demo.households.lives import DISABLED, HEALTHY, IN_COLLEGE, IN_SENIOR, NO, ORDINARY, SKILLED, Lives
from marketplace.registry.measures.income_card import COST_STANDARDS, income_card
from marketplace.registry.standard import CAUSES

CAUSE_NAMES = tuple(name for name, _ in CAUSES)
# The main causes in a thousand households: the first four as published, the other 200 divided by assumption.
CAUSE_SHARES = {
    "illness": 420,
    "disaster": 200,
    "schooling": 100,
    "lack_of_labour": 80,
    "lack_of_funds": 50,
    "lack_of_skill": 50,
    "disability": 30,
    "lack_of_land": 20,
    "poor_road": 20,
    "lack_of_water": 10,
    "lack_of_drive": 10,
    "other": 10,
}
NO_CAUSE = -1
GENERAL, DIBAO, WUBAO = range(3)
# Yuan a head and year, at prices of the year: National Bureau of Statistics, rural poverty standard of 2010.
LINES_YUAN = {2013: 2736, 2014: 2800, 2015: 2855, 2016: 2952, 2017: 2952, 2018: 2995, 2019: 3218}
INCOMES = ("wages", "grain", "tobacco", "livestock", "fruit", "other_business", "property", "transfer")
# What of a hundred yuan of receipts growing them has cost, by the income card of Chuxiong prefecture.
_PRODUCE = ("grain", "tobacco", "livestock", "fruit", "other")
COST_PERCENT = np.array([0, *(COST_STANDARDS[0].percent[kind] for kind in _PRODUCE), 0, 0])
# Shares from the best to the worst, at registration and now: of grades a to d; tap, well, spring, rain, river; power, gas,
# biogas, coal, wood; paved, gravel, earth, path.
_THEN = ((0.25, 0.35, 0.25, 0.15), (0.45, 0.15, 0.30, 0.05, 0.05), (0.08, 0.03, 0.02, 0.20, 0.67), (0.25, 0.30, 0.30, 0.15))
_NOW = ((0.74, 0.252, 0.007, 0.001), (0.935, 0.03, 0.03, 0.004, 0.001), (0.5, 0.11, 0.02, 0.03, 0.34), (0.93, 0.06, 0.01, 0))
# Litres a person and day, and minutes to fetch water and back: from and to, by source.
_LITRES = np.array([(45, 110), (35, 60), (22, 50), (15, 36), (18, 40)])
_MINUTES = np.array([(0, 4), (5, 20), (10, 45), (0, 6), (15, 60)])


def line_yuan(year: int) -> float:
    """The line by which incomes are made: the national one as far as it was published, then an assumed one to be watched by."""
    return LINES_YUAN[year] if year in LINES_YUAN else 8000 * 1.05 ** (year - 2024)


def quotas(number: int) -> dict[str, int]:
    """How many of so many households have each main cause: their shares by largest remainders.

    >>> quotas(10)["illness"], quotas(10)["disaster"], sum(quotas(10).values())
    (4, 2, 10)
    """
    exact = {name: number * share / 1000 for name, share in CAUSE_SHARES.items()}
    given = {name: int(amount) for name, amount in exact.items()}
    rest = sorted(exact, key=lambda name: given[name] - exact[name])
    for name in rest[: number - sum(given.values())]:
        given[name] += 1
    return given


def main_causes(families: Families, student: Ints, registered: Bools, rng: np.random.Generator) -> Ints:
    """The main cause of each registered household in the published shares, as fits who lives there; ``NO_CAUSE`` for others.

    Schooling is a cause where somebody goes to a senior school or college, as far as there are enough; lack of labour where
    the fewest are of working age.
    """
    left = quotas(int(registered.sum()))
    causes = np.full(len(families.sizes), NO_CAUSE)
    workers = families.per_household((families.years >= 16) & (families.years < 60) & (student == NO))
    costly = families.per_household((student == IN_SENIOR) | (student == IN_COLLEGE))
    draw = rng.random(len(causes))
    for name, order in (("schooling", -np.minimum(costly, 1) + draw), ("lack_of_labour", np.minimum(workers, 2) + draw)):
        free = np.flatnonzero(registered & (causes == NO_CAUSE))
        causes[free[np.argsort(order[free], kind="stable")[: left.pop(name)]]] = CAUSE_NAMES.index(name)
    free = rng.permutation(np.flatnonzero(registered & (causes == NO_CAUSE)))
    causes[free] = np.repeat([CAUSE_NAMES.index(name) for name in left], list(left.values()))
    return causes


def kinds(families: Families, causes: Ints, lives: Lives, rng: np.random.Generator) -> Ints:
    """In special hardship are old people alone; the allowance goes first to those who lack labour, or have somebody ill."""
    alone = (families.sizes == 1) & (families.years[families.heads] >= 60)
    needy = causes == CAUSE_NAMES.index("lack_of_labour")
    sick = np.isin(causes, [CAUSE_NAMES.index("illness"), CAUSE_NAMES.index("disability")])
    draw = rng.random(len(causes))
    allowed = draw < np.select([needy, sick], [0.6, 0.3], 0.15)
    found = np.where(alone & (rng.random(len(causes)) < 0.5), WUBAO, np.where(allowed, DIBAO, GENERAL))
    return np.where(causes == NO_CAUSE, NO_CAUSE, found)


@dataclass(frozen=True)
class Holding:
    """Land in mu, float64 (households,) with one decimal, and floor space in square metres."""

    arable: Floats
    irrigated: Floats
    forest: Floats
    fruit: Floats
    floor_m2: Ints


def holdings(families: Families, causes: Ints, rng: np.random.Generator) -> Holding:
    """Land and house; hardly any land where its lack is the cause."""
    number, size = len(families.sizes), families.sizes
    scarce = np.where(causes == CAUSE_NAMES.index("lack_of_land"), 0.15, 1.0)
    arable = np.round(rng.gamma(4, 0.22, number) * size * scarce, 1)
    irrigated = np.round(arable * rng.beta(2, 1.6, number), 1)
    forest = np.round(rng.gamma(1.2, 2.2, number) * size * scarce, 1)
    fruit = np.round(np.where(rng.random(number) < 0.4, rng.gamma(1.5, 1.1, number), 0) * scarce, 1)
    return Holding(
        arable, irrigated, forest, fruit, (35 + 18 * size + rng.normal(0, 15, number)).clip(20, 400).astype(np.int64)
    )


@dataclass(frozen=True)
class Living:
    """House, water and road in one year, int64 or bool (households,)."""

    grade: Ints
    water_source: Ints
    water_litres: Ints
    water_minutes: Ints
    fuel: Ints
    road: Ints
    has_power: Bools
    food_enough: Bools
    clothing_enough: Bools


class Fortune:
    """What stays with a household from year to year: how lucky it was with its house, its water, its road, its income."""

    def __init__(self, families: Families, lives: Lives, holding: Holding, causes: Ints, rng: np.random.Generator) -> None:
        self.families, self.lives, self.causes = families, lives, causes
        number = len(families.sizes)
        self.luck = rng.random((4, number))
        self.luck[0] *= np.where(causes == NO_CAUSE, 0.6, 1.0)
        road, water = causes == CAUSE_NAMES.index("poor_road"), causes == CAUSE_NAMES.index("lack_of_water")
        self.luck[3] = np.where(road, 0.6 + 0.4 * self.luck[3], self.luck[3])
        self.luck[1] = np.where(water, 0.7 + 0.3 * self.luck[1], self.luck[1])
        self.spread = rng.random((2, number))
        self.needs = rng.random((3, number))
        self.weights = self._weights(holding, rng)
        self.score = self._score(holding, rng)

    def living(self, *, now: bool) -> Living:
        """House, water and road, at registration or now."""
        shares = _NOW if now else _THEN
        grade, source, fuel, road = (
            np.minimum(np.searchsorted(np.cumsum(share), luck, side="right"), len(share) - 1)
            for share, luck in zip(shares, self.luck, strict=True)
        )
        litres, minutes = (
            limits[source, 0] + (spread * (limits[source, 1] - limits[source, 0] + 1)).astype(np.int64)
            for limits, spread in zip((_LITRES, _MINUTES), self.spread, strict=True)
        )
        power, food, clothing = self.needs < np.array([[1.0, 0.9995, 0.999] if now else [0.985, 0.84, 0.82]]).T
        # The standard lists fuels from the worst on.
        fuel_number = np.array([3, 2, 4, 1, 0])[fuel]
        return Living(grade, source, litres, minutes, fuel_number, road, power, food, clothing)

    def incomes(self, per_head_yuan: Floats, persons: Ints, *, now: bool) -> Ints:
        """Receipts by ``INCOMES`` in fen, int64 (households, 8), that leave about so much a head, and never more."""
        weights = self.weights * np.where([now, *[True] * 7], 1.0, 0.55)
        net = weights / weights.sum(axis=1, keepdims=True) * (per_head_yuan * persons)[:, None]
        return (net / (1 - COST_PERCENT / 100) / 10).astype(np.int64) * 1000

    def _weights(self, holding: Holding, rng: np.random.Generator) -> Floats:
        """What share of the income each part has, before they are brought to one."""
        families, lives = self.families, self.lives
        number = len(families.sizes)
        months = np.bincount(families.household, weights=lives.work_months, minlength=number)
        elders = families.per_household(families.years >= 60) / families.sizes
        pauper = np.isin(self.causes, [CAUSE_NAMES.index("lack_of_labour"), CAUSE_NAMES.index("disability")])
        some = rng.random((3, number)) < np.array([[0.06], [0.13], [0.55]])
        parts = [
            months / 12 * 2.2,
            holding.arable * 0.14,
            np.where(some[0] & (holding.arable > 2), 0.7, 0),
            np.full(number, 0.35),
            holding.fruit * 0.25,
            np.where(some[1], 0.8, 0),
            np.where(some[2], 0.04, 0),
            0.25 + 0.9 * elders + 0.7 * pauper,
        ]
        return np.column_stack(parts) * rng.gamma(4, 0.25, (number, len(parts)))

    def _score(self, holding: Holding, rng: np.random.Generator) -> Floats:
        """How well off a household is among its like: mean 0, deviation 1, six tenths of it by what can be seen."""
        families, lives = self.families, self.lives
        able = families.per_household((lives.labour == SKILLED) | (lives.labour == ORDINARY)) / families.sizes
        away = families.per_household(lives.work_months >= 6) > 0
        best = np.zeros(len(families.sizes))
        np.maximum.at(best, families.household, lives.education.astype(float))
        sick = families.per_household((lives.health != HEALTHY) & (lives.health != DISABLED)) > 0
        parts = [able * 3, away * 1.0, best * 0.4, sick * -0.8, holding.fruit * 0.15, self.luck[0] * -0.8]
        seen = np.sum(parts, axis=0)
        return 0.6 * (seen - seen.mean()) / seen.std() + 0.8 * rng.standard_normal(len(seen))


def per_head_fen(incomes: Ints, persons: Ints) -> Ints:
    """Net income a head by the income card, in fen; 0 where nobody is in the household.

    >>> import numpy as np
    >>> card = np.array([[600_000, 500_000, 400_000, 300_000, 200_000, 100_000, 50_000, 150_000]])
    >>> per_head_fen(card, np.array([4]))
    array([432500])
    """
    return np.array([_per_head_fen(*row) for row in zip(incomes.tolist(), persons.tolist(), strict=True)], dtype=np.int64)


def _per_head_fen(incomes: Sequence[int], persons: int) -> int:
    if not persons:
        return 0
    wages, *produce, rents, transfers = incomes
    card = income_card(
        wages_fen=wages,
        produce_fen=dict(zip(_PRODUCE, produce, strict=True)),
        property_fen=rents,
        transfers_fen=transfers,
        persons=persons,
        standard=COST_STANDARDS[0],
    )
    return card.per_head_fen
