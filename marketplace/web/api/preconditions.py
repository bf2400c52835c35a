"""Changes that hold only for what the program has seen: `If-Match` names the ETag of the answer that it read."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import jsonify, request
from marshmallow import Schema
from werkzeug.exceptions import PreconditionFailed
from werkzeug.http import generate_etag

from marketplace.web.api.documents import problems, with_header

View = TypeVar("View", bound=Callable[..., Any])


def if_match(view: View) -> View:
    """Document the header, and the answer to a program that has seen something older."""
    header = {
        "name": "If-Match",
        "description": "The ETag of what the caller has read; 412 where that has changed since",
        "schema": {"type": "string"},
    }
    return with_header(problems(412)(view), header)


def check_unchanged(schema: Schema, row: Any) -> None:
    """Refuse a change of a locked row whose answer is no longer the one that the request names, if it names one.

    Tags are compared without regard to their weakness: ours are weak only because one content is also sent compressed.
    """
    if "If-Match" in request.headers and not request.if_match.contains_weak(_tag(schema, row)):
        raise PreconditionFailed()


def _tag(schema: Schema, row: Any) -> str:
    return generate_etag(jsonify(schema.dump(row)).get_data())
