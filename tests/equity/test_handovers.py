"""A household that leaves the registry: its units go where two persons decide, and none is lost."""

import random
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.equity.contracts import move_units
from marketplace.equity.handovers import decide_handover, propose_handover
from marketplace.equity.models import EquityContract, MoveKind, OnExit
from marketplace.equity.queries import holdings_of, leaving
from marketplace.equity.states import HandoverAction, HandoverState
from marketplace.kernel.errors import Conflict, Forbidden, Invalid
from marketplace.registry.models import Household
from tests import factories
from tests.equity.world import TERMS, World, signed, world
from tests.factories import NOW, TODAY

TO_ONE = replace(TERMS, on_exit=OnExit.NEW_HOUSEHOLD)


def leave(session: Session, household: Household) -> None:
    session.execute(
        text("UPDATE household_status SET days = daterange(lower(days), date '2026-03-01') WHERE household_id = :id"),
        {"id": household.id},
    )


def proposed(contract: EquityContract, here: World, gone: Household, heir: Household | None = None):
    return propose_handover(contract, gone, heir, by=here.first, now=NOW)


def test_who_left_is_listed_and_keeps_its_units_until_two_have_decided(acting: Session) -> None:
    here = world(4)
    contract = signed(here, units=here.units(5))
    gone = here.households[0]
    assert leaving(contract, TODAY) == {}
    leave(acting, gone)
    assert leaving(contract, TODAY) == {gone.id: 5}
    handover = proposed(contract, here, gone)
    assert holdings_of(contract)[gone.id] == 5
    with pytest.raises(Forbidden):
        decide_handover(handover, HandoverAction.APPROVE, by=here.first, now=NOW)
    assert decide_handover(handover, HandoverAction.APPROVE, by=here.second, now=NOW)
    assert not decide_handover(handover, HandoverAction.APPROVE, by=here.second, now=NOW)
    assert holdings_of(contract) == dict(zip([each.id for each in here.households[1:]], [7, 7, 6], strict=True))


def test_a_refused_proposal_leaves_all_as_it_was_and_another_can_be_made(acting: Session) -> None:
    here = world()
    contract = signed(here)
    leave(acting, here.households[0])
    first = proposed(contract, here, here.households[0])
    with pytest.raises(Conflict) as again:
        proposed(contract, here, here.households[0])
    assert again.value.code == "handover_open"
    decide_handover(first, HandoverAction.REFUSE, by=here.second, now=NOW)
    assert holdings_of(contract) == here.units()
    assert proposed(contract, here, here.households[0]).state == HandoverState.PROPOSED


def test_all_units_go_to_a_new_registered_household_where_the_contract_says_so(acting: Session) -> None:
    here = world()
    contract = signed(here, TO_ONE, here.units(4))
    gone, new = here.households[0], factories.household(registered_from=date(2026, 5, 1))
    leave(acting, gone)
    decide_handover(proposed(contract, here, gone, new), HandoverAction.APPROVE, by=here.second, now=NOW)
    assert holdings_of(contract) == {here.households[1].id: 4, here.households[2].id: 4, new.id: 4}


def test_an_heir_who_is_not_registered_or_elsewhere_or_not_agreed_is_refused(acting: Session) -> None:
    here = world()
    contract = signed(here, TO_ONE)
    gone = here.households[0]
    leave(acting, gone)
    for heir in (factories.household(), factories.household("522636200001", registered_from=date(2020, 1, 1)), gone):
        with pytest.raises(Invalid) as refused:
            proposed(contract, here, gone, heir)
        assert refused.value.code == "heir_wrong"
    other = world()
    equally = signed(other)
    leave(acting, other.households[0])
    with pytest.raises(Invalid) as refused:
        proposed(equally, other, other.households[0], other.households[1])
    assert refused.value.code == "heir_not_agreed"


def test_a_household_that_is_registered_keeps_its_shares_also_when_it_returns_meanwhile(acting: Session) -> None:
    here = world()
    contract = signed(here)
    with pytest.raises(Conflict) as refused:
        proposed(contract, here, here.households[0])
    assert refused.value.code == "not_leaving"
    leave(acting, here.households[1])
    handover = proposed(contract, here, here.households[1])
    acting.execute(
        text("UPDATE household_status SET days = daterange(lower(days), NULL) WHERE household_id = :id"),
        {"id": here.households[1].id},
    )
    with pytest.raises(Conflict), acting.begin_nested():
        decide_handover(handover, HandoverAction.APPROVE, by=here.second, now=NOW)
    assert holdings_of(contract) == here.units()


def test_a_thousand_random_transfers_conserve_the_units(acting: Session) -> None:
    here = world(12)
    contract = signed(here, units=here.units(50))
    draw = random.Random(7)
    for _ in range(1_000):
        held = holdings_of(contract)
        giver = draw.choice(sorted(held))
        takers = draw.sample([each for each in here.households if each.id != giver], draw.randint(1, 4))
        given = [draw.randint(1, 1 + held[giver] // (2 * len(takers))) for _ in takers]
        if sum(given) > held[giver]:
            continue
        moves = dict(zip(takers, given, strict=True))
        move_units(contract, moves | {acting.get_one(Household, giver): -sum(given)}, MoveKind.EXIT, now=NOW)
        assert sum(holdings_of(contract).values()) == 600
