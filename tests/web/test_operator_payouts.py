"""The operator's pages of payouts: a batch through two people's hands, the bank's file and answer, and what the farm reads."""

import csv
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db
from marketplace.ledger.queries import balance_fen, trial_balance
from marketplace.orders.shares import producer_account
from marketplace.payments.models import PayeeAccount, PayoutBatch, PayoutLine
from marketplace.payments.payouts import IN_TRANSIT, PAID_OUT
from tests.web.desk_world import Desk, World, count, make_account, without_csrf

PAGE = "/operator/money/payouts"
BANK_ACCOUNT = "/farm/money/bank-account"
NUMBER = "6222000011112222"


class Payouts:
    """A farm and its neighbour with 116.40 yuan each, and two operators."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.world = client, World()
        for producer in (self.world.farm, self.world.other_farm):
            group = self.world.purchase(self.world.listing(producer), "10")
            self.world.pay(group)
            self.world.deliver(group)
        self.people = [make_account(RoleKind.OPERATOR, name=name) for name in ("first", "second")]

    def as_(self, account: Account) -> Desk:
        return Desk(self.client, account)

    @property
    def first(self) -> Desk:
        return self.as_(self.people[0])

    @property
    def second(self) -> Desk:
        return self.as_(self.people[1])

    def name_account(self, farmer: Account, number: str = NUMBER) -> int:
        form = {"holder": "杨阿妹", "bank": "丹寨银行", "number": number, "number_again": number}
        return self.as_(farmer).post(BANK_ACCOUNT, form).status_code

    def sent(self) -> str:
        """The address of a batch that was made, approved and sent."""
        answer = self.first.post(PAGE, {"way": "bank", "minimum": "10"})
        assert answer.status_code == 303
        self.second.post(f"{answer.location}/approve")
        assert self.first.post(f"{answer.location}/send").status_code == 303
        return str(answer.location)


@pytest.fixture
def payouts(app: Flask, client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch) -> Payouts:
    without_csrf(app, monkeypatch)
    return Payouts(client)


def lines() -> list[PayoutLine]:
    db.session.expire_all()
    return list(db.session.scalars(select(PayoutLine).order_by(PayoutLine.id)))


def test_what_is_payable_is_said_and_who_has_named_no_account(payouts: Payouts) -> None:
    page = payouts.first.get(PAGE).text
    assert "There is nothing to pay out at the moment." in page
    assert "2 sellers have money and have named no account" in page
    assert payouts.first.post(PAGE, {"way": "bank", "minimum": "10"}).status_code == 409
    assert payouts.name_account(payouts.world.farmer) == 303
    page = payouts.first.get(PAGE).text
    assert "¥116.40 can be paid out to 1 seller." in page
    assert "One seller has money and has named no account" in page
    for wrong in ({"way": "pigeon", "minimum": "10"}, {"way": "bank", "minimum": "-1"}, {"way": "stripe", "minimum": "x"}):
        assert payouts.first.post(PAGE, wrong).status_code == 422
    assert count(PayoutBatch) == 0


def test_a_batch_goes_through_two_peoples_hands_to_the_bank_and_back(payouts: Payouts) -> None:
    payouts.name_account(payouts.world.farmer)
    payouts.name_account(payouts.world.neighbour, "6222000033334444")
    batch = payouts.first.post(PAGE, {"way": "bank", "minimum": "10"}).location
    page = payouts.first.get(batch).text
    assert "You have made this batch, so somebody else has to approve it." in page
    assert "/approve" not in page
    assert "•••• 2222" in page
    assert NUMBER not in page
    assert payouts.first.post(f"{batch}/approve").status_code == 409
    assert payouts.first.post(f"{batch}/send").status_code == 409
    assert payouts.first.post(f"{batch}/file").status_code == 409
    assert "/approve" in payouts.second.get(batch).text
    assert [payouts.second.post(f"{batch}/approve").status_code for _ in range(2)] == [303, 303]
    payouts.first.post(f"{batch}/send")
    answer = payouts.first.post(f"{batch}/file")
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert sorted((row["holder"], row["account"], row["amount"]) for row in rows) == [
        ("杨阿妹", NUMBER, "116.40"),
        ("杨阿妹", "6222000033334444", "116.40"),
    ]
    downloaded = db.session.scalars(select(AuditEvent).filter_by(verb="payout.file_downloaded")).one()
    assert (downloaded.actor, downloaded.data) == (payouts.people[0].public_id, {"lines": 2})
    first, second = lines()
    confirm = f"{PAGE}/lines/{first.public_id}/confirm"
    for _ in range(2):
        assert payouts.first.post(confirm, {"bank_reference": "K1"}).status_code == 303
    assert payouts.first.post(confirm, {"bank_reference": "K2"}).status_code == 409
    assert payouts.first.post(confirm, {}).status_code == 422
    assert payouts.second.post(f"{PAGE}/lines/{second.public_id}/return", {"reason": "账号有误"}).status_code == 303
    assert [line.state for line in lines()] == ["paid", "returned"]
    page = payouts.first.get(batch).text
    assert "Bank reference K1" in page
    assert "Came back: 账号有误" in page
    assert (balance_fen(IN_TRANSIT), balance_fen(PAID_OUT)) == (0, 11_640)
    assert sum(fen for _, fen in trial_balance()) == 0
    ledger = payouts.first.get("/operator/ledger").text
    assert "Paid out to sellers" in ledger


def test_the_banks_answer_is_shown_before_it_is_booked(payouts: Payouts) -> None:
    payouts.name_account(payouts.world.farmer)
    payouts.name_account(payouts.world.neighbour, "6222000033334444")
    batch = payouts.sent()
    first, second = lines()
    body = "reference,amount,result,bank_reference,reason\n"
    body += f"{first.reference},116.40,paid,K1,\n{second.reference},116.41,paid,K2,\n"

    def upload(content: bytes) -> tuple[int, str]:
        answer = payouts.first.post(f"{batch}/answer", {"file": (io.BytesIO(content), "answer.csv")})
        return answer.status_code, answer.text

    status, page = upload(body.encode("gb18030"))
    assert status == 200
    assert "1 row would be booked. Nothing has been changed yet." in page
    assert "the amount is not that of the line" in page
    assert [line.state for line in lines()] == ["waiting", "waiting"]
    for wrong, words in ((b"", "The file lacks these columns"), (b"\x00", "This file cannot be read as a table.")):
        status, page = upload(wrong)
        assert (status, words in page) == (422, True)
    assert payouts.first.post(f"{batch}/answer").status_code == 422
    desk = payouts.first
    for _ in range(2):
        assert desk.post(f"{batch}/answer/book", {"answer": body}).status_code == 303
    assert [(line.state, line.bank_reference) for line in lines()] == [("paid", "K1"), ("waiting", None)]
    assert "1 row was left out; check the file again." in desk.get(batch).text


def test_sellers_who_share_an_account_are_pointed_out(payouts: Payouts) -> None:
    payouts.name_account(payouts.world.farmer)
    payouts.name_account(payouts.world.neighbour, "6222 0000 1111 2222")
    page = payouts.second.get(payouts.sent()).text
    assert "2 sellers of this batch are paid to accounts that other sellers have named as well." in page
    assert page.count("Account shared with another seller") == 2


def test_a_batch_is_discarded_by_its_button(payouts: Payouts) -> None:
    payouts.name_account(payouts.world.farmer)
    batch = payouts.first.post(PAGE, {"way": "bank", "minimum": "10"}).location
    assert payouts.second.post(f"{batch}/discard").status_code == 303
    assert balance_fen(producer_account(payouts.world.farm.public_id)) == 11_640
    assert payouts.second.post(f"{batch}/approve").status_code == 409
    assert payouts.first.get(f"{PAGE}/23456789abcdef").status_code == 404
    assert payouts.first.post(f"{PAGE}/lines/23456789abcdef/return", {"reason": "x"}).status_code == 404


def test_the_farm_reads_in_words_where_its_money_is(payouts: Payouts) -> None:
    farmer = payouts.world.farmer
    page = payouts.as_(farmer).get("/farm/money").text
    assert "Please tell us your bank account" in page
    payouts.name_account(farmer)
    page = payouts.as_(farmer).get("/farm/money").text
    assert "•••• 2222" in page
    assert "<dd>¥116.40</dd>" in page
    payouts.sent()
    page = payouts.as_(farmer).get("/farm/money").text
    assert "It is being sent to you." in page
    line = lines()[0]
    payouts.first.post(f"{PAGE}/lines/{line.public_id}/confirm", {"bank_reference": "K1"})
    assert "The bank has paid it." in payouts.as_(farmer).get("/farm/money").text
    payouts.first.post(f"{PAGE}/lines/{line.public_id}/return", {"reason": "销户"})
    page = payouts.as_(farmer).get("/farm/money").text
    assert "It came back: 销户. The money is yours and goes out again with the next payout." in page
    assert NUMBER not in page


def test_a_slip_in_the_account_number_is_refused_and_nothing_is_kept(payouts: Payouts) -> None:
    good = {"holder": "杨阿妹", "bank": "丹寨银行", "number": NUMBER, "number_again": NUMBER}
    farmer = payouts.as_(payouts.world.farmer)
    for wrong, words in (
        ({"number_again": "6222000011112223"}, "The two numbers differ."),
        ({"number": "12", "number_again": "12"}, "Please check the account number: it has 8 to 30 figures."),
        ({"holder": ""}, "Please fill this in."),
        ({"bank": " "}, "Please fill this in."),
    ):
        answer = farmer.post(BANK_ACCOUNT, {**good, **wrong})
        assert (answer.status_code, words in answer.text) == (422, True)
    assert count(PayeeAccount) == 0
    assert payouts.as_(payouts.world.buyer).get(BANK_ACCOUNT).status_code == 403
    assert "丹寨银行" not in farmer.get(BANK_ACCOUNT).text
