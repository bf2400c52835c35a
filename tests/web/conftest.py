"""What the tests of pages share: a browser that sends forms as people do, and a count of SQL statements."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from marketplace.identity.models import Account
from marketplace.kernel.db import db
from tests.web.desk_world import Desk, World, without_csrf

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
# What the test's own outer transaction adds to every commit.
_SAVEPOINTS = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


class Browser:
    """A browser of one person, without JavaScript: it keeps cookies and sends the token of a page with every form."""

    def __init__(self, client: FlaskClient, language: str = "en") -> None:
        self.client = client
        self.headers = {"Accept-Language": language}

    def get(self, path: str, **options: Any) -> TestResponse:
        """Look at a page."""
        self._begin()
        return self.client.get(path, headers=self.headers, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, *, sent_from: str = "/about", **options: Any) -> TestResponse:
        """Send a form of the page ``sent_from``, with that page's token."""
        token = self.token(sent_from)
        self._begin()
        headers = {**self.headers, "Referer": f"http://localhost{sent_from}"}
        return self.client.post(path, data={"csrf_token": token, **(data or {})}, headers=headers, **options)

    def token(self, path: str = "/about") -> str:
        """The token that a page's forms carry."""
        found = _TOKEN.search(self.get(path).text)
        assert found is not None, f"{path} has no form with a token"
        return found[1]

    def is_now(self, account: Account | None) -> None:
        """Be signed in as somebody, or as nobody, without the sign-in page."""
        # A refused request rolls back, and must not take the account with it.
        db.session.commit()
        with self.client.session_transaction() as kept:
            kept.clear()
            if account is not None:
                kept["_user_id"] = f"{account.id}:{account.session_epoch}"

    def cookie(self, name: str = "session") -> str | None:
        """The value of a cookie."""
        kept = self.client.get_cookie(name)
        return kept.value if kept is not None else None

    def _begin(self) -> None:
        # The test holds one application context; each request must begin without what the one before kept in it.
        vars(g._get_current_object()).clear()
        db.session.commit()
        db.session.expire_all()


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    """Somebody who has just come in and reads English."""
    return Browser(client)


class StatementCount:
    """The SQL statements sent since ``begin``."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def begin(self) -> None:
        """Count from here."""
        self.statements.clear()

    @property
    def number(self) -> int:
        """How many there were."""
        return len(self.statements)

    def note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Take one down."""
        if not statement.startswith(_SAVEPOINTS):
            self.statements.append(statement)


@pytest.fixture
def statements(session: Session) -> Iterator[StatementCount]:
    """A count of what the test's connection is asked."""
    count = StatementCount()
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", count.note)
    yield count
    event.remove(connection, "before_cursor_execute", count.note)


@pytest.fixture
def world(session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    """Sellers, a buyer and their goods, for the desks; the forms' tokens are tested where forms are."""
    without_csrf(app, monkeypatch)
    return World()


@pytest.fixture
def as_(client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> type:
    """The browser of whoever's account it is made with; the forms' tokens are tested where forms are."""
    without_csrf(app, monkeypatch)

    class Somebody(Desk):
        def __init__(self, account: Account) -> None:
            super().__init__(client, account)

    return Somebody


@pytest.fixture
def farmer(client: FlaskClient, world: World) -> Desk:
    """The browser of that world's registered farm."""
    return Desk(client, world.farmer)
