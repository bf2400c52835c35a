"""Dividend runs: to the fen, once, by two persons; what is not there is advanced and claimed, never promised."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.equity.models import Dividend, DividendRun, EquityContract
from marketplace.equity.queries import claims_of, guarantee_account, held_by, household_account, operator_account, paid_in_fen
from marketplace.equity.runs import approve_run, book_guarantee, book_payment, discard_run, draft_run
from marketplace.equity.states import ClaimState, RunState
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid
from marketplace.ledger.queries import balance_fen, trial_balance
from marketplace.registry.reading import unbounded
from tests import factories
from tests.equity.world import TERMS, World, signed, world
from tests.factories import NOW
from tests.own_database import own_database, race


def drafted(contract: EquityContract, here: World, profit_fen: int = 10_000_000, year: int = 2025) -> DividendRun:
    return draft_run(contract, year, max(profit_fen, 0), max(-profit_fen, 0), "审计报告", by=here.first, now=NOW)


def amounts(run: DividendRun) -> list[int]:
    query = select(Dividend.amount_fen).where(Dividend.run_id == run.id).order_by(Dividend.household_id)
    return list(db.session.scalars(unbounded(query, "a test")))


def test_the_first_example_of_sichuan_reaches_138_accounts_to_the_fen(acting: Session) -> None:
    here = world(138)
    contract = signed(here)
    book_payment(contract, 7_900_000, "B1", by=here.first, now=NOW)
    run = drafted(contract, here)
    assert approve_run(run, by=here.second, now=NOW)
    assert sorted(set(amounts(run))) == [57_246, 57_247]
    assert [amounts(run).count(fen) for fen in (57_246, 57_247)] == [86, 52]
    balances = [balance_fen(household_account(each.public_id)) for each in here.households]
    assert balances == amounts(run)
    assert paid_in_fen(contract) == 0
    assert sum(fen for _, fen in trial_balance()) == 0


def test_the_second_example_prefers_the_ten_registered_of_a_hundred(acting: Session) -> None:
    here = world(100, registered=10)
    contract = signed(here, replace(TERMS, preferred_bp=1_000, agreed_bp=10_000))
    book_payment(contract, 10**9, "B1", by=here.first, now=NOW)
    run = drafted(contract, here, 95_000_000)
    approve_run(run, by=here.second, now=NOW)
    # 5,000,000 fen of floor and 95,000,000 of bonus are 100,000,000: 1.9 % and 0.9 % of it.
    assert amounts(run) == [1_900_000] * 10 + [900_000] * 90


def test_nobody_approves_what_they_drafted_and_twice_is_once(acting: Session) -> None:
    here = world()
    contract = signed(here)
    book_payment(contract, 7_900_000, "B1", by=here.first, now=NOW)
    run = drafted(contract, here)
    with pytest.raises(Forbidden):
        approve_run(run, by=here.first, now=NOW)
    assert (run.state, amounts(run)) == (RunState.DRAFTED, [])
    assert approve_run(run, by=here.second, now=NOW)
    assert not approve_run(run, by=here.second, now=NOW)
    assert sum(amounts(run)) == 7_900_000


def test_a_floor_that_was_not_paid_in_is_advanced_and_claimed_and_the_payment_settles_it(acting: Session) -> None:
    here = world()
    contract = signed(here)
    book_guarantee("522636100001", 6_000_000, "G1", by=_county(), now=NOW)
    book_payment(contract, 2_000_000, "B1", by=here.first, now=NOW)
    run = drafted(contract, here, -1)
    approve_run(run, by=here.second, now=NOW)
    assert sum(amounts(run)) == 5_000_000
    assert balance_fen(guarantee_account(contract.area_code)) == 3_000_000
    (claim,) = claims_of(contract)
    assert (claim.amount_fen, claim.state) == (3_000_000, ClaimState.OPEN)
    book_payment(contract, 1_000_000, "B2", by=here.first, now=NOW)
    assert (claim.paid_fen, claim.state) == (1_000_000, ClaimState.OPEN)
    book_payment(contract, 2_500_000, "B3", by=here.first, now=NOW)
    assert (claim.paid_fen, claim.state) == (3_000_000, ClaimState.SETTLED)
    # What the operator paid beyond its debt waits for the next year.
    assert (balance_fen(guarantee_account(contract.area_code)), paid_in_fen(contract)) == (6_000_000, 500_000)


def test_without_a_guarantee_nothing_is_promised_and_nothing_has_changed(acting: Session) -> None:
    here = world()
    contract = signed(here)
    run = drafted(contract, here)
    with pytest.raises(Conflict) as refused, acting.begin_nested():
        approve_run(run, by=here.second, now=NOW)
    assert (refused.value.code, refused.value.data) == ("guarantee_short", {"missing": "50000.00"})
    acting.refresh(run)
    assert (run.state, amounts(run)) == (RunState.DRAFTED, [])
    assert balance_fen(operator_account(contract)) == 0


def test_a_bonus_is_paid_as_far_as_the_money_goes_and_the_run_says_so(acting: Session) -> None:
    here = world()
    contract = signed(here)
    book_payment(contract, 6_000_000, "B1", by=here.first, now=NOW)
    run = drafted(contract, here)
    approve_run(run, by=here.second, now=NOW)
    assert (run.bonus_fen, run.bonus_paid_fen, run.advanced_fen, sum(amounts(run))) == (2_900_000, 1_000_000, 0, 6_000_000)


def test_one_fen_of_floor_is_paid_to_one_household(acting: Session) -> None:
    here = world(value_fen=20)
    contract = signed(here)
    book_payment(contract, 1, "B1", by=here.first, now=NOW)
    run = drafted(contract, here, 0)
    approve_run(run, by=here.second, now=NOW)
    assert amounts(run) == [1, 0, 0]


def test_a_year_is_paid_once_and_a_discarded_draft_frees_it(acting: Session) -> None:
    here = world()
    contract = signed(here)
    run = drafted(contract, here)
    with pytest.raises(Conflict) as refused:
        drafted(contract, here)
    assert refused.value.code == "year_taken"
    assert discard_run(run, by=here.first, now=NOW)
    assert drafted(contract, here).state == RunState.DRAFTED


@pytest.mark.parametrize("year", [2024, 2027, 2031])
def test_a_year_outside_the_term_or_to_come_is_refused(acting: Session, year: int) -> None:
    here = world()
    with pytest.raises(Invalid) as refused:
        drafted(signed(here), here, year=year)
    assert refused.value.code == "year_outside"


def test_a_payment_counts_once_by_the_banks_number(acting: Session) -> None:
    here = world()
    contract = signed(here)
    book_payment(contract, 100, "B1", by=here.first, now=NOW)
    for again in (
        partial(book_payment, contract, 100, "B1", by=here.second, now=NOW),
        partial(book_guarantee, "522636", 100, "B1", by=_county(), now=NOW),
    ):
        with pytest.raises(Conflict) as refused:
            again()
        assert refused.value.code == "payment_known"
    with pytest.raises(Invalid):
        book_payment(contract, 0, "B2", by=here.first, now=NOW)
    assert paid_in_fen(contract) == 100


def test_a_household_sees_what_it_holds_and_what_that_brought(acting: Session) -> None:
    here = world()
    contract = signed(here)
    book_payment(contract, 7_900_000, "B1", by=here.first, now=NOW)
    approve_run(drafted(contract, here), by=here.second, now=NOW)
    (held,) = held_by(here.households[0])
    assert (held.units, held.received_fen, held.contract.public_id) == (1, 2_633_334, contract.public_id)


def _county() -> Account:
    return factories.account((RoleKind.OFFICER, "522636"), name="县干部")


@pytest.fixture(scope="module")
def county(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "dividend_races") as app:
        yield app


def test_two_officers_who_approve_at_once_pay_once(county: Flask) -> None:
    with county.app_context(), transaction():
        here = world()
        contract = signed(here)
        book_payment(contract, 7_900_000, "B1", by=here.first, now=NOW)
        run = drafted(contract, here)
        run_id, contract_id, second = run.id, contract.id, here.second.id

    def approve() -> bool:
        with transaction():
            return approve_run(db.session.get_one(DividendRun, run_id), by=db.session.get_one(Account, second), now=NOW)

    answers = race(county, approve, approve, approve, behind=f"SELECT FROM equity_contract WHERE id = {contract_id} FOR UPDATE")
    assert sorted(answers) == [False, False, True]
    with county.app_context():
        assert sum(amounts(db.session.get_one(DividendRun, run_id))) == 7_900_000


def test_a_run_that_is_cut_off_leaves_nothing_and_comes_out_the_same_afterwards(county: Flask) -> None:
    class Cut(BaseException):
        """The process ends here."""

    with county.app_context(), transaction():
        here = world()
        contract = signed(here)
        book_payment(contract, 6_000_000, "B2", by=here.first, now=NOW)
        run_id, second = drafted(contract, here).id, here.second.id

    def approve(cut: bool) -> None:
        with transaction():
            approve_run(db.session.get_one(DividendRun, run_id), by=db.session.get_one(Account, second), now=NOW)
            if cut:
                raise Cut

    with county.app_context():
        with pytest.raises(Cut):
            approve(True)
        assert amounts(db.session.get_one(DividendRun, run_id)) == []
        approve(False)
        assert amounts(db.session.get_one(DividendRun, run_id)) == [2_000_000] * 3
