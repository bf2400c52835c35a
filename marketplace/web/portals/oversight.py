"""Portal: where inspectors go and what they see there, on a phone; and acts against households that have complained."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from marshmallow import EXCLUDE, ValidationError, fields, validate
from werkzeug.wrappers import Response

from marketplace.complaints.checklists import CHECKLISTS
from marketplace.complaints.inspections import (
    MOST,
    answer_items,
    answers_of,
    begin_inspection,
    call_off,
    get_inspection_for,
    inspections_for,
    plan_inspections,
    report,
)
from marketplace.complaints.models import AdverseKind, Topic, Verdict
from marketplace.complaints.queries import adverse_acts_for
from marketplace.complaints.retaliation import settle_act
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.registry import complaint_rules
from marketplace.registry.rules import rule
from marketplace.web.access import account, allow
from marketplace.web.complaint_words import ADVERSE, SIGNS, TOPICS, VERDICTS, inspection_words, item_words, place_line
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import FormError, FormSchema, Text, read_form, said, spelled
from marketplace.web.portals import oversight_forecasts, oversight_projects
from marketplace.web.redirects import see_other

blueprint = Blueprint("oversight", __name__, url_prefix="/oversight")
blueprint.register_blueprint(oversight_projects.blueprint)
blueprint.register_blueprint(oversight_forecasts.blueprint)
_LONG = N_("Please write less.")


class PlanForm(FormSchema):
    """How many of what, and where."""

    topic = fields.Enum(Topic, by_value=fields.String(), required=True)
    area = Text(required=True, validate=spelled("[0-9]{2,12}"))
    number = fields.Integer(required=True, validate=validate.Range(1, MOST))


class ChecklistForm(FormSchema):
    """Verdicts and words, each named after its item; the checklist itself refuses what it does not have."""

    class Meta:
        """Items are read by name below."""

        unknown = EXCLUDE

    finished = Text(load_default="")


class SettleForm(FormSchema):
    """What an act was."""

    words = Text(required=True, validate=validate.Length(max=400, error=_LONG))


@blueprint.get("/plan")
@allow(RoleKind.AUDITOR)
def plan() -> str:
    """The inspections of one's areas, and the formula by which they were chosen."""
    return _plan({}, {})


def _plan(form: dict[str, Any], errors: dict[str, str]) -> str:
    areas, today = scopes(account(), RoleKind.AUDITOR), local_day(clock.now())
    weights, of_projects = (
        [(_(words), found[name]) for name, words in SIGNS.items() if name in found]
        for found in (rule(name, areas[0], today).value for name in (complaint_rules.WEIGHTS, complaint_rules.PROJECT_WEIGHTS))
    )
    rows = [inspection_words(row) for row in inspections_for(account())]
    return render_template(
        "oversight/plan.html",
        waiting=[row for row in rows if row["planned"] or row["under_way"]],
        done=[row for row in rows if not (row["planned"] or row["under_way"])],
        areas=[(code, place_line(code)) for code in areas],
        topics=[(topic.value, _(words)) for topic, words in TOPICS.items()],
        weights=weights,
        of_projects=of_projects,
        lot_share=rule(complaint_rules.RANDOM_SHARE, areas[0], today).value / 10_000,
        form={"number": 5, **form},
        errors=errors,
    )


@blueprint.post("/plan")
@allow(RoleKind.AUDITOR)
def add() -> Response | tuple[str, int]:
    """Put more into the plan."""
    try:
        form = read_form(PlanForm())
        with transaction():
            made = plan_inspections(form["topic"], form["area"], form["number"], by=account(), now=clock.now())
            number = len(made)
    except Invalid as error:
        return _plan(request.form.to_dict(), errors_by_field(error)), 422
    flash(ngettext("%(num)d inspection is planned.", "%(num)d inspections are planned.", number), "success")
    return see_other(url_for("oversight.plan"))


@blueprint.get("/plan/<public_id>")
@allow(RoleKind.AUDITOR)
def inspection(public_id: str) -> str:
    """One inspection with its checklist."""
    return _inspection(public_id, {}, {})


def _inspection(public_id: str, form: dict[str, Any], errors: dict[str, str]) -> str:
    found = get_inspection_for(public_id, account())
    answers = answers_of(found)
    return render_template(
        "oversight/inspection.html",
        inspection=inspection_words(found),
        mine=found.inspector_id == account().id,
        items=[
            {
                "name": item,
                "what": item_words(found.topic, item),
                "verdict": form.get(f"{item}-verdict", answers[item].verdict if item in answers else ""),
                "words": form.get(f"{item}-words", answers[item].words if item in answers else ""),
            }
            for item in CHECKLISTS[Topic(found.topic)]
        ],
        verdicts=[(verdict.value, _(words)) for verdict, words in VERDICTS.items()],
        errors=errors,
    )


@blueprint.post("/plan/<public_id>/begin")
@allow(RoleKind.AUDITOR)
def begin(public_id: str) -> Response:
    """Begin it."""
    with transaction():
        begin_inspection(get_inspection_for(public_id, account()), by=account(), now=clock.now())
    return see_other(url_for("oversight.inspection", public_id=public_id))


@blueprint.post("/plan/<public_id>/call-off")
@allow(RoleKind.AUDITOR)
def off(public_id: str) -> Response:
    """Take it out of the plan."""
    with transaction():
        call_off(get_inspection_for(public_id, account()), by=account(), now=clock.now())
    return see_other(url_for("oversight.plan"))


@blueprint.post("/plan/<public_id>/answers")
@allow(RoleKind.AUDITOR)
def answers(public_id: str) -> Response | tuple[str, int]:
    """Keep what was seen so far; with ``finished`` report it."""
    try:
        finished = read_form(ChecklistForm())["finished"]
        with transaction():
            found = get_inspection_for(public_id, account())
            answer_items(found, _said(found.topic), by=account(), now=clock.now())
            if finished:
                report(found, by=account(), now=clock.now())
    except Invalid as error:
        return _inspection(public_id, request.form.to_dict(), errors_by_field(error)), 422
    flash(_("It is reported.") if finished else _("It is kept. Go on whenever you like."), "success")
    return see_other(url_for("oversight.inspection", public_id=public_id))


def _said(topic: str) -> dict[str, tuple[Verdict, str]]:
    text = Text()
    found = {}
    for item in CHECKLISTS[Topic(topic)]:
        verdict = request.form.get(f"{item}-verdict", "")
        if verdict:
            if verdict not in [one.value for one in Verdict]:
                raise FormError({"": _("This does not fit here.")})
            try:
                words = text.deserialize(request.form.get(f"{item}-words", "").strip())
            except ValidationError as error:
                raise FormError({f"{item}-words": said(str(error.messages[0]))}) from error
            found[item] = (Verdict(verdict), words)
    return found


@blueprint.get("/watch")
@allow(RoleKind.AUDITOR)
def watch() -> str:
    """What happened to households that have complained."""
    rows = [
        {
            "public_id": act.public_id,
            "what": _(ADVERSE[AdverseKind(act.kind)]),
            "day": act.happened_on,
            "reference": complaint.reference,
            "made_on": complaint.made_on,
            "place": place_line(complaint.area_code[:9]),
            "words": act.settled_words,
        }
        for act, complaint in adverse_acts_for(account())
    ]
    return render_template(
        "oversight/watch.html", waiting=[row for row in rows if not row["words"]], done=[row for row in rows if row["words"]]
    )


@blueprint.post("/watch/<public_id>")
@allow(RoleKind.AUDITOR)
def settle(public_id: str) -> Response:
    """Say what it was."""
    form = read_form(SettleForm())
    with transaction():
        settle_act(public_id, form["words"], by=account(), now=clock.now())
    flash(_("It is written down."), "success")
    return see_other(url_for("oversight.watch"))
