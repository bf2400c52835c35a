"""Figures for government, from day-level facts. Each function's docstring is how its figure was counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from sqlalchemy import func, literal, select

from marketplace.catalogue.models import Category, Listing, Lot, Product
from marketplace.dashboard.columns import (
    CHANNELS,
    SUMS,
    Facts,
    Numbers,
    day_of,
    facts_between,
    numbered,
    part_of,
    registered_part,
)
from marketplace.dashboard.models import BUYER_OF, Buyer, Channel, SalesFact
from marketplace.kernel.db import db
from marketplace.regions.codes import child_length
from marketplace.regions.models import Area
from marketplace.regions.queries import within

Grouping = Literal["area", "lot", "product", "category", "channel", "buyer", "day", "month", "quarter", "year"]
# The number of the rules of counting below and in ``building``; it changes with what a figure means.
RULE_NUMBER = 2
# Days are read one by one, so that a longer span by the day would hold years of facts in memory.
MOST_DAYS = 740
# How a period is called, by its first day.
_PERIODS: dict[str, Callable[[date], str]] = {
    "day": date.isoformat,
    "month": lambda day: day.isoformat()[:7],
    "quarter": lambda day: f"{day.year:04d}-Q{(day.month + 2) // 3}",
    "year": lambda day: f"{day.year:04d}",
}
# Sums up to this are exact as floats.
_EXACT = 2**53


@dataclass(frozen=True)
class SalesRow:
    """Paid sales of one group: money in fen, weight in grams, numbers of order lines and of producers.

    ``benefit_fen`` is the part of registered households as it was asked for; ``as_sold_fen`` is counted by the registry of the
    day of each order, ``as_registered_fen`` by that of one day for all. ``own_*`` are their part of the two sums beside them.
    """

    key: str
    name_zh: str
    name_en: str
    total_fen: int
    benefit_fen: int
    grams: int
    order_lines: int
    producers: int
    as_sold_fen: int = 0
    as_registered_fen: int = 0
    benefit_grams: int = 0
    # Of goods with a known wholesale price: what producers got, and what the market would have taken.
    farm_gate_fen: int = 0
    wholesale_fen: int = 0
    own_farm_gate_fen: int = 0
    own_wholesale_fen: int = 0

    @property
    def benefit_share(self) -> float:
        """The part of the sales that went to registered households, 0 where nothing was sold."""
        return self.benefit_fen / self.total_fen if self.total_fen else 0.0


@dataclass(frozen=True)
class Only:
    """What sales are narrowed to, by the slugs of a category or a kind of goods, a channel or a kind of buyer."""

    category: str | None = None
    product: str | None = None
    channel: Channel | None = None
    buyer: Buyer | None = None

    def within(self, scope_code: str) -> Callable[[Facts], Facts]:
        """What leaves those facts of an area that it says."""
        goods = None
        if self.category is not None or self.product is not None:
            query = select(Product.id)
            if self.category is not None:
                query = query.join(Category).where(Category.slug == self.category)
            if self.product is not None:
                query = query.where(Product.slug == self.product)
            goods = db.session.scalars(query).all()
        ways = [
            at
            for at, channel in enumerate(CHANNELS)
            if self.channel in (None, channel) and self.buyer in (None, BUYER_OF[channel])
        ]

        def leave(facts: Facts) -> Facts:
            facts = facts.inside(scope_code)
            if goods is not None:
                facts = facts.where(np.isin(facts["product_id"], goods))
            return facts if len(ways) == len(CHANNELS) else facts.where(np.isin(facts["channel"], ways))

        return leave


EVERYTHING = Only()


def sales_total(
    scope_code: str, first: date, last: date, *, as_of: date | None = None, beside: date | None = None, only: Only = EVERYTHING
) -> SalesRow:
    """Paid sales of an area's producers over a span of days, both ends included.

    Counted are order lines whose purchase was paid on a day of the span (market time), by the village the goods came from.
    ``benefit_fen`` is the part that goes to registered households: with ``as_of`` None by the share each line was sold
    with; with a day by the lot's contributions and the registry of that day, rounded down per lot and channel for each month
    of the span, and for each day where a month is not whole. Unpaid and cancelled purchases are left out.
    """
    return _Count(scope_code, facts_between(first, last, only=only.within(scope_code)), as_of, beside).total()


def sales(
    scope_code: str,
    first: date,
    last: date,
    *,
    by: Grouping,
    as_of: date | None = None,
    beside: date | None = None,
    only: Only = EVERYTHING,
) -> list[SalesRow]:
    """``sales_total``, divided: by areas one level below, by lots, kinds of goods, categories, channels or buyers, or in time.

    ``beside`` is the day whose registry ``as_registered_fen`` follows where ``as_of`` is None. Largest first, or in time.
    """
    return sales_and_total(scope_code, first, last, by=by, as_of=as_of, beside=beside, only=only)[0]


def sales_and_total(
    scope_code: str,
    first: date,
    last: date,
    *,
    by: Grouping,
    as_of: date | None = None,
    beside: date | None = None,
    only: Only = EVERYTHING,
) -> tuple[list[SalesRow], SalesRow]:
    """``sales`` and the sum of its rows, from the same facts; a producer of several rows is one in the sum."""
    facts = facts_between(first, last, daily=by == "day", only=only.within(scope_code))
    count = _Count(scope_code, facts, as_of, beside)
    return count.rows(by), count.total()


class _Count:
    """The sums over facts of an area."""

    def __init__(self, scope_code: str, facts: Facts, as_of: date | None, beside: date | None) -> None:
        self._scope_code, self._facts, self._as_of = scope_code, facts, as_of
        self._amounts = {name: facts[name] for name in SUMS}
        for name in ("farm_gate_fen", "wholesale_fen"):
            self._amounts[f"own_{name}"] = part_of(facts[name], facts["benefit_fen"], facts["total_fen"])
        day = as_of or beside
        if day is not None:
            self._amounts["as_registered_fen"] = part_of(facts["total_fen"], *registered_part(facts["lot_id"], day))
        self._totals = {name: int(values.sum()) for name, values in self._amounts.items()}
        if max(self._totals.values()) > _EXACT:
            raise OverflowError("these sales are more than can be added up exactly")

    def total(self) -> SalesRow:
        producers = len(numbered(self._facts["producer_id"])[0])
        return self._row(self._scope_code, "", "", {**self._totals, "producers": producers})

    def rows(self, by: Grouping) -> list[SalesRow]:
        if by == "area":
            return self._areas()
        column = {"lot": "lot_id", "channel": "channel", "buyer": "channel", **dict.fromkeys(_PERIODS, "day")}
        different, places = numbered(self._facts[column.get(by, "product_id")])
        words = _words(by, different)
        # Days of one month, goods of one category and channels of one buyer are one row.
        number = {said: at for at, said in enumerate(dict.fromkeys(words))}
        groups = self._grouped(np.array([number[said] for said in words], np.int64)[places])
        rows = [self._row(*said, groups[at]) for said, at in number.items()]
        return sorted(rows, key=lambda row: row.key if by in _PERIODS else (-row.total_fen, row.key))

    def _areas(self) -> list[SalesRow]:
        """Every area one level below, also those that sold nothing: an empty row is a finding."""
        length = child_length(self._scope_code) if self._scope_code else 2
        if length is None:
            return []
        found = self._grouped(self._facts.areas(length))
        areas = db.session.execute(
            select(Area.code, Area.name)
            .where(Area.parent_code == (self._scope_code or None), Area.valid_to.is_(None))
            .order_by(Area.code)
        ).all()
        rows = [self._row(code, name, name, found.get(int(code), {})) for code, name in areas]
        return sorted(rows, key=lambda row: (-row.total_fen, row.key))

    def _grouped(self, key: Numbers) -> dict[int, Mapping[str, int]]:
        """The sums by a key."""
        keys, places = numbered(key)
        sums = {
            name: np.bincount(places, values, len(keys)).astype(np.int64).tolist() for name, values in self._amounts.items()
        }
        producers, sellers = numbered(self._facts["producer_id"])
        pairs, _places = numbered(places * len(producers) + sellers)
        sums["producers"] = np.bincount(pairs // max(1, len(producers)), minlength=len(keys)).tolist()
        return {int(one): {name: each[at] for name, each in sums.items()} for at, one in enumerate(keys)}

    def _row(self, key: str, name_zh: str, name_en: str, values: Mapping[str, int]) -> SalesRow:
        known = {name: values.get(name, 0) for name in ("producers", "as_registered_fen", *SUMS)}
        own = {name: values.get(name, 0) for name in ("own_farm_gate_fen", "own_wholesale_fen")}
        as_sold_fen = known.pop("benefit_fen")
        counted = as_sold_fen if self._as_of is None else known["as_registered_fen"]
        return SalesRow(key, name_zh, name_en, benefit_fen=counted, as_sold_fen=as_sold_fen, **known, **own)


def _words(by: Grouping, different: Numbers) -> list[tuple[str, str, str]]:
    """Key, Chinese and English name of each of the different lots, kinds of goods, channels or days."""
    if by in _PERIODS:
        return [(_PERIODS[by](day_of(one)),) * 3 for one in different.tolist()]
    if by in ("channel", "buyer"):
        channels = [CHANNELS[at] for at in different.tolist()]
        return [((channel if by == "channel" else BUYER_OF[channel]).value,) * 3 for channel in channels]
    if by == "lot":
        harvested = literal(" · ") + func.to_char(Lot.harvested_on, "YYYY-MM-DD")
        query = select(Lot.id, Lot.public_id, Listing.title_zh + harvested, Listing.title_en + harvested)
        query = query.join(Listing, Listing.id == Lot.listing_id).where(Lot.id.in_(different.tolist()))
    elif by == "product":
        query = select(Product.id, Product.slug, Product.name_zh, Product.name_en)
    else:
        query = select(Product.id, Category.slug, Category.name_zh, Category.name_en).join(Category)
    words = {one: (key, zh, en) for one, key, zh, en in db.session.execute(query)}
    return [words[one] for one in different.tolist()]


def days_with_facts(scope_code: str) -> tuple[date, date] | None:
    """The first and the last day on which an area has facts; None when it has none."""
    first, last = db.session.execute(
        select(func.min(SalesFact.sold_on), func.max(SalesFact.sold_on)).where(within(SalesFact.area_code, scope_code))
    ).one()
    return None if first is None else (first, last)
