"""Complaints and inspections on pages: without an account, on every route as every person, and no trace of a sender."""

import re
from datetime import UTC

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from marketplace.complaints.checklists import CHECKLISTS
from marketplace.complaints.models import Complaint, InspectionFinding, Topic
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.registry.reading import unbounded
from tests import factories
from tests.complaints.world import COUNTY, OTHER_COUNTY, TOWNSHIP, World, world
from tests.factories import VILLAGE
from tests.web.conftest import Browser

CANARY = "投诉金丝雀七七四九"
FORM = {"area": VILLAGE, "office": TOWNSHIP, "kind": "investigation", "about": "office", "words": CANARY}


@pytest.fixture
def here(client: FlaskClient, calls_forgotten: None) -> World:
    with transaction():
        return world()


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def send(browser: Browser, **more: str) -> str:
    """The code of a complaint that a visitor has sent."""
    answer = browser.post("/complain", {**FORM, **more}, sent_from=f"/complain?area={VILLAGE}")
    assert answer.status_code == 201, answer.text
    found = re.search(r">([a-z0-9]{4}(?:-[a-z0-9]{4}){3})<", answer.text)
    assert found is not None
    return found[1]


def one() -> Complaint:
    db.session.expire_all()
    return db.session.query(Complaint).one()


def test_a_visitor_chooses_the_place_by_links_and_gets_a_code_once(browser: Browser, here: World) -> None:
    browser.is_now(None)
    assert 'href="/complain?area=52"' in browser.get("/complain").text
    page = browser.get(f"/complain?area={COUNTY}").text
    assert f'href="/complain?area={TOWNSHIP}"' in page
    assert 'name="words"' in page
    code = send(browser)
    seen = browser.post("/complain/follow", {"code": code.upper().replace("-", " ")}, sent_from="/complain/follow")
    assert (seen.status_code, CANARY in seen.text) == (200, True)
    assert code not in browser.get("/complain/follow").text
    assert code not in str(browser.cookie())


def test_from_the_visitor_to_the_answer_and_back_again(browser: Browser, here: World) -> None:
    browser.is_now(None)
    code, path = send(browser), f"/inspection/complaints/{one().public_id}"
    browser.is_now(here.auditors[COUNTY])
    assert "Somebody should look into this" in browser.get("/inspection/complaints").text
    assert browser.post(f"{path}/take").status_code == 303
    assert browser.post(f"{path}/answer", {"words": ""}).status_code == 422
    assert browser.post(f"{path}/answer", {"words": "钱已退回", "evidence": "凭证 7 号"}).status_code == 303
    browser.is_now(None)
    seen = browser.post("/complain/follow", {"code": code}, sent_from="/complain/follow").text
    assert "钱已退回" in seen
    assert "审计" not in seen
    again = browser.post("/complain/follow/again", {"code": code, "words": "还少一分"}, sent_from="/complain/follow")
    assert (again.status_code, one().state, one().heard_at) == (200, "received", "5226")
    withdrawn = browser.post("/complain/follow/back", {"code": code}, sent_from="/complain/follow")
    assert (withdrawn.status_code, one().state) == (200, "withdrawn")
    refused = browser.post("/complain/follow/stars", {"code": code, "stars": "5"}, sent_from="/complain/follow")
    assert refused.status_code == 409


def test_nobody_of_the_line_finds_it_on_any_route(app: Flask, browser: Browser, here: World) -> None:
    browser.is_now(None)
    send(browser)
    public_id, reference = one().public_id, one().reference
    hearers = {here.auditors[COUNTY].id, here.auditors["5226"].id, here.second_auditor.id}
    routes = [rule for rule in app.url_map.iter_rules() if rule.endpoint.partition(".")[0] in ("inspection", "oversight")]
    assert len(routes) >= 15
    for name, account in here.everybody().items():
        browser.is_now(account)
        if account.id in hearers:
            assert browser.get(f"/inspection/complaints/{public_id}").status_code == 200, name
            continue
        for rule in routes:
            path = rule.rule.replace("<public_id>", public_id)
            answer = browser.get(path) if "GET" in (rule.methods or ()) else browser.post(path, {"words": "x", "to": "x"})
            assert CANARY not in answer.text, (name, path)
            assert reference not in answer.text, (name, path)
            if "/complaints/<public_id>" in rule.rule:
                assert answer.status_code in (403, 404), (name, path)


@pytest.mark.parametrize("signed_in", [False, True])
def test_no_row_of_any_table_links_a_complaint_without_a_name_to_its_sender(
    browser: Browser, here: World, signed_in: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sends it, signed in or not, every table says as much of them afterwards as before."""
    sender = here.stranger
    browser.is_now(sender if signed_in else None)
    before = _mentions(sender)
    code = send(browser)
    browser.post("/complain/follow", {"code": code}, sent_from="/complain/follow")
    browser.post("/complain/follow/back", {"code": code}, sent_from="/complain/follow")
    assert _mentions(sender) == before
    everything = _all_rows()
    for trace in (CANARY, code, code.replace("-", ""), "127.0.0.1"):
        assert trace not in everything, trace
        assert trace not in caplog.text
    acts = db.session.execute(text("SELECT actor, at FROM audit_event WHERE object_kind = 'complaint' ORDER BY id")).all()
    # At the first moment of the market's day, whenever in it that was.
    assert [(actor, at.astimezone(UTC).strftime("%H:%M:%S.%f")) for actor, at in acts] == [("visitor", "16:00:00.000000")] * 2


def _tables() -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    return sorted(db.session.scalars(text(query)))


def _rows_of(table: str) -> list[str]:
    return list(db.session.scalars(unbounded(text(f'SELECT row_to_json(t)::text FROM "{table}" t'), "a test")))


def _all_rows() -> str:
    return "\n".join(row for table in _tables() for row in _rows_of(table))


def _mentions(account: Account) -> dict[str, int]:
    """How many rows of each table name an account: by its public id anywhere, and by number in what complaints write."""
    number = re.compile(rf'"(?:complainant_id|taken_down_by_id|handler_id|by_id|account_id)":{account.id}\b')
    return {
        table: sum(
            account.public_id in row or (table.startswith("complaint") and bool(number.search(row))) for row in _rows_of(table)
        )
        for table in _tables()
    }


def test_a_household_that_says_who_it_is_can_be_watched_over(browser: Browser, here: World) -> None:
    with transaction():
        farmer = factories.account((RoleKind.FARMER, ""), name="农户甲")
        seller = factories.producer(registered=True, owner=farmer)
    browser.is_now(farmer)
    assert "watch that it does not suffer" in browser.get(f"/complain?area={VILLAGE}").text
    send(browser, as_me="yes", contact="13800001234")
    complaint = one()
    assert (complaint.anonymous, complaint.complainant_id) == (False, farmer.id)
    household = db.session.scalar(unbounded(text("SELECT household_id FROM complaint_household"), "a test"))
    assert household == seller.household_id
    assert "13800001234" not in "".join(_rows_of("complaint"))


def test_a_form_with_mistakes_comes_back_with_what_was_typed(browser: Browser, here: World) -> None:
    browser.is_now(None)
    for more, words in (
        ({"words": ""}, "Please fill this in."),
        ({"kind": ""}, "Please fill this in."),
        ({"office": OTHER_COUNTY}, "Please choose an office over this place."),
        ({"subject": "长" * 61}, "Please write less."),
    ):
        answer = browser.post("/complain", {**FORM, "name": "张三", **more}, sent_from=f"/complain?area={VILLAGE}")
        assert answer.status_code == 422
        assert words in answer.text
        assert "张三" in answer.text
    assert db.session.query(Complaint).count() == 0


def test_guessing_codes_is_slowed_down(browser: Browser, here: World) -> None:
    browser.is_now(None)
    answers = {
        browser.post("/complain/follow", {"code": f"aaaa-aaaa-aaaa-{at:04d}"}, sent_from="/complain/follow").status_code
        for at in range(30)
    }
    assert answers == {404, 429}


def test_who_takes_a_call_down_about_their_own_office_sees_it_no_more(browser: Browser, here: World) -> None:
    browser.is_now(here.officers[TOWNSHIP])
    sent = browser.post("/inspection/complaints", {**FORM, "channel": "phone"}, sent_from="/inspection/complaints")
    assert sent.status_code == 201
    assert one().anonymous
    assert browser.get(f"/inspection/complaints/{one().public_id}").status_code == 404
    assert one().reference not in browser.get("/inspection/complaints").text


def test_an_inspector_goes_from_the_plan_to_the_report_and_the_office_puts_it_right(browser: Browser, here: World) -> None:
    with transaction():
        factories.household()
    browser.is_now(here.auditors[COUNTY])
    assert browser.post("/oversight/plan", {"topic": "policy", "area": COUNTY, "number": "0"}).status_code == 422
    assert browser.post("/oversight/plan", {"topic": "policy", "area": COUNTY, "number": "5"}).status_code == 303
    found = re.search(r'href="(/oversight/plan/[a-z0-9]{14})"', browser.get("/oversight/plan").text)
    assert found is not None
    path = found[1]
    browser.is_now(here.officers[COUNTY])
    assert browser.get(path).status_code == 403
    browser.is_now(here.auditors[OTHER_COUNTY])
    assert browser.get(path).status_code == 404
    browser.is_now(here.auditors[COUNTY])
    browser.post(f"{path}/begin")
    some = {"no_fee-verdict": "wrong", "no_fee-words": "收了 5 元表格费", "known-verdict": "right"}
    assert browser.post(f"{path}/answers", some).status_code == 303
    page = browser.get(path).text
    assert "收了 5 元表格费" in page
    assert browser.post(f"{path}/answers", {**some, "finished": "yes"}).status_code == 422
    whole = {f"{item}-verdict": "right" for item in CHECKLISTS[Topic.POLICY]} | some
    assert browser.post(f"{path}/answers", {**whole, "finished": "yes"}).status_code == 303
    finding = db.session.query(InspectionFinding).one().public_id
    browser.is_now(here.officers[TOWNSHIP])
    assert "收了 5 元表格费" in browser.get("/inspection/findings").text
    no_proof = browser.post(f"/inspection/findings/{finding}", {"action": "rectify", "words": "退了"})
    assert (no_proof.status_code, "退了" in no_proof.text) == (422, True)
    browser.post(f"/inspection/findings/{finding}", {"action": "rectify", "words": "退了", "proof": "收据 3"})
    browser.is_now(here.auditors[COUNTY])
    assert "收据 3" in browser.get("/inspection/findings").text
    browser.post(f"/inspection/findings/{finding}", {"action": "confirm"})
    assert "Put right" in browser.get("/inspection/findings").text
    assert browser.get("/oversight/watch").status_code == 200


def test_the_pages_speak_chinese(client: FlaskClient, here: World) -> None:
    browser = Browser(client, "zh-CN")
    browser.is_now(None)
    assert "不留名" in browser.get(f"/complain?area={VILLAGE}").text
    browser.is_now(here.auditors[COUNTY])
    assert "风险是几项指标的加权平均" in browser.get("/oversight/plan").text
