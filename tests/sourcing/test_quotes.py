"""Quotes and counter-offers, and the contract that is made of those chosen."""

import pytest
from sqlalchemy import func, select

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.sourcing import contracting, quoting
from marketplace.sourcing.clock import go_on
from marketplace.sourcing.models import Contract, Demand, DemandKind, Quote
from marketplace.sourcing.quoting import Figures
from marketplace.sourcing.states import ContractState, DemandState, PartState, QuoteState
from tests import factories
from tests.sourcing.world import ANSWER_BY, DAY, HOUR, NOW, OPENS, Canteen, Farm, Window, contracted


def quote_of(public_id: str) -> Quote:
    db.session.expire_all()
    return db.session.scalars(select(Quote).filter_by(public_id=public_id)).one()


def test_both_sides_talk_until_they_agree_and_every_word_is_kept(canteen: Canteen) -> None:
    farm = Farm()
    quote = farm.quotes(canteen.demand(), fen_kg=450)
    with transaction():
        quoting.counter(canteen.buyer, quote, Figures(90_000, 400, "能便宜点吗"), now=NOW + 2 * HOUR)
    assert (quote_of(quote).state, quote_of(quote).due_at) == (QuoteState.COUNTERED, NOW + 2 * HOUR + 3 * DAY)
    with transaction():
        quoting.answer_counter(farm.producer, quote, Figures(90_000, 420), actor="farm", now=NOW + 3 * HOUR)
        quoting.counter(canteen.buyer, quote, Figures(90_000, 410), now=NOW + 4 * HOUR)
        quoting.answer_counter(farm.producer, quote, None, actor="farm", now=NOW + 5 * HOUR)
    row = quote_of(quote)
    assert (row.state, row.grams, row.fen_kg, row.due_at) == (QuoteState.OFFERED, 90_000, 410, None)
    assert [(one.number, one.party, one.fen_kg) for one in row.rounds] == [
        (1, "seller", 450),
        (2, "buyer", 400),
        (3, "seller", 420),
        (4, "buyer", 410),
        (5, "seller", 410),
    ]


def test_nobody_speaks_twice_in_a_row(canteen: Canteen) -> None:
    farm = Farm()
    quote = farm.quotes(canteen.demand(), fen_kg=450)
    with pytest.raises(Conflict) as refused, transaction():
        quoting.answer_counter(farm.producer, quote, Figures(100_000, 440), actor="farm", now=NOW + 2 * HOUR)
    assert refused.value.code == "not_your_turn"
    with transaction():
        quoting.counter(canteen.buyer, quote, Figures(100_000, 400), now=NOW + 2 * HOUR)
    with pytest.raises(Conflict), transaction():
        quoting.counter(canteen.buyer, quote, Figures(100_000, 390), now=NOW + 2 * HOUR)
    assert quote_of(quote).fen_kg == 400


def test_a_counter_offer_that_nobody_answers_lapses(canteen: Canteen) -> None:
    farm = Farm()
    quote = farm.quotes(canteen.demand(), fen_kg=450)
    with transaction():
        quoting.counter(canteen.buyer, quote, Figures(100_000, 400), now=NOW + 2 * HOUR)
    with pytest.raises(Conflict), transaction():
        quoting.answer_counter(farm.producer, quote, None, actor="farm", now=NOW + 4 * DAY)
    go_on(now=NOW + 4 * DAY)
    assert quote_of(quote).state == QuoteState.LAPSED


@pytest.mark.parametrize(
    ("grams", "fen_kg", "code"),
    [
        (0, 400, "grams_range"),
        (-1000, 400, "grams_range"),
        (100_000, 0, "price_range"),
        (100_000, -1, "price_range"),
        (100_000, 501, "above_ceiling"),
        (100_001, 400, "more_than_wanted"),
        (50, 400, "less_than_sold"),
    ],
)
def test_a_quote_that_cannot_be_meant_is_refused(canteen: Canteen, grams: int, fen_kg: int, code: str) -> None:
    farm, demand = Farm(), canteen.demand()
    given = (farm.producer, demand.public_id, farm.listing.public_id, Figures(grams, fen_kg))
    with pytest.raises(Invalid) as refused, transaction():
        quoting.offer(*given, actor="farm", now=NOW + HOUR)
    assert refused.value.code == code
    assert db.session.scalar(select(func.count()).select_from(Quote)) == 0


def test_only_goods_that_fit_answer_a_demand(canteen: Canteen) -> None:
    farm = Farm()
    demand = canteen.demand(certificate_kinds=["organic"])
    apples = factories.listing(farm.producer)
    for listing, code in ((farm.listing, "certificate_missing"), (apples, "does_not_fit"), (Farm().listing, "listing_unknown")):
        with pytest.raises(DomainError) as refused, transaction():
            quoting.offer(
                farm.producer, demand.public_id, listing.public_id, Figures(50_000, 400), actor="farm", now=NOW + HOUR
            )
        assert refused.value.code == code


def test_an_origin_that_is_wanted_keeps_others_out(canteen: Canteen) -> None:
    farm = Farm()
    factories.area("522636200001")
    demand = canteen.demand(origin_code="522636200001")
    with pytest.raises(Conflict) as refused:
        farm.quotes(demand)
    assert refused.value.code == "does_not_fit"


def test_the_same_quote_sent_twice_is_one_and_another_is_refused(canteen: Canteen) -> None:
    farm, demand = Farm(), canteen.demand()
    assert farm.quotes(demand) == farm.quotes(demand)
    with pytest.raises(Conflict) as refused:
        farm.quotes(demand, fen_kg=410)
    assert refused.value.code == "quoted_already"


def test_no_quote_is_taken_after_the_time_or_for_a_tender(canteen: Canteen) -> None:
    farm = Farm()
    with pytest.raises(Conflict) as late:
        farm.quotes(canteen.demand(), now=ANSWER_BY)
    with pytest.raises(Conflict) as other:
        farm.quotes(canteen.demand(way="tender"))
    assert (late.value.code, other.value.code) == ("answer_time_over", "no_quotes")


def test_strangers_neither_see_nor_answer_a_quote(canteen: Canteen) -> None:
    quote, other_farm, other = Farm().quotes(canteen.demand()), Farm(), Canteen()
    with pytest.raises(NotFound), transaction():
        quoting.take_back(other_farm.producer, quote, actor="x", now=NOW + HOUR)
    with pytest.raises(NotFound), transaction():
        quoting.decline(other.buyer, quote, now=NOW + HOUR)
    assert quote_of(quote).state == QuoteState.OFFERED


def test_a_contract_within_the_buyers_limit_is_in_force_at_once_and_above_it_waits(canteen: Canteen) -> None:
    farms = [Farm(), Farm()]
    demand = canteen.demand(windows=[Window(OPENS, OPENS, 200_000)])
    quotes = [farm.quotes(demand) for farm in farms]
    with transaction():
        contract = contracting.contract_quotes(canteen.buyer, demand.public_id, quotes, now=NOW + 2 * HOUR)
    # 800 yuan, and the buyer's limit is 500.
    assert (contract.state, contract.total_fen, contract.due_at) == (
        ContractState.TO_APPROVE,
        80_000,
        NOW + 2 * HOUR + 7 * DAY,
    )
    with pytest.raises(Forbidden) as refused, transaction():
        contracting.approve(canteen.buyer, contract.public_id, now=NOW + 3 * HOUR)
    assert (refused.value.code, refused.value.data["names"]) == ("above_limit", "王园长、副园长")
    with transaction():
        assert contracting.approve(canteen.approver, contract.public_id, now=NOW + 3 * HOUR)
    with transaction():
        assert not contracting.approve(canteen.owner, contract.public_id, now=NOW + 4 * HOUR)
    assert (contract.state, contract.approved_by_id) == (ContractState.IN_FORCE, canteen.approver.account_id)
    other = canteen.demand()
    own = [Farm().quotes(other)]
    with transaction():
        small = contracting.contract_quotes(canteen.buyer, other.public_id, own, now=NOW + 2 * HOUR)
    assert (small.state, small.approved_by_id) == (ContractState.IN_FORCE, canteen.buyer.account_id)


@pytest.mark.parametrize("by_clock", [False, True])
def test_a_contract_that_nobody_approves_gives_its_quotes_back_to_choose_among(canteen: Canteen, by_clock: bool) -> None:
    farm = Farm()
    demand = canteen.demand(windows=[Window(OPENS, OPENS, 200_000)])
    quote = farm.quotes(demand, kg=200)
    with transaction():
        contract = contracting.contract_quotes(canteen.buyer, demand.public_id, [quote], now=NOW + 2 * HOUR)
    if by_clock:
        go_on(now=NOW + 8 * DAY)
    else:
        with transaction():
            contracting.refuse(canteen.approver, contract.public_id, "太贵", now=NOW + 3 * HOUR)
    db.session.expire_all()
    assert (contract.state, demand.state, quote_of(quote).state) == (
        ContractState.REFUSED,
        DemandState.CHOOSING,
        QuoteState.OFFERED,
    )
    assert [part.state for part in contract.parts] == [PartState.DROPPED]
    with transaction():
        again = contracting.contract_quotes(canteen.owner, demand.public_id, [quote], now=NOW + 4 * HOUR)
    assert again.state == ContractState.IN_FORCE


def test_more_than_is_wanted_is_not_contracted_beyond_the_tolerance(canteen: Canteen) -> None:
    farms = [Farm(), Farm()]
    demand = canteen.demand(tolerance_bp=500)
    quotes = [farms[0].quotes(demand, kg=100), farms[1].quotes(demand, kg=6)]
    with pytest.raises(Conflict) as refused, transaction():
        contracting.contract_quotes(canteen.owner, demand.public_id, quotes, now=NOW + 2 * HOUR)
    assert refused.value.code == "more_than_chosen"
    assert db.session.scalar(select(func.count()).select_from(Contract)) == 0
    assert quote_of(quotes[0]).state == QuoteState.OFFERED


@pytest.mark.parametrize(("chosen", "code"), [([], "nothing_chosen"), (["x"], "quote_unknown"), (["q", "q"], "chosen_twice")])
def test_what_was_not_offered_cannot_be_chosen(canteen: Canteen, chosen: list[str], code: str) -> None:
    farm = Farm()
    demand = canteen.demand()
    quote = farm.quotes(demand)
    names = [quote if name == "q" else name for name in chosen]
    with pytest.raises(DomainError) as refused, transaction():
        contracting.contract_quotes(canteen.owner, demand.public_id, names, now=NOW + 2 * HOUR)
    assert refused.value.code == code


def test_a_quote_over_several_deliveries_is_split_to_the_gram(canteen: Canteen) -> None:
    windows = [Window(OPENS + day * DAY, OPENS + day * DAY, grams) for day, grams in enumerate((50_000, 30_000, 20_000))]
    contract = contracted(canteen, Farm(), windows=windows, kind=DemandKind.RECURRING)
    assert [part.grams for part in contract.parts] == [50_000, 30_000, 20_000]
    assert contract.total_fen == sum(part.total_fen for part in contract.parts) == 40_000
    assert db.session.scalars(select(Demand.state)).all() == [DemandState.CONTRACTED]
