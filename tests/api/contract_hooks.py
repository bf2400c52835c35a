"""Read by the contract run: who it is signed in as, and a token of its own for each call that revokes the one it shows."""

import os
from pathlib import Path

import schemathesis

_STANDING = os.environ["CONTRACT_TOKEN"]
_spare = iter(Path(os.environ["CONTRACT_SPARE_TOKENS"]).read_text(encoding="ascii").split())


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """The token of each call."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
        operation = context.operation
        revokes = (operation.method.upper(), operation.path) == ("DELETE", "/api/v1/token")
        return next(_spare) if revokes else _STANDING

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"
