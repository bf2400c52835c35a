"""Matching for programs: what farms declare and are asked for, and plans for who decides on them or looks after them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.catalogue.queries import own_listing
from marketplace.delivery.queries import get_hub
from marketplace.identity.models import RoleKind, Scope
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.sourcing.answers import answer_part, parts_of_producer
from marketplace.sourcing.enterprises import find_member
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Demand, Plan, PlanPart, SupplyDeclaration
from marketplace.sourcing.plan_queries import (
    demands_named,
    hub_loads,
    parts_of_plan,
    plan_of_enterprise,
    plan_within,
    plans_of_enterprise,
    plans_within,
)
from marketplace.sourcing.planning import approve_plan, propose_plan, reject_plan, work_out
from marketplace.sourcing.states import PlanPartState, PlanState
from marketplace.sourcing.supplies import (
    SupplyTerms,
    declarations_of,
    declare_supply,
    note_yield,
    withdraw_supply,
)
from marketplace.web.access import account
from marketplace.web.acting import acting, current_seller
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems, signed_in
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.inputs import InputSchema, PublicIdField, QueryDay, WholeField
from marketplace.web.api.schemas import OutputSchema, fen
from marketplace.web.plan_words import tells_shares
from marketplace.web.portals.hub import own_hub

blueprint: Blueprint = ApiBlueprint("api-plans", __name__, url_prefix="/api/v1", description="Supplies, plans and their parts")

_MOST_G = 1_000_000_000
_MOST_FEN_KG = 100_000_000
_GRADES = [grade.value for grade in Grade]
_PART_STATES = [state.value for state in PlanPartState]
_PLAN_STATES = [state.value for state in PlanState]
_LOOKING = (RoleKind.ENTERPRISE, RoleKind.OFFICER, RoleKind.OPERATOR)


def _grams(**kwargs: Any) -> fields.Integer:
    return fields.Integer(metadata={"minimum": 0}, **kwargs)


class SupplyWeekSchema(OutputSchema):
    """What a week can give after losses, and what of it is promised."""

    week_on = fields.Date()
    grams = _grams()
    promised_g = _grams()


class SupplySchema(OutputSchema):
    """What a farm has declared of one of its listings."""

    public_id = fields.String()
    listing = fields.String()
    grade = fields.String(validate=validate.OneOf(_GRADES))
    min_price_fen_kg = fen()
    loss_rate_bp = fields.Integer()
    least_lot_g = _grams()
    weeks = fields.List(fields.Nested(SupplyWeekSchema))


class SuppliesSchema(OutputSchema):
    """All that is declared and not taken back, newest first."""

    items = fields.List(fields.Nested(SupplySchema))


class HarvestSchema(InputSchema):
    """A week by its Monday, and what is harvested in it, before losses."""

    week_on = QueryDay(required=True)
    harvest_g = WholeField(1, _MOST_G, required=True)


class NewSupplySchema(InputSchema):
    """Goods, grade, least price of a kilogram, losses, the least worth bringing, and the weeks."""

    listing = PublicIdField(required=True)
    grade = fields.String(required=True, validate=validate.OneOf(_GRADES))
    min_price_fen_kg = WholeField(1, _MOST_FEN_KG, required=True)
    loss_rate_bp = WholeField(0, 9000, load_default=0)
    least_lot_g = WholeField(0, _MOST_G, load_default=0)
    hub = PublicIdField(load_default=None)
    weeks = fields.List(fields.Nested(HarvestSchema), required=True, validate=validate.Length(min=1, max=53))


class WeekYieldSchema(InputSchema):
    """What a week really gives, before losses."""

    week_on = QueryDay(required=True)
    harvest_g = WholeField(0, _MOST_G, required=True)


class PlanDoneSchema(OutputSchema):
    """``done`` is false where the same had been said before."""

    done = fields.Boolean()


class AskedPartSchema(OutputSchema):
    """A part of a plan that a farm is asked for."""

    public_id = fields.String()
    listing = fields.String()
    grams = _grams()
    fen_kg = fen()
    opens_on = fields.Date()
    closes_on = fields.Date()
    state = fields.String(validate=validate.OneOf(_PART_STATES))
    answer_by_at = fields.AwareDateTime(allow_none=True)


class AskedPartsSchema(OutputSchema):
    """Parts that wait for an answer, then the others, newest first."""

    items = fields.List(fields.Nested(AskedPartSchema))


class PartAnswerSchema(InputSchema):
    """Yes or no."""

    accept = fields.Boolean(required=True, truthy={True}, falsy={False})


class CurvePointSchema(OutputSchema):
    """A point of the curve: shares are parts of one, costs are fen a kilogram."""

    share = fields.Float()
    cost_fen_kg = fields.Float()
    tilt_price = fields.Float()
    planned_g = _grams()
    value_fen = fen()
    gap = fields.Float()
    chosen = fields.Boolean()


class PlanPartSchema(OutputSchema):
    """A part of a plan; a buyer knows its seller by a number alone."""

    seller = fields.Integer(metadata={"description": "The number of the seller in this plan"})
    area = fields.String()
    grams = _grams()
    fen_kg = fen()
    opens_on = fields.Date()
    closes_on = fields.Date()
    state = fields.String(validate=validate.OneOf(_PART_STATES))


class PlanRowSchema(OutputSchema):
    """A plan in a list."""

    public_id = fields.String()
    reference = fields.String()
    state = fields.String(validate=validate.OneOf(_PLAN_STATES))
    demands = fields.List(fields.String())
    made_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)
    wanted_g = _grams()
    planned_g = _grams()
    value_fen = fen()
    gap = fields.Float()
    proved = fields.Boolean()
    in_time = fields.Boolean()


class PlanSchema(PlanRowSchema):
    """A plan. ``share_*`` are null and ``curve`` is empty for a buyer where fewer than five sellers are in it."""

    share_asked = fields.Float(allow_none=True)
    share_attained = fields.Float(allow_none=True)
    curve = fields.List(fields.Nested(CurvePointSchema))
    unmet = fields.Dict(metadata={"description": "By delivery: grams, the reason, what fails and what would help"})
    parts = fields.List(fields.Nested(PlanPartSchema))


class PlansSchema(OutputSchema):
    """Plans, newest first."""

    items = fields.List(fields.Nested(PlanRowSchema))


class NewPlanSchema(InputSchema):
    """Which demands, and which share in parts of ten thousand in place of the policy's."""

    demands = fields.List(PublicIdField(), required=True, validate=validate.Length(min=1, max=50))
    share_bp = WholeField(0, 10_000, load_default=None)


class LoadRowSchema(OutputSchema):
    """What one seller brings."""

    seller_zh = fields.String()
    seller_en = fields.String()
    listing = fields.String()
    grams = _grams()
    state = fields.String(validate=validate.OneOf(_PART_STATES))


class LoadSchema(OutputSchema):
    """What goes on from a hub for one delivery."""

    delivery = fields.String()
    opens_on = fields.Date()
    closes_on = fields.Date()
    grams = _grams()
    parts = fields.List(fields.Nested(LoadRowSchema))


class LoadsSchema(OutputSchema):
    """All of them, by day."""

    items = fields.List(fields.Nested(LoadSchema))


@blueprint.get("/farm/supplies")
@for_farm(Scope.STOCK)
@blueprint.response(200, SuppliesSchema)
def supplies() -> dict[str, Any]:
    """What your farm has declared."""
    return {"items": [_supply(one) for one in declarations_of(current_seller().producer.id)]}


def _supply(one: SupplyDeclaration) -> dict[str, Any]:
    return {
        "public_id": one.public_id,
        "listing": one.listing.public_id,
        "grade": one.grade,
        "min_price_fen_kg": one.min_price_fen_kg,
        "loss_rate_bp": one.loss_rate_bp,
        "least_lot_g": one.least_lot_g,
        "weeks": [{"week_on": week.week_on, "grams": week.grams, "promised_g": week.committed_g} for week in one.weeks],
    }


@blueprint.post("/farm/supplies")
@for_farm(Scope.STOCK)
@blueprint.arguments(NewSupplySchema)
@blueprint.response(201, SupplySchema)
@problems(404, 409, *BODY)
def supply_declare(given: dict[str, Any]) -> dict[str, Any]:
    """Declare what your farm can give in the weeks to come."""
    harvest: dict[date, int] = {row["week_on"]: row["harvest_g"] for row in given["weeks"]}
    if len(harvest) != len(given["weeks"]):
        raise Invalid("week_repeated", N_("Please name each week once."))
    terms = SupplyTerms(Grade(given["grade"]), given["min_price_fen_kg"], given["loss_rate_bp"], given["least_lot_g"])
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        listing = own_listing(given["listing"], producer.id)
        hub = get_hub(given["hub"]) if given["hub"] else None
        made = declare_supply(listing, terms, harvest, hub=hub, actor=actor, now=now)
        return _supply(made)


@blueprint.post("/farm/supplies/<public_id:public_id>/withdrawal")
@for_farm(Scope.STOCK)
@blueprint.response(200, PlanDoneSchema)
@problems(404)
def supply_withdraw(public_id: str) -> dict[str, Any]:
    """Take a declaration back; what was promised of it and not ordered yet is cancelled."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        return {"done": withdraw_supply(public_id, producer.id, actor=actor, now=now)}


@blueprint.post("/farm/supplies/<public_id:public_id>/yield")
@for_farm(Scope.STOCK)
@blueprint.arguments(WeekYieldSchema)
@blueprint.response(200, SupplyWeekSchema)
@problems(404, 409, *BODY)
def supply_yield(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say what a week really gives; what was promised beyond it is made smaller by the rule of shortfalls."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        week = note_yield(public_id, producer.id, given["week_on"], given["harvest_g"], actor=actor, now=now)
        return {"week_on": week.week_on, "grams": week.grams, "promised_g": week.committed_g}


@blueprint.get("/farm/parts")
@for_farm(Scope.ANSWER)
@blueprint.response(200, AskedPartsSchema)
def parts_asked() -> dict[str, Any]:
    """What your farm is asked to bring."""
    return {"items": [_asked(part) for part in parts_of_producer(current_seller().producer.id)]}


def _asked(part: PlanPart) -> dict[str, Any]:
    return {
        "public_id": part.public_id,
        "listing": part.week.declaration.listing.public_id,
        "grams": part.grams,
        "fen_kg": part.fen_kg,
        "opens_on": part.delivery.opens_on,
        "closes_on": part.delivery.closes_on,
        "state": part.state,
        "answer_by_at": part.answer_by_at,
    }


@blueprint.post("/farm/parts/<public_id:public_id>/answer")
@for_farm(Scope.ANSWER)
@blueprint.arguments(PartAnswerSchema)
@blueprint.response(200, PlanDoneSchema)
@problems(404, 409, *BODY)
def part_answer(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say yes or no to a part."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        return {"done": answer_part(public_id, producer.id, accept=given["accept"], actor=actor, now=now)}


@blueprint.get("/plans")
@only(*_LOOKING)
@blueprint.response(200, PlansSchema)
def plans() -> dict[str, Any]:
    """The plans of your enterprise, or those that touch your areas."""
    areas, enterprise_id = _areas(), _enterprise_id()
    found = plans_within(areas) if areas else plans_of_enterprise(enterprise_id)
    return {"items": [_row(plan) for plan in found]}


def _areas() -> list[str]:
    return [*scopes(account(), RoleKind.OFFICER), *scopes(account(), RoleKind.OPERATOR)]


def _enterprise_id() -> int:
    member = find_member(account().id)
    return 0 if member is None else member.enterprise_id


def _visible(public_id: str) -> Plan:
    areas = _areas()
    return plan_within(public_id, areas) if areas else plan_of_enterprise(public_id, _enterprise_id())


def _row(plan: Plan) -> dict[str, Any]:
    names = ("public_id", "reference", "state", "made_at", "decided_at", "wanted_g", "planned_g", "value_fen", "gap")
    return {
        **{name: getattr(plan, name) for name in (*names, "proved", "in_time")},
        "demands": [demand.public_id for demand in plan.demands],
    }


def _whole(plan: Plan) -> dict[str, Any]:
    parts = parts_of_plan(plan.id)
    tells = bool(_areas()) or tells_shares([part.producer_id for part in parts])
    numbers = {producer: number for number, producer in enumerate(sorted({part.producer_id for part in parts}), 1)}
    keys = ("share", "cost_fen_kg", "tilt_price", "planned_g", "value_fen", "gap", "chosen")
    return {
        **_row(plan),
        "share_asked": plan.share_asked if tells else None,
        "share_attained": plan.share_attained if tells else None,
        "curve": [{key: point[key] for key in keys} for point in plan.curve] if tells else [],
        "unmet": plan.unmet,
        "parts": [
            {
                "seller": numbers[part.producer_id],
                "area": part.producer.area_code,
                "grams": part.grams,
                "fen_kg": part.fen_kg,
                "opens_on": part.delivery.opens_on,
                "closes_on": part.delivery.closes_on,
                "state": part.state,
            }
            for part in parts
        ],
    }


@blueprint.get("/plans/<public_id:public_id>")
@only(*_LOOKING)
@blueprint.response(200, PlanSchema)
@problems(404)
def plan(public_id: str) -> dict[str, Any]:
    """One plan: its curve, its parts, and what is not served, why, and what would help."""
    return _whole(_visible(public_id))


@blueprint.post("/plans")
@only(RoleKind.ENTERPRISE, RoleKind.OPERATOR)
@blueprint.arguments(NewPlanSchema)
@blueprint.response(201, PlanSchema)
@problems(404, 409, *BODY)
def plan_make(given: dict[str, Any]) -> dict[str, Any]:
    """Make a plan for demands that wait for one; nobody is asked before it is approved."""
    operator = bool(scopes(account(), RoleKind.OPERATOR))
    demands: Sequence[Demand] = demands_named(given["demands"], None if operator else _enterprise_id())
    now = clock.now()
    worked = work_out(demands, now=now, share=None if given["share_bp"] is None else given["share_bp"] / 10_000)
    with transaction():
        made = propose_plan(worked, by=account(), now=now)
        return _whole(made)


@blueprint.post("/plans/<public_id:public_id>/approval")
@only(RoleKind.ENTERPRISE, RoleKind.OPERATOR)
@blueprint.response(200, PlanDoneSchema)
@problems(404, 409)
def plan_approve(public_id: str) -> dict[str, Any]:
    """Approve a plan: its sellers are asked, and the grams are theirs to promise."""
    found = _visible(public_id)
    with transaction():
        return {"done": approve_plan(found.public_id, by=account(), now=clock.now())}


@blueprint.post("/plans/<public_id:public_id>/rejection")
@only(RoleKind.ENTERPRISE, RoleKind.OPERATOR)
@blueprint.response(200, PlanDoneSchema)
@problems(404, 409)
def plan_reject(public_id: str) -> dict[str, Any]:
    """Reject a plan."""
    found = _visible(public_id)
    with transaction():
        return {"done": reject_plan(found.public_id, by=account(), now=clock.now())}


@blueprint.get("/hubs/<public_id:public_id>/loads")
@signed_in
@blueprint.response(200, LoadsSchema)
@problems(404)
def loads(public_id: str) -> dict[str, Any]:
    """Who brings what to a hub that you keep, by delivery."""
    hub = own_hub(public_id)
    return {
        "items": [
            {
                "delivery": load.delivery.public_id,
                "opens_on": load.delivery.opens_on,
                "closes_on": load.delivery.closes_on,
                "grams": load.grams,
                "parts": [
                    {
                        "seller_zh": part.producer.name_zh,
                        "seller_en": part.producer.name_en,
                        "listing": part.week.declaration.listing.public_id,
                        "grams": part.grams,
                        "state": part.state,
                    }
                    for part in load.parts
                ],
            }
            for load in hub_loads(hub.id, clock.local_day(clock.now()))
        ]
    }
