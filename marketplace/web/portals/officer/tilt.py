"""What the tilt has given, day by day, against what was set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, NotFound
from marketplace.recommendations.models import Policy, TiltReport
from marketplace.recommendations.policies import policies_for
from marketplace.recommendations.queries import policy_in_force
from marketplace.recommendations.report import alarms, reports
from marketplace.regions.models import Area
from marketplace.regions.queries import area_names
from marketplace.web.access import allow
from marketplace.web.csv_files import csv_response
from marketplace.web.filters import day as day_text
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.portals.officer import tilt_figures
from marketplace.web.portals.officer.alarms import alarm_sentences
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.portals.officer.blueprint import blueprint

_DAY = {"invalid": N_("Please give a day, such as 2026-05-01.")}
_USUAL_DAYS = 60
_LONGEST_DAYS = 740


class TiltForm(FormSchema):
    """Which policy and which days; everything has a default."""

    area = Text()
    policy = Text()
    first = fields.Date(data_key="from", error_messages=_DAY)
    last = fields.Date(data_key="to", error_messages=_DAY)


@dataclass(frozen=True)
class Question:
    """What is asked for: a policy that holds or held in an area, and days; None where the area has never had one."""

    area: Area
    policies: Sequence[Policy]
    policy: Policy | None
    first: date
    last: date

    @property
    def rows(self) -> Sequence[TiltReport]:
        """The reported days."""
        return reports(self.policy.id, self.first, self.last) if self.policy else []


def _question(form: dict[str, Any]) -> Question:
    yesterday = clock.local_day(clock.now()) - timedelta(days=1)
    area = office_area(form.get("area"))
    last = form.get("last", yesterday)
    if last.year < 3:
        raise FormError({"to": _("Please choose a later day.")})
    first = form.get("first", last - timedelta(days=_USUAL_DAYS - 1))
    if first > last:
        raise FormError({"from": _("The first day must not lie after the last.")})
    if (last - first).days > _LONGEST_DAYS:
        raise FormError({"from": _("Please choose at most two years.")})
    policies = [policy for policy in policies_for(area.code) if policy.begins_on <= yesterday]
    if "policy" in form:
        chosen = next((policy for policy in policies if policy.public_id == form["policy"]), None)
        if chosen is None:
            raise NotFound("policy_unknown", N_("There is no such policy."))
    else:
        held = policy_in_force(area.code, yesterday)
        chosen = held or next(iter(policies), None)
    return Question(area, policies, chosen, first, last)


@blueprint.get("/tilt", endpoint="tilt")
@allow(RoleKind.OFFICER)
def tilt_page() -> str | tuple[str, int]:
    """Target and realised share by day, what it cost readers, and how that was counted."""
    errors: dict[str, str] = {}
    try:
        question = _question(read_form(TiltForm(), request.args))
    except FormError as error:
        known = {name: message for name, message in error.fields.items() if name in ("from", "to")}
        errors = known or {"": _("Please check the address of this page.")}
        question = _question({})
    rows = question.rows
    names = area_names(policy.area_code for policy in question.policies)
    page = {
        "area": question.area,
        "areas": areas_to_choose(question.area),
        "question": question,
        "policies": [
            (
                policy.public_id,
                _("%(area)s, from %(day)s", area=place_name(names[policy.area_code]), day=day_text(policy.begins_on)),
            )
            for policy in question.policies
        ],
        "alarms": alarm_sentences(question.area.code),
        "figures": tilt_figures.Figures(question.policy, rows, alarms([question.policy.id]))
        if question.policy and rows
        else None,
        "csv_url": url_for("officer.tilt_csv", **_query(question)),
    }
    return render_template("officer/tilt.html", errors=errors, **page), 422 if errors else 200


def _query(question: Question) -> dict[str, Any]:
    parts = {
        "area": question.area.code,
        "policy": question.policy.public_id if question.policy else None,
        "from": question.first.isoformat(),
        "to": question.last.isoformat(),
    }
    return {name: value for name, value in parts.items() if value is not None}


@blueprint.get("/tilt.csv")
@allow(RoleKind.OFFICER)
def tilt_csv() -> Response:
    """The same figures as a file for a spreadsheet."""
    question = _question(read_form(TiltForm(), request.args))
    body = tilt_figures.csv_text(question.policy, question.rows)
    return csv_response(body, f"tilt-{question.area.code}-{question.first}-{question.last}.csv")
