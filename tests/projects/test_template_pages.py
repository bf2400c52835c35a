"""A province writes its next version on a page or by program; others read what is confirmed and answer what it asks."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import g
from flask.testing import FlaskClient

from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.projects.declaring import save_answers
from marketplace.projects.entering import decide_version, enter_version
from marketplace.projects.models import Project
from marketplace.projects.reviewing import return_project
from marketplace.projects.standard import ITEMS, SHIPPED, Item
from marketplace.projects.states import ProjectState, TemplateAction
from tests.api.conftest import token_header
from tests.factories import VILLAGE
from tests.projects.test_templates import ROAD, WHOLE
from tests.projects.world import CITY, COUNTY, PROVINCE, World, declared, officer, world
from tests.web.conftest import Browser

ROOT, API = "/office/projects/templates", "/api/v1/projects/templates"
TODAY = local_day(clock.now())
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def here(client: FlaskClient) -> World:
    with transaction():
        return world()


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def typed(page: str) -> dict[str, str]:
    """What the form of a page has in its fields."""
    found = {}
    page = page[page.index("<main") : page.index("</main>")]
    for tag in re.findall(r"<input [^>]+>", page):
        name = re.search(r'name="([^"]+)"', tag)
        if name and name[1] != "csrf_token":
            value = re.search(r'value="([^"]*)"', tag)
            found[name[1]] = value[1] if value else ""
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_a_version_is_written_from_the_last_one_and_confirmed_by_a_second_person(browser: Browser, here: World) -> None:
    first, second = officer(PROVINCE), officer(PROVINCE)
    browser.is_now(first)
    form = typed(browser.get(f"{ROOT}/new").text)
    assert (form["rubric_words_1"], form["rubric_most_1"]) == ("How much it is needed", "25")
    form |= {"area": PROVINCE, "source": "黔农发〔2026〕9号", "begins_on": TOMORROW.isoformat(), "items_words_1": "谁来管护"}
    wrong = browser.post(ROOT, {**form, "rubric_most_1": "24"})
    assert wrong.status_code == 422
    assert "The points of the rubric add up to 99. They have to add up to 100." in wrong.text
    assert 'value="谁来管护"' in wrong.text
    # The law's negative list stays whole, and a line with words by which it is known is not dropped unseen.
    dropped = browser.post(ROOT, {**form, "barred_words_5": "", "barred_terms_5": ""})
    assert dropped.status_code == 422
    assert "偿还债务、还债、垫资、paying back debts is missing (debts)." in dropped.text
    assert 'id="f-barred_terms_5-error"' in dropped.text
    unnamed = browser.post(ROOT, {**form, "barred_terms_9": "牌坊"})
    assert unnamed.status_code == 422
    assert 'id="f-barred_words_9-error"' in unnamed.text
    assert 'value="牌坊"' in unnamed.text
    changed = {"rubric_most_1": "20", "rubric_most_5": "20", "categories_words_8": ""}
    path = browser.post(ROOT, {**form, **changed}).headers["Location"]
    page = browser.get(path).text
    assert "How much it is needed (25 points) became How much it is needed (20 points)" in page
    assert "no longer: Clean villages (Environment)" in page
    assert "new: 谁来管护" in page
    assert "Confirm it</button>" not in page
    assert browser.post(f"{path}/confirm").status_code == 403
    browser.is_now(here.declarer)
    assert browser.get(path).status_code == 404
    browser.is_now(second)
    assert "Confirm it</button>" in browser.get(path).text
    assert browser.post(f"{path}/confirm").status_code == 303
    browser.is_now(here.declarer)
    assert "Confirmed" in browser.get(path).text
    listed = browser.get(ROOT).text
    assert "Version 1, since" in listed
    assert "Write the next version" not in listed
    assert browser.get(f"{ROOT}/new").status_code == 404


def test_what_an_office_asks_besides_is_a_step_of_its_own_and_hidden_from_everybody_else(browser: Browser, here: World) -> None:
    with transaction():
        yesterday = clock.now() - timedelta(days=1)
        row = enter_version(PROVINCE, replace(WHOLE, begins_on=TODAY), by=officer(PROVINCE), now=yesterday)
        decide_version(row, TemplateAction.CONFIRM, by=officer(PROVINCE), now=yesterday)
        project = declared(here, submit=False, now=clock.now())
        public_id = project.public_id
        old = declared(here, asset="水窖", now=yesterday)
        township = here.reviewers[ProjectState.TOWNSHIP]
        return_project(old, ProjectState.TOWNSHIP, "写明水源", by=township, now=yesterday)
    browser.is_now(here.declarer)
    # What was handed in before asks nothing more when it comes back, and has no such step.
    assert browser.get(f"/office/projects/{old.public_id}/edit/more").status_code == 404
    assert "edit/more" not in browser.get(f"/office/projects/{old.public_id}/edit/people").text
    path = f"/office/projects/{public_id}"
    assert "“谁来管护” is missing." in browser.get(path).text
    assert browser.post(f"{path}/edit/more", {"x52_1": "村集体管", "x52_9": "?"}).status_code == 422
    assert browser.post(f"{path}/edit/more", {"x52_1": "村集体管"}).status_code == 303
    assert "村集体管" in browser.get(f"{path}/edit/more").text
    page = browser.get(path).text
    assert "村集体管" in page
    assert "is missing" not in page
    assert browser.post(f"{path}/submit").status_code == 303
    with transaction():
        db.session.query(Project).filter_by(public_id=public_id).update({"state": "notice"})
    browser.is_now(None)
    shown = browser.get(f"/projects/{public_id}").text
    assert "灌溉面积增加三百亩" in shown
    assert "村集体管" not in shown


def send(client: FlaskClient, method: str, path: str, by: Any, **more: Any) -> Any:
    """One call of a program, without what the one before it kept in memory."""
    vars(g._get_current_object()).clear()
    db.session.expire_all()
    return client.open(path, method=method, headers=token_header(by), **more)


def test_programs_write_compare_and_confirm(client: FlaskClient, here: World) -> None:
    first, second, county = officer(PROVINCE), officer(PROVINCE), here.county
    body = {
        "area_code": PROVINCE,
        "begins_on": TOMORROW.isoformat(),
        "source": "黔农发〔2026〕9号",
        "items": [*({"key": key} for key in ITEMS), {"key": "x52_1", "words": "谁来管护"}],
        "categories": [{"key": each.key, "words": each.words, "sector": each.sector} for each in SHIPPED.categories],
        "barred": [{"key": each.key, "words": each.words, "terms": list(each.terms)} for each in SHIPPED.barred],
        "rubric": [{"key": "need", "words": "需要", "most": 100}],
    }
    less = send(client, "POST", API, first, json={**body, "items": body["items"][1:]})
    assert (less.status_code, less.json["code"], less.json["errors"]) == (422, "item_dropped", {"item": "name"})
    short = send(client, "POST", API, first, json={**body, "rubric": [{"key": "need", "words": "需要", "most": 99}]})
    assert (short.json["code"], short.json["errors"]) == ("rubric_sum", {"total": "99", "full": "100"})
    assert send(client, "POST", API, county, json=body).status_code == 404
    made = send(client, "POST", API, first, json=body)
    assert (made.status_code, made.json["number"], made.json["state"]) == (201, 2, "entered")
    path = f"{API}/{made.json['public_id']}"
    assert send(client, "GET", path, county).status_code == 404
    assert send(client, "POST", f"{path}/confirm", first).json["code"] == "same_person"
    assert send(client, "POST", f"{path}/confirm", second).json["state"] == "confirmed"
    assert send(client, "POST", f"{path}/discard", second).json["code"] == "template_state"
    assert send(client, "GET", path, county).json["items"] == [{"key": "x52_1", "words": "谁来管护"}]
    body |= {"begins_on": (TOMORROW + timedelta(days=1)).isoformat()}
    behind = send(client, "POST", API, first, json={**body, "base": 1})
    assert (behind.status_code, behind.json["code"]) == (409, "template_changed")
    page = send(client, "GET", f"{API}?area={COUNTY}&limit=1", county).json
    ((listed,), following) = page["items"], page["next"]
    assert following is None
    assert listed["rubric"] == [{"key": "need", "words": "需要", "most": 100}]
    today = client.get(f"/api/v1/projects/template?area={VILLAGE}").json
    assert (today["version"], len(today["items"]), today["rubric"][0]["most"]) == ("1", 11, 25)
    assert today["categories"][1] == {"key": "roads", "words": "Roads and bridges", "sector": "transport.road"}
    assert today["barred"][4] == {
        "key": "debts",
        "words": "paying back debts",
        "terms": ["偿还债务", "还债", "垫资", "paying back debts"],
    }


def test_the_page_names_the_latest_day_and_every_document_and_says_what_a_draft_will_be_asked(
    client: FlaskClient, browser: Browser, here: World
) -> None:
    before, eve = clock.now() - timedelta(days=2), clock.now() - timedelta(days=1)
    with transaction():
        for area, new, now, day in (
            (PROVINCE, WHOLE, before, TODAY - timedelta(days=1)),
            (COUNTY, replace(ROAD, items=(*WHOLE.items, ROAD.items[-1])), eve, TODAY),
            (CITY, replace(ROAD, items=(*WHOLE.items, Item("x5226_1", "水从哪里来"))), eve, TOMORROW),
        ):
            row = enter_version(area, replace(new, begins_on=day, source=f"文件{area}"), by=officer(area), now=now)
            decide_version(row, TemplateAction.CONFIRM, by=officer(area), now=now)
        draft = declared(here, submit=False, now=clock.now())
    holds = client.get(f"/api/v1/projects/template?area={VILLAGE}").json
    assert (holds["version"], holds["begins_on"]) == ("52-2+522636-1", TODAY.isoformat())
    assert holds["sources"] == [f"文件{PROVINCE}", f"文件{COUNTY}"]
    browser.is_now(here.declarer)
    now = browser.get(ROOT).text
    now = now[now.index('id="now"') : now.index('id="versions"')]
    assert f"Version 52-2+522636-1, since {TODAY:%-d %b %Y}" in now
    assert f"文件{PROVINCE}" in now
    assert f"文件{COUNTY}" in now
    assert "another version holds" in browser.get(f"/office/projects/{draft.public_id}").text
    # What is asked from above is that of the day that was typed.
    browser.is_now(officer(COUNTY))
    form = typed(browser.get(f"{ROOT}/new").text)
    assert (form["base"], "水从哪里来" in browser.get(f"{ROOT}/new").text) == ("1", True)
    city = {"area": COUNTY, "base": "1", "begins_on": TOMORROW.isoformat(), "source": ""}
    assert "水从哪里来" in browser.post(ROOT, city).text


def test_what_was_typed_stays_when_another_version_was_confirmed_meanwhile(browser: Browser, here: World) -> None:
    browser.is_now(officer(PROVINCE))
    form = typed(browser.get(f"{ROOT}/new").text)
    form |= {"area": PROVINCE, "source": "黔农发〔2026〕9号", "begins_on": TOMORROW.isoformat(), "items_words_1": "谁来管护"}
    with transaction():
        other = enter_version(PROVINCE, replace(WHOLE, begins_on=TOMORROW), by=officer(PROVINCE), now=clock.now())
        decide_version(other, TemplateAction.CONFIRM, by=officer(PROVINCE), now=clock.now())
    # A mistake beside it does not make the form one that was written from the new version.
    assert typed(browser.post(ROOT, {**form, "begins_on": "morgen"}).text)["base"] == "1"
    told = browser.post(ROOT, form)
    assert told.status_code == 422
    assert "Another version was confirmed since you opened this." in told.text
    again = typed(told.text)
    assert (again["base"], again["items_words_1"]) == ("2", "谁来管护")


def test_programs_answer_what_is_asked_besides(client: FlaskClient, here: World) -> None:
    with transaction():
        project = declared(here, submit=False, now=clock.now())
    path = f"/api/v1/projects/office/{project.public_id}"
    found = send(client, "GET", path, here.declarer)
    assert (found.json["template_version"], found.json["answers"], found.json["missing"]) == ("1", {}, [])
    headers = {**token_header(here.declarer), "If-Match": found.headers["ETag"]}
    assert client.patch(path, headers=headers, json={"answers": {"x52_1": "村"}}).json["code"] == "item_unknown"


def test_null_empties_an_answer(client: FlaskClient, here: World) -> None:
    with transaction():
        eve = clock.now() - timedelta(days=1)
        row = enter_version(PROVINCE, replace(WHOLE, begins_on=TODAY), by=officer(PROVINCE), now=eve)
        decide_version(row, TemplateAction.CONFIRM, by=officer(PROVINCE), now=eve)
        project = declared(here, submit=False, now=clock.now())
        save_answers(project, {"x52_1": "村集体"}, by=here.declarer, now=clock.now())
    path = f"/api/v1/projects/office/{project.public_id}"
    found = send(client, "GET", path, here.declarer)
    assert found.json["answers"] == {"x52_1": "村集体"}
    headers = {**token_header(here.declarer), "If-Match": found.headers["ETag"]}
    emptied = client.patch(path, headers=headers, json={"answers": {"x52_1": None}})
    assert (emptied.status_code, emptied.json["answers"], emptied.json["missing"]) == (200, {}, ["x52_1"])
