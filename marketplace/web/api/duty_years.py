"""Operations: years of duty, scored by the sheet in force and decided on by persons."""

from typing import Any

from marketplace.assistance.duty.models import (
    DutyMerit,
    DutyYear,
    MeritKind,
)
from marketplace.assistance.duty.queries import (
    get_merit,
    get_own_merit,
    get_score,
    get_year_within,
    merits_of,
    scores_of,
    years_within,
)
from marketplace.assistance.duty.years import answer_merit, decide_merit, decide_year, draft_year, propose_merit
from marketplace.assistance.papers import PaperAction
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.web.access import account, office_reach
from marketplace.web.api.documents import BODY, only, problems
from marketplace.web.api.duty import blueprint, named, own_officer
from marketplace.web.api.duty_schemas import (
    DutyMeritSchema,
    DutyScoreSchema,
    DutyYearSchema,
    MeritAnswerSchema,
    NewDutyYearSchema,
    NewMeritSchema,
    WholeDutyYearSchema,
)
from marketplace.web.api.preconditions import check_unchanged, if_match


def _year(found: DutyYear) -> dict[str, Any]:
    merits = merits_of(found)
    scores = [
        {
            **named(score, DutyScoreSchema),
            "officer": officer.public_id,
            "name": own.display_name,
            "merits": merits.get(score.id, []),
        }
        for score, officer, own in scores_of(found)
    ]
    return {**named(found, DutyYearSchema), "scores": scores}


@blueprint.post("/own/merits/<public_id:public_id>/answer")
@only(RoleKind.OFFICER)
@blueprint.arguments(MeritAnswerSchema)
@blueprint.response(200, DutyMeritSchema)
@problems(404, 409, *BODY)
def merit_answer(given: dict[str, Any], public_id: str) -> DutyMerit:
    """Say something to a proposal about you, until it is decided (409 `paper_state`)."""
    with transaction():
        merit = get_own_merit(own_officer(), public_id)
        answer_merit(merit, given["answer"], by=account(), now=clock.now())
        return merit


@blueprint.get("/years")
@only(RoleKind.OFFICER)
@blueprint.response(200, DutyYearSchema(many=True))
def duty_years() -> Any:
    """The scored years of your areas, the newest first."""
    return years_within(office_reach())


@blueprint.post("/years")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewDutyYearSchema)
@blueprint.response(201, WholeDutyYearSchema)
@problems(404, 409, *BODY)
def duty_year_draft(given: dict[str, Any]) -> dict[str, Any]:
    """Score the officers of an area for a year, by the sheet in force on its last day."""
    with transaction():
        return _year(draft_year(office_reach().check(given["area_code"]), given["year"], by=account(), now=clock.now()))


@blueprint.get("/years/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, WholeDutyYearSchema)
@problems(404)
def duty_year(public_id: str) -> dict[str, Any]:
    """A year, officer by officer, with what was proposed."""
    return _year(get_year_within(public_id, office_reach()))


@blueprint.post("/years/<public_id:public_id>/approve")
@if_match
@only(RoleKind.OFFICER)
@blueprint.response(200, WholeDutyYearSchema)
@problems(404, 409)
def duty_year_approve(public_id: str) -> dict[str, Any]:
    """Approve the scores that somebody else drafted."""
    with transaction():
        found = get_year_within(public_id, office_reach())
        check_unchanged(WholeDutyYearSchema(), _year(found))
        decide_year(found, PaperAction.APPROVE, by=account(), now=clock.now())
        return _year(found)


@blueprint.post("/years/<public_id:public_id>/discard")
@only(RoleKind.OFFICER)
@blueprint.response(200, WholeDutyYearSchema)
@problems(404, 409)
def duty_year_discard(public_id: str) -> dict[str, Any]:
    """Drop the scores; the year can be scored again."""
    with transaction():
        found = get_year_within(public_id, office_reach())
        decide_year(found, PaperAction.DISCARD, by=account(), now=clock.now())
        return _year(found)


@blueprint.post("/years/<public_id:public_id>/officers/<public_id:officer>/merits")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewMeritSchema)
@blueprint.response(201, DutyMeritSchema)
@problems(404, 409, *BODY)
def merit_propose(given: dict[str, Any], public_id: str, officer: str) -> DutyMerit:
    """Propose a reward, a penalty or a promotion for an approved year; never for yourself."""
    with transaction():
        found = get_year_within(public_id, office_reach())
        kind = MeritKind(given["kind"])
        return propose_merit(found, get_score(found, officer), kind, given["reason"], by=account(), now=clock.now())


@blueprint.post("/years/<public_id:public_id>/merits/<public_id:merit>/approve")
@only(RoleKind.OFFICER)
@blueprint.response(200, DutyMeritSchema)
@problems(404, 409)
def merit_approve(public_id: str, merit: str) -> DutyMerit:
    """Decide that it is so; a penalty only once the officer was heard (409 `not_heard`)."""
    return _merit_decided(public_id, merit, PaperAction.APPROVE)


@blueprint.post("/years/<public_id:public_id>/merits/<public_id:merit>/discard")
@only(RoleKind.OFFICER)
@blueprint.response(200, DutyMeritSchema)
@problems(404, 409)
def merit_discard(public_id: str, merit: str) -> DutyMerit:
    """Decide that it is not to be."""
    return _merit_decided(public_id, merit, PaperAction.DISCARD)


def _merit_decided(public_id: str, merit: str, action: PaperAction) -> DutyMerit:
    with transaction():
        found = get_year_within(public_id, office_reach())
        row = get_merit(found, merit)
        decide_merit(found, row, action, by=account(), now=clock.now())
        return row
