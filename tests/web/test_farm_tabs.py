"""The farm's bar has three daily things and a way to all others; whatever it leads to is one more tap away."""

import re

from flask import Flask
from flask.testing import FlaskClient

from marketplace.identity.models import RoleKind
from marketplace.web.navigation import FARM_HOUSEHOLD, FARM_LATER
from tests import factories
from tests.web.conftest import Browser
from tests.web.desk_world import POOR_VILLAGE
from tests.web.mandate_world import MandateWorld

BAR = re.compile(r'<nav class="tabbar".*?</nav>', re.DOTALL)


def tabs(page: str) -> list[tuple[str, bool]]:
    """The addresses of the bar, each with whether the page is under it."""
    (bar,) = BAR.findall(page)
    return [(href, "aria-current" in rest) for href, rest in re.findall(r'<a href="([^"]+)"([^>]*)>', bar)]


def own_farm(client: FlaskClient) -> Browser:
    farmer = factories.account((RoleKind.FARMER, factories.VILLAGE))
    factories.producer(registered=True, owner=farmer)
    browser = Browser(client)
    browser.is_now(farmer)
    return browser


def test_every_page_of_the_farm_is_at_most_two_taps_away(app: Flask, client: FlaskClient) -> None:
    browser = own_farm(client)
    assert [href for href, _ in tabs(browser.get("/farm/").text)] == ["/farm/", "/farm/listings", "/farm/money", "/farm/more"]
    more = browser.get("/farm/more").text
    with app.test_request_context():
        for endpoint, _label, _icon in [*FARM_LATER, *FARM_HOUSEHOLD]:
            address = app.url_for(endpoint)
            assert f'href="{address}"' in more
            assert browser.get(address).status_code == 200


def test_a_page_of_no_daily_thing_is_under_more_and_one_below_a_daily_thing_is_under_it(client: FlaskClient) -> None:
    browser = own_farm(client)
    for address, under in (
        ("/farm/", "/farm/"),
        ("/farm/came-back/", "/farm/"),
        ("/farm/harvest", "/farm/listings"),
        ("/farm/listings/new", "/farm/listings"),
        ("/farm/money", "/farm/money"),
        ("/farm/more", "/farm/more"),
        ("/farm/help", "/farm/more"),
        ("/farm/parts/", "/farm/more"),
        ("/farm/price-lists/", "/farm/more"),
    ):
        assert [href for href, current in tabs(browser.get(address).text) if current] == [under]


def test_a_farmer_who_sells_nothing_yet_finds_the_household_and_nothing_to_sell(client: FlaskClient) -> None:
    browser = Browser(client)
    browser.is_now(factories.account((RoleKind.FARMER, factories.VILLAGE)))
    page = browser.get("/farm/more").text
    assert "/farm/help" in page
    assert "/farm/requests/" not in page


def test_a_farmer_without_a_farm_finds_the_own_household_whatever_is_done_for_others(client: FlaskClient) -> None:
    world = MandateWorld()
    farmer, farms = (
        factories.account((RoleKind.FARMER, ""), (RoleKind.OFFICER, POOR_VILLAGE)),
        (world.house, world.other_farm_without_account()),
    )
    browser = Browser(client)
    browser.is_now(farmer)
    # With one mandate there is what it opens as well; with two somebody has yet to say for whom.
    for farm, around_selling in zip(farms, (True, False), strict=True):
        world.mandate(holder=farmer, farm=farm)
        answer = browser.get("/farm/more")
        assert answer.status_code == 200
        assert all(f'href="{path}"' in answer.text for path in ("/farm/help", "/farm/benefits", "/farm/file"))
        assert ("/farm/requests/" in answer.text) == around_selling
    # An officer, who has no household there, is still asked first.
    for farm in farms:
        world.mandate(farm=farm)
    browser.is_now(world.officer)
    assert browser.get("/farm/more").location == "/farm/mandates/for"
