"""What offices' and households' programs do with files: search, count, ask for tables, read and correct one's own."""

import re
from datetime import date
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid
from marketplace.kernel.jobs import enqueue
from marketplace.registry.corrections import ask_correction
from marketplace.registry.exports import ask_export, decide_export, exports_seen, get_export, take_export
from marketplace.registry.figures import published_figures
from marketplace.registry.files import read_file
from marketplace.registry.filing import Noting
from marketplace.registry.models import ExportState, FileExport, How
from marketplace.registry.open_questions import get_member
from marketplace.registry.opening import open_file
from marketplace.registry.reading_log import looks_at
from marketplace.registry.rollup import By, Count, RollUp, roll_up
from marketplace.registry.searching import Found, search_files, village_list
from marketplace.web.access import PUBLIC, account, allow, area_in_scope, office_reach
from marketplace.web.api.documents import BODY, OPTIONAL_BEARER, ApiBlueprint, only, problems
from marketplace.web.api.inputs import (
    AREA,
    InputSchema,
    Line,
    Prose,
    PublicIdField,
    QueryDay,
    QueryNumber,
    Spelled,
    WholeField,
    YesNoField,
)
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.file_exports import make_exports
from marketplace.web.forms import said
from marketplace.web.own_household import own_household

blueprint: Blueprint = ApiBlueprint(
    "api-registry", __name__, url_prefix="/api/v1/registry", description="Finding households, counting them, tables of files"
)

_VILLAGE = re.compile(r"[0-9]{12}")
_WITHIN = {"description": "Digits of an area within your own; your own, when left out"}
_FIRST_YEAR, _LAST_YEAR = 2013, 2100


class FileSearchSchema(InputSchema):
    """Whom one looks for: a household's code, a card's number or a whole name. In the body, so that no address holds it."""

    word = Line(60, required=True)


class FoundHouseholdSchema(OutputSchema):
    """A household as a list shows it: names are masked."""

    public_id = fields.String(attribute="household.public_id")
    code = fields.String(attribute="household.code")
    head = fields.String(metadata={"description": "Masked; empty without a head"})
    person = fields.String(metadata={"description": "Who was searched for, masked; empty where nobody was"})


class FoundHouseholdsSchema(OutputSchema):
    """What was found; ``more`` when a name has more bearers."""

    kind = fields.String(validate=validate.OneOf(["code", "id_number", "name"]))
    items = fields.List(fields.Nested(FoundHouseholdSchema))
    more = fields.Boolean()


class VillagePageQuerySchema(InputSchema):
    """Which page of a list."""

    page = QueryNumber(1, 9999, load_default=1)


class VillageHouseholdsSchema(OutputSchema):
    """A page of a village's households."""

    items = fields.List(fields.Nested(FoundHouseholdSchema))
    pages = fields.Integer()


class NewHouseholdSchema(InputSchema):
    """A new household with its head. Values are written as the standard writes them."""

    village_code = Spelled(_VILLAGE, most=12, required=True)
    how = fields.String(required=True, validate=validate.OneOf([how.value for how in How]))
    name = Line(40, required=True)
    id_number = Line(18, load_default=None, allow_none=True)
    sex = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(["male", "female"]))
    born_on = QueryDay(load_default=None, allow_none=True)


class OpenedHouseholdSchema(OutputSchema):
    """The household's name for programs, and its code."""

    public_id = fields.String()
    code = fields.String()


class RollUpQuerySchema(InputSchema):
    """Which area on which day, divided how."""

    area = Spelled(AREA, most=12, metadata=_WITHIN)
    by = fields.Enum(By, by_value=fields.String(), load_default=By.KIND)
    day = QueryDay(metadata={"description": "Today, when left out"})
    year = QueryNumber(_FIRST_YEAR, _LAST_YEAR, metadata={"description": "The day's, when left out"})


class HouseholdCountSchema(OutputSchema):
    """Households and the persons in them."""

    area_code = fields.String()
    category = fields.String()
    households = fields.Integer()
    persons = fields.Integer()


class RollUpSchema(OutputSchema):
    """Counts by the areas one level below and by category; what is absent is nought."""

    area_code = fields.String()
    day = fields.Date()
    year = fields.Integer()
    by = fields.Enum(By, by_value=fields.String())
    categories = fields.List(fields.String())
    cells = fields.List(fields.Nested(HouseholdCountSchema))
    households = fields.Integer()
    persons = fields.Integer()


class FileExportAskSchema(InputSchema):
    """The files of which area, and what for."""

    area_code = Spelled(AREA, most=12, required=True)
    purpose = Prose(400, required=True)
    year = WholeField(_FIRST_YEAR, _LAST_YEAR, required=True)
    with_id_numbers = YesNoField(load_default=False)


class FileExportSchema(OutputSchema):
    """A table that was asked for, and where it stands."""

    public_id = fields.String()
    area_code = fields.String()
    year = fields.Integer()
    purpose = fields.String()
    with_id_numbers = fields.Boolean()
    state = fields.String(validate=validate.OneOf([state.value for state in ExportState]))
    asked_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime(allow_none=True)


class FileExportsSchema(OutputSchema):
    """The newest, at most fifty."""

    items = fields.List(fields.Nested(FileExportSchema))


class FileExportDecisionSchema(InputSchema):
    """What the second person says."""

    release = YesNoField(required=True)
    note = Prose(400, may_be_empty=True, load_default="")


class FileTableSchema(OutputSchema):
    """The table as CSV; its first line says whose copy it is."""

    csv = fields.String()


class LookSchema(OutputSchema):
    """One look at a file by the office of an area."""

    at = fields.AwareDateTime()
    part = fields.String()
    office = fields.String(metadata={"description": "An area's digits; empty for an office that is no more"})


class OwnMemberSchema(OutputSchema):
    """A member with who they are and what is known of them."""

    public_id = fields.String()
    identity = fields.Dict(keys=fields.String())
    values = fields.Dict(keys=fields.String())


class OwnFileSchema(OutputSchema):
    """One's own file for this year, by the names of the standard's fields. A field that is absent or null is not known."""

    code = fields.String()
    year = fields.Integer()
    values = fields.Dict(keys=fields.String())
    members = fields.List(fields.Nested(OwnMemberSchema))
    looks = fields.List(fields.Nested(LookSchema))


class CorrectionSchema(InputSchema):
    """What is right, and why. With ``member`` it is about a member."""

    values = fields.Dict(keys=fields.String(), required=True)
    reason = Prose(400, required=True)
    member = PublicIdField(load_default=None, allow_none=True)


class CorrectionAskedSchema(OutputSchema):
    """What was asked for; it stands when an officer has agreed."""

    public_id = fields.String()
    state = fields.String()


class CountyFiguresSchema(OutputSchema):
    """Registered persons by township and column; null is hidden."""

    county_code = fields.String()
    day = fields.Date()
    year = fields.Integer()
    cells = fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.Integer(allow_none=True)))


def _in_places(error: Invalid) -> Invalid:
    """What is wrong with values, field by field; their names come from outside, so what cannot be shown is not given back."""
    faults = error.data.get("fields")
    if not isinstance(faults, dict):
        return error
    shown = {str(name).encode("ascii", "backslashreplace").decode()[:60]: said(text) for name, text in faults.items()}
    return Invalid(error.code, error.message, **shown)


@blueprint.post("/search")
@only(RoleKind.OFFICER)
@blueprint.arguments(FileSearchSchema)
@blueprint.response(200, FoundHouseholdsSchema)
@problems(*BODY, 429)
def registry_search(given: dict[str, Any]) -> dict[str, Any]:
    """Find the households of your area that a code, a card's number or a whole name leads to; each search is written down."""
    with transaction():
        found = search_files(given["word"], office_reach(), by=account(), now=clock.now())
        return {"kind": found.kind, "items": found.rows, "more": found.more}


@blueprint.get("/villages/<int:village_code>")
@only(RoleKind.OFFICER)
@blueprint.arguments(VillagePageQuerySchema, location="query")
@blueprint.response(200, VillageHouseholdsSchema)
@problems(404, 422, 429)
def registry_village(given: dict[str, Any], village_code: int) -> dict[str, Any]:
    """The households of a village, for the offices above it; it counts as a search."""
    with transaction():
        rows: list[Found]
        rows, pages = village_list(str(village_code), office_reach(), by=account(), now=clock.now(), page=given["page"])
        return {"items": rows, "pages": pages}


@blueprint.post("/households")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewHouseholdSchema)
@blueprint.response(201, OpenedHouseholdSchema)
@problems(404, 409, *BODY)
def registry_open(given: dict[str, Any]) -> Any:
    """Open a file for a household with its head; the village gives it its code."""
    now = clock.now()
    head = {name: given[name] for name in ("name", "id_number", "sex", "born_on") if given[name] is not None}
    try:
        with transaction():
            noting = Noting(account(), How(given["how"]), now)
            return open_file(given["village_code"], head, office_reach(), noting, joined_on=local_day(now))
    except Invalid as error:
        raise _in_places(error) from error


@blueprint.get("/roll-up")
@only(RoleKind.OFFICER)
@blueprint.arguments(RollUpQuerySchema, location="query")
@blueprint.response(200, RollUpSchema)
@problems(404, 422)
def registry_roll_up(given: dict[str, Any]) -> dict[str, Any]:
    """Households and persons of an area on a day, by the areas below it; exact."""
    area = area_in_scope(RoleKind.OFFICER, given.get("area"))
    day: date = given.get("day") or local_day(clock.now())
    rolled: RollUp = roll_up(area, day, given["by"], office_reach(), year=given.get("year"))
    total: Count = rolled.total
    return {
        "area_code": area,
        "day": day,
        "year": rolled.year,
        "by": rolled.by,
        "categories": rolled.categories,
        "cells": [
            {"area_code": code, "category": category, "households": count.households, "persons": count.persons}
            for (code, category), count in sorted(rolled.cells.items())
        ],
        "households": total.households,
        "persons": total.persons,
    }


@blueprint.get("/exports")
@only(RoleKind.OFFICER)
@blueprint.response(200, FileExportsSchema)
def registry_exports() -> dict[str, Any]:
    """The tables that were asked for within your areas."""
    return {"items": exports_seen(office_reach(), account())}


@blueprint.post("/exports")
@only(RoleKind.OFFICER)
@blueprint.arguments(FileExportAskSchema)
@blueprint.response(201, FileExportSchema)
@problems(404, *BODY)
def registry_export_ask(given: dict[str, Any]) -> FileExport:
    """Ask for the files of an area; another officer must release them."""
    with transaction():
        return ask_export(
            given["area_code"],
            given["purpose"],
            office_reach(),
            year=given["year"],
            with_id_numbers=given["with_id_numbers"],
            by=account(),
            now=clock.now(),
        )


@blueprint.post("/exports/<public_id:public_id>/decision")
@only(RoleKind.OFFICER)
@blueprint.arguments(FileExportDecisionSchema)
@blueprint.response(200, FileExportSchema)
@problems(404, 409, *BODY)
def registry_export_decide(given: dict[str, Any], public_id: str) -> FileExport:
    """Release what another officer has asked for, or refuse it."""
    now = clock.now()
    with transaction():
        export = get_export(public_id, office_reach(), account(), lock=True)
        decide_export(export, release=given["release"], by=account(), now=now, note=given["note"])
        enqueue(make_exports, timestamp=int(now.timestamp()))
    return export


@blueprint.post("/exports/<public_id:public_id>/table")
@only(RoleKind.OFFICER)
@blueprint.response(200, FileTableSchema)
@problems(404, 409)
def registry_export_take(public_id: str) -> dict[str, Any]:
    """Take the table you have asked for: once, and every household in it is told."""
    with transaction():
        export = get_export(public_id, office_reach(), account(), lock=True)
        return {"csv": take_export(export, by=account(), now=clock.now())}


@blueprint.get("/own-file")
@only(RoleKind.FARMER)
@blueprint.response(200, OwnFileSchema)
@problems(404)
def registry_own_file() -> dict[str, Any]:
    """What is on file about your household this year, and who has looked."""
    household, year = own_household(), local_day(clock.now()).year
    whole = read_file(household, year)
    return {
        "code": household.code,
        "year": year,
        "values": whole.values,
        "members": [
            {"public_id": member.person.public_id, "identity": member.identity, "values": member.values}
            for member in whole.members
        ],
        "looks": looks_at(household),
    }


@blueprint.post("/own-file/corrections")
@only(RoleKind.FARMER)
@blueprint.arguments(CorrectionSchema)
@blueprint.response(201, CorrectionAskedSchema)
@problems(404, *BODY)
def registry_own_correction(given: dict[str, Any]) -> Any:
    """Ask for something in your file to be put right; it stands when an officer has agreed."""
    now, household = clock.now(), own_household()
    try:
        with transaction():
            person = None if given["member"] is None else get_member(household, given["member"])
            return ask_correction(
                household,
                given["values"],
                by=account(),
                reason=given["reason"],
                year=local_day(now).year,
                now=now,
                person=person,
            )
    except Invalid as error:
        raise _in_places(error) from error


@blueprint.get("/figures/<int:county_code>")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.response(200, CountyFiguresSchema)
@problems(404)
def registry_figures(county_code: int) -> Any:
    """The newest published figures of a county, small cells hidden."""
    figures, _days = published_figures(str(county_code))
    return figures
