"""Portal: a household's own cases: what is being decided about it, and its right to apply, to agree and to refuse."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.registry.cases.opening import open_entry, open_monitoring
from marketplace.registry.cases.permissions import Taker, case_unknown
from marketplace.registry.cases.reading_cases import cases_of, notices_of, possible_steps, steps_of
from marketplace.registry.cases.taking import take
from marketplace.registry.models import Case, CaseAction, CaseSource, Risk
from marketplace.web.access import account, allow
from marketplace.web.case_words import RISKS, action_words, notice_words, state_words
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.own_household import own_household
from marketplace.web.portals.officer.case_frame import errors_of, shown, shown_steps
from marketplace.web.portals.officer.cases import StepForm, ahead
from marketplace.web.redirects import see_other

blueprint = Blueprint("household", __name__, url_prefix="/household")


class AskForm(FormSchema):
    """What the household asks for."""

    what = Text(required=True, validate=validate.OneOf(["entry", *(risk.value for risk in Risk)]))
    reason = Text(load_default="", validate=validate.Length(max=400, error=N_("Please write less.")))


@blueprint.get("")
@allow(RoleKind.FARMER)
def mine() -> str:
    """The household's cases, what was done in each and what it may say now."""
    return _page({}, {})


def _page(form: dict[str, Any], errors: dict[str, str]) -> str:
    household, today = own_household(), local_day(clock.now())
    taker = Taker(account(), as_household=True)
    return render_template(
        "producer/household.html",
        cases=[
            {
                **shown(case, household, today),
                "steps": shown_steps(case, possible_steps(case, taker)),
                "ahead": ahead(case),
                "taken": [
                    {
                        "what": action_words(row.step.action) if row.step.action else _("Opened"),
                        "state": state_words(row.step.state),
                        "at": row.step.at,
                        "by": row.by,
                    }
                    for row in steps_of(case, household)
                ],
                "notices": [
                    {"public_id": row.public_id, "what": notice_words(row.kind), "closes_on": row.closes_on}
                    for row in notices_of(case)
                    if row.is_public(today)
                ],
            }
            for case in cases_of(household)
        ],
        asks=[
            {"value": "entry", "label": _("To be registered as a household in need")},
            *({"value": risk.value, "label": _(words)} for risk, words in RISKS.items()),
        ],
        form=form,
        errors=errors,
    )


@blueprint.post("/ask")
@allow(RoleKind.FARMER)
def ask() -> Response | tuple[str, int]:
    """Apply, or say that the household is in trouble."""
    household, now = own_household(), clock.now()
    taker = Taker(account(), as_household=True)
    try:
        form = read_form(AskForm())
        with transaction():
            if form["what"] == "entry":
                open_entry(household, CaseSource.HOUSEHOLD, taker, now=now, reason=form["reason"])
            else:
                risk = Risk(form["what"])
                open_monitoring(household, risk, CaseSource.HOUSEHOLD, taker, now=now, reason=form["reason"])
    except (Invalid, Conflict, Forbidden) as error:
        return _page(request.form.to_dict(), dict(errors_of(error))), 422
    flash(_("Your village has it now. You see here how it goes on."), "success")
    return see_other(url_for("producer.household.mine"))


@blueprint.post("/<public_id>/answers")
@allow(RoleKind.FARMER)
def answer(public_id: str) -> Response | tuple[str, int]:
    """Agree, refuse, or take an application back."""
    household = own_household()
    case = next((each for each in cases_of(household) if each.public_id == public_id), None)
    if case is None:
        raise case_unknown()
    try:
        done = answered(case, read_form(StepForm()))
    except (Invalid, Conflict, Forbidden) as error:
        return _page({}, dict(errors_of(error))), 422
    flash(_("Written down.") if done else _("It was done already. Nothing was changed."), "success" if done else "info")
    return see_other(url_for("producer.household.mine"))


def answered(case: Case, form: dict[str, Any]) -> bool:
    """Take the household's own step; it need not say why."""
    with transaction():
        taker = Taker(account(), as_household=True)
        return take(case, CaseAction(form["action"]), taker, now=clock.now(), reason=form["reason"])
