"""Portal: how poor households are by four numbers; those about which the numbers part; the village's own order."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Forbidden, Invalid
from marketplace.kernel.jobs import enqueue
from marketplace.regions.models import Area, Level
from marketplace.regions.queries import get_area
from marketplace.registry.assessment_jobs import assess_area_job
from marketplace.registry.assessments import NAMES, AreaNumbers, area_numbers, counted_with, parted_households
from marketplace.registry.deprivations import INDICATORS
from marketplace.registry.files import read_file
from marketplace.registry.models import AssessmentRun
from marketplace.registry.reading_log import NUMBERS, note_reading
from marketplace.registry.searching import shown
from marketplace.registry.village_rankings import read_order, record_ranking
from marketplace.web import number_words
from marketplace.web.access import account, allow, office_reach
from marketplace.web.filters import percent
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.portals.officer.files import frame
from marketplace.web.portals.officer.files_frame import (
    place_words,
    seen_household,
)
from marketplace.web.redirects import see_other

blueprint = Blueprint("numbers", __name__, url_prefix="/numbers")
GROUPS = {"women": N_("Women"), "men": N_("Men"), "elders": N_("Elders")}
_DAY = {"invalid": N_("Please give a day, such as 2026-05-01.")}


class AreaQuery(FormSchema):
    """Which area in which year."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    area = Text(load_default=None, validate=validate.Length(max=12))
    year = fields.Integer(load_default=None, validate=validate.Range(min=2013, max=2100))


class CountForm(FormSchema):
    """Which area to count anew."""

    area = Text(required=True, validate=validate.Length(max=12))
    year = fields.Integer(required=True, validate=validate.Range(min=2013, max=2100))


class RankingForm(FormSchema):
    """A gathering: its day, how many households it called poor, and each group's order."""

    held_on = fields.Date(required=True, error_messages=_DAY)
    poor_count = fields.Integer(
        required=True, validate=validate.Range(min=0, max=5000), error_messages={"invalid": N_("Please give a number.")}
    )
    women = Text(load_default="", validate=validate.Length(max=40_000))
    men = Text(load_default="", validate=validate.Length(max=40_000))
    elders = Text(load_default="", validate=validate.Length(max=40_000))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def area() -> str:
    """An area: how many households each number calls poor, what is lacking most, and where the numbers part."""
    asked = read_form(AreaQuery(), request.args)
    place, year = office_area(asked["area"]), asked["year"] or local_day(clock.now()).year
    inside = office_reach().narrowed(place.code)
    summed, run = area_numbers(inside, year), counted_with(place.code, year)
    parted = parted_households(inside, year)
    heads = {found.household.id: found.head for found in shown([row.household for row in parted])}
    return render_template(
        "officer/numbers.html",
        area=place,
        areas=areas_to_choose(place),
        year=year,
        headline=_headline(summed, place),
        numbers=_numbers(summed),
        indicators=_indicators(run),
        indicators_of=None if run is None else place_name(get_area(run.area_code).name),
        counted_at=None if run is None else run.at,
        parted=[
            {
                "public_id": row.household.public_id,
                "code": row.household.code,
                "head": heads[row.household.id],
                "why": number_words.parting_words(row.partings)[0],
                "due": None if row.order is None else row.order.due_on,
            }
            for row in parted
        ],
        most_parted=summed.parted,
        may_count=len(place.code) <= Level.COUNTY,
        village=place.code if len(place.code) == Level.VILLAGE else None,
    )


def _headline(summed: AreaNumbers, place: Area) -> str:
    if not summed.households:
        return _("The four numbers of %(area)s have not been counted for this year.", area=place_name(place.name))
    return _(
        "Of %(households)s households in %(area)s, %(parted)s have numbers that part: somebody goes and looks.",
        households=f"{summed.households:,}",
        area=place_name(place.name),
        parted=f"{summed.parted:,}",
    )


def _numbers(summed: AreaNumbers) -> list[dict[str, Any]]:
    return [
        {
            "number": _(number_words.NAMES[name]),
            "counted": summed.counted[name],
            "unknown": summed.households - summed.counted[name],
            "poor": summed.poor[name],
            "share": summed.poor[name] / summed.counted[name] if summed.counted[name] else None,
        }
        for name in NAMES
    ]


def _indicators(run: AssessmentRun | None) -> list[dict[str, Any]]:
    lacking = {} if run is None else run.figures["deprivation"].get("indicators", {})
    rows = [(_(each.label), lacking[each.name]) for each in INDICATORS if each.name in lacking]
    ordered = sorted(rows, key=lambda row: -row[1]["all"])
    return [
        {"label": label, "text": percent(shares["all"]), "width": round(100 * shares["all"], 1)} for label, shares in ordered
    ]


@blueprint.post("/count")
@allow(RoleKind.OFFICER)
def count() -> Response:
    """Have an area counted anew; it is done in the background."""
    form = read_form(CountForm())
    code = office_reach().check(form["area"])
    if len(code) > Level.COUNTY:
        raise Forbidden("count_by_county", N_("The numbers are counted for a whole county at least."))
    with transaction():
        enqueue(assess_area_job, area_code=code, year=form["year"], actor=account().public_id)
    flash(_("It is being counted. Please look again in a few minutes."), "info")
    return see_other(url_for("officer.numbers.area", area=code, year=form["year"]))


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def household(public_id: str) -> str:
    """A household's four numbers in plain words; looking is written down as reading its file."""
    asked, now = read_form(AreaQuery(), request.args), clock.now()
    year = asked["year"] or local_day(now).year
    with transaction():
        found = seen_household(public_id)
        note_reading(found, account(), NUMBERS, now=now)
        whole = read_file(found, year)
        return render_template(
            "officer/numbers_household.html",
            **frame(found, whole, local_day(now)),
            **number_words.household_numbers(found, whole, local_day(now)),
        )


@blueprint.get("/village/<code>/order")
@allow(RoleKind.OFFICER)
def ranking(code: str) -> str:
    """Write down how the groups of a village have put its households in order."""
    return _ranking_page(office_reach().check(code), {}, {})


@blueprint.post("/village/<code>/order")
@allow(RoleKind.OFFICER)
def ranking_record(code: str) -> Response | tuple[str, int]:
    """Keep the order; the next counting uses it."""
    village, now = office_reach().check(code), clock.now()
    try:
        form = read_form(RankingForm())
        with transaction():
            groups = {name: read_order(village, form[name]) for name in GROUPS if form[name].strip()}
            year = form["held_on"].year
            record_ranking(village, year, form["held_on"], groups, form["poor_count"], by=account(), now=now)
    except FormError as error:
        return _ranking_page(village, request.form, error.fields), 422
    except Invalid as error:
        return _ranking_page(village, request.form, {"women": _(error.message, **error.data)}), 422
    flash(_("The village’s order is written down. It counts from the next counting on."), "success")
    return see_other(url_for("officer.numbers.area", area=village, year=year))


def _ranking_page(code: str, form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    return render_template(
        "officer/numbers_order.html",
        code=code,
        place=place_words(code),
        groups=[(name, _(label), form.get(name, "")) for name, label in GROUPS.items()],
        form=form,
        today=local_day(clock.now()),
        errors=errors,
    )
