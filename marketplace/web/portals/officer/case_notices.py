"""Portal: a notice at the office: the sheet to hang out, what was said against it and what was decided, prolonging it."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.cases.notices import deciding_level, get_notice, prolong, read_notice, sheet, shown
from marketplace.registry.cases.objections import decide_objection, get_objection, object_to, objections_to
from marketplace.registry.cases.permissions import levels_over
from marketplace.registry.models import Notice, NoticeKind, ObjectionState
from marketplace.web.access import account, allow, office_reach
from marketplace.web.case_steps import note_reading
from marketplace.web.case_words import OBJECTIONS, notice_words
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.portals.officer.case_frame import deadline, errors_of, villages
from marketplace.web.redirects import see_other

blueprint = Blueprint("village_notices", __name__, url_prefix="/notices")


class ProlongForm(FormSchema):
    """How many days more."""

    days = fields.Integer(required=True, validate=validate.Range(1, 30))


class ToldForm(FormSchema):
    """An objection that an officer was told."""

    position = fields.Integer(load_default=None, validate=validate.Range(1, 1000))
    words = Text(required=True, validate=validate.Length(max=1000, error=N_("Please write less.")))
    contact = Text(load_default="", validate=validate.Length(max=120, error=N_("Please write less.")))


class DecisionForm(FormSchema):
    """What is decided on an objection, and why."""

    decision = Text(required=True, validate=validate.OneOf(["uphold", "reject"]))
    answer = Text(required=True, validate=validate.Length(max=1000, error=N_("Please write less.")))


def _within(public_id: str) -> Notice:
    notice = get_notice(public_id)
    if not office_reach().holds(notice.village_code):
        raise NotFound("notice_unknown", N_("There is no such notice, or it is over."))
    return notice


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """A notice with its objections."""
    return _page(_within(public_id), {}, {})


def _page(notice: Notice, form: dict[str, Any], errors: dict[str, str]) -> str:
    today = local_day(clock.now())
    found, level = shown(notice), deciding_level(NoticeKind(notice.kind))
    own = levels_over(account(), notice.village_code)
    objections = objections_to([notice.id], office_reach())
    return render_template(
        "officer/case_notice.html",
        notice=notice,
        what=notice_words(notice.kind),
        village=villages([notice.village_code]).get(notice.village_code, ""),
        lines=[(line, line.shown_as) for line in found.lines],
        assembly=found.assembly,
        public=notice.is_public(today),
        takes_objections=level is not None and notice.closed_on is None,
        objections=[
            {
                "public_id": row.public_id,
                "words": row.words if level in own else None,
                "contact": row.contact if level in own else None,
                "made_at": row.made_at,
                "state": (_(OBJECTIONS[ObjectionState(row.state)]), "wait" if row.state == "open" else "neutral"),
                "answer": row.answer,
                "due": deadline(row, today) if row.state == "open" else None,
                "mine": row.state == "open" and level in own,
            }
            for row in objections
        ],
        form=form,
        errors=errors,
    )


@blueprint.get("/<public_id>/sheet")
@allow(RoleKind.OFFICER)
def print_sheet(public_id: str) -> str:
    """The sheet with whole names, to be printed and hung out; every household sees later that it was made."""
    notice, now = _within(public_id), clock.now()
    read_notice(public_id, now=now)
    rows = sheet(notice, office_reach())
    with transaction():
        note_reading([household for _line, household, _name in rows], "notice", now)
    return render_template(
        "officer/case_sheet.html",
        notice=notice,
        what=notice_words(notice.kind),
        village=villages([notice.village_code]).get(notice.village_code, ""),
        rows=[(line, name) for line, _household, name in rows],
        assembly=shown(notice).assembly,
        address=url_for("notices_public.one", public_id=notice.public_id, _external=True),
        takes_objections=deciding_level(NoticeKind(notice.kind)) is not None,
    )


@blueprint.post("/<public_id>/prolong")
@allow(RoleKind.OFFICER)
def longer(public_id: str) -> Response | tuple[str, int]:
    """Let it hang for some days more."""
    notice = _within(public_id)
    try:
        days = read_form(ProlongForm())["days"]
        with transaction():
            prolong(notice, days, account(), now=clock.now())
    except (Invalid, Conflict, Forbidden) as error:
        return _page(_within(public_id), request.form.to_dict(), dict(errors_of(error))), 422
    flash(_("It hangs out longer now."), "success")
    return see_other(url_for("officer.village_notices.one", public_id=public_id))


@blueprint.post("/<public_id>/objections")
@allow(RoleKind.OFFICER)
def told(public_id: str) -> Response | tuple[str, int]:
    """Write down an objection that somebody came with."""
    notice = _within(public_id)
    try:
        form = read_form(ToldForm())
        with transaction():
            object_to(notice, form["position"], form["words"], form["contact"], now=clock.now(), told_to=account())
    except (Invalid, Conflict, Forbidden) as error:
        return _page(_within(public_id), request.form.to_dict(), dict(errors_of(error))), 422
    flash(_("Written down. Somebody of the level above decides."), "success")
    return see_other(url_for("officer.village_notices.one", public_id=public_id))


@blueprint.post("/<public_id>/objections/<objection>")
@allow(RoleKind.OFFICER)
def decide(public_id: str, objection: str) -> Response | tuple[str, int]:
    """Decide on an objection."""
    notice, found = _within(public_id), get_objection(objection, office_reach())
    if found.notice_id != notice.id:
        raise NotFound("objection_unknown", N_("There is no such objection."))
    try:
        form = read_form(DecisionForm())
        with transaction():
            done = decide_objection(found, form["decision"] == "uphold", form["answer"], account(), now=clock.now())
    except (Invalid, Conflict, Forbidden) as error:
        return _page(_within(public_id), request.form.to_dict(), dict(errors_of(error))), 422
    flash(_("Decided.") if done else _("It was done already. Nothing was changed."), "success" if done else "info")
    return see_other(url_for("officer.village_notices.one", public_id=public_id))
