"""Portal: household files at the office: looked for, opened, read as they are and as they were."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import day_bounds, local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.regions.queries import area_names
from marketplace.registry.file_pictures import SUBJECTS, pictures_of
from marketplace.registry.files import HouseholdFile, file_as_of, read_file
from marketplace.registry.filing import Noting
from marketplace.registry.models import Household, How
from marketplace.registry.open_questions import conflict_sides, open_requests_of, visits_made
from marketplace.registry.opening import open_file, villages_within
from marketplace.registry.queries import status_on
from marketplace.registry.reading_log import AS_OF, FILE, SLIP, looks_at, note_reading
from marketplace.registry.searching import Found, open_requests, search_files, village_list, visits_due
from marketplace.registry.visits import visit_details
from marketplace.web.access import account, allow, office_reach
from marketplace.web.file_forms import controls, field_faults, fields_of, typed_again, typed_values
from marketplace.web.file_words import (
    HOWS,
    IDENTITY,
    STATUSES,
    about_person,
    conflict_words,
    member_words,
    names_of,
    person_rows,
    request_words,
    sections,
)
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.income_words import income_card_words
from marketplace.web.paging import page_numbers
from marketplace.web.places import place_name
from marketplace.web.portals.officer.files_frame import (
    blueprint,
    place_words,
    seen_household,
    works_for_villages_alone,
)
from marketplace.web.reading_words import look_words
from marketplace.web.redirects import see_other
from marketplace.web.visit_words import cause_words

_DAY = {"invalid": N_("Please give a day, such as 2026-05-01.")}


class SearchForm(FormSchema):
    """Whom one looks for. It is sent as a form, so that no name or number stands in an address."""

    word = Text(
        required=True,
        validate=validate.Length(max=60, error=N_("Please search with fewer words.")),
        error_messages={"required": N_("Please type whom you look for.")},
    )


class ListQuery(FormSchema):
    """Which page of a list."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    page = fields.Integer(load_default=1, validate=validate.Range(min=1, max=9999))


class FileQuery(FormSchema):
    """Which year, and as it was known on which day."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    year = fields.Integer(load_default=None, validate=validate.Range(min=2013, max=2100))
    on = fields.Date(
        load_default=None, error_messages=_DAY, validate=validate.Range(min=date(2013, 1, 1), max=date(2100, 12, 31))
    )


def _listed(rows: Iterable[Found]) -> list[dict[str, Any]]:
    found = list(rows)
    names = area_names(row.household.village_code for row in found)
    return [
        {
            "public_id": row.household.public_id,
            "code": row.household.code,
            "head": row.head,
            "person": row.person if row.person != row.head else "",
            "village": place_name(names[row.household.village_code]),
        }
        for row in found
    ]


def _start(**more: Any) -> str:
    wide = not works_for_villages_alone()
    due = visits_due(office_reach(), by=account())
    waiting = open_requests(office_reach())
    visits = [
        {
            **row,
            "cause": cause_words(order.cause),
            "due_on": order.due_on,
            "reason": _(order.reason) if order.reason else "",
        }
        for row, (order, _found) in zip(_listed(found for _order, found in due), due, strict=True)
    ]
    requests = [
        {**row, "at": ask.proposed_at, "mine": ask.proposed_by_id == account().id}
        for row, (ask, _found) in zip(_listed(found for _ask, found in waiting), waiting, strict=True)
    ]
    return render_template(
        "officer/files.html",
        **{
            "word": "",
            "errors": {},
            "result": None,
            "visits": visits,
            "requests": requests,
            "villages": [(area.code, place_name(area.name)) for area in villages_within(office_reach())] if wide else [],
            **more,
        },
    )


@blueprint.get("")
@allow(RoleKind.OFFICER)
def start() -> str:
    """Where one looks for a household, with the visits that are due and what waits for a second person."""
    return _start()


@blueprint.post("/search")
@allow(RoleKind.OFFICER)
def search() -> str | tuple[str, int]:
    """What a search has found; it is written down with the search."""
    try:
        word = read_form(SearchForm())["word"]
        with transaction():
            found = search_files(word, office_reach(), by=account(), now=clock.now())
            result = {"rows": _listed(found.rows), "more": found.more, "kind": found.kind}
    except FormError as error:
        return _start(errors=error.fields), 422
    except Invalid as error:
        return _start(word=request.form.get("word", ""), errors={"word": _(error.message)}), 422
    return _start(word=word, result=result)


@blueprint.get("/village/<code>")
@allow(RoleKind.OFFICER)
def village(code: str) -> str:
    """A village's households, for the offices above it."""
    number = read_form(ListQuery(), request.args)["page"]
    with transaction():
        rows, pages = village_list(code, office_reach(), by=account(), now=clock.now(), page=number)
        listed = _listed(rows)
    return render_template(
        "officer/file_village.html",
        place=place_words(code),
        rows=listed,
        pages=page_numbers(min(number, pages), pages),
    )


@blueprint.get("/new")
@allow(RoleKind.OFFICER)
def new() -> str:
    """A new household: its village and its head."""
    return _new_page({}, {})


def _new_page(values: Mapping[str, Any], errors: Mapping[str, str], chosen: str = "") -> str:
    villages = [(area.code, place_words(area.code)) for area in villages_within(office_reach())]
    head = [field for field in fields_of(IDENTITY) if field.name != "relation"]
    return render_template(
        "officer/file_new.html",
        villages=villages,
        village=chosen or (villages[0][0] if len(villages) == 1 else ""),
        controls=controls(head, values, errors),
        hows=[{"value": how.value, "label": _(label)} for how, label in HOWS.items()],
        how=request.form.get("how", How.TOLD),
        errors=errors,
    )


@blueprint.post("/new")
@allow(RoleKind.OFFICER)
def open_new() -> Response | tuple[str, int]:
    """Open a file; the village gives the household its code."""
    head = [field for field in fields_of(IDENTITY) if field.name != "relation"]
    now, chosen = clock.now(), request.form.get("village", "")
    try:
        how = read_how()
        with transaction():
            noting = Noting(account(), how, now)
            household = open_file(chosen, typed_values(head), office_reach(), noting, joined_on=local_day(now))
            public_id, code = household.public_id, household.code
    except Invalid as error:
        return _new_page(typed_again(head), field_faults(error), chosen), 422
    except Conflict as error:
        return _new_page(typed_again(head), {"id_number": _(error.message)}, chosen), 409
    flash(_("The file is open. The household's code is %(code)s.", code=code), "success")
    return see_other(url_for("officer.files.file", public_id=public_id))


def read_how() -> How:
    """How whoever sends a form knows what is in it."""
    if request.form.get("how") not in set(How):
        raise Invalid("values_invalid", N_("Some values are not possible."), fields={"how": N_("Please say how you know.")})
    return How(request.form["how"])


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def file(public_id: str) -> str:
    """A household's file for a year; who reads it is written down in the same transaction."""
    asked = read_form(FileQuery(), request.args)
    now = clock.now()
    with transaction():
        household = seen_household(public_id)
        if asked["on"] is not None and asked["on"] < local_day(now):
            note_reading(household, account(), AS_OF, now=now)
            return render_template("officer/file_past.html", **_past(household, asked["on"], asked["year"]))
        note_reading(household, account(), FILE, now=now)
        year = asked["year"] or local_day(now).year
        return render_template("officer/file.html", **_context(household, year, local_day(now)))


def _context(household: Household, year: int, today: date) -> dict[str, Any]:
    whole = read_file(household, year, left_too=True)
    sides, wanted, visits = conflict_sides(whole), open_requests_of(household), visits_made(household)
    authors = [side.change.by_id for both in sides for side in (both.standing, both.later)]
    askers = [each.request.proposed_by_id for each in wanted]
    names = names_of(whole, authors, askers, [visit.by_id for visit in visits])
    called = {member.person.id: member.identity["name"] for member in whole.members}
    members = [member_words(member, names, today) for member in whole.members]
    disputed = {both.conflict.field for both in sides if both.person is None and both.later.change.year == year}
    return {
        **frame(household, whole, today),
        "sections": sections(whole.values, whole.sources, names, disputed),
        "members": [member for member in members if member["left"] is None],
        "left": [member for member in members if member["left"] is not None],
        "conflicts": [conflict_words(both, names, called.get(_id(both.person), "")) for both in sides],
        "requests": [request_words(each, names, called.get(_id(each.person), ""), account().id) for each in wanted],
        "pictures": [
            {
                "public_id": row.public_id,
                "subject": _(dict(SUBJECTS).get(row.subject, N_("Something else"))),
                "on": row.taken_on,
            }
            for row in pictures_of(household)
        ],
        "subjects": [(value, _(label)) for value, label in SUBJECTS],
        "income": income_card_words(household, whole, today),
        "visits": [
            {"at": visit.at, "who": names.get(visit.by_id, ""), "note": visit_details(visit, household).get("note", "")}
            for visit in visits
        ],
    }


def _id(person: Any) -> int:
    return 0 if person is None else int(person.id)


def frame(household: Household, whole: HouseholdFile, today: date) -> dict[str, Any]:
    """What every page of one household says at its top."""
    status = status_on(household, today)
    head = next((member for member in whole.members if member.person.relation == "head" and not member.person.left_on), None)
    return {
        "household": {"public_id": household.public_id, "code": household.code, "place": place_words(household.village_code)},
        "head": None if head is None else head.identity["name"],
        "status": None if status is None else (_(STATUSES[status][0]), STATUSES[status][1]),
        "year": whole.year,
        "years": sorted({*whole.years, today.year, whole.year}, reverse=True),
        "this_year": today.year,
        "today": today,
        "seen": whole.seen,
    }


def _past(household: Household, on: date, year: int | None) -> dict[str, Any]:
    _first, end = day_bounds(on, on)
    known = file_as_of(household, end, on)
    year = year or max((each for each in known.values if each <= on.year), default=on.year)
    whole = read_file(household, year)
    members = [
        {
            "name": identity.get("name", ""),
            "about": about_person(identity, on),
            "rows": person_rows({**identity, **known.member_values.get((person_id, year), {})}),
        }
        for person_id, identity in known.members.items()
    ]
    return {
        **frame(household, whole, on),
        "on": on,
        "today": local_day(clock.now()),
        "years": sorted({*known.values, year}, reverse=True),
        "sections": sections(known.values.get(year, {}), {}, {}),
        "members": members,
    }


@blueprint.get("/<public_id>/slip")
@allow(RoleKind.OFFICER)
def slip(public_id: str) -> str:
    """What a household without a phone takes home: what is on file, who has looked, and how to have it put right."""
    now = clock.now()
    with transaction():
        household = seen_household(public_id)
        note_reading(household, account(), SLIP, now=now)
        today = local_day(now)
        whole = read_file(household, today.year)
        return render_template(
            "officer/file_slip.html",
            **frame(household, whole, today),
            sections=sections(whole.values, {}, {}),
            members=[member_words(member, {}, today) for member in whole.members],
            looks=look_words(looks_at(household, limit=12)),
            office=place_words(household.village_code),
        )
