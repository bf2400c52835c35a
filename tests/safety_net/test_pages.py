"""From the counting to the payment on pages and by programs: two officers, one household, nobody from beside."""

from datetime import date

import pytest
from flask.testing import FlaskClient

from marketplace.assistance.safety_net.rules import set_benefit
from marketplace.catalogue.models import Producer
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import local_day, now
from marketplace.kernel.db import db, transaction
from marketplace.registry.models import Household
from marketplace.registry.rules import set_rule
from tests import factories
from tests.api.conftest import token_header
from tests.funds import county as money
from tests.safety_net.world import COUNTY, LINE_FEN, RATIOS, TOPUP, World, counted, filed, of
from tests.web.conftest import Browser


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


@pytest.fixture
def here(client: FlaskClient) -> tuple[World, Household]:
    """A household one fen below the line, counted today."""
    moment = now()
    with transaction():
        factories.area()
        made = World(
            factories.account((RoleKind.OFFICER, "52")),
            factories.account((RoleKind.OFFICER, "522636100"), name="镇干部"),
            factories.account((RoleKind.OFFICER, COUNTY), name="县干部"),
        )
        today = local_day(moment)
        for name, value in (("cost_percent", RATIOS), ("poverty_line_fen", LINE_FEN), ("dibao_line_fen", LINE_FEN)):
            set_rule(name, "52", today, value, "一份文件", by=made.province, now=moment)
        rule = type(TOPUP)(**{**vars(TOPUP), "begins_on": today})
        set_benefit("52", rule, by=made.province, now=moment)
        household = filed(made.first, LINE_FEN - 1)
        counted(moment)
    return made, household


def test_it_is_listed_granted_by_one_and_paid_by_another_and_the_household_reads_why(
    browser: Browser, here: tuple[World, Household]
) -> None:
    who, household = here
    with transaction():
        money.fund_in_force(money.office(COUNTY), COUNTY, {"relief": 100})
        farmer = factories.account((RoleKind.FARMER, ""))
        producer = factories.producer(owner=farmer)
        db.session.get_one(Producer, producer.id).household_id = household.id
        entitlement = of(household)[0].public_id
    browser.is_now(who.first)
    assert household.code in browser.get("/office/safety-net").text
    page = browser.get(f"/office/safety-net/households/{household.public_id}").text
    assert "is less than the line of the minimum living allowance" in page
    assert "¥3,999.99" in page
    assert browser.post(f"/office/safety-net/entitlements/{entitlement}/grant", {"words": ""}).status_code == 303
    assert "You granted this" in browser.get(f"/office/safety-net/households/{household.public_id}").text
    browser.is_now(who.second)
    page = browser.get(f"/office/safety-net/households/{household.public_id}").text
    place = page.split('<option value="')[1].split('"')[0]
    paid = {"money": place, "document_number": "丹民〔2026〕1号", "bank": "农业银行"}
    assert browser.post(f"/office/safety-net/entitlements/{entitlement}/pay", paid).status_code == 303
    assert of(household)[0].state == "paid"
    browser.is_now(farmer)
    own = browser.get("/farm/benefits").text
    assert "¥0.01" in own
    assert "低保补差" in own


def test_an_officer_from_beside_finds_neither_the_list_nor_the_household(
    browser: Browser, here: tuple[World, Household]
) -> None:
    _, household = here
    with transaction():
        factories.area("522636101001")
        beside = factories.account((RoleKind.OFFICER, "522636101"))
    browser.is_now(beside)
    assert household.code not in browser.get("/office/safety-net").text
    assert browser.get("/office/safety-net?area=522636100").status_code == 404
    assert browser.get(f"/office/safety-net/households/{household.public_id}").status_code == 404
    entitlement = of(household)[0].public_id
    assert browser.post(f"/office/safety-net/entitlements/{entitlement}/grant", {}).status_code == 404
    assert of(household)[0].state == "open"


def test_a_rule_that_cannot_be_read_keeps_what_was_typed_and_the_notches_are_drawn(
    browser: Browser, here: tuple[World, Household]
) -> None:
    who, _ = here
    browser.is_now(who.province)
    typed = {
        "area": "52",
        "code": "aid",
        "kind": "medical",
        "name": "重病补助",
        "condition": "income_fen < dibao_line_fen * persons",
        "amount": "eval(1)",
        "source": "一份文件",
        "begins_on": local_day(now()).isoformat(),
    }
    refused = browser.post("/office/safety-net/rules", typed)
    assert refused.status_code == 422
    assert "eval(1)" in refused.text
    assert browser.post("/office/safety-net/rules", {**typed, "amount": "yuan(300)"}).status_code == 303
    page = browser.get("/office/safety-net/rules/notches?household=single").text
    # The last fen of the top-up and the whole aid go together.
    assert "¥300.01" in page
    assert "重病补助" in browser.get("/office/safety-net/rules").text


def test_a_program_sees_and_does_the_same(client: FlaskClient, here: tuple[World, Household]) -> None:
    who, household = here
    header = token_header(who.first)
    listed = client.get("/api/v1/safety-net/entitlements?area=522636100", headers=header).json
    assert listed is not None
    (item,) = listed["items"]
    assert (item["amount_fen"], item["state"], item["file"], listed["total"]) == (1, "open", household.public_id, 1)
    cost = {"kind": "medical", "amount_fen": 1, "document": "单 1", "year": date.today().year}
    url = f"/api/v1/safety-net/households/{household.public_id}"
    added = client.post(f"{url}/costs", json=cost, headers=header)
    assert (added.status_code, client.post(f"{url}/costs", json=cost, headers=header).status_code) == (201, 409)
    decided = f"/api/v1/safety-net/entitlements/{item['public_id']}"
    assert client.post(f"{decided}/decline", json={}, headers=header).status_code == 422
    granted = client.post(f"{decided}/grant", json={}, headers=header).json
    assert granted is not None
    assert (granted["state"], granted["granted_fen"]) == ("granted", 1)
