"""Operations: who answers for which household, visits and money that came of it, and years that persons decide on."""

from typing import Any

from flask_smorest import Blueprint

from marketplace.assistance.duty.bringing import bring_funds, decide_funds, say_of_visit
from marketplace.assistance.duty.duties import give_duty, hand_over, suggested_heirs
from marketplace.assistance.duty.models import (
    DutyOfficer,
    DutyPlan,
    FundsBrought,
    Place,
    Rank,
    VisitWord,
)
from marketplace.assistance.duty.officers import change_rank, enter_officer, leave_office
from marketplace.assistance.duty.plans import approve_plan, discard_plan, draft_plan
from marketplace.assistance.duty.queries import (
    duties_of,
    find_officer,
    funds_within,
    get_funds_within,
    get_handover_within,
    get_officer_within,
    get_own_visit,
    get_plan_within,
    get_visit_within,
    held_counts,
    helpers_of,
    officers_after,
    officers_by_id,
    open_handovers,
    own_years,
    plan_by_officer,
    plans_within,
    quota_of,
    quotas_of,
    unasked_visits,
    visits_of,
    without_helper,
)
from marketplace.assistance.papers import PaperAction
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Forbidden, NotFound
from marketplace.registry.files import get_household_within
from marketplace.registry.models import Household, Visit
from marketplace.registry.visits import open_orders, record_visit
from marketplace.web.access import account, office_reach
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.duty_schemas import (
    DutiesOverviewSchema,
    DutyAreaSchema,
    DutyOfficerPageSchema,
    DutyOfficerSchema,
    DutyPageSchema,
    DutyPlanLinePageSchema,
    DutyPlanLineSchema,
    DutyPlanSchema,
    DutyRankSchema,
    DutyScoreSchema,
    DutyVisitSchema,
    FundsBroughtSchema,
    HandoverSchema,
    HeirSchema,
    HelperOfSchema,
    HouseholdVisitSchema,
    MadeVisitSchema,
    NewDutyOfficerSchema,
    NewFundsSchema,
    NewHelperSchema,
    OwnDutiesSchema,
    OwnHelpSchema,
    UnaskedVisitSchema,
    VisitWordSchema,
)
from marketplace.web.api.preconditions import check_unchanged, if_match
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.own_household import own_household

_A_PAGE = 100

blueprint: Blueprint = ApiBlueprint(
    "api-duty", __name__, url_prefix="/api/v1/assistance/duty", description="Officers who answer for households"
)


def _officer(officer: DutyOfficer, own: Account) -> dict[str, Any]:
    return _officers([(officer, own)])[0]


def _officers(rows: list[tuple[DutyOfficer, Account]]) -> list[dict[str, Any]]:
    officers = [officer for officer, _own in rows]
    held = held_counts([officer.id for officer in officers], Place.FIRST)
    quotas = quotas_of(officers, Place.FIRST, local_day(clock.now()))
    return [
        {
            **named(officer, DutyOfficerSchema),
            "name": own.display_name,
            "quota": quotas[officer.id],
            "held": held.get(officer.id, 0),
        }
        for officer, own in rows
    ]


def named(row: object, schema: type[OutputSchema], *but: str) -> dict[str, Any]:
    """What a schema has of a row's own columns."""
    return {name: getattr(row, name) for name in schema().fields if name not in but and hasattr(row, name)}


def _visit(visit: Visit, word: VisitWord | None, by: str) -> dict[str, Any]:
    said = None if word is None else word.took_place
    content = None if word is None else word.satisfaction
    return {"public_id": visit.public_id, "at": visit.at, "by": by, "took_place": said, "satisfaction": content}


def _funds(row: FundsBrought, household: Household) -> dict[str, Any]:
    return {**named(row, FundsBroughtSchema), "file": household.public_id}


def own_officer() -> DutyOfficer:
    """The caller as an officer in duty, or ``NotFound``."""
    officer = find_officer(account())
    if officer is None:
        raise NotFound("duty_officer_unknown", N_("There is no such officer in duty."))
    return officer


@blueprint.get("/own")
@only(RoleKind.OFFICER)
@blueprint.response(200, OwnDutiesSchema)
@problems(404)
def duties_own() -> dict[str, Any]:
    """The households you answer for, and your years."""
    officer = own_officer()
    return {
        "quota": quota_of(officer, Place.FIRST, local_day(clock.now())),
        "left_at": officer.left_at,
        "duties": [
            {
                "file": household.public_id,
                "code": household.code,
                "place": duty.place,
                "begins_at": duty.begins_at,
                "visit_due_on": min((order.due_on for order in open_orders(household)), default=None),
            }
            for duty, household in duties_of(officer)
        ],
        "years": [
            {**named(score, DutyScoreSchema), "year": year.year, "state": year.state, "merits": merits}
            for year, score, merits in own_years(officer)
        ],
    }


@blueprint.get("/mine")
@only(RoleKind.FARMER)
@blueprint.response(200, OwnHelpSchema)
@problems(404)
def help_mine() -> dict[str, Any]:
    """Who answers for your household, and whether they came."""
    household = own_household()
    return {
        "helpers": [
            {"name": own.display_name, "place": duty.place, "begins_at": duty.begins_at, "left_at": officer.left_at}
            for duty, officer, own in helpers_of(household)
        ],
        "visits": [_visit(visit, word, own.display_name) for visit, word, own in visits_of(household)],
    }


@blueprint.post("/mine/visits/<public_id:public_id>/word")
@only(RoleKind.FARMER)
@blueprint.arguments(VisitWordSchema)
@blueprint.response(201, HouseholdVisitSchema)
@problems(404, 409, *BODY)
def visit_word_own(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say whether somebody came, and how content you are; `visit_said` (409) when you said so before."""
    with transaction():
        visit = get_own_visit(own_household(), public_id)
        word = say_of_visit(visit, given["took_place"], given["satisfaction"], to=account(), now=clock.now())
        return _visit(visit, word, db.session.get_one(Account, visit.by_id).display_name)


@blueprint.get("/visits")
@only(RoleKind.OFFICER)
@blueprint.response(200, UnaskedVisitSchema(many=True))
def visits_unasked() -> list[dict[str, Any]]:
    """Visits of others in your areas of which no household has said a word yet, the oldest first; fifty at most."""
    return [
        {"public_id": visit.public_id, "file": household.public_id, "by": own.display_name, "at": visit.at}
        for visit, household, own in unasked_visits(office_reach(), not_by=account())
    ]


@blueprint.post("/visits/<public_id:public_id>/word")
@only(RoleKind.OFFICER)
@blueprint.arguments(VisitWordSchema)
@blueprint.response(201, HouseholdVisitSchema)
@problems(404, 409, *BODY)
def visit_word(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Write down what a household told you of somebody else's visit; `asked_by_another` (403) for your own."""
    with transaction():
        visit = get_visit_within(public_id, office_reach())
        word = say_of_visit(visit, given["took_place"], given["satisfaction"], to=account(), now=clock.now())
        return _visit(visit, word, db.session.get_one(Account, visit.by_id).display_name)


@blueprint.post("/households/<public_id:public_id>/visits")
@only(RoleKind.OFFICER)
@blueprint.arguments(DutyVisitSchema)
@blueprint.response(201, MadeVisitSchema)
@problems(404, 409, *BODY)
def duty_visit(given: dict[str, Any], public_id: str) -> Visit:
    """Write down that you were there; it answers the visits that were ordered and that you may make."""
    now = clock.now()
    with transaction():
        household = get_household_within(public_id, office_reach())
        answered = [order for order in open_orders(household) if order.not_by_id != account().id]
        return record_visit(household, account(), now, now=now, note=given["note"], answers=answered)


@blueprint.post("/households/<public_id:public_id>/helpers")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewHelperSchema)
@blueprint.response(201, HelperOfSchema)
@problems(404, 409, *BODY)
def duty_give(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Give a household a first or second helper; `over_quota` (409) at the rank's number."""
    with transaction():
        household, officer = (
            get_household_within(public_id, office_reach()),
            get_officer_within(given["officer"], office_reach()),
        )
        duty = give_duty(officer, household, Place(given["place"]), by=account(), now=clock.now())
        name = db.session.get_one(Account, officer.account_id).display_name
        return {"name": name, "place": duty.place, "begins_at": duty.begins_at, "left_at": officer.left_at}


@blueprint.post("/households/<public_id:public_id>/funds")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewFundsSchema)
@blueprint.response(201, FundsBroughtSchema)
@problems(404, 409, *BODY)
def brought_add(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Write down money that you brought a household of yours; `not_your_duty` (403), `funds_known` (409)."""
    with transaction():
        household, officer = get_household_within(public_id, office_reach()), find_officer(account())
        if officer is None:
            raise Forbidden("not_your_duty", N_("This household is in somebody else’s duty."))
        words = given["source"], given["document_number"]
        return _funds(bring_funds(officer, household, given["amount_fen"], *words, by=account(), now=clock.now()), household)


@blueprint.get("/funds")
@only(RoleKind.OFFICER)
@blueprint.response(200, FundsBroughtSchema(many=True))
def brought_waiting() -> list[dict[str, Any]]:
    """Money brought in your areas that a second person has not seen."""
    return [_funds(row, household) for row, household, _own in funds_within(office_reach())]


@blueprint.post("/funds/<public_id:public_id>/approve")
@only(RoleKind.OFFICER)
@blueprint.response(200, FundsBroughtSchema)
@problems(404, 409)
def brought_approve(public_id: str) -> dict[str, Any]:
    """You have seen the paper, and are not who wrote it down (403 `same_person`); the money is booked."""
    return _funds_decided(public_id, PaperAction.APPROVE)


@blueprint.post("/funds/<public_id:public_id>/discard")
@only(RoleKind.OFFICER)
@blueprint.response(200, FundsBroughtSchema)
@problems(404, 409)
def brought_discard(public_id: str) -> dict[str, Any]:
    """There is no such paper."""
    return _funds_decided(public_id, PaperAction.DISCARD)


def _funds_decided(public_id: str, action: PaperAction) -> dict[str, Any]:
    with transaction():
        row = get_funds_within(public_id, office_reach())
        decide_funds(row, action, by=account(), now=clock.now())
        return _funds(row, db.session.get_one(Household, row.household_id))


@blueprint.get("/officers")
@only(RoleKind.OFFICER)
@blueprint.arguments(DutyPageSchema, location="query")
@blueprint.response(200, DutyOfficerPageSchema)
@problems(404, 422)
def duty_officers(asked: dict[str, Any]) -> dict[str, Any]:
    """The officers in duty of your areas, by the places of their offices, those who have left office at the end."""
    found = officers_after(office_reach(), asked.get("after"), asked["limit"] + 1)
    return _paged(_officers(found[: asked["limit"]]), "public_id", more=len(found) > asked["limit"])


def _paged(items: list[dict[str, Any]], key: str, *, more: bool) -> dict[str, Any]:
    return {"items": items, "next": items[-1][key] if more else None}


@blueprint.post("/officers")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewDutyOfficerSchema)
@blueprint.response(201, DutyOfficerSchema)
@problems(404, 409, *BODY)
def duty_officer_enter(given: dict[str, Any]) -> dict[str, Any]:
    """Enter an officer in duty; `account_unknown` (404) for a name that nobody signs in with."""
    with transaction():
        area = office_reach().check(given["area_code"])
        found = find_account_by_login(given["login"].lower())
        if found is None:
            raise NotFound("account_unknown", N_("There is no such account."))
        return _officer(enter_officer(found, Rank(given["rank"]), area, by=account(), now=clock.now()), found)


@blueprint.post("/officers/<public_id:public_id>/rank")
@only(RoleKind.OFFICER)
@blueprint.arguments(DutyRankSchema)
@blueprint.response(200, DutyOfficerSchema)
@problems(404, 409, *BODY)
def duty_officer_rank(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Another rank; `over_quota` (409) when the officer has more households than it may have."""
    with transaction():
        officer = get_officer_within(public_id, office_reach())
        change_rank(officer, Rank(given["rank"]), by=account(), now=clock.now())
        return _officer(officer, db.session.get_one(Account, officer.account_id))


@blueprint.post("/officers/<public_id:public_id>/leave")
@only(RoleKind.OFFICER)
@blueprint.response(200, DutyOfficerSchema)
@problems(404, 409)
def duty_officer_leave(public_id: str) -> dict[str, Any]:
    """An officer leaves office; each household is to be handed over, and keeps its helper until then."""
    with transaction():
        officer = get_officer_within(public_id, office_reach())
        leave_office(officer, by=account(), now=clock.now())
        return _officer(officer, db.session.get_one(Account, officer.account_id))


@blueprint.get("/handovers")
@only(RoleKind.OFFICER)
@blueprint.response(200, HandoverSchema(many=True))
def handovers() -> list[dict[str, Any]]:
    """What has to be handed over in your areas, the hundred most urgent, the most urgent first."""
    rows = open_handovers(office_reach())[:_A_PAGE]
    heirs = suggested_heirs([(row.handover, Place(row.duty.place)) for row in rows], local_day(clock.now()))
    names = {number: officer.public_id for number, (officer, _own) in officers_by_id(heirs.values(), office_reach()).items()}
    return [
        {
            "public_id": row.handover.public_id,
            "file": row.household.public_id,
            "officer": row.officer.public_id,
            "due_on": row.handover.due_on,
            "suggested": names.get(heirs.get(row.handover.id, 0)),
        }
        for row in rows
    ]


@blueprint.post("/handovers/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.arguments(HeirSchema)
@blueprint.response(200, DutyOfficerSchema)
@problems(404, 409, *BODY)
def handover_done(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Another officer takes a household over; answers that officer."""
    with transaction():
        heir = get_officer_within(given["heir"], office_reach())
        hand_over(get_handover_within(public_id, office_reach()), heir, by=account(), now=clock.now())
        return _officer(heir, db.session.get_one(Account, heir.account_id))


@blueprint.get("/plans")
@only(RoleKind.OFFICER)
@blueprint.arguments(DutyAreaSchema, location="query")
@blueprint.response(200, DutiesOverviewSchema)
@problems(404, 422)
def duty_plans(asked: dict[str, Any]) -> dict[str, Any]:
    """The plans of one of your areas, and how many households there wait for a first helper."""
    reach = office_reach().narrowed(asked["area_code"])
    return {"waiting": len(without_helper(asked["area_code"], local_day(clock.now()))), "plans": plans_within(reach)}


@blueprint.post("/plans")
@only(RoleKind.OFFICER)
@blueprint.arguments(DutyAreaSchema)
@blueprint.response(201, DutyPlanSchema)
@problems(404, 409, *BODY)
def duty_plan_draft(given: dict[str, Any]) -> DutyPlan:
    """Work out a first helper for every household of an area that has none; `places_short` (409) names how many lack one."""
    with transaction():
        return draft_plan(office_reach().check(given["area_code"]), by=account(), now=clock.now())


@blueprint.get("/plans/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, DutyPlanSchema)
@problems(404)
def duty_plan(public_id: str) -> DutyPlan:
    """A plan; its ETag goes into `If-Match` of the approval."""
    return get_plan_within(public_id, office_reach())


@blueprint.get("/plans/<public_id:public_id>/lines")
@only(RoleKind.OFFICER)
@blueprint.arguments(DutyPageSchema, location="query")
@blueprint.response(200, DutyPlanLinePageSchema)
@problems(404, 422)
def duty_plan_lines(asked: dict[str, Any], public_id: str) -> dict[str, Any]:
    """A plan officer by officer, by the places of their offices; it never changes once it is drafted."""
    plan, after = get_plan_within(public_id, office_reach()), asked.get("after")
    behind = None if after is None else get_officer_within(after, office_reach())
    found = plan_by_officer(plan, most=asked["limit"] + 1, after=behind)
    lines = [{name: getattr(row, name) for name in DutyPlanLineSchema().fields} for row in found[: asked["limit"]]]
    return _paged(lines, "officer", more=len(found) > asked["limit"])


@blueprint.post("/plans/<public_id:public_id>/approve")
@if_match
@only(RoleKind.OFFICER)
@blueprint.response(200, DutyPlanSchema)
@problems(404, 409)
def duty_plan_approve(public_id: str) -> DutyPlan:
    """Approve a plan that somebody else drafted; `plan_outdated` (409) when something has changed since."""
    with transaction():
        found = get_plan_within(public_id, office_reach())
        check_unchanged(DutyPlanSchema(), found)
        approve_plan(found, by=account(), now=clock.now())
        return found


@blueprint.post("/plans/<public_id:public_id>/discard")
@only(RoleKind.OFFICER)
@blueprint.response(200, DutyPlanSchema)
@problems(404, 409)
def duty_plan_discard(public_id: str) -> DutyPlan:
    """Drop a draft; another can be drafted."""
    with transaction():
        found = get_plan_within(public_id, office_reach())
        discard_plan(found, by=account(), now=clock.now())
        return found
