"""What the database itself refuses of public money, whoever asks, by statements that go round every service."""

from collections.abc import Mapping

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.funds.models import Fund, FundMove, FundPayment
from marketplace.funds.payments import pay_from, propose_payment
from marketplace.funds.service import allocate
from marketplace.kernel.db import db, transaction
from marketplace.ledger.earmarks import fund_account
from marketplace.ledger.service import account_ids, post_transfer
from tests.factories import NOW
from tests.funds.county import COUNTY, Office, fund_in_force, office, order


@pytest.fixture
def county(session: Session) -> Office:
    """The county's two."""
    with transaction():
        return office(COUNTY)


@pytest.fixture
def fund(county: Office) -> Fund:
    """Money of the county for housing and for schooling."""
    with transaction():
        return fund_in_force(county, COUNTY)


def account(fund: Fund, purpose: str, place: str) -> str:
    return fund_account(fund.public_id, purpose, place)


def write_transfer(amounts: Mapping[str, int], purpose_id: str = "x") -> int:
    """A transfer by bare statements; what is checked at the end of a transaction is checked here."""
    ids = account_ids(list(amounts))
    row = "INSERT INTO transfer (public_id, kind, purpose_kind, purpose_id, at) VALUES (:id, 'x', 'x', :id, now()) RETURNING id"
    transfer_id = db.session.scalar(text(row), {"id": purpose_id})
    for code, fen in amounts.items():
        entry = "INSERT INTO entry (transfer_id, account_id, amount_fen) VALUES (:transfer, :account, :fen)"
        db.session.execute(text(entry), {"transfer": transfer_id, "account": ids[code], "fen": fen})
    db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    return int(transfer_id or 0)


def test_money_for_one_purpose_cannot_become_money_for_another(fund: Fund) -> None:
    across = {account(fund, "housing", COUNTY): -100, account(fund, "education", COUNTY): 100}
    with pytest.raises(IntegrityError, match="takes money out of its tag"):
        write_transfer(across)


def test_money_for_one_purpose_cannot_be_paid_for_another(fund: Fund) -> None:
    across = {account(fund, "housing", COUNTY): -100, account(fund, "education", "paid"): 100}
    with pytest.raises(IntegrityError, match="takes money out of its tag"):
        write_transfer(across)


def test_money_of_one_fund_cannot_become_anothers(fund: Fund, county: Office) -> None:
    with transaction():
        other = fund_in_force(county, COUNTY)
    with pytest.raises(IntegrityError, match="takes money out of its tag"):
        write_transfer({account(fund, "housing", COUNTY): -100, account(other, "housing", COUNTY): 100})


@pytest.mark.parametrize("outside", ["producer:7hk2x", "clearing", "platform:service_fee"])
def test_public_money_cannot_become_the_markets_nor_the_markets_public(fund: Fund, outside: str) -> None:
    for sign in (1, -1):
        with pytest.raises(IntegrityError, match="takes money out of its tag"), db.session.begin_nested():
            write_transfer({account(fund, "housing", COUNTY): -100 * sign, outside: 100 * sign}, f"x{sign}")


def test_two_wrongs_of_opposite_sign_do_not_hide_each_other(fund: Fund) -> None:
    crossed = {
        account(fund, "housing", COUNTY): -100,
        account(fund, "education", COUNTY): 100,
        "buyers": -50,
        "clearing": 50,
    }
    with pytest.raises(IntegrityError, match="takes money out of its tag"):
        write_transfer(crossed)


def test_no_place_goes_below_zero_though_nobody_asked_first(fund: Fund) -> None:
    with pytest.raises(IntegrityError, match="would stand at -1 fen"):
        write_transfer({account(fund, "housing", COUNTY): -100_000_001, account(fund, "housing", "paid"): 100_000_001})


def test_an_account_cannot_be_given_another_code(fund: Fund) -> None:
    with pytest.raises(IntegrityError, match="append-only"):
        db.session.execute(text("UPDATE ledger_account SET code = 'producer:x' WHERE code LIKE 'fund:%'"))


def test_a_tag_is_read_off_the_code_and_cannot_be_written(fund: Fund) -> None:
    rows = db.session.execute(text("SELECT code, tag FROM ledger_account WHERE code LIKE 'fund:%' OR code = 'buyers'")).all()
    assert {tag for code, tag in rows if code != "buyers"} == {f"{fund.public_id}:housing", f"{fund.public_id}:education"}
    with pytest.raises(Exception, match="tag"):
        db.session.execute(text("INSERT INTO ledger_account (code, tag) VALUES ('producer:y', 'z')"))


def move_values(fund: Fund, transfer_id: int, **other: object) -> dict[str, object]:
    values = {
        "public_id": "x",
        "kind": "pay",
        "fund_id": fund.id,
        "purpose_code": "education",
        "source": COUNTY,
        "target": "paid",
        "amount_fen": 100_000,
        "document_number": "文",
        "transfer_id": transfer_id,
        "by_id": fund.proposed_by_id,
        "at": NOW,
    }
    return {**values, **other}


def test_a_payment_for_schooling_cannot_be_booked_by_a_transfer_of_housing_money(fund: Fund, county: Office) -> None:
    with transaction():
        schooling = propose_payment(fund, order(purpose="education", place=COUNTY), by=county.first, now=NOW)
        amounts = {account(fund, "housing", COUNTY): -100_000, account(fund, "housing", "paid"): 100_000}
        transfer = post_transfer("x", "x", "x", amounts, at=NOW)
    with pytest.raises(IntegrityError, match="does not book this move"):
        db.session.execute(FundMove.__table__.insert(), move_values(fund, transfer.id, payment_id=schooling.id))


def test_a_move_of_housing_money_cannot_pay_a_payment_for_schooling(fund: Fund, county: Office) -> None:
    with transaction():
        schooling = propose_payment(fund, order(purpose="education", place=COUNTY), by=county.first, now=NOW)
        amounts = {account(fund, "housing", COUNTY): -100_000, account(fund, "housing", "paid"): 100_000}
        transfer = post_transfer("x", "x", "x", amounts, at=NOW)
    with pytest.raises(IntegrityError, match="fk_fund_move_booked_as_fund_payment"):
        wrong = move_values(fund, transfer.id, payment_id=schooling.id, purpose_code="housing")
        db.session.execute(FundMove.__table__.insert(), wrong)


def test_a_payment_for_what_the_fund_was_not_given_for_cannot_be_written(fund: Fund, county: Office) -> None:
    with transaction():
        payment = propose_payment(fund, order(place=COUNTY), by=county.first, now=NOW)
    with pytest.raises(IntegrityError, match="fk_fund_payment_fund_id_purpose_code_fund_earmark"):
        db.session.execute(text("UPDATE fund_payment SET purpose_code = 'health' WHERE id = :id"), {"id": payment.id})


def test_a_payment_that_was_booked_cannot_be_altered_in_amount_or_purpose(fund: Fund, county: Office) -> None:
    with transaction():
        payment = pay_from(fund, order(place=COUNTY), by=county.first, approved_by=county.second, now=NOW)
    for change in ("amount_fen = 1", "purpose_code = 'education'", "place = '5226'"):
        with pytest.raises(IntegrityError, match="fk_fund_move_booked_as_fund_payment"), db.session.begin_nested():
            db.session.execute(text(f"UPDATE fund_payment SET {change} WHERE id = :id"), {"id": payment.id})


@pytest.mark.parametrize(("table", "model"), [("fund", Fund), ("fund_payment", FundPayment)])
def test_one_person_alone_decides_nothing(fund: Fund, county: Office, table: str, model: type[Fund]) -> None:
    with transaction():
        pay_from(fund, order(place=COUNTY), by=county.first, approved_by=county.second, now=NOW)
    with pytest.raises(IntegrityError, match=f"ck_{table}_decided_by_another"):
        db.session.execute(text(f"UPDATE {table} SET decided_by_id = proposed_by_id"))


def test_moves_are_only_ever_added(fund: Fund, county: Office) -> None:
    with transaction():
        allocate(fund, "housing", COUNTY, "522636100", 5, "文", by=county.first, now=NOW)
    for statement in ("UPDATE fund_move SET amount_fen = 6", "DELETE FROM fund_move", "UPDATE fund_earmark SET amount_fen = 6"):
        with pytest.raises(IntegrityError, match="append-only"), db.session.begin_nested():
            db.session.execute(text(statement))
