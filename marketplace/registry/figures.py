"""Figures of the registry that everybody may see: a county's registered persons by township, with small cells hidden.

They are published for the first day of each quarter and for counties alone. The tables of a county divide the same persons by
kind, cause and status, so they are hidden together; what lies above the county or below the township is not published, because
it would let one work out what is hidden here.
"""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.models import Level
from marketplace.registry.display_rules import NARROWEST_INTERVAL, SMALLEST_CELL
from marketplace.registry.models import Household, PublishedFigures
from marketplace.registry.reading import Reach
from marketplace.registry.rollup import NOT_REGISTERED, By, roll_up
from marketplace.registry.rules import rule
from marketplace.registry.small_cells import hidden_cells, linked

TABLES = (By.KIND, By.CAUSE, By.STATUS)


def quarter_start(day: date) -> date:
    """The first day of a day's quarter.

    >>> quarter_start(date(2026, 5, 31)).isoformat()
    '2026-04-01'
    """
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def publish_county(county_code: str, day: date, *, year: int, now: datetime) -> bool:
    """Publish a county's figures for a day; False when they were published before, and then they stay as they are."""
    reach = Reach.of([county_code], "figures that everybody may see")
    tables = {}
    for by in TABLES:
        rolled = roll_up(county_code, day, by, reach, year=year)
        tables[by.value] = {key: count.persons for key, count in rolled.cells.items() if key[1] != NOT_REGISTERED}
    cells, sums = linked(tables)
    smallest = rule(SMALLEST_CELL, county_code, day).value
    narrowest = rule(NARROWEST_INTERVAL, county_code, day).value
    hidden = hidden_cells(cells, sums, smallest=smallest, narrowest=narrowest)
    shown: dict[str, dict[str, int | None]] = {}
    for (area, column), number in cells.items():
        shown.setdefault(area, {})[column] = None if (area, column) in hidden else number
    done = db.session.execute(
        insert(PublishedFigures)
        .values(county_code=county_code, day=day, year=year, published_at=now, cells=shown)
        .on_conflict_do_nothing(index_elements=["county_code", "day"])
        .returning(PublishedFigures.id)
    )
    return done.first() is not None


def counties_on_file() -> list[str]:
    """The counties that have a household on file."""
    from_code = select(Household.village_code).distinct()
    return sorted({code[: Level.COUNTY] for code in db.session.scalars(from_code)})


def published_counties() -> list[str]:
    """The counties whose figures are published."""
    return list(db.session.scalars(select(PublishedFigures.county_code).distinct().order_by(PublishedFigures.county_code)))


def published_figures(county_code: str, day: date | None = None) -> tuple[PublishedFigures, list[date]]:
    """A county's figures for a day, else the newest, and all days there are, the newest first.

    Raises
    ------
    NotFound
        ``figures_unknown`` when none are published.
    """
    query = select(PublishedFigures).filter_by(county_code=county_code).order_by(PublishedFigures.day.desc())
    found = db.session.scalars(query).all()
    chosen = next((row for row in found if day is None or row.day == day), None)
    if chosen is None:
        raise NotFound("figures_unknown", N_("No figures of this county have been published for that day."))
    return chosen, [row.day for row in found]
