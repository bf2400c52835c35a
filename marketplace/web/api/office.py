"""What government's programs ask: sales of registered households, and the policy of the tilt."""

from datetime import date, timedelta
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.dashboard.models import Buyer, Channel
from marketplace.dashboard.queries import MOST_DAYS, Only, sales_and_total, sales_total
from marketplace.dashboard.spread import Why, spread
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.jobs import enqueue
from marketplace.recommendations.models import Policy
from marketplace.recommendations.policies import (
    PolicyDraft,
    PolicyRefused,
    end_policy,
    policies_for,
    set_policy,
    withdraw_policy,
)
from marketplace.recommendations.policy_jobs import apply_policies_job
from marketplace.regions.models import Level
from marketplace.web.access import account, area_in_scope
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import AREA, SLUG, InputError, InputSchema, QueryDay, ShareField, Spelled
from marketplace.web.api.schemas import OutputSchema, fen
from marketplace.web.forms import said

blueprint: Blueprint = ApiBlueprint("api-office", __name__, url_prefix="/api/v1/office", description="Government's figures")

GROUPINGS = ("area", "lot", "product", "category", "channel", "buyer", "year", "quarter", "month", "day")
_USUAL = timedelta(days=364)
_WITHIN = {"description": "Digits of an area within your own; your own, when left out"}
_AS_OF = {"description": "By the registry of that day; by the share each line was sold with, when left out"}


class SalesQuerySchema(InputSchema):
    """Whose sales, of which days, divided how."""

    area = Spelled(AREA, most=12, metadata=_WITHIN)
    first = QueryDay(data_key="from", metadata={"description": "A year before the last day, when left out"})
    last = QueryDay(data_key="to", metadata={"description": "Today, when left out"})
    as_of = QueryDay(metadata=_AS_OF)
    by = fields.String(
        load_default="area",
        validate=validate.OneOf(GROUPINGS),
        metadata={"description": "Lots are told apart within one village alone"},
    )
    category = Spelled(SLUG, most=40)
    product = Spelled(SLUG, most=40)
    channel = fields.Enum(Channel, by_value=True)
    buyer = fields.Enum(Buyer, by_value=True)


class SpreadQuerySchema(InputSchema):
    """Whose sales, of which days, and whose households by the registry of which day."""

    area = Spelled(AREA, most=12, metadata=_WITHIN)
    first = QueryDay(data_key="from", metadata={"description": "A year before the last day, when left out"})
    last = QueryDay(data_key="to", metadata={"description": "Today, when left out"})
    as_of = QueryDay(metadata={"description": "The day whose registry is asked; today, when left out"})


class UnsoldSchema(OutputSchema):
    """How many households sold nothing, for one reason."""

    why = fields.Enum(Why, by_value=True)
    households = fields.Integer()


class SpreadSchema(OutputSchema):
    """How sales are spread over registered households. No household can be told from it."""

    area_code = fields.String()
    first_on = fields.Date()
    last_on = fields.Date()
    as_of = fields.Date()
    households = fields.Integer()
    sold = fields.Integer(metadata={"description": "How many of them sold something"})
    total_fen = fen()
    gini = fields.Float(allow_none=True)
    gini_of_sellers = fields.Float(allow_none=True)
    lorenz = fields.List(fields.Float(), metadata={"description": "The part of all sales below each twentieth of households"})
    unsold = fields.List(fields.Nested(UnsoldSchema))
    counted = fields.String(metadata={"description": "The rule behind the figures"})


class SoldSchema(OutputSchema):
    """Paid sales of one group. ``registered_fen`` is what went to registered households.

    ``as_sold_fen`` counts that by the registry of the day of each order, ``as_registered_fen`` by that of ``as_of``, or
    of today. ``farm_gate_fen`` is what producers got of goods with a known wholesale price, ``wholesale_fen`` what it cost
    there.
    """

    key = fields.String(metadata={"description": "An area's digits, a product's slug, a month or a day"})
    name_zh = fields.String()
    name_en = fields.String()
    total_fen = fen()
    registered_fen = fen(attribute="benefit_fen")
    as_sold_fen = fen()
    as_registered_fen = fen()
    farm_gate_fen = fen()
    wholesale_fen = fen()
    grams = fields.Integer()
    order_lines = fields.Integer()
    producers = fields.Integer()


class SalesSchema(OutputSchema):
    """Sales, divided, with their sum and how they were counted."""

    area_code = fields.String()
    first_on = fields.Date()
    last_on = fields.Date()
    as_of = fields.Date(allow_none=True)
    by = fields.String(validate=validate.OneOf(GROUPINGS))
    total = fields.Nested(SoldSchema)
    rows = fields.List(fields.Nested(SoldSchema))
    counted = fields.String(metadata={"description": "The rule behind the figures"})


class PolicyDraftSchema(InputSchema):
    """A policy as it shall be. Shares are parts of one."""

    area_code = Spelled(AREA, most=12, required=True)
    exposure_share = ShareField(load_default=None, allow_none=True)
    sales_share = ShareField(load_default=None, allow_none=True)
    household_floor = ShareField(load_default=0.0)
    consumer_guard = ShareField(load_default=0.0)
    begins_on = QueryDay(required=True)
    ends_on = QueryDay(load_default=None, allow_none=True)


class PolicyEndSchema(InputSchema):
    """The last day a policy shall hold."""

    ends_on = QueryDay(required=True)


class OwnPolicySchema(OutputSchema):
    """A policy with all that was set."""

    public_id = fields.String()
    area_code = fields.String()
    exposure_share = fields.Float(allow_none=True)
    sales_share = fields.Float(allow_none=True)
    household_floor = fields.Float()
    consumer_guard = fields.Float()
    begins_on = fields.Date()
    ends_on = fields.Date(allow_none=True)


class OwnPoliciesSchema(OutputSchema):
    """All policies of an area and of those above it, newest first."""

    items = fields.List(fields.Nested(OwnPolicySchema))


class PoliciesQuerySchema(InputSchema):
    """Of which area."""

    area = Spelled(AREA, most=12, metadata=_WITHIN)


@blueprint.get("/sales")
@only(RoleKind.OFFICER)
@blueprint.arguments(SalesQuerySchema, location="query")
@blueprint.response(200, SalesSchema)
@problems(404, 422)
def office_sales(given: dict[str, Any]) -> dict[str, Any]:
    """What the producers of an area sold, and how much of it went to registered households.

    The figures of the office's page, exactly; a span that ends before it begins has none. An area outside your own is not
    there (404).
    """
    code = area_in_scope(RoleKind.OFFICER, given.get("area"))
    today = clock.local_day(clock.now())
    first, last = _span(given, today)
    as_of, by = given.get("as_of"), given["by"]
    if by == "lot" and len(code) != Level.VILLAGE:
        raise InputError({"by": [said(N_("Lots are told apart within one village alone."))]})
    if by == "day" and (last - first).days >= MOST_DAYS:
        raise Invalid("span_too_long", N_("By the day, please choose at most two years."))
    narrowed = Only(**{name: given[name] for name in ("category", "product", "channel", "buyer") if name in given})
    rows, total = sales_and_total(code, first, last, by=by, as_of=as_of, beside=as_of or today, only=narrowed)
    return {
        "area_code": code,
        "first_on": first,
        "last_on": last,
        "as_of": as_of,
        "by": by,
        "total": total,
        "rows": rows,
        "counted": " ".join((sales_total.__doc__ or "").split()),
    }


@blueprint.get("/sales/spread")
@only(RoleKind.OFFICER)
@blueprint.arguments(SpreadQuerySchema, location="query")
@blueprint.response(200, SpreadSchema)
@problems(404, 422)
def office_sales_spread(given: dict[str, Any]) -> dict[str, Any]:
    """How sales are spread over an area's registered households, and for what reasons the others sold nothing."""
    code = area_in_scope(RoleKind.OFFICER, given.get("area"))
    today = clock.local_day(clock.now())
    first, last = _span(given, today)
    as_of = given.get("as_of") or today
    found = spread(code, first, last, as_of=as_of)
    return {
        "area_code": code,
        "first_on": first,
        "last_on": last,
        "as_of": as_of,
        "households": found.households,
        "sold": found.sold,
        "total_fen": found.total_fen,
        "gini": found.gini,
        "gini_of_sellers": found.gini_of_sellers,
        "lorenz": found.lorenz(),
        "unsold": [{"why": why, "households": number} for why, number in found.unsold.items()],
        "counted": " ".join((spread.__doc__ or "").split()),
    }


def _span(given: dict[str, Any], today: date) -> tuple[date, date]:
    last: date = given.get("last") or today
    return given.get("first") or max(date.min, last - _USUAL if last - date.min > _USUAL else date.min), last


@blueprint.get("/policies")
@only(RoleKind.OFFICER)
@blueprint.arguments(PoliciesQuerySchema, location="query")
@blueprint.response(200, OwnPoliciesSchema)
@problems(404, 422)
def office_policies(given: dict[str, Any]) -> dict[str, Any]:
    """The policies that hold, will hold or have held for an area."""
    return {"items": policies_for(area_in_scope(RoleKind.OFFICER, given.get("area")))}


@blueprint.post("/policies")
@only(RoleKind.OFFICER)
@blueprint.arguments(PolicyDraftSchema)
@blueprint.response(201, OwnPolicySchema)
@problems(404, *BODY)
def office_set_policy(given: dict[str, Any]) -> Policy:
    """Set a policy for an area of your own, from today or a later day on."""
    now = clock.now()
    try:
        with transaction():
            policy = set_policy(account(), PolicyDraft(**given), now=now)
            if policy.begins_on == clock.local_day(now):
                enqueue(apply_policies_job, timestamp=int(now.timestamp()))
    except PolicyRefused as error:
        raise InputError({name: said(text) for name, text in error.fields.items()}) from error
    return policy


@blueprint.post("/policies/<public_id:public_id>/end")
@only(RoleKind.OFFICER)
@blueprint.arguments(PolicyEndSchema)
@blueprint.response(200, OwnPolicySchema)
@problems(404, 409, *BODY)
def office_end_policy(given: dict[str, Any], public_id: str) -> Policy:
    """Bring the last day of a policy in force forward."""
    try:
        with transaction():
            return end_policy(account(), public_id, given["ends_on"], now=clock.now())
    except PolicyRefused as error:
        raise InputError({name: said(text) for name, text in error.fields.items()}) from error


@blueprint.delete("/policies/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(204)
@problems(404, 409)
def office_withdraw_policy(public_id: str) -> None:
    """Take back a policy that has not begun."""
    with transaction():
        withdraw_policy(account(), public_id, now=clock.now())
