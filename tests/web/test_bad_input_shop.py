"""What cannot be right on the shop's and the account's pages: a clear answer, the right status, nothing written."""

from decimal import Decimal
from typing import Any

import pytest
from flask import g
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account, SignInAttempt
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import Base, db
from marketplace.orders.models import Basket, BasketLine, OrderGroup
from marketplace.recommendations.models import Event, Preference
from tests import factories
from tests.web.conftest import Browser
from tests.web.shop_world import ADDRESS, ShopWorld

HTML = "<script>alert(1)</script>"
SQL = "'; DROP TABLE listing; --"
NUL = "a\x00b"
BROKEN = b"\xff\xfe\x80"
MEGABYTE = "x" * 1_000_000
A_NAME = "23456789abcdef"


@pytest.fixture
def world(session: Session, browser: Browser) -> ShopWorld:
    made = ShopWorld()
    browser.is_now(made.buyer)
    return made


def count(model: type[Base]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def written() -> tuple[int, ...]:
    tables = (Basket, BasketLine, OrderGroup, Event, AuditEvent, Account, Preference, SignInAttempt)
    return tuple(count(model) for model in tables)


def lines() -> list[Decimal]:
    return list(db.session.scalars(select(BasketLine.quantity).order_by(BasketLine.id)))


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        ("", "Please say how much."),
        ("0", "Please choose a quantity between 0 and 9999."),
        ("-1", "Please choose a quantity between 0 and 9999."),
        ("10000", "Please choose a quantity between 0 and 9999."),
        ("1e9", "Please choose a quantity between 0 and 9999."),
        ("1e400", "Please enter a number."),
        ("NaN", "Please enter a number."),
        ("Infinity", "Please enter a number."),
        ("a lot", "Please enter a number."),
        ("0.5", "This is sold in steps of 1."),
        ("9" * 5000, "Please enter a number."),
        (HTML, "Please enter a number."),
        (SQL, "Please enter a number."),
        (NUL, "Please enter a number."),
    ],
)
def test_a_quantity_that_cannot_be_bought_is_refused(browser: Browser, world: ShopWorld, quantity: str, message: str) -> None:
    before = written()
    answer = browser.post("/basket/lines", {"listing": world.apples.public_id, "quantity": quantity})
    assert answer.status_code == 422
    assert message in answer.text
    assert HTML not in answer.text
    assert written() == before


@pytest.mark.parametrize("quantity", ["-1", "10000", "a lot", "0.5", ""])
def test_a_line_keeps_its_quantity_when_the_new_one_cannot_be(browser: Browser, world: ShopWorld, quantity: str) -> None:
    world.basket((world.apples, 2))
    line = db.session.scalars(select(BasketLine.public_id)).one()
    answer = browser.post(f"/basket/lines/{line}", {"quantity": quantity})
    assert answer.status_code == 422
    assert "Your basket" in answer.text
    assert lines() == [2]


def test_more_than_there_is_is_refused_with_what_is_left(browser: Browser, world: ShopWorld) -> None:
    before = written()
    answer = browser.post("/basket/lines", {"listing": world.apples.public_id, "quantity": "11"})
    assert (answer.status_code, written()) == (409, before)
    assert "Not enough left: Red apples, 1.5 kg (10 available)." in answer.text
    world.basket((world.apples, 2))
    line = db.session.scalars(select(BasketLine.public_id)).one()
    answer = browser.post(f"/basket/lines/{line}", {"quantity": "11"})
    assert (answer.status_code, lines()) == (409, [2])
    assert "Not enough left: Red apples, 1.5 kg (10 available)." in answer.text


def test_a_line_of_somebody_elses_basket_counts_as_absent(browser: Browser, world: ShopWorld) -> None:
    world.basket((world.apples, 2), owner=factories.account())
    line = db.session.scalars(select(BasketLine.public_id)).one()
    for quantity in ("1", "0"):
        assert browser.post(f"/basket/lines/{line}", {"quantity": quantity}).status_code == 404
    browser.is_now(None)
    assert browser.post(f"/basket/lines/{line}", {"quantity": "1"}).status_code == 404
    assert lines() == [2]


def test_a_visitor_cannot_name_an_accounts_basket_in_the_cookie(browser: Browser, world: ShopWorld) -> None:
    basket = world.basket((world.apples, 2))
    browser.is_now(None)
    with browser.client.session_transaction() as kept:
        kept["basket"] = basket.public_id
    assert "Your basket is empty" in browser.get("/basket").text
    browser.post("/basket/lines", {"listing": world.greens.public_id, "quantity": "1"})
    assert db.session.scalars(select(BasketLine.quantity).filter_by(basket_id=basket.id)).all() == [2]


@pytest.mark.parametrize("listing", ["", A_NAME, NUL, HTML, SQL, "x" * 5000])
def test_a_listing_that_is_not_there_cannot_be_put_in(browser: Browser, world: ShopWorld, listing: str) -> None:
    before = written()
    answer = browser.post("/basket/lines", {"listing": listing, "quantity": "1"})
    assert answer.status_code in (404, 422)
    assert HTML not in answer.text
    assert written() == before


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/basket/lines", {"listing": "{apples}", "quantity": "1"}),
        ("/personalisation", {"choice": "off"}),
        ("/sign-out-everywhere", {}),
        ("/language", {"locale": "en"}),
        ("/sign-in", {"login": "wang", "password": factories.PASSWORD}),
        ("/sign-up", {"login": "newcomer", "display_name": "新人", "password": "a long password"}),
    ],
)
@pytest.mark.parametrize("name", ["price_fen", "account_id", "string", "status", HTML, NUL])
def test_a_field_that_a_form_does_not_have_is_refused(
    browser: Browser, world: ShopWorld, path: str, form: dict[str, str], name: str
) -> None:
    before = written()
    filled = {key: value.format(apples=world.apples.public_id) for key, value in form.items()}
    answer = browser.post(path, {**filled, name: "1"})
    assert answer.status_code == 422
    assert HTML not in answer.text
    assert written() == before


@pytest.mark.parametrize("choice", ["", "maybe", NUL, HTML])
def test_a_choice_that_is_none_changes_nothing(browser: Browser, world: ShopWorld, choice: str) -> None:
    before = written()
    answer = browser.post("/personalisation", {"choice": choice})
    assert (answer.status_code, written()) == (422, before)
    assert "Please press one of the buttons." in answer.text


FORMS: dict[str, dict[str, str]] = {
    "/basket/lines": {"listing": A_NAME, "quantity": "1"},
    f"/basket/lines/{A_NAME}": {"quantity": "1"},
    "/checkout": {**ADDRESS, "basket": A_NAME, "expected_total_fen": "1"},
    "/personalisation": {"choice": "off"},
    "/language": {"locale": "en", "next": "/"},
    "/sign-up": {"login": "newcomer", "display_name": "新人", "password": "a long password", "next": "/"},
    "/sign-in": {"login": "wang", "password": "a long password", "next": "/"},
}
FIELDS = [(path, name) for path, form in FORMS.items() for name in form]


@pytest.mark.parametrize(("path", "name"), FIELDS)
def test_bytes_that_are_no_text_are_refused_in_every_field(browser: Browser, world: ShopWorld, path: str, name: str) -> None:
    before = written()
    answer = browser.post(path, {**FORMS[path], name: BROKEN})
    assert (answer.status_code, written()) == (422, before)


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, name in FIELDS if name != "password"])
def test_a_nul_is_refused_in_every_field(browser: Browser, world: ShopWorld, path: str, name: str) -> None:
    before = written()
    answer = browser.post(path, {**FORMS[path], name: NUL})
    assert (answer.status_code, written()) == (422, before)


@pytest.mark.parametrize(("path", "name"), FIELDS)
def test_a_megabyte_of_text_is_too_large_in_every_field(browser: Browser, world: ShopWorld, path: str, name: str) -> None:
    before = written()
    answer = browser.post(path, {**FORMS[path], name: MEGABYTE})
    assert (answer.status_code, written()) == (413, before)


@pytest.mark.parametrize("words", [HTML, SQL])
def test_html_and_sql_are_kept_as_the_words_they_are(browser: Browser, world: ShopWorld, session: Session, words: str) -> None:
    basket = world.basket((world.apples, 1))
    form = {**ADDRESS, "recipient": words, "address": words, "basket": basket.public_id, "expected_total_fen": "1250"}
    sent = browser.post("/checkout", form)
    assert sent.status_code == 303
    group = session.scalars(select(OrderGroup)).one()
    assert (group.recipient, group.address) == (words, words)
    page = browser.get(sent.location).text
    assert HTML not in page
    assert ("&lt;script&gt;" in page) == (words == HTML)
    browser.post("/basket/lines", {"listing": world.greens.public_id, "quantity": "1"})
    assert HTML not in browser.get("/checkout").text
    browser.is_now(None)
    assert browser.post("/sign-up", {"login": "newcomer", "display_name": words, "password": words}).status_code == 303
    assert session.scalars(select(Account.display_name).filter_by(login="newcomer")).one() == words
    assert HTML not in browser.get("/settings").text


@pytest.mark.parametrize("words", [HTML, SQL, "%' OR 1=1 --", "\\", "🍎", "'", "a:*b & !c"])
def test_any_words_can_be_searched_for(browser: Browser, world: ShopWorld, words: str) -> None:
    for path in ("/search", "/suggest"):
        answer = browser.get(path, query_string={"q": words})
        assert answer.status_code == 200
        assert HTML not in answer.text
    assert count(Account) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "-1"},
        {"page": "x"},
        {"page": "9" * 5000},
        {"price": "5"},
        {"price": "-1"},
        {"price": "cheap"},
        {"county": "52"},
        {"county": "5226%6"},
        {"county": HTML},
        {"sort": "sideways"},
        {"category": "' OR 1=1"},
        {"q": NUL},
        {"q": "x" * 201},
    ],
)
def test_a_link_with_a_part_that_does_not_fit_is_refused(browser: Browser, world: ShopWorld, query: dict[str, str]) -> None:
    answer = browser.get("/search", query_string=query)
    assert answer.status_code == 422
    assert HTML not in answer.text
    assert "This link has a part that does not fit." in answer.text or "q" in query


@pytest.mark.parametrize("name", ["_scheme", "_external", "_anchor", "_method", "endpoint", "slug", "utm_source"])
def test_what_others_add_to_a_link_does_not_break_the_page(browser: Browser, world: ShopWorld, name: str) -> None:
    answer = browser.get("/c/fruit", query_string={name: "javascript"})
    assert answer.status_code == 200
    assert 'href="javascript' not in answer.text
    assert 'href="/c/javascript' not in answer.text


@pytest.mark.parametrize("name", ["%00", "%FF%FE", "%27%20OR%201=1", "x" * 5000, "%3Cscript%3E", A_NAME])
@pytest.mark.parametrize("path", ["/p/{}", "/c/{}", "/orders/{}"])
def test_names_that_nothing_has_are_not_found(browser: Browser, world: ShopWorld, path: str, name: str) -> None:
    answer = browser.get(path.format(name))
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_a_listing_that_is_not_on_sale_is_not_found(browser: Browser, world: ShopWorld, session: Session) -> None:
    hidden = factories.listing(state=factories.ListingState.DRAFT)
    session.commit()
    before = written()
    assert browser.get(f"/p/{hidden.public_id}").status_code == 404
    assert browser.post("/basket/lines", {"listing": hidden.public_id, "quantity": "1"}).status_code == 404
    assert written() == before


@pytest.mark.parametrize("path", list(FORMS))
def test_a_form_without_a_token_is_refused(browser: Browser, world: ShopWorld, path: str) -> None:
    before = written()
    forms: list[dict[str, Any]] = [FORMS[path], {**FORMS[path], "csrf_token": "made up"}]
    for form in forms:
        vars(g._get_current_object()).clear()
        answer = browser.client.post(path, data=form, headers=browser.headers)
        assert answer.status_code == 400
        assert "This form has expired." in answer.text
    assert written() == before


def test_a_token_of_another_browser_is_refused(browser: Browser, world: ShopWorld) -> None:
    other = Browser(browser.client.application.test_client())  # type: ignore[attr-defined]
    token = other.token()
    browser.token()
    before = written()
    vars(g._get_current_object()).clear()
    answer = browser.client.post("/personalisation", data={"choice": "off", "csrf_token": token})
    assert (answer.status_code, written()) == (400, before)
