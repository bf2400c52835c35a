"""Calling goods back: from a lot or a box down to every buyer, and up to every household.

Stock is blocked the moment somebody starts one, because hours count; buyers are told when a second person has agreed. Buyers
say what became of the goods, and get their money back by a claim like any other, whose time limit does not hold here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.blocking import block_lots, give_up_blocked, release_lots
from marketplace.catalogue.lot_tree import households_of, lots_above, lots_below
from marketplace.catalogue.models import Lot
from marketplace.identity.models import Account
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.kernel.steps import step
from marketplace.orders.boxes import get_box, lines_below
from marketplace.orders.claim_moves import left_of_line, lock_paid, move, pay
from marketplace.orders.claim_states import ClaimAction, ClaimKind
from marketplace.orders.claims import Complaint, buyer, file_claim, open_claim_on_line, operator
from marketplace.orders.models import Box, Claim, Order, OrderGroup, OrderLine, Recall, RecallLine
from marketplace.orders.notices import NoticeKind, give_notice
from marketplace.orders.recall_states import IN_FORCE, RECALLS, RecallAction, RecallReply, RecallState
from marketplace.orders.states import OrderState
from marketplace.payments.queries import get_payment_for

MOST_WORDS = 400
PURPOSE = "recall"


@dataclass(frozen=True)
class Reach:
    """Whom a recall concerns: the lots that are blocked, the order lines below, the households above with their grams."""

    lot_ids: frozenset[int]
    lines: Sequence[OrderLine]
    households: dict[int, int]


def root_of(code: str) -> tuple[Lot, Box | None]:
    """The lot of a code that somebody read off a lot's page or a box, and the box if it was one; or ``NotFound``."""
    lot = db.session.scalars(select(Lot).filter_by(public_id=code.lower())).first()
    if lot is not None:
        return lot, None
    try:
        box = get_box(code)
    except NotFound:
        raise NotFound("lot_unknown", N_("There is neither a lot nor a box with this code.")) from None
    return db.session.get_one(Lot, box.line.lot_id), box


def reach_of(lot: Lot, box: Box | None = None) -> Reach:
    """What lies below and above a lot, or one box of it. Of a lot all is meant that was made of it as well."""
    above = households_of([lot.id])
    if box is not None:
        return Reach(frozenset(), [box.line], above)
    return Reach(frozenset(lots_below([lot.id])), lines_below([lot.id]), above)


def start_recall(code: str, reason: str, advice: str, by: Account, *, now: datetime) -> Recall:
    """Block a lot with all that was made of it, or look for one box, and ask a second person to agree.

    Raises
    ------
    NotFound
        ``lot_unknown``.
    Invalid
        ``recall_words`` without a reason and what to do.
    Conflict
        ``recall_open`` when the lot or the box is being called back already.
    """
    if not all(1 <= len(words.strip()) <= MOST_WORDS for words in (reason, advice)):
        raise Invalid("recall_words", N_("Please say why it is called back and what buyers are to do."))
    lot, box = root_of(code)
    # Two who start the same one at once meet at the lot.
    db.session.execute(select(Lot.id).where(Lot.id == lot.id).with_for_update(key_share=True))
    known = select(Recall.id).where(Recall.lot_id == lot.id, Recall.state.in_((RecallState.STARTED, RecallState.TOLD)))
    if db.session.scalar(known.where(Recall.box_id == (box.id if box is not None else None))) is not None:
        raise Conflict("recall_open", N_("This is being called back already."))
    recall = Recall(
        reference=ids.reference("RC", local_day(now)),
        lot_id=lot.id,
        box_id=box.id if box is not None else None,
        reason=reason.strip(),
        advice=advice.strip(),
        state=RecallState.STARTED,
        started_by_id=by.id,
        started_at=now,
    )
    db.session.add(recall)
    db.session.flush()
    lot_ids = reach_of(lot, box).lot_ids
    if lot_ids:
        block_lots(lot_ids, PURPOSE, recall.public_id, now=now)
    step("recall.blocked")
    data = {"lot": lot.public_id, "lots": len(lot_ids)}
    audit.record("recall.started", PURPOSE, recall.public_id, actor=by.public_id, at=now, **data)
    return recall


def tell_buyers(public_id: str, by: Account, *, now: datetime) -> Recall:
    """The second person agrees: every buyer below and every seller is told, each order line once.

    Raises
    ------
    Forbidden
        ``second_person`` for whoever has started it.
    """
    recall = _locked(public_id)
    if not _decide(recall, RecallAction.TELL, by, now):
        return recall
    lot, box = db.session.get_one(Lot, recall.lot_id), recall.box
    for line in reach_of(lot, box).lines:
        concerned = RecallLine(recall_id=recall.id, line_id=line.id, told_at=now)
        db.session.add(concerned)
        db.session.flush()
        give_notice(NoticeKind.RECALL, line.order, concerned.public_id, to_seller=False, now=now)
        give_notice(NoticeKind.RECALL, line.order, concerned.public_id, to_seller=True, now=now)
    db.session.expire(recall, ["lines"])
    step("recall.told")
    audit.record("recall.told", PURPOSE, public_id, actor=by.public_id, at=now, lines=len(recall.lines))
    return recall


def withdraw_recall(public_id: str, by: Account, *, now: datetime) -> Recall:
    """The second person finds that nothing is wrong: what was blocked is on sale again."""
    recall = _locked(public_id)
    if _decide(recall, RecallAction.WITHDRAW, by, now):
        release_lots(PURPOSE, public_id, now=now)
        audit.record("recall.withdrawn", PURPOSE, public_id, actor=by.public_id, at=now)
    return recall


def close_recall(public_id: str, words: str, by: Account, *, now: datetime) -> Recall:
    """End a recall in words. Its lots stay blocked, and what was left of them is lost."""
    if not 1 <= len(words.strip()) <= MOST_WORDS:
        raise Invalid("closing_words", N_("Please say in a few words how it ended."))
    recall = _locked(public_id)
    state = RECALLS.next_state(RecallState(recall.state), RecallAction.CLOSE)
    if state is None:
        return recall
    recall.state, recall.closed_at, recall.closing_words = state, now, words.strip()
    given_up_g = give_up_blocked(PURPOSE, public_id, recall.reference, now=now)
    db.session.flush()
    audit.record("recall.closed", PURPOSE, public_id, actor=by.public_id, at=now, given_up_g=given_up_g)
    return recall


def _decide(recall: Recall, action: RecallAction, by: Account, now: datetime) -> bool:
    state = RECALLS.next_state(RecallState(recall.state), action)
    if state is None:
        return False
    if by.id == recall.started_by_id:
        raise Forbidden("second_person", N_("A second person has to agree. You have started this yourself."))
    recall.state, recall.decided_by_id, recall.decided_at = state, by.id, now
    db.session.flush()
    return True


def answer_recall(line_public_id: str, account_id: int, name: str, reply: RecallReply, *, now: datetime) -> Claim | None:
    """A buyer says what became of the goods; what was paid for them goes back, through a claim that needs no answer.

    Said again, it changes nothing.

    Returns
    -------
    Claim or None
        The claim by which money goes back; None where nothing was paid or nothing has left.

    Raises
    ------
    NotFound
        For another's goods.
    Conflict
        ``recall_state`` when the recall is over.
    """
    line = recalled_line(line_public_id, account_id)
    order, group = lock_paid(line.line.order.public_id)
    line = db.session.scalars(
        select(RecallLine).filter_by(id=line.id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if line.reply is not None:
        return line.claim
    if line.recall.state != RecallState.TOLD:
        raise Conflict("recall_state", N_("This recall can no longer be changed that way."))
    line.reply, line.replied_at = reply, now
    db.session.flush()
    line.claim = _claim(order, group, line, name, now)
    db.session.flush()
    step("recall.answered")
    audit.record("recall.answered", PURPOSE, line.recall.public_id, actor=name, at=now, reply=reply.value)
    return line.claim


def _claim(order: Order, group: OrderGroup, line: RecallLine, name: str, now: datetime) -> Claim | None:
    left_fen = left_of_line(line.line, order)
    if group.paid_at is None or order.shipped_at is None or order.state == OrderState.CANCELLED or not left_fen:
        return None
    claim = open_claim_on_line(line.line_id)
    if claim is not None:
        # It is on its way already, and whoever answers for it has the recall before their eyes.
        return claim
    number = order.lines.index(line.line) + 1
    complaint = Complaint(ClaimKind.OTHER, line.recall.reference, asked_fen=left_fen)
    claim = file_claim(order.public_id, number, complaint, buyer(group.account_id, name), now=now)
    by = operator(line.recall.started_by_id, PURPOSE)
    if move(claim, ClaimAction.ACCEPT, by, now=now, amount_fen=claim.asked_fen):
        pay(claim, claim.asked_fen, by, now=now)
    return claim


def payment_of_answer(claim: Claim) -> str:
    """The payment whose refunds are to be sent after the commit."""
    return get_payment_for("order_group", claim.order.group.public_id).public_id


def recalled_line(public_id: str, account_id: int) -> RecallLine:
    """What a recall says of a buyer's own goods, or ``NotFound``."""
    found = db.session.scalars(
        select(RecallLine)
        .join(OrderLine, OrderLine.id == RecallLine.line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .where(RecallLine.public_id == public_id, OrderGroup.account_id == account_id)
        .options(joinedload(RecallLine.recall), joinedload(RecallLine.line).joinedload(OrderLine.order))
    ).first()
    if found is None:
        raise NotFound("recall_unknown", N_("There is no such recall."))
    return found


def recalls_listed(*, limit: int = 100) -> Sequence[Recall]:
    """Every recall, newest first, with what was answered."""
    query = select(Recall).options(selectinload(Recall.lines)).order_by(Recall.id.desc()).limit(limit)
    return db.session.scalars(query).all()


def get_recall(public_id: str) -> Recall:
    """A recall, or ``NotFound``."""
    recall = db.session.scalars(select(Recall).filter_by(public_id=public_id)).first()
    if recall is None:
        raise NotFound("recall_unknown", N_("There is no such recall."))
    return recall


def recalled_lots(lot_ids: Sequence[int]) -> bool:
    """Whether any of these lots, or of those above them, is called back."""
    above = lots_above(lot_ids)
    told = select(Recall.id).where(Recall.lot_id.in_(above), Recall.box_id.is_(None), Recall.state.in_(IN_FORCE))
    return db.session.scalar(told.limit(1)) is not None


def _locked(public_id: str) -> Recall:
    get_recall(public_id)
    query = select(Recall).filter_by(public_id=public_id).with_for_update(of=Recall)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()
