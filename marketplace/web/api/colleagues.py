"""Helping a colleague who has lost the phone."""

from typing import Any

from flask_smorest import Blueprint

from marketplace.identity import second_factors
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.web.access import account
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import InputSchema, Line

blueprint: Blueprint = ApiBlueprint(
    "api-colleagues", __name__, url_prefix="/api/v1/second-factor-resets", description="Helping colleagues"
)


class ResetSchema(InputSchema):
    """Whose second step of signing in is taken away, and why."""

    login = Line(120, required=True)
    reason = Line(200, required=True, metadata={"description": "Kept with your name, and shown to the one who is helped"})


@blueprint.post("")
@only(RoleKind.OFFICER, RoleKind.OPERATOR)
@blueprint.arguments(ResetSchema)
@blueprint.response(204)
@problems(404, *BODY)
def reset(given: dict[str, Any]) -> None:
    """Take a colleague's second step away.

    They are signed out everywhere and set up a new phone at the next sign-in. An operator helps everybody, an officer those
    whose areas lie within the officer's own; nobody helps themselves.
    """
    with transaction():
        second_factors.reset(given["login"], given["reason"], by=account(), now=clock.now())
