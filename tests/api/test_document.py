"""The OpenAPI document tells the whole of the API and no more."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from marketplace.identity.models import RoleKind
from marketplace.web.access import LIBRARY_ENDPOINTS, PUBLIC, SIGNED_IN

METHODS = ("get", "put", "post", "patch", "delete")


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
    assert sorted((path, method) for method, path, _ in operations(document(client))) == [
        ("/api/v1/basket", "get"),
        ("/api/v1/basket/lines", "post"),
        ("/api/v1/basket/lines/{public_id}", "delete"),
        ("/api/v1/basket/lines/{public_id}", "patch"),
        ("/api/v1/categories", "get"),
        ("/api/v1/checkout", "post"),
        ("/api/v1/claims", "get"),
        ("/api/v1/claims/{public_id}", "get"),
        ("/api/v1/claims/{public_id}/appeal", "post"),
        ("/api/v1/claims/{public_id}/dispute", "post"),
        ("/api/v1/claims/{public_id}/pictures/{picture}", "get"),
        ("/api/v1/claims/{public_id}/sent", "post"),
        ("/api/v1/claims/{public_id}/take", "post"),
        ("/api/v1/claims/{public_id}/withdraw", "post"),
        ("/api/v1/farm/claims", "get"),
        ("/api/v1/farm/claims/{public_id}/accept", "post"),
        ("/api/v1/farm/claims/{public_id}/arrived", "post"),
        ("/api/v1/farm/claims/{public_id}/ask-back", "post"),
        ("/api/v1/farm/claims/{public_id}/checked", "post"),
        ("/api/v1/farm/claims/{public_id}/offer", "post"),
        ("/api/v1/farm/claims/{public_id}/question", "post"),
        ("/api/v1/farm/claims/{public_id}/refuse", "post"),
        ("/api/v1/farm/orders/{order}/messages", "get"),
        ("/api/v1/farm/orders/{order}/messages", "post"),
        ("/api/v1/farm/reviews/{public_id}/reply", "post"),
        ("/api/v1/listings", "get"),
        ("/api/v1/listings/{public_id}", "get"),
        ("/api/v1/listings/{public_id}/reviews", "get"),
        ("/api/v1/operator/claims", "get"),
        ("/api/v1/operator/claims/{public_id}/rule", "post"),
        ("/api/v1/operator/reviews/{public_id}/hide", "post"),
        ("/api/v1/operator/reviews/{public_id}/keep", "post"),
        ("/api/v1/orders", "get"),
        ("/api/v1/orders/{group}/{order}/claims", "post"),
        ("/api/v1/orders/{group}/{order}/messages", "get"),
        ("/api/v1/orders/{group}/{order}/messages", "post"),
        ("/api/v1/orders/{group}/{order}/received", "post"),
        ("/api/v1/orders/{group}/{order}/reviews/{line}", "put"),
        ("/api/v1/orders/{public_id}", "get"),
        ("/api/v1/orders/{public_id}/pay", "post"),
        ("/api/v1/recommendations", "get"),
        ("/api/v1/reviews/{public_id}/report", "post"),
        ("/api/v1/token", "delete"),
        ("/api/v1/token", "post"),
    ]


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
        (re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule), method.lower()): app.view_functions[rule.endpoint].access  # type: ignore[attr-defined]
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint not in LIBRARY_ENDPOINTS
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    said = {(path, method): operation.get("security") for method, path, operation in operations(document(client))}
    assert said.keys() == wanted.keys()
    for where, access in wanted.items():
        if PUBLIC not in access:
            assert access == {SIGNED_IN} or access <= set(RoleKind), where
            assert said[where] == [{"bearer": []}], where
        else:
            assert access == {PUBLIC}, where
            assert said[where] in (None, [{}, {"bearer": []}]), where


def test_the_document_itself_is_the_endpoint_that_the_guard_lets_pass(app: Flask) -> None:
    rule = next(rule for rule in app.url_map.iter_rules() if rule.rule == "/api/v1/openapi.json")
    assert rule.endpoint in LIBRARY_ENDPOINTS


def test_no_schema_has_an_id_from_inside_the_database_or_takes_what_it_does_not_know(client: FlaskClient) -> None:
    for name, schema in document(client)["components"]["schemas"].items():
        inside = {field for field in schema["properties"] if field == "id" or field.endswith(("_id", "_ids"))}
        assert inside <= {"public_id"}, name
        assert schema["additionalProperties"] is False, name
        money = [field for field in schema["properties"] if field.endswith("_fen")]
        assert all(schema["properties"][field]["type"] in ("integer", ["integer", "null"]) for field in money), name


def test_no_word_of_poverty_or_share_is_in_the_document(client: FlaskClient) -> None:
    for name, schema in document(client)["components"]["schemas"].items():
        assert not {"benefit_bp", "benefit_fen", "registry_revision", "household"} & set(schema["properties"]), name
