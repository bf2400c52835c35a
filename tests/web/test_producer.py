from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, ListingState, Lot, LotContribution, StockMovement
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import transaction
from marketplace.ledger.models import Entry
from marketplace.ledger.queries import balance_fen
from marketplace.orders.refunds import refund_order
from marketplace.orders.shares import producer_account
from marketplace.orders.states import OrderState
from tests.web.desk_world import NOW, OTHER_CODE, REGISTERED_CODE, Desk, World, count, make_account


def new_listing(**changes: Any) -> dict[str, Any]:
    form = {
        "product": "apple",
        "unit": "box",
        "unit_grams": "2500",
        "price": "38.50",
        "harvested_on": clock.local_day(clock.now()).isoformat(),
        "quantity": "12",
        "title_zh": "高山红苹果",
        "title_en": "",
    }
    return {**form, **changes}


def test_a_new_listing_goes_on_sale_with_its_first_harvest_from_the_farms_own_household(
    farmer: Desk, world: World, session: Session
) -> None:
    answer = farmer.post("/farm/listings/new", new_listing())
    listing = session.scalars(select(Listing)).one()
    assert (answer.status_code, answer.location) == (303, f"/farm/listings/{listing.public_id}/showing")
    assert (listing.producer_id, listing.state, listing.price_fen, listing.unit, listing.unit_grams) == (
        world.farm.id,
        ListingState.ON_SALE,
        3850,
        "box",
        2500,
    )
    assert (listing.title_zh, listing.title_en, listing.available) == ("高山红苹果", "Apples", Decimal(12))
    assert listing.benefit_bp == 10_000
    contribution = session.scalars(select(LotContribution)).one()
    assert (contribution.household_id, contribution.grams) == (world.registered.id, 30_000)
    acts = session.execute(select(AuditEvent.verb, AuditEvent.actor).order_by(AuditEvent.id)).all()[-3:]
    assert acts == [(verb, world.farmer.public_id) for verb in ("listing.created", "lot.added", "listing.published")]


def test_a_weighed_unit_has_its_own_grams_whatever_was_written(farmer: Desk, session: Session) -> None:
    assert farmer.post("/farm/listings/new", new_listing(unit="jin", unit_grams="3", quantity="1.5")).status_code == 303
    listing = session.scalars(select(Listing)).one()
    assert (listing.unit_grams, listing.available) == (500, Decimal("1.5"))
    assert session.scalars(select(LotContribution.grams)).one() == 750


def test_a_cooperative_names_the_households_of_a_harvest_and_their_grams(
    client: FlaskClient, world: World, session: Session
) -> None:
    households = f"{REGISTERED_CODE} 10000\n{OTHER_CODE}，20000 克\n"
    answer = Desk(client, world.manager).post("/farm/listings/new", new_listing(households=households))
    assert answer.status_code == 303
    grams = {row.household_id: row.grams for row in session.scalars(select(LotContribution))}
    assert grams == {world.registered.id: 10_000, world.other.id: 20_000}
    assert session.scalars(select(Listing.benefit_bp)).one() == 3333


@pytest.mark.parametrize(
    ("households", "message"),
    [
        ("", "Please say which households the harvest comes from."),
        ("somebody 10", "Line 1 should be a code of 16 digits and grams"),
        (f"{REGISTERED_CODE} 0", "Line 1 should be a code of 16 digits and grams"),
        (f"{REGISTERED_CODE} 30000\n{REGISTERED_CODE} 30000", "Line 2 names a household for the second time."),
        ("5226361000019999 30000", "No household of your county has the code 5226361000019999."),
        ("1101010010010001 30000", "No household of your county has the code 1101010010010001."),
        (f"{REGISTERED_CODE} 29999", "add up to less than the harvest weighs."),
    ],
)
def test_a_cooperatives_households_are_checked(client: FlaskClient, world: World, households: str, message: str) -> None:
    answer = Desk(client, world.manager).post("/farm/listings/new", new_listing(households=households))
    assert answer.status_code == 422
    assert message in answer.text
    assert (count(Listing), count(Lot)) == (0, 0)


def test_a_lone_farm_cannot_name_other_households(farmer: Desk) -> None:
    answer = farmer.post("/farm/listings/new", new_listing(households=f"{REGISTERED_CODE} 30000"))
    assert answer.status_code == 422
    assert count(Listing) == 0


def test_a_further_harvest_adds_to_the_stock(farmer: Desk, world: World, session: Session) -> None:
    listing = world.listing(quantity="100")
    form = {"harvested_on": clock.local_day(clock.now()).isoformat(), "quantity": "7.5"}
    answer = farmer.post(f"/farm/listings/{listing.public_id}/harvest", form)
    assert (answer.status_code, answer.location) == (303, f"/farm/listings/{listing.public_id}")
    session.refresh(listing)
    assert listing.available == Decimal("107.5")
    assert session.scalars(select(StockMovement.quantity).order_by(StockMovement.id)).all() == [Decimal(100), Decimal("7.5")]


def test_price_and_words_can_be_changed_and_the_unit_stays(farmer: Desk, world: World, session: Session) -> None:
    listing = world.listing()
    form = {"price": "9,9", "title_zh": "新苹果", "title_en": "New apples", "story_zh": "脆", "story_en": "Crisp"}
    assert farmer.post(f"/farm/listings/{listing.public_id}", form).status_code == 303
    session.refresh(listing)
    assert (listing.price_fen, listing.title_zh, listing.title_en) == (990, "新苹果", "New apples")
    assert (listing.story_zh, listing.story_en, listing.unit, listing.unit_grams) == ("脆", "Crisp", "jin", 500)
    refused = farmer.post(f"/farm/listings/{listing.public_id}", {**form, "unit": "kg"})
    session.refresh(listing)
    assert (refused.status_code, listing.unit) == (422, "jin")


def test_a_listing_can_be_taken_off_sale_and_put_back(farmer: Desk, world: World, session: Session) -> None:
    listing = world.listing()
    assert farmer.post(f"/farm/listings/{listing.public_id}/withdraw").status_code == 303
    session.refresh(listing)
    assert listing.state == ListingState.WITHDRAWN
    assert "Not on sale" in farmer.get("/farm/listings").text
    assert farmer.post(f"/farm/listings/{listing.public_id}/publish").status_code == 303
    session.refresh(listing)
    assert listing.state == ListingState.ON_SALE


def test_turning_a_listing_twice_writes_one_act(farmer: Desk, world: World, session: Session) -> None:
    listing = world.listing()
    for _ in range(2):
        assert farmer.post(f"/farm/listings/{listing.public_id}/withdraw").status_code == 303
    acts = session.scalars(select(AuditEvent.verb).where(AuditEvent.verb == "listing.withdrawn")).all()
    assert acts == ["listing.withdrawn"]


def test_an_order_paid_at_the_door_stands_in_the_picking_list_with_what_to_collect(farmer: Desk, world: World) -> None:
    group = world.purchase(world.listing(), "4", cash=True)
    page = farmer.get("/farm/").text
    assert "1 order to pack" in page
    assert group.reference in page
    assert "4 jin" in page
    assert "The buyer pays ¥48.00 at the door." in page
    assert "Your part of this order: ¥46.56" in page
    assert "王小满" in page


def test_an_order_whose_transfer_has_not_come_waits_and_does_not_show_the_buyer(farmer: Desk, world: World) -> None:
    group = world.purchase(world.listing(), "4")
    page = farmer.get("/farm/").text
    assert "Nothing to pack now" in page
    assert "One buyer has ordered but the bank transfer has not arrived." in page
    assert group.reference in page
    assert "王小满" not in page
    assert "It has left the farm" not in page


def test_shipping_moves_the_order_on_and_doing_it_again_changes_nothing(farmer: Desk, world: World, session: Session) -> None:
    group = world.purchase(world.listing(), "4", cash=True)
    order = world.order(group)
    answer = farmer.post(f"/farm/orders/{order.public_id}/ship")
    assert (answer.status_code, answer.location) == (303, "/farm/")
    session.refresh(order)
    shipped_at = order.shipped_at
    assert (order.state, shipped_at is not None) == (OrderState.SHIPPED, True)
    assert "The buyer can see now that it is on its way." in farmer.get("/farm/").text
    assert farmer.post(f"/farm/orders/{order.public_id}/ship").status_code == 303
    session.refresh(order)
    assert order.shipped_at == shipped_at
    assert "This order had already left." in farmer.get("/farm/").text


def test_goods_on_transfer_do_not_leave_before_the_money_has_come(farmer: Desk, world: World, session: Session) -> None:
    order = world.order(world.purchase(world.listing(), "4"))
    assert farmer.post(f"/farm/orders/{order.public_id}/ship").status_code == 409
    session.refresh(order)
    assert (order.state, order.shipped_at) == (OrderState.PLACED, None)


def test_money_says_what_is_on_its_way_and_what_is_in_the_account(farmer: Desk, world: World) -> None:
    listing = world.listing()
    settled = world.purchase(listing, "10")
    world.pay(settled)
    world.deliver(settled)
    world.pay(world.purchase(listing, "5", now=NOW + timedelta(minutes=1)))
    shipped = world.purchase(listing, "2", cash=True, now=NOW + timedelta(minutes=2))
    Desk(farmer.client, world.farmer).post(f"/farm/orders/{world.order(shipped).public_id}/ship")
    world.purchase(listing, "1", now=NOW + timedelta(minutes=3))
    page = farmer.get("/farm/money").text
    assert "<dd>¥81.48</dd>" in page
    assert "<dd>¥116.40</dd>" in page
    assert "¥58.20 has been paid by buyers." in page
    assert "¥23.28 is for goods that have left and are paid at the door." in page
    assert "¥11.64 more is ordered, neither paid nor sent yet." in page


def test_what_an_order_brings_is_shown_less_what_was_given_back(farmer: Desk, world: World) -> None:
    group = world.purchase(world.listing(), "4")
    world.pay(group)
    order = world.order(group)
    with transaction():
        refund_order(order.public_id, 1234, expected_refunded_fen=0, actor="operator", now=NOW)
    page = farmer.get("/farm/").text
    assert "Your part of this order: ¥34.60" in page
    assert "¥12.34 of it is given back to the buyer." in page

    def assert_divided() -> None:
        page = farmer.get("/farm/money").text
        assert "<dt>Given back to the buyer</dt><dd>¥12.34</dd>" in page
        assert "<dt>Running the market</dt><dd>¥1.06</dd>" in page
        assert '<dt class="u-strong">You get</dt><dd class="u-strong">¥34.60</dd>' in page

    assert_divided()
    assert "¥34.60 has been paid by buyers." in farmer.get("/farm/money").text
    world.deliver(group)
    assert_divided()
    assert balance_fen(producer_account(world.farm.public_id)) == 3460


def test_another_farms_listing_is_absent_and_stays_as_it_is(client: FlaskClient, world: World, session: Session) -> None:
    listing = world.listing(world.other_farm)
    farmer = Desk(client, world.farmer)
    today = clock.local_day(clock.now()).isoformat()
    path = f"/farm/listings/{listing.public_id}"
    assert farmer.get(path).status_code == 404
    assert farmer.post(path, {"price": "1", "title_zh": "偷"}).status_code == 404
    assert farmer.post(f"{path}/harvest", {"harvested_on": today, "quantity": "1"}).status_code == 404
    assert farmer.post(f"{path}/publish").status_code == 404
    assert farmer.post(f"{path}/withdraw").status_code == 404
    session.refresh(listing)
    assert (listing.title_zh, listing.price_fen, listing.state) == ("红苹果", 1200, ListingState.ON_SALE)
    assert listing.available == Decimal(100)


def test_another_farms_order_is_absent_and_stays_where_it_is(client: FlaskClient, world: World, session: Session) -> None:
    order = world.order(world.purchase(world.listing(world.other_farm), "4", cash=True))
    assert Desk(client, world.farmer).post(f"/farm/orders/{order.public_id}/ship").status_code == 404
    session.refresh(order)
    assert (order.state, order.shipped_at) == (OrderState.PLACED, None)
    assert Desk(client, world.farmer).get("/farm/").text.count("Order NQ") == 0


def test_an_account_without_a_farm_is_told_what_to_do_and_can_do_nothing(client: FlaskClient, world: World) -> None:
    desk = Desk(client, make_account(RoleKind.FARMER))
    for path in ("/farm/", "/farm/listings", "/farm/listings/new", "/farm/money"):
        answer = desk.get(path)
        assert answer.status_code == 200
        assert "Your account does not sell for a farm yet" in answer.text
    assert desk.post("/farm/listings/new", new_listing()).status_code == 404
    assert count(Listing) == 0


def test_a_form_without_its_token_is_refused(
    client: FlaskClient, world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert Desk(client, world.farmer).post("/farm/listings/new", new_listing()).status_code == 400
    assert (count(Listing), count(Entry)) == (0, 0)


def test_who_is_not_signed_in_is_sent_to_sign_in_and_a_buyer_is_refused(
    client: FlaskClient, world: World, session: Session
) -> None:
    order = world.order(world.purchase(world.listing(), "4", cash=True))
    for path in ("/farm/", "/farm/listings/new", "/office/sales", "/office/sales.csv", "/operator/payments"):
        asked = Desk(client, None).get(path)
        assert asked.status_code == 302
        assert asked.location.endswith(f"?next={path}")
        assert Desk(client, world.buyer).get(path).status_code == 403
    acts = ("/farm/listings/new", f"/farm/orders/{order.public_id}/ship", "/operator/payments/x/confirm")
    before = count(AuditEvent)
    for path in acts:
        assert Desk(client, None).post(path, new_listing()).status_code == 401
        assert Desk(client, world.buyer).post(path, new_listing()).status_code == 403
    session.refresh(order)
    assert (order.state, count(AuditEvent), count(Listing)) == (OrderState.PLACED, before, 1)


def test_the_shop_shows_each_person_the_way_to_their_own_desk(client: FlaskClient, world: World) -> None:
    ways = {
        world.farmer: ["/farm/"],
        make_account(RoleKind.OFFICER, "52"): ["/office/sales"],
        make_account(RoleKind.OPERATOR): ["/operator/payments"],
        world.buyer: [],
        None: [],
    }
    for account, expected in ways.items():
        page = Desk(client, account).get("/about").text
        desks = ("/farm/", "/office/sales", "/operator/payments")
        assert [path for path in desks if f'href="{path}"' in page] == expected
