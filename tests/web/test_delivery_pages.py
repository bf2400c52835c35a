"""Delivery as people see it: at the checkout, on the farm, at the hub, on the order's page, at the operator's desk."""

import re
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.delivery.models import DeliveryMethod, DeliveryRate, DeliveryZone, Hub, MethodKind, PickupPoint, Temperature
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import Base, db, transaction
from marketplace.orders.models import Order, OrderDelivery, OrderGroup, Shipment
from marketplace.orders.queries import payment_of
from marketplace.orders.service import confirm_payment
from marketplace.payments.models import Refund
from marketplace.payments.queries import get_payment
from tests import factories
from tests.factories import delivery as terms
from tests.web.conftest import Browser, StatementCount
from tests.web.shop_world import ADDRESS, COUNTY, ShopWorld

OTHER_COUNTY = "520121"


class Village:
    """Two farms that share a hub, each with a box of 1.5 kg at 10 yuan, in a buyer's basket."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.owners = [factories.account((RoleKind.FARMER, COUNTY)) for _ in range(2)]
        self.keeper = factories.account(name="村集货员")
        self.operator = factories.account((RoleKind.OPERATOR, ""))
        self.farms = [factories.producer(owner=owner) for owner in self.owners]
        self.listings = [factories.listing(farm, price_fen=1000) for farm in self.farms]
        self.hub = terms.hub(keeper=self.keeper.public_id)
        terms.method(MethodKind.HUB, {Temperature.AMBIENT: (500, 100)}, at=self.hub)
        self.courier = terms.method(days=(1, 1))
        terms.carrier("sf")
        terms.carrier("van", numbered=False)
        self.buyer = factories.account(name="王小满")
        factories.area("520121001001", "开阳县")
        factories.basket(self.buyer, *((listing, 1) for listing in self.listings))
        browser.is_now(self.buyer)

    def show(self, **changes: str) -> str:
        """The checkout after pressing "Show prices"."""
        form = {**ADDRESS, "show": "prices", **changes}
        return self.browser.post("/checkout", form, sent_from="/checkout").text

    def place(self, page: str, **changes: str) -> Any:
        """Order what a page shows."""
        shown = {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0] for name in ("basket", "expected_total_fen")}
        return self.browser.post("/checkout", {**ADDRESS, **shown, **changes}, sent_from="/checkout")

    def bought(self, **changes: str) -> OrderGroup:
        """A purchase that is placed from the page and paid."""
        assert self.place(self.show(**changes), **changes).status_code == 303
        group = db.session.scalars(select(OrderGroup)).one()
        with transaction():
            confirm_payment(get_payment(payment_of(group).public_id, lock=True), actor="test", now=clock.now())
        return group

    def orders(self) -> list[Order]:
        return list(db.session.scalars(select(Order).order_by(Order.id)))

    def as_(self, who: Account) -> Browser:
        self.browser.is_now(who)
        return self.browser


@pytest.fixture
def village(session: Session, browser: Browser) -> Village:
    return Village(browser)


def count(model: type[Base]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def total(page: str) -> str:
    return re.findall(r'name="expected_total_fen" value="([^"]*)"', page)[0]


def test_prices_are_shown_once_the_county_is_known_and_never_before(village: Village) -> None:
    assert "Shown at the checkout" in village.browser.get("/basket").text
    page = village.browser.get("/checkout").text
    assert total(page) == "2000"
    assert "Once we know where to" in page
    assert 'name="way-' not in page
    page = village.show()
    assert total(page) == "2700"
    assert "Ambient" not in page
    assert "Not cooled, 3 kg: ¥5.00 for the first kg and 2 × ¥1.00, weighed together for 2 sellers" in page
    assert re.search(rf'name="way-{village.hub.public_id}" value="[^"]*"[^>]* checked', page)


def test_another_way_changes_the_total_before_anything_is_ordered(village: Village) -> None:
    way = {f"way-{village.hub.public_id}": village.courier.public_id}
    first = village.show()
    answer = village.place(first, **way)
    assert answer.status_code == 409
    assert "A price has changed since you saw it." in answer.text
    assert total(answer.text) == "3500"
    assert re.search(rf'value="{village.courier.public_id}"[^>]* checked', answer.text)
    assert count(OrderGroup) == 0
    assert village.place(answer.text, **way).status_code == 303
    assert [(order.goods_fen, order.delivery_fen) for order in village.orders()] == [(1000, 750)] * 2


def test_a_buyer_who_never_pressed_the_button_is_shown_the_price_first(village: Village) -> None:
    answer = village.place(village.browser.get("/checkout").text)
    assert (answer.status_code, total(answer.text), count(OrderGroup)) == (409, "2700", 0)
    assert village.place(answer.text).status_code == 303


def test_terms_that_change_between_page_and_click_are_said(village: Village) -> None:
    page = village.show()
    db.session.execute(update(DeliveryRate).values(each_kg_fen=99))
    answer = village.place(page)
    assert (answer.status_code, total(answer.text)) == (409, "2698")
    assert count(OrderGroup) == 0


def test_a_way_that_has_gone_is_named_and_another_can_be_chosen(village: Village) -> None:
    way = {f"way-{village.hub.public_id}": village.courier.public_id}
    page = village.show(**way)
    assert total(page) == "3500"
    db.session.execute(update(DeliveryMethod).where(DeliveryMethod.id == village.courier.id).values(valid_to=terms.SINCE))
    answer = village.place(page, **way)
    assert answer.status_code == 409
    assert "A way of delivery you chose is no longer offered." in answer.text
    assert total(answer.text) == "2700"
    assert count(OrderGroup) == 0


def test_a_county_nobody_sends_to_is_said_and_nothing_is_ordered(village: Village) -> None:
    db.session.execute(update(DeliveryZone).values(area_code=COUNTY))
    page = village.show(county=OTHER_COUNTY)
    assert page.count("cannot send this to the county you chose") == 2
    answer = village.place(page, county=OTHER_COUNTY)
    assert (answer.status_code, count(OrderGroup)) == (409, 0)
    assert "Some of your goods cannot be sent to this address." in answer.text


def test_a_point_to_fetch_it_from_is_shown_with_its_hours(village: Village) -> None:
    run = terms.method(MethodKind.PICKUP, {Temperature.AMBIENT: (100, 0)}, days=(2, 2))
    point = terms.point()
    page = village.show()
    assert total(page) == "2200"
    assert "South street point · 南街 5 号 · 9:00–20:00" in page
    assert f'value="{run.public_id}-{point.public_id}"' in page
    group = village.bought()
    page = village.browser.get(f"/orders/{group.public_id}").text
    assert "Please fetch it at South street point" in page
    assert "How the freight was counted" in page
    assert db.session.scalars(select(OrderDelivery.pickup_point_id)).all() == [point.id] * 2


@pytest.mark.parametrize("field", ["way-", "way-nosuch", "way-' OR 1=1"])
def test_a_choice_that_was_made_up_chooses_nothing(village: Village, field: str) -> None:
    assert village.place(village.show(), **{field: "x"}).status_code == 303
    assert [order.delivery_fen for order in village.orders()] == [350, 350]


def test_the_checkout_asks_no_more_than_ten_times_with_terms_as_without(village: Village, statements: StatementCount) -> None:
    terms.method(MethodKind.PICKUP)
    terms.point()
    group = village.bought()
    factories.basket(village.buyer, *((listing, 1) for listing in village.listings))
    for path in ("/checkout", f"/orders/{group.public_id}", "/basket"):
        village.browser.get(path)
        statements.begin()
        assert village.browser.get(path).status_code == 200
        assert statements.number <= (14 if "orders" in path else 10), (path, statements.statements)


class TestOnTheFarm:
    """The farmer sends with big buttons."""

    def test_a_courier_and_a_number_are_two_presses(self, village: Village) -> None:
        village.bought(**{f"way-{village.hub.public_id}": village.courier.public_id})
        order = village.orders()[0]
        browser = village.as_(village.owners[0])
        page = browser.get("/farm/").text
        assert 'name="carrier" value="sf"' in page
        assert f"/farm/orders/{order.public_id}/label" in page
        answer = browser.post(f"/farm/orders/{order.public_id}/ship", {"carrier": "sf"}, sent_from="/farm/")
        assert answer.status_code == 422
        assert order.state == "placed"
        form = {"carrier": "sf", "number": "sf 1234 5678"}
        assert browser.post(f"/farm/orders/{order.public_id}/ship", form, sent_from="/farm/").status_code == 303
        assert (order.state, count(Shipment)) == ("shipped", 1)
        page = village.as_(village.buyer).get(f"/orders/{order.group.public_id}").text
        assert "Carrier sf SF12345678" in page
        assert "Handed over to the carrier" in page

    def test_what_the_farm_brings_itself_it_says_has_come_and_nobody_else_does(self, village: Village) -> None:
        village.bought(**{f"way-{village.hub.public_id}": village.courier.public_id})
        for order, owner, form in zip(
            village.orders(), village.owners, ({"carrier": "van"}, {"carrier": "sf", "number": "SF123456"}), strict=True
        ):
            village.as_(owner).post(f"/farm/orders/{order.public_id}/ship", form, sent_from="/farm/")
        own, by_courier = db.session.scalars(select(Shipment).order_by(Shipment.id)).all()
        browser = village.as_(village.owners[1])
        for shipment in (own, by_courier):
            path = f"/farm/shipments/{shipment.public_id}/arrived"
            assert path not in browser.get("/farm/").text
            assert browser.post(path, sent_from="/farm/").status_code == 404
        browser = village.as_(village.owners[0])
        path = f"/farm/shipments/{own.public_id}/arrived"
        assert path in browser.get("/farm/").text
        assert [browser.post(path, sent_from="/farm/").status_code for _ in range(2)] == [303, 303]
        assert [order.state for order in village.orders()] == ["delivered", "shipped"]
        assert [event.kind for event in own.events] == ["packed", "handed_over", "delivered"]

    def test_for_a_hub_there_is_one_button_and_no_courier(self, village: Village) -> None:
        village.bought()
        page = village.as_(village.owners[0]).get("/farm/").text
        assert "Bring it to Baini hub" in page
        assert 'name="carrier"' not in page

    def test_the_slip_has_the_address_and_nothing_else_of_the_buyer(self, village: Village) -> None:
        group = village.bought()
        mine, other = village.orders()
        browser = village.as_(village.owners[0])
        page = browser.get(f"/farm/orders/{mine.public_id}/label").text
        for shown in (group.reference, "王小满", "138 0013 8000", "南街 1 号", "<svg", "By way of Baini hub"):
            assert shown in page
        assert "¥" not in page
        assert village.buyer.login not in page
        assert browser.get(f"/farm/orders/{other.public_id}/label").status_code == 404

    def test_goods_that_must_be_cold_say_so(self, village: Village, session: Session) -> None:
        browser = village.as_(village.owners[0])
        path = f"/farm/listings/{village.listings[0].public_id}"
        form = {"price": "10", "title_zh": "红苹果", "title_en": "Red apples"}
        assert browser.post(path, {**form, "temperature": "frozen"}, sent_from=path).status_code == 303
        assert browser.post(path, form, sent_from=path).status_code == 303
        assert session.scalars(select(Listing.temperature).order_by(Listing.id)).all() == ["frozen", "ambient"]
        assert browser.post(path, {**form, "temperature": "boiling"}, sent_from=path).status_code == 422


class TestAtTheHub:
    """The keeper takes in and sends on."""

    def test_parcels_come_and_leave_together(self, village: Village) -> None:
        group = village.bought()
        hub, (first, second) = f"/hub/{village.hub.public_id}", village.orders()
        browser = village.as_(village.keeper)
        assert hub in browser.get("/hub/").text
        assert browser.get(hub).text.count("It is here") == 2
        assert "王小满" not in browser.get(hub).text
        assert group.reference in browser.get(f"{hub}/orders/{first.public_id}").text
        for order in (first, second):
            assert browser.post(f"{hub}/orders/{order.public_id}/received", sent_from=hub).status_code == 303
        page = browser.get(hub).text
        assert "2 of 2 parcels here" in page
        shipment = db.session.scalars(select(Shipment)).one()
        path = f"{hub}/shipments/{shipment.public_id}/dispatch"
        for form, words in (
            ({}, "Please choose who takes the parcel."),
            ({"carrier": "sf"}, "Please type the number"),
            ({"carrier": "nobody"}, "There is no such carrier."),
        ):
            answer = browser.post(path, form, sent_from=hub)
            assert words in answer.text
            assert answer.status_code in (404, 422)
        assert browser.post(path, {"carrier": "van"}, sent_from=hub).status_code == 303
        assert (shipment.state, [order.state for order in village.orders()]) == ("handed_over", ["shipped"] * 2)
        path = f"{hub}/shipments/{shipment.public_id}/arrived"
        assert path in browser.get(hub).text
        assert village.as_(village.buyer).post(path).status_code == 404
        assert village.as_(village.keeper).post(path, sent_from=hub).status_code == 303
        assert (shipment.state, [order.state for order in village.orders()]) == ("delivered", ["delivered"] * 2)

    def test_a_hub_is_its_keepers_and_the_operators(self, village: Village) -> None:
        village.bought()
        path = f"/hub/{village.hub.public_id}"
        order = village.orders()[0].public_id
        for who, status in ((village.owners[0], 404), (village.buyer, 404), (village.operator, 200), (village.keeper, 200)):
            browser = village.as_(who)
            assert browser.get(path).status_code == status
            assert browser.get(f"{path}/orders/{order}").status_code == status
        village.as_(village.buyer).post(f"{path}/orders/{order}/received")
        assert count(Shipment) == 0
        assert "You keep no hub." in village.as_(village.buyer).get("/hub/").text


ZONE = {"days_from": "1", "days_to": "2", "first_ambient": "8", "each_ambient": "1.5"}


class TestAtTheOperatorsDesk:
    """Terms are data that the operator edits."""

    def test_a_carrier_a_method_and_its_rates_are_set_on_one_page(self, village: Village, session: Session) -> None:
        browser, page = village.as_(village.operator), "/operator/delivery/"
        carrier = {"code": "zto", "name_zh": "中通", "name_en": "ZTO", "numbered": "true"}
        assert browser.post(f"{page}carriers", carrier, sent_from=page).status_code == 303
        again = browser.post(f"{page}carriers", carrier, sent_from=page)
        assert (again.status_code, "There is a carrier with this code already." in again.text) == (409, True)
        assert 'value="中通"' in again.text
        method = {"kind": "courier", "name_zh": "中通快递", "name_en": "ZTO parcel", "origin_code": COUNTY, "carrier": "zto"}
        assert browser.post(f"{page}methods", method, sent_from=page).status_code == 303
        made = session.scalars(select(DeliveryMethod).order_by(DeliveryMethod.id.desc()).limit(1)).one()
        today = clock.local_day(clock.now())
        form = {**ZONE, "from_day": today.isoformat(), "area_code": "52", "free_ambient": "99"}
        zones = f"{page}methods/{made.public_id}/zones"
        assert browser.post(zones, form, sent_from=page).status_code == 303
        zone = session.scalars(select(DeliveryZone).filter_by(method_id=made.id)).one()
        assert (zone.area_code, zone.valid_from, [(r.first_kg_fen, r.each_kg_fen, r.free_from_fen) for r in zone.rates]) == (
            "52",
            today,
            [(800, 150, 9900)],
        )
        assert "Not cooled: ¥8.00 + ¥1.50 per further kg, free from ¥99.00 on" in browser.get(page).text
        assert browser.post(f"{page}methods/{made.public_id}/end", sent_from=page).status_code == 303
        assert (made.valid_to, count(DeliveryZone)) == (today, 3)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"from_day": "2020-01-01"}, "not in the past"),
            ({"from_day": "soon"}, "Please give a day"),
            ({"days_from": "3"}, "as a first and a last"),
            ({"days_to": "61"}, "as a first and a last"),
            ({"area_code": "999999"}, "no area with the code"),
            ({"area_code": "5"}, "an area’s code"),
            ({"each_ambient": "9"}, "must not cost more than the first"),
            ({"first_ambient": "-1"}, "must not cost more than the first"),
            ({"first_ambient": ""}, "the price of the first kilogram"),
            ({"first_ambient": "99999", "each_ambient": "0"}, "at most 10000 yuan"),
            ({"free_ambient": "0"}, "at most 10000 yuan"),
            ({"first_ambient": "8.001"}, "two decimals"),
            ({"surprise": "1"}, "Nothing of this name"),
        ],
    )
    def test_terms_that_cannot_be_right_are_refused_and_what_was_typed_stays(
        self, village: Village, changes: dict[str, str], words: str
    ) -> None:
        browser, page = village.as_(village.operator), "/operator/delivery/"
        form = {**ZONE, "from_day": clock.local_day(clock.now()).isoformat(), **changes}
        before = count(DeliveryZone)
        answer = browser.post(f"{page}methods/{village.courier.public_id}/zones", form, sent_from=page)
        assert answer.status_code == 422
        assert words in answer.text
        assert 'value="1.5"' in answer.text or "each_ambient" in changes
        assert count(DeliveryZone) == before

    def test_hubs_and_points_are_opened_changed_and_closed(self, village: Village, session: Session) -> None:
        browser, page = village.as_(village.operator), "/operator/delivery/places"
        base = "/operator/delivery"
        place = {"name_zh": "新集货点", "name_en": "New hub", "area_code": "522636100", "address": "镇口", "hours": "8–18"}
        nobody = browser.post(f"{base}/hubs", {**place, "login": "nobody"}, sent_from=page)
        assert (nobody.status_code, "Nobody signs in with this name." in nobody.text) == (422, True)
        assert 'value="新集货点"' in nobody.text
        assert browser.post(f"{base}/hubs", {**place, "login": village.keeper.login}, sent_from=page).status_code == 303
        hub = session.scalars(select(Hub).filter_by(name_en="New hub")).one()
        assert hub.keeper == village.keeper.public_id
        assert browser.post(f"{base}/hubs/{hub.public_id}/end", sent_from=page).status_code == 303
        assert hub.valid_to is not None
        assert browser.post(f"{base}/points", {**place, "capacity": "-1"}, sent_from=page).status_code == 422
        assert browser.post(f"{base}/points", {**place, "capacity": "5"}, sent_from=page).status_code == 303
        point = session.scalars(select(PickupPoint)).one()
        assert browser.post(f"{base}/points/{point.public_id}/capacity", {"capacity": "7"}, sent_from=page).status_code == 303
        assert point.capacity == 7
        assert browser.post(f"{base}/points/{point.public_id}/capacity", {"capacity": "x"}, sent_from=page).status_code == 422
        assert browser.post(f"{base}/points/{point.public_id}/end", sent_from=page).status_code == 303
        assert point.valid_to is not None
        assert "Kept by 村集货员" in browser.get(page).text

    def test_a_lost_parcel_is_noted_and_made_good_with_one_button(self, village: Village) -> None:
        village.bought(**{f"way-{village.hub.public_id}": village.courier.public_id})
        order = village.orders()[0]
        farm = village.as_(village.owners[0])
        farm.post(f"/farm/orders/{order.public_id}/ship", {"carrier": "van"}, sent_from="/farm/")
        shipment = db.session.scalars(select(Shipment)).one()
        browser, page = village.as_(village.operator), "/operator/shipments/"
        path = f"{page}{shipment.public_id}"
        assert "Lost or come back" not in browser.get(page).text
        assert browser.post(f"{path}/news", {"action": "burn"}, sent_from=page).status_code == 422
        assert browser.post(f"{path}/resolve", sent_from=page).status_code == 409
        assert browser.post(f"{path}/news", {"action": "lose", "place": "贵阳"}, sent_from=page).status_code == 303
        answer = browser.post(f"{path}/news", {"action": "deliver"}, sent_from=page)
        assert (answer.status_code, "can no longer be changed" in answer.text) == (409, True)
        assert "Give back ¥17.50" in browser.get(page).text
        for _ in range(2):
            assert browser.post(f"{path}/resolve", sent_from=page).status_code == 303
        assert db.session.scalars(select(Refund.amount_fen)).all() == [1750]
        assert shipment.resolved_at is not None
        assert shipment.reference in browser.get(f"{page}?q={shipment.reference}").text
        assert "No shipment found" in browser.get(f"{page}?q=nothing").text
        assert "Lost on its way" in village.as_(village.buyer).get(f"/orders/{order.group.public_id}").text

    def test_a_farm_says_on_its_page_what_of_a_parcel_that_came_back_is_sold_again(self, village: Village) -> None:
        village.bought(**{f"way-{village.hub.public_id}": village.courier.public_id})
        order = village.orders()[0]
        farm, page = village.as_(village.owners[0]), "/farm/came-back/"
        farm.post(f"/farm/orders/{order.public_id}/ship", {"carrier": "van"}, sent_from="/farm/")
        assert "came back" not in farm.get("/farm/").text
        shipment = db.session.scalars(select(Shipment)).one()
        operator, desk = village.as_(village.operator), "/operator/shipments/"
        for path, form in (("news", {"action": "return"}), ("resolve", {})):
            assert operator.post(f"{desk}{shipment.public_id}/{path}", form, sent_from=desk).status_code == 303
        farm = village.as_(village.owners[0])
        assert "A parcel came back. Please look at it." in farm.get("/farm/").text
        assert order.group.reference in farm.get(page).text
        listing = db.session.get_one(Listing, order.lines[0].listing_id, populate_existing=True)
        before, quantity = listing.available, order.lines[0].quantity
        for typed, words in (("many", "Please give a number"), ("9999", "No more can be fit for sale")):
            answer = farm.post(f"{page}{order.public_id}", {"sound-1": typed}, sent_from=page)
            assert (answer.status_code, words in answer.text, f'value="{typed}"' in answer.text) == (422, True, True)
        assert farm.post(f"{page}{order.public_id}", {}, sent_from=page).status_code == 422
        for _ in range(2):
            answer = farm.post(f"{page}{order.public_id}", {"sound-1": f"{quantity:f}"}, sent_from=page)
            assert answer.status_code == 303
        assert db.session.get_one(Listing, listing.id, populate_existing=True).available == before + quantity
        assert "Nothing came back" in farm.get(page).text


def test_without_terms_the_checkout_is_as_it_was(session: Session, browser: Browser) -> None:
    world = ShopWorld()
    world.basket((world.apples, 1))
    browser.is_now(world.buyer)
    page = browser.get("/checkout").text
    assert "How shall it travel?" not in page
    assert "Included" in page
