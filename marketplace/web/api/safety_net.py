"""Operations: benefits as rules, who is entitled and not covered, a person's word, costs shown; a household's own benefits."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.assistance.safety_net.benefits import BenefitKind
from marketplace.assistance.safety_net.costs import enter_cost, withdraw_cost
from marketplace.assistance.safety_net.counting import SEALED
from marketplace.assistance.safety_net.deciding import Paying, check_decides, decline, grant, pay, review
from marketplace.assistance.safety_net.expressions import LONGEST
from marketplace.assistance.safety_net.jobs import enqueue_counting
from marketplace.assistance.safety_net.models import BenefitRule, CostKind, Entitlement
from marketplace.assistance.safety_net.queries import (
    costs_of,
    entitlements_of,
    entitlements_within,
    gap_of,
    get_entitlement_within,
)
from marketplace.assistance.safety_net.rules import NewBenefit, in_force, lines_on, rules_around, set_benefit
from marketplace.assistance.safety_net.states import EntitlementState
from marketplace.assistance.safety_net.typical import TYPICAL, shown
from marketplace.funds.places import PLACE
from marketplace.funds.queries import get_fund
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.registry.files import get_household_within
from marketplace.registry.models import Household
from marketplace.registry.reading_log import BENEFITS, note_reading
from marketplace.registry.sealing import open_values
from marketplace.web.access import account, office_reach
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import (
    AREA,
    FenField,
    InputSchema,
    Line,
    PublicIdField,
    QueryDay,
    QueryNumber,
    Spelled,
    WholeField,
    YesNoField,
)
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.own_household import own_household

blueprint: Blueprint = ApiBlueprint(
    "api-safety-net", __name__, url_prefix="/api/v1/safety-net", description="Benefits and who is entitled to them"
)
_KINDS = validate.OneOf([kind.value for kind in BenefitKind])
_STATES = validate.OneOf([state.value for state in EntitlementState])


class BenefitSchema(OutputSchema):
    """A version of a benefit, in the language of benefits."""

    code = fields.String()
    kind = fields.String(validate=_KINDS)
    name = fields.String()
    area_code = fields.String()
    begins_on = fields.Date()
    ends_on = fields.Date(allow_none=True)
    condition = fields.String()
    amount = fields.String()
    source = fields.String()


class NewBenefitSchema(InputSchema):
    """A benefit, or a new version of one, to be written down."""

    area_code = Spelled(AREA, most=12, required=True)
    code = Line(24, required=True)
    kind = fields.String(required=True, validate=_KINDS)
    name = Line(80, required=True)
    condition = Line(LONGEST, required=True)
    amount = Line(LONGEST, required=True)
    source = Line(200, required=True)
    begins_on = QueryDay(required=True)
    ends_on = QueryDay(load_default=None, allow_none=True)


class BenefitQuerySchema(InputSchema):
    """Of which area."""

    area = Spelled(AREA, most=12, required=True)


class NotchQuerySchema(BenefitQuerySchema):
    """Of which area, for a household like which."""

    household = fields.String(load_default="illness", validate=validate.OneOf(list(TYPICAL)))


class NotchSchema(OutputSchema):
    """Incomes at each of which one fen more loses that much of benefits, at most."""

    first_fen = fields.Integer()
    last_fen = fields.Integer()
    lost_fen = fields.Integer()
    codes = fields.List(fields.String())


class EntitlementSchema(OutputSchema):
    """What a household is owed by a benefit for a year, and what has become of it."""

    public_id = fields.String()
    file = fields.String(metadata={"description": "Public id of the household's file"})
    code = fields.String()
    kind = fields.String(validate=_KINDS)
    year = fields.Integer()
    state = fields.String(validate=_STATES)
    why = fields.String(validate=validate.OneOf(["", "less", "ended", "exit"]))
    amount_fen = fields.Integer()
    granted_fen = fields.Integer()
    since_on = fields.Date()
    due_on = fields.Date(allow_none=True)
    due_provisional = fields.Boolean()
    words = fields.String()


class OwnEntitlementSchema(EntitlementSchema):
    """The same with the facts that it follows from."""

    facts = fields.Dict(keys=fields.String(), values=fields.Raw(metadata={"description": "A whole number, or yes or no"}))


class EntitlementsQuerySchema(InputSchema):
    """Which of one's areas, in which state, which page."""

    area = Spelled(AREA, most=12, required=True)
    state = fields.String(load_default="open", validate=_STATES)
    page = QueryNumber(1, 10_000, load_default=1)


class EntitlementsSchema(OutputSchema):
    """Those with the nearest clock first."""

    items = fields.List(fields.Nested(EntitlementSchema))
    total = fields.Integer()


class CostSchema(OutputSchema):
    """A cost that a document shows."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in CostKind]))
    year = fields.Integer()
    amount_fen = fields.Integer()
    document = fields.String()


class HouseholdBenefitsSchema(OutputSchema):
    """What a household is entitled to, what its file leaves open, and the costs of this year that it has shown."""

    entitlements = fields.List(fields.Nested(OwnEntitlementSchema))
    missing = fields.List(fields.String())
    costs = fields.List(fields.Nested(CostSchema))


class NewCostSchema(InputSchema):
    """A cost to be written down."""

    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in CostKind]))
    amount_fen = FenField(least=1, required=True)
    document = Line(120, required=True)
    year = WholeField(2013, 2100, required=True)


class BenefitWordsSchema(InputSchema):
    """A person's word, which the household reads."""

    words = Line(400, load_default="")


class BenefitReviewSchema(InputSchema):
    """Whether what was granted stays as it was."""

    keep = YesNoField(required=True)
    words = Line(400, required=True)


class BenefitPaymentSchema(InputSchema):
    """Out of which money, on which document, at which bank."""

    fund = PublicIdField(required=True)
    place = Spelled(PLACE, most=27, required=True)
    document_number = Line(60, required=True)
    bank = Line(60, required=True)


def _shown(row: Entitlement, rule: BenefitRule, household: Household) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in EntitlementSchema().fields if name not in ("file", "kind")}
    return {**own, "file": household.public_id, "kind": rule.kind}


def _whole(household: Household) -> dict[str, Any]:
    year = local_day(clock.now()).year
    gap = gap_of(household, year)
    return {
        "entitlements": [
            {**_shown(row, rule, household), "facts": open_values(household, row.sealed, SEALED)}
            for row, rule in entitlements_of(household)
        ],
        "missing": [] if gap is None else gap.missing,
        "costs": costs_of(household, year),
    }


@blueprint.get("/mine")
@only(RoleKind.FARMER)
@blueprint.response(200, HouseholdBenefitsSchema)
@problems(404)
def benefits_mine() -> dict[str, Any]:
    """What your own household is entitled to, and why."""
    return _whole(own_household())


@blueprint.get("/benefits")
@only(RoleKind.OFFICER)
@blueprint.arguments(BenefitQuerySchema, location="query")
@blueprint.response(200, BenefitSchema(many=True))
@problems(404, 422)
def benefits(asked: dict[str, Any]) -> list[BenefitRule]:
    """Every version of the benefits around one of your areas, the latest first."""
    return rules_around(office_reach().check(asked["area"]))


@blueprint.post("/benefits")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewBenefitSchema)
@blueprint.response(201, BenefitSchema)
@problems(404, *BODY)
def benefit_set(given: dict[str, Any]) -> BenefitRule:
    """Write a benefit down; everybody it concerns is counted again. `expression` (422) names what cannot be read."""
    with transaction():
        area = office_reach().check(given.pop("area_code"))
        row = set_benefit(area, NewBenefit(**{**given, "kind": BenefitKind(given["kind"])}), by=account(), now=clock.now())
        enqueue_counting(area, account().public_id)
        return row


@blueprint.get("/notches")
@only(RoleKind.OFFICER)
@blueprint.arguments(NotchQuerySchema, location="query")
@blueprint.response(200, NotchSchema(many=True))
@problems(404, 422)
def benefit_notches(asked: dict[str, Any]) -> Any:
    """Where one fen more of income loses more than one fen of benefits."""
    area, today = office_reach().check(asked["area"]), local_day(clock.now())
    rules = in_force(rules_around(area), area, today)
    texts = tuple((rule.code, rule.kind, rule.condition, rule.amount) for rule in rules)
    return shown(asked["household"], texts, tuple(sorted(lines_on(area, today).items()))).notches


@blueprint.get("/entitlements")
@only(RoleKind.OFFICER)
@blueprint.arguments(EntitlementsQuerySchema, location="query")
@blueprint.response(200, EntitlementsSchema)
@problems(404, 422)
def entitlements(asked: dict[str, Any]) -> dict[str, Any]:
    """Entitlements of one of your areas in one state, fifty at a time; `open` are those that are not covered."""
    reach = office_reach().narrowed(asked["area"])
    rows, total = entitlements_within(reach, [EntitlementState(asked["state"])], offset=(asked["page"] - 1) * 50)
    return {"items": [_shown(row, rule, household) for row, household, rule in rows], "total": total}


@blueprint.get("/households/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, HouseholdBenefitsSchema)
@problems(404)
def household_benefits(public_id: str) -> dict[str, Any]:
    """What a household is entitled to, and why; who reads it is written down."""
    with transaction():
        household = get_household_within(public_id, office_reach())
        note_reading(household, account(), BENEFITS, now=clock.now())
        return _whole(household)


@blueprint.post("/households/<public_id:public_id>/costs")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewCostSchema)
@blueprint.response(201, HouseholdBenefitsSchema)
@problems(404, 409, *BODY)
def household_cost_add(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Write down a cost that a document shows; the household is counted again. `cost_known` (409) for one that counts."""
    with transaction():
        household = _mine_to_decide(public_id)
        cost = (CostKind(given["kind"]), given["amount_fen"], given["document"], given["year"])
        enter_cost(household, *cost, by=account(), now=clock.now())
        return _whole(household)


@blueprint.post("/households/<public_id:public_id>/costs/<public_id:cost>/withdraw")
@only(RoleKind.OFFICER)
@blueprint.response(200, HouseholdBenefitsSchema)
@problems(404)
def household_cost_withdraw(public_id: str, cost: str) -> dict[str, Any]:
    """Let a cost that was a mistake count no longer."""
    with transaction():
        household = _mine_to_decide(public_id)
        withdraw_cost(household, cost, by=account(), now=clock.now())
        return _whole(household)


def _mine_to_decide(public_id: str) -> Household:
    household = get_household_within(public_id, office_reach())
    check_decides(account(), household.village_code)
    return household


@blueprint.post("/entitlements/<public_id:public_id>/grant")
@only(RoleKind.OFFICER)
@blueprint.arguments(BenefitWordsSchema)
@blueprint.response(200, EntitlementSchema)
@problems(404, 409, *BODY)
def entitlement_grant(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Grant what was counted; somebody else pays it."""
    with transaction():
        row, household = get_entitlement_within(public_id, office_reach())
        grant(row, given["words"], by=account(), now=clock.now())
        return _answer(row, household)


@blueprint.post("/entitlements/<public_id:public_id>/decline")
@only(RoleKind.OFFICER)
@blueprint.arguments(BenefitWordsSchema)
@blueprint.response(200, EntitlementSchema)
@problems(404, 409, *BODY)
def entitlement_decline(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Decline it with words; `words_needed` (422) without."""
    with transaction():
        row, household = get_entitlement_within(public_id, office_reach())
        decline(row, given["words"], by=account(), now=clock.now())
        return _answer(row, household)


@blueprint.post("/entitlements/<public_id:public_id>/review")
@only(RoleKind.OFFICER)
@blueprint.arguments(BenefitReviewSchema)
@blueprint.response(200, EntitlementSchema)
@problems(404, 409, *BODY)
def entitlement_review(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say whether what was granted stays, or only what is counted now; what was paid is not taken back."""
    with transaction():
        row, household = get_entitlement_within(public_id, office_reach())
        review(row, given["keep"], given["words"], by=account(), now=clock.now())
        return _answer(row, household)


@blueprint.post("/entitlements/<public_id:public_id>/pay")
@only(RoleKind.OFFICER)
@blueprint.arguments(BenefitPaymentSchema)
@blueprint.response(200, EntitlementSchema)
@problems(404, 409, *BODY)
def entitlement_pay(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Pay what somebody else has granted, out of public money; `second_person_needed` (409) for who granted it."""
    with transaction():
        row, household = get_entitlement_within(public_id, office_reach())
        paying = Paying(get_fund(given["fund"]), given["place"], given["document_number"], given["bank"])
        pay(row, paying, by=account(), now=clock.now())
        return _answer(row, household)


def _answer(row: Entitlement, household: Household) -> dict[str, Any]:
    return _shown(row, db.session.get_one(BenefitRule, row.rule_id), household)
