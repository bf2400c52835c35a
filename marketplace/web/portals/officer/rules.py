"""The registry's rules in force in an area, what they were and who set them; the province's officers set them here."""

from datetime import date
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
from marketplace.regions.models import Area
from marketplace.regions.queries import area_names
from marketplace.registry.rule_values import COSTS, Form
from marketplace.registry.rules import (
    EXAMPLES,
    WrittenRule,
    find_rule,
    may_set_rules,
    newest_changes,
    rule_form,
    rule_history,
    rules_in_force,
    set_rule,
)
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of
from marketplace.web.filters import day as day_text
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.redirects import see_other
from marketplace.web.rule_words import GROUPS, PARTS, parts_of, read_value, rule_words, typed_value, value_words

blueprint = Blueprint("rules", __name__, url_prefix="/rules")

_DAY = {"invalid": N_("Please give a day, such as 2026-05-01."), "required": N_("Please fill this in.")}
# Where the registry's own refusals belong on the form.
_PLACES = {"rule_value": "value", "rule_day": "begins_on", "rule_source": "source"}


class AreaForm(FormSchema):
    """An area alone."""

    area = Text()


class RuleForm(FormSchema):
    """A value as it is typed, from when it holds and which document says so. The value's fields follow from the rule's form."""

    area = Text(required=True)
    begins_on = fields.Date(required=True, error_messages=_DAY)
    source = Text(
        required=True,
        validate=validate.Length(max=200, error=N_("Please write at most 200 characters.")),
        error_messages={"required": N_("Please name the document that says so.")},
    )


def _form(name: str) -> FormSchema:
    """The form of a rule, with a field for each number of its value."""
    number = Text(validate=validate.Length(max=100, error=N_("This is too long.")))
    match rule_form(name):
        case Form.TERM:
            more = {"value": number, "unit": Text(validate=validate.OneOf(["days", "workdays"]))}
        case Form.COSTS | Form.TABLE:
            more = {f"value_{part}": number for part in _parts(name)}
        case _:
            more = {"value": number}
    made: type[FormSchema] = RuleForm.from_dict(more, name="OneRuleForm")  # type: ignore[assignment]
    return made()


def _parts(name: str) -> tuple[str, ...]:
    return COSTS if rule_form(name) is Form.COSTS else parts_of(name, EXAMPLES[name])


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """Every rule in force in an area today, with the document that says so and who set it."""
    area, today = office_area(read_form(AreaForm(), request.args).get("area")), local_day(clock.now())
    found = {rule.name: rule for rule in rules_in_force(area.code, today)}
    changes = newest_changes(area.code)
    setters = account_names_by_id(change.set_by_id for change in changes.values())
    names = area_names(rule.area_code for rule in found.values())

    def row(name: str) -> dict[str, Any]:
        rule = found.get(name)
        if rule is None:
            return {"name": name, "label": rule_words(name), "value": None}
        change = changes.get((name, rule.area_code, rule.begins_on))
        return {
            "name": name,
            "label": rule_words(name),
            "value": value_words(name, rule.value),
            "area": place_name(names[rule.area_code]) if rule.area_code else _("Everywhere"),
            "begins_on": rule.begins_on,
            "source": rule.source if change else _(rule.source),
            "set_by": setters[change.set_by_id] if change else None,
        }

    groups = [{"title": _(title), "rows": [row(name) for name in names_of]} for title, names_of in GROUPS]
    return render_template(
        "officer/rules.html",
        area=area,
        areas=areas_to_choose(area),
        groups=groups,
        may_set=may_set_rules(account(), area.code),
    )


@blueprint.get("/<name>")
@allow(RoleKind.OFFICER)
def one(name: str) -> str:
    """What a rule is, was and will be in an area; the province's officers find the form to set it."""
    rule_form(name)
    area, today = office_area(read_form(AreaForm(), request.args).get("area")), local_day(clock.now())
    in_force = find_rule(name, area.code, today)
    typed = {**typed_value(name, in_force.value if in_force else None), "begins_on": today.isoformat(), "source": ""}
    return _page(name, area, typed, {})


def _page(name: str, area: Area, typed: dict[str, str], errors: dict[str, str]) -> str:
    today = local_day(clock.now())
    in_force, history = find_rule(name, area.code, today), rule_history(name, area.code)
    setters = account_names_by_id(each.set_by_id for each in history if each.set_by_id is not None)
    names = area_names(each.rule.area_code for each in history)
    return render_template(
        "officer/rule.html",
        name=name,
        label=rule_words(name),
        area=area,
        areas=areas_to_choose(area),
        value=None if in_force is None else value_words(name, in_force.value),
        rows=[_row(each, in_force, today, setters, names) for each in history],
        form=rule_form(name).value,
        parts=[(f"value_{part}", _(PARTS[part])) for part in _parts(name)]
        if rule_form(name) in (Form.TABLE, Form.COSTS)
        else [],
        word=_unit_word(name),
        typed=typed,
        errors=errors,
        may_set=may_set_rules(account(), area.code),
        today=today,
    )


def _unit_word(name: str) -> str | None:
    """The unit behind the field, where it has one."""
    if name == "poverty_line_fen":
        return _("yuan")
    return "%" if name.endswith(("_bp", "_percent")) else None


def _row(each: WrittenRule, in_force: Any, today: date, setters: dict[int, str], names: dict[str, str]) -> dict[str, Any]:
    rule = each.rule
    if rule == in_force:
        state = (_("in force"), "good")
    else:
        state = (_("comes"), "wait") if rule.begins_on > today else (_("no longer, or not here"), "neutral")
    return {
        "value": value_words(rule.name, rule.value),
        "area": place_name(names[rule.area_code]) if rule.area_code else _("Everywhere"),
        "begins_on": rule.begins_on,
        "state": state,
        "source": _(rule.source) if each.set_by_id is None else rule.source,
        "set_by": _("comes with the program") if each.set_by_id is None else setters[each.set_by_id],
        "set_at": each.set_at,
    }


@blueprint.post("/<name>")
@allow(RoleKind.OFFICER)
def put(name: str) -> Response | tuple[str, int]:
    """Set a rule from a day on."""
    rule_form(name)
    area = office_area(request.form.get("area"))
    try:
        form = read_form(_form(name))
        value = read_value(name, form, _parts(name) if rule_form(name) in (Form.TABLE, Form.COSTS) else ())
        with transaction():
            set_rule(name, area.code, form["begins_on"], value, form["source"], by=account(), now=clock.now())
    except FormError as error:
        return _page(name, area, request.form.to_dict(), error.fields), 422
    except Invalid as error:
        return _page(name, area, request.form.to_dict(), {_PLACES.get(error.code, ""): message_of(error)}), 422
    flash(_("The rule is set and holds from %(day)s on.", day=day_text(form["begins_on"])), "success")
    return see_other(url_for("officer.rules.one", name=name, area=area.code))
