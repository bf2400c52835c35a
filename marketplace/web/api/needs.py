"""Operations: needs that everybody can read, helper units and their pledges, and the offices' part in both."""

from typing import Any

from flask_smorest import Blueprint

from marketplace.assistance.needs.helping import approve_helper, close_need, deliver, enter_helper, pledge, release_pledge
from marketplace.assistance.needs.models import HelperKind, HelperUnit, Method, Need, NeedKind, NeedRound, Pledge
from marketplace.assistance.needs.queries import (
    asked_of,
    busy_count,
    get_helper_of,
    get_helper_within,
    get_need_within,
    get_own_need,
    get_own_pledge,
    get_public_need,
    get_round_within,
    helpers_within,
    household_of,
    lines_of,
    needs_of,
    needs_within,
    pledge_of,
    pledges_of,
    public_needs,
    rounds_within,
    suited,
)
from marketplace.assistance.needs.raising import raise_need, refuse_need, verify_need, withdraw_need
from marketplace.assistance.needs.rounds import decide_round, draft_round
from marketplace.assistance.needs.states import NeedState
from marketplace.assistance.papers import PaperAction
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.registry.files import get_household_within
from marketplace.registry.reading_log import NEED, note_reading
from marketplace.web.access import PUBLIC, account, allow, office_reach
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems, signed_in
from marketplace.web.api.needs_schemas import (
    ArrivalSchema,
    CardSchema,
    CardsQuerySchema,
    HelperDeskSchema,
    HelperUnitSchema,
    NeedCardSchema,
    NeedRoundSchema,
    NeedWhySchema,
    NewHelperUnitSchema,
    NewNeedRoundSchema,
    NewNeedSchema,
    NewOfficeNeedSchema,
    OfficeNeedSchema,
    OwnNeedSchema,
    PledgeSchema,
    ProofSchema,
    WholeNeedRoundSchema,
    WholeNeedSchema,
)
from marketplace.web.api.preconditions import check_unchanged, if_match
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.own_household import own_household

blueprint: Blueprint = ApiBlueprint(
    "api-needs", __name__, url_prefix="/api/v1/assistance/needs", description="Needs, and who helps"
)


def _of(row: object, schema: type[OutputSchema]) -> dict[str, Any]:
    """What a schema has of a row's own columns."""
    return {name: getattr(row, name) for name in schema().fields if hasattr(row, name)}


def _own(need: Need, schema: type[OutputSchema] = OwnNeedSchema) -> dict[str, Any]:
    made = pledge_of(need)
    return {**_of(need, schema), "proof": "" if made is None else made.proof}


def _pledge(made: Pledge, need: Need) -> dict[str, Any]:
    return {**_of(made, PledgeSchema), "need": need}


def _whole(need: Need) -> dict[str, Any]:
    household = household_of(need)
    fits = suited(need, local_day(clock.now())) if need.state == NeedState.OPEN else []
    return {
        **_own(need, OfficeNeedSchema),
        "file": None if household is None else household.public_id,
        "suited": [
            {
                "helper": each.helper.public_id,
                "name": each.helper.name,
                "score": each.fit.score,
                "near": each.fit.near,
                "kept": each.seen.kept,
                "lapsed": each.seen.lapsed,
                "free": each.seen.free,
            }
            for each in fits
        ],
    }


def _round(found: NeedRound) -> dict[str, Any]:
    lines = [{"need": need, "helper": unit, "fit": line.fit} for line, need, unit in lines_of(found)]
    return {**_of(found, NeedRoundSchema), "lines": lines}


@blueprint.get("")
@allow(PUBLIC)
@blueprint.arguments(CardsQuerySchema, location="query")
@blueprint.response(200, CardSchema(many=True))
@problems(422)
def needs_public(asked: dict[str, Any]) -> Any:
    """Verified needs, those that wait for a helper first; a hundred at most. Nobody needs a token for this."""
    return public_needs(asked["kind"])


@blueprint.get("/<public_id:public_id>")
@allow(PUBLIC)
@blueprint.response(200, CardSchema)
@problems(404)
def need_public(public_id: str) -> Need:
    """One verified need."""
    return get_public_need(public_id)


@blueprint.post("/<public_id:public_id>/pledge")
@signed_in
@blueprint.response(200, PledgeSchema)
@problems(404, 409)
def need_pledge(public_id: str) -> dict[str, Any]:
    """Take a need on for your unit; of all who reach for it one has it, the others are told so (409 `need_taken`)."""
    with transaction():
        need = get_public_need(public_id)
        return _pledge(pledge(need, get_helper_of(account()), by=account(), now=clock.now()), need)


@blueprint.get("/desk")
@signed_in
@blueprint.response(200, HelperDeskSchema)
@problems(404)
def helper_desk() -> dict[str, Any]:
    """Your helper unit, what the county asks it for and what it took on."""
    unit = get_helper_of(account())
    rows = [_pledge(made, need) for made, need in pledges_of(unit)]
    return {"unit": unit, "busy": busy_count(unit), "asked": asked_of(unit), "pledges": rows}


@blueprint.post("/desk")
@signed_in
@blueprint.arguments(NewHelperUnitSchema)
@blueprint.response(201, HelperUnitSchema)
@problems(404, 409, *BODY)
def helper_enter(given: dict[str, Any]) -> HelperUnit:
    """Say whom you act for and what you can help with; an officer looks at it first."""
    with transaction():
        can = [NeedKind(kind) for kind in given["can"]]
        words = HelperKind(given["kind"]), given["name"], given["area_code"]
        return enter_helper(*words, can, given["quota"], by=account(), now=clock.now())


@blueprint.post("/pledges/<public_id:public_id>/deliver")
@signed_in
@blueprint.arguments(ProofSchema)
@blueprint.response(200, PledgeSchema)
@problems(404, 409, *BODY)
def pledge_deliver(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say with a proof what was handed over; somebody else says whether it arrived."""
    with transaction():
        made = get_own_pledge(get_helper_of(account()), public_id)
        deliver(made, given["proof"], by=account(), now=clock.now())
        return _pledge(made, db.session.get_one(Need, made.need_id))


@blueprint.post("/pledges/<public_id:public_id>/release")
@signed_in
@blueprint.response(200, PledgeSchema)
@problems(404, 409)
def pledge_release(public_id: str) -> dict[str, Any]:
    """Give a need up, so that others can help."""
    with transaction():
        made = get_own_pledge(get_helper_of(account()), public_id)
        release_pledge(made, by=account(), now=clock.now())
        return _pledge(made, db.session.get_one(Need, made.need_id))


@blueprint.get("/mine")
@only(RoleKind.FARMER)
@blueprint.response(200, OwnNeedSchema(many=True))
@problems(404)
def needs_mine() -> list[dict[str, Any]]:
    """The needs of your household."""
    return [_own(need) for need in needs_of(own_household())]


@blueprint.post("/mine")
@only(RoleKind.FARMER)
@blueprint.arguments(NewNeedSchema)
@blueprint.response(201, OwnNeedSchema)
@problems(404, *BODY)
def need_raise_own(given: dict[str, Any]) -> dict[str, Any]:
    """Say what your household lacks; nobody but offices reads it before an officer has verified it."""
    with transaction():
        more = {"household": own_household(), "worth_fen": given["worth_fen"]}
        return _own(raise_need(NeedKind(given["kind"]), given["words"], by=account(), now=clock.now(), **more))


@blueprint.post("/mine/<public_id:public_id>/withdraw")
@only(RoleKind.FARMER)
@blueprint.response(200, OwnNeedSchema)
@problems(404, 409)
def need_withdraw_own(public_id: str) -> dict[str, Any]:
    """You no longer need it; not once a helper has taken it on (409 `need_state`)."""
    with transaction():
        household = own_household()
        need = get_own_need(household, public_id)
        withdraw_need(need, by=account(), household=household, now=clock.now())
        return _own(need)


@blueprint.post("/mine/<public_id:public_id>/arrived")
@only(RoleKind.FARMER)
@blueprint.arguments(ArrivalSchema)
@blueprint.response(200, OwnNeedSchema)
@problems(404, 409, *BODY)
def need_arrived_own(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say whether what was delivered has arrived."""
    with transaction():
        household = own_household()
        need = get_own_need(household, public_id)
        close_need(need, given["arrived"], by=account(), household=household, now=clock.now())
        return _own(need)


@blueprint.get("/office")
@only(RoleKind.OFFICER)
@blueprint.response(200, OfficeNeedSchema(many=True))
def needs_office() -> list[dict[str, Any]]:
    """The needs of your areas, those first that wait for an office; two hundred at most."""
    return [_own(need, OfficeNeedSchema) for need in needs_within(office_reach())]


@blueprint.post("/office")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewOfficeNeedSchema)
@blueprint.response(201, OfficeNeedSchema)
@problems(404, *BODY)
def need_raise(given: dict[str, Any]) -> dict[str, Any]:
    """Write a need down, of a household or else of a village; another officer verifies it."""
    with transaction():
        household = None if given["file"] is None else get_household_within(given["file"], office_reach())
        area = None if household or given["area_code"] is None else office_reach().check(given["area_code"])
        more = {"household": household, "area_code": area, "worth_fen": given["worth_fen"]}
        need = raise_need(NeedKind(given["kind"]), given["words"], by=account(), now=clock.now(), **more)
        return _own(need, OfficeNeedSchema)


@blueprint.get("/office/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, WholeNeedSchema)
@problems(404)
def need_office(public_id: str) -> dict[str, Any]:
    """A need, whose it is and which units suit it; the household can see who read it."""
    with transaction():
        need = get_need_within(public_id, office_reach())
        household = household_of(need)
        if household is not None:
            note_reading(household, account(), NEED, now=clock.now())
        return _whole(need)


@blueprint.post("/office/<public_id:public_id>/verify")
@if_match
@only(RoleKind.OFFICER)
@blueprint.arguments(NeedCardSchema)
@blueprint.response(200, WholeNeedSchema)
@problems(404, 409, *BODY)
def need_verify(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Verify a need that somebody else wrote down, with the card that everybody reads."""
    with transaction():
        need = get_need_within(public_id, office_reach())
        check_unchanged(WholeNeedSchema(), _whole(need))
        verify_need(need, given["card"], by=account(), now=clock.now())
        return _whole(need)


@blueprint.post("/office/<public_id:public_id>/refuse")
@only(RoleKind.OFFICER)
@blueprint.arguments(NeedWhySchema)
@blueprint.response(200, WholeNeedSchema)
@problems(404, 409, *BODY)
def need_refuse(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say that it is none, and why."""
    with transaction():
        need = get_need_within(public_id, office_reach())
        refuse_need(need, given["why"], by=account(), now=clock.now())
        return _whole(need)


@blueprint.post("/office/<public_id:public_id>/withdraw")
@only(RoleKind.OFFICER)
@blueprint.response(200, WholeNeedSchema)
@problems(404, 409)
def need_withdraw(public_id: str) -> dict[str, Any]:
    """Take back a need that no helper has taken on."""
    with transaction():
        need = get_need_within(public_id, office_reach())
        withdraw_need(need, by=account(), now=clock.now())
        return _whole(need)


@blueprint.post("/office/<public_id:public_id>/arrived")
@only(RoleKind.OFFICER)
@blueprint.arguments(ArrivalSchema)
@blueprint.response(200, WholeNeedSchema)
@problems(404, 409, *BODY)
def need_arrived(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say whether what was delivered has arrived."""
    with transaction():
        need = get_need_within(public_id, office_reach())
        close_need(need, given["arrived"], by=account(), now=clock.now())
        return _whole(need)


@blueprint.get("/units")
@only(RoleKind.OFFICER)
@blueprint.response(200, HelperUnitSchema(many=True))
def helper_units() -> Any:
    """The helper units of your areas, those that nobody has looked at first."""
    return helpers_within(office_reach())


@blueprint.post("/units/<public_id:public_id>/approve")
@only(RoleKind.OFFICER)
@blueprint.response(200, HelperUnitSchema)
@problems(404, 409)
def helper_unit_approve(public_id: str) -> HelperUnit:
    """You have looked at a unit's papers; it can take on needs now."""
    with transaction():
        unit = get_helper_within(public_id, office_reach())
        approve_helper(unit, by=account(), now=clock.now())
        return unit


@blueprint.get("/rounds")
@only(RoleKind.OFFICER)
@blueprint.response(200, NeedRoundSchema(many=True))
def need_rounds() -> Any:
    """The rounds of your areas, the newest first; ten at most."""
    return rounds_within(office_reach())


@blueprint.post("/rounds")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewNeedRoundSchema)
@blueprint.response(201, WholeNeedRoundSchema)
@problems(404, 409, *BODY)
def need_round_draft(given: dict[str, Any]) -> dict[str, Any]:
    """Match every open need of an area with a unit that suits it; nobody is asked yet."""
    with transaction():
        area = office_reach().check(given["area_code"])
        return _round(draft_round(area, Method(given["method"]), by=account(), now=clock.now()))


@blueprint.get("/rounds/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, WholeNeedRoundSchema)
@problems(404)
def need_round(public_id: str) -> dict[str, Any]:
    """A round, need by need."""
    return _round(get_round_within(public_id, office_reach()))


@blueprint.post("/rounds/<public_id:public_id>/approve")
@only(RoleKind.OFFICER)
@blueprint.response(200, WholeNeedRoundSchema)
@problems(404, 409)
def need_round_approve(public_id: str) -> dict[str, Any]:
    """Approve a round that somebody else drafted: its units find on their desks what they are asked for."""
    return _round_decided(public_id, PaperAction.APPROVE)


@blueprint.post("/rounds/<public_id:public_id>/discard")
@only(RoleKind.OFFICER)
@blueprint.response(200, WholeNeedRoundSchema)
@problems(404, 409)
def need_round_discard(public_id: str) -> dict[str, Any]:
    """Drop a draft."""
    return _round_decided(public_id, PaperAction.DISCARD)


def _round_decided(public_id: str, action: PaperAction) -> dict[str, Any]:
    with transaction():
        found = get_round_within(public_id, office_reach())
        decide_round(found, action, by=account(), now=clock.now())
        return _round(found)
