"""Asking, answering and waiting for prices on pages and by programs; nobody from beside."""

from typing import Any

import pytest
from flask import g
from flask.testing import FlaskClient

from marketplace.advisory.models import PolicyQuestion, PriceAlert
from marketplace.advisory.shipped import add_shipped
from marketplace.catalogue.models import MarketPrice
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.clock import local_day, now
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.api.conftest import token_header
from tests.factories import VILLAGE
from tests.web.conftest import Browser


@pytest.fixture
def people(client: FlaskClient) -> dict[str, Account]:
    with transaction():
        factories.area()
        factories.area("522636200001")
        farmer = factories.account((RoleKind.FARMER, ""), name="农户")
        factories.producer(registered=True, owner=farmer)
        add_shipped(now=now())
        goods = factories.product("market-tea", "市场茶", "Market tea")
        row = {"low_fen": 900, "average_fen": 1_000, "high_fen": 1_100}
        db.session.add(MarketPrice(product_id=goods.id, day=local_day(now()), source="test", **row))
        return {
            "farmer": farmer,
            "officer": factories.account((RoleKind.OFFICER, "522636"), name="县干部"),
            "beside": factories.account((RoleKind.OFFICER, "522636200"), name="邻镇"),
        }


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def test_from_the_question_to_the_article_that_answers_the_next(browser: Browser, people: dict[str, Account]) -> None:
    browser.is_now(people["farmer"])
    assert "Ask and read" in browser.get("/farm/advice").text
    answered = browser.post("/farm/advice/ask", {"question": "危房改造补助给谁"})
    page = browser.get(answered.headers["Location"]).text
    assert "Who gets help to repair an unsafe house" in page
    assert "Summary in our words" in page
    assert db.session.query(PolicyQuestion).count() == 0
    sent = browser.post("/farm/advice/ask", {"question": "蜜蜂搬箱子走哪条路"})
    assert "An officer of your area answers by" in browser.get(sent.headers["Location"]).text
    row = db.session.query(PolicyQuestion).one()
    desk = f"/office/advice/questions/{row.public_id}"
    browser.is_now(people["beside"])
    assert "蜜蜂" not in browser.get("/office/advice").text
    assert (browser.get(desk).status_code, browser.post(desk, {"answer": "我来答"}).status_code) == (404, 404)
    browser.is_now(people["officer"])
    assert "蜜蜂" in browser.get("/office/advice").text
    words = {"answer": "转场走县道，先到乡镇登记。", "publish": "yes"}
    assert browser.post(desk, words).status_code == 422
    assert browser.post(desk, {**words, "title": "蜜蜂转场", "valid_until": "2099-01-01"}).status_code == 303
    browser.is_now(people["farmer"])
    assert "转场走县道" in browser.get(sent.headers["Location"]).text
    again = browser.post("/farm/advice/ask", {"question": "蜜蜂转场登记"})
    assert "转场走县道" in browser.get(again.headers["Location"]).text


def test_a_household_and_its_officers_alone_read_what_it_is_entitled_to(browser: Browser, people: dict[str, Account]) -> None:
    browser.is_now(people["farmer"])
    page = browser.get("/farm/advice/mine").text
    assert "Because: the household is registered" in page
    assert "Small loans up to 50,000 yuan" in page
    with transaction():
        household = factories.household(VILLAGE)
    path = f"/office/advice/households/{household.public_id}"
    browser.is_now(people["beside"])
    assert browser.get(path).status_code == 404
    browser.is_now(people["officer"])
    assert "No rule in the base rests on what the file says." in browser.get(path).text


def test_prices_alerts_and_the_village_gap_have_their_pages(browser: Browser, people: dict[str, Account]) -> None:
    assert "Market tea" in browser.get("/market-prices").text
    assert "In 51 of 52 weeks no price came in" in browser.get("/market-prices/market-tea").text
    assert browser.get("/market-prices/nothing").status_code == 404
    browser.is_now(people["farmer"])
    browser.post("/farm/advice/alerts", {"product": "market-tea", "direction": "up_to", "price": "12.5"})
    assert "rises to at least ¥12.50" in browser.get("/farm/advice/alerts").text
    alert = db.session.query(PriceAlert).one().public_id
    browser.post(f"/farm/advice/alerts/{alert}/remove")
    assert "¥12.50" not in browser.get("/farm/advice/alerts").text
    browser.is_now(people["officer"])
    assert "No wholesale price is known" in browser.get("/office/advice/gap").text


def test_an_officer_enters_a_document_and_a_newer_version(browser: Browser, people: dict[str, Account]) -> None:
    browser.is_now(people["officer"])
    form = {
        "nature": "original",
        "area": "522636",
        "issuer": "县政府",
        "title": "茶办法",
        "number": "1 号",
        "valid_from": "2026-01-01",
        "source": "公报",
        "articles": "第一条 茶园补助\n每亩五百元。",
    }
    assert browser.post("/office/advice/documents", {**form, "articles": "没有编号"}).status_code == 422
    assert browser.post("/office/advice/documents", {**form, "area": "nation"}).status_code == 403
    made = browser.post("/office/advice/documents", form).headers["Location"]
    assert "每亩五百元。" in browser.get(made).text
    assert "茶办法" in browser.get("/office/advice/documents").text
    newer = browser.post(f"{made}/version", {**form, "articles": "第一条 茶园补助\n每亩八百元。"}).headers["Location"]
    assert "Version 1 from" in browser.get(newer).text
    assert browser.post(f"{made}/version", form).status_code == 409
    browser.post(f"{newer}/end", {"last_day": "2026-01-31"})
    assert "Does not hold today" in browser.get(newer).text


def send(method: Any, path: str, **more: Any) -> Any:
    """One call of a program, without what the one before it kept in memory."""
    vars(g._get_current_object()).clear()
    db.session.expire_all()
    return method(path, **more)


def test_programs_do_the_same(client: FlaskClient, people: dict[str, Account]) -> None:
    farmer, officer, beside = (token_header(people[name]) for name in ("farmer", "officer", "beside"))
    root = "/api/v1/advice"
    found = send(client.post, f"{root}/questions", json={"question": "低保怎么申请"}, headers=farmer).json
    assert (found["question"], found["articles"][0]["article"]["heading"]) == (None, "最低生活保障（低保）")
    asked = send(client.post, f"{root}/questions", json={"question": "低保怎么申请", "person": True}, headers=farmer).json
    path = f"{root}/office/questions/{asked['question']['public_id']}/answer"
    assert send(client.post, path, json={"answer": "到乡镇。"}, headers=beside).status_code == 404
    assert send(client.post, path, json={"answer": "到乡镇。"}, headers=officer).json["state"] == "answered"
    assert send(client.post, path, json={"answer": "又一次。"}, headers=officer).json["code"] == "already_answered"
    assert send(client.get, f"{root}/entitlements", headers=farmer).json[0]["reasons"] == ["registered"]
    weeks = send(client.get, "/api/v1/market-prices/goods/market-tea").json
    assert [week["average_fen"] for week in weeks] == [None] * 51 + [1_000]
    assert [week["index"] for week in send(client.get, "/api/v1/market-prices/index").json] == [None] * 52
    wish = {"product": "market-tea", "direction": "down_to", "price_fen": 500}
    made = send(client.post, f"{root}/price-alerts", json=wish, headers=farmer)
    assert (made.status_code, made.json["state"]) == (201, "waiting")
    gone = send(client.post, f"{root}/price-alerts/{made.json['public_id']}/remove", headers=farmer)
    assert gone.json["state"] == "removed"
