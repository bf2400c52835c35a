"""Goods that go back to their seller before a claim is paid: agreed, sent, arrived, checked."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from marketplace.catalogue.service import return_stock
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.steps import step
from marketplace.orders.claim_moves import CLOCK, Actor, lock_claim, lock_claim_on, move, note_step, pay
from marketplace.orders.claim_states import (
    RETURN_TIMES,
    RETURNS,
    ClaimAction,
    ClaimState,
    Party,
    ReturnAction,
    ReturnState,
)
from marketplace.orders.models import Claim, GoodsReturn, OrderLine


def _step(claim: Claim, action: ReturnAction, by: Actor, now: datetime) -> bool:
    """Move the goods of a locked claim along; False when that was done already."""
    goods = claim.goods_return
    if goods is None:
        raise Conflict("no_return", N_("Nothing is to be sent back for this claim."))
    state = RETURNS.next_state(ReturnState(goods.state), action)
    if state is None:
        return False
    # A claim that has ended or gone to the operator takes its goods out of both parties' hands.
    if claim.state != ClaimState.RETURNING:
        raise Conflict("return_state", N_("This return can no longer be changed that way."), state=goods.state, action=action)
    if by.party is not Party.CLOCK and claim.answer_by is not None and now > claim.answer_by:
        raise Conflict("claim_time_over", N_("The time for this answer is over; the claim goes on without it."))
    goods.state = state
    if state in RETURN_TIMES:
        claim.answer_by = now + RETURN_TIMES[state]
    return True


def send_back(public_id: str, carrier: str, tracking_number: str, by: Actor, *, now: datetime) -> Claim:
    """The buyer has sent the goods, by whom and under which number."""
    claim = lock_claim(public_id, buyer_id=by.account_id)
    if not carrier.strip() or not tracking_number.strip():
        raise Invalid("carrier_needed", N_("Please give the carrier and the number on the parcel."))
    if _step(claim, ReturnAction.SEND, by, now):
        goods = _goods(claim)
        goods.carrier, goods.tracking_number, goods.sent_at = carrier.strip(), tracking_number.strip(), now
        note_step(claim, ReturnAction.SEND, by, now=now)
    return claim


def note_arrival(public_id: str, by: Actor, *, now: datetime) -> Claim:
    """The goods are back with their seller, who looks at them next."""
    claim = lock_claim_on(public_id, by)
    if _step(claim, ReturnAction.ARRIVE, by, now):
        _goods(claim).arrived_at = now
        note_step(claim, ReturnAction.ARRIVE, by, now=now)
    return claim


def note_check(public_id: str, sellable: bool, by: Actor, *, now: datetime) -> Claim:
    """The seller has looked: the money goes back, and goods that are fit for sale go back on stock."""
    claim = lock_claim_on(public_id, by)
    _check(claim, sellable, by, now)
    return claim


def _check(claim: Claim, sellable: bool, by: Actor, now: datetime) -> None:
    goods = claim.goods_return
    if goods is not None and goods.state == ReturnState.ARRIVED:
        # Set first: the state may not be written without it.
        goods.sellable = sellable
    if not _step(claim, ReturnAction.CHECK, by, now):
        return
    goods = _goods(claim)
    quantity = min(goods.quantity, _not_back_yet(claim.line)) if sellable else Decimal(0)
    db.session.flush()
    if quantity > 0:
        return_stock({claim.line.lot_id: quantity}, "goods_return", goods.public_id, now=now)
        step("claim.goods_returned")
    # Both hear of the end that follows at once.
    note_step(claim, ReturnAction.CHECK, by, now=now, heard=(Party.BUYER, Party.SELLER))
    if move(claim, ClaimAction.FINISH, by, now=now, amount_fen=claim.asked_fen):
        pay(claim, claim.asked_fen, by, now=now)


def _not_back_yet(line: OrderLine) -> Decimal:
    """How much of a line has not come back on stock; rounding up twice must not make goods out of nothing."""
    query = (
        select(func.coalesce(func.sum(GoodsReturn.quantity), 0))
        .join(Claim, Claim.id == GoodsReturn.claim_id)
        .where(Claim.order_line_id == line.id, GoodsReturn.sellable, Claim.state == ClaimState.SETTLED)
    )
    return line.quantity - line.missing - Decimal(db.session.scalar(query) or 0)


def question_return(public_id: str, words: str, by: Actor, *, now: datetime) -> Claim:
    """The seller says that it is not what was sold, or did not come; the operator decides."""
    claim = lock_claim_on(public_id, by)
    if not words.strip():
        raise Invalid("words_needed", N_("Please give the reason in a few words."))
    if _step(claim, ReturnAction.QUESTION, by, now):
        move(claim, ClaimAction.ESCALATE, by, now=now, words=words)
    return claim


def time_is_over(claim: Claim, *, now: datetime) -> None:
    """Nobody has moved: unsent goods end the claim, silence about a parcel goes to the operator, checked late is checked."""
    goods = _goods(claim)
    if goods.state == ReturnState.AGREED:
        _step(claim, ReturnAction.GIVE_UP, CLOCK, now)
        move(claim, ClaimAction.LAPSE, CLOCK, now=now)
    elif goods.state == ReturnState.SENT:
        _step(claim, ReturnAction.QUESTION, CLOCK, now)
        move(claim, ClaimAction.ESCALATE, CLOCK, now=now)
    else:
        _check(claim, False, CLOCK, now)


def _goods(claim: Claim) -> GoodsReturn:
    if claim.goods_return is None:
        raise RuntimeError(f"claim {claim.public_id} has no goods on their way back")
    return claim.goods_return
