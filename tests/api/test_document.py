"""The OpenAPI document tells the whole of the API and no more."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from marketplace.identity.models import RoleKind
from marketplace.web.access import LIBRARY_ENDPOINTS, PUBLIC, SIGNED_IN

METHODS = ("get", "post", "put", "patch", "delete")
# A line each, so that what a change adds to or takes from the API is a line of its own.
OPERATIONS = Path(__file__).with_name("operations.txt")


def document(client: FlaskClient) -> dict[str, Any]:
    """The document as a stranger gets it."""
    answer = client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.json  # type: ignore[no-any-return]


def operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation as (method, path, description)."""
    for path, item in found["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def test_the_operations_are_these(client: FlaskClient) -> None:
    found = sorted(f"{method.upper()} {path}" for method, path, _ in operations(document(client)))
    assert found == OPERATIONS.read_text(encoding="ascii").splitlines()


def test_every_operation_says_what_it_does_and_has_a_name_of_its_own(client: FlaskClient) -> None:
    found = list(operations(document(client)))
    assert all(operation["summary"].endswith((".", "?")) for _, _, operation in found)
    names = [operation["operationId"] for _, _, operation in found]
    assert len(set(names)) == len(names)


def test_every_error_is_a_problem_and_none_is_left_to_a_default(client: FlaskClient) -> None:
    found = document(client)
    for method, path, operation in operations(found):
        assert "default" not in operation["responses"], (method, path)
        for status, response in operation["responses"].items():
            if status >= "400":
                assert response == {"$ref": f"#/components/responses/PROBLEM_{status}"}, (method, path)
                content = found["components"]["responses"][f"PROBLEM_{status}"]["content"]
                assert set(content) == {"application/problem+json"}


def test_the_document_asks_for_a_token_exactly_where_the_guard_does(app: Flask, client: FlaskClient) -> None:
    wanted = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower()): (
            app.view_functions[rule.endpoint].access,  # type: ignore[attr-defined]
            rule.endpoint.partition(".")[0].removeprefix("api-"),
        )
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint not in LIBRARY_ENDPOINTS
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    said = {(path, method): operation.get("security") for method, path, operation in operations(document(client))}
    assert said.keys() == wanted.keys()
    for where, (access, group) in wanted.items():
        scopes = [] if group == "token" else [f"{group}:{'read' if where[1] == 'get' else 'write'}"]
        if PUBLIC in access:
            assert said[where] in (None, [{}, {"bearer": scopes}]), where
        else:
            assert access == {SIGNED_IN} or access <= set(RoleKind), where
            assert said[where] == [{"bearer": scopes}], where


def test_the_document_itself_is_the_endpoint_that_the_guard_lets_pass(app: Flask) -> None:
    rule = next(rule for rule in app.url_map.iter_rules() if rule.rule == "/api/v1/openapi.json")
    assert rule.endpoint in LIBRARY_ENDPOINTS


def test_no_schema_has_an_id_from_inside_the_database_or_takes_what_it_does_not_know(client: FlaskClient) -> None:
    for name, schema in document(client)["components"]["schemas"].items():
        inside = {field for field in schema["properties"] if field == "id" or field.endswith(("_id", "_ids"))}
        # Numbers that other systems give to their messages, as the standard of the exchange spells them.
        given_by_others = {"message_id", "sender_id", "receiver_id", "transaction_id", "reference_id"}
        assert inside <= {"public_id"} | given_by_others, name
        assert schema["additionalProperties"] is False, name
        money = [field for field in schema["properties"] if field.endswith("_fen")]
        assert all("integer" in schema["properties"][field]["type"] for field in money), name


def test_no_word_of_poverty_or_share_is_in_the_document(client: FlaskClient) -> None:
    for name, schema in document(client)["components"]["schemas"].items():
        assert not {"benefit_bp", "benefit_fen", "registry_revision", "household"} & set(schema["properties"]), name


def _patterns(part: Any) -> Iterator[str]:
    """Every pattern that stands anywhere in a part of the document."""
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        part = list(part.values())
    if isinstance(part, list):
        for below in part:
            yield from _patterns(below)


def test_every_pattern_is_one_of_json_schema_and_holds_for_the_whole_of_a_text(client: FlaskClient) -> None:
    found = set(_patterns(document(client)))
    assert len(found) > 20
    # JSON Schema looks a pattern up anywhere in a text, and knows no ``\Z``.
    assert not [one for one in found if not (one.startswith("^") and one.endswith("$")) or "\\Z" in one or "\\A" in one]
