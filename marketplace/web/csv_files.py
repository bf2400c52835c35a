"""Tables as CSV files that a spreadsheet opens rightly and that run nothing in it."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

# A spreadsheet would run a cell that begins with one of these.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """Text that a spreadsheet shows and does not run as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A header and rows, with text from people made ``harmless`` before."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def csv_response(body: str, name: str) -> Response:
    """The file as an answer to download. The mark at the beginning tells spreadsheets that this is UTF-8."""
    response = Response("\ufeff" + body, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
