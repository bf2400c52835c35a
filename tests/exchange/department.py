"""The other side: a department's system with its key, and what it sends."""

from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient

from marketplace.exchange.envelope import digest, signature_text, signing_text, stamp
from marketplace.exchange.models import ExchangePartner, PartnerKind
from marketplace.exchange.service import add_partner
from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.ids import public_id
from tests.api.conftest import token_header

PURPOSE = "MEDICAL_AID"


class Department:
    """A system that is known here, and signs what it sends."""

    def __init__(self, account: Account, client: FlaskClient, *, url: str = "") -> None:
        self.key = Ed25519PrivateKey.generate()
        self.sender_id = f"{public_id()}.example.org"
        self.account, self.client = account, client
        with transaction():
            self.partner: ExchangePartner = add_partner(
                PartnerKind.DEPARTMENT,
                self.sender_id,
                "民政局",
                self.key.public_key().public_bytes_raw(),
                url=url,
                account=account,
                purposes=[PURPOSE],
                own_network=False,
                actor="test",
                now=clock.now(),
            )

    def envelope(
        self, action: str, message: Any, count: int = 1, *, now: datetime | None = None, **header: Any
    ) -> dict[str, Any]:
        moment = now or clock.now()
        head = {
            "version": "1.0.0",
            "message_id": public_id(),
            "message_ts": stamp(moment),
            "action": action,
            "sender_id": self.sender_id,
            "total_count": count,
            **header,
        }
        created = int(moment.timestamp())
        signed = self.key.sign(signing_text(created, created + 300, digest(head, message)))
        return {
            "signature": signature_text(self.sender_id, "1", created, created + 300, signed),
            "header": head,
            "message": message,
        }

    def send(self, path: str, envelope: Any) -> tuple[int, Any]:
        answer = self.client.post(f"/api/v1/dci/registry/{path}", json=envelope, headers=token_header(self.account))
        return answer.status_code, answer.json

    def search(self, query_type: str, query: Any, **criteria: Any) -> dict[str, Any]:
        """The one response to one search that is answered at once."""
        status, said = self.send("sync/search", self.envelope("search", searching(query_type, query, **criteria)))
        assert status == 200, said
        (response,) = said["message"]["search_response"]
        return dict(response)


def request(query_type: str, query: Any, **criteria: Any) -> dict[str, Any]:
    return {
        "reference_id": public_id(),
        "timestamp": stamp(clock.now()),
        "search_criteria": {
            "query_type": query_type,
            "query": query,
            "authorize": {"purpose": {"code": PURPOSE}},
            **criteria,
        },
    }


def searching(query_type: str, query: Any, **criteria: Any) -> dict[str, Any]:
    return {"transaction_id": public_id(), "search_request": [request(query_type, query, **criteria)]}


def subscribing(area: str, **criteria: Any) -> dict[str, Any]:
    wanted = {
        "reg_event_type": "REGISTER",
        "notify_record_type": "Group",
        "filter": {"type": "AREA_CODE", "value": area},
        "authorize": {"purpose": {"code": PURPOSE}},
        **criteria,
    }
    one = {"reference_id": public_id(), "timestamp": stamp(clock.now()), "subscribe_criteria": wanted}
    return {"transaction_id": public_id(), "subscribe_request": [one]}


def codes(response: dict[str, Any]) -> list[str]:
    """The codes of the households found."""
    return [record["group_identifier"][0]["identifier_value"] for record in response["data"]["reg_records"]]
