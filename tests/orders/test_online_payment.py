"""Paying online as buyers do it, with everything that can come between: twice, late, declined, abandoned, given back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.queries import stock_of
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.models import Transfer
from marketplace.ledger.queries import balance_fen, trial_balance
from marketplace.orders.collecting import send_refunds, sweep
from marketplace.orders.models import Basket, Order, OrderGroup
from marketplace.orders.queries import money_ahead, payment_of
from marketplace.orders.refunds import refund_order, send_refund_by_hand
from marketplace.orders.service import accept_delivery, confirm_payment, ship_order
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS, SERVICE_FEE, producer_account
from marketplace.payments.gateway import use_provider
from marketplace.payments.models import Payment, PaymentAttempt, ProviderEvent, Refund
from marketplace.payments.queries import lock_refund
from marketplace.payments.stripe_gateway import StripeGateway
from tests.payments.double import KEY, SECRET, Double, collecting_by_double
from tests.web.conftest import Browser
from tests.web.shop_world import ADDRESS, ShopWorld

RETURN = "/orders/{}/paid"


@pytest.fixture
def double(app: Flask) -> Iterator[Double]:
    with collecting_by_double() as double:
        yield double


@pytest.fixture
def world(session: Session, double: Double) -> ShopWorld:
    return ShopWorld()


@pytest.fixture
def browser(client: FlaskClient, world: ShopWorld) -> Browser:
    browser = Browser(client)
    browser.is_now(world.buyer)
    return browser


class Purchase:
    """Two boxes of apples (25.00) and five jin of greens (15.00), bought online; the double has the page."""

    def __init__(self, browser: Browser, world: ShopWorld, double: Double) -> None:
        self.browser, self.world, self.double = browser, world, double
        basket = world.basket((world.apples, 2), (world.greens, 5))
        form = {"basket": basket.public_id, "expected_total_fen": 4000, **ADDRESS, "payment_method": "online"}
        answer = browser.post("/checkout", form, sent_from="/checkout")
        self.id = db.session.scalars(select(OrderGroup.public_id)).one()
        self.page = double.sessions()[-1]
        assert (answer.status_code, answer.location) == (303, self.page["url"])

    @property
    def payment(self) -> Payment:
        db.session.expire_all()
        return db.session.scalars(select(Payment)).one()

    @property
    def orders(self) -> list[Order]:
        """The apples' part, then the greens'."""
        return list(db.session.scalars(select(Order).order_by(Order.total_fen.desc())))

    def come_back(self) -> str:
        """The browser returns from the pay page; answers the order page."""
        answer = self.browser.get(RETURN.format(self.id))
        assert (answer.status_code, answer.location) == (303, f"/orders/{self.id}")
        return self.text()

    def text(self) -> str:
        """The order page."""
        return self.browser.get(f"/orders/{self.id}").text

    def deliver(self, times: int = 1, messages: list[tuple[bytes, str]] | None = None) -> list[int]:
        """Deliver messages, the new ones unless others are given; answers the statuses."""
        told = self.double.new_messages() if messages is None else messages
        return [hook(self.browser, *message).status_code for message in told for _ in range(times)]

    def paid(self) -> "Purchase":
        """Pay and have the message delivered."""
        self.double.pay(self.page["id"])
        assert set(self.deliver()) == {204}
        assert self.payment.state == "paid"
        return self


def hook(browser: Browser, body: bytes, signature: str) -> Any:
    browser._begin()
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
    return browser.client.post("/hooks/stripe", data=body, headers=headers)


@pytest.fixture
def purchase(browser: Browser, world: ShopWorld, double: Double) -> Purchase:
    return Purchase(browser, world, double)


def count(table: Any, **which: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table).filter_by(**which)) or 0


def balances() -> dict[str, int]:
    """The house's own accounts; whatever is in a producer's is counted as one."""
    kept = {code: fen for code, fen in trial_balance() if fen and not code.startswith("producer:")}
    producers = sum(fen for code, fen in trial_balance() if code.startswith("producer:"))
    assert sum(kept.values()) + producers == 0
    return {**kept, **({"producers": producers} if producers else {})}


def test_paying_and_coming_back_shows_the_order_as_paid(purchase: Purchase, double: Double) -> None:
    assert "Please pay now" in purchase.text()
    assert double.pay()
    assert "Paid on" in purchase.come_back()
    assert balances() == {BUYERS: -4000, CLEARING: 4000}
    assert double.bank.taken() == {purchase.payment.public_id: 4000}


def test_the_page_at_the_provider_says_what_is_paid_and_where_to_go(purchase: Purchase, double: Double) -> None:
    page = purchase.page
    assert (page["amount_total"], page["currency"], page["mode"]) == (4000, "cny", "payment")
    assert page["payment_method_types"] == ["card", "alipay", "wechat_pay"]
    assert page["payment_method_options"] == {"wechat_pay": {"client": "web"}}
    assert page["success_url"] == f"http://localhost/orders/{purchase.id}/paid"
    assert page["cancel_url"] == f"http://localhost/orders/{purchase.id}"
    attempt = db.session.scalars(select(PaymentAttempt)).one()
    assert page["metadata"] == {"attempt": attempt.public_id, "payment": purchase.payment.public_id}
    assert (attempt.state, attempt.provider_id) == ("open", page["id"])


def test_three_deliveries_of_every_message_settle_once(purchase: Purchase, double: Double) -> None:
    double.pay()
    assert purchase.deliver(times=3) == [204] * 6
    assert count(Transfer, kind="payment") == 1
    assert balances() == {BUYERS: -4000, CLEARING: 4000}
    kept = db.session.execute(select(ProviderEvent.kind, ProviderEvent.deliveries, ProviderEvent.outcome)).all()
    assert sorted(tuple(row) for row in kept) == [
        ("checkout.session.completed", 3, "acted"),
        ("payment_intent.succeeded", 3, "ignored"),
    ]


def test_the_message_may_come_before_the_browser_and_the_browser_twice(purchase: Purchase) -> None:
    purchase.paid()
    assert "Paid on" in purchase.come_back()
    assert "Paid on" in purchase.come_back()
    assert count(Transfer, kind="payment") == 1


def test_the_browser_may_come_before_the_message_and_without_having_paid(purchase: Purchase, double: Double) -> None:
    assert "Please pay now" in purchase.come_back()
    assert purchase.payment.state == "awaiting"
    double.pay()
    assert "Paid on" in purchase.come_back()
    assert purchase.deliver() == [204, 204]
    assert count(Transfer, kind="payment") == 1


def test_a_body_that_was_tampered_with_is_refused_and_nothing_is_written(purchase: Purchase, double: Double) -> None:
    double.pay()
    for body, signature in double.new_messages():
        for wrong in (
            (body.replace(b"4000", b"4001"), signature),
            (body, ""),
            (body, signature[:-1] + "!"),
            (body, "t=1,v1=0"),
        ):
            answer = hook(purchase.browser, *wrong)
            assert (answer.status_code, answer.text) == (400, "event_not_genuine")
    assert count(ProviderEvent) == 0
    assert purchase.payment.state == "awaiting"


def test_pressing_pay_twice_takes_the_money_once(purchase: Purchase, double: Double) -> None:
    assert double.pay()
    assert not double.pay()
    purchase.deliver()
    assert double.bank.taken() == {purchase.payment.public_id: 4000}


def test_two_clicks_on_pay_lead_to_one_page_and_one_on_a_paid_order_to_none(purchase: Purchase, double: Double) -> None:
    for _ in range(2):
        answer = purchase.browser.post(f"/orders/{purchase.id}/pay", sent_from=f"/orders/{purchase.id}")
        assert answer.location == purchase.page["url"]
    purchase.paid()
    answer = purchase.browser.post(f"/orders/{purchase.id}/pay")
    assert answer.location == f"/orders/{purchase.id}"
    assert "There is nothing to pay for this order any more." in purchase.text()
    assert len(double.sessions()) == 1


def test_the_same_basket_sent_twice_is_one_order_and_one_page(purchase: Purchase, double: Double) -> None:
    basket_id = db.session.scalars(select(OrderGroup.basket_id)).one()
    name = db.session.get_one(Basket, basket_id).public_id
    form = {"basket": name, "expected_total_fen": 4000, **ADDRESS, "payment_method": "online"}
    answer = purchase.browser.post("/checkout", form)
    assert answer.location == purchase.page["url"]
    assert (count(OrderGroup), len(double.sessions())) == (1, 1)


def test_declined_and_then_paid_is_paid_once(purchase: Purchase, double: Double) -> None:
    with double.bank.store.work():
        assert double.bank.decline(purchase.page["id"])
    declined = double.new_messages()
    assert purchase.deliver(messages=declined) == [204]
    assert purchase.payment.state == "failed"
    assert "The last try did not go through" in purchase.text()
    purchase.paid()
    # An old message that comes again, late, changes nothing.
    assert purchase.deliver(messages=declined) == [204]
    assert "Paid on" in purchase.text()


def test_an_abandoned_purchase_is_given_up_after_its_time_and_cannot_be_paid_then(purchase: Purchase, double: Double) -> None:
    apples = purchase.world.apples
    assert stock_of(apples.id) == 8
    sweep(now=clock.now() + timedelta(minutes=29))
    assert purchase.payment.state == "awaiting"
    sweep(now=clock.now() + timedelta(minutes=31))
    assert purchase.payment.state == "expired"
    assert stock_of(apples.id) == 10
    assert {order.state for order in purchase.orders} == {"cancelled"}
    assert [page["status"] for page in double.sessions()] == ["expired"]
    assert not double.pay()
    assert purchase.deliver() == [204]
    assert "Nothing was paid in time" in purchase.text()
    assert double.bank.taken() == {}
    assert balances() == {}


def test_paid_just_in_time_is_found_by_asking_before_it_is_given_up(purchase: Purchase, double: Double) -> None:
    double.pay()
    sweep(now=clock.now() + timedelta(minutes=31))
    assert purchase.payment.state == "paid"
    assert stock_of(purchase.world.apples.id) == 8


def test_what_nobody_told_us_of_is_found_by_asking_after_two_minutes(purchase: Purchase, double: Double) -> None:
    double.pay()
    sweep(now=clock.now() + timedelta(minutes=1))
    assert purchase.payment.state == "awaiting"
    sweep(now=clock.now() + timedelta(minutes=3))
    assert purchase.payment.state == "paid"


def test_a_page_that_ran_out_at_the_provider_is_followed_by_a_new_one(purchase: Purchase, double: Double) -> None:
    double.ahead_s = 33 * 60
    assert [page["status"] for page in double.sessions()] == ["expired"]
    assert purchase.deliver() == [204]
    double.ahead_s = 0
    answer = purchase.browser.post(f"/orders/{purchase.id}/pay")
    first, second = double.sessions()
    assert (answer.location, first["status"], second["status"]) == (second["url"], "expired", "open")
    assert double.pay(second["id"])
    assert "Paid on" in purchase.come_back()


def test_money_for_a_purchase_that_was_given_up_goes_back_at_once(purchase: Purchase, double: Double) -> None:
    # The provider takes money on a page that we had every reason to think closed.
    double.pay()
    messages = double.new_messages()
    attempt = db.session.scalars(select(PaymentAttempt)).one()
    attempt.state, attempt.ended_at = "expired", clock.now()
    db.session.commit()
    sweep(now=clock.now() + timedelta(minutes=31))
    assert purchase.payment.state == "expired"
    assert set(purchase.deliver(times=3, messages=messages)) == {204}
    assert double.bank.taken() == {purchase.payment.public_id: 0}
    refund = db.session.scalars(select(Refund)).one()
    assert (refund.reason, refund.amount_fen, refund.state) == ("surplus", 4000, "succeeded")
    assert balances() == {}
    assert "A payment arrived that this order does not need. ¥40.00 has been paid back to you." in purchase.text()


def test_a_second_charge_for_the_same_purchase_goes_back(purchase: Purchase, double: Double) -> None:
    attempt = db.session.scalars(select(PaymentAttempt)).one()
    attempt.state, attempt.ended_at = "expired", clock.now()
    db.session.commit()
    purchase.browser.post(f"/orders/{purchase.id}/pay")
    first, second = double.sessions()
    double.pay(first["id"])
    double.pay(second["id"])
    assert set(purchase.deliver(times=2)) == {204}
    assert double.bank.taken() == {purchase.payment.public_id: 4000}
    assert balances() == {BUYERS: -4000, CLEARING: 4000}


def test_a_bank_that_takes_its_time_keeps_the_goods(purchase: Purchase, double: Double) -> None:
    double.pay(slowly=True)
    assert "Payment on its way" in purchase.come_back()
    assert purchase.payment.state == "processing"
    sweep(now=clock.now() + timedelta(minutes=31))
    assert purchase.payment.state == "processing"
    with double.bank.store.work():
        assert double.bank.decide(purchase.page["id"], accept=True)
    purchase.deliver()
    assert purchase.payment.state == "paid"


def test_a_bank_that_says_no_in_the_end_lets_the_buyer_try_again(purchase: Purchase, double: Double) -> None:
    double.pay(slowly=True)
    purchase.come_back()
    with double.bank.store.work():
        assert double.bank.decide(purchase.page["id"], accept=False)
    # Asked about, not told: the message is late.
    assert "The last try did not go through" in purchase.come_back()
    assert purchase.payment.state == "failed"
    answer = purchase.browser.post(f"/orders/{purchase.id}/pay")
    assert answer.location == double.sessions()[-1]["url"] != purchase.page["url"]
    double.pay()
    purchase.deliver()
    assert purchase.payment.state == "paid"


def test_a_provider_that_does_not_answer_leaves_the_order_to_be_paid_later(
    browser: Browser, world: ShopWorld, double: Double
) -> None:
    deaf = StripeGateway(KEY, SECRET, "http://127.0.0.1:9")
    use_provider(deaf)
    basket = world.basket((world.apples, 2))
    form = {"basket": basket.public_id, "expected_total_fen": 2500, **ADDRESS, "payment_method": "online"}
    answer = browser.post("/checkout", form, sent_from="/checkout")
    order_page = f"/orders/{db.session.scalars(select(OrderGroup.public_id)).one()}"
    assert answer.location == order_page
    text = browser.get(order_page).text
    assert "The payment service does not answer at the moment" in text
    assert "Please pay now" in text
    assert [row.state for row in db.session.scalars(select(PaymentAttempt))] == ["created"]
    deaf.close()
    use_provider(double.gateway)
    answer = browser.post(f"{order_page}/pay")
    assert [page["url"] for page in double.sessions()] == [answer.location]


def test_messages_that_are_not_for_us_are_kept_and_ignored(purchase: Purchase, double: Double) -> None:
    with double.bank.store.work():
        double.bank._tell("customer.created", {"id": "cus_1", "object": "customer"})
        double.bank._tell("checkout.session.completed", {**purchase.page, "metadata": {"attempt": "23456789abcdef"}})
    assert purchase.deliver() == [204, 204]
    assert [row.outcome for row in db.session.scalars(select(ProviderEvent))] == ["ignored", "ignored"]
    assert purchase.payment.state == "awaiting"


def test_an_online_payment_cannot_be_confirmed_by_hand(purchase: Purchase) -> None:
    with pytest.raises(Conflict) as refused, transaction():
        confirm_payment(purchase.payment, actor="operator", now=clock.now())
    assert refused.value.code == "confirmed_by_provider"
    assert purchase.payment.state == "awaiting"


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
    with transaction():
        public_id = refund_order(purchase.orders[at].public_id, amount_fen, actor="operator", now=clock.now()).public_id
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


def test_the_sweeper_sends_what_the_provider_did_not_answer(purchase: Purchase, double: Double) -> None:
    purchase.paid()
    with transaction():
        refund_order(purchase.orders[0].public_id, 2500, actor="operator", now=clock.now())
    assert balances() == {BUYERS: -4000, CLEARING: 1500, REFUNDS: 2500}
    sweep(now=clock.now())
    assert double.bank.taken() == {purchase.payment.public_id: 1500}
    assert payment_of(db.session.scalars(select(OrderGroup)).one()).refunded_fen == 2500
