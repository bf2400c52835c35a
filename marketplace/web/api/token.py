"""Signing programs in and out."""

import re
from collections.abc import Iterable
from typing import Any

from flask import current_app, request
from flask_babel import gettext
from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.identity import service
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import NotSignedIn
from marketplace.web.access import PUBLIC, account, allow, known_scopes
from marketplace.web.api.documents import BODY, ApiBlueprint, problems, signed_in
from marketplace.web.api.inputs import InputError, InputSchema, Line, Secret, Spelled
from marketplace.web.api.schemas import TokenSchema
from marketplace.web.second_step import check_for_program
from marketplace.web.session import bearer_token, remote_address

blueprint: Blueprint = ApiBlueprint("api-token", __name__, url_prefix="/api/v1/token", description="Signing in and out")

SCOPE = re.compile(r"[a-z-]{1,33}:(?:read|write)")


class SignInSchema(InputSchema):
    """The name and the password of an account."""

    login = Line(120, required=True)
    password = Secret(200, required=True)
    code = Line(40, metadata={"description": "Of the phone, or a recovery code, from an account whose sign-in asks for one"})
    scopes = fields.List(
        Spelled(SCOPE, most=40),
        validate=validate.Length(1, 40),
        metadata={"description": "What the token shall be good for, as `orders:read`; everything, when left out"},
    )


def check_scopes(scopes: Iterable[str]) -> None:
    """Refuse scopes that no operation asks for: they are slips, and the token would silently open nothing."""
    known = known_scopes(current_app)
    if any(scope not in known for scope in scopes):
        raise InputError({"scopes": gettext("There are only these scopes: %(known)s.", known=", ".join(known))})


@blueprint.post("")
@allow(PUBLIC)
@blueprint.arguments(SignInSchema)
@blueprint.response(201, TokenSchema)
@problems(401, 403, 429, *BODY)
def create_token(given: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Get a token.

    It holds for twelve hours. An account whose sign-in asks for a code sends it along; without one the answer is `code_needed`,
    and an officer or operator who must set that up on the website first is told `second_factor_needed`. After five failures in
    a quarter of an hour a login has to wait.
    """
    now = clock.now()
    check_scopes(given.get("scopes", ()))
    address = remote_address()
    with transaction():
        service.check_attempts(given["login"], address, now=now)
    try:
        with transaction():
            signed_in_account = service.verify_password(given["login"], given["password"])
            check_for_program(signed_in_account, given.get("code"), now=now)
            token, expires_at = service.issue_token(signed_in_account, now=now, scopes=given.get("scopes"))
    except NotSignedIn as error:
        if error.code == "code_needed":
            raise
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
