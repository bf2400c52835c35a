"""Mandates, answers and contacts for programs."""

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from marketplace.catalogue.models import Listing, ListingDenial, Producer
from marketplace.catalogue.service import publish
from marketplace.identity.answer_codes import issue_code
from marketplace.identity.models import Account, Mandate, RoleKind
from marketplace.kernel import audit, clock
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.api.conftest import Headers
from tests.factories import VILLAGE

Bearer = Callable[[Account], Headers]


def picture() -> str:
    held = BytesIO()
    Image.new("RGB", (40, 30), "white").save(held, "PNG")
    return b64encode(held.getvalue()).decode()


def terms(farm: Producer, holder: Account, **more: Any) -> dict[str, Any]:
    last_day = (clock.local_day(clock.now()) + timedelta(days=90)).isoformat()
    return {"farm": farm.public_id, "holder": holder.public_id, "scopes": ["list", "ship"], "last_day": last_day, **more}


@pytest.fixture
def officer(client: FlaskClient) -> Account:
    return factories.account((RoleKind.OFFICER, VILLAGE))


@pytest.fixture
def owner(client: FlaskClient) -> Account:
    return factories.account((RoleKind.FARMER, VILLAGE))


def test_a_household_gives_and_ends_a_mandate(client: FlaskClient, bearer_of: Bearer, officer: Account, owner: Account) -> None:
    farm = factories.producer(owner=owner)
    given = client.post("/api/v1/mandates", json=terms(farm, officer), headers=bearer_of(owner))
    assert (given.status_code, given.json["state"], given.json["evidence"]) == (201, "in_force", "signed_in")
    assert given.json["scopes"] == ["list", "ship"]
    held = client.get("/api/v1/mandates", headers=bearer_of(officer)).json
    assert [row["public_id"] for row in held["held"]] == [given.json["public_id"]]
    path = f"/api/v1/mandates/{given.json['public_id']}/revoke"
    stranger = factories.account((RoleKind.FARMER, VILLAGE))
    assert client.post(path, headers=bearer_of(stranger)).status_code == 404
    for _ in range(2):
        assert client.post(path, headers=bearer_of(owner)).json["state"] == "revoked"
    assert client.get("/api/v1/mandates", headers=bearer_of(owner)).json["given"][0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"evidence": "in_person", "note": "at home"}, 201, None),
        ({"evidence": "thumbprint", "picture": picture()}, 201, None),
        ({"evidence": "thumbprint"}, 422, "evidence_picture_missing"),
        ({"evidence": "paper", "picture": "AAAA"}, 422, "picture_kind"),
        ({"evidence": "paper", "picture": "no base64!"}, 422, "input_invalid"),
        ({"evidence": "signed_in"}, 422, "input_invalid"),
        ({}, 422, "evidence_missing"),
    ],
)
def test_an_officer_writes_one_down_with_its_evidence(
    client: FlaskClient, bearer_of: Bearer, officer: Account, more: dict[str, Any], status: int, code: str | None
) -> None:
    answer = client.post("/api/v1/mandates", json=terms(factories.producer(), officer, **more), headers=bearer_of(officer))
    assert (answer.status_code, answer.json.get("code")) == (status, code)


def test_outside_the_area_there_is_no_such_farm(client: FlaskClient, bearer_of: Bearer, officer: Account) -> None:
    far = factories.producer("522636101001")
    answer = client.post("/api/v1/mandates", json=terms(far, officer, evidence="voice", note="x"), headers=bearer_of(officer))
    assert (answer.status_code, answer.json["code"]) == (404, "producer_unknown")
    assert db.session.scalars(select(Mandate)).all() == []


def test_a_household_is_asked_and_agrees_or_denies(
    client: FlaskClient, bearer_of: Bearer, officer: Account, owner: Account
) -> None:
    farm = factories.producer(owner=owner)
    for answer, state in (("agree", "in_force"), ("deny", "denied")):
        made = client.post("/api/v1/mandates", json=terms(farm, officer), headers=bearer_of(officer)).json
        assert made["state"] == "proposed"
        assert client.post(f"/api/v1/mandates/{made['public_id']}/{answer}", headers=bearer_of(owner)).json["state"] == state


def test_another_officer_confirms_what_the_holder_says_to_have_heard(
    client: FlaskClient, bearer_of: Bearer, officer: Account
) -> None:
    farm, colleague = factories.producer(), factories.account((RoleKind.OFFICER, VILLAGE))
    given = terms(farm, officer, evidence="voice", note="tape 3")
    made = client.post("/api/v1/mandates", json=given, headers=bearer_of(officer)).json
    assert made["state"] == "proposed"
    path = f"/api/v1/mandates/{made['public_id']}/confirm"
    refused = client.post(path, headers=bearer_of(officer))
    assert (refused.status_code, refused.json["code"]) == (403, "another_officer")
    far = factories.account((RoleKind.OFFICER, "522636101001"))
    assert client.post(path, headers=bearer_of(far)).status_code == 404
    for _ in range(2):
        confirmed = client.post(path, headers=bearer_of(colleague))
        assert (confirmed.status_code, confirmed.json["state"]) == (200, "in_force")


def acted_on(farm: Producer, officer: Account) -> Listing:
    """A listing that the officer has put on sale in the farm's name."""
    listing = factories.listing(farm)
    with transaction(), audit.on_behalf_of(farm.public_id, actor=officer.public_id, mandate="m", role="officer"):
        publish(listing, actor=officer.public_id, now=clock.now())
    return listing


def test_a_household_reads_what_was_done_in_its_name_and_denies_it(
    client: FlaskClient, bearer_of: Bearer, officer: Account, owner: Account
) -> None:
    farm = factories.producer(owner=owner)
    listing = acted_on(farm, officer)
    acts = client.get("/api/v1/acts-in-my-name", headers=bearer_of(owner)).json["items"]
    assert [(act["listing"], act["actor"]) for act in acts] == [(listing.public_id, "张三（村镇干部）")]
    denied = client.post(f"/api/v1/listings/{listing.public_id}/deny", headers=bearer_of(owner))
    assert (denied.status_code, denied.json["agreed_at"]) == (200, None)
    assert client.get(f"/api/v1/listings/{listing.public_id}").status_code == 404
    own = factories.listing(farm)
    assert client.post(f"/api/v1/listings/{own.public_id}/deny", headers=bearer_of(owner)).json["code"] == "nothing_to_deny"
    assert client.post(f"/api/v1/listings/{listing.public_id}/deny", headers=bearer_of(officer)).status_code == 404


def test_a_notice_is_answered_by_its_code_once_and_wrong_codes_are_counted(
    client: FlaskClient, bearer_of: Bearer, officer: Account
) -> None:
    farm = factories.producer()
    spoken = terms(farm, officer, evidence="in_person", note="at home")
    made = client.post("/api/v1/mandates", json=spoken, headers=bearer_of(officer)).json
    listing = acted_on(farm, officer)
    with transaction():
        mandate = db.session.scalars(select(Mandate).filter_by(public_id=made["public_id"])).one()
        code = issue_code(mandate, "listing", listing.public_id, now=clock.now())
    body = {"code": code, "answer": "deny"}
    assert client.post("/api/v1/answers", json={**body, "answer": "agree"}).json["code"] == "answer_invalid"
    assert client.post("/api/v1/answers", json=body).json == {"answer": "deny"}
    assert client.post("/api/v1/answers", json=body).json["code"] == "code_used"
    assert len(db.session.scalars(select(ListingDenial)).all()) == 1
    wrong = [client.post("/api/v1/answers", json={**body, "code": "aaaaaaaaaa"}).status_code for _ in range(6)]
    assert wrong == [404, 404, 404, 404, 404, 429]


def test_a_contact_is_kept_and_read(client: FlaskClient, bearer: Headers) -> None:
    assert client.get("/api/v1/contact", headers=bearer).json == {
        "channel": "email",
        "phone": "",
        "email": "buyer@example.org",
        "quiet_at_night": True,
    }
    wanted = {"channel": "sms", "phone": "13800138000", "email": "", "quiet_at_night": False}
    assert client.put("/api/v1/contact", json=wanted, headers=bearer).json == wanted
    assert client.get("/api/v1/contact", headers=bearer).json == wanted
    refused = client.put("/api/v1/contact", json={**wanted, "phone": "call"}, headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (422, "input_invalid")
    refused = client.put("/api/v1/contact", json={**wanted, "phone": ""}, headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (409, "contact_incomplete")
    assert client.get("/api/v1/contact", headers=bearer).json == wanted
