"""Quarters of sales as they are published: once for each county, and then they stay as they are."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.dashboard.models import PublishedSales, SalesMonth
from marketplace.dashboard.pieces import next_month
from marketplace.dashboard.publishing import WHOLE, sales_to_publish
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.models import Level

# So many days after a quarter its last days have been built again for the last time.
SETTLED_DAYS = 7


def publish_sales(county_code: str, first: date, *, now: datetime) -> bool:
    """Publish a county's quarter; False when it was published before, or nothing of registered households was sold in it."""
    cells: dict[str, dict[str, int | None]] = {}
    for (area, column), yuan in sales_to_publish(county_code, first).cells.items():
        cells.setdefault(area, {})[column] = yuan
    if not cells:
        return False
    done = db.session.execute(
        insert(PublishedSales)
        .values(county_code=county_code, first_on=first, published_at=now, cells=cells)
        .on_conflict_do_nothing(index_elements=["county_code", "first_on"])
        .returning(PublishedSales.id)
    )
    return done.first() is not None


def counties_that_sold(first: date) -> list[str]:
    """The counties of which anything was sold in a quarter that begins on a day, and that is not published yet."""
    second = next_month(first)
    months = (first, second, next_month(second))
    villages = db.session.scalars(select(SalesMonth.area_code).where(SalesMonth.month_on.in_(months)).distinct())
    published = set(db.session.scalars(select(PublishedSales.county_code).filter_by(first_on=first)))
    return sorted({code[: Level.COUNTY] for code in villages} - published)


def published_quarters() -> list[tuple[str, date]]:
    """The counties and quarters that are published: counties by code, the newest quarter of each first."""
    query = select(PublishedSales.county_code, PublishedSales.first_on)
    rows = db.session.execute(query.order_by(PublishedSales.county_code, PublishedSales.first_on.desc()))
    return [(code, first) for code, first in rows]


def sales_to_open_with() -> PublishedSales | None:
    """The newest quarter whose total is not hidden, else the newest; None where nothing is published."""
    total = PublishedSales.cells.op("->")(PublishedSales.county_code).op("->>")(WHOLE)
    newest = select(PublishedSales).order_by(total.is_(None), PublishedSales.first_on.desc(), PublishedSales.county_code)
    return db.session.scalars(newest.limit(1)).first()


def published_sales(county_code: str, first: date | None = None) -> PublishedSales:
    """A county's quarter that begins on a day, else its newest.

    Raises
    ------
    NotFound
        ``figures_unknown`` when it is not published.
    """
    query = select(PublishedSales).filter_by(county_code=county_code).order_by(PublishedSales.first_on.desc())
    if first is not None:
        query = query.filter_by(first_on=first)
    found = db.session.scalars(query.limit(1)).first()
    if found is None:
        raise NotFound("figures_unknown", N_("No figures of this county have been published for that day."))
    return found
