"""Government's programs get the figures of the office's pages, of their own area alone."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.dashboard.service import build_day
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.service import confirm_payment
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment_for
from marketplace.recommendations.models import Policy
from tests import factories
from tests.api.conftest import Headers, token_header

SALES = "/api/v1/office/sales"
POLICIES = "/api/v1/office/policies"


@pytest.fixture
def officer(client: FlaskClient) -> Headers:
    factories.area()
    return token_header(factories.account((RoleKind.OFFICER, "522636")))


def sold(buyer: Account) -> None:
    """A purchase of 25 yuan from a registered household and 10 from another, paid today."""
    pears = factories.listing(factories.producer(registered=True), price_fen=2500)
    plums = factories.listing(factories.producer(), price_fen=1000)
    basket = factories.basket(buyer, (pears, 1), (plums, 1))
    now = clock.now()
    with transaction():
        group = place_order(
            buyer.id,
            buyer.public_id,
            basket.public_id,
            Destination("张三", "13800000000", "522636", "龙泉镇"),
            PaymentMethod.BANK_TRANSFER,
            3500,
            now=now,
        )
        confirm_payment(get_payment_for("order_group", group.public_id, lock=True), actor="test", now=now)
        build_day(clock.local_day(now))


def test_sales_are_those_of_the_page_with_the_rule_behind_them(client: FlaskClient, officer: Headers, buyer: Account) -> None:
    sold(buyer)
    answer = client.get(SALES, headers=officer, query_string={"by": "product"}).json
    assert (answer["area_code"], answer["total"]["total_fen"], answer["total"]["registered_fen"]) == ("522636", 3500, 2500)
    assert [(row["key"], row["total_fen"]) for row in answer["rows"]] == [("apple", 3500)]
    assert "Unpaid and cancelled purchases are left out" in answer["counted"]
    township = client.get(SALES, headers=officer, query_string={"area": "522636100", "as_of": "2019-12-31"}).json
    # On that day nobody was registered yet.
    assert (township["total"]["total_fen"], township["total"]["registered_fen"]) == (3500, 0)


@pytest.mark.parametrize("area", ["52", "522635", "00", "999999999999"])
def test_an_area_outside_ones_own_is_not_there(client: FlaskClient, officer: Headers, area: str) -> None:
    for path in (SALES, POLICIES):
        assert client.get(path, headers=officer, query_string={"area": area}).status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "2026-02-30"},
        {"to": "yesterday"},
        {"by": "person"},
        {"area": "5226361"},
        {"more": "1"},
    ],
)
def test_a_question_that_cannot_be_meant_is_refused(client: FlaskClient, officer: Headers, asked: dict[str, str]) -> None:
    assert client.get(SALES, headers=officer, query_string=asked).status_code == 422


def test_nobody_else_asks_the_office(client: FlaskClient, bearer: Headers) -> None:
    refused = client.get(SALES, headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (403, "role_needed")
    assert client.post(POLICIES, headers=bearer, json={}).status_code == 403
    assert client.get(SALES).status_code == 401


def draft(**changes: object) -> dict[str, object]:
    tomorrow = clock.local_day(clock.now()) + timedelta(days=1)
    kept = {"area_code": "522636", "exposure_share": 0.3, "consumer_guard": 0.8, "begins_on": tomorrow.isoformat()}
    return {**kept, **changes}


def test_a_policy_is_set_seen_and_withdrawn(client: FlaskClient, officer: Headers) -> None:
    made = client.post(POLICIES, headers=officer, json=draft())
    assert (made.status_code, made.json["exposure_share"], made.json["ends_on"]) == (201, 0.3, None)
    assert [row["public_id"] for row in client.get(POLICIES, headers=officer).json["items"]] == [made.json["public_id"]]
    own = f"{POLICIES}/{made.json['public_id']}"
    refused = client.post(f"{own}/end", headers=officer, json={"ends_on": draft()["begins_on"]})
    assert (refused.status_code, refused.json["code"]) == (409, "policy_not_in_force")
    assert client.delete(own, headers=officer).status_code == 204
    assert client.get(POLICIES, headers=officer).json["items"] == []


def test_a_policy_in_force_ends_on_the_day_that_is_named(client: FlaskClient, officer: Headers) -> None:
    today = clock.local_day(clock.now())
    made = client.post(POLICIES, headers=officer, json=draft(begins_on=today.isoformat())).json
    ended = client.post(f"{POLICIES}/{made['public_id']}/end", headers=officer, json={"ends_on": today.isoformat()})
    assert (ended.status_code, ended.json["ends_on"]) == (200, today.isoformat())
    assert client.delete(f"{POLICIES}/{made['public_id']}", headers=officer).status_code == 409


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"exposure_share": 1.1}, "exposure_share"),
        ({"exposure_share": "0.3"}, "exposure_share"),
        ({"exposure_share": None}, "exposure_share"),
        ({"begins_on": "2020-01-01"}, "begins_on"),
        ({"ends_on": date.min.isoformat()}, "ends_on"),
        ({"household_floor": True}, "household_floor"),
        ({"note": "x"}, "note"),
    ],
)
def test_a_policy_that_contradicts_itself_is_not_set(
    client: FlaskClient, officer: Headers, changes: dict[str, object], place: str
) -> None:
    refused = client.post(POLICIES, headers=officer, json=draft(**changes))
    assert (refused.status_code, place in refused.json["errors"]) == (422, True)
    assert db.session.scalar(select(func.count(Policy.id))) == 0


def test_nobody_sets_a_policy_for_another_county(
    client: FlaskClient, officer: Headers, bearer_of: Callable[[Account], Headers]
) -> None:
    factories.area("522635100001")
    assert client.post(POLICIES, headers=officer, json=draft(area_code="522635")).status_code == 404
    made = client.post(POLICIES, headers=officer, json=draft()).json["public_id"]
    neighbour = bearer_of(factories.account((RoleKind.OFFICER, "522635")))
    assert client.delete(f"{POLICIES}/{made}", headers=neighbour).status_code == 404
    assert db.session.scalar(select(func.count(Policy.id))) == 1
