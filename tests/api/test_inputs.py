"""What is no request at all: every kind of it gets a problem, and nothing is written."""

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.orders.models import BasketLine
from tests import factories
from tests.api.conftest import Headers

LINES = "/api/v1/basket/lines"
PROBLEM = {"type", "title", "status", "code", "detail"}


@pytest.fixture(autouse=True)
def nothing_is_written(client: FlaskClient) -> Any:
    """Whatever is sent here, no basket has a line afterwards."""
    yield
    assert db.session.scalar(select(func.count(BasketLine.id))) == 0


def body(listing: Any, quantity: Any) -> bytes:
    """A body that would be right with the right values."""
    return json.dumps({"listing": listing, "quantity": quantity}).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"not json",
        b'{"listing": "22222222222222", "quantity": NaN}',
        b'{"listing": "22222222222222", "quantity": -Infinity}',
        b'{"listing": "22222222222222", "quantity": "\xff\xfe"}',
        b"\xef\xbb\xbf{}",
        b'{"listing": "22222222222222", "listing": "33333333333333", "quantity": "1"}',
        b'{"quantity": ' + b"9" * 5000 + b"}",
        b'{"quantity": 1e99999999999999999999}',
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b"[" * 50_000 + b"]" * 50_000,
    ],
)
def test_what_is_no_json_is_answered_400(client: FlaskClient, bearer: Headers, raw: bytes) -> None:
    refused = client.post(LINES, headers=bearer, data=raw, content_type="application/json")
    assert (refused.status_code, refused.json["code"]) == (400, "bad_request")
    assert refused.mimetype == "application/problem+json"
    assert set(refused.json) == PROBLEM


@pytest.mark.parametrize("raw", [b"[]", b"null", b"7", b'"text"', b"true"])
def test_json_that_is_no_object_is_answered_422(client: FlaskClient, bearer: Headers, raw: bytes) -> None:
    refused = client.post(LINES, headers=bearer, data=raw, content_type="application/json")
    assert (refused.status_code, refused.json["code"]) == (422, "input_invalid")
    assert set(refused.json["errors"]) == {"_schema"}


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"]
)
def test_what_does_not_say_that_it_is_json_is_answered_415(client: FlaskClient, bearer: Headers, kind: str | None) -> None:
    refused = client.post(LINES, headers=bearer, data=body("22222222222222", "1"), content_type=kind)
    assert (refused.status_code, refused.json["code"]) == (415, "unsupported_media_type")
    assert set(refused.json) == PROBLEM


@pytest.mark.parametrize(
    "quantity",
    ["0", "-1", "0.05", "1.25", "10000", "1e3", "NaN", "Infinity", "１", "1 ", " 1", "+1", "1,5", "", "1\n", 1, 1.5, None,
     True, [], {}, "9" * 1000],
)  # fmt: skip
def test_a_quantity_that_is_none_is_named(client: FlaskClient, bearer: Headers, quantity: Any) -> None:
    listing = factories.listing(stock=100)
    raw = body(listing.public_id, quantity)
    refused = client.post(LINES, headers=bearer, data=raw, content_type="application/json")
    assert (refused.status_code, set(refused.json["errors"])) == (422, {"quantity"})


@pytest.mark.parametrize("name", ["", "x", "A" * 14, "2" * 15, "2" * 13 + "\x00", "2" * 14 + "\n", 7, None, ["2" * 14]])
def test_a_name_that_is_none_is_named(client: FlaskClient, bearer: Headers, name: Any) -> None:
    refused = client.post(LINES, headers=bearer, data=body(name, "1"), content_type="application/json")
    assert (refused.status_code, set(refused.json["errors"])) == (422, {"listing"})


@pytest.mark.parametrize("name", ["string", "self", "code", "status", "detail", "title", "%(x)s", "<b>", "a\x00", "\ud800"])
def test_an_unknown_field_is_refused_whatever_its_name(client: FlaskClient, bearer: Headers, name: str) -> None:
    listing = factories.listing(stock=100)
    raw = json.dumps({"listing": listing.public_id, "quantity": "1", name: "x"})
    headers = {**bearer, "Accept-Language": "en"}
    refused = client.post(LINES, headers=headers, data=raw, content_type="application/json")
    assert (refused.status_code, refused.json["code"]) == (422, "input_invalid")
    shown = name.encode("ascii", "backslashreplace").decode()
    assert refused.json["errors"] == {shown: "Nothing of this name is taken here."}


def test_a_megabyte_is_too_much(client: FlaskClient, bearer: Headers) -> None:
    refused = client.post(LINES, headers=bearer, data=body("2" * 1024 * 1024, "1"), content_type="application/json")
    assert (refused.status_code, refused.json["code"]) == (413, "request_entity_too_large")
    assert set(refused.json) == PROBLEM


def test_a_quarter_of_a_megabyte_of_blanks_is_refused_at_once(client: FlaskClient, bearer: Headers) -> None:
    refused = client.post(LINES, headers=bearer, data=body(" " * 250_000, "1"), content_type="application/json")
    assert (refused.status_code, set(refused.json["errors"])) == (422, {"listing"})


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", LINES, {"POST", "OPTIONS"}),
        ("GET", LINES, {"POST", "OPTIONS"}),
        ("POST", "/api/v1/listings", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/api/v1/token", {"POST", "DELETE", "OPTIONS"}),
        ("POST", "/api/v1/openapi.json", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_method_that_is_not_there_is_answered_405_with_those_that_are(
    client: FlaskClient, method: str, path: str, allowed: set[str]
) -> None:
    refused = client.open(path, method=method)
    assert (refused.status_code, refused.json["code"]) == (405, "method_not_allowed")
    assert set(refused.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing",
        "/api/v1/listings/",
        "/api/v1/listings/1",
        "/api/v1/listings/%00",
        "/api/v1/listings/%ff%fe",
        "/api/v1/listings/2222222222222'",
        "/api/v1/listings/../../etc/passwd",
        "/api/",
        "/api/v2/listings",
    ],
)
def test_an_address_that_is_not_there_is_a_problem_too(client: FlaskClient, path: str) -> None:
    refused = client.get(path)
    assert refused.status_code == 404
    assert refused.json["code"] in ("not_found", "page_unknown")
    assert refused.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.0", "page"),
        ("page=%31%00", "page"),
        ("page=99999999999999999999", "page"),
        ("page=%D9%A1", "page"),
        ("page=1_0", "page"),
        ("page=", "page"),
        ("page=1&page=2", "page"),
        ("per_page=101", "per_page"),
        ("price_band=5", "price_band"),
        ("county=5226", "county"),
        ("county=522636'", "county"),
        ("category=%27%3B", "category"),
        ("sort=random", "sort"),
        ("q=a%00b", "q"),
        ("q=" + "a" * 61, "q"),
        ("colour=red", "colour"),
    ],
)
def test_a_query_that_cannot_be_is_named(client: FlaskClient, query: str, wrong: str) -> None:
    refused = client.get(f"/api/v1/listings?{query}")
    assert (refused.status_code, refused.json["code"]) == (422, "input_invalid")
    assert set(refused.json["errors"]) == {wrong}


@pytest.mark.parametrize("query", ["q=%ff%fe", "q=%F0%9F%8D%8E", "q=%25", "q=%27%29%3B--", "q=%3Cscript%3E", "q="])
def test_odd_searches_are_searches(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/listings?{query}")
    assert (answer.status_code, answer.json["items"]) == (200, [])


def test_messages_are_in_the_readers_language(client: FlaskClient, buyer: Account) -> None:
    english = client.get("/api/v1/basket", headers={"Accept-Language": "en"})
    assert english.json["detail"] == "Please sign in first."
    assert english.json["title"] == "Please sign in"


def test_long_answers_are_packed_for_those_who_can_unpack(client: FlaskClient) -> None:
    for _ in range(10):
        factories.listing()
    answer = client.get("/api/v1/listings", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(answer.data))["items"]) == 10
