"""A person grants, another pays, out of the right money; words where something is declined; what was paid stays paid."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.assistance.safety_net.deciding import Paying, decline, grant, pay, review
from marketplace.assistance.safety_net.models import Entitlement
from marketplace.assistance.safety_net.states import EntitlementState
from marketplace.funds.models import Fund, FundPayment
from marketplace.funds.payments import reverse_payment
from marketplace.funds.queries import held_fen
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db
from marketplace.kernel.errors import Conflict, Forbidden, Invalid
from marketplace.ledger.queries import trial_balance
from marketplace.registry.models import Household
from tests import factories
from tests.factories import NOW, VILLAGE
from tests.funds import county as money
from tests.safety_net.world import COUNTY, LINE_FEN, World, counted, filed, of, set_line, shown, world

BANK = "农业银行"


def relief(fen: int = 10_000_000) -> Fund:
    return money.fund_in_force(money.office(COUNTY), COUNTY, {"relief": fen})


def entitled(here: World, fen: int = LINE_FEN) -> Entitlement:
    household = filed(here.first, LINE_FEN - fen)
    counted()
    return of(household)[0]


def paying(fund: Fund) -> Paying:
    return Paying(fund, COUNTY, "丹民〔2026〕1号", BANK)


@pytest.mark.parametrize("fen", [1, LINE_FEN])
def test_what_one_grants_another_pays_to_the_fen(acting: Session, fen: int) -> None:
    here, fund = world(), relief()
    row = entitled(here, fen)
    assert grant(row, "", by=here.first, now=NOW)
    assert not grant(row, "", by=here.first, now=NOW)
    payment = pay(row, paying(fund), by=here.second, now=NOW)
    assert payment is not None
    assert (payment.amount_fen, payment.purpose_code, payment.proposed_by_id) == (fen, "relief", here.first.id)
    assert (row.state, held_fen(fund, "relief", COUNTY)) == (EntitlementState.PAID, 10_000_000 - fen)
    assert pay(row, paying(fund), by=here.second, now=NOW) is None
    assert db.session.scalars(select(FundPayment.id)).all() == [payment.id]
    assert sum(balance for _, balance in trial_balance()) == 0


def test_who_granted_does_not_pay_and_nothing_has_moved(acting: Session) -> None:
    here, fund = world(), relief()
    row = entitled(here)
    grant(row, "", by=here.second, now=NOW)
    with pytest.raises(Conflict) as refused, acting.begin_nested():
        pay(row, paying(fund), by=here.second, now=NOW)
    acting.refresh(row)
    assert (refused.value.code, row.state) == ("second_person_needed", EntitlementState.GRANTED)
    assert held_fen(fund, "relief", COUNTY) == 10_000_000


def test_more_than_is_there_is_not_paid_and_stays_granted(acting: Session) -> None:
    here, fund = world(), relief(LINE_FEN - 1)
    row = entitled(here)
    grant(row, "", by=here.first, now=NOW)
    with pytest.raises(Conflict) as refused, acting.begin_nested():
        pay(row, paying(fund), by=here.second, now=NOW)
    acting.refresh(row)
    assert (refused.value.code, row.state) == ("fund_short", EntitlementState.GRANTED)


def test_officers_of_another_township_a_village_or_the_province_decide_nothing(acting: Session) -> None:
    here = world()
    row = entitled(here)
    for area in (VILLAGE, "52", "5226", "522636101"):
        with pytest.raises(Forbidden) as refused:
            grant(row, "", by=factories.account((RoleKind.OFFICER, area)), now=NOW)
        assert refused.value.code == "other_level"
    assert row.state == EntitlementState.OPEN


def test_declining_needs_words_and_stays_until_the_facts_change(acting: Session) -> None:
    here = world()
    row = entitled(here)
    with pytest.raises(Invalid) as refused:
        decline(row, " ", by=here.first, now=NOW)
    assert (refused.value.code, row.state) == ("words_needed", EntitlementState.OPEN)
    assert decline(row, "档案里缺一份收入", by=here.first, now=NOW)
    counted(NOW + timedelta(days=1))
    assert (row.state, row.words, row.due_on) == (EntitlementState.DECLINED, "档案里缺一份收入", None)
    set_line(here.province, LINE_FEN + 1, NOW + timedelta(days=1))
    counted(NOW + timedelta(days=1))
    assert (row.state, row.amount_fen) == (EntitlementState.OPEN, LINE_FEN + 1)


def test_after_a_rise_only_the_difference_is_paid(acting: Session) -> None:
    here, fund = world(), relief()
    row = entitled(here)
    grant(row, "", by=here.first, now=NOW)
    pay(row, paying(fund), by=here.second, now=NOW)
    set_line(here.province, LINE_FEN + 1)
    counted()
    assert (row.state, row.granted_fen) == (EntitlementState.OPEN, LINE_FEN)
    with pytest.raises(Conflict) as refused:
        decline(row, "不", by=here.first, now=NOW)
    assert refused.value.code == "granted_before"
    grant(row, "", by=here.first, now=NOW)
    payment = pay(row, paying(fund), by=here.second, now=NOW)
    assert payment is not None
    assert (payment.amount_fen, row.state) == (1, EntitlementState.PAID)


def test_what_was_paid_is_not_taken_back_when_the_line_falls(acting: Session) -> None:
    here, fund = world(), relief()
    row = entitled(here)
    grant(row, "", by=here.first, now=NOW)
    pay(row, paying(fund), by=here.second, now=NOW)
    set_line(here.province, 1)
    counted()
    assert (row.state, row.amount_fen, row.granted_fen) == (EntitlementState.PAID, 1, LINE_FEN)


def test_money_that_the_bank_sends_back_is_granted_again_and_can_be_paid_again(acting: Session) -> None:
    here, fund = world(), relief()
    row = entitled(here)
    grant(row, "", by=here.first, now=NOW)
    payment = pay(row, paying(fund), by=here.second, now=NOW)
    assert payment is not None
    reverse_payment(payment, "账号已注销", by=here.second, now=NOW)
    counted()
    assert row.state == EntitlementState.GRANTED
    again = pay(row, paying(fund), by=here.second, now=NOW)
    assert again is not None
    assert (again.amount_fen, held_fen(fund, "relief", COUNTY)) == (LINE_FEN, 10_000_000 - LINE_FEN)


@pytest.mark.parametrize("keep", [True, False])
def test_what_fell_before_it_was_paid_is_looked_at_and_kept_or_reduced_with_words(acting: Session, keep: bool) -> None:
    here = world()
    row = entitled(here)
    grant(row, "", by=here.first, now=NOW)
    set_line(here.province, LINE_FEN - 1)
    counted()
    assert (row.state, row.why) == (EntitlementState.REVIEW, "less")
    with pytest.raises(Invalid):
        review(row, keep, "", by=here.second, now=NOW)
    assert review(row, keep, "已告知", by=here.second, now=NOW)
    # The next counting does not ask again.
    counted(NOW + timedelta(days=1))
    household = db.session.get_one(Household, row.household_id)
    expected = ("granted", LINE_FEN - 1, LINE_FEN) if keep else ("open", LINE_FEN - 1, 0)
    assert shown(household) == [("topup", *expected)]


def test_a_file_without_an_account_is_named_before_money_moves(acting: Session) -> None:
    here, fund = world(), relief()
    household = filed(here.first, 0, bank_account=None)
    counted()
    (row,) = of(household)
    grant(row, "", by=here.first, now=NOW)
    with pytest.raises(Conflict) as refused, acting.begin_nested():
        pay(row, paying(fund), by=here.second, now=NOW)
    assert refused.value.code == "no_account"
