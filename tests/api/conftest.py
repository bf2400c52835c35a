"""Callers of the API: a token in a header, nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from marketplace.identity.models import Account
from marketplace.identity.service import issue_token
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from tests import factories

# Read by schemathesis in a process of its own.
collect_ignore = ["contract_hooks.py"]

Headers = dict[str, str]


def token_header(account: Account) -> Headers:
    """A new token of an account, as the header that shows it."""
    with transaction():
        token, _ = issue_token(account, now=clock.now())
    return {"Authorization": f"Bearer {token}"}


class FreshClient(FlaskClient):
    """A client whose requests remember nothing of one another, though they share the test's application context.

    What the test has made so far is committed first, so that a refused request rolls back its own work and no other.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        db.session.commit()
        for name in list(g):
            g.pop(name)
        return super().open(*args, **kwargs)


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    """A program, over the test's own transaction."""
    return FreshClient(app)


@pytest.fixture
def buyer(client: FlaskClient) -> Account:
    """A consumer."""
    return factories.account(login="buyer@example.org", name="张三")


@pytest.fixture
def bearer(buyer: Account) -> Headers:
    """The consumer's token."""
    return token_header(buyer)


@pytest.fixture
def bearer_of(client: FlaskClient) -> Callable[[Account], Headers]:
    """Tokens of others."""
    return token_header
