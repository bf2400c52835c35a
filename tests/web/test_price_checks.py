"""Unusual prices on the pages of the seller, the operator and the buyer."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.catalogue.models import Listing, ListingState, MarketPrice, PriceCheck, Review
from marketplace.catalogue.price_checks import bounds_on, latest_check
from marketplace.catalogue.price_evidence import PriceBounds
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.web.desk_world import Desk, World, make_account


@pytest.fixture
def operator(world: World) -> Account:
    return make_account(RoleKind.OPERATOR, "", "operator")


def cheap_market() -> None:
    """Apples cost 4.00 yuan a jin at the market, so some 5.60 are usual here."""
    today = clock.local_day(clock.now())
    product_id = factories.product().id
    for ago in range(20):
        prices = {"low_fen": 380, "average_fen": 400, "high_fen": 420}
        db.session.add(MarketPrice(product_id=product_id, day=today - timedelta(days=ago), source="test", **prices))
    db.session.commit()


def apples(price: str) -> dict[str, str]:
    today = clock.local_day(clock.now()).isoformat()
    words = {"product": "apple", "unit": "jin", "title_zh": "苹果", "title_en": "Apples"}
    return {**words, "price": price, "harvested_on": today, "quantity": "10"}


def the_listing() -> Listing:
    db.session.expire_all()
    return db.session.scalars(select(Listing)).one()


def the_check() -> PriceCheck:
    found = latest_check(the_listing().id)
    assert found is not None
    return found


def test_a_slip_is_kept_from_sale_the_seller_is_told_and_can_mend_it(farmer: Desk) -> None:
    cheap_market()
    farmer.post("/farm/listings/new", apples("560"))
    listing = the_listing()
    assert listing.state == ListingState.DRAFT
    page = farmer.get(f"/farm/listings/{listing.public_id}").text
    assert "The price is very unusual. It goes on sale as soon as somebody has looked at it." in page
    assert "500 g cost ¥560.00 here. Usual is about ¥5.60." in page
    assert farmer.get(f"/p/{listing.public_id}").status_code == 404
    farmer.post(f"/farm/listings/{listing.public_id}", {"price": "5.60", "title_zh": "苹果", "title_en": "Apples"})
    farmer.post(f"/farm/listings/{listing.public_id}/publish")
    assert the_listing().state == ListingState.ON_SALE
    page = farmer.get(f"/p/{listing.public_id}").text
    today = clock.local_day(clock.now())
    assert f"Checked against market prices on {today.day} {today:%b %Y}." in page
    assert "Is the price right?" not in farmer.get(f"/farm/listings/{listing.public_id}").text


def test_buyers_read_nothing_of_a_check_that_was_not_made_or_not_passed(farmer: Desk) -> None:
    farmer.post("/farm/listings/new", apples("5.60"))
    path = f"/p/{the_listing().public_id}"
    assert "Checked against market prices" not in farmer.get(path).text
    cheap_market()
    farmer.post(f"/farm/listings/{the_listing().public_id}", {"price": "12", "title_zh": "苹果", "title_en": "Apples"})
    assert (the_listing().state, the_check().review) == (ListingState.ON_SALE, Review.OPEN)
    assert "Checked against market prices" not in farmer.get(path).text
    # Nor once the price has changed behind the check's back.
    farmer.post(f"/farm/listings/{the_listing().public_id}", {"price": "5.60", "title_zh": "苹果", "title_en": "Apples"})
    assert "Checked against market prices" in farmer.get(path).text
    the_listing().price_fen = 561
    db.session.commit()
    assert "Checked against market prices" not in farmer.get(path).text


def test_evidence_goes_from_the_seller_to_the_operator_who_lets_the_price_stand(
    farmer: Desk, client: FlaskClient, world: World, operator: Account
) -> None:
    cheap_market()
    farmer.post("/farm/listings/new", apples("560"))
    public_id, check = the_listing().public_id, the_check().public_id
    desk = Desk(client, operator)
    queue = desk.get("/operator/prices/").text
    assert "Apples" in queue
    assert "Waits, not on sale" in queue
    assert "1e+02 times" not in queue
    desk.post(f"/operator/prices/{check}/ask", {"words": "Why <so> dear?"})
    farmer = Desk(client, world.farmer)
    page = farmer.get(f"/farm/listings/{public_id}").text
    assert "Why &lt;so&gt; dear?" in page
    evidence = {"words": "Grafted trees", "link": "https://example.org/receipt"}
    assert farmer.post(f"/farm/listings/{public_id}/price-evidence", evidence).status_code == 303
    desk = Desk(client, operator)
    page = desk.get(f"/operator/prices/{check}").text
    assert "Grafted trees" in page
    assert 'href="https://example.org/receipt"' in page
    assert desk.post(f"/operator/prices/{check}/accept", {"words": "Receipt seen"}).status_code == 303
    assert (the_listing().state, the_check().review) == (ListingState.ON_SALE, Review.ACCEPTED)
    assert "No unusual prices" in desk.get("/operator/prices/").text
    assert desk.post(f"/operator/prices/{check}/refuse", {"words": "No"}).status_code == 409


def test_bad_words_and_other_peoples_goods_are_refused_and_nothing_changes(
    farmer: Desk, client: FlaskClient, world: World, operator: Account
) -> None:
    cheap_market()
    farmer.post("/farm/listings/new", apples("12"))
    public_id, check = the_listing().public_id, the_check().public_id
    path = f"/farm/listings/{public_id}/price-evidence"
    for data in ({}, {"words": "x" * 2001}, {"link": "javascript:alert(1)"}, {"other": "1"}):
        assert farmer.post(path, data).status_code == 422, data
    with transaction():
        other = factories.listing(world.other_farm)
        other_id = other.public_id
    assert farmer.post(f"/farm/listings/{other_id}/price-evidence", {"words": "mine"}).status_code == 404
    desk = Desk(client, operator)
    for act in ("ask", "refuse", "accept"):
        assert desk.post(f"/operator/prices/{check}/{act}", {"words": ""}).status_code == 422, act
    assert desk.get("/operator/prices/23456789abcdef").status_code == 404
    found = latest_check(db.session.scalars(select(Listing.id).filter_by(public_id=public_id)).one())
    assert found is not None
    assert (found.review, found.evidence) == (Review.OPEN, [])


def test_a_refused_price_is_told_with_its_reason(farmer: Desk, client: FlaskClient, world: World, operator: Account) -> None:
    cheap_market()
    farmer.post("/farm/listings/new", apples("12"))
    check, public_id = the_check().public_id, the_listing().public_id
    Desk(client, operator).post(f"/operator/prices/{check}/refuse", {"words": "Twice the market"})
    assert the_listing().state == ListingState.WITHDRAWN
    page = Desk(client, world.farmer).get(f"/farm/listings/{public_id}").text
    assert "This price was refused" in page
    assert "Twice the market" in page
    assert the_listing().available == Decimal(10)


def test_the_operator_says_from_when_on_prices_are_judged_by_other_numbers(client: FlaskClient, operator: Account) -> None:
    desk, page, today = Desk(client, operator), "/operator/prices/bounds/", clock.local_day(clock.now())
    shown = desk.get(page).text
    assert shown.count("Today: ") == 7
    form = {
        "weeks": "4",
        "least_days": "5",
        "least_listings": "6",
        "markup": "1.5",
        "spread": "0.3",
        "flag_at": "2",
        "wait_at": "4.5",
    }
    for changes, words in (
        ({"wait_at": "1"}, "let prices wait farther off"),
        ({"weeks": "0"}, "1 to 104 weeks"),
        ({"markup": "x"}, "Please enter a number."),
        ({"begins_on": "2001-01-01"}, "today at the earliest"),
    ):
        answer = desk.post(page, {**form, "begins_on": today.isoformat(), **changes})
        assert (answer.status_code, words in answer.text, 'value="0.3"' in answer.text) == (422, True, True)
        assert bounds_on(today) == PriceBounds()
    tomorrow = today + timedelta(days=1)
    assert desk.post(page, {**form, "begins_on": tomorrow.isoformat()}).status_code == 303
    assert (bounds_on(today), bounds_on(tomorrow)) == (PriceBounds(), PriceBounds(4, 5, 6, 1.5, 0.3, 2.0, 4.5))
