"""What became of purchases, over the API."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Invalid
from marketplace.ledger.models import Transfer
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import confirm_payment, ship_order
from marketplace.orders.states import OrderState
from marketplace.payments.models import PaymentMethod
from tests import factories
from tests.api.conftest import Headers
from tests.payments.double import collecting_by_double

ORDERS = "/api/v1/orders"


def bought(
    buyer: Account, *, method: PaymentMethod = PaymentMethod.CASH_ON_DELIVERY, now: datetime = factories.NOW
) -> OrderGroup:
    """A purchase of one box of apples."""
    with transaction():
        basket = factories.basket(buyer, (factories.listing(stock=5), 1))
        to = Destination("张三", "13800000000", "522636", "龙泉镇")
        return place_order(buyer.id, buyer.public_id, basket.public_id, to, method, 1250, now=now)


def shipped(group: OrderGroup) -> Order:
    """The purchase's only order, on its way."""
    order = group.orders[0]
    with transaction():
        return ship_order(order.public_id, order.producer_id, actor="test", now=factories.NOW)


def test_purchases_come_newest_first_page_by_page_even_from_one_moment(
    client: FlaskClient, buyer: Account, bearer: Headers
) -> None:
    made = [bought(buyer).public_id for _ in range(5)]
    seen, after, pages = [], None, 0
    while True:
        query = {"limit": 2, **({"after": after} if after else {})}
        page = client.get(ORDERS, headers=bearer, query_string=query).json
        seen += [group["public_id"] for group in page["items"]]
        pages, after = pages + 1, page["next"]
        if after is None:
            break
    assert seen == made[::-1]
    assert pages == 3


def test_somebody_without_purchases_has_an_empty_page(client: FlaskClient, bearer: Headers) -> None:
    assert client.get(ORDERS, headers=bearer).json == {"items": [], "next": None}


def test_the_purchase_of_another_is_not_there(
    client: FlaskClient, buyer: Account, bearer: Headers, bearer_of: Callable[[Account], Headers]
) -> None:
    group = bought(buyer)
    order = shipped(group)
    stranger = bearer_of(factories.account(login="stranger@example.org"))
    absent = client.get(f"{ORDERS}/22222222222222", headers=bearer)
    foreign = client.get(f"{ORDERS}/{group.public_id}", headers=stranger)
    assert (foreign.status_code, foreign.json) == (404, absent.json)
    assert client.get(ORDERS, headers=stranger).json["items"] == []
    assert client.get(ORDERS, headers=stranger, query_string={"after": group.public_id}).status_code == 404
    address = f"{ORDERS}/{group.public_id}/{order.public_id}/received"
    assert client.post(address, headers=stranger).status_code == 404
    assert db.session.get_one(Order, order.id).state == OrderState.SHIPPED


def test_a_purchase_shows_its_payment(client: FlaskClient, buyer: Account, bearer: Headers) -> None:
    group = bought(buyer, method=PaymentMethod.BANK_TRANSFER)
    payment = payment_of(group)
    shown = client.get(f"{ORDERS}/{group.public_id}", headers=bearer).json
    assert shown["payment"] == {
        "reference": payment.reference,
        "method": "bank_transfer",
        "amount_fen": 1250,
        "state": "awaiting",
    }
    assert (shown["paid_at"], shown["placed_at"]) == (None, "2026-06-15T04:00:00+00:00")
    with transaction():
        confirm_payment(payment, actor="test", now=factories.NOW)
    shown = client.get(f"{ORDERS}/{group.public_id}", headers=bearer).json
    assert (shown["paid_at"], shown["payment"]["state"]) == ("2026-06-15T04:00:00+00:00", "paid")


def test_receiving_settles_what_was_paid_for_once(client: FlaskClient, buyer: Account, bearer: Headers) -> None:
    group = bought(buyer)
    order = shipped(group)
    with transaction():
        confirm_payment(payment_of(group), actor="test", now=factories.NOW)
    address = f"{ORDERS}/{group.public_id}/{order.public_id}/received"
    first, again = client.post(address, headers=bearer), client.post(address, headers=bearer)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    assert (first.json["state"], first.json["public_id"]) == ("accepted", order.public_id)
    kinds = db.session.scalars(select(Transfer.kind).order_by(Transfer.id)).all()
    assert kinds == ["payment", "settlement"]


def test_what_was_not_shipped_cannot_be_received(client: FlaskClient, buyer: Account, bearer: Headers) -> None:
    group = bought(buyer)
    order = group.orders[0]
    refused = client.post(f"{ORDERS}/{group.public_id}/{order.public_id}/received", headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (409, "order_state")
    assert refused.json["errors"] == {"state": "placed", "action": "accept"}
    db.session.expire_all()
    assert (order.state, order.accepted_at) == (OrderState.PLACED, None)


def test_an_order_is_received_under_its_own_purchase_alone(client: FlaskClient, buyer: Account, bearer: Headers) -> None:
    one, other = bought(buyer), bought(buyer)
    order = shipped(one)
    refused = client.post(f"{ORDERS}/{other.public_id}/{order.public_id}/received", headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (404, "order_unknown")
    db.session.expire_all()
    assert (order.state, order.accepted_at) == (OrderState.SHIPPED, None)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "ten"}, {"after": "A"}, {"before": "x"}])
def test_a_page_that_cannot_be_is_refused(client: FlaskClient, bearer: Headers, query: dict[str, object]) -> None:
    refused = client.get(ORDERS, headers=bearer, query_string=query)
    assert (refused.status_code, set(refused.json["errors"])) == (422, set(query))


def test_an_online_purchase_answers_its_page_and_another_that_there_is_nothing_to_pay(
    client: FlaskClient, buyer: Account, bearer: Headers
) -> None:
    with collecting_by_double() as double:
        group = bought(buyer, method=PaymentMethod.ONLINE, now=clock.now())
        path = f"{ORDERS}/{group.public_id}/pay"
        answer = client.post(path, headers=bearer)
        assert (answer.status_code, answer.json) == (200, {"pay_url": double.sessions()[0]["url"]})
        assert client.post(path, headers=bearer).json == answer.json
        double.pay()
        assert client.post(path, headers=bearer).json == {"pay_url": None}
        again = client.post(path, headers=bearer)
        assert (again.status_code, again.json["code"]) == (409, "nothing_to_pay")
        assert client.get(f"{ORDERS}/{group.public_id}", headers=bearer).json["payment"]["state"] == "paid"
    cash = client.post(f"{ORDERS}/{bought(buyer).public_id}/pay", headers=bearer)
    assert (cash.status_code, cash.json["code"]) == (409, "nothing_to_pay")


def test_paying_online_is_refused_where_nobody_collects(buyer: Account) -> None:
    with pytest.raises(Invalid) as refused:
        bought(buyer, method=PaymentMethod.ONLINE)
    assert refused.value.code == "method_unavailable"
    assert db.session.scalars(select(OrderGroup)).all() == []
