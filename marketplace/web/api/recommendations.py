"""Recommendations, for everybody; personal ones for those who show a token and have not said no."""

import re
from typing import Any

from flask_smorest import Blueprint

from marketplace.catalogue.queries import listing_ids
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.recommendations.service import recommend
from marketplace.web.access import PUBLIC, account_or_none, allow
from marketplace.web.api.documents import OPTIONAL_BEARER, ApiBlueprint, problems
from marketplace.web.api.inputs import AREA, InputSchema, QueryNumber, Spelled
from marketplace.web.api.schemas import RecommendationsSchema

blueprint: Blueprint = ApiBlueprint(
    "api-recommendations", __name__, url_prefix="/api/v1/recommendations", description="What somebody may like"
)


_LISTINGS = re.compile(r"[a-z0-9]{14}(?:,[a-z0-9]{14}){0,9}")


class RecommendationsQuerySchema(InputSchema):
    """How many, what they shall go with, and where they would be delivered to."""

    n = QueryNumber(1, 50, load_default=12)
    near = Spelled(_LISTINGS, most=149, metadata={"description": "Up to ten listings that the list shall go with, by commas"})
    area = Spelled(
        AREA,
        most=6,
        metadata={"description": "Where to deliver: a province, city or county; the last purchase says it where this does not"},
    )


@blueprint.get("")
@allow(PUBLIC)
@blueprint.arguments(RecommendationsQuerySchema, location="query")
@blueprint.response(200, RecommendationsSchema)
@problems(401, 404, 422)
@blueprint.doc(security=OPTIONAL_BEARER)
def recommendations(given: dict[str, Any]) -> dict[str, Any]:
    """What somebody may like, and why each is shown.

    Without a token, and for those who have switched personalisation off, the list follows what is popular. `policies` are the
    tilts toward registered households that the list was made under, one for each area whose goods it holds. With `near`, what
    is bought together with those listings stands first, and neither they nor others of their kind are in the list.
    """
    reader = account_or_none()
    near = listing_ids(given["near"].split(",")) if "near" in given else {}
    with transaction():
        found = recommend(reader, "api", given["n"], now=clock.now(), near=list(near.values()), area=given.get("area"))
    public_ids = {listing_id: public_id for public_id, listing_id in near.items()}
    return {
        "items": [
            {"listing": row, "reason": reason, "goes_with": public_ids.get(found.goes_with.get(row.id, 0))}
            for row, reason in zip(found.rows, found.reasons, strict=True)
        ],
        "personalised": found.personalised,
        "policies": found.policies,
    }
