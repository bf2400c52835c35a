"""Portal: complaints for the desk that hears them, and findings of inspections for both sides. A list holds one's own alone."""

from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response as AnyResponse

from marketplace.complaints.filing import LONGEST, Said, file_complaint
from marketplace.complaints.handling import answer_complaint, hand_on, take_complaint
from marketplace.complaints.inspections import findings_for, get_finding_for, move_finding
from marketplace.complaints.models import About, Channel, ComplaintKind, InspectionFinding
from marketplace.complaints.queries import colleagues, complaints_for, get_complaint_for, steps_of
from marketplace.complaints.states import FindingAction
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import account_names_by_id, may_see
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.registry.models import Household
from marketplace.registry.queries import households_by_code
from marketplace.web.access import account, allow
from marketplace.web.complaint_words import (
    CHANNELS,
    about_options,
    complaint_words,
    finding_words,
    kind_options,
    step_words,
)
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import FormError, FormSchema, Text, read_form, spelled
from marketplace.web.portals.complaints_public import AreaQuery, ComplaintForm, places_around
from marketplace.web.redirects import see_other

blueprint = Blueprint("inspection", __name__, url_prefix="/inspection")
BOTH = (RoleKind.OFFICER, RoleKind.AUDITOR)
_LONG = N_("Please write less.")


class TakenDownForm(ComplaintForm):
    """A complaint from a call or a letter; with the household's code where the household is named."""

    channel = fields.Enum(Channel, by_value=fields.String(), required=True)
    household = Text(load_default="", validate=spelled("([0-9]{16})?"))


class AnswerForm(FormSchema):
    """An answer, or why nothing is done."""

    words = Text(required=True, validate=validate.Length(max=LONGEST, error=_LONG))
    evidence = Text(load_default="", validate=validate.Length(max=120, error=_LONG))
    declined = Text(load_default="")


class ToForm(FormSchema):
    """To whom it goes."""

    to = Text(required=True, validate=validate.Length(max=20))


class FindingForm(FormSchema):
    """What is done about a finding."""

    action = fields.Enum(FindingAction, by_value=fields.String(), required=True)
    words = Text(load_default="", validate=validate.Length(max=400, error=_LONG))
    proof = Text(load_default="", validate=validate.Length(max=120, error=_LONG))


@blueprint.after_request
def keep_nowhere(response: Response) -> Response:
    """No cache keeps what somebody complained of."""
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get("/complaints")
@allow(*BOTH)
def complaints() -> str:
    """What one may hear, due soonest first."""
    rows = [complaint_words(row, account()) for row in complaints_for(account())]
    return render_template(
        "inspection/complaints.html",
        waiting=[row for row in rows if row["open"]],
        done=[row for row in rows if not row["open"]],
        today=local_day(clock.now()),
        inspects=any(role.kind == RoleKind.AUDITOR for role in account().roles),
    )


@blueprint.get("/complaints/new")
@allow(*BOTH)
def new() -> str:
    """Take down a call or a letter."""
    return _new(read_form(AreaQuery(), request.args)["area"], {}, {})


def _new(code: str, form: dict[str, Any], errors: dict[str, str]) -> str:
    return render_template(
        "inspection/complaint_new.html",
        places=places_around(code),
        kinds=kind_options(),
        abouts=about_options(),
        channels=[(one.value, _(words)) for one, words in CHANNELS.items() if one is not Channel.WEB],
        form=form,
        errors=errors,
    )


@blueprint.post("/complaints")
@allow(*BOTH)
def add() -> tuple[str, int]:
    """Keep it, and show the code to be read out, this once. If it accuses an office, its officers see it no more."""
    try:
        form = read_form(TakenDownForm())
        said = Said(
            kind=ComplaintKind(form["kind"]),
            about=About(form["about"]),
            area_code=form["area"],
            office_code=form["office"],
            subject=form["subject"],
            words=form["words"],
            channel=form["channel"],
            name=form["name"],
            contact=form["contact"],
            household=_household(form["household"], form["area"]),
        )
        with transaction():
            complaint, code = file_complaint(said, now=clock.now(), taken_down_by=account())
            shown = complaint_words(complaint)
    except (Invalid, NotFound) as error:
        return _new(request.form.get("area", ""), request.form.to_dict(), errors_by_field(error)), 422
    return render_template("inspection/complaint_taken.html", complaint=shown, code=code), 201


def _household(code: str, area: str) -> Household | None:
    """The household of a code within the areas of whoever writes it down; others cannot be told from made-up ones."""
    if not code:
        return None
    mine = any(may_see(account(), kind, code[:12]) for kind in BOTH) and code.startswith(area[:6])
    found = households_by_code([code]) if mine else {}
    if code not in found:
        raise FormError({"household": _("There is no household %(code)s.", code=code)})
    return db.session.get_one(Household, found[code])


@blueprint.get("/complaints/<public_id>")
@allow(*BOTH)
def complaint(public_id: str) -> str:
    """One complaint with all that was done."""
    return _one(public_id, {}, {})


def _one(public_id: str, form: dict[str, Any], errors: dict[str, str]) -> str:
    found = get_complaint_for(public_id, account())
    rows = steps_of(found)
    names = account_names_by_id(row.by_id for row in rows if row.by_id is not None)
    return render_template(
        "inspection/complaint.html",
        complaint=complaint_words(found, account()),
        steps=[step_words(row, names.get(row.by_id or 0, "")) for row in rows],
        handler=account_names_by_id([found.handler_id]).get(found.handler_id) if found.handler_id else None,
        colleagues=[(each.public_id, each.display_name) for each in colleagues(found, account())],
        form=form,
        errors=errors,
    )


@blueprint.post("/complaints/<public_id>/take")
@allow(*BOTH)
def take(public_id: str) -> AnyResponse:
    """Take it on."""
    with transaction():
        take_complaint(get_complaint_for(public_id, account()), by=account(), now=clock.now())
    flash(_("You have taken it on."), "success")
    return see_other(url_for("inspection.complaint", public_id=public_id))


@blueprint.post("/complaints/<public_id>/hand-on")
@allow(*BOTH)
def hand(public_id: str) -> AnyResponse:
    """Give it to somebody else of the desk."""
    with transaction():
        found = get_complaint_for(public_id, account())
        form = read_form(ToForm())
        to = db.session.query(Account).filter_by(public_id=form["to"]).first()
        if to is None:
            raise Invalid("handler_wrong", N_("Please choose somebody who may hear this."))
        hand_on(found, to, by=account(), now=clock.now())
    flash(_("It is handed on."), "success")
    return see_other(url_for("inspection.complaint", public_id=public_id))


@blueprint.post("/complaints/<public_id>/answer")
@allow(*BOTH)
def answer(public_id: str) -> AnyResponse | tuple[str, int]:
    """Answer it."""
    try:
        form = read_form(AnswerForm())
        with transaction():
            found, declined = get_complaint_for(public_id, account()), bool(form["declined"])
            answer_complaint(found, form["words"], form["evidence"], declined=declined, by=account(), now=clock.now())
    except Invalid as error:
        return _one(public_id, request.form.to_dict(), errors_by_field(error)), 422
    flash(_("The answer can be read with the code."), "success")
    return see_other(url_for("inspection.complaint", public_id=public_id))


@blueprint.get("/findings")
@allow(*BOTH)
def findings() -> str:
    """Findings of one's areas, with what one's own side can do about each."""
    return _findings({}, {})


def _findings(form: dict[str, Any], errors: dict[str, str]) -> str:
    rows = []
    for finding, inspection in findings_for(account()):
        office = may_see(account(), RoleKind.OFFICER, inspection.area_code)
        inspects = may_see(account(), RoleKind.AUDITOR, inspection.area_code)
        other = account().id != finding.found_by_id
        rows.append({**finding_words(finding, inspection), "office": office, "inspects": inspects, "other": other})
    return render_template(
        "inspection/findings.html",
        waiting=[row for row in rows if row["due_on"]],
        done=[row for row in rows if not row["due_on"]],
        form=form,
        errors=errors,
    )


@blueprint.post("/findings/<public_id>")
@allow(*BOTH)
def move(public_id: str) -> AnyResponse | tuple[str, int]:
    """Put it right, appeal, confirm, send back, decide."""
    try:
        form = read_form(FindingForm())
        with transaction():
            found: InspectionFinding = get_finding_for(public_id, account())
            move_finding(found, form["action"], form["words"], form["proof"], by=account(), now=clock.now())
    except Invalid as error:
        return _findings({**request.form.to_dict(), "of": public_id}, errors_by_field(error)), 422
    flash(_("It is written down."), "success")
    return see_other(url_for("inspection.findings"))
