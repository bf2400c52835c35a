"""The certificate of an enterprise's year as a PDF: what was bought, what of it from registered households, and the target."""

import io
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from flask_babel import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

from marketplace.sourcing.queries import YearOfPurchases
from marketplace.web.filters import percent, yuan
from marketplace.web.languages import is_chinese

_FONT = "STSong-Light"


def quota_pdf(title: str, year: YearOfPurchases, day: date) -> bytes:
    """The file in the reader's language; the same figures on the same day make the same bytes."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    text = ParagraphStyle("text", fontName=_FONT, fontSize=11, leading=18, wordWrap="CJK" if is_chinese() else None)
    head = ParagraphStyle("head", parent=text, fontSize=20, leading=30)
    small = ParagraphStyle("small", parent=text, fontSize=8, leading=12)
    heading = _("Purchases from registered households in %(year)s", year=year.year)
    parts: list[Any] = [Paragraph(escape(heading), head), Spacer(1, 8 * mm)]
    parts += [Paragraph(f"{escape(label)}: {escape(words)}", text) for label, words in quota_facts(title, year, day)]
    parts += [Spacer(1, 10 * mm)]
    parts += [Paragraph(escape(line), small) for line in how_counted()]
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4, title=heading, author=title, invariant=1).build(parts)
    return out.getvalue()


def quota_facts(title: str, year: YearOfPurchases, day: date) -> list[tuple[str, str]]:
    """What the paper says, as label and words."""
    target = "" if year.target_bp is None else percent(year.target_bp / 10_000)
    found = [
        (_("Enterprise"), title),
        (_("Until"), day.isoformat()),
        (_("All purchases"), yuan(year.total_fen)),
        (_("From registered households"), yuan(year.registered_fen)),
        (_("Share by value"), percent(year.share)),
        (_("Food budget of the year"), yuan(year.budget_fen) if year.budget_fen is not None else ""),
        (_("Reserved part"), target),
        (_("Still missing"), yuan(year.missing_fen) if year.target_bp is not None else ""),
    ]
    return [(label, words) for label, words in found if words]


def how_counted() -> list[str]:
    """How the figures come about."""
    return [
        _(
            "Purchases count from 1 January, in the market’s time, from the moment they are placed;"
            " what was cancelled, refused or never came does not count."
        ),
        _(
            "A lot of a cooperative counts with the part that registered households have contributed to it,"
            " as it was on the day of the purchase."
        ),
        _(
            "Goods of households that do not want to be named as registered are not counted as such here."
            " No household is named."
        ),
    ]
