"""Long lists of projects: page by page, by state, year, place and words, and never more than the reader may see."""

import re
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import NotFound
from marketplace.projects.declaring import draft_project
from marketplace.projects.lists import (
    Narrowed,
    counties_of,
    narrow,
    page_after,
    page_of,
    seen_by_everybody,
    seen_by_office,
    waits,
    years_of,
)
from marketplace.projects.models import Project
from marketplace.projects.offices import waits_for
from marketplace.projects.states import ProjectState
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach
from tests import factories
from tests.api.conftest import token_header
from tests.factories import NOW, VILLAGE
from tests.projects.world import CITY, COUNTY, PROVINCE, TOWNSHIP, approved, declared, officer, passed, world
from tests.web.conftest import Browser

BESIDE, ACROSS = "522636100002", "522601100001"
S = ProjectState


def drafts(number: int, *, place: str = VILLAGE, now: datetime = NOW) -> list[str]:
    """So many drafts of a village, by name."""
    factories.area(place)
    by = officer(place)
    return [draft_project(place, f"水渠{at:02}", by=by, now=now).public_id for at in range(number)]


def named(reach: Reach, by: Narrowed) -> list[str]:
    return [row.public_id for row in db.session.scalars(narrow(seen_by_office(reach), by))]


def test_pages_hold_every_project_once(acting: Session) -> None:
    ids = drafts(45)
    seen = seen_by_office(Reach.of([COUNTY], "test"))
    pages = [page_of(seen, number, 20) for number in (1, 2, 3, 4)]
    assert [(len(rows), total) for rows, total in pages] == [(20, 45), (20, 45), (5, 45), (0, 45)]
    assert sorted(row.public_id for rows, _ in pages for row in rows) == sorted(ids)


def test_what_is_newer_comes_first_behind_a_mark_and_a_strangers_mark_is_none(acting: Session) -> None:
    ids, (other,) = drafts(5), drafts(1, place=ACROSS)
    seen = seen_by_office(Reach.of([COUNTY], "test"))
    first = page_after(seen, Narrowed(), None, 3)
    assert [row.public_id for row in first] == ids[:1:-1]
    assert [row.public_id for row in page_after(seen, Narrowed(), first[-1].public_id, 3)] == ids[1::-1]
    assert page_after(seen, Narrowed(), ids[0], 3) == []
    with pytest.raises(NotFound) as caught:
        page_after(seen, Narrowed(), other, 3)
    assert caught.value.code == "project_unknown"


def test_a_page_goes_on_behind_a_mark_that_has_moved_on_meanwhile(acting: Session) -> None:
    here = world()
    rows = [declared(here, asset=f"水窖{at}") for at in range(3)]
    seen, waiting = seen_by_office(Reach.of([COUNTY], "test")), Narrowed(state=S.TOWNSHIP)
    (newest,) = page_after(seen, waiting, None, 1)
    assert newest is rows[2]
    passed(here, newest, S.TOWNSHIP)
    assert page_after(seen, waiting, newest.public_id, 5) == [rows[1], rows[0]]


def test_a_list_is_narrowed_by_state_year_place_and_words(acting: Session) -> None:
    here = world()
    project = declared(here)
    (last_year,) = drafts(1, place=BESIDE, now=NOW.replace(year=2025, month=12, day=31, hour=15, minute=59))
    # A minute later it is the new year on the market's clock.
    (this_year,) = drafts(1, place=BESIDE, now=NOW.replace(year=2025, month=12, day=31, hour=16, minute=0))
    reach = Reach.of([COUNTY], "test")
    assert named(reach, Narrowed(state=S.TOWNSHIP)) == [project.public_id]
    assert named(reach, Narrowed(year=2025)) == [last_year]
    assert set(named(reach, Narrowed(year=2026))) == {this_year, project.public_id}
    assert named(reach, Narrowed(area_code=BESIDE, year=2026)) == [this_year]
    assert named(reach, Narrowed(words="一组 灌溉")) == [project.public_id]
    assert named(reach, Narrowed(words=project.reference.lower())) == [project.public_id]
    # A sign that means anything to the database means itself.
    assert named(reach, Narrowed(words="%")) == named(reach, Narrowed(words="_")) == []
    assert years_of(seen_by_office(reach)) == [2026, 2025]
    assert (counties_of(seen_by_office(reach)), years_of(seen_by_everybody())) == ([COUNTY], [])
    assert named(Reach.of([], "test"), Narrowed()) == []


def test_what_waits_is_the_same_for_one_project_and_for_the_whole_list(acting: Session) -> None:
    """Projects in many states, a township's own before and after the county has named another, and officers of every kind."""
    here = world()
    for at, states in enumerate(([], [S.TOWNSHIP], [S.TOWNSHIP, S.COUNTY], list(S)[1:4], list(S)[1:5])):
        passed(here, declared(here, asset=f"甲{at}"), *states) if states else declared(here, asset="甲")
    approved(world(), now=NOW - timedelta(days=40))
    declared(here, asset="丙", submit=False)
    own = world(TOWNSHIP)
    declared(own, asset="丁")
    factories.area("522636101001")
    declared(own, asset="戊").cross_code = "522636101"
    db.session.flush()
    rows = db.session.scalars(select(Project)).all()
    assert len({row.state for row in rows}) == 7
    kinds = ([VILLAGE], [TOWNSHIP], ["522636101"], [COUNTY], [CITY], [PROVINCE], [TOWNSHIP, COUNTY], [BESIDE], [])
    for areas in kinds:
        assert set(db.session.scalars(select(Project).where(waits(areas)))) == {row for row in rows if waits_for(row, areas)}


def test_the_pages_of_everybody_and_of_offices_are_narrowed_by_their_address(client: FlaskClient) -> None:
    with transaction():
        here = world()
        project = approved(here, now=clock.now() - timedelta(days=40))
        names = [row.public_id for row in db.session.scalars(select(Project))]
        drafts(25, place=BESIDE, now=clock.now())
    browser = Browser(client)
    shown = browser.get(f"/projects?words=水渠&place={COUNTY}&state=approved").text
    assert f"/projects/{project.public_id}" in shown
    assert "1 project<" in shown
    assert "None is like that." in browser.get("/projects?state=notice").text
    for wrong in ("state=palace", "year=1", "place=5x", "page=0", "colour=red"):
        assert browser.get(f"/projects?{wrong}").status_code == 422
    browser.is_now(here.county)
    first = browser.get(f"/office/projects?place={BESIDE}").text
    listed = first[first.index('id="all"') :]
    assert listed.count('class="row-link"') == 20
    assert "25 projects" in first
    assert names[0] not in first
    second = browser.get(f"/office/projects?place={BESIDE}&page=2").text
    assert second[second.index('id="all"') :].count('class="row-link"') == 5


def test_all_that_waits_for_an_office_is_turned_to_page_by_page(client: FlaskClient) -> None:
    with transaction():
        by = officer(VILLAGE)
        factories.area(VILLAGE)
        ids = {draft_project(VILLAGE, f"水渠{at:02}", by=by, now=clock.now()).public_id for at in range(23)}
    browser, found = Browser(client), []
    browser.is_now(by)
    for page in ("", "?list=mine&page=2"):
        shown = browser.get(f"/office/projects{page}").text
        mine, others = shown[: shown.index('id="all"')], shown[shown.index('id="all"') :]
        found.append(set(re.findall(r'/office/projects/([a-z0-9]{14})"', mine)))
        assert others.count('class="row-link"') == 20
        assert "list=mine" in mine
        # Each list turns its own pages, wherever the other one stands.
        assert "list=all" in others
    assert [len(ids_) for ids_ in found] == [20, 3]
    both = browser.get("/office/projects?list=all&page=2").text
    assert both[both.index('id="all"') :].count('class="row-link"') == 3
    assert both[: both.index('id="all"')].count('class="row-link"') == 20
    assert set().union(*found) == ids


def test_a_household_finds_the_projects_that_are_for_it_and_nobody_elses(client: FlaskClient) -> None:
    with transaction():
        here = world(households=1)
        farmer = factories.account((RoleKind.FARMER, ""), name="王大叔")
        household_id = factories.producer(registered=True, owner=farmer).household_id
        others = approved(here, now=clock.now() - timedelta(days=40)).public_id
        here.households = [db.session.get_one(Household, household_id)]
        own = declared(here, asset="水窖", now=clock.now())
        hidden = declared(here, asset="水塔", now=clock.now()).public_id
        passed(here, own, now=clock.now())
        own_id = own.public_id
    browser = Browser(client)
    browser.is_now(farmer)
    page = browser.get("/farm/projects").text
    assert f"/projects/{own_id}" in page
    assert others not in page
    assert hidden not in page
    headers = token_header(farmer)
    found = client.get("/api/v1/projects/mine", headers=headers).json
    assert ([row["public_id"] for row in found["items"]], found["next"]) == ([own_id], None)
    assert client.get(f"/api/v1/projects/mine?after={others}", headers=headers).status_code == 404
