"""A person makes tokens for programs and gives addresses, sees what became of them, and takes them back."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.identity.models import AccessToken
from marketplace.kernel.db import db, transaction
from marketplace.kernel.outbox.models import OutgoingMessage
from marketplace.webhooks.models import WebhookEndpoint
from marketplace.webhooks.service import announce
from tests import factories
from tests.api.conftest import FreshClient
from tests.web.desk_world import Desk, without_csrf

PROGRAMS = "/settings/programs"


@pytest.fixture
def desk(session: Session, client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Desk:
    without_csrf(app, monkeypatch)
    return Desk(client, factories.account(login="li@example.org"))


def test_a_token_is_shown_once_opens_what_it_is_good_for_and_ends_at_a_click(desk: Desk, app: Flask) -> None:
    made = desk.post(f"{PROGRAMS}/tokens", {"name": "label printer", "days": "30", "scopes": ["orders:read"]})
    token = re.search(r'<code class="u-break">([\w-]+)</code>', made.text)
    assert token is not None
    assert token[1] not in desk.get(PROGRAMS).text
    client = FreshClient(app)
    shown = {"Authorization": f"Bearer {token[1]}"}
    assert client.get("/api/v1/orders", headers=shown).status_code == 200
    assert client.get("/api/v1/basket", headers=shown).status_code == 403
    kept = db.session.scalars(select(AccessToken)).one()
    assert (kept.name, kept.scopes, (kept.expires_at - kept.created_at).days) == ("label printer", ["orders:read"], 30)
    assert desk.post(f"{PROGRAMS}/tokens/{kept.public_id}/end", {}).status_code == 303
    assert client.get("/api/v1/orders", headers=shown).status_code == 401
    assert "label printer" not in desk.get(PROGRAMS).text


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "days": "30"},
        {"name": "x", "days": "31"},
        {"name": "x", "days": "-1"},
        {"name": "x" * 61, "days": "30"},
        {"name": "x", "days": "30", "scopes": ["orders:red"]},
        {"name": "x", "days": "30", "more": "1"},
    ],
)
def test_a_token_that_cannot_be_made_is_not_made(desk: Desk, form: dict[str, object]) -> None:
    assert desk.post(f"{PROGRAMS}/tokens", form).status_code == 422
    assert db.session.scalar(select(func.count(AccessToken.id))) == 0


def test_somebody_elses_token_and_address_are_not_there(desk: Desk, client: FlaskClient) -> None:
    desk.post(f"{PROGRAMS}/tokens", {"name": "mine", "days": "7"})
    desk.post(f"{PROGRAMS}/addresses", {"url": "https://shop.example/", "kinds": ["order.placed"]})
    token, endpoint = db.session.scalars(select(AccessToken)).one(), db.session.scalars(select(WebhookEndpoint)).one()
    other = Desk(client, factories.account())
    assert other.post(f"{PROGRAMS}/tokens/{token.public_id}/end", {}).status_code == 404
    assert other.get(f"{PROGRAMS}/addresses/{endpoint.public_id}").status_code == 404
    assert other.post(f"{PROGRAMS}/addresses/{endpoint.public_id}/end", {}).status_code == 404
    assert (token.revoked_at, endpoint.ended_at) == (None, None)


def test_an_address_shows_what_it_was_told_and_what_was_given_up_is_sent_again(desk: Desk) -> None:
    desk.post(f"{PROGRAMS}/addresses", {"url": "https://shop.example/hook", "kinds": ["order.placed"]})
    endpoint = db.session.scalars(select(WebhookEndpoint)).one()
    page = f"{PROGRAMS}/addresses/{endpoint.public_id}"
    assert "whsec_" in desk.get(page).text
    with transaction():
        announce("order.placed", [endpoint], {}, now=factories.NOW)
    message = db.session.scalars(select(OutgoingMessage)).one()
    assert "Try again" not in desk.get(page).text
    with transaction():
        message.failed_at, message.last_error = factories.NOW, "the address answered 500"
    assert "the address answered 500" in desk.get(page).text
    desk.post(f"{page}/again/{message.public_id}", {})
    db.session.refresh(message)
    assert (message.failed_at, message.attempts) == (None, 0)


@pytest.mark.parametrize(
    "form",
    [
        {"url": "http://shop.example/", "kinds": ["order.placed"]},
        {"url": "https://shop.example/", "kinds": []},
        {"url": "https://shop.example/", "kinds": ["order.eaten"]},
        {"url": "", "kinds": ["order.placed"]},
    ],
)
def test_an_address_that_cannot_be_told_is_not_kept(desk: Desk, form: dict[str, object]) -> None:
    assert desk.post(f"{PROGRAMS}/addresses", form).status_code == 422
    assert db.session.scalar(select(func.count(WebhookEndpoint.id))) == 0
