"""Portal: what households of one's area declare that has grown, for an officer to confirm in words."""

from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug.wrappers import Response

from marketplace.catalogue.models import YieldDeclaration
from marketplace.catalogue.queries import products
from marketplace.catalogue.suspicions import settle_suspicion, suspicions_within
from marketplace.catalogue.yield_states import YieldAction, YieldState
from marketplace.catalogue.yields import decide_yield, declarations_within
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_
from marketplace.regions.queries import area_names
from marketplace.registry.models import Household
from marketplace.web.access import account, allow, office_reach
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals.producer_harvest import STATE_WORDS, what_words
from marketplace.web.redirects import see_other
from marketplace.web.suspicion_words import shown_suspicion

blueprint = Blueprint("yields", __name__, url_prefix="/yields")


class DecisionForm(FormSchema):
    """Whether it is true, and how the officer knows."""

    action = fields.Enum(YieldAction, by_value=fields.String(), required=True)
    words = Text(required=True, error_messages={"required": N_("Please say in a few words how you know.")})


class SettleForm(FormSchema):
    """What it was."""

    words = Text(required=True, error_messages={"required": N_("Please say in a few words what it was.")})


@blueprint.get("")
@allow(RoleKind.OFFICER)
def waiting() -> str:
    """What waits for a word, oldest first; what was decided; and what looks odd."""
    reach = office_reach()
    found, decided = declarations_within(reach, waiting=True), declarations_within(reach, waiting=False, limit=20)
    names = {row.id: pick(row.name_zh, row.name_en) for row in products()}
    places = area_names({row.village_code for row in (*found, *decided)})
    return render_template(
        "officer/yields.html",
        rows=[_row(row, names, places) for row in found],
        decided=[_row(row, names, places) for row in decided],
        odd=[shown_suspicion(row, producer) for row, producer in suspicions_within(reach.areas, settled=False)],
    )


def _row(row: YieldDeclaration, names: dict[int, str], places: dict[str, str]) -> dict[str, Any]:
    words, tone = STATE_WORDS[YieldState(row.state)]
    return {
        "public_id": row.public_id,
        "household": db.session.get_one(Household, row.household_id).code,
        "place": place_name(places.get(row.village_code, "")),
        "name": names[row.product_id],
        "season": row.season,
        "what": what_words(row),
        "words": row.words,
        "at": row.declared_at,
        "chip": (_(words), tone),
        "said": row.decided_words,
    }


@blueprint.post("/<public_id>")
@allow(RoleKind.OFFICER)
def decide(public_id: str) -> Response:
    """Confirm or refuse, in words."""
    form = read_form(DecisionForm())
    with transaction():
        decide_yield(public_id, form["action"], form["words"], office_reach(), actor=account().public_id, now=clock.now())
    flash(_("Written down. The household sees what you said."), "success")
    return see_other(url_for("officer.yields.waiting"))


@blueprint.post("/odd/<public_id>")
@allow(RoleKind.OFFICER)
def settle(public_id: str) -> Response:
    """Say what an oddity was."""
    form = read_form(SettleForm())
    with transaction():
        settle_suspicion(public_id, form["words"], office_reach().areas, actor=account().public_id, now=clock.now())
    flash(_("Written down."), "success")
    return see_other(url_for("officer.yields.waiting"))
