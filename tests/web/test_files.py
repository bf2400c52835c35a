"""Household files at the office: found, read, noted, decided, and every look written down."""

import io
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.registry.files import read_file
from marketplace.registry.filing import record_values
from marketplace.registry.models import (
    ChangeRequest,
    FileReading,
    FileSearch,
    Household,
    HouseholdPicture,
    RuleChange,
    VisitOrder,
)
from marketplace.registry.reading import unbounded
from marketplace.registry.visits import record_visit
from tests.aftersale.sale import jpeg
from tests.web.conftest import Browser
from tests.web.file_world import SIBLING_VILLAGE, TOWNSHIP, VILLAGE, FileWorld


@pytest.fixture
def files(browser: Browser) -> FileWorld:
    """A household on file, and the village's officer at the screen."""
    world = FileWorld()
    browser.is_now(world.village)
    return world


def readings() -> list[tuple[int, str]]:
    rows = db.session.scalars(unbounded(select(FileReading).order_by(FileReading.id), "a test"))
    return [(row.by_id, row.part) for row in rows]


def search(browser: Browser, word: str) -> str:
    return browser.post("/office/files/search", {"word": word}, sent_from="/office/files").text


def test_a_search_shows_masked_names_and_leads_to_the_file(browser: Browser, files: FileWorld) -> None:
    page = search(browser, "杨小花")
    assert "杨*山" in page and "杨*花" in page and "杨阿山" not in page
    assert files.path in page and files.household.code in page
    assert [(row.by_id, row.kind, row.found) for row in db.session.scalars(select(FileSearch))] == [
        (files.village.id, "name", 1)
    ]


def test_a_search_outside_the_village_finds_nothing(browser: Browser, files: FileWorld) -> None:
    for word in ("吴老水", files.neighbour.code):
        assert "No household of your area fits" in search(browser, word)
    browser.is_now(files.township)
    assert "吴*水" in search(browser, "吴老水")


def test_a_search_for_nothing_is_explained_beside_its_box(browser: Browser, files: FileWorld) -> None:
    answer = browser.post("/office/files/search", {"word": " "}, sent_from="/office/files")
    assert answer.status_code == 422
    assert "Please type whom you look for." in answer.text
    assert browser.post("/office/files/search", {"word": "杨"}, sent_from="/office/files").status_code == 422


def test_who_searches_too_often_is_asked_to_wait(browser: Browser, files: FileWorld) -> None:
    with transaction():
        change = RuleChange(name="searches_an_hour", area_code="52", value=1, source="a test", set_by_id=files.county.id)
        change.begins_on, change.set_at = local_day(files.now) - timedelta(days=1), files.now
        db.session.add(change)
    search(browser, "杨阿山")
    answer = browser.post("/office/files/search", {"word": "杨阿山"}, sent_from="/office/files")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")


def test_the_list_of_a_village_is_for_the_offices_above_it(browser: Browser, files: FileWorld) -> None:
    assert browser.get(f"/office/files/village/{VILLAGE}").status_code == 403
    assert f"/office/files/village/{VILLAGE}" not in browser.get("/office/files").text
    browser.is_now(files.township)
    assert f"/office/files/village/{VILLAGE}" in browser.get("/office/files").text
    page = browser.get(f"/office/files/village/{VILLAGE}").text
    assert "杨*山" in page and files.household.code in page and "杨阿山" not in page
    browser.is_now(files.sibling_township)
    assert browser.get(f"/office/files/village/{VILLAGE}").status_code == 404


def test_the_start_page_names_visits_that_are_due_and_changes_that_wait(browser: Browser, files: FileWorld) -> None:
    with transaction():
        due_on = local_day(files.now) + timedelta(days=3)
        db.session.add(
            VisitOrder(
                household_id=files.household.id, village_code=VILLAGE, cause="check", ordered_at=files.now, due_on=due_on
            )
        )
        noting = files.noting(files.township, reason="The roof was mended only now")
        record_values(files.household, {"dwelling_grade": "d"}, noting, year=files.year - 1)
    page = browser.get("/office/files").text
    assert "Check a sample" in page
    assert f"{files.path}#requests" in page
    browser.is_now(files.sibling_village)
    page = browser.get("/office/files").text
    assert "Check a sample" not in page and files.path not in page


def test_the_file_shows_each_value_with_who_how_and_when_and_is_written_down(browser: Browser, files: FileWorld) -> None:
    page = browser.get(files.path).text
    for words in (
        "杨阿山",
        files.number,
        "Minimum living allowance household",
        "13812345678",
        "¥1,200.50",
        "C: partly dangerous",
    ):
        assert words in page, words
    assert re.search(r"杨村干, told by the household, on .*; typed on a page\.", page)
    assert "Registered as poor" in page
    assert readings() == [(files.village.id, "file")]


def test_what_nobody_knows_is_not_taken_for_no(browser: Browser, files: FileWorld) -> None:
    page = browser.get(files.path).text
    power = re.search(r"<dt>Electric power</dt>\s*<dd>.*?<summary>([^<]*)", page, re.DOTALL)
    food = re.search(r"<dt>Enough to eat all year</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
    assert power is not None and power[1].strip() == "No"
    assert food is not None and "not known" in food[1]


def test_each_way_to_look_is_written_down_as_what_it_was(browser: Browser, files: FileWorld) -> None:
    yesterday = (local_day(files.now) - timedelta(days=1)).isoformat()
    for path in ("", f"?on={yesterday}", "/slip", "/edit/water", "/members/new"):
        assert browser.get(f"{files.path}{path}").status_code == 200, path
    assert [part for _by, part in readings()] == ["file", "as_of", "slip", "form", "form"]


def test_the_file_of_an_earlier_day_shows_what_was_known_then(browser: Browser, files: FileWorld) -> None:
    with transaction():
        record_values(files.household, {"water_source": "tap"}, files.noting(), year=files.year)
    yesterday = local_day(files.now) - timedelta(days=1)
    then, before = (browser.get(f"{files.path}?on={day}").text for day in (yesterday, yesterday - timedelta(days=3)))
    assert "Spring" in then and "Tap" not in then and "杨阿山" in then
    assert "杨小花" not in then.split("<main")[1]
    assert "Nobody was on file on that day." not in then and "Spring" not in before
    assert "Tap" in browser.get(files.path).text
    for wrong in ("?on=yesterday", "?on=0001-01-01", "?year=1900", "?year=x"):
        assert browser.get(files.path + wrong).status_code == 422


def test_a_section_is_noted_with_how_it_is_known(browser: Browser, files: FileWorld) -> None:
    form = browser.get(f"{files.path}/edit/income").text
    assert 'name="income_wages_fen" type="text" value="1200.50"' in form
    seen = re.search(r'name="seen" value="(\d+)"', form)
    assert seen is not None
    sent = {"income_wages_fen": "¥2,000", "income_fruit_fen": "300.5", "how": "seen", "seen": seen[1], "year": str(files.year)}
    answer = browser.post(f"{files.path}/edit/income", sent, sent_from=f"{files.path}/edit/income")
    assert (answer.status_code, answer.location) == (303, f"{files.path}?year={files.year}#income")
    values = read_file(db.session.get_one(Household, files.household.id), files.year)
    assert (values.values["income_wages_fen"], values.values["income_fruit_fen"]) == (200_000, 30_050)
    assert values.sources["income_fruit_fen"].how == "seen"
    assert "income_grain_fen" not in values.values


@pytest.mark.parametrize("typed", ["many", "1e999999"])
def test_a_form_with_an_impossible_value_is_shown_again_as_it_was_typed(browser: Browser, files: FileWorld, typed: str) -> None:
    path = f"{files.path}/edit/income"
    sent = {"income_wages_fen": typed, "income_fruit_fen": "7", "how": "told", "seen": "1", "year": str(files.year)}
    answer = browser.post(path, sent, sent_from=path)
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.text and 'value="7"' in answer.text and 'name="seen" value="1"' in answer.text
    assert "This value is not possible here." in answer.text
    answer = browser.post(path, {**sent, "income_wages_fen": "1", "how": ""}, sent_from=path)
    assert (answer.status_code, "Please say how you know." in answer.text) == (422, True)
    file = read_file(db.session.get_one(Household, files.household.id), files.year)
    assert file.values["income_wages_fen"] == 120_050


def test_several_choices_can_be_taken_back_to_none(browser: Browser, files: FileWorld) -> None:
    path = f"{files.path}/edit/household"
    assert 'value="lack_of_labour" checked' in browser.get(path).text
    sent = {"kind": "dibao", "main_cause": "illness", "how": "told", "year": str(files.year)}
    assert browser.post(path, sent, sent_from=path).status_code == 303
    file = read_file(db.session.get_one(Household, files.household.id), files.year)
    assert not file.values["other_causes"]


def test_two_who_had_not_seen_each_other_are_shown_side_by_side_and_one_is_chosen(browser: Browser, files: FileWorld) -> None:
    form = browser.get(f"{files.path}/edit/water").text
    seen = re.search(r'name="seen" value="(\d+)"', form)
    assert seen is not None
    with transaction():
        record_values(files.household, {"water_source": "tap"}, files.noting(files.township), year=files.year)
    sent = {"water_source": "well", "how": "seen", "seen": seen[1], "year": str(files.year)}
    browser.post(f"{files.path}/edit/water", sent, sent_from=f"{files.path}/edit/water")
    page = browser.get(files.path).text
    assert "Both are kept until somebody decides." in page
    assert "Two people have noted different values" in page
    assert "潘镇干, told by the household" in page and "杨村干, seen there" in page
    action = re.search(r'action="([^"]*/conflicts/[^"]*)"', page)
    assert action is not None
    assert browser.post(action[1], {"keep": "neither"}, sent_from=files.path).status_code == 422
    assert browser.post(action[1], {"keep": "later"}, sent_from=files.path).status_code == 303
    file = read_file(db.session.get_one(Household, files.household.id), files.year)
    assert (file.values["water_source"], file.conflicts) == ("well", [])
    assert browser.post(action[1], {"keep": "standing"}, sent_from=files.path).status_code == 409


def test_a_past_year_needs_a_reason_and_a_second_person(browser: Browser, files: FileWorld) -> None:
    path, last = f"{files.path}/edit/water", files.year - 1
    sent = {"water_source": "river", "how": "told", "year": str(last)}
    answer = browser.post(path, sent, sent_from=f"{path}?year={last}")
    assert answer.status_code == 422
    assert "Please say why it is to be changed." in answer.text
    assert browser.post(path, {**sent, "reason": "It was the river"}, sent_from=path).status_code == 303
    page = browser.get(f"{files.path}?year={last}").text
    assert "It was the river" in page and "River or pond" in page and "Take it back" in page
    action = re.search(r'action="([^"]*/requests/[^"]*)"', page)
    assert action is not None
    assert browser.post(action[1], {"decision": "approve"}, sent_from=files.path).status_code == 403

    browser.is_now(files.township)
    assert "River or pond" in browser.get(files.path).text
    assert browser.post(action[1], {"decision": "approve", "note": "Seen"}, sent_from=files.path).status_code == 303
    file = read_file(db.session.get_one(Household, files.household.id), last)
    assert file.values == {"water_source": "river"}


def test_who_somebody_is_is_corrected_by_two(browser: Browser, files: FileWorld) -> None:
    path = f"{files.path}/members/{files.child.public_id}/edit/identity"
    assert 'value="杨小花"' in browser.get(path).text
    sent = {
        "name": "杨晓花",
        "relation": "child",
        "sex": "female",
        "born_on": "2012-05-01",
        "how": "seen",
        "reason": "The card",
    }
    assert browser.post(path, sent, sent_from=path).status_code == 303
    asked = db.session.scalars(unbounded(select(ChangeRequest), "a test")).one()
    assert (asked.year, asked.plain, asked.reason) == (None, {}, "The card")
    assert "<s>杨小花</s> → <strong>杨晓花</strong>" in browser.get(files.path).text


def test_a_member_comes_is_described_and_leaves(browser: Browser, files: FileWorld) -> None:
    new = f"{files.path}/members/new"
    sent = {
        "name": "潘老花",
        "relation": "parent",
        "sex": "female",
        "born_on": "1945-02-03",
        "how": "told",
        "joined_on": "2024-01-01",
    }
    refused = browser.post(new, {**sent, "joined_on": "2999-01-01"}, sent_from=new)
    assert (refused.status_code, "Please give a day" in refused.text) == (422, True)
    doubled = browser.post(new, {**sent, "id_number": files.number, "sex": "", "born_on": ""}, sent_from=new)
    assert (doubled.status_code, "on file already" in doubled.text) == (409, True)
    assert browser.post(new, sent, sent_from=new).status_code == 303
    page = browser.get(files.path).text
    leave = re.search(rf'href="({files.path}/members/[a-z0-9]+/leave)">Has left<span class="u-hidden">: 潘老花', page)
    assert leave is not None
    person = leave[1].removesuffix("/leave") + "/edit/person"
    assert browser.post(person, {"health": "disabled", "how": "seen"}, sent_from=person).status_code == 303
    assert "Disabled" in browser.get(files.path).text
    for wrong in (
        {"on": "2020-01-01", "why": "died"},
        {"on": "2999-01-01", "why": "died"},
        {"on": "2025-01-01", "why": "bored"},
    ):
        assert browser.post(leave[1], {**wrong, "how": "told"}, sent_from=leave[1]).status_code == 422
    assert browser.post(leave[1], {"on": "2025-01-01", "why": "died", "how": "told"}, sent_from=leave[1]).status_code == 303
    assert "潘老花: Has died, 1 Jan 2025" in browser.get(files.path).text


def test_a_file_is_opened_with_its_head_under_the_next_code(browser: Browser, files: FileWorld) -> None:
    new = "/office/files/new"
    sent = {"village": VILLAGE, "name": "韦阿木", "sex": "male", "born_on": "1980-01-01", "how": "told"}
    assert browser.post(new, sent, sent_from=new).status_code == 303
    codes = select(Household.code).where(Household.village_code == VILLAGE).order_by(Household.code)
    assert db.session.scalars(codes).all() == [f"{VILLAGE}0001", f"{VILLAGE}0002"]
    on_file = {**sent, "id_number": files.number, "born_on": "1970-03-07"}
    doubled = browser.post(new, on_file, sent_from=new)
    assert (doubled.status_code, "on file already" in doubled.text, 'value="韦阿木"' in doubled.text) == (409, True, True)
    assert browser.post(new, {**sent, "village": SIBLING_VILLAGE}, sent_from=new).status_code == 404
    assert browser.post(new, {**sent, "name": ""}, sent_from=new).status_code == 422
    assert len(db.session.scalars(select(Household)).all()) == 3


def test_a_picture_is_for_officers_of_the_area_and_opening_it_is_a_reading(browser: Browser, files: FileWorld) -> None:
    sent = {"subject": "house", "picture": (io.BytesIO(jpeg()), "house.jpg")}
    answer = browser.post(f"{files.path}/pictures", sent, sent_from=files.path, content_type="multipart/form-data")
    assert answer.status_code == 303
    row = db.session.scalars(unbounded(select(HouseholdPicture), "a test")).one()
    large, small = (f"{files.path}/pictures/{row.public_id}-{size}.webp" for size in (1600, 320))
    assert large in browser.get(files.path).text
    before = len(readings())
    assert browser.get(small).status_code == 200
    assert browser.get(large).headers["Cache-Control"] == "private, no-store"
    assert [part for _by, part in readings()[before:]] == ["picture"]
    assert browser.get(f"/pictures/{row.picture}-320.webp").status_code == 404
    assert browser.get(f"/office/files/{files.neighbour.public_id}/pictures/{row.public_id}-320.webp").status_code == 404
    for somebody in (files.sibling_village, files.farmer, None):
        browser.is_now(somebody)
        assert browser.get(large).status_code in (302, 403, 404)
    browser.is_now(files.village)
    wrong = browser.post(f"{files.path}/pictures", {"subject": "cat"}, sent_from=files.path)
    assert wrong.status_code == 422


def test_a_part_that_no_file_has_is_not_there(browser: Browser, files: FileWorld) -> None:
    child = f"{files.path}/members/{files.child.public_id}"
    for path in (
        f"{files.path}/edit/shoes",
        f"{files.path}/edit/identity",
        f"{child}/edit/water",
        f"{files.path}/members/nobody/edit/person",
        f"{files.path}/members/nobody/leave",
        "/office/files/23456789abcdef",
    ):
        assert browser.get(path).status_code == 404, path
    other = f"/office/files/{files.neighbour.public_id}"
    browser.is_now(files.township)
    assert browser.get(f"{other}/members/{files.child.public_id}/edit/person").status_code == 404


def test_the_slip_says_what_is_on_file_and_who_looked(browser: Browser, files: FileWorld) -> None:
    browser.is_now(files.county)
    browser.get(files.path)
    page = browser.get(f"{files.path}/slip").text
    assert "Office of Danzhai county, read the file" in page
    assert "韦县干" not in page.split("<main")[1]
    assert "C: partly dangerous" in page and "杨小花" in page


def test_the_roll_up_counts_the_area_and_no_other(browser: Browser, files: FileWorld) -> None:
    browser.is_now(files.county)
    page = browser.get(f"/office/files/roll-up?area={TOWNSHIP}").text
    assert "1 households with 2 persons in Longquan town" in page
    lines = browser.get(f"/office/files/roll-up.csv?area={TOWNSHIP}").get_data().decode("utf-8-sig").splitlines()
    assert f"{VILLAGE},Kala village,Minimum living allowance household,1,2" in lines
    for by in ("cause", "status", "income"):
        assert browser.get(f"/office/files/roll-up?area={TOWNSHIP}&by={by}&count=persons").status_code == 200
    assert "2 households with 3 persons" in browser.get(f"/office/files/roll-up?area={TOWNSHIP}&by=status").text
    for wrong in ("by=name", "day=x", "year=1", "count=cows"):
        assert browser.get(f"/office/files/roll-up?{wrong}").status_code == 422
    browser.is_now(files.sibling_township)
    assert browser.get(f"/office/files/roll-up?area={TOWNSHIP}").status_code == 404


def test_the_file_shows_the_income_card_line_by_line_with_the_ratios_and_their_source(
    browser: Browser, files: FileWorld
) -> None:
    # The card of Chuxiong prefecture: 6,000 wages, 5,000 to 1,000 of produce, 500 and 1,500; here for two persons.
    amounts = {"wages": 6000, "grain": 5000, "tobacco": 4000, "livestock": 3000, "fruit": 2000, "other_business": 1000}
    amounts |= {"property": 500, "transfer": 1500}
    assert "Not known yet: " in browser.get(files.path).text
    with transaction():
        values = {f"income_{name}_fen": str(amount * 100) for name, amount in amounts.items()}
        record_values(files.household, values, files.noting(), year=files.year)
    assert "Nobody has set the cost ratios for this year here." in browser.get(files.path).text
    with transaction():
        ratios = {"grain": 40, "tobacco": 45, "livestock": 40, "fruit": 15, "other": 40}
        change = RuleChange(
            name="cost_percent", area_code="52", value=ratios, source="A card of 2016", set_by_id=files.county.id
        )
        change.begins_on, change.set_at = date(files.year, 1, 1), files.now
        db.session.add(change)
    page = browser.get(files.path).text
    lines = re.findall(r'<th scope="row">([A-Z])</th>.*?([¥\d][\d,.]*)(?:</strong>)?</td></tr>', page)
    assert [line for line in lines if line[0] in "KRSAT"] == [
        ("K", "¥23,000.00"),
        ("R", "¥2,000.00"),
        ("R", "¥1,800.00"),
        ("R", "¥1,200.00"),
        ("R", "¥300.00"),
        ("R", "¥400.00"),
        ("R", "¥5,700.00"),
        ("S", "¥17,300.00"),
        ("A", "2"),
        ("T", "¥8,650.00"),
    ]
    assert "Cost ratios: A card of 2016." in page


def test_what_was_found_on_a_visit_is_read_in_the_file_and_not_next_door(browser: Browser, files: FileWorld) -> None:
    with transaction():
        record_visit(files.household, files.village, files.now, now=files.now, note="屋顶漏雨，已拍照")
    assert "屋顶漏雨，已拍照" in browser.get(files.path).text
    browser.is_now(files.sibling_village)
    assert browser.get(files.path).status_code == 404
