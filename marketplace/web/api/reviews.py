"""Reviews: read by everybody, written by those who bought, answered once by the seller, moderated by the operator."""

from typing import Any

from flask_smorest import Blueprint

from marketplace.catalogue.queries import get_listing
from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.orders.models import Review
from marketplace.orders.reviews import (
    Opinion,
    get_review,
    hide_review,
    keep_review,
    reply_to_review,
    report_review,
    reviews_of_listing,
    write_review,
)
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.acting import acting, current_seller
from marketplace.web.api.after_sale import own_part
from marketplace.web.api.after_sale_schemas import (
    HideSchema,
    ReasonSchema,
    ReportSchema,
    ReviewInputSchema,
    ReviewSchema,
    ReviewsSchema,
)
from marketplace.web.api.documents import BODY, OPTIONAL_BEARER, ApiBlueprint, only, problems, signed_in
from marketplace.web.api.for_farms import for_farm

blueprint: Blueprint = ApiBlueprint("api-reviews", __name__, url_prefix="/api/v1", description="What buyers say of goods")


@blueprint.get("/listings/<public_id:public_id>/reviews")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.response(200, ReviewsSchema)
@problems(401, 404)
def reviews(public_id: str) -> dict[str, Any]:
    """The newest reviews of a listing, with mean and number of all."""
    found = reviews_of_listing(get_listing(public_id).id, limit=100)
    return {"count": found.count, "mean": found.mean, "items": found.newest}


@blueprint.put("/orders/<public_id:group>/<public_id:order>/reviews/<int:line>")
@signed_in
@blueprint.arguments(ReviewInputSchema)
@blueprint.response(200, ReviewSchema)
@problems(404, 409, *BODY)
def review_write(given: dict[str, Any], group: str, order: str, line: int) -> Review:
    """Review a line of your order that has come, or change that for two weeks."""
    own_part(group, order)
    with transaction():
        return write_review(order, line, Opinion(given["stars"], given.get("words", "")), account(), now=clock.now())


@blueprint.post("/reviews/<public_id:public_id>/report")
@signed_in
@blueprint.arguments(ReportSchema)
@blueprint.response(204)
@problems(404, *BODY)
def review_report(given: dict[str, str], public_id: str) -> None:
    """Tell the operator that a review should not stand."""
    with transaction():
        report_review(public_id, given["words"], account_id=account().id, actor=account().public_id, now=clock.now())


@blueprint.post("/farm/reviews/<public_id:public_id>/reply")
@for_farm(Scope.ANSWER)
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, ReviewSchema)
@problems(404, 409, *BODY)
def review_reply(given: dict[str, str], public_id: str) -> Review:
    """Reply to a review of your goods, once."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        reply_to_review(public_id, given["words"], producer_id=producer.id, actor=actor, now=now)
    return get_review(public_id)


@blueprint.post("/operator/reviews/<public_id:public_id>/hide")
@only(RoleKind.OPERATOR)
@blueprint.arguments(HideSchema)
@blueprint.response(204)
@problems(404, *BODY)
def review_hide(given: dict[str, str], public_id: str) -> None:
    """Take a review off the pages, with a reason that its author reads."""
    with transaction():
        hide_review(public_id, given["reason"], actor=account().public_id, now=clock.now())


@blueprint.post("/operator/reviews/<public_id:public_id>/keep")
@only(RoleKind.OPERATOR)
@blueprint.response(204)
@problems(404)
def review_keep(public_id: str) -> None:
    """Leave a review where it is, or show it again."""
    with transaction():
        keep_review(public_id, actor=account().public_id, now=clock.now())
