"""Signing in in two steps: the password alone opens nothing, wrong codes count, who must enrol reaches nothing else."""

from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.identity.models import AccessToken, Account, RoleKind, SecondFactor, SignInAttempt
from marketplace.identity.second_factors import begin_enrolment, confirm_enrolment
from marketplace.identity.service import issue_token
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from tests import factories
from tests.web.conftest import Browser

TOKEN = "/api/v1/token"
OWN = "/settings/second-factor"


@pytest.fixture
def required(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that lets no officer in without a second factor."""
    settings = replace(app.extensions["settings"], officer_second_factor="required")
    monkeypatch.setitem(app.extensions, "settings", settings)


def officer(login: str = "danzhai") -> Account:
    factories.area("522636")
    return factories.account((RoleKind.OFFICER, "522636"), login=login, name="丹寨县")


def enrolled(login: str = "danzhai") -> tuple[Account, pyotp.TOTP, list[str]]:
    """An officer with a phone whose next code has not been used."""
    who, now = officer(login), clock.now() - timedelta(minutes=2)
    with transaction():
        phone = pyotp.TOTP(begin_enrolment(who, now=now).secret)
        codes = confirm_enrolment(who, phone.at(now), now=now)
    return who, phone, codes


def show_password(browser: Browser, login: str = "danzhai", **fields: str) -> str:
    answer = browser.post("/sign-in", {"login": login, "password": factories.PASSWORD, **fields}, sent_from="/sign-in")
    assert answer.status_code == 303
    return str(answer.location)


def show_code(browser: Browser, code: str) -> int:
    return browser.post("/sign-in/code", {"code": code}, sent_from="/sign-in/code").status_code


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/settings").status_code == 200


def test_the_password_alone_opens_nothing_and_the_code_leads_on(browser: Browser, session: Session) -> None:
    _, phone, _ = enrolled()
    assert show_password(browser, next="/office/sales", remember="yes") == "/sign-in/code"
    assert not is_signed_in(browser)
    assert "Open the app on your phone" in browser.get("/sign-in/code").text
    code = phone.at(clock.now())
    answer = browser.post("/sign-in/code", {"code": code}, sent_from="/sign-in/code")
    assert (answer.status_code, answer.location) == (303, "/office/sales")
    assert is_signed_in(browser)
    with browser.client.session_transaction() as kept:
        assert kept.permanent
        assert "second_step" not in kept
    browser.post("/sign-out")
    show_password(browser)
    assert show_code(browser, code) == 401
    assert not is_signed_in(browser)


def test_wrong_codes_count_as_wrong_passwords_do(browser: Browser, session: Session) -> None:
    _, phone, _ = enrolled()
    show_password(browser)
    assert [show_code(browser, "not-it") for _ in range(6)] == [401] * 5 + [429]
    assert session.scalars(select(SignInAttempt.login)).all() == ["danzhai"] * 5
    assert show_code(browser, phone.at(clock.now())) == 429
    assert not is_signed_in(browser)


def test_nobody_comes_to_the_code_who_has_not_shown_a_password_of_late(
    browser: Browser, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, phone, _ = enrolled()
    assert browser.get("/sign-in/code").location == "/sign-in"
    assert browser.post("/sign-in/code", {"code": phone.at(clock.now())}).location == "/sign-in"
    show_password(browser)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=11))
    assert browser.get("/sign-in/code").location == "/sign-in"
    monkeypatch.undo()
    assert browser.get("/sign-in/code").status_code == 200
    # Signing out everywhere in between ends this, too.
    who.session_epoch += 1
    session.flush()
    assert browser.get("/sign-in/code").location == "/sign-in"
    assert not is_signed_in(browser)


def test_a_recovery_code_stands_in_for_the_phone(browser: Browser, session: Session) -> None:
    _, _, codes = enrolled()
    show_password(browser)
    assert show_code(browser, codes[0]) == 303
    assert is_signed_in(browser)
    assert "9 recovery codes are left." in browser.get(OWN).text


def test_an_officer_who_must_enrol_reaches_nothing_else(
    browser: Browser, session: Session, required: None, client: FlaskClient
) -> None:
    officer()
    assert show_password(browser, next="/office/sales") == "/office/sales"
    for path in ("/office/sales", "/", "/settings", "/orders", f"{OWN}/lost", "/about"):
        answer = browser.get(path)
        assert (answer.status_code, answer.location) == (303, OWN), path
    page = browser.get(OWN)
    assert "Please set this up first." in page.text
    assert browser.post("/basket/lines", {"listing": "x"}, sent_from=OWN).location == OWN
    assert browser.post(f"{OWN}/begin", sent_from=OWN).location == OWN
    page = browser.get(OWN)
    secret = session.scalars(select(SecondFactor.secret)).one()
    assert "<svg" in page.text
    assert " ".join(secret[at : at + 4] for at in range(0, 32, 4)) in page.text
    wrong = browser.post(f"{OWN}/confirm", {"code": "12"}, sent_from=OWN)
    assert (wrong.status_code, "This code is not right." in wrong.text) == (422, True)
    assert browser.get("/office/sales").location == OWN
    done = browser.post(f"{OWN}/confirm", {"code": pyotp.TOTP(secret).at(clock.now())}, sent_from=OWN)
    assert done.status_code == 200
    assert done.text.count("<li><code>") == 10
    # This session goes on; the secret is not shown again.
    assert browser.get("/office/sales").status_code == 200
    page = browser.get(OWN).text
    assert secret[:4] not in page
    assert "Switch off" not in page


def test_whoever_is_no_officer_is_asked_for_nothing(browser: Browser, session: Session, required: None) -> None:
    browser.is_now(factories.account(login="wang"))
    assert browser.get("/settings").status_code == 200
    assert browser.get(OWN).status_code == 403


def test_other_sessions_end_when_it_is_switched_on(browser: Browser, session: Session, app: Flask) -> None:
    who = officer()
    other = Browser(app.test_client())
    other.is_now(who)
    browser.is_now(who)
    browser.post(f"{OWN}/begin", sent_from=OWN)
    secret = session.scalars(select(SecondFactor.secret)).one()
    assert is_signed_in(other)
    browser.post(f"{OWN}/confirm", {"code": pyotp.TOTP(secret).at(clock.now())}, sent_from=OWN)
    assert is_signed_in(browser)
    assert not is_signed_in(other)


@pytest.mark.parametrize("act", ["recovery-codes", "begin", "end"])
def test_whatever_changes_it_asks_for_a_code_first(browser: Browser, session: Session, act: str) -> None:
    who, phone, codes = enrolled()
    browser.is_now(who)
    for wrong in ("", "999999"):
        refused = browser.post(f"{OWN}/{act}", {"code": wrong}, sent_from=OWN)
        assert refused.status_code in (401, 422)
    session.refresh(who)
    assert who.second_factor_since is not None
    assert session.scalar(select(func.count(SecondFactor.id))) == 1
    done = browser.post(f"{OWN}/{act}", {"code": phone.at(clock.now())}, sent_from=OWN)
    if act == "recovery-codes":
        assert done.text.count("<li><code>") == 10
        assert codes[0] not in done.text
    elif act == "begin":
        assert "1. Scan the square code" in browser.get(OWN).text
    else:
        session.refresh(who)
        assert who.second_factor_since is None
        assert "It takes two minutes." in browser.get(OWN).text


def test_a_colleague_helps_and_the_helped_read_who_did_it_and_why(browser: Browser, session: Session) -> None:
    who, _, _ = enrolled()
    operator = factories.account((RoleKind.OPERATOR, ""), login="operator", name="运营中心")
    browser.is_now(operator)
    lost = f"{OWN}/lost"
    for form, status in (
        ({"login": "danzhai"}, 422),
        ({"login": "nobody", "reason": "x"}, 404),
        ({"login": "operator", "reason": "x"}, 403),
    ):
        refused = browser.post(lost, form, sent_from=lost)
        assert refused.status_code == status
        assert f'value="{form["login"]}"' in refused.text
    done = browser.post(lost, {"login": "danzhai", "reason": "手机掉了，当面见过"}, sent_from=lost)
    assert (done.status_code, done.location) == (303, lost)
    assert "丹寨县 is signed out everywhere" in browser.get(lost).text
    browser.is_now(who)
    page = browser.get(OWN).text
    assert "运营中心 reset this step for you." in page
    assert "手机掉了，当面见过" in page


def test_a_program_sends_the_code_along(client: FlaskClient, browser: Browser, session: Session) -> None:
    _, phone, _ = enrolled()

    def ask(**more: str) -> tuple[int, str]:
        browser._begin()
        answer = client.post(TOKEN, json={"login": "danzhai", "password": factories.PASSWORD, **more})
        return answer.status_code, answer.json.get("code", "")

    assert ask() == (401, "code_needed")
    assert session.scalar(select(func.count(SignInAttempt.id))) == 0
    assert ask(code="999999") == (401, "code_wrong")
    assert session.scalar(select(func.count(SignInAttempt.id))) == 1
    code = phone.at(clock.now())
    assert ask(code=code) == (201, "")
    assert ask(code=code) == (401, "code_wrong")
    assert session.scalar(select(func.count(AccessToken.id))) == 1


def test_a_program_of_an_officer_helps_a_colleague_too(client: FlaskClient, browser: Browser, session: Session) -> None:
    who, _, _ = enrolled()
    with transaction():
        token, _ = issue_token(officer("colleague"), now=clock.now())

    def ask(**body: str) -> tuple[int, str]:
        browser._begin()
        answer = client.post("/api/v1/second-factor-resets", json=body, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, (answer.get_json(silent=True) or {}).get("code", "")

    assert ask(login="danzhai")[0] == 422
    assert ask(login="colleague", reason="lost") == (403, "own_second_factor")
    assert ask(login="danzhai", reason="lost") == (204, "")
    assert ask(login="danzhai", reason="lost") == (404, "second_factor_unknown")
    session.refresh(who)
    assert who.second_factor_since is None


def test_a_program_of_one_who_must_enrol_gets_no_token_and_older_tokens_open_nothing(
    client: FlaskClient, browser: Browser, session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer()
    body = {"login": "danzhai", "password": factories.PASSWORD}
    browser._begin()
    token = client.post(TOKEN, json=body).json["token"]
    settings = replace(app.extensions["settings"], officer_second_factor="required")
    monkeypatch.setitem(app.extensions, "settings", settings)
    browser._begin()
    answer = client.post(TOKEN, json=body)
    assert (answer.status_code, answer.json["code"]) == (403, "second_factor_needed")
    header = {"Authorization": f"Bearer {token}"}
    browser._begin()
    answer = client.get("/api/v1/office/policies", headers=header)
    assert (answer.status_code, answer.json["code"]) == (403, "second_factor_needed")
    browser._begin()
    assert client.delete(TOKEN, headers=header).status_code == 204
