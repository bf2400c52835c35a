"""Who lives together: sizes of households, relations, sexes and birthdays. Pure, numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketplace.registry.standard import RELATIONS

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

YEAR = 365.25
# How many households of every thousand have 1, 2, ... 8 members. Assumed, around the published mean of 3.77.
SIZES = (85, 150, 200, 250, 170, 90, 35, 20)
_LETTERS = {"h": "head", "s": "spouse", "c": "child", "l": "child_in_law", "g": "grandchild", "p": "parent"}
RELATION_NAMES = tuple(name for name, _ in RELATIONS)
# The families of each size by weight, in the order in which their members are on file. Assumed.
FAMILIES: tuple[tuple[tuple[int, str], ...], ...] = (
    ((1, "h"),),
    ((62, "hs"), (21, "hc"), (17, "hp")),
    ((60, "hsc"), (12, "hcc"), (12, "hcp"), (16, "hsg")),
    ((54, "hscc"), (20, "hscp"), (9, "hsgg"), (9, "hscl"), (8, "hccp")),
    ((25, "hsccc"), (40, "hsccp"), (35, "hsclg")),
    ((35, "hsccpp"), (20, "hscccp"), (45, "hsclgg")),
    ((45, "hscccpp"), (35, "hsclggp"), (20, "hsclggg")),
    ((40, "hsccccpp"), (60, "hsclgggp")),
)
_MEMBERS = [members for of_size in FAMILIES for _, members in of_size]
_WIDEST = len(SIZES)


@dataclass(frozen=True)
class Families:
    """Households and their members, household after household, the head first.

    Attributes
    ----------
    sizes : int64 (households,)
    household, relation : int64 (persons,)
        The number of the household; the number of the relation in the standard's list.
    male : bool (persons,)
    age_days : int64 (persons,)
        Days since birth, on the last day.
    """

    sizes: Ints
    household: Ints
    relation: Ints
    male: Bools
    age_days: Ints

    @property
    def heads(self) -> Ints:
        """The number of the person who is head of each household."""
        return np.cumsum(self.sizes) - self.sizes

    @property
    def years(self) -> Ints:
        """Whole years of age on the last day."""
        return (self.age_days / YEAR).astype(np.int64)

    def per_household(self, of_person: NDArray[np.generic]) -> Ints:
        """How many members of each household something is true of."""
        return np.bincount(self.household, weights=of_person.astype(np.float64), minlength=len(self.sizes)).astype(np.int64)

    def is_relation(self, name: str) -> Bools:
        """Which persons stand so to the head."""
        return self.relation == RELATION_NAMES.index(name)


def make_families(households: int, persons: int, rng: np.random.Generator) -> Families:
    """Make so many households with exactly so many members.

    Raises
    ------
    ValueError
        When there are fewer members than one, or more than eight, for each household.
    """
    sizes = _sizes(households, persons, rng)
    kinds = _kinds(sizes, rng)
    width, order = np.zeros((len(_MEMBERS), _WIDEST), np.int64), np.zeros((len(_MEMBERS), _WIDEST), np.int64)
    for at, members in enumerate(_MEMBERS):
        width[at, : len(members)] = [RELATION_NAMES.index(_LETTERS[letter]) for letter in members]
        order[at, : len(members)] = [members[:place].count(letter) for place, letter in enumerate(members)]
    household = np.repeat(np.arange(households), sizes)
    place = np.arange(persons) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    relation, rank = width[kinds[household], place], order[kinds[household], place]
    head_age, head_male = _heads(kinds, rng)
    age_days, male = _members(kinds, head_age, head_male, household, relation, rank, rng)
    return Families(sizes, household, relation, male, age_days)


def _sizes(households: int, persons: int, rng: np.random.Generator) -> Ints:
    if not households <= persons <= households * _WIDEST:
        raise ValueError(f"{persons} persons do not fit into {households} households")
    sizes = rng.choice(np.arange(1, _WIDEST + 1), size=households, p=np.array(SIZES) / sum(SIZES))
    while missing := persons - int(sizes.sum()):
        # A few are moved by one, so that the sum is exact and the shares stay what they are.
        fitting = np.flatnonzero(sizes < _WIDEST if missing > 0 else sizes > 1)
        moved = rng.choice(fitting, size=min(abs(missing), len(fitting)), replace=False)
        sizes[moved] += 1 if missing > 0 else -1
    return sizes.astype(np.int64)


def _kinds(sizes: Ints, rng: np.random.Generator) -> Ints:
    """The kind of family of each household, by its number in ``_MEMBERS``."""
    kinds = np.empty(len(sizes), np.int64)
    first = 0
    for size, of_size in enumerate(FAMILIES, 1):
        here = np.flatnonzero(sizes == size)
        weights = np.array([weight for weight, _ in of_size], float)
        kinds[here] = first + rng.choice(len(of_size), size=len(here), p=weights / weights.sum())
        first += len(of_size)
    return kinds


def _counts(letter: str) -> Ints:
    return np.array([members.count(letter) for members in _MEMBERS])


def _heads(kinds: Ints, rng: np.random.Generator) -> tuple[Floats, Bools]:
    """Ages in years and sexes: old where there are grandchildren, young enough where there are parents."""
    children, parents = _counts("c")[kinds], _counts("p")[kinds] > 0
    old = (_counts("g") + _counts("l"))[kinds] > 0
    alone, pair = np.array([members == "h" for members in _MEMBERS])[kinds], np.array([m == "hs" for m in _MEMBERS])[kinds]
    lone = ~(_counts("s")[kinds] > 0)
    middle = np.select([alone, pair, old, parents], [67.0, 61.0, 59.5, 40.5], 39.5)
    spread = np.select([alone, pair, old], [12.0, 12.0, 5.0], 7.0)
    lowest = np.where(old, 50.0, np.maximum(28.0, 25.0 + 3.0 * children))
    highest = np.select([alone, pair, old, parents], [90.0, 86.0, 72.0, 58.0], 62.0)
    age = _within(rng.normal(middle, spread), lowest, highest, rng)
    male = rng.random(len(kinds)) < np.where(lone, 0.62, 0.9)
    return age, male


def _within(ages: Floats, lowest: Floats, highest: Floats, rng: np.random.Generator) -> Floats:
    """Ages held between bounds. Those beyond one are drawn anew within three years of it, or they would share one birthday."""
    near = rng.random(len(ages)) * np.minimum(3.0, highest - lowest)
    return np.select([ages < lowest, ages > highest], [lowest + near, highest - near], ages)


def _born_after(
    parent: Floats, children: Ints, rank: Ints, youngest: Floats, household: Ints, rng: np.random.Generator
) -> Floats:
    """Ages of the children of parents, the oldest first; ``parent`` and ``children`` by household, the rest by person.

    The oldest was born when the younger parent was 20 to 29, and never before 18.
    """
    span = np.maximum(children - 1, 0) * 1.1 + 0.1
    born = parent - 20 - 9 * rng.beta(2, 3, len(parent))
    oldest = _within(born, np.maximum(span, youngest), np.maximum(parent - 18, youngest), rng)
    gap = np.clip(oldest / np.maximum(children, 1) * rng.uniform(0.6, 1.1, len(parent)), 0.9, 4.0)
    return oldest[household] - rank * gap[household]


def _members(
    kinds: Ints,
    head_age: Floats,
    head_male: Bools,
    household: Ints,
    relation: Ints,
    rank: Ints,
    rng: np.random.Generator,
) -> tuple[Ints, Bools]:
    total, number = len(household), len(kinds)
    children, old = _counts("c")[kinds], (_counts("g") + _counts("l"))[kinds] > 0
    youngest_spouse = np.maximum(head_age - 6, np.where(old, 46.0, 24.0 + 3.0 * children))
    spouse_age = _within(head_age - rng.normal(1.2, 2.5, number), youngest_spouse, head_age + 6, rng)
    younger = np.where(_counts("s")[kinds] > 0, np.minimum(head_age, spouse_age), head_age)
    # Where there are grandchildren, the child at home is their parent; where none is at home, those parents work elsewhere.
    grown = np.where(old, 24.0, 0.0)
    child_age = _born_after(younger, children, rank, grown, household, rng)
    eldest = (relation == RELATION_NAMES.index("child")) & (rank == 0)
    first_child = 24 + 6 * rng.random(number)
    first_child[household[eldest]] = child_age[eldest]
    in_law_age = _within(first_child + rng.normal(-0.5, 1.5, number), np.full(number, 22.0), first_child + 5, rng)
    nearer = np.minimum(first_child, in_law_age)
    grandchild_age = _born_after(nearer, _counts("g")[kinds], rank, np.zeros(number), household, rng)
    parent_age = head_age + 19 + 12 * rng.beta(2, 2, number)
    parent_age = parent_age[household] + rank * rng.uniform(-1, 3, total)
    ages = (head_age[household], spouse_age[household], child_age, in_law_age[household], grandchild_age, parent_age)
    boys = rng.random(total) < 0.53
    first_boy = np.zeros(number, bool)
    first_boy[household[eldest]] = boys[eldest]
    first_parent_male = rng.random(number) < 0.42
    sexes = (
        head_male[household],
        ~head_male[household],
        boys,
        ~first_boy[household],
        boys,
        np.where(rank == 0, first_parent_male[household], ~first_parent_male[household]),
    )
    which = [relation == RELATION_NAMES.index(name) for name in _LETTERS.values()]
    days = np.select(which, ages) * YEAR
    # A part of a day more, so that nobody is born in the future.
    return days.astype(np.int64) + 1, np.select(which, sexes)
