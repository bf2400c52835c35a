"""What registered households sold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate

from marketplace.dashboard.queries import SalesRow, days_with_facts, sales, sales_total
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import may_see
from marketplace.kernel import clock
from marketplace.kernel.errors import N_
from marketplace.regions.codes import child_length
from marketplace.regions.models import Area
from marketplace.regions.queries import ancestors
from marketplace.web.access import account, allow
from marketplace.web.csv_files import csv_response
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.portals import sales_figures
from marketplace.web.portals.officer.alarms import alarm_sentences
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.portals.officer.blueprint import blueprint
from marketplace.web.portals.sales_figures import Span

_DAY = {"invalid": N_("Please give a day, such as 2026-05-01.")}
_LONGEST_DAYS = 3_700


class SalesForm(FormSchema):
    """What the figures are narrowed to; everything has a default."""

    area = Text()
    first = fields.Date(data_key="from", error_messages=_DAY)
    last = fields.Date(data_key="to", error_messages=_DAY)
    as_of = fields.Date(error_messages=_DAY)
    by = fields.String(
        load_default="area",
        validate=validate.OneOf(sales_figures.GROUPINGS, error=N_("Please choose one of the tables offered.")),
    )


@dataclass(frozen=True)
class Question:
    """What an officer asks: whose sales, of which days, divided how, by which day's registry."""

    area: Area
    span: Span
    by: Any
    as_of: date | None

    def query(self, **changes: Any) -> dict[str, Any]:
        """The question as a query string's parts, with some of them changed."""
        parts = {
            "area": self.area.code,
            "from": self.span.first.isoformat(),
            "to": self.span.last.isoformat(),
            "by": self.by,
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }
        return {name: value for name, value in {**parts, **changes}.items() if value is not None}


def _question(form: Mapping[str, Any], *, now: datetime) -> Question:
    area = office_area(form.get("area"))
    span = sales_figures.default_span(days_with_facts(area.code), clock.local_day(now))
    first, last = form.get("first", span.first), form.get("last", span.last)
    if "last" in form and "first" not in form:
        first = sales_figures.year_before(last)
    if first > last:
        raise FormError({"from": _("The first day must not lie after the last.")})
    if (last - first).days > _LONGEST_DAYS:
        raise FormError({"from": _("Please choose at most ten years.")})
    if first.year < 2:
        raise FormError({"from": _("Please choose a later day.")})
    by = form.get("by", "area")
    if by == "area" and child_length(area.code) is None:
        # A village has nothing below it; its goods are the next thing to know.
        by = "product"
    return Question(area, Span(first, last), by, form.get("as_of"))


@blueprint.get("/sales", endpoint="sales")
@allow(RoleKind.OFFICER)
def sales_page() -> str | tuple[str, int]:
    """What registered households sold, and how that was counted."""
    now = clock.now()
    try:
        question = _question(read_form(SalesForm(), request.args), now=now)
        errors: dict[str, str] = {}
    except FormError as error:
        known = {name: message for name, message in error.fields.items() if name in ("from", "to", "as_of")}
        errors = known or {"": _("Please check the address of this page.")}
        question = _question({}, now=now)
    page = _page(question, now=now)
    return render_template("officer/sales.html", errors=errors, **page), 422 if errors else 200


def _page(question: Question, *, now: datetime) -> dict[str, Any]:
    area, span, as_of = question.area, question.span, question.as_of
    today = clock.local_day(now)
    total = sales_total(area.code, span.first, span.last, as_of=as_of)
    # A span that begins before the first sale anywhere would compare with days on which nobody could have sold.
    everywhere = days_with_facts("")
    comparable = everywhere is not None and everywhere[0] <= span.before.first
    before = sales_total(area.code, span.before.first, span.before.last, as_of=as_of) if comparable else None
    # Both ways of counting are stated, whichever the page follows.
    as_sold = sales_total(area.code, span.first, span.last) if as_of else total
    registry_day = as_of or today
    as_registered = total if as_of else sales_total(area.code, span.first, span.last, as_of=registry_day)
    rows = sales(area.code, span.first, span.last, by=question.by, as_of=as_of)
    return {
        "area": area,
        "question": question,
        "crumbs": _crumbs(question),
        "areas": areas_to_choose(area),
        "alarms": alarm_sentences(area.code),
        "tabs": _tabs(question),
        "shortcuts": _shortcuts(question, days_with_facts(area.code)),
        "headline": sales_figures.headline(place_name(area.name), total, before, rows if question.by == "area" else None),
        "tiles": sales_figures.tiles(total, before),
        "as_sold": as_sold,
        "as_registered": as_registered,
        "registry_day": registry_day,
        "chart": sales_figures.chart(question.by, rows, span, lambda code: _url(question, area=code, by="area")),
        "table": sales_figures.table(question.by, rows, total, lambda code: _url(question, area=code, by="area")),
        "counted": sales_figures.how_counted(span, as_of, total),
        "csv_url": url_for("officer.sales_csv", **question.query()),
    }


def _url(question: Question, **changes: Any) -> str:
    return url_for("officer.sales", **question.query(**changes))


def _crumbs(question: Question) -> list[tuple[str, str | None]]:
    """The areas from the officer's own scope down to this one."""
    seen = [row for row in ancestors(question.area.code) if may_see(account(), RoleKind.OFFICER, row.code)]
    return [(place_name(row.name), _url(question, area=row.code) if row.code != question.area.code else None) for row in seen]


def _tabs(question: Question) -> list[dict[str, Any]]:
    labels = {"area": _("By area"), "product": _("By product"), "month": _("By month"), "day": _("By day")}
    return [
        {"label": labels[by], "url": _url(question, by=by), "active": question.by == by}
        for by in sales_figures.GROUPINGS
        if not (by == "area" and child_length(question.area.code) is None)
    ]


def _shortcuts(question: Question, known: tuple[date, date] | None) -> list[dict[str, Any]]:
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
            "url": _url(question, **{"from": span.first.isoformat(), "to": span.last.isoformat()}),
            "active": span == question.span,
        }
        for label, span in spans.items()
    ]


@blueprint.get("/sales.csv")
@allow(RoleKind.OFFICER)
def sales_csv() -> Response:
    """The same figures as a file for a spreadsheet."""
    question = _question(read_form(SalesForm(), request.args), now=clock.now())
    span = question.span
    rows: list[SalesRow] = sales(question.area.code, span.first, span.last, by=question.by, as_of=question.as_of)
    body = sales_figures.csv_text(question.by, rows, span, question.as_of)
    name = f"sales-{question.area.code}-{span.first}-{span.last}-{question.by}.csv"
    return csv_response(body, name)
