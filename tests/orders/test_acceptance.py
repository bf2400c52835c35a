"""An order is accepted by its buyer or by time; only then is its money anybody's."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.queries import balance_fen
from marketplace.orders.acceptance import AFTER_DELIVERY, AFTER_SHIPPING, accept_by_time, due_for_acceptance
from marketplace.orders.jobs import accept_by_time_hourly
from marketplace.orders.models import Order
from marketplace.orders.service import accept_delivery, deliver_order, ship_order
from marketplace.orders.shares import producer_account
from tests.web.desk_world import NOW, World

SECOND = timedelta(seconds=1)


@pytest.fixture
def world(session: Session) -> World:
    return World()


def shipped(world: World, *, paid: bool = True) -> str:
    """The public id of an order of 48.00 yuan that has left."""
    group = world.purchase(world.listing(), "4", cash=not paid)
    if paid:
        world.pay(group)
    order = world.order(group)
    with transaction():
        ship_order(order.public_id, order.producer_id, actor="farmer", now=NOW)
    return order.public_id


def order_of(public_id: str) -> Order:
    db.session.expire_all()
    return db.session.query(Order).filter_by(public_id=public_id).one()


def deliver(public_id: str, now: datetime) -> None:
    with transaction():
        deliver_order(public_id, actor="courier", now=now)


def earned(world: World) -> int:
    return balance_fen(producer_account(world.farm.public_id))


def test_what_a_courier_says_is_no_acceptance_and_the_buyers_word_is(world: World) -> None:
    public_id = shipped(world)
    deliver(public_id, NOW + SECOND)
    order = order_of(public_id)
    assert (order.state, order.delivered_at, order.settled_at, earned(world)) == ("delivered", NOW + SECOND, None, 0)
    with transaction():
        accept_delivery(public_id, world.buyer.id, actor="buyer", now=NOW + 2 * SECOND)
    order = order_of(public_id)
    assert (order.state, order.accepted_at, order.settled_at) == ("accepted", NOW + 2 * SECOND, NOW + 2 * SECOND)
    assert earned(world) == 4656


def test_a_courier_who_is_slower_than_the_buyer_changes_nothing(world: World) -> None:
    public_id = shipped(world)
    with transaction():
        accept_delivery(public_id, world.buyer.id, actor="buyer", now=NOW + SECOND)
    deliver(public_id, NOW + 2 * SECOND)
    order = order_of(public_id)
    assert (order.state, order.delivered_at, order.accepted_at) == ("accepted", None, NOW + SECOND)


def test_what_has_not_left_cannot_arrive(world: World) -> None:
    order = world.order(world.purchase(world.listing(), "4", cash=True))
    with pytest.raises(Conflict) as refused:
        deliver(order.public_id, NOW)
    assert (refused.value.code, order_of(order.public_id).state) == ("order_state", "placed")


def test_silence_counts_as_a_yes_seven_days_after_delivery(world: World) -> None:
    public_id = shipped(world)
    deliver(public_id, NOW + timedelta(days=12))
    due = NOW + timedelta(days=12) + AFTER_DELIVERY
    # Fifteen days after it left are over before, and count for nothing once it is known when it came.
    assert accept_by_time(now=due - SECOND) == 0
    assert accept_by_time(now=due) == 1
    assert accept_by_time(now=due + timedelta(days=1)) == 0
    order = order_of(public_id)
    assert (order.state, order.accepted_at, earned(world)) == ("accepted", due, 4656)


def test_silence_counts_as_a_yes_fifteen_days_after_it_left(world: World) -> None:
    public_id = shipped(world)
    due = NOW + AFTER_SHIPPING
    accept_by_time_hourly(int((due - SECOND).timestamp()))
    assert order_of(public_id).state == "shipped"
    accept_by_time_hourly(int(due.timestamp()))
    assert (order_of(public_id).state, earned(world)) == ("accepted", 4656)


def test_while_a_claim_is_open_time_does_not_pass(world: World) -> None:
    public_id = shipped(world)
    with transaction():
        order_of(public_id).claim_open = True
    later = NOW + timedelta(days=100)
    assert (due_for_acceptance(later), accept_by_time(now=later), earned(world)) == ([], 0, 0)
    with transaction():
        order_of(public_id).claim_open = False
    assert (accept_by_time(now=later), earned(world)) == (1, 4656)


def test_what_was_accepted_by_time_and_not_paid_at_the_door_is_settled_when_the_money_comes(world: World) -> None:
    public_id = shipped(world, paid=False)
    assert accept_by_time(now=NOW + AFTER_SHIPPING) == 1
    assert earned(world) == 0
    world.pay(order_of(public_id).group, now=NOW + timedelta(days=16))
    assert earned(world) == 4656
