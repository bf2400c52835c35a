"""The sweeper finishes what was left, whatever one item among many does, and whoever follows purchases hears of it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from marketplace.kernel import clock, steps
from marketplace.kernel.db import db, transaction
from marketplace.orders.collecting import give_up_payment, pay_page, send_refunds, sweep
from marketplace.orders.jobs import sweep_payments
from marketplace.orders.refunds import cancel_order, refund_order
from marketplace.orders.settlement import BUYERS, CLEARING, REFUNDS
from marketplace.payments.gateway import use_provider
from marketplace.payments.models import PaymentAttempt, ProviderEvent, Refund
from marketplace.payments.service import keep_event
from marketplace.payments.states import PaymentAction
from marketplace.recommendations.models import Event
from tests.orders.online import Purchase, balances, count
from tests.orders.purchases import BACK, RETURN
from tests.payments.double import Double
from tests.stock import stock_of

DAY_BUILT = "SELECT args ->> 'day' FROM procrastinate_jobs WHERE task_name = 'dashboard.build_day'"


class Cut(BaseException):
    """The work ends here, and nothing catches it."""


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    steps.disarm()


def promise(purchase: Purchase, at: int = 0) -> Refund:
    """Cancel a paid part; nobody has been told yet."""
    with transaction():
        made = cancel_order(purchase.orders[at].public_id, actor="buyer", now=clock.now())
    assert made is not None
    return made


def the_refund() -> Refund:
    return db.session.scalars(select(Refund).execution_options(populate_existing=True)).one()


def end_attempt() -> None:
    """Have us think that the newest page is closed."""
    attempt = db.session.scalars(select(PaymentAttempt).order_by(PaymentAttempt.id.desc()).limit(1)).one()
    attempt.state, attempt.ended_at = "expired", clock.now()
    db.session.commit()


def days_to_build() -> list[str]:
    return list(db.session.scalars(text(DAY_BUILT)))


def test_a_message_that_nobody_can_read_keeps_nothing_else_waiting(
    purchase: Purchase, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction():
        for number in range(2):
            kept = {"kind": "refund.updated", "received_at": clock.now() - timedelta(hours=1)}
            db.session.add(ProviderEvent(provider="stripe", event_id=f"evt_{number}", body=b'{"id": 1}', **kept))
    sweep(now=clock.now() + timedelta(minutes=31))
    assert purchase.payment.state == "expired"
    assert count(ProviderEvent, outcome=None) == 2
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


def test_a_refund_without_a_status_is_under_way(purchase: Purchase, double: Double) -> None:
    double.pay(method="alipay")
    purchase.deliver()
    promise(purchase)
    send_refunds(now=clock.now())
    told: dict[str, Any] = json.loads(double.new_messages()[0][0])["data"]["object"]
    with double.bank.store.work():
        double.bank._tell("refund.updated", {**told, "status": None})
    assert purchase.deliver() == [204]
    assert the_refund().state == "pending"
    assert count(ProviderEvent, outcome=None) == 0


def test_a_refund_whose_message_was_lost_is_asked_about_after_an_hour(purchase: Purchase, double: Double) -> None:
    double.pay(method="wechat_pay")
    purchase.deliver()
    promise(purchase)
    send_refunds(now=clock.now())
    sweep(now=clock.now() + timedelta(minutes=59))
    assert the_refund().state == "pending"
    assert balances() == {BUYERS: -4000, CLEARING: 1500, REFUNDS: 2500}
    sweep(now=clock.now() + timedelta(minutes=61))
    assert the_refund().state == "succeeded"
    assert balances() == {BUYERS: -1500, CLEARING: 1500}


@pytest.mark.parametrize("asked", [True, False], ids=["answer lost", "never asked"])
def test_a_refund_is_made_once_though_the_provider_has_forgotten_its_key(
    purchase: Purchase, double: Double, asked: bool
) -> None:
    purchase.paid()
    with transaction():
        # Another of the same amount, so that only the name tells them apart.
        refund_order(purchase.orders[1].public_id, 700, expected_refunded_fen=0, actor="operator", now=clock.now())
    send_refunds(now=clock.now())
    with transaction():
        refund_order(purchase.orders[1].public_id, 700, expected_refunded_fen=700, actor="operator", now=clock.now())

    def cut() -> None:
        raise Cut

    steps.arm("refund.sent" if asked else "refund.committed", cut)
    with pytest.raises(Cut):
        send_refunds(now=clock.now())
    steps.disarm()
    double.bank.store.forget_answers()
    sweep(now=clock.now() + timedelta(hours=25))
    assert db.session.scalars(select(Refund.state)).all() == ["succeeded", "succeeded"]
    assert double.bank.taken() == {purchase.payment.public_id: 2600}


def test_a_message_that_cannot_be_acted_on_is_given_up_after_days_and_keeps_no_other_waiting(
    purchase: Purchase, double: Double, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction():
        # Genuine, and of a form that nobody has foreseen.
        keep_event("stripe", "evt_odd", "checkout.session.completed", b"[]", now=clock.now())
    odd = db.session.scalars(select(ProviderEvent).filter_by(event_id="evt_odd")).one()
    for days, outcome, tries in ((2, None, 1), (4, "given_up", 2), (5, "given_up", 2)):
        sweep(now=clock.now() + timedelta(days=days))
        db.session.refresh(odd)
        assert (odd.outcome, len([row for row in caplog.records if "left for the next time" in row.message])) == (
            outcome,
            tries,
        )


def test_a_page_that_the_provider_does_not_know_any_more_is_not_asked_for_for_ever(purchase: Purchase, double: Double) -> None:
    attempt = db.session.scalars(select(PaymentAttempt)).one()
    attempt.provider_id = "cs_of_another_account"
    db.session.commit()
    early, late = clock.now() + timedelta(minutes=5), clock.now() + timedelta(minutes=33)
    sweep(now=early)
    db.session.refresh(attempt)
    assert attempt.state == "open"
    sweep(now=late)
    sweep(now=late)
    db.session.refresh(attempt)
    # Nobody can pay any more, so the goods go back on sale.
    assert (attempt.state, purchase.payment.state) == ("expired", "expired")


def test_where_nobody_collects_any_more_goods_without_a_page_go_back_on_sale(purchase: Purchase) -> None:
    end_attempt()
    payment = purchase.payment
    payment.expires_at = clock.now() - timedelta(seconds=1)
    db.session.commit()
    use_provider(None)
    sweep_payments(timestamp=0)
    assert purchase.payment.state == "expired"
    assert stock_of(purchase.world.apples.id) == 10


def test_where_nobody_collects_any_more_a_purchase_that_may_have_been_paid_waits(
    purchase: Purchase, double: Double, caplog: pytest.LogCaptureFixture
) -> None:
    double.pay()
    use_provider(None)
    sweep(now=clock.now() + timedelta(minutes=31))
    assert purchase.payment.state == "awaiting"
    assert caplog.records == []
    use_provider(double.gateway)
    sweep(now=clock.now() + timedelta(minutes=31))
    assert purchase.payment.state == "paid"


def test_a_purchase_that_the_sweeper_books_has_its_day_built(purchase: Purchase, double: Double) -> None:
    assert days_to_build() == []
    double.pay()
    later = clock.now() + timedelta(minutes=31)
    sweep(now=later)
    sweep(now=later)
    assert days_to_build() == [clock.local_day(later).isoformat()]


def test_a_purchase_that_turns_out_paid_when_its_page_is_asked_for_has_its_day_built(
    purchase: Purchase, double: Double
) -> None:
    double.pay()
    assert pay_page(purchase.payment.public_id, RETURN, BACK, now=clock.now()) is None
    assert purchase.payment.state == "paid"
    assert len(days_to_build()) == 1


def test_a_second_charge_found_when_a_page_is_closed_goes_back_at_once(purchase: Purchase, double: Double) -> None:
    end_attempt()
    purchase.browser.post(f"/orders/{purchase.id}/pay")
    first, second = double.sessions()
    payment = purchase.payment
    double.pay(first["id"])
    assert set(purchase.deliver()) == {204}
    double.pay(second["id"])
    double.new_messages()
    assert not give_up_payment(payment.public_id, PaymentAction.CANCEL, actor="buyer", now=clock.now())
    assert (the_refund().reason, the_refund().state) == ("surplus", "succeeded")
    assert double.bank.taken() == {payment.public_id: 4000}


def purchases_remembered(purchase: Purchase) -> set[int]:
    account_id = purchase.world.buyer.id
    return set(db.session.scalars(select(Event.listing_id).filter_by(account_id=account_id, kind="purchase")))


def test_a_purchase_that_is_not_paid_in_time_is_no_longer_remembered(purchase: Purchase) -> None:
    assert purchases_remembered(purchase) == {purchase.world.apples.id, purchase.world.greens.id}
    sweep(now=clock.now() + timedelta(minutes=31))
    assert purchases_remembered(purchase) == set()


def test_of_a_purchase_the_cancelled_part_alone_is_forgotten(purchase: Purchase) -> None:
    purchase.paid()
    promise(purchase)
    assert purchases_remembered(purchase) == {purchase.world.greens.id}
