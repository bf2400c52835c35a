"""Programs keep goods at the checkout as people do."""

from datetime import datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select, text

from marketplace.catalogue.models import StockHold
from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import db
from tests import factories
from tests.api.conftest import Headers, token_header
from tests.api.test_checkout import CHECKOUT, DESTINATION

BASKET, LINES, HOLD = "/api/v1/basket", "/api/v1/basket/lines", "/api/v1/basket/hold"


def test_a_hold_is_taken_told_moved_on_and_given_back(client: FlaskClient, bearer: Headers) -> None:
    apples = factories.listing(stock=5)
    client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": "2"})
    assert client.get(BASKET, headers=bearer).json["held_until"] is None
    answer = client.post(HOLD, headers=bearer)
    until = datetime.fromisoformat(answer.json["held_until"])
    assert (answer.status_code, answer.json["ready"]) == (200, True)
    assert timedelta(minutes=9) < until - clock.now() <= timedelta(minutes=10)
    # Asked again at once, it is the same; later, it lasts longer.
    assert datetime.fromisoformat(client.post(HOLD, headers=bearer).json["held_until"]) == until
    db.session.execute(text("UPDATE stock_hold SET expires_at = expires_at - interval '5 minutes'"))
    assert datetime.fromisoformat(client.post(HOLD, headers=bearer).json["held_until"]) > until
    assert client.delete(HOLD, headers=bearer).status_code == 204
    assert client.get(BASKET, headers=bearer).json["held_until"] is None


def test_others_are_told_what_is_kept_from_them(client: FlaskClient, bearer: Headers) -> None:
    apples = factories.listing(stock=5, price_fen=1000)
    other = token_header(factories.account())
    for who, quantity in ((bearer, "5"), (other, "1")):
        client.post(LINES, headers=who, json={"listing": apples.public_id, "quantity": quantity})
    client.post(HOLD, headers=bearer)
    basket = client.get(BASKET, headers=other).json
    (line,) = basket["lines"]
    assert (line["problem"], line["left"], line["listing"]["available"]) == ("held", "0", "5")
    body = {
        "basket": basket["public_id"],
        "expected_total_fen": 1000,
        "destination": DESTINATION,
        "payment_method": "cash_on_delivery",
    }
    refused = client.post(CHECKOUT, headers={**other, "Idempotency-Key": "1"}, json=body)
    assert (refused.status_code, refused.json["code"]) == (409, "held")


def test_buying_gives_the_hold_back(client: FlaskClient, bearer: Headers, buyer: Account) -> None:
    apples = factories.listing(stock=5, price_fen=1000)
    client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": "5"})
    basket = client.post(HOLD, headers=bearer).json["public_id"]
    body = {"basket": basket, "expected_total_fen": 5000, "destination": DESTINATION, "payment_method": "cash_on_delivery"}
    assert client.post(CHECKOUT, headers={**bearer, "Idempotency-Key": "1"}, json=body).status_code == 201
    assert db.session.scalars(select(StockHold)).all() == []


def test_a_hold_of_nothing_is_an_empty_basket(client: FlaskClient, bearer: Headers) -> None:
    answer = client.post(HOLD, headers=bearer)
    assert (answer.status_code, answer.json["lines"], answer.json["held_until"]) == (200, [], None)
    assert client.delete(HOLD, headers=bearer).status_code == 204
