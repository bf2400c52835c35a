"""Acceptance: what arrived is weighed and graded by the buyer, agreed on by the seller, and then owed.

Goods that are accepted whole are accepted at once; what comes above the order and within the demand's tolerance is a part of
that, and paid by weight. What comes above the tolerance is refused, unless somebody whose limit covers it says that they take
it. Where less is accepted than was ordered, or than came within the tolerance, the seller has three days to look at what the
buyer's scales say and may question it once; then the buyer weighs again, and that record is the last. Silence is a yes on
either side: a seller's to the record, a buyer's to goods that came and were not weighed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from marketplace.kernel import audit
from marketplace.kernel.db import db, savepoint
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.kernel.steps import step
from marketplace.orders.by_contract import give_up, grams_of, take_in
from marketplace.orders.invoicing import InvoiceTo, issue_invoice
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.surplus import take_surplus
from marketplace.sourcing.answering import most_grams, price_fen
from marketplace.sourcing.contracting import lock_contract
from marketplace.sourcing.demands import CLOCK
from marketplace.sourcing.enterprises import may_approve, who_may_approve
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import AcceptanceRecord, Contract, ContractDelivery, ContractPart, EnterpriseMember, PlanPart
from marketplace.sourcing.shortfalls import Why
from marketplace.sourcing.states import (
    CONTRACTS,
    ENDED,
    PARTS,
    PLAN_PARTS,
    TIME_TO_COME,
    TIME_TO_PAY,
    TIME_TO_SIGN,
    TIME_TO_WEIGH,
    ContractAction,
    ContractState,
    PartAction,
    PartState,
    PlanPartAction,
    PlanPartState,
)
from marketplace.sourcing.tolerance import Tolerance

MOST_PICTURES = 6
# Why a part was settled at what was ordered, though its record accepts more.
SURPLUS_LEFT = "surplus_left"
_ON_ITS_WAY = (OrderState.PLACED, OrderState.SHIPPED, OrderState.DELIVERED)


@dataclass(frozen=True)
class Found:
    """What the buyer found: grams on the scales, how much of it is good and how much is not, and why."""

    weighed_g: int
    accepted_g: int
    refused_g: int = 0
    grade: Grade = Grade.UNGRADED
    refused_because: str = ""
    goes_back: bool = True
    # Whether what comes above the tolerance is taken all the same.
    takes_surplus: bool = False
    pictures: Sequence[str] = field(default_factory=tuple)


def weigh(receiver: EnterpriseMember, part_public_id: str, found: Found, *, now: datetime) -> ContractPart:
    """Note what arrived of a part. Accepted whole it is owed at once; else the seller is asked first.

    Raises
    ------
    NotFound
        When the part is not of this enterprise.
    Invalid
        ``weight_negative``, ``more_than_weighed``, ``less_than_weighed`` for what is neither accepted nor refused,
        ``more_than_tolerated`` for a surplus that nobody has said to take, ``refused_why``, ``too_many_pictures``.
    Forbidden
        ``above_limit`` for a surplus that the receiver may not take, naming those who may.
    Conflict
        ``contract_part_state``; ``order_state`` when its order was cancelled meanwhile; ``surplus_not_noted``.
    """
    part = lock_part(part_public_id, enterprise_id=receiver.enterprise_id)
    state = PARTS.next_state(PartState(part.state), PartAction.WEIGH)
    if state is None:
        if _same(part.records[-1], found):
            return part
        raise Conflict("weighed_already", N_("These goods have been weighed. The seller is looking at what was found."))
    order = _order(part)
    if order.state not in _ON_ITS_WAY:
        raise Conflict("order_state", N_("This order can no longer be changed that way."))
    agreed = agreed_of(part, grams_of(order))
    _check(found, agreed)
    _check_surplus(receiver, part, found.accepted_g, agreed)
    record = AcceptanceRecord(
        part_id=part.id,
        number=len(part.records) + 1,
        ordered_g=agreed.ordered_g,
        least_g=agreed.least_g,
        most_g=agreed.most_g,
        weighed_g=found.weighed_g,
        accepted_g=found.accepted_g,
        refused_g=found.refused_g,
        grade=found.grade,
        refused_because=found.refused_because.strip() if found.refused_g else "",
        refused_goes=("back" if found.goes_back else "written_off") if found.refused_g else None,
        pictures=list(found.pictures),
        received_by_id=receiver.account_id,
        received_at=now,
    )
    part.records.append(record)
    part.state, part.due_at = state, now + TIME_TO_SIGN
    db.session.flush()
    actor = receiver.account.public_id
    data = {"weighed_g": found.weighed_g, "accepted_g": found.accepted_g, "refused_g": found.refused_g}
    audit.record("contract_part.weighed", "contract_part", part.public_id, actor=actor, at=now, **data)
    nothing_to_ask = agreed.ordered_g <= found.accepted_g >= min(found.weighed_g, agreed.most_g)
    if nothing_to_ask or record.number > 1:
        _settle_record(part, actor, now, at_the_scales=True)
    return part


def agreed_of(part: ContractPart, ordered_g: int) -> Tolerance:
    """Between what a part is as agreed, when its order is to bring so many grams.

    The demand's tolerance is over the whole delivery; where its parts together are more than was wanted, they have used some of
    it, and each has its proportion of the rest.
    """
    tolerance_bp = part.contract.demand.tolerance_bp
    gone = (PartState.FAILED, PartState.DROPPED)
    together_g = sum(one.grams for one in part.contract.parts if one.delivery_id == part.delivery_id and one.state not in gone)
    left_g = max(0, most_grams(part.delivery.wanted_g, tolerance_bp) - together_g)
    # Nothing is left together once the clock has given the last of them up.
    return Tolerance.of(ordered_g, tolerance_bp, room_g=left_g * ordered_g // (together_g or 1))


def _same(record: AcceptanceRecord, found: Found) -> bool:
    return (record.weighed_g, record.accepted_g, record.refused_g) == (found.weighed_g, found.accepted_g, found.refused_g)


def _check(found: Found, agreed: Tolerance) -> None:
    if min(found.weighed_g, found.accepted_g, found.refused_g) < 0 or found.weighed_g > 1_000_000_000:
        raise Invalid("weight_negative", N_("A weight is not less than nothing."))
    if found.accepted_g + found.refused_g > found.weighed_g:
        raise Invalid("more_than_weighed", N_("No more can be accepted and refused than was weighed."))
    if found.accepted_g + found.refused_g < found.weighed_g:
        raise Invalid("less_than_weighed", N_("All that was weighed is either accepted or refused."))
    if found.accepted_g > agreed.most_g and not found.takes_surplus:
        raise Invalid(
            "more_than_tolerated",
            N_("That is more than was ordered, up to %(most)s g of which are as agreed. Please refuse the rest, or take it."),
            most=agreed.most_g,
        )
    if found.refused_g and not found.refused_because.strip():
        raise Invalid("refused_why", N_("Please say why some of it is refused."))
    if len(found.pictures) > MOST_PICTURES:
        raise Invalid("too_many_pictures", N_("Please choose at most %(most)s pictures."), most=MOST_PICTURES)


def _check_surplus(receiver: EnterpriseMember, part: ContractPart, accepted_g: int, agreed: Tolerance) -> None:
    """Refuse to commit the enterprise to more than it has agreed to in the name of somebody who may not."""
    if accepted_g <= agreed.most_g:
        return
    more_fen = price_fen(part.fen_kg, accepted_g) - price_fen(part.fen_kg, agreed.most_g)
    if not may_approve(receiver, more_fen):
        names = "、".join(who_may_approve(receiver.enterprise_id, more_fen)) or "—"
        raise Forbidden("above_limit", N_("This is above your limit. It can be approved by: %(names)s."), names=names)


def agree(producer_id: int, part_public_id: str, *, actor: str, now: datetime) -> ContractPart:
    """The seller signs what the buyer's scales say."""
    part = lock_part(part_public_id, producer_id=producer_id)
    if part.state in (PartState.ACCEPTED, PartState.REFUSED):
        return part
    _check_weighed(part, PartAction.ACCEPT)
    _sign(part.records[-1], "agreed", actor, "", now)
    _settle_record(part, actor, now)
    return part


def question(producer_id: int, part_public_id: str, words: str, *, actor: str, now: datetime) -> ContractPart:
    """The seller does not agree; the buyer weighs once more, within three days, else the goods count as accepted whole."""
    part = lock_part(part_public_id, producer_id=producer_id)
    if not words.strip():
        raise Invalid("words_needed", N_("Please give the reason in a few words."))
    state = PARTS.next_state(PartState(part.state), PartAction.QUESTION)
    if state is None:
        return part
    _sign(part.records[-1], "questioned", actor, words.strip()[:400], now)
    part.state, part.due_at = state, now + TIME_TO_WEIGH
    db.session.flush()
    audit.record("contract_part.questioned", "contract_part", part.public_id, actor=actor, at=now)
    return part


def _check_weighed(part: ContractPart, action: PartAction) -> None:
    if part.state != PartState.WEIGHED:
        # Says which state it is in.
        PARTS.next_state(PartState(part.state), action)
        raise Conflict("contract_part_state", N_("This part can no longer be changed that way."))


def _sign(record: AcceptanceRecord, word: str, actor: str, says: str, now: datetime) -> None:
    record.seller_word, record.seller_by, record.seller_at, record.seller_says = word, actor, now, says


def _settle_record(part: ContractPart, actor: str, now: datetime, *, at_the_scales: bool = False) -> None:
    record, take = part.records[-1], _surplus if at_the_scales else _surplus_or_none
    _settle(part, record.accepted_g, record.refused_g, record.refused_goes == "back", actor, now, take)


def _surplus(part: ContractPart, accepted_g: int, ordered_g: int, actor: str, now: datetime) -> Order | None:
    """Take what is accepted beyond the order; None where that comes to nothing.

    Who stands at the scales hears of a surplus that cannot be taken, and can refuse it.
    """
    more_fen = price_fen(part.fen_kg, accepted_g) - price_fen(part.fen_kg, ordered_g)
    return take_surplus(_order(part).public_id, accepted_g - ordered_g, more_fen, actor=actor, now=now)


def _surplus_or_none(part: ContractPart, accepted_g: int, ordered_g: int, actor: str, now: datetime) -> Order | None:
    """The same, days after the goods were weighed: what cannot be taken any more is left, and the part says so.

    Stock may have been sold, called back or gone out of season by then, and what was ordered is owed all the same.
    """
    try:
        with savepoint():
            return _surplus(part, accepted_g, ordered_g, actor, now)
    except Conflict as error:
        part.reason = SURPLUS_LEFT
        data = {"left_g": accepted_g - ordered_g, "why": error.code}
        audit.record(f"contract_part.{SURPLUS_LEFT}", "contract_part", part.public_id, actor=actor, at=now, **data)
        return None


def _settle(
    part: ContractPart,
    accepted_g: int,
    refused_g: int,
    goes_back: bool,
    actor: str,
    now: datetime,
    take: Callable[[ContractPart, int, int, str, datetime], Order | None] = _surplus_or_none,
) -> None:
    """Bring order, invoice and amount due to what was accepted."""
    order = _order(part)
    ordered_g = grams_of(order)
    ended = take_in(order.public_id, min(accepted_g, ordered_g), refused_g, goes_back=goes_back, actor=actor, now=now)
    more = take(part, accepted_g, ordered_g, actor, now) if accepted_g > ordered_g else None
    if more is None:
        accepted_g = min(accepted_g, ordered_g)
    action = PartAction.ACCEPT if ended is OrderState.ACCEPTED else PartAction.REFUSE
    part.state = PARTS.next_state(PartState(part.state), action) or part.state
    part.accepted_g, part.surplus_order, part.due_at = accepted_g, more, None
    db.session.flush()
    if ended is OrderState.ACCEPTED:
        _invoice(part, actor, now)
        _note_delivered(part, actor, now)
    db.session.flush()
    data = {"accepted_g": accepted_g, "refused_g": refused_g, "invoice_matches": part.invoice_matches}
    audit.record(f"contract_part.{part.state}", "contract_part", part.public_id, actor=actor, at=now, **data)
    finish_delivery(part.contract, part.delivery_id, now=now)
    step("acceptance.settled")


def _invoice(part: ContractPart, actor: str, now: datetime) -> None:
    """The invoices of what was accepted, and whether they say what is owed."""
    own, matches = part.contract.enterprise, []
    for order_id in (part.order_id, part.surplus_order_id):
        if order_id is not None:
            order = db.session.get_one(Order, order_id, populate_existing=True)
            invoice = issue_invoice(order, order.group, InvoiceTo(own.invoice_title, own.tax_number), actor=actor, now=now)
            matches.append(invoice.total_fen == order.total_fen - order.refunded_fen)
    part.invoice_matches = all(matches)


def _note_delivered(part: ContractPart, actor: str, now: datetime) -> None:
    """What an accepted part is to the plan that it came from: delivered, and short where less came than is as agreed."""
    short_g = part.short_g
    if short_g:
        data = {"short_g": short_g, "ordered_g": part.records[-1].ordered_g, "benefit_bp": part.benefit_bp}
        audit.record("contract_part.short", "contract_part", part.public_id, actor=actor, at=now, **data)
    if part.plan_part_id is None:
        return
    planned = db.session.get_one(PlanPart, part.plan_part_id, with_for_update=True)
    planned.state = PLAN_PARTS.next_state(PlanPartState(planned.state), PlanPartAction.DELIVER) or planned.state
    if short_g:
        planned.reason = f"{Why.CAME_SHORT}:{planned.grams}"


def finish_delivery(contract: Contract, delivery_id: int, *, now: datetime) -> None:
    """What follows when the last part of a delivery has ended: it is payable, and with the last one the contract fulfilled.

    The contract is locked.
    """
    own = [part for part in contract.parts if part.delivery_id == delivery_id]
    row = db.session.get_one(ContractDelivery, (contract.id, delivery_id), with_for_update=True)
    if row.payable_at is None and all(part.state in ENDED for part in own) and any(part.accepted_g for part in own):
        row.payable_at, row.pay_by_at = now, now + TIME_TO_PAY
        audit.record("contract.payable", "contract", contract.public_id, actor=CLOCK, at=now, delivery=row.delivery.number)
    if contract.state == ContractState.IN_FORCE and all(part.state in ENDED for part in contract.parts):
        contract.state = CONTRACTS.next_state(ContractState.IN_FORCE, ContractAction.FULFIL) or contract.state
        audit.record("contract.fulfilled", "contract", contract.public_id, actor=CLOCK, at=now)
    db.session.flush()


def move_by_clock(part: ContractPart, *, now: datetime) -> bool:
    """What the clock does with a locked part: follow its order's end, or take silence for a yes when its time is over."""
    if part.state in ENDED or part.order_id is None:
        return False
    order = _order(part)
    if order.state == OrderState.CANCELLED and part.state == PartState.ORDERED:
        return _fail(part, "order_cancelled", now)
    if part.state == PartState.ORDERED and order.state == OrderState.DELIVERED and order.delivered_at is not None:
        if order.delivered_at + TIME_TO_WEIGH <= now:
            _settle(part, grams_of(order), 0, False, CLOCK, now)
            return True
        return False
    if part.due_at is None or part.due_at > now:
        return False
    if part.state == PartState.WEIGHED:
        _sign(part.records[-1], "silent", CLOCK, "", now)
        _settle_record(part, CLOCK, now)
        return True
    if part.state == PartState.QUESTIONED:
        _settle(part, grams_of(order), 0, False, CLOCK, now)
        return True
    if give_up(order.public_id, actor=CLOCK, now=now):
        return _fail(part, "never_sent", now)
    # It has left; whoever carries it has to say what became of it, and the operator closes lost parcels.
    part.due_at = now + TIME_TO_COME
    db.session.flush()
    return False


def _fail(part: ContractPart, reason: str, now: datetime) -> bool:
    part.state = PARTS.next_state(PartState(part.state), PartAction.FAIL) or part.state
    part.reason, part.due_at = reason, None
    db.session.flush()
    audit.record("contract_part.failed", "contract_part", part.public_id, actor=CLOCK, at=now, reason=reason)
    finish_delivery(part.contract, part.delivery_id, now=now)
    return True


def _order(part: ContractPart) -> Order:
    return db.session.get_one(Order, part.order_id, populate_existing=True)


def lock_part(public_id: str, *, producer_id: int | None = None, enterprise_id: int | None = None) -> ContractPart:
    """A part of this seller or of this enterprise, locked behind its contract, or ``NotFound``."""
    named = db.session.execute(
        select(ContractPart.producer_id, Contract.enterprise_id, Contract.public_id)
        .join(Contract, Contract.id == ContractPart.contract_id)
        .where(ContractPart.public_id == public_id)
    ).first()
    if (
        named is None
        or (producer_id is not None and named.producer_id != producer_id)
        or (enterprise_id is not None and named.enterprise_id != enterprise_id)
    ):
        raise NotFound("part_unknown", N_("There is no such part of a contract."))
    lock_contract(named.public_id)
    return db.session.scalars(
        select(ContractPart)
        .filter_by(public_id=public_id)
        .with_for_update(of=ContractPart)
        .execution_options(populate_existing=True)
    ).one()
