"""Portal: how many households and persons an area has, by the areas below it; exact, for officers of the area."""

from datetime import date
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.errors import N_
from marketplace.regions.models import Area
from marketplace.regions.queries import area_names, children
from marketplace.registry.rollup import By, Count, RollUp, roll_up
from marketplace.web.access import allow, office_reach
from marketplace.web.csv_files import csv_response, csv_text
from marketplace.web.file_words import category_words
from marketplace.web.filters import day as day_text
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.portals.officer.files_frame import (
    blueprint,
)

BYS = {By.KIND: N_("By kind"), By.CAUSE: N_("By cause"), By.STATUS: N_("By status"), By.INCOME: N_("By income a head")}
_DAY = {"invalid": N_("Please give a day, such as 2026-05-01.")}


class RollUpForm(FormSchema):
    """Which area on which day, divided how, counted in what."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    area = Text(load_default=None, validate=validate.Length(max=12))
    by = fields.Enum(By, by_value=fields.String(), load_default=By.KIND)
    day = fields.Date(
        load_default=None, error_messages=_DAY, validate=validate.Range(min=date(2013, 1, 1), max=date(2100, 12, 31))
    )
    year = fields.Integer(load_default=None, validate=validate.Range(min=2013, max=2100))
    count = fields.String(load_default="households", validate=validate.OneOf(["households", "persons"]))


def _asked() -> tuple[Area, dict[str, Any], RollUp]:
    form = read_form(RollUpForm(), request.args)
    area = office_area(form["area"])
    day = form["day"] or local_day(clock.now())
    rolled = roll_up(area.code, day, form["by"], office_reach(), year=form["year"])
    return area, {**form, "day": day, "year": rolled.year}, rolled


def _areas(area: Area, rolled: RollUp) -> list[tuple[str, str]]:
    below = [(row.code, place_name(row.name)) for row in children(area.code)] or [(area.code, place_name(area.name))]
    known = {code for code, _name in below}
    others = sorted({code for code, _category in rolled.cells} - known)
    # Areas that are no longer in force may still have households.
    names = area_names(others)
    return [*below, *((code, place_name(names.get(code, code))) for code in others)]


@blueprint.get("/roll-up")
@allow(RoleKind.OFFICER)
def counts() -> str:
    """The table of an area."""
    area, asked, rolled = _asked()
    query = {
        "area": area.code,
        "by": rolled.by.value,
        "day": rolled.day.isoformat(),
        "year": rolled.year,
        "count": asked["count"],
    }

    def number(count: Count) -> int:
        return count.households if asked["count"] == "households" else count.persons

    columns = [
        {"key": "area", "label": _("Area"), "kind": "text"},
        {"key": "all", "label": _("All"), "kind": "number"},
        *({"key": name, "label": category_words(rolled.by, name), "kind": "number"} for name in rolled.categories),
    ]
    rows = [
        {
            "area": name,
            "url": url_for("officer.files.counts", **{**query, "area": code}) if code != area.code else None,
            "all": number(rolled.of_area(code)),
            **{category: number(rolled.cells.get((code, category), Count())) for category in rolled.categories},
        }
        for code, name in _areas(area, rolled)
    ]
    sums = {category: number(rolled.of_category(category)) for category in rolled.categories}
    return render_template(
        "officer/file_rollup.html",
        area=area,
        asked=asked,
        areas=areas_to_choose(area),
        tabs=[
            {"label": _(label), "url": url_for("officer.files.counts", **{**query, "by": by.value}), "active": by is rolled.by}
            for by, label in BYS.items()
        ],
        counts=[("households", _("Households")), ("persons", _("Persons"))],
        headline=_(
            "%(households)s households with %(persons)s persons in %(area)s on %(day)s.",
            households=f"{rolled.total.households:,}",
            persons=f"{rolled.total.persons:,}",
            area=place_name(area.name),
            day=day_text(rolled.day),
        ),
        columns=columns,
        rows=rows,
        total={"area": _("Together"), "all": number(rolled.total), **sums},
        counted=_how_counted(rolled),
        csv_url=url_for("officer.files.counts_csv", **query),
    )


def _how_counted(rolled: RollUp) -> list[str]:
    whose = _("Everybody on file by the end of the day is counted, also without a status.")
    if rolled.by is not By.STATUS:
        whose = _("Households with a status in force on the day are counted.")
    return [
        whose,
        _("Members are those of that day."),
        _("Kind, cause and income are those on file today for the year %(year)s.", year=rolled.year),
        _("Every household is counted once, so the areas below add up to the sum."),
    ]


@blueprint.get("/roll-up.csv")
@allow(RoleKind.OFFICER)
def counts_csv() -> Response:
    """The same as a file for a spreadsheet, with both households and persons."""
    area, _asked_for, rolled = _asked()
    lines = [
        [code, name, category_words(rolled.by, category), count.households, count.persons]
        for code, name in _areas(area, rolled)
        for category in rolled.categories
        for count in [rolled.cells.get((code, category), Count())]
    ]
    header = [_("Code"), _("Area"), _(BYS[rolled.by]), _("Households"), _("Persons")]
    return csv_response(csv_text(header, lines), f"households-{area.code}-{rolled.day}-{rolled.by}.csv")
