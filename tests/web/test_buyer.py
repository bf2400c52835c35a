"""The purchasing desk: recommended lots, their figures, and the year against the target."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Unit
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Order, OrderGroup, OrderLine
from marketplace.orders.states import OrderState
from marketplace.recommendations.models import ServedList
from marketplace.sourcing.models import PurchaseTarget
from marketplace.sourcing.queries import year_of_purchases
from tests import factories
from tests.web.desk_world import Desk, make_account, without_csrf

NOW = clock.now()
YEAR = clock.local_day(NOW).year


@pytest.fixture
def buyer(session: Session) -> Account:
    return make_account(RoleKind.ENTERPRISE)


@pytest.fixture
def desk(client: FlaskClient, buyer: Account, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Desk:
    without_csrf(app, monkeypatch)
    return Desk(client, buyer)


def purchase(
    buyer: Account,
    fen: int,
    *,
    registered: bool = False,
    consent: bool = True,
    state: OrderState = OrderState.PLACED,
    days_ago: int = 0,
) -> None:
    """A purchase of one line; its benefit is all or nothing of it."""
    with transaction():
        listing = factories.listing(factories.producer(registered=registered, consent=consent))
        lot = factories.lot(listing, Decimal(1))
        at = NOW - timedelta(days=days_ago)
        group = OrderGroup(
            reference=f"NQ{lot.id}",
            account_id=buyer.id,
            payment_method="bank_transfer",
            total_fen=fen,
            recipient="x",
            phone="1",
            address="x",
            placed_at=at,
        )
        order = Order(group=group, producer_id=listing.producer_id, state=state, total_fen=fen, producer_fen=fen)
        db.session.add(order)
        order.lines.append(
            OrderLine(
                listing_id=listing.id,
                lot_id=lot.id,
                title_zh="x",
                title_en="x",
                producer_zh="x",
                producer_en="x",
                area_code=listing.area_code,
                harvested_on=lot.harvested_on,
                unit=listing.unit,
                unit_grams=listing.unit_grams,
                quantity=Decimal(1),
                price_fen=fen,
                total_fen=fen,
                benefit_bp=10_000 if registered else 0,
                benefit_fen=fen if registered else 0,
                registry_revision=1,
            )
        )


def test_a_lot_stands_with_its_price_per_kilogram_its_stock_and_its_benefit_in_words(desk: Desk) -> None:
    with transaction():
        factories.listing(
            factories.producer(registered=True), price_fen=1250, unit=Unit.BOX, unit_grams=1500, stock=40, title_en="Red apples"
        )
    page = desk.get("/buyer/").text
    for words in ("Red apples", "¥8.33", "60 kg", "all of it", "15 Jun 2026"):
        assert words in page, words
    assert db.session.execute(select(ServedList.surface, ServedList.account_id)).all()[0][0] == "enterprise"


def test_a_lot_whose_household_has_not_agreed_says_nothing_of_it(desk: Desk) -> None:
    with transaction():
        factories.listing(factories.producer(registered=True, consent=False), title_en="Quiet pears")
    page = desk.get("/buyer/").text
    assert "Quiet pears" in page
    assert "all of it" not in page
    assert "supports registered" not in page.lower()


def test_lots_are_narrowed_by_category_and_weight_and_what_is_shown_is_written_down(desk: Desk) -> None:
    roots = factories.category("roots", "根茎", "Roots")
    with transaction():
        factories.listing(stock=10, title_en="Few apples")
        many = factories.listing(stock=1000, title_en="Many apples")
        factories.listing(kind=factories.product("carrot", "胡萝卜", "Carrot", roots), stock=1000, title_en="Carrots")
    page = desk.get("/buyer/?category=fruit&kg=100").text
    assert "Many apples" in page
    assert "Few apples" not in page
    assert "Carrots" not in page
    assert db.session.scalars(select(ServedList.listing_ids)).all() == [[many.id]]
    assert "Nothing in stock is that large." in desk.get("/buyer/?kg=1000000").text


@pytest.mark.parametrize("query", ["kg=-1", "kg=much", "kg=1000001", "category=../x"])
def test_a_link_that_does_not_fit_is_refused(desk: Desk, query: str) -> None:
    assert desk.get(f"/buyer/?{query}").status_code == 422


def test_the_year_is_counted_by_value_without_what_was_cancelled_or_is_older(desk: Desk, buyer: Account) -> None:
    purchase(buyer, 30_00, registered=True)
    purchase(buyer, 70_00)
    purchase(buyer, 99_00, registered=True, state=OrderState.CANCELLED)
    purchase(buyer, 55_00, registered=True, days_ago=400)
    purchase(make_account(RoleKind.ENTERPRISE), 44_00, registered=True)
    year = year_of_purchases(buyer.id, YEAR)
    assert (year.total_fen, year.registered_fen, year.target_bp, year.share) == (100_00, 30_00, None, 0.3)
    assert "30% of what you bought, by value, came from registered households." in desk.get("/buyer/").text


def test_goods_of_who_does_not_want_to_be_named_do_not_count_as_registered(desk: Desk, buyer: Account) -> None:
    purchase(buyer, 100_00, registered=True, consent=False)
    year = year_of_purchases(buyer.id, YEAR)
    assert (year.total_fen, year.registered_fen) == (100_00, 0)


def test_a_target_is_set_and_the_page_says_what_is_missing(desk: Desk, buyer: Account) -> None:
    purchase(buyer, 30_00, registered=True)
    purchase(buyer, 70_00)
    assert desk.post("/buyer/target", {"percent": "37.5"}).status_code == 303
    page = desk.get("/buyer/").text
    assert "30% of what you bought came from registered households; your target is 38%. ¥7.50 of the value is missing." in page
    assert 'value="80"' in page
    desk.post("/buyer/target", {"percent": "30"})
    assert "your target of 30% is met." in desk.get("/buyer/").text
    assert db.session.scalars(select(PurchaseTarget.share_bp)).all() == [3000]


@pytest.mark.parametrize("percent", ["", "-1", "100.5", "many"])
def test_a_target_that_is_no_share_is_refused_and_nothing_is_set(desk: Desk, percent: str) -> None:
    assert desk.post("/buyer/target", {"percent": percent}).status_code == 422
    assert db.session.scalars(select(PurchaseTarget)).all() == []


def test_only_what_is_delivered_to_the_chosen_area_is_compared(desk: Desk, client: FlaskClient) -> None:
    with transaction():
        near = factories.listing(title_en="Tea of here")
        near.delivers_to = "52"
        factories.listing(title_en="Honey for all")
    for area, shown in (("52", True), ("51", False)):
        with client.session_transaction() as kept:
            kept["deliver_to"] = [area, "贵州省"]
        page = desk.get("/buyer/").text
        assert ("Tea of here" in page, "Honey for all" in page) == (shown, True)
