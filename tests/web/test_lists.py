"""Lists on the pages of the shop: what goes with a thing, what is delivered where, and an order of one's own."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Basket, BasketLine, OrderGroup
from marketplace.recommendations import loaded, training
from marketplace.recommendations.models import EventKind, ServedList
from marketplace.recommendations.service import record_event, set_personalised
from tests import factories
from tests.web.conftest import Browser
from tests.web.shop_world import ADDRESS, ShopWorld

TITLE = re.compile(r'class="card__name"><a href="[^"]+">([^<]+)<')


@pytest.fixture
def world(session: Session) -> ShopWorld:
    return ShopWorld()


@pytest.fixture
def learnt(world: ShopWorld, tmp_path: Path) -> Iterator[ShopWorld]:
    """Ten people bought apples and greens together, ten others pears; the buyer bought pears; forty other apples are there."""
    world.more_listings(40)
    pears = world.pears
    pears.product_id = factories.product("pear", "梨", "Pear").id
    for number in range(20):
        person = factories.account()
        for listing in (world.apples, world.greens) if number < 10 else (pears,):
            record_event(person, listing.id, EventKind.PURCHASE, now=clock.now() - timedelta(days=number + 1))
    for weeks_ago in range(1, 5):
        record_event(world.buyer, pears.id, EventKind.PURCHASE, now=clock.now() - timedelta(weeks=weeks_ago))
    db.session.commit()
    loaded.use_models_in(tmp_path)
    training.train(tmp_path, now=clock.now(), say=lambda _: None)
    # The general order has them at its very end.
    db.session.get_one(Listing, pears.id).rank = -1.0
    db.session.commit()
    yield world
    loaded.use_models_in(Path("var/models"))


def section(page: str, start: str) -> str:
    """The part of a page from an id on to the end of its section."""
    return page.split(f'id="{start}"', 1)[1].split("</section>", 1)[0]


def test_a_product_page_says_what_is_often_bought_with_it(browser: Browser, learnt: ShopWorld) -> None:
    page = browser.get(f"/p/{learnt.apples.public_id}").text
    company = section(page, "company")
    assert "Often bought with it" in company
    assert TITLE.findall(company)[0] == "Pak choi"
    assert "People who buy “Red apples, 1.5 kg” often buy this as well." in company
    assert not [title for title in TITLE.findall(company) if title.startswith(("Apples", "Red apples"))]
    assert all(title.startswith(("Apples", "Red apples")) for title in TITLE.findall(section(page, "alike")))


def test_before_anything_is_learnt_a_product_page_claims_nothing(browser: Browser, world: ShopWorld) -> None:
    company = section(browser.get(f"/p/{world.apples.public_id}").text, "company")
    assert "What else people like" in company
    assert "often buy" not in company


def test_a_basket_offers_what_goes_with_it_and_is_not_in_it(browser: Browser, learnt: ShopWorld) -> None:
    learnt.basket((learnt.apples, 1))
    browser.is_now(learnt.buyer)
    more = section(browser.get("/basket").text, "more")
    assert "People who buy “Red apples, 1.5 kg” often buy this as well." in more
    assert "Pak choi" in TITLE.findall(more)
    assert "Red apples, 1.5 kg" not in TITLE.findall(more)
    assert db.session.execute(select(ServedList.surface, ServedList.account_id)).all() == [("basket", learnt.buyer.id)]


def test_an_empty_basket_offers_nothing_and_nothing_is_written_down(browser: Browser, world: ShopWorld) -> None:
    assert 'id="more"' not in browser.get("/basket").text
    assert db.session.scalar(select(func.count(ServedList.id))) == 0


def test_the_first_page_of_a_search_is_in_the_readers_own_order_and_says_why(browser: Browser, learnt: ShopWorld) -> None:
    general = TITLE.findall(browser.get("/search").text)
    assert (len(general), "Snow pears" in general) == (24, False)
    browser.is_now(learnt.buyer)
    page = browser.get("/search").text
    assert "Snow pears" in TITLE.findall(page)[:2]
    assert "You have bought this before." in page
    assert "The first page is in your own order" in page
    # A visitor's list is written down like everybody's.
    lists = db.session.execute(select(ServedList.surface, ServedList.account_id).order_by(ServedList.id)).all()
    assert lists == [("search", None), ("search", learnt.buyer.id)]


def test_every_thing_is_on_exactly_one_page_though_the_first_has_an_order_of_its_own(
    browser: Browser, learnt: ShopWorld
) -> None:
    browser.is_now(learnt.buyer)
    first = browser.get("/search").text
    link = re.search(r'href="(/search\?[^"]*page=2[^"]*)" rel="next"', first)
    assert link is not None
    assert "list=" in link[1]
    second = browser.get(link[1].replace("&amp;", "&")).text
    shown = TITLE.findall(first) + TITLE.findall(second)
    assert (len(TITLE.findall(first)), len(shown), len(set(shown))) == (24, 43, 43)
    assert "Snow pears" in TITLE.findall(first)
    assert db.session.scalar(select(func.count(ServedList.id))) == 1


def test_an_order_by_price_is_that_and_is_not_written_down(browser: Browser, learnt: ShopWorld) -> None:
    browser.is_now(learnt.buyer)
    for sort in ("cheapest", "dearest", "newest"):
        own = TITLE.findall(browser.get(f"/search?sort={sort}").text)
        browser.is_now(None)
        assert TITLE.findall(browser.get(f"/search?sort={sort}").text) == own
        browser.is_now(learnt.buyer)
    assert db.session.scalar(select(func.count(ServedList.id))) == 0


def test_switched_off_a_search_follows_nobody(browser: Browser, learnt: ShopWorld) -> None:
    with transaction():
        set_personalised(learnt.buyer, False, now=clock.now())
    browser.is_now(learnt.buyer)
    page = browser.get("/search").text
    assert TITLE.findall(page)[0] == "Red apples, 1.5 kg"
    assert "You have bought this before." not in page
    assert "in your own order" not in page
    assert db.session.scalars(select(ServedList.account_id)).all() == [None]


def test_all_from_a_seller_is_all_of_that_seller(browser: Browser, learnt: ShopWorld) -> None:
    seller = db.session.get_one(Listing, learnt.apples.id).producer
    for number in range(6):
        factories.listing(seller, title_en=f"Own {number}")
    link = f"/search?seller={seller.public_id}"
    assert f'href="{link}"' in browser.get(f"/p/{learnt.apples.public_id}").text
    for reader in (None, learnt.buyer):
        browser.is_now(reader)
        page = browser.get(link).text
        assert sorted(TITLE.findall(page)) == [*(f"Own {number}" for number in range(6)), "Red apples, 1.5 kg"]
        assert f"<h1>{seller.name_en}</h1>" in page


def test_an_unknown_seller_or_list_in_a_link_is_no_failure(browser: Browser, world: ShopWorld) -> None:
    assert browser.get("/search?seller=23456789abcdef").status_code == 200
    assert browser.get("/search?seller='").status_code == 422
    browser.is_now(world.buyer)
    assert browser.get("/search?page=2&list=23456789abcdef").status_code == 200


def test_a_chosen_province_leaves_out_what_is_not_delivered_there(browser: Browser, world: ShopWorld) -> None:
    factories.area("51", "四川省")
    world.greens.delivers_to = "52"
    db.session.commit()
    everywhere = ("/", "/search", "/c/vegetables", f"/p/{world.apples.public_id}")
    assert ["Pak choi" in browser.get(page).text for page in everywhere] == [True] * 4
    answer = browser.post("/deliver-to", {"province": "51", "next": "/search?q=x"}, sent_from="/deliver-to")
    assert (answer.status_code, answer.location) == (303, "/search?q=x")
    shown = [TITLE.findall(browser.get(page).text) for page in everywhere]
    assert ["Pak choi" in titles for titles in shown] == [False] * 4
    page = browser.get(f"/p/{world.greens.public_id}").text
    assert "Delivered only within Guizhou province, not to Sichuan province." in page
    browser.post("/basket/lines", {"listing": world.greens.public_id, "quantity": "1"})
    assert "Not delivered to Sichuan province." in browser.get("/basket").text
    assert "Delivered to: Sichuan province" in browser.get("/").text
    browser.post("/deliver-to", {"province": "52"}, sent_from="/deliver-to")
    assert "Pak choi" in browser.get("/search").text
    assert "Delivered within Guizhou province only." in browser.get(f"/p/{world.greens.public_id}").text
    browser.post("/deliver-to", {"province": ""}, sent_from="/deliver-to")
    assert "Delivered to: not chosen yet" in browser.get("/").text


@pytest.mark.parametrize("province", ["99", "5", "52x", "522636"])
def test_a_province_that_is_none_is_refused_and_nothing_is_kept(browser: Browser, world: ShopWorld, province: str) -> None:
    answer = browser.post("/deliver-to", {"province": province, "next": "//evil.example"}, sent_from="/deliver-to")
    assert answer.status_code == 422
    assert "Please choose a province." in answer.text
    assert "evil.example" not in answer.text
    assert "Delivered to: not chosen yet" in browser.get("/").text


def test_signing_in_brings_along_where_the_last_purchase_went(browser: Browser, world: ShopWorld) -> None:
    world.order((world.apples, 1))
    login = {"login": world.buyer.login, "password": factories.PASSWORD}
    assert browser.post("/sign-in", login, sent_from="/sign-in").status_code == 303
    assert "Delivered to: Guizhou province" in browser.get("/").text


def test_an_address_that_some_goods_cannot_reach_is_refused_with_their_names_and_nothing_is_lost(
    browser: Browser, world: ShopWorld
) -> None:
    factories.area("510101", "锦江区")
    world.greens.delivers_to = "52"
    world.pears.delivers_to = "5226"
    basket = world.basket((world.apples, 1), (world.greens, 2), (world.pears, 1))
    browser.is_now(world.buyer)
    form = {**ADDRESS, "province": "51", "county": "510101", "basket": basket.public_id, "expected_total_fen": "3950"}
    answer = browser.post("/checkout", form, sent_from="/checkout")
    assert answer.status_code == 409
    assert "Not delivered to this address: Pak choi, Snow pears." in answer.text
    assert "Red apples, 1.5 kg." not in answer.text
    assert 'value="南街 1 号"' in answer.text
    assert db.session.scalar(select(func.count(OrderGroup.id))) == 0
    assert db.session.scalar(select(func.count(BasketLine.id))) == 3
    assert not db.session.scalars(select(Basket.ordered)).one()
    assert db.session.scalars(select(Listing.available).order_by(Listing.id)).all() == [10, 20, 10]
    again = {**form, "province": "52", "county": "522636"}
    assert browser.post("/checkout", again, sent_from="/checkout").status_code == 303
    assert "Delivered to: Guizhou province" in browser.get("/").text


def test_a_farmer_says_how_far_goods_travel_and_can_change_it(browser: Browser, session: Session) -> None:
    farmer = factories.account((RoleKind.FARMER, ""))
    factories.producer(owner=farmer)
    factories.product()
    browser.is_now(farmer)
    form = {
        "product": "apple",
        "unit": "box",
        "unit_grams": "2500",
        "price": "38.50",
        "quantity": "12",
        "harvested_on": clock.local_day(clock.now()).isoformat(),
        "title_zh": "高山红苹果",
        "delivers_to": "5226",
    }
    page = browser.get("/farm/listings/new").text
    assert re.findall(r'<option value="(\d*)"[^>]*>(?:To the whole|Only within)', page) == ["", "52", "5226", "522636"]
    refused = browser.post("/farm/listings/new", {**form, "delivers_to": "51"}, sent_from="/farm/listings/new")
    assert refused.status_code == 422
    assert "Please choose one of the delivery areas offered." in refused.text
    assert db.session.scalar(select(func.count(Listing.id))) == 0
    assert browser.post("/farm/listings/new", form, sent_from="/farm/listings/new").status_code == 303
    listing = db.session.scalars(select(Listing)).one()
    assert listing.delivers_to == "5226"
    words = {"price": "38.50", "title_zh": "高山红苹果", "delivers_to": ""}
    address = f"/farm/listings/{listing.public_id}"
    assert re.search(r'<option value="5226" selected>', browser.get(address).text)
    assert browser.post(address, words, sent_from=address).status_code == 303
    assert db.session.scalars(select(Listing.delivers_to)).one() is None
