"""Portal: who was registered on any day, in an area and of one household."""

from datetime import date

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.registry.cases.history import periods_of, registered_by_area
from marketplace.registry.cases.reading_cases import cases_of
from marketplace.registry.files import get_household_within
from marketplace.registry.models import StatusCategory
from marketplace.web.access import allow, office_reach
from marketplace.web.case_steps import note_reading
from marketplace.web.case_words import category_words
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.portals.officer.case_frame import shown, villages

blueprint = Blueprint("registered", __name__, url_prefix="/registered")


class DayQuery(FormSchema):
    """Which area, on which day."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    area = Text(load_default=None, validate=validate.Length(max=12))
    day = fields.Date(load_default=None, validate=validate.Range(date(2013, 1, 1), date(2100, 1, 1)))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def by_area() -> str:
    """How many households were registered on a day, by area and category."""
    query = read_form(DayQuery(), request.args)
    area, day = office_area(query["area"]), query["day"] or local_day(clock.now())
    counts = registered_by_area(area.code, day)
    names = villages(counts)
    columns = [{"key": "name", "label": _("Area"), "kind": "text"}]
    columns += [{"key": each.value, "label": category_words(each), "kind": "number"} for each in StatusCategory]
    columns += [{"key": "total", "label": _("Together"), "kind": "number"}]
    rows = [
        {
            "name": names.get(code, code),
            **{each.value: numbers.get(each, 0) for each in StatusCategory},
            "total": sum(numbers.values()),
        }
        for code, numbers in counts.items()
    ]
    total = {"name": _("Together"), **{key: sum(row[key] for row in rows) for key in (*StatusCategory, "total")}}
    return render_template(
        "officer/registered.html",
        area=area,
        areas=areas_to_choose(area),
        day=day,
        columns=columns,
        rows=rows,
        total=total,
    )


@blueprint.get("/households/<household>")
@allow(RoleKind.OFFICER)
def history(household: str) -> str:
    """The statuses of one household, with the cases behind them."""
    now, found = clock.now(), get_household_within(household, office_reach())
    with transaction():
        note_reading([found], "history", now)
    return render_template(
        "officer/household_history.html",
        household=found,
        village=villages([found.village_code]).get(found.village_code, ""),
        periods=[
            {
                "category": category_words(row.category),
                "first_on": row.first_on,
                "last_on": row.last_on,
                "began_with": row.began_with,
                "ended_with": row.ended_with,
            }
            for row in periods_of(found)
        ],
        cases=[shown(case, found, local_day(now)) for case in cases_of(found)],
    )
