"""Buying over the API."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from marketplace.catalogue.models import Listing, Unit
from marketplace.identity.models import Account
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db
from marketplace.kernel.idempotency import IdempotencyKey
from marketplace.orders.models import Basket, OrderGroup
from marketplace.payments.models import Payment
from marketplace.recommendations.models import Event
from tests import factories
from tests.api.conftest import Headers

CHECKOUT = "/api/v1/checkout"
DESTINATION = {"recipient": "张三", "phone": "138 0000 0000", "area_code": "522636", "address": "龙泉镇 1 号"}


def body(basket: Basket, total_fen: int, /, **changed: Any) -> dict[str, Any]:
    """What a buyer sends."""
    return {
        "basket": basket.public_id,
        "expected_total_fen": total_fen,
        "destination": DESTINATION,
        "payment_method": "bank_transfer",
        **changed,
    }


@pytest.fixture
def buy(client: FlaskClient, bearer: Headers) -> Callable[..., TestResponse]:
    """Check out under a key."""

    def send(given: dict[str, Any], key: str = "key-1", headers: Headers = bearer) -> TestResponse:
        return client.post(CHECKOUT, headers={**headers, "Idempotency-Key": key}, json=given)

    return send


def assert_nothing_was_bought(listing: Listing, left: int) -> None:
    """No order, no payment, no key, no event, and the goods are where they were."""
    db.session.expire_all()
    counts = [db.session.scalar(select(func.count(table.id))) for table in (OrderGroup, Payment, IdempotencyKey, Event)]
    assert counts == [0, 0, 0, 0]
    assert db.session.get_one(Listing, listing.id).available == left


def test_a_basket_over_two_sellers_becomes_one_purchase_with_two_orders(
    client: FlaskClient, buyer: Account, bearer: Headers, buy: Callable[..., TestResponse]
) -> None:
    apples = factories.listing(price_fen=1250, stock=5)
    pears = factories.listing(price_fen=333, stock=5, unit=Unit.JIN, unit_grams=500, title_zh="雪花梨", title_en="Pears")
    basket = factories.basket(buyer, (apples, 2), (pears, Decimal("1.5")))
    answer = buy(body(basket, 3000))
    assert answer.status_code == 201
    group = db.session.scalars(select(OrderGroup)).one()
    payment = db.session.scalars(select(Payment)).one()
    assert answer.headers["Location"] == f"/api/v1/orders/{group.public_id}"
    expected = {
        "public_id": group.public_id,
        "reference": group.reference,
        "placed_at": group.placed_at.isoformat(),
        "paid_at": None,
        "payment_method": "bank_transfer",
        "total_fen": 3000,
        "recipient": "张三",
        "phone": "138 0000 0000",
        "area_code": "522636",
        "address": "龙泉镇 1 号",
        "orders": [
            {
                "public_id": order.public_id,
                "state": "placed",
                "total_fen": total_fen,
                "refunded_fen": 0,
                "uncharged_fen": 0,
                "goods_fen": total_fen,
                "delivery_fen": 0,
                "delivery": None,
                "shipped_at": None,
                "delivered_at": None,
                "accepted_at": None,
                "lines": [
                    {
                        "title_zh": listing.title_zh,
                        "title_en": listing.title_en,
                        "producer_zh": listing.producer.name_zh,
                        "producer_en": listing.producer.name_en,
                        "area_code": factories.VILLAGE,
                        "harvested_on": "2026-06-15",
                        "expected": False,
                        "missing": "0",
                        "unit": listing.unit,
                        "unit_grams": listing.unit_grams,
                        "quantity": quantity,
                        "price_fen": listing.price_fen,
                        "total_fen": total_fen,
                        "weighing": None,
                    }
                ],
            }
            for order, listing, quantity, total_fen in (
                (group.orders[0], apples, "2", 2500),
                (group.orders[1], pears, "1.5", 500),
            )
        ],
        "payment": {
            "reference": payment.reference,
            "method": "bank_transfer",
            "amount_fen": 3000,
            "state": "awaiting",
        },
    }
    assert answer.json == expected
    assert client.get(answer.headers["Location"], headers=bearer).json == expected
    db.session.expire_all()
    assert (apples.available, pears.available) == (3, Decimal("3.5"))
    events = db.session.execute(select(Event.listing_id, Event.kind, Event.quantity).order_by(Event.id)).all()
    assert events == [(apples.id, "purchase", 2.0), (pears.id, "purchase", 1.5)]
    assert datetime.fromisoformat(answer.json["placed_at"]).utcoffset().total_seconds() == 0


def test_the_same_key_gets_the_same_answer_and_buys_nothing_again(
    client: FlaskClient, buyer: Account, buy: Callable[..., TestResponse]
) -> None:
    apples = factories.listing(stock=5)
    basket = factories.basket(buyer, (apples, 2))
    first, again = buy(body(basket, 2500)), buy(body(basket, 2500))
    assert (first.status_code, first.data, first.headers["Location"]) == (
        again.status_code,
        again.data,
        again.headers["Location"],
    )
    db.session.expire_all()
    assert apples.available == 3
    assert db.session.scalar(select(func.count(OrderGroup.id))) == 1
    assert db.session.scalar(select(func.count(Event.id))) == 1
    assert db.session.scalar(select(func.count(AuditEvent.id)).filter_by(verb="order.placed")) == 1


def test_one_key_for_two_requests_is_refused(buyer: Account, buy: Callable[..., TestResponse]) -> None:
    apples = factories.listing(stock=5)
    basket = factories.basket(buyer, (apples, 2))
    buy(body(basket, 2500))
    refused = buy(body(basket, 2500, payment_method="cash_on_delivery"))
    assert (refused.status_code, refused.json["code"]) == (409, "idempotency_key_reused")
    assert db.session.scalars(select(OrderGroup.payment_method)).all() == ["bank_transfer"]


def test_a_basket_placed_before_answers_its_purchase_under_another_key(
    buyer: Account, buy: Callable[..., TestResponse]
) -> None:
    apples = factories.listing(stock=5)
    basket = factories.basket(buyer, (apples, 2))
    first, other = buy(body(basket, 2500), "key-1"), buy(body(basket, 2500), "key-2")
    assert other.json == first.json
    db.session.expire_all()
    assert apples.available == 3
    assert db.session.scalar(select(func.count(Event.id))) == 1


def test_two_callers_may_choose_the_same_key(
    buyer: Account, buy: Callable[..., TestResponse], bearer_of: Callable[[Account], Headers]
) -> None:
    apples = factories.listing(stock=5)
    other = factories.account(login="other@example.org")
    first = buy(body(factories.basket(buyer, (apples, 1)), 1250))
    second = buy(body(factories.basket(other, (apples, 1)), 1250), headers=bearer_of(other))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json["public_id"] != second.json["public_id"]


def test_without_a_key_nothing_is_bought(client: FlaskClient, buyer: Account, bearer: Headers) -> None:
    apples = factories.listing(stock=5)
    basket = factories.basket(buyer, (apples, 2))
    refused = client.post(CHECKOUT, headers=bearer, json=body(basket, 2500))
    assert (refused.status_code, refused.json["code"]) == (422, "input_invalid")
    assert set(refused.json["errors"]) == {"Idempotency-Key"}
    assert_nothing_was_bought(apples, 5)


@pytest.mark.parametrize("key", ["", " ", "k" * 129, "schlüssel", "two words"])
def test_a_key_that_is_none_is_refused(buyer: Account, buy: Callable[..., TestResponse], key: str) -> None:
    apples = factories.listing(stock=5)
    refused = buy(body(factories.basket(buyer, (apples, 2)), 2500), key)
    assert (refused.status_code, set(refused.json["errors"])) == (422, {"Idempotency-Key"})
    assert_nothing_was_bought(apples, 5)


def test_a_price_that_changed_since_it_was_shown_stops_the_purchase_and_leaves_the_key_free(
    buyer: Account, buy: Callable[..., TestResponse]
) -> None:
    apples = factories.listing(stock=5)
    basket = factories.basket(buyer, (apples, 2))
    apples.price_fen = 1300
    db.session.flush()
    refused = buy(body(basket, 2500))
    assert (refused.status_code, refused.json["code"]) == (409, "total_changed")
    assert refused.json["errors"] == {"total_fen": "2600"}
    assert_nothing_was_bought(apples, 5)
    assert buy(body(basket, 2600)).status_code == 201


def test_goods_that_are_gone_stop_the_purchase(buyer: Account, buy: Callable[..., TestResponse]) -> None:
    apples, pears = factories.listing(stock=5), factories.listing(stock=5)
    basket = factories.basket(buyer, (apples, 2), (pears, 4))
    pears.available = Decimal(3)
    db.session.flush()
    refused = buy(body(basket, 7500))
    assert (refused.status_code, refused.json["code"]) == (409, "sold_out")
    assert (refused.json["errors"]["left"], refused.json["errors"]["listing"]) == ("3", pears.public_id)
    assert_nothing_was_bought(apples, 5)


def test_the_basket_of_another_is_not_there(buyer: Account, buy: Callable[..., TestResponse]) -> None:
    apples = factories.listing(stock=5)
    foreign = factories.basket(factories.account(login="other@example.org"), (apples, 2))
    refused = buy(body(foreign, 2500))
    assert (refused.status_code, refused.json["code"]) == (404, "basket_unknown")
    assert_nothing_was_bought(apples, 5)


def test_an_empty_basket_cannot_be_bought(buyer: Account, buy: Callable[..., TestResponse]) -> None:
    apples = factories.listing(stock=5)
    refused = buy(body(factories.basket(buyer), 0))
    assert (refused.status_code, refused.json["code"]) == (422, "basket_empty")
    assert_nothing_was_bought(apples, 5)


@pytest.mark.parametrize("code", ["999999", "522699"])
def test_a_county_that_does_not_exist_is_refused(buyer: Account, buy: Callable[..., TestResponse], code: str) -> None:
    apples = factories.listing(stock=5)
    refused = buy(body(factories.basket(buyer, (apples, 2)), 2500, destination={**DESTINATION, "area_code": code}))
    assert (refused.status_code, refused.json["code"]) == (404, "area_unknown")
    assert_nothing_was_bought(apples, 5)


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"payment_method": "gold"}, "payment_method"),
        ({"expected_total_fen": "2500"}, "expected_total_fen"),
        ({"expected_total_fen": 2500.5}, "expected_total_fen"),
        ({"expected_total_fen": -1}, "expected_total_fen"),
        ({"expected_total_fen": True}, "expected_total_fen"),
        ({"expected_total_fen": 10**30}, "expected_total_fen"),
        ({"expected_total_fen": None}, "expected_total_fen"),
        ({"basket": "no such"}, "basket"),
        ({"basket": 7}, "basket"),
        ({"gift": True}, "gift"),
        ({"destination": None}, "destination"),
        ({"destination": []}, "destination._schema"),
        ({"destination": {**DESTINATION, "planet": "earth"}}, "destination.planet"),
        ({"destination": {**DESTINATION, "recipient": " \u3000 "}}, "destination.recipient"),
        ({"destination": {**DESTINATION, "recipient": "a\x00b"}}, "destination.recipient"),
        ({"destination": {**DESTINATION, "recipient": "\ud800"}}, "destination.recipient"),
        ({"destination": {**DESTINATION, "address": "a" * 201}}, "destination.address"),
        ({"destination": {**DESTINATION, "address": "line\nline"}}, "destination.address"),
        ({"destination": {**DESTINATION, "phone": "call me"}}, "destination.phone"),
        ({"destination": {**DESTINATION, "phone": "１３８００００００００"}}, "destination.phone"),
        ({"destination": {**DESTINATION, "area_code": "5226"}}, "destination.area_code"),
        ({"destination": {**DESTINATION, "area_code": 522636}}, "destination.area_code"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_bought(
    buyer: Account, buy: Callable[..., TestResponse], changed: dict[str, Any], wrong: str
) -> None:
    apples = factories.listing(stock=5)
    refused = buy(body(factories.basket(buyer, (apples, 2)), 2500, **changed))
    assert (refused.status_code, refused.json["code"]) == (422, "input_invalid")
    assert set(refused.json["errors"]) == {wrong}
    assert_nothing_was_bought(apples, 5)


def test_html_and_sql_in_a_name_are_text_and_stay_text(buyer: Account, buy: Callable[..., TestResponse]) -> None:
    apples = factories.listing(stock=5)
    name = "<script>alert(1)</script>'; DROP TABLE account; --"
    answer = buy(body(factories.basket(buyer, (apples, 1)), 1250, destination={**DESTINATION, "recipient": name}))
    assert (answer.status_code, answer.json["recipient"]) == (201, name)
    assert db.session.scalars(select(OrderGroup.recipient)).one() == name


def test_a_whole_number_may_be_written_with_a_point(
    client: FlaskClient, buyer: Account, buy: Callable[..., TestResponse]
) -> None:
    apples = factories.listing(stock=5)
    assert buy(body(factories.basket(buyer, (apples, 2)), 2500.0)).status_code == 201  # type: ignore[arg-type]
