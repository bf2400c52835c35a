"""Stripe's calls over HTTP: form-encoded in, JSON out, idempotency keys honoured."""

import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qsl

from marketplace.demo.stripe_double import objects
from marketplace.demo.stripe_double.bank import Bank, Refused, shown

_SESSION = re.compile(r"/v1/checkout/sessions/(\w+)(/expire)?")
_INTENT = re.compile(r"/v1/payment_intents/(\w+)")
_REFUND = re.compile(r"/v1/refunds/(\w+)")


def read_form(text: str) -> dict[str, Any]:
    """Nested parameters as Stripe writes them.

    >>> read_form("a[b]=1&list[0][x]=2&list[1][x]=3&plain=4")
    {'a': {'b': '1'}, 'list': [{'x': '2'}, {'x': '3'}], 'plain': '4'}
    """
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = name.replace("]", "").split("[")
        at, key = root, first
        for part in rest:
            at = at.setdefault(key, {})
            key = part
        at[key] = value
    tidy: dict[str, Any] = _lists(root)
    return tidy


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(part) for key, part in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def answer(bank: Bank, method: str, path: str, form: str, key: str | None) -> tuple[int, str]:
    """Status and body of a call. A key that was used before gets the same answer again, or a no for another request."""
    digest = hashlib.sha256(f"{method} {path}\n{form}".encode()).hexdigest()
    with bank.store.work():
        kept = bank.store.answer(key) if key and method == "POST" else None
        if kept is not None:
            if kept[0] != digest:
                text = "Keys for idempotent requests can only be used with the same parameters they were first used with."
                return 400, json.dumps(objects.error("idempotency_error", text, "idempotency_key_in_use", None))
            return kept[1], kept[2]
        try:
            thing = _do(bank, method, path, read_form(form))
        except Refused as refused:
            # As at Stripe, a request that was refused before it did anything leaves its key free.
            return refused.status, json.dumps(refused.body)
        body = json.dumps(shown(thing))
        if key and method == "POST":
            bank.store.keep_answer(key, digest, 200, body)
        return 200, body


def _do(bank: Bank, method: str, path: str, given: dict[str, Any]) -> dict[str, Any]:
    match (method, path):
        case ("POST", "/v1/checkout/sessions"):
            return bank.open_session(given)
        case ("POST", "/v1/refunds"):
            return bank.refund(given)
        case ("GET", "/v1/refunds"):
            rows = [shown(row) for row in bank.refunds_of(given.get("payment_intent", ""))]
            return {"object": "list", "url": path, "has_more": False, "data": rows}
        case ("POST", "/v1/transfers"):
            return bank.transfer(given)
        case ("GET", "/v1/transfers"):
            rows = [shown(row) for row in bank.transfers_of(given.get("transfer_group", ""))]
            return {"object": "list", "url": path, "has_more": False, "data": rows}
    if found := _SESSION.fullmatch(path):
        if found[2]:
            return bank.expire(found[1])
        session = dict(bank.session(found[1]))
        if "payment_intent" in given.get("expand", []) and session["payment_intent"]:
            session["payment_intent"] = bank.intent(session["payment_intent"])
        return session
    if found := _INTENT.fullmatch(path):
        return bank.intent(found[1])
    if found := _REFUND.fullmatch(path):
        return bank.found_refund(found[1])
    raise Refused(f"Unrecognized request URL ({method}: {path}).", "resource_missing", status=404)
