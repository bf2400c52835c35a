"""Roll-ups: the same persons at every level, on any day, and figures for everybody that give nobody away."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Invalid, NotFound
from marketplace.registry.figure_jobs import publish_figures
from marketplace.registry.figures import publish_county, published_counties, published_figures
from marketplace.registry.files import read_file
from marketplace.registry.filing import add_member, end_membership, record_for, record_values
from marketplace.registry.models import Household, StatusCategory
from marketplace.registry.opening import open_file
from marketplace.registry.reading import Reach
from marketplace.registry.rollup import By, Count, roll_up
from marketplace.registry.service import begin_status, end_status, open_revision
from tests import factories
from tests.registry import people

NOW, TODAY = factories.NOW, factories.TODAY
COUNTY, NORTH, SOUTH = "522636", "522636100", "522636101"
ONE, TWO, THREE = f"{NORTH}001", f"{NORTH}002", f"{SOUTH}001"
ALL = Reach.everywhere("a test")


@pytest.fixture
def officer(session: Session) -> Account:
    """The county's officer."""
    for village in (ONE, TWO, THREE):
        factories.area(village)
    return people.officer(COUNTY)


def home(
    officer: Account, village: str, members: int = 1, *, registered: bool = True, fen: int | None = None, **values: str
) -> Household:
    """A household of so many members with values of this year, registered since January."""
    with transaction():
        noting = people.noting(officer, datetime(2026, 1, 5, tzinfo=UTC))
        head = {"name": "杨阿山", "id_number": people.id_number()}
        household = open_file(village, head, ALL, noting, joined_on=date(2026, 1, 1))
        for _ in range(members - 1):
            child = {"name": "杨小山", "relation": "child", "sex": "male", "born_on": "2015-01-01"}
            add_member(household, child, noting, joined_on=date(2026, 1, 1))
        if values:
            record_values(household, values, noting, year=2026)
        if fen is not None:
            record_for(household, 2026).per_head_fen = fen
        if registered:
            revision = open_revision("a test", actor="test", now=NOW)
            begin_status(household, StatusCategory.POOR, date(2026, 1, 10), revision)
    return household


def counted(area: str, by: By, day: date = TODAY) -> dict[tuple[str, str], Count]:
    return dict(roll_up(area, day, by, ALL).cells)


def test_households_and_persons_are_counted_by_township_and_by_village(officer: Account) -> None:
    home(officer, ONE, 3, kind="dibao", main_cause="illness")
    home(officer, TWO, 2, kind="dibao", main_cause="schooling")
    home(officer, THREE, 4, main_cause="illness")
    home(officer, THREE, 5, registered=False, kind="wubao")

    assert counted(COUNTY, By.KIND) == {(NORTH, "dibao"): Count(2, 5), (SOUTH, "unknown"): Count(1, 4)}
    assert counted(NORTH, By.KIND) == {(ONE, "dibao"): Count(1, 3), (TWO, "dibao"): Count(1, 2)}
    assert counted(ONE, By.KIND) == {(ONE, "dibao"): Count(1, 3)}
    assert counted(COUNTY, By.CAUSE) == {
        (NORTH, "illness"): Count(1, 3),
        (NORTH, "schooling"): Count(1, 2),
        (SOUTH, "illness"): Count(1, 4),
    }
    assert counted(COUNTY, By.STATUS) == {
        (NORTH, "poor"): Count(2, 5),
        (SOUTH, "poor"): Count(1, 4),
        (SOUTH, "none"): Count(1, 5),
    }


def test_income_falls_into_the_bands_of_the_rule(officer: Account) -> None:
    for fen in (0, 229_999, 230_000, 600_000, None):
        home(officer, ONE, fen=fen)
    rolled = roll_up(COUNTY, TODAY, By.INCOME, ALL)
    assert rolled.categories == ("230000", "300000", "400000", "600000", "more", "unknown")
    assert {key: count.households for (_, key), count in rolled.cells.items()} == {
        "230000": 2,
        "300000": 1,
        "more": 1,
        "unknown": 1,
    }


def test_a_day_has_the_members_and_statuses_of_that_day(officer: Account) -> None:
    household = home(officer, ONE, 2, kind="dibao")
    left = date(2026, 3, 1)
    with transaction():
        child = read_file(household, 2026).members[1].person
        end_membership(child, household, left, "moved", people.noting(officer))
        end_status(household, date(2026, 3, 31), open_revision("out", actor="test", now=NOW))

    def on(day: date) -> dict[tuple[str, str], Count]:
        return counted(COUNTY, By.STATUS, day)

    assert on(date(2026, 1, 4)) == {}
    assert on(date(2026, 1, 9)) == {(NORTH, "none"): Count(1, 2)}
    assert on(left) == {(NORTH, "poor"): Count(1, 2)}
    assert on(left + timedelta(days=1)) == {(NORTH, "poor"): Count(1, 1)}
    assert on(date(2026, 4, 1)) == {(NORTH, "none"): Count(1, 1)}


@given(st.lists(st.tuples(st.sampled_from([ONE, TWO, THREE]), st.integers(1, 3), st.booleans()), max_size=5))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sums_are_the_same_at_every_level(officer: Account, homes: list[tuple[str, int, bool]]) -> None:
    savepoint = db.session.begin_nested()
    for village, members, registered in homes:
        home(officer, village, members, registered=registered, kind="dibao")
    for by in By:
        county = roll_up(COUNTY, TODAY, by, ALL)
        townships = [roll_up(code, TODAY, by, ALL) for code in (NORTH, SOUTH)]
        villages = [roll_up(code, TODAY, by, ALL) for code in (ONE, TWO, THREE)]
        assert county.total == sum((each.total for each in townships), Count()) == sum((v.total for v in villages), Count())
        for category in county.categories:
            assert county.of_category(category) == sum((each.of_category(category) for each in townships), Count())
        assert county.of_area(NORTH) == townships[0].total
    if savepoint.is_active:
        savepoint.rollback()


def test_an_area_outside_ones_reach_is_not_counted(officer: Account) -> None:
    for area in (COUNTY, SOUTH, "52"):
        with pytest.raises(NotFound):
            roll_up(area, TODAY, By.KIND, Reach.of([NORTH], "officer"))


@pytest.mark.parametrize("day", [date.min, date(2012, 12, 31), date(2101, 1, 1), date.max])
def test_a_day_without_files_is_refused(officer: Account, day: date) -> None:
    with pytest.raises(Invalid) as refused:
        roll_up(COUNTY, day, By.KIND, ALL)
    assert refused.value.code == "day_without_files"


def test_published_figures_hide_small_cells_and_stay_as_they_were(officer: Account) -> None:
    for village, number, kind in ((ONE, 3, "dibao"), (TWO, 5, "general_poor"), (THREE, 6, "general_poor"), (THREE, 5, "dibao")):
        for _ in range(number):
            home(officer, village, 4, kind=kind)
    home(officer, THREE, 3, kind="wubao")
    with transaction():
        assert publish_county(COUNTY, date(2026, 4, 1), year=2026, now=NOW)
    figures, days = published_figures(COUNTY)
    assert (figures.day, days, published_counties()) == (date(2026, 4, 1), [date(2026, 4, 1)], [COUNTY])
    assert figures.cells["total"]["total"] == 79
    assert figures.cells[SOUTH]["kind:wubao"] is None
    hidden = [(area, name) for area, row in figures.cells.items() for name, number in row.items() if number is None]
    assert len([area for area, name in hidden if name == "kind:wubao"]) >= 2
    assert all(number is None or number == 0 or number >= 10 for row in figures.cells.values() for number in row.values())

    home(officer, ONE, 4, kind="dibao")
    with transaction():
        assert not publish_county(COUNTY, date(2026, 4, 1), year=2026, now=NOW)
    assert published_figures(COUNTY)[0].cells["total"]["total"] == 79
    with pytest.raises(NotFound):
        published_figures(COUNTY, date(2026, 1, 1))
    with pytest.raises(NotFound):
        published_figures("520100")


def test_the_night_publishes_each_county_once_a_quarter(officer: Account) -> None:
    home(officer, ONE, 4, kind="dibao")
    for day in (20, 21):
        publish_figures(int(datetime(2026, 5, day, 17, 30, tzinfo=UTC).timestamp()))
    assert published_figures(COUNTY)[1] == [date(2026, 4, 1)]
    publish_figures(int(datetime(2026, 7, 1, 17, 30, tzinfo=UTC).timestamp()))
    assert published_figures(COUNTY)[1] == [date(2026, 7, 1), date(2026, 4, 1)]
