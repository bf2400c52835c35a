"""Demands, quotes, bids, contracts and weighing: what the purchasing desk and the farm's page of large orders do."""

from collections.abc import Callable
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from sqlalchemy import select

from marketplace.catalogue.models import CertificateKind
from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.sourcing import accepting, contracting, demands, quoting, tendering
from marketplace.sourcing.accepting import Found
from marketplace.sourcing.answering import open_demands_for
from marketplace.sourcing.contracting import lock_contract
from marketplace.sourcing.demands import DemandGiven, Window
from marketplace.sourcing.enterprises import Deed
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Contract, Demand, DemandKind, DemandWay
from marketplace.sourcing.quoting import Figures
from marketplace.web.access import account
from marketplace.web.acting import acting, current_seller
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems, signed_in
from marketplace.web.api.enterprise import member_by, own_enterprise_id
from marketplace.web.api.for_farms import for_farm
from marketplace.web.api.sourcing_schemas import (
    AnswersSchema,
    BidInputSchema,
    ChosenSchema,
    ContractPartSchema,
    ContractReasonSchema,
    ContractSchema,
    ContractsSchema,
    DemandInputSchema,
    DemandSchema,
    DemandsSchema,
    FiguresSchema,
    QuoteInputSchema,
    QuoteReplySchema,
    QuoteSchema,
    SealedSchema,
    SourcingDoneSchema,
    WeighingInputSchema,
)
from marketplace.web.claim_words import send_private_picture
from marketplace.web.portals.acceptances import picture_for

blueprint: Blueprint = ApiBlueprint("api-sourcing", __name__, url_prefix="/api/v1", description="Demands and contracts")


@blueprint.get("/enterprise/demands")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, DemandsSchema)
def own_demands() -> dict[str, Any]:
    """The newest demands of your enterprise."""
    rows = select(Demand).filter_by(enterprise_id=own_enterprise_id()).order_by(Demand.id.desc()).limit(200)
    return {"items": db.session.scalars(rows).all()}


@blueprint.post("/enterprise/demands")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(DemandInputSchema)
@blueprint.response(201, DemandSchema)
@problems(404, *BODY)
def make_demand(given: dict[str, Any]) -> Demand:
    """Write a demand down; farms see it once it is published."""
    words = {**given, "windows": [Window(**row) for row in given["windows"]]}
    for name, kind in (("way", DemandWay), ("grade", Grade), ("kind", DemandKind)):
        words[name] = kind(words[name])
    words["certificate_kinds"] = [CertificateKind(one) for one in given["certificate_kinds"]]
    with transaction():
        return demands.make_demand(member_by(Deed.BUY), DemandGiven(**words), now=clock.now())


@blueprint.get("/enterprise/demands/<public_id:public_id>/answers")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, AnswersSchema)
@problems(404)
def answers(public_id: str) -> dict[str, Any]:
    """Quotes to a demand of yours, and of a tender the bids once two of you have opened them."""
    demand = demands.get_demand(public_id, enterprise_id=own_enterprise_id())
    tender = demand.tender.state if demand.tender is not None else None
    return {"quotes": quoting.quotes_to(demand), "tender": tender, "bids": tendering.opened_bids(demand)}


def _moved(act: Callable[..., Demand], public_id: str) -> Demand:
    demands.get_demand(public_id, enterprise_id=own_enterprise_id())
    with transaction():
        return act(member_by(Deed.BUY), public_id, now=clock.now())


@blueprint.post("/enterprise/demands/<public_id:public_id>/publish")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, DemandSchema)
@problems(404, 409)
def publish_demand(public_id: str) -> Demand:
    """Let farms see a demand and answer it."""
    return _moved(demands.publish, public_id)


@blueprint.post("/enterprise/demands/<public_id:public_id>/close")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, DemandSchema)
@problems(404, 409)
def close_demand(public_id: str) -> Demand:
    """Take no more answers."""
    return _moved(demands.close, public_id)


@blueprint.post("/enterprise/demands/<public_id:public_id>/withdraw")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, DemandSchema)
@problems(404, 409)
def withdraw_demand(public_id: str) -> Demand:
    """Take a demand back."""
    return _moved(demands.withdraw, public_id)


@blueprint.post("/enterprise/demands/<public_id:public_id>/opening")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, SourcingDoneSchema)
@problems(404, 409)
def open_bids(public_id: str) -> dict[str, bool]:
    """Turn your key; ``done`` says whether the bids are open, which takes a second person."""
    demands.get_demand(public_id, enterprise_id=own_enterprise_id())
    with transaction():
        return {"done": tendering.turn_key(member_by(Deed.OPEN_BIDS), public_id, now=clock.now())}


@blueprint.post("/enterprise/demands/<public_id:public_id>/contract")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(ChosenSchema)
@blueprint.response(201, ContractSchema)
@problems(404, 409, *BODY)
def make_contract(given: dict[str, Any], public_id: str) -> Contract:
    """Make a contract of quotes or opened bids; it is in force at once where your limit covers it."""
    demand = demands.get_demand(public_id, enterprise_id=own_enterprise_id())
    act = contracting.contract_bids if demand.way == DemandWay.TENDER else contracting.contract_quotes
    with transaction():
        return act(member_by(Deed.BUY), public_id, given["chosen"], now=clock.now())


@blueprint.post("/enterprise/demands/<public_id:public_id>/contract-of-plan")
@only(RoleKind.ENTERPRISE)
@blueprint.response(201, ContractSchema)
@problems(404, 409)
def make_contract_of_plan(public_id: str) -> Contract:
    """Make a contract of the yes of the approved plan; `parts_waiting` (409) while a seller may still answer."""
    with transaction():
        return contracting.contract_plan(member_by(Deed.BUY), public_id, now=clock.now())


@blueprint.post("/enterprise/quotes/<public_id:public_id>/counter")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(FiguresSchema)
@blueprint.response(200, QuoteSchema)
@problems(404, 409, *BODY)
def counter(given: dict[str, Any], public_id: str) -> Any:
    """Answer a quote with other figures."""
    with transaction():
        return quoting.counter(member_by(Deed.BUY), public_id, Figures(**given), now=clock.now())


@blueprint.post("/enterprise/quotes/<public_id:public_id>/decline")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, QuoteSchema)
@problems(404, 409)
def decline(public_id: str) -> Any:
    """Say no to a quote."""
    with transaction():
        return quoting.decline(member_by(Deed.BUY), public_id, now=clock.now())


@blueprint.get("/enterprise/contracts")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, ContractsSchema)
def own_contracts() -> dict[str, Any]:
    """The newest contracts of your enterprise."""
    rows = select(Contract).filter_by(enterprise_id=own_enterprise_id()).order_by(Contract.id.desc()).limit(200)
    return {"items": db.session.scalars(rows).all()}


@blueprint.post("/enterprise/contracts/<public_id:public_id>/approve")
@only(RoleKind.ENTERPRISE)
@blueprint.response(200, ContractSchema)
@problems(404, 409)
def approve_contract(public_id: str) -> Contract:
    """Put a contract in force, if your limit covers it."""
    with transaction():
        contracting.approve(member_by(Deed.APPROVE), public_id, now=clock.now())
        return lock_contract(public_id)


@blueprint.post("/enterprise/contracts/<public_id:public_id>/refuse")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(ContractReasonSchema)
@blueprint.response(200, ContractSchema)
@problems(404, 409, *BODY)
def refuse_contract(given: dict[str, str], public_id: str) -> Contract:
    """Do not approve a contract; the answers can be chosen among again."""
    with transaction():
        contracting.refuse(member_by(Deed.APPROVE), public_id, given["words"], now=clock.now())
        return lock_contract(public_id)


@blueprint.post("/enterprise/parts/<public_id:public_id>/weighing")
@only(RoleKind.ENTERPRISE)
@blueprint.arguments(WeighingInputSchema)
@blueprint.response(200, ContractPartSchema)
@problems(404, 409, *BODY)
def weigh_part(given: dict[str, Any], public_id: str) -> Any:
    """Note what arrived of a part: what is good is owed, the rest goes back or is written off."""
    found = Found(**{**given, "grade": Grade(given["grade"])})
    with transaction():
        return accepting.weigh(member_by(Deed.RECEIVE), public_id, found, now=clock.now())


@blueprint.get("/acceptances/<public_id:public_id>/<int:number>/pictures/<int:at>")
@signed_in
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/webp")
@problems(404)
def acceptance_picture(public_id: str, number: int, at: int) -> Response:
    """A picture taken when a part was weighed for the first or second time, for both sides, its office and the operator."""
    return send_private_picture(picture_for(account(), public_id, number, at), 1600)


@blueprint.get("/farm/requests")
@for_farm(Scope.LIST)
@blueprint.response(200, DemandsSchema)
def requests() -> dict[str, Any]:
    """Demands that your farm has goods for and can still answer."""
    ways = (DemandWay.QUOTES, DemandWay.TENDER)
    return {"items": open_demands_for(current_seller().producer.id, ways, now=clock.now())}


@blueprint.post("/farm/requests/<public_id:public_id>/quote")
@for_farm(Scope.LIST)
@blueprint.arguments(QuoteInputSchema)
@blueprint.response(201, QuoteSchema)
@problems(404, 409, *BODY)
def offer(given: dict[str, Any], public_id: str) -> Any:
    """Offer goods for a demand."""
    now, figures = clock.now(), Figures(given["grams"], given["fen_kg"], given["words"])
    with acting(now) as actor:
        return quoting.offer(current_seller().producer, public_id, given["listing"], figures, actor=actor, now=now)


@blueprint.post("/farm/requests/<public_id:public_id>/bid")
@for_farm(Scope.LIST)
@blueprint.arguments(BidInputSchema)
@blueprint.response(201, SealedSchema)
@problems(404, 409, *BODY)
def seal_bid(given: dict[str, Any], public_id: str) -> dict[str, str]:
    """Seal a bid for a tender; an earlier one of yours is taken back by it."""
    now = clock.now()
    producer, figures = current_seller().producer, (given["listing"], given["grams"], given["fen_kg"])
    with acting(now) as actor:
        made = tendering.bid(producer, public_id, *figures, actor=actor, now=now)
        return {"public_id": made.public_id, "digest": made.digest.hex()}


@blueprint.delete("/farm/requests/<public_id:public_id>/bid")
@for_farm(Scope.LIST)
@blueprint.response(200, SourcingDoneSchema)
@problems(404, 409)
def take_bid_back(public_id: str) -> dict[str, bool]:
    """Take a bid back before the opening."""
    now = clock.now()
    with acting(now) as actor:
        return {"done": tendering.take_bid_back(current_seller().producer, public_id, actor=actor, now=now)}


@blueprint.post("/farm/quotes/<public_id:public_id>/answer")
@for_farm(Scope.LIST)
@blueprint.arguments(QuoteReplySchema)
@blueprint.response(200, QuoteSchema)
@problems(404, 409, *BODY)
def answer_counter(given: dict[str, Any], public_id: str) -> Any:
    """Agree with a buyer's figures, or answer with others."""
    now = clock.now()
    whole = given["grams"] is not None and given["fen_kg"] is not None
    figures = Figures(given["grams"], given["fen_kg"], given["words"]) if whole else None
    with acting(now) as actor:
        return quoting.answer_counter(current_seller().producer, public_id, figures, actor=actor, now=now)


@blueprint.delete("/farm/quotes/<public_id:public_id>")
@for_farm(Scope.LIST)
@blueprint.response(200, QuoteSchema)
@problems(404, 409)
def take_quote_back(public_id: str) -> Any:
    """Take a quote back before it is chosen."""
    now = clock.now()
    with acting(now) as actor:
        return quoting.take_back(current_seller().producer, public_id, actor=actor, now=now)


@blueprint.post("/farm/parts/<public_id:public_id>/agree")
@for_farm(Scope.SHIP)
@blueprint.response(200, ContractPartSchema)
@problems(404, 409)
def agree(public_id: str) -> Any:
    """Sign what the buyer's scales say."""
    now = clock.now()
    with acting(now) as actor:
        return accepting.agree(current_seller().producer.id, public_id, actor=actor, now=now)


@blueprint.post("/farm/parts/<public_id:public_id>/question")
@for_farm(Scope.SHIP)
@blueprint.arguments(ContractReasonSchema)
@blueprint.response(200, ContractPartSchema)
@problems(404, 409, *BODY)
def question(given: dict[str, str], public_id: str) -> Any:
    """Have it weighed once more."""
    now = clock.now()
    with acting(now) as actor:
        return accepting.question(current_seller().producer.id, public_id, given["words"], actor=actor, now=now)
