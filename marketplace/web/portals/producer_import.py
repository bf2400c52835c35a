"""Portal: many listings at once, from a table that is checked before anything is sold."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import Response as FileResponse
from flask_babel import ngettext
from werkzeug.wrappers import Response

from marketplace.catalogue.models import Producer
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, DomainError, Invalid
from marketplace.kernel.tables import decoded
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.csv_files import csv_response, csv_text
from marketplace.web.errors import message_of, status_of
from marketplace.web.listing_import import MOST_ROWS, RowReport, columns, import_listings, needed_columns
from marketplace.web.portals.farm_frame import farm_pages

blueprint = Blueprint("producer_import", __name__, url_prefix="/farm/listings/import")
farm_pages(blueprint)

_CHECK, _SELL = "check", "sell"


@blueprint.get("")
@by_mandate(Scope.LIST, Scope.STOCK)
def table() -> str:
    """A box for a table, and a file to fill in."""
    return _page(current_seller().producer, "", None)


@blueprint.post("")
@by_mandate(Scope.LIST, Scope.STOCK)
def table_read() -> Response | str | tuple[str, int]:
    """Check the table, or put it on sale if nothing in it is wrong."""
    producer, now = current_seller().producer, clock.now()
    dry_run = request.form.get("act") != _SELL
    text = ""
    try:
        text = table_sent()
        reports = import_listings(producer, text, dry_run=dry_run, transaction=lambda: acting(now), now=now)
    except Invalid as error:
        return _page(producer, text, None, error), status_of(error)
    wrong = any(report.errors for report in reports)
    if dry_run or wrong:
        return _page(producer, text, reports), 422 if wrong else 200
    flash(ngettext("%(num)d listing is written.", "%(num)d listings are written.", len(reports)), "success")
    return redirect(url_for("producer.listings"), 303)


@blueprint.get("/table.csv")
@by_mandate(Scope.LIST, Scope.STOCK)
def empty_table() -> FileResponse:
    """The header of the table, to be filled in, for those who may send it back."""
    current_seller()
    return csv_response(csv_text(columns(), []), "listings.csv")


def table_sent() -> str:
    """The table of this request: a file where one was chosen, else what stands in the box.

    Raises
    ------
    Invalid
        ``text_broken`` for a file in neither of the two encodings that spreadsheets write.
    """
    file = request.files.get("file")
    if file is None or not file.filename:
        return request.form.get("table", "")
    text = decoded(file.read())
    if text is None:
        raise Invalid("text_broken", N_("Some of the text could not be read. Please save the table as UTF-8 and try again."))
    return text


def _page(producer: Producer, text: str, reports: list[RowReport] | None, error: DomainError | None = None) -> str:
    wrong = [report for report in reports or () if report.errors]
    return render_template(
        "producer/import.html",
        table=text,
        rows=[(report.line, report.title, list(report.errors.items())) for report in wrong],
        good=len(reports or ()) - len(wrong),
        checked=reports is not None,
        error=message_of(error) if error is not None else None,
        columns=columns(),
        needed=needed_columns(),
        most=MOST_ROWS,
        acts={"check": _CHECK, "sell": _SELL},
    )
