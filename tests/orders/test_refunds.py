"""Giving up and giving back: by the buyer, by the operator, by the provider, and never more than was paid."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.models import Transfer
from marketplace.ledger.queries import balance_fen
from marketplace.orders.collecting import send_refunds, sweep
from marketplace.orders.models import OrderGroup
from marketplace.orders.queries import money_ahead, payment_of
from marketplace.orders.refunds import refund_order, send_refund_by_hand
from marketplace.orders.service import accept_delivery, ship_order
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS, SERVICE_FEE
from marketplace.orders.shares import producer_account
from marketplace.payments.models import PaymentAttempt, Refund
from marketplace.payments.queries import lock_refund
from tests.orders.online import Purchase, balances, count
from tests.payments.double import Double
from tests.stock import stock_of


def test_the_buyer_gives_up_an_unpaid_order_and_its_page_closes(purchase: Purchase, double: Double) -> None:
    answer = purchase.browser.post(f"/orders/{purchase.id}/cancel", sent_from=f"/orders/{purchase.id}")
    assert answer.status_code == 303
    assert "Your order is cancelled. Nothing is owed." in purchase.text()
    assert [page["status"] for page in double.sessions()] == ["expired"]
    assert stock_of(purchase.world.apples.id) == 10


def test_giving_up_what_has_just_been_paid_keeps_the_order(purchase: Purchase, double: Double) -> None:
    double.pay()
    purchase.browser.post(f"/orders/{purchase.id}/cancel")
    assert "Your payment has just arrived, so the order stands." in purchase.text()
    assert purchase.payment.state == "paid"


def test_the_buyer_cancels_a_paid_part_and_gets_its_money(purchase: Purchase, double: Double) -> None:
    purchase.paid()
    apples = purchase.orders[0].public_id
    for _ in range(2):
        assert purchase.browser.post(f"/orders/{purchase.id}/{apples}/cancel").status_code == 303
    assert double.bank.taken() == {purchase.payment.public_id: 1500}
    assert balances() == {BUYERS: -1500, CLEARING: 1500}
    assert [order.state for order in purchase.orders] == ["cancelled", "placed"]
    assert stock_of(purchase.world.apples.id) == 10
    assert "¥25.00 has been paid back to you." in purchase.text()
    assert purchase.deliver() == [204]
    assert balances() == {BUYERS: -1500, CLEARING: 1500}


def test_what_has_left_the_farm_cannot_be_cancelled(purchase: Purchase) -> None:
    purchase.paid()
    apples = purchase.orders[0]
    public_id = apples.public_id
    with transaction():
        ship_order(public_id, apples.producer_id, actor="farmer", now=clock.now())
    assert purchase.browser.post(f"/orders/{purchase.id}/{public_id}/cancel").status_code == 409
    assert count(Refund) == 0


def give_back(purchase: Purchase, at: int, amount_fen: int) -> Refund:
    """Refund part of an order as the operator does; answers the row."""
    order = purchase.orders[at]
    public_id, seen_fen = order.public_id, order.refunded_fen
    with transaction():
        made = refund_order(public_id, amount_fen, expected_refunded_fen=seen_fen, actor="operator", now=clock.now())
        public_id = made.public_id
    send_refunds(now=clock.now())
    return db.session.scalars(select(Refund).filter_by(public_id=public_id)).one()


def settle(purchase: Purchase, at: int) -> None:
    """Ship and receive an order."""
    order = purchase.orders[at]
    public_id, producer_id = order.public_id, order.producer_id
    with transaction():
        ship_order(public_id, producer_id, actor="farmer", now=clock.now())
    with transaction():
        accept_delivery(public_id, purchase.world.buyer.id, actor="buyer", now=clock.now())


def test_a_refund_before_settlement_comes_out_of_what_is_held(purchase: Purchase, double: Double) -> None:
    purchase.paid()
    assert give_back(purchase, 0, 1001).state == "succeeded"
    assert balances() == {BUYERS: -2999, CLEARING: 2999}
    assert money_ahead(purchase.orders[0].producer_id).paid_fen == 2425 - 970
    settle(purchase, 0)
    # 14.99 yuan are left of 25.00: 24.25 - 9.70 for the seller, the rest for the service.
    assert balance_fen(producer_account(purchase.world.farm.public_id)) == 1455
    assert balances() == {BUYERS: -2999, CLEARING: 1500, SERVICE_FEE: 44, "producers": 1455}
    assert double.bank.taken() == {purchase.payment.public_id: 2999}


def test_giving_back_all_that_is_left_before_the_goods_have_left_cancels_the_part(purchase: Purchase, double: Double) -> None:
    purchase.paid()
    give_back(purchase, 0, 1)
    assert purchase.orders[0].state == "placed"
    assert give_back(purchase, 0, 2499).reason == "cancelled"
    assert [order.state for order in purchase.orders] == ["cancelled", "placed"]
    assert stock_of(purchase.world.apples.id) == 10
    assert double.bank.taken() == {purchase.payment.public_id: 1500}
    settle(purchase, 1)
    give_back(purchase, 1, 1500)
    assert [order.state for order in purchase.orders] == ["cancelled", "accepted"]


def test_a_refund_after_settlement_is_a_negative_row_of_those_who_got_it(purchase: Purchase) -> None:
    purchase.paid()
    settle(purchase, 0)
    assert balance_fen(producer_account(purchase.world.farm.public_id)) == 2425
    for amount_fen in (1, 33, 2466):
        give_back(purchase, 0, amount_fen)
    assert balance_fen(producer_account(purchase.world.farm.public_id)) == 0
    assert balances() == {BUYERS: -1500, CLEARING: 1500}
    assert count(Transfer, kind="refund") == 3


def test_never_more_goes_back_than_was_paid(purchase: Purchase, double: Double) -> None:
    with pytest.raises(Conflict) as early:
        give_back(purchase, 0, 1)
    assert early.value.code == "not_paid"
    purchase.paid()
    give_back(purchase, 0, 2000)
    with pytest.raises(Conflict) as refused:
        give_back(purchase, 0, 501)
    assert refused.value.code == "refund_too_large"
    assert double.bank.taken() == {purchase.payment.public_id: 2000}
    with pytest.raises(IntegrityError, match="ck_payment_refunded_within_amount"):
        purchase.payment.refunded_fen = 4001
        db.session.flush()
    db.session.rollback()
    with pytest.raises(IntegrityError, match="refunded_within_received"):
        db.session.scalars(select(PaymentAttempt)).one().refunded_fen = 4001
        db.session.flush()
    db.session.rollback()


def test_a_wallets_refund_arrives_by_a_message(purchase: Purchase, double: Double) -> None:
    double.pay(method="alipay")
    purchase.deliver()
    assert give_back(purchase, 0, 2500).state == "pending"
    assert balances() == {BUYERS: -4000, CLEARING: 1500, REFUNDS: 2500}
    assert "¥25.00 is on its way back to you." in purchase.text()
    # The message of its arrival may come before that of its beginning.
    assert purchase.deliver(messages=double.new_messages()[::-1], times=2) == [204] * 4
    assert db.session.scalars(select(Refund)).one().state == "succeeded"
    assert balances() == {BUYERS: -1500, CLEARING: 1500}


def test_a_refund_that_comes_back_is_sent_by_hand(purchase: Purchase, double: Double) -> None:
    purchase.paid()
    refund = give_back(purchase, 0, 2500)
    assert refund.provider_id is not None
    with double.bank.store.work():
        double.bank.fail_refund(refund.provider_id)
    assert set(purchase.deliver()) == {204}
    assert balances() == {BUYERS: -4000, CLEARING: 1500, REFUNDS: 2500}
    assert "¥25.00 could not be paid back yet." in purchase.text()
    for wanted in (True, False):
        with transaction():
            row = lock_refund(refund.public_id)
            assert row is not None
            assert send_refund_by_hand(row, actor="operator", now=clock.now()) is wanted
    assert balances() == {BUYERS: -1500, CLEARING: 1500}


def test_the_providers_late_word_does_not_undo_what_a_person_has_sent(purchase: Purchase, double: Double) -> None:
    purchase.paid()
    refund = give_back(purchase, 0, 2500)
    public_id, provider_id = refund.public_id, refund.provider_id or ""
    with double.bank.store.work():
        double.bank.fail_refund(provider_id)
    failed = double.new_messages()
    assert set(purchase.deliver(messages=failed)) == {204}
    with transaction():
        row = lock_refund(public_id)
        assert row is not None
        assert send_refund_by_hand(row, actor="operator", now=clock.now())
    with double.bank.store.work():
        double.bank._tell("refund.updated", double.bank.found_refund(provider_id))
    for again in (failed, double.new_messages()):
        assert set(purchase.deliver(messages=again)) == {204}
    assert db.session.scalars(select(Refund.state)).one() == "by_hand"
    assert count(Transfer, kind="refund_bounced") == 1
    assert balances() == {BUYERS: -1500, CLEARING: 1500}
    assert "¥25.00 has been paid back to you." in purchase.text()
    with transaction():
        row = lock_refund(public_id)
        assert row is not None
        assert not send_refund_by_hand(row, actor="operator", now=clock.now())


def test_the_sweeper_sends_what_the_provider_did_not_answer(purchase: Purchase, double: Double) -> None:
    purchase.paid()
    with transaction():
        refund_order(purchase.orders[0].public_id, 2500, expected_refunded_fen=0, actor="operator", now=clock.now())
    assert balances() == {BUYERS: -4000, CLEARING: 1500, REFUNDS: 2500}
    sweep(now=clock.now())
    assert double.bank.taken() == {purchase.payment.public_id: 1500}
    assert payment_of(db.session.scalars(select(OrderGroup)).one()).refunded_fen == 2500
