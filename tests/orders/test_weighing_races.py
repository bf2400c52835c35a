"""Two who weigh at once, and weighing against the world: one wins, and money and goods agree."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.checking import check_ledger
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.queries import payment_of
from marketplace.orders.refunds import cancel_order
from marketplace.orders.service import confirm_payment, ship_order
from marketplace.orders.weighing import weigh_and_give_back
from marketplace.payments.models import Payment, PaymentMethod, Refund
from marketplace.payments.queries import get_payment
from tests import factories
from tests.own_database import own_database, race

ROUNDS = 12
TO = Destination("张三", "13800000000", "522636", "龙泉镇")


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "weighing") as app:
        yield app


class Bought:
    """A chicken, bought and paid for by transfer unless it is to be paid at the door."""

    def __init__(self, method: PaymentMethod = PaymentMethod.BANK_TRANSFER) -> None:
        with transaction():
            hens, buyer = factories.chickens(), factories.account()
            basket = factories.basket(buyer, (hens, 1))
            group = place_order(buyer.id, buyer.public_id, basket.public_id, TO, method, 8960, now=factories.NOW)
            self.payment, self.farm = payment_of(group).public_id, hens.producer_id
            self.order = group.orders[0].public_id
            lines = db.session.scalars(select(OrderLine).filter_by(order_id=group.orders[0].id))
            self.row = next(line.weighing.public_id for line in lines if line.weighing is not None)
            if method == PaymentMethod.BANK_TRANSFER:
                self.confirm_in_transaction()

    def confirm_in_transaction(self) -> bool:
        return confirm_payment(get_payment(self.payment, lock=True), actor="operator", now=factories.NOW)

    def confirm(self) -> bool:
        with transaction():
            return self.confirm_in_transaction()

    def weigh(self, grams: int) -> int:
        return weigh_and_give_back(self.order, self.farm, {self.row: grams}, actor="farmer", now=factories.NOW)

    def cancel(self) -> bool:
        with transaction():
            return cancel_order(self.order, actor="operator", now=factories.NOW) is not None

    def ship(self) -> str:
        with transaction():
            return ship_order(self.order, self.farm, actor="farmer", now=factories.NOW).state

    @property
    def behind(self) -> str:
        return f"SELECT FROM payment WHERE public_id = '{self.payment}' FOR UPDATE"

    def stands(self) -> tuple[Any, ...]:
        """State, total, given back, line total, and the sum and number of refunds."""
        order = db.session.scalars(select(Order).filter_by(public_id=self.order)).one()
        refunds = select(func.coalesce(func.sum(Refund.amount_fen), 0), func.count()).where(Refund.purpose_id == self.order)
        assert check_ledger().fault is None
        return order.state, order.total_fen, order.refunded_fen, order.lines[0].total_fen, *db.session.execute(refunds).one()


def run(shop: Flask, make: Callable[[], Bought], *acts: Callable[[Bought], Any]) -> Iterator[tuple[Bought, list[Any]]]:
    for _ in range(ROUNDS):
        with shop.app_context():
            bought = make()
        yield bought, race(shop, *[partial(act, bought) for act in acts], behind=bought.behind)


def test_of_two_weighings_with_the_same_figure_one_gives_back(shop: Flask) -> None:
    for bought, answers in run(shop, Bought, lambda it: it.weigh(1405), lambda it: it.weigh(1405)):
        assert sorted(answers) == [0, 1092]
        with shop.app_context():
            assert bought.stands() == ("placed", 8960, 1092, 7868, 1092, 1)


def test_of_two_weighings_with_different_figures_one_wins_and_the_other_is_refused(shop: Flask) -> None:
    for bought, answers in run(shop, Bought, lambda it: it.weigh(1405), lambda it: it.weigh(1500)):
        won, lost = sorted(answers, key=lambda answer: isinstance(answer, Exception))
        assert (won in (1092, 560), isinstance(lost, Conflict) and lost.code) == (True, "weighed_already")
        with shop.app_context():
            assert bought.stands() == ("placed", 8960, won, 8960 - won, won, 1)


def test_what_is_weighed_while_it_is_cancelled_goes_back_whole(shop: Flask) -> None:
    for bought, answers in run(shop, Bought, lambda it: it.weigh(1405), lambda it: it.cancel()):
        weighed, cancelled = answers
        assert cancelled is True
        assert weighed == 1092 or (isinstance(weighed, Conflict) and weighed.code == "order_state")
        with shop.app_context():
            state, total_fen, refunded_fen, _, sum_fen, _ = bought.stands()
            assert (state, total_fen, refunded_fen, sum_fen) == ("cancelled", 8960, 8960, 8960)


def test_what_is_weighed_while_it_is_shipped_never_leaves_unweighed(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            bought = Bought()
        weighed, shipped = race(shop, partial(bought.weigh, 1405), bought.ship)
        assert weighed == 1092
        assert shipped == "shipped" or (isinstance(shipped, Conflict) and shipped.code == "not_weighed")
        with shop.app_context():
            assert bought.stands()[1:] == (8960, 1092, 7868, 1092, 1)


def test_what_is_weighed_while_it_is_paid_at_the_door_is_paid_as_weighed(shop: Flask) -> None:
    def make() -> Bought:
        return Bought(PaymentMethod.CASH_ON_DELIVERY)

    for bought, answers in run(shop, make, lambda it: it.weigh(1405), lambda it: it.confirm()):
        assert answers == [1092, True]
        with shop.app_context():
            payment = db.session.scalars(select(Payment).filter_by(public_id=bought.payment)).one()
            # Whichever came first, the buyer ends up having paid what it weighed.
            assert payment.amount_fen - payment.refunded_fen == 7868
            _, total_fen, refunded_fen, line_fen, *_ = bought.stands()
            assert (total_fen - refunded_fen, line_fen) == (7868, 7868)
