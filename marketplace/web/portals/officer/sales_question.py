"""What an officer asks of sales: whose, of which days, of what, by whom, divided how, by which day's registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate

from marketplace.dashboard.models import Buyer, Channel
from marketplace.dashboard.queries import MOST_DAYS, Only, days_with_facts
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import may_see
from marketplace.kernel import clock
from marketplace.kernel.errors import N_
from marketplace.regions.codes import child_length
from marketplace.regions.models import Area
from marketplace.regions.queries import ancestors
from marketplace.web.access import account
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.portals import sales_figures
from marketplace.web.portals.officer.areas import office_area
from marketplace.web.portals.sales_figures import Span

_CHOICE = N_("Please choose one of the tables offered.")
_DAY = {"invalid": N_("Please give a day, such as 2026-05-01.")}
_LONGEST_DAYS = 3_700


class SalesForm(FormSchema):
    """What the figures are narrowed to; everything has a default."""

    area = Text()
    first = fields.Date(data_key="from", error_messages=_DAY)
    last = fields.Date(data_key="to", error_messages=_DAY)
    as_of = fields.Date(error_messages=_DAY)
    by = fields.String(load_default="area", validate=validate.OneOf(sales_figures.GROUPINGS, error=_CHOICE))
    category = Text()
    product = Text()
    channel = fields.Enum(Channel, by_value=True, error_messages={"unknown": _CHOICE})
    buyer = fields.Enum(Buyer, by_value=True, error_messages={"unknown": _CHOICE})


_NARROWED = ("category", "product", "channel", "buyer")


@dataclass(frozen=True)
class Question:
    """What an officer asks: whose sales, of which days, divided how, by which day's registry."""

    area: Area
    span: Span
    by: Any
    as_of: date | None
    only: Only

    def query(self, **changes: Any) -> dict[str, Any]:
        """The question as a query string's parts, with some of them changed."""
        parts = {
            "area": self.area.code,
            "from": self.span.first.isoformat(),
            "to": self.span.last.isoformat(),
            "by": self.by,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            **{name: getattr(self.only, name) for name in _NARROWED},
        }
        return {name: value for name, value in {**parts, **changes}.items() if value is not None}

    @property
    def registry_day(self) -> date:
        """The day whose registry is stated beside the registry of each sale's own day."""
        return self.as_of or clock.local_day(clock.now())

    @property
    def crumbs(self) -> list[tuple[str, str | None]]:
        """The areas from the officer's own scope down to this one."""
        seen = [row for row in ancestors(self.area.code) if may_see(account(), RoleKind.OFFICER, row.code)]
        code = self.area.code
        return [(place_name(row.name), self.url(area=row.code) if row.code != code else None) for row in seen]

    def url(self, **changes: Any) -> str:
        """The page of the question with some of its parts changed."""
        return url_for(request.endpoint or "officer.sales", **self.query(**changes))


def read_question(*, now: datetime) -> tuple[Question, dict[str, str]]:
    """What this request asks, and what is wrong with it; then the question is the usual one."""
    try:
        return question(read_form(SalesForm(), request.args), now=now), {}
    except FormError as error:
        known = {name: message for name, message in error.fields.items() if name in ("from", "to", "as_of")}
        return question({}, now=now), known or {"": _("Please check the address of this page.")}


def question(form: Mapping[str, Any], *, now: datetime) -> Question:
    """The question of a form that was read; what it leaves open is filled by the facts there are."""
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
        # A village has nothing below it but its lots.
        by = "lot"
    elif by == "lot" and child_length(area.code) is not None:
        # Lots are told apart within one village alone.
        by = "area"
    if by == "day" and (last - first).days >= MOST_DAYS:
        raise FormError({"from": _("By the day, please choose at most two years.")})
    only = Only(**{name: form[name] for name in _NARROWED if form.get(name)})
    return Question(area, Span(first, last), by, form.get("as_of"), only)
