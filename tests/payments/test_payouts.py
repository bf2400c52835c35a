"""Paying out: what is payable, two people, what the bank answers, what comes back, and what a later refund does; to the fen."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from marketplace.kernel import steps
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid
from marketplace.ledger.queries import trial_balance
from marketplace.ledger.service import post_transfer
from marketplace.payments.bank_file import Verdict, bank_rows, book_answer, check_answer, read_answer
from marketplace.payments.gateway import KEYS_HOLD
from marketplace.payments.models import PayeeAccount, PayoutBatch, PayoutLine, PayoutWay
from marketplace.payments.payees import set_payee
from marketplace.payments.paying_out import hand_over, send_batch
from marketplace.payments.payout_queries import find_payee, get_batch, lock_line, sharing_an_account
from marketplace.payments.payouts import approve_batch, confirm_line, discard_batch, draft_batch, return_line
from marketplace.web.csv_files import harmless
from tests import factories
from tests.payments.double import Double, collecting_by_double

NOW = factories.NOW
A, B, C = "producer:aaaa", "producer:bbbb", "producer:cccc"
pytestmark = pytest.mark.usefixtures("session")


@pytest.fixture
def double(app: Flask) -> Iterator[Double]:
    with collecting_by_double() as double:
        yield double


def earn(code: str, amount_fen: int, purpose: str) -> None:
    """Money that comes to an account, or, negative, is promised back out of it."""
    with transaction():
        post_transfer("settlement", "order", purpose, {"clearing": -amount_fen, code: amount_fen}, at=NOW)


def named(code: str, number: str = "", way: PayoutWay = PayoutWay.BANK) -> None:
    bank = "丹寨银行" if way is PayoutWay.BANK else ""
    # The tests' payees have numbers of their own unless one is given.
    own = str(int(hashlib.sha256(code.encode()).hexdigest()[:8], 16) + 10**12)
    with transaction():
        set_payee(code, way, f"户主 {code[-1]}", bank, number or own, actor="farmer", now=NOW)


def drafted(minimum_fen: int = 1000, way: PayoutWay = PayoutWay.BANK) -> str:
    with transaction():
        return draft_batch(way, minimum_fen, actor="first", now=NOW).public_id


def approved(batch: str) -> bool:
    with transaction():
        return approve_batch(get_batch(batch, lock=True), actor="second", now=NOW)


def sent(minimum_fen: int = 1000, way: PayoutWay = PayoutWay.BANK) -> PayoutBatch:
    batch = drafted(minimum_fen, way)
    approved(batch)
    send_batch(batch, actor="first", now=NOW)
    return get_batch(batch)


def confirmed(line: PayoutLine, reference: str) -> bool:
    with transaction():
        return confirm_line(lock_line(line.public_id), reference, actor="first", now=NOW)


def returned(line: PayoutLine, reason: str = "账号有误") -> bool:
    with transaction():
        return return_line(lock_line(line.public_id), reason, actor="first", now=NOW)


def balances() -> dict[str, int]:
    kept = {code: fen for code, fen in trial_balance() if fen}
    assert sum(kept.values()) == 0
    return kept


def test_a_batch_takes_every_balance_from_the_minimum_on_whose_owner_has_named_an_account() -> None:
    for code, fen in ((A, 1000), (B, 999), (C, 50_000)):
        earn(code, fen, code)
    named(A)
    named(B)
    with pytest.raises(Conflict) as nothing:
        drafted(50_000)
    assert nothing.value.code == "nothing_payable"
    batch = get_batch(drafted())
    assert [(line.ledger_code, line.amount_fen, line.state) for line in batch.lines] == [(A, 1000, "waiting")]
    assert balances() == {"clearing": -51_999, "payouts_in_transit": 1000, B: 999, C: 50_000}
    assert batch.lines[0].reference == f"{batch.reference}-001"
    with pytest.raises(Conflict):
        drafted()
    with pytest.raises(Invalid):
        drafted(0)


def test_who_made_a_batch_does_not_approve_it_and_nothing_is_sent_unapproved() -> None:
    earn(A, 5000, "1")
    named(A)
    batch = drafted()
    with pytest.raises(Conflict) as alone, transaction():
        approve_batch(get_batch(batch, lock=True), actor="first", now=NOW)
    assert alone.value.code == "second_person_needed"
    with pytest.raises(Conflict) as early:
        send_batch(batch, actor="first", now=NOW)
    assert early.value.code == "payout_batch_state"
    with pytest.raises(Conflict) as unsent:
        confirmed(get_batch(batch).lines[0], "B1")
    assert unsent.value.code == "batch_not_sent"
    assert [approved(batch), approved(batch)] == [True, False]
    assert [send_batch(batch, actor="first", now=NOW) for _ in range(2)] == [True, False]
    for wrong in ({"approved_by": "first"}, {"approved_by": None, "approved_at": None}, {"sent_at": None}):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(update(PayoutBatch).values(wrong))


def test_lines_are_paid_or_come_back_and_the_batch_closes_with_the_last() -> None:
    for code in (A, B):
        earn(code, 2425, code)
        named(code)
    batch = sent()
    assert [confirmed(batch.lines[0], "B1"), confirmed(batch.lines[0], "B1")] == [True, False]
    assert get_batch(batch.public_id).state == "sent"
    assert balances() == {"clearing": -4850, "payouts_in_transit": 2425, "paid_out": 2425}
    assert [returned(batch.lines[1]), returned(batch.lines[1])] == [True, False]
    assert balances() == {"clearing": -4850, B: 2425, "paid_out": 2425}
    assert get_batch(batch.public_id).state == "closed"
    again = sent()
    assert [(line.ledger_code, line.amount_fen) for line in again.lines] == [(B, 2425)]
    # Days after the bank has said that it had paid.
    assert returned(batch.lines[0], "销户")
    assert balances() == {"clearing": -4850, A: 2425, "payouts_in_transit": 2425}
    assert get_batch(batch.public_id).state == "closed"


def test_one_payment_of_the_bank_confirms_one_line_and_one_line_has_one() -> None:
    for code in (A, B):
        earn(code, 2425, code)
        named(code)
    batch = sent()
    confirmed(batch.lines[0], "B1")
    for line, reference, code in ((0, "B2", "paid_otherwise"), (1, "B1", "bank_reference_used")):
        with pytest.raises(Conflict) as refused:
            confirmed(batch.lines[line], reference)
        assert refused.value.code == code
    assert balances() == {"clearing": -4850, "payouts_in_transit": 2425, "paid_out": 2425}


def test_a_refund_after_a_payout_is_a_negative_row_that_the_next_batch_is_smaller_by() -> None:
    earn(A, 5000, "1")
    named(A)
    confirmed(sent().lines[0], "B1")
    earn(A, -1500, "2")
    assert balances() == {"clearing": -3500, A: -1500, "paid_out": 5000}
    with pytest.raises(Conflict):
        drafted(1)
    earn(A, 4000, "3")
    assert sent().lines[0].amount_fen == 2500
    amounts = db.session.scalars(
        text("SELECT amount_fen FROM entry JOIN ledger_account a ON a.id = account_id WHERE a.code = :code ORDER BY entry.id"),
        {"code": A},
    ).all()
    assert amounts == [5000, -5000, -1500, 4000, -2500]


def test_a_discarded_batch_gives_everything_back_and_a_sent_one_cannot_be_discarded() -> None:
    earn(A, 5000, "1")
    named(A)
    for ready in (False, True):
        batch = drafted()
        if ready:
            approved(batch)
        with transaction():
            assert discard_batch(get_batch(batch, lock=True), actor="first", now=NOW)
        with transaction():
            assert not discard_batch(get_batch(batch, lock=True), actor="first", now=NOW)
        assert balances() == {"clearing": -5000, A: 5000}
        assert [line.state for line in get_batch(batch).lines] == ["withdrawn"]
    batch = sent().public_id
    with pytest.raises(Conflict), transaction():
        discard_batch(get_batch(batch, lock=True), actor="first", now=NOW)
    assert balances() == {"clearing": -5000, "payouts_in_transit": 5000}


def test_an_account_that_is_changed_later_does_not_change_what_is_in_a_batch() -> None:
    earn(A, 5000, "1")
    named(A, "6222 0000-1111 2222")
    batch = drafted()
    named(A, "6222000033334444")
    line = get_batch(batch).lines[0]
    assert (line.number, line.last_four, line.holder) == ("6222000011112222", "2222", "户主 a")
    payee = find_payee(A)
    assert payee is not None
    assert (payee.number, payee.last_four) == ("6222000033334444", "4444")
    kept = db.session.execute(text("SELECT number, holder FROM payee_account")).one()
    assert not any(b"4444" in bytes(value) or "户主".encode() in bytes(value) for value in kept)
    assert "6222" not in str(db.session.scalars(select(AuditEvent.data)).all())


def test_one_number_under_two_payees_is_noticed_and_allowed() -> None:
    named(A, "6222000011112222")
    named(B, "6222 0000 1111 2222")
    named(C, "6222000033334444")
    assert sharing_an_account([A, B, C]) == {A, B}
    named(B, "6222000055556666")
    assert sharing_an_account([A, B, C]) == set()


@pytest.mark.parametrize("number", ["1234567", "1" * 31, "62220000abcd", "acct_1", ""])
def test_what_is_no_number_of_an_account_is_refused(number: str) -> None:
    with pytest.raises(Invalid) as refused, transaction():
        set_payee(A, PayoutWay.BANK, "户主", "丹寨银行", number, actor="farmer", now=NOW)
    assert refused.value.code == "payee_number"
    assert db.session.scalar(select(func.count()).select_from(PayeeAccount)) == 0


def test_the_file_for_the_bank_has_what_is_on_its_way_and_runs_nothing() -> None:
    for code in (A, B):
        earn(code, 123_456, code)
        named(code, "62220000111122" + str(int(code == B)))
    with transaction():
        set_payee(B, PayoutWay.BANK, "=cmd()", "丹寨银行", "622200001111221", actor="farmer", now=NOW)
    batch = sent()
    confirmed(batch.lines[0], "B1")
    rows = bank_rows(get_batch(batch.public_id).lines, harmless)
    assert rows == [[f"{batch.reference}-002", "'=cmd()", "丹寨银行", "622200001111221", "1234.56"]]


def test_the_banks_answer_is_judged_row_by_row_and_what_is_right_is_booked() -> None:
    codes = [f"producer:{number:04d}" for number in range(7)]
    for code in codes:
        earn(code, 2425, code)
        named(code)
    batch = sent()
    confirmed(batch.lines[4], "K4")
    ref = [line.reference for line in batch.lines]
    body = "\r\n".join(
        [
            "reference,amount,result,bank_reference,reason,more",
            f"{ref[0]},24.25,paid,K0,,x",
            f"{ref[1]},24.25,退回,,户名不符,x",
            f"{ref[2]},24.26,paid,K2,,x",
            "PO000000-AAAAAA-001,24.25,paid,K9,,x",
            f"{ref[0]},24.25,paid,K0,,x",
            f"{ref[3]},24.25,paid,,,x",
            f"{ref[4]},24.25,paid,K4,,x",
            f"{ref[5]},24.25,paid,K0,,x",
            f"{ref[6]},24.25,returned,,,x",
            f"{ref[6]},24.25,lost,,,x",
        ]
    )
    wanted = [
        *(Verdict.PAID, Verdict.RETURNED, Verdict.WRONG_AMOUNT, Verdict.UNKNOWN_REFERENCE, Verdict.TWICE),
        *(Verdict.NO_BANK_REFERENCE, Verdict.KNOWN, Verdict.REFUSED, Verdict.NO_REASON, Verdict.TWICE),
    ]
    rows = read_answer(body.encode("gb18030"))
    before = balances()
    assert [report.verdict for report in check_answer(get_batch(batch.public_id), rows)] == wanted
    assert balances() == before
    for left, again in ((wanted, 2), ([Verdict.KNOWN, Verdict.KNOWN, *wanted[2:]], 0)):
        with transaction():
            reports = book_answer(get_batch(batch.public_id, lock=True), rows, actor="first", now=NOW)
        assert [report.verdict for report in reports] == left
        assert sum(report.verdict in (Verdict.PAID, Verdict.RETURNED) for report in reports) == again
    assert balances() == {"clearing": -7 * 2425, codes[1]: 2425, "paid_out": 2 * 2425, "payouts_in_transit": 4 * 2425}


@pytest.mark.parametrize("amount", ["", "NaN", "1e99", "1e999999"])
def test_an_amount_that_is_none_is_a_wrong_one(amount: str) -> None:
    earn(A, 2425, A)
    named(A)
    batch = sent()
    body = f"reference,amount,result,bank_reference,reason\n{batch.lines[0].reference},{amount},paid,K0,\n"
    reports = check_answer(get_batch(batch.public_id), read_answer(body.encode()))
    assert [report.verdict for report in reports] == [Verdict.WRONG_AMOUNT]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "answer_columns"),
        (b"reference,amount\n1,2\n", "answer_columns"),
        (b"reference,amount,result,bank_reference,reason\n", "answer_empty"),
        (b"\x89PNG\x00\x00", "answer_unreadable"),
        (b'reference,amount,result,bank_reference,reason\n"1"x,2,paid,3,\n', "answer_unreadable"),
        (b"reference,amount,result,bank_reference,reason\n" + b"1,1,paid,1,\n" * 5001, "answer_too_long"),
    ],
)
def test_what_is_no_answer_is_refused_by_name(body: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_answer(body)
    assert refused.value.code == code


def test_transfers_of_the_provider_confirm_themselves_and_what_it_refuses_comes_back(double: Double) -> None:
    for code in (A, B):
        earn(code, 2425, code)
    named(A, "acct_1", PayoutWay.STRIPE)
    named(B, "acct_2", PayoutWay.STRIPE)
    name = drafted(way=PayoutWay.STRIPE)
    with transaction():
        get_batch(name).lines[1].number = "ba_2"
    approved(name)
    send_batch(name, actor="first", now=NOW)
    batch = get_batch(name)
    made = double.bank.store.all("transfer")
    assert [(row["amount"], row["destination"], row["description"]) for row in made] == [
        (2425, "acct_1", batch.lines[0].reference)
    ]
    assert [(line.state, line.bank_reference) for line in batch.lines] == [("paid", made[0]["id"]), ("returned", None)]
    assert (batch.state, batch.lines[1].return_reason) == ("closed", "resource_missing")
    assert balances() == {"clearing": -4850, B: 2425, "paid_out": 2425}


class Death(BaseException):
    """The process is gone."""


def dies() -> None:
    raise Death


def test_a_transfer_whose_key_may_be_forgotten_is_looked_for_before_it_is_made_again(double: Double) -> None:
    earn(A, 2425, A)
    named(A, "acct_1", PayoutWay.STRIPE)
    batch = drafted(way=PayoutWay.STRIPE)
    approved(batch)
    steps.arm("payout.transfer_sent", dies)
    with pytest.raises(Death):
        send_batch(batch, actor="first", now=NOW)
    steps.disarm()
    assert get_batch(batch).lines[0].state == "waiting"
    with double.bank.store.work():
        double.bank.store.forget_answers()
    hand_over(now=NOW + KEYS_HOLD + timedelta(seconds=1))
    made = double.bank.store.all("transfer")
    assert [row["amount"] for row in made] == [2425]
    assert get_batch(batch).lines[0].bank_reference == made[0]["id"]


def test_a_provider_that_does_not_answer_is_asked_again(double: Double) -> None:
    earn(A, 2425, A)
    named(A, "acct_1", PayoutWay.STRIPE)
    batch = drafted(way=PayoutWay.STRIPE)
    approved(batch)
    asked = double.gateway._client
    double.gateway._client = type(double.gateway)("sk_test_wrong", "x", double.url)._client
    send_batch(batch, actor="first", now=NOW)
    assert (get_batch(batch).state, get_batch(batch).lines[0].state) == ("sent", "waiting")
    double.gateway._client = asked
    for _ in range(2):
        hand_over(now=NOW)
    assert [row["amount"] for row in double.bank.store.all("transfer")] == [2425]
    assert get_batch(batch).state == "closed"
