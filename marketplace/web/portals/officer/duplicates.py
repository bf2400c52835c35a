"""Portal: persons who may stand on file twice, side by side."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.regions.queries import area_names
from marketplace.registry.duplicates.deciding import (
    PairShown,
    Side,
    agree_same,
    get_pair,
    households_of,
    pairs_waiting,
    propose_same,
    say_different,
    shown_pair,
    take_back,
)
from marketplace.registry.duplicates.looking import last_looked
from marketplace.registry.reading_log import MEMBER, note_reading
from marketplace.registry.standard import BY_NAME
from marketplace.web.access import account, allow, office_reach
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other

blueprint = Blueprint("duplicates", __name__, url_prefix="/duplicates")

_STATES = {
    "open": (N_("To decide"), "wait"),
    "proposed": (N_("Waits for a second officer"), "info"),
    "same": (N_("One person"), "good"),
    "different": (N_("Two persons"), "neutral"),
}
# What is said of each thing compared and how near the two are.
_WHY = {
    ("name", "same"): N_("The same name"),
    ("name", "sounds_same"): N_("Names that sound the same"),
    ("name", "near"): N_("Names that are nearly the same"),
    ("born_on", "same"): N_("The same birthday"),
    ("born_on", "near"): N_("Birthdays that differ in one figure"),
    ("born_on", "year"): N_("Born in the same year"),
    ("sex", "same"): N_("The same sex"),
    ("sex", "other"): N_("Not the same sex"),
    ("place", "village"): N_("The same village"),
    ("place", "township"): N_("The same township"),
    ("relation", "same"): N_("The same place in the household"),
    ("id_number", "near"): N_("Card numbers that are nearly the same"),
    ("id_number", "other"): N_("Different card numbers"),
    ("id_number", "unknown"): N_("The card number of one is not known"),
}
_RELATION, _SEX, _ID_NUMBER = BY_NAME["relation"], BY_NAME["sex"], BY_NAME["id_number"]
_NOTE = validate.Length(max=400, error=N_("Please write at most 400 characters."))


class NoteForm(FormSchema):
    """Why."""

    note = Text(load_default="", validate=_NOTE)


class SameForm(NoteForm):
    """Who leaves, and why."""

    leaves = Text(load_default="")


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The pairs that wait, likeliest first."""
    pairs = pairs_waiting(office_reach(), account())
    names = area_names(side.village_code for pair in pairs for side in pair.sides if side is not None)
    return render_template(
        "officer/duplicates.html", pairs=[_pair_words(pair, names) for pair in pairs], looked_at=last_looked()
    )


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """Two persons side by side. Whoever looks is written down with the files of those they see."""
    reach, now = office_reach(), clock.now()
    with transaction():
        pair = shown_pair(public_id, reach, account())
        for household in households_of(get_pair(public_id, reach)):
            if reach.holds(household.village_code):
                note_reading(household, account(), MEMBER, now=now)
    names = area_names(side.village_code for side in pair.sides if side is not None)
    return render_template("officer/duplicate.html", pair=_pair_words(pair, names))


@blueprint.post("/<public_id>/different")
@allow(RoleKind.OFFICER)
def different(public_id: str) -> Response:
    """They are two; nobody is asked again."""
    note = read_form(NoteForm())["note"]
    with transaction():
        say_different(public_id, office_reach(), by=account(), now=clock.now(), note=note)
    flash(_("Written down. Nobody will be asked about these two again."), "success")
    return see_other(url_for("officer.duplicates.listed"))


@blueprint.post("/<public_id>/same")
@allow(RoleKind.OFFICER)
def same(public_id: str) -> Response:
    """They are one; a second officer has to agree before one of them leaves."""
    form = read_form(SameForm())
    with transaction():
        propose_same(public_id, form["leaves"], office_reach(), by=account(), now=clock.now(), note=form["note"])
    flash(_("It waits for a second officer, who sees your reason."), "info")
    return see_other(url_for("officer.duplicates.one", public_id=public_id))


@blueprint.post("/<public_id>/agree")
@allow(RoleKind.OFFICER)
def agree(public_id: str) -> Response:
    """Agree, as the second officer."""
    read_form(FormSchema())
    with transaction():
        agree_same(public_id, office_reach(), by=account(), now=clock.now())
    flash(_("One of the two has left the file. What was known of them can still be read."), "success")
    return see_other(url_for("officer.duplicates.listed"))


@blueprint.post("/<public_id>/back")
@allow(RoleKind.OFFICER)
def back(public_id: str) -> Response:
    """Send a proposal back into the queue."""
    read_form(FormSchema())
    with transaction():
        take_back(public_id, office_reach(), by=account(), now=clock.now())
    flash(_("It waits to be decided again."), "info")
    return see_other(url_for("officer.duplicates.one", public_id=public_id))


def _pair_words(pair: PairShown, names: Mapping[str, str]) -> dict[str, Any]:
    label, tone = _STATES[pair.state]
    return {
        "public_id": pair.public_id,
        "state": pair.state,
        "chip": (_(label), tone),
        "score": pair.score,
        # In the order of the table, which begins with what weighs most.
        "why": [_(words) for (name, level), words in _WHY.items() if pair.why.get(name) == level],
        "sides": [_side_words(side, names) for side in pair.sides],
        "whole": pair.is_whole,
        "mine": pair.mine,
        "note": pair.note,
    }


def _side_words(side: Side | None, names: Mapping[str, str]) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "person": side.person,
        "name": side.name,
        "village": place_name(names[side.village_code]) if side.village_code in names else "",
        "leaves": side.leaves,
        "facts": [
            (_("Household"), side.household_code),
            (_(_RELATION.label), _(_RELATION.choice_label(side.relation))),
            (_(_SEX.label), _(_SEX.choice_label(side.sex))),
            (_("Born in"), str(side.birth_year)),
            (_(_ID_NUMBER.label), side.id_number or _("not known")),
        ],
    }
