"""No page of the shop asks the database more than eight times, however much is for sale."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.recommendations import loaded, training
from marketplace.recommendations.models import EventKind
from marketplace.recommendations.service import record_event
from tests.web.conftest import Browser, StatementCount
from tests.web.shop_world import ShopWorld

MOST = 8
PAGES = {
    "home": "/",
    "category": "/c/fruit",
    "category, narrowed": "/c/fruit?county=522636&price=1&sort=cheapest&page=1",
    "search": "/search?q=apple",
    "search with a typo": "/search?q=aples",
    "search without words": "/search",
    "second page": "/search?page=2",
    "all of a seller": "/search?seller={seller}",
    "where to deliver": "/deliver-to",
    "search that finds nothing": "/search?q=submarine",
    "suggestions": "/suggest?q=ap",
    "product": "/p/{apples}",
    "basket": "/basket",
    "checkout": "/checkout",
    "orders": "/orders",
    "order": "/orders/{order}",
    "settings": "/settings",
}
# What buyers say of goods is one question more; the checkout holds the goods and asks for the ways to send; one's own order
# asks for its claims, messages, reviews and their clocks.
MORE = {"product": 1, "checkout": 1, "order": 6}
FOR_ACCOUNTS = {"checkout", "orders", "order", "settings"}


def counts(browser: Browser, statements: StatementCount, names: dict[str, str], pages: list[str]) -> dict[str, int]:
    found = {}
    for page in pages:
        path = PAGES[page].format(**names)
        browser.get(path)
        statements.begin()
        answer = browser.get(path)
        found[page] = statements.number
        assert answer.status_code == 200, page
        assert statements.number <= MOST + MORE.get(page, 0), f"{page}: {statements.statements}"
    return found


@pytest.mark.parametrize("signed_in", [False, True], ids=["stranger", "buyer"])
def test_a_page_asks_eight_times_at_the_most_and_as_often_in_a_large_shop_as_in_a_small_one(
    session: Session, browser: Browser, statements: StatementCount, signed_in: bool
) -> None:
    world = ShopWorld()
    group = world.order((world.apples, 1), (world.greens, 2))
    world.basket((world.apples, 1), (world.greens, 2))
    names = {"apples": world.apples.public_id, "order": group.public_id, "seller": world.farm.public_id}
    browser.is_now(world.buyer if signed_in else None)
    pages = [page for page in PAGES if signed_in or page not in FOR_ACCOUNTS]
    small = counts(browser, statements, names, pages)
    world.more_listings(97)
    assert counts(browser, statements, names, pages) == small
    world.grow_to(10_000)
    assert counts(browser, statements, names, pages) == small


def test_with_a_model_a_buyers_lists_ask_no_more_than_eight_times(
    session: Session, browser: Browser, statements: StatementCount, tmp_path: Path
) -> None:
    world = ShopWorld()
    world.more_listings(30)
    world.basket((world.apples, 1), (world.greens, 2))
    for listing in (world.apples, world.greens, world.pears):
        record_event(world.buyer, listing.id, EventKind.PURCHASE, now=clock.now() - timedelta(days=3))
    db.session.commit()
    loaded.use_models_in(tmp_path)
    training.train(tmp_path, now=clock.now(), say=lambda _: None)
    browser.is_now(world.buyer)
    browser.post("/deliver-to", {"province": "52"})
    names = {"apples": world.apples.public_id, "seller": world.farm.public_id}
    pages = ["home", "category", "search", "second page", "all of a seller", "product", "basket"]
    small = counts(browser, statements, names, pages)
    world.grow_to(10_000)
    assert counts(browser, statements, names, pages) == small


def test_the_first_page_of_a_buyer_asks_exactly_eight_times(
    session: Session, browser: Browser, statements: StatementCount
) -> None:
    world = ShopWorld()
    browser.is_now(world.buyer)
    statements.begin()
    browser.get("/")
    assert statements.number == 8, statements.statements
