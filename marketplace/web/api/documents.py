"""The OpenAPI document and what every operation has in common."""

import http
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, request
from flask_smorest import Api, Blueprint
from flask_smorest.utils import prepare_response
from marshmallow import fields
from werkzeug.routing import BaseConverter

from marketplace.identity.models import RoleKind
from marketplace.web.access import API_GROUP, SIGNED_IN, TOKEN_GROUP, allow, scope_name
from marketplace.web.api.inputs import InputParser
from marketplace.web.api.schemas import OutputSchema

View = TypeVar("View", bound=Callable[..., Any])

BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
OPTIONAL_BEARER: list[dict[str, list[str]]] = [{}, {"bearer": []}]
# What can be wrong with a body.
BODY = (400, 413, 415, 422)
_PROBLEM_TYPE = "application/problem+json"
_DESCRIPTION = """What a person can do in the shop, a program can do here.

Money is whole fen (`*_fen`), a quantity is text (`"1.5"`), a moment is ISO 8601 in UTC, a day is the market's
(Asia/Shanghai). Things are named by `public_id`. Names come in Chinese and English (`*_zh`, `*_en`).
Send the token of `POST /api/v1/token` as `Authorization: Bearer …`; cookies count for nothing. A token that was given scopes is
good for those operations alone that name one of them (`security`), else for all that its account may do.
Who holds a mandate of a household names its farm in `X-Acting-For`, where an operation takes it; elsewhere it is refused.
Every error is a problem (RFC 9457) whose `code` is stable."""


class ProblemSchema(OutputSchema):
    """What went wrong, in RFC 9457 form."""

    type = fields.String(metadata={"description": "about:blank: the status says the kind"})
    title = fields.String()
    status = fields.Integer()
    code = fields.String(metadata={"description": "Stable, meant for programs"})
    detail = fields.String(metadata={"description": "In the reader's language (Accept-Language)"})
    errors = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "By place in the request, or by fact"}
    )

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """All but ``errors`` are always there."""
        field_obj.required = field_name != "errors"


class PublicIdConverter(BaseConverter):
    """A public id in a path; what cannot be one is no address."""

    regex = "[a-z0-9]{14}"


class RestApi(Api):
    """The document of the API. Errors are answered by the application itself, in one form."""

    # Every operation names its errors one by one.
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """None of its own: ``web.errors`` answers for all."""

    def _register_responses(self) -> None:
        for status in http.HTTPStatus:
            response: dict[str, Any] = {"description": status.phrase, "schema": ProblemSchema}
            prepare_response(response, self.spec, _PROBLEM_TYPE)
            self.spec.components.response(f"PROBLEM_{status.value}", response, lazy=True)


def _answer_what_is_new(response: Response) -> Response:
    """Give every answer to a question its ETag, and 304 to a program that has it as it is."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200:
        return response
    if response.get_etag()[0] is None:
        # Weak, because the same content is also sent compressed.
        response.add_etag(weak=True)
    return response.make_conditional(request)


class ApiBlueprint(Blueprint):
    """A group of operations with our parser of input."""

    ARGUMENTS_PARSER = InputParser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.after_request(_answer_what_is_new)

    def _store_endpoint_docs(self, endpoint: str, *args: Any, **options: Any) -> None:
        super()._store_endpoint_docs(endpoint, *args, **options)
        for method, doc in self._docs[endpoint].items():
            if doc is not None:
                # Programs that are made from the document name their functions so.
                manual = doc.setdefault("manual_doc", {})
                manual["operationId"] = endpoint
                if "security" in manual:
                    manual["security"] = self._with_scope(manual["security"], method)

    def _with_scope(self, security: list[dict[str, list[str]]], method: str) -> list[dict[str, list[str]]]:
        """What an operation asks of a token, with the scope that the guard checks."""
        group = self.name.removeprefix(API_GROUP)
        scopes = [scope_name(group, method.upper())] if group != TOKEN_GROUP else []
        return [dict.fromkeys(alternative, scopes) for alternative in security]

    def _prepare_arguments_doc(self, doc: Any, doc_info: Any, **kwargs: Any) -> Any:
        # The library notes a refused argument as a response of its own naming; ``problems`` says it better.
        doc_info.get("arguments", {}).pop("responses", None)
        doc = super()._prepare_arguments_doc(doc, doc_info, **kwargs)
        headers = doc_info.get("manual_doc", {}).pop("header_parameters", [])
        if headers:
            doc["parameters"] = [*doc.get("parameters", []), *headers]
        return doc


def problems(*statuses: int) -> Callable[[View], View]:
    """Document the errors that an operation can answer with."""

    def mark(view: View) -> View:
        for status in statuses:
            view = ApiBlueprint.alt_response(None, status, response=f"PROBLEM_{status}")(view)
        return view

    return mark


def with_header(view: View, header: dict[str, Any]) -> View:
    """Document a header that an operation takes, beside those that are documented already."""
    known = getattr(view, "_apidoc", {}).get("manual_doc", {}).get("header_parameters", [])
    documented: View = ApiBlueprint.doc(header_parameters=[*known, {"in": "header", "required": False, **header}])(view)
    return documented


def signed_in(view: View) -> View:
    """Let in whoever shows a token, and document that."""
    documented: View = ApiBlueprint.doc(security=BEARER)(problems(401, 403)(allow(SIGNED_IN)(view)))
    return documented


def only(*kinds: RoleKind) -> Callable[[View], View]:
    """Let in tokens of accounts with one of these roles, and document that."""

    def mark(view: View) -> View:
        documented: View = ApiBlueprint.doc(security=BEARER)(problems(401, 403)(allow(*kinds)(view)))
        return documented

    return mark


def make_api(app: Flask) -> RestApi:
    """The API's document, served at /api/v1/openapi.json."""
    app.config.update(
        API_TITLE="Nongqiao",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        API_SPEC_OPTIONS={"info": {"description": _DESCRIPTION}, "servers": [{"url": "/"}]},
    )
    app.url_map.converters["public_id"] = PublicIdConverter
    api = RestApi(app)
    api.register_converter(PublicIdConverter, _describe_public_id)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    return api


def _describe_public_id(converter: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{PublicIdConverter.regex}$"}
