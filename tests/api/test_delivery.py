"""Delivery by program: what it costs, the parcels on their way, hubs, and the terms."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.delivery.models import MethodKind, Temperature
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Order, Shipment
from marketplace.orders.queries import payment_of
from marketplace.orders.service import confirm_payment
from marketplace.payments.queries import get_payment
from tests import factories
from tests.api.conftest import Headers
from tests.factories import delivery as terms

DESTINATION = {"recipient": "张三", "phone": "138 0000 0000", "area_code": "522636", "address": "龙泉镇 1 号"}


class Shop:
    """Two farms of one village that share a hub, each with a box of 1.5 kg at 10 yuan, and a basket with both."""

    def __init__(self, buyer: Account) -> None:
        self.owners = [factories.account((RoleKind.FARMER, "522636")) for _ in range(2)]
        self.keeper = factories.account()
        self.courier = factories.account()
        self.operator = factories.account((RoleKind.OPERATOR, ""))
        farms = [factories.producer(owner=owner) for owner in self.owners]
        self.listings = [factories.listing(farm, price_fen=1000) for farm in farms]
        self.hub = terms.hub(keeper=self.keeper.public_id)
        terms.method(MethodKind.HUB, {Temperature.AMBIENT: (500, 100)}, at=self.hub)
        self.sf = terms.carrier("sf", account=self.courier.public_id)
        self.method = terms.method(by=self.sf)
        self.basket = factories.basket(buyer, *((listing, 1) for listing in self.listings))

    def buy(self, client: FlaskClient, bearer: Headers, total_fen: int, **more: Any) -> Any:
        """Check out."""
        body = {
            "basket": self.basket.public_id,
            "expected_total_fen": total_fen,
            "destination": DESTINATION,
            "payment_method": "bank_transfer",
            **more,
        }
        return client.post("/api/v1/checkout", json=body, headers={**bearer, "Idempotency-Key": str(total_fen)})


@pytest.fixture
def shop(buyer: Account) -> Shop:
    return Shop(buyer)


def paid(shop: Shop, client: FlaskClient, bearer: Headers, total_fen: int, **more: Any) -> list[Order]:
    """The orders of a purchase whose money has come."""
    assert shop.buy(client, bearer, total_fen, **more).status_code == 201
    orders = list(db.session.scalars(select(Order).order_by(Order.id)))
    with transaction():
        payment = get_payment(payment_of(orders[0].group).public_id, lock=True)
        confirm_payment(payment, actor="test", now=clock.now())
    return orders


def test_a_basket_says_how_it_can_travel_and_what_that_costs(client: FlaskClient, bearer: Headers, shop: Shop) -> None:
    answer = client.get("/api/v1/basket/delivery?area_code=522636", headers=bearer)
    assert answer.status_code == 200
    found: Any = answer.json
    assert {name: found[name] for name in ("goods_fen", "delivery_fen", "total_fen")} == {
        "goods_fen": 2000,
        "delivery_fen": 700,
        "total_fen": 2700,
    }
    (group,) = found["groups"]
    assert (group["group"], group["together"], len(group["sellers"])) == (shop.hub.public_id, True, 2)
    assert [(way["kind"], way["total_fen"]) for way in group["ways"]] == [("hub", 700), ("courier", 1500)]
    assert group["ways"][0]["parts"] == [
        {
            "temperature": "ambient",
            "grams": 3000,
            "kilograms": 3,
            "first_kg_fen": 500,
            "each_kg_fen": 100,
            "free_from_fen": None,
            "fen": 700,
        }
    ]


def test_the_way_that_is_named_is_taken_and_kept_with_the_order(client: FlaskClient, bearer: Headers, shop: Shop) -> None:
    way = {"group": shop.hub.public_id, "way": shop.method.public_id}
    assert shop.buy(client, bearer, 2700, delivery=[way]).status_code == 409
    answer: Any = shop.buy(client, bearer, 3500, delivery=[way])
    assert answer.status_code == 201
    assert [(o["goods_fen"], o["delivery_fen"], o["total_fen"]) for o in answer.json["orders"]] == [(1000, 750, 1750)] * 2
    assert answer.json["orders"][0]["delivery"]["kind"] == "courier"


@pytest.mark.parametrize(
    "delivery", [[{"group": "x", "way": "y"}], [{"group": "2" * 14}], {}, [{"group": "2" * 14, "way": "-"}]]
)
def test_a_way_that_cannot_be_one_is_refused(client: FlaskClient, bearer: Headers, shop: Shop, delivery: Any) -> None:
    assert shop.buy(client, bearer, 2700, delivery=delivery).status_code == 422
    assert db.session.scalars(select(Order)).all() == []


def test_a_parcel_goes_by_hub_and_carrier_and_each_tells_its_own(
    client: FlaskClient, bearer: Headers, bearer_of: Callable[[Account], Headers], shop: Shop
) -> None:
    orders = paid(shop, client, bearer, 2700)
    names = [order.public_id for order in orders]
    group, hub = orders[0].group.public_id, shop.hub.public_id
    farmer, keeper, courier = (bearer_of(one) for one in (shop.owners[0], shop.keeper, shop.courier))
    answer: Any = client.post(f"/api/v1/farm/orders/{names[0]}/shipped", json={}, headers=farmer)
    assert (answer.status_code, answer.json["state"]) == (200, "shipped")
    assert client.post(f"/api/v1/farm/orders/{names[1]}/shipped", json={}, headers=farmer).status_code == 404
    for name in names:
        assert client.post(f"/api/v1/hubs/{hub}/orders/{name}/received", headers=farmer).status_code == 404
        assert client.post(f"/api/v1/hubs/{hub}/orders/{name}/received", headers=keeper).status_code == 200
    shipment = db.session.scalars(select(Shipment.public_id)).one()
    path = f"/api/v1/hubs/{hub}/shipments/{shipment}/dispatched"
    assert client.post(path, json={"carrier": "sf"}, headers=keeper).status_code == 422
    assert client.post(path, json={"carrier": "nobody", "number": "SF1234567"}, headers=keeper).status_code == 404
    answer = client.post(path, json={"carrier": "sf", "number": "SF1234567"}, headers=keeper)
    assert (answer.status_code, answer.json["state"], answer.json["orders"]) == (200, "handed_over", names)
    found: Any = client.get("/api/v1/shipments?carrier=sf&number=sf1234567", headers=courier)
    assert (found.status_code, found.json["public_id"]) == (200, shipment)
    assert client.get("/api/v1/shipments?carrier=sf&number=sf1234567", headers=keeper).status_code == 404
    at = clock.now().isoformat()
    events = f"/api/v1/shipments/{shipment}/events"
    news = {"kind": "in_transit", "at": at, "place": "贵阳", "key": "scan-1"}
    for who in (farmer, keeper, bearer):
        assert client.post(events, json=news, headers=who).status_code == 404
    assert [client.post(events, json=news, headers=courier).json for _ in range(2)] == [
        {"new": True, "state": "in_transit"},
        {"new": False, "state": "in_transit"},
    ]
    later = (clock.now() + timedelta(days=1)).isoformat()
    assert client.post(events, json={"kind": "delivered", "at": later}, headers=courier).status_code == 422
    assert client.post(events, json={"kind": "delivered", "at": at}, headers=courier).status_code == 200
    assert client.post(events, json={"kind": "lost", "at": at}, headers=bearer_of(shop.operator)).status_code == 409
    journey: Any = client.get(f"/api/v1/orders/{group}/shipments", headers=bearer).json
    assert [event["kind"] for event in journey["items"][0]["events"]].count("delivered") == 1
    assert [order.state for order in db.session.scalars(select(Order).order_by(Order.id))] == ["delivered", "delivered"]


def test_whoever_drives_a_parcel_themselves_tells_of_it(
    client: FlaskClient, bearer: Headers, bearer_of: Callable[[Account], Headers], shop: Shop
) -> None:
    terms.carrier("van", numbered=False)
    way = {"group": shop.hub.public_id, "way": shop.method.public_id}
    orders = paid(shop, client, bearer, 3500, delivery=[way])
    farmer, other = (bearer_of(owner) for owner in shop.owners)
    answer = client.post(f"/api/v1/farm/orders/{orders[0].public_id}/shipped", json={"carrier": "van"}, headers=farmer)
    assert answer.status_code == 200
    events = f"/api/v1/shipments/{db.session.scalars(select(Shipment.public_id)).one()}/events"
    news = {"kind": "delivered", "at": clock.now().isoformat()}
    assert client.post(events, json=news, headers=other).status_code == 404
    assert client.post(events, json=news, headers=farmer).json == {"new": True, "state": "delivered"}


def test_the_operator_sets_terms_and_everybody_reads_them(
    client: FlaskClient, bearer: Headers, bearer_of: Callable[[Account], Headers], shop: Shop
) -> None:
    path = f"/api/v1/delivery/methods/{shop.method.public_id}/zones"
    today = clock.local_day(clock.now()).isoformat()
    rate = {"temperature": "chilled", "first_kg_fen": 900, "each_kg_fen": 300}
    zone = {"area_code": "522636", "from_day": today, "days_from": 1, "days_to": 2, "rates": [rate]}
    assert client.post(path, json=zone, headers=bearer).status_code == 403
    operator = bearer_of(shop.operator)
    dear = {**zone, "rates": [{**rate, "each_kg_fen": 901}]}
    assert client.post(path, json=dear, headers=operator).status_code == 422
    assert client.post(path, json={**zone, "from_day": "2020-01-01"}, headers=operator).status_code == 422
    assert client.post(path, json=zone, headers=operator).status_code == 201
    found: Any = client.get("/api/v1/delivery/methods").json
    zones = found["items"][0]["zones"]
    assert [(row["area_code"], row["rates"]) for row in zones] == [
        (None, [{"temperature": "ambient", "first_kg_fen": 600, "each_kg_fen": 150, "free_from_fen": None}]),
        ("522636", [{**rate, "free_from_fen": None}]),
    ]


PLACE = {
    "name_zh": "北门自提点",
    "name_en": "North gate point",
    "area_code": "522636",
    "address": "北门 1 号",
    "hours": "8:00–20:00",
}


def test_the_operator_gives_sellers_a_way_to_send_names_it_anew_and_ends_it(
    client: FlaskClient, bearer: Headers, bearer_of: Callable[[Account], Headers], shop: Shop
) -> None:
    operator = bearer_of(shop.operator)
    way = {"kind": "courier", "name_zh": "顺丰冷链", "name_en": "Cold courier", "origin_code": "522636", "carrier": "sf"}
    methods = "/api/v1/delivery/methods"
    assert client.post(methods, json=way, headers=bearer).status_code == 403
    for wrong, status, code in (
        ({"hub": shop.hub.public_id}, 422, "method_hub"),
        ({"carrier": "nobody"}, 404, "carrier_unknown"),
        ({"origin_code": "999999"}, 422, "delivery_area_unknown"),
        ({"kind": "pigeon"}, 422, "input_invalid"),
    ):
        answer = client.post(methods, json={**way, **wrong}, headers=operator)
        assert (answer.status_code, answer.json["code"]) == (status, code)  # type: ignore[index]
    made: Any = client.post(methods, json=way, headers=operator)
    today = clock.local_day(clock.now()).isoformat()
    assert made.status_code == 201
    path = f"{methods}/{made.json['public_id']}"
    expected = {**way, "public_id": made.json["public_id"], "hub": None, "valid_from": today, "valid_to": None, "zones": []}
    assert made.json == expected == client.get(path).json
    renamed: Any = client.patch(path, json={"name_en": "Chilled courier"}, headers=operator)
    assert renamed.json == {**expected, "name_en": "Chilled courier"}
    ended: Any = client.post(f"{path}/end", headers=operator)
    assert (ended.status_code, ended.json["valid_to"]) == (200, today)
    assert client.post(f"{path}/end", headers=operator).json == ended.json
    refused: Any = client.patch(path, json={"name_en": "Again"}, headers=operator)
    assert (refused.status_code, refused.json["code"]) == (422, "delivery_ended")
    assert client.get(path).json == ended.json


def test_the_operator_opens_changes_and_closes_a_pickup_point(
    client: FlaskClient, bearer: Headers, bearer_of: Callable[[Account], Headers], shop: Shop
) -> None:
    operator, points = bearer_of(shop.operator), "/api/v1/delivery/points"
    for method, path in (("get", points), ("post", points)):
        assert getattr(client, method)(path, json={**PLACE, "capacity": 5}, headers=bearer).status_code == 403
    assert client.post(points, json={**PLACE, "capacity": 100_001}, headers=operator).status_code == 422
    assert client.post(points, json={**PLACE, "area_code": "999999", "capacity": 5}, headers=operator).status_code == 422
    made: Any = client.post(points, json={**PLACE, "capacity": 5}, headers=operator)
    assert made.status_code == 201
    path = f"{points}/{made.json['public_id']}"
    found: Any = client.get(points, headers=operator).json
    assert found["items"] == [made.json] == [client.get(path, headers=operator).json]
    assert {name: made.json[name] for name in PLACE} == PLACE
    changed: Any = client.patch(path, json={"capacity": 0, "hours": "9:00–12:00"}, headers=operator)
    assert changed.json == {**made.json, "capacity": 0, "hours": "9:00–12:00"}
    assert client.patch(path, json={"area_code": "522601"}, headers=operator).status_code == 422
    ended: Any = client.post(f"{path}/end", headers=operator)
    assert ended.json["valid_to"] == clock.local_day(clock.now()).isoformat()


def test_a_hub_gets_another_keeper_who_then_does_its_work(
    client: FlaskClient, bearer: Headers, bearer_of: Callable[[Account], Headers], shop: Shop
) -> None:
    operator, hubs = bearer_of(shop.operator), "/api/v1/delivery/hubs"
    made: Any = client.post(hubs, json={**PLACE, "login": shop.keeper.login}, headers=operator)
    assert (made.status_code, made.json["keeper"]) == (201, shop.keeper.public_id)
    path = f"{hubs}/{made.json['public_id']}"
    nobody: Any = client.patch(path, json={"login": "nobody@example.org"}, headers=operator)
    assert (nobody.status_code, nobody.json["code"]) == (422, "login_unknown")
    assert client.patch(path, json={"login": shop.courier.login}, headers=operator).json["keeper"] == shop.courier.public_id  # type: ignore[index]
    received = f"/api/v1/hubs/{made.json['public_id']}/orders/{'2' * 14}/received"
    codes = [client.post(received, headers=bearer_of(who)).json["code"] for who in (shop.keeper, shop.courier)]  # type: ignore[index]
    assert codes == ["hub_unknown", "order_unknown"]
    assert client.patch(path, json={"login": None}, headers=operator).json["keeper"] is None  # type: ignore[index]
    assert client.patch(path, json={"hours": "8"}, headers=bearer).status_code == 403


def test_carriers_are_added_once(client: FlaskClient, bearer_of: Callable[[Account], Headers], shop: Shop) -> None:
    operator, carriers = bearer_of(shop.operator), "/api/v1/delivery/carriers"
    van = {"code": "van", "name_zh": "村里面包车", "name_en": "Village van", "numbered": False}
    assert client.post(carriers, json={**van, "login": "nobody@example.org"}, headers=operator).status_code == 422
    answers = [client.post(carriers, json=van, headers=operator) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 409]
    found: Any = client.get(carriers).json
    assert [row["code"] for row in found["items"]] == ["sf", "van"]


def test_of_two_programs_that_read_the_same_only_the_first_changes_it(
    client: FlaskClient, bearer_of: Callable[[Account], Headers], shop: Shop
) -> None:
    operator = bearer_of(shop.operator)
    path = f"/api/v1/delivery/hubs/{shop.hub.public_id}"
    seen = {**operator, "If-Match": client.get(path, headers=operator).headers["ETag"]}
    assert client.patch(path, json={"hours": "6:00–9:00"}, headers=seen).status_code == 200
    late: Any = client.patch(path, json={"hours": "never"}, headers=seen)
    assert (late.status_code, late.json["code"]) == (412, "precondition_failed")
    now: Any = client.get(path, headers=operator)
    assert now.json["hours"] == "6:00–9:00"
    again = {**operator, "If-Match": now.headers["ETag"]}
    assert client.patch(path, json={"hours": "7:00–9:00"}, headers=again).status_code == 200
    zones = f"/api/v1/delivery/methods/{shop.method.public_id}"
    seen = {**operator, "If-Match": client.get(zones).headers["ETag"]}
    zone = {"from_day": clock.local_day(clock.now()).isoformat(), "days_from": 1, "days_to": 2, "rates": []}
    assert client.post(f"{zones}/zones", json=zone, headers=seen).status_code == 201
    assert client.post(f"{zones}/zones", json=zone, headers=seen).status_code == 412
