"""Cases on pages: what is due at each level, an assembly on a phone, the notices for everybody, the household's own page."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.registry.cases.comparison import compare
from marketplace.registry.cases.notices import open_notices
from marketplace.registry.cases.rounds import live_cases
from marketplace.registry.filing import add_member, record_values
from marketplace.registry.models import Case, CaseAction, Department, FileReading, Household, Notice, Objection, Round
from marketplace.registry.reading import unbounded
from tests import factories
from tests.registry import people
from tests.registry.cases.test_comparison import number_of
from tests.registry.cases.village import Village, make_village
from tests.web.desk_world import Desk, without_csrf

A = CaseAction
CANARIES = ("金丝雀", "13800004711", "重病金丝雀", "6222金丝雀")


@pytest.fixture
def place(session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Village:
    """A village whose days end today."""
    without_csrf(app, monkeypatch)
    made = make_village()
    made.now = clock.now()
    return made


def canary_household(place: Village) -> Household:
    """A household with a canary in every field that no notice may show."""
    made = factories.household()
    with transaction():
        by = people.noting(place.village[0], clock.now())
        number = people.id_number()
        typed = {"name": "杨金丝雀", "id_number": number, "relation": "head"}
        person = add_member(made, typed, by, joined_on=clock.local_day(clock.now()))
        record_values(made, {"phone": "13800004711"}, by, year=place.today.year)
        record_values(made, {"health": "grave_illness"}, by, year=place.today.year, person=person)
    return made


def hung(place: Village, household: Household) -> tuple[Round, Case, Notice]:
    """An application on its first notice, which was hung out today."""
    case = place.apply(household)
    village_round = place.round_of(case)
    place.assembly(village_round)
    place.together(village_round, A.PUBLISH_FIRST, place.village[0])
    return village_round, case, open_notices([case.id])[0]


def desk(client: FlaskClient, account: Account | None) -> Desk:
    return Desk(client, account)


def test_a_round_goes_from_the_list_through_the_assembly_to_its_notice(place: Village, client: FlaskClient) -> None:
    case = place.apply(place.household(name="潘老二"))
    village_round = place.round_of(case)
    village = desk(client, place.village[0])
    page = village.get("/office/cases")
    assert page.status_code == 200 and f"/office/rounds/{village_round.public_id}" in page.text
    assert f"/office/rounds/{village_round.public_id}" not in desk(client, place.township[0]).get("/office/cases").text
    address, village = f"/office/rounds/{village_round.public_id}", desk(client, place.village[0])
    assert "潘老二" in village.get(address).text
    votes = {
        "held_on": place.today.isoformat(),
        "entitled": "30",
        f"for-{case.public_id}": "15",
        f"against-{case.public_id}": "2",
    }
    refused = village.post(f"{address}/assemblies", {**votes, "present": "31"})
    assert refused.status_code == 422
    held = village.post(f"{address}/assemblies", {**votes, "present": "20"})
    assert held.status_code == 303
    assert live_cases(village_round)[0].state == "voted"
    village.post(f"{address}/steps", {"action": "publish_first"})
    (notice,) = open_notices([case.id])
    sheet = village.get(f"/office/notices/{notice.public_id}/sheet")
    assert sheet.status_code == 200 and "潘老二" in sheet.text
    own = select(FileReading.part).where(FileReading.household_id == case.household_id)
    read = db.session.scalars(unbounded(own, "a test"))
    assert "notice" in set(read)
    early = village.post(f"{address}/steps", {"action": "close_first"})
    assert early.status_code == 422


def test_a_sample_is_visited_and_decided_on_the_rounds_page(place: Village, client: FlaskClient) -> None:
    case = place.apply(place.household())
    village_round = place.round_of(case)
    place.assembly(village_round)
    place.together(village_round, A.PUBLISH_FIRST, place.village[0])
    place.wait(11)
    place.together(village_round, A.CLOSE_FIRST, place.village[0])
    address = f"/office/rounds/{village_round.public_id}"
    visitor = desk(client, place.township[1])
    assert "The sample" in visitor.get(address).text
    assert visitor.post(f"{address}/sample", {}).status_code == 422
    visitor.post(f"{address}/visits/{case.public_id}", {"fit": "yes", "finding": "看过"})
    desk(client, place.township[0]).post(f"{address}/sample", {})
    assert live_cases(village_round)[0].state == "checked"


def test_a_case_page_offers_each_officer_their_own_next_step_alone(place: Village, client: FlaskClient) -> None:
    case = place.exit(place.household(poor=True))
    address = f"/office/cases/{case.public_id}"
    village = desk(client, place.village[0]).get(address)
    county = desk(client, place.county[0]).get(address)
    assert 'value="verify"' in village.text and 'value="verify"' not in county.text
    assert desk(client, people.officer("522636100002")).get(address).status_code == 404
    refused = desk(client, place.county[0]).post(f"{address}/steps", {"action": "verify", "reason": ""})
    assert refused.status_code == 422
    desk(client, place.village[0]).post(f"{address}/steps", {"action": "verify", "reason": ""})
    assert case.state == "village_verified"


def test_a_case_is_opened_for_a_household_found_by_its_whole_number(place: Village, client: FlaskClient) -> None:
    household = place.household()
    sibling = factories.household("522636100002")
    village = desk(client, place.village[0])
    assert village.post("/office/cases/find", {"code": sibling.code}).status_code == 422
    found = village.post("/office/cases/find", {"code": household.code})
    assert found.headers["Location"].endswith(f"/office/cases/new/{household.public_id}")
    assert village.get(f"/office/cases/new/{household.public_id}").status_code == 200
    form = {"kind": "monitoring", "source": "officer", "reason": "房屋着火"}
    assert village.post(f"/office/cases/new/{household.public_id}", form).status_code == 422
    opened = village.post(f"/office/cases/new/{household.public_id}", {**form, "risk": "sudden"})
    assert opened.status_code == 303
    assert "房屋着火" in village.get(opened.headers["Location"]).text


def test_nothing_forbidden_is_on_a_notice_for_everybody(place: Village, client: FlaskClient) -> None:
    household = canary_household(place)
    _, _, notice = hung(place, household)
    visitor = desk(client, None)
    listed, village = visitor.get("/notices/"), visitor.get("/notices/villages/522636100001")
    page = visitor.get(f"/notices/{notice.public_id}")
    assert "杨某" in page.text and f"/notices/{notice.public_id}" in village.text
    number = people.id_number()[:6]
    for answer in (listed, village, page):
        assert answer.status_code == 200
        assert answer.headers["X-Robots-Tag"].startswith("noindex")
        assert 'name="robots" content="noindex' in answer.text
        assert not any(canary in answer.text for canary in CANARIES)
        assert household.code not in answer.text and household.public_id not in answer.text
        assert f">{number}" not in answer.text and "illness" not in answer.text
    assert "Disallow: /notices" in visitor.get("/robots.txt").text
    assert "/notices" not in visitor.get("/sitemap-0.xml").text


def test_a_notice_is_gone_when_its_time_is_over(place: Village, client: FlaskClient) -> None:
    _, _, notice = hung(place, place.household())
    notice.published_on = place.today - timedelta(days=3)
    notice.closes_on = notice.gone_on = place.today - timedelta(days=1)
    db.session.commit()
    visitor = desk(client, None)
    gone = visitor.get(f"/notices/{notice.public_id}")
    assert gone.status_code == 410 and "杨某" not in gone.text
    assert visitor.get("/notices/villages/522636100001").text.count("/notices/2") == 0
    assert visitor.get("/notices/aaaaaaaaaaaaaa").status_code == 404
    assert visitor.get("/notices/villages/999999999999").status_code == 404


def test_anybody_objects_and_the_level_above_decides(place: Village, client: FlaskClient) -> None:
    _, case, notice = hung(place, place.household())
    visitor = desk(client, None)
    address = f"/notices/{notice.public_id}"
    assert visitor.post(f"{address}/objections", {"words": ""}).status_code == 422
    visitor.post(f"{address}/objections", {"position": "1", "words": "他家有车", "contact": ""})
    made = db.session.scalars(unbounded(select(Objection), "a test")).one()
    office = f"/office/notices/{notice.public_id}"
    assert "他家有车" not in desk(client, place.village[0]).get(office).text
    township = desk(client, place.township[0])
    assert "他家有车" in township.get(office).text
    assert notice.public_id in township.get("/office/cases").text
    township.post(f"{office}/objections/{made.public_id}", {"decision": "uphold", "answer": "属实"})
    assert case.state == "refused"


def test_somebody_who_objects_again_and_again_has_to_wait(place: Village, client: FlaskClient) -> None:
    _, _, notice = hung(place, place.household())
    visitor = desk(client, None)
    answers = [
        visitor.post(f"/notices/{notice.public_id}/objections", {"words": f"第{number}次"}).status_code for number in range(5)
    ]
    assert answers[-1] == 429
    assert len(db.session.scalars(unbounded(select(Objection), "a test")).all()) == answers.count(303) <= 3


def test_a_household_sees_its_case_agrees_or_refuses_and_sees_no_others(place: Village, client: FlaskClient) -> None:
    farmer = factories.account((RoleKind.FARMER, factories.VILLAGE), name="杨阿山")
    seller = factories.producer(owner=farmer, registered=True)
    household = db.session.get_one(Household, seller.household_id)
    case, other = place.exit(household), place.exit(place.household(poor=True))
    place.take(case, A.VERIFY, place.village[0])
    place.take(case, A.VERIFY_AGAIN, place.township[0])
    own = desk(client, farmer)
    page = own.get("/farm/household")
    assert 'value="agree"' in page.text and 'value="disagree"' in page.text and other.public_id not in page.text
    assert own.post(f"/farm/household/{other.public_id}/answers", {"action": "agree"}).status_code == 404
    assert own.post(f"/farm/household/{case.public_id}/answers", {"action": "publish"}).status_code == 422
    own.post(f"/farm/household/{case.public_id}/answers", {"action": "disagree"})
    assert case.state == "refused"
    asked = own.post("/farm/household/ask", {"what": "entry", "reason": "失收"})
    assert asked.status_code == 422, "who is registered as poor does not apply again"


def test_an_alert_is_looked_at_and_answered(place: Village, client: FlaskClient) -> None:
    household = place.household(poor=True)
    content = f"id_number,what,since\n{number_of(household)},轿车,\n".encode()
    with transaction():
        (alert,) = compare(content, Department.VEHICLE, "522636", place.county[0], now=place.now)[1]
    village = desk(client, place.village[0])
    assert alert.public_id in village.get("/office/alerts").text
    assert "轿车" in village.get(f"/office/alerts/{alert.public_id}").text
    answer = village.post(f"/office/alerts/{alert.public_id}", {"answer": "exit_opened", "explanation": "车在用"})
    assert "/office/cases/" in answer.headers["Location"]
    assert desk(client, people.officer("522636100002")).get(f"/office/alerts/{alert.public_id}").status_code == 404


def test_an_alert_that_asks_for_a_correction_opens_the_form_with_what_the_department_has(
    place: Village, client: FlaskClient
) -> None:
    household, other = place.household(poor=True), place.household(poor=True)
    content = f"id_number,what,since\n{number_of(household)},商品房,2025-03-01\n".encode()
    with transaction():
        (alert,) = compare(content, Department.HOUSE, "522636", place.county[0], now=place.now)[1]
    village = desk(client, place.village[0])
    answer = village.post(f"/office/alerts/{alert.public_id}", {"answer": "to_correct", "explanation": "房子是他的"})
    form = f"/office/files/{household.public_id}/edit/dwelling?alert={alert.public_id}"
    assert answer.headers["Location"].endswith(form)
    page = village.get(form).text
    assert "Houses: 商品房, since 2025-03-01</textarea>" in page
    assert re.search(r'value="department" required checked', page)
    assert form.replace("&", "&amp;") in village.get(f"/office/alerts/{alert.public_id}").text
    assert village.get(form.replace(household.public_id, other.public_id)).status_code == 404


def test_the_registered_of_a_day_sum_up_and_a_household_has_its_history(place: Village, client: FlaskClient) -> None:
    household = place.household(poor=True)
    county = desk(client, place.county[0])
    page = county.get("/office/registered?area=522636&day=2026-06-15")
    assert page.status_code == 200 and "1 household of" in page.text
    assert county.get("/office/registered?area=522635").status_code == 404
    history = county.get(f"/office/registered/households/{household.public_id}")
    assert history.status_code == 200 and "poor" in history.text
