"""Real connections at one moment: the provider's message, the browser, the sweeper and the operator over one payment."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.models import Transfer
from marketplace.orders.collecting import give_up_payment, look_up, pay_page, receive_event, send_refunds
from marketplace.orders.models import Order, OrderGroup
from marketplace.orders.refunds import cancel_order, refund_order
from marketplace.payments.models import Payment, PaymentAttempt, ProviderEvent, Refund
from marketplace.payments.states import PaymentAction
from tests.orders.purchases import BACK, RETURN, Basket, buy, faults, filled_basket, place, real_now, recover
from tests.own_database import own_database, race
from tests.payments.double import Double, collecting_by_double

ROUNDS = 10


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "payment_races") as app:
        yield app


@pytest.fixture(scope="module")
def double(shop: Flask) -> Iterator[Double]:
    with collecting_by_double() as double:
        yield double


def hold(payment: str) -> str:
    """The statement that locks a payment."""
    return f"SELECT FROM payment WHERE public_id = '{payment}' FOR UPDATE"


def paying(double: Double, *, pay: bool = True) -> tuple[Basket, str]:
    """A purchase with its page, paid there as far as the provider goes."""
    basket = filled_basket()
    payment = place(basket, real_now())
    pay_page(payment, RETURN, BACK, now=real_now())
    if pay:
        double.pay()
    return basket, payment


def agree(shop: Flask, basket: Basket, double: Double) -> None:
    """Nothing is wrong, before and after the sweeper has gone round."""
    with shop.app_context():
        recover(double, real_now())
        assert faults(basket, double) == []


def tell(message: tuple[bytes, str]) -> bool:
    return receive_event(*message, now=real_now())


def expire(payment: str) -> bool:
    return give_up_payment(payment, PaymentAction.EXPIRE, actor="sweeper", now=real_now() + timedelta(minutes=31))


def number(table: type, *conditions: object) -> int:
    return db.session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0  # type: ignore[arg-type]


def test_a_message_and_the_expiry_at_once_end_with_the_goods_paid_for(shop: Flask, double: Double) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            basket, payment = paying(double)
            message = double.new_messages()[-1]
        race(shop, partial(tell, message), partial(expire, payment), behind=hold(payment))
        with shop.app_context():
            assert db.session.scalars(select(Payment.state).filter_by(public_id=payment)).one() == "paid"
            assert number(Transfer, Transfer.kind == "payment", Transfer.purpose_id == group_of(payment)) == 1
        agree(shop, basket, double)


def group_of(payment: str) -> str:
    """The purchase of a payment."""
    return db.session.scalars(select(Payment.purpose_id).filter_by(public_id=payment)).one()


def test_the_buyers_payment_and_the_expiry_at_once_end_in_one_of_the_two(shop: Flask, double: Double) -> None:
    ends = set()
    for _ in range(ROUNDS):
        with shop.app_context():
            basket, payment = paying(double, pay=False)
            page = double.sessions()[-1]["id"]
        race(shop, partial(double.pay, page), partial(expire, payment))
        agree(shop, basket, double)
        with shop.app_context():
            ends.add(db.session.scalars(select(Payment.state).filter_by(public_id=payment)).one())
    assert ends <= {"paid", "expired"}


def test_one_message_three_times_at_once_and_the_browser_settle_once(shop: Flask, double: Double) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            basket, payment = paying(double)
            message = double.new_messages()[-1]
        tellers = [partial(tell, message)] * 3
        answers = race(shop, *tellers, partial(look_up, payment, now=real_now()))
        assert sorted(answers) == [False, False, False, True]
        with shop.app_context():
            assert number(Transfer, Transfer.kind == "payment", Transfer.purpose_id == group_of(payment)) == 1
            kept = db.session.scalars(select(ProviderEvent).order_by(ProviderEvent.id.desc()).limit(1)).one()
            assert (kept.deliveries, kept.outcome) == (3, "acted")
        agree(shop, basket, double)


def test_two_tabs_that_go_to_pay_at_once_get_one_page(shop: Flask, double: Double) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            payment = place(filled_basket(), real_now())
        goers = [partial(pay_page, payment, RETURN, BACK, now=real_now())] * 2
        first, second = race(shop, *goers, behind=hold(payment))
        assert isinstance(first, str)
        assert first == second
        with shop.app_context():
            attempts = select(func.count(PaymentAttempt.id)).join(Payment).where(Payment.public_id == payment)
            assert db.session.scalar(attempts) == 1


def test_two_refunds_of_everything_at_once_give_it_back_once(shop: Flask, double: Double) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            basket = filled_basket()
            payment = buy(basket, double, real_now())
            order = db.session.scalars(
                select(Order.public_id).join(OrderGroup).where(OrderGroup.public_id == group_of(payment))
            ).one()
        answers = race(shop, partial(cancel, order), partial(refund, order), behind=hold(payment))
        # The cancelling one finds nothing left to give back, the refunding one is told so.
        assert sum(isinstance(answer, Conflict) for answer in answers) <= 1
        with shop.app_context():
            send_refunds(now=real_now())
            assert double.bank.taken()[payment] == 0
            given = select(func.sum(Refund.amount_fen)).join(Payment).where(Payment.public_id == payment)
            assert db.session.scalar(given) == 2500


def cancel(order: str) -> None:
    with transaction():
        cancel_order(order, actor="operator", now=real_now())


def refund(order: str, amount_fen: int = 2500) -> None:
    with transaction():
        refund_order(order, amount_fen, expected_refunded_fen=0, actor="operator", now=real_now())


def test_a_partial_refund_that_is_sent_twice_at_once_is_made_once(shop: Flask, double: Double) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            payment = buy(filled_basket(), double, real_now())
            order = db.session.scalars(
                select(Order.public_id).join(OrderGroup).where(OrderGroup.public_id == group_of(payment))
            ).one()
        answers = race(shop, *[partial(refund, order, 1000)] * 2, behind=hold(payment))
        assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["refund_changed"]
        assert answers.count(None) == 1
        with shop.app_context():
            send_refunds(now=real_now())
            assert double.bank.taken()[payment] == 1500


def test_two_that_send_one_refund_at_once_send_it_once(shop: Flask, double: Double) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            payment = buy(filled_basket(), double, real_now())
            order = db.session.scalars(
                select(Order.public_id).join(OrderGroup).where(OrderGroup.public_id == group_of(payment))
            ).one()
            refund(order)
        assert race(shop, *[partial(send_refunds, payment, now=real_now())] * 2) == [None, None]
        with shop.app_context():
            assert double.bank.taken()[payment] == 0
            assert number(Transfer, Transfer.kind == "refund_sent") == number(Refund, Refund.state == "succeeded")
