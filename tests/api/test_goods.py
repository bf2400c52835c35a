"""A seller's program: photos, seasons, harvests to come, certificates."""

import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.certificates import verify_certificate
from marketplace.catalogue.models import Listing, Lot
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from tests import factories
from tests.api.conftest import Headers, token_header

TODAY = clock.local_day(clock.now())
PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
def apples(client: FlaskClient) -> Listing:
    owner = factories.account((RoleKind.FARMER, factories.VILLAGE), login="farmer@example.org")
    return factories.listing(factories.producer(owner=owner), stock=2)


@pytest.fixture
def farmer(session: Session, apples: Listing) -> Headers:
    return token_header(factories.db.session.get_one(factories.Account, apples.producer.account_id))


def jpeg(colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_photo_is_added_read_and_removed(client: FlaskClient, apples: Listing, farmer: Headers) -> None:
    path = f"/api/v1/farm/listings/{apples.public_id}/photos"
    answer = client.post(path, headers=farmer, data={"photo": (io.BytesIO(jpeg()), "a.jpg")})
    assert answer.status_code == 201, answer.json
    (photo,) = answer.json["items"]
    assert (photo["width"], photo["height"], photo["alt_en"]) == (400, 300, "Red apples, 1.5 kg")
    shown = client.get(f"/api/v1/listings/{apples.public_id}").json
    assert shown["photos"] == [photo]
    assert client.get(photo["url_320"].removeprefix("http://localhost")).mimetype == "image/webp"
    assert client.post(path, headers=farmer, data={"photo": (io.BytesIO(jpeg()), "a.jpg")}).json["code"] == "photo_known"
    assert client.post(path, headers=farmer, data={"photo": (io.BytesIO(b"GIF89a"), "a.gif")}).json["code"] == "picture_kind"
    assert client.post(path, headers=farmer).json["code"] == "picture_empty"
    assert client.delete(f"{path}/{photo['public_id']}", headers=farmer).status_code == 204
    assert client.get(f"/api/v1/listings/{apples.public_id}").json["photos"] == []


def test_a_window_is_set_and_read_by_everybody(client: FlaskClient, apples: Listing, farmer: Headers) -> None:
    path = f"/api/v1/farm/listings/{apples.public_id}/window"
    opens = (TODAY + timedelta(days=2)).isoformat()
    assert client.patch(path, headers=farmer, json={"opens_on": opens, "closes_on": None}).json == {
        "opens_on": opens,
        "closes_on": None,
    }
    assert client.get("/api/v1/listings").json["items"][0]["opens_on"] == opens
    backwards = {"opens_on": opens, "closes_on": TODAY.isoformat()}
    assert client.patch(path, headers=farmer, json=backwards).json["code"] == "window_backwards"


def test_a_harvest_to_come_is_offered_put_off_and_confirmed(
    client: FlaskClient, apples: Listing, farmer: Headers, bearer: Headers
) -> None:
    day = TODAY + timedelta(days=8)
    path = f"/api/v1/farm/listings/{apples.public_id}/harvests-to-come"
    made = client.post(path, headers=farmer, json={"expected_on": day.isoformat(), "quantity": "20"})
    assert (made.status_code, made.json["expected"], made.json["on_hand"]) == (201, True, "20")
    line = client.post("/api/v1/basket/lines", headers=bearer, json={"listing": apples.public_id, "quantity": "5"}).json
    assert (line["waits_for"], line["problem"]) == ("3", None)
    lot = f"/api/v1/farm/lots/{made.json['public_id']}"
    later = (day + timedelta(days=1)).isoformat()
    assert client.patch(lot, headers=farmer, json={"expected_on": later}).json["harvested_on"] == later
    done = client.post(f"{lot}/harvest", headers=farmer, json={"harvested_on": TODAY.isoformat(), "quantity": None})
    assert (done.status_code, done.json["expected"], done.json["on_hand"]) == (200, False, "0")
    again = client.post(f"{lot}/harvest", headers=farmer, json={"harvested_on": TODAY.isoformat(), "quantity": "3"})
    assert (again.status_code, again.json["code"]) == (409, "harvest_confirmed")


def test_a_certificate_is_handed_in_and_shown_with_its_lot_once_verified(
    client: FlaskClient, apples: Listing, farmer: Headers, session: Session
) -> None:
    form = {
        "kind": "test_report",
        "number": "R-7",
        "issuer": "丹寨县农产品检测站",
        "valid_from": TODAY.isoformat(),
        "valid_to": TODAY.isoformat(),
    }
    paper = {"paper": (io.BytesIO(PDF), "r.pdf")}
    made = client.post("/api/v1/farm/certificates", headers=farmer, data={**form, **paper})
    assert (made.status_code, made.json["state"]) == (201, "submitted"), made.json
    assert client.post("/api/v1/farm/certificates", headers=farmer, data=form).json["code"] == "paper_missing"
    lot = session.scalars(select(Lot.public_id).filter_by(listing_id=apples.id)).one()
    assert client.get(f"/api/v1/lots/{lot}").json["certificates"] == []
    with transaction():
        verify_certificate(made.json["public_id"], actor="operator", now=clock.now())
    found = client.get(f"/api/v1/lots/{lot}").json
    assert [(one["kind"], one["number"]) for one in found["certificates"]] == [("test_report", "R-7")]
    assert (found["places"][-2:], found["listing"]) == (["龙泉镇", f"地区{factories.VILLAGE}"], apples.public_id)
    assert client.get(f"/api/v1/listings/{apples.public_id}").json["certificates"] == found["certificates"]
    assert [one["state"] for one in client.get("/api/v1/farm/certificates", headers=farmer).json["items"]] == ["verified"]


@pytest.mark.parametrize(
    "call",
    [
        lambda client, name, token: client.post(f"/api/v1/farm/listings/{name}/photos", headers=token),
        lambda client, name, token: client.patch(
            f"/api/v1/farm/listings/{name}/window", headers=token, json={"opens_on": None, "closes_on": None}
        ),
        lambda client, name, token: client.post(
            f"/api/v1/farm/listings/{name}/harvests-to-come",
            headers=token,
            json={"expected_on": (TODAY + timedelta(days=3)).isoformat(), "quantity": "1"},
        ),
    ],
)
def test_another_sellers_goods_and_a_buyers_none_are_not_there(
    client: FlaskClient, apples: Listing, farmer: Headers, bearer: Headers, call: Callable[..., Any]
) -> None:
    with transaction():
        theirs = factories.listing().public_id
    assert call(client, theirs, farmer).status_code == 404
    assert call(client, apples.public_id, bearer).status_code == 403
    assert apples.available == Decimal(2)
