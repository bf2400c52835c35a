"""Notices and departments' lists for programs: what everybody may, and what an officer of the right level may."""

from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.registry.cases.notices import open_notices
from marketplace.registry.filing import add_member
from marketplace.registry.models import CaseAction, ComparisonAlert, DepartmentList, Notice, Objection
from marketplace.registry.reading import unbounded
from tests.api.conftest import Headers, token_header
from tests.registry import people
from tests.registry.cases.village import VILLAGE, Village, make_village

NOTICES, LISTS = "/api/v1/notices", "/api/v1/cases/alerts/lists"


@pytest.fixture
def place(session: Session) -> Village:
    made = make_village()
    made.now = clock.now()
    return made


@pytest.fixture
def notice(place: Village) -> Notice:
    """A first notice about one application."""
    case = place.apply(place.household())
    place.assembly(place.round_of(case))
    place.together(place.round_of(case), CaseAction.PUBLISH_FIRST, place.village[0])
    return open_notices([case.id])[0]


@pytest.fixture
def county(place: Village) -> Headers:
    return token_header(place.county[0])


def objections() -> list[Objection]:
    return list(db.session.scalars(unbounded(select(Objection).order_by(Objection.id), "a test")))


def test_anybody_reads_a_notice_and_objects_without_an_account_a_few_times_a_minute(
    client: FlaskClient, notice: Notice
) -> None:
    address = f"{NOTICES}/{notice.public_id}"
    shown = client.get(address)
    assert shown.json["lines"] == [{"position": 1, "shown_as": "杨某", "persons": 1, "in_favour": 15, "against": 5}]
    assert shown.json["takes_objections"] and "noindex" in shown.headers["X-Robots-Tag"]
    made = [client.post(f"{address}/objections", json={"position": 1, "words": "他家有车"}) for _ in range(4)]
    assert [answer.status_code for answer in made] == [201, 201, 201, 429]
    assert [(row.words, row.told_to_id) for row in objections()] == [("他家有车", None)] * 3
    assert client.post(f"{address}/told-objections", json={"words": "x"}).status_code == 401


def test_an_officer_of_the_area_writes_down_what_they_were_told(client: FlaskClient, place: Village, notice: Notice) -> None:
    address = f"{NOTICES}/{notice.public_id}/told-objections"
    assert client.post(address, json={"words": "名单不对"}, headers=token_header(place.village[1])).status_code == 201
    (made,) = objections()
    assert (made.case_id, made.told_to_id) == (None, place.village[1].id)
    sibling = token_header(people.officer("522636100002"))
    assert client.post(address, json={"words": "名单不对"}, headers=sibling).status_code == 404
    wrong = client.post(address, json={"words": "名单不对", "position": 2}, headers=token_header(place.village[1]))
    assert (wrong.status_code, wrong.json["code"]) == (422, "objection_invalid")


def test_a_notice_is_prolonged_by_the_level_that_hung_it_out(client: FlaskClient, place: Village, notice: Notice) -> None:
    address = f"{NOTICES}/{notice.public_id}/prolongation"
    before = notice.closes_on
    refused = client.post(address, json={"days": 3}, headers=token_header(place.township[0]))
    assert (refused.status_code, refused.json["code"]) == (403, "other_level")
    longer = client.post(address, json={"days": 3}, headers=token_header(place.village[0])).json
    assert (date.fromisoformat(longer["closes_on"]) - before).days == 3


def test_a_list_is_tried_out_then_compared_once(client: FlaskClient, place: Village, county: Headers) -> None:
    number = people.id_number()
    household = place.household(poor=True)
    with transaction():
        typed = {"name": "杨小二", "id_number": number, "relation": "child"}
        add_member(household, typed, people.noting(place.village[0]), joined_on=date(2020, 1, 1))
    lines = [{"id_number": number, "what": "轿车", "since": "2025-01-01"}, {"id_number": people.id_number(), "what": "货车"}]
    given = {"area_code": "522636", "department": "vehicle", "lines": lines}
    assert client.post(f"{LISTS}/trial", json=given, headers=county).json == {"rows": 2, "matched": 1}
    assert db.session.scalars(select(DepartmentList)).all() == []
    done = client.post(LISTS, json=given, headers=county)
    assert (done.status_code, done.json["rows"], done.json["matched"], done.json["alerts"]) == (201, 2, 1, 1)
    assert len(db.session.scalars(unbounded(select(ComparisonAlert), "a test")).all()) == 1
    again = client.post(LISTS, json=given, headers=county)
    assert (again.status_code, again.json["code"]) == (409, "list_known")


def test_lines_that_cannot_be_read_are_named_and_no_number_is_repeated(client: FlaskClient, county: Headers) -> None:
    lines = [{"id_number": people.id_number(), "what": "轿车"}, {"id_number": "11010519491231002Y", "what": "轿车"}]
    given = {"area_code": "522636", "department": "vehicle", "lines": lines}
    for address in (LISTS, f"{LISTS}/trial"):
        answer = client.post(address, json=given, headers={**county, "Accept-Language": "en"})
        assert (answer.status_code, answer.json["code"]) == (422, "list_invalid")
        assert answer.json["errors"] == {"lines.1": "This is no number of an identity card."}
        assert "11010519491231002Y" not in answer.text


def test_only_a_county_compares_and_only_in_its_own_area(client: FlaskClient, place: Village, county: Headers) -> None:
    given = {"area_code": VILLAGE, "department": "house", "lines": [{"id_number": people.id_number(), "what": "商品房"}]}
    below = client.post(f"{LISTS}/trial", json=given, headers=token_header(place.village[0]))
    assert (below.status_code, below.json["code"]) == (403, "other_level")
    assert client.post(f"{LISTS}/trial", json={**given, "area_code": "522635"}, headers=county).status_code == 404
