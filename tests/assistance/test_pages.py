"""Responsibility and needs on pages: two officers, one helper unit, everybody, and an officer from beside who finds nothing."""

import re

import pytest
from flask.testing import FlaskClient

from marketplace.assistance.duty.bringing import helped_account
from marketplace.assistance.duty.duties import give_duty
from marketplace.assistance.duty.models import Place
from marketplace.assistance.needs.helping import deliver, pledge
from marketplace.assistance.needs.models import NeedKind
from marketplace.assistance.needs.queries import get_public_need
from marketplace.assistance.needs.raising import raise_need
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.clock import local_day, now
from marketplace.kernel.db import db, transaction
from marketplace.ledger.queries import balance_fen
from marketplace.registry.models import Household
from marketplace.registry.visits import record_visit
from tests import factories
from tests.assistance.world import BESIDE, COUNTY, World, acts_for, helper, in_duty, open_need, world
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
    form = {"kind": "donor", "name": "好心人", "area": COUNTY, "can": ["schooling", "money"], "quota": "2"}
    assert browser.post("/needs/desk", {**form, "area": "99"}).status_code == 422
    refused = browser.post("/needs/desk", {**form, "can": []})
    assert (refused.status_code, "Please say what you can help with." in refused.text) == (422, True)
    assert browser.post("/needs/desk", form).status_code == 303
    assert "An officer looks at your unit first" in browser.get("/needs/desk").text
    browser.is_now(here.first)
    found = re.search(r"/office/needs/helpers/[a-z0-9]{14}/approve", browser.get("/office/needs").text)
    assert found is not None
    assert browser.post(found[0]).status_code == 303
    browser.is_now(donor)
    assert "An officer has looked at your unit" in browser.get("/needs/desk").text


def test_a_household_sees_who_answers_for_it_says_whether_they_came_and_what_it_needs(browser: Browser, here: World) -> None:
    with transaction():
        officer = in_duty(here, name="老张")
        farmer = factories.account((RoleKind.FARMER, ""), name="王大叔")
        household = db.session.get_one(Household, factories.producer(registered=True, owner=farmer).household_id)
        household.created_at = now()
        give_duty(officer, household, Place.FIRST, by=here.first, now=now())
        visit = record_visit(household, db.session.get_one(Account, officer.account_id), now(), now=now()).public_id
        other = record_visit(here.households[1], here.first, now(), now=now()).public_id
        unit = helper(here, NeedKind.SKILL)
    browser.is_now(farmer)
    page = browser.get("/farm/help").text
    assert "老张" in page
    assert "Answers for your household" in page
    assert browser.post(f"/farm/help/visits/{other}", {"took_place": "yes"}).status_code == 404
    assert browser.post(f"/farm/help/visits/{visit}", {"took_place": "no", "satisfaction": "5"}).status_code == 422
    assert browser.post(f"/farm/help/visits/{visit}", {"took_place": "yes", "satisfaction": "4"}).status_code == 303
    assert browser.post(f"/farm/help/visits/{visit}", {"took_place": "no"}).status_code == 409
    assert "You said: yes, they came" in browser.get("/farm/help").text
    assert browser.post("/farm/help/needs", {"kind": "skill", "words": " "}).status_code == 422
    assert browser.post("/farm/help/needs", {"kind": "skill", "words": "不会修剪"}).status_code == 303
    assert browser.post("/farm/help/needs", {"kind": "work", "words": "没活干"}).status_code == 303
    work, skill = re.findall(r"/farm/help/needs/([a-z0-9]{14})/withdraw", browser.get("/farm/help").text)
    assert browser.post(f"/farm/help/needs/{work}/withdraw").status_code == 303
    browser.is_now(here.first)
    assert browser.post(f"/office/needs/{skill}/verify", {"card": "想学果树修剪"}).status_code == 303
    with transaction():
        made = pledge(get_public_need(skill), unit, by=acts_for(unit), now=now())
        deliver(made, "签到表 3 号", by=acts_for(unit), now=now())
    browser.is_now(farmer)
    assert "签到表 3 号" in browser.get("/farm/help").text
    assert browser.post(f"/farm/help/needs/{skill}/arrived", {"arrived": "yes"}).status_code == 303
    browser.is_now(factories.account((RoleKind.FARMER, ""), name="无户"))
    assert browser.get("/farm/help").status_code == 404


def test_money_is_seen_by_a_second_person_and_somebody_else_asks_about_a_visit(browser: Browser, here: World) -> None:
    household = here.households[0]
    with transaction():
        officer = in_duty(here, name="老张")
        own = db.session.get_one(Account, officer.account_id)
        visit = record_visit(household, own, now(), now=now()).public_id
    browser.is_now(here.first)
    given = {"code": household.code, "helper": own.login, "place": "first"}
    assert browser.post("/office/duty/helpers", {**given, "helper": "nobody"}).status_code == 422
    assert browser.post("/office/duty/helpers", given).status_code == 303
    assert browser.post(f"/office/duty/officers/{officer.public_id}/rank", {"rank": "section_head"}).status_code == 303
    browser.is_now(own)
    assert browser.post(f"/office/duty/visits/{visit}/word", {"took_place": "yes"}).status_code == 403
    form = {"amount": "300.01", "source": "县农业局", "document": "收据1"}
    assert browser.post(f"/office/duty/households/{here.households[1].public_id}/funds", form).status_code == 403
    assert browser.post(f"/office/duty/households/{household.public_id}/funds", form).status_code == 303
    browser.is_now(here.first)
    page = browser.get("/office/duty/results").text
    assert "¥300.01" in page
    funds = re.search(r"/office/duty/funds/([a-z0-9]{14})/approve", page)
    assert funds is not None
    assert browser.post(f"/office/duty/funds/{funds[1]}/approve").status_code == 303
    assert browser.post(f"/office/duty/funds/{funds[1]}/discard").status_code == 409
    assert browser.post(f"/office/duty/visits/{visit}/word", {"took_place": "yes", "satisfaction": "5"}).status_code == 303
    page = browser.get("/office/duty/results").text
    assert "Every household has been asked." in page
    assert balance_fen(helped_account(household)) == 30_001


def test_a_year_from_the_sheet_to_a_penalty_that_hears_the_officer(browser: Browser, here: World) -> None:
    with transaction():
        officer = in_duty(here, name="老张")
        own = db.session.get_one(Account, officer.account_id)
        give_duty(officer, here.households[0], Place.FIRST, by=here.first, now=now())
    browser.is_now(here.first)
    year = browser.post("/office/duty/years", {"year": str(local_day(now()).year)}).headers["Location"]
    merits = f"{year}/officers/{officer.public_id}/merits"
    assert browser.post(merits, {"kind": "penalty", "reason": "没有走访"}).status_code == 409
    assert browser.post(f"{year}/approve").status_code == 403
    browser.is_now(here.second)
    assert browser.post(f"{year}/approve").status_code == 303
    assert browser.post(merits, {"kind": "penalty", "reason": "没有走访"}).status_code == 303
    found = re.search(r"/merits/([a-z0-9]{14})/discard", browser.get(year).text)
    assert found is not None
    browser.is_now(here.first)
    assert "The officer has to be heard first." in browser.get(year).text
    assert browser.post(f"{year}/merits/{found[1]}/approve").status_code == 409
    assert browser.post(f"/office/duty/years/merits/{found[1]}/answer", {"answer": "不是我"}).status_code == 404
    browser.is_now(own)
    assert "没有走访" in browser.get("/office/duty").text
    assert browser.post(f"/office/duty/years/merits/{found[1]}/answer", {"answer": "我病了"}).status_code == 303
    browser.is_now(here.first)
    assert "我病了" in browser.get(year).text
    assert browser.post(f"{year}/merits/{found[1]}/approve").status_code == 303
    assert browser.get(f"{year}?page=2").status_code == 404


def test_a_whole_county_is_matched_with_reasons_and_asked_once_a_second_person_approves(browser: Browser, here: World) -> None:
    with transaction():
        unit = helper(here, NeedKind.SKILL, quota=1)
        open_need(here), open_need(here, card="想学养蜂")
    browser.is_now(here.first)
    found = browser.post("/office/needs/rounds", {"method": "stable"}).headers["Location"]
    page = browser.get(found).text
    assert "1 of 2 needs have a unit" in page
    assert "Can do this, from the same county; of such pledges it kept 0 and let 0 lapse; free for 1 of 1." in page
    assert "No unit that can do this has a free place." in page
    assert browser.post(f"{found}/approve").status_code == 403
    browser.is_now(here.second)
    assert browser.post(f"{found}/approve").status_code == 303
    browser.is_now(acts_for(unit))
    assert "The county asks you: 想学果树修剪" in browser.get("/needs/desk").text


def test_an_officer_from_beside_finds_nothing(browser: Browser, here: World) -> None:
    with transaction():
        officer = in_duty(here)
    browser.is_now(here.first)
    plan = browser.post("/office/duty/plans").headers["Location"]
    form = {"kind": "skill", "words": "不会修剪", "whose": here.households[0].code}
    need = browser.post("/office/needs", form).headers["Location"]
    with transaction():
        visit = record_visit(here.households[0], here.second, now(), now=now()).public_id
        give_duty(officer, here.households[0], Place.FIRST, by=here.first, now=now())
        open_need(here)
    year = browser.post("/office/duty/years", {"year": str(local_day(now()).year)}).headers["Location"]
    matched = browser.post("/office/needs/rounds", {"method": "best_sum"}).headers["Location"]
    factories.area("522601100001")
    browser.is_now(factories.account((RoleKind.OFFICER, "522601"), name="邻县"))
    assert [browser.get(path).status_code for path in (plan, need)] == [404, 404]
    assert browser.post(f"/office/duty/officers/{officer.public_id}/leave").status_code == 404
    assert "不会修剪" not in browser.get("/office/needs").text
    assert [browser.get(path).status_code for path in (year, matched)] == [404, 404]
    assert browser.post(f"/office/duty/visits/{visit}/word", {"took_place": "yes"}).status_code == 404


def test_an_officer_finds_a_village_step_by_step_and_names_either_it_or_a_household(browser: Browser, here: World) -> None:
    browser.is_now(here.first)
    assert "Or the code of the village that lacks it" in browser.get(f"/office/needs?area={COUNTY}").text
    page = browser.get(f"/office/needs?area={factories.VILLAGE[:9]}").text
    assert f'<option value="{factories.VILLAGE}"' in page
    form = {"kind": "skill", "words": "全村不会修剪果树"}
    for both in ({}, {"whose": here.households[0].code, "village": factories.VILLAGE}):
        refused = browser.post("/office/needs", {**form, **both})
        assert (refused.status_code, "one of the two" in refused.text) == (422, True)
    assert browser.post("/office/needs", {**form, "village": factories.VILLAGE}).status_code == 303


def test_a_helper_says_level_by_level_where_it_is_at_home(browser: Browser, here: World) -> None:
    browser.is_now(factories.account(name="好心人"))
    assert 'name="quota"' not in browser.get("/needs/desk").text
    assert f"/needs/desk?area={COUNTY[:2]}" in browser.get("/needs/desk").text
    page = browser.get(f"/needs/desk?area={COUNTY}").text
    assert f'name="area" value="{COUNTY}"' in page
    assert 'name="quota"' in page
    assert f"/needs/desk?area={factories.VILLAGE[:9]}" in page


def test_the_list_of_needs_is_that_of_the_area_chosen_and_a_village_is_named_in_the_form_itself(
    client: FlaskClient,
) -> None:
    with transaction():
        factories.area()
        factories.area(BESIDE)
        by = factories.account((RoleKind.OFFICER, COUNTY), name="干部")
        here, beside = (
            raise_need(NeedKind.MATERIALS, "缺棉被", by=by, now=now(), area_code=village).reference
            for village in (factories.VILLAGE, BESIDE)
        )
    browser = Browser(client)
    browser.is_now(by)
    county = browser.get(f"/office/needs?area={COUNTY}").text
    assert (here in county, beside in county) == (True, True)
    township = browser.get(f"/office/needs?area={BESIDE[:9]}").text
    assert (here in township, beside in township) == (False, True)
    # A county's officer types the village's code, and nothing has to be chosen before the story is written.
    browser.get(f"/office/needs?area={COUNTY}")
    form = {"kind": "materials", "words": "村里缺棉被", "village": factories.VILLAGE[:9]}
    wrong = browser.post("/office/needs", form)
    assert (wrong.status_code, "Please give a code of 12 figures." in wrong.text, "村里缺棉被" in wrong.text) == (
        422,
        True,
        True,
    )
    assert browser.post("/office/needs", {**form, "village": factories.VILLAGE}).status_code == 303
