"""The operator's programs confirm, give back and read the ledger as the operator does, each act once."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.ledger.models import Transfer
from marketplace.orders.dues import lower_amount_due
from marketplace.orders.models import OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.payments.models import PaymentMethod, Refund
from marketplace.payments.queries import get_payment_for
from tests import factories
from tests.api.conftest import Headers, token_header

OPERATIONS = "/api/v1/operations"


@pytest.fixture
def operator(client: FlaskClient) -> Headers:
    return token_header(factories.account((RoleKind.OPERATOR, "")))


@pytest.fixture
def group(client: FlaskClient, buyer: Account) -> OrderGroup:
    """A purchase of 25 yuan, to be paid by bank transfer."""
    basket = factories.basket(buyer, (factories.listing(price_fen=2500), 1))
    with transaction():
        return place_order(
            buyer.id,
            buyer.public_id,
            basket.public_id,
            Destination("张三", "13800000000", "522636", "龙泉镇"),
            PaymentMethod.BANK_TRANSFER,
            2500,
            now=clock.now(),
        )


def paid(client: FlaskClient, operator: Headers, group: OrderGroup) -> dict[str, object]:
    """The purchase's payment, confirmed."""
    (row,) = client.get(f"{OPERATIONS}/payments", headers=operator, query_string={"reference": group.reference}).json["items"]
    assert client.post(f"{OPERATIONS}/payments/{row['public_id']}/confirm", headers=operator).json["done"]
    return dict(row)


def test_a_transfer_is_booked_once_however_often_it_is_confirmed(
    client: FlaskClient, operator: Headers, group: OrderGroup
) -> None:
    row = paid(client, operator, group)
    again = client.post(f"{OPERATIONS}/payments/{row['public_id']}/confirm", headers=operator)
    assert (again.status_code, again.json["state"], again.json["done"]) == (200, "paid", False)
    assert db.session.scalar(select(func.count(Transfer.id))) == 1
    ledger = client.get(f"{OPERATIONS}/ledger", headers=operator).json
    assert ledger == {
        "items": [{"account": "buyers", "balance_fen": -2500}, {"account": "clearing", "balance_fen": 2500}],
        "sum_fen": 0,
    }


def test_part_of_an_order_goes_back_once_and_a_person_says_that_it_was_sent(
    client: FlaskClient, operator: Headers, group: OrderGroup
) -> None:
    row = paid(client, operator, group)
    (order,) = row["orders"]  # type: ignore[misc]
    path = f"{OPERATIONS}/orders/{order['public_id']}/refunds"
    body = {"amount_fen": 500, "expected_refunded_fen": 0}
    made = client.post(path, headers=operator, json=body)
    assert (made.status_code, made.json["amount_fen"], made.json["state"]) == (201, 500, "created")
    again = client.post(path, headers=operator, json=body)
    assert (again.status_code, again.json["code"]) == (409, "refund_changed")
    assert client.post(path, headers=operator, json={"amount_fen": 0, "expected_refunded_fen": 500}).status_code == 422
    too_much = client.post(path, headers=operator, json={"amount_fen": 2001, "expected_refunded_fen": 500})
    assert (too_much.status_code, too_much.json["code"]) == (409, "refund_too_large")
    assert db.session.scalar(select(func.count(Refund.id))) == 1
    by_hand = client.get(f"{OPERATIONS}/refunds/by-hand", headers=operator).json["items"]
    assert [item["public_id"] for item in by_hand] == [made.json["public_id"]]
    sent = client.post(f"{OPERATIONS}/refunds/{made.json['public_id']}/sent", headers=operator)
    assert (sent.status_code, sent.json["state"]) == (200, "by_hand")
    today = clock.local_day(clock.now()).isoformat()
    asked = {"account": "buyers", "from": today, "to": today}
    statement = client.get(f"{OPERATIONS}/ledger/statement", headers=operator, query_string=asked).json
    assert [(line["kind"], line["amount_fen"], line["balance_fen"]) for line in statement["lines"]] == [
        ("payment", -2500, -2500),
        ("refund_by_hand", 500, -2000),
    ]
    assert (statement["opening_fen"], statement["closing_fen"]) == (0, -2000)


def test_an_order_that_has_not_left_is_cancelled_with_all_of_its_money(
    client: FlaskClient, operator: Headers, group: OrderGroup
) -> None:
    (order,) = paid(client, operator, group)["orders"]  # type: ignore[misc]
    path = f"{OPERATIONS}/orders/{order['public_id']}/cancel"
    assert client.post(path, headers=operator).json["amount_fen"] == 2500
    assert client.post(path, headers=operator).status_code == 204
    assert db.session.scalar(select(func.count(Refund.id))) == 1


def test_a_purchase_nobody_paid_for_is_given_up_once(client: FlaskClient, operator: Headers, group: OrderGroup) -> None:
    (row,) = client.get(f"{OPERATIONS}/payments", headers=operator).json["items"]
    path = f"{OPERATIONS}/payments/{row['public_id']}/cancel"
    assert [client.post(path, headers=operator).json["done"] for _ in range(2)] == [True, False]
    refused = client.post(f"{OPERATIONS}/payments/{row['public_id']}/confirm", headers=operator)
    assert refused.status_code == 409
    assert db.session.scalar(select(func.count(Transfer.id))) == 0


def test_a_buyer_gives_nothing_back_and_reads_no_ledger(client: FlaskClient, bearer: Headers, group: OrderGroup) -> None:
    order = group.orders[0].public_id
    body = {"amount_fen": 500, "expected_refunded_fen": 0}
    assert client.post(f"{OPERATIONS}/orders/{order}/refunds", headers=bearer, json=body).status_code == 403
    assert client.get(f"{OPERATIONS}/ledger", headers=bearer).status_code == 403
    assert client.get(f"{OPERATIONS}/payments", headers=bearer).status_code == 403


def test_an_account_on_which_no_money_ever_stood_has_no_statement(client: FlaskClient, operator: Headers) -> None:
    asked = {"account": "producer:nobody", "from": "2026-01-01", "to": "2026-01-31"}
    refused = client.get(f"{OPERATIONS}/ledger/statement", headers=operator, query_string=asked)
    assert (refused.status_code, refused.json["code"]) == (404, "ledger_account_unknown")
    refused = client.get(f"{OPERATIONS}/ledger/statement", headers=operator, query_string={**asked, "account": "a\x00"})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["account"])


def test_a_transfer_for_a_cancelled_purchase_is_booked_once_and_goes_back_by_hand(
    client: FlaskClient, operator: Headers, bearer: Headers, group: OrderGroup
) -> None:
    (row,) = client.get(f"{OPERATIONS}/payments", headers=operator, query_string={"reference": group.reference}).json["items"]
    path = f"{OPERATIONS}/payments/{row['public_id']}/unapplied"
    body = {"amount_fen": 2500, "bank_reference": "CMB 2026-11-26/17"}
    assert client.post(path, headers=bearer, json=body).status_code == 403
    early = client.post(path, headers=operator, json=body)
    assert (early.status_code, early.json["code"]) == (409, "payment_open")
    assert client.post(f"{OPERATIONS}/payments/{row['public_id']}/cancel", headers=operator).json["state"] == "cancelled"
    assert client.post(path, headers=operator, json={**body, "bank_reference": ""}).status_code == 422
    assert client.post(path, headers=operator, json={**body, "amount_fen": 0}).status_code == 422
    answers = [client.post(path, headers=operator, json=body).json for _ in range(2)]
    assert answers == [{"public_id": row["public_id"], "state": "cancelled", "done": done} for done in (True, False)]
    other = client.post(path, headers=operator, json={**body, "amount_fen": 2400})
    assert (other.status_code, other.json["code"]) == (409, "bank_reference_used")
    (back,) = client.get(f"{OPERATIONS}/refunds/by-hand", headers=operator).json["items"]
    ledger = client.get(f"{OPERATIONS}/ledger", headers=operator).json["items"]
    assert ledger == [{"account": "buyers", "balance_fen": -2500}, {"account": "refunds", "balance_fen": 2500}]
    assert client.post(f"{OPERATIONS}/refunds/{back['public_id']}/sent", headers=operator).json["state"] == "by_hand"
    ledger = client.get(f"{OPERATIONS}/ledger", headers=operator).json["items"]
    assert [account["balance_fen"] for account in ledger] == [0, 0]


def test_what_was_never_charged_is_not_said_to_have_been_given_back(
    client: FlaskClient, operator: Headers, bearer: Headers, group: OrderGroup
) -> None:
    (order,) = group.orders
    with transaction():
        lower_amount_due(get_payment_for("order_group", group.public_id, lock=True), group, order, 700, now=clock.now())
    (row,) = client.get(f"{OPERATIONS}/payments", headers=operator, query_string={"reference": group.reference}).json["items"]
    amounts = {"total_fen": 2500, "refunded_fen": 0, "uncharged_fen": 700}
    assert {name: row["orders"][0][name] for name in amounts} == amounts
    paid(client, operator, group)
    path = f"{OPERATIONS}/orders/{order.public_id}/refunds"
    assert client.post(path, headers=operator, json={"amount_fen": 500, "expected_refunded_fen": 700}).status_code == 409
    assert client.post(path, headers=operator, json={"amount_fen": 500, "expected_refunded_fen": 0}).status_code == 201
    too_much = client.post(path, headers=operator, json={"amount_fen": 1301, "expected_refunded_fen": 500})
    assert (too_much.status_code, too_much.json["code"]) == (409, "refund_too_large")
    own = client.get(f"/api/v1/orders/{group.public_id}", headers=bearer).json
    amounts = {"total_fen": 2500, "refunded_fen": 500, "uncharged_fen": 700}
    assert {name: own["orders"][0][name] for name in amounts} == amounts
    assert (own["total_fen"], own["payment"]["amount_fen"]) == (1800, 1800)
