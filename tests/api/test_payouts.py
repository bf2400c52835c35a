"""Programs pay out as people do: two of them for one batch, and the farm sees what comes."""

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from marketplace.catalogue.models import Producer
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import transaction
from marketplace.ledger.service import post_transfer
from marketplace.orders.shares import producer_account
from marketplace.transparency.jobs import sign_head_now
from tests import factories

Headers = dict[str, str]
ACCOUNT = {"holder": "杨阿妹", "bank": "丹寨银行", "number": "6222000011112222"}


@pytest.fixture
def farm(client: FlaskClient) -> Producer:
    return factories.producer(owner=factories.account((RoleKind.FARMER, factories.VILLAGE)))


@pytest.fixture
def farmer(farm: Producer, bearer_of: Callable[[Account], Headers]) -> Headers:
    owner = factories.db.session.get_one(Account, farm.account_id)
    code = producer_account(farm.public_id)
    with transaction():
        post_transfer("settlement", "order", "x", {"clearing": -2425, code: 2425}, at=factories.NOW)
    return bearer_of(owner)


@pytest.fixture
def operators(client: FlaskClient, bearer_of: Callable[[Account], Headers]) -> list[Headers]:
    return [bearer_of(factories.account((RoleKind.OPERATOR, ""))) for _ in range(2)]


def test_a_batch_goes_from_one_program_to_the_other_to_the_farm(
    client: FlaskClient, farmer: Headers, operators: list[Headers]
) -> None:
    first, second = operators
    draft = {"way": "bank", "minimum_fen": 1000}
    assert client.post("/api/v1/payouts", json=draft, headers=first).json["code"] == "nothing_payable"
    named = client.post("/api/v1/farm/money/bank-account", json=ACCOUNT, headers=farmer)
    assert (named.status_code, named.json["account_last_four"], named.json["bank"]) == (200, "2222", "丹寨银行")
    made = client.post("/api/v1/payouts", json=draft, headers=first)
    assert made.status_code == 201
    assert "6222000011112222" not in made.text
    batch, line = f"/api/v1/payouts/{made.json['public_id']}", made.json["lines"][0]
    assert (line["amount_fen"], line["state"], line["account_last_four"]) == (2425, "waiting", "2222")
    assert client.post(f"{batch}/approve", headers=first).json["code"] == "second_person_needed"
    assert client.post(f"{batch}/send", headers=first).json["code"] == "payout_batch_state"
    assert client.post(f"{batch}/approve", headers=second).json["state"] == "approved"
    assert client.post(f"{batch}/send", headers=first).json["state"] == "sent"
    confirm = f"/api/v1/payouts/lines/{line['public_id']}/confirm"
    for _ in range(2):
        paid = client.post(confirm, json={"bank_reference": "K1"}, headers=first)
        assert (paid.status_code, paid.json["state"]) == (200, "paid")
    assert client.post(confirm, json={"bank_reference": "K2"}, headers=first).json["code"] == "paid_otherwise"
    assert client.get(batch, headers=second).json["state"] == "closed"
    assert [row["state"] for row in client.get("/api/v1/payouts", headers=second).json["items"]] == ["closed"]
    money = client.get("/api/v1/farm/money", headers=farmer).json
    assert (money["ready_fen"], [(row["amount_fen"], row["state"]) for row in money["payouts"]]) == (0, [(2425, "paid")])
    back = client.post(f"/api/v1/payouts/lines/{line['public_id']}/return", json={"reason": "销户"}, headers=first)
    assert back.json["return_reason"] == "销户"
    assert client.get("/api/v1/farm/money", headers=farmer).json["ready_fen"] == 2425


def test_a_farms_program_gets_the_slip_of_its_own_payout_once_a_head_is_signed(
    client: FlaskClient, farmer: Headers, operators: list[Headers], bearer_of: Callable[[Account], Headers]
) -> None:
    client.post("/api/v1/farm/money/bank-account", json=ACCOUNT, headers=farmer)
    made = client.post("/api/v1/payouts", json={"way": "bank", "minimum_fen": 1}, headers=operators[0]).json
    path = f"/api/v1/farm/money/payouts/{made['lines'][0]['public_id']}/slip"
    unsigned = client.get(path, headers=farmer)
    assert (unsigned.status_code, unsigned.json["code"]) == (404, "slip_not_signed")
    sign_head_now(now=factories.NOW)
    slip = client.get(path, headers=farmer).json
    assert json.loads(slip["booking"])[2:5] == ["payout", "payout_line", made["lines"][0]["public_id"]]
    assert slip["code"].startswith("NONGQIAO1:")
    assert slip["position"] < slip["size"]
    other = factories.account((RoleKind.FARMER, factories.VILLAGE))
    factories.producer(owner=other)
    assert client.get(path, headers=bearer_of(other)).json["code"] == "payout_line_unknown"
    assert client.get(path).status_code == 401


def test_a_discarded_batch_is_payable_again(client: FlaskClient, farmer: Headers, operators: list[Headers]) -> None:
    client.post("/api/v1/farm/money/bank-account", json=ACCOUNT, headers=farmer)
    made = client.post("/api/v1/payouts", json={"way": "bank", "minimum_fen": 1}, headers=operators[0]).json
    gone = client.post(f"/api/v1/payouts/{made['public_id']}/discard", headers=operators[0])
    assert (gone.json["state"], gone.json["lines"][0]["state"]) == ("discarded", "withdrawn")
    money = client.get("/api/v1/farm/money", headers=farmer).json
    assert (money["ready_fen"], money["payouts"]) == (2425, [])


def test_nobody_else_gets_in(client: FlaskClient, farmer: Headers, bearer: Headers) -> None:
    for headers in (bearer, farmer):
        assert client.get("/api/v1/payouts", headers=headers).status_code == 403
        answer = client.post("/api/v1/payouts", json={"way": "bank", "minimum_fen": 1}, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (403, "role_needed")
    assert client.get("/api/v1/farm/money", headers=bearer).status_code == 403
    assert client.get("/api/v1/payouts").status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("payouts", {"way": "pigeon", "minimum_fen": 1}),
        ("payouts", {"way": "bank", "minimum_fen": "1"}),
        ("payouts", {"way": "bank", "minimum_fen": 0}),
        ("farm/money/bank-account", {**ACCOUNT, "number": "12"}),
        ("farm/money/bank-account", {**ACCOUNT, "bank": ""}),
    ],
)
def test_what_is_wrong_is_refused(
    client: FlaskClient, farmer: Headers, operators: list[Headers], path: str, body: dict[str, object]
) -> None:
    headers = farmer if path.startswith("farm") else operators[0]
    assert client.post(f"/api/v1/{path}", json=body, headers=headers).status_code == 422
