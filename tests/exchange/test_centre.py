"""The pages and operations of the data centre, and the catalogue of data that they show."""

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from marketplace.backups.models import RestoreDrill
from marketplace.demo.exchange import add_exchange
from marketplace.exchange.models import PartnerKind
from marketplace.exchange.queries import partner_figures
from marketplace.exchange.service import add_partner, end_partner
from marketplace.exchange.sharing import agreed_households
from marketplace.fields.lineage import SOURCES, by_source, catalogue, faults
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Invalid
from marketplace.registry.models import Household
from tests import factories
from tests.api.conftest import token_header
from tests.web.conftest import Browser

KEY = bytes(range(32))


def token(kind: RoleKind) -> dict[str, str]:
    return token_header(factories.account((kind, "52" if kind is not RoleKind.OPERATOR else "")))


def drill(**values: Any) -> None:
    now = clock.now()
    db.session.add(RestoreDrill(**{"began_at": now, "ended_at": now, "tables": 200, "rows": 9, "differing": [], **values}))
    db.session.flush()


def test_every_table_has_a_source_and_every_word_of_the_lineage_is_a_table(client: FlaskClient) -> None:
    assert faults() == []
    tables = {table.name: table for table in catalogue()}
    assert (tables["household_status"].source, tables["visit"].source, tables["event"].source) == ("files", "seen", "shop")
    assert tables["sales_month"].made_from == ("sales_fact",)
    assert "household" in tables["household_status"].refers_to
    assert tables["webhook_endpoint"].sensitive == 1


def test_no_sensor_gives_anything_and_the_catalogue_says_so(client: FlaskClient) -> None:
    assert [key for key, source in SOURCES.items() if not source.there] == ["sensors"]
    assert by_source(catalogue())["sensors"] == []
    said = client.get("/api/v1/centre/data", headers=token(RoleKind.OFFICER)).json
    assert {"key": "sensors", "space": "physical", "there": False} in said["sources"]


def test_a_drill_counts_as_good_only_when_every_table_is_the_same(client: FlaskClient) -> None:
    headers = token(RoleKind.AUDITOR)
    drill(differing=["transfer"])
    said = client.get("/api/v1/centre", headers=headers).json
    assert (said["drills"][0]["good"], said["late_drill"]) == (False, True)
    drill()
    said = client.get("/api/v1/centre", headers=headers).json
    assert (said["drills"][0]["good"], said["late_drill"]) == (True, False)


def test_partners_are_agreed_on_whole_and_once(client: FlaskClient) -> None:
    officer = factories.account((RoleKind.OFFICER, "52"))
    agreed: dict[str, Any] = {"own_network": False, "actor": "test", "now": clock.now()}

    def fault(kind: PartnerKind, sender: str, **more: Any) -> str:
        with pytest.raises(DomainError) as raised, transaction():
            add_partner(kind, sender, "名", more.pop("key", KEY), **agreed, **more)
        assert isinstance(raised.value, (Conflict, Invalid))
        return raised.value.code

    above = {"url": "https://above.example.org"}
    assert fault(PartnerKind.ABOVE, "above") == "partner_invalid"
    assert fault(PartnerKind.ABOVE, "above", url="http://above.example.org") == "address_invalid"
    assert fault(PartnerKind.BELOW, "below", key=KEY[1:]) == "partner_invalid"
    assert fault(PartnerKind.DEPARTMENT, "office", account=officer) == "partner_invalid"
    assert fault(PartnerKind.DEPARTMENT, "office", account=factories.account(), purposes=["AID"]) == "partner_invalid"
    with transaction():
        add_partner(PartnerKind.ABOVE, "above", "省局", KEY, **above, **agreed)
    assert fault(PartnerKind.ABOVE, "another", **above) == "partner_there"
    assert fault(PartnerKind.BELOW, "above") == "partner_there"
    with transaction():
        end_partner("above", actor="test", now=clock.now())
    # With another key it may come again.
    with transaction():
        add_partner(PartnerKind.ABOVE, "above", "省局", KEY[::-1], **above, **agreed)


def test_the_pages_say_what_is_late_and_what_is_missing(client: FlaskClient) -> None:
    browser = Browser(client)
    drill(differing=["transfer"])
    with transaction():
        above = {"url": "https://above.example.org", "own_network": False, "actor": "test", "now": clock.now()}
        add_partner(PartnerKind.ABOVE, "above.example.org", "省乡村振兴局", KEY, **above)
    browser.is_now(factories.account((RoleKind.OFFICER, "52")))
    page = browser.get("/centre/").text
    assert "Different: transfer" in page and "省乡村振兴局" in page
    assert "Take a copy now" not in page
    page = browser.get("/centre/data").text
    assert "Missing: Sensors" in page and "marketplace.dashboard.building" in page


def test_the_operator_asks_for_a_copy_and_a_drill_once(client: FlaskClient) -> None:
    browser = Browser(client)
    browser.is_now(factories.account((RoleKind.OPERATOR, "")))
    for path in ("/centre/backup", "/centre/backup", "/centre/drill"):
        assert browser.post(path).status_code == 303
    waiting = "SELECT task_name FROM procrastinate_jobs WHERE task_name LIKE 'backups.%' AND status = 'todo' ORDER BY 1"
    assert list(db.session.scalars(text(waiting))) == ["backups.base", "backups.drill"]
    assert "A copy waits for a free worker." in browser.get("/centre/").text


def test_a_household_agrees_and_takes_it_back_on_its_page_and_by_program(client: FlaskClient) -> None:
    farmer = factories.account((RoleKind.FARMER, ""))
    household = db.session.get_one(Household, factories.producer(owner=farmer).household_id)
    browser = Browser(client)
    browser.is_now(farmer)
    assert "I agree" in browser.get("/farm/sharing").text
    assert browser.post("/farm/sharing/agree").status_code == 303
    assert list(db.session.scalars(agreed_households())) == [household.public_id]
    assert "Take it back" in browser.get("/farm/sharing").text
    headers = token_header(farmer)
    assert client.get("/api/v1/farm/sharing", headers=headers).json["agreed"] is True
    assert client.put("/api/v1/farm/sharing", json={"agreed": False}, headers=headers).json["agreed"] is False
    assert list(db.session.scalars(agreed_households())) == []


def test_the_demo_leaves_a_department_that_has_asked_and_a_household_that_agreed(client: FlaskClient) -> None:
    officer = factories.account((RoleKind.OFFICER, factories.VILLAGE[:6]))
    household = factories.household(registered_from=date(2024, 1, 1))
    with transaction():
        add_exchange(officer.login, household, now=clock.now())
    (figures,) = partner_figures()
    assert (figures.messages, figures.subscriptions, figures.waiting, figures.given_up) == (3, 1, 0, 0)
    assert list(db.session.scalars(agreed_households())) == [household.public_id]
