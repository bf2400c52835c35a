"""Portal: household files from a table, checked before anything is written, and written by a worker that can be left alone."""

from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response as Redirect

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, DomainError, Invalid
from marketplace.kernel.jobs import enqueue
from marketplace.registry.importing.columns import NEEDED
from marketplace.registry.importing.jobs import run_import_job
from marketplace.registry.importing.running import begin_import, check_import, drop_import, get_import, imports_of
from marketplace.registry.importing.tables import LARGEST_BYTES, MOST_ROWS, empty_workbook
from marketplace.registry.models import FileImport, How, ImportState
from marketplace.web.access import account, allow
from marketplace.web.csv_files import csv_response, csv_text, harmless
from marketplace.web.errors import message_of
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.redirects import see_other
from marketplace.web.registry_words import HOWS, all_faults, column_label, column_titles, report_rows, table_words
from marketplace.web.uploads import sent_files, takes_files

blueprint = Blueprint("imports", __name__, url_prefix="/imports")

# A page shows so many faults; the report has them all.
_SHOWN = 200
_STATES = {
    ImportState.CHECKED: (N_("Checked"), "wait"),
    ImportState.RUNNING: (N_("Being written"), "info"),
    ImportState.DONE: (N_("Written to the files"), "good"),
    ImportState.DROPPED: (N_("Dropped"), "neutral"),
}
_COUNTED = {
    "new_households": N_("New households"),
    "new_persons": N_("New persons"),
    "values": N_("Values noted"),
    "requests": N_("Waiting for a second person"),
    "conflicts": N_("Values against others’"),
}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ImportForm(FormSchema):
    """What a table tells of."""

    how = fields.Enum(How, by_value=fields.String(), required=True)
    year = fields.Integer(required=True, validate=validate.Range(2013, 2100))


class RunForm(FormSchema):
    """Whether the good rows shall be written although others are wrong."""

    rows = fields.String(load_default="all", validate=validate.OneOf(["all", "good"]))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """A place for a table, and one's own imports."""
    return _start(None)


@blueprint.post("")
@allow(RoleKind.OFFICER)
@takes_files(1, LARGEST_BYTES)
def check() -> Redirect | tuple[str, int]:
    """Check a table; nothing of it is written."""
    try:
        form = read_form(ImportForm())
        files = sent_files("file")
        if not files:
            raise Invalid("file_missing", N_("Please choose a file."))
        words = table_words()
        with transaction():
            made = check_import(
                files[0].read(),
                words,
                file_name=files[0].filename or "",
                by=account(),
                how=form["how"],
                year=form["year"],
                now=clock.now(),
            )
            public_id = made.public_id
    except Invalid as error:
        return _start(error), 422
    return see_other(url_for("officer.imports.one", public_id=public_id))


@blueprint.get("/table.xlsx")
@allow(RoleKind.OFFICER)
def empty_table() -> Response:
    """The empty table, with its columns in the reader's language."""
    response = Response(empty_workbook(column_titles()), mimetype=_XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="households.xlsx"'
    return response


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def one(public_id: str) -> str:
    """What was found, what may be done, and how far it has come."""
    return _page(get_import(public_id, account()), None)


@blueprint.post("/<public_id>/run")
@allow(RoleKind.OFFICER)
def run(public_id: str) -> Redirect | tuple[str, int]:
    """Let a worker write it. One that is being written is taken up again, which harms nothing."""
    form, now = read_form(RunForm()), clock.now()
    try:
        with transaction():
            found = get_import(public_id, account(), lock=True)
            begin_import(found, good_rows_only=form["rows"] == "good", by=account(), now=now)
            enqueue(run_import_job, import_id=found.id)
    except Invalid as error:
        return _page(get_import(public_id, account()), error), 422
    flash(_("It is being written. You may leave this page and come back."), "info")
    return see_other(url_for("officer.imports.one", public_id=public_id))


@blueprint.post("/<public_id>/drop")
@allow(RoleKind.OFFICER)
def drop(public_id: str) -> Redirect:
    """Forget its rows."""
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        drop_import(get_import(public_id, account(), lock=True), by=account().public_id, now=now)
    flash(_("The rows of this table are forgotten. Nothing was written."), "info")
    return see_other(url_for("officer.imports.listed"))


@blueprint.get("/<public_id>/report.csv")
@allow(RoleKind.OFFICER)
def report(public_id: str) -> Response:
    """Everything that was wrong, row by row."""
    found = get_import(public_id, account())
    rows = [(line, harmless(column), harmless(text)) for line, column, text in report_rows(all_faults(found))]
    return csv_response(csv_text([_("Row"), _("Column"), _("What is wrong")], rows), f"import-{found.public_id}.csv")


def _start(error: DomainError | None) -> str:
    return render_template(
        "officer/imports.html",
        error=message_of(error) if error is not None else None,
        imports=[
            {"public_id": row.public_id, "name": row.file_name, "at": row.at, "rows": row.rows, "state": _state(row)}
            for row in imports_of(account())
        ],
        hows=[{"value": how.value, "label": _(label)} for how, label in HOWS.items()],
        how=request.form.get("how", How.TOLD.value),
        year=request.form.get("year", clock.local_day(clock.now()).year),
        needed=[column_label(name) for name in NEEDED],
        most=MOST_ROWS,
        megabytes=LARGEST_BYTES // 1024**2,
    )


def _state(found: FileImport) -> tuple[str, str]:
    label, tone = _STATES[ImportState(found.state)]
    return _(label), tone


def _page(found: FileImport, error: DomainError | None) -> str:
    faults = report_rows(all_faults(found))
    columns: list[dict[str, Any]] = [
        {"key": "line", "label": _("Row"), "kind": "text"},
        {"key": "column", "label": _("Column"), "kind": "text"},
        {"key": "text", "label": _("What is wrong"), "kind": "text"},
    ]
    return render_template(
        "officer/import.html",
        error=message_of(error) if error is not None else None,
        found=found,
        state=_state(found),
        how=_(HOWS[How(found.how)]),
        wrong_rows=found.rows - found.good_rows,
        counts=[(_(label), found.counts[name]) for name, label in _COUNTED.items() if name in found.counts],
        columns=columns,
        faults=[{"line": line, "column": column or "–", "text": text} for line, column, text in faults[:_SHOWN]],
        more=max(0, len(faults) - _SHOWN),
    )
