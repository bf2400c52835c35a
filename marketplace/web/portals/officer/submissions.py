"""Filled-in forms that have come: what became of them, what is odd about them, and trying again what was not taken in."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.regions.queries import area_names
from marketplace.registry.forms.decisions import decide_flag, see_again
from marketplace.registry.forms.lists import get_submission_within, short_codes, submission_counts, submissions_within
from marketplace.registry.forms.standard_form import MEMBERS
from marketplace.registry.forms.versions import model_of
from marketplace.registry.models import FlagKind, FlagState, FormSubmission, SubmissionFlag, SubmissionState
from marketplace.web.access import account, allow, office_reach
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other
from marketplace.web.submissions import take_in

blueprint = Blueprint("submissions", __name__, url_prefix="/submissions")

_TABS = (("all", N_("All")), ("flagged", N_("To look at")), ("failed", N_("Not taken in")))
_STATES = {
    SubmissionState.INCOMPLETE: (N_("Photos missing"), "wait"),
    SubmissionState.WAITING: (N_("Waiting"), "wait"),
    SubmissionState.DONE: (N_("In the file"), "good"),
    SubmissionState.FAILED: (N_("Not taken in"), "bad"),
    SubmissionState.UNREADABLE: (N_("Cannot be read"), "bad"),
}
FLAGS = {
    FlagKind.OUTSIDE: (
        N_("Far from the village"),
        N_("Filled in %(distance_m)s m from the middle of the village; its houses stand within %(radius_m)s m."),
    ),
    FlagKind.FAST: (N_("Very fast"), N_("%(questions)s answers in %(seconds)s seconds.")),
    FlagKind.STRAIGHT: (
        N_("The same choice all along"),
        N_("%(same)s of %(choices)s choices stand at the same place of their list."),
    ),
    FlagKind.PHOTO: (
        N_("A photo of another house"),
        N_("It differs in %(bits)s of 64 points from a photo sent for another household."),
    ),
    FlagKind.CLOCK: (N_("Clock ahead"), N_("The phone’s clock was %(minutes)s minutes ahead.")),
    FlagKind.NIGHT: (N_("At night"), N_("Finished at %(time)s.")),
}
_UNCHECKED = {
    "outside": N_("Where it was filled in: the place of the village, or of the phone, is not known."),
    "fast": N_("How long it took: the phone did not say."),
    "clock": N_("The phone’s clock: it did not say."),
    "night": N_("The time of day: the phone did not say."),
}
_FLAG_STATES = {
    FlagState.OPEN: (N_("To look at"), "wait"),
    FlagState.EXPLAINED: (N_("Explained"), "good"),
    FlagState.CONFIRMED: (N_("Confirmed"), "bad"),
}


class ListQuery(FormSchema):
    """Which submissions are shown."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    which = fields.String(
        load_default="all",
        validate=validate.OneOf([key for key, _label in _TABS], error=N_("Please choose one of the lists offered.")),
    )
    page = fields.Integer(
        load_default=1,
        validate=validate.Range(1, 1000, error=N_("There is no such page.")),
        error_messages={"invalid": N_("There is no such page.")},
    )


class DecisionForm(FormSchema):
    """What somebody found who looked at a flag."""

    state = fields.String(
        required=True,
        validate=validate.OneOf(["explained", "confirmed"], error=N_("Please choose one of the two.")),
        error_messages={"required": N_("Please choose one of the two.")},
    )
    note = Text(
        required=True,
        validate=validate.Length(max=400, error=N_("Please write at most 400 characters.")),
        error_messages={"required": N_("Please say what you found.")},
    )


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The submissions of one's areas, newest first."""
    query = read_form(ListQuery(), request.args)
    rows, more = submissions_within(office_reach(), which=query["which"], page=query["page"])
    counts, names = submission_counts(office_reach()), area_names({row.area_code for row in rows})
    codes = short_codes(row.household_id for row in rows)
    return render_template(
        "officer/submissions.html",
        tabs=[(key, _(label), counts[key], key == query["which"]) for key, label in _TABS],
        rows=[
            {**_shown(row), "place": place_name(names.get(row.area_code, "")), "code": codes.get(row.household_id)}
            for row in rows
        ],
        counts=counts,
        number=query["page"],
        more=more,
    )


def _shown(row: FormSubmission) -> dict[str, Any]:
    label, tone = _STATES[SubmissionState(row.state)]
    return {
        "public_id": row.public_id,
        "by": row.by.display_name,
        "received_at": row.received_at,
        "state": (_(label), tone),
        "failed": row.state == SubmissionState.FAILED,
        "flags": [_(FLAGS[FlagKind(flag.kind)][0]) for flag in row.flags if flag.state == FlagState.OPEN],
        "version": row.version.version if row.version is not None else None,
        "form_id": row.version.public_id if row.version is not None else None,
    }


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """One submission: what became of it, and what is odd about it. Its answers stand in the file, and nowhere else."""
    row = get_submission_within(public_id, office_reach())
    outcome = row.outcome
    facts = [
        (_("Sent by"), row.by.display_name),
        (_("Received"), row.received_at),
        (_("Begun, by the phone’s clock"), row.began_at),
        (_("Finished, by the phone’s clock"), row.ended_at),
        (_("Values that now stand"), outcome.get("values")),
        (_("Values against another’s"), outcome.get("conflicts")),
        (_("Waiting for a second person"), outcome.get("requests")),
        (_("New members"), outcome.get("members_added")),
        (_("Photos kept"), outcome.get("pictures")),
    ]
    return render_template(
        "officer/submission.html",
        row={**_shown(row), "instance_id": row.instance_id, "attempts": row.attempts},
        code=short_codes([row.household_id]).get(row.household_id),
        facts=[(label, value) for label, value in facts if value is not None],
        faults=[(_question(row, name), _(words)) for name, words in sorted(row.fault_fields.items())],
        flags=[_flag(flag) for flag in row.flags],
        unchecked=[_(_UNCHECKED[name]) for name in outcome.get("unchecked", ())],
        lost=outcome.get("pictures_missing", []) + outcome.get("pictures_refused", []),
        own=row.by_id == account().id,
    )


def _question(row: FormSubmission, name: str) -> str:
    """A question in words: its label, and of which member it was asked; its name where the form does not know it."""
    section, _dot, rest = name.partition(".")
    number, _dot, asked = rest.partition(".")
    labels = {question.name: question.label for _section, question in model_of(row.version).questions()} if row.version else {}
    label = labels.get(asked or name)
    words = pick(label.zh, label.en) if label is not None else (asked or name)
    return _("Member %(number)s, %(question)s", number=number, question=words) if section == MEMBERS and asked else words


def _flag(flag: SubmissionFlag) -> dict[str, Any]:
    label, sentence = FLAGS[FlagKind(flag.kind)]
    state, tone = _FLAG_STATES[FlagState(flag.state)]
    return {
        "kind": flag.kind,
        "label": _(label),
        "sentence": str(_(sentence)) % flag.figures,
        "state": (_(state), tone),
        "open": flag.state == FlagState.OPEN,
        "note": flag.note,
    }


@blueprint.post("/<public_id>/again")
@allow(RoleKind.OFFICER)
def again(public_id: str) -> Response:
    """Try once more to take it in."""
    read_form(FormSchema())
    done = take_in(get_submission_within(public_id, office_reach()).id, now=clock.now())
    if done.state == SubmissionState.DONE:
        flash(_("It has been taken into the file."), "success")
    else:
        flash(_("It still does not fit. What is wrong stands below."), "error")
    return see_other(url_for("officer.submissions.one", public_id=public_id))


@blueprint.post("/<public_id>/flags/<kind>")
@allow(RoleKind.OFFICER)
def decide(public_id: str, kind: str) -> Response:
    """Write down what somebody found who looked at a flag."""
    form = read_form(DecisionForm())
    with transaction():
        row = get_submission_within(public_id, office_reach())
        decide_flag(row, kind, FlagState(form["state"]), form["note"], by=account(), now=clock.now())
    flash(_("Written down."), "success")
    return see_other(url_for("officer.submissions.one", public_id=public_id))


@blueprint.post("/<public_id>/visit")
@allow(RoleKind.OFFICER)
def visit(public_id: str) -> Response:
    """Have somebody else go to the household."""
    read_form(FormSchema())
    with transaction():
        row = get_submission_within(public_id, office_reach())
        ordered = see_again(row, now=clock.now())
    flash(
        _("A visit by somebody else is ordered.") if ordered else _("A visit is due already."), "success" if ordered else "info"
    )
    return see_other(url_for("officer.submissions.one", public_id=public_id))
