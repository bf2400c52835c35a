"""The basket over the API."""

from collections.abc import Callable
from decimal import Decimal

from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, ListingState, Unit
from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.orders.models import Basket, BasketLine
from marketplace.recommendations.models import Event
from tests import factories
from tests.api.conftest import Headers

BASKET = "/api/v1/basket"
LINES = "/api/v1/basket/lines"


def quantities() -> list[Decimal]:
    """What all baskets hold, read from the database."""
    return list(db.session.scalars(select(BasketLine.quantity).order_by(BasketLine.id)))


def test_an_empty_basket_has_no_name_and_is_not_ready(client: FlaskClient, bearer: Headers) -> None:
    assert client.get(BASKET, headers=bearer).json == {
        "public_id": None,
        "lines": [],
        "total_fen": 0,
        "ready": False,
        "held_until": None,
    }
    assert db.session.scalar(select(func.count(Basket.id))) == 0


def test_what_is_put_in_stands_there_with_its_price_and_is_remembered(
    client: FlaskClient, buyer: Account, bearer: Headers
) -> None:
    pears = factories.listing(price_fen=333, stock=5, unit=Unit.JIN, unit_grams=500)
    added = client.post(LINES, headers=bearer, json={"listing": pears.public_id, "quantity": "1.5"})
    assert added.status_code == 201
    line = {
        "public_id": added.json["public_id"],
        "listing": {
            "public_id": pears.public_id,
            "title_zh": pears.title_zh,
            "title_en": pears.title_en,
            "unit": "jin",
            "unit_grams": 500,
            "price_fen": 333,
            "price_per_kg_fen": 666,
            "minimum_quantity": None,
            "catch_weight": None,
            "available": "5",
            "village": f"地区{factories.VILLAGE}",
            "producer_zh": pears.producer.name_zh,
            "producer_en": pears.producer.name_en,
        },
        "quantity": "1.5",
        "price_fen": 333,
        "total_fen": 500,
        "next_tier": None,
        "problem": None,
        "left": "5",
        "waits_for": "0",
        "price_changed": False,
    }
    assert added.json == line
    basket = db.session.scalars(select(Basket)).one()
    assert basket.account_id == buyer.id
    assert client.get(BASKET, headers=bearer).json == {
        "public_id": basket.public_id,
        "lines": [line],
        "total_fen": 500,
        "ready": True,
        "held_until": None,
    }
    events = db.session.execute(select(Event.account_id, Event.listing_id, Event.kind)).all()
    assert events == [(buyer.id, pears.id, "basket")]


def test_adding_again_adds_to_the_line(client: FlaskClient, bearer: Headers) -> None:
    apples = factories.listing()
    for quantity, expected in (("2", "2"), ("3", "5")):
        line = client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": quantity}).json
        assert line["quantity"] == expected
    assert quantities() == [Decimal(5)]


def test_a_line_is_changed_and_taken_out(client: FlaskClient, bearer: Headers) -> None:
    apples = factories.listing()
    line = client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": "2"}).json["public_id"]
    changed = client.patch(f"{LINES}/{line}", headers=bearer, json={"quantity": "4"})
    assert (changed.status_code, changed.json["quantity"], changed.json["total_fen"]) == (200, "4", 5000)
    gone = client.delete(f"{LINES}/{line}", headers=bearer)
    assert (gone.status_code, gone.data) == (204, b"")
    assert quantities() == []
    assert client.delete(f"{LINES}/{line}", headers=bearer).status_code == 404


def test_the_line_of_another_is_not_there(
    client: FlaskClient, bearer: Headers, bearer_of: Callable[[Account], Headers]
) -> None:
    apples = factories.listing()
    line = client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": "2"}).json["public_id"]
    stranger = bearer_of(factories.account(login="stranger@example.org"))
    absent = client.patch(f"{LINES}/22222222222222", headers=stranger, json={"quantity": "1"})
    foreign = client.patch(f"{LINES}/{line}", headers=stranger, json={"quantity": "1"})
    assert (foreign.status_code, foreign.json) == (404, absent.json)
    assert foreign.json["code"] == "basket_line_unknown"
    assert client.delete(f"{LINES}/{line}", headers=stranger).status_code == 404
    assert quantities() == [Decimal(2)]
    assert client.get(BASKET, headers=stranger).json["lines"] == []


def test_more_than_there_is_cannot_be_put_in(client: FlaskClient, bearer: Headers) -> None:
    apples = factories.listing(stock=10)
    refused = client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": "11"})
    assert (refused.status_code, refused.json["code"]) == (409, "sold_out")
    assert refused.json["errors"]["left"] == "10"
    assert refused.json["errors"]["listing"] == apples.public_id
    assert quantities() == []
    line = client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": "10"}).json["public_id"]
    assert client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": "1"}).status_code == 409
    assert client.patch(f"{LINES}/{line}", headers=bearer, json={"quantity": "11"}).status_code == 409
    assert quantities() == [Decimal(10)]


def test_a_line_stops_at_the_largest_quantity(client: FlaskClient, bearer: Headers) -> None:
    apples = factories.listing(stock=20_000)
    assert client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": "9999"}).status_code == 201
    refused = client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": "1"})
    assert (refused.status_code, refused.json["code"]) == (409, "basket_line_full")
    assert quantities() == [Decimal(9999)]


def test_half_a_box_is_refused(client: FlaskClient, bearer: Headers) -> None:
    boxes = factories.listing(unit=Unit.BOX)
    refused = client.post(LINES, headers=bearer, json={"listing": boxes.public_id, "quantity": "0.5"})
    assert (refused.status_code, refused.json["code"]) == (422, "quantity_step")
    assert quantities() == []


def test_what_is_not_on_sale_cannot_be_put_in(client: FlaskClient, bearer: Headers) -> None:
    draft = factories.listing(state=ListingState.DRAFT)
    for name in (draft.public_id, "22222222222222"):
        refused = client.post(LINES, headers=bearer, json={"listing": name, "quantity": "1"})
        assert (refused.status_code, refused.json["code"]) == (404, "listing_unknown")
    assert quantities() == []
    assert db.session.scalar(select(func.count(Event.id))) == 0


def test_the_basket_says_what_has_changed_since(client: FlaskClient, bearer: Headers) -> None:
    dearer, sold, gone, few = (factories.listing(stock=5) for _ in range(4))
    for listing in (dearer, sold, gone, few):
        client.post(LINES, headers=bearer, json={"listing": listing.public_id, "quantity": "2"})
    dearer.price_fen, sold.available, few.available = 2000, Decimal(0), Decimal(1)
    gone.state = ListingState.WITHDRAWN
    db.session.flush()
    basket = client.get(BASKET, headers=bearer).json
    seen = {line["listing"]["public_id"]: (line["problem"], line["price_changed"]) for line in basket["lines"]}
    assert seen == {
        dearer.public_id: (None, True),
        sold.public_id: ("sold_out", False),
        gone.public_id: ("withdrawn", False),
        few.public_id: ("too_few", False),
    }
    assert (basket["ready"], basket["total_fen"]) == (False, 2 * 2000 + 3 * 2 * 1250)


def test_nobody_without_a_token_has_a_basket_here(client: FlaskClient) -> None:
    apples = factories.listing()
    body = {"listing": apples.public_id, "quantity": "1"}
    answers = [
        client.get(BASKET),
        client.post(LINES, json=body),
        client.patch(f"{LINES}/22222222222222", json={"quantity": "1"}),
        client.delete(f"{LINES}/22222222222222"),
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(401, "sign_in_needed")] * 4
    assert db.session.scalar(select(func.count(Basket.id))) == 0


def test_stock_is_not_held_by_a_basket(client: FlaskClient, bearer: Headers) -> None:
    apples = factories.listing(stock=10)
    client.post(LINES, headers=bearer, json={"listing": apples.public_id, "quantity": "10"})
    assert db.session.get_one(Listing, apples.id).available == 10
