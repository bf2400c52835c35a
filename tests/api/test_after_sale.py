"""What programs can do after the sale: the same as people, with the same refusals."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.orders.models import Claim
from tests import factories
from tests.aftersale import sale as sale_module
from tests.aftersale.sale import Sale, jpeg

PICTURE = base64.b64encode(jpeg()).decode()


class Parties:
    """A purchase that came an hour ago, and a program of each of its people."""

    def __init__(self, client: FlaskClient, bearer_of: Callable[[Account], dict[str, str]]) -> None:
        self.client, self.sale = client, Sale()
        db.session.commit()
        people = {
            "buyer": self.sale.buyer_account,
            "farmer": self.sale.farmer,
            "operator": self.sale.first_operator,
            "colleague": self.sale.second_operator,
            "stranger": factories.account(name="路人"),
        }
        self.bearer = {name: bearer_of(account) for name, account in people.items()}
        self.order = f"/orders/{self.sale.group.public_id}/{self.sale.order_id}"

    def call(self, who: str, method: str, path: str, **body: Any) -> Any:
        """What one of them is answered, as (status, body)."""
        given = {"json": body} if method != "GET" and body else {}
        answer = self.client.open(f"/api/v1{path}", method=method, headers=self.bearer[who], **given)
        return answer.status_code, answer.get_json(silent=True)

    def claim(self, **body: Any) -> Any:
        """File a claim as the buyer."""
        given = {"line": 1, "kind": "rotten", "share_bp": 5000, "words": "烂了", "pictures": [PICTURE], **body}
        return self.call("buyer", "POST", f"{self.order}/claims", **given)


@pytest.fixture
def parties(client: FlaskClient, bearer_of: Callable[[Account], dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Parties:
    monkeypatch.setattr(sale_module, "NOW", clock.now() - timedelta(hours=1))
    return Parties(client, bearer_of)


def test_a_claim_is_filed_answered_and_paid(parties: Parties) -> None:
    status, claim = parties.claim()
    assert (status, claim["state"], claim["asked_fen"], claim["line"], claim["order"]) == (
        201,
        "filed",
        1250,
        1,
        parties.sale.order_id,
    )
    assert parties.call("buyer", "GET", "/claims")[1]["items"] == [claim]
    assert parties.call("farmer", "GET", "/farm/claims")[1]["items"] == [claim]
    path = f"/farm/claims/{claim['public_id']}"
    status, offered = parties.call("farmer", "POST", f"{path}/offer", amount_fen=400, words="一点点")
    assert (status, offered["state"], offered["offered_fen"]) == (200, "offered", 400)
    status, taken = parties.call("buyer", "POST", f"/claims/{claim['public_id']}/take")
    assert (status, taken["state"], taken["settled_fen"]) == (200, "settled", 400)
    assert [(step["party"], step["action"]) for step in taken["steps"]] == [
        ("buyer", "file"),
        ("seller", "offer"),
        ("buyer", "take"),
    ]


def test_a_dispute_is_ruled_and_appealed(parties: Parties) -> None:
    claim = parties.claim()[1]["public_id"]
    parties.call("farmer", "POST", f"/farm/claims/{claim}/refuse", words="没坏")
    parties.call("buyer", "POST", f"/claims/{claim}/dispute", words="坏了")
    assert [row["public_id"] for row in parties.call("operator", "GET", "/operator/claims")[1]["items"]] == [claim]
    ruling = {"amount_fen": 1000, "goodwill_fen": 400, "reason": "一半"}
    assert parties.call("buyer", "POST", f"/operator/claims/{claim}/rule", **ruling)[0] == 403
    assert parties.call("operator", "POST", f"/operator/claims/{claim}/rule", **ruling)[1]["state"] == "ruled"
    assert parties.call("farmer", "POST", f"/claims/{claim}/appeal", words="太多")[1]["state"] == "appealed"
    status, problem = parties.call("operator", "POST", f"/operator/claims/{claim}/rule", **ruling)
    assert (status, problem["code"]) == (403, "another_operator")
    status, settled = parties.call("colleague", "POST", f"/operator/claims/{claim}/rule", amount_fen=800, reason="好")
    assert (status, settled["settled_fen"]) == (200, 800)


def test_a_picture_is_read_by_its_own_people_alone(parties: Parties) -> None:
    claim = parties.claim()[1]
    path = f"/claims/{claim['public_id']}/pictures/{claim['pictures'][0]}"
    for who in ("buyer", "farmer", "operator"):
        with parties.client.get(f"/api/v1{path}", headers=parties.bearer[who]) as answer:
            assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert parties.call("stranger", "GET", path)[0] == 404
    assert parties.call("stranger", "GET", f"/claims/{claim['public_id']}")[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"pictures": []}, 422, "picture_needed"),
        ({"pictures": ["AAAA"]}, 422, "picture_kind"),
        ({"pictures": ["A==="]}, 422, "input_invalid"),
        ({"pictures": [PICTURE] * 7}, 422, "input_invalid"),
        ({"line": 3}, 404, "line_unknown"),
        ({"line": 0}, 422, "input_invalid"),
        ({"kind": "boring"}, 422, "input_invalid"),
        ({"kind": "not_arrived", "pictures": []}, 409, "already_received"),
        ({"asked_fen": 2501}, 409, "claim_too_large"),
        ({"share_bp": 0}, 422, "input_invalid"),
        ({"extra": 1}, 422, "input_invalid"),
    ],
)
def test_a_claim_that_cannot_be_is_refused(parties: Parties, body: dict[str, Any], status: int, code: str) -> None:
    answer = parties.claim(**body)
    assert (answer[0], answer[1]["code"]) == (status, code)
    assert db.session.scalar(select(func.count()).select_from(Claim)) == 0


def test_nobody_claims_on_anothers_order(parties: Parties) -> None:
    assert parties.call("stranger", "POST", f"{parties.order}/claims", line=1, kind="other", words="x", asked_fen=1)[0] == 404


def test_messages_go_both_ways_masked_and_are_read(parties: Parties) -> None:
    status, sent = parties.call("buyer", "POST", f"{parties.order}/messages", words="打 13800138000\n谢谢")
    assert (status, sent["words"], sent["sent_by"], sent["read_at"]) == (201, "打 ***\n谢谢", "buyer", None)
    farm = f"/farm/orders/{parties.sale.order_id}/messages"
    assert parties.call("farmer", "GET", farm)[1]["items"][0]["read_at"] is not None
    assert parties.call("farmer", "POST", farm, words="好的")[0] == 201
    assert len(parties.call("buyer", "GET", f"{parties.order}/messages")[1]["items"]) == 2
    assert parties.call("stranger", "GET", f"{parties.order}/messages")[0] == 404
    for _ in range(19):
        parties.call("buyer", "POST", f"{parties.order}/messages", words="再说一句")
    status, problem = parties.call("buyer", "POST", f"{parties.order}/messages", words="再说一句")
    assert (status, problem["code"]) == (429, "too_many_messages")


def test_a_review_is_written_answered_reported_and_hidden(parties: Parties) -> None:
    listing = f"/listings/{parties.sale.apples.public_id}/reviews"
    assert parties.call("stranger", "GET", listing)[1] == {"count": 0, "mean": None, "items": []}
    status, review = parties.call("buyer", "PUT", f"{parties.order}/reviews/1", stars=4, words="甜")
    assert (status, review["author"], review["stars"]) == (200, "W***", 4)
    path = review["public_id"]
    assert parties.call("farmer", "POST", f"/farm/reviews/{path}/reply", words="谢谢")[1]["reply"] == "谢谢"
    found = parties.call("stranger", "GET", listing)[1]
    assert (found["count"], found["mean"], found["items"][0]["reply"]) == (1, 4.0, "谢谢")
    assert parties.call("stranger", "POST", f"/reviews/{path}/report", words="骂人")[0] == 204
    assert parties.call("stranger", "POST", f"/operator/reviews/{path}/hide", reason="骂人")[0] == 403
    assert parties.call("operator", "POST", f"/operator/reviews/{path}/hide", reason="骂人")[0] == 204
    assert parties.call("stranger", "GET", listing)[1]["count"] == 0
    assert parties.call("operator", "POST", f"/operator/reviews/{path}/keep")[0] == 204
    assert parties.call("stranger", "GET", listing)[1]["count"] == 1
