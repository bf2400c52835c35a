"""Cases for government's programs: what is due, one case or round with its steps, taking the next one, objections, alerts."""

from datetime import date
from typing import Any

from flask_smorest import Blueprint

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.registry.cases.comparison import answer_alert, evidence_of, get_alert, open_alerts
from marketplace.registry.cases.history import registered_by_area
from marketplace.registry.cases.objections import decide_objection, get_objection
from marketplace.registry.cases.reading_cases import due_list, get_case, possible_steps, steps_of
from marketplace.registry.cases.rounds import Votes, get_round, hold_assembly, live_cases, round_state, take_round
from marketplace.registry.cases.samples import current_sample, decide_sample, get_sampled, record_finding, visits_of
from marketplace.registry.cases.taking import take
from marketplace.registry.files import get_household_within
from marketplace.registry.models import (
    AlertState,
    Case,
    CaseAction,
    ComparisonAlert,
    Household,
    Round,
    StatusCategory,
)
from marketplace.web.access import account, area_in_scope, office_reach
from marketplace.web.api.case_schemas import (
    AlertAnswerSchema,
    AlertSchema,
    AlertsSchema,
    AlertWithEvidenceSchema,
    AreaQuerySchema,
    AssemblySchema,
    CaseWithStepsSchema,
    DecisionSchema,
    DueSchema,
    FindingSchema,
    NewCaseSchema,
    ObjectionSchema,
    RegisteredQuerySchema,
    RegisteredSchema,
    RoundSchema,
    RoundStepSchema,
    StepSchema,
)
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.case_steps import note_reading, opened, taker

blueprint: Blueprint = ApiBlueprint("api-cases", __name__, url_prefix="/api/v1/cases", description="Entry, exit, monitoring")


def _shown(case: Case, household: str, village_round: Round | None) -> dict[str, Any]:
    names = (
        "public_id",
        "kind",
        "state",
        "source",
        "risk",
        "village_code",
        "opened_on",
        "not_before_on",
        "due_on",
        "due_provisional",
        "ended_on",
    )
    found: dict[str, Any] = {name: getattr(case, name) for name in names}
    return {**found, "file": household, "round": None if village_round is None else village_round.public_id}


def _one(case: Case, household: Household) -> dict[str, Any]:
    village_round = None if case.round_id is None else db.session.get_one(Round, case.round_id)
    taken = [
        {
            "action": row.step.action,
            "state": row.step.state,
            "by": row.by,
            "by_household": row.step.by_household,
            "at": row.step.at,
            "reason": row.reason,
        }
        for row in steps_of(case, household)
    ]
    possible = [] if village_round is not None else [action.value for action in possible_steps(case, taker())]
    return {**_shown(case, household.public_id, village_round), "taken": taken, "possible": possible}


@blueprint.get("")
@only(RoleKind.OFFICER)
@blueprint.arguments(AreaQuerySchema, location="query")
@blueprint.response(200, DueSchema)
@problems(404, 422)
def cases_due(given: dict[str, Any]) -> dict[str, Any]:
    """What is due at your level, the latest first; at most 200 entries of `number`."""
    area = area_in_scope(RoleKind.OFFICER, given.get("area"))
    rows, number = due_list(account(), area, office_reach(), local_day(clock.now()))
    return {"number": number, "items": [_shown(row.case, row.household.public_id, row.round) for row in rows]}


@blueprint.post("")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewCaseSchema)
@blueprint.response(201, CaseWithStepsSchema)
@problems(404, 409, *BODY)
def open_case(given: dict[str, Any]) -> dict[str, Any]:
    """Write down an application, a proposal to leave, or a clue. Nothing is decided by it."""
    household = get_household_within(given["file"], office_reach())
    with transaction():
        case = opened(household, given, now=clock.now())
        return _one(case, household)


@blueprint.get("/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, CaseWithStepsSchema)
@problems(404)
def one_case(public_id: str) -> dict[str, Any]:
    """A case with its steps. The household sees that you have read it."""
    case, household = get_case(public_id, office_reach())
    with transaction():
        note_reading([household], "case", clock.now())
        return _one(case, household)


@blueprint.post("/<public_id:public_id>/steps")
@only(RoleKind.OFFICER)
@blueprint.arguments(StepSchema)
@blueprint.response(200, CaseWithStepsSchema)
@problems(404, 409, *BODY)
def take_step(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Take the next step of a case; one that was taken already changes nothing."""
    case, household = get_case(public_id, office_reach())
    with transaction():
        take(case, CaseAction(given["action"]), taker(), now=clock.now(), reason=given["reason"])
        return _one(case, household)


def _round(of: Round) -> dict[str, Any]:
    cases, sample = live_cases(of), current_sample(of)
    ids = {case.household_id for case in cases}
    households = {number: db.session.get_one(Household, number).public_id for number in ids}
    return {
        "public_id": of.public_id,
        "village_code": of.village_code,
        "state": round_state(cases),
        "opened_on": of.opened_on,
        "cases": [_shown(case, households[case.household_id], of) for case in cases],
        "sample_seed": None if sample is None else sample.seed,
        "sample": [] if sample is None else [case.public_id for _visit, case, _household in visits_of(sample)],
    }


@blueprint.get("/rounds/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, RoundSchema)
@problems(404)
def one_round(public_id: str) -> dict[str, Any]:
    """A village's round."""
    return _round(get_round(public_id, office_reach()))


@blueprint.post("/rounds/<public_id:public_id>/assemblies")
@only(RoleKind.OFFICER)
@blueprint.arguments(AssemblySchema)
@blueprint.response(201, RoundSchema)
@problems(404, 409, *BODY)
def hold_round_assembly(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Write down an assembly; without its quorum it counts for nothing, and the round stays where it was."""
    of = get_round(public_id, office_reach())
    votes = {vote["case"]: Votes(vote["in_favour"], vote["against"]) for vote in given["votes"]}
    with transaction():
        hold_assembly(of, given["held_on"], given["entitled"], given["present"], votes, taker(), now=clock.now())
        return _round(of)


@blueprint.post("/rounds/<public_id:public_id>/steps")
@only(RoleKind.OFFICER)
@blueprint.arguments(RoundStepSchema)
@blueprint.response(200, RoundSchema)
@problems(404, 409, *BODY)
def take_round_step(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Take the step that all applications of a round take together."""
    of = get_round(public_id, office_reach())
    with transaction():
        take_round(of, CaseAction(given["action"]), taker(), now=clock.now())
        return _round(of)


@blueprint.post("/rounds/<public_id:public_id>/visits/<public_id:case>")
@only(RoleKind.OFFICER)
@blueprint.arguments(FindingSchema)
@blueprint.response(200, RoundSchema)
@problems(404, 409, *BODY)
def record_visit(given: dict[str, Any], public_id: str, case: str) -> dict[str, Any]:
    """Write down what was found at a household of the sample."""
    of = get_round(public_id, office_reach())
    with transaction():
        record_finding(get_sampled(case, of), of, given["fit"], given["finding"], taker(), now=clock.now())
        return _round(of)


@blueprint.post("/rounds/<public_id:public_id>/sample")
@only(RoleKind.OFFICER)
@blueprint.response(200, RoundSchema)
@problems(404, 409)
def decide_round_sample(public_id: str) -> dict[str, Any]:
    """Draw the one conclusion that a visited sample allows."""
    of = get_round(public_id, office_reach())
    with transaction():
        decide_sample(of, taker(), now=clock.now())
        return _round(of)


@blueprint.post("/objections/<public_id:public_id>/decision")
@only(RoleKind.OFFICER)
@blueprint.arguments(DecisionSchema)
@blueprint.response(200, ObjectionSchema)
@problems(404, 409, *BODY)
def decide(given: dict[str, Any], public_id: str) -> Any:
    """Decide on an objection, as an officer of the level above the notice."""
    found = get_objection(public_id, office_reach())
    with transaction():
        decide_objection(found, given["uphold"], given["answer"], account(), now=clock.now())
    return get_objection(public_id, office_reach())


def _alert(alert: ComparisonAlert, household: Household) -> dict[str, Any]:
    names = ("public_id", "village_code", "department", "state", "raised_on", "due_on", "due_provisional")
    return {**{name: getattr(alert, name) for name in names}, "file": household.public_id}


@blueprint.get("/alerts")
@only(RoleKind.OFFICER)
@blueprint.response(200, AlertsSchema)
def alerts() -> dict[str, Any]:
    """The open alerts of your area."""
    return {"items": [_alert(alert, household) for alert, household in open_alerts(office_reach())]}


@blueprint.get("/alerts/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, AlertWithEvidenceSchema)
@problems(404)
def one_alert(public_id: str) -> dict[str, Any]:
    """An alert with its evidence. The household sees that you have read it."""
    alert = get_alert(public_id, office_reach())
    with transaction():
        household = db.session.get_one(Household, alert.household_id)
        note_reading([household], "alert", clock.now())
        return {**_alert(alert, household), **evidence_of(alert, household)}


@blueprint.post("/alerts/<public_id:public_id>/answer")
@only(RoleKind.OFFICER)
@blueprint.arguments(AlertAnswerSchema)
@blueprint.response(200, AlertSchema)
@problems(404, 409, *BODY)
def answer(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say what is behind an alert; `exit_opened` proposes an exit, which goes its whole way."""
    alert = get_alert(public_id, office_reach())
    with transaction():
        answer_alert(alert, AlertState(given["answer"]), given["explanation"], account(), now=clock.now())
        return _alert(get_alert(public_id, office_reach()), db.session.get_one(Household, alert.household_id))


@blueprint.get("/registered")
@only(RoleKind.OFFICER)
@blueprint.arguments(RegisteredQuerySchema, location="query")
@blueprint.response(200, RegisteredSchema)
@problems(404, 422)
def registered(given: dict[str, Any]) -> dict[str, Any]:
    """How many households were registered on any day, by area one level below."""
    code = area_in_scope(RoleKind.OFFICER, given.get("area"))
    day: date = given["day"] or local_day(clock.now())
    counts = registered_by_area(code, day)
    items = [
        {"area_code": part, **{each.value: numbers.get(each, 0) for each in StatusCategory}} for part, numbers in counts.items()
    ]
    return {"area_code": code, "day": day, "items": items}
