"""Signing programs in and out."""

from typing import Any

from flask import request
from flask_smorest import Blueprint

from marketplace.identity import service
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import NotSignedIn
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.api.documents import ApiBlueprint, problems, signed_in
from marketplace.web.api.inputs import InputSchema, Line, Secret
from marketplace.web.api.schemas import TokenSchema
from marketplace.web.session import bearer_token, remote_address

blueprint: Blueprint = ApiBlueprint("api-token", __name__, url_prefix="/api/v1/token", description="Signing in and out")


class SignInSchema(InputSchema):
    """The name and the password of an account."""

    login = Line(120, required=True)
    password = Secret(200, required=True)


@blueprint.post("")
@allow(PUBLIC)
@blueprint.arguments(SignInSchema)
@blueprint.response(201, TokenSchema)
@problems(400, 401, 413, 415, 422, 429)
def create_token(given: dict[str, str]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Get a token.

    It holds for twelve hours. After five failures in a quarter of an hour a login has to wait.
    """
    now = clock.now()
    address = remote_address()
    with transaction():
        service.check_attempts(given["login"], address, now=now)
    try:
        with transaction():
            signed_in_account = service.verify_password(given["login"], given["password"])
            token, expires_at = service.issue_token(signed_in_account, now=now)
    except NotSignedIn:
        # In a transaction of its own: the one above is rolled back, and the failure must count all the same.
        with transaction():
            service.record_failure(given["login"], address, now=now)
        raise
    answer = {"token": token, "token_type": "Bearer", "expires_at": expires_at}
    return answer, 201, {"Cache-Control": "no-store"}


@blueprint.delete("")
@signed_in
@blueprint.response(204)
def delete_token() -> None:
    """Revoke the token that this request shows."""
    with transaction():
        service.revoke_token(account(), bearer_token(request) or "", now=clock.now())
