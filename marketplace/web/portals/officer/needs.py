"""Needs at the office: raised, verified and confirmed; helper units looked at; which unit suits a need, and why."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.assistance.needs.helping import approve_helper, close_need
from marketplace.assistance.needs.models import HelperKind, NeedKind
from marketplace.assistance.needs.queries import (
    get_helper_within,
    get_need_within,
    helpers_within,
    household_of,
    needs_within,
    pledge_of,
    suited,
)
from marketplace.assistance.needs.raising import raise_need, refuse_need, verify_need, withdraw_need
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.models import Area, Level
from marketplace.regions.queries import children
from marketplace.registry.models import Household
from marketplace.registry.queries import households_by_code
from marketplace.registry.reading_log import NEED, note_reading
from marketplace.web.access import account, allow, office_reach
from marketplace.web.duty_words import HELPERS, NEEDS, office_words, suited_words
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form, spelled
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.redirects import see_other

blueprint = Blueprint("needs", __name__, url_prefix="/needs")
_LONG = N_("Please write less.")


class NeedForm(FormSchema):
    """What is lacking, and who lacks it: a household, or a village."""

    kind = Text(required=True, validate=validate.OneOf([kind.value for kind in NeedKind]))
    words = Text(required=True, validate=validate.Length(max=400, error=_LONG))
    whose = Text(load_default="", validate=spelled(r"(?:[0-9]{16})?", error=N_("Please give a code of 16 figures.")))
    village = Text(load_default="", validate=spelled(r"(?:[0-9]{12})?", error=N_("Please give a code of 12 figures.")))
    worth = Yuan(load_default=None)


class CardForm(FormSchema):
    """What everybody reads."""

    card = Text(required=True, validate=validate.Length(max=200, error=_LONG))


class WhyForm(FormSchema):
    """Why not."""

    why = Text(required=True, validate=validate.Length(max=200, error=_LONG))


class ArrivedForm(FormSchema):
    """Whether it arrived."""

    arrived = Text(required=True, validate=validate.OneOf(["yes", "no"]))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The needs of one's areas, and the helper units that nobody has looked at."""
    return _list_page({}, {})


def _list_page(form: dict[str, Any], errors: dict[str, str]) -> str:
    area = office_area(request.args.get("area"))
    shown = office_reach().narrowed(area.code)
    return render_template(
        "officer/needs.html",
        area=area,
        areas=areas_to_choose(area),
        villages=_villages(area),
        kinds=[(kind.value, _(words)) for kind, words in NEEDS.items()],
        form=form,
        errors=errors,
        needs=[office_words(need) for need in needs_within(shown)],
        helpers=[
            {
                "public_id": unit.public_id,
                "name": unit.name,
                "kind": _(HELPERS[HelperKind(unit.kind)]),
                "can": [_(NEEDS[NeedKind(kind)]) for kind in unit.can],
                "quota": unit.quota,
                "approved": unit.approved_at is not None,
            }
            for unit in helpers_within(shown)
        ],
    )


def _villages(area: Area) -> list[tuple[str, str]]:
    """The villages to choose from: those of the township that one looks at, or the village itself."""
    if len(area.code) not in (Level.TOWNSHIP, Level.VILLAGE):
        return []
    rows = children(area.code) if len(area.code) == Level.TOWNSHIP else [area]
    return [("", _("No village: it is a household’s")), *((row.code, place_name(row.name)) for row in rows)]


@blueprint.post("")
@allow(RoleKind.OFFICER)
def raised() -> Response | tuple[str, int]:
    """Write down a need."""
    try:
        form = read_form(NeedForm())
        with transaction():
            if bool(form["whose"]) == bool(form["village"]):
                raise FormError({"whose": _("Please give the household’s code or choose a village, one of the two.")})
            whose = office_reach().check(form["whose"] or form["village"])
            household = None
            if form["whose"]:
                found = households_by_code([whose])
                if whose not in found:
                    raise FormError({"whose": _("There is no household %(code)s.", code=whose)})
                household = db.session.get_one(Household, found[whose])
            more = {"household": household, "area_code": whose if household is None else None, "worth_fen": form["worth"]}
            need = raise_need(NeedKind(form["kind"]), form["words"], by=account(), now=clock.now(), **more)
    except Invalid as error:
        errors = errors_by_field(error, "whose")
        return _list_page(request.form.to_dict(), errors), 422
    flash(_("The need is written down; another officer verifies it."), "success")
    return see_other(url_for("officer.needs.one", public_id=need.public_id))


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """A need with its story, its card, and the helper units that suit it."""
    return _need_page(public_id, {}, {})


def _need_page(public_id: str, form: dict[str, Any], errors: dict[str, str]) -> str:
    need = get_need_within(public_id, office_reach())
    household = household_of(need)
    if household is not None:
        with transaction():
            note_reading(household, account(), NEED, now=clock.now())
    made = pledge_of(need)
    fits = suited(need, local_day(clock.now())) if need.state == "open" else []
    return render_template(
        "officer/need.html",
        need=office_words(need),
        mine=need.raised_by_id == account().id,
        household=None if household is None else household.code,
        proof="" if made is None else made.proof,
        form=form,
        errors=errors,
        fits=[{"name": each.helper.name, "why": suited_words(each)} for each in fits],
    )


@blueprint.post("/<public_id>/verify")
@allow(RoleKind.OFFICER)
def verify(public_id: str) -> Response | tuple[str, int]:
    """Verify a need and show its card to everybody."""
    try:
        form = read_form(CardForm())
        with transaction():
            verify_need(get_need_within(public_id, office_reach()), form["card"], by=account(), now=clock.now())
    except Invalid as error:
        errors = errors_by_field(error, "card")
        return _need_page(public_id, request.form.to_dict(), errors), 422
    flash(_("Everybody can read the card now."), "success")
    return see_other(url_for("officer.needs.one", public_id=public_id))


@blueprint.post("/<public_id>/refuse")
@allow(RoleKind.OFFICER)
def refuse(public_id: str) -> Response:
    """Say that a need is none."""
    form = read_form(WhyForm())
    with transaction():
        refuse_need(get_need_within(public_id, office_reach()), form["why"], by=account(), now=clock.now())
    return see_other(url_for("officer.needs.one", public_id=public_id))


@blueprint.post("/<public_id>/withdraw")
@allow(RoleKind.OFFICER)
def withdraw(public_id: str) -> Response:
    """Take back a need that no helper has taken on."""
    with transaction():
        withdraw_need(get_need_within(public_id, office_reach()), by=account(), now=clock.now())
    return see_other(url_for("officer.needs.one", public_id=public_id))


@blueprint.post("/<public_id>/arrived")
@allow(RoleKind.OFFICER)
def arrived(public_id: str) -> Response:
    """Say whether what was delivered has arrived."""
    form = read_form(ArrivedForm())
    with transaction():
        need = get_need_within(public_id, office_reach())
        close_need(need, form["arrived"] == "yes", by=account(), now=clock.now())
    return see_other(url_for("officer.needs.one", public_id=public_id))


@blueprint.post("/helpers/<public_id>/approve")
@allow(RoleKind.OFFICER)
def approve(public_id: str) -> Response:
    """One has looked at a helper unit's papers."""
    with transaction():
        approve_helper(get_helper_within(public_id, office_reach()), by=account(), now=clock.now())
    flash(_("The helper unit can take on needs now."), "success")
    return see_other(url_for("officer.needs.listed"))
