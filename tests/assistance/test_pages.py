"""Responsibility and needs on pages: two officers, one helper unit, everybody, and an officer from beside who finds nothing."""

import re

import pytest
from flask.testing import FlaskClient

from marketplace.assistance.needs.models import NeedKind
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import now
from marketplace.kernel.db import transaction
from tests import factories
from tests.assistance.world import COUNTY, World, acts_for, helper, in_duty, world
from tests.web.conftest import Browser


@pytest.fixture
def here(client: FlaskClient) -> World:
    with transaction():
        made = world(3)
        for household in made.households:
            household.created_at = now()
        return made


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def test_from_the_plan_to_the_visit(browser: Browser, here: World) -> None:
    officer = factories.account((RoleKind.OFFICER, factories.VILLAGE), name="帮扶人", login="helper1")
    browser.is_now(here.first)
    entered = {"login": "helper1", "rank": "other", "area": factories.VILLAGE}
    assert browser.post("/office/duty/officers", {**entered, "login": "nobody"}).status_code == 422
    assert browser.post("/office/duty/officers", entered).status_code == 303
    assert "3 registered households have no first helper." in browser.get("/office/duty/county").text
    plan = browser.post("/office/duty/plans").headers["Location"]
    assert browser.post(f"{plan}/approve").status_code == 403
    browser.is_now(here.second)
    assert browser.post(f"{plan}/approve").status_code == 303
    assert "Every registered household has a first helper." in browser.get("/office/duty/county").text
    browser.is_now(officer)
    page = browser.get("/office/duty").text
    assert "You answer for 3 households; by your rank it may be 4." in page
    household = here.households[0].public_id
    assert browser.post(f"/office/duty/households/{household}/visits", {"note": "一切都好"}).status_code == 303


def test_who_leaves_office_hands_over_on_the_page(browser: Browser, here: World) -> None:
    with transaction():
        leaver, heir = in_duty(here, name="老张"), in_duty(here, name="小李")
    browser.is_now(here.first)
    plan = browser.post("/office/duty/plans").headers["Location"]
    browser.is_now(here.second)
    browser.post(f"{plan}/approve")
    browser.post(f"/office/duty/officers/{leaver.public_id}/leave")
    page = browser.get("/office/duty/county").text
    assert "Hand over to 小李" in page
    for handover in re.findall(r"/office/duty/handovers/([a-z0-9]{14})", page):
        assert browser.post(f"/office/duty/handovers/{handover}", {"heir": heir.public_id}).status_code == 303
    assert "Hand over to" not in browser.get("/office/duty/county").text


def test_a_need_from_the_village_to_everybody_to_its_helper_and_back(browser: Browser, here: World) -> None:
    with transaction():
        unit = helper(here, NeedKind.SKILL)
    household = here.households[0]
    browser.is_now(here.first)
    form = {"kind": "skill", "words": "王家不会修剪果树", "whose": household.code}
    assert browser.post("/office/needs", {**form, "whose": f"{factories.VILLAGE}9999"}).status_code == 422
    office = browser.post("/office/needs", form).headers["Location"]
    need = office.rsplit("/", 1)[1]
    browser.is_now(here.second)
    assert browser.get(f"/needs/{need}").status_code == 404
    refused = browser.post(f"{office}/verify", {"card": "电话 13800001111"})
    assert (refused.status_code, "The card must name nobody" in refused.text) == (422, True)
    assert browser.post(f"{office}/verify", {"card": "想学果树修剪"}).status_code == 303
    assert "农技协会" in browser.get(office).text
    browser.is_now(acts_for(unit))
    for path in ("/needs", f"/needs/{need}"):
        page = browser.get(path).text
        assert "想学果树修剪" in page
        assert not any(told in page for told in ("王家", household.code, household.public_id, "地区522636100001"))
    assert browser.post(f"/needs/{need}/pledge").status_code == 303
    desk = browser.get("/needs/desk").text
    pledge = re.search(r"/needs/desk/([a-z0-9]{14})/deliver", desk)
    assert pledge is not None
    assert browser.post(f"/needs/desk/{pledge[1]}/deliver", {"proof": "签到表 3 号"}).status_code == 303
    browser.is_now(here.first)
    assert "签到表 3 号" in browser.get(office).text
    assert browser.post(f"{office}/arrived", {"arrived": "yes"}).status_code == 303
    assert "Arrived" in browser.get(office).text


def test_somebody_says_what_their_unit_can_do_and_an_officer_looks_at_it(browser: Browser, here: World) -> None:
    donor = factories.account(name="好心人")
    browser.is_now(donor)
    form = {"kind": "donor", "name": "好心人", "area": COUNTY, "can": "schooling", "quota": "2"}
    assert browser.post("/needs/desk", {**form, "area": "99"}).status_code == 422
    assert browser.post("/needs/desk", form).status_code == 303
    assert "An officer looks at your unit first" in browser.get("/needs/desk").text
    browser.is_now(here.first)
    found = re.search(r"/office/needs/helpers/[a-z0-9]{14}/approve", browser.get("/office/needs").text)
    assert found is not None
    assert browser.post(found[0]).status_code == 303
    browser.is_now(donor)
    assert "An officer has looked at your unit" in browser.get("/needs/desk").text


def test_an_officer_from_beside_finds_nothing(browser: Browser, here: World) -> None:
    with transaction():
        officer = in_duty(here)
    browser.is_now(here.first)
    plan = browser.post("/office/duty/plans").headers["Location"]
    form = {"kind": "skill", "words": "不会修剪", "whose": here.households[0].code}
    need = browser.post("/office/needs", form).headers["Location"]
    factories.area("522601100001")
    browser.is_now(factories.account((RoleKind.OFFICER, "522601"), name="邻县"))
    assert [browser.get(path).status_code for path in (plan, need)] == [404, 404]
    assert browser.post(f"/office/duty/officers/{officer.public_id}/leave").status_code == 404
    assert "不会修剪" not in browser.get("/office/needs").text
