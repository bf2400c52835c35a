"""The checkout page keeps the goods, says until when, and gives them back."""

import re

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.catalogue.models import StockHold
from marketplace.kernel.clock import MARKET_ZONE
from marketplace.kernel.db import db
from marketplace.orders.models import OrderGroup
from tests import factories
from tests.web.conftest import Browser, StatementCount
from tests.web.shop_world import ADDRESS, ShopWorld


@pytest.fixture
def world(session: Session) -> ShopWorld:
    return ShopWorld()


@pytest.fixture
def buyer(browser: Browser, world: ShopWorld) -> Browser:
    browser.is_now(world.buyer)
    return browser


def holds() -> list[StockHold]:
    return list(db.session.scalars(select(StockHold).execution_options(populate_existing=True)))


def order(browser: Browser, total_fen: int = 2500) -> int:
    """Press the button of the checkout page; answers the status."""
    page = browser.get("/checkout").text
    basket = re.search(r'name="basket" value="([^"]+)"', page)
    assert basket is not None
    form = {"basket": basket[1], "expected_total_fen": total_fen, **ADDRESS}
    return browser.post("/checkout", form, sent_from="/checkout").status_code


def test_looking_at_the_basket_keeps_nothing_and_opening_the_checkout_does(buyer: Browser, world: ShopWorld) -> None:
    world.basket((world.apples, 2))
    buyer.get("/basket")
    assert holds() == []
    page = buyer.get("/checkout").text
    (hold,) = holds()
    until = hold.expires_at.astimezone(MARKET_ZONE)
    assert (hold.quantity, f"We keep these goods for you until {until:%H:%M}." in page) == (2, True)


def test_pressing_the_button_with_a_mistake_keeps_the_goods_for_longer(buyer: Browser, world: ShopWorld) -> None:
    basket = world.basket((world.apples, 2))
    buyer.get("/checkout")
    (before,) = [hold.expires_at for hold in holds()]
    db.session.execute(text("UPDATE stock_hold SET expires_at = expires_at - interval '5 minutes'"))
    form = {"basket": basket.public_id, "expected_total_fen": 2500, **ADDRESS, "phone": ""}
    answer = buyer.post("/checkout", form, sent_from="/about")
    assert (answer.status_code, "We keep these goods" in answer.text) == (422, True)
    assert [hold.expires_at > before for hold in holds()] == [True]


def test_ordering_gives_the_hold_back(buyer: Browser, world: ShopWorld) -> None:
    world.basket((world.apples, 2))
    assert order(buyer) == 303
    assert holds() == []


def test_leaving_gives_the_goods_back_and_keeps_the_basket(buyer: Browser, world: ShopWorld) -> None:
    world.basket((world.apples, 2))
    assert "Not now: back to the basket" in buyer.get("/checkout").text
    answer = buyer.post("/checkout/leave", sent_from="/checkout")
    assert (answer.status_code, answer.location, holds()) == (303, "/basket", [])
    assert "Red apples" in buyer.get("/basket").text


def test_signing_out_gives_the_goods_back(buyer: Browser, world: ShopWorld) -> None:
    world.basket((world.apples, 2))
    buyer.get("/checkout")
    buyer.post("/sign-out", sent_from="/checkout")
    assert holds() == []


def test_another_buyer_is_told_that_somebody_is_just_buying_it(buyer: Browser, world: ShopWorld) -> None:
    world.basket((world.apples, 10))
    buyer.get("/checkout")
    other = factories.account()
    world.basket((world.apples, 1), (world.greens, 1), owner=other)
    buyer.is_now(other)
    for page in ("/basket", "/checkout"):
        assert "Somebody is just buying the last of it." in buyer.get(page).text
    # What is free is kept for them meanwhile.
    assert sorted(hold.quantity for hold in holds()) == [1, 10]
    assert order(buyer, 1550) == 409
    assert db.session.scalars(select(OrderGroup)).all() == []


def test_the_quantity_field_offers_no_more_than_others_leave(buyer: Browser, world: ShopWorld) -> None:
    world.basket((world.apples, 7))
    buyer.get("/checkout")
    other = factories.account()
    world.basket((world.apples, 5), owner=other)
    buyer.is_now(other)
    assert "Only 3 boxes left. Please take less." in buyer.get("/basket").text


def test_a_page_that_is_loaded_twice_takes_locks_once(buyer: Browser, world: ShopWorld, statements: StatementCount) -> None:
    world.basket((world.apples, 2), (world.greens, 1))
    numbers = []
    for _ in range(2):
        statements.begin()
        buyer.get("/checkout")
        numbers.append(statements.number)
    assert numbers == [12, 9], statements.statements


def test_the_checkout_page_reads_chinese(buyer: Browser, world: ShopWorld) -> None:
    world.basket((world.apples, 2))
    buyer.headers = {"Accept-Language": "zh"}
    text = buyer.get("/checkout").text
    assert re.search(r"这些货为您保留到 \d\d:\d\d。", text)
    assert "先不买：回到菜篮，把货让给别人" in text
