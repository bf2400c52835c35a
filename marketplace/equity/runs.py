"""Dividend runs: drafted from the operator's result by one officer, approved and booked in one moment by another.

The caller owns the transaction; ``approve_run`` either books a whole year or nothing of it, and once.
"""

from datetime import datetime

from sqlalchemy import insert, text

from marketplace.equity.dividends import Year, advance_fen, split_dividends, year_of
from marketplace.equity.models import Dividend, DividendRun, EquityClaim, EquityContract, EquityPayment
from marketplace.equity.queries import (
    guarantee_account,
    holdings_of,
    household_account,
    open_claims,
    operator_account,
    paid_in_fen,
    terms_of,
)
from marketplace.equity.states import CLAIMS, DEADLINES, RUNS, ClaimAction, ClaimState, ContractState, RunAction, RunState
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.workdays import CalendarEnds, Term
from marketplace.ledger.queries import balance_fen
from marketplace.ledger.service import post_transfer
from marketplace.registry.models import Household
from marketplace.registry.offices import check_office, check_second_person
from marketplace.registry.queries import registered_households

# Money of operators and of guarantors that has come from outside.
OPERATORS = "operators"


def draft_run(
    contract: EquityContract, year: int, revenue_fen: int, cost_fen: int, source: str, *, by: Account, now: datetime
) -> DividendRun:
    """Work out a year's dividends from what the operator has earned; nobody gets anything yet.

    Raises
    ------
    Invalid
        ``year_outside`` for a year that is not over or outside the term; ``amount_negative``.
    Conflict
        ``contract_not_running``; ``year_taken`` when that year was drafted or paid before.
    """
    contract = lock_rows(EquityContract, [contract.id])[contract.id]
    check_office(by, contract.area_code)
    if contract.state == ContractState.DRAFTED or contract.state == ContractState.DISCARDED:
        raise Conflict("contract_not_running", N_("Only a signed contract pays dividends."))
    if not contract.begins_on.year <= year <= contract.ends_on.year or year > local_day(now).year:
        raise Invalid("year_outside", N_("The contract does not run in that year."))
    if revenue_fen < 0 or cost_fen < 0:
        raise Invalid("amount_negative", N_("Takings and costs cannot be negative; a loss is more costs than takings."))
    if (
        db.session.query(DividendRun)
        .filter(DividendRun.contract_id == contract.id, DividendRun.year == year, DividendRun.state != RunState.DISCARDED)
        .first()
    ):
        raise Conflict("year_taken", N_("The dividends of that year are drafted or paid already."))
    owed = year_of(terms_of(contract), revenue_fen - cost_fen)
    run = DividendRun(
        contract_id=contract.id,
        year=year,
        revenue_fen=revenue_fen,
        cost_fen=cost_fen,
        source=source,
        floor_fen=owed.floor_fen,
        bonus_fen=owed.bonus_fen,
        drafted_by_id=by.id,
        drafted_at=now,
    )
    db.session.add(run)
    db.session.flush()
    audit.record("equity.run_drafted", "dividend_run", run.public_id, actor=by.public_id, at=now, total_fen=owed.total_fen)
    return run


def approve_run(run: DividendRun, *, by: Account, now: datetime) -> bool:
    """The second officer's word: the year is booked to its households; False when it was already.

    Raises
    ------
    Forbidden
        ``same_person``, ``other_level``.
    Conflict
        ``guarantee_short`` when the operator has not paid the floor in and the county's guarantee cannot advance it;
        ``dividend_run_state``.
    """
    contract = lock_rows(EquityContract, [run.contract_id])[run.contract_id]
    run = lock_rows(DividendRun, [run.id])[run.id]
    check_office(by, contract.area_code)
    check_second_person(by, run.drafted_by_id)
    state = RUNS.next_state(RunState(run.state), RunAction.APPROVE)
    if state is None:
        return False
    bonus_fen, advanced_fen = advance_fen(Year(run.floor_fen, run.bonus_fen), paid_in_fen(contract))
    _check_guarantee(contract, advanced_fen)
    run.state, run.approved_by_id, run.approved_at = state, by.id, now
    run.bonus_paid_fen, run.advanced_fen = bonus_fen, advanced_fen
    parts = _write_dividends(run, contract, now)
    amounts = {operator_account(contract): advanced_fen - run.floor_fen - bonus_fen}
    if advanced_fen:
        amounts[guarantee_account(contract.area_code)] = -advanced_fen
        _claim(run, advanced_fen, now)
    if any(parts.values()):
        post_transfer("dividend", "dividend_run", run.public_id, amounts | parts, at=now)
    audit.record("equity.run_approved", "dividend_run", run.public_id, actor=by.public_id, at=now, advanced_fen=advanced_fen)
    return True


def _check_guarantee(contract: EquityContract, advanced_fen: int) -> None:
    if not advanced_fen:
        return
    account = guarantee_account(contract.area_code)
    # Two contracts of a county may call on one guarantee at once; who comes second sees what is left.
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": account})
    there = balance_fen(account)
    if there < advanced_fen:
        raise Conflict(
            "guarantee_short",
            N_("The operator has not paid in the floor, and the county’s guarantee is %(missing)s yuan short of it."),
            missing=f"{(advanced_fen - there) / 100:.2f}",
        )


def _write_dividends(run: DividendRun, contract: EquityContract, now: datetime) -> dict[str, int]:
    held = holdings_of(contract)
    registered = registered_households(held, local_day(now))
    parts = split_dividends(run.floor_fen + run.bonus_paid_fen, held, registered, contract.preferred_bp)
    households = {row.id: row for row in db.session.query(Household).filter(Household.id.in_(held))}
    db.session.execute(
        insert(Dividend),
        [
            {
                "run_id": run.id,
                "household_id": household_id,
                "village_code": households[household_id].village_code,
                "units": units,
                "registered": household_id in registered,
                "amount_fen": parts[household_id],
            }
            for household_id, units in held.items()
        ],
    )
    return {household_account(households[household_id].public_id): fen for household_id, fen in parts.items()}


def _claim(run: DividendRun, amount_fen: int, now: datetime) -> None:
    try:
        due_on = Term(DEADLINES[ClaimState.OPEN][1], working=True).last_day(local_day(now))
    except CalendarEnds:
        due_on = None
    db.session.add(EquityClaim(run_id=run.id, amount_fen=amount_fen, due_on=due_on, since=now))
    db.session.flush()


def discard_run(run: DividendRun, *, by: Account, now: datetime) -> bool:
    """Drop a draft; the year can be drafted again."""
    contract = lock_rows(EquityContract, [run.contract_id])[run.contract_id]
    run = lock_rows(DividendRun, [run.id])[run.id]
    check_office(by, contract.area_code)
    state = RUNS.next_state(RunState(run.state), RunAction.DISCARD)
    if state is None:
        return False
    run.state = state
    audit.record("equity.run_discarded", "dividend_run", run.public_id, actor=by.public_id, at=now)
    return True


def book_payment(
    contract: EquityContract, amount_fen: int, bank_reference: str, *, by: Account, now: datetime
) -> EquityPayment:
    """Book what an operator has paid in: first to what the guarantee advanced for it, the rest towards the next dividends.

    Raises
    ------
    Invalid
        ``amount_positive``.
    Conflict
        ``payment_known`` when the bank's number was booked before.
    """
    contract = lock_rows(EquityContract, [contract.id])[contract.id]
    payment = _payment(contract.area_code, amount_fen, bank_reference, by, now, contract_id=contract.id)
    left = amount_fen
    for claim in open_claims(contract):
        paid = min(left, claim.amount_fen - claim.paid_fen)
        claim.paid_fen += paid
        left -= paid
        if claim.paid_fen == claim.amount_fen:
            claim.state, claim.settled_at = CLAIMS.next_state(ClaimState(claim.state), ClaimAction.SETTLE), now
        if not left:
            break
    paid_back = {guarantee_account(contract.area_code): amount_fen - left}
    amounts = {OPERATORS: -amount_fen, operator_account(contract): left, **paid_back}
    post_transfer("equity_payment", "equity_payment", payment.public_id, amounts, at=now)
    return payment


def book_guarantee(area_code: str, amount_fen: int, bank_reference: str, *, by: Account, now: datetime) -> EquityPayment:
    """Book what a county has put into its guarantee for floors.

    Raises
    ------
    Invalid, Conflict
        As ``book_payment``.
    """
    county = area_code[:6]
    payment = _payment(county, amount_fen, bank_reference, by, now, guarantee_area=county)
    amounts = {OPERATORS: -amount_fen, guarantee_account(county): amount_fen}
    post_transfer("equity_guarantee", "equity_payment", payment.public_id, amounts, at=now)
    return payment


def _payment(
    area_code: str, amount_fen: int, bank_reference: str, by: Account, now: datetime, **purpose: int | str
) -> EquityPayment:
    check_office(by, area_code)
    if amount_fen <= 0:
        raise Invalid("amount_positive", N_("An amount must be more than nothing."))
    # Two clerks with one statement: the second waits here and finds it booked.
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"equity:{bank_reference}"})
    if db.session.query(EquityPayment).filter_by(bank_reference=bank_reference).first():
        raise Conflict("payment_known", N_("A payment with this number of the bank is booked already."))
    payment = EquityPayment(amount_fen=amount_fen, bank_reference=bank_reference, booked_by_id=by.id, at=now, **purpose)
    db.session.add(payment)
    db.session.flush()
    audit.record("equity.payment", "equity_payment", payment.public_id, actor=by.public_id, at=now, amount_fen=amount_fen)
    return payment
