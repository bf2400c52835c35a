"""The operator gives money back, sends by hand what no provider sends, and reads the provider's messages."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.config import Settings
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import confirm_payment
from marketplace.payments.models import Payment, PaymentAttempt, Refund
from marketplace.payments.queries import get_payment
from marketplace.web import headers
from tests import factories
from tests.orders.online import Purchase, balances
from tests.payments.double import Double, collecting_by_double
from tests.web.conftest import Browser
from tests.web.shop_world import ShopWorld

PAGE = "/operator/money/payments"


@pytest.fixture
def double(app: Flask) -> Iterator[Double]:
    with collecting_by_double() as double:
        yield double


@pytest.fixture
def world(session: Session, double: Double) -> ShopWorld:
    return ShopWorld()


@pytest.fixture
def desk(client: FlaskClient, world: ShopWorld) -> Browser:
    """The operator's browser, which has first been the buyer's."""
    browser = Browser(client)
    browser.is_now(world.buyer)
    return browser


def as_operator(desk: Browser) -> Browser:
    desk.is_now(factories.account((RoleKind.OPERATOR, "")))
    return desk


def test_part_of_an_online_order_is_given_back_by_its_button(desk: Browser, world: ShopWorld, double: Double) -> None:
    purchase = Purchase(desk, world, double).paid()
    apples = purchase.orders[0].public_id
    as_operator(desk)
    text = desk.get(PAGE).text
    assert purchase.payment.reference in text
    assert "Amount in yuan, at most ¥25.00" in text
    target = f"/operator/money/orders/{apples}/refund"
    answer = desk.post(target, {"amount": "10.01", "expected_refunded_fen": 0}, sent_from=PAGE)
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert double.bank.taken() == {purchase.payment.public_id: 2999}
    text = desk.get(PAGE).text
    assert "has been paid back." in text
    assert 'name="expected_refunded_fen" value="1001"' in text
    assert "Amount in yuan, at most ¥14.99" in text
    assert "¥10.01, paid back" in text
    for amount, status in (("15", 409), ("0", 422), ("-1", 422), ("", 422)):
        answer = desk.post(target, {"amount": amount, "expected_refunded_fen": 1001}, sent_from=PAGE)
        assert answer.status_code == status
    assert desk.post(target, {"amount": "1"}, sent_from=PAGE).status_code == 422
    assert double.bank.taken() == {purchase.payment.public_id: 2999}


def test_a_refund_form_that_is_sent_twice_refunds_once(desk: Browser, world: ShopWorld, double: Double) -> None:
    purchase = Purchase(desk, world, double).paid()
    target = f"/operator/money/orders/{purchase.orders[0].public_id}/refund"
    as_operator(desk)
    form = {"amount": "10", "expected_refunded_fen": 0}
    assert [desk.post(target, form, sent_from=PAGE).status_code for _ in range(2)] == [303, 409]
    assert double.bank.taken() == {purchase.payment.public_id: 3000}
    assert db.session.scalars(select(Refund.amount_fen)).all() == [1000]


def test_a_refund_that_the_provider_refuses_is_not_said_to_be_on_its_way(
    desk: Browser, world: ShopWorld, double: Double
) -> None:
    purchase = Purchase(desk, world, double).paid()
    attempt = db.session.scalars(select(PaymentAttempt)).one()
    attempt.charge_id = "pi_unknown"
    db.session.commit()
    apples, greens = (order.public_id for order in purchase.orders)
    as_operator(desk)
    desk.post(f"/operator/money/orders/{apples}/cancel", sent_from=PAGE)
    assert "The payment service has refused the refund" in desk.get(PAGE).text
    desk.post(f"/operator/money/orders/{apples}/cancel", sent_from=PAGE)
    assert "This part is cancelled. Nothing was left to give back." in desk.get(PAGE).text
    desk.is_now(world.buyer)
    desk.post(f"/orders/{purchase.id}/{greens}/cancel", sent_from=f"/orders/{purchase.id}")
    assert "This part is cancelled. ¥15.00 could not be paid back yet." in purchase.text()


def test_a_buyer_who_paid_by_transfer_is_told_that_people_send_the_money_back(desk: Browser, world: ShopWorld) -> None:
    group = world.order((world.apples, 2))
    with transaction():
        confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="operator", now=clock.now())
    page = f"/orders/{group.public_id}"
    order = db.session.scalars(select(Order.public_id)).one()
    desk.post(f"{page}/{order}/cancel", sent_from=page)
    assert "This part is cancelled. The operator of the market sends ¥25.00 back to you." in desk.get(page).text


def test_cancelling_a_paid_part_gives_all_of_it_back(desk: Browser, world: ShopWorld, double: Double) -> None:
    purchase = Purchase(desk, world, double).paid()
    greens = purchase.orders[1].public_id
    as_operator(desk)
    assert desk.post(f"/operator/money/orders/{greens}/cancel", sent_from=PAGE).status_code == 303
    assert double.bank.taken() == {purchase.payment.public_id: 2500}
    assert purchase.orders[1].state == "cancelled"


def test_what_came_by_transfer_goes_back_by_hand(desk: Browser, world: ShopWorld) -> None:
    group = world.order((world.apples, 2))
    with transaction():
        confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="operator", now=clock.now())
    order = db.session.scalars(select(Order.public_id)).one()
    as_operator(desk)
    desk.post(f"/operator/money/orders/{order}/refund", {"amount": "25", "expected_refunded_fen": 0}, sent_from=PAGE)
    assert "Please send the money by hand." in desk.get(PAGE).text
    assert balances() == {"buyers": -2500, "refunds": 2500}
    refund = db.session.scalars(select(Refund.public_id)).one()
    for _ in range(2):
        assert desk.post(f"/operator/money/refunds/{refund}/sent", sent_from=PAGE).status_code == 303
    assert balances() == {}
    assert desk.post("/operator/money/refunds/23456789abcdef/sent", sent_from=PAGE).status_code == 404


def test_the_messages_are_listed_with_what_became_of_them(desk: Browser, world: ShopWorld, double: Double) -> None:
    assert "None has come yet." in as_operator(desk).get("/operator/money/events").text
    desk.is_now(world.buyer)
    Purchase(desk, world, double).paid()
    text = as_operator(desk).get("/operator/money/events").text
    for words in ("checkout.session.completed", "acted on", "payment_intent.succeeded", "not for us"):
        assert words in text


def test_online_payments_are_not_among_those_to_confirm(desk: Browser, world: ShopWorld, double: Double) -> None:
    purchase = Purchase(desk, world, double)
    text = as_operator(desk).get("/operator/payments").text
    assert purchase.payment.reference not in text
    answer = desk.post(f"/operator/payments/{purchase.payment.public_id}/confirm", sent_from="/operator/payments")
    assert answer.status_code == 409
    assert db.session.scalars(select(Payment.state)).one() == "awaiting"


def test_a_form_may_lead_to_the_payment_page_and_to_no_other(app: Flask, client: FlaskClient, session: Session) -> None:
    def rule(settings: Settings) -> str:
        kept = app.extensions["settings"]
        app.extensions["settings"] = settings
        try:
            with app.test_request_context("/about"):
                policy = headers._add_headers(app.response_class("x")).headers["Content-Security-Policy"]
        finally:
            app.extensions["settings"] = kept
        return next(part for part in policy.split("; ") if part.startswith("form-action"))

    plain = {"database_url": "", "data_dir": app.extensions["settings"].data_dir, "secret_key": "x"}
    assert rule(Settings(**plain)) == "form-action 'self'"
    real = {**plain, "stripe_api_key": "sk_1", "stripe_webhook_secret": "whsec_1"}
    assert rule(Settings(**real)) == "form-action 'self' https://checkout.stripe.com"
    double = {**real, "stripe_api_base": "http://127.0.0.1:5001"}
    assert rule(Settings(**double)) == "form-action 'self' http://127.0.0.1:5001"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"STRIPE_API_KEY": "sk_1"}, "STRIPE_WEBHOOK_SECRET is not set"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_1"}, "STRIPE_API_KEY is not set though STRIPE_WEBHOOK_SECRET is"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:1"}, "STRIPE_API_KEY is not set though STRIPE_API_BASE is"),
        (
            {"STRIPE_API_KEY": "sk_1", "STRIPE_WEBHOOK_SECRET": "whsec_1", "STRIPE_API_BASE": "127.0.0.1"},
            "STRIPE_API_BASE must begin with http",
        ),
    ],
)
def test_half_a_configuration_is_named_at_start(app: Flask, given: dict[str, str], said: str) -> None:
    environ = {"DATABASE_URL": "postgresql://x/y", "NONGQIAO_DATA_DIR": str(app.extensions["settings"].data_dir)}
    with pytest.raises(RuntimeError, match=said):
        Settings.from_env({**environ, **given})


def test_a_transfer_for_a_cancelled_purchase_is_found_booked_and_sent_back(desk: Browser, world: ShopWorld) -> None:
    payment = payment_of(world.order((world.apples, 2)))
    path, reference = f"/operator/payments/{payment.public_id}", payment.reference
    as_operator(desk)
    waiting = "/operator/payments"
    assert "A transfer has come for it" not in desk.get(f"{PAGE}?reference={reference}").text
    desk.post(f"{path}/cancel", {}, sent_from=waiting)
    assert "Nothing with this reference waits for its money" in desk.get(f"{waiting}?reference={reference}").text
    # Another operator, whose page is older, has the money and says so.
    answer = desk.post(f"{path}/confirm", {}, sent_from=waiting)
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?reference={reference}")
    text = desk.get(answer.location).text
    assert f"Payment {reference} has been given up. If its money has come, please book it here." in text
    target = f"/operator/money/payments/{payment.public_id}/unapplied"
    for form in ({"received": "25", "bank_reference": ""}, {"received": "0", "bank_reference": "x"}, {"bank_reference": "x"}):
        answer = desk.post(target, form, sent_from=PAGE)
        assert (answer.status_code, answer.text.count(f'value="{form["bank_reference"]}"') > 0) == (422, True)
    assert db.session.scalars(select(Refund)).all() == []
    form = {"received": "25.00", "bank_reference": "CMB-17"}
    answer = desk.post(target, form, sent_from=PAGE)
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?reference={reference}")
    text = desk.get(answer.location).text
    assert "Booked. ¥25.00 is to be sent back by hand." in text
    assert "To be sent back by hand" in text
    desk.post(target, form, sent_from=PAGE)
    assert "This transfer had been booked already. Nothing was booked again." in desk.get(PAGE).text
    assert desk.post(target, {**form, "received": "24"}, sent_from=PAGE).status_code == 409
    assert balances() == {"buyers": -2500, "refunds": 2500}
    desk.is_now(world.buyer)
    text = desk.get(f"/orders/{payment.purpose_id}").text
    assert "A payment arrived that this order does not need. The operator of the market sends ¥25.00 back to you." in text
