"""A household's own view of its file, figures for everybody, and tables that two persons answer for."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.kernel.db import db, transaction
from marketplace.registry.export_marks import agreement
from marketplace.registry.figures import publish_county, quarter_start
from marketplace.registry.files import read_file
from marketplace.registry.models import FileExport, FileReading, Household
from marketplace.registry.reading import unbounded
from marketplace.web.file_exports import make_exports, rows_of
from tests.web.conftest import Browser
from tests.web.file_world import COUNTY, TOWNSHIP, FileWorld


@pytest.fixture
def files(browser: Browser) -> FileWorld:
    return FileWorld()


def main(page: str) -> str:
    """A page without its frame."""
    return page.split("<main")[1]


def test_a_household_sees_its_file_and_which_office_has_looked_but_not_who(browser: Browser, files: FileWorld) -> None:
    browser.is_now(files.county)
    browser.get(files.path)
    browser.is_now(files.farmer)
    page = main(browser.get("/farm/file").text)
    assert "杨小花" in page and "13812345678" in page
    assert "Office of Danzhai county, read the file" in page
    assert "韦县干" not in page and "杨村干" not in page
    browser.is_now(files.other_farmer)
    assert browser.get("/farm/file").status_code == 404
    assert browser.get("/farm/file/correct/water").status_code == 404


def test_what_a_household_asks_for_stands_when_an_officer_has_agreed(browser: Browser, files: FileWorld) -> None:
    browser.is_now(files.farmer)
    path = "/farm/file/correct/water"
    assert browser.post(path, {"water_source": "tap"}, sent_from=path).status_code == 422
    same = browser.post(path, {"water_source": "spring", "reason": "So it is"}, sent_from=path)
    assert (same.status_code, "The file says so already." in same.text) == (422, True)
    assert browser.post(path, {"water_source": "tap", "reason": "A tap since May"}, sent_from=path).status_code == 303
    assert "An officer will look at it" in browser.get("/farm/file").text
    browser.is_now(files.village)
    action = re.search(r'action="([^"]*/requests/[^"]*)"', browser.get(files.path).text)
    assert action is not None
    sent = {"decision": "refuse", "note": "The tap is dry"}
    assert browser.post(action[1], sent, sent_from=files.path).status_code == 303
    assert read_file(db.session.get_one(Household, files.household.id), files.year).values["water_source"] == "spring"
    browser.is_now(files.farmer)
    assert "The office says: The tap is dry" in browser.get("/farm/file").text


def test_a_member_is_corrected_by_its_own_household_alone(browser: Browser, files: FileWorld) -> None:
    browser.is_now(files.farmer)
    path = f"/farm/file/correct/person?member={files.child.public_id}"
    assert "杨小花" in browser.get(path).text
    sent = {"member": files.child.public_id, "student": "junior", "reason": "A new school"}
    assert browser.post("/farm/file/correct/person", sent, sent_from=path).status_code == 303
    wrong = {**sent, "member": "23456789abcdef"}
    assert browser.post("/farm/file/correct/person", wrong, sent_from=path).status_code == 404
    for missing in ("shoes", "identity", "person"):
        assert browser.get(f"/farm/file/correct/{missing}").status_code == 404


def test_everybody_sees_published_figures_with_small_ones_hidden(browser: Browser, files: FileWorld) -> None:
    assert "Nothing has been published yet." in browser.get("/registry/").text
    day = quarter_start(files.now.date())
    with transaction():
        publish_county(COUNTY, day + timedelta(days=70), year=files.year, now=files.now)
    assert f"/registry/{COUNTY}" in browser.get("/registry/").text
    page = main(browser.get(f"/registry/{COUNTY}").text)
    # Two persons are registered: every figure that tells of them is hidden.
    assert "hidden" in page and ">2<" not in page
    assert browser.get("/registry/520100").status_code == 404
    assert browser.get(f"/registry/{COUNTY}?day=1999-01-01").status_code == 404
    assert browser.get(f"/registry/{COUNTY}?day=x").status_code == 422


def test_a_table_is_asked_for_released_made_taken_once_and_told(browser: Browser, files: FileWorld) -> None:
    page = "/office/files/exports"
    browser.is_now(files.township)
    asked = {"area": TOWNSHIP, "year": str(files.year), "purpose": "Winter visits", "with_id_numbers": "yes"}
    assert browser.post(page, {**asked, "purpose": ""}, sent_from=page).status_code == 422
    assert browser.post(page, {**asked, "area": COUNTY}, sent_from=page).status_code == 404
    assert browser.post(page, asked, sent_from=page).status_code == 303
    export = db.session.scalars(select(FileExport)).one().public_id
    assert f"{export}/decision" not in browser.get(page).text
    browser.is_now(files.county)
    assert "Winter visits" in browser.get(page).text
    assert browser.post(f"{page}/{export}/decision", {"decision": "release"}, sent_from=page).status_code == 303
    make_exports(0)
    assert f"{export}/file" not in browser.get(page).text
    browser.is_now(files.township)
    answer = browser.post(f"{page}/{export}/file", sent_from=page)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    table = answer.get_data().decode("utf-8-sig")
    first = table.splitlines()[0]
    assert f"# {export}" in first and "潘镇干 / 韦县干" in first and "Winter visits · households 2 · persons 3" in first
    rows = rows_of(table)
    assert {row["name"] for row in rows} == {"杨阿山", "杨小花", "吴老水"}
    assert files.number in {row["id_number"] for row in rows}
    assert "bank_account" not in rows[0]
    assert agreement(rows, export) == (1, 1)
    assert browser.post(f"{page}/{export}/file", sent_from=page).status_code == 409
    told = db.session.scalars(unbounded(select(FileReading).where(FileReading.part == "export"), "a test")).all()
    assert {row.household_id for row in told} == {files.household.id, files.neighbour.id}
