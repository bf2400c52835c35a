"""Public holidays and the weekend days that are worked: what is known of which year, and announcing a year for the province."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.identity.queries import account_names_by_id
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.workdays import last_known_year
from marketplace.regions.models import Area
from marketplace.regions.queries import area_names
from marketplace.registry.cases.announcing import announce_workdays, read_days
from marketplace.registry.rules import may_set_rules
from marketplace.registry.workdays import announcements
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.redirects import see_other

blueprint = Blueprint("workdays", __name__, url_prefix="/rules/working-days")

_LONG = validate.Length(max=2000, error=N_("This is too long."))
_PLACES = {"year_over": "year", "days_invalid": "rest_days", "days_worked_anyway": "work_days", "rule_source": "source"}


class AreaForm(FormSchema):
    """An area alone."""

    area = Text()


class AnnouncementForm(FormSchema):
    """A year's holidays as a document announces them."""

    area = Text(required=True)
    year = fields.Integer(required=True, strict=False)
    rest_days = Text(required=True, validate=_LONG)
    work_days = Text(load_default="", validate=_LONG)
    source = Text(
        required=True,
        validate=validate.Length(max=200, error=N_("Please write at most 200 characters.")),
        error_messages={"required": N_("Please name the document that says so.")},
    )


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """Which years' holidays are known here and from where; the province's officers announce another year."""
    area, today = office_area(read_form(AreaForm(), request.args).get("area")), local_day(clock.now())
    return _page(area, {"year": str(max(today.year, last_known_year() + 1))}, {})


def _page(area: Area, typed: dict[str, str], errors: dict[str, str]) -> str:
    rows, seen = announcements(area.code), set()
    setters = account_names_by_id(row.set_by_id for row in rows)
    names = area_names(row.area_code for row in rows if row.area_code)
    shown: list[dict[str, Any]] = []
    for row in rows:
        shown.append(
            {
                "year": row.year,
                "area": place_name(names[row.area_code]) if row.area_code else _("Everywhere"),
                "holds": row.year not in seen,
                "rest_days": row.rest_days,
                "work_days": row.work_days,
                "source": row.source,
                "set_by": setters[row.set_by_id],
                "set_at": row.set_at,
            }
        )
        seen.add(row.year)
    return render_template(
        "officer/workdays.html",
        area=area,
        areas=areas_to_choose(area),
        rows=shown,
        known_year=last_known_year(),
        typed=typed,
        errors=errors,
        may_set=may_set_rules(account(), area.code),
    )


@blueprint.post("")
@allow(RoleKind.OFFICER)
def announce() -> Response | tuple[str, int]:
    """Write down a year's holidays; deadlines that were provisional are counted again at once."""
    area = office_area(request.form.get("area"))
    try:
        form = read_form(AnnouncementForm())
        days = {name: _days(name, form[name]) for name in ("rest_days", "work_days")}
        with transaction():
            announce_workdays(
                area.code, form["year"], days["rest_days"], days["work_days"], form["source"], by=account(), now=clock.now()
            )
    except FormError as error:
        return _page(area, request.form.to_dict(), error.fields), 422
    except Invalid as error:
        return _page(area, request.form.to_dict(), {_PLACES.get(error.code, ""): message_of(error)}), 422
    flash(_("The holidays of %(year)s are written down, and deadlines counted again.", year=str(form["year"])), "success")
    return see_other(url_for("officer.workdays.listed", area=area.code))


def _days(field: str, text: str) -> Any:
    try:
        return read_days(text)
    except Invalid as error:
        raise FormError({field: message_of(error)}) from None
