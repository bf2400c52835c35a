"""Signing programs in and out."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.identity.models import AccessToken, Account, RoleKind, SignInAttempt
from marketplace.identity.service import TOKEN_LIFE, issue_token
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.api.conftest import Headers

TOKEN = "/api/v1/token"
BASKET = "/api/v1/basket"


def test_the_right_password_gives_a_token_that_opens_the_basket(client: FlaskClient, buyer: Account) -> None:
    before = clock.now()
    answer = client.post(TOKEN, json={"login": " Buyer@Example.org ", "password": factories.PASSWORD})
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json) == {"token", "token_type", "expires_at"}
    assert answer.json["token_type"] == "Bearer"
    assert before + TOKEN_LIFE <= datetime.fromisoformat(answer.json["expires_at"]) <= clock.now() + TOKEN_LIFE
    assert client.get(BASKET, headers={"Authorization": f"Bearer {answer.json['token']}"}).status_code == 200


def test_only_the_digest_of_a_token_is_kept(client: FlaskClient, buyer: Account) -> None:
    token = client.post(TOKEN, json={"login": "buyer@example.org", "password": factories.PASSWORD}).json["token"]
    assert db.session.scalars(select(AccessToken.digest)).all() == [hashlib.sha256(token.encode()).digest()]


def test_a_wrong_password_and_an_unknown_login_get_the_same_answer_and_both_count(client: FlaskClient, buyer: Account) -> None:
    wrong = client.post(TOKEN, json={"login": "buyer@example.org", "password": "a wrong password"})
    unknown = client.post(TOKEN, json={"login": "nobody@example.org", "password": "a wrong password"})
    assert (wrong.status_code, wrong.json) == (unknown.status_code, unknown.json)
    assert wrong.status_code == 401
    assert wrong.json["code"] == "sign_in_failed"
    assert wrong.headers["WWW-Authenticate"] == "Bearer"
    assert wrong.mimetype == "application/problem+json"
    failed = db.session.scalars(select(SignInAttempt.login).order_by(SignInAttempt.login)).all()
    assert failed == ["buyer@example.org", "nobody@example.org"]
    assert db.session.scalar(select(func.count(AccessToken.id))) == 0


def test_after_five_failures_even_the_right_password_has_to_wait(client: FlaskClient, buyer: Account) -> None:
    for _ in range(5):
        assert client.post(TOKEN, json={"login": "buyer@example.org", "password": "wrong"}).status_code == 401
    refused = client.post(TOKEN, json={"login": "buyer@example.org", "password": factories.PASSWORD})
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert db.session.scalar(select(func.count(AccessToken.id))) == 0


def test_an_account_that_was_closed_gets_no_token(client: FlaskClient, buyer: Account) -> None:
    buyer.active = False
    db.session.flush()
    assert client.post(TOKEN, json={"login": "buyer@example.org", "password": factories.PASSWORD}).status_code == 401
    assert db.session.scalar(select(func.count(AccessToken.id))) == 0


def test_a_revoked_token_opens_nothing_and_the_others_still_do(
    client: FlaskClient, buyer: Account, bearer: Headers, bearer_of: Callable[[Account], Headers]
) -> None:
    other = bearer_of(buyer)
    answer = client.delete(TOKEN, headers=bearer)
    assert (answer.status_code, answer.data) == (204, b"")
    refused = client.get(BASKET, headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (401, "token_invalid")
    assert client.delete(TOKEN, headers=bearer).status_code == 401
    assert client.get(BASKET, headers=other).status_code == 200
    verbs = db.session.scalars(select(AuditEvent.verb).filter_by(actor=buyer.public_id).order_by(AuditEvent.id)).all()
    assert verbs == ["token.issued", "token.issued", "token.revoked"]


def test_an_expired_token_opens_nothing(client: FlaskClient, buyer: Account) -> None:
    with transaction():
        token, _ = issue_token(buyer, now=clock.now() - TOKEN_LIFE - timedelta(seconds=1))
    refused = client.get(BASKET, headers={"Authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.json["code"]) == (401, "token_invalid")


def test_the_token_of_a_closed_account_opens_nothing(client: FlaskClient, buyer: Account, bearer: Headers) -> None:
    buyer.active = False
    db.session.flush()
    assert client.get(BASKET, headers=bearer).status_code == 401


def test_no_other_scheme_than_bearer_is_taken(client: FlaskClient, bearer: Headers) -> None:
    token = bearer["Authorization"].removeprefix("Bearer ")
    for shown in (f"Basic {token}", token, f"Token {token}", "Bearer", "Bearer ", "Bearer \x00", "Bearer ÿÿÿ"):
        refused = client.get(BASKET, headers={"Authorization": shown})
        assert (refused.status_code, refused.json["code"]) == (401, "token_invalid"), shown
    assert client.get(BASKET, headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_a_cookie_of_the_shop_counts_for_nothing_here(client: FlaskClient, buyer: Account) -> None:
    with client.session_transaction() as kept:
        kept["_user_id"] = f"{buyer.id}:{buyer.session_epoch}"
        kept["_fresh"] = True
    refused = client.get(BASKET)
    assert (refused.status_code, refused.json["code"]) == (401, "sign_in_needed")


def test_every_kind_of_account_may_sign_in(client: FlaskClient) -> None:
    factories.account((RoleKind.OPERATOR, ""), login="operator@example.org")
    assert client.post(TOKEN, json={"login": "operator@example.org", "password": factories.PASSWORD}).status_code == 201


def test_a_token_with_scopes_is_good_for_those_alone(client: FlaskClient, buyer: Account) -> None:
    asked = {"login": "buyer@example.org", "password": factories.PASSWORD, "scopes": ["orders:read", "basket:write"]}
    token = client.post(TOKEN, json=asked).json["token"]
    shown = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/orders", headers=shown).status_code == 200
    refused = client.get(BASKET, headers=shown)
    assert (refused.status_code, refused.json["code"]) == (403, "scope_needed")
    assert refused.json["errors"] == {"scope": "basket:read"}
    assert client.post(f"{BASKET}/lines", json={}, headers=shown).status_code == 422
    # What everybody may read, a token that was made for something else may not: it stays with what it is for.
    assert client.get("/api/v1/recommendations", headers=shown).status_code == 403
    assert client.delete(TOKEN, headers=shown).status_code == 204


def test_a_scope_that_nothing_asks_for_is_refused_and_makes_no_token(client: FlaskClient, buyer: Account) -> None:
    for scopes in (["orders:red"], ["token:write"], ["nothing:read"], [], "orders:read", [1]):
        asked = {"login": "buyer@example.org", "password": factories.PASSWORD, "scopes": scopes}
        assert client.post(TOKEN, json=asked).status_code == 422, scopes
    assert db.session.scalar(select(func.count(AccessToken.id))) == 0
