"""Portal: figures of the registry that everybody may see, with small cells hidden."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields

from marketplace.kernel.errors import N_
from marketplace.regions.queries import area_names, get_area
from marketplace.registry.figures import TABLES, published_counties, published_figures
from marketplace.registry.models import PublishedFigures
from marketplace.registry.rollup import By, categories
from marketplace.registry.small_cells import TOTAL
from marketplace.web.access import PUBLIC, allow
from marketplace.web.file_words import category_words
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.places import place_name

blueprint = Blueprint("figures", __name__, url_prefix="/registry")

_TITLES = {By.KIND: N_("By kind"), By.CAUSE: N_("By cause"), By.STATUS: N_("By status")}


class DayQuery(FormSchema):
    """Of which day."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    day = fields.Date(load_default=None, error_messages={"invalid": N_("Please give a day, such as 2026-05-01.")})


@blueprint.get("/")
@allow(PUBLIC)
def counties() -> str:
    """The counties whose figures are published."""
    codes = published_counties()
    names = area_names(codes)
    return render_template("public/figures.html", counties=[(code, place_name(names[code])) for code in codes])


@blueprint.get("/<county>")
@allow(PUBLIC)
def county(county: str) -> str:
    """A county's registered persons by township."""
    asked: date | None = read_form(DayQuery(), request.args)["day"]
    figures, days = published_figures(county, asked)
    return render_template(
        "public/county_figures.html",
        area=get_area(figures.county_code),
        day=figures.day,
        days=days,
        tables=[_table(figures, by) for by in TABLES],
        counted=[
            _("Persons in households with a status in force on the day are counted, by the township of their household."),
            _("Kind and cause are those on file for the year %(year)s.", year=figures.year),
            _("A figure of fewer than ten persons is hidden, and with it as many others as would give it away."),
            _("What was published stays as it was. Corrections show in the next quarter."),
        ],
    )


def _table(figures: PublishedFigures, by: By) -> dict[str, Any]:
    prefix = f"{by.value}:"
    columns = sorted((name for name in figures.cells[TOTAL] if name.startswith(prefix)), key=lambda name: _order(by, name))
    areas = [code for code in sorted(figures.cells) if code != TOTAL]
    names = area_names(areas)

    def row(code: str, label: str) -> dict[str, Any]:
        cells = figures.cells[code]
        return {"area": label, TOTAL: cells[TOTAL], **{name: cells[name] for name in columns}}

    return {
        "title": _(_TITLES[by]),
        "columns": [
            {"key": "area", "label": _("Area")},
            {"key": TOTAL, "label": _("All")},
            *({"key": name, "label": category_words(by, name.removeprefix(prefix))} for name in columns),
        ],
        "rows": [row(code, place_name(names.get(code, code))) for code in areas],
        "total": row(TOTAL, _("Together")),
    }


def _order(by: By, name: str) -> int:
    known = [f"{by.value}:{category}" for category in categories(by, [])]
    return known.index(name) if name in known else len(known)
