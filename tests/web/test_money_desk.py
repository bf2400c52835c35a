"""The desk of public money: two of an office, an auditor, a township that reads, and everybody else outside."""

import io
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.funds.looking import look_through
from marketplace.funds.models import BankDay, DeclaredRelative, Fund, FundFinding, FundPayment
from marketplace.funds.payments import pay_from
from marketplace.funds.queries import held_fen, totals
from marketplace.funds.service import allocate
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.registry.models import FileReading, Household
from marketplace.registry.reading import unbounded
from marketplace.registry.sealing import id_number_index
from tests import factories
from tests.funds.county import COUNTY, CREDIT_CODE, TOWNSHIP, fund_in_force, office, order
from tests.registry import people
from tests.web.desk_world import Desk, without_csrf

NAME, NUMBER = "潘阿水", "6228480000000004321"


class MoneyWorld:
    """A county with a million for housing, some in a township, a household there, and who may look."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.now = client, clock.now()
        with transaction():
            self.county = office(COUNTY)
            self.fund = fund_in_force(self.county, COUNTY, {"housing": 100_000_000})
            allocate(self.fund, "housing", COUNTY, TOWNSHIP, 30_000_000, "丹财〔2026〕1号", by=self.county.first, now=self.now)
            self.household = factories.household()
            self.head = people.head(self.household, people.officer(), name=NAME)
            self.auditor = factories.account((RoleKind.AUDITOR, COUNTY))
            self.township = factories.account((RoleKind.OFFICER, TOWNSHIP))
            factories.area("522635100001")
            self.sibling = factories.account((RoleKind.OFFICER, "522635"))

    @property
    def first(self) -> Desk:
        return Desk(self.client, self.county.first)

    @property
    def second(self) -> Desk:
        return Desk(self.client, self.county.second)

    @property
    def page(self) -> str:
        return f"/funds/{self.fund.public_id}"

    def pay(self, **more: str) -> FundPayment:
        with transaction():
            wanted = order(household=self.household, **more)
            return pay_from(self.fund, wanted, by=self.county.first, approved_by=self.county.second, now=self.now)


@pytest.fixture
def world(session: Session, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> MoneyWorld:
    without_csrf(app, monkeypatch)
    return MoneyWorld(client)


def test_a_document_is_entered_by_one_and_agreed_to_by_another(world: MoneyWorld) -> None:
    form = {"area": COUNTY, "budget": "county", "document": "丹财预〔2026〕8号", "title": "临时救助", "year": "2026"}
    wrong = world.first.post("/funds/new", {**form, "relief": "0"})
    assert wrong.status_code == 422 and "The amount must be more than nothing." in wrong.text and "临时救助" in wrong.text
    assert "Please say how much is for which purpose." in world.first.post("/funds/new", form).text
    made = world.first.post("/funds/new", {**form, "relief": "5000", "health": "12.50"})
    assert made.status_code == 303
    assert "somebody else of your office has to agree" in world.first.get(made.location).text
    assert world.first.post(f"{made.location}/approve").status_code == 409
    assert world.second.post(f"{made.location}/approve").status_code == 303
    fund = db.session.scalars(select(Fund).filter_by(document_number="丹财预〔2026〕8号")).one()
    assert {code: one.issued_fen for code, one in totals(fund).items()} == {"health": 1_250, "relief": 500_000}
    assert "This document has been entered already." in world.first.post("/funds/new", {**form, "relief": "1"}).text


def test_money_is_passed_on_and_given_back_by_who_keeps_its_books_alone(world: MoneyWorld) -> None:
    form = {"way": f"housing|{COUNTY}", "target": TOWNSHIP, "amount": "1000", "document": "丹财〔2026〕2号"}
    assert world.first.post(f"{world.page}/move", form).status_code == 303
    assert held_fen(world.fund, "housing", TOWNSHIP) == 30_100_000
    short = world.first.post(f"{world.page}/move", {**form, "amount": "999999999"})
    assert short.status_code == 422 and "Only 699000.00 yuan are there." in short.text
    back = {**form, "way": f"housing|{TOWNSHIP}", "target": COUNTY, "amount": "301000"}
    assert world.first.post(f"{world.page}/move", back).status_code == 303
    assert held_fen(world.fund, "housing", TOWNSHIP) == 0
    for stranger, status in ((world.township, 422), (world.sibling, 404), (world.auditor, 403)):
        assert Desk(world.client, stranger).post(f"{world.page}/move", form).status_code == status
    assert held_fen(world.fund, "housing", TOWNSHIP) == 0


def test_a_household_is_paid_by_two_and_reading_it_is_written_down(world: MoneyWorld) -> None:
    form = {
        "way": f"housing|{TOWNSHIP}",
        "amount": "25000",
        "subject": "危房-17",
        "document": "丹住建〔2026〕7号",
        "payee": "household",
        "household": world.household.code,
        "holder": NAME,
        "bank": "农业银行",
        "number": NUMBER,
    }
    wrong = world.first.post(f"/funds/payments/new/{world.fund.public_id}", {**form, "household": "5226361000019999"})
    assert wrong.status_code == 422 and "There is no such household." in wrong.text and NUMBER not in wrong.text
    made = world.first.post(f"/funds/payments/new/{world.fund.public_id}", form)
    assert made.status_code == 303
    assert world.first.post(f"{made.location}/approve").status_code == 409
    assert world.second.post(f"{made.location}/approve").status_code == 303
    shown = Desk(world.client, world.auditor).get(made.location).text
    assert NAME in shown and "4321" in shown and NUMBER not in shown and world.household.code in shown
    assert "丹财〔2026〕1号" in shown and world.fund.document_number in shown
    readings = select(FileReading.by_id, FileReading.part).where(FileReading.household_id == world.household.id)
    assert (world.auditor.id, "money") in [tuple(row) for row in db.session.execute(unbounded(readings, "a test"))]
    assert Desk(world.client, world.sibling).get(made.location).status_code == 404
    assert Desk(world.client, world.auditor).post(f"{made.location}/reverse", {"words": "x"}).status_code == 403
    assert world.first.post(f"{made.location}/reverse", {"words": "账户已注销"}).status_code == 303
    assert held_fen(world.fund, "housing", TOWNSHIP) == 30_000_000
    assert "账户已注销" in world.first.get(made.location).text


def test_an_organisation_is_paid_on_its_invoice(world: MoneyWorld) -> None:
    form = {
        "way": f"housing|{TOWNSHIP}",
        "amount": "800",
        "subject": "桥",
        "document": "合同1",
        "payee": "organisation",
        "credit_code": CREDIT_CODE.lower(),
        "holder": "建设公司",
        "bank": "农业银行",
        "number": NUMBER,
    }
    page = f"/funds/payments/new/{world.fund.public_id}"
    half = world.first.post(page, {**form, "invoice_number": "77"})
    assert half.status_code == 422 and "both the invoice’s number and its amount" in half.text
    assert world.first.post(page, {**form, "invoice_number": "77", "invoice": "800"}).status_code == 303
    payment = db.session.scalars(select(FundPayment)).one()
    assert (payment.organisation_code, payment.invoice_fen, payment.state) == (CREDIT_CODE, 80_000, "proposed")


def test_lists_name_nobody_and_end_at_ones_own_area(world: MoneyWorld) -> None:
    world.pay(account=NUMBER)
    with transaction():
        office("52")
    for desk in (world.first, Desk(world.client, world.auditor), Desk(world.client, world.township)):
        for path in ("/funds", "/funds/payments", "/funds/findings", "/funds/bank", world.page):
            answer = desk.get(path)
            assert answer.status_code == 200, path
            assert "杨阿山" not in answer.text and NUMBER not in answer.text and world.household.code not in answer.text
        assert desk.get("/funds?area=52").status_code == 404
    assert Desk(world.client, world.sibling).get(world.page).status_code == 404
    assert "0 funds concern" in Desk(world.client, world.sibling).get("/funds").text
    # A township reads, and is offered nothing to do.
    assert "Order a payment" not in Desk(world.client, world.township).get(world.page).text
    assert "Enter a document" not in Desk(world.client, world.township).get("/funds").text
    assert "Order a payment" in world.first.get(world.page).text


def test_a_finding_waits_for_somebody_who_had_no_part_in_it(world: MoneyWorld) -> None:
    world.pay(account=NUMBER)
    with transaction():
        other = factories.household()
        pay_from(
            world.fund,
            order(household=other, account=NUMBER),
            by=world.county.first,
            approved_by=world.county.second,
            now=world.now,
        )
        look_through(COUNTY, actor="test", now=world.now)
    finding = db.session.scalars(select(FundFinding).filter_by(kind="shared_account")).one()
    page = f"/funds/findings/{finding.public_id}"
    assert "Money of 2 households went to one account" in world.first.get(page).text
    assert world.first.post(page, {"action": "explain", "words": "代领"}).status_code == 403
    assert Desk(world.client, world.auditor).post(page, {"action": "explain", "words": "代领"}).status_code == 403
    assert Desk(world.client, world.sibling).get(page).status_code == 404
    third = Desk(world.client, world.township)
    assert third.post(page, {"action": "explain"}).status_code == 422
    assert third.post(page, {"action": "explain", "words": "村委会代领"}).status_code == 303
    assert "村委会代领" in world.first.get("/funds/findings").text


def test_a_relatives_number_is_compared_and_not_kept(world: MoneyWorld) -> None:
    number = people.id_number()
    wrong = world.first.post("/funds/findings/relatives", {"relation": "child", "number": "110105194912310021"})
    assert wrong.status_code == 422 and "not the number of an identity card" in wrong.text
    assert "110105194912310021" not in wrong.text
    assert world.first.post("/funds/findings/relatives", {"relation": "child", "number": number}).status_code == 303
    kept = db.session.scalars(select(DeclaredRelative)).one()
    assert (kept.officer_id, kept.number_index) == (world.county.first.id, id_number_index(number))


def test_a_banks_day_goes_through_two_peoples_hands(world: MoneyWorld) -> None:
    day = local_day(world.now) - timedelta(days=2)
    body = f"day,amount,reference,account\n{day},-12.50,手续费,\n".encode()
    form = {"area": COUNTY, "day": day.isoformat()}
    bad = world.first.post("/funds/bank", {**form, "file": (io.BytesIO(b"x"), "a.csv")}, content_type="multipart/form-data")
    assert bad.status_code == 422 and "The file lacks these columns" in bad.text
    made = world.first.post("/funds/bank", {**form, "file": (io.BytesIO(body), "a.csv")}, content_type="multipart/form-data")
    assert made.status_code == 303
    assert "The bank alone" in world.first.get(made.location).text
    assert world.first.post(f"{made.location}/settle").status_code == 409
    assert world.first.post(f"{made.location}/items/1", {"words": "手续费"}).status_code == 303
    assert world.first.post(f"{made.location}/settle").status_code == 303
    assert world.first.post(f"{made.location}/close").status_code == 409
    assert world.first.post(f"{made.location}/reopen").status_code == 303
    assert world.first.post(f"{made.location}/settle").status_code == 303
    assert Desk(world.client, world.sibling).get(made.location).status_code == 404
    assert world.second.post(f"{made.location}/close").status_code == 303
    assert db.session.scalars(select(BankDay)).one().state == "closed"


def test_anybody_reads_the_sums_of_a_document_and_nobodys_name(world: MoneyWorld) -> None:
    world.pay()
    shown = Desk(world.client, None).get("/public-money").text
    assert world.fund.document_number in shown and "¥1,000.00" in shown and "¥999,000.00" in shown
    for secret in ("杨阿山", world.household.code, "1234", TOWNSHIP):
        assert secret not in shown
    assert db.session.get_one(Household, world.household.id).code == world.household.code
