"""Signing up, in and out; language; settings."""

from datetime import timedelta

import pytest
from flask import g
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account, RoleKind, SignInAttempt
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import Base, db
from marketplace.orders.models import Basket, BasketLine
from marketplace.web.redirects import own_path
from tests import factories
from tests.web.conftest import Browser
from tests.web.shop_world import ShopWorld

PASSWORD = factories.PASSWORD
FOREIGN = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example/",
    "/\n/evil.example",
    " /basket",
    "javascript:alert(1)",
    "basket",
]


def count(model: type[Base]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def sign_in(browser: Browser, login: str, password: str = PASSWORD, **fields: str) -> int:
    return browser.post("/sign-in", {"login": login, "password": password, **fields}, sent_from="/sign-in").status_code


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/settings").status_code == 200


def test_the_right_password_begins_a_session_under_a_new_cookie(browser: Browser, session: Session) -> None:
    factories.account(login="wang")
    token, before = browser.token("/sign-in"), browser.cookie()
    vars(g._get_current_object()).clear()
    answer = browser.client.post("/sign-in", data={"csrf_token": token, "login": "WANG ", "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/")
    assert before is not None
    assert browser.cookie() not in (None, before)
    with browser.client.session_transaction() as kept:
        assert "csrf_token" not in kept
    assert is_signed_in(browser)


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(browser: Browser, session: Session) -> None:
    factories.account(login="wang")
    answers = [
        browser.post("/sign-in", {"login": login, "password": password}, sent_from="/sign-in")
        for login, password in (("wang", "not the password"), ("nobody-here", PASSWORD))
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    for answer in answers:
        assert "The name or the password is not right." in answer.text
        assert "not the password" not in answer.text
    assert not is_signed_in(browser)
    assert sorted(session.scalars(select(SignInAttempt.login))) == ["nobody-here", "wang"]


def test_after_five_failures_even_the_right_password_waits(browser: Browser, session: Session) -> None:
    factories.account(login="wang")
    assert [sign_in(browser, "wang", "wrong") for _ in range(6)] == [401] * 5 + [429]
    refused = browser.post("/sign-in", {"login": "wang", "password": PASSWORD}, sent_from="/sign-in")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert "Too many attempts." in refused.text
    assert not is_signed_in(browser)
    # Another name is not held up, and an attempt that was not looked at does not count.
    factories.account(login="chen")
    assert sign_in(browser, "chen") == 303
    assert count(SignInAttempt) == 5


def test_failures_of_a_quarter_of_an_hour_ago_are_forgotten(browser: Browser, session: Session) -> None:
    factories.account(login="wang")
    long_ago = clock.now() - timedelta(minutes=16)
    session.add_all(SignInAttempt(login="wang", address="127.0.0.1", at=long_ago) for _ in range(5))
    session.flush()
    assert sign_in(browser, "wang") == 303


def test_an_account_that_was_closed_cannot_sign_in(browser: Browser, session: Session) -> None:
    factories.account(login="wang").active = False
    session.flush()
    assert sign_in(browser, "wang") == 401
    assert not is_signed_in(browser)


def test_a_page_for_accounts_sends_to_the_sign_in_and_back(browser: Browser, session: Session) -> None:
    factories.account(login="wang")
    sent = browser.get("/orders?after=23456789abcdef")
    assert (sent.status_code, sent.location) == (302, "/sign-in?next=/orders?after%3D23456789abcdef")
    page = browser.get(sent.location)
    assert 'name="next" value="/orders?after=23456789abcdef"' in page.text
    answer = browser.post(
        "/sign-in", {"login": "wang", "password": PASSWORD, "next": "/orders?after=23456789abcdef"}, sent_from="/sign-in"
    )
    assert answer.location == "/orders?after=23456789abcdef"


@pytest.mark.parametrize("target", FOREIGN)
def test_nobody_is_sent_to_another_site(browser: Browser, session: Session, target: str) -> None:
    factories.account(login="wang")
    assert own_path(target) is None
    page = browser.get("/sign-in", query_string={"next": target})
    assert 'name="next" value=""' in page.text
    signed = browser.post("/sign-in", {"login": "wang", "password": PASSWORD, "next": target}, sent_from="/sign-in")
    changed = browser.post("/language", {"locale": "en", "next": target})
    for answer in (signed, changed):
        # A space at the edge is trimmed away, and what is left may be a page of ours.
        assert (answer.status_code, answer.location) == (303, "/basket" if target == " /basket" else "/")
    assert browser.get("/sign-in", query_string={"next": target}).location == "/"


def test_what_a_visitor_put_in_the_basket_comes_along(browser: Browser, session: Session) -> None:
    world = ShopWorld()
    mine = world.basket((world.apples, 1), (world.greens, 5))
    for listing, quantity in ((world.apples, "3"), (world.greens, "2"), (world.pears, "1")):
        browser.post("/basket/lines", {"listing": listing.public_id, "quantity": quantity})
    assert count(Basket) == 2
    assert sign_in(browser, world.buyer.login) == 303
    lines = session.execute(
        select(BasketLine.basket_id, BasketLine.listing_id, BasketLine.quantity).order_by(BasketLine.listing_id)
    )
    assert lines.all() == [(mine.id, world.apples.id, 3), (mine.id, world.greens.id, 5), (mine.id, world.pears.id, 1)]
    assert count(Basket) == 1


def test_signing_out_leaves_nothing_of_the_account_in_the_browser(browser: Browser, session: Session) -> None:
    world = ShopWorld()
    world.basket((world.apples, 1))
    assert sign_in(browser, world.buyer.login) == 303
    assert "Red apples" in browser.get("/basket").text
    out = browser.post("/sign-out")
    assert (out.status_code, out.location) == (303, "/")
    assert not is_signed_in(browser)
    assert "Your basket is empty" in browser.get("/basket").text


def test_signing_up_opens_a_consumers_account_and_begins_its_session(browser: Browser, session: Session) -> None:
    answer = browser.post(
        "/sign-up", {"login": "Li@Example.org", "display_name": "李雷", "password": " three words here ", "next": "/basket"}
    )
    assert (answer.status_code, answer.location) == (303, "/basket")
    opened = session.scalars(select(Account)).one()
    assert (opened.login, opened.display_name, opened.locale) == ("li@example.org", "李雷", "en")
    assert [(role.kind, role.scope_code) for role in opened.roles] == [(RoleKind.CONSUMER, "")]
    assert is_signed_in(browser)
    browser.post("/sign-out")
    # The blanks belong to the password.
    assert sign_in(browser, "li@example.org", "three words here") == 401
    assert sign_in(browser, "li@example.org", " three words here ") == 303


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"login": "wang"}, 409, "There is an account with this name already."),
        ({"login": "abc"}, 422, "Sign in with a phone number, an e-mail address, or a name of at least 4 letters."),
        ({"login": ""}, 422, "Please give the name you sign in with."),
        ({"login": "l" * 121}, 422, "Sign in with a phone number"),
        ({"display_name": ""}, 422, "Please say what we shall call you."),
        ({"display_name": "长" * 61}, 422, "Please give a name of 1 to 60 characters."),
        ({"password": "short"}, 422, "The password needs 8 to 200 characters."),
        ({"password": "x" * 201}, 422, "The password needs 8 to 200 characters."),
        ({"kind": "operator"}, 422, "This form has a field that does not belong to it."),
        ({"roles": "operator"}, 422, "This form has a field that does not belong to it."),
    ],
)
def test_an_account_that_cannot_be_is_refused_beside_its_field(
    browser: Browser, session: Session, changes: dict[str, str], status: int, message: str
) -> None:
    factories.account(login="wang")
    acts = count(AuditEvent)
    form = {"login": "newcomer", "display_name": "新人", "password": "a long password"}
    answer = browser.post("/sign-up", {**form, **changes}, sent_from="/sign-up")
    assert answer.status_code == status
    assert message in answer.text
    assert 'value="a long password"' not in answer.text
    assert (count(Account), count(AuditEvent)) == (1, acts)
    assert not is_signed_in(browser)


def test_a_form_without_its_token_is_refused(browser: Browser, session: Session) -> None:
    factories.account(login="wang")
    for data in ({}, {"csrf_token": "made up"}):
        answer = browser.client.post("/sign-in", data={"login": "wang", "password": PASSWORD, **data})
        assert answer.status_code == 400
        vars(g._get_current_object()).clear()
    assert not is_signed_in(browser)


def test_a_language_is_kept_by_the_browser_and_by_the_account(browser: Browser, session: Session) -> None:
    reader = factories.account(login="wang")
    browser.is_now(reader)
    answer = browser.post("/language", {"locale": "zh_Hans", "next": "/about?x=1"})
    assert (answer.status_code, answer.location) == (303, "/about?x=1")
    cookie = browser.client.get_cookie("locale")
    assert cookie is not None
    assert (cookie.value, cookie.max_age, cookie.http_only, cookie.same_site) == ("zh_Hans", 31_536_000, True, "Lax")
    assert session.scalars(select(Account.locale)).one() == "zh_Hans"
    assert '<html lang="zh-Hans">' in browser.get("/about").text
    refused = browser.post("/language", {"locale": "xx"})
    assert refused.status_code == 422
    assert session.scalars(select(Account.locale)).one() == "zh_Hans"


def test_a_visitor_can_choose_a_language_too(browser: Browser, session: Session) -> None:
    assert '<html lang="en">' in browser.get("/about").text
    browser.post("/language", {"locale": "zh_Hans"})
    assert '<html lang="zh-Hans">' in browser.get("/about").text


def test_signing_out_everywhere_ends_every_session_and_is_written_down(browser: Browser, session: Session, app: object) -> None:
    reader = factories.account(login="wang")
    phone = Browser(browser.client.application.test_client())  # type: ignore[attr-defined]
    phone.is_now(reader)
    browser.is_now(reader)
    assert is_signed_in(phone)
    answer = browser.post("/sign-out-everywhere", sent_from="/settings")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert "You are signed out on every device." in browser.get("/sign-in").text
    assert not is_signed_in(browser)
    assert not is_signed_in(phone)
    assert session.scalars(select(AuditEvent.verb)).all() == ["sessions.ended"]


def test_the_settings_show_what_is_chosen(browser: Browser, session: Session) -> None:
    browser.is_now(factories.account(login="wang", name="王小满"))
    page = browser.get("/settings").text
    assert "Signed in as 王小满 (wang)" in page
    assert "Switch off" in page
    browser.post("/personalisation", {"choice": "off"}, sent_from="/settings")
    assert "Switch on" in browser.get("/settings").text
