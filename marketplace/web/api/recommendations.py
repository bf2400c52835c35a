"""Recommendations, for everybody; personal ones for those who show a token and have not said no."""

from typing import Any

from flask_smorest import Blueprint

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.recommendations.service import recommend
from marketplace.web.access import PUBLIC, account_or_none, allow
from marketplace.web.api.documents import OPTIONAL_BEARER, ApiBlueprint, problems
from marketplace.web.api.inputs import InputSchema, QueryNumber
from marketplace.web.api.schemas import RecommendationsSchema

blueprint: Blueprint = ApiBlueprint(
    "api-recommendations", __name__, url_prefix="/api/v1/recommendations", description="What somebody may like"
)


class RecommendationsQuerySchema(InputSchema):
    """How many."""

    n = QueryNumber(1, 50, load_default=12)


@blueprint.get("")
@allow(PUBLIC)
@blueprint.arguments(RecommendationsQuerySchema, location="query")
@blueprint.response(200, RecommendationsSchema)
@problems(401, 422)
@blueprint.doc(security=OPTIONAL_BEARER)
def recommendations(given: dict[str, int]) -> dict[str, Any]:
    """What somebody may like, and why each is shown.

    Without a token, and for those who have switched personalisation off, the list follows what is popular. `policy` is the
    tilt toward registered households that the list was made under.
    """
    reader = account_or_none()
    with transaction():
        found = recommend(reader, "api", given["n"], now=clock.now())
    pairs = zip(found.rows, found.reasons, strict=False)
    return {
        "items": [{"listing": row, "reason": reason} for row, reason in pairs],
        "personalised": found.personalised,
        "policy": found.policy,
    }
