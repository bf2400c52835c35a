"""Claims of buyers on what they bought, and the answers of sellers. What neither settles goes to ``disputes``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_UP, Decimal

from sqlalchemy import select

from marketplace.catalogue.models import Unit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.money import split_fen
from marketplace.kernel.pictures import Picture
from marketplace.kernel.steps import step
from marketplace.orders.claim_moves import (
    CLOCK,
    Actor,
    left_of_line,
    lock_claim,
    lock_claim_on,
    lock_paid,
    move,
    note_step,
    pay,
)
from marketplace.orders.claim_rules import check_clock, clock_of
from marketplace.orders.claim_states import (
    ANSWER_TIMES,
    ENDED,
    PHOTOGRAPHED,
    SILENCE_AGREES_UP_TO_FEN,
    ClaimAction,
    ClaimKind,
    ClaimState,
    Party,
)
from marketplace.orders.contact_masking import mask_contacts
from marketplace.orders.models import Claim, ClaimPicture, GoodsReturn, Order, OrderGroup, OrderLine
from marketplace.orders.preorders import missing_fen
from marketplace.orders.recall_clock import is_called_back

# The folder of an installation that holds the pictures of claims; nothing public is served from it.
CLAIM_PICTURES = "claim-pictures"
MOST_PICTURES = 6
MOST_WORDS = 1000
WHOLE_BP = 10_000
_COUNTED = {Unit.BOX, Unit.PIECE, Unit.BUNCH, Unit.BAG}


@dataclass(frozen=True)
class Complaint:
    """What a buyer says: what is wrong, in words and pictures, and how much they ask for, as an amount or a share.

    ``share_bp`` is the part of the goods that is bad, in parts of ten thousand; it is used where no amount is given.
    """

    kind: ClaimKind
    words: str = ""
    asked_fen: int | None = None
    share_bp: int | None = None
    pictures: Sequence[Picture] = field(default_factory=tuple)


def file_claim(order_public_id: str, line_number: int, complaint: Complaint, by: Actor, *, now: datetime) -> Claim:
    """Claim on the line of an own order with this number, counted from one.

    Raises
    ------
    NotFound
        For another's order or a line that it does not have.
    Invalid
        ``picture_needed``, ``too_many_pictures``, ``amount_invalid``, ``words_needed``.
    Conflict
        When it is too early or too late (``claim_rules``), ``claim_open`` while another claim on the line is open,
        ``claim_too_large`` when more is asked for than the line has left.
    """
    order, group = lock_paid(order_public_id)
    if group.account_id != by.account_id:
        raise NotFound("order_unknown", N_("There is no such order."))
    line = _line(order, line_number)
    if not is_called_back(line.id):
        check_clock(complaint.kind, order, group, clock_of(line, local_day(now)), now)
    known = open_claim_on_line(line.id)
    if known is not None:
        raise Conflict("claim_open", N_("There is an open claim on these goods already."), claim=known.public_id)
    _check_evidence(complaint)
    left_fen = left_of_line(line, order)
    asked_fen = _asked_fen(complaint, line, left_fen)
    claim = Claim(
        order_id=order.id,
        order_line_id=line.id,
        kind=complaint.kind,
        words=mask_contacts(complaint.words.strip()),
        asked_fen=asked_fen,
        share_bp=complaint.share_bp if complaint.asked_fen is None else None,
        state=ClaimState.FILED,
        filed_at=now,
        answer_by=now + ANSWER_TIMES[ClaimState.FILED],
    )
    claim.pictures = [ClaimPicture(name=p.name, width=p.width, height=p.height) for p in complaint.pictures]
    db.session.add(claim)
    db.session.flush()
    note_step(claim, "file", by, now=now, amount_fen=asked_fen, words=complaint.words)
    step("claim.filed")
    return claim


def check_claimable(order_public_id: str, line_number: int, kind: ClaimKind, account_id: int, *, now: datetime) -> None:
    """Return if such a claim could be filed at this moment, before anybody takes the trouble of reading its pictures.

    Raises
    ------
    NotFound, Conflict
        As ``file_claim`` does, which asks again under its locks.
    """
    order = db.session.scalars(
        select(Order).join(OrderGroup).where(Order.public_id == order_public_id, OrderGroup.account_id == account_id)
    ).first()
    if order is None:
        raise NotFound("order_unknown", N_("There is no such order."))
    line = _line(order, line_number)
    check_clock(kind, order, order.group, clock_of(line, local_day(now)), now)


def _line(order: Order, number: int) -> OrderLine:
    if not 1 <= number <= len(order.lines):
        raise NotFound("line_unknown", N_("This order has no such goods."))
    return order.lines[number - 1]


def open_claim_on_line(line_id: int) -> Claim | None:
    """The claim on a line that has not ended; there is at most one."""
    return db.session.scalars(select(Claim).where(Claim.order_line_id == line_id, Claim.state.not_in(ENDED))).first()


def _check_evidence(complaint: Complaint) -> None:
    if len(complaint.words) > MOST_WORDS:
        raise Invalid("words_too_long", N_("Please use at most %(most)s characters."), most=MOST_WORDS)
    if complaint.kind in PHOTOGRAPHED and not complaint.pictures:
        raise Invalid("picture_needed", N_("Please add at least one photo, so that the seller can see it."))
    if len(complaint.pictures) > MOST_PICTURES:
        raise Invalid("too_many_pictures", N_("Please send at most %(most)s photos."), most=MOST_PICTURES)
    if complaint.kind is ClaimKind.OTHER and not complaint.words.strip():
        raise Invalid("words_needed", N_("Please say in a few words what is wrong."))


def _asked_fen(complaint: Complaint, line: OrderLine, left_fen: int) -> int:
    if not left_fen:
        raise Conflict("claim_too_large", N_("All of the money for these goods has been given back."), left_fen=0)
    if complaint.asked_fen is not None:
        if complaint.asked_fen <= 0:
            raise Invalid("amount_invalid", N_("Please say how much you would like back."))
        if complaint.asked_fen > left_fen:
            raise Conflict("claim_too_large", N_("No more can be given back than you paid for it."), left_fen=left_fen)
        return complaint.asked_fen
    share_bp = complaint.share_bp
    if share_bp is None or not 1 <= share_bp <= WHOLE_BP:
        raise Invalid("amount_invalid", N_("Please say how much you would like back."))
    asked_fen = split_fen(line.total_fen - missing_fen(line), {"bad": share_bp, "good": WHOLE_BP - share_bp})["bad"]
    # Where a part was given back before, all of it is all that is left.
    return max(1, min(asked_fen, left_fen))


def accept_claim(public_id: str, by: Actor, *, now: datetime) -> Claim:
    """The seller agrees: what was asked for goes back to the buyer."""
    claim = lock_claim_on(public_id, by)
    if move(claim, ClaimAction.ACCEPT, by, now=now, amount_fen=claim.asked_fen):
        pay(claim, claim.asked_fen, by, now=now)
    return claim


def offer_amount(public_id: str, amount_fen: int, words: str, by: Actor, *, now: datetime) -> Claim:
    """The seller offers less than was asked for, and says why."""
    claim = lock_claim_on(public_id, by)
    if not 0 < amount_fen < claim.asked_fen:
        raise Invalid("offer_invalid", N_("Please offer less than was asked for, or accept the claim."))
    _check_words(words)
    # A form that was sent twice offers once; another amount is another answer.
    if claim.state == ClaimState.OFFERED and claim.offered_fen != amount_fen:
        raise Conflict("claim_state", N_("This claim can no longer be changed that way."), state=claim.state, action="offer")
    if claim.state == ClaimState.FILED:
        claim.offered_fen = amount_fen
    move(claim, ClaimAction.OFFER, by, now=now, amount_fen=amount_fen, words=words)
    return claim


def refuse_claim(public_id: str, words: str, by: Actor, *, now: datetime) -> Claim:
    """The seller gives nothing, and says why; the buyer may take it to the operator."""
    claim = lock_claim_on(public_id, by)
    _check_words(words)
    move(claim, ClaimAction.REFUSE, by, now=now, words=words)
    return claim


def ask_goods_back(public_id: str, words: str, by: Actor, *, now: datetime) -> Claim:
    """The seller wants the goods before the money goes back; for goods that can travel.

    Raises
    ------
    Conflict
        ``not_returnable`` for goods that would spoil, or that never came.
    """
    claim = lock_claim_on(public_id, by)
    if claim.kind == ClaimKind.NOT_ARRIVED or not clock_of(claim.line, local_day(claim.filed_at)).returnable:
        raise Conflict("not_returnable", N_("These goods cannot be sent back."))
    if move(claim, ClaimAction.ASK_BACK, by, now=now, words=words):
        db.session.add(GoodsReturn(claim_id=claim.id, quantity=claimed_quantity(claim.line, claim.asked_fen), agreed_at=now))
        db.session.flush()
    return claim


def claimed_quantity(line: OrderLine, asked_fen: int) -> Decimal:
    """How much of the goods an amount stands for, in the line's unit, rounded up: whole pieces, tenths of a weight.

    Half the money of three boxes is two boxes.
    """
    step_of_unit = Decimal(1) if Unit(line.unit) in _COUNTED else Decimal("0.1")
    # What did not grow was never sent.
    sent = line.quantity - line.missing
    share = sent * asked_fen / (line.total_fen - missing_fen(line))
    return min(sent, (share / step_of_unit).to_integral_value(ROUND_UP) * step_of_unit)


def take_offer(public_id: str, by: Actor, *, now: datetime) -> Claim:
    """The buyer takes what the seller has offered."""
    claim = lock_claim(public_id, buyer_id=by.account_id)
    if move(claim, ClaimAction.TAKE, by, now=now, amount_fen=claim.offered_fen):
        pay(claim, claim.offered_fen or 0, by, now=now)
    return claim


def withdraw_claim(public_id: str, by: Actor, *, now: datetime) -> Claim:
    """The buyer lets the claim go; not while goods are on their way back, because somebody has them."""
    claim = lock_claim(public_id, buyer_id=by.account_id)
    if claim.goods_return is not None and claim.goods_return.sent_at is not None and claim.state == ClaimState.RETURNING:
        raise Conflict("goods_under_way", N_("The goods are on their way back. Please wait until they have come."))
    move(claim, ClaimAction.WITHDRAW, by, now=now)
    return claim


def dispute_claim(public_id: str, words: str, by: Actor, *, now: datetime) -> Claim:
    """The buyer does not agree with the seller's answer; the operator will decide."""
    claim = lock_claim(public_id, buyer_id=by.account_id)
    _check_words(words)
    move(claim, ClaimAction.DISPUTE, by, now=now, words=words)
    return claim


def _check_words(words: str) -> None:
    if not words.strip():
        raise Invalid("words_needed", N_("Please give the reason in a few words."))
    if len(words) > MOST_WORDS:
        raise Invalid("words_too_long", N_("Please use at most %(most)s characters."), most=MOST_WORDS)


def seller_was_silent(claim: Claim, *, now: datetime) -> None:
    """The seller's time is over: a small claim is agreed to, about a larger one the operator decides."""
    if claim.asked_fen <= SILENCE_AGREES_UP_TO_FEN:
        if move(claim, ClaimAction.ACCEPT, CLOCK, now=now, amount_fen=claim.asked_fen):
            pay(claim, claim.asked_fen, CLOCK, now=now)
    else:
        move(claim, ClaimAction.ESCALATE, CLOCK, now=now)


def buyer_was_silent(claim: Claim, *, now: datetime) -> None:
    """The buyer's time is over: an offer is theirs all the same, and a refusal stands."""
    if claim.state == ClaimState.OFFERED:
        if move(claim, ClaimAction.TAKE, CLOCK, now=now, amount_fen=claim.offered_fen):
            pay(claim, claim.offered_fen or 0, CLOCK, now=now)
    else:
        move(claim, ClaimAction.LAPSE, CLOCK, now=now)


def buyer(account_id: int, name: str) -> Actor:
    """A buyer as the one who takes a step."""
    return Actor(Party.BUYER, account_id, name)


def seller(account_id: int, name: str, producer_id: int) -> Actor:
    """Whoever sells for a farm as the one who takes a step: its own account, or one that acts in its name."""
    return Actor(Party.SELLER, account_id, name, producer_id)


def operator(account_id: int, name: str) -> Actor:
    """The operator as the one who takes a step."""
    return Actor(Party.OPERATOR, account_id, name)
