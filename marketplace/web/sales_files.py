"""The table of sales as a file: CSV, workbook or PDF, each with the same figures and how they were counted."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from flask import Response
from flask_babel import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from marketplace.web import csv_files
from marketplace.web.languages import is_chinese

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
# One of the fonts that every PDF reader has for Chinese; nothing has to be carried in the file.
_FONT = "STSong-Light"
_GRID = TableStyle(
    [
        ("FONTNAME", (0, 0), (-1, -1), _FONT),
        ("FONTSIZE", (0, 0), (-1, -1), 8),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, colors.grey),
        ("LINEABOVE", (0, -1), (-1, -1), 0.8, colors.black),
        ("ALIGN", (5, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)


@dataclass(frozen=True)
class SalesTable:
    """A heading, rows under their heads, their sum, and a sentence each of how they were counted."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str | int]]
    total: Sequence[str | int]
    counted: Sequence[str]


def csv_file(table: SalesTable) -> str:
    """Head and rows; behind an empty line, how they were counted. Programs can add up the rows, so the sum is left out."""
    counted = [[], [_("How this was counted")], *([line] for line in table.counted)]
    return csv_files.csv_text(table.head, [*table.rows, *counted])


def workbook(table: SalesTable) -> bytes:
    """A sheet of figures with their sum, and one of how they were counted; figures are numbers, not text."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = _("Sales")
    for row in (table.head, *([_number(cell) for cell in row] for row in (*table.rows, table.total))):
        sheet.append(list(row))
    for cells in (sheet[1], sheet[sheet.max_row]):
        for cell in cells:
            cell.font = Font(bold=True)
    for column in sheet.columns:
        sheet.column_dimensions[column[0].column_letter].width = 18
    sheet.freeze_panes = "C2"
    words = book.create_sheet(_("How this was counted"))
    words.column_dimensions["A"].width = 110
    for line in (table.title, *table.counted):
        words.append([line])
        words.cell(words.max_row, 1).alignment = Alignment(wrap_text=True, vertical="top")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _number(cell: str | int) -> Any:
    """What of a cell is a figure: whole numbers, and yuan with two decimals."""
    if isinstance(cell, str) and cell.count(".") == 1 and cell.replace(".", "", 1).lstrip("-").isdigit():
        return float(cell)
    return cell


def pdf(table: SalesTable) -> bytes:
    """Pages across, the head on each; without the moment of printing, so that the same figures are the same file."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    text = ParagraphStyle("text", fontName=_FONT, fontSize=8, leading=11, wordWrap="CJK" if is_chinese() else None)
    title = ParagraphStyle("title", parent=text, fontSize=16, leading=24)
    rows = [[Paragraph(escape(str(cell)), text) for cell in table.head]]
    rows += [[Paragraph(escape(str(cell)), text) if at < 5 else cell for at, cell in enumerate(row)] for row in table.rows]
    rows.append([Paragraph(escape(str(cell)), text) if at < 5 else cell for at, cell in enumerate(table.total)])
    figures = (265 - 30 - 45 - 3 * 22) / (len(table.head) - 5)
    widths = [30 * mm, 45 * mm, 22 * mm, 22 * mm, 22 * mm, *[figures * mm] * (len(table.head) - 5)]
    parts: list[Any] = [Paragraph(escape(table.title), title), Spacer(1, 3 * mm)]
    parts += [Table(rows, colWidths=widths, style=_GRID, repeatRows=1), Spacer(1, 6 * mm)]
    parts += [Paragraph(escape(line), text) for line in (_("How this was counted"), *table.counted)]
    out = io.BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), 15 * mm)
    SimpleDocTemplate(out, pagesize=landscape(A4), title=table.title, invariant=1, **margins).build(parts)
    return out.getvalue()


def download(body: bytes, kind: str, name: str) -> Response:
    """The file as an answer to save."""
    response = Response(body, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
