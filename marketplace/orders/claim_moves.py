"""What every step of a claim has in common: locks, the change of state with its record, and paying what was agreed.

Rows are locked payment first, then purchase and orders, then the claim, as everywhere money goes back.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, NotFound
from marketplace.kernel.steps import step
from marketplace.orders.claim_queries import only_of, open_claim
from marketplace.orders.claim_states import (
    ANSWER_TIMES,
    CLAIMS,
    ENDED,
    RETURN_TIMES,
    ClaimAction,
    ClaimKind,
    ClaimState,
    Party,
    ReturnState,
)
from marketplace.orders.contact_masking import mask_contacts
from marketplace.orders.goodwill import book_goodwill
from marketplace.orders.models import Claim, ClaimStep, Order, OrderGroup, OrderLine
from marketplace.orders.notices import NoticeKind, give_notice
from marketplace.orders.preorders import missing_fen
from marketplace.orders.refunds import refund_order
from marketplace.orders.service import lock_order
from marketplace.orders.unsent import leave_out
from marketplace.payments.queries import get_payment_for


@dataclass(frozen=True)
class Actor:
    """Who takes a step: on which side, by which account; a seller also for which farm, which need not be the account's own."""

    party: Party
    account_id: int | None
    name: str
    producer_id: int | None = None


CLOCK = Actor(Party.CLOCK, None, "clock")


def lock_paid(order_public_id: str) -> tuple[Order, OrderGroup]:
    """An order and its purchase, locked behind their payment, or ``NotFound``."""
    group_id = db.session.scalar(
        select(OrderGroup.public_id).join(Order, Order.group_id == OrderGroup.id).where(Order.public_id == order_public_id)
    )
    if group_id is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    get_payment_for("order_group", group_id, lock=True)
    return lock_order(order_public_id)


def lock_claim(public_id: str, *, buyer_id: int | None = None, producer_id: int | None = None) -> Claim:
    """A claim of this buyer's or on this producer's goods, locked behind its order, or ``NotFound``."""
    order_id = db.session.scalar(only_of(select(Order.public_id).select_from(Claim), public_id, buyer_id, producer_id))
    if order_id is None:
        raise NotFound("claim_unknown", N_("There is no such claim."))
    lock_paid(order_id)
    return db.session.scalars(
        select(Claim).filter_by(public_id=public_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def lock_claim_on(public_id: str, by: Actor) -> Claim:
    """A claim on the goods of the seller who takes a step, locked.

    Raises
    ------
    NotFound
        For a claim on another's goods.
    Forbidden
        ``own_claim`` when the one who answers for the farm is who has claimed: nobody agrees with themselves.
    """
    # Whoever takes a step for no farm answers for none.
    claim = lock_claim(public_id, producer_id=by.producer_id or 0)
    if claim.order.group.account_id == by.account_id:
        raise Forbidden("own_claim", N_("You bought these goods yourself. Somebody else has to answer for the farm."))
    return claim


def left_of_line(line: OrderLine, order: Order) -> int:
    """How much of a line can still be given back, in fen: neither line nor order gives back more than it took."""
    return max(0, min(line.total_fen - missing_fen(line) - line.refunded_fen, order.total_fen - order.refunded_fen))


def move(
    claim: Claim,
    action: ClaimAction,
    by: Actor,
    *,
    now: datetime,
    amount_fen: int | None = None,
    words: str = "",
) -> bool:
    """Take a step of a locked claim and write it down; False when that was done already.

    Raises
    ------
    Conflict
        ``claim_state`` for a step that this state does not know, ``claim_time_over`` for one that comes too late.
    """
    state = CLAIMS.next_state(ClaimState(claim.state), action)
    if state is None:
        return False
    if by.party in (Party.BUYER, Party.SELLER) and claim.answer_by is not None and now > claim.answer_by:
        raise Conflict("claim_time_over", N_("The time for this answer is over; the claim goes on without it."))
    claim.state = state
    if state in ENDED:
        claim.answer_by, claim.ended_at = None, now
    else:
        times = ANSWER_TIMES.get(state, RETURN_TIMES[ReturnState.AGREED])
        claim.answer_by = now + times
    db.session.flush()
    # With the money that goes back now its buyer is told of it.
    paid = state is ClaimState.SETTLED and bool(amount_fen) and left_of_line(claim.line, claim.order) > 0
    note_step(claim, action.value, by, now=now, amount_fen=amount_fen, words=words, heard=(Party.BUYER,) if paid else ())
    return True


def note_step(
    claim: Claim,
    action: str,
    by: Actor,
    *,
    now: datetime,
    amount_fen: int | None = None,
    words: str = "",
    heard: Collection[Party] = (),
) -> None:
    """Write down what was done and tell the other side, but for those who hear of it otherwise (``heard``)."""
    db.session.add(
        ClaimStep(
            claim_id=claim.id,
            at=now,
            party=by.party,
            action=action,
            account_id=by.account_id,
            amount_fen=amount_fen,
            words=mask_contacts(words.strip()),
        )
    )
    db.session.flush()
    # Nobody accepts by keeping silent what is being claimed.
    claim.order.claim_open = open_claim(claim.order)
    data = {"order": claim.order.public_id, "amount_fen": amount_fen, "state": claim.state}
    audit.record(f"claim.{action}", "claim", claim.public_id, actor=by.name, at=now, **data)
    if Party.BUYER not in (by.party, *heard):
        give_notice(NoticeKind.CLAIM, claim.order, claim.public_id, to_seller=False, now=now)
    if Party.SELLER not in (by.party, *heard):
        give_notice(NoticeKind.CLAIM, claim.order, claim.public_id, to_seller=True, now=now)


def pay(claim: Claim, amount_fen: int, by: Actor, *, goodwill_fen: int = 0, now: datetime) -> None:
    """Promise back what a locked claim has come to, as much of it as the line has left, once.

    What the operator has given back of the order beside the claim is not given twice.
    """
    order, line = claim.order, claim.line
    left_fen = left_of_line(line, order)
    amount_fen = min(amount_fen, left_fen)
    if claim.refund_id is not None or not amount_fen:
        return
    refund = refund_order(order.public_id, amount_fen, expected_refunded_fen=order.given_back_fen, actor=by.name, now=now)
    goodwill_fen = min(goodwill_fen, amount_fen)
    if goodwill_fen:
        book_goodwill(claim.public_id, order, goodwill_fen, now=now)
    claim.refund_id, claim.settled_fen = refund.id, amount_fen
    line.refunded_fen += amount_fen
    db.session.flush()
    step("claim.refund_booked")
    if claim.kind == ClaimKind.NOT_ARRIVED and amount_fen == left_fen:
        leave_out(order, line, actor=by.name, now=now)
