"""Tables as people send them, CSV or XLSX, read into cells; files made to do harm are refused. Pure, no database."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.tables import decoded

LARGEST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 5_000
MOST_COLUMNS = 120
# What a spreadsheet of the most rows unpacks to is far less; a bomb is far more.
_LARGEST_UNPACKED = 60 * 1024 * 1024
_MOST_PARTS = 500
_LONGEST_CELL = 2_000
# With empty rows in between.
_MOST_LINES = 20 * MOST_ROWS
_MOST_CELLS = 5 * MOST_ROWS * MOST_COLUMNS
_ZIP = b"PK\x03\x04"
_UNREADABLE = N_("This table cannot be read. Please save it as XLSX or CSV and try again.")
_EMPTY = N_("There is no row in this table.")
_TOO_LONG = N_("A table may have at most %(most)s rows.")


class Formula:
    """A cell that a spreadsheet would calculate. It is never calculated here."""


Cell = str | int | float | bool | date | datetime | Formula | None


@dataclass(frozen=True)
class Table:
    """The names of the columns, and each row that is not empty with its number in the file, as long as the header."""

    header: list[str]
    rows: list[tuple[int, list[Cell]]]


def read_table(data: bytes) -> Table:
    """Read a file, whichever of the two it is.

    Raises
    ------
    Invalid
        ``table_too_heavy``, ``table_unreadable``, ``text_broken``, ``table_empty``, ``table_too_long`` (more than 5,000 rows),
        ``table_too_wide``, or ``row_too_wide`` with the ``line`` that has more cells than the header.
    """
    if len(data) > LARGEST_BYTES:
        raise Invalid("table_too_heavy", N_("A table may have at most %(most)s MB."), most=LARGEST_BYTES // 1024**2)
    lines = _spreadsheet(data) if data.startswith(_ZIP) else _separated(data)
    header: list[str] | None = None
    rows: list[tuple[int, list[Cell]]] = []
    for line, cells in lines:
        while cells and cells[-1] in (None, ""):
            cells.pop()
        if not cells:
            continue
        if header is None:
            header = ["" if cell is None else str(cell).strip() for cell in cells]
            if len(header) > MOST_COLUMNS:
                raise Invalid("table_too_wide", N_("A table may have at most %(most)s columns."), most=MOST_COLUMNS)
            continue
        if len(cells) > len(header):
            # A comma too many moves every later cell into the wrong column.
            raise Invalid("row_too_wide", N_("Row %(line)s has more cells than there are columns."), line=line)
        if len(rows) == MOST_ROWS:
            raise Invalid("table_too_long", _TOO_LONG, most=MOST_ROWS)
        rows.append((line, cells + [None] * (len(header) - len(cells))))
    if header is None or not rows:
        raise Invalid("table_empty", _EMPTY)
    return Table(header, rows)


def _separated(data: bytes) -> Iterator[tuple[int, list[Cell]]]:
    """CSV in one of the two encodings that spreadsheets write; commas, semicolons or tabs between the cells."""
    text = decoded(data)
    if text is None:
        raise Invalid("text_broken", N_("Some of the text could not be read. Please save the table as UTF-8 and try again."))
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, [_checked(cell.strip()) for cell in cells]
    except csv.Error as error:
        raise Invalid("table_unreadable", _UNREADABLE) from error


def _spreadsheet(data: bytes) -> Iterator[tuple[int, list[Cell]]]:
    """The first sheet of a workbook. Formulas are not calculated, links not followed, macros not looked at."""
    _check_parts(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            # What a sheet says of its own size may be a lie that costs memory.
            sheet.reset_dimensions()
            cells = 0
            for line, row in enumerate(sheet.iter_rows(), 1):
                cells += len(row)
                if line > _MOST_LINES or cells > _MOST_CELLS:
                    raise Invalid("table_too_long", _TOO_LONG, most=MOST_ROWS)
                yield line, [_cell_of(cell) for cell in row]
        finally:
            book.close()
    except Invalid:
        raise
    # A broken workbook fails in as many ways as it has parts.
    except (
        *(InvalidFileException, zipfile.BadZipFile, ParseError, KeyError, IndexError, ValueError, TypeError),
        *(AttributeError, EOFError, OSError, NotImplementedError),
    ) as error:
        raise Invalid("table_unreadable", _UNREADABLE) from error


def _check_parts(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            entries = parts.infolist()
            if len(entries) > _MOST_PARTS or sum(entry.file_size for entry in entries) > _LARGEST_UNPACKED:
                raise Invalid("table_too_heavy", N_("This spreadsheet unpacks to more than we can take."))
            for entry in entries:
                with parts.open(entry) as part:
                    # A workbook has no use for a document type, entities that multiply need one.
                    if b"<!DOCTYPE" in part.read(4096).replace(b"\0", b"").upper():
                        raise Invalid("table_unreadable", _UNREADABLE)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise Invalid("table_unreadable", _UNREADABLE) from error


def _cell_of(cell: object) -> Cell:
    if getattr(cell, "data_type", None) == "f":
        return Formula()
    value: Cell = getattr(cell, "value", None)
    return _checked(value.strip()) if isinstance(value, str) else value


def _checked(text: str) -> str:
    if len(text) > _LONGEST_CELL:
        raise Invalid("table_unreadable", _UNREADABLE)
    return text


def empty_workbook(titles: list[tuple[str, bool]]) -> bytes:
    """A workbook with a header; columns of digits that must all be kept are made text, so that no spreadsheet rounds them."""
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    for at, (title, keeps_digits) in enumerate(titles, 1):
        sheet.cell(1, at, title).font = Font(bold=True)
        column = sheet.column_dimensions[get_column_letter(at)]
        column.width = max(12, 2 * len(title))
        if keeps_digits:
            column.number_format = "@"
    sheet.freeze_panes = "A2"
    book.save(out)
    return out.getvalue()
