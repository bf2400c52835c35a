"""Many listings from one table: each row is read as the form for a new listing is, and all go on sale or none does.

A dry run does everything that the real one does, against the same rules and the same database, and then takes it all back. So
what it reports is what would happen, row by row.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from werkzeug.datastructures import MultiDict

from marketplace.catalogue.models import UNIT_GRAMS, Producer, Product
from marketplace.catalogue.queries import products
from marketplace.catalogue.service import add_harvest, create_listing, publish
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.web.forms import read_form
from marketplace.web.portals.producer_forms import (
    ListingForm,
    check_harvest_day,
    messages_by_field,
    read_contributions,
    read_offer,
)

MOST_ROWS = 300
# The first column of a spreadsheet's file may carry this mark.
_MARK = "\ufeff"
_EMPTY = N_("There is no row in this table.")


@dataclass(frozen=True)
class RowReport:
    """What became of a row: ``line`` is its number in the file, ``errors`` says by column what is wrong ('' for the row)."""

    line: int
    title: str
    errors: dict[str, str] = field(default_factory=dict)


class _TakeBack(Exception):
    """Undo everything; what was found out is known already."""


def columns() -> list[str]:
    """The columns that a table may have: the fields of the form for a new listing."""
    return list(ListingForm().fields)


def needed_columns() -> list[str]:
    """Those without which no row can be right."""
    return [name for name, one in ListingForm().fields.items() if one.required]


def import_listings(
    producer: Producer,
    table: str,
    *,
    dry_run: bool,
    transaction: Callable[[], AbstractContextManager[str]],
    now: datetime,
) -> list[RowReport]:
    """Put the listings of a table on sale, all of them or, if a single row is wrong, none.

    Parameters
    ----------
    table : str
        CSV with a header of ``columns``; commas, semicolons or tabs between the cells. Of a cooperative's ``households`` each
        line is written with a semicolon or a vertical bar after the one before.
    dry_run : bool
        Only say what would happen.
    transaction : callable
        Opens the transaction of the act and answers who the audit trail names.

    Raises
    ------
    Invalid
        ``table_unreadable``, ``table_empty``, ``table_too_long``, or ``columns_invalid`` for a header with other columns.
    """
    rows = list(_rows(table))
    reports: list[RowReport] = []
    try:
        with transaction() as actor:
            known = {product.slug: product for product in products()}
            for line, row in rows:
                errors = {}
                savepoint = db.session.begin_nested()
                try:
                    _put_on_sale(producer, row, known, actor=actor, now=now)
                    savepoint.commit()
                except (Invalid, Conflict) as error:
                    savepoint.rollback()
                    errors = messages_by_field(error, set(columns()))
                reports.append(RowReport(line, row.get("title_zh", ""), errors))
            if dry_run or any(report.errors for report in reports):
                raise _TakeBack
    except _TakeBack:
        pass
    return reports


def _rows(table: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows with the numbers of their lines; empty ones are passed over."""
    text = table.removeprefix(_MARK)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        if not any(header):
            raise Invalid("table_empty", _EMPTY)
        _check_header(header)
        reader.fieldnames = header
        found = [
            (reader.line_num, {name: (cell or "").strip() for name, cell in row.items() if name is not None}, None in row)
            for row in reader
        ]
    except csv.Error as error:
        raise Invalid("table_unreadable", N_("This table cannot be read. Please save it as CSV and try again.")) from error
    filled = [entry for entry in found if any(entry[1].values())]
    if not filled:
        raise Invalid("table_empty", _EMPTY)
    if len(filled) > MOST_ROWS:
        raise Invalid("table_too_long", N_("A table may have at most %(most)s rows."), most=MOST_ROWS)
    for line, row, too_wide in filled:
        # A comma too many moves every later cell into the wrong column.
        yield line, {**row, **({"": "more"} if too_wide else {})}


def _check_header(header: Sequence[str]) -> None:
    unknown = [name for name in header if name not in columns()]
    missing = [name for name in needed_columns() if name not in header]
    if unknown or missing or len(set(header)) != len(header):
        raise Invalid(
            "columns_invalid",
            N_("The first row must name the columns. Not known: %(unknown)s. Missing: %(missing)s."),
            unknown=", ".join(name[:30] for name in unknown) or "–",
            missing=", ".join(missing) or "–",
        )


def _put_on_sale(producer: Producer, row: dict[str, str], known: dict[str, Product], *, actor: str, now: datetime) -> None:
    if "" in row:
        raise Invalid("row_too_wide", N_("This row has more cells than there are columns."))
    cells = {**row, "households": row.get("households", "").replace(";", "\n").replace("|", "\n")}
    form = read_form(ListingForm(), MultiDict(cells))
    offer = read_offer(form, known)
    check_harvest_day(form["harvested_on"], now=now)
    contributions_g = read_contributions(producer, form, UNIT_GRAMS.get(offer.unit, offer.settled().unit_grams))
    listing = create_listing(producer, offer, actor=actor, now=now)
    add_harvest(listing, form["quantity"], form["harvested_on"], contributions_g, actor=actor, now=now)
    publish(listing, actor=actor, now=now)
