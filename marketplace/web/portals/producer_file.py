"""Portal: a household's own file: what is on it, who has looked, and asking for something to be put right."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.registry.corrections import ask_correction, corrections_asked
from marketplace.registry.files import Member, read_file
from marketplace.registry.models import ChangeRequest, Household, Person, RequestState
from marketplace.registry.open_questions import get_member
from marketplace.registry.reading_log import looks_at
from marketplace.web.access import account, allow
from marketplace.web.file_forms import controls, field_faults, fields_of, typed_again, typed_values
from marketplace.web.file_words import MEMBER_SECTIONS, PERSON, SECTIONS, member_words, sections
from marketplace.web.number_words import household_numbers
from marketplace.web.own_household import own_household
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.reading_words import look_words
from marketplace.web.redirects import see_other

blueprint = Blueprint("producer_file", __name__, url_prefix="/farm/file")
farm_pages(blueprint)

STATES = {
    RequestState.OPEN: (N_("An officer will look at it"), "wait"),
    RequestState.APPROVED: (N_("Put right"), "good"),
    RequestState.REFUSED: (N_("Not changed"), "bad"),
    RequestState.WITHDRAWN: (N_("Taken back"), "neutral"),
}


@blueprint.get("")
@allow(RoleKind.FARMER)
def mine() -> str:
    """One's own file in plain words."""
    household, today = own_household(), local_day(clock.now())
    whole = read_file(household, today.year)
    return render_template(
        "producer/file.html",
        code=household.code,
        year=today.year,
        sections=sections(whole.values, {}, {}),
        members=[member_words(member, {}, today) for member in whole.members],
        looks=look_words(looks_at(household)),
        asked=[_asked(row) for row in corrections_asked(household, account())],
    )


@blueprint.get("/numbers")
@allow(RoleKind.FARMER)
def numbers() -> str:
    """How poor one's own household is counted to be, by each number and in plain words."""
    household, today = own_household(), local_day(clock.now())
    whole = read_file(household, today.year)
    return render_template("producer/numbers.html", year=today.year, **household_numbers(household, whole, today))


def _asked(row: ChangeRequest) -> dict[str, Any]:
    label, tone = STATES[RequestState(row.state)]
    return {"at": row.proposed_at, "reason": row.reason, "state": (_(label), tone), "note": row.note}


@blueprint.get("/correct/<section>")
@allow(RoleKind.FARMER)
def correct(section: str) -> str:
    """The form by which a household says what is right."""
    return _form(own_household(), section, request.args.get("member", ""))


@blueprint.post("/correct/<section>")
@allow(RoleKind.FARMER)
def ask(section: str) -> Response | tuple[str, int]:
    """Ask for something to be put right. It stands when an officer has agreed."""
    now, wanted, member = clock.now(), fields_of(section), request.form.get("member", "")
    household = own_household()
    try:
        with transaction():
            person: Person | None = get_member(household, member) if section == PERSON else None
            ask_correction(
                household,
                typed_values(wanted),
                by=account(),
                reason=request.form.get("reason", "")[:400],
                year=local_day(now).year,
                now=now,
                person=person,
            )
    except Invalid as error:
        household = own_household()
        return _form(household, section, member, typed=typed_again(wanted), errors=field_faults(error)), 422
    flash(_("Sent. An officer will look at it and agree, or say why not."), "success")
    return see_other(url_for("producer_file.mine"))


def _form(
    household: Household,
    section: str,
    member: str,
    *,
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    if section not in {*SECTIONS, PERSON}:
        raise NotFound("section_unknown", N_("A file has no such part."))
    whole = read_file(household, local_day(clock.now()).year)
    found: Member | None = next((each for each in whole.members if each.person.public_id == member), None)
    if section == PERSON and found is None:
        raise NotFound("member_unknown", N_("There is no such member."))
    values = found.values if section == PERSON and found is not None else whole.values
    shown = controls(fields_of(section), values if typed is None else typed, errors or {})
    return render_template(
        "producer/file_correct.html",
        section=section,
        title=_({**SECTIONS, **MEMBER_SECTIONS}[section]),
        member=None if found is None else {"public_id": member, "name": found.identity["name"]},
        controls=shown,
        reason=request.form.get("reason", ""),
        errors=errors or {},
    )
