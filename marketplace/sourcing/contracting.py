"""Contracts: what was chosen of the answers to a demand, approved by somebody who may."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from marketplace.catalogue.models import Listing
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.kernel.money import split_fen
from marketplace.registry.queries import latest_revision
from marketplace.sourcing.answering import most_grams, price_fen, sellable_grams
from marketplace.sourcing.demands import CLOCK, get_demand, move
from marketplace.sourcing.enterprises import may_approve, who_may_approve
from marketplace.sourcing.models import (
    Contract,
    ContractDelivery,
    ContractPart,
    Demand,
    DemandDelivery,
    EnterpriseMember,
    Plan,
    PlanPart,
    Quote,
    Tender,
    TenderBid,
)
from marketplace.sourcing.price_book import listed_price
from marketplace.sourcing.states import (
    CONTRACTS,
    PARTS,
    QUOTES,
    TENDERS,
    TIME_TO_APPROVE,
    BidState,
    ContractAction,
    ContractState,
    DemandAction,
    DemandState,
    PartAction,
    PartState,
    PlanPartState,
    PlanState,
    QuoteAction,
    QuoteState,
    TenderAction,
    TenderState,
)


@dataclass(frozen=True)
class AgreedPart:
    """What one seller brings to one delivery, at a price of a kilogram; one of the last three says where that was agreed."""

    delivery_id: int
    producer_id: int
    listing_id: int
    grams: int
    fen_kg: int
    quote_id: int | None = None
    bid_id: int | None = None
    plan_part_id: int | None = None


def contract_quotes(buyer: EnterpriseMember, demand_public_id: str, chosen: Sequence[str], *, now: datetime) -> Contract:
    """Make a contract of the quotes that were chosen, by public id.

    Raises
    ------
    NotFound
        ``quote_unknown``.
    Invalid
        ``nothing_chosen``, ``chosen_twice``.
    Conflict
        ``more_than_wanted`` where the quotes bring too much together; ``quote_state`` for one that does not stand any more.
    """
    demand = get_demand(demand_public_id, enterprise_id=buyer.enterprise_id, lock=True)
    rows = _chosen(Quote, demand, chosen)
    for quote in rows:
        # Not chosen twice: the state says so.
        if QUOTES.next_state(QuoteState(quote.state), QuoteAction.CHOOSE) is None:
            raise Conflict("quote_state", N_("This quote can no longer be changed that way."))
        quote.state, quote.due_at = QuoteState.CHOSEN, None
    parts = [
        AgreedPart(delivery_id, row.producer_id, row.listing_id, grams, row.fen_kg, quote_id=row.id)
        for row in rows
        for delivery_id, grams in _over_deliveries(demand, row.grams).items()
    ]
    return write_contract(buyer, demand, parts, now=now)


def contract_bids(buyer: EnterpriseMember, demand_public_id: str, chosen: Sequence[str], *, now: datetime) -> Contract:
    """Make a contract of opened bids, by public id; errors as of ``contract_quotes``, ``tender_state`` before the opening."""
    demand = get_demand(demand_public_id, enterprise_id=buyer.enterprise_id, lock=True)
    tender = db.session.scalars(select(Tender).filter_by(demand_id=demand.id).with_for_update()).one_or_none()
    if tender is None:
        raise Conflict("no_tender", N_("This demand is not a tender."))
    state = TENDERS.next_state(TenderState(tender.state), TenderAction.DECIDE)
    if state is None:
        raise Conflict("tender_state", N_("This tender can no longer be changed that way."))
    rows = _chosen(TenderBid, demand, chosen)
    if any(row.state != BidState.OPENED for row in rows):
        raise NotFound("quote_unknown", N_("There is no such quote."))
    tender.state = state
    parts = []
    for row in rows:
        row.state = BidState.CHOSEN
        parts += [
            AgreedPart(delivery_id, row.producer_id, row.listing_id, grams, row.fen_kg, bid_id=row.id)
            for delivery_id, grams in _over_deliveries(demand, row.grams).items()
        ]
    return write_contract(buyer, demand, parts, now=now)


def contract_plan(buyer: EnterpriseMember, demand_public_id: str, *, now: datetime) -> Contract:
    """Make a contract of the parts of a demand's approved plan that their sellers have said yes to.

    Raises
    ------
    Conflict
        ``parts_waiting`` while a seller may still answer; ``nothing_accepted`` when nobody has said yes.
    """
    demand = get_demand(demand_public_id, enterprise_id=buyer.enterprise_id, lock=True)
    of_demand = (
        select(PlanPart)
        .join(Plan, Plan.id == PlanPart.plan_id)
        .join(DemandDelivery, DemandDelivery.id == PlanPart.delivery_id)
        .where(DemandDelivery.demand_id == demand.id, Plan.state == PlanState.APPROVED)
        .order_by(PlanPart.id)
    )
    rows = db.session.scalars(of_demand.with_for_update(of=PlanPart).execution_options(populate_existing=True)).all()
    if any(row.state == PlanPartState.ASKED for row in rows):
        raise Conflict("parts_waiting", N_("Some sellers may still answer. Please wait for them, or until their time is over."))
    accepted = [row for row in rows if row.state == PlanPartState.ACCEPTED]
    if not accepted:
        raise Conflict("nothing_accepted", N_("No seller has said yes to a part of this demand."))
    parts = [
        AgreedPart(
            row.delivery_id, row.producer_id, row.week.declaration.listing_id, row.grams, row.fen_kg, plan_part_id=row.id
        )
        for row in accepted
    ]
    return write_contract(buyer, demand, parts, plan_id=accepted[0].plan_id, now=now)


def _chosen(table: type[Quote] | type[TenderBid], demand: Demand, public_ids: Sequence[str]) -> list[Any]:
    if not public_ids:
        raise Invalid("nothing_chosen", N_("Please choose one answer at least."))
    if len(set(public_ids)) != len(public_ids):
        raise Invalid("chosen_twice", N_("The same answer was chosen twice."))
    query = select(table).where(table.demand_id == demand.id, table.public_id.in_(public_ids)).order_by(table.id)
    rows = list(db.session.scalars(query.with_for_update(of=table).execution_options(populate_existing=True)))
    if len(rows) != len(public_ids):
        raise NotFound("quote_unknown", N_("There is no such quote."))
    return rows


def _over_deliveries(demand: Demand, grams: int) -> Mapping[int, int]:
    """Grams over the deliveries of a demand as they are wanted, exact to the gram."""
    return split_fen(grams, {row.id: row.wanted_g for row in demand.deliveries})


def write_contract(
    buyer: EnterpriseMember, demand: Demand, agreed: Sequence[AgreedPart], *, plan_id: int | None = None, now: datetime
) -> Contract:
    """Write a contract of a locked demand down; it is in force at once where the buyer's own limit covers it.

    What is agreed is brought down to whole steps of each listing's unit. The benefit of each part is noted as the registry
    stands now.
    """
    parts = _parts(demand, agreed)
    total_fen = sum(part.total_fen for part in parts)
    contract = Contract(
        reference=ids.reference("C", local_day(now)),
        enterprise_id=demand.enterprise_id,
        demand_id=demand.id,
        plan_id=plan_id,
        grams=sum(part.grams for part in parts),
        total_fen=total_fen,
        drafted_by_id=buyer.account_id,
        drafted_at=now,
        due_at=now + TIME_TO_APPROVE,
        parts=parts,
        deliveries=[ContractDelivery(delivery_id=delivery_id) for delivery_id in sorted({part.delivery_id for part in parts})],
    )
    if demand.state == DemandState.OPEN:
        move(demand, DemandAction.CLOSE, actor=buyer.account.public_id, now=now)
    if not move(demand, DemandAction.CONTRACT, actor=buyer.account.public_id, now=now):
        raise Conflict("demand_state", N_("This demand can no longer be changed that way."))
    db.session.add(contract)
    db.session.flush()
    data = {"total_fen": total_fen, "demand": demand.public_id}
    audit.record("contract.drafted", "contract", contract.public_id, actor=buyer.account.public_id, at=now, **data)
    if may_approve(buyer, total_fen):
        _approve(contract, buyer, now)
    return contract


def _parts(demand: Demand, agreed: Sequence[AgreedPart]) -> list[ContractPart]:
    listings = {
        row.id: row for row in db.session.scalars(select(Listing).where(Listing.id.in_({one.listing_id for one in agreed})))
    }
    revision, parts = latest_revision(), []
    by_delivery: dict[int, int] = defaultdict(int)
    for one in agreed:
        listing = listings[one.listing_id]
        grams = sellable_grams(listing.unit, listing.unit_grams, one.grams)
        if not grams:
            continue
        by_delivery[one.delivery_id] += grams
        fen_kg = _never_above_own_list(demand, one, listing, grams)
        parts.append(
            ContractPart(
                delivery_id=one.delivery_id,
                producer_id=one.producer_id,
                listing_id=one.listing_id,
                quote_id=one.quote_id,
                bid_id=one.bid_id,
                plan_part_id=one.plan_part_id,
                grams=grams,
                fen_kg=fen_kg,
                total_fen=max(1, price_fen(fen_kg, grams)),
                benefit_bp=listing.benefit_bp,
                registry_revision=revision,
                state=PartState.AGREED,
            )
        )
    if not parts:
        raise Invalid("less_than_sold", N_("That is less than one of what you sell, in each delivery. Please offer more."))
    for row in demand.deliveries:
        if by_delivery[row.id] > most_grams(row.wanted_g, demand.tolerance_bp):
            raise Conflict(
                "more_than_chosen",
                N_("Together these are more than is wanted in delivery %(number)s. Please choose fewer."),
                number=row.number,
            )
    return parts


def _never_above_own_list(demand: Demand, one: AgreedPart, listing: Listing, grams: int) -> int:
    """The price of a kilogram: as quoted or bid, or what the seller's own list says that has come since, if that is less.

    A part of a plan keeps the price at which its seller has said yes to it.
    """
    if one.plan_part_id is not None:
        return one.fen_kg
    opens_on = next(row.opens_on for row in demand.deliveries if row.id == one.delivery_id)
    listed = listed_price(demand.enterprise_id, listing.product_id, demand.grade, one.producer_id, opens_on, grams)
    return min(one.fen_kg, listed.fen_kg) if listed is not None and listed.binds else one.fen_kg


def approve(approver: EnterpriseMember, public_id: str, *, now: datetime) -> bool:
    """Put a contract in force; False when somebody had done so before.

    Raises
    ------
    Forbidden
        ``above_limit``, naming those who may.
    """
    contract = lock_contract(public_id, enterprise_id=approver.enterprise_id)
    if contract.state == ContractState.TO_APPROVE and not may_approve(approver, contract.total_fen):
        names = "、".join(who_may_approve(approver.enterprise_id, contract.total_fen)) or "—"
        raise Forbidden("above_limit", N_("This is above your limit. It can be approved by: %(names)s."), names=names)
    if CONTRACTS.next_state(ContractState(contract.state), ContractAction.APPROVE) is None:
        return False
    _approve(contract, approver, now)
    return True


def _approve(contract: Contract, approver: EnterpriseMember, now: datetime) -> None:
    contract.state, contract.due_at = ContractState.IN_FORCE, None
    contract.approved_by_id, contract.approved_at = approver.account_id, now
    db.session.flush()
    data = {"total_fen": contract.total_fen}
    audit.record("contract.in_force", "contract", contract.public_id, actor=approver.account.public_id, at=now, **data)


def refuse(approver: EnterpriseMember, public_id: str, because: str, *, now: datetime) -> bool:
    """Say no to a contract that waits for approval; its demand's answers can be chosen among again."""
    contract = lock_contract(public_id, enterprise_id=approver.enterprise_id)
    if not because.strip():
        raise Invalid("words_needed", N_("Please give the reason in a few words."))
    return _refuse(contract, ContractAction.REFUSE, because.strip()[:200], approver.account.public_id, now)


def lapse(contract: Contract, *, now: datetime) -> bool:
    """What the clock does with a locked contract that nobody has approved in time."""
    if contract.state != ContractState.TO_APPROVE or contract.due_at is None or contract.due_at > now:
        return False
    return _refuse(contract, ContractAction.LAPSE, "not approved in time", CLOCK, now)


def _refuse(contract: Contract, action: ContractAction, because: str, actor: str, now: datetime) -> bool:
    state = CONTRACTS.next_state(ContractState(contract.state), action)
    if state is None:
        return False
    contract.state, contract.due_at, contract.refused_because = state, None, because
    for part in contract.parts:
        part.state = PARTS.next_state(PartState(part.state), PartAction.DROP) or part.state
        part.reason, part.due_at = because, None
    db.session.flush()
    demand_id = contract.demand_id
    quotes = select(Quote).filter_by(demand_id=demand_id, state=QuoteState.CHOSEN).order_by(Quote.id).with_for_update()
    for quote in db.session.scalars(quotes):
        quote.state = QUOTES.next_state(QuoteState.CHOSEN, QuoteAction.RELEASE) or quote.state
    tender = db.session.scalars(select(Tender).filter_by(demand_id=demand_id).with_for_update()).first()
    if tender is not None and tender.state == TenderState.DECIDED:
        tender.state = TENDERS.next_state(TenderState.DECIDED, TenderAction.UNDO) or tender.state
        db.session.execute(
            update(TenderBid).filter_by(demand_id=demand_id, state=BidState.CHOSEN).values(state=BidState.OPENED)
        )
    move(contract.demand, DemandAction.REOPEN, actor=actor, now=now)
    audit.record("contract.refused", "contract", contract.public_id, actor=actor, at=now, because=because)
    return True


def lock_contract(public_id: str, *, enterprise_id: int | None = None) -> Contract:
    """A contract, locked behind its demand, of this enterprise where one is named, or ``NotFound``."""
    demand_id = db.session.scalar(select(Contract.demand_id).filter_by(public_id=public_id))
    db.session.scalars(select(Demand).filter_by(id=demand_id).with_for_update(of=Demand)).first()
    contract = db.session.scalars(
        select(Contract).filter_by(public_id=public_id).with_for_update(of=Contract).execution_options(populate_existing=True)
    ).first()
    if contract is None or (enterprise_id is not None and contract.enterprise_id != enterprise_id):
        raise NotFound("contract_unknown", N_("There is no such contract."))
    # What it leads to may have moved on since it was read.
    db.session.scalars(select(ContractPart).filter_by(contract_id=contract.id).execution_options(populate_existing=True)).all()
    return contract


def windows_of(contract_id: int) -> Sequence[DemandDelivery]:
    """The deliveries of a contract, in the order they come."""
    return db.session.scalars(
        select(DemandDelivery)
        .join(ContractDelivery, ContractDelivery.delivery_id == DemandDelivery.id)
        .where(ContractDelivery.contract_id == contract_id)
        .order_by(DemandDelivery.number)
    ).all()
