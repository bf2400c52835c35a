"""Sealed bids: nobody reads one before its time, not even with a query, and then only two persons together."""

import json

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from marketplace.catalogue.service import withdraw
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, NotFound
from marketplace.sourcing import contracting, demands, tendering
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Demand, DemandWay, Tender, TenderBid
from marketplace.sourcing.price_lists import ListGiven, Step, make_price_list
from marketplace.sourcing.states import BidState, ContractState, TenderState
from tests.sourcing.world import ANSWER_BY, HOUR, NOW, OPENS, Canteen, Farm


@pytest.fixture
def demand(canteen: Canteen) -> Demand:
    Farm()
    return canteen.demand(way=DemandWay.TENDER)


def bid(farm: Farm, demand: Demand, kg: int = 100, fen_kg: int = 433) -> TenderBid:
    with transaction():
        return tendering.bid(
            farm.producer, demand.public_id, farm.listing.public_id, kg * 1000, fen_kg, actor="farm", now=NOW + HOUR
        )


def opened(canteen: Canteen, demand: Demand) -> Tender:
    for opener in (canteen.buyer, canteen.approver):
        with transaction():
            tendering.turn_key(opener, demand.public_id, now=ANSWER_BY)
    return db.session.scalars(select(Tender).filter_by(demand_id=demand.id)).one()


def test_a_sealed_bid_says_nothing_in_any_column_of_any_table(demand: Demand) -> None:
    # A figure that stands nowhere else by chance.
    farm = Farm()
    bid(farm, demand, kg=97, fen_kg=431)
    rows = db.session.execute(text("SELECT row_to_json(tender_bid)::text FROM tender_bid")).scalars().all()
    data = json.loads(rows[0])
    assert (data["listing_id"], data["grams"], data["fen_kg"], data["state"]) == (None, None, None, "sealed")
    sealed = bytes.fromhex(data["sealed"].removeprefix("\\x"))
    assert b"97000" not in sealed
    assert farm.listing.public_id.encode() not in sealed
    trail = db.session.scalars(select(AuditEvent.data).filter_by(verb="bid.sealed")).all()
    assert [set(one) for one in trail] == [{"digest"}]
    assert tendering.opened_bids(demand) == []


def test_the_database_itself_refuses_figures_of_a_bid_that_is_sealed_and_an_opening_by_one(demand: Demand) -> None:
    bid(Farm(), demand)
    for statement in (
        update(TenderBid).values(grams=1, fen_kg=1, listing_id=1),
        update(Tender).values(state="opened", first_opener_id=demand.made_by_id),
        update(Tender).values(first_opener_id=demand.made_by_id, second_opener_id=demand.made_by_id, opened_at=ANSWER_BY),
    ):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(statement)


def test_bids_are_opened_by_two_persons_and_not_before_their_time(canteen: Canteen, demand: Demand) -> None:
    low, high = Farm(), Farm()
    bid(high, demand, fen_kg=480)
    bid(low, demand, fen_kg=420)
    with pytest.raises(Conflict) as early, transaction():
        tendering.turn_key(canteen.buyer, demand.public_id, now=ANSWER_BY - HOUR)
    with transaction():
        assert not tendering.turn_key(canteen.buyer, demand.public_id, now=ANSWER_BY)
    with pytest.raises(Conflict) as alone, transaction():
        tendering.turn_key(canteen.buyer, demand.public_id, now=ANSWER_BY)
    assert (early.value.code, alone.value.code) == ("not_yet", "other_person")
    assert tendering.opened_bids(demand) == []
    with transaction():
        assert tendering.turn_key(canteen.approver, demand.public_id, now=ANSWER_BY + HOUR)
    assert [(one.fen_kg, one.grams, one.producer_id) for one in tendering.opened_bids(demand)] == [
        (420, 100_000, low.producer.id),
        (480, 100_000, high.producer.id),
    ]
    with transaction():
        assert tendering.turn_key(canteen.owner, demand.public_id, now=ANSWER_BY + HOUR)
    tender = db.session.scalars(select(Tender)).one()
    assert (tender.first_opener_id, tender.second_opener_id) == (canteen.buyer.account_id, canteen.approver.account_id)


def test_a_seller_who_thinks_again_has_one_bid_the_last(canteen: Canteen, demand: Demand) -> None:
    farm = Farm()
    bid(farm, demand, fen_kg=480)
    bid(farm, demand, fen_kg=410)
    opened(canteen, demand)
    assert [one.fen_kg for one in tendering.opened_bids(demand)] == [410]
    assert db.session.scalar(select(func.count()).select_from(TenderBid).filter_by(state=BidState.WITHDRAWN)) == 1


def test_a_bid_is_taken_back_before_the_time_and_not_after(demand: Demand) -> None:
    farm = Farm()
    bid(farm, demand)
    with pytest.raises(Conflict), transaction():
        tendering.take_bid_back(farm.producer, demand.public_id, actor="farm", now=ANSWER_BY)
    with transaction():
        assert tendering.take_bid_back(farm.producer, demand.public_id, actor="farm", now=ANSWER_BY - HOUR)
    with transaction():
        assert not tendering.take_bid_back(farm.producer, demand.public_id, actor="farm", now=ANSWER_BY - HOUR)


def test_no_bid_comes_in_late_and_none_that_does_not_fit_is_sealed(demand: Demand) -> None:
    farm = Farm()
    given = (farm.producer, demand.public_id, farm.listing.public_id)
    for grams, fen_kg, at, code in (
        (1000, 400, ANSWER_BY, "answer_time_over"),
        (1000, 501, NOW + HOUR, "above_ceiling"),
        (0, 400, NOW + HOUR, "grams_range"),
    ):
        with pytest.raises(DomainError) as refused, transaction():
            tendering.bid(*given, grams, fen_kg, actor="farm", now=at)
        assert refused.value.code == code
    assert db.session.scalar(select(func.count()).select_from(TenderBid)) == 0


def test_a_bid_whose_goods_were_withdrawn_is_spoiled_and_the_others_open(canteen: Canteen, demand: Demand) -> None:
    gone, there = Farm(), Farm()
    bid(gone, demand)
    bid(there, demand)
    with transaction():
        withdraw(gone.listing, actor="farm", now=NOW + HOUR)
    opened(canteen, demand)
    assert [one.producer_id for one in tendering.opened_bids(demand)] == [there.producer.id]
    spoiled = db.session.scalars(select(TenderBid).filter_by(state=BidState.SPOILED)).one()
    assert (spoiled.producer_id, spoiled.fen_kg) == (gone.producer.id, None)


def test_a_tender_is_not_closed_early_and_a_strangers_key_does_not_turn(canteen: Canteen, demand: Demand) -> None:
    other = Canteen()
    with pytest.raises(Conflict) as refused, transaction():
        demands.close(canteen.buyer, demand.public_id, now=NOW + HOUR)
    assert refused.value.code == "tender_runs"
    with pytest.raises(NotFound), transaction():
        tendering.turn_key(other.owner, demand.public_id, now=ANSWER_BY)


def test_a_contract_is_made_of_opened_bids_alone(canteen: Canteen, demand: Demand) -> None:
    farm = Farm()
    made = bid(farm, demand)
    with pytest.raises(Conflict) as refused, transaction():
        contracting.contract_bids(canteen.owner, demand.public_id, [made.public_id], now=ANSWER_BY)
    assert refused.value.code == "tender_state"
    opened(canteen, demand)
    with transaction():
        contract = contracting.contract_bids(canteen.owner, demand.public_id, [made.public_id], now=ANSWER_BY + HOUR)
    assert (contract.state, contract.total_fen) == (ContractState.IN_FORCE, 43_300)
    assert db.session.scalars(select(Tender.state)).all() == [TenderState.DECIDED]


def test_a_list_that_comes_after_the_bid_spoils_it_not_and_lowers_the_contract(canteen: Canteen, demand: Demand) -> None:
    farm = Farm()
    sealed = bid(farm, demand, fen_kg=400)
    given = ListGiven("价目", OPENS, OPENS, [Step("potato", Grade.UNGRADED, 0, 350)])
    with transaction():
        make_price_list(given, producer_id=farm.producer.id, actor="farm", now=NOW + 2 * HOUR)
    with pytest.raises(Conflict) as refused:
        bid(farm, demand, fen_kg=400)
    assert refused.value.code == "above_own_list"
    opened(canteen, demand)
    db.session.refresh(sealed)
    assert (sealed.state, sealed.fen_kg) == (BidState.OPENED, 400)
    with transaction():
        made = contracting.contract_bids(canteen.owner, demand.public_id, [sealed.public_id], now=ANSWER_BY)
    assert (made.parts[0].fen_kg, made.total_fen) == (350, 35_000)
