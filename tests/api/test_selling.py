"""Programs set prices with their steps, read them, and weigh."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, PriceTier, Unit
from marketplace.catalogue.pricing import Tier
from marketplace.catalogue.terms import Terms, terms_of
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import OrderGroup, Weighing
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import confirm_payment
from marketplace.payments.models import PaymentMethod, Refund
from marketplace.payments.queries import get_payment
from tests import factories
from tests.api.conftest import Headers

TO = Destination("张三", "13800138000", "522636", "龙泉镇")


class Farm:
    """A farm with greens by the jin, and its program."""

    def __init__(self, bearer_of: Callable[[Account], Headers]) -> None:
        self.owner = factories.account((RoleKind.FARMER, factories.VILLAGE))
        self.producer = factories.producer(owner=self.owner)
        self.greens = factories.listing(self.producer, unit=Unit.JIN, unit_grams=500, price_fen=300, stock=20)
        self.headers = bearer_of(self.owner)
        self.path = f"/api/v1/farm/listings/{self.greens.public_id}/pricing"


@pytest.fixture
def farm(client: FlaskClient, bearer_of: Callable[[Account], Headers]) -> Farm:
    return Farm(bearer_of)


def test_a_program_sets_the_whole_price_of_its_listing_and_reads_it(client: FlaskClient, farm: Farm) -> None:
    pricing = {
        "price_fen": 320,
        "minimum_quantity": "0.5",
        "tiers": [{"from_quantity": "5", "price_fen": 270}, {"from_quantity": "10.5", "price_fen": 240}],
        "catch_weight": None,
    }
    for _ in range(2):
        answer = client.put(farm.path, headers=farm.headers, json=pricing)
        assert (answer.status_code, answer.json) == (200, pricing)
    assert client.get(farm.path, headers=farm.headers).json == pricing
    assert terms_of(farm.greens) == Terms(Decimal("0.5"), (Tier(Decimal(5), 270), Tier(Decimal("10.5"), 240)))
    shown = client.get(f"/api/v1/listings/{farm.greens.public_id}").json
    assert (shown["price_fen"], shown["price_per_kg_fen"], shown["minimum_quantity"]) == (320, 640, "0.5")
    assert shown["tiers"] == pricing["tiers"]
    assert client.put(farm.path, headers=farm.headers, json={"price_fen": 300}).json["tiers"] == []
    assert terms_of(farm.greens) == Terms()


@pytest.mark.parametrize(
    ("pricing", "status", "code"),
    [
        ({}, 422, "input_invalid"),
        ({"price_fen": "300"}, 422, "input_invalid"),
        ({"price_fen": 0}, 422, "price_invalid"),
        ({"price_fen": 300, "tiers": [{"from_quantity": 5, "price_fen": 270}]}, 422, "input_invalid"),
        ({"price_fen": 300, "tiers": [{"from_quantity": "5", "price_fen": 300}]}, 422, "tiers_not_falling"),
        ({"price_fen": 300, "tiers": [{"from_quantity": "5", "price_fen": 270}] * 5}, 422, "input_invalid"),
        ({"price_fen": 300, "tier": []}, 422, "input_invalid"),
        ({"price_fen": 300, "catch_weight": {"unit": "jin", "grams_min": 1, "grams_max": 2}}, 422, "catch_weight_unit"),
        ({"price_fen": 300, "catch_weight": {"unit": "box", "grams_min": 1, "grams_max": 2}}, 422, "input_invalid"),
        ({"price_fen": 300, "catch_weight": {"unit": "jin", "grams_min": True, "grams_max": 2}}, 422, "input_invalid"),
    ],
)
def test_a_price_that_cannot_be_is_refused_and_nothing_changes(
    client: FlaskClient, farm: Farm, pricing: dict[str, Any], status: int, code: str
) -> None:
    refused = client.put(farm.path, headers=farm.headers, json=pricing)
    assert (refused.status_code, refused.json["code"]) == (status, code)
    db.session.refresh(farm.greens)
    assert (farm.greens.price_fen, terms_of(farm.greens)) == (300, Terms())


def test_prices_are_set_by_the_farm_alone(
    client: FlaskClient, farm: Farm, bearer: Headers, bearer_of: Callable[[Account], Headers]
) -> None:
    stranger = factories.account((RoleKind.FARMER, factories.VILLAGE))
    neighbour = factories.account((RoleKind.FARMER, factories.VILLAGE))
    factories.producer(owner=neighbour)
    for headers, status in ((bearer, 403), (bearer_of(stranger), 404), (bearer_of(neighbour), 404), ({}, 401)):
        assert client.put(farm.path, headers=headers, json={"price_fen": 1}).status_code == status
        assert client.get(farm.path, headers=headers).status_code == status
    db.session.refresh(farm.greens)
    assert farm.greens.price_fen == 300


def test_a_basket_tells_programs_the_price_of_the_quantity_and_the_next_step(
    client: FlaskClient, farm: Farm, bearer: Headers
) -> None:
    db.session.add(PriceTier(listing_id=farm.greens.id, from_quantity=Decimal(5), price_fen=270))
    db.session.commit()
    sent = {"listing": farm.greens.public_id, "quantity": "3"}
    line = client.post("/api/v1/basket/lines", headers=bearer, json=sent).json
    hint = {"more": "2", "price_fen": 270, "less_fen": 30}
    assert (line["price_fen"], line["total_fen"], line["next_tier"]) == (300, 900, hint)
    line = client.patch(f"/api/v1/basket/lines/{line['public_id']}", headers=bearer, json={"quantity": "5"}).json
    assert (line["price_fen"], line["total_fen"], line["next_tier"]) == (270, 1350, None)
    farm.greens.minimum_quantity = Decimal(6)
    db.session.commit()
    line = client.get("/api/v1/basket", headers=bearer).json["lines"][0]
    assert (line["problem"], line["listing"]["minimum_quantity"]) == ("below_minimum", "6")
    refused = client.patch(f"/api/v1/basket/lines/{line['public_id']}", headers=bearer, json={"quantity": "5.9"})
    assert (refused.status_code, refused.json["code"]) == (409, "below_minimum")


def bought(farm: Farm, buyer: Account) -> OrderGroup:
    """A chicken of the farm, bought and paid."""
    with transaction():
        hens = factories.chickens(farm.producer)
        basket = factories.basket(buyer, (hens, 1))
        method = PaymentMethod.BANK_TRANSFER
        group = place_order(buyer.id, buyer.public_id, basket.public_id, TO, method, 8960, now=clock.now())
        confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="operator", now=clock.now())
    return group


def test_a_program_weighs_an_order_once(
    client: FlaskClient, farm: Farm, buyer: Account, bearer: Headers, session: Session
) -> None:
    group = bought(farm, buyer)
    order = group.orders[0].public_id
    path = f"/api/v1/farm/orders/{order}/weights"
    shown = client.get(f"/api/v1/orders/{group.public_id}", headers=bearer).json["orders"][0]["lines"][0]
    row = shown["weighing"]["public_id"]
    assert shown["weighing"] == {
        "public_id": row,
        "unit": "jin",
        "price_fen": 2800,
        "least_grams": 1250,
        "most_grams": 1600,
        "most_fen": 8960,
        "grams": None,
        "weighed_at": None,
    }

    def weigh(grams: Any, **more: Any) -> Any:
        return client.post(path, headers=farm.headers, json={"weights": [{"weighing": row, "grams": grams}], **more})

    for grams, code in ((1601, "weight_range"), (1249, "weight_light"), (0, "input_invalid"), ("1405", "input_invalid")):
        assert weigh(grams).json["code"] == code
    twice = [{"weighing": row, "grams": grams} for grams in (1400, 1500)]
    for weights in ([], twice):
        assert client.post(path, headers=farm.headers, json={"weights": weights}).status_code == 422
    assert session.scalars(select(Weighing.grams)).one() is None
    for _ in range(2):
        answer = weigh(1200, light_is_right=True)
        assert answer.status_code == 200
        assert (answer.json["total_fen"], answer.json["refunded_fen"]) == (8960, 2240)
        assert (answer.json["lines"][0]["total_fen"], answer.json["lines"][0]["weighing"]["grams"]) == (6720, 1200)
    assert weigh(1300).json["code"] == "weighed_already"
    assert session.scalars(select(Refund.amount_fen)).all() == [2240]
    refused = client.post(path, headers=bearer, json={"weights": [{"weighing": row, "grams": 1400}]})
    assert refused.status_code == 403


def test_goods_of_catch_weight_are_told_with_their_price_and_weights(client: FlaskClient, farm: Farm) -> None:
    hens = factories.chickens(farm.producer)
    shown = client.get(f"/api/v1/listings/{hens.public_id}").json
    weight = {"unit": "jin", "price_fen": 2800, "grams_min": 1250, "grams_max": 1600}
    assert (shown["price_fen"], shown["price_per_kg_fen"], shown["catch_weight"]) == (8960, 5600, weight)
    path = f"/api/v1/farm/listings/{hens.public_id}/pricing"
    grams = {"unit": "jin", "grams_min": 1300, "grams_max": 1600}
    answer = client.put(path, headers=farm.headers, json={"price_fen": 3000, "catch_weight": grams})
    assert answer.json["catch_weight"] == {**grams, "price_fen": 3000}
    assert db.session.scalars(select(Listing.price_fen).filter_by(id=hens.id)).one() == 9600
    heavier = {"unit": "jin", "grams_min": 1300, "grams_max": 1700}
    refused = client.put(path, headers=farm.headers, json={"price_fen": 3000, "catch_weight": heavier})
    assert (refused.status_code, refused.json["code"]) == (409, "unit_has_stock")
