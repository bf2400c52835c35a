"""Paying online as buyers do it, with everything that can come between: twice, late, declined, abandoned, given back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.ledger.models import Transfer
from marketplace.orders.collecting import sweep
from marketplace.orders.models import Basket, OrderGroup
from marketplace.orders.service import confirm_payment
from marketplace.orders.settlement import BUYERS, CLEARING
from marketplace.payments.gateway import use_provider
from marketplace.payments.models import PaymentAttempt, ProviderEvent, Refund
from marketplace.payments.stripe_gateway import StripeGateway
from tests.orders.online import Purchase, balances, count, hook
from tests.payments.double import KEY, SECRET, Double
from tests.stock import stock_of
from tests.web.conftest import Browser
from tests.web.shop_world import ADDRESS, ShopWorld


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
