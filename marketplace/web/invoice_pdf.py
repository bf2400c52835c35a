"""An invoice as a PDF file, from its snapshot alone: printed again in ten years it is the same, byte for byte."""

import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from flask_babel import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from marketplace.web.filters import unit_name, yuan
from marketplace.web.languages import is_chinese, pick

# One of the fonts that every PDF reader has for Chinese; nothing has to be carried in the file.
_FONT = "STSong-Light"
_GRID = TableStyle(
    [
        ("FONTNAME", (0, 0), (-1, -1), _FONT),
        ("FONTSIZE", (0, 0), (-1, -1), 9),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, colors.grey),
        ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)


def invoice_pdf(snapshot: Mapping[str, Any], place: str) -> bytes:
    """The file in the reader's language.

    Parameters
    ----------
    snapshot : mapping
        What the invoice holds.
    place : str
        The village of the seller, in words.
    """
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    text = ParagraphStyle("text", fontName=_FONT, fontSize=9, leading=14, wordWrap="CJK" if is_chinese() else None)
    title = ParagraphStyle("title", parent=text, fontSize=18, leading=26)
    small = ParagraphStyle("small", parent=text, fontSize=8, leading=12, textColor=colors.HexColor("#555555"))
    heading = _("Credit note") if snapshot.get("credits") else _("Invoice")
    parts: list[Any] = [Paragraph(escape(f"{heading} {snapshot['number']}"), title), Spacer(1, 4 * mm)]
    parts += [Paragraph(f"{escape(label)}: {escape(words)}", text) for label, words in facts(snapshot, place)]
    parts.append(Spacer(1, 6 * mm))
    if snapshot["lines"]:
        parts += [_lines(snapshot, text), Spacer(1, 4 * mm)]
    parts += [Paragraph(f"{escape(label)}: {escape(words)}", text) for label, words in sums(snapshot)]
    parts += [Spacer(1, 6 * mm), Paragraph(escape(notice(snapshot)), small)]
    out = io.BytesIO()
    # Invariant: no moment of printing and no random name in the file.
    SimpleDocTemplate(
        out,
        pagesize=A4,
        title=f"{heading} {snapshot['number']}",
        author=pick(snapshot["seller_zh"], snapshot["seller_en"]),
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=20 * mm,
        bottomMargin=20 * mm,
        invariant=1,
    ).build(parts)
    return out.getvalue()


def _lines(snapshot: Mapping[str, Any], text: ParagraphStyle) -> Table:
    rows: list[list[Any]] = [[_("Goods"), _("Quantity"), _("Price"), _("Amount")]]
    rows += [
        [
            Paragraph(escape(pick(line["title_zh"], line["title_en"])), text),
            f"{line['quantity']} {unit_name(line['unit'])}",
            yuan(line["price_fen"]),
            yuan(line["total_fen"]),
        ]
        for line in snapshot["lines"]
    ]
    return Table(rows, colWidths=[85 * mm, 30 * mm, 25 * mm, 30 * mm], style=_GRID, repeatRows=1)


def facts(snapshot: Mapping[str, Any], place: str) -> list[tuple[str, str]]:
    """Who, to whom, when and for which purchase, as label and words."""
    found = [
        (_("Seller"), f"{pick(snapshot['seller_zh'], snapshot['seller_en'])} · {place}"),
        (_("Made out to"), snapshot["title"]),
        (_("Tax number"), snapshot["tax_number"] or ""),
        (_("Takes back part of"), snapshot.get("credits") or ""),
        (_("Purchase"), snapshot["purchase"]),
        (_("Paid on"), snapshot["paid_on"]),
        (_("Issued on"), snapshot["issued_on"]),
    ]
    return [(label, words) for label, words in found if words]


def sums(snapshot: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What it comes to, as label and words."""
    other = [(_("Delivery"), yuan(snapshot["other_fen"]))] if snapshot["other_fen"] and snapshot["lines"] else []
    return [*other, (_("Value added tax"), yuan(snapshot["tax_fen"])), (_("Total"), yuan(snapshot["total_fen"]))]


def notice(snapshot: Mapping[str, Any]) -> str:
    """Why there is no tax, and what this paper is not."""
    basis = pick(snapshot["basis"]["zh"], snapshot["basis"]["en"])
    rest = _(
        "This invoice tells what was sold and paid. The tax authority’s own invoice (fapiao) is issued from these details."
    )
    return f"{basis}{pick('。', '. ')}{rest}"


def line_rows(snapshot: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines for a page."""
    return [
        {
            "title": pick(line["title_zh"], line["title_en"]),
            "quantity": Decimal(line["quantity"]),
            "unit": line["unit"],
            "price_fen": line["price_fen"],
            "total_fen": line["total_fen"],
        }
        for line in snapshot["lines"]
    ]
