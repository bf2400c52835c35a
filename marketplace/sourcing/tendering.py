"""Tenders: bids come in sealed, and two different persons open them together, not before their time.

What a bid says is kept in one place alone, sealed with the tender's own key and bound to its bid. ``turn_key`` is the only
function that opens any; it does so for the second of two persons, after the time, in the transaction that writes both names
down. Before it nobody can be shown a figure, because none is stored.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace.catalogue.models import Listing, Producer
from marketplace.kernel import audit, ids
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, DomainError, NotFound
from marketplace.kernel.privacy import open_in_record, seal_in_record
from marketplace.sourcing.answering import OWN_LIST_SAYS, check_answer, check_own_list
from marketplace.sourcing.demands import get_demand
from marketplace.sourcing.models import Demand, DemandWay, EnterpriseMember, Tender, TenderBid
from marketplace.sourcing.states import TENDERS, BidState, DemandState, TenderAction, TenderState


def bid(
    producer: Producer, demand_public_id: str, listing: str, grams: int, fen_kg: int, *, actor: str, now: datetime
) -> TenderBid:
    """Seal a seller's bid; an earlier one of theirs is taken back by it.

    The bid is checked before it is sealed, so that whoever slips hears of it while it can be mended.

    Raises
    ------
    Conflict
        ``no_tender``, ``answer_time_over``, and those of ``check_answer`` and ``check_own_list``.
    """
    demand, tender = lock_tender(demand_public_id)
    if demand.state != DemandState.OPEN or tender.state != TenderState.SEALED or tender.opens_at <= now:
        raise Conflict("answer_time_over", N_("The time to answer this demand is over."))
    goods = check_answer(demand, producer, listing, grams, fen_kg, now=now)
    check_own_list(demand, goods, grams, fen_kg, says=OWN_LIST_SAYS)
    before = _live_bid(demand.id, producer.id)
    if before is not None:
        before.state = BidState.WITHDRAWN
        db.session.flush()
    public_id = ids.public_id()
    content = json.dumps({"listing": goods.public_id, "grams": grams, "fen_kg": fen_kg, "salt": ids.secret_token()})
    sealed = seal_in_record(tender.bid_key, content, _place(public_id))
    made = TenderBid(
        public_id=public_id,
        demand_id=demand.id,
        producer_id=producer.id,
        sealed=sealed,
        digest=hashlib.sha256(sealed).digest(),
        sent_by=actor,
        sent_at=now,
    )
    db.session.add(made)
    db.session.flush()
    # The trail says that there is a bid, and nothing of what is in it.
    audit.record("bid.sealed", "tender_bid", made.public_id, actor=actor, at=now, digest=made.digest.hex())
    return made


def take_bid_back(producer: Producer, demand_public_id: str, *, actor: str, now: datetime) -> bool:
    """Take a bid back before the opening; False when there is none."""
    demand, tender = lock_tender(demand_public_id)
    if tender.state != TenderState.SEALED or tender.opens_at <= now:
        raise Conflict("answer_time_over", N_("The time to answer this demand is over."))
    own = _live_bid(demand.id, producer.id)
    if own is None:
        return False
    own.state = BidState.WITHDRAWN
    db.session.flush()
    audit.record("bid.withdrawn", "tender_bid", own.public_id, actor=actor, at=now)
    return True


def turn_key(opener: EnterpriseMember, demand_public_id: str, *, now: datetime) -> bool:
    """One of two persons agrees to the opening; the second, another one, opens all bids. Whether they are open now.

    Raises
    ------
    Conflict
        ``not_yet`` before the time that was named; ``other_person`` when the same person comes again.
    """
    demand, tender = lock_tender(demand_public_id, enterprise_id=opener.enterprise_id)
    actor = opener.account.public_id
    if now < tender.opens_at:
        raise Conflict("not_yet", N_("Bids are opened at the time that the tender has named, and not before."))
    if tender.state == TenderState.SEALED:
        tender.state = TENDERS.next_state(TenderState.SEALED, TenderAction.FIRST_KEY) or tender.state
        tender.first_opener_id = opener.account_id
        db.session.flush()
        audit.record("tender.first_key", "demand", demand.public_id, actor=actor, at=now)
        return False
    if tender.state == TenderState.ONE_KEY and tender.first_opener_id == opener.account_id:
        raise Conflict("other_person", N_("Bids are opened by two persons. Please ask a colleague to open them with you."))
    state = TENDERS.next_state(TenderState(tender.state), TenderAction.SECOND_KEY)
    if state is None:
        return True
    tender.state, tender.second_opener_id, tender.opened_at = state, opener.account_id, now
    db.session.flush()
    for one in _sealed_bids(demand.id):
        _open(one, tender, demand, now)
    db.session.flush()
    audit.record("tender.opened", "demand", demand.public_id, actor=actor, at=now, bids=len(tender.bids))
    return True


def _open(one: TenderBid, tender: Tender, demand: Demand, now: datetime) -> None:
    """Write down what was in a bid; one whose goods were withdrawn since is spoiled, and stays sealed."""
    content = json.loads(open_in_record(tender.bid_key, one.sealed, _place(one.public_id)))
    producer = db.session.get_one(Producer, one.producer_id)
    try:
        goods: Listing = check_answer(demand, producer, content["listing"], content["grams"], content["fen_kg"], now=now)
    except DomainError as error:
        one.state = BidState.SPOILED
        audit.record("bid.spoiled", "tender_bid", one.public_id, actor="opening", at=now, code=error.code)
        return
    one.state, one.listing_id, one.grams, one.fen_kg = BidState.OPENED, goods.id, content["grams"], content["fen_kg"]


def _place(bid_public_id: str) -> str:
    return f"tender_bid.sealed:{bid_public_id}"


def _live_bid(demand_id: int, producer_id: int) -> TenderBid | None:
    own = select(TenderBid).filter_by(demand_id=demand_id, producer_id=producer_id)
    return db.session.scalars(own.where(TenderBid.state != BidState.WITHDRAWN)).first()


def _sealed_bids(demand_id: int) -> Sequence[TenderBid]:
    rows = select(TenderBid).filter_by(demand_id=demand_id, state=BidState.SEALED).order_by(TenderBid.id).with_for_update()
    return db.session.scalars(rows).all()


def lock_tender(demand_public_id: str, *, enterprise_id: int | None = None) -> tuple[Demand, Tender]:
    """A demand and its tender, locked, or ``NotFound``; ``Conflict`` where sellers are found in another way."""
    demand = get_demand(demand_public_id, enterprise_id=enterprise_id, lock=True)
    tender = db.session.scalars(
        select(Tender).filter_by(demand_id=demand.id).with_for_update(of=Tender).execution_options(populate_existing=True)
    ).first()
    if tender is None:
        if demand.way == DemandWay.TENDER:
            raise NotFound("demand_unknown", N_("There is no such demand."))
        raise Conflict("no_tender", N_("This demand is not a tender."))
    return demand, tender


def own_bids(producer_id: int, demand_ids: Collection[int]) -> dict[int, TenderBid]:
    """A seller's bids for some demands that have not been taken back, by demand."""
    own = select(TenderBid).where(TenderBid.producer_id == producer_id, TenderBid.demand_id.in_(demand_ids))
    return {row.demand_id: row for row in db.session.scalars(own.where(TenderBid.state != BidState.WITHDRAWN))}


def opened_bids(demand: Demand) -> Sequence[TenderBid]:
    """What was opened, cheapest first; nothing before the opening."""
    return db.session.scalars(
        select(TenderBid)
        .where(TenderBid.demand_id == demand.id, TenderBid.state.in_((BidState.OPENED, BidState.CHOSEN)))
        .options(joinedload(TenderBid.producer), joinedload(TenderBid.listing))
        .order_by(TenderBid.fen_kg, TenderBid.id)
    ).all()
