"""Portal: comparison with departments: a list compared, what it raised, and what an officer says to each."""

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.regions.models import Level
from marketplace.registry.cases.comparison import answer_alert, compare, evidence_of, explanation_of, get_alert, open_alerts
from marketplace.registry.models import AlertState, ComparisonAlert, Department, Household
from marketplace.registry.offices import other_level
from marketplace.web.access import account, allow, office_reach
from marketplace.web.case_steps import note_reading
from marketplace.web.case_words import ALERTS, DEPARTMENTS
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.portals.officer.case_frame import deadline, errors_of, number_of, villages
from marketplace.web.redirects import see_other
from marketplace.web.uploads import sent_files, takes_files

blueprint = Blueprint("alerts", __name__, url_prefix="/alerts")


class ListForm(FormSchema):
    """Whose list it is."""

    department = Text(required=True, validate=validate.OneOf([each.value for each in Department]))


class AnswerForm(FormSchema):
    """What an officer says to an alert."""

    answer = Text(required=True, validate=validate.OneOf([each.value for each in AlertState if each is not AlertState.OPEN]))
    explanation = Text(required=True, validate=validate.Length(max=400, error=N_("Please write less.")))


def _county() -> str | None:
    """The widest area in which the officer may compare a list."""
    return next((code for code in scopes(account(), RoleKind.OFFICER) if len(code) <= Level.COUNTY), None)


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The alerts that nobody has looked at, and the form for a new list."""
    return _list_page({})


def _list_page(errors: dict[str, str]) -> str:
    today, rows = local_day(clock.now()), open_alerts(office_reach())
    names = villages(alert.village_code for alert, _household in rows)
    return render_template(
        "officer/case_alerts.html",
        rows=[
            {
                "public_id": alert.public_id,
                "department": _(DEPARTMENTS[Department(alert.department)]),
                "household": number_of(household),
                "village": names.get(alert.village_code, ""),
                "due": deadline(alert, today),
            }
            for alert, household in rows
        ],
        departments=[(each.value, _(words)) for each, words in DEPARTMENTS.items()],
        may_compare=_county() is not None,
        errors=errors,
    )


@blueprint.post("/lists")
@allow(RoleKind.OFFICER)
@takes_files(1)
def compare_list() -> Response | tuple[str, int]:
    """Compare a department's list; it is read and forgotten."""
    try:
        department = Department(read_form(ListForm())["department"])
        files = sent_files("list")
        if not files:
            raise Invalid("list_missing", N_("Please choose a file."))
        area = _county()
        if area is None:
            raise other_level()
        with transaction():
            found, alerts = compare(files[0].read(), department, area, account(), now=clock.now())
            rows, number = found.rows, len(alerts)
    except (Invalid, Conflict, Forbidden) as error:
        return _list_page(dict(errors_of(error))), 422
    words = ngettext("%(num)d alert was raised", "%(num)d alerts were raised", number)
    flash(_("%(rows)s lines compared: %(alerts)s.", rows=rows, alerts=words), "success")
    return see_other(url_for("officer.alerts.listed"))


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """An alert with its evidence."""
    return _page(get_alert(public_id, office_reach()), {})


def _page(alert: ComparisonAlert, errors: dict[str, str]) -> str:
    now = clock.now()
    with transaction():
        household = db.session.get_one(Household, alert.household_id)
        note_reading([household], "alert", now)
    return render_template(
        "officer/case_alert.html",
        alert=alert,
        department=_(DEPARTMENTS[Department(alert.department)]),
        household=household,
        village=villages([alert.village_code]).get(alert.village_code, ""),
        evidence=evidence_of(alert, household),
        correction=_correction(alert) if alert.state == AlertState.TO_CORRECT else None,
        explanation=explanation_of(alert, household),
        state=_(ALERTS[AlertState(alert.state)]),
        due=deadline(alert, local_day(now)),
        answers=[{"value": state.value, "label": _(words)} for state, words in ALERTS.items() if state is not AlertState.OPEN],
        form=request.form,
        errors=errors,
    )


def _correction(alert: ComparisonAlert) -> str:
    """The address of the part of the file that the alert is about, with what the department has filled in as the reason."""
    household = db.session.get_one(Household, alert.household_id)
    section = "dwelling" if alert.department == Department.HOUSE else "income"
    return url_for("officer.files.edit", public_id=household.public_id, section=section, alert=alert.public_id)


@blueprint.post("/<public_id>")
@allow(RoleKind.OFFICER)
def answer(public_id: str) -> Response | tuple[str, int]:
    """Say what is behind it."""
    alert = get_alert(public_id, office_reach())
    try:
        form = read_form(AnswerForm())
        with transaction():
            case = answer_alert(alert, AlertState(form["answer"]), form["explanation"], account(), now=clock.now())
            opened = None if case is None else case.public_id
    except (Invalid, Conflict, Forbidden) as error:
        return _page(get_alert(public_id, office_reach()), dict(errors_of(error))), 422
    flash(_("Written down. The household’s status has not changed."), "success")
    if opened is not None:
        return see_other(url_for("officer.cases.one", public_id=opened))
    if form["answer"] == AlertState.TO_CORRECT:
        return see_other(_correction(get_alert(public_id, office_reach())))
    return see_other(url_for("officer.alerts.one", public_id=public_id))
