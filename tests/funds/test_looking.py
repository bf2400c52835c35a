"""Findings out of real books: what is raised, once, and that people decide and nothing else does."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.funds.bank import read_day
from marketplace.funds.detectors import Kind
from marketplace.funds.jobs import look_through_nightly
from marketplace.funds.looking import (
    decide_finding,
    declare_relative,
    findings_within,
    look_through,
    offices_with_money,
    thresholds_on,
)
from marketplace.funds.models import Fund, FundFinding, FundPayment
from marketplace.funds.payments import BankAccount, PaymentOrder, ToHousehold, ToOrganisation, pay_from, reverse_payment
from marketplace.funds.states import FindingAction
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid
from marketplace.ledger.queries import trial_balance
from marketplace.registry.models import RuleChange
from marketplace.registry.sealing import id_number_index
from tests import factories
from tests.factories import NOW
from tests.funds.county import COUNTY, CREDIT_CODE, Office, fund_in_force, office, order
from tests.registry import people


@pytest.fixture
def county(session: Session) -> Office:
    """The county's two."""
    with transaction():
        return office(COUNTY)


@pytest.fixture
def fund(county: Office) -> Fund:
    """Money that came to the county two years ago and is spent to the last fen but for ten yuan."""
    with transaction():
        return fund_in_force(county, COUNTY, {"housing": 100_000_000})


def pay(fund: Fund, at: Office, wanted: PaymentOrder) -> FundPayment:
    with transaction():
        return pay_from(fund, wanted, by=at.first, approved_by=at.second, now=NOW)


def kinds(area: str = COUNTY) -> list[str]:
    return sorted(finding.kind for finding in findings_within(area))


def look(days: int = 1) -> int:
    with transaction():
        return look_through(COUNTY, actor="test", now=NOW + timedelta(days=days))


def test_an_account_of_two_households_is_raised_once_and_grows_while_nobody_has_decided(fund: Fund, county: Office) -> None:
    card = "6228480000000009999"
    for _ in range(2):
        pay(fund, county, order(household=factories.household(), place=COUNTY, account=card))
    assert look() == 1
    assert look() == 0
    pay(fund, county, order(household=factories.household(), place=COUNTY, account=card))
    assert look() == 0
    [finding] = findings_within(COUNTY)
    assert (finding.kind, finding.amount_fen, finding.evidence["why"]) == (Kind.SHARED_ACCOUNT, 300_000, {"households": 3})
    with transaction():
        third = office(COUNTY).first
        decide_finding(finding, FindingAction.EXPLAIN, "村委会代领，有委托书", by=third, now=NOW)
    assert look() == 0
    pay(fund, county, order(household=factories.household(), place=COUNTY, account=card))
    assert look() == 1
    assert len(findings_within(COUNTY)) == 2


def test_a_payment_after_a_death_and_one_to_an_officers_relative_are_raised(fund: Fund, county: Office) -> None:
    with transaction():
        keeper = people.officer()
        home, other = factories.household(), factories.household()
        gone, kin = people.head(home, keeper), people.head(other, keeper)
        gone.left_on, gone.left_why = local_day(NOW) - timedelta(days=60), "died"
        number = people.id_number()
        kin.id_number_index = id_number_index(number)
        declare_relative("sibling", id_number_index(number), by=county.second, now=NOW)
        declare_relative("sibling", id_number_index(number), by=county.second, now=NOW)
        for household, person, card in ((home, gone, "62284800000000011"), (other, kin, "62284800000000022")):
            account = BankAccount("杨阿山", "农业银行", card)
            wanted = PaymentOrder("housing", COUNTY, 5_000, "house", "1", "文〔1〕", ToHousehold(household, person), account)
            pay_from(fund, wanted, by=county.first, approved_by=county.second, now=NOW)
    look()
    assert kinds() == [Kind.DEAD_PAYEE, Kind.RELATED_OFFICER]
    [dead, related] = sorted(findings_within(COUNTY), key=lambda finding: finding.kind)
    assert dead.evidence["why"] == {"days": 60}
    assert related.evidence["why"] == {"officer": county.second.public_id, "decided": 1}
    with transaction(), pytest.raises(Forbidden, match="had no part"):
        decide_finding(related, FindingAction.EXPLAIN, "无关", by=county.second, now=NOW)


def test_an_invoice_paid_twice_is_raised_and_not_when_the_first_payment_came_back(fund: Fund, county: Office) -> None:
    def bill(document: str) -> FundPayment:
        payee = ToOrganisation(CREDIT_CODE, "No 0071", 80_000)
        account = BankAccount("黔东南建设有限公司", "农业银行", "6228480000000001234")
        return pay(fund, county, PaymentOrder("housing", COUNTY, 80_000, "house", "1", document, payee, account))

    first = bill("文〔1〕")
    bill("文〔2〕")
    with transaction():
        reverse_payment(first, "退票", by=county.first, now=NOW)
    assert look() == 0
    bill("文〔3〕")
    look()
    assert kinds() == [Kind.DUPLICATE_INVOICE]


def test_money_that_a_payees_bank_sends_back_is_a_round_trip(fund: Fund, county: Office) -> None:
    paid = pay(fund, county, order(place=COUNTY, fen=500_000))
    day = local_day(NOW)
    body = f"day,amount,reference,account\n{day},-5000.00,{paid.reference},1234\n{day},4990.00,往来款,1234\n"
    with transaction():
        read_day(COUNTY, day, body.encode(), by=county.first, now=NOW + timedelta(days=1))
    look()
    assert kinds() == [Kind.ROUND_TRIP]


def test_idle_money_is_raised_after_a_year_by_the_rule_of_the_province(fund: Fund, county: Office) -> None:
    assert look(days=360) == 0
    assert look(days=370) == 1
    [finding] = findings_within(COUNTY)
    assert (finding.kind, finding.amount_fen) == (Kind.IDLE, 100_000_000)
    day = local_day(NOW) + timedelta(days=371)
    with transaction():
        by = {"set_by_id": county.first.id, "set_at": NOW, "source": "黔府办〔2027〕1号"}
        db.session.add(RuleChange(name="fund.idle_months", area_code="52", begins_on=day, value=24, **by))
    assert thresholds_on(COUNTY, day).idle_months == 24
    assert thresholds_on(COUNTY, day - timedelta(days=1)).idle_months == 12


def test_no_finding_changes_the_books_and_each_needs_words(fund: Fund, county: Office) -> None:
    for _ in range(2):
        pay(fund, county, order(household=factories.household(), place=COUNTY, account="62284800000000077"))
    before, states = trial_balance(), db.session.scalars(select(FundPayment.state)).all()
    look()
    [finding] = findings_within(COUNTY)
    with transaction():
        third = office(COUNTY).first
        with pytest.raises(Invalid, match="say why"):
            decide_finding(finding, FindingAction.HAND_ON, "  ", by=third, now=NOW)
        assert decide_finding(finding, FindingAction.HAND_ON, "移交纪检", by=third, now=NOW)
        assert not decide_finding(finding, FindingAction.HAND_ON, "移交纪检", by=third, now=NOW)
        with pytest.raises(Conflict, match="looked at"):
            decide_finding(finding, FindingAction.EXPLAIN, "无事", by=third, now=NOW)
    assert trial_balance() == before
    assert db.session.scalars(select(FundPayment.state)).all() == states


def test_the_nights_job_looks_through_every_office_that_has_had_money(fund: Fund, county: Office) -> None:
    with transaction():
        fund_in_force(office("52"), "52")
    assert offices_with_money() == ["52", COUNTY]
    look_through_nightly(int((NOW + timedelta(days=400)).timestamp()))
    found = db.session.execute(select(FundFinding.area_code, func.count()).group_by(FundFinding.area_code)).all()
    assert sorted(map(tuple, found)) == [("52", 2), (COUNTY, 1)]
