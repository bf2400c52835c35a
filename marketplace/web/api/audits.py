"""Audits for programs: what closed ones say of an area; rounds; an auditor's part of a sample."""

from collections.abc import Callable
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.audits.models import AuditHousehold, AuditPayment, AuditProject, StratumKind, Unreached
from marketplace.audits.queries import (
    get_auditor,
    get_own_household,
    get_own_payment,
    get_own_project,
    get_round_within,
    own_households,
    own_payments,
    own_projects,
    own_rounds,
    rounds_within,
)
from marketplace.audits.results import ranks_of, result_of
from marketplace.audits.service import (
    ASKED,
    HouseholdFindings,
    assign_auditor,
    close_round,
    discard_round,
    draw_sample,
    find_at_household,
    find_of_payment,
    find_of_project,
    open_round,
    propose_closing,
    return_round,
)
from marketplace.audits.states import RoundState
from marketplace.dashboard.precision import Demand, Estimate
from marketplace.dashboard.three_rates import Veto
from marketplace.funds.models import FundPayment
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.projects.models import Project
from marketplace.registry.models import Household
from marketplace.web.access import account, office_reach
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import AREA, COUNTY, InputSchema, PublicIdField, Spelled, YesNoField
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.audit_words import told_round
from marketplace.web.money_reach import READERS, money_area, money_reach

blueprint: Blueprint = ApiBlueprint("api-audits", __name__, url_prefix="/api/v1/audits", description="Audits from outside")


class AuditAreaQuery(InputSchema):
    """Which area; your own widest when it is not said."""

    area = Spelled(AREA, most=12, load_default=None)


class AuditEstimateSchema(OutputSchema):
    """A figure with its interval of 95 % and what it rests on."""

    value = fields.Float()
    low = fields.Float()
    high = fields.Float()
    units = fields.Integer()


class AuditLineSchema(OutputSchema):
    """An official line, the rate held against it (null where not known), and whether it is crossed."""

    veto = fields.String(validate=validate.OneOf([veto.value for veto in Veto]))
    rate = fields.Float(allow_none=True)
    line_bp = fields.Integer()
    begins_on = fields.Date()
    source = fields.String()
    crossed = fields.Boolean()


class AuditRankSchema(OutputSchema):
    """Between which ranks a county lies under random weightings."""

    county_code = fields.String()
    low = fields.Integer()
    high = fields.Integer()


class AuditResultSchema(OutputSchema):
    """What the newest closed audits of an area's counties say; a demand that nobody audited is absent, and the index null."""

    area_code = fields.String()
    counties = fields.List(fields.String())
    parts = fields.Dict(keys=fields.String(), values=fields.Nested(AuditEstimateSchema))
    index = fields.Nested(AuditEstimateSchema, allow_none=True)
    lines = fields.List(fields.Nested(AuditLineSchema))
    ranked_by = fields.List(fields.String(validate=validate.OneOf([demand.value for demand in Demand])))
    ranks = fields.List(fields.Nested(AuditRankSchema))


class AuditRoundSchema(OutputSchema):
    """A round; its seed is null until the sample is drawn."""

    public_id = fields.String()
    county_code = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in RoundState]))
    seed_hash = fields.String(metadata={"description": "SHA-256 of the seed's text"})
    seed = fields.String(allow_none=True)
    frame_hash = fields.String(metadata={"description": "SHA-256 of all that was drawn from; empty before the draw"})
    drawn = fields.Integer(metadata={"description": "Households, payments and projects in the sample"})
    done = fields.Integer()
    opened_at = fields.AwareDateTime()
    drawn_at = fields.AwareDateTime(allow_none=True)
    closed_at = fields.AwareDateTime(allow_none=True)


class NewAuditRoundSchema(InputSchema):
    """Of which county."""

    county_code = Spelled(COUNTY, most=6, required=True)


class NewAuditAuditorSchema(InputSchema):
    """Who looks, and where: the county or one of its townships."""

    auditor = PublicIdField(required=True)
    area_code = Spelled(AREA, most=12, required=True)


class AuditHouseholdSchema(OutputSchema):
    """A household to visit: where it is and what is asked there, not who lives there."""

    public_id = fields.String()
    household_code = fields.String()
    village_code = fields.String()
    asked = fields.List(fields.String())
    done = fields.Boolean()


class AuditPaymentSchema(OutputSchema):
    """A payment to look through."""

    public_id = fields.String()
    reference = fields.String()
    amount_fen = fields.Integer()
    document_number = fields.String()
    done = fields.Boolean()


class AuditProjectSchema(OutputSchema):
    """A project to look at."""

    public_id = fields.String()
    project = fields.String(metadata={"description": "Its public id"})
    reference = fields.String()
    name = fields.String()
    place_code = fields.String()
    approved_fen = fields.Integer()
    done = fields.Boolean()


class AuditSampleSchema(OutputSchema):
    """What is yours to look at in a round."""

    round = fields.String()
    households = fields.List(fields.Nested(AuditHouseholdSchema))
    payments = fields.List(fields.Nested(AuditPaymentSchema))
    projects = fields.List(fields.Nested(AuditProjectSchema))


class AuditHouseholdFindingsSchema(InputSchema):
    """Exactly what `asked` names, or why nobody was reached."""

    in_place = YesNoField(load_default=None, allow_none=True)
    fits_cause = YesNoField(load_default=None, allow_none=True)
    visited = YesNoField(load_default=None, allow_none=True)
    satisfied = YesNoField(load_default=None, allow_none=True)
    unreached = fields.String(load_default=None, allow_none=True, validate=validate.OneOf([why.value for why in Unreached]))


class AuditPaymentFindingsSchema(InputSchema):
    """Whether it reached its purpose and its payee; what cannot be shown has not."""

    reached_purpose = YesNoField(required=True)
    reached_payee = YesNoField(required=True)


class AuditProjectFindingsSchema(InputSchema):
    """Whether it stands as it was approved, and serves those whom it was for."""

    as_approved = YesNoField(required=True)
    serves = YesNoField(required=True)


def _estimate(part: Estimate | None) -> dict[str, Any] | None:
    return None if part is None else {"value": part.value, "low": part.low, "high": part.high, "units": part.units}


@blueprint.get("/results")
@only(*READERS)
@blueprint.arguments(AuditAreaQuery, location="query")
@blueprint.response(200, AuditResultSchema)
@problems(404, 422)
def audit_results(given: dict[str, Any]) -> dict[str, Any]:
    """What closed audits say of an area: sub-indices, index, official lines and ranks."""
    area = money_area(given["area"])
    found, (shared, ranks) = result_of(area), ranks_of(area)
    parts = found.precision.parts if found.precision else {}
    return {
        "area_code": area,
        "counties": [row.county_code for row in found.rounds],
        "parts": {demand.value: _estimate(part) for demand, part in parts.items()},
        "index": _estimate(found.precision.index) if found.precision else None,
        "lines": [
            {
                "veto": veto,
                "rate": getattr(found.rates, veto.value),
                "line_bp": rule.value,
                "begins_on": rule.begins_on,
                "source": rule.source,
                "crossed": veto in found.vetoes,
            }
            for veto, rule in (found.lines or {}).items()
        ],
        "ranked_by": shared,
        "ranks": [{"county_code": code, "low": low, "high": high} for code, (low, high) in ranks.items()],
    }


@blueprint.get("/rounds")
@only(*READERS)
@blueprint.response(200, AuditRoundSchema(many=True))
def audit_rounds() -> list[dict[str, Any]]:
    """The rounds of your areas, the newest first."""
    return [told_round(row) for row in rounds_within(money_reach())]


@blueprint.post("/rounds")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewAuditRoundSchema)
@blueprint.response(201, AuditRoundSchema)
@problems(404, 409, *BODY)
def audit_round_open(given: dict[str, Any]) -> dict[str, Any]:
    """Open the audit of a county below your area; `audit_level` (403) for the county's own line."""
    with transaction():
        return told_round(open_round(office_reach().check(given["county_code"]), by=account(), now=clock.now()))


@blueprint.get("/rounds/<public_id:public_id>")
@only(*READERS)
@blueprint.response(200, AuditRoundSchema)
@problems(404)
def audit_round(public_id: str) -> dict[str, Any]:
    """A round of your areas."""
    return told_round(get_round_within(public_id, money_reach()))


def _moved(public_id: str, act: Callable[..., bool]) -> dict[str, Any]:
    with transaction():
        row = get_round_within(public_id, office_reach())
        act(row, by=account(), now=clock.now())
        return told_round(row)


@blueprint.post("/rounds/<public_id:public_id>/draw")
@only(RoleKind.OFFICER)
@blueprint.response(200, AuditRoundSchema)
@problems(404, 409)
def audit_round_draw(public_id: str) -> dict[str, Any]:
    """Draw the sample; it stays as it is."""
    return _moved(public_id, draw_sample)


@blueprint.post("/rounds/<public_id:public_id>/discard")
@only(RoleKind.OFFICER)
@blueprint.response(200, AuditRoundSchema)
@problems(404, 409)
def audit_round_discard(public_id: str) -> dict[str, Any]:
    """Drop a round of which nothing was drawn."""
    return _moved(public_id, discard_round)


@blueprint.post("/rounds/<public_id:public_id>/propose")
@only(RoleKind.OFFICER)
@blueprint.response(200, AuditRoundSchema)
@problems(404, 409)
def audit_round_propose(public_id: str) -> dict[str, Any]:
    """Hand a complete round in; `audit_waits` (409) while something was not looked at."""
    return _moved(public_id, propose_closing)


@blueprint.post("/rounds/<public_id:public_id>/return")
@only(RoleKind.OFFICER)
@blueprint.response(200, AuditRoundSchema)
@problems(404, 409)
def audit_round_return(public_id: str) -> dict[str, Any]:
    """Give a round back to its auditors."""
    return _moved(public_id, return_round)


@blueprint.post("/rounds/<public_id:public_id>/close")
@only(RoleKind.OFFICER)
@blueprint.response(200, AuditRoundSchema)
@problems(404, 409)
def audit_round_close(public_id: str) -> dict[str, Any]:
    """Close what another officer handed in: it counts, and nothing in it changes any more."""
    return _moved(public_id, close_round)


@blueprint.post("/rounds/<public_id:public_id>/auditors")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewAuditAuditorSchema)
@blueprint.response(201, AuditRoundSchema)
@problems(404, 409, *BODY)
def audit_auditor_send(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Send an auditor from outside the county's line."""
    with transaction():
        row = get_round_within(public_id, office_reach())
        assign_auditor(row, get_auditor(given["auditor"], row.county_code), given["area_code"], by=account(), now=clock.now())
        return told_round(row)


@blueprint.get("/sample")
@only(RoleKind.AUDITOR)
@blueprint.response(200, AuditSampleSchema(many=True))
def audit_sample() -> list[dict[str, Any]]:
    """What is yours to look at, round by round."""
    return [
        {
            "round": row.public_id,
            "households": [_household(*pair) for pair in own_households(account(), row)],
            "payments": [_payment(*pair) for pair in own_payments(account(), row)],
            "projects": [_project(*pair) for pair in own_projects(account(), row)],
        }
        for row in own_rounds(account())
    ]


def _household(unit: AuditHousehold, household: Household) -> dict[str, Any]:
    return {
        "public_id": unit.public_id,
        "household_code": household.code,
        "village_code": household.village_code,
        "asked": list(ASKED[StratumKind(unit.kind)]),
        "done": unit.found_by_id is not None,
    }


def _payment(unit: AuditPayment, payment: FundPayment) -> dict[str, Any]:
    return {
        "public_id": unit.public_id,
        "reference": payment.reference,
        "amount_fen": payment.amount_fen,
        "document_number": payment.document_number,
        "done": unit.found_by_id is not None,
    }


@blueprint.put("/households/<public_id:public_id>")
@only(RoleKind.AUDITOR)
@blueprint.arguments(AuditHouseholdFindingsSchema)
@blueprint.response(200, AuditHouseholdSchema)
@problems(404, 409, *BODY)
def audit_household_find(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Write down what you found at a household of your part."""
    why = given.pop("unreached")
    with transaction():
        _row, unit, household = get_own_household(public_id, account())
        findings = HouseholdFindings(**given, unreached=Unreached(why) if why else None)
        find_at_household(unit, findings, by=account(), now=clock.now())
        return _household(unit, household)


@blueprint.put("/payments/<public_id:public_id>")
@only(RoleKind.AUDITOR)
@blueprint.arguments(AuditPaymentFindingsSchema)
@blueprint.response(200, AuditPaymentSchema)
@problems(404, 409, *BODY)
def audit_payment_find(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Write down where a payment of your part went."""
    with transaction():
        _row, unit, payment = get_own_payment(public_id, account())
        find_of_payment(unit, given["reached_purpose"], given["reached_payee"], by=account(), now=clock.now())
        return _payment(unit, payment)


def _project(unit: AuditProject, project: Project) -> dict[str, Any]:
    return {
        "public_id": unit.public_id,
        "project": project.public_id,
        "reference": project.reference,
        "name": project.name,
        "place_code": project.place_code,
        "approved_fen": unit.amount_fen,
        "done": unit.found_by_id is not None,
    }


@blueprint.put("/projects/<public_id:public_id>")
@only(RoleKind.AUDITOR)
@blueprint.arguments(AuditProjectFindingsSchema)
@blueprint.response(200, AuditProjectSchema)
@problems(404, 409, *BODY)
def audit_project_find(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Write down what became of a project of your part."""
    with transaction():
        _row, unit, project = get_own_project(public_id, account())
        find_of_project(unit, given["as_approved"], given["serves"], by=account(), now=clock.now())
        return _project(unit, project)
