"""Units, steps of price, least quantities and catch weight as people meet them: on the stall, in the basket, on the order."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.catch_weight import CatchWeight
from marketplace.catalogue.models import Listing, PriceTier, Unit
from marketplace.catalogue.pricing import Tier
from marketplace.catalogue.terms import Terms, terms_of
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import BasketLine, Order, OrderGroup, OrderLine, Weighing
from marketplace.orders.queries import payment_of
from marketplace.orders.service import confirm_payment
from marketplace.payments.models import Refund
from marketplace.payments.queries import get_payment
from tests import factories
from tests.web.conftest import Browser
from tests.web.desk_world import Desk, World, without_csrf
from tests.web.shop_world import ADDRESS, ShopWorld


@pytest.fixture
def shop(session: Session, browser: Browser) -> ShopWorld:
    """The greens cost 3.00 a jin, 2.70 from five and 2.40 from ten."""
    world = ShopWorld()
    for from_quantity, price_fen in ((5, 270), (10, 240)):
        db.session.add(PriceTier(listing_id=world.greens.id, from_quantity=Decimal(from_quantity), price_fen=price_fen))
    db.session.commit()
    browser.is_now(world.buyer)
    return world


@pytest.fixture
def world(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> World:
    without_csrf(app, monkeypatch)
    return World()


def structured(page: str) -> Any:
    """The offer that search engines read of a page."""
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])["offers"]


def put(browser: Browser, listing: Listing, quantity: str) -> Any:
    return browser.post("/basket/lines", {"listing": listing.public_id, "quantity": quantity})


def order(browser: Browser, total_fen: int) -> Any:
    """Order what is in the basket at a total, paying at the door."""
    found = re.search(r'name="basket" value="([^"]+)"', browser.get("/checkout").text)
    assert found is not None
    return browser.post("/checkout", {"basket": found[1], "expected_total_fen": total_fen, **ADDRESS}, sent_from="/checkout")


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize(
    ("unit", "grams", "quantity", "price_fen", "total", "said", "per_kg"),
    [
        (Unit.JIN, 500, "0.5", 333, "¥1.67", "¥3.33 per jin · ¥6.66/kg", "6.66"),
        (Unit.LIANG, 50, "1.5", 333, "¥5.00", "¥3.33 per liang · ¥66.60/kg", "66.60"),
        (Unit.KG, 1000, "0.5", 333, "¥1.67", "¥3.33 per kg", "3.33"),
        (Unit.G, 1, "250", 3, "¥7.50", "¥0.03 per g · ¥30.00/kg", "30.00"),
        (Unit.BOX, 1500, "2", 1250, "¥25.00", "¥12.50 per box · ¥8.33/kg", "8.33"),
        (Unit.PIECE, 700, "2", 2240, "¥44.80", "¥22.40 per piece · ¥32.00/kg", "32.00"),
        (Unit.BUNCH, 230, "3", 250, "¥7.50", "¥2.50 per bunch · ¥10.87/kg", "10.87"),
        (Unit.BAG, 907, "1", 999, "¥9.99", "¥9.99 per bag · ¥11.01/kg", "11.01"),
    ],
)
def test_every_unit_goes_the_whole_way_with_its_unit_price(
    session: Session,
    browser: Browser,
    unit: Unit,
    grams: int,
    quantity: str,
    price_fen: int,
    total: str,
    said: str,
    per_kg: str,
) -> None:
    owner = factories.account((RoleKind.FARMER, factories.VILLAGE))
    seller = factories.producer(owner=owner)
    listing = factories.listing(seller, unit=unit, unit_grams=grams, price_fen=price_fen, stock=1000)
    browser.is_now(factories.account())
    total_fen = int(total.replace("¥", "").replace(".", ""))
    offer = structured(browser.get(f"/p/{listing.public_id}").text)
    specification = offer["priceSpecification"]
    assert (specification["@type"], specification["price"], specification["unitCode"]) == (
        "UnitPriceSpecification",
        per_kg,
        "KGM",
    )
    assert put(browser, listing, quantity).status_code == 303
    for path in ("/basket", "/checkout"):
        page = browser.get(path).text
        assert said in page
        assert total in page
    assert order(browser, total_fen).status_code == 303
    group = session.scalars(select(OrderGroup)).one()
    page = browser.get(f"/orders/{group.public_id}").text
    assert said in page
    assert total in page
    assert session.scalars(select(OrderLine.quantity)).one() == Decimal(quantity)
    told = browser.get(f"/api/v1/listings/{listing.public_id}").json
    assert (told["unit"], told["unit_grams"], f"{told['price_per_kg_fen'] / 100:.2f}") == (unit, grams, per_kg)
    browser.is_now(owner)
    page = browser.get("/farm/").text
    assert said in page
    assert f"{quantity} {unit}" in page


def test_a_product_page_shows_the_steps_and_programs_read_them(browser: Browser, shop: ShopWorld) -> None:
    page = browser.get(f"/p/{shop.greens.public_id}").text
    rows = re.findall(
        r'<tr><th scope="row">(.*?)</th><td><strong>(.*?)</strong>.*?u-nowrap">(.*?)</span>.*?less">(.*?)</td>', page
    )
    assert rows == [("from 5 jin", "¥2.70", "¥5.40/kg", "¥0.30 less"), ("from 10 jin", "¥2.40", "¥4.80/kg", "¥0.60 less")]
    steps = [
        (step["price"], step["eligibleQuantity"].get("minValue"), step["eligibleQuantity"].get("maxValue"))
        for step in structured(page)["priceSpecification"]
    ]
    assert steps == [("6.00", None, 4.9), ("5.40", 5, 9.9), ("4.80", 10, None)]


def test_the_basket_says_when_a_little_more_makes_all_of_it_cheaper(browser: Browser, shop: ShopWorld) -> None:
    put(browser, shop.greens, "2")
    assert "it costs" not in browser.get("/basket").text
    put(browser, shop.greens, "1.5")
    page = browser.get("/basket").text
    assert "Take 1.5 jin more and it costs ¥0.30 less per jin." in page
    put(browser, shop.greens, "1.5")
    page = browser.get("/basket").text
    assert "Take 5 jin more and it costs ¥0.30 less per jin." in page
    assert "¥2.70 per jin · ¥5.40/kg" in page
    assert "¥13.50" in page


def test_a_hint_is_not_given_when_there_is_not_enough_left(browser: Browser, shop: ShopWorld) -> None:
    put(browser, shop.greens, "3.5")
    shop.greens.available = Decimal("4.9")
    db.session.commit()
    assert "it costs" not in browser.get("/basket").text


def test_an_order_is_placed_at_the_price_of_its_quantity_and_keeps_it(
    browser: Browser, shop: ShopWorld, session: Session
) -> None:
    put(browser, shop.greens, "5.5")
    assert order(browser, 1485).status_code == 303
    line = session.scalars(select(OrderLine)).one()
    assert (line.quantity, line.price_fen, line.total_fen) == (Decimal("5.5"), 270, 1485)
    session.query(PriceTier).delete()
    session.commit()
    group = session.scalars(select(OrderGroup.public_id)).one()
    assert "¥2.70 per jin · ¥5.40/kg" in browser.get(f"/orders/{group}").text


@pytest.mark.parametrize("change", ["dearer step", "step gone", "cheaper step"])
def test_a_step_that_has_changed_stops_the_purchase_until_the_buyer_has_seen_it(
    browser: Browser, shop: ShopWorld, session: Session, change: str
) -> None:
    put(browser, shop.greens, "6")
    page = browser.get("/checkout").text
    assert 'name="expected_total_fen" value="1620"' in page
    step = session.scalars(select(PriceTier).filter_by(listing_id=shop.greens.id, price_fen=270)).one()
    if change == "step gone":
        session.delete(step)
    else:
        step.price_fen = 280 if change == "dearer step" else 260
    session.commit()
    refused = order(browser, 1620)
    assert refused.status_code == 409
    assert "A price has changed since you saw it." in refused.text
    assert (count(OrderGroup), shop.greens.available) == (0, 20)
    seen = {"dearer step": (1680, "¥2.80"), "step gone": (1800, "¥3.00"), "cheaper step": (1560, "¥2.60")}[change]
    assert f"The price was ¥2.70 when you put it in; it is {seen[1]} now." in refused.text
    assert order(browser, seen[0]).status_code == 303


def test_less_than_the_least_is_refused_kindly_and_the_button_takes_the_least(browser: Browser, shop: ShopWorld) -> None:
    shop.greens.minimum_quantity = Decimal("2.5")
    db.session.commit()
    page = browser.get(f"/p/{shop.greens.public_id}").text
    assert "Sold from 2.5 jin upwards." in page
    assert 'value="2.5" min="2.5" step="0.5"' in page
    assert (
        f'value="{shop.greens.public_id}"><input type="hidden" name="quantity" value="2.5">'
        in browser.get("/c/vegetables").text
    )
    refused = put(browser, shop.greens, "2.4")
    assert refused.status_code == 409
    assert "Pak choi is sold from 2.5 upwards. Please take a little more." in refused.text
    assert count(BasketLine) == 0
    assert put(browser, shop.greens, "2.5").status_code == 303


def test_a_least_that_came_later_is_said_in_the_basket_and_stops_the_purchase(browser: Browser, shop: ShopWorld) -> None:
    put(browser, shop.greens, "2")
    shop.greens.minimum_quantity = Decimal(3)
    db.session.commit()
    assert "Sold from 3 jin upwards. Please take a little more." in browser.get("/basket").text
    assert order(browser, 600).status_code == 409
    assert (count(OrderGroup), shop.greens.available) == (0, 20)


def test_what_is_left_below_the_least_is_sold_out(browser: Browser, shop: ShopWorld) -> None:
    put(browser, shop.greens, "3")
    shop.greens.minimum_quantity, shop.greens.available = Decimal(3), Decimal("2.9")
    db.session.commit()
    page = browser.get(f"/p/{shop.greens.public_id}").text
    assert "Sold out for now." in page
    assert structured(page)["availability"] == "https://schema.org/OutOfStock"
    assert "Sold out. Please take it out." in browser.get("/basket").text
    assert "Pak choi" not in browser.get("/c/vegetables").text
    assert "Not enough left: Pak choi (0 available)." in put(browser, shop.greens, "3").text


def test_what_is_weighed_when_packed_says_so_from_the_stall_to_the_order(browser: Browser, shop: ShopWorld) -> None:
    hens = factories.chickens(shop.farm)
    page = browser.get(f"/p/{hens.public_id}").text
    assert "about 2.5–3.2 jin each" in page
    assert "one costs ¥89.60 at the most, and what it weighs less comes back to you." in page
    offer = structured(page)
    assert offer["price"] == "89.60"
    assert [spec.get("price") or (spec["minPrice"], spec["maxPrice"]) for spec in offer["priceSpecification"]] == [
        "56.00",
        ("70.00", "89.60"),
    ]
    put(browser, hens, "2")
    page = browser.get("/basket").text
    assert "¥28.00 per jin · ¥56.00/kg · about 2.5–3.2 jin each" in page
    assert "At the most: what it weighs less when it is packed comes back to you." in page
    assert order(browser, 17_920).status_code == 303
    group = db.session.scalars(select(OrderGroup.public_id)).one()
    page = browser.get(f"/orders/{group}").text
    assert "About 5–6.4 jin. You pay ¥179.20 at the most; the rest comes back when it is weighed." in page


def listing_form(**values: str) -> dict[str, str]:
    """A new listing of apples by the jin."""
    form = {
        "product": "apple",
        "unit": "jin",
        "price": "3",
        "quantity": "20",
        "harvested_on": clock.local_day(clock.now()).isoformat(),
        "title_zh": "苹果",
    }
    return {**form, **values}


def test_a_farmer_sets_steps_and_a_least_quantity_and_changes_them(farmer: Desk, session: Session) -> None:
    form = {"minimum_quantity": "0.5", "tier_from_1": "5", "tier_price_1": "2.70", "tier_from_3": "10", "tier_price_3": "2,4"}
    assert farmer.post("/farm/listings/new", listing_form(**form)).status_code == 303
    listing = session.scalars(select(Listing)).one()
    steps = (Tier(Decimal(5), 270), Tier(Decimal(10), 240))
    assert terms_of(listing) == Terms(Decimal("0.5"), steps)
    page = farmer.get(f"/farm/listings/{listing.public_id}").text
    assert 'name="tier_from_2" type="text" inputmode="decimal" value="10"' in page
    words = {"price": "3", "title_zh": "苹果", "tier_from_1": "6", "tier_price_1": "2.5"}
    assert farmer.post(f"/farm/listings/{listing.public_id}", words).status_code == 303
    assert terms_of(listing) == Terms(None, (Tier(Decimal(6), 250),))


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"tier_from_1": "5"}, "Please give the price."),
        ({"tier_price_2": "2"}, "Please say from how much on."),
        ({"tier_from_1": "5", "tier_price_1": "3"}, "Each price step must be cheaper than the one before."),
        ({"tier_from_1": "0.05", "tier_price_1": "2"}, "This is sold in steps of 0.1."),
        ({"minimum_quantity": "5", "tier_from_1": "5", "tier_price_1": "2"}, "Each price step must begin at a larger quantity"),
        ({"minimum_quantity": "0"}, "Please choose a quantity between 0 and 9999."),
        ({"unit": "piece", "weight_unit": "jin"}, "Please say what one of them weighs."),
        (
            {"unit": "piece", "unit_grams": "100", "piece_least": "2"},
            "Please say whether the price is for a jin or for a kilogram.",
        ),
        ({"weight_unit": "jin", "piece_least": "2", "piece_most": "3"}, "sold by the piece. Please choose “piece”."),
        ({"unit": "piece", "weight_unit": "box", "piece_least": "2", "piece_most": "3"}, "Please say whether the price is for"),
        ({"unit": "piece", "weight_unit": "jin", "piece_least": "3", "piece_most": "2"}, "The heaviest must weigh more than"),
    ],
)
def test_terms_that_cannot_be_are_refused_beside_their_field(farmer: Desk, form: dict[str, str], message: str) -> None:
    answer = farmer.post("/farm/listings/new", listing_form(**form))
    assert answer.status_code == 422
    assert answer.text.count(message) == 2
    assert (count(Listing), count(PriceTier)) == (0, 0)


def test_a_farmer_sells_chickens_by_the_jin_and_changes_their_price(farmer: Desk, session: Session) -> None:
    form = {"unit": "piece", "price": "28", "weight_unit": "jin", "piece_least": "2.5", "piece_most": "3.2", "quantity": "12"}
    assert farmer.post("/farm/listings/new", listing_form(**form)).status_code == 303
    listing = session.scalars(select(Listing)).one()
    assert terms_of(listing).catch_weight == CatchWeight(Unit.JIN, 2800, 1250, 1600)
    assert (listing.unit, listing.unit_grams, listing.price_fen, listing.available) == ("piece", 1600, 8960, 12)
    page = farmer.get(f"/farm/listings/{listing.public_id}").text
    assert "One weighs 2.5–3.2 jin. It is weighed when it is packed." in page
    assert 'name="price" type="text" value="28.00"' in page
    assert farmer.post(f"/farm/listings/{listing.public_id}", {"price": "30", "title_zh": "土鸡"}).status_code == 303
    assert terms_of(listing).catch_weight == CatchWeight(Unit.JIN, 3000, 1250, 1600)
    assert listing.price_fen == 9600


class Henhouse:
    """One chicken bought from the farm by transfer, and paid."""

    def __init__(self, world: World) -> None:
        self.world = world
        with transaction():
            hens = factories.chickens(world.farm)
        self.group = world.purchase(hens, "1")
        with transaction():
            confirm_payment(get_payment(payment_of(self.group).public_id, lock=True), actor="operator", now=clock.now())
        self.order = db.session.scalars(select(Order.public_id)).one()
        self.field = f"weight_{db.session.scalars(select(Weighing.public_id)).one()}"
        self.path = f"/farm/orders/{self.order}/weigh"


def test_a_farmer_weighs_with_one_number_and_the_picking_list_shows_it(
    client: FlaskClient, world: World, session: Session
) -> None:
    house = Henhouse(world)
    farmer = Desk(client, world.farmer)
    page = farmer.get("/farm/").text
    assert house.path in page
    assert "It has left the farm" not in page
    assert "2.5–3.2 jin · ¥28.00 per jin" in page
    assert farmer.post(f"/farm/orders/{house.order}/ship").status_code == 409
    page = farmer.get(house.path).text
    assert f'name="{house.field}"' in page
    assert "Usually 2.5–3.2 jin" in page
    answer = farmer.post(house.path, {house.field: "2.81"})
    assert (answer.status_code, answer.location) == (303, "/farm/")
    # 2.81 jin at 28.00 are 78.68 of 89.60 yuan.
    page = farmer.get("/farm/").text
    assert "The order costs ¥10.92 less than it could have; now it can leave." in page
    assert "2.81 jin · ¥28.00 per jin" in page
    assert "It has left the farm" in page
    assert session.scalars(select(Refund.amount_fen)).all() == [1092]
    assert farmer.get(house.path).status_code == 303
    assert farmer.post(house.path, {house.field: "2.81"}).status_code == 303
    assert farmer.post(house.path, {house.field: "2.80"}).status_code == 409
    assert session.scalars(select(Refund.amount_fen)).all() == [1092]
    assert farmer.post(f"/farm/orders/{house.order}/ship").status_code == 303


def test_a_weight_is_asked_about_when_it_is_light_and_refused_when_it_cannot_be(
    client: FlaskClient, world: World, session: Session
) -> None:
    house = Henhouse(world)
    farmer = Desk(client, world.farmer)
    for weight, message in (
        ("3.21", "More than 0 and at most 3.2 jin: the buyer has not paid for more."),
        ("0", "More than 0 and at most 3.2 jin: the buyer has not paid for more."),
        ("a lot", "Please enter a number."),
        ("", "Please say what it weighs."),
    ):
        answer = farmer.post(house.path, {house.field: weight})
        assert (answer.status_code, answer.text.count(message)) == (422, 2)
    light = farmer.post(house.path, {house.field: "0.28"})
    assert light.status_code == 409
    assert "Free-range chicken should weigh 2.5 jin at least. Please look at the scales again." in light.text
    assert 'value="0.28"' in light.text
    assert (session.scalars(select(Weighing.grams)).one(), count(Refund)) == (None, 0)
    assert farmer.post(house.path, {house.field: "2.4", "light_is_right": "yes"}).status_code == 303
    assert session.scalars(select(Weighing.grams)).one() == 1200


def test_only_the_farm_that_sells_it_weighs_it(client: FlaskClient, world: World, session: Session) -> None:
    house = Henhouse(world)
    for who in (world.neighbour, world.manager):
        desk = Desk(client, who)
        assert desk.get(house.path).status_code == 404
        assert desk.post(house.path, {house.field: "2.8"}).status_code == 404
    assert Desk(client, world.buyer).post(house.path, {house.field: "2.8"}).status_code == 403
    apples = world.order(world.purchase(world.listing(), "4", cash=True)).public_id
    farmer = Desk(client, world.farmer)
    assert farmer.get(f"/farm/orders/{apples}/weigh").status_code == 404
    assert farmer.post(house.path, {house.field: "2.8", "price": "1"}).status_code == 422
    assert session.scalars(select(Weighing.grams)).one() is None
