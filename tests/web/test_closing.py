"""Closing one's account on its page: the password once more, a way back, and a proof without a name."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.fields.closing import close_due
from marketplace.identity.closures import REFLECTION
from marketplace.identity.models import Account, AccountClosure, RoleKind
from marketplace.identity.service import create_account
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.web.conftest import Browser

PAGE, PASSWORD = "/settings/closing", "a long password"


@pytest.fixture
def person(session: Session) -> Account:
    with transaction():
        return create_account("xiaoman@example.org", "王小满", PASSWORD, now=clock.now())


def closures() -> list[AccountClosure]:
    return list(db.session.scalars(select(AccountClosure)))


def test_a_person_sees_what_goes_asks_and_stays_after_all(browser: Browser, person: Account) -> None:
    browser.is_now(person)
    page = browser.get(PAGE).text
    assert "What is deleted" in page and "The books: the law has them kept for thirty years." in page
    wrong = browser.post(PAGE, {"password": "not that one"}, sent_from=PAGE)
    assert wrong.status_code == 422 and "This is not your password." in wrong.text and closures() == []
    assert browser.post(PAGE, {"password": PASSWORD}, sent_from=PAGE).status_code == 303
    (asked,) = closures()
    assert f"/closing/{asked.public_id}" in browser.get(PAGE).text
    assert browser.post(f"{PAGE}/back", sent_from=PAGE).status_code == 303
    assert closures()[0].taken_back_at is not None


def test_the_proof_is_public_under_its_number_and_names_nobody(browser: Browser, person: Account) -> None:
    browser.is_now(person)
    browser.post(PAGE, {"password": PASSWORD}, sent_from=PAGE)
    number = closures()[0].public_id
    assert close_due(now=clock.now() + REFLECTION) == 1
    # The session that was open is over.
    assert browser.get(PAGE).status_code in (302, 303, 401)
    browser.is_now(None)
    page = browser.get(f"/closing/{number}")
    assert "Your account" in page.text and "What was deleted or emptied" in page.text
    assert "王小满" not in page.text and "xiaoman" not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert browser.get("/closing/aaaaaaaaaaaaaa").status_code == 404
    sign_in = browser.post("/sign-in", {"login": "xiaoman@example.org", "password": PASSWORD}, sent_from="/sign-in")
    assert sign_in.status_code == 401


def test_an_officer_is_told_that_the_office_closes_the_account(browser: Browser, session: Session) -> None:
    browser.is_now(factories.account((RoleKind.OFFICER, "522636")))
    page = browser.get(PAGE).text
    assert "An account of an office is closed by the office" in page and 'name="password"' not in page
