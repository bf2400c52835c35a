"""A bank's word about a day against the books: what matches, what a person explains, and how two close it."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from marketplace.funds.bank import (
    MARKET,
    Movement,
    books_of,
    close_day,
    days_within,
    explain_item,
    match,
    read_day,
    read_statement,
    reopen_day,
    settle_day,
)
from marketplace.funds.payments import pay_from, reverse_payment
from marketplace.funds.service import allocate
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from tests import factories
from tests.factories import NOW
from tests.funds.county import COUNTY, PROJECT, PROVINCE, TOWNSHIP, fund_in_force, office, order

DAY = local_day(NOW)
LATER = NOW + timedelta(days=1)
HEADER = "day,amount,reference,account\n"
_movements = st.lists(
    st.builds(
        Movement,
        st.sampled_from([-500, -300, 200, 700]),
        st.sampled_from(["", "A", "B", "C"]),
        st.sampled_from(["", "1234", "5678"]),
    ),
    max_size=12,
)


@given(bank=_movements, books=_movements)
def test_each_movement_of_each_side_is_in_one_match_and_pairs_agree(bank: list[Movement], books: list[Movement]) -> None:
    matches = match(bank, books)
    assert [one.bank for one in matches if one.bank is not None] == bank
    key = lambda one: (one.amount_fen, one.reference, one.last_four)  # noqa: E731
    assert sorted((one.books for one in matches if one.books is not None), key=key) == sorted(books, key=key)
    for one in matches:
        if one.bank and one.books:
            assert one.bank.amount_fen == one.books.amount_fen
            assert one.bank.reference in ("", one.books.reference)


def test_two_alike_without_a_reference_are_left_for_a_person() -> None:
    booked = [Movement(-500, "A", "1234"), Movement(-500, "B", "1234")]
    matches = match([Movement(-500, "", "1234")], booked)
    assert [(one.bank is None, one.books is None) for one in matches] == [(False, True), (True, False), (True, False)]
    assert [one.books for one in match([Movement(-500, "", "1234")], booked[:1])] == [booked[0]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("day,amount\n", "statement_columns"),
        (HEADER + f"{DAY},x,A,1\n", "statement_row"),
        (HEADER + f"{DAY},0,A,1\n", "statement_row"),
        (HEADER + f"{DAY},1.001,A,1\n", "statement_row"),
        (HEADER + f"{DAY},NaN,A,1\n", "statement_row"),
        (HEADER + f"{DAY},1e99,A,1\n", "statement_row"),
        (HEADER + f"{DAY},1e999999,A,1\n", "statement_row"),
        (HEADER + "2026-06-14,5,A,1\n", "statement_row"),
        (HEADER + f'{DAY},"5\n', "statement_unreadable"),
        ("a\0b", "statement_unreadable"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_by_name(body: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_statement(body.encode(), DAY)
    assert refusal.value.code == code


def test_a_banks_way_of_writing_is_understood() -> None:
    body = f'{HEADER}{DAY},"-1,200.50",FP1,6228 48** **** 1234\r\n{DAY},¥3,,\r\n'
    assert read_statement(body.encode("gb18030"), DAY) == [Movement(-120_050, "FP1", "1234"), Movement(300, "", "")]
    assert read_statement(HEADER.encode(), DAY) == []


def refused(kind: type[DomainError], code: str, act: Callable[[], Any]) -> None:
    with pytest.raises(kind) as refusal:
        act()
    assert refusal.value.code == code


def test_a_day_is_read_explained_settled_by_one_and_closed_by_another(session: Session) -> None:
    with transaction():
        province, county = office(PROVINCE), office(COUNTY)
        fund = fund_in_force(province)
        allocate(fund, "housing", PROVINCE, COUNTY, 10_000_000, "黔财〔2026〕1号", by=province.first, now=NOW)
        allocate(fund, "housing", COUNTY, TOWNSHIP, 3_000_000, "丹财〔2026〕2号", by=county.first, now=NOW)
        # To a project of the township's; at the township's bank nothing moves.
        allocate(fund, "housing", TOWNSHIP, PROJECT, 1_000_000, "丹财〔2026〕3号", by=county.first, now=NOW)
        paid = pay_from(fund, order(place=COUNTY), by=county.first, approved_by=county.second, now=NOW)
        late = pay_from(fund, order(place=COUNTY, fen=700), by=county.first, approved_by=county.second, now=NOW)
    assert [(one.amount_fen, one.booked_as) for one in books_of(COUNTY, DAY)] == [
        (10_000_000, "黔财〔2026〕1号"),
        (-3_000_000, "丹财〔2026〕2号"),
        (-100_000, paid.reference),
        (-700, late.reference),
    ]
    assert [one.amount_fen for one in books_of(TOWNSHIP, DAY)] == [3_000_000]
    said = (
        f"{HEADER}{DAY},100000.00,黔财〔2026〕1号,0052\n{DAY},-30000.00,丹财〔2026〕2号,0100\n"
        f"{DAY},-1000.00,{paid.reference},1234\n{DAY},-12.00,手续费,\n"
    )
    with transaction():
        refused(Conflict, "bank_day_future", lambda: read_day(COUNTY, DAY, said.encode(), by=county.first, now=NOW))
        refused(Forbidden, "fund_place_not_yours", lambda: read_day(COUNTY, DAY, said.encode(), by=province.first, now=LATER))
        day = read_day(COUNTY, DAY, said.encode(), by=county.first, now=LATER)
    items = [(item.number, item.side, item.amount_fen, item.booked_as or item.reference) for item in day.items]
    assert [item[1] for item in items] == ["both", "both", "both", "bank", "books"]
    assert items[3:] == [(4, "bank", -1_200, "手续费"), (5, "books", -700, late.reference)]
    with transaction():
        refused(Conflict, "bank_day_unexplained", lambda: settle_day(day, by=county.first, now=LATER))
        refused(NotFound, "bank_item_unknown", lambda: explain_item(day, 1, "好", by=county.first, now=LATER))
        refused(Invalid, "fund_reason", lambda: explain_item(day, 4, " ", by=county.first, now=LATER))
        explain_item(day, 4, "银行手续费", by=county.first, now=LATER)
        explain_item(day, 5, "银行次日入账", by=county.first, now=LATER)
        assert settle_day(day, by=county.first, now=LATER)
        refused(Conflict, "second_person_needed", lambda: close_day(day, by=county.first, now=LATER))
        refused(Conflict, "bank_day_done", lambda: read_day(COUNTY, DAY, said.encode(), by=county.first, now=LATER))
        assert reopen_day(day, by=county.second, now=LATER)
        assert settle_day(day, by=county.first, now=LATER)
        assert close_day(day, by=county.second, now=LATER)
        refused(Conflict, "bank_day_state", lambda: reopen_day(day, by=county.first, now=LATER))
    assert [one.id for one in days_within([COUNTY])] == [day.id]
    assert days_within([MARKET]) == []


def test_a_day_whose_books_have_changed_is_read_again_before_it_is_closed(session: Session) -> None:
    with transaction():
        county = office(COUNTY)
        fund = fund_in_force(county, COUNTY)
        paid = pay_from(fund, order(place=COUNTY), by=county.first, approved_by=county.second, now=NOW)
        money = f"{HEADER}{DAY},1000000.00,{fund.document_number},\n{DAY},100000.00,{fund.document_number},\n"
        day = read_day(COUNTY, DAY, f"{money}{DAY},-1000.00,{paid.reference},\n".encode(), by=county.first, now=LATER)
        settle_day(day, by=county.first, now=LATER)
        reverse_payment(paid, "退回", by=county.first, now=NOW)
        refused(Conflict, "bank_day_moved", lambda: close_day(day, by=county.second, now=LATER))
        reopen_day(day, by=county.first, now=LATER)
        both = f"{money}{DAY},-1000.00,{paid.reference},\n{DAY},1000.00,{paid.reference},1234\n"
        again = read_day(COUNTY, DAY, both.encode(), by=county.first, now=LATER)
        assert again.id == day.id
        assert [item.side for item in again.items] == ["both"] * 4
        settle_day(again, by=county.first, now=LATER)
        assert close_day(again, by=county.second, now=LATER)


def test_the_markets_own_day_is_the_operators(session: Session) -> None:
    with transaction():
        operator, county = factories.account((RoleKind.OPERATOR, "")), office(COUNTY)
        refused(Forbidden, "fund_place_not_yours", lambda: read_day(MARKET, DAY, b"", by=county.first, now=LATER))
        day = read_day(MARKET, date(2026, 6, 1), HEADER.encode(), by=operator, now=LATER)
    assert [one.id for one in days_within([MARKET])] == [day.id]
