"""Figures for government, from day-level facts. Each function's docstring is how its figure was counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, Date, FromClause, Numeric, Select, case, cast, func, literal, select, tuple_, union_all

from marketplace.catalogue.models import Category, Listing, Lot, LotContribution, Product
from marketplace.dashboard.models import BUYER_OF, Buyer, Channel, SalesFact, SalesMonth
from marketplace.dashboard.pieces import pieces
from marketplace.kernel.db import db
from marketplace.regions.codes import child_length
from marketplace.regions.models import Area
from marketplace.regions.queries import within
from marketplace.registry.models import HouseholdStatus
from marketplace.registry.queries import supported_on

Grouping = Literal["area", "lot", "product", "category", "channel", "buyer", "day", "month", "quarter", "year"]
# The number of the rules of counting below and in ``building``; it changes with what a figure means.
RULE_NUMBER = 2
# How a period is called, by its first day.
_PERIODS: dict[str, Callable[[date], str]] = {
    "day": date.isoformat,
    "month": lambda day: day.isoformat()[:7],
    "quarter": lambda day: f"{day.year:04d}-Q{(day.month + 2) // 3}",
    "year": lambda day: f"{day.year:04d}",
}
_Values = Mapping[Any, Any]
_SUMS = ("total_fen", "benefit_fen", "grams", "benefit_grams", "order_lines", "farm_gate_fen", "wholesale_fen")


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

    def conditions(self, facts: FromClause) -> list[ColumnElement[bool]]:
        """The conditions on facts."""
        found: list[ColumnElement[bool]] = []
        if self.category is not None:
            shelf = select(Product.id).join(Category).where(Category.slug == self.category)
            found.append(facts.c.product_id.in_(shelf))
        if self.product is not None:
            found.append(facts.c.product_id.in_(select(Product.id).where(Product.slug == self.product)))
        if self.channel is not None:
            found.append(facts.c.channel == self.channel)
        if self.buyer is not None:
            found.append(facts.c.channel.in_([channel for channel, buyer in BUYER_OF.items() if buyer == self.buyer]))
        return found


EVERYTHING = Only()


def shares_as_of(day: date) -> FromClause:
    """For each lot the grams its contributors brought, and those of contributors registered on ``day``."""
    registered = select(HouseholdStatus.household_id).where(supported_on(day))
    return (
        select(
            LotContribution.lot_id,
            func.sum(LotContribution.grams).label("all_g"),
            func.coalesce(func.sum(LotContribution.grams).filter(LotContribution.household_id.in_(registered)), 0).label(
                "registered_g"
            ),
        )
        .group_by(LotContribution.lot_id)
        .cte("shares")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )


def facts_between(scope_code: str, first: date, last: date, *, daily: bool = False) -> FromClause:
    """The facts of an area and a span: whole months as months and the rest as days, or with ``daily`` days alone.

    ``period_on`` is the day or the first day of the month.
    """
    parts = pieces(first, last)
    spans = ((first, last),) if daily else parts.days
    selects = [_days(SalesFact, SalesFact.sold_on, scope_code, *span) for span in spans]
    if parts.months and not daily:
        selects.append(_days(SalesMonth, SalesMonth.month_on, scope_code, *parts.months))
    return (
        union_all(*selects).subquery("facts") if selects else _days(SalesFact, SalesFact.sold_on, "-", first, last).subquery()
    )


def _days(table: Any, period_on: Any, scope_code: str, first: date, last: date) -> Select[Any]:
    keys = (table.lot_id, table.channel, table.area_code, table.producer_id, table.product_id)
    sums = (getattr(table, name) for name in _SUMS)
    return select(period_on.label("period_on"), *keys, *sums).where(
        period_on.between(first, last), within(table.area_code, scope_code)
    )


def part_of(amount: ColumnElement[Any], part: ColumnElement[Any], whole: ColumnElement[Any]) -> ColumnElement[Any]:
    """``amount`` x ``part`` / ``whole``, rounded down to whole fen: a figure never promises more than there is.

    Nearly every lot is one household's, so the division, whose product may be too large for 64 bits, is made for the others.
    """
    return case((part == 0, 0), (part == whole, amount), else_=func.div(cast(amount, Numeric) * part, whole))


def sales_total(
    scope_code: str, first: date, last: date, *, as_of: date | None = None, beside: date | None = None, only: Only = EVERYTHING
) -> SalesRow:
    """Paid sales of an area's producers over a span of days, both ends included.

    Counted are order lines whose purchase was paid on a day of the span (market time), by the village the goods came from.
    ``benefit_fen`` is the part that goes to registered households: with ``as_of`` None by the share each line was sold
    with; with a day by the lot's contributions and the registry of that day, rounded down per lot and channel for each month
    of the span, and for each day where a month is not whole. Unpaid and cancelled purchases are left out.
    """
    return _Count(scope_code, first, last, as_of, beside, only).total()


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
    """``sales`` and the sum of its rows, from one statement; a producer of several rows is one in the sum."""
    return _Count(scope_code, first, last, as_of, beside, only, daily=by == "day").rows(by)


@dataclass(frozen=True)
class _Count:
    scope_code: str
    first: date
    last: date
    as_of: date | None
    beside: date | None
    only: Only
    daily: bool = False

    def total(self) -> SalesRow:
        facts = facts_between(self.scope_code, self.first, self.last)
        return self._sum(self._grouped(facts, literal(""))[None])

    def rows(self, by: Grouping) -> tuple[list[SalesRow], SalesRow]:
        facts = facts_between(self.scope_code, self.first, self.last, daily=self.daily)
        if by == "area":
            length = child_length(self.scope_code) if self.scope_code else 2
            if length is None:
                return [], self.total()
            found = self._grouped(facts, func.left(facts.c.area_code, length))
            return self._areas(found), self._sum(found[None])
        if by in ("lot", "product", "category"):
            found = self._grouped(facts, facts.c.lot_id if by == "lot" else facts.c.product_id, _named(by))
        elif by in ("channel", "buyer"):
            found = self._grouped(facts, facts.c.channel if by == "channel" else _buyer(facts))
        else:
            found = self._grouped(facts, _period(facts, by))
        each = {key: values for key, values in found.items() if key is not None}
        if by in _PERIODS:
            names = {day: _PERIODS[by](day) for day in each}
            return [self._row(*[names[day]] * 3, each[day]) for day in sorted(each)], self._sum(found[None])
        rows = [self._row(key, values["name_zh"], values["name_en"], values) for key, values in each.items()]
        return sorted(rows, key=lambda row: (-row.total_fen, row.key)), self._sum(found[None])

    def _grouped(self, facts: FromClause, key: ColumnElement[Any], names: FromClause | None = None) -> dict[Any, _Values]:
        """The sums by a key, or by the columns of ``names`` that stand for it; under None those of all together."""
        sums, joined = self._sums(facts)
        each = (
            select(key.label("key"), facts.c.producer_id, *sums)
            .select_from(joined)
            .where(*self.only.conditions(facts))
            .group_by(key, facts.c.producer_id)
            .subquery("each")
        )
        # Added up by producer first, there are few rows to count producers in.
        added = [func.sum(column).label(column.name) for column in each.c if column.name not in ("key", "producer_id")]
        producers = func.count(each.c.producer_id.distinct()).label("producers")
        if names is None:
            keys = [each.c.key, each.c.key.label("name_zh"), each.c.key.label("name_en")]
            query = select(*keys, *added, producers).group_by(func.grouping_sets(tuple_(each.c.key), tuple_()))
        else:
            keys = [names.c.key, names.c.name_zh, names.c.name_en]
            query = select(*keys, *added, producers).join(names, names.c.id == each.c.key)
            query = query.group_by(func.grouping_sets(tuple_(*keys), tuple_()))
        return {row[0]: row._mapping for row in db.session.execute(query)}

    def _sums(self, facts: FromClause) -> tuple[list[ColumnElement[Any]], FromClause]:
        """The sums over facts, and the facts with what they need beside them."""
        own = {
            f"own_{name}": part_of(facts.c[name], facts.c.benefit_fen, facts.c.total_fen)
            for name in ("farm_gate_fen", "wholesale_fen")
        }
        columns = {**{name: facts.c[name] for name in _SUMS}, **own}
        joined: FromClause = facts
        day = self.as_of or self.beside
        if day is not None:
            shares = shares_as_of(day)
            columns["as_registered_fen"] = part_of(facts.c.total_fen, shares.c.registered_g, shares.c.all_g)
            joined = facts.join(shares, shares.c.lot_id == facts.c.lot_id)
        return [func.coalesce(func.sum(column), 0).label(name) for name, column in columns.items()], joined

    def _areas(self, found: Mapping[Any, _Values]) -> list[SalesRow]:
        """Every area one level below, also those that sold nothing: an empty row is a finding."""
        areas = db.session.execute(
            select(Area.code, Area.name)
            .where(Area.parent_code == (self.scope_code or None), Area.valid_to.is_(None))
            .order_by(Area.code)
        ).all()
        rows = [self._row(code, name, name, found.get(code, {})) for code, name in areas]
        return sorted(rows, key=lambda row: (-row.total_fen, row.key))

    def _sum(self, values: _Values) -> SalesRow:
        return self._row(self.scope_code, "", "", values)

    def _row(self, key: str, name_zh: str, name_en: str, values: _Values) -> SalesRow:
        known = {name: int(values.get(name) or 0) for name in ("producers", "as_registered_fen", *_SUMS)}
        own = {name: int(values.get(name) or 0) for name in ("own_farm_gate_fen", "own_wholesale_fen")}
        as_sold_fen = known.pop("benefit_fen")
        counted = as_sold_fen if self.as_of is None else known["as_registered_fen"]
        return SalesRow(key, name_zh, name_en, benefit_fen=counted, as_sold_fen=as_sold_fen, **known, **own)


def _period(facts: FromClause, by: Grouping) -> ColumnElement[Any]:
    return facts.c.period_on if by == "day" else cast(func.date_trunc(by, facts.c.period_on), Date)


def _buyer(facts: FromClause) -> ColumnElement[Any]:
    return case(*((facts.c.channel == channel, literal(buyer.value)) for channel, buyer in BUYER_OF.items()))


def _named(by: Grouping) -> FromClause:
    """How lots, kinds of goods and categories are called: id in the facts, key, Chinese and English name."""
    if by == "product":
        return select(Product.id, Product.slug.label("key"), Product.name_zh, Product.name_en).subquery("named")
    if by == "category":
        names = (Category.slug.label("key"), Category.name_zh, Category.name_en)
        return select(Product.id, *names).join(Category, Category.id == Product.category_id).subquery("named")
    harvested = func.to_char(Lot.harvested_on, "YYYY-MM-DD")
    names_of_lots = (
        (Listing.title_zh + literal(" · ") + harvested).label("name_zh"),
        (Listing.title_en + literal(" · ") + harvested).label("name_en"),
    )
    return (
        select(Lot.id, Lot.public_id.label("key"), *names_of_lots).join(Listing, Listing.id == Lot.listing_id).subquery("named")
    )


def days_with_facts(scope_code: str) -> tuple[date, date] | None:
    """The first and the last day on which an area has facts; None when it has none."""
    first, last = db.session.execute(
        select(func.min(SalesFact.sold_on), func.max(SalesFact.sold_on)).where(within(SalesFact.area_code, scope_code))
    ).one()
    return None if first is None else (first, last)
