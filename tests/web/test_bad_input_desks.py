"""What people should not send: each is refused with a clear word, and nothing is written."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, Lot
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.ledger.models import Transfer
from marketplace.orders.states import OrderState
from marketplace.payments.states import PaymentState
from tests.web.desk_world import Desk, World, count, make_account

HTML = "<script>alert(1)</script>"
SQL = "'; DROP TABLE listing; --"
NUL = "a\x00b"
BROKEN = b"\xff\xfe\x80"
TEXT_FIELDS = ("title_zh", "title_en", "story_zh", "story_en")


def form(**changes: Any) -> dict[str, Any]:
    today = clock.local_day(clock.now()).isoformat()
    kept = {"product": "apple", "unit": "jin", "price": "9.90", "harvested_on": today, "quantity": "5", "title_zh": "苹果"}
    return {**kept, **changes}


def written() -> tuple[int, int, int]:
    return count(Listing), count(Lot), count(AuditEvent)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"price": "-1"}, "The price must be between 0.01 and 1,000,000 yuan."),
        ({"price": "0"}, "The price must be between 0.01 and 1,000,000 yuan."),
        ({"price": "1000000.01"}, "The price must be between 0.01 and 1,000,000 yuan."),
        ({"price": "1e400"}, "Please enter a number."),
        ({"price": "NaN"}, "Please enter a number."),
        ({"price": "1.234"}, "Please give an amount in yuan with at most two decimals."),
        ({"price": "ten"}, "Please enter a number."),
        ({"price": ""}, "Please give the price."),
        ({"quantity": "-5"}, "Please choose a quantity between 0 and 9999."),
        ({"quantity": "0"}, "Please choose a quantity between 0 and 9999."),
        ({"quantity": "10000"}, "Please choose a quantity between 0 and 9999."),
        ({"quantity": "0.05"}, "This is sold in steps of 0.1."),
        ({"quantity": "1.5", "unit": "box", "unit_grams": "500"}, "This is sold in steps of 1."),
        ({"quantity": "Infinity"}, "Please enter a number."),
        ({"unit": "box"}, "Please say what one of them weighs."),
        ({"unit": "box", "unit_grams": "1000001"}, "One unit must weigh between 1 g and 1,000 kg."),
        ({"unit": "box", "unit_grams": "-3"}, "One unit must weigh between 1 g and 1,000 kg."),
        ({"unit": "box", "unit_grams": "9" * 5000}, "Please enter a whole number."),
        ({"unit": "box", "unit_grams": "2.5"}, "Please enter a whole number."),
        ({"unit": "stone"}, "Please choose a unit."),
        ({"unit": ""}, "Please choose a unit."),
        ({"product": "gold"}, "Please choose what it is."),
        ({"product": NUL}, "This text has characters that cannot be shown."),
        ({"harvested_on": "9999-12-31"}, "The harvest day cannot lie in the future."),
        ({"harvested_on": "0001-01-01"}, "That harvest is too long ago to be sold as fresh."),
        ({"harvested_on": "31.12.2025"}, "Please give a day, such as 2026-05-01."),
        ({"title_zh": ""}, "Please give a name in Chinese."),
        ({"title_zh": "长" * 81}, "Please give a title of 1 to 80 characters."),
        ({"title_en": "long " * 40}, "Please give a title of 1 to 80 characters."),
        ({"story_zh": "长" * 4001}, "The description may have at most 4,000 characters."),
        ({"producer_id": "1"}, "This form has a field that does not belong to it."),
        ({"benefit_bp": "10000"}, "This form has a field that does not belong to it."),
        ({HTML: "1"}, "This form has a field that does not belong to it."),
    ],
)
def test_a_listing_that_cannot_be_right_is_refused_beside_its_field(
    farmer: Desk, changes: dict[str, Any], message: str
) -> None:
    before = written()
    answer = farmer.post("/farm/listings/new", form(**changes))
    assert answer.status_code == 422
    assert message in answer.text
    assert HTML not in answer.text
    assert written() == before


@pytest.mark.parametrize("field", [*TEXT_FIELDS, "households", "product", "unit", "price", "quantity", "harvested_on"])
@pytest.mark.parametrize("value", [NUL, BROKEN], ids=["NUL", "broken UTF-8"])
def test_text_that_no_screen_can_show_is_refused_in_every_field(farmer: Desk, field: str, value: Any) -> None:
    before = written()
    assert farmer.post("/farm/listings/new", form(**{field: value})).status_code == 422
    assert written() == before


@pytest.mark.parametrize("field", [*TEXT_FIELDS, "price"])
@pytest.mark.parametrize("value", [NUL, BROKEN], ids=["NUL", "broken UTF-8"])
def test_text_that_no_screen_can_show_is_refused_when_words_are_changed(
    farmer: Desk, world: World, session: Session, field: str, value: Any
) -> None:
    listing = world.listing()
    before = written()
    words = {"price": "1", "title_zh": "新", field: value}
    assert farmer.post(f"/farm/listings/{listing.public_id}", words).status_code == 422
    session.refresh(listing)
    assert (listing.title_zh, listing.price_fen, listing.story_zh, written()) == ("红苹果", 1200, "", before)


@pytest.mark.parametrize("value", [HTML, SQL])
def test_html_and_sql_are_kept_as_the_words_they_are(farmer: Desk, world: World, session: Session, value: str) -> None:
    answer = farmer.post("/farm/listings/new", form(**dict.fromkeys(TEXT_FIELDS, value)))
    assert answer.status_code == 303
    listing = session.scalars(select(Listing)).one()
    assert [getattr(listing, name) for name in TEXT_FIELDS] == [value] * 4
    for path in ("/farm/listings", f"/farm/listings/{listing.public_id}"):
        page = farmer.get(path)
        assert page.status_code == 200
        assert HTML not in page.text
    world.purchase(listing, "2", cash=True)
    assert HTML not in farmer.get("/farm/").text


def test_a_megabyte_of_text_is_too_large(farmer: Desk) -> None:
    before = written()
    answer = farmer.post("/farm/listings/new", form(story_zh="x" * 1_000_000))
    assert answer.status_code == 413
    assert written() == before


@pytest.mark.parametrize("name", ["quantity", "harvested_on"])
def test_a_harvest_with_something_missing_is_refused(farmer: Desk, world: World, session: Session, name: str) -> None:
    listing = world.listing(quantity="10")
    before = written()
    kept = {"quantity": "5", "harvested_on": clock.local_day(clock.now()).isoformat()}
    answer = farmer.post(f"/farm/listings/{listing.public_id}/harvest", {**kept, name: ""})
    session.refresh(listing)
    assert (answer.status_code, listing.available, written()) == (422, 10, before)


@pytest.mark.parametrize("act", ["publish", "withdraw"])
def test_a_button_with_a_field_of_its_own_is_refused(farmer: Desk, world: World, session: Session, act: str) -> None:
    listing = world.listing()
    before = written()
    for name in ("state", "string", "title_zh", "status", "code"):
        assert farmer.post(f"/farm/listings/{listing.public_id}/{act}", {name: "x"}).status_code == 422
    session.refresh(listing)
    assert (listing.state, written()) == ("on_sale", before)


def test_a_listing_without_stock_is_not_put_on_sale(farmer: Desk, world: World, session: Session) -> None:
    listing = world.listing(quantity="1")
    farmer.post(f"/farm/listings/{listing.public_id}/withdraw")
    world_before = count(AuditEvent)
    listing.available = listing.available * 0
    session.commit()
    assert farmer.post(f"/farm/listings/{listing.public_id}/publish").status_code == 409
    session.refresh(listing)
    assert (listing.state, count(AuditEvent)) == ("withdrawn", world_before)


def test_fields_that_do_not_belong_move_no_order_and_no_payment(client: FlaskClient, world: World, session: Session) -> None:
    group = world.purchase(world.listing(), "2", cash=True)
    order, payment = world.order(group), world.payment(group)
    assert Desk(client, world.farmer).post(f"/farm/orders/{order.public_id}/ship", {"packed": "1"}).status_code == 422
    desk = Desk(client, make_account(RoleKind.OPERATOR))
    for act in ("confirm", "cancel"):
        for name in ("amount", "string", "status"):
            assert desk.post(f"/operator/payments/{payment.public_id}/{act}", {name: "1"}).status_code == 422
    session.refresh(order)
    session.refresh(payment)
    assert (order.state, payment.state, count(Transfer)) == (OrderState.PLACED, PaymentState.AWAITING, 0)


@pytest.mark.parametrize("name", ["%00", "%FF%FE", "%27%20OR%201=1", "x" * 5000, "%3Cscript%3E"])
def test_names_that_nothing_can_have_are_not_found(client: FlaskClient, world: World, name: str) -> None:
    farmer = Desk(client, world.farmer)
    assert farmer.get(f"/farm/listings/{name}").status_code == 404
    assert farmer.post(f"/farm/orders/{name}/ship").status_code == 404
    operator = Desk(client, make_account(RoleKind.OPERATOR))
    assert operator.post(f"/operator/payments/{name}/confirm").status_code == 404
    assert count(Transfer) == 0
