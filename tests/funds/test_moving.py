"""Public money goes down, up and out as the rules of office say, and the books always add up."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.funds.models import Budget, Fund
from marketplace.funds.payments import approve_payment, pay_from, propose_payment, refuse_payment, reverse_payment
from marketplace.funds.places import check_place
from marketplace.funds.queries import (
    Totals,
    held_fen,
    leaves,
    ledger_faults,
    moves_of,
    paid_by_purpose,
    standings,
    totals,
    way_up,
)
from marketplace.funds.service import allocate, approve_fund, give_back, propose_fund, refuse_fund
from marketplace.funds.states import (
    BANK_DAYS,
    FINDINGS,
    FUNDS,
    PAYMENTS,
    Action,
    BankDayAction,
    BankDayState,
    FindingAction,
    FindingState,
    FundState,
    PaymentState,
)
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid
from marketplace.ledger.balances import move_balances_on, settled_ends
from marketplace.ledger.beancount import account_name
from marketplace.ledger.checking import check_ledger
from marketplace.ledger.queries import trial_balance
from tests import factories
from tests.factories import NOW
from tests.funds.county import COUNTY, PROJECT, PROVINCE, TOWNSHIP, fund_in_force, office, order


def refused(kind: type[DomainError], code: str, act: Callable[[], Any]) -> None:
    """The act is refused by that name, and the books stay as they were."""
    before = trial_balance()
    with pytest.raises(kind) as refusal:
        act()
    assert refusal.value.code == code
    assert trial_balance() == before


def test_money_comes_down_three_levels_to_a_household_and_its_way_up_is_known(session: Session) -> None:
    with transaction():
        province, county = office(PROVINCE), office(COUNTY)
        fund = fund_in_force(province)
        allocate(fund, "housing", PROVINCE, COUNTY, 60_000_000, "黔财〔2026〕1号", by=province.first, now=NOW)
        allocate(fund, "housing", COUNTY, TOWNSHIP, 20_000_000, "丹财〔2026〕2号", by=county.first, now=NOW)
        payment = propose_payment(fund, order(household=factories.household()), by=county.first, now=NOW)
        approve_payment(payment, by=county.second, now=NOW)
        # What comes later is not this payment's money.
        allocate(fund, "housing", COUNTY, TOWNSHIP, 5_000_000, "丹财〔2026〕3号", by=county.first, now=NOW)
    way = [(move.kind, move.source, move.target, move.amount_fen) for move in way_up(payment)]
    assert way == [
        ("issue", "source", "52", 100_000_000),
        ("allocate", "52", "522636", 60_000_000),
        ("allocate", "522636", "522636100", 20_000_000),
    ]
    assert totals(fund) == {"education": Totals(10_000_000, 0, 10_000_000), "housing": Totals(100_000_000, 100_000, 99_900_000)}
    assert [leaf.id for leaf in leaves(fund)] == [payment.id]
    found = {(one.purpose_code, one.place): one.balance_fen for one in standings([fund])}
    assert found == {
        ("education", "52"): 10_000_000,
        ("housing", "52"): 40_000_000,
        ("housing", "522636"): 35_000_000,
        ("housing", "522636100"): 24_900_000,
    }
    assert [one.place for one in standings([fund], area_code=TOWNSHIP)] == [TOWNSHIP]
    assert ledger_faults() == []
    assert check_ledger().fault is None


def test_a_fund_has_no_money_before_a_second_person_agrees(session: Session) -> None:
    with transaction():
        province = office(PROVINCE)
        given = (PROVINCE, Budget.PROVINCE, "黔财农〔2026〕9号", "住房", 2026, {"housing": 100})
        fund = propose_fund(*given, by=province.first, now=NOW)
        assert totals(fund) == {"housing": Totals(0, 0, 0)}
        refused(Conflict, "second_person_needed", lambda: approve_fund(fund, by=province.first, now=NOW))
        refused(Conflict, "fund_document_known", lambda: propose_fund(*given, by=province.first, now=NOW))
        assert approve_fund(fund, by=province.second, now=NOW)
        assert not approve_fund(fund, by=province.second, now=NOW)
        refused(Conflict, "fund_state", lambda: refuse_fund(fund, by=province.first, now=NOW))
    assert totals(fund) == {"housing": Totals(100, 0, 100)}


def test_an_office_moves_only_what_stands_in_its_own_area(session: Session) -> None:
    with transaction():
        province, county, township, sibling = office(PROVINCE), office(COUNTY), office(TOWNSHIP), office("522635")
        fund = fund_in_force(province)

        def down(source: str, target: str, by: Any) -> Callable[[], Any]:
            return lambda: allocate(fund, "housing", source, target, 100, "文〔1〕", by=by.first, now=NOW)

        refused(Forbidden, "fund_place_not_yours", down(PROVINCE, COUNTY, county))
        down(PROVINCE, COUNTY, province)()
        for stranger in (province, township, sibling):
            refused(Forbidden, "fund_place_not_yours", down(COUNTY, TOWNSHIP, stranger))
        down(COUNTY, PROJECT, county)()
        refused(Invalid, "fund_not_below", down(PROJECT, TOWNSHIP, county))
        refused(Invalid, "fund_not_below", down(PROVINCE, PROVINCE, province))
        refused(Conflict, "fund_short", lambda: down(COUNTY, TOWNSHIP, county)())
        refused(Forbidden, "fund_place_not_yours", down(TOWNSHIP, "522636100001", township))
    assert held_fen(fund, "housing", PROJECT) == 100


def test_money_goes_back_only_to_where_it_came_from_and_leaves_the_source_smaller(session: Session) -> None:
    with transaction():
        province, county = office(PROVINCE), office(COUNTY)
        fund = fund_in_force(province)
        allocate(fund, "housing", PROVINCE, COUNTY, 1_000, "文〔1〕", by=province.first, now=NOW)

        def back(target: str, fen: int, by: Any = county, source: str = COUNTY) -> Callable[[], Any]:
            return lambda: give_back(fund, "housing", source, target, fen, "文〔2〕", by=by.first, now=NOW)

        refused(Invalid, "fund_not_from_there", back("5226", 100))
        refused(Invalid, "fund_not_from_there", back("source", 100))
        refused(Conflict, "fund_short", back(PROVINCE, 1_001))
        back(PROVINCE, 400)()
        back("source", 99_999_400, province, PROVINCE)()
    assert totals(fund)["housing"] == Totals(600, 0, 600)
    assert [move.kind for move in moves_of(fund, "housing")] == ["issue", "allocate", "return", "return"]
    assert ledger_faults() == []


def test_a_payment_needs_two_persons_an_earmark_and_money(session: Session) -> None:
    with transaction():
        province, county = office(PROVINCE), office(COUNTY)
        fund = fund_in_force(province)
        allocate(fund, "housing", PROVINCE, COUNTY, 150_000, "文〔1〕", by=province.first, now=NOW)
        here = order(household=factories.household(), place=COUNTY)
        payment = propose_payment(fund, here, by=county.first, now=NOW)
        refused(Conflict, "second_person_needed", lambda: approve_payment(payment, by=county.first, now=NOW))
        health = order(purpose="health", place=COUNTY)
        refused(Invalid, "fund_purpose_not_given", lambda: propose_payment(fund, health, by=county.first, now=NOW))
        # Schooling is in the fund, and none of it has come down here.
        schooling = propose_payment(fund, order(purpose="education", place=COUNTY), by=county.first, now=NOW)
        refused(Conflict, "fund_short", lambda: approve_payment(schooling, by=county.second, now=NOW))
    with transaction():
        assert approve_payment(payment, by=county.second, now=NOW)
        assert not approve_payment(payment, by=county.second, now=NOW)
        second = propose_payment(fund, here, by=county.first, now=NOW)
        refused(Conflict, "fund_short", lambda: approve_payment(second, by=county.second, now=NOW))
    assert totals(fund)["housing"].paid_fen == 100_000


def test_a_payment_that_came_back_is_reversed_once_and_can_be_paid_anew(session: Session) -> None:
    with transaction():
        province, county = office(PROVINCE), office(COUNTY)
        fund = fund_in_force(province)
        allocate(fund, "housing", PROVINCE, COUNTY, 100_000, "文〔1〕", by=province.first, now=NOW)
        here = order(household=factories.household(), place=COUNTY)
        payment = pay_from(fund, here, by=county.first, approved_by=county.second, now=NOW)
        refused(Invalid, "fund_reason", lambda: reverse_payment(payment, " ", by=county.first, now=NOW))
        assert reverse_payment(payment, "账号已注销", by=county.first, now=NOW)
        assert not reverse_payment(payment, "账号已注销", by=county.first, now=NOW)
        assert leaves(fund) == []
        again = pay_from(fund, here, by=county.first, approved_by=county.second, now=NOW)
    assert [leaf.id for leaf in leaves(fund)] == [again.id]
    assert paid_by_purpose("house", ["1"]) == {"1": 100_000}
    assert ledger_faults() == []


def test_one_who_pays_alone_is_refused_also_by_the_door_for_others(session: Session) -> None:
    with transaction():
        county = office(COUNTY)
        fund = fund_in_force(county, COUNTY)
        alone = order(place=COUNTY)
        with pytest.raises(Conflict, match="Somebody else"):
            pay_from(fund, alone, by=county.first, approved_by=county.first, now=NOW)


def test_a_refused_payment_moves_nothing(session: Session) -> None:
    with transaction():
        county = office(COUNTY)
        fund = fund_in_force(county, COUNTY)
        payment = propose_payment(fund, order(place=COUNTY), by=county.first, now=NOW)
        assert refuse_payment(payment, by=county.first, now=NOW)
        refused(Conflict, "fund_payment_state", lambda: approve_payment(payment, by=county.second, now=NOW))
    assert totals(fund)["housing"].paid_fen == 0


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"fen": 0}, "fund_amount"),
        ({"fen": -5}, "fund_amount"),
        ({"account": "12345"}, "payee_number"),
        ({"credit_code": "91520000MA6DJX4TOI"}, "organisation_code"),
        ({"document": " "}, "fund_document_missing"),
        ({"purpose": "roadworks"}, "fund_purpose_unknown"),
        ({"place": "5226a"}, "fund_place_invalid"),
    ],
)
def test_an_order_that_cannot_be_right_is_refused_by_name(session: Session, wrong: dict[str, Any], code: str) -> None:
    with transaction():
        county = office(COUNTY)
        fund = fund_in_force(county, COUNTY)
        refused(Invalid, code, lambda: propose_payment(fund, order(**{"place": COUNTY, **wrong}), by=county.first, now=NOW))


@pytest.mark.parametrize(
    ("earmarks", "code"),
    [
        ({}, "fund_empty"),
        ({"housing": 0}, "fund_amount"),
        ({"relocation": 5}, "fund_purpose_ended"),
        ({"x": 5}, "fund_purpose_unknown"),
    ],
)
def test_a_fund_for_what_the_standard_does_not_know_is_refused(session: Session, earmarks: dict[str, int], code: str) -> None:
    with transaction():
        at = office(COUNTY)
        given = (COUNTY, Budget.COUNTY, "文〔1〕", "住房", 2026, earmarks)
        refused(Invalid, code, lambda: propose_fund(*given, by=at.first, now=NOW))
    assert db.session.query(Fund).count() == 0


@pytest.mark.parametrize("place", ["", "5", "52263", "522636-", "522636-UP", "source", "522636-123456789012345"])
def test_what_is_no_place_holds_no_money(place: str) -> None:
    with pytest.raises(Invalid):
        check_place(place)


def test_kept_balances_and_the_free_programs_names_know_tagged_accounts(session: Session) -> None:
    with transaction():
        county = office(COUNTY)
        fund = fund_in_force(county, COUNTY)
        ends = settled_ends()
    with transaction():
        move_balances_on(ends)
        # The balance that is kept and the entries since are one sum, also for the rule against going below zero.
        pay_from(fund, order(place=COUNTY), by=county.first, approved_by=county.second, now=NOW)
    assert check_ledger().fault is None
    assert held_fen(fund, "housing", COUNTY) == 99_900_000
    names = [account_name(code) for code, _ in trial_balance() if code.endswith(("source", "paid"))]
    assert sorted(name.split(":")[0] for name in names) == ["Assets", "Equity", "Equity"]


@pytest.mark.parametrize(
    ("machine", "states", "actions", "allowed"),
    [
        (FUNDS, FundState, Action, 2),
        (PAYMENTS, PaymentState, Action, 3),
        (FINDINGS, FindingState, FindingAction, 2),
        (BANK_DAYS, BankDayState, BankDayAction, 3),
    ],
)
def test_every_step_that_a_machine_does_not_name_is_refused(machine: Any, states: Any, actions: Any, allowed: int) -> None:
    taken = 0
    for state in states:
        for action in actions:
            if (state, action) in machine.transitions:
                assert machine.next_state(state, action) == machine.transitions[state, action]
                taken += 1
            elif (state, action) in machine.already_done:
                assert machine.next_state(state, action) is None
            else:
                with pytest.raises(Conflict):
                    machine.next_state(state, action)
    assert taken == allowed
