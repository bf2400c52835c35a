"""The shop's pages: first page, lists, search, product."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Producer, ProducerKind
from marketplace.catalogue.week import week_shelves
from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import Base, db
from marketplace.recommendations.models import Event, EventKind, ServedList
from marketplace.recommendations.queries import is_personalised
from marketplace.recommendations.service import Recommendation, recommend
from marketplace.web.places import place_name
from marketplace.web.portals.storefront import home
from marketplace.web.seasons import season_words
from tests import factories
from tests.web.conftest import Browser
from tests.web.shop_world import ShopWorld

TITLE = re.compile(r'class="card__name"><a href="[^"]+">([^<]+)<')


@pytest.fixture
def world(session: Session) -> ShopWorld:
    return ShopWorld()


def count(model: type[Base]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def section(page: str, start: str) -> str:
    """The part of a page from an id on to the end of its section."""
    return page.split(f'id="{start}"', 1)[1].split("</section>", 1)[0]


def test_a_stranger_sees_what_is_popular_and_is_told_so(browser: Browser, world: ShopWorld) -> None:
    page = browser.get("/").text
    assert "Popular now" in page
    assert "We know nothing about you" in page
    assert TITLE.findall(section(page, "for-you")) == ["Red apples, 1.5 kg", "Pak choi", "Snow pears"]
    assert "Many people buy this at the moment." in page


def test_what_is_shown_to_a_buyer_is_logged_with_the_buyer(browser: Browser, world: ShopWorld) -> None:
    browser.is_now(world.buyer)
    page = browser.get("/").text
    # Nothing has been learnt yet, and the page does not pretend.
    assert "What people buy most at the moment, until we know what you like." in page
    assert "Do not choose for me" in page
    served = db.session.scalars(select(ServedList)).one()
    assert (served.surface, served.account_id) == ("home", world.buyer.id)
    assert served.listing_ids == [world.apples.id, world.greens.id, world.pears.id]


def test_a_thing_that_stands_there_for_the_policy_says_so_and_leads_to_the_policy(browser: Browser, world: ShopWorld) -> None:
    for at in range(14):
        factories.listing(factories.producer(), title_en=f"Plums {at}", rank=50.0 - at)
    factories.listing(factories.producer(registered=True), title_en="Sweet corn", rank=0.1)
    # The first lists are by relevance; the controller answers to the share that they have given.
    pages = (section(browser.get("/").text, "for-you") for _ in range(40))
    shown = next(page for page in pages if "It supports registered households" in page)
    assert {"Red apples, 1.5 kg", "Sweet corn"} & set(TITLE.findall(shown))
    assert re.search(r'class="why__link" href="/policy#policy-\d+"', shown)


def test_the_first_page_shows_what_is_in_season_this_week(browser: Browser, world: ShopWorld) -> None:
    week = clock.local_day(clock.now()).isocalendar().week
    page = browser.get("/").text
    assert f"In season in week {week}" in page
    assert TITLE.findall(section(page, "season")) == ["Red apples, 1.5 kg"]
    assert "In season all year." in section(page, "season")


def test_the_village_of_the_week_is_the_same_all_week_and_every_village_has_its_turn(world: ShopWorld) -> None:
    monday = clock.local_day(clock.now()) - timedelta(days=clock.local_day(clock.now()).weekday())
    weeks = [week_shelves(monday + timedelta(days=day), in_season=0, of_village=4)[1] for day in range(7)]
    assert {row.area_code for rows in weeks for row in rows} == {weeks[0][0].area_code}
    turns = {
        row.area_code for at in range(40) for row in week_shelves(monday + timedelta(weeks=at), in_season=0, of_village=4)[1]
    }
    assert turns == {"522636100001", "522636101001", "522636100002"}


def test_a_village_with_nothing_in_stock_is_never_the_village_of_the_week(world: ShopWorld, session: Session) -> None:
    for listing in (world.greens, world.pears):
        listing.available = Decimal(0)
    session.flush()
    today = clock.local_day(clock.now())
    seen = [week_shelves(today + timedelta(weeks=at), in_season=0, of_village=4)[1] for at in range(10)]
    assert {row.area_code for rows in seen for row in rows} == {"522636100001"}
    assert {(len(rows), rows[0].of_all) for rows in seen} == {(1, 1)}


def test_an_empty_shop_has_a_first_page(browser: Browser) -> None:
    page = browser.get("/")
    assert page.status_code == 200
    assert "The stalls are still empty." in page.text


def test_personalisation_can_be_switched_off_and_on_and_its_history_deleted(
    browser: Browser, world: ShopWorld, session: Session
) -> None:
    browser.is_now(world.buyer)
    browser.get(f"/p/{world.apples.public_id}")
    assert count(Event) == 1
    off = browser.post("/personalisation", {"choice": "off"}, sent_from="/")
    assert (off.status_code, off.location) == (303, "/")
    assert not is_personalised(world.buyer.id)
    page = browser.get("/").text
    assert "Popular now" in page
    assert "you have switched off choosing for you" in page
    browser.get(f"/p/{world.greens.public_id}")
    browser.post("/basket/lines", {"listing": world.greens.public_id, "quantity": "1"})
    assert count(Event) == 1
    browser.post("/personalisation", {"choice": "on"}, sent_from="/settings")
    assert is_personalised(world.buyer.id)
    browser.post("/personalisation", {"choice": "forget"}, sent_from="/settings")
    assert count(Event) == 0
    assert session.scalars(select(ServedList.account_id)).all() == [None] * count(ServedList)


def test_a_category_holds_its_own_things_alone(browser: Browser, world: ShopWorld) -> None:
    page = browser.get("/c/vegetables").text
    assert TITLE.findall(page) == ["Pak choi"]
    assert "1 product" in page


def test_a_list_is_narrowed_by_price_and_place_and_ordered(browser: Browser, world: ShopWorld) -> None:
    assert TITLE.findall(browser.get("/c/fruit?sort=dearest").text) == ["Snow pears", "Red apples, 1.5 kg"]
    page = browser.get("/c/fruit?price=1&county=522636").text
    assert TITLE.findall(page) == ["Red apples, 1.5 kg"]
    assert 'href="/c/fruit?county=522636"' in page
    assert TITLE.findall(browser.get("/c/fruit?county=110101").text) == []


def test_a_long_list_has_pages_that_together_hold_everything_once(browser: Browser, world: ShopWorld) -> None:
    world.more_listings(57)
    pages = [TITLE.findall(browser.get(f"/c/fruit?page={number}").text) for number in (1, 2, 3)]
    assert [len(titles) for titles in pages] == [24, 24, 11]
    assert len({title for titles in pages for title in titles}) == 59
    assert TITLE.findall(browser.get("/c/fruit?page=9").text) == pages[2]


@pytest.mark.parametrize("words", ["pak choi", "小白菜", "xiaobaicai", "xbc", "白菜"])
def test_a_search_takes_chinese_pinyin_initials_and_english(browser: Browser, world: ShopWorld, words: str) -> None:
    page = browser.get("/search", query_string={"q": words}).text
    assert TITLE.findall(page) == ["Pak choi"]
    assert "Nothing is written exactly like" not in page


def test_a_typo_is_forgiven_and_said(browser: Browser, world: ShopWorld) -> None:
    page = browser.get("/search?q=aples").text
    assert TITLE.findall(page) == ["Red apples, 1.5 kg"]
    assert "Nothing is written exactly like “aples”. These come close." in page


def test_a_search_that_finds_nothing_offers_the_shelves_and_what_is_popular(browser: Browser, world: ShopWorld) -> None:
    page = browser.get("/search?q=submarine").text
    assert "We have nothing called “submarine” today" in page
    assert 'href="/c/vegetables"' in page
    assert TITLE.findall(page) == ["Red apples, 1.5 kg", "Pak choi", "Snow pears"]


def test_a_search_without_words_is_the_whole_market(browser: Browser, world: ShopWorld) -> None:
    page = browser.get("/search?q=").text
    assert "The whole market" in page
    assert len(TITLE.findall(page)) == 3


def test_suggestions_lead_to_searches(browser: Browser, world: ShopWorld) -> None:
    answer = browser.get("/suggest?q=pak")
    assert answer.get_json() == {"suggestions": [{"text": "Pak choi", "url": "/search?q=Pak+choi", "kind": "Goods"}]}
    assert browser.get("/suggest?q=").get_json() == {"suggestions": []}


def test_a_product_says_where_it_comes_from_and_where_the_money_goes(browser: Browser, world: ShopWorld) -> None:
    page = browser.get(f"/p/{world.apples.public_id}").text
    assert "Picked 15 Jun 2026" in page
    assert re.search(r"Lot [0-9A-Z]{14}<", page)
    assert "Guizhou province · Qiandongnan prefecture · Danzhai county · Longquan town" in page
    assert world.farm.name_en in page
    assert "Of every yuan you pay for this, by the terms in force today:" in page
    assert re.search(r"The family that grew it</span></th><td[^>]*>¥0.97</td><td[^>]*>¥12.12</td>", page)
    assert re.search(r"Running the market</span></th><td[^>]*>¥0.03</td><td[^>]*>¥0.38</td>", page)
    assert "Supports registered households" in page
    assert "The seller is in the county register and has agreed to the badge." in page
    assert "More: Apple" in page


def test_a_household_that_has_not_agreed_carries_no_badge(browser: Browser, world: ShopWorld, session: Session) -> None:
    session.get_one(Producer, world.farm.id).badge_consent = False
    session.flush()
    page = browser.get(f"/p/{world.apples.public_id}").text
    assert "registered households" not in page
    assert "county register" not in page


def test_a_cooperatives_badge_says_which_share_registered_households_brought(browser: Browser, world: ShopWorld) -> None:
    poor = factories.household(registered_from=factories.TODAY - timedelta(days=100))
    other = factories.household()
    pooled = factories.producer(kind=ProducerKind.COOPERATIVE)
    listing = factories.listing(pooled, contributions={poor.id: 6_000, other.id: 4_000})
    page = browser.get(f"/p/{listing.public_id}").text
    assert "60% of what is in stock now was brought by households in the county register." in page
    assert re.search(r"The cooperative and its members</span></th><td[^>]*>¥0.97</td>", page)


def test_a_sold_out_listing_stays_readable_without_a_button(browser: Browser, world: ShopWorld, session: Session) -> None:
    world.apples.available = Decimal(0)
    session.flush()
    page = browser.get(f"/p/{world.apples.public_id}")
    assert page.status_code == 200
    assert "Sold out for now." in page.text
    assert "Quantity in box" not in page.text


def test_a_consumers_look_is_remembered_and_nobody_elses(browser: Browser, world: ShopWorld) -> None:
    path = f"/p/{world.apples.public_id}"
    browser.get(path)
    assert count(Event) == 0
    browser.is_now(factories.account((factories.RoleKind.OFFICER, "522636")))
    browser.get(path)
    assert count(Event) == 0
    browser.is_now(world.buyer)
    browser.get(path)
    event = db.session.scalars(select(Event)).one()
    assert (event.account_id, event.listing_id, event.kind) == (world.buyer.id, world.apples.id, EventKind.VIEW)


@pytest.mark.parametrize(
    ("official", "in_english"),
    [
        ("摆泥村村民委员会", "Baini village"),
        ("场坝社区居民委员会", "Changba community"),
        ("黔东南苗族侗族自治州", "Qiandongnan prefecture"),
        ("丹寨县", "Danzhai county"),
        ("松桃苗族自治县", "Songtao county"),
        ("贵州省", "Guizhou province"),
    ],
)
def test_places_are_called_what_people_call_them(app: Flask, official: str, in_english: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert place_name(official) == in_english
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        assert place_name("摆泥村村民委员会") == "摆泥村"


@pytest.mark.parametrize(
    ("weeks", "words"),
    [
        ([], ""),
        (range(1, 53), "In season all year."),
        ([20, 21, 22, 23], "In season: May to June."),
        ([49, 50, 51, 52, 1, 2], "In season: December to January."),
        ([10, 36, 37, 38, 39, 40], "In season: March, September to October."),
    ],
)
def test_a_season_is_said_in_months(app: Flask, weeks: list[int], words: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert season_words(weeks) == words


def test_a_list_that_follows_the_reader_says_so(browser: Browser, world: ShopWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def learnt(account: Account | None, surface: str, number: int, *, now: datetime, area: str) -> Recommendation:
        found = recommend(account, surface, number, now=now, area=area)
        return replace(found, personalised=found.wanted, reasons=["bought_before"] * len(found.rows))

    monkeypatch.setattr(home, "recommend", learnt)
    assert "Popular now" in browser.get("/").text
    browser.is_now(world.buyer)
    page = browser.get("/").text
    assert "Chosen from what you have looked at and bought here." in page
    assert "You have bought this before." in page
    assert "Popular now" not in page
