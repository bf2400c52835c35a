"""Reading rounds, the frame to draw from, what auditors have before them, and what counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import exists, func, or_, select

from marketplace.audits.models import (
    AuditAssignment,
    AuditHousehold,
    AuditPayment,
    AuditProject,
    AuditRound,
    AuditStratum,
    StratumKind,
)
from marketplace.audits.states import RoundState
from marketplace.funds.models import FundPayment
from marketplace.funds.places import area_of
from marketplace.funds.states import PaymentState
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.projects.models import Project
from marketplace.projects.states import ProjectState
from marketplace.regions.codes import contains
from marketplace.regions.models import Level
from marketplace.regions.queries import within
from marketplace.registry.models import Household, HouseholdStatus, Person, StatusCategory
from marketplace.registry.reading import Reach, unbounded

# Payments of so many days before the draw are looked at.
PAYMENT_DAYS = 365
_DRAWN = "the sample of an audit, held to its round"
_KIND_OF = {
    StatusCategory.POOR: StratumKind.REGISTERED,
    StatusCategory.MONITORED: StratumKind.REGISTERED,
    StatusCategory.LIFTED_TRACKED: StratumKind.EXITED,
}


@dataclass(frozen=True)
class Framed:
    """A household that can be drawn, with its members on that day."""

    household: Household
    kind: StratumKind
    category: StatusCategory | None
    persons: int

    @property
    def township(self) -> str:
        """The township that it lies in."""
        return self.household.village_code[: Level.TOWNSHIP]


def household_frame(county_code: str, day: date) -> list[Framed]:
    """The households on file in a county on a day, by code; those of whom nobody is left are not among them.

    Registered are the poor and the monitored; exited whoever was registered and is no more, followed or not; unregistered
    whoever is on file and never was. Of families that nobody ever filed nothing can be drawn.
    """
    households = db.session.scalars(
        select(Household).where(within(Household.village_code, county_code)).order_by(Household.code)
    ).all()
    inside = select(Household.id).where(within(Household.village_code, county_code))
    spans = select(HouseholdStatus).where(HouseholdStatus.household_id.in_(inside))
    standing: dict[int, StatusCategory] = {}
    ever: set[int] = set()
    for status in db.session.scalars(spans):
        if status.days.lower is None or status.days.lower <= day:
            ever.add(status.household_id)
        if day in status.days:
            standing[status.household_id] = StatusCategory(status.category)
    here = (Person.joined_on <= day) & or_(Person.left_on.is_(None), Person.left_on > day)
    counted = select(Person.household_id, func.count().filter(here)).group_by(Person.household_id)
    reach = Reach.of([county_code], "the frame of an audit")
    members: dict[int, int] = {row[0]: row[1] for row in db.session.execute(reach.over(counted, Person.village_code))}
    frame = []
    for household in households:
        # A file without any member yet is a household all the same.
        if persons := members.get(household.id, 1):
            category = standing.get(household.id)
            fallback = StratumKind.EXITED if household.id in ever else StratumKind.UNREGISTERED
            frame.append(Framed(household, fallback if category is None else _KIND_OF[category], category, persons))
    return frame


def payment_frame(county_code: str, day: date) -> list[FundPayment]:
    """The payments out of a county's places that were made in the year before a day and still stand, by reference."""
    query = select(FundPayment).where(FundPayment.place.startswith(county_code), FundPayment.state == PaymentState.PAID)
    rows = db.session.scalars(query.order_by(FundPayment.reference))
    first = day - timedelta(days=PAYMENT_DAYS)
    return [row for row in rows if contains(county_code, area_of(row.place)) and first <= local_day(row.decided_at) <= day]


def project_frame(county_code: str) -> list[Project]:
    """The projects of a county that are under way or completed with public money, by reference."""
    standing = Project.state.in_((ProjectState.UNDER_WAY, ProjectState.COMPLETED)) & (Project.approved_fen > 0)
    return list(
        db.session.scalars(select(Project).where(within(Project.place_code, county_code), standing).order_by(Project.reference))
    )


def rounds_within(reach: Reach) -> list[AuditRound]:
    """The rounds of the counties in a reach, the newest first."""
    rows = db.session.scalars(select(AuditRound).order_by(AuditRound.id.desc()))
    return [row for row in rows if reach.holds(row.county_code)]


def get_round_within(public_id: str, reach: Reach) -> AuditRound:
    """A round of a county in the reach, or ``NotFound``."""
    found = db.session.scalars(select(AuditRound).filter_by(public_id=public_id)).first()
    if found is None or not reach.holds(found.county_code):
        raise NotFound("audit_unknown", N_("There is no such audit."))
    return found


def closed_rounds(area_code: str) -> list[AuditRound]:
    """Of each county in an area the newest round that is closed, by county."""
    query = select(AuditRound).where(within(AuditRound.county_code, area_code), AuditRound.state == RoundState.CLOSED)
    newest = {row.county_code: row for row in db.session.scalars(query.order_by(AuditRound.closed_at, AuditRound.id))}
    return [newest[code] for code in sorted(newest)]


def strata_of(rounds: Sequence[AuditRound]) -> list[AuditStratum]:
    """The strata of some rounds, by round, kind and area."""
    query = select(AuditStratum).where(AuditStratum.round_id.in_([row.id for row in rounds]))
    return list(db.session.scalars(query.order_by(AuditStratum.round_id, AuditStratum.kind, AuditStratum.area_code)))


def households_of(rounds: Sequence[AuditRound]) -> list[AuditHousehold]:
    """The households drawn in some rounds; for counting alone, never to be shown one by one."""
    query = select(AuditHousehold).where(AuditHousehold.round_id.in_([row.id for row in rounds])).order_by(AuditHousehold.id)
    return list(db.session.scalars(unbounded(query, _DRAWN)))


def payments_of(rounds: Sequence[AuditRound]) -> list[AuditPayment]:
    """The payments drawn in some rounds."""
    query = select(AuditPayment).where(AuditPayment.round_id.in_([row.id for row in rounds])).order_by(AuditPayment.id)
    return list(db.session.scalars(query))


def projects_of(rounds: Sequence[AuditRound]) -> list[AuditProject]:
    """The projects drawn in some rounds."""
    query = select(AuditProject).where(AuditProject.round_id.in_([row.id for row in rounds])).order_by(AuditProject.id)
    return list(db.session.scalars(query))


@dataclass(frozen=True)
class Progress:
    """How much of a sample has been looked at."""

    drawn: int
    done: int

    @property
    def complete(self) -> bool:
        """Whether nothing waits."""
        return self.done == self.drawn


def progress_of(row: AuditRound) -> Progress:
    """How many households, payments and projects of a round were looked at, of how many."""
    units = [*households_of([row]), *payments_of([row]), *projects_of([row])]
    return Progress(len(units), sum(unit.found_by_id is not None for unit in units))


def assignments_of(row: AuditRound) -> list[tuple[AuditAssignment, Account]]:
    """Who looks at a round's sample, and where."""
    query = select(AuditAssignment, Account).join(Account, Account.id == AuditAssignment.account_id)
    rows = db.session.execute(query.where(AuditAssignment.round_id == row.id).order_by(AuditAssignment.id))
    return [(assignment, account) for assignment, account in rows]


def is_outside(account: Account, county_code: str) -> bool:
    """Whether somebody is an auditor from outside a county's line.

    They audit for an area above the county or for another one, and are an officer of no area above the county, of it or in it.
    """
    audits = any(not contains(county_code, own) for own in scopes(account, RoleKind.AUDITOR))
    line = any(contains(own, county_code) or contains(county_code, own) for own in scopes(account, RoleKind.OFFICER))
    return account.active and audits and not line


def auditors_outside(county_code: str) -> list[Account]:
    """The auditors who could be sent to a county, by name."""
    audits = Account.roles.any(Role.kind == RoleKind.AUDITOR)
    rows = db.session.scalars(select(Account).where(Account.active, audits).order_by(Account.display_name, Account.id))
    return [row for row in rows if is_outside(row, county_code)]


def get_auditor(public_id: str, county_code: str) -> Account:
    """One of the auditors who could be sent to a county, by the account's public id.

    Raises
    ------
    Invalid
        ``auditor_unknown``, also for an account that is no such auditor.
    """
    for who in auditors_outside(county_code):
        if who.public_id == public_id:
            return who
    raise Invalid("auditor_unknown", N_("Please choose one of the auditors."))


def own_rounds(account: Account) -> list[AuditRound]:
    """The rounds that somebody looks at and whose sample is drawn, the newest first."""
    mine = exists().where(AuditAssignment.round_id == AuditRound.id, AuditAssignment.account_id == account.id)
    query = select(AuditRound).where(mine, AuditRound.state == RoundState.DRAWN).order_by(AuditRound.id.desc())
    return [row for row in db.session.scalars(query) if is_outside(account, row.county_code)]


def audit_reach(account: Account, row: AuditRound) -> Reach:
    """How far somebody may look in a round: the areas given to them, and nowhere once they are no more from outside."""
    query = select(AuditAssignment.area_code).where(
        AuditAssignment.round_id == row.id, AuditAssignment.account_id == account.id
    )
    areas = db.session.scalars(query).all() if is_outside(account, row.county_code) else []
    return Reach.of(areas, f"audit {row.public_id}")


def own_households(account: Account, row: AuditRound) -> list[tuple[AuditHousehold, Household]]:
    """The households of a sample that somebody is to visit, by code."""
    query = select(AuditHousehold, Household).join(Household, Household.id == AuditHousehold.household_id)
    query = query.where(AuditHousehold.round_id == row.id).order_by(Household.code)
    rows = db.session.execute(audit_reach(account, row).over(query, AuditHousehold.village_code))
    return [(unit, household) for unit, household in rows]


def own_payments(account: Account, row: AuditRound) -> list[tuple[AuditPayment, FundPayment]]:
    """The payments of a sample that somebody is to look through, by reference."""
    reach = audit_reach(account, row)
    query = select(AuditPayment, FundPayment).join(FundPayment, FundPayment.id == AuditPayment.payment_id)
    rows = db.session.execute(query.where(AuditPayment.round_id == row.id).order_by(FundPayment.reference))
    # Whoever looks at the whole county looks at the money of its own office too.
    return [(unit, payment) for unit, payment in rows if reach.holds(area_of(payment.place))]


def own_projects(account: Account, row: AuditRound) -> list[tuple[AuditProject, Project]]:
    """The projects of a sample that somebody is to look at, by reference."""
    reach = audit_reach(account, row)
    query = select(AuditProject, Project).join(Project, Project.id == AuditProject.project_id)
    rows = db.session.execute(query.where(AuditProject.round_id == row.id).order_by(Project.reference))
    return [(unit, project) for unit, project in rows if reach.holds(project.place_code)]


def get_own_household(public_id: str, account: Account) -> tuple[AuditRound, AuditHousehold, Household]:
    """A household of one's own part of a sample, or ``NotFound``."""
    query = select(AuditRound).join(AuditHousehold, AuditHousehold.round_id == AuditRound.id)
    row = db.session.scalars(unbounded(query.where(AuditHousehold.public_id == public_id), _DRAWN)).first()
    for unit, household in own_households(account, row) if row is not None else ():
        if unit.public_id == public_id and row is not None:
            return row, unit, household
    raise NotFound("audit_unit_unknown", N_("This is not in your part of the sample."))


def get_own_payment(public_id: str, account: Account) -> tuple[AuditRound, AuditPayment, FundPayment]:
    """A payment of one's own part of a sample, or ``NotFound``."""
    query = select(AuditRound).join(AuditPayment, AuditPayment.round_id == AuditRound.id)
    row = db.session.scalars(query.where(AuditPayment.public_id == public_id)).first()
    for unit, payment in own_payments(account, row) if row is not None else ():
        if unit.public_id == public_id and row is not None:
            return row, unit, payment
    raise NotFound("audit_unit_unknown", N_("This is not in your part of the sample."))


def get_own_project(public_id: str, account: Account) -> tuple[AuditRound, AuditProject, Project]:
    """A project of one's own part of a sample, or ``NotFound``."""
    query = select(AuditRound).join(AuditProject, AuditProject.round_id == AuditRound.id)
    row = db.session.scalars(query.where(AuditProject.public_id == public_id)).first()
    for unit, project in own_projects(account, row) if row is not None else ():
        if unit.public_id == public_id and row is not None:
            return row, unit, project
    raise NotFound("audit_unit_unknown", N_("This is not in your part of the sample."))
