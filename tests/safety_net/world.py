"""A county with lines, cost ratios, benefits, officers and households with files, for the tests of the safety net."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from marketplace.assistance.safety_net.benefits import BenefitKind
from marketplace.assistance.safety_net.counting import continue_run, start_run
from marketplace.assistance.safety_net.models import BenefitRule, Entitlement, SafetyNetRun
from marketplace.assistance.safety_net.rules import NewBenefit, set_benefit
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import db
from marketplace.registry.filing import record_values
from marketplace.registry.models import Household
from marketplace.registry.reading import unbounded
from marketplace.registry.rules import set_rule
from tests import factories
from tests.factories import NOW, TODAY, VILLAGE
from tests.registry import people

PROVINCE, COUNTY, TOWNSHIP = "52", "522636", "522636100"
LINE_FEN = 400_000
RATIOS = {"grain": 40, "tobacco": 45, "livestock": 40, "fruit": 15, "other": 40}
PARTS = (
    "income_grain_fen",
    "income_tobacco_fen",
    "income_livestock_fen",
    "income_fruit_fen",
    "income_other_business_fen",
    "income_property_fen",
    "income_transfer_fen",
)
ACCOUNT_NUMBER = "6228480000000001234"
TOPUP = NewBenefit(
    "topup",
    BenefitKind.DIBAO,
    "低保补差",
    "income_fen < dibao_line_fen * persons",
    "dibao_line_fen * persons - income_fen",
    "一份文件",
    TODAY,
)
MEDICAL = NewBenefit(
    "medical",
    BenefitKind.MEDICAL,
    "医疗救助",
    "registered and medical_fen >= yuan(1000)",
    "percent(medical_fen, 70)",
    "一份文件",
    TODAY,
)


@dataclass
class World:
    """Who acts."""

    province: Account
    first: Account
    second: Account


def world(*benefits: NewBenefit, line_fen: int | None = LINE_FEN) -> World:
    """Officers of three levels, lines of 4,000 yuan and some benefits."""
    factories.area()
    province = factories.account((RoleKind.OFFICER, PROVINCE), name="省干部")
    first = factories.account((RoleKind.OFFICER, TOWNSHIP), name="镇干部")
    second = factories.account((RoleKind.OFFICER, COUNTY), name="县干部")
    set_rule("cost_percent", PROVINCE, TODAY, RATIOS, "一份文件", by=province, now=NOW)
    if line_fen is not None:
        set_line(province, line_fen)
    for benefit in benefits or (TOPUP,):
        set_benefit(PROVINCE, benefit, by=province, now=NOW)
    return World(province, first, second)


def set_line(by: Account, fen: int, now: datetime = NOW) -> None:
    """Both lines."""
    for name in ("poverty_line_fen", "dibao_line_fen"):
        set_rule(name, PROVINCE, now.date(), fen, "一份文件", by=by, now=now)


def filed(by: Account, wages_fen: int, village: str = VILLAGE, *, registered: bool = True, **more: Any) -> Household:
    """A household of one with an income and an account for payments; the registry knows it unless said otherwise."""
    household = factories.household(village, registered_from=date(2020, 1, 1) if registered else None)
    incomes = dict.fromkeys(PARTS, 0) | {"income_wages_fen": wages_fen}
    values = {"kind": "general_poor", "dwelling_grade": "a", "bank_account": ACCOUNT_NUMBER, **incomes, **more}
    head = people.head(household, by)
    record_values(household, values, people.noting(by), year=TODAY.year)
    answers = {"student": "no", "labour": "ordinary", "health": "healthy"}
    record_values(household, answers, people.noting(by), year=TODAY.year, person=head)
    return household


def counted(now: datetime = NOW, at_once: int = 500) -> SafetyNetRun:
    """A whole run of the county."""
    run = start_run(COUNTY, now=now, actor="a test")
    while continue_run(run.id, now=now, at_once=at_once):
        pass
    return run


def of(household: Household) -> list[Entitlement]:
    """The entitlements of a household by their short names."""
    query = select(Entitlement).where(Entitlement.household_id == household.id).order_by(Entitlement.code)
    return list(db.session.scalars(unbounded(query, "a test").execution_options(populate_existing=True)))


def shown(household: Household) -> list[tuple[str, str, int, int]]:
    """Short name, state, amount and what is granted of each."""
    return [(row.code, row.state, row.amount_fen, row.granted_fen) for row in of(household)]


def rule_count() -> int:
    """How many versions of benefits there are."""
    return len(db.session.scalars(select(BenefitRule.id)).all())
