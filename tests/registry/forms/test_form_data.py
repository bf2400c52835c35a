"""The form as data for a page that works without a line, and what such a page sends back."""

import io
import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.registry.files import read_file
from marketplace.registry.filing import record_values
from marketplace.registry.forms.questions import as_data, from_data
from marketplace.registry.forms.standard_form import standard_form
from marketplace.registry.models import FileReading, FormSubmission, FormVersion, Household
from marketplace.registry.reading import unbounded
from tests import factories
from tests.registry import people
from tests.registry.forms import fieldwork
from tests.web.conftest import Browser, browser

__all__ = ["browser"]


@pytest.fixture
def officer(session: Session) -> Account:
    return people.officer()


@pytest.fixture
def standard(session: Session) -> FormVersion:
    return fieldwork.standard()


@pytest.fixture
def household(session: Session) -> Household:
    return factories.household()


def test_the_form_as_data_is_the_form() -> None:
    form = standard_form()
    assert from_data(json.loads(json.dumps(as_data(form)))) == form


def test_a_page_gets_the_form_in_force_with_what_is_on_file(
    standard: FormVersion, household: Household, officer: Account, browser: Browser
) -> None:
    year = clock.local_day(clock.now()).year
    with transaction():
        head = people.head(household, officer, name="杨阿山")
        noting = people.noting(officer, clock.now())
        record_values(household, {"fuel": "wood", "has_power": "no", "income_wages_fen": 1234550}, noting, year=year)
        record_values(household, {"health": "healthy"}, noting, year=year, person=head)
    seen = read_file(household, year).seen
    browser.is_now(officer)
    answer = browser.get(f"/office/forms/current.json?household={household.public_id}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    told = answer.get_json()
    assert told["form"]["version"] == fieldwork.VERSION
    assert told["prefill"]["seen"] == seen
    assert told["prefill"]["answers"] == {
        "household": household.public_id,
        "fuel": "wood",
        "has_power": "no",
        "income_wages_yuan": "12345.50",
    }
    assert told["prefill"]["members"] == [
        {"member": head.public_id, "label": "杨阿山", "answers": {"member": head.public_id, "health": "healthy"}}
    ]
    questions = {q["name"]: q for section in told["model"]["sections"] for q in section["questions"]}
    assert questions["water_minutes"] == {
        "name": "water_minutes",
        "type": "whole",
        "required": False,
        "label": {"zh": "取水往返时间", "en": "Way to fetch water and back"},
        "hint": {"zh": "分钟", "en": "Minutes"},
        "bounds": {"least": 0, "greatest": 600},
        "condition": {"name": "water_source", "none_of": ["tap"]},
    }
    readings = db.session.scalars(unbounded(select(FileReading), "a test")).all()
    assert [(row.household_id, row.by_id, row.part) for row in readings] == [(household.id, officer.id, "form")]


def test_a_household_or_a_form_of_another_area_is_not_there(standard: FormVersion, officer: Account, browser: Browser) -> None:
    elsewhere = factories.household("522636100002")
    abroad = people.officer("530000000000"[:2], "云南干部")
    browser.is_now(officer)
    assert browser.get(f"/office/forms/current.json?household={elsewhere.public_id}").status_code == 404
    browser.is_now(abroad)
    assert browser.get(f"/office/forms/{standard.public_id}.json").status_code == 404
    assert browser.get("/office/forms/current.json").status_code == 404


def body(household: Household, **answers: Any) -> dict[str, Any]:
    return {
        "instance_id": fieldwork.instance_id(),
        "form_id": fieldwork.FORM_ID,
        "version": fieldwork.VERSION,
        "ended_at": clock.now().isoformat(),
        "answers": {**fieldwork.USUAL, "household": household.public_id, "seen": 0, **answers},
    }


def test_what_a_page_sends_again_and_again_is_one_submission(
    standard: FormVersion, household: Household, officer: Account, browser: Browser
) -> None:
    browser.is_now(officer)
    csrf = browser.get("/office/forms/current.json").get_json()["csrf_token"]
    sent, headers = body(household, fuel="wood"), {"X-CSRFToken": csrf, "Accept": "application/json"}
    answers = [browser.client.post("/office/submissions", json=sent, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.get_json()["public_id"] for answer in answers}) == 1
    assert answers[0].get_json()["state"] == "done"
    assert db.session.scalar(unbounded(select(func.count()).select_from(FormSubmission), "a test")) == 1
    year = clock.local_day(clock.now()).year
    assert read_file(household, year).values["fuel"] == "wood"


def test_without_the_pages_token_nothing_is_taken(
    standard: FormVersion, household: Household, officer: Account, browser: Browser
) -> None:
    browser.is_now(officer)
    answer = browser.client.post("/office/submissions", json=body(household))
    assert answer.status_code == 400
    assert db.session.scalar(unbounded(select(func.count()).select_from(FormSubmission), "a test")) == 0


def test_photos_come_beside_the_form_and_what_is_missing_is_named(
    standard: FormVersion, household: Household, officer: Account, browser: Browser, app: Flask
) -> None:
    browser.is_now(officer)
    csrf = browser.get("/office/forms/current.json").get_json()["csrf_token"]
    sent = json.dumps(body(household, photo_house="house.jpg", photo_water="water.jpg")).encode()

    def post(*names: str) -> Any:
        files = [(io.BytesIO(fieldwork.photo(len(name))), name, "image/jpeg") for name in names]
        data = {"submission": (io.BytesIO(sent), "submission.json", "application/json"), "photo": files}
        headers = {"X-CSRFToken": csrf, "Accept": "application/json"}
        return browser.client.post("/office/submissions", data=data, headers=headers)

    first = post("house.jpg")
    assert (first.status_code, first.get_json()["missing_files"]) == (202, ["water.jpg"])
    second = post("water.jpg")
    assert (second.status_code, second.get_json()["state"], second.get_json()["outcome"]["pictures"]) == (201, "done", 2)


@pytest.mark.parametrize(
    ("content", "mimetype", "status", "code"),
    [
        (b"{", "application/json", 422, "submission_unreadable"),
        (b"[]", "application/json", 422, "submission_unreadable"),
        (b"a=b", "text/plain", 422, "submission_kind"),
    ],
)
def test_what_is_no_submission_is_named(
    standard: FormVersion, officer: Account, browser: Browser, content: bytes, mimetype: str, status: int, code: str
) -> None:
    browser.is_now(officer)
    csrf = browser.get("/office/forms/current.json").get_json()["csrf_token"]
    headers = {"X-CSRFToken": csrf, "Accept": "application/json"}
    answer = browser.client.post("/office/submissions", data=content, content_type=mimetype, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
