"""An audit from opening to result on pages and by programs, by the people who may and nobody else."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import g
from flask.testing import FlaskClient

from marketplace.audits.models import StratumKind
from marketplace.audits.queries import own_households, own_payments, own_projects, own_rounds
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.api.conftest import token_header
from tests.audits.county import COUNTY, County, closed, county, project
from tests.web.conftest import Browser


@pytest.fixture
def here(client: FlaskClient) -> County:
    with transaction():
        return county()


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def opened(browser: Browser) -> str:
    sent = browser.post("/audits/rounds", {"county": COUNTY})
    found = re.search(r"/audits/rounds/([a-z0-9]{14})$", sent.headers["Location"])
    assert found is not None, sent.text
    return found[1]


def units_of(auditor: Account) -> tuple[list[tuple[str, str]], list[str]]:
    row = own_rounds(auditor)[0]
    households = [(unit.public_id, unit.kind) for unit, _ in own_households(auditor, row)]
    return households, [unit.public_id for unit, _ in own_payments(auditor, row)]


def test_from_the_opening_to_the_result(browser: Browser, here: County) -> None:
    browser.is_now(here.first)
    path = f"/audits/rounds/{opened(browser)}"
    assert "shown once the sample is drawn" in browser.get(path).text
    browser.post(f"{path}/draw")
    browser.post(f"{path}/auditors", {"auditor": here.auditor.public_id, "area": COUNTY})
    page = browser.get(path).text
    assert "shown once the sample is drawn" not in page
    assert "省审计" in page
    browser.is_now(here.auditor)
    households, payments = units_of(here.auditor)
    assert f"/audits/sample/households/{households[0][0]}" in browser.get("/audits/sample").text
    for public_id, kind in households:
        own = f"/audits/sample/households/{public_id}"
        asked = re.findall(r'type="radio" name="(\w+)" value="yes"', browser.get(own).text)
        assert len(asked) == {"registered": 4, "exited": 2, "unregistered": 1}[kind]
        assert browser.post(own, dict.fromkeys(asked, "yes")).status_code == 303
    for public_id in payments:
        browser.post(f"/audits/sample/payments/{public_id}", {"purpose": "yes", "payee": "yes"})
    browser.is_now(here.first)
    browser.post(f"{path}/propose")
    assert browser.post(f"{path}/close").status_code == 403
    browser.is_now(here.second)
    browser.post(f"{path}/close")
    for reader, area in ((here.second, COUNTY), (here.own, None)):
        browser.is_now(reader)
        page = browser.get(f"/audits?area={area}" if area else "/audits").text
        assert "The index is not known: not audited: Project." in page
        assert page.count("100.0 %") >= 6
    browser.is_now(here.first)
    assert "Danzhai county" in browser.get("/audits").text


def test_an_answer_that_is_missing_comes_back_with_the_others_kept(browser: Browser, here: County) -> None:
    browser.is_now(here.first)
    path = f"/audits/rounds/{opened(browser)}"
    browser.post(f"{path}/draw")
    browser.post(f"{path}/auditors", {"auditor": here.auditor.public_id, "area": COUNTY})
    browser.is_now(here.auditor)
    households, payments = units_of(here.auditor)
    unit = next(public_id for public_id, kind in households if kind == StratumKind.EXITED)
    answer = browser.post(f"/audits/sample/households/{unit}", {"in_place": "no"})
    assert answer.status_code == 422
    assert "Please answer every question, or say why nobody was reached." in answer.text
    assert re.search(r'name="in_place" value="no" required checked', answer.text)
    assert browser.post(f"/audits/sample/payments/{payments[0]}", {"purpose": "yes"}).status_code == 422
    assert browser.post(f"/audits/sample/households/{unit}", {"unreached": "moved"}).status_code == 303


def test_the_county_sees_its_round_and_neither_the_sample_nor_a_hand_in_it(browser: Browser, here: County) -> None:
    browser.is_now(here.first)
    path = f"/audits/rounds/{opened(browser)}"
    browser.post(f"{path}/draw")
    browser.post(f"{path}/auditors", {"auditor": here.auditor.public_id, "area": COUNTY})
    with transaction():
        households, payments = units_of(here.auditor)
        beside = factories.account((RoleKind.OFFICER, "522601"))
        other = factories.account((RoleKind.AUDITOR, "52"))
    browser.is_now(here.own)
    page = browser.get(path)
    assert page.status_code == 200
    assert households[0][0] not in page.text
    assert "Draw the sample" not in page.text
    assert browser.post(f"{path}/propose").status_code == 403
    assert browser.post("/audits/rounds", {"county": COUNTY}).status_code == 403
    assert browser.get(f"/audits/sample/households/{households[0][0]}").status_code == 403
    browser.is_now(beside)
    assert browser.get(path).status_code == 404
    assert browser.get(f"/audits?area={COUNTY}").status_code == 404
    browser.is_now(other)
    assert browser.get(f"/audits/sample/households/{households[0][0]}").status_code == 404
    assert browser.post(f"/audits/sample/payments/{payments[0]}", {"purpose": "yes", "payee": "yes"}).status_code == 404


def test_a_project_of_the_sample_is_looked_at_on_its_page(browser: Browser, here: County) -> None:
    with transaction():
        built = project()
    browser.is_now(here.first)
    path = f"/audits/rounds/{opened(browser)}"
    browser.post(f"{path}/draw")
    browser.post(f"{path}/auditors", {"auditor": here.auditor.public_id, "area": COUNTY})
    browser.is_now(here.auditor)
    row = own_rounds(here.auditor)[0]
    [(unit, _project)] = own_projects(here.auditor, row)
    own = f"/audits/sample/projects/{unit.public_id}"
    assert own in browser.get("/audits/sample").text
    page = browser.get(own).text
    assert built.name is not None
    assert built.name in page
    assert "¥100,000.00" in page
    assert browser.post(own, {"as_approved": "yes"}).status_code == 422
    assert browser.post(own, {"as_approved": "yes", "serves": "no"}).status_code == 303
    db.session.refresh(unit)
    assert (unit.as_approved, unit.serves, unit.found_by_id) == (True, False, here.auditor.id)


def send(method: Callable[..., Any], path: str, **more: Any) -> Any:
    """One call of a program, without what the one before it kept in memory."""
    vars(g._get_current_object()).clear()
    db.session.expire_all()
    return method(path, **more)


def test_programs_do_the_same(client: FlaskClient, here: County) -> None:
    with transaction():
        project()
    first, second, auditor = token_header(here.first), token_header(here.second), token_header(here.auditor)
    root = "/api/v1/audits"
    assert send(client.post, f"{root}/rounds", json={"county_code": COUNTY}, headers=token_header(here.own)).status_code == 403
    made = send(client.post, f"{root}/rounds", json={"county_code": COUNTY}, headers=first)
    assert (made.status_code, made.json["state"], made.json["seed"]) == (201, "opened", None)
    own = f"{root}/rounds/{made.json['public_id']}"
    who = here.auditor.public_id
    send(client.post, f"{own}/auditors", json={"auditor": who, "area_code": COUNTY}, headers=first)
    drawn = send(client.post, f"{own}/draw", headers=first).json
    assert (drawn["state"], drawn["done"], drawn["seed_hash"]) == ("drawn", 0, made.json["seed_hash"])
    [sample] = send(client.get, f"{root}/sample", headers=auditor).json
    for unit in sample["households"]:
        found = send(
            client.put, f"{root}/households/{unit['public_id']}", json=dict.fromkeys(unit["asked"], True), headers=auditor
        )
        assert (found.status_code, found.json["done"]) == (200, True)
    for unit in sample["payments"]:
        said = {"reached_purpose": True, "reached_payee": False}
        send(client.put, f"{root}/payments/{unit['public_id']}", json=said, headers=auditor)
    for unit in sample["projects"]:
        said = {"as_approved": True, "serves": True}
        assert send(client.put, f"{root}/projects/{unit['public_id']}", json=said, headers=auditor).json["done"]
    send(client.post, f"{own}/propose", headers=first)
    assert send(client.post, f"{own}/close", headers=first).json["code"] == "same_person"
    assert send(client.post, f"{own}/close", headers=second).json["state"] == "closed"
    result = send(client.get, f"{root}/results?area={COUNTY}", headers=token_header(here.own)).json
    values = {demand: part["value"] for demand, part in result["parts"].items()}
    assert values == {"object": 1.0, "project": 1.0, "fund": 0.0, "measure": 1.0, "person": 1.0, "result": 1.0}
    assert result["index"]["value"] == 0.0
    # In the tests' county everybody registered is poor: a third of all on file, ten times what the line allows.
    assert [line["veto"] for line in result["lines"] if line["crossed"]] == ["incidence"]


def test_a_closed_audit_reads_in_chinese_too(client: FlaskClient, here: County) -> None:
    with transaction():
        closed(here)
    browser = Browser(client, "zh")
    browser.is_now(here.own)
    page = browser.get("/audits").text
    assert "精准度" in page
    assert "Precision" not in page
