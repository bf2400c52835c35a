"""The public log, for everybody: heads, keys, leaves, and proofs."""

import re
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields

from marketplace.transparency.heads import text_of
from marketplace.transparency.models import LogKey, TreeHead
from marketplace.transparency.queries import consistency, inclusion_of, leaf_hashes, newest_heads, published_keys
from marketplace.web.access import PUBLIC, allow
from marketplace.web.api.documents import ApiBlueprint, problems
from marketplace.web.api.inputs import InputSchema, QueryNumber, Spelled
from marketplace.web.api.schemas import OutputSchema

blueprint: Blueprint = ApiBlueprint("api-log", __name__, url_prefix="/api/v1/log", description="The public log")

_HASH = re.compile(r"[0-9a-f]{64}")
_LARGEST = 999_999_999
_MOST_LEAVES = 1_000


def _hash(**said: Any) -> fields.String:
    return fields.String(metadata={"pattern": "^[0-9a-f]{64}$", **said})


class LogHeadSchema(OutputSchema):
    """A signed head: `text` is what the signature is over."""

    size = fields.Integer(metadata={"minimum": 1})
    at = fields.AwareDateTime()
    root = _hash()
    previous = _hash(description="SHA-256 of the text of the head before; noughts for the first")
    key_number = fields.Integer()
    text = fields.String()
    signature = fields.String(metadata={"pattern": "^[0-9a-f]{128}$", "description": "Ed25519"})


class LogHeadsSchema(OutputSchema):
    """Heads, newest first."""

    items = fields.List(fields.Nested(LogHeadSchema))


class LogKeySchema(OutputSchema):
    """A public key that has signed heads."""

    number = fields.Integer()
    public_key = _hash(description="Ed25519")
    first_used_at = fields.AwareDateTime()


class LogKeysSchema(OutputSchema):
    """Every public key there has been."""

    items = fields.List(fields.Nested(LogKeySchema))


class LogLeavesSchema(OutputSchema):
    """Hashes of leaves in their order."""

    first = fields.Integer()
    leaf_hashes = fields.List(_hash())


class InclusionSchema(OutputSchema):
    """That a leaf is in a tree: its position and the audit path, lowest first."""

    position = fields.Integer()
    size = fields.Integer()
    path = fields.List(_hash())


class ConsistencySchema(OutputSchema):
    """That a tree begins with an earlier one."""

    first = fields.Integer()
    second = fields.Integer()
    proof = fields.List(_hash())


class HeadsQuerySchema(InputSchema):
    """Which heads."""

    before = QueryNumber(1, _LARGEST, load_default=None, metadata={"description": "Heads of a smaller log than this"})


class LeavesQuerySchema(InputSchema):
    """Which leaves."""

    first = QueryNumber(0, _LARGEST, load_default=0)
    count = QueryNumber(1, _MOST_LEAVES, load_default=_MOST_LEAVES)


class InclusionQuerySchema(InputSchema):
    """Which leaf, in which tree."""

    leaf = Spelled(_HASH, most=64, required=True, metadata={"description": "Its hash: SHA-256 of a nought byte and the entry"})
    size = QueryNumber(1, _LARGEST, required=True, metadata={"description": "The size of a head"})


class ConsistencyQuerySchema(InputSchema):
    """Which two trees, by the sizes of their heads."""

    first = QueryNumber(1, _LARGEST, required=True)
    second = QueryNumber(1, _LARGEST, required=True)


@blueprint.get("/heads")
@allow(PUBLIC)
@blueprint.arguments(HeadsQuerySchema, location="query")
@blueprint.response(200, LogHeadsSchema)
@problems(422)
def heads(given: dict[str, Any]) -> dict[str, Any]:
    """The newest 30 signed heads."""
    return {"items": [_head(head) for head in newest_heads(before_size=given["before"])]}


def _head(head: TreeHead) -> dict[str, Any]:
    return {
        "size": head.size,
        "at": head.at,
        "root": head.root.hex(),
        "previous": head.previous.hex(),
        "key_number": head.key_number,
        "text": text_of(head),
        "signature": head.signature.hex(),
    }


@blueprint.get("/keys")
@allow(PUBLIC)
@blueprint.response(200, LogKeysSchema)
def keys() -> dict[str, Any]:
    """Every public key that has signed a head."""
    return {"items": [_key(key) for key in published_keys()]}


def _key(key: LogKey) -> dict[str, Any]:
    return {"number": key.number, "public_key": key.public_key.hex(), "first_used_at": key.first_used_at}


@blueprint.get("/leaves")
@allow(PUBLIC)
@blueprint.arguments(LeavesQuerySchema, location="query")
@blueprint.response(200, LogLeavesSchema)
@problems(422)
def leaves(given: dict[str, Any]) -> dict[str, Any]:
    """The hashes of leaves under the newest head, from which anybody computes its root."""
    return {"first": given["first"], "leaf_hashes": [one.hex() for one in leaf_hashes(given["first"], given["count"])]}


@blueprint.get("/inclusion")
@allow(PUBLIC)
@blueprint.arguments(InclusionQuerySchema, location="query")
@blueprint.response(200, InclusionSchema)
@problems(404, 422)
def included(given: dict[str, Any]) -> dict[str, Any]:
    """The proof that a leaf is in the tree of a head (RFC 6962, 2.1.1)."""
    found = inclusion_of(bytes.fromhex(given["leaf"]), given["size"])
    return {"position": found.position, "size": found.size, "path": [one.hex() for one in found.path]}


@blueprint.get("/consistency")
@allow(PUBLIC)
@blueprint.arguments(ConsistencyQuerySchema, location="query")
@blueprint.response(200, ConsistencySchema)
@problems(422)
def consistent(given: dict[str, Any]) -> dict[str, Any]:
    """The proof that the tree of one head begins with that of an earlier one (RFC 6962, 2.1.2)."""
    proof = consistency(given["first"], given["second"])
    return {"first": given["first"], "second": given["second"], "proof": [one.hex() for one in proof]}
