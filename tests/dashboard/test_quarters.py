"""Quarters of sales as everybody may read them: published once, shown on a page and to programs, and safe from subtraction."""

from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.dashboard.jobs import publish_last_quarter
from marketplace.dashboard.models import PublishedSales, SalesMonth
from marketplace.dashboard.publishing import WHOLE, Publication
from marketplace.dashboard.quarters import publish_sales, published_quarters, published_sales, sales_to_open_with
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import NotFound
from marketplace.regions.models import Level
from marketplace.registry.small_cells import Sum
from tests import factories
from tests.dashboard.test_publishing import COUNTY, NEAREST, QUARTER, bounds, sold
from tests.factories import NOW

Cells = dict[tuple[str, str], int | None]


def published(seed: int) -> None:
    sold(seed)
    with transaction():
        assert publish_sales(COUNTY, QUARTER, now=NOW)


def told(client: FlaskClient) -> Cells:
    """The cells as a program is told them."""
    answer = client.get(f"/api/v1/transparency/sales?county={COUNTY}&quarter=2026-Q2")
    assert answer.status_code == 200
    return {(area, column): yuan for area, own in answer.json["cells"].items() for column, yuan in own.items()}


def sums_of(cells: Cells) -> list[Sum[tuple[str, str]]]:
    """What a reader can add up: months and channels to the quarter, villages to townships, townships to the county."""
    columns: dict[str, list[str]] = {}
    for area, column in cells:
        columns.setdefault(area, []).append(column)
    found: list[Sum[tuple[str, str]]] = []
    for area, own in columns.items():
        months = [column for column in own if column[:2] == "20"]
        channels = [column for column in own if column not in (*months, WHOLE)]
        found += [((area, WHOLE), [(area, column) for column in part]) for part in (months, channels) if part]
        length = {Level.COUNTY: Level.TOWNSHIP, Level.TOWNSHIP: Level.VILLAGE}.get(Level(len(area)))
        below = [code for code in columns if len(code) == length and code.startswith(area)]
        for column in own:
            parts = [(code, column) for code in below if column in columns[code]]
            if parts:
                found.append(((area, column), parts))
    return found


@pytest.mark.parametrize("seed", [5, 6])
def test_nobody_comes_within_five_yuan_of_what_the_published_quarter_hides(client: FlaskClient, seed: int) -> None:
    published(seed)
    cells = told(client)
    found = bounds(Publication(COUNTY, QUARTER, date(2026, 7, 1), cells, tuple(sums_of(cells))))
    assert found
    for cell, (least, greatest) in found.items():
        assert greatest - least > 2 * NEAREST, cell


def test_the_page_hides_what_programs_are_not_told_and_shows_what_they_are(client: FlaskClient) -> None:
    published(7)
    cells = told(client)
    page = client.get(f"/transparency?sales={COUNTY}:2026-Q2", headers={"Accept-Language": "en"}).text
    shown = {cell: yuan for cell, yuan in cells.items() if len(cell[0]) in (Level.COUNTY, Level.TOWNSHIP)}
    assert page.count('<span aria-hidden="true">×</span>') == sum(yuan is None for yuan in shown.values())
    for yuan in shown.values():
        assert yuan is None or f'<td class="is-number">{yuan:,}</td>' in page
    assert client.get("/api/v1/transparency").json["sales"] == [{"county_code": COUNTY, "quarter": "2026-Q2"}]


def test_a_quarter_stays_as_it_was_published(session: Session) -> None:
    published(8)
    before = dict(published_sales(COUNTY).cells)
    with transaction():
        db.session.execute(update(SalesMonth).values(benefit_fen=0))
        assert not publish_sales(COUNTY, QUARTER, now=NOW)
    assert published_sales(COUNTY, QUARTER).cells == before
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(update(PublishedSales).values(cells={}))


def test_the_newest_quarter_that_is_over_is_published_a_week_after_its_end(session: Session) -> None:
    sold(9)
    publish_last_quarter(int(datetime(2026, 7, 7, 12, tzinfo=UTC).timestamp()))
    assert published_quarters() == []
    publish_last_quarter(int(datetime(2026, 7, 8, 12, tzinfo=UTC).timestamp()))
    publish_last_quarter(int(datetime(2026, 7, 9, 12, tzinfo=UTC).timestamp()))
    assert published_quarters() == [(COUNTY, QUARTER)]


def test_what_was_never_published_is_not_there(client: FlaskClient) -> None:
    with pytest.raises(NotFound):
        published_sales(COUNTY, QUARTER)
    assert client.get(f"/api/v1/transparency/sales?county={COUNTY}").status_code == 404
    assert client.get(f"/transparency?sales={COUNTY}:2026-Q2").status_code == 404
    assert client.get("/transparency?sales=everything").status_code == 422


def test_a_market_in_which_nothing_has_happened_has_a_page_that_says_so(client: FlaskClient) -> None:
    page = client.get("/transparency", headers={"Accept-Language": "en"}).text
    for words in ("No quarter has been published yet.", "No audit has been closed yet.", "Nothing has been signed yet."):
        assert words in page


def test_the_page_opens_with_a_quarter_that_has_something_to_show(session: Session) -> None:
    assert sales_to_open_with() is None
    rows = (("522635", date(2026, 4, 1), None), (COUNTY, date(2026, 4, 1), 70), (COUNTY, date(2026, 1, 1), 50))
    for county, first, yuan in rows:
        factories.area(county)
        session.add(PublishedSales(county_code=county, first_on=first, published_at=NOW, cells={county: {WHOLE: yuan}}))
    session.flush()
    opened = sales_to_open_with()
    assert opened is not None
    assert (opened.county_code, opened.first_on) == (COUNTY, date(2026, 4, 1))
