"""The registry's rules and public holidays for government's programs: what holds, what held, and setting them."""

from datetime import date
from decimal import Decimal
from typing import Any

from flask_smorest import Blueprint
from marshmallow import ValidationError, fields

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.registry.cases.announcing import announce_workdays
from marketplace.registry.dated import Rule
from marketplace.registry.models import RuleChange, WorkdayAnnouncement
from marketplace.registry.rules import rule_form, rule_history, rules_in_force, set_rule
from marketplace.registry.workdays import announcements
from marketplace.web.access import account, area_in_scope
from marketplace.web.api.cases import AreaQuerySchema
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import AREA, InputSchema, Line, QueryDay, Spelled, WholeField
from marketplace.web.api.schemas import OutputSchema

blueprint: Blueprint = ApiBlueprint("api-rules", __name__, url_prefix="/api/v1/rules", description="Rules of the registry")

_WHOLE = {"type": "integer", "minimum": 0}
_VALUE = {
    "oneOf": [
        _WHOLE,
        {"type": "array", "items": _WHOLE, "minItems": 1, "maxItems": 20},
        {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}, "minProperties": 1, "maxProperties": 20},
    ],
    "description": "In the form that the rule has: a whole number, a fraction or rising bounds, a term or a table",
}
_MOST_DAYS = 366


class RuleValueField(fields.Field[Any]):
    """A rule's value; which form it needs is the rule's own and checked with it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata=_VALUE, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict):
            return {name: _number(each) for name, each in value.items()}
        return [_number(each) for each in value] if isinstance(value, list) else _number(value)


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValidationError(N_("Please enter a number."))
    return value


class RuleSchema(OutputSchema):
    """A rule's value from a day on, in an area (empty for the nation), and the document that says so."""

    name = fields.String()
    area_code = fields.String()
    begins_on = fields.Date()
    value = RuleValueField()
    source = fields.String()


class RulesSchema(OutputSchema):
    """Rules."""

    area_code = fields.String()
    items = fields.List(fields.Nested(RuleSchema))


class RuleQuerySchema(AreaQuerySchema):
    """Of which area, on which day."""

    day = QueryDay(load_default=None, metadata={"description": "Today, when left out"})


class NewRuleSchema(InputSchema):
    """A rule as a province sets it."""

    area_code = Spelled(AREA, most=12, required=True)
    begins_on = QueryDay(required=True)
    value = RuleValueField(required=True)
    source = Line(200, required=True)


class AnnouncementSchema(OutputSchema):
    """A year's public holidays as announced; the area is null for the nation."""

    area_code = fields.String(allow_none=True)
    year = fields.Integer()
    rest_days = fields.List(fields.Date())
    work_days = fields.List(fields.Date())
    source = fields.String()


class AnnouncementsSchema(OutputSchema):
    """Announcements, the latest year first and there what holds first."""

    items = fields.List(fields.Nested(AnnouncementSchema))


class NewAnnouncementSchema(InputSchema):
    """A year's public holidays as a document announces them."""

    area_code = Spelled(AREA, most=12, required=True)
    year = WholeField(2000, 2999, required=True)
    rest_days = fields.List(QueryDay(), required=True, metadata={"maxItems": _MOST_DAYS})
    work_days = fields.List(QueryDay(), required=True, metadata={"maxItems": _MOST_DAYS})
    source = Line(200, required=True)


def _shown(row: WorkdayAnnouncement) -> dict[str, Any]:
    named: dict[str, Any] = {name: getattr(row, name) for name in ("area_code", "year", "source")}
    days = {name: [date.fromisoformat(text) for text in getattr(row, name)] for name in ("rest_days", "work_days")}
    return named | days


@blueprint.get("")
@only(RoleKind.OFFICER)
@blueprint.arguments(RuleQuerySchema, location="query")
@blueprint.response(200, RulesSchema)
@problems(404, 422)
def rules_now(given: dict[str, Any]) -> dict[str, Any]:
    """Every rule in force in an area on a day."""
    area = area_in_scope(RoleKind.OFFICER, given.get("area"))
    return {"area_code": area, "items": rules_in_force(area, given["day"] or local_day(clock.now()))}


@blueprint.get("/working-days")
@only(RoleKind.OFFICER)
@blueprint.arguments(AreaQuerySchema, location="query")
@blueprint.response(200, AnnouncementsSchema)
@problems(404, 422)
def workday_announcements(given: dict[str, Any]) -> dict[str, Any]:
    """What was announced of years' public holidays in an area, above what the program knows itself."""
    area = area_in_scope(RoleKind.OFFICER, given.get("area"))
    return {"items": [_shown(row) for row in announcements(area)]}


@blueprint.post("/working-days")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewAnnouncementSchema)
@blueprint.response(201, AnnouncementSchema)
@problems(404, *BODY)
def announce_year(given: dict[str, Any]) -> dict[str, Any]:
    """Announce a year's public holidays for your province; provisional deadlines are counted again."""
    area = area_in_scope(RoleKind.OFFICER, given["area_code"])
    with transaction():
        row = announce_workdays(
            area, given["year"], given["rest_days"], given["work_days"], given["source"], by=account(), now=clock.now()
        )
        return _shown(row)


@blueprint.get("/<string:name>")
@only(RoleKind.OFFICER)
@blueprint.arguments(AreaQuerySchema, location="query")
@blueprint.response(200, RulesSchema)
@problems(404, 422)
def rule_values(given: dict[str, Any], name: str) -> dict[str, Any]:
    """Every value written down for one rule, the latest first: what comes, what holds and what held."""
    area = area_in_scope(RoleKind.OFFICER, given.get("area"))
    found: list[Rule] = [each.rule for each in rule_history(name, area)]
    return {"area_code": area, "items": found}


@blueprint.post("/<string:name>")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewRuleSchema)
@blueprint.response(201, RuleSchema)
@problems(404, *BODY)
def put_rule(given: dict[str, Any], name: str) -> RuleChange:
    """Set a rule in your province, or an area in it, from a day on."""
    rule_form(name)
    area = area_in_scope(RoleKind.OFFICER, given["area_code"])
    with transaction():
        return set_rule(name, area, given["begins_on"], given["value"], given["source"], by=account(), now=clock.now())
