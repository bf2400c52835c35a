"""Complaints for programs: sending one and following it by its code, without a token; the desk's work; inspections."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.complaints.checklists import CHECKLISTS
from marketplace.complaints.filing import Said, file_complaint
from marketplace.complaints.following import complaint_of_code, rate, reopen, withdraw_complaint
from marketplace.complaints.handling import answer_complaint, hand_on, take_complaint
from marketplace.complaints.inspections import (
    MOST,
    answer_items,
    begin_inspection,
    call_off,
    findings_for,
    get_finding_for,
    get_inspection_for,
    inspections_for,
    move_finding,
    plan_inspections,
    report,
)
from marketplace.complaints.models import (
    About,
    AdverseKind,
    Channel,
    Complaint,
    ComplaintKind,
    Inspection,
    InspectionFinding,
    Topic,
    Verdict,
)
from marketplace.complaints.queries import adverse_acts_for, complaints_for, get_complaint_for, steps_of
from marketplace.complaints.retaliation import settle_act
from marketplace.complaints.states import ComplaintState, FindingAction, FindingState, InspectionState
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.api.documents import BODY, OPTIONAL_BEARER, ApiBlueprint, only, problems
from marketplace.web.api.inputs import (
    AREA,
    InputSchema,
    Line,
    Prose,
    PublicIdField,
    SearchText,
    Spelled,
    WholeField,
    YesNoField,
)
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.complaint_limit import count_try

blueprint: Blueprint = ApiBlueprint(
    "api-complaints", __name__, url_prefix="/api/v1/complaints", description="Complaints and inspections"
)
_BOTH = (RoleKind.OFFICER, RoleKind.AUDITOR)
_ITEMS = sorted({item for items in CHECKLISTS.values() for item in items})


def _names(kind: Any) -> list[str]:
    return [one.value for one in kind]


class NewComplaintSchema(InputSchema):
    """What is wrong. Without `name` and `contact` nothing of its sender is kept, and no token counts."""

    kind = fields.String(required=True, validate=validate.OneOf(_names(ComplaintKind)))
    about = fields.String(required=True, validate=validate.OneOf(_names(About)))
    area_code = Spelled(AREA, most=12, required=True)
    office_code = Spelled(AREA, most=12, load_default="", metadata={"description": "The office accused, over the area"})
    subject = SearchText(60, load_default="")
    words = Prose(2000, required=True)
    name = SearchText(120, load_default="")
    contact = SearchText(120, load_default="")


class ComplaintMadeSchema(OutputSchema):
    """A complaint that was taken. The code is told this once."""

    reference = fields.String()
    code = fields.String()
    answer_by = fields.Date()


class ComplaintCodeSchema(InputSchema):
    """The code of a complaint, in the body: an address would be written into logs."""

    code = Line(40, required=True)


class ComplaintAgainSchema(ComplaintCodeSchema):
    """What is still wrong."""

    words = Prose(2000, required=True)


class ComplaintStarsSchema(ComplaintCodeSchema):
    """How well it was dealt with."""

    stars = WholeField(1, 5, required=True)


class ComplaintStepSchema(OutputSchema):
    """What was done, as its sender may read it."""

    action = fields.String()
    words = fields.String()
    evidence = fields.String()
    done_on = fields.Date()


class FollowedComplaintSchema(OutputSchema):
    """What became of a complaint, for who has its code."""

    reference = fields.String()
    kind = fields.String(validate=validate.OneOf(_names(ComplaintKind)))
    about = fields.String(validate=validate.OneOf(_names(About)))
    words = fields.String()
    area_code = fields.String()
    made_on = fields.Date()
    answer_by = fields.Date()
    due_on = fields.Date(allow_none=True)
    due_provisional = fields.Boolean()
    state = fields.String(validate=validate.OneOf(_names(ComplaintState)))
    rating = fields.Integer(allow_none=True)
    steps = fields.List(fields.Nested(ComplaintStepSchema))


class HeardComplaintSchema(FollowedComplaintSchema):
    """A complaint for the desk that hears it."""

    public_id = fields.String()
    subject = fields.String()
    channel = fields.String(validate=validate.OneOf(_names(Channel)))
    heard_at = fields.String()
    anonymous = fields.Boolean()
    name = fields.String(allow_none=True)
    contact = fields.String(allow_none=True)


class ComplaintAnswerSchema(InputSchema):
    """An answer, or with `declined` why nothing is done."""

    words = Prose(2000, required=True)
    evidence = SearchText(120, load_default="")
    declined = YesNoField(load_default=False)


class HandOnSchema(InputSchema):
    """To whose account it goes."""

    to = PublicIdField(required=True)


class InspectionSchema(OutputSchema):
    """An inspection and why it was chosen."""

    public_id = fields.String()
    topic = fields.String(validate=validate.OneOf(_names(Topic)))
    subject = fields.String()
    title = fields.String()
    area_code = fields.String()
    drawn = fields.String()
    score_bp = fields.Integer()
    features = fields.Dict(keys=fields.String(), values=fields.Integer())
    weights = fields.Dict(keys=fields.String(), values=fields.Integer())
    state = fields.String(validate=validate.OneOf(_names(InspectionState)))
    due_on = fields.Date(allow_none=True)


class InspectionPlanSchema(InputSchema):
    """How many of what, and where."""

    topic = fields.String(required=True, validate=validate.OneOf(_names(Topic)))
    area_code = Spelled(AREA, most=12, required=True)
    number = WholeField(1, MOST, required=True)


class ChecklistAnswerSchema(InputSchema):
    """What was seen of one item."""

    item = fields.String(required=True, validate=validate.OneOf(_ITEMS))
    verdict = fields.String(required=True, validate=validate.OneOf(_names(Verdict)))
    words = Prose(400, may_be_empty=True, load_default="")


class ChecklistSchema(InputSchema):
    """What was seen; `finished` reports it."""

    answers = fields.List(fields.Nested(ChecklistAnswerSchema), required=True, validate=validate.Length(max=20))
    finished = YesNoField(load_default=False)


class InspectionFindingSchema(OutputSchema):
    """Something that an inspection found wrong."""

    public_id = fields.String()
    item = fields.String()
    state = fields.String(validate=validate.OneOf(_names(FindingState)))
    due_on = fields.Date(allow_none=True)
    words = fields.String()
    done = fields.String()
    proof = fields.String()
    appeal = fields.String()
    answer = fields.String()


class FindingMoveSchema(InputSchema):
    """What is done about a finding: `rectify` needs a proof."""

    action = fields.String(required=True, validate=validate.OneOf(_names(FindingAction)))
    words = Prose(400, may_be_empty=True, load_default="")
    proof = SearchText(120, load_default="")


class AdverseActSchema(OutputSchema):
    """An act against the household of a complainant."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf(_names(AdverseKind)))
    happened_on = fields.Date()
    settled_on = fields.Date(allow_none=True)
    settled_words = fields.String()


class SettledSchema(InputSchema):
    """What an act was."""

    words = Prose(400, required=True)


@blueprint.after_request
def keep_nowhere(response: Response) -> Response:
    """No cache keeps what somebody complained of."""
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _followed(complaint: Complaint, *, told: bool = True) -> dict[str, Any]:
    schema = FollowedComplaintSchema if told else HeardComplaintSchema
    shown = {name: getattr(complaint, name) for name in schema().fields if name != "steps"}
    return {**shown, "steps": steps_of(complaint, told=told)}


@blueprint.post("")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.arguments(NewComplaintSchema)
@blueprint.response(201, ComplaintMadeSchema)
@problems(404, 429, *BODY)
def complaint_make(given: dict[str, Any]) -> dict[str, Any]:
    """Say what is wrong; anybody may, without an account."""
    now = clock.now()
    count_try(now=now)
    said = Said(**{**given, "kind": ComplaintKind(given["kind"]), "about": About(given["about"])})
    with transaction():
        complaint, code = file_complaint(said, now=now)
        return {"reference": complaint.reference, "code": code, "answer_by": complaint.answer_by}


@blueprint.post("/follow")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.arguments(ComplaintCodeSchema)
@blueprint.response(200, FollowedComplaintSchema)
@problems(404, 429, *BODY)
def complaint_follow(given: dict[str, Any]) -> dict[str, Any]:
    """What became of it."""
    count_try(now=clock.now())
    return _followed(complaint_of_code(given["code"]))


@blueprint.post("/follow/again")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.arguments(ComplaintAgainSchema)
@blueprint.response(200, FollowedComplaintSchema)
@problems(404, 409, 429, *BODY)
def complaint_again(given: dict[str, Any]) -> dict[str, Any]:
    """Have an answer looked at again, by somebody else."""
    count_try(now=clock.now())
    with transaction():
        reopen(given["code"], given["words"], now=clock.now())
    return _followed(complaint_of_code(given["code"]))


@blueprint.post("/follow/stars")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.arguments(ComplaintStarsSchema)
@blueprint.response(200, FollowedComplaintSchema)
@problems(404, 409, 429, *BODY)
def complaint_stars(given: dict[str, Any]) -> dict[str, Any]:
    """Say how well it was dealt with, which ends it."""
    count_try(now=clock.now())
    with transaction():
        rate(given["code"], given["stars"], now=clock.now())
    return _followed(complaint_of_code(given["code"]))


@blueprint.post("/follow/back")
@allow(PUBLIC)
@blueprint.doc(security=OPTIONAL_BEARER)
@blueprint.arguments(ComplaintCodeSchema)
@blueprint.response(200, FollowedComplaintSchema)
@problems(404, 409, 429, *BODY)
def complaint_back(given: dict[str, Any]) -> dict[str, Any]:
    """Take it back before it is answered."""
    count_try(now=clock.now())
    with transaction():
        withdraw_complaint(given["code"], now=clock.now())
    return _followed(complaint_of_code(given["code"]))


@blueprint.get("")
@only(*_BOTH)
@blueprint.response(200, HeardComplaintSchema(many=True))
def complaints_heard() -> list[dict[str, Any]]:
    """What you may hear, due soonest first; of what accuses you, your line or your office, nothing."""
    return [_followed(row, told=False) for row in complaints_for(account())]


@blueprint.get("/<public_id:public_id>")
@only(*_BOTH)
@blueprint.response(200, HeardComplaintSchema)
@problems(404)
def complaint_heard(public_id: str) -> dict[str, Any]:
    """One that you may hear."""
    return _followed(get_complaint_for(public_id, account()), told=False)


@blueprint.post("/<public_id:public_id>/take")
@only(*_BOTH)
@blueprint.response(200, HeardComplaintSchema)
@problems(404, 409)
def complaint_take(public_id: str) -> dict[str, Any]:
    """Take it on; `complaint_taken` (409) when somebody else has."""
    with transaction():
        take_complaint(get_complaint_for(public_id, account()), by=account(), now=clock.now())
    return _followed(get_complaint_for(public_id, account()), told=False)


@blueprint.post("/<public_id:public_id>/hand-on")
@only(*_BOTH)
@blueprint.arguments(HandOnSchema)
@blueprint.response(200, HeardComplaintSchema)
@problems(404, 409, *BODY)
def complaint_hand_on(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Give it to somebody else of the desk."""
    with transaction():
        found = get_complaint_for(public_id, account())
        to = db.session.query(Account).filter_by(public_id=given["to"]).first()
        if to is None:
            raise Invalid("handler_wrong", N_("Please choose somebody who may hear this."))
        hand_on(found, to, by=account(), now=clock.now())
    return _followed(get_complaint_for(public_id, account()), told=False)


@blueprint.post("/<public_id:public_id>/answer")
@only(*_BOTH)
@blueprint.arguments(ComplaintAnswerSchema)
@blueprint.response(200, HeardComplaintSchema)
@problems(404, 409, *BODY)
def complaint_answer(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Answer it."""
    with transaction():
        answer_complaint(get_complaint_for(public_id, account()), **given, by=account(), now=clock.now())
    return _followed(get_complaint_for(public_id, account()), told=False)


@blueprint.get("/inspections")
@only(RoleKind.AUDITOR)
@blueprint.response(200, InspectionSchema(many=True))
def inspections() -> Any:
    """The inspections of the areas that you audit."""
    return inspections_for(account())


@blueprint.post("/inspections")
@only(RoleKind.AUDITOR)
@blueprint.arguments(InspectionPlanSchema)
@blueprint.response(201, InspectionSchema(many=True))
@problems(404, *BODY)
def inspections_plan(given: dict[str, Any]) -> list[Inspection]:
    """Plan inspections by risk and lot."""
    with transaction():
        return plan_inspections(Topic(given["topic"]), given["area_code"], given["number"], by=account(), now=clock.now())


@blueprint.post("/inspections/<public_id:public_id>/begin")
@only(RoleKind.AUDITOR)
@blueprint.response(200, InspectionSchema)
@problems(404, 409)
def inspection_begin(public_id: str) -> Inspection:
    """Begin it."""
    with transaction():
        begin_inspection(get_inspection_for(public_id, account()), by=account(), now=clock.now())
    return get_inspection_for(public_id, account())


@blueprint.post("/inspections/<public_id:public_id>/call-off")
@only(RoleKind.AUDITOR)
@blueprint.response(200, InspectionSchema)
@problems(404, 409)
def inspection_call_off(public_id: str) -> Inspection:
    """Take it out of the plan."""
    with transaction():
        call_off(get_inspection_for(public_id, account()), by=account(), now=clock.now())
    return get_inspection_for(public_id, account())


@blueprint.post("/inspections/<public_id:public_id>/answers")
@only(RoleKind.AUDITOR)
@blueprint.arguments(ChecklistSchema)
@blueprint.response(200, InspectionSchema)
@problems(404, 409, *BODY)
def inspection_answers(given: dict[str, Any], public_id: str) -> Inspection:
    """Keep what was seen, and report it once all is answered; `checklist_open` (422) before."""
    said = {row["item"]: (Verdict(row["verdict"]), row["words"]) for row in given["answers"]}
    with transaction():
        found = get_inspection_for(public_id, account())
        answer_items(found, said, by=account(), now=clock.now())
        if given["finished"]:
            report(found, by=account(), now=clock.now())
    return get_inspection_for(public_id, account())


@blueprint.get("/findings")
@only(*_BOTH)
@blueprint.response(200, InspectionFindingSchema(many=True))
def inspection_findings() -> list[InspectionFinding]:
    """Findings of your areas, due soonest first."""
    return [finding for finding, _ in findings_for(account())]


@blueprint.post("/findings/<public_id:public_id>")
@only(*_BOTH)
@blueprint.arguments(FindingMoveSchema)
@blueprint.response(200, InspectionFindingSchema)
@problems(404, 409, *BODY)
def inspection_finding_move(given: dict[str, Any], public_id: str) -> InspectionFinding:
    """Put it right, appeal, confirm, send back or decide, as your side may."""
    with transaction():
        found = get_finding_for(public_id, account())
        move_finding(found, FindingAction(given["action"]), given["words"], given["proof"], by=account(), now=clock.now())
    return get_finding_for(public_id, account())


@blueprint.get("/acts")
@only(RoleKind.AUDITOR)
@blueprint.response(200, AdverseActSchema(many=True))
def adverse_acts() -> list[Any]:
    """What happened to households that have complained, open first."""
    return [act for act, _ in adverse_acts_for(account())]


@blueprint.post("/acts/<public_id:public_id>")
@only(RoleKind.AUDITOR)
@blueprint.arguments(SettledSchema)
@blueprint.response(200, AdverseActSchema(many=True))
@problems(404, 409, *BODY)
def adverse_act_settle(given: dict[str, Any], public_id: str) -> list[Any]:
    """Say what it was; answers all of them."""
    with transaction():
        settle_act(public_id, given["words"], by=account(), now=clock.now())
    return [act for act, _ in adverse_acts_for(account())]
