"""Checkout: one page, three steps; what the buyer saw is what is ordered, once."""

import re
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, ListingState, StockMovement
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import Base, db, transaction
from marketplace.orders.models import Basket, BasketLine, Order, OrderGroup
from marketplace.payments.models import Payment
from marketplace.recommendations.models import Event, EventKind
from marketplace.recommendations.service import set_personalised
from tests import factories
from tests.web.conftest import Browser
from tests.web.shop_world import ADDRESS, COUNTY, ShopWorld


@pytest.fixture
def world(session: Session, browser: Browser) -> ShopWorld:
    """The buyer is signed in and has two boxes of apples and a jin and a half of greens: 29.50 yuan."""
    made = ShopWorld()
    made.basket((made.apples, 2), (made.greens, Decimal("1.5")))
    browser.is_now(made.buyer)
    return made


def count(model: type[Base]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def written() -> tuple[int, ...]:
    return tuple(count(model) for model in (OrderGroup, Order, Payment, StockMovement, AuditEvent, Event))


def seen(browser: Browser) -> dict[str, str]:
    """The basket and the total as the page shows them to the buyer."""
    page = browser.get("/checkout").text
    return {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0] for name in ("basket", "expected_total_fen")}


def place(browser: Browser, shown: dict[str, str], **changes: str) -> Any:
    return browser.post("/checkout", {**ADDRESS, **shown, **changes}, sent_from="/checkout")


def test_the_page_has_three_steps_and_the_total_that_will_be_paid(browser: Browser, world: ShopWorld) -> None:
    page = browser.get("/checkout").text
    assert [f"#{anchor}" in page for anchor in ("address", "payment", "check")] == [True] * 3
    assert re.search(r'is-total">¥29\.50<', page)
    assert seen(browser)["expected_total_fen"] == "2950"


def test_an_order_is_what_was_seen(browser: Browser, world: ShopWorld, session: Session) -> None:
    answer = place(browser, seen(browser))
    group = session.scalars(select(OrderGroup)).one()
    assert (answer.status_code, answer.location) == (303, f"/orders/{group.public_id}")
    assert (group.total_fen, group.recipient, group.phone, group.area_code, group.address, group.payment_method) == (
        2950,
        "王小满",
        "138 0013 8000",
        COUNTY,
        "南街 1 号",
        "cash_on_delivery",
    )
    assert [order.total_fen for order in group.orders] == [2500, 450]
    assert session.execute(select(Listing.available).order_by(Listing.id)).scalars().all() == [8, Decimal("18.5"), 10]
    bought = session.execute(select(Event.listing_id, Event.kind, Event.quantity).order_by(Event.listing_id)).all()
    assert bought == [(world.apples.id, EventKind.PURCHASE, 2.0), (world.greens.id, EventKind.PURCHASE, 1.5)]
    assert "You pay for each parcel when you get it, at the door or where you fetch it." in browser.get(answer.location).text
    assert "Your basket is empty" in browser.get("/basket").text


def test_a_purchase_of_somebody_who_said_no_is_not_remembered(browser: Browser, world: ShopWorld) -> None:
    with transaction():
        set_personalised(world.buyer, False, now=factories.NOW)
    assert place(browser, seen(browser)).status_code == 303
    assert (count(OrderGroup), count(Event)) == (1, 0)


def test_the_same_form_sent_twice_is_one_order(browser: Browser, world: ShopWorld, session: Session) -> None:
    shown = seen(browser)
    first = place(browser, shown)
    before = written()
    # What is put into the next basket meanwhile stays there.
    browser.post("/basket/lines", {"listing": world.pears.public_id, "quantity": "1"})
    events = count(Event)
    second = place(browser, shown)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert written()[:5] == before[:5]
    assert count(Event) == events
    assert session.scalars(select(BasketLine.quantity).join(Basket).where(~Basket.ordered)).all() == [1]


def test_a_price_that_has_changed_since_is_said_and_nothing_is_ordered(
    browser: Browser, world: ShopWorld, session: Session
) -> None:
    shown = seen(browser)
    world.apples.price_fen = 1300
    session.commit()
    before = written()
    answer = place(browser, shown, address="北街 2 号")
    assert answer.status_code == 409
    assert "A price has changed since you saw it." in answer.text
    assert "The price was ¥12.50 when you put it in; it is ¥13.00 now." in answer.text
    assert 'name="expected_total_fen" value="3050"' in answer.text
    assert 'value="北街 2 号"' in answer.text
    assert written() == before
    assert place(browser, {**shown, "expected_total_fen": "3050"}).status_code == 303
    assert session.scalars(select(OrderGroup.total_fen)).one() == 3050


@pytest.mark.parametrize("total", ["1", "0", "-2950", "2951", str(10**4000)])
def test_a_total_that_was_made_up_orders_nothing(browser: Browser, world: ShopWorld, total: str) -> None:
    before = written()
    assert place(browser, seen(browser), expected_total_fen=total).status_code == 409
    assert written() == before


def test_goods_that_have_gone_meanwhile_are_named_and_nothing_is_ordered(
    browser: Browser, world: ShopWorld, session: Session
) -> None:
    shown = seen(browser)
    world.apples.available = Decimal(1)
    session.commit()
    before = written()
    answer = place(browser, shown)
    assert answer.status_code == 409
    assert "Not enough left: Red apples, 1.5 kg (1 available)." in answer.text
    assert "Only 1 box left. Please take less." in answer.text
    assert "Place the order" not in answer.text
    assert written() == before
    assert session.scalars(select(Listing.available).where(Listing.id == world.greens.id)).one() == 20


def test_a_listing_taken_from_sale_meanwhile_is_not_sold(browser: Browser, world: ShopWorld, session: Session) -> None:
    shown = seen(browser)
    world.greens.state = ListingState.WITHDRAWN
    session.commit()
    before = written()
    answer = place(browser, shown)
    assert (answer.status_code, written()) == (409, before)
    assert "No longer on sale. Please take it out." in answer.text


def test_an_empty_basket_has_no_checkout(browser: Browser, session: Session) -> None:
    browser.is_now(factories.account())
    answer = browser.get("/checkout")
    assert (answer.status_code, answer.location) == (303, "/basket")


def test_a_visitor_is_asked_to_sign_in_and_comes_back(browser: Browser, session: Session) -> None:
    answer = browser.get("/checkout")
    assert (answer.status_code, answer.location) == (302, "/sign-in?next=/checkout")
    assert browser.post("/checkout", ADDRESS).status_code == 401


def test_somebody_elses_basket_counts_as_absent(browser: Browser, world: ShopWorld, session: Session) -> None:
    shown = seen(browser)
    other = factories.account()
    world.basket((world.pears, 1), owner=other)
    browser.is_now(other)
    before = written()
    assert browser.post("/checkout", {**ADDRESS, **shown}).status_code == 404
    assert written() == before
    assert session.scalars(select(Basket.ordered)).all() == [False, False]


def test_counties_are_chosen_in_two_steps_that_keep_what_was_typed(
    browser: Browser, world: ShopWorld, session: Session
) -> None:
    factories.area("110101001001", "东城区")
    first = browser.get("/checkout").text
    assert "First choose the province" in first
    assert '<option value="11">' in first
    assert 'value="110101"' not in first
    answer = browser.post(
        "/checkout", {**ADDRESS, "show": "counties", "address": "长安街", "recipient": ""}, sent_from="/checkout"
    )
    assert answer.status_code == 200
    page = answer.text
    assert f'<option value="{COUNTY}" selected>Danzhai county</option>' in page
    assert '<optgroup label="Qiandongnan prefecture">' in page
    assert 'value="110101"' not in page
    assert 'value="长安街"' in page
    assert "Please say who receives it." not in page
    assert count(OrderGroup) == 0


def test_the_next_checkout_begins_with_the_last_address(browser: Browser, world: ShopWorld) -> None:
    assert place(browser, seen(browser), payment_method="bank_transfer").status_code == 303
    browser.post("/basket/lines", {"listing": world.pears.public_id, "quantity": "1"})
    page = browser.get("/checkout").text
    assert 'value="南街 1 号"' in page
    assert f'<option value="{COUNTY}" selected>' in page
    assert re.search(r'value="bank_transfer" required checked', page)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipient": ""}, "Please say who receives it."),
        ({"recipient": "长" * 61}, "Please give a name of 1 to 60 characters."),
        ({"recipient": "a\x00b"}, "This text has characters that cannot be shown."),
        ({"phone": ""}, "Please give a phone number for the courier."),
        ({"phone": "ring me"}, "Please give a phone number in digits only"),
        ({"phone": "1" * 40}, "Please give a phone number in digits only"),
        ({"county": ""}, "Please choose a county or district."),
        ({"county": "52"}, "Please choose a county or district."),
        ({"county": "522636100"}, "Please choose a county or district."),
        ({"county": "999999"}, "Please choose a county or district."),
        ({"county": "' OR 1=1"}, "Please choose a county or district."),
        ({"province": "5"}, "Please choose a province."),
        ({"address": ""}, "Please give town, street and house number."),
        ({"address": "长" * 201}, "The address may have at most 200 characters."),
        ({"payment_method": ""}, "Please choose how to pay."),
        ({"payment_method": "gold"}, "Please choose how to pay."),
        ({"basket": ""}, "Please open the checkout again."),
        ({"expected_total_fen": "29.50"}, "Please open the checkout again."),
        ({"expected_total_fen": "9" * 5000}, "Please open the checkout again."),
        ({"discount_fen": "2950"}, "This form has a field that does not belong to it."),
        ({"price_fen": "1"}, "This form has a field that does not belong to it."),
    ],
)
def test_what_cannot_be_right_is_refused_beside_its_field(
    browser: Browser, world: ShopWorld, changes: dict[str, str], message: str
) -> None:
    before = written()
    answer = place(browser, seen(browser), **changes)
    assert answer.status_code == 422
    assert message in answer.text
    assert written() == before
    assert count(Basket) == 1


def test_a_county_that_is_no_longer_in_force_is_refused(browser: Browser, world: ShopWorld, session: Session) -> None:
    old = factories.area("520121001001")
    assert old is not None
    county = session.get_one(factories.Area, "520121")
    county.valid_to = factories.TODAY
    session.commit()
    before = written()
    answer = place(browser, seen(browser), county="520121")
    assert (answer.status_code, written()) == (422, before)
    assert '<option value="520121"' not in answer.text
