"""Closing one's account by a program: with the password besides the token, and with a way back."""

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.identity.models import RoleKind
from marketplace.identity.service import create_account
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from tests import factories
from tests.api.conftest import token_header

API, PASSWORD = "/api/v1/account/closing", "a long password"


def test_a_program_asks_with_the_password_and_takes_it_back(client: FlaskClient, session: Session) -> None:
    with transaction():
        person = create_account("xiaoman@example.org", "王小满", PASSWORD, now=clock.now())
    headers = token_header(person)
    assert client.get(API, headers=headers).json == {"closing": None, "obstacles": []}
    wrong = client.post(API, json={"password": "not that one"}, headers=headers)
    assert (wrong.status_code, wrong.json["code"]) == (422, "password_wrong")
    made = client.post(API, json={"password": PASSWORD}, headers=headers)
    assert made.status_code == 201
    assert client.get(API, headers=headers).json["closing"] == made.json
    assert client.delete(API, headers=headers).status_code == 204
    assert client.delete(API, headers=headers).json["code"] == "closing_not_asked"
    officer = token_header(factories.account((RoleKind.OFFICER, "522636")))
    assert client.get(API, headers=officer).json["obstacles"] == ["office"]
