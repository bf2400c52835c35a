"""The basket and what one has bought."""

import re
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, ListingState
from marketplace.kernel import clock
from marketplace.kernel.db import Base, db, transaction
from marketplace.ledger.models import Transfer
from marketplace.orders.models import Basket, BasketLine, Order
from marketplace.orders.queries import payment_of
from marketplace.orders.service import confirm_payment, ship_order
from marketplace.orders.states import OrderState
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment
from marketplace.recommendations.models import Event, EventKind
from tests import factories
from tests.web.conftest import Browser
from tests.web.shop_world import ShopWorld


@pytest.fixture
def world(session: Session) -> ShopWorld:
    return ShopWorld()


def count(model: type[Base]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_putting_something_in_goes_back_to_where_it_was_seen_with_the_new_count(browser: Browser, world: ShopWorld) -> None:
    sent = browser.post("/basket/lines", {"listing": world.apples.public_id, "quantity": "2"}, sent_from="/c/fruit?sort=newest")
    assert (sent.status_code, sent.location) == (303, "/c/fruit?sort=newest")
    page = browser.get(sent.location).text
    assert "Added to your basket: Red apples, 1.5 kg. It now holds 1 product." in page
    assert '<span class="tool__count">1</span>' in page


def test_a_form_sent_from_another_site_leads_to_the_basket(browser: Browser, world: ShopWorld) -> None:
    token = browser.token()
    for sent_from in ("https://evil.example/c/fruit", "http://localhost//evil.example/", "nonsense"):
        answer = browser.client.post(
            "/basket/lines",
            data={"csrf_token": token, "listing": world.greens.public_id, "quantity": "1"},
            headers={"Referer": sent_from},
        )
        assert (answer.status_code, answer.location) == (303, "/basket")


def test_adding_again_adds_to_the_quantity_and_a_buyers_act_is_remembered(browser: Browser, world: ShopWorld) -> None:
    browser.is_now(world.buyer)
    for quantity in ("1", "1.5"):
        browser.post("/basket/lines", {"listing": world.greens.public_id, "quantity": quantity})
    line = db.session.scalars(select(BasketLine)).one()
    assert line.quantity == Decimal("2.5")
    kinds = db.session.scalars(select(Event.kind).where(Event.listing_id == world.greens.id)).all()
    assert kinds == [EventKind.BASKET] * 2


def test_the_basket_is_by_seller_with_its_sums(browser: Browser, world: ShopWorld) -> None:
    world.basket((world.apples, 2), (world.greens, Decimal("1.5")))
    browser.is_now(world.buyer)
    page = browser.get("/basket").text
    assert page.index(world.farm.name_en) < page.index("Red apples") < page.index(world.cooperative.name_en)
    assert re.findall(r'class="line__sum">([^<]+)<', page) == ["¥25.00", "¥4.50"]
    assert re.search(r'is-total">¥29\.50<', page)


def test_a_quantity_is_changed_and_a_line_taken_out(browser: Browser, world: ShopWorld, session: Session) -> None:
    basket = world.basket((world.apples, 2), (world.greens, 1))
    browser.is_now(world.buyer)
    first, second = session.scalars(select(BasketLine).filter_by(basket_id=basket.id).order_by(BasketLine.id))
    ids = first.public_id, second.public_id
    assert browser.post(f"/basket/lines/{ids[0]}", {"quantity": "3"}).location == "/basket"
    assert browser.post(f"/basket/lines/{ids[1]}", {"quantity": "0"}).location == "/basket"
    assert session.execute(select(BasketLine.public_id, BasketLine.quantity)).all() == [(ids[0], Decimal(3))]


def test_the_basket_says_what_has_changed_since(browser: Browser, world: ShopWorld, session: Session) -> None:
    world.basket((world.apples, 2), (world.greens, 5), (world.pears, 1))
    world.apples.price_fen = 1400
    world.greens.available = Decimal(3)
    world.pears.state = ListingState.WITHDRAWN
    browser.is_now(world.buyer)
    page = browser.get("/basket").text
    assert "The price was ¥12.50 when you put it in; it is ¥14.00 now." in page
    assert "Only 3 jin left. Please take less." in page
    assert "No longer on sale. Please take it out." in page
    assert 'href="/checkout"' not in page


def test_an_empty_basket_leads_to_the_market(browser: Browser) -> None:
    page = browser.get("/basket")
    assert page.status_code == 200
    assert "Your basket is empty" in page.text


def test_an_order_says_how_to_pay_and_how_far_it_is(browser: Browser, world: ShopWorld) -> None:
    group = world.order((world.apples, 2), (world.greens, 1))
    reference, payment = group.reference, payment_of(group).reference
    browser.is_now(world.buyer)
    page = browser.get(f"/orders/{group.public_id}").text
    assert payment in page
    assert "Put the reference, and nothing else, in the note of the transfer." in page
    assert page.count("Waiting for your transfer") == 2
    assert "南街 1 号, Danzhai county, Qiandongnan prefecture, Guizhou province" in page
    assert "¥25.00 of it is for goods from registered households." in page
    world.farm.badge_consent = False
    assert "registered households" not in browser.get(f"/orders/{group.public_id}").text
    listed = browser.get("/orders").text
    assert f"Order {reference}" in listed
    assert "¥28.00" in listed


def test_receiving_a_paid_order_pays_the_seller_once(browser: Browser, world: ShopWorld, session: Session) -> None:
    group = world.order((world.apples, 2))
    part = session.scalars(select(Order)).one()
    group_id, part_id = group.public_id, part.public_id
    with transaction():
        confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="test", now=clock.now())
        ship_order(part_id, part.producer_id, actor="test", now=clock.now())
    browser.is_now(world.buyer)
    assert "I have received it" in browser.get(f"/orders/{group_id}").text
    for said in ("Thank you. The seller is paid for it now.", "You had already told us. Nothing was changed."):
        sent = browser.post(f"/orders/{group_id}/{part_id}/received")
        assert (sent.status_code, sent.location) == (303, f"/orders/{group_id}")
        page = browser.get(sent.location).text
        assert said in page
        assert "I have received it" not in page
    assert session.scalars(select(Order.state)).one() == OrderState.ACCEPTED
    assert sorted(session.scalars(select(Transfer.kind))) == ["payment", "settlement"]


def test_an_order_that_has_not_left_cannot_be_received(browser: Browser, world: ShopWorld, session: Session) -> None:
    group = world.order((world.apples, 2), method=PaymentMethod.CASH_ON_DELIVERY)
    part_id = session.scalars(select(Order.public_id)).one()
    browser.is_now(world.buyer)
    assert browser.post(f"/orders/{group.public_id}/{part_id}/received").status_code == 409
    assert session.scalars(select(Order.state)).one() == OrderState.PLACED


def test_somebody_elses_order_counts_as_absent(browser: Browser, world: ShopWorld, session: Session) -> None:
    group = world.order((world.apples, 2), method=PaymentMethod.CASH_ON_DELIVERY)
    part = session.scalars(select(Order)).one()
    group_id, part_id = group.public_id, part.public_id
    with transaction():
        ship_order(part_id, part.producer_id, actor="test", now=clock.now())
    other = factories.account()
    browser.is_now(other)
    assert browser.get(f"/orders/{group_id}").status_code == 404
    assert browser.post(f"/orders/{group_id}/{part_id}/received").status_code == 404
    browser.is_now(world.buyer)
    # The part is one's own, the purchase it is said to belong to is not.
    assert browser.post(f"/orders/23456789abcdef/{part_id}/received").status_code == 404
    assert session.scalars(select(Order.state)).one() == OrderState.SHIPPED


def test_many_orders_have_pages(browser: Browser, world: ShopWorld) -> None:
    references = [world.order((world.greens, 1)).reference for _ in range(12)]
    browser.is_now(world.buyer)
    first = browser.get("/orders").text
    older = re.search(r'href="(/orders\?after=[^"]+)"', first)
    assert older is not None
    second = browser.get(older[1]).text
    shown = re.findall(r"Order (NQ[0-9A-Z-]+)", first) + re.findall(r"Order (NQ[0-9A-Z-]+)", second)
    assert shown == references[::-1]


def test_a_visitor_who_never_put_anything_in_has_no_basket_row(browser: Browser, world: ShopWorld) -> None:
    for path in ("/", "/basket", f"/p/{world.apples.public_id}"):
        browser.get(path)
    assert (count(Basket), count(Listing)) == (0, 3)
