"""Portal: the files of an area as a table: asked for, released by a second person, taken once."""

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response as WerkzeugResponse

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import account_names_by_id
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.jobs import enqueue
from marketplace.regions.queries import area_names
from marketplace.registry.exports import ask_export, decide_export, exports_seen, get_export, may_decide, take_export
from marketplace.registry.models import ExportState, FileExport
from marketplace.web.access import account, allow, office_reach
from marketplace.web.csv_files import csv_response
from marketplace.web.file_exports import make_exports
from marketplace.web.file_forms import field_faults
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.portals.officer.files_frame import (
    blueprint,
)
from marketplace.web.redirects import see_other

STATES = {
    ExportState.ASKED: (N_("Waits for a second person"), "wait"),
    ExportState.REFUSED: (N_("Refused"), "bad"),
    ExportState.RELEASED: (N_("Is being made"), "wait"),
    ExportState.READY: (N_("Ready to be taken once"), "good"),
    ExportState.TAKEN: (N_("Taken"), "neutral"),
    ExportState.EXPIRED: (N_("Deleted, not taken in time"), "neutral"),
}


class AskForm(FormSchema):
    """What is needed and what for."""

    area = Text(required=True, validate=validate.Length(max=12))
    purpose = Text(load_default="", validate=validate.Length(max=400, error=N_("Please say it in fewer words.")))
    year = fields.Integer(required=True, validate=validate.Range(min=2013, max=2100))
    with_id_numbers = fields.String(load_default="", validate=validate.OneOf(["", "yes"]))


class ReleaseForm(FormSchema):
    """What the second person says."""

    decision = fields.String(
        required=True,
        validate=validate.OneOf(["release", "refuse"]),
        error_messages={"required": N_("Please choose one of the values offered.")},
    )
    note = Text(load_default="", validate=validate.Length(max=400, error=N_("Please say it in fewer words.")))


@blueprint.get("/exports")
@allow(RoleKind.OFFICER)
def exports() -> str:
    """What was asked for within one's areas, and the form to ask."""
    return _page({}, {})


def _page(form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    found = exports_seen(office_reach(), account())
    names = area_names(export.area_code for export in found)
    people = account_names_by_id(
        number for export in found for number in (export.asked_by_id, export.decided_by_id) if number is not None
    )
    area = office_area(None)
    return render_template(
        "officer/file_exports.html",
        rows=[_row(export, names, people) for export in found],
        areas=areas_to_choose(area),
        area=form.get("area", area.code),
        year=form.get("year", local_day(clock.now()).year),
        form=form,
        errors=errors,
    )


def _row(export: FileExport, names: Mapping[str, str], people: Mapping[int, str]) -> dict[str, Any]:
    label, tone = STATES[ExportState(export.state)]
    mine = export.asked_by_id == account().id
    return {
        "public_id": export.public_id,
        "area": place_name(names[export.area_code]),
        "year": export.year,
        "purpose": export.purpose,
        "with_id_numbers": export.with_id_numbers,
        "asked_by": people[export.asked_by_id],
        "asked_at": export.asked_at,
        "decided_by": people.get(export.decided_by_id or 0, ""),
        "note": export.note,
        "state": (_(label), tone),
        "expires_at": export.expires_at,
        "may_take": mine and export.state == ExportState.READY,
        "may_decide": export.state == ExportState.ASKED and may_decide(export, account()),
    }


@blueprint.post("/exports")
@allow(RoleKind.OFFICER)
def export_ask() -> WerkzeugResponse | tuple[str, int]:
    """Ask for an area's files."""
    try:
        form = read_form(AskForm())
        with transaction():
            ask_export(
                form["area"],
                form["purpose"],
                office_reach(),
                year=form["year"],
                with_id_numbers=form["with_id_numbers"] == "yes",
                by=account(),
                now=clock.now(),
            )
    except FormError as error:
        return _page(request.form, error.fields), 422
    except Invalid as error:
        return _page(request.form, field_faults(error)), 422
    flash(_("Asked for. Another officer of the same or a higher level must release it."), "success")
    return see_other(url_for("officer.files.exports"))


@blueprint.post("/exports/<export>/decision")
@allow(RoleKind.OFFICER)
def export_decide(export: str) -> WerkzeugResponse:
    """Release an export or refuse it."""
    form, now = read_form(ReleaseForm()), clock.now()
    with transaction():
        found = get_export(export, office_reach(), account(), lock=True)
        decide_export(found, release=form["decision"] == "release", by=account(), now=now, note=form["note"])
        enqueue(make_exports, timestamp=int(now.timestamp()))
    released = form["decision"] == "release"
    flash(_("Released. Who asked can take it once it is made.") if released else _("Refused."), "success")
    return see_other(url_for("officer.files.exports"))


@blueprint.post("/exports/<export>/file")
@allow(RoleKind.OFFICER)
def export_take(export: str) -> Response:
    """The table, once. Every household in it is told."""
    read_form(FormSchema())
    with transaction():
        found = get_export(export, office_reach(), account(), lock=True)
        name = f"files-{found.area_code}-{found.public_id}.csv"
        content = take_export(found, by=account(), now=clock.now())
    response = csv_response(content, name)
    response.headers["Cache-Control"] = "private, no-store"
    return response
