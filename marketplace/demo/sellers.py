"""The made part of the demo: households, statuses, cooperatives, and who sells what. Seeded, pure, no database.

Registered households hold less popular goods, as the paper's poor producers do: the chance that a listing is theirs rises with
its rank by sales. Sellers keep to one shelf of the shop, so a village's farm looks like a farm.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from marketplace.regions.names import called, romanised
from marketplace.registry.models import StatusCategory

HOUSEHOLD_SELLERS = 588
COOPERATIVES = 12
REGISTERED_SELLERS = 180
# The day on which Guizhou announced that its last registered-poor counties had left poverty; categories changed after it.
LIFTED_ON = date(2020, 11, 23)
REGISTERED_SINCE = date(2014, 1, 1)


@dataclass(frozen=True)
class StatusPlan:
    """A category from a day to the day before ``end``; None is open."""

    category: StatusCategory
    start: date
    end: date | None


@dataclass
class HouseholdPlan:
    """A household of a village with its status periods."""

    code: str
    statuses: list[StatusPlan]

    @property
    def registered(self) -> bool:
        """Whether it was ever registered."""
        return bool(self.statuses)


@dataclass(frozen=True)
class SellerPlan:
    """A producer: whose grams its lots hold (household number -> weight), and what it is called in public."""

    cooperative: bool
    area_code: str
    members: Mapping[int, int]
    name_zh: str
    name_en: str
    badge_consent: bool


@dataclass(frozen=True)
class Plan:
    """Everything made: households, sellers, and the seller (by number) of each good."""

    households: list[HouseholdPlan]
    sellers: list[SellerPlan]
    seller_of_good: list[int]


def romanised_village(name: str) -> str:
    """The pinyin of a village's name, without its word for "village" or "community".

    >>> romanised_village("摆泥村")
    'Baini'
    """
    stem = name.removesuffix("社区")
    return romanised(stem.removesuffix("村") if len(stem) > 2 else stem)


def make_plan(
    categories_of_goods: Sequence[str],
    sales_of_goods: Sequence[int],
    villages: Mapping[str, str],
    other_villages: Mapping[str, str],
    category_names: Mapping[str, tuple[str, str]],
    last_day: date,
    seed: int = 522636,
) -> Plan:
    """Make sellers for goods.

    Parameters
    ----------
    categories_of_goods, sales_of_goods : sequences, one entry a good
        Shelf and number of sales.
    villages, other_villages : mapping of code to name
        Where households live; a few cooperatives also stand in the other ones.
    category_names : mapping of slug to (Chinese, English) name
    last_day : datetime.date
        The last day of the purchases; some statuses begin or end within the year before it.
    """
    rng = np.random.default_rng(seed)
    households: list[HouseholdPlan] = []
    counters: dict[str, int] = defaultdict(int)

    def add_household(village: str) -> int:
        counters[village] += 1
        households.append(HouseholdPlan(f"{village}{counters[village]:04d}", []))
        return len(households) - 1

    shelves = _shelves(categories_of_goods, rng)
    sellers = _household_sellers(villages, add_household, rng)
    _register(households, sellers, last_day, rng)
    sellers += _cooperatives(villages, other_villages, category_names, shelves, add_household, households, rng)
    seller_of_good = _assign(categories_of_goods, sales_of_goods, sellers, shelves, households, rng)
    return Plan(households, sellers, seller_of_good)


def _shelves(categories_of_goods: Sequence[str], rng: np.random.Generator) -> list[str]:
    """A shelf for each seller, household sellers first, in proportion to the goods on it and at least one for each."""
    names, counts = np.unique(np.array(categories_of_goods), return_counts=True)
    total = HOUSEHOLD_SELLERS + COOPERATIVES
    drawn = rng.choice(names, size=total - 3 * len(names), p=counts / counts.sum())
    shelves = [str(name) for name in [*np.repeat(names, 3), *drawn]]
    rng.shuffle(shelves)
    return shelves


def _household_sellers(villages: Mapping[str, str], add_household, rng: np.random.Generator) -> list[SellerPlan]:  # type: ignore[no-untyped-def]
    codes = sorted(villages)
    weights = rng.dirichlet(np.full(len(codes), 2.0))
    numbers: dict[str, int] = defaultdict(int)
    sellers = []
    for code in sorted(str(code) for code in rng.choice(codes, size=HOUSEHOLD_SELLERS, p=weights)):
        numbers[code] += 1
        name = called(villages[code])
        sellers.append(
            SellerPlan(
                cooperative=False,
                area_code=code,
                members={add_household(code): 1},
                name_zh=f"{name}农家{numbers[code]}号",
                name_en=f"{romanised_village(name)} village farm {numbers[code]}",
                badge_consent=bool(rng.random() < 0.75),
            )
        )
    return sellers


def _register(households: list[HouseholdPlan], sellers: Sequence[SellerPlan], last_day: date, rng: np.random.Generator) -> None:
    """Give the registered their history, let a few leave and a few enter within the year."""
    chosen = rng.permutation(len(households))
    registered, others = chosen[:REGISTERED_SELLERS], chosen[REGISTERED_SELLERS:]
    for number in registered:
        households[number].statuses = _history(rng)
    for number in registered[:10]:
        left_on = last_day - timedelta(days=int(rng.integers(60, 300)))
        *earlier, latest = households[number].statuses
        households[number].statuses = [*earlier, StatusPlan(latest.category, latest.start, left_on)]
    for number in others[:8]:
        entered_on = last_day - timedelta(days=int(rng.integers(60, 300)))
        households[number].statuses = [StatusPlan(StatusCategory.MONITORED, entered_on, None)]


def _history(rng: np.random.Generator) -> list[StatusPlan]:
    after = StatusCategory.MONITORED if rng.random() < 0.25 else StatusCategory.LIFTED_TRACKED
    return [StatusPlan(StatusCategory.POOR, REGISTERED_SINCE, LIFTED_ON), StatusPlan(after, LIFTED_ON, None)]


def _cooperatives(  # type: ignore[no-untyped-def]
    villages: Mapping[str, str],
    other_villages: Mapping[str, str],
    category_names: Mapping[str, tuple[str, str]],
    shelves: Sequence[str],
    add_household,
    households: list[HouseholdPlan],
    rng: np.random.Generator,
) -> list[SellerPlan]:
    """Cooperatives of 8 to 20 households, about a third of them registered; four stand in neighbouring counties."""
    own = [str(code) for code in rng.choice(sorted(villages), size=COOPERATIVES - 4, replace=False)]
    neighbours = [str(code) for code in rng.choice(sorted(other_villages), size=4, replace=False)]
    sellers = []
    for at, code in enumerate([*own, *neighbours]):
        members = {}
        for _ in range(int(rng.integers(8, 21))):
            number = add_household(code)
            members[number] = int(rng.integers(50, 400))
            if rng.random() < 0.33:
                households[number].statuses = _history(rng)
        name = called({**other_villages, **villages}[code])
        shelf_zh, shelf_en = category_names[shelves[HOUSEHOLD_SELLERS + at]]
        sellers.append(
            SellerPlan(
                cooperative=True,
                area_code=code,
                members=members,
                name_zh=f"{name}{shelf_zh}合作社",
                name_en=f"{romanised_village(name)} {shelf_en.lower()} cooperative",
                badge_consent=True,
            )
        )
    return sellers


def _assign(
    categories_of_goods: Sequence[str],
    sales_of_goods: Sequence[int],
    sellers: Sequence[SellerPlan],
    shelves: Sequence[str],
    households: Sequence[HouseholdPlan],
    rng: np.random.Generator,
) -> list[int]:
    """A seller for each good: of its shelf, registered with a chance that rises with its rank, fewest goods first."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, seller in enumerate(sellers):
        registered = not seller.cooperative and households[next(iter(seller.members))].registered
        kind = "cooperative" if seller.cooperative else "registered" if registered else "other"
        groups[kind, shelves[number]].append(number)
        groups[kind, ""].append(number)
    held = np.zeros(len(sellers), dtype=int)
    ranks = np.empty(len(sales_of_goods))
    ranks[np.argsort(-np.asarray(sales_of_goods), kind="stable")] = np.linspace(0, 1, len(sales_of_goods))
    seller_of_good = []
    for shelf, rank in zip(categories_of_goods, ranks, strict=True):
        kind = "registered" if rng.random() < 0.6 * rank else "other"
        if kind == "other" and rng.random() < 0.25 * (1 - rank):
            kind = "cooperative"
        pool = groups.get((kind, shelf)) or groups[kind, ""]
        fewest = min(held[number] for number in pool)
        number = int(rng.choice([number for number in pool if held[number] == fewest]))
        held[number] += 1
        seller_of_good.append(number)
    return seller_of_good
