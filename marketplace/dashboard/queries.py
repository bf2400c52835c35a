"""Figures for government, from day-level facts. Each function's docstring is how its figure was counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, Select, func, select

from marketplace.catalogue.models import LotContribution, Product
from marketplace.dashboard.models import SalesFact
from marketplace.kernel.db import db
from marketplace.regions.codes import child_length
from marketplace.regions.models import Area
from marketplace.regions.queries import within
from marketplace.registry.models import HouseholdStatus
from marketplace.registry.queries import supported_on

Grouping = Literal["area", "product", "month", "day"]


@dataclass(frozen=True)
class SalesRow:
    """Paid sales of one group: money in fen, weight in grams, numbers of order lines and of producers."""

    key: str
    name_zh: str
    name_en: str
    total_fen: int
    benefit_fen: int
    grams: int
    order_lines: int
    producers: int

    @property
    def benefit_share(self) -> float:
        """The part of the sales that went to registered households, 0 where nothing was sold."""
        return self.benefit_fen / self.total_fen if self.total_fen else 0.0


def _shares_as_of(day: date) -> FromClause:
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
        .subquery()
    )


def _measures(as_of: date | None) -> tuple[list[ColumnElement[Any]], FromClause | None]:
    shares = None
    benefit: ColumnElement[Any] = SalesFact.benefit_fen
    if as_of is not None:
        shares = _shares_as_of(as_of)
        # Whole fen of each fact, rounded down: a figure never promises more than there is.
        benefit = func.div(SalesFact.total_fen * shares.c.registered_g, shares.c.all_g)
    columns = [
        func.coalesce(func.sum(SalesFact.total_fen), 0).label("total_fen"),
        func.coalesce(func.sum(benefit), 0).label("benefit_fen"),
        func.coalesce(func.sum(SalesFact.grams), 0).label("grams"),
        func.coalesce(func.sum(SalesFact.order_lines), 0).label("order_lines"),
        func.count(SalesFact.producer_id.distinct()).label("producers"),
    ]
    return columns, shares


def _facts(group: list[ColumnElement[Any]], scope_code: str, first: date, last: date, as_of: date | None) -> Select[Any]:
    columns, shares = _measures(as_of)
    query = select(*group, *columns).select_from(SalesFact)
    if shares is not None:
        query = query.join(shares, shares.c.lot_id == SalesFact.lot_id)
    query = query.where(SalesFact.sold_on.between(first, last), within(SalesFact.area_code, scope_code))
    return query.group_by(*group) if group else query


def sales_total(scope_code: str, first: date, last: date, *, as_of: date | None = None) -> SalesRow:
    """Paid sales of an area's producers over a span of days, both ends included.

    Counted are order lines whose purchase was paid on a day of the span (market time), by the village the goods came from.
    ``benefit_fen`` is the part that goes to registered households: with ``as_of`` None by the share each line was sold
    with; with a day by the lot's contributions and the registry of that day, rounded down per lot and day. Unpaid and
    cancelled purchases are left out.
    """
    row = db.session.execute(_facts([], scope_code, first, last, as_of)).one()
    return _row(scope_code, "", "", row._mapping)


def sales(scope_code: str, first: date, last: date, *, by: Grouping, as_of: date | None = None) -> list[SalesRow]:
    """``sales_total``, divided by the areas one level below, by product, by month or by day; largest first or in time."""
    if by == "area":
        return _by_area(scope_code, first, last, as_of)
    if by == "product":
        group = [Product.slug, Product.name_zh, Product.name_en]
        query = _facts(group, scope_code, first, last, as_of).join(Product, Product.id == SalesFact.product_id)
        rows = db.session.execute(query).all()
        return sorted((_row(row[0], row[1], row[2], row._mapping) for row in rows), key=lambda row: (-row.total_fen, row.key))
    key = func.to_char(SalesFact.sold_on, "YYYY-MM" if by == "month" else "YYYY-MM-DD").label("key")
    rows = db.session.execute(_facts([key], scope_code, first, last, as_of).order_by(key)).all()
    return [_row(row[0], row[0], row[0], row._mapping) for row in rows]


def _by_area(scope_code: str, first: date, last: date, as_of: date | None) -> list[SalesRow]:
    """Every area one level below, also those that sold nothing: an empty row is a finding."""
    length = child_length(scope_code) if scope_code else 2
    if length is None:
        return []
    key = func.left(SalesFact.area_code, length).label("key")
    sold = {row[0]: row._mapping for row in db.session.execute(_facts([key], scope_code, first, last, as_of))}
    parent = scope_code or None
    areas = db.session.execute(
        select(Area.code, Area.name).where(Area.parent_code == parent, Area.valid_to.is_(None)).order_by(Area.code)
    ).all()
    rows = [_row(code, name, name, sold.get(code, {})) for code, name in areas]
    return sorted(rows, key=lambda row: (-row.total_fen, row.key))


def _row(key: str, name_zh: str, name_en: str, values: Mapping[Any, Any]) -> SalesRow:
    return SalesRow(
        key=key,
        name_zh=name_zh,
        name_en=name_en,
        total_fen=int(values.get("total_fen", 0)),
        benefit_fen=int(values.get("benefit_fen", 0)),
        grams=int(values.get("grams", 0)),
        order_lines=int(values.get("order_lines", 0)),
        producers=int(values.get("producers", 0)),
    )


def days_with_facts(scope_code: str) -> tuple[date, date] | None:
    """The first and the last day on which an area has facts; None when it has none."""
    first, last = db.session.execute(
        select(func.min(SalesFact.sold_on), func.max(SalesFact.sold_on)).where(within(SalesFact.area_code, scope_code))
    ).one()
    return None if first is None else (first, last)
