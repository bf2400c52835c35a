"""From the asset to the dividend on pages and by programs: two officers, one household, nobody from beside."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import g
from flask.testing import FlaskClient

from marketplace.equity.queries import household_account
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import local_day, now
from marketplace.kernel.db import db, transaction
from marketplace.ledger.queries import balance_fen
from tests import factories
from tests.api.conftest import token_header
from tests.equity.world import World, world
from tests.web.conftest import Browser

YEAR = local_day(now()).year


@pytest.fixture
def here(client: FlaskClient) -> World:
    with transaction():
        made = world(4)
        for household in made.households:
            household.created_at = now()
        return made


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


CONTRACT = {
    "way": "entrusted",
    "operator": "丹寨茶叶公司",
    "floor": "5",
    "agreed": "29",
    "on_exit": "equally",
    "begins_on": f"{YEAR - 1}-01-01",
    "ends_on": f"{YEAR + 4}-01-01",
}


def contract_of(response: Any) -> str:
    found = re.search(r"/office/equity/([a-z0-9]{14})$", response.headers["Location"])
    assert found is not None
    return found[1]


def test_from_the_draft_to_the_households_account(browser: Browser, here: World) -> None:
    browser.is_now(here.first)
    sent = browser.post(f"/office/equity/assets/{here.asset.public_id}/contract", {**CONTRACT, "each": "10"})
    contract = contract_of(sent)
    assert browser.post(f"/office/equity/{contract}/sign").status_code == 403
    browser.is_now(here.second)
    assert browser.post(f"/office/equity/{contract}/sign").status_code == 303
    browser.post(f"/office/equity/{contract}/payments", {"amount": "79000", "bank_reference": "B1"})
    run = {"year": str(YEAR), "revenue": "150000", "cost": "50000", "source": "审计报告"}
    browser.post(f"/office/equity/{contract}/runs", run)
    page = browser.get(f"/office/equity/{contract}").text
    assert "Floor ¥50,000.00 and bonus ¥29,000.00: ¥79,000.00" in page
    found = re.search(r"/runs/([a-z0-9]{14})/discard", page)
    assert found is not None
    browser.is_now(here.first)
    browser.post(f"/office/equity/{contract}/runs/{found[1]}/approve")
    assert "¥19,750.00" in browser.get(f"/office/equity/{contract}/runs/{found[1]}").text
    assert [balance_fen(household_account(each.public_id)) for each in here.households] == [1_975_000] * 4
    assert "丹寨茶叶公司 works with 100" in browser.get("/office/equity").text


def test_a_household_reads_its_own_shares_and_no_other(browser: Browser, here: World) -> None:
    with transaction():
        farmer = factories.account((RoleKind.FARMER, ""), name="农户")
        seller = factories.producer(registered=True, owner=farmer)
        stranger = factories.account((RoleKind.FARMER, ""), name="别户")
        factories.producer(registered=True, owner=stranger)
        here.households.append(db.session.get_one(type(here.households[0]), seller.household_id))
    browser.is_now(here.first)
    contract = contract_of(browser.post(f"/office/equity/assets/{here.asset.public_id}/contract", {**CONTRACT, "each": "3"}))
    browser.is_now(here.second)
    browser.post(f"/office/equity/{contract}/sign")
    browser.is_now(farmer)
    assert "You hold 3 of 18 units. 丹寨茶叶公司 works with it until" in browser.get("/farm/shares").text
    browser.is_now(stranger)
    # The stranger is a registered household of the village and holds 3 as well, of its own.
    assert browser.get("/farm/shares").text.count("You hold") == 1


def test_a_form_with_mistakes_comes_back_with_what_was_typed(browser: Browser, here: World) -> None:
    browser.is_now(here.first)
    path = f"/office/equity/assets/{here.asset.public_id}/contract"
    for more, words in (
        ({"floor": "3"}, "The floor of 3 % is below the reference rate of 3.5 %."),
        ({"each": ""}, "Please say who holds the shares."),
        ({"each": "", "holders": "5226 1"}, "Line 1: please give a household’s code once, and its units."),
        ({"each": "", "holders": "5226361000019999 1"}, "There is no household 5226361000019999."),
        ({"floor": "5.001"}, "Please give at most two decimals."),
        ({"agreed": "101"}, "A ratio lies between 0 and 100 per cent."),
    ):
        answer = browser.post(path, {**CONTRACT, "each": "1", **more})
        assert answer.status_code == 422
        assert words in answer.text
        assert "丹寨茶叶公司" in answer.text


def test_an_officer_from_beside_finds_nothing(browser: Browser, here: World) -> None:
    browser.is_now(here.first)
    contract = contract_of(browser.post(f"/office/equity/assets/{here.asset.public_id}/contract", {**CONTRACT, "each": "1"}))
    factories.area("522636200001")
    other = factories.account((RoleKind.OFFICER, "522636200"), name="邻镇")
    browser.is_now(other)
    assert browser.get(f"/office/equity/{contract}").status_code == 404
    assert browser.get(f"/office/equity/assets/{here.asset.public_id}").status_code == 404
    assert browser.post(f"/office/equity/{contract}/sign").status_code == 404
    assert "丹寨茶叶公司" not in browser.get("/office/equity").text


def send(method: Callable[..., Any], path: str, **more: Any) -> Any:
    """One call of a program, without what the one before it kept in memory."""
    vars(g._get_current_object()).clear()
    db.session.expire_all()
    return method(path, **more)


def test_programs_do_the_same(client: FlaskClient, here: World) -> None:
    first, second = token_header(here.first), token_header(here.second)
    root = "/api/v1/equity"
    asset = {
        "kind": "forest",
        "name": "杉木林",
        "area_code": factories.VILLAGE,
        "value_fen": 1_000_000,
        "valued_on": date.today().isoformat(),
        "source": "报告",
    }
    made = send(client.post, f"{root}/assets", json=asset, headers=first)
    assert (made.status_code, made.json["value_fen"]) == (201, 1_000_000)
    body = {
        "way": "share",
        "operator": "林场",
        "floor_bp": 400,
        "agreed_bp": 5_000,
        "on_exit": "new_household",
        "begins_on": f"{YEAR - 1}-01-01",
        "ends_on": f"{YEAR + 3}-01-01",
        "holders": [{"code": household.code, "units": 2} for household in here.households],
    }
    path = f"{root}/assets/{made.json['public_id']}/contracts"
    unknown = send(client.post, path, json={**body, "holders": [{"code": "5226361000019999", "units": 1}]}, headers=first)
    assert (unknown.status_code, unknown.json["code"]) == (422, "holder_elsewhere")
    contract = send(client.post, path, json=body, headers=first).json["public_id"]
    own = f"{root}/contracts/{contract}"
    assert send(client.post, f"{own}/sign", headers=first).json["code"] == "same_person"
    signed = send(client.post, f"{own}/sign", headers=second)
    assert signed.json["state"] == "signed", signed.json
    run = send(
        client.post, f"{own}/runs", json={"year": YEAR, "revenue_fen": 0, "cost_fen": 5, "source": "报告"}, headers=first
    ).json
    assert (run["floor_fen"], run["bonus_fen"]) == (40_000, 0)
    short = send(client.post, f"{own}/runs/{run['public_id']}/approve", headers=second)
    assert (short.status_code, short.json["code"]) == (409, "guarantee_short")
    send(client.post, f"{own}/payments", json={"amount_fen": 40_000, "bank_reference": "X1"}, headers=first)
    again = send(client.post, f"{own}/payments", json={"amount_fen": 40_000, "bank_reference": "X1"}, headers=first)
    assert again.json["code"] == "payment_known"
    assert send(client.post, f"{own}/runs/{run['public_id']}/approve", headers=second).json["state"] == "approved"
    whole = send(client.get, own, headers=first).json
    assert whole["holders"] == {household.code: 2 for household in here.households}
    assert whole["paid_in_fen"] == 0
    assert balance_fen(household_account(here.households[0].public_id)) == 10_000
