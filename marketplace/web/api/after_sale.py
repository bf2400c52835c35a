"""After the sale: claims and their answers, disputes, returns, and messages."""

import base64
import binascii
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from flask import Response
from flask_smorest import Blueprint

from marketplace.identity.models import RoleKind, Scope
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.orders import claims, disputes, returns
from marketplace.orders.claim_handling import take_step
from marketplace.orders.claim_moves import Actor
from marketplace.orders.claim_queries import claims_of_buyer, claims_of_producer, get_claim, get_picture, queue
from marketplace.orders.claim_states import ClaimKind, ClaimState, Party
from marketplace.orders.messages import get_own_order, get_sale, messages_of, note_read, send_message
from marketplace.orders.models import Claim, OrderMessage
from marketplace.orders.queries import get_group
from marketplace.web.access import account
from marketplace.web.acting import acting, current_seller, farm_named, with_scopes
from marketplace.web.api.after_sale_schemas import (
    CheckSchema,
    ClaimInputSchema,
    ClaimSchema,
    ClaimsSchema,
    MessageSchema,
    MessagesSchema,
    OfferSchema,
    ParcelSchema,
    ReasonSchema,
    RulingSchema,
    claim_fields,
    message_fields,
)
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems, signed_in
from marketplace.web.api.for_farms import for_farm, takes_header
from marketplace.web.claim_words import keep_pictures, private_folder, send_private_picture
from marketplace.web.uploads import takes_files

blueprint: Blueprint = ApiBlueprint("api-after", __name__, url_prefix="/api/v1", description="After the sale")
View = TypeVar("View", bound=Callable[..., Any])


def _on_either_side(view: View) -> View:
    """Let in whoever shows a token; a seller by mandate names the farm."""
    return takes_header(signed_in(with_scopes(Scope.ANSWER)(view)), (Scope.ANSWER,))


def _buyer() -> Actor:
    return claims.buyer(account().id, account().public_id)


def _seller() -> Actor:
    return claims.seller(account().id, account().public_id, current_seller().producer.id)


def _operator() -> Actor:
    return claims.operator(account().id, account().public_id)


def _taken(act: Callable[..., Claim], *args: Any, by: Actor) -> dict[str, Any]:
    """Take a step and answer the claim after it."""
    now = clock.now()
    within = (lambda: acting(now)) if by.party is Party.SELLER else transaction
    return claim_fields(get_claim(take_step(partial(act, *args, by, now=now), now=now, within=within)))


def own_part(group: str, order: str) -> None:
    """Return if an order is part of this purchase of the caller's, or ``NotFound``."""
    if order not in {part.public_id for part in get_group(group, account().id).orders}:
        raise NotFound("order_unknown", N_("There is no such order."))


def _pictures(written: list[str]) -> list[bytes]:
    try:
        return [base64.b64decode(text, validate=True) for text in written]
    except (binascii.Error, ValueError):
        raise Invalid("picture_broken", N_("This picture is damaged or not complete. Please take it again.")) from None


@blueprint.post("/orders/<public_id:group>/<public_id:order>/claims")
@signed_in
@takes_files(claims.MOST_PICTURES, each=17 * 1024 * 1024)
@blueprint.arguments(ClaimInputSchema)
@blueprint.response(201, ClaimSchema)
@problems(404, 409, *BODY)
def claim_file(given: dict[str, Any], group: str, order: str) -> dict[str, Any]:
    """Claim on a line of your order.

    `claim_too_late` and `not_late_yet` (409) when its time is over or has not come, `claim_open` (409) while another claim on
    the line is open, `claim_too_large` (409) when more is asked for than is left, `picture_needed` (422).
    """
    own_part(group, order)
    kind, now = ClaimKind(given["kind"]), clock.now()
    # Asked before pictures are read, which is work.
    claims.check_claimable(order, given["line"], kind, account().id, now=now)
    pictures = keep_pictures(_pictures(given["pictures"]), private_folder())
    asked = given.get("asked_fen"), given.get("share_bp")
    return _taken(
        claims.file_claim, order, given["line"], claims.Complaint(kind, given.get("words", ""), *asked, pictures), by=_buyer()
    )


@blueprint.get("/claims")
@signed_in
@blueprint.response(200, ClaimsSchema)
def claims_own() -> dict[str, Any]:
    """Your claims as a buyer, newest first."""
    return {"items": [claim_fields(claim) for claim in claims_of_buyer(account().id)]}


@blueprint.get("/farm/claims")
@for_farm(Scope.ANSWER)
@blueprint.response(200, ClaimsSchema)
@problems(404)
def claims_on_goods() -> dict[str, Any]:
    """The claims on your goods: those that wait first, by their clock."""
    return {"items": [claim_fields(claim) for claim in claims_of_producer(current_seller().producer.id)]}


@blueprint.get("/operator/claims")
@only(RoleKind.OPERATOR)
@blueprint.response(200, ClaimsSchema)
def claims_waiting() -> dict[str, Any]:
    """What waits for a decision, the clock that ends first at the top."""
    return {"items": [claim_fields(claim) for claim in queue()]}


def _visible(public_id: str) -> Claim:
    """A claim of one's own on either side, one on the goods of the farm that the caller acts for, or any for the operator."""
    if farm_named():
        return get_claim(public_id, producer_id=current_seller().producer.id)
    found = get_claim(public_id)
    own = (found.order.group.account_id, found.order.producer.account_id)
    if account().id not in own and RoleKind.OPERATOR not in {role.kind for role in account().roles}:
        raise NotFound("claim_unknown", N_("There is no such claim."))
    return found


@blueprint.get("/claims/<public_id:public_id>")
@_on_either_side
@blueprint.response(200, ClaimSchema)
@problems(404)
def claim(public_id: str) -> dict[str, Any]:
    """One claim, for its buyer, its seller and the operator."""
    return claim_fields(_visible(public_id))


@blueprint.get("/claims/<public_id:public_id>/pictures/<public_id:picture>")
@_on_either_side
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/webp")
@problems(404)
def claim_picture(public_id: str, picture: str) -> Response:
    """A picture of a claim, for its buyer, its seller and the operator."""
    kinds = {role.kind for role in account().roles}
    farms = [current_seller().producer.id] if farm_named() else []
    found = get_picture(public_id, picture, account().id, farms=farms, is_operator=RoleKind.OPERATOR in kinds)
    return send_private_picture(found.name, 1600)


@blueprint.post("/claims/<public_id:public_id>/take")
@signed_in
@blueprint.response(200, ClaimSchema)
@problems(404, 409)
def claim_take(public_id: str) -> dict[str, Any]:
    """As its buyer, take the seller's offer."""
    return _taken(claims.take_offer, public_id, by=_buyer())


@blueprint.post("/claims/<public_id:public_id>/withdraw")
@signed_in
@blueprint.response(200, ClaimSchema)
@problems(404, 409)
def claim_withdraw(public_id: str) -> dict[str, Any]:
    """As its buyer, let a claim go."""
    return _taken(claims.withdraw_claim, public_id, by=_buyer())


@blueprint.post("/claims/<public_id:public_id>/dispute")
@signed_in
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, ClaimSchema)
@problems(404, 409, *BODY)
def claim_dispute(given: dict[str, str], public_id: str) -> dict[str, Any]:
    """As its buyer, have the operator decide."""
    return _taken(claims.dispute_claim, public_id, given["words"], by=_buyer())


@blueprint.post("/claims/<public_id:public_id>/appeal")
@_on_either_side
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, ClaimSchema)
@problems(404, 409, *BODY)
def claim_appeal(given: dict[str, str], public_id: str) -> dict[str, Any]:
    """As its buyer or its seller, have a second operator decide."""
    found = _visible(public_id)
    by = _buyer() if found.order.group.account_id == account().id and not farm_named() else _seller()
    return _taken(disputes.appeal, public_id, given["words"], by=by)


@blueprint.post("/claims/<public_id:public_id>/sent")
@signed_in
@blueprint.arguments(ParcelSchema)
@blueprint.response(200, ClaimSchema)
@problems(404, 409, *BODY)
def claim_sent(given: dict[str, str], public_id: str) -> dict[str, Any]:
    """As its buyer, say that the goods have been sent back."""
    return _taken(returns.send_back, public_id, given["carrier"], given["tracking_number"], by=_buyer())


@blueprint.post("/farm/claims/<public_id:public_id>/accept")
@for_farm(Scope.ANSWER)
@blueprint.response(200, ClaimSchema)
@problems(404, 409)
def claim_accept(public_id: str) -> dict[str, Any]:
    """Agree: what was asked for goes back."""
    return _taken(claims.accept_claim, public_id, by=_seller())


@blueprint.post("/farm/claims/<public_id:public_id>/offer")
@for_farm(Scope.ANSWER)
@blueprint.arguments(OfferSchema)
@blueprint.response(200, ClaimSchema)
@problems(404, 409, *BODY)
def claim_offer(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Offer less than was asked for."""
    return _taken(claims.offer_amount, public_id, given["amount_fen"], given["words"], by=_seller())


@blueprint.post("/farm/claims/<public_id:public_id>/refuse")
@for_farm(Scope.ANSWER)
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, ClaimSchema)
@problems(404, 409, *BODY)
def claim_refuse(given: dict[str, str], public_id: str) -> dict[str, Any]:
    """Do not agree."""
    return _taken(claims.refuse_claim, public_id, given["words"], by=_seller())


@blueprint.post("/farm/claims/<public_id:public_id>/ask-back")
@for_farm(Scope.ANSWER)
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, ClaimSchema)
@problems(404, 409, *BODY)
def claim_ask_back(given: dict[str, str], public_id: str) -> dict[str, Any]:
    """Have the goods sent back before the money goes back."""
    return _taken(claims.ask_goods_back, public_id, given["words"], by=_seller())


@blueprint.post("/farm/claims/<public_id:public_id>/arrived")
@for_farm(Scope.ANSWER)
@blueprint.response(200, ClaimSchema)
@problems(404, 409)
def claim_arrived(public_id: str) -> dict[str, Any]:
    """Say that the goods are back."""
    return _taken(returns.note_arrival, public_id, by=_seller())


@blueprint.post("/farm/claims/<public_id:public_id>/checked")
@for_farm(Scope.ANSWER)
@blueprint.arguments(CheckSchema)
@blueprint.response(200, ClaimSchema)
@problems(404, 409, *BODY)
def claim_checked(given: dict[str, bool], public_id: str) -> dict[str, Any]:
    """Say whether goods that came back can be sold again; the money goes back in either case."""
    return _taken(returns.note_check, public_id, given["sellable"], by=_seller())


@blueprint.post("/farm/claims/<public_id:public_id>/question")
@for_farm(Scope.ANSWER)
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, ClaimSchema)
@problems(404, 409, *BODY)
def claim_question(given: dict[str, str], public_id: str) -> dict[str, Any]:
    """Say that what came back is not what was sold; the operator decides."""
    return _taken(returns.question_return, public_id, given["words"], by=_seller())


@blueprint.post("/operator/claims/<public_id:public_id>/rule")
@only(RoleKind.OPERATOR)
@blueprint.arguments(RulingSchema)
@blueprint.response(200, ClaimSchema)
@problems(404, 409, *BODY)
def claim_rule(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Decide a dispute, or an appeal that a colleague's decision has led to (403 for one's own)."""
    again = get_claim(public_id).state == ClaimState.APPEALED
    ruling = disputes.Ruling(given["amount_fen"], given["goodwill_fen"], given["reason"])
    return _taken(disputes.rule_again if again else disputes.rule, public_id, ruling, by=_operator())


@blueprint.get("/orders/<public_id:group>/<public_id:order>/messages")
@signed_in
@blueprint.response(200, MessagesSchema)
@problems(404)
def messages(group: str, order: str) -> dict[str, Any]:
    """What you and the seller wrote on your order; what is new counts as read."""
    own_part(group, order)
    order_id = get_own_order(order, account().id)[0].id
    with transaction():
        note_read([order_id], Party.BUYER, now=clock.now())
    return message_fields(messages_of([order_id])[order_id])


@blueprint.get("/farm/orders/<public_id:order>/messages")
@for_farm(Scope.ANSWER)
@blueprint.response(200, MessagesSchema)
@problems(404)
def messages_of_sale(order: str) -> dict[str, Any]:
    """What you and the buyer wrote on an order of your goods; what is new counts as read."""
    order_id, now = get_sale(order, current_seller().producer.id, account().id).id, clock.now()
    with acting(now):
        note_read([order_id], Party.SELLER, now=now)
    return message_fields(messages_of([order_id])[order_id])


@blueprint.post("/orders/<public_id:group>/<public_id:order>/messages")
@signed_in
@blueprint.arguments(ReasonSchema)
@blueprint.response(201, MessageSchema)
@problems(404, 429, *BODY)
def message_send(given: dict[str, str], group: str, order: str) -> OrderMessage:
    """Write to the seller. Ways to reach you outside the market are taken out before anything is kept."""
    own_part(group, order)
    with transaction():
        return send_message(order, given["words"], account_id=account().id, actor=account().public_id, now=clock.now())


@blueprint.post("/farm/orders/<public_id:order>/messages")
@for_farm(Scope.ANSWER)
@blueprint.arguments(ReasonSchema)
@blueprint.response(201, MessageSchema)
@problems(404, 429, *BODY)
def message_answer(given: dict[str, str], order: str) -> OrderMessage:
    """Write to the buyer."""
    producer, now = current_seller().producer, clock.now()
    with acting(now) as actor:
        return send_message(order, given["words"], account_id=account().id, producer_id=producer.id, actor=actor, now=now)
