"""What looks odd about where goods come from. Pure, no database.

Each detector reads what households brought to lots and says which sellers somebody should look at, and why, in figures. None of
them proves anything and none blocks anything: honest neighbours round to the same number, and a good year looks like a lie.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

# Two entries of one harvest lie so close, in days.
SAME_DAYS = 2
# So many equal parts of one lot are no chance.
EQUAL_PARTS = 4
# What farms harvest differs by tens of percent; so many parts, and half of a lot, within so few of their middle are no chance.
ALIKE_PARTS = 6
ALIKE_PERCENT = 5
# Of what a household can have, so much in percent is suspiciously all of it.
ALL_PERCENT = 97
# Weeks that a season may begin earlier or end later than elsewhere.
SEASON_MARGIN = 3
# A sale of at least so much in percent of what there can be, so soon after a household was registered.
SOON = timedelta(days=30)
SOON_PERCENT = 50
# Goods at so many times a seller's own lowest price, of which buyers say so often that they are others.
DEARER_PERCENT = 130
WRONG_GOODS = 3
WRONG_PERCENT = 15


@dataclass(frozen=True)
class Part:
    """What one household brought to one lot of one seller."""

    seller: int
    household: int
    product: int
    listing: int
    lot: int
    day: date
    grams: int


@dataclass(frozen=True)
class Sales:
    """What buyers said of one listing: its price of a kilogram, the lines sold, and how many were called other goods."""

    seller: int
    product: int
    listing: int
    fen_per_kg: int
    lines: int
    wrong: int


@dataclass(frozen=True)
class Oddity:
    """A seller to look at: the kind, what it is about, and figures that say why."""

    kind: str
    seller: int
    subject: str
    facts: Mapping[str, int]


def listed_twice(parts: Iterable[Part]) -> list[Oddity]:
    """A household's same grams of the same goods in two listings within days: one harvest sold twice.

    >>> day = date(2026, 6, 1)
    >>> twice = [Part(1, 7, 3, 10, 100, day, 500_000), Part(1, 7, 3, 11, 101, day, 500_000)]
    >>> [odd.facts for odd in listed_twice(twice)]
    [{'grams': 500000, 'days': 0}]
    """
    same: dict[tuple[int, int, int], list[Part]] = defaultdict(list)
    for part in parts:
        same[part.household, part.product, part.grams].append(part)
    found = []
    for group in same.values():
        group.sort(key=lambda part: (part.day, part.lot))
        for first, second in pairwise(group):
            days = (second.day - first.day).days
            if first.listing != second.listing and days <= SAME_DAYS:
                facts = {"grams": first.grams, "days": days}
                found.append(Oddity("listed_twice", second.seller, f"lot:{first.lot}:{second.lot}", facts))
    return found


def equal_parts(parts: Iterable[Part]) -> list[Oddity]:
    """Many households of one lot with the very same grams: members on paper, or one account that sells for many.

    >>> lot = [Part(1, household, 3, 10, 100, date(2026, 6, 1), 20_000) for household in range(5)]
    >>> [odd.facts for odd in equal_parts(lot)]
    [{'households': 5, 'grams': 20000}]
    """
    lots: dict[tuple[int, int, int], set[int]] = defaultdict(set)
    for part in parts:
        lots[part.lot, part.seller, part.grams].add(part.household)
    return [
        Oddity("equal_parts", seller, f"lot:{lot}", {"households": len(households), "grams": grams})
        for (lot, seller, grams), households in sorted(lots.items())
        if len(households) >= EQUAL_PARTS
    ]


def alike_parts(parts: Iterable[Part]) -> list[Oddity]:
    """Half of a lot's households or more with nearly the same grams: outside goods divided on paper, and blurred a little.

    A lot with many parts that are equal to the gram is for ``equal_parts`` alone, and crates of one size are equal.

    >>> day, grams = date(2026, 6, 1), (20_000, 20_300, 19_800, 20_100, 19_900, 20_200, 41_000)
    >>> lot = [Part(1, household, 3, 10, 100, day, brought) for household, brought in enumerate(grams)]
    >>> [odd.facts for odd in alike_parts(lot)]
    [{'households': 6, 'brought': 7, 'grams': 20100}]
    """
    parts = list(parts)
    equal = {(odd.subject, odd.seller) for odd in equal_parts(parts)}
    lots: dict[tuple[int, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for part in parts:
        if (f"lot:{part.lot}", part.seller) not in equal:
            lots[part.lot, part.seller][part.household] += part.grams
    found = []
    for (lot, seller), brought in sorted(lots.items()):
        middle = sorted(brought.values())[len(brought) // 2]
        alike = [grams for grams in brought.values() if abs(grams - middle) * 100 <= middle * ALIKE_PERCENT]
        if len(alike) >= ALIKE_PARTS and 2 * len(alike) >= len(brought) and len(set(alike)) > 1:
            facts = {"households": len(alike), "brought": len(brought), "grams": middle}
            found.append(Oddity("alike_parts", seller, f"lot:{lot}", facts))
    return found


def used_up(parts: Iterable[Part], most_g: Mapping[tuple[int, int, int], int]) -> list[Oddity]:
    """A household that brought nearly all that it can have, in several portions: goods may have been filled up to the bound.

    ``most_g`` is by household, product and year.
    """
    portions: dict[tuple[int, int, int], list[Part]] = defaultdict(list)
    for part in parts:
        portions[part.household, part.product, part.day.year].append(part)
    found = []
    for key, own in portions.items():
        bound_g, brought_g = most_g.get(key, 0), sum(part.grams for part in own)
        if bound_g and len(own) > 1 and brought_g * 100 >= bound_g * ALL_PERCENT:
            facts = {"grams": brought_g, "most_grams": bound_g}
            found.append(Oddity("used_up", own[-1].seller, f"part:{key[0]}:{key[1]}:{key[2]}", facts))
    return found


def out_of_season(parts: Iterable[Part], weeks: Mapping[int, frozenset[int]]) -> list[Oddity]:
    """A harvest in a week in which such goods are ripe nowhere near.

    ``weeks`` are those of the season by product, as the calendar numbers them.

    >>> june = Part(1, 7, 3, 10, 100, date(2026, 12, 1), 500)
    >>> [odd.facts for odd in out_of_season([june], {3: frozenset(range(22, 30))})]
    [{'week': 49}]
    """
    found = []
    for part in parts:
        ripe, week = weeks.get(part.product), part.day.isocalendar().week
        if ripe and not any(min(abs(week - each), 52 - abs(week - each)) <= SEASON_MARGIN for each in ripe):
            found.append(Oddity("out_of_season", part.seller, f"lot:{part.lot}", {"week": week}))
    return found


def soon_after_entry(
    parts: Iterable[Part], registered_on: Mapping[int, date], most_g: Mapping[tuple[int, int, int], int]
) -> list[Oddity]:
    """A household that brings much within days of having been registered: a name may have been lent."""
    brought: dict[tuple[int, int, int], int] = defaultdict(int)
    sellers: dict[tuple[int, int, int], int] = {}
    for part in parts:
        entered = registered_on.get(part.household)
        if entered is not None and entered <= part.day <= entered + SOON:
            key = part.household, part.product, part.day.year
            brought[key] += part.grams
            sellers[key] = part.seller
    found = []
    for key, grams in brought.items():
        if most_g.get(key) and grams * 100 >= most_g[key] * SOON_PERCENT:
            facts = {"grams": grams, "most_grams": most_g[key]}
            found.append(Oddity("soon_after_entry", sellers[key], f"part:{key[0]}:{key[1]}:{key[2]}", facts))
    return found


def swapped_grades(sales: Sequence[Sales]) -> list[Oddity]:
    """The dearer of a seller's listings of one kind of goods, which buyers often call other goods than they bought."""
    lowest: dict[tuple[int, int], int] = {}
    for row in sales:
        key = row.seller, row.product
        lowest[key] = min(lowest.get(key, row.fen_per_kg), row.fen_per_kg)
    return [
        Oddity("swapped_grades", row.seller, f"listing:{row.listing}", {"lines": row.lines, "wrong": row.wrong})
        for row in sales
        if row.fen_per_kg * 100 >= lowest[row.seller, row.product] * DEARER_PERCENT
        and row.wrong >= WRONG_GOODS
        and row.wrong * 100 >= row.lines * WRONG_PERCENT
    ]
