"""What programs say of unusual prices: the farm that is asked, and the operator who decides."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from marketplace.catalogue.models import MarketPrice
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import local_day, now
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.api.conftest import Headers, token_header

CHECKS = "/api/v1/operations/price-checks"
BOUNDS = "/api/v1/operations/price-bounds"
OTHERS = {"weeks": 4, "least_days": 5, "least_listings": 6, "markup": 1.5, "spread": 0.3, "flag_at": 2, "wait_at": 4.5}


@pytest.fixture
def operator(client: FlaskClient) -> Headers:
    return token_header(factories.account((RoleKind.OPERATOR, "")))


@pytest.fixture
def farmer(client: FlaskClient) -> Headers:
    """A farm that asks a hundred times what apples cost at the market."""
    with transaction():
        owner = factories.account((RoleKind.FARMER, factories.VILLAGE))
        factories.producer(registered=True, owner=owner)
        product_id, today = factories.product().id, local_day(now())
        for ago in range(20):
            prices = {"low_fen": 380, "average_fen": 400, "high_fen": 420}
            db.session.add(MarketPrice(product_id=product_id, day=today - timedelta(days=ago), source="test", **prices))
    header = token_header(owner)
    harvest = {"harvested_on": today.isoformat(), "quantity": "5"}
    body = {"product": "apple", "unit": "jin", "price_fen": 56_000, "title_zh": "苹果", "harvest": harvest}
    assert client.post("/api/v1/farm/listings", headers=header, json=body).status_code == 201
    return header


def only_check(client: FlaskClient, operator: Headers) -> dict[str, Any]:
    (row,) = client.get(CHECKS, headers=operator).json["items"]
    return dict(row)


def test_a_farm_says_why_and_the_operator_lets_the_price_stand(client: FlaskClient, farmer: Headers, operator: Headers) -> None:
    check = only_check(client, operator)
    assert (check["review"], check["expected_fen"], check["evidence"]) == ("open", 560, [])
    at, goods = f"{CHECKS}/{check['public_id']}", f"/api/v1/farm/listings/{check['listing']}"
    assert client.post(f"{at}/ask", headers=operator, json={"words": "为什么？"}).json["review"] == "asked"
    shown = client.post(f"{goods}/price-evidence", headers=farmer, json={"words": "老树的"})
    assert (shown.status_code, shown.json["given_by"], shown.json["words"]) == (201, "seller", "老树的")
    assert client.post(f"{goods}/price-evidence", headers=farmer, json={}).json["code"] == "evidence_empty"
    assert [row["words"] for row in client.get(at, headers=operator).json["evidence"]] == ["老树的"]
    stands = client.post(f"{at}/accept", headers=operator, json={"link": "https://example.org/prices"})
    assert (stands.json["review"], client.get(goods, headers=farmer).json["state"]) == ("accepted", "on_sale")
    again = client.post(f"{at}/refuse", headers=operator, json={"words": "不"})
    assert (again.status_code, again.json["code"]) == (409, "price_decided")
    assert client.get(CHECKS, headers=operator).json["items"] == []


def test_a_price_that_is_refused_is_not_sold_for(client: FlaskClient, farmer: Headers, operator: Headers) -> None:
    check = only_check(client, operator)
    refused = client.post(f"{CHECKS}/{check['public_id']}/refuse", headers=operator, json={"words": "太贵"})
    assert (refused.json["review"], refused.json["question"]) == ("refused", "太贵")
    assert client.get(f"/api/v1/farm/listings/{check['listing']}", headers=farmer).json["state"] == "draft"


def test_the_numbers_that_prices_are_judged_by_are_set_from_a_day_on(client: FlaskClient, operator: Headers) -> None:
    first = client.get(BOUNDS, headers=operator).json
    today = local_day(now()).isoformat()
    assert client.post(BOUNDS, headers=operator, json={**OTHERS, "begins_on": "2001-01-01"}).json["code"] == "rule_in_past"
    nearer = client.post(BOUNDS, headers=operator, json={**OTHERS, "wait_at": 1, "begins_on": today})
    assert (nearer.status_code, nearer.json["code"]) == (422, "bounds_invalid")
    assert client.get(BOUNDS, headers=operator).json == first
    assert client.post(BOUNDS, headers=operator, json={**OTHERS, "begins_on": today}).status_code == 200
    assert client.get(BOUNDS, headers=operator).json == OTHERS
