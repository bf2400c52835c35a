"""Read by the contract run: who it is signed in as, and names of things that are there, to get behind the 404s.

A call that revokes the token it shows gets one of its own. Names are put in only where a name of the right form stood, so
what was wrong on purpose stays wrong.
"""

import os
import re
from itertools import count
from pathlib import Path
from typing import Any

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


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_years = count(2100)
_PUBLIC_ID = re.compile(r"[a-z0-9]{14}")


def _with_real_names(given: Any) -> Any:
    """The same with names of things that are there."""
    if not isinstance(given, dict):
        return given
    real = {name: os.environ[f"CONTRACT_{name.upper()}"] for name in ("listing", "group", "order")}
    real["public_id"] = real["group"]
    return {
        name: real[name] if name in real and isinstance(value, str) and _PUBLIC_ID.fullmatch(value) else value
        for name, value in given.items()
    }


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    """A listing that is for sale, a policy whose parts agree and an address that may be called: no schema can say these."""
    body = _with_real_names(body)
    if context.operation.path == "/api/v1/office/policies" and isinstance(body, dict):
        return _agreeing(body)
    if context.operation.path == "/api/v1/webhooks" and isinstance(body, dict) and isinstance(body.get("url"), str):
        return {**body, "url": f"https://shop.example/{next(_years)}"}
    return body


def _agreeing(policy: dict[str, Any]) -> dict[str, Any]:
    """The same policy with parts that agree, where they are of the right kind."""
    if not policy.get("exposure_share"):
        policy = {**policy, "exposure_share": 0.3}
    if isinstance(policy.get("begins_on"), str) and _DAY.fullmatch(policy["begins_on"]):
        # A day of its own each time, because two policies of an area cannot begin on one.
        policy = {**policy, "begins_on": f"{next(_years)}-06-01"}
    if isinstance(policy.get("ends_on"), str) and _DAY.fullmatch(policy["ends_on"]):
        policy = {**policy, "ends_on": "9999-12-31"}
    return policy


@schemathesis.hook.apply_to(path_regex="^/api/v1/orders/")
def map_path_parameters(context: schemathesis.HookContext, path_parameters: Any) -> Any:
    """A purchase of the caller's own."""
    return _with_real_names(path_parameters)


@schemathesis.check
def schema_is_kept(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """A request that fits its schema may break a rule, but is never told that it does not fit its schema."""
    if case.meta is not None and case.meta.generation.mode.is_positive and response.status_code == 422:
        assert response.json()["code"] != "input_invalid", response.json()["errors"]
