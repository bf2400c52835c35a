"""Calls are counted for the account or the address, and every answer says what is left."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from marketplace.identity.models import Account
from marketplace.kernel.db import db
from tests.api.conftest import Headers, token_header

LISTINGS = "/api/v1/listings"


@pytest.fixture
def three_a_minute(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], api_calls_per_minute=3))
    with app.app_context(), db.engine.engine.begin() as connection:
        connection.execute(text("TRUNCATE call_allowance"))


@pytest.mark.usefixtures("three_a_minute")
def test_the_fourth_call_of_an_address_waits_and_the_shop_itself_does_not(client: FlaskClient) -> None:
    answers = [client.get(LISTINGS) for _ in range(3)]
    assert [(answer.status_code, answer.headers["RateLimit-Remaining"]) for answer in answers] == [
        (200, "2"),
        (200, "1"),
        (200, "0"),
    ]
    refused = client.get(LISTINGS)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_calls")
    assert 0 < int(refused.headers["Retry-After"]) <= 20
    assert refused.headers["RateLimit-Limit"] == "3"
    assert client.get("/sign-in").status_code == 200


@pytest.mark.usefixtures("three_a_minute")
def test_the_programs_of_an_account_share_an_allowance_that_its_neighbours_do_not_touch(
    client: FlaskClient, buyer: Account, bearer: Headers
) -> None:
    for shown in (bearer, token_header(buyer), bearer):
        assert client.get(LISTINGS, headers=shown).status_code == 200
    assert client.get(LISTINGS, headers=token_header(buyer)).status_code == 429
    assert client.get(LISTINGS).status_code == 200


@pytest.mark.usefixtures("three_a_minute")
def test_made_up_tokens_count_for_the_address_they_come_from(client: FlaskClient) -> None:
    for number in range(3):
        assert client.get(LISTINGS, headers={"Authorization": f"Bearer made-up-{number}"}).status_code == 401
    assert client.get(LISTINGS, headers={"Authorization": "Bearer made-up-4"}).status_code == 429


def test_a_program_that_has_an_answer_as_it_is_gets_none(client: FlaskClient, bearer: Headers) -> None:
    for path, shown in (("/api/v1/categories", {}), ("/api/v1/basket", bearer), ("/api/v1/orders", bearer)):
        first = client.get(path, headers=shown)
        assert first.status_code == 200
        again = client.get(path, headers={**shown, "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), path
        assert client.get(path, headers={**shown, "If-None-Match": '"other"'}).status_code == 200
