"""What is asked of a farm: my part, how much, when, at which price; yes or no. Also for whoever holds its mandate."""

from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.catalogue.queries import product_art
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.regions.queries import area_names
from marketplace.sourcing.answers import answer_part, parts_of_producer
from marketplace.sourcing.models import PlanPart
from marketplace.sourcing.states import PlanPartState
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.plan_words import PART_STATES, chip, cut_words
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.redirects import see_other

blueprint = Blueprint("producer_parts", __name__, url_prefix="/farm/parts")
farm_pages(blueprint)


@blueprint.get("/")
@by_mandate(Scope.ANSWER)
def parts() -> str:
    """What waits for an answer, and what was answered."""
    found = parts_of_producer(current_seller().producer.id)
    art = product_art(part.week.declaration.listing_id for part in found)
    names = area_names({part.delivery.demand.place.area_code for part in found})
    rows = [_row(part, art, names) for part in found]
    return render_template(
        "producer/parts_asked.html",
        waiting=[row for row in rows if row["waits"]],
        others=[row for row in rows if not row["waits"]],
    )


def _row(part: PlanPart, art: Any, names: dict[str, str]) -> dict[str, Any]:
    listing, delivery = part.week.declaration.listing, part.delivery
    hub = part.week.declaration.hub
    return {
        "public_id": part.public_id,
        "title": pick(listing.title_zh, listing.title_en),
        "art": art.get(listing.id),
        "grams": part.grams,
        "fen_kg": part.fen_kg,
        "total_fen": (part.grams * part.fen_kg + 500) // 1000,
        "opens_on": delivery.opens_on,
        "closes_on": delivery.closes_on,
        "place": place_name(names.get(delivery.demand.place.area_code, "")),
        "hub": pick(hub.name_zh, hub.name_en) if hub is not None else None,
        "answer_by": part.answer_by_at,
        "waits": part.state == PlanPartState.ASKED,
        "state": chip(part.state, PART_STATES),
        "why": cut_words(part),
    }


@blueprint.post("/<public_id>/yes")
@by_mandate(Scope.ANSWER)
def accept(public_id: str) -> Response:
    """Promise to bring it."""
    return _answered(public_id, True, _("Thank you. It is yours to bring."))


@blueprint.post("/<public_id>/no")
@by_mandate(Scope.ANSWER)
def decline(public_id: str) -> Response:
    """Say no; that does no harm to later requests but a little."""
    return _answered(public_id, False, _("All right. Somebody else will be asked."))


def _answered(public_id: str, yes: bool, words: str) -> Response:
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        answer_part(public_id, producer.id, accept=yes, actor=actor, now=now)
    flash(words, "success")
    return see_other(url_for("producer_parts.parts"))
