"""Portal: noting what is known of a household, section by section, and deciding what needs a second person."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.registry.cases.comparison import evidence_of, get_alert
from marketplace.registry.file_requests import approve_request, decide_conflict, refuse_request
from marketplace.registry.files import Member, read_file
from marketplace.registry.filing import Noting, Recorded, add_member, ask_identity, end_membership, record_values
from marketplace.registry.models import Department, Household, How
from marketplace.registry.open_questions import get_conflict, get_member, get_request
from marketplace.registry.reading_log import FORM, note_reading
from marketplace.web.access import account, allow, office_reach
from marketplace.web.case_words import DEPARTMENTS
from marketplace.web.errors import status_of
from marketplace.web.file_forms import controls, field_faults, fields_of, typed_again, typed_values
from marketplace.web.file_words import HOWS, IDENTITY, LEAVINGS, MEMBER_SECTIONS, SECTIONS
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.portals.officer.files import frame, read_how
from marketplace.web.portals.officer.files_frame import blueprint, no_section, seen_household
from marketplace.web.redirects import see_other

_YEARS = range(2013, 2101)
_NOTE = validate.Length(max=400, error=N_("Please say it in fewer words."))


class DecisionForm(FormSchema):
    """What a second person says of a change."""

    decision = fields.String(
        required=True,
        validate=validate.OneOf(["approve", "refuse"]),
        error_messages={"required": N_("Please choose one of the values offered.")},
    )
    note = Text(load_default="", validate=_NOTE)


class ChoiceForm(FormSchema):
    """Which of two values stands."""

    keep = fields.String(
        required=True,
        validate=validate.OneOf(["standing", "later"]),
        error_messages={"required": N_("Please choose one of the values offered.")},
    )


class LeavingForm(FormSchema):
    """When and why a member left."""

    on = fields.Date(
        required=True,
        error_messages={"required": N_("Please give the day."), "invalid": N_("Please give a day, such as 2026-05-01.")},
    )
    why = fields.String(
        required=True,
        validate=validate.OneOf([value for value, _label in LEAVINGS]),
        error_messages={"required": N_("Please choose one of the values offered.")},
    )


def _year(text: str | None, this_year: int) -> int:
    year = int(text) if text and text.isascii() and text.isdigit() and len(text) == 4 else this_year
    return year if year in _YEARS else this_year


def _seen() -> int | None:
    text = request.form.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _noting(now: Any) -> Noting:
    return Noting(account(), read_how(), now, seen=_seen(), reason=request.form.get("reason", "")[:400])


@contextmanager
def _reading_again(public_id: str) -> Iterator[Household]:
    """The household of a form that is shown again, which is a reading as the first one was."""
    with transaction():
        household = seen_household(public_id)
        note_reading(household, account(), FORM, now=clock.now())
        yield household


def _form(
    household: Household,
    section: str,
    year: int,
    *,
    person: str = "",
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    seen: int | None = None,
    said: str = "",
) -> str:
    """The form of a section. ``typed`` and ``seen`` are what was sent, when it is shown again; ``said``: by a department."""
    today = local_day(clock.now())
    whole = read_file(household, year)
    member = _member_in(whole.members, person)
    values = whole.values if member is None else {**member.identity, **member.values}
    wanted = fields_of(section)
    if (person and member is None) or not wanted:
        raise no_section()
    return render_template(
        "officer/file_edit.html",
        **{**frame(household, whole, today), "seen": whole.seen if seen is None else seen},
        section=section,
        title=_({**SECTIONS, **MEMBER_SECTIONS}[section]),
        person=None if member is None else {"public_id": person, "name": member.identity["name"]},
        controls=controls(wanted, values if typed is None else typed, errors or {}),
        hows=[{"value": how.value, "label": _(label)} for how, label in HOWS.items()],
        how=request.form.get("how", How.DEPARTMENT if said else ""),
        reason=request.form.get("reason", said),
        second_person=section == IDENTITY or year < today.year,
        errors=errors or {},
    )


def _member_in(members: list[Member], public_id: str) -> Member | None:
    return next((member for member in members if member.person.public_id == public_id), None)


@blueprint.get("/<public_id>/edit/<section>")
@allow(RoleKind.OFFICER)
def edit(public_id: str, section: str) -> str:
    """The form of one section of a household's year."""
    now = clock.now()
    if section not in SECTIONS:
        raise no_section()
    with transaction():
        household = seen_household(public_id)
        note_reading(household, account(), FORM, now=now)
        said = _said_by_department(household, request.args.get("alert"))
        return _form(household, section, _year(request.args.get("year"), local_day(now).year), said=said)


def _said_by_department(household: Household, alert: str | None) -> str:
    """What a department has of the household, as the reason of a correction; empty where no alert led here."""
    if alert is None:
        return ""
    found = get_alert(alert, office_reach())
    if found.household_id != household.id:
        raise no_section()
    evidence, department = evidence_of(found, household), _(DEPARTMENTS[Department(found.department)])
    since = _(", since %(day)s", day=evidence["since"]) if evidence["since"] else ""
    return f"{department}: {evidence['what']}{since}"[:400]


@blueprint.post("/<public_id>/edit/<section>")
@allow(RoleKind.OFFICER)
def note(public_id: str, section: str) -> Response | tuple[str, int]:
    """Note the values of one section."""
    now, wanted = clock.now(), fields_of(section)
    if section not in SECTIONS:
        raise no_section()
    year = _year(request.form.get("year"), local_day(now).year)
    try:
        with transaction():
            household = seen_household(public_id)
            _say(record_values(household, typed_values(wanted), _noting(now), year=year))
    except Invalid as error:
        with _reading_again(public_id) as household:
            page = _form(household, section, year, typed=typed_again(wanted), errors=field_faults(error), seen=_seen())
        return page, 422
    return see_other(url_for("officer.files.file", public_id=public_id, year=year, _anchor=section))


def _say(done: Recorded) -> None:
    if done.request is not None:
        flash(_("Written down. It counts when a second person has agreed."), "info")
    if done.conflicts:
        flash(
            _("Somebody has noted something else meanwhile. Both are kept until somebody decides."),
            "warning",
        )
    if done.applied:
        flash(ngettext("%(num)d value noted.", "%(num)d values noted.", len(done.applied)), "success")
    if done.request is None and done.change is None:
        flash(_("Nothing was changed."), "info")


@blueprint.get("/<public_id>/members/new")
@allow(RoleKind.OFFICER)
def member_new(public_id: str) -> str:
    """The form of a new member."""
    now = clock.now()
    with transaction():
        household = seen_household(public_id)
        note_reading(household, account(), FORM, now=now)
        return _member_page(household, {}, {})


def _member_page(household: Household, values: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    today = local_day(clock.now())
    return render_template(
        "officer/file_member_new.html",
        **frame(household, read_file(household, today.year), today),
        controls=controls(fields_of(IDENTITY), values, errors),
        hows=[{"value": how.value, "label": _(label)} for how, label in HOWS.items()],
        how=request.form.get("how", ""),
        joined_on=request.form.get("joined_on", today.isoformat()),
        errors=errors,
    )


@blueprint.post("/<public_id>/members/new")
@allow(RoleKind.OFFICER)
def member_add(public_id: str) -> Response | tuple[str, int]:
    """Put a member on file."""
    now, wanted = clock.now(), fields_of(IDENTITY)
    try:
        with transaction():
            household = seen_household(public_id)
            add_member(household, typed_values(wanted), _noting(now), joined_on=_joined_on(local_day(now)))
    except (Invalid, Conflict) as error:
        faults = field_faults(error) if isinstance(error, Invalid) else {_FIELD_OF_CODE[error.code]: _(error.message)}
        with _reading_again(public_id) as household:
            page = _member_page(household, typed_again(wanted), faults)
        return page, status_of(error)
    flash(_("The member is on file."), "success")
    return see_other(url_for("officer.files.file", public_id=public_id, _anchor="members"))


_FIELD_OF_CODE = {"person_on_file": "id_number", "head_on_file": "relation"}


def _joined_on(today: date) -> date:
    try:
        day = date.fromisoformat(request.form.get("joined_on", ""))
    except ValueError:
        day = None
    if day is None or not date(1900, 1, 1) <= day <= today:
        fault = {"joined_on": N_("Please give a day, such as 2026-05-01.")}
        raise Invalid("values_invalid", N_("Some values are not possible."), fields=fault)
    return day


@blueprint.get("/<public_id>/members/<member>/edit/<section>")
@allow(RoleKind.OFFICER)
def member_edit(public_id: str, member: str, section: str) -> str:
    """The form of one section of a member."""
    now = clock.now()
    if section not in MEMBER_SECTIONS:
        raise no_section()
    with transaction():
        household = seen_household(public_id)
        note_reading(household, account(), FORM, now=now)
        return _form(household, section, _year(request.args.get("year"), local_day(now).year), person=member)


@blueprint.post("/<public_id>/members/<member>/edit/<section>")
@allow(RoleKind.OFFICER)
def member_note(public_id: str, member: str, section: str) -> Response | tuple[str, int]:
    """Note what is known of a member, or ask for who it is to be changed."""
    now, wanted = clock.now(), fields_of(section)
    if section not in MEMBER_SECTIONS:
        raise no_section()
    year = _year(request.form.get("year"), local_day(now).year)
    try:
        with transaction():
            household = seen_household(public_id)
            person = get_member(household, member)
            if section == IDENTITY:
                asked = ask_identity(person, household, typed_values(wanted), _noting(now))
                _say(Recorded(request=asked))
            else:
                _say(record_values(household, typed_values(wanted), _noting(now), year=year, person=person))
    except Invalid as error:
        faults = field_faults(error)
        with _reading_again(public_id) as household:
            page = _form(household, section, year, person=member, typed=typed_again(wanted), errors=faults, seen=_seen())
        return page, 422
    return see_other(url_for("officer.files.file", public_id=public_id, year=year, _anchor="members"))


@blueprint.get("/<public_id>/members/<member>/leave")
@allow(RoleKind.OFFICER)
def member_leave(public_id: str, member: str) -> str:
    """The form of a member who has left."""
    now = clock.now()
    with transaction():
        household = seen_household(public_id)
        note_reading(household, account(), FORM, now=now)
        return _leave_page(household, member, {})


def _leave_page(household: Household, member: str, errors: Mapping[str, str]) -> str:
    today = local_day(clock.now())
    whole = read_file(household, today.year)
    found = _member_in(whole.members, member)
    if found is None:
        raise no_section()
    return render_template(
        "officer/file_member_leave.html",
        **frame(household, whole, today),
        person={"public_id": member, "name": found.identity["name"]},
        leavings=[(value, _(label)) for value, label in LEAVINGS],
        on=request.form.get("on", today.isoformat()),
        why=request.form.get("why", ""),
        hows=[{"value": how.value, "label": _(label)} for how, label in HOWS.items()],
        how=request.form.get("how", ""),
        errors=errors,
    )


@blueprint.post("/<public_id>/members/<member>/leave")
@allow(RoleKind.OFFICER)
def member_left(public_id: str, member: str) -> Response | tuple[str, int]:
    """A member has left. What is on file of them stays."""
    now = clock.now()
    try:
        source = request.form.copy()
        source.pop("how", None)
        form = read_form(LeavingForm(), source)
        if form["on"] > local_day(now):
            raise FormError({"on": _("This day has not come yet.")})
        with transaction():
            household = seen_household(public_id)
            person = get_member(household, member)
            end_membership(person, household, form["on"], form["why"], _noting(now))
    except Invalid as error:
        faults = error.fields if isinstance(error, FormError) else field_faults(error)
        with _reading_again(public_id) as household:
            page = _leave_page(household, member, {name or "on": text for name, text in faults.items()})
        return page, 422
    flash(_("Written down. What is on file of them stays until its time is over."), "success")
    return see_other(url_for("officer.files.file", public_id=public_id, _anchor="members"))


@blueprint.post("/<public_id>/requests/<change>")
@allow(RoleKind.OFFICER)
def decide(public_id: str, change: str) -> Response:
    """Agree to a change that somebody else asked for, or refuse it; one's own can be taken back."""
    form, now = read_form(DecisionForm()), clock.now()
    with transaction():
        household = seen_household(public_id)
        wanted = get_request(household, change)
        if form["decision"] == "approve":
            approve_request(wanted, household, by=account(), now=now, note=form["note"])
        else:
            refuse_request(wanted, by=account(), now=now, note=form["note"])
    flash(_("The change stands now.") if form["decision"] == "approve" else _("The change was not made."), "success")
    return see_other(url_for("officer.files.file", public_id=public_id))


@blueprint.post("/<public_id>/conflicts/<conflict>")
@allow(RoleKind.OFFICER)
def settle(public_id: str, conflict: str) -> Response:
    """Say which of two values stands."""
    form, now = read_form(ChoiceForm()), clock.now()
    with transaction():
        household = seen_household(public_id)
        found = get_conflict(household, conflict)
        decide_conflict(found, household, replace=form["keep"] == "later", by=account(), now=now)
    flash(_("Decided. Both values stay in the file's history."), "success")
    return see_other(url_for("officer.files.file", public_id=public_id))
