"""The office's pages of forms, submissions and visits, as a browser without JavaScript sees them."""

import base64
import io
import json
import re
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import AccessToken, Account
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.registry.forms.receiving import receive
from marketplace.registry.models import FormVersion, Household, Visit
from marketplace.registry.reading import unbounded
from marketplace.registry.visits import open_orders, visit_details
from marketplace.web.portals.officer.phones import collect_settings
from marketplace.web.submissions import take_in
from tests import factories
from tests.registry import people
from tests.registry.forms import fieldwork
from tests.registry.forms.test_extensions import EXTRA, put, workbook
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


def test_a_province_publishes_its_standard_on_a_page(browser: Browser, session: Session) -> None:
    factories.area()
    browser.is_now(people.officer("52", "省干部"))
    today = clock.local_day(clock.now())
    answer = browser.post("/office/forms/standard", {"begins_on": today.isoformat()}, sent_from="/office/forms")
    assert answer.status_code == 303
    version = db.session.scalars(select(FormVersion)).one()
    assert (version.form_id, version.begins_on, version.warnings) == ("household_52", today, [])
    page = browser.get(f"/office/forms/{version.public_id}").text
    assert version.sha256 in page and "Way to fetch water and back" in page
    assert browser.get(f"/office/forms/{version.public_id}.xlsx").data == version.xlsx
    assert browser.get(f"/office/forms/{version.public_id}.xml").text == version.xform
    browser.is_now(people.officer("53", "云南干部"))
    for path in ("", ".xlsx", ".xml"):
        assert browser.get(f"/office/forms/{version.public_id}{path}").status_code == 404


def test_a_village_publishes_nothing(browser: Browser, standard: FormVersion, officer: Account) -> None:
    browser.is_now(officer)
    page = browser.get("/office/forms").text
    assert "Publish the standard" not in page and "Add questions" not in page and "Version 2026061501" in page
    today = clock.local_day(clock.now()).isoformat()
    assert browser.post("/office/forms/standard", {"begins_on": today}, sent_from="/office/forms/phone").status_code == 422


def test_a_county_is_told_everything_that_is_wrong_and_publishes_what_is_right(browser: Browser, standard: FormVersion) -> None:
    browser.is_now(people.officer("522636", "县干部"))

    def send(content: bytes) -> Any:
        data = {
            "begins_on": clock.local_day(clock.now()).isoformat(),
            "workbook": (io.BytesIO(content), "form.xlsx"),
        }
        return browser.post("/office/forms/extension", data, sent_from="/office/forms")

    refused = send(workbook(put("kind", "required", None), extra=[{**EXTRA, "name": "pigs"}]))
    assert refused.status_code == 422
    assert "The question “kind” must be answered above, and here it need not be." in refused.text
    assert "The name of the added question “pigs” must begin with x_." in refused.text
    assert "This file is not taken: not a workbook" in send(b"type,name").text
    assert [version.area_code for version in db.session.scalars(select(FormVersion))] == ["52"]
    taken = send(workbook(extra=[EXTRA]))
    assert taken.status_code == 303
    assert "Number of pigs" in browser.get(taken.headers["Location"]).text


def test_the_code_for_a_phone_says_where_and_who_and_holds_the_token_once(
    browser: Browser, standard: FormVersion, officer: Account
) -> None:
    browser.is_now(officer)
    page = browser.get("/office/forms/phone").text
    assert officer.login in page and "http://127.0.0.1:5000/openrosa" in page
    made = browser.post("/office/forms/phone", sent_from="/office/forms/phone").text
    token = db.session.scalars(select(AccessToken).filter_by(account_id=officer.id)).one()
    assert token.scopes == ["forms:read", "forms:write"]
    shown = re.findall(r"<dd>([A-Za-z0-9_-]{40,})</dd>", made)
    assert len(shown) == 1 and shown[0] not in browser.get("/office/forms/phone").text

    packed = collect_settings("https://example.org/openrosa", "yang", shown[0])
    settings = json.loads(zlib.decompress(base64.b64decode(packed)))
    general = settings["general"]
    assert (general["server_url"], general["username"], general["password"], general["form_update_mode"]) == (
        "https://example.org/openrosa",
        "yang",
        shown[0],
        "match_exactly",
    )
    assert set(settings) == {"general", "admin", "project"}


def sent(household: Household, by: Account, folder: Path, **answers: Any) -> str:
    # At noon, because answers of the night are odd in themselves.
    now = clock.day_start(clock.local_day(clock.now())) + timedelta(hours=12)
    raw = fieldwork.xml(household.public_id, answers, began=now - timedelta(seconds=9), ended=now)
    with transaction():
        number = receive(raw, "xml", {}, by=by, channel="openrosa", now=now).id
    return take_in(number, now=now).public_id


def test_an_odd_form_is_looked_at_by_somebody_else(
    browser: Browser, standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    name = sent(household, officer, tmp_path)
    browser.is_now(officer)
    own = browser.get(f"/office/submissions/{name}").text
    assert "Very fast" in own and "It is explained" not in own
    decision = {"state": "explained", "note": "They had the papers ready"}
    path = f"/office/submissions/{name}/flags/fast"
    assert browser.post(path, decision).status_code == 403

    browser.is_now(people.officer("522636100", "潘干部"))
    assert "Very fast" in browser.get("/office/submissions?which=flagged").text
    assert browser.post(path, decision).status_code == 303
    assert browser.post(path, decision).status_code == 409
    assert "They had the papers ready" in browser.get(f"/office/submissions/{name}").text
    assert "No form here" in browser.get("/office/submissions?which=flagged").text

    browser.is_now(people.officer("522636101", "外乡干部"))
    assert browser.get(f"/office/submissions/{name}").status_code == 404
    assert "No form here" in browser.get("/office/submissions").text


def test_what_was_not_taken_in_is_named_and_tried_again(
    browser: Browser, standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    name = sent(household, officer, tmp_path, water_litres="9999")
    browser.is_now(officer)
    assert "Not taken in" in browser.get("/office/submissions?which=failed").text
    page = browser.get(f"/office/submissions/{name}").text
    assert "Water for each person a day" in page and f"Household {household.code[12:]}" in page
    assert "This value is not possible here." in page and "9999" not in page
    assert browser.post(f"/office/submissions/{name}/again").status_code == 303
    assert "Tried 2 times" in browser.get(f"/office/submissions/{name}").text


def test_a_visit_that_is_due_is_made_by_somebody_else(
    browser: Browser, standard: FormVersion, household: Household, officer: Account, tmp_path: Path
) -> None:
    with transaction():
        people.head(household, officer, name="杨阿山")
    name = sent(household, officer, tmp_path)
    browser.is_now(officer)
    browser.post(f"/office/submissions/{name}/visit")
    (order,) = open_orders(household)
    page = browser.get("/office/visits").text
    assert "杨*山" in page and "杨阿山" not in page and "Somebody else is to make this visit." in page
    assert browser.post(f"/office/visits/{order.public_id}", {"note": "All right"}).status_code == 403
    visits = unbounded(select(Visit).order_by(Visit.id), "a test")
    assert len(db.session.scalars(visits).all()) == 1

    browser.is_now(people.officer("522636101", "外乡干部"))
    assert browser.post(f"/office/visits/{order.public_id}", {"note": "All right"}).status_code == 404
    browser.is_now(people.officer(name="潘干部"))
    assert browser.post(f"/office/visits/{order.public_id}", {"note": ""}).status_code == 422
    assert browser.post(f"/office/visits/{order.public_id}", {"note": "All right", "latitude": "26.2"}).status_code == 303
    visit = db.session.scalars(visits).all()[-1]
    assert visit_details(visit, household) == {"note": "All right", "latitude": 26.2}
    assert "No visit is due" in browser.get("/office/visits").text
