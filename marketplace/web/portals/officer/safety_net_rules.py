"""Portal: the benefits of an area with their versions, one to be written down, and where earning more costs more."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.assistance.safety_net.benefits import BenefitKind
from marketplace.assistance.safety_net.expressions import LONGEST
from marketplace.assistance.safety_net.facts import FACTS, Unit
from marketplace.assistance.safety_net.jobs import enqueue_counting
from marketplace.assistance.safety_net.models import BenefitRule
from marketplace.assistance.safety_net.notches import MOST_LISTED
from marketplace.assistance.safety_net.rules import NewBenefit, in_force, lines_on, rules_around, set_benefit
from marketplace.assistance.safety_net.typical import TYPICAL, Shown, shown
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.models import Area
from marketplace.regions.queries import area_names
from marketplace.registry.rules import may_set_rules
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of
from marketplace.web.filters import yuan
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.redirects import see_other
from marketplace.web.safety_net_words import KINDS, fact_words, rule_words

blueprint = Blueprint("rules", __name__, url_prefix="/rules")
_LONG = N_("Please write less.")
_DAY = {"invalid": N_("Please give a day, such as 2026-05-01."), "required": N_("Please fill this in.")}
# Where the refusals of the domain belong on the form.
_PLACES = {
    "benefit_code": "code",
    "benefit_kind": "kind",
    "benefit_name": "name",
    "benefit_source": "source",
    "benefit_days": "begins_on",
}
_UNITS = {Unit.FEN: N_("money"), Unit.COUNT: N_("a number"), Unit.YES_NO: N_("yes or no")}


class AreaForm(FormSchema):
    """An area, and for notches a household."""

    area = Text()
    household = Text(load_default="illness", validate=validate.OneOf(list(TYPICAL)))


class BenefitForm(FormSchema):
    """A benefit as it is typed."""

    area = Text(required=True)
    code = Text(required=True, validate=validate.Length(max=24, error=_LONG))
    kind = Text(required=True, validate=validate.OneOf([kind.value for kind in BenefitKind]))
    name = Text(required=True, validate=validate.Length(max=80, error=_LONG))
    condition = Text(required=True, validate=validate.Length(max=LONGEST, error=_LONG))
    amount = Text(required=True, validate=validate.Length(max=LONGEST, error=_LONG))
    source = Text(required=True, validate=validate.Length(max=200, error=_LONG))
    begins_on = fields.Date(required=True, error_messages=_DAY)
    ends_on = fields.Date(load_default=None, error_messages=_DAY)


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The benefits that hold in an area today, those to come and those that held."""
    return _page(office_area(read_form(AreaForm(), request.args).get("area")), {}, {})


def _page(area: Area, form: dict[str, Any], errors: dict[str, str]) -> str:
    today = local_day(clock.now())
    rules = rules_around(area.code)
    now = in_force(rules, area.code, today)
    names = area_names({rule.area_code for rule in rules})

    def words(rule: BenefitRule) -> dict[str, Any]:
        return {**rule_words(rule), "area": place_name(names[rule.area_code])}

    return render_template(
        "officer/safety_net_rules.html",
        area=area,
        areas=areas_to_choose(area),
        rules=[words(rule) for rule in now],
        coming=[words(rule) for rule in rules if rule.begins_on > today],
        past=[words(rule) for rule in rules if rule.begins_on <= today and rule not in now],
        lines=fact_words(lines_on(area.code, today)),
        kinds=[(kind.value, _(label)) for kind, label in KINDS.items()],
        facts=[{"name": fact.name, "label": _(fact.label), "unit": _(_UNITS[fact.unit])} for fact in FACTS.values()],
        may_set=may_set_rules(account(), area.code),
        form={"begins_on": today.isoformat(), **form},
        errors=errors,
    )


@blueprint.post("")
@allow(RoleKind.OFFICER)
def add() -> Response | tuple[str, int]:
    """Write a benefit down and have everybody it concerns counted again."""
    area = office_area(request.form.get("area"))
    try:
        form = read_form(BenefitForm())
        new = NewBenefit(**_new(form))
        with transaction():
            set_benefit(area.code, new, by=account(), now=clock.now())
            enqueue_counting(area.code, account().public_id)
    except Invalid as error:
        return _page(area, request.form.to_dict(), _faults(error)), 422
    flash(_("The benefit is written down, and everybody it concerns is counted again."), "success")
    return see_other(url_for(".listed", area=area.code))


def _new(form: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in form.items() if name != "area"}, "kind": BenefitKind(form["kind"])}


def _faults(error: Invalid) -> dict[str, str]:
    if isinstance(error, FormError):
        return error.fields
    return {_PLACES.get(error.code, "condition"): message_of(error)}


@blueprint.get("/notches")
@allow(RoleKind.OFFICER)
def notches() -> str:
    """Where one fen more of income loses more than one fen of benefits, for a household like many."""
    asked = read_form(AreaForm(), request.args)
    area, today = office_area(asked.get("area")), local_day(clock.now())
    rules = in_force(rules_around(area.code), area.code, today)
    texts = tuple((rule.code, rule.kind, rule.condition, rule.amount) for rule in rules)
    found = shown(asked["household"], texts, tuple(sorted(lines_on(area.code, today).items())))
    names = {rule.code: rule.name for rule in rules}
    return render_template(
        "officer/safety_net_notches.html",
        area=area,
        areas=areas_to_choose(area),
        households=[(name, _(label)) for name, (label, _facts) in TYPICAL.items()],
        household=asked["household"],
        rows=[
            {
                "at": yuan(notch.first_fen),
                "until": yuan(notch.last_fen),
                "lost_fen": notch.lost_fen,
                "names": _(", ").join(names[code] for code in notch.codes),
            }
            for notch in found.notches[:MOST_LISTED]
        ],
        number=len(found.notches),
        up_to_fen=found.up_to_fen,
        **_chart(found),
    )


def _chart(found: Shown) -> dict[str, Any]:
    """Two lines: the income alone, and with benefits; both sides of a notch are points of their own."""
    top = max((total for _income, total in found.curve), default=1)
    right = max(found.up_to_fen, 1)

    def points(values: list[tuple[int, int]]) -> list[dict[str, Any]]:
        last = len(values) - 1
        return [
            {
                "x": round(100 * income / right, 2),
                "y": round(100 - 100 * fen / max(top, 1), 2),
                "label": yuan(income) if number in (0, last) else "",
                "at": yuan(income),
                "text": yuan(fen),
            }
            for number, (income, fen) in enumerate(values)
        ]

    return {
        "points": points(list(found.curve)),
        "before": points([(income, income) for income, _total in found.curve]),
        "top": yuan(top),
    }
