"""A county with households of three kinds, payments, the city's officers and auditors from outside, for tests of audits."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy.dialects.postgresql import Range

from marketplace.audits.models import AuditRound, StratumKind, Unreached
from marketplace.audits.queries import own_households, own_payments, own_projects
from marketplace.audits.service import (
    HouseholdFindings,
    assign_auditor,
    close_round,
    draw_sample,
    find_at_household,
    find_of_payment,
    find_of_project,
    open_round,
    propose_closing,
)
from marketplace.funds.models import FundPayment
from marketplace.funds.payments import pay_from
from marketplace.funds.service import allocate
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import db
from marketplace.projects.models import Project
from marketplace.projects.tracking import start_project
from marketplace.registry.models import Household, HouseholdStatus, RegistryRevision, StatusCategory
from tests import factories
from tests.factories import NOW
from tests.funds.county import fund_in_force, office, order
from tests.projects.world import approved, world

CITY, COUNTY, TOWNSHIP = "5226", "522636", "522636100"
VILLAGES = ("522636100001", "522636101001")
GOOD = {
    StratumKind.REGISTERED: HouseholdFindings(in_place=True, fits_cause=True, visited=True, satisfied=True),
    StratumKind.EXITED: HouseholdFindings(in_place=True, satisfied=True),
    StratumKind.UNREGISTERED: HouseholdFindings(in_place=True),
}
NOBODY = HouseholdFindings(unreached=Unreached.AWAY)


@dataclass
class County:
    """Who acts, and what is on file."""

    first: Account
    second: Account
    auditor: Account
    own: Account
    households: dict[StratumKind, list[Household]] = field(default_factory=dict)
    payments: list[FundPayment] = field(default_factory=list)


def county(each: int = 3, *, payments: int = 2) -> County:
    """Two townships with so many households of each kind in both, and some payments, the last of them the largest."""
    factories.area()
    factories.area(VILLAGES[1])
    made = County(
        first=factories.account((RoleKind.OFFICER, CITY), name="州一"),
        second=factories.account((RoleKind.OFFICER, CITY), name="州二"),
        auditor=factories.account((RoleKind.AUDITOR, "52"), name="省审计"),
        own=factories.account((RoleKind.OFFICER, COUNTY), name="县"),
    )
    for kind in (StratumKind.REGISTERED, StratumKind.EXITED, StratumKind.UNREGISTERED):
        made.households[kind] = [household(kind, village) for village in VILLAGES for _ in range(each)]
    pay(made, payments)
    return made


def household(kind: StratumKind, village: str) -> Household:
    """A household of a kind: the exited was poor until 2024 and is followed since."""
    if kind is StratumKind.UNREGISTERED:
        return factories.household(village)
    if kind is StratumKind.REGISTERED:
        return factories.household(village, registered_from=date(2020, 1, 1))
    made = factories.household(village, registered_from=date(2020, 1, 1), registered_until=date(2024, 1, 1))
    revision = RegistryRevision(at=NOW, actor="test", reason="test")
    db.session.add(revision)
    db.session.flush()
    days = Range(date(2024, 1, 1), None)
    status = HouseholdStatus(household_id=made.id, category=StatusCategory.LIFTED_TRACKED, days=days, revision_id=revision.id)
    db.session.add(status)
    db.session.flush()
    return made


def pay(here: County, number: int) -> None:
    """Pay so many times out of a township of the county, each time ten times as much."""
    if not number:
        return
    money = office("52")
    books = office(COUNTY)
    fund = fund_in_force(money)
    allocate(fund, "housing", "52", COUNTY, 50_000_000, "文 1", by=money.first, now=NOW)
    allocate(fund, "housing", COUNTY, TOWNSHIP, 50_000_000, "文 2", by=books.first, now=NOW)
    for at in range(number):
        asked = order(household=here.households[StratumKind.REGISTERED][0], fen=10_000 * 10**at, document=f"文 {at + 3}")
        here.payments.append(pay_from(fund, asked, by=books.first, approved_by=books.second, now=NOW))


def project() -> Project:
    """A project under way in the first village, approved for 100,000 yuan, for two registered households more."""
    builders = world()
    made = approved(builders)
    assert start_project(made, by=builders.declarer, now=NOW + timedelta(days=12))
    return made


def drawn(here: County) -> AuditRound:
    """A round of which the sample is drawn and given to the auditor."""
    row = open_round(COUNTY, by=here.first, now=NOW)
    assert draw_sample(row, by=here.first, now=NOW)
    assign_auditor(row, here.auditor, COUNTY, by=here.first, now=NOW)
    return row


def looked_at(here: County, row: AuditRound, bad: dict[int, HouseholdFindings] | None = None, *, serves: bool = True) -> None:
    """The auditor finds everything as it should be but at the households named by their ids."""
    for unit, _ in own_households(here.auditor, row):
        findings = (bad or {}).get(unit.household_id, GOOD[StratumKind(unit.kind)])
        find_at_household(unit, findings, by=here.auditor, now=NOW)
    for own, _ in own_payments(here.auditor, row):
        find_of_payment(own, True, True, by=here.auditor, now=NOW)
    for built, _ in own_projects(here.auditor, row):
        find_of_project(built, True, serves, by=here.auditor, now=NOW)


def closed(here: County, bad: dict[int, HouseholdFindings] | None = None, *, serves: bool = True) -> AuditRound:
    """A round that counts."""
    row = drawn(here)
    looked_at(here, row, bad, serves=serves)
    assert propose_closing(row, by=here.first, now=NOW)
    assert close_round(row, by=here.second, now=NOW)
    return row
