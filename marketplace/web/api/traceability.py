"""Where goods come from: boxes, declared harvests, recalls, and what looks odd."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.catalogue.models import Lot, Suspicion, YieldDeclaration
from marketplace.catalogue.queries import products
from marketplace.catalogue.suspicions import suspicions_within
from marketplace.catalogue.yield_states import YieldAction, YieldState
from marketplace.catalogue.yields import decide_yield, declarations_of, declarations_within, declare_yield
from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.orders.boxes import get_box, pack_line
from marketplace.orders.collecting import send_refunds
from marketplace.orders.models import Box, Recall, RecallLine
from marketplace.orders.recall_states import RecallReply, RecallState
from marketplace.orders.recalls import (
    answer_recall,
    close_recall,
    payment_of_answer,
    recalled_line,
    recalls_listed,
    start_recall,
    tell_buyers,
    withdraw_recall,
)
from marketplace.orders.service import lock_order
from marketplace.web.access import PUBLIC, SIGNED_IN, account, allow, office_reach
from marketplace.web.acting import acting, current_seller
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.inputs import InputSchema, Line, Prose, WholeField
from marketplace.web.api.schemas import OutputSchema, fen
from marketplace.web.portals.producer_harvest import household_named

blueprint: Blueprint = ApiBlueprint(
    "api-traceability", __name__, url_prefix="/api/v1", description="Where goods come from, and calling them back"
)

_MOST_G = 10_000_000_000


class BoxSchema(OutputSchema):
    """A box as everybody may know it; its lot has a page of its own."""

    public_id = fields.String()
    lot = fields.String()
    title_zh = fields.String()
    title_en = fields.String()
    village = fields.String(metadata={"description": "The code of the village"})
    harvested_on = fields.Date()
    grams = fields.Integer()
    packed_at = fields.AwareDateTime()
    opened = fields.Boolean(metadata={"description": "Whether it was opened again before it left the farm"})


class BoxesSchema(OutputSchema):
    """The boxes of a line, in their order."""

    items = fields.List(fields.Nested(BoxSchema))


class PackSchema(InputSchema):
    """How a line is packed: boxes and loss are the whole of it."""

    line = WholeField(1, 200, required=True)
    box_grams = fields.List(WholeField(1, _MOST_G), required=True, validate=validate.Length(1, 500))
    loss_grams = WholeField(0, _MOST_G, load_default=0)


class YieldSchema(OutputSchema):
    """What was declared for a household; ``standing`` and ``confirmed`` count."""

    public_id = fields.String()
    product = fields.String()
    season = fields.Integer()
    area_mu100 = fields.Integer(allow_none=True, metadata={"description": "Hundredths of a mu"})
    harvest_g = fields.Integer(allow_none=True)
    words = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in YieldState]))
    declared_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)
    decided_words = fields.String()


class YieldsSchema(OutputSchema):
    """Declarations."""

    items = fields.List(fields.Nested(YieldSchema))


class NewYieldSchema(InputSchema):
    """An area or a harvest of a kind of goods in a year."""

    product = Line(80, required=True)
    season = WholeField(2013, 2100, required=True)
    area_mu100 = WholeField(1, 10_000_000, load_default=None)
    harvest_g = WholeField(1, _MOST_G, load_default=None)
    words = Prose(400, may_be_empty=True, load_default="")
    household_code = Line(20, load_default=None, metadata={"description": "For cooperatives alone"})


class YieldDecisionSchema(InputSchema):
    """An officer's word."""

    action = fields.String(required=True, validate=validate.OneOf([action.value for action in YieldAction]))
    words = Prose(400, required=True)


class RecallSchema(OutputSchema):
    """A recall: whom it has told, and who has answered."""

    public_id = fields.String()
    reference = fields.String()
    reason = fields.String()
    advice = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in RecallState]))
    started_at = fields.AwareDateTime()
    closed_at = fields.AwareDateTime(allow_none=True)
    told = fields.Function(lambda row: len(row.lines), metadata={"type": "integer"})
    answered = fields.Function(lambda row: sum(x.reply is not None for x in row.lines), metadata={"type": "integer"})


class RecallsSchema(OutputSchema):
    """All of them, newest first."""

    items = fields.List(fields.Nested(RecallSchema))


class NewRecallSchema(InputSchema):
    """What is called back, why, and what buyers are to do."""

    code = Line(20, required=True, metadata={"description": "Of a lot or a box"})
    reason = Prose(400, required=True)
    advice = Prose(400, required=True)


class RecallClosingSchema(InputSchema):
    """How it ended."""

    words = Prose(400, required=True)


class RecalledSchema(OutputSchema):
    """What a recall says of one's own goods."""

    public_id = fields.String()
    reference = fields.String()
    reason = fields.String()
    advice = fields.String()
    reply = fields.String(allow_none=True, validate=validate.OneOf([reply.value for reply in RecallReply]))
    paid_back_fen = fen(allow_none=True)


class RecallReplySchema(InputSchema):
    """What became of the goods."""

    reply = fields.String(required=True, validate=validate.OneOf([reply.value for reply in RecallReply]))


class OdditySchema(OutputSchema):
    """What looks odd about a seller, in figures."""

    public_id = fields.String()
    kind = fields.String()
    producer = fields.String()
    facts = fields.Dict(keys=fields.String(), values=fields.Integer())
    found_at = fields.AwareDateTime()


class OdditiesSchema(OutputSchema):
    """What nobody has settled, newest first."""

    items = fields.List(fields.Nested(OdditySchema))


@blueprint.get("/boxes/<public_id:public_id>")
@allow(PUBLIC)
@blueprint.response(200, BoxSchema)
@problems(404)
def box_origin(public_id: str) -> dict[str, Any]:
    """Where the goods of a box come from."""
    return _box(get_box(public_id))


def _box(found: Box) -> dict[str, Any]:
    line = found.line
    return {
        "public_id": found.public_id,
        "lot": db.session.get_one(Lot, line.lot_id).public_id,
        "title_zh": line.title_zh,
        "title_en": line.title_en,
        "village": line.area_code,
        "harvested_on": line.harvested_on,
        "grams": found.grams,
        "packed_at": found.packed_at,
        "opened": found.opened_at is not None,
    }


@blueprint.put("/farm/orders/<public_id:order>/boxes")
@for_farm(Scope.SHIP)
@blueprint.arguments(PackSchema)
@blueprint.response(200, BoxesSchema)
@problems(409, *BODY)
def pack_boxes(given: dict[str, Any], order: str) -> dict[str, Any]:
    """Pack a line of an order that has not left into boxes, in place of how it was packed before."""
    now, producer_id = clock.now(), current_seller().producer.id
    with acting(now) as actor:
        found, _ = lock_order(order, producer_id=producer_id)
        boxes = pack_line(found, given["line"], given["box_grams"], loss_grams=given["loss_grams"], actor=actor, now=now)
        return {"items": [_box(row) for row in boxes]}


@blueprint.get("/farm/yields")
@for_farm(Scope.STOCK)
@blueprint.response(200, YieldsSchema)
def farm_yields() -> dict[str, Any]:
    """What your household has declared, newest first; a cooperative reads nothing of its members here."""
    own = current_seller().producer.household_id
    return {"items": _shown(declarations_of([own] if own is not None else []))}


@blueprint.post("/farm/yields")
@for_farm(Scope.STOCK)
@blueprint.arguments(NewYieldSchema)
@blueprint.response(201, YieldSchema)
@problems(*BODY)
def declare_own_yield(given: dict[str, Any]) -> dict[str, Any]:
    """Declare an area, which counts at once for what a smallholder has, or a harvest, which waits for the village officer."""
    producer, now = current_seller().producer, clock.now()
    product = next((row for row in products() if row.slug == given["product"]), None)
    if product is None:
        raise Invalid("product_unknown", N_("Please choose what it is."))
    with acting(now) as actor:
        row = declare_yield(
            household_named(producer, given["household_code"]),
            product,
            given["season"],
            area_mu100=given["area_mu100"],
            harvest_g=given["harvest_g"],
            words=given["words"],
            own=producer.household_id is not None and not current_seller().by_mandate,
            actor=actor,
            now=now,
        )
        return _shown([row])[0]


def _shown(rows: Any) -> list[dict[str, Any]]:
    slugs = {row.id: row.slug for row in products()}
    return [_yield(row, slugs[row.product_id]) for row in rows]


def _yield(row: YieldDeclaration, product: str) -> dict[str, Any]:
    names = ("public_id", "season", "area_mu100", "harvest_g", "words", "state", "declared_at", "decided_at", "decided_words")
    return {"product": product, **{name: getattr(row, name) for name in names}}


@blueprint.get("/office/yields")
@only(RoleKind.OFFICER)
@blueprint.response(200, YieldsSchema)
def office_yields() -> dict[str, Any]:
    """The declarations of your areas that wait for a word, oldest first."""
    return {"items": _shown(declarations_within(office_reach(), waiting=True))}


@blueprint.post("/office/yields/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.arguments(YieldDecisionSchema)
@blueprint.response(200, YieldSchema)
@problems(404, 409, *BODY)
def judge_yield(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Confirm or refuse a declaration of your areas, in words."""
    with transaction():
        row = decide_yield(
            public_id, YieldAction(given["action"]), given["words"], office_reach(), actor=account().public_id, now=clock.now()
        )
        return _shown([row])[0]


@blueprint.get("/office/oddities")
@only(RoleKind.OFFICER)
@blueprint.response(200, OdditiesSchema)
def office_oddities() -> dict[str, Any]:
    """What looks odd in your areas."""
    return {
        "items": [_odd(row, producer.public_id) for row, producer in suspicions_within(office_reach().areas, settled=False)]
    }


def _odd(row: Suspicion, producer: str) -> dict[str, Any]:
    facts = {"public_id": row.public_id, "kind": row.kind, "facts": row.facts, "found_at": row.found_at}
    return {"producer": producer, **facts}


@blueprint.get("/operations/recalls")
@only(RoleKind.OPERATOR)
@blueprint.response(200, RecallsSchema)
def all_recalls() -> dict[str, Any]:
    """Every recall."""
    return {"items": recalls_listed()}


@blueprint.post("/operations/recalls")
@only(RoleKind.OPERATOR)
@blueprint.arguments(NewRecallSchema)
@blueprint.response(201, RecallSchema)
@problems(404, 409, *BODY)
def begin_recall(given: dict[str, Any]) -> Recall:
    """Block a lot with all that was made of it, at once; buyers are told when a second operator has agreed."""
    with transaction():
        return start_recall(given["code"], given["reason"], given["advice"], account(), now=clock.now())


@blueprint.post("/operations/recalls/<public_id:public_id>/tell")
@only(RoleKind.OPERATOR)
@blueprint.response(200, RecallSchema)
@problems(404, 409)
def agree_to_recall(public_id: str) -> Recall:
    """Agree as the second person: buyers and sellers are told."""
    with transaction():
        return tell_buyers(public_id, account(), now=clock.now())


@blueprint.post("/operations/recalls/<public_id:public_id>/withdraw")
@only(RoleKind.OPERATOR)
@blueprint.response(200, RecallSchema)
@problems(404, 409)
def let_recall_go(public_id: str) -> Recall:
    """Find as the second person that nothing is wrong: the stock is on sale again."""
    with transaction():
        return withdraw_recall(public_id, account(), now=clock.now())


@blueprint.post("/operations/recalls/<public_id:public_id>/close")
@only(RoleKind.OPERATOR)
@blueprint.arguments(RecallClosingSchema)
@blueprint.response(200, RecallSchema)
@problems(404, 409, *BODY)
def end_recall(given: dict[str, Any], public_id: str) -> Recall:
    """End a recall; what was left of its lots is written off."""
    with transaction():
        return close_recall(public_id, given["words"], account(), now=clock.now())


@blueprint.get("/recalls/<public_id:public_id>")
@only(SIGNED_IN)
@blueprint.response(200, RecalledSchema)
@problems(404)
def own_recall(public_id: str) -> dict[str, Any]:
    """Why your goods are called back and what to do; the notice names its id."""
    return _recalled(recalled_line(public_id, account().id))


@blueprint.post("/recalls/<public_id:public_id>")
@only(SIGNED_IN)
@blueprint.arguments(RecallReplySchema)
@blueprint.response(200, RecalledSchema)
@problems(404, 409, *BODY)
def answer_own_recall(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Say what became of the goods; what was paid for them goes back."""
    now = clock.now()
    with transaction():
        claim = answer_recall(public_id, account().id, account().public_id, RecallReply(given["reply"]), now=now)
        payment = payment_of_answer(claim) if claim is not None else None
    if payment is not None:
        send_refunds(payment, now=now)
    return _recalled(recalled_line(public_id, account().id))


def _recalled(found: RecallLine) -> dict[str, Any]:
    return {
        "public_id": found.public_id,
        "reference": found.recall.reference,
        "reason": found.recall.reason,
        "advice": found.recall.advice,
        "reply": found.reply,
        "paid_back_fen": found.claim.settled_fen if found.claim is not None else None,
    }
