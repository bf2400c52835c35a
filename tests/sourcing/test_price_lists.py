"""A seller's list binds the seller for whom and as long as it says, the market's nobody; an order of a list is a contract."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.sourcing import contracting, quoting
from marketplace.sourcing.call_offs import CallOff, order_of_list
from marketplace.sourcing.demands import Window
from marketplace.sourcing.enterprises import Deed, member_for
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Contract, Demand, DemandKind, PriceList, Quote, QuoteRound
from marketplace.sourcing.ordering import place_delivery
from marketplace.sourcing.price_book import Listed, listed_for, listed_price
from marketplace.sourcing.price_lists import (
    MOST_LISTS,
    ListGiven,
    Step,
    end_price_list,
    enterprises_known_to,
    lists_for,
    make_price_list,
)
from marketplace.sourcing.quoting import Figures
from marketplace.sourcing.states import ContractState
from tests import factories
from tests.sourcing.world import DAY, HOUR, NOW, OPENS, Canteen, Farm

KG = 1000


@pytest.fixture
def canteen(session: Session) -> Canteen:
    return Canteen()


@pytest.fixture
def farm(canteen: Canteen) -> Farm:
    return Farm()


def listed(
    *steps: tuple[int, int],
    of: Farm | None = None,
    only: Canteen | None = None,
    grade: Grade = Grade.UNGRADED,
    span: tuple[date, date] = (OPENS, OPENS + 10 * DAY),
    name: str = "价目",
) -> PriceList:
    """A list of potatoes: (from kilograms, fen a kilogram)."""
    given = ListGiven(
        name,
        *span,
        [Step("potato", grade, kg * KG, fen) for kg, fen in steps],
        only.owner.enterprise.public_id if only is not None else None,
    )
    with transaction():
        return make_price_list(given, producer_id=of.producer.id if of is not None else None, actor="test", now=NOW)


def price(canteen: Canteen, farm: Farm, day: date = OPENS, kg: int = 100, grade: Grade = Grade.UNGRADED) -> Listed | None:
    return listed_price(canteen.owner.enterprise_id, farm.listing.product_id, grade, farm.producer.id, day, kg * KG)


def call_off(canteen: Canteen, kg: int = 100, **other: Any) -> CallOff:
    usual: dict[str, Any] = {
        "product": "potato",
        "grade": Grade.UNGRADED,
        "grams": kg * KG,
        "place": canteen.place.public_id,
        "opens_on": OPENS,
        "closes_on": OPENS,
    }
    return CallOff(**usual | other)


def test_a_sellers_own_list_goes_before_the_markets_and_one_for_the_buyer_before_one_for_all(
    canteen: Canteen, farm: Farm
) -> None:
    assert price(canteen, farm) is None
    # A farm names only those that it knows of, because they have asked.
    canteen.demand()
    listed((0, 300))
    assert price(canteen, farm) == Listed(300, binds=False)
    listed((0, 310), only=canteen)
    assert price(canteen, farm) == Listed(310, binds=False)
    listed((0, 350), of=farm)
    assert price(canteen, farm) == Listed(350, binds=True)
    own = listed((0, 360), of=farm, only=canteen)
    listed((0, 340), of=farm)
    assert price(canteen, farm) == Listed(360, binds=True)
    assert price(Canteen(), farm) == Listed(340, binds=True)
    assert price(canteen, Farm()) == Listed(310, binds=False)
    with transaction():
        end_price_list(own.public_id, producer_id=farm.producer.id, actor="test", now=NOW)
    assert price(canteen, farm) == Listed(340, binds=True)


def test_a_list_holds_on_its_first_and_last_day_for_its_grade_and_from_its_amounts(canteen: Canteen, farm: Farm) -> None:
    listed((50, 400), (200, 380), of=farm, grade=Grade.FIRST, span=(OPENS, OPENS + DAY))
    found = [price(canteen, farm, day, kg, Grade.FIRST) for day, kg in ((OPENS, 50), (OPENS + DAY, 199), (OPENS + DAY, 200))]
    assert [one.fen_kg if one else None for one in found] == [400, 400, 380]
    assert price(canteen, farm, OPENS, 49, Grade.FIRST) is None
    assert price(canteen, farm, OPENS - DAY, 50, Grade.FIRST) is None
    assert price(canteen, farm, OPENS + 2 * DAY, 50, Grade.FIRST) is None
    assert price(canteen, farm, OPENS, 50, Grade.SECOND) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "  "}, "list_name"),
        ({"valid_to": OPENS - DAY}, "window_in_order"),
        ({"valid_from": OPENS - 30 * DAY, "valid_to": OPENS - 29 * DAY}, "window_past"),
        ({"steps": []}, "list_empty"),
        ({"steps": [Step("potato", Grade.FIRST, at, 9) for at in range(61)]}, "list_too_long"),
        ({"steps": [Step("potato", Grade.FIRST, 0, 0)]}, "price_range"),
        ({"steps": [Step("potato", Grade.FIRST, -1, 5)]}, "from_range"),
        ({"steps": [Step("potato", Grade.FIRST, 0, 5), Step("potato", Grade.FIRST, 0, 4)]}, "steps_twice"),
        ({"steps": [Step("potato", Grade.FIRST, 0, 5), Step("potato", Grade.FIRST, 9, 6)]}, "steps_not_falling"),
        ({"steps": [Step("gold", Grade.FIRST, 0, 5)]}, "goods_unknown"),
        ({"enterprise": "nobodyatalls00"}, "enterprise_unknown"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_and_nothing_is_written(
    canteen: Canteen, farm: Farm, changes: dict[str, Any], code: str
) -> None:
    usual = {"name": "价目", "valid_from": OPENS, "valid_to": OPENS, "steps": [Step("potato", Grade.FIRST, 0, 5)]}
    with pytest.raises(DomainError) as refused, transaction():
        make_price_list(ListGiven(**usual | changes), producer_id=farm.producer.id, actor="test", now=NOW)
    assert refused.value.code == code
    assert db.session.scalar(select(func.count()).select_from(PriceList)) == 0


def test_a_seller_lists_only_what_they_sell(canteen: Canteen, farm: Farm) -> None:
    other = Farm()
    with transaction():
        other.listing.product_id = _another_product()
    with pytest.raises(Invalid) as refused:
        listed((0, 300), of=other)
    assert refused.value.code == "goods_unknown"


def _another_product() -> int:
    return factories.product("carrot", "胡萝卜", "Carrot", factories.category("vegetables", "蔬菜", "Vegetables")).id


def test_a_quote_is_never_above_the_sellers_own_list_and_may_be_above_the_markets(canteen: Canteen, farm: Farm) -> None:
    listed((0, 300))
    demand = canteen.demand()
    other = Farm()
    assert farm.quotes(demand, 100, 450)
    listed((0, 380), (100, 350), of=other)
    with pytest.raises(Conflict) as refused:
        other.quotes(demand, 100, 351)
    assert (refused.value.code, refused.value.data) == ("above_own_list", {"price": "3.50"})
    with pytest.raises(Conflict):
        other.quotes(demand, 99, 381)
    quote = other.quotes(demand, 100, 350)
    with pytest.raises(Conflict) as refused, transaction():
        quoting.counter(canteen.buyer, quote, Figures(100 * KG, 351), now=NOW + HOUR)
    # The buyer reads what the farm's list says, not what theirs does.
    assert (str(refused.value).partition(" ")[0], refused.value.data) == ("By", {"price": "3.50"})
    assert db.session.scalars(select(Quote.fen_kg).order_by(Quote.fen_kg)).all() == [350, 450]


def test_over_several_deliveries_a_list_binds_where_it_covers_them_all(canteen: Canteen, farm: Farm) -> None:
    windows = [Window(OPENS + week * 7 * DAY, OPENS + week * 7 * DAY, 50 * KG) for week in range(2)]
    demand = canteen.demand(windows=windows, kind=DemandKind.RECURRING)
    listed((0, 300), of=farm, span=(OPENS, OPENS + DAY))
    assert listed_for(demand, farm.listing, 100 * KG) is None
    listed((0, 320), (60, 310), of=farm, span=(OPENS + 7 * DAY, OPENS + 8 * DAY))
    # Fifty kilograms come in the second week, which is below the step of sixty.
    assert listed_for(demand, farm.listing, 100 * KG) == Listed(320, binds=True)
    farm.quotes(demand, 100, 320)


def test_a_list_that_comes_after_the_quote_lowers_the_contract_and_never_raises_it(canteen: Canteen, farm: Farm) -> None:
    other = Farm()
    demand = canteen.demand()
    quotes = [farm.quotes(demand, 50, 400), other.quotes(demand, 50, 400)]
    listed((0, 390), of=farm, only=canteen)
    listed((0, 450), of=other)
    with transaction():
        made = contracting.contract_quotes(canteen.owner, demand.public_id, quotes, now=NOW + 2 * HOUR)
    found = {part.producer_id: (part.fen_kg, part.total_fen) for part in made.parts}
    assert found == {farm.producer.id: (390, 19_500), other.producer.id: (400, 20_000)}


def test_an_order_of_a_list_is_a_contract_at_its_price_and_becomes_orders_as_any(canteen: Canteen, farm: Farm) -> None:
    own = listed((0, 400), (100, 355), of=farm)
    with transaction():
        made = order_of_list(canteen.buyer, own.public_id, call_off(canteen), now=NOW)
    # The buyer approves up to 500 yuan.
    assert (made.state, made.total_fen, made.parts[0].fen_kg) == (ContractState.IN_FORCE, 35_500, 355)
    with transaction():
        place_delivery(made.public_id, made.deliveries[0].delivery_id, actor="test", now=NOW + 3 * HOUR)
    order = made.parts[0].order
    assert order is not None
    assert order.goods_fen == 35_500
    assert farm.available == 100


def test_an_order_above_the_limit_waits_for_somebody_whose_limit_covers_it(canteen: Canteen, farm: Farm) -> None:
    own = listed((0, 400), of=farm)
    with transaction():
        made = order_of_list(canteen.buyer, own.public_id, call_off(canteen, 200), now=NOW)
    assert (made.state, made.total_fen) == (ContractState.TO_APPROVE, 80_000)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grams": 201 * KG}, "listed_not_there"),
        ({"grams": 9 * KG}, "not_listed"),
        ({"grade": Grade.FIRST}, "not_listed"),
        ({"product": "gold"}, "not_listed"),
        ({"opens_on": OPENS - DAY}, "not_listed"),
        ({"opens_on": OPENS + 11 * DAY, "closes_on": OPENS + 11 * DAY}, "not_listed"),
        ({"place": "nobodyatalls00"}, "place_unknown"),
    ],
)
def test_what_a_list_does_not_promise_is_not_ordered_of_it_and_leaves_no_demand(
    canteen: Canteen, farm: Farm, changes: dict[str, Any], code: str
) -> None:
    own = listed((10, 400), of=farm)
    with pytest.raises(DomainError) as refused, transaction():
        order_of_list(canteen.buyer, own.public_id, call_off(canteen, **changes), now=NOW)
    assert refused.value.code == code
    assert [db.session.scalar(select(func.count()).select_from(table)) for table in (Demand, Quote, Contract)] == [0, 0, 0]


def test_nobody_orders_of_the_markets_list_of_anothers_of_one_that_ended_or_for_today(canteen: Canteen, farm: Farm) -> None:
    today = OPENS - 7 * DAY
    other = Canteen()
    other.demand()
    market, others = listed((0, 300)), listed((0, 300), of=farm, only=other)
    ended, own = (listed((0, 300), of=farm, span=(today, OPENS)) for _ in range(2))
    with transaction():
        end_price_list(ended.public_id, producer_id=farm.producer.id, actor="test", now=NOW)
    for row, day, code in (
        (market, OPENS, "list_of_nobody"),
        (others, OPENS, "price_list_unknown"),
        (ended, OPENS, "price_list_unknown"),
        (own, today, "too_soon_to_send"),
    ):
        with pytest.raises(DomainError) as refused, transaction():
            order_of_list(canteen.buyer, row.public_id, call_off(canteen, opens_on=day), now=NOW)
        assert refused.value.code == code
    with pytest.raises(Forbidden):
        member_for(canteen.receiver.account, Deed.BUY, now=NOW)
    names = {row.public_id for row in lists_for(canteen.owner.enterprise_id, today, limit=9)}
    assert names == {market.public_id, own.public_id}


def test_nobody_ends_anothers_list(canteen: Canteen, farm: Farm) -> None:
    own = listed((0, 300), of=farm)
    for producer_id in (Farm().producer.id, None):
        with pytest.raises(NotFound), transaction():
            end_price_list(own.public_id, producer_id=producer_id, actor="test", now=NOW)
    assert own.ended_at is None


def test_a_seller_can_name_those_it_has_dealt_with_and_those_who_ask_openly(canteen: Canteen, farm: Farm) -> None:
    Canteen()
    assert list(enterprises_known_to(farm.producer.id)) == []
    canteen.demand()
    assert list(enterprises_known_to(farm.producer.id)) == [canteen.owner.enterprise]


def test_a_list_that_another_goes_before_is_not_ordered_of_at_another_price(canteen: Canteen, farm: Farm) -> None:
    old = listed((0, 400), of=farm)
    same = listed((0, 400), of=farm)
    with transaction():
        order_of_list(canteen.owner, old.public_id, call_off(canteen, 10), now=NOW)
    listed((0, 420), (100, 350), of=farm)
    for kg, price_fen in ((10, 420), (100, 350)):
        with pytest.raises(Conflict) as refused, transaction():
            order_of_list(canteen.owner, same.public_id, call_off(canteen, kg), now=NOW)
        assert (refused.value.code, refused.value.data["fen_kg"]) == ("price_changed", price_fen)
    said_by = db.session.scalars(select(QuoteRound.said_by)).all()
    assert said_by == [f"price list {old.public_id}"]


def test_what_is_promised_to_one_is_not_in_stock_for_another(canteen: Canteen, farm: Farm) -> None:
    own = listed((0, 300), of=farm)
    with transaction():
        order_of_list(canteen.owner, own.public_id, call_off(canteen, 150), now=NOW)
    other = Canteen()
    with pytest.raises(Conflict) as refused, transaction():
        order_of_list(other.owner, own.public_id, call_off(other, 51), now=NOW)
    assert (refused.value.code, farm.available) == ("listed_not_there", 200)
    with transaction():
        made = order_of_list(other.owner, own.public_id, call_off(other, 50), now=NOW)
    assert made.grams == 50 * KG


def test_a_seller_names_nobody_in_a_list_who_is_not_known_to_it_and_the_market_anybody(canteen: Canteen, farm: Farm) -> None:
    with pytest.raises(NotFound) as refused:
        listed((0, 300), of=farm, only=canteen)
    assert refused.value.code == "enterprise_unknown"
    assert listed((0, 300), only=canteen).enterprise == canteen.owner.enterprise
    canteen.demand()
    assert listed((0, 300), of=farm, only=canteen).enterprise == canteen.owner.enterprise


def test_a_seller_with_as_many_lists_as_there_can_be_ends_one_before_the_next(canteen: Canteen, farm: Farm) -> None:
    made = [listed((0, 300), of=farm) for _ in range(MOST_LISTS)]
    with pytest.raises(Conflict) as refused:
        listed((0, 300), of=farm)
    assert (refused.value.code, refused.value.data["most"]) == ("too_many_lists", 30)
    listed((0, 300), of=Farm())
    with transaction():
        end_price_list(made[0].public_id, producer_id=farm.producer.id, actor="test", now=NOW)
    listed((0, 300), of=farm)


def test_an_enterprise_reads_all_its_lists_page_by_page_the_markets_last(canteen: Canteen, farm: Farm) -> None:
    own = [listed((0, 300), of=farm) for _ in range(3)]
    market = [listed((0, 300)) for _ in range(2)]
    newest = listed((0, 300), of=farm)
    whole = [newest, *reversed(own), *reversed(market)]
    read: list[PriceList] = []
    while page := lists_for(canteen.owner.enterprise_id, OPENS, after=read[-1].public_id if read else None, limit=2):
        read += page
    assert read == whole
    hidden = Canteen()
    hidden.demand()
    theirs = listed((0, 300), of=farm, only=hidden)
    with pytest.raises(NotFound):
        lists_for(canteen.owner.enterprise_id, OPENS, after=theirs.public_id, limit=2)
