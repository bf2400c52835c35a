"""From a plan's yes's to a contract, and from the contract to orders of the shop: nobody who said no is bound."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, NotFound
from marketplace.orders.models import Order
from marketplace.sourcing.answers import answer_part
from marketplace.sourcing.contracting import contract_plan
from marketplace.sourcing.enterprises import own_member
from marketplace.sourcing.models import Contract, PlanPart
from marketplace.sourcing.ordering import place_delivery
from marketplace.sourcing.states import ContractState, DemandState, PlanPartState
from tests.factories import NOW
from tests.sourcing.plan_world import KG, approved, buyer, demand, farm, part_of, supply


def said(part: PlanPart, *, yes: bool) -> None:
    with transaction():
        answer_part(part.public_id, part.producer_id, accept=yes, actor="farmer", now=NOW)


def contracted(who: Account, demand_public_id: str) -> Contract:
    with transaction():
        return contract_plan(own_member(who, now=NOW), demand_public_id, now=NOW)


def test_the_yes_of_a_plan_become_a_contract_and_its_orders(session: Session) -> None:
    who, enterprise = buyer()
    willing, other, unwilling = farm(registered=True), farm(), farm()
    for goods in (willing, other, unwilling):
        supply(goods, 40)
    wanted = demand(who, enterprise, 120)
    plan = approved([wanted], who)
    for goods in (willing, other, unwilling):
        said(part_of(plan, goods.producer_id), yes=goods is not unwilling)
    contract = contracted(who, wanted.public_id)

    assert (contract.state, contract.plan_id, contract.grams) == (ContractState.IN_FORCE, plan.id, 80 * KG)
    assert {part.producer_id for part in contract.parts} == {willing.producer_id, other.producer_id}
    assert all(part.fen_kg == 200 and part.total_fen == 8_000 for part in contract.parts)
    assert db.session.get_one(type(wanted), wanted.id).state == DemandState.CONTRACTED

    delivery = contract.deliveries[0].delivery_id
    with transaction():
        assert place_delivery(contract.public_id, delivery, actor="clock", now=NOW)
    states = {part.producer_id: part.state for part in db.session.scalars(select(PlanPart).filter_by(plan_id=plan.id))}
    assert states == {
        willing.producer_id: PlanPartState.ORDERED,
        other.producer_id: PlanPartState.ORDERED,
        unwilling.producer_id: PlanPartState.DECLINED,
    }
    assert db.session.scalar(select(func.count()).select_from(Order)) == 2


def test_while_a_seller_may_answer_there_is_no_contract_and_nothing_has_changed(session: Session) -> None:
    who, enterprise = buyer()
    goods = farm()
    supply(goods, 40)
    wanted = demand(who, enterprise, 40)
    plan = approved([wanted], who)
    with pytest.raises(Conflict) as refused:
        contracted(who, wanted.public_id)
    assert refused.value.code == "parts_waiting"
    said(part_of(plan, goods.producer_id), yes=False)
    with pytest.raises(Conflict) as refused:
        contracted(who, wanted.public_id)
    assert refused.value.code == "nothing_accepted"
    assert db.session.scalar(select(func.count()).select_from(Contract)) == 0


def test_another_enterprise_makes_no_contract_of_it_and_none_is_made_twice(session: Session) -> None:
    who, enterprise = buyer()
    stranger, _ = buyer()
    goods = farm()
    supply(goods, 40)
    wanted = demand(who, enterprise, 40)
    said(part_of(approved([wanted], who), goods.producer_id), yes=True)
    with pytest.raises(NotFound):
        contracted(stranger, wanted.public_id)
    contracted(who, wanted.public_id)
    with pytest.raises(Conflict):
        contracted(who, wanted.public_id)
    assert db.session.scalar(select(func.count()).select_from(Contract)) == 1
