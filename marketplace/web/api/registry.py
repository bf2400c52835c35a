"""What offices' and households' programs do with files: search, count, ask for tables, read and correct one's own."""

from datetime import date
from typing import Any

from flask_smorest import Blueprint

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
from marketplace.registry.models import FileExport, How
from marketplace.registry.open_questions import get_member
from marketplace.registry.opening import open_file
from marketplace.registry.reading_log import looks_at
from marketplace.registry.rollup import Count, RollUp, roll_up
from marketplace.registry.searching import Found, search_files, village_list
from marketplace.web.access import PUBLIC, account, allow, area_in_scope, office_reach
from marketplace.web.api.documents import BODY, OPTIONAL_BEARER, ApiBlueprint, only, problems
from marketplace.web.api.file_desk_schemas import (
    CorrectionAskedSchema,
    CorrectionSchema,
    CountyFiguresSchema,
    FileExportAskSchema,
    FileExportDecisionSchema,
    FileExportSchema,
    FileExportsSchema,
    FileSearchSchema,
    FileTableSchema,
    FoundHouseholdsSchema,
    NewHouseholdSchema,
    OpenedHouseholdSchema,
    OwnFileSchema,
    RollUpQuerySchema,
    RollUpSchema,
    VillageHouseholdsSchema,
    VillagePageQuerySchema,
)
from marketplace.web.file_exports import make_exports
from marketplace.web.forms import said
from marketplace.web.own_household import own_household

blueprint: Blueprint = ApiBlueprint(
    "api-registry", __name__, url_prefix="/api/v1/registry", description="Finding households, counting them, tables of files"
)


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
