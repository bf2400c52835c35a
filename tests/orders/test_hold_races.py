"""Holding, buying and clearing at one moment, over real connections: promises are kept, and nobody waits in a ring."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.catalogue.holds import clear_dead_holds
from marketplace.catalogue.models import Listing, StockHold
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.orders.holding import leave_checkout, open_checkout
from marketplace.orders.models import OrderLine
from marketplace.orders.placing import place_order
from marketplace.payments.models import PaymentMethod
from tests import factories
from tests.factories import NOW
from tests.orders.test_races import TO, hold, named
from tests.own_database import own_database, race
from tests.stock import stock_of

ROUNDS = 15


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "hold_races") as app:
        yield app


class Race:
    """Some listings, and buyers whose baskets want so many of each."""

    def __init__(self, shop: Flask, stock: int, wants: list[list[int]], listings: int = 1) -> None:
        with shop.app_context(), transaction():
            goods = [factories.listing(stock=stock) for _ in range(listings)]
            buyers = [factories.account() for _ in wants]
            self.ids = [listing.id for listing in goods]
            self.who = [named(buyer) for buyer in buyers]
            self.baskets = []
            for number, (buyer, quantities) in enumerate(zip(buyers, wants, strict=True)):
                lines = list(zip(goods, quantities, strict=True))
                # Every other buyer has put them in the other way round.
                self.baskets.append(factories.basket(buyer, *(lines[::-1] if number % 2 else lines)).public_id)
            self.totals = [sum(quantities) * 1250 for quantities in wants]

    def open(self, number: int, minutes: int = 0) -> str:
        with transaction():
            open_checkout(self.who[number][0], now=NOW + timedelta(minutes=minutes))
        return "opened"

    def leave(self, number: int) -> str:
        with transaction():
            leave_checkout(self.who[number][0])
        return "left"

    def buy(self, number: int, minutes: int = 0) -> str:
        now, method = NOW + timedelta(minutes=minutes), PaymentMethod.BANK_TRANSFER
        try:
            with transaction():
                place_order(*self.who[number], self.baskets[number], TO, method, self.totals[number], now=now)
        except Conflict as refused:
            return refused.code
        return "bought"

    def clear(self, minutes: int) -> int:
        with transaction():
            return clear_dead_holds(now=NOW + timedelta(minutes=minutes))

    def kept(self) -> list[Any]:
        query = select(func.sum(StockHold.quantity)).where(StockHold.listing_id.in_(self.ids)).group_by(StockHold.listing_id)
        return list(db.session.scalars(query.order_by(StockHold.listing_id)))

    def check_stock(self, stock: int) -> None:
        """Movements, listings and order lines say the same."""
        for listing_id in self.ids:
            sold = db.session.scalar(
                select(func.coalesce(func.sum(OrderLine.quantity), 0)).where(OrderLine.listing_id == listing_id)
            )
            assert db.session.get_one(Listing, listing_id).available == stock_of(listing_id) == stock - sold >= 0


def test_of_two_who_open_the_checkout_at_once_no_more_is_kept_than_there_is(shop: Flask) -> None:
    for _ in range(ROUNDS):
        run = Race(shop, 5, [[4], [4]])
        answers = race(shop, partial(run.open, 0), partial(run.open, 1), behind=hold("listing", id=run.ids[0]))
        assert answers == ["opened", "opened"]
        with shop.app_context():
            assert run.kept() == [5]


def test_a_hold_and_a_purchase_of_the_last_end_in_one_of_the_two(shop: Flask) -> None:
    for _ in range(ROUNDS):
        run = Race(shop, 1, [[1], [1]])
        answers = race(shop, partial(run.open, 0), partial(run.buy, 1), behind=hold("listing", id=run.ids[0]))
        with shop.app_context():
            assert (answers[1], run.kept()) in [("bought", []), ("held", [1])]
            run.check_stock(1)


def test_crossing_baskets_that_hold_and_buy_at_once_never_wait_in_a_ring(shop: Flask) -> None:
    for number in range(ROUNDS):
        run = Race(shop, 6, [[3, 3], [3, 3], [3, 3], [3, 3]], listings=2)
        racers = [partial(run.open, 0), partial(run.buy, 1), partial(run.open, 2), partial(run.buy, 3)]
        answers = race(shop, *racers, behind=hold("listing", id=run.ids[number % 2]))
        assert {answers[0], answers[2]} == {"opened"}
        assert {answers[1], answers[3]} <= {"bought", "held", "sold_out"}
        with shop.app_context():
            run.check_stock(6)
            bought = answers.count("bought")
            # Together, goods sold and goods kept are never more than there were.
            assert all(kept + 3 * bought <= 6 for kept in run.kept() or [0])


def test_buying_and_opening_the_checkout_again_in_another_tab_leaves_no_hold(shop: Flask) -> None:
    for _ in range(ROUNDS):
        run = Race(shop, 5, [[4]])
        with shop.app_context():
            run.open(0)
        answers = race(shop, partial(run.buy, 0), partial(run.open, 0), behind=hold("basket", public_id=run.baskets[0]))
        assert answers == ["bought", "opened"]
        with shop.app_context():
            assert run.kept() == []
            run.check_stock(5)


def test_clearing_leaves_a_hold_that_is_just_taken_anew(shop: Flask) -> None:
    for _ in range(ROUNDS):
        run = Race(shop, 5, [[4, 4]], listings=2)
        with shop.app_context():
            run.open(0)
        answers = race(shop, partial(run.open, 0, 11), partial(run.clear, 11))
        assert answers[0] == "opened"
        with shop.app_context():
            assert run.kept() == [4, 4]


def test_leaving_and_opening_at_once_ends_in_one_of_the_two(shop: Flask) -> None:
    for _ in range(ROUNDS):
        run = Race(shop, 5, [[4]])
        with shop.app_context():
            run.open(0)
        racers = [partial(run.leave, 0), partial(run.open, 0)]
        assert race(shop, *racers, behind=hold("basket", public_id=run.baskets[0])) == ["left", "opened"]
        with shop.app_context():
            assert run.kept() in ([], [4])


def test_ten_who_want_the_last_three_with_and_without_a_hold_get_three(shop: Flask) -> None:
    run = Race(shop, 3, [[1]] * 10)
    with shop.app_context():
        run.open(0)

    def go(number: int) -> str:
        if number % 2:
            run.open(number)
        return run.buy(number)

    answers = race(shop, *[partial(go, number) for number in range(10)])
    assert set(answers) <= {"bought", "held", "sold_out"}
    # Who held one got it.
    assert answers[0] == "bought"
    with shop.app_context():
        run.check_stock(3)
        # When the holds are over, whatever they kept is sold as well; who has bought gets the same answer again.
        late = [run.buy(number, 10) for number in range(10)]
        assert (late.count("bought"), late.count("sold_out")) == (3, 7)
        run.check_stock(3)
