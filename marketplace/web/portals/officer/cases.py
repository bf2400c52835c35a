"""Portal: cases at the office: what is due, one case with its steps, opening one."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, validate
from sqlalchemy import select
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.cases.comparison import open_alerts
from marketplace.registry.cases.notices import heads_and_numbers
from marketplace.registry.cases.procedures import TABLES
from marketplace.registry.cases.reading_cases import (
    cases_of,
    due_list,
    get_case,
    notices_of,
    objections_due,
    possible_steps,
    round_of,
    steps_of,
)
from marketplace.registry.cases.taking import take
from marketplace.registry.files import get_household_within
from marketplace.registry.models import Case, CaseAction, CaseKind, CaseSource, CaseState, FileSearch, Household, Risk
from marketplace.web.access import account, allow, office_reach
from marketplace.web.case_steps import note_reading, opened, taker
from marketplace.web.case_words import KINDS, RISKS, SOURCES, action_words, notice_words, state_words
from marketplace.web.forms import FormSchema, Text, read_form, spelled
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.portals.officer.case_frame import deadline, errors_of, shown, shown_steps, villages
from marketplace.web.redirects import see_other

blueprint = Blueprint("cases", __name__, url_prefix="/cases")


class AreaQuery(FormSchema):
    """Which area to look at."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    area = Text(load_default=None, validate=validate.Length(max=12))


class StepForm(FormSchema):
    """A step and why it is taken."""

    action = Text(required=True, validate=validate.OneOf([action.value for action in CaseAction]))
    reason = Text(load_default="", validate=validate.Length(max=400, error=N_("Please write less.")))


class WhoForm(FormSchema):
    """Which household, by its whole number."""

    code = Text(required=True, validate=spelled("[0-9]{16}", error=N_("A household’s number has 16 figures.")))


class OpenForm(FormSchema):
    """A new case."""

    kind = Text(required=True, validate=validate.OneOf([kind.value for kind in CaseKind]))
    source = Text(required=True, validate=validate.OneOf([CaseSource.HOUSEHOLD.value, CaseSource.OFFICER.value]))
    risk = Text(load_default="", validate=validate.OneOf(["", *(risk.value for risk in Risk)]))
    reason = Text(load_default="", validate=validate.Length(max=400, error=N_("Please write less.")))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def due() -> str:
    """What is due at the officer's level, the latest first."""
    return _due_page({}, "")


def _due_page(errors: dict[str, str], code: str) -> str:
    today = local_day(clock.now())
    area = office_area(read_form(AreaQuery(), request.args)["area"])
    rows, number = due_list(account(), area.code, office_reach(), today)
    objections = objections_due(account(), area.code, office_reach())
    alerts = open_alerts(office_reach().narrowed(area.code))
    names = villages(
        [
            *(row.case.village_code for row in rows),
            *(objection.village_code for objection, _notice in objections),
            *(alert.village_code for alert, _household in alerts),
        ]
    )
    return render_template(
        "officer/cases.html",
        area=area,
        areas=areas_to_choose(area),
        rows=[
            {
                **shown(row.case, row.household, today),
                "round": row.round.public_id if row.round is not None else None,
                "number": row.number,
                "village": names.get(row.case.village_code, ""),
            }
            for row in rows
        ],
        number=number,
        objections=[
            {
                "notice": notice.public_id,
                "what": notice_words(notice.kind),
                "village": names.get(objection.village_code, ""),
                "due": deadline(objection, today),
            }
            for objection, notice in objections
        ],
        alerts=len(alerts),
        errors=errors,
        code=code,
    )


@blueprint.post("/find")
@allow(RoleKind.OFFICER)
def find() -> Response | tuple[str, int]:
    """Find a household by its whole number; the search is written down, the number is not."""
    now = clock.now()
    try:
        code = read_form(WhoForm())["code"]
        with transaction():
            household = db.session.scalars(select(Household).filter_by(code=code)).first()
            within = household is not None and office_reach().holds(household.village_code)
            db.session.add(FileSearch(by_id=account().id, at=now, kind="code", found=int(within)))
        if household is None or not within:
            raise Invalid("household_unknown", N_("There is no such household."))
    except Invalid as error:
        return _due_page(dict(errors_of(error)), request.form.get("code", "")[:16]), 422
    return see_other(url_for("officer.cases.new", household=household.public_id))


@blueprint.get("/new/<household>")
@allow(RoleKind.OFFICER)
def new(household: str) -> str:
    """Open a case for a household."""
    return _new_page(get_household_within(household, office_reach()), {}, {})


def _new_page(household: Household, form: dict[str, Any], errors: dict[str, str]) -> str:
    today = local_day(clock.now())
    return render_template(
        "officer/case_new.html",
        household=household,
        village=villages([household.village_code]).get(household.village_code, ""),
        kinds=[{"value": kind.value, "label": _(words)} for kind, words in KINDS.items()],
        sources=[{"value": source.value, "label": _(SOURCES[source])} for source in (CaseSource.HOUSEHOLD, CaseSource.OFFICER)],
        risks=[("", "–"), *((risk.value, _(words)) for risk, words in RISKS.items())],
        cases=[shown(case, household, today) for case in cases_of(household)],
        form=form,
        errors=errors,
    )


@blueprint.post("/new/<household>")
@allow(RoleKind.OFFICER)
def open_case(household: str) -> Response | tuple[str, int]:
    """Write down an application, a proposal or a clue."""
    found = get_household_within(household, office_reach())
    try:
        form = read_form(OpenForm())
        with transaction():
            case = opened(found, form, now=clock.now())
            public_id = case.public_id
    except (Invalid, Conflict, Forbidden) as error:
        return _new_page(found, request.form.to_dict(), dict(errors_of(error))), 422
    flash(_("Written down. Nothing has been decided yet."), "success")
    return see_other(url_for("officer.cases.one", public_id=public_id))


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """A case: what was done, what comes next, and the forms for that."""
    return _case_page(*get_case(public_id, office_reach()), {})


def _case_page(case: Case, household: Household, errors: dict[str, str]) -> str:
    now = clock.now()
    with transaction():
        note_reading([household], "case", now)
        name, persons = heads_and_numbers([household.id])[household.id]
    village_round = round_of(case)
    together = village_round is not None
    actions = possible_steps(case, taker())
    if together:
        actions = [action for action in actions if action in (CaseAction.REFUSE, CaseAction.WITHDRAW)]
    return render_template(
        "officer/case.html",
        case=shown(case, household, local_day(now)),
        source=_(SOURCES[CaseSource(case.source)]),
        risk=_(RISKS[Risk(case.risk)]) if case.risk else None,
        household=household,
        head=name,
        persons=persons,
        village=villages([case.village_code]).get(case.village_code, ""),
        round=village_round.public_id if village_round is not None else None,
        taken=[
            {
                "what": action_words(row.step.action) if row.step.action else _("Opened"),
                "state": state_words(row.step.state),
                "at": row.step.at,
                "by": _("the household itself") if row.step.by_household else row.by,
                "reason": row.reason,
            }
            for row in steps_of(case, household)
        ],
        ahead=ahead(case),
        steps=shown_steps(case, actions),
        notices=[
            {
                "public_id": row.public_id,
                "what": notice_words(row.kind),
                "closes_on": row.closes_on,
                "open": row.closed_on is None,
            }
            for row in notices_of(case)
        ],
        errors=errors,
    )


def ahead(case: Case) -> list[str]:
    """The states that a case still has before it on the straight way, in words."""
    kind, state = CaseKind(case.kind), CaseState(case.state)
    words: list[str] = []
    seen = {state}
    stops = (CaseAction.REFUSE, CaseAction.WITHDRAW, CaseAction.DISAGREE, CaseAction.SEND_BACK, CaseAction.VOTE_DOWN)
    side = (CaseAction.KEEP, CaseAction.HAND_OVER, CaseAction.RETURN, CaseAction.PROPOSE_REMOVAL)
    while True:
        leads = [
            step.to
            for (known, action), step in TABLES[kind].items()
            if known is state and action not in (*stops, *side) and step.to not in seen
        ]
        if not leads:
            return words
        state = leads[0]
        seen.add(state)
        words.append(state_words(state))


@blueprint.post("/<public_id>/steps")
@allow(RoleKind.OFFICER)
def step(public_id: str) -> Response | tuple[str, int]:
    """Take a step of one case."""
    case, _household = get_case(public_id, office_reach())
    try:
        form = read_form(StepForm())
        with transaction():
            done = take(case, CaseAction(form["action"]), taker(), now=clock.now(), reason=form["reason"])
    except NotFound:
        raise
    except (Invalid, Conflict, Forbidden) as error:
        return _case_page(*get_case(public_id, office_reach()), dict(errors_of(error))), 422
    flash(_("Written down.") if done else _("It was done already. Nothing was changed."), "success" if done else "info")
    return see_other(url_for("officer.cases.one", public_id=public_id))
