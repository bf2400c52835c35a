"""Demands that cannot be meant are refused each with its own name; what may be done to one, by whom, and by the clock."""

from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, NotFound
from marketplace.sourcing import demands, enterprises
from marketplace.sourcing.answering import open_demands_for
from marketplace.sourcing.clock import go_on
from marketplace.sourcing.demands import Window
from marketplace.sourcing.enterprises import Deed, PlaceGiven, member_for
from marketplace.sourcing.models import Demand, DemandKind, DemandWay, EnterpriseMember, MemberRole, Quote
from marketplace.sourcing.states import DemandState, QuoteState
from tests import factories
from tests.sourcing.world import ANSWER_BY, DAY, HOUR, NOW, OPENS, Canteen, Farm


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"price_ceiling_fen_kg": 0}, "price_range"),
        ({"price_ceiling_fen_kg": -5}, "price_range"),
        ({"windows": []}, "no_delivery"),
        ({"windows": [Window(OPENS, OPENS, 0)]}, "grams_range"),
        ({"windows": [Window(OPENS, OPENS - DAY, 1000)]}, "window_in_order"),
        ({"windows": [Window(OPENS - 30 * DAY, OPENS, 1000)]}, "window_past"),
        ({"windows": [Window(OPENS, OPENS + 800 * DAY, 1000)]}, "window_far"),
        ({"windows": [Window(OPENS, OPENS, 1000)] * 2}, "one_off_once"),
        ({"windows": [Window(OPENS, OPENS, 1000)] * 61, "kind": DemandKind.RECURRING}, "too_many_deliveries"),
        ({"tolerance_bp": 5001}, "tolerance_range"),
        ({"most_households": 0}, "households_range"),
        ({"goods": "moon-rock"}, "goods_unknown"),
        ({"goods": "fruit-of-nowhere", "by_category": True}, "goods_unknown"),
        ({"origin_code": "99"}, "origin_unknown"),
        ({"answer_by_at": NOW}, "answer_too_soon"),
        ({"answer_by_at": NOW + 30 * DAY}, "answer_after_delivery"),
        ({"place": "nowhere"}, "place_unknown"),
    ],
)
def test_a_demand_that_cannot_be_meant_is_refused_and_nothing_is_written(
    canteen: Canteen, change: dict[str, Any], code: str
) -> None:
    Farm()
    with pytest.raises(DomainError) as refused, transaction():
        demands.make_demand(canteen.buyer, canteen.given(**change), now=NOW)
    assert refused.value.code == code
    assert db.session.scalar(select(func.count()).select_from(Demand)) == 0


def test_a_closed_place_takes_no_new_demand(canteen: Canteen) -> None:
    Farm()
    with transaction():
        enterprises.close_place(canteen.owner, canteen.place.public_id, now=NOW)
    with pytest.raises(DomainError, match="no longer in use"), transaction():
        demands.make_demand(canteen.buyer, canteen.given(), now=NOW)


def test_nobody_sees_or_moves_the_demand_of_another_enterprise(canteen: Canteen) -> None:
    Farm()
    demand, other = canteen.demand(), Canteen()
    with pytest.raises(NotFound), transaction():
        demands.withdraw(other.owner, demand.public_id, now=NOW)


def test_the_clock_closes_a_demand_and_ends_it_when_nobody_chose(canteen: Canteen) -> None:
    farm = Farm()
    demand = canteen.demand()
    farm.quotes(demand)
    go_on(now=ANSWER_BY - HOUR)
    assert demand.state == DemandState.OPEN
    go_on(now=ANSWER_BY)
    assert (demand.state, demand.due_at) == (DemandState.CHOOSING, ANSWER_BY + 14 * DAY)
    go_on(now=ANSWER_BY + 14 * DAY)
    db.session.expire_all()
    assert demand.state == DemandState.UNMET
    assert db.session.scalars(select(Quote.state)).all() == [QuoteState.LAPSED]


def test_a_demand_that_is_taken_back_lets_go_of_its_answers(canteen: Canteen) -> None:
    farm = Farm()
    demand = canteen.demand()
    farm.quotes(demand)
    for _ in range(2):
        with transaction():
            demands.withdraw(canteen.buyer, demand.public_id, now=NOW + 2 * HOUR)
    assert db.session.scalars(select(Quote.state)).all() == [QuoteState.LAPSED]


def test_a_draft_whose_time_is_over_is_not_published(canteen: Canteen) -> None:
    Farm()
    with transaction():
        demand = demands.make_demand(canteen.buyer, canteen.given(), now=NOW)
    with pytest.raises(Conflict, match="write the demand anew"), transaction():
        demands.publish(canteen.buyer, demand.public_id, now=ANSWER_BY)


@pytest.mark.parametrize(
    ("role", "deed", "allowed"),
    [
        ("owner", Deed.MANAGE, True),
        ("buyer", Deed.BUY, True),
        ("buyer", Deed.MANAGE, False),
        ("approver", Deed.APPROVE, True),
        ("approver", Deed.BUY, False),
        ("approver", Deed.RECEIVE, False),
        ("receiver", Deed.RECEIVE, True),
        ("receiver", Deed.APPROVE, False),
        ("receiver", Deed.OPEN_BIDS, False),
    ],
)
def test_what_a_member_may_do_is_their_roles(canteen: Canteen, role: str, deed: Deed, allowed: bool) -> None:
    account = getattr(canteen, role).account
    with transaction():
        if allowed:
            assert member_for(account, deed, now=NOW).role == role
        else:
            with pytest.raises(Forbidden):
                member_for(account, deed, now=NOW)


def test_the_last_owner_stays_and_a_member_who_left_may_nothing_more(canteen: Canteen) -> None:
    with pytest.raises(Conflict) as refused, transaction():
        enterprises.remove_member(canteen.owner, canteen.owner.public_id, now=NOW)
    assert refused.value.code == "last_owner"
    with transaction():
        enterprises.remove_member(canteen.owner, canteen.buyer.public_id, now=NOW)
    left = canteen.buyer.account
    with transaction():
        # Whoever acts for nobody founds an enterprise of their own, and sees nothing of the old one.
        assert member_for(left, Deed.BUY, now=NOW).enterprise_id != canteen.owner.enterprise_id


def test_an_account_acts_for_one_enterprise_and_only_those_of_enterprises_are_let_in(canteen: Canteen) -> None:
    consumer = factories.account()
    for login, code in ((canteen.buyer.account.login, "acts_for_another"), (consumer.login, "account_unknown")):
        with pytest.raises(DomainError) as refused, transaction():
            enterprises.add_member(canteen.owner, login, MemberRole.BUYER, 1, now=NOW)
        assert refused.value.code == code
    assert db.session.scalar(select(func.count()).select_from(EnterpriseMember)) == 4


def test_a_place_needs_a_county_and_somebody_to_call(canteen: Canteen) -> None:
    for given, code in (
        (PlaceGiven("x", "y", "1", "52", "z"), "place_area"),
        (PlaceGiven("x", " ", "1", "522636", "z"), "place_incomplete"),
    ):
        with pytest.raises(DomainError) as refused, transaction():
            enterprises.add_place(canteen.owner, given, now=NOW)
        assert refused.value.code == code


def test_a_draft_is_seen_by_no_farm_and_an_open_demand_by_those_who_grow_it(canteen: Canteen) -> None:
    farm = Farm()
    with transaction():
        demands.make_demand(canteen.buyer, canteen.given(), now=NOW)
    assert open_demands_for(farm.producer.id, [DemandWay.QUOTES], now=NOW) == []
    demand = canteen.demand()
    assert open_demands_for(farm.producer.id, [DemandWay.QUOTES], now=NOW) == [demand]
    assert open_demands_for(farm.producer.id, [DemandWay.QUOTES], now=ANSWER_BY) == []
    apples = factories.listing()
    assert open_demands_for(apples.producer_id, [DemandWay.QUOTES], now=NOW) == []
