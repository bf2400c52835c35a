"""A project on pages: declared in four steps, judged, objected to without an account, approved, built."""

import io
import os
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.projects.noticing import object_to
from marketplace.projects.oc4ids import missing_required
from marketplace.projects.states import LEVELS, ProjectState
from tests import factories
from tests.factories import VILLAGE
from tests.projects.test_api import approved_long_ago
from tests.projects.world import SCORES, World, declared, officer, passed, world
from tests.web.conftest import Browser

ROOT = "/office/projects"
S = ProjectState
TODAY = local_day(clock.now())


@pytest.fixture
def here(client: FlaskClient) -> World:
    with transaction():
        return world()


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def steps_of(here: World) -> dict[str, dict[str, str]]:
    """What somebody fills in, step by step."""
    return {
        "what": {"name": "摆泥村水渠", "category": "water", "nature": "new", "task": "修水渠", "target": "灌溉三百亩"},
        "when": {
            "place_words": "一组",
            "asset": "水渠",
            "begins_on": TODAY.isoformat(),
            "ends_on": (TODAY + timedelta(days=100)).isoformat(),
            "part_1": "完工",
            "weight_1": "100",
            "due_1": (TODAY + timedelta(days=90)).isoformat(),
        },
        "money": {"amount_fiscal": "0.01", "document_fiscal": "文件一", "amount_own": "12.30", "document_own": "决议"},
        "people": {
            "responsible": "村委会",
            "mechanism": "投工",
            "households": "\n".join(household.code for household in here.households),
        },
    }


def test_a_declaration_is_kept_step_by_step_and_says_what_is_missing(browser: Browser, here: World) -> None:
    browser.is_now(here.declarer)
    begun = browser.post(ROOT, {"area": VILLAGE, "name": "摆泥村水渠"})
    path = begun.headers["Location"].removesuffix("/edit/what")
    assert "Without a target no project is taken." in browser.get(f"{path}/edit/what").text
    assert "Hand it in</button>" not in browser.get(path).text
    for step, form in steps_of(here).items():
        assert browser.post(f"{path}/edit/{step}", form).status_code == 303
    kept = browser.get(f"{path}/edit/money").text
    assert 'value="0.01"' in kept
    assert 'value="12.30"' in kept
    assert browser.post(f"{path}/submit").status_code == 303
    page = browser.get(path).text
    assert "Waits for the township" in page
    assert "¥12.31" in page
    assert browser.get(f"{path}/edit/what").status_code == 409


def test_a_step_with_mistakes_comes_back_with_what_was_typed(browser: Browser, here: World) -> None:
    browser.is_now(here.declarer)
    path = browser.post(ROOT, {"area": VILLAGE, "name": "水渠"}).headers["Location"].removesuffix("/edit/what")
    for step, more, words in (
        ("what", {"category": "palaces", "task": "挖渠"}, "The template has no such category."),
        ("when", {"part_1": "完工", "weight_1": "", "asset": "挖渠"}, "Please give each milestone a name"),
        ("when", {"weight_1": "101", "asset": "挖渠"}, "A milestone is 1 to 100 per cent of the work."),
        ("people", {"households": f"{VILLAGE}9999", "mechanism": "挖渠"}, "A project is for registered households"),
    ):
        answer = browser.post(f"{path}/edit/{step}", {**steps_of(here)[step], **more})
        assert answer.status_code == 422
        assert words in answer.text
        assert "挖渠" in answer.text


def judged(browser: Browser, here: World, path: str, *states: ProjectState) -> None:
    """Each level passes it on, on its own page."""
    for state in states:
        browser.is_now(here.reviewers[state])
        scored = state in (S.TOWNSHIP, S.COUNTY)
        points = {f"score_{key}": str(value) for key, value in SCORES.items()} if scored else {}
        assert browser.post(f"{path}/pass", {"state": state.value, **points}).status_code == 303


def test_four_levels_judge_it_and_everybody_may_object(browser: Browser, here: World) -> None:
    with transaction():
        project = declared(here, now=clock.now())
        public_id, second = project.public_id, officer(VILLAGE[:6])
    path = f"{ROOT}/{public_id}"
    browser.is_now(here.county)
    assert "Your level’s word" not in browser.get(path).text
    browser.is_now(here.reviewers[S.TOWNSHIP])
    assert "Waits for your office" in browser.get(ROOT).text
    assert browser.post(f"{path}/pass", {"state": "township", "score_need": "99"}).status_code == 422
    assert browser.get(f"/projects/{public_id}").status_code == 404
    judged(browser, here, path, *LEVELS)
    browser.is_now(None)
    public = browser.get(f"/projects/{public_id}").text
    assert "fewer than" in public
    assert not [household.code for household in here.households if household.code in public]
    sent = browser.post(f"/projects/{public_id}/objections", {"words": "水渠已修过", "contact": "13800000000"})
    assert sent.status_code == 303
    assert "水渠已修过" not in browser.get(f"/projects/{public_id}").text
    browser.is_now(here.declarer)
    assert "水渠已修过" not in browser.get(path).text
    browser.is_now(second)
    page = browser.get(path).text
    assert "水渠已修过" in page
    found = re.search(r"/objections/([a-z0-9]{14})/reject", page)
    assert found is not None
    assert browser.post(f"{path}/objections/{found[1]}/uphold", {"words": "属实"}).status_code == 303
    assert "Sent back" in browser.get(path).text


def main_of(page: str) -> str:
    return page[page.index("<main") : page.index("</main>")]


def test_points_that_cannot_be_are_named_beside_their_line_and_all_that_was_typed_stays(browser: Browser, here: World) -> None:
    with transaction():
        path = f"{ROOT}/{declared(here, now=clock.now()).public_id}"
    browser.is_now(here.reviewers[S.TOWNSHIP])
    given = {f"score_{key}": str(points) for key, points in SCORES.items()} | {"state": "township"}
    told = browser.post(f"{path}/pass", {**given, "score_need": "26", "score_cost": "viel"})
    assert told.status_code == 422
    page = main_of(told.text)
    assert re.search(r'id="f-score_need-error">.*?Please give 0 to 25 points\.', page, re.S)
    assert re.search(r'id="f-score_cost-error">.*?Please give 0 to 15 points\.', page, re.S)
    assert "f-score_benefit-error" not in page
    for name, value in (("need", "26"), ("benefit", "20"), ("feasible", "15"), ("cost", "viel"), ("upkeep", "10")):
        assert re.search(rf'name="score_{name}" type="text" value="{value}"', page)
    low = browser.post(f"{path}/pass", {**given, "score_need": "0", "score_benefit": "0"})
    assert low.status_code == 422
    assert "With 35 points it does not pass." in low.text
    assert 'name="score_feasible" type="text" value="15"' in low.text
    assert "Waits for the township" in browser.get(path).text


@pytest.mark.parametrize("step", ["return", "refuse"])
def test_a_reason_that_is_too_long_comes_back_beside_what_was_typed(browser: Browser, here: World, step: str) -> None:
    with transaction():
        path = f"{ROOT}/{declared(here, now=clock.now()).public_id}"
    browser.is_now(here.reviewers[S.TOWNSHIP])
    told = browser.post(f"{path}/{step}", {"state": "township", "words": "长" * 401})
    name, other = ("send_back", "refuse") if step == "return" else ("refuse", "send_back")
    assert told.status_code == 422
    page = main_of(told.text)
    assert f'id="f-{name}-error"' in page
    assert f'id="f-{other}-error"' not in page
    assert page.count("长" * 401) == 1
    empty = browser.post(f"{path}/{step}", {"state": "township", "words": " "})
    assert (empty.status_code, "Please say why." in main_of(empty.text)) == (422, True)
    assert "Waits for the township" in browser.get(path).text


def test_an_answer_to_an_objection_that_is_too_long_stays_at_its_objection(browser: Browser, here: World) -> None:
    with transaction():
        project = declared(here, now=clock.now())
        passed(here, project, now=clock.now())
        first, second = (object_to(project, words, "", now=clock.now()).public_id for words in ("太远", "太贵"))
        path, by = f"{ROOT}/{project.public_id}", officer(VILLAGE[:6])
    browser.is_now(by)
    told = browser.post(f"{path}/objections/{second}/reject", {"words": "答" * 401})
    assert told.status_code == 422
    page = main_of(told.text)
    assert f'id="f-{second}-error"' in page
    assert f'id="f-{first}-error"' not in page
    assert page.count("答" * 401) == 1


def picture() -> tuple[io.BytesIO, str]:
    buffer = io.BytesIO()
    Image.frombytes("RGB", (8, 8), os.urandom(192)).save(buffer, "PNG")
    return io.BytesIO(buffer.getvalue()), "site.png"


def test_the_work_is_followed_with_pictures_until_the_county_accepts_it(browser: Browser, here: World) -> None:
    public_id = approved_long_ago(here)
    path = f"{ROOT}/{public_id}"
    browser.is_now(here.county)
    assert browser.post(f"{path}/approve").status_code == 303
    browser.is_now(here.declarer)
    assert browser.post(f"{path}/start").status_code == 303
    milestones = re.findall(r'<option value="([a-z0-9]{14})">', browser.get(path).text)
    for milestone in milestones:
        shot: dict[str, Any] = {"milestone": milestone, "taken_on": TODAY.isoformat(), "place_words": "一组"}
        assert browser.post(f"{path}/photos", {**shot, "picture": picture()}).status_code == 303
    page = browser.get(path).text
    photo = re.search(r"/photos/[a-z0-9]{14}\.webp", page)
    assert photo is not None
    assert "100 %" in page
    assert "Accept the work" not in page
    browser.is_now(here.county)
    assert browser.get(f"{path}{photo[0]}").headers["Cache-Control"] == "private, no-store"
    assert browser.post(f"{path}/complete").status_code == 303
    assert "Does it still work?" in browser.get(path).text
    package = browser.get("/projects/oc4ids.json").json
    assert missing_required(package) == []
    assert [project["status"] for project in package["projects"]] == ["completed"]


def test_reviewers_see_which_households_and_strangers_see_no_project(browser: Browser, here: World) -> None:
    with transaction():
        public_id = declared(here, now=clock.now()).public_id
        factories.area("522636200001")
        beside = factories.account((RoleKind.OFFICER, "522636200"), name="邻镇")
    path = f"{ROOT}/{public_id}"
    browser.is_now(here.county)
    listed = browser.get(f"{path}/households").text
    assert all(household.code in listed for household in here.households)
    browser.is_now(beside)
    for page in (path, f"{path}/households", f"{path}/edit/what"):
        assert browser.get(page).status_code == 404
    assert browser.post(f"{path}/submit").status_code == 404
    assert "摆泥村灌溉水渠" not in browser.get(ROOT).text


def test_a_township_that_judges_for_another_reads_the_project_and_not_its_households(
    browser: Browser, client: FlaskClient
) -> None:
    with transaction():
        here = world(VILLAGE[:9])
        factories.area("522636200001")
        public_id = declared(here, now=clock.now()).public_id
        neighbour = officer("522636200")
    path = f"{ROOT}/{public_id}"
    browser.is_now(here.county)
    assert browser.post(f"{path}/cross", {"area": "522636200"}).status_code == 303
    browser.is_now(neighbour)
    assert "Your level’s word" in browser.get(path).text
    listed = browser.get(f"{path}/households").text
    assert "None of your area." in listed
    assert not [household.code for household in here.households if household.code in listed]


def test_a_second_reviewer_of_a_level_is_told_that_the_step_is_taken(browser: Browser, here: World) -> None:
    with transaction():
        project = declared(here, now=clock.now())
        passed(here, project, S.TOWNSHIP, now=clock.now())
        path, second = f"{ROOT}/{project.public_id}", officer(VILLAGE[:9])
    browser.is_now(second)
    late = browser.post(f"{path}/return", {"state": "township", "words": "补充预算"})
    assert (late.status_code, "Somebody else has taken this step already." in late.text) == (409, True)


def test_an_auditor_of_the_area_reads_all_of_a_project_and_changes_nothing(browser: Browser, here: World) -> None:
    with transaction():
        project = declared(here, now=clock.now())
        passed(here, project, now=clock.now())
        object_to(project, "水渠已修过", "13800000000", now=clock.now())
        public_id = project.public_id
        auditor = factories.account((RoleKind.AUDITOR, VILLAGE[:6]), name="审计")
        elsewhere = factories.account((RoleKind.AUDITOR, "5227"), name="外州审计")
    browser.is_now(auditor)
    assert "摆泥村灌溉水渠" in browser.get("/oversight/projects").text
    page = browser.get(f"/oversight/projects/{public_id}").text
    assert "水渠已修过" in page
    assert "13800000000" not in page
    assert [household.code for household in here.households if household.code in page] == []
    assert 'method="post" action="/office' not in page
    assert browser.get(f"{ROOT}/{public_id}").status_code == 403
    browser.is_now(elsewhere)
    assert browser.get(f"/oversight/projects/{public_id}").status_code == 404
    assert "摆泥村灌溉水渠" not in browser.get("/oversight/projects").text


def test_only_villages_and_townships_are_asked_to_declare(browser: Browser, here: World) -> None:
    browser.is_now(here.declarer)
    assert 'href="/office/projects/new"' in browser.get("/office/projects").text
    browser.is_now(here.county)
    assert 'href="/office/projects/new"' not in browser.get("/office/projects").text
