"""Programs that call the API in an account's name."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from marketplace.identity.models import Account
from marketplace.identity.service import issue_token
from marketplace.kernel import clock
from marketplace.kernel.db import transaction


class Program:
    """Calls in an account's name."""

    def __init__(self, client: FlaskClient, account: Account) -> None:
        with transaction():
            token, _row = issue_token(account, now=clock.now())
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> TestResponse:
        """The answer as it came; ``key`` makes a repeated call one call."""
        headers = self._headers | ({"Idempotency-Key": key} if key is not None else {})
        return self._client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> tuple[int, Any]:
        """Status and content of an answer; nothing where there is none."""
        answer = self.ask(method, path, body, key=key)
        return answer.status_code, answer.json if answer.data else None
