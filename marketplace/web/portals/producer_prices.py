"""The seller's side of a question about a price: what is unusual, and what shows that it is right."""

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.catalogue.models import Listing, Review
from marketplace.catalogue.price_checks import keeps_from_sale, latest_check
from marketplace.catalogue.price_evidence import fen_per_500_g
from marketplace.catalogue.price_reviews import give_evidence
from marketplace.catalogue.queries import own_listing
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.forms import read_form
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.portals.operator_prices import EvidenceForm

blueprint = Blueprint("producer_prices", __name__, url_prefix="/farm")
farm_pages(blueprint)


@blueprint.post("/listings/<public_id>/price-evidence")
@by_mandate(Scope.LIST)
def evidence(public_id: str) -> Response:
    """Say or show why a price is right."""
    form = read_form(EvidenceForm())
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(public_id, producer.id)
        give_evidence(listing, form["words"], form["link"], actor=actor, now=now)
    flash(_("Thank you. Somebody will look at it."), "success")
    return redirect(url_for("producer.listing_edit", public_id=public_id), 303)


def price_question(listing: Listing) -> dict[str, Any] | None:
    """What the seller's page shows of a price that is unusual; None where nothing is."""
    check = latest_check(listing.id)
    if check is None or check.review not in (Review.OPEN, Review.ASKED, Review.REFUSED):
        return None
    return {
        "public_id": listing.public_id,
        "waits": keeps_from_sale(check),
        "refused": check.review == Review.REFUSED,
        "per_500_g_fen": round(fen_per_500_g(check.price_fen, check.unit_grams)),
        "expected_fen": check.expected_fen,
        "question": check.question,
        "given": [one for one in check.evidence if one.given_by == "seller"],
    }
