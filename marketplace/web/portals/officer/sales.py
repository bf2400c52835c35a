"""What registered households sold."""

from datetime import date, datetime
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _

from marketplace.catalogue.queries import categories
from marketplace.dashboard.queries import SalesRow, days_with_facts, sales_and_total, sales_total
from marketplace.dashboard.spread import year_earlier
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.recommendations.queries import policy_in_force
from marketplace.recommendations.report import alarms, reports
from marketplace.regions.codes import child_length
from marketplace.web import sales_files
from marketplace.web.access import allow
from marketplace.web.csv_files import csv_response
from marketplace.web.forms import read_form
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.portals import sales_figures, sales_parts
from marketplace.web.portals.officer import tilt_figures
from marketplace.web.portals.officer.alarms import alarm_sentences
from marketplace.web.portals.officer.areas import areas_to_choose
from marketplace.web.portals.officer.blueprint import blueprint
from marketplace.web.portals.officer.sales_question import Question, SalesForm, question, read_question
from marketplace.web.portals.sales_figures import Span


@blueprint.get("/sales", endpoint="sales")
@allow(RoleKind.OFFICER)
def sales_page() -> str | tuple[str, int]:
    """What registered households sold, and how that was counted."""
    now = clock.now()
    asked, errors = read_question(now=now)
    return render_template("officer/sales.html", errors=errors, **_page(asked)), 422 if errors else 200


def frame(asked: Question, known: tuple[date, date] | None) -> dict[str, Any]:
    """What the pages of sales have in common: the area, what to choose from, and the way to one another."""
    pages = {
        "officer.sales": _("What was sold"),
        "officer.sales_spread": _("How it is spread"),
        "officer.sales_prices": _("Farm gate and market"),
    }
    return {
        "area": asked.area,
        "question": asked,
        "crumbs": asked.crumbs,
        "areas": areas_to_choose(asked.area),
        "shelves": [("", _("All categories")), *((row.slug, pick(row.name_zh, row.name_en)) for row in categories())],
        "channels": [("", _("All channels")), *sales_parts.channel_names().items()],
        "buyers": [("", _("All buyers")), *sales_parts.buyer_names().items()],
        "shortcuts": _shortcuts(asked, known),
        "pages": [
            {"label": label, "url": url_for(endpoint, **asked.query()), "active": endpoint == request.endpoint}
            for endpoint, label in pages.items()
        ],
    }


def _page(asked: Question) -> dict[str, Any]:
    area, span = asked.area, asked.span
    known = days_with_facts(area.code)
    rows, total = _answer(asked)
    # A span that begins before the first sale anywhere would compare with days on which nobody could have sold.
    everywhere = days_with_facts("")
    before = _total(asked, span.before) if everywhere is not None and everywhere[0] <= span.before.first else None
    earlier = Span(*year_earlier(span.first, span.last))
    if earlier == span.before:
        last_year = before
    else:
        last_year = _total(asked, earlier) if everywhere is not None and everywhere[0] <= earlier.first else None
    policy = policy_in_force(area.code, span.last)
    reported = reports(policy.id, span.first, span.last) if policy else []
    return {
        **frame(asked, known),
        "alarms": alarm_sentences(area.code),
        "tabs": _tabs(asked),
        "headline": sales_figures.headline(place_name(area.name), total, before, rows if asked.by == "area" else None),
        "tiles": sales_figures.tiles(total, before),
        "total": total,
        "chart": sales_figures.chart(asked.by, rows, span, lambda key: _deeper(asked, key)),
        "places": sales_parts.tile_map(rows, lambda key: _deeper(asked, key)) if asked.by == "area" else None,
        "table": sales_figures.table(asked.by, rows, total, asked.registry_day, lambda key: _deeper(asked, key)),
        "comparison": sales_parts.comparison(total, last_year, earlier),
        "tilt": tilt_figures.Figures(policy, reported, alarms([policy.id])) if policy and reported else None,
        "tilt_url": url_for("officer.tilt", area=area.code, **{"from": span.first.isoformat(), "to": span.last.isoformat()}),
        "counted": sales_figures.how_counted(span, asked.as_of, total),
        "files": [(kind, url_for(f"officer.sales_{kind}", **asked.query())) for kind in ("csv", "xlsx", "pdf")],
    }


def _answer(asked: Question) -> tuple[list[SalesRow], SalesRow]:
    span = asked.span
    given = {"as_of": asked.as_of, "beside": asked.registry_day, "only": asked.only}
    return sales_and_total(asked.area.code, span.first, span.last, by=asked.by, **given)


def _total(asked: Question, span: Span) -> SalesRow:
    return sales_total(asked.area.code, span.first, span.last, as_of=asked.as_of, only=asked.only)


def _deeper(asked: Question, key: str) -> str | None:
    """Where the name of a row leads: one step down in area, goods or buyers."""
    below = {
        "area": {"area": key, "by": "area"},
        "category": {"category": key, "by": "product"},
        "product": {"product": key, "by": "area"},
        "channel": {"channel": key, "by": "month"},
        "buyer": {"buyer": key, "by": "channel"},
    }
    return asked.url(**below[asked.by]) if asked.by in below else None


def _tabs(asked: Question) -> list[dict[str, Any]]:
    village = child_length(asked.area.code) is None
    return [
        {"label": label, "url": asked.url(by=by), "active": asked.by == by}
        for by, label in sales_figures.tab_names().items()
        if by != ("area" if village else "lot")
    ]


def _shortcuts(asked: Question, known: tuple[date, date] | None) -> list[dict[str, Any]]:
    if known is None:
        return []
    last = known[1]
    spans = {
        _("Last 30 days"): Span.ending(last, 30),
        _("Last 90 days"): Span.ending(last, 90),
        _("Last 12 months"): Span(sales_figures.year_before(last), last),
    }
    return [
        {
            "label": label,
            "url": asked.url(**{"from": span.first.isoformat(), "to": span.last.isoformat()}),
            "active": span == asked.span,
        }
        for label, span in spans.items()
    ]


def _file(now: datetime) -> tuple[sales_files.SalesTable, str]:
    """The table as a file holds it, and what the file is called."""
    asked = question(read_form(SalesForm(), request.args), now=now)
    rows, total = _answer(asked)
    span = asked.span
    table = sales_files.SalesTable(
        title=f"{_('Sales of registered households')} · {place_name(asked.area.name)}",
        head=sales_figures.file_head(),
        rows=sales_figures.file_rows(asked.by, rows, span, asked.as_of),
        total=sales_figures.file_rows("total", [total], span, asked.as_of)[0],
        counted=sales_figures.how_counted(span, asked.as_of, total),
    )
    return table, f"sales-{asked.area.code}-{span.first}-{span.last}-{asked.by}"


@blueprint.get("/sales.csv")
@allow(RoleKind.OFFICER)
def sales_csv() -> Response:
    """The same figures as a file for any program."""
    table, name = _file(clock.now())
    return csv_response(sales_files.csv_file(table), f"{name}.csv")


@blueprint.get("/sales.xlsx")
@allow(RoleKind.OFFICER)
def sales_xlsx() -> Response:
    """The same figures as a workbook."""
    table, name = _file(clock.now())
    return sales_files.download(sales_files.workbook(table), sales_files.XLSX, f"{name}.xlsx")


@blueprint.get("/sales.pdf")
@allow(RoleKind.OFFICER)
def sales_pdf() -> Response:
    """The same figures to print and file."""
    table, name = _file(clock.now())
    return sales_files.download(sales_files.pdf(table), sales_files.PDF, f"{name}.pdf")
