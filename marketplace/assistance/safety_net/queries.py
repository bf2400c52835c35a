"""Reading entitlements, gaps, costs and runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from marketplace.assistance.safety_net.benefits import PURPOSES, BenefitKind
from marketplace.assistance.safety_net.models import BenefitRule, Entitlement, FileGap, NecessaryCost, SafetyNetRun
from marketplace.assistance.safety_net.states import EntitlementState, RunState
from marketplace.funds.models import Fund
from marketplace.funds.places import area_of
from marketplace.funds.queries import funds_within, paid_by_purpose, standings
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.codes import contains
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach, unbounded

PURPOSE_KIND = "entitlement"
_OF_HOUSEHOLD = "a household that was read within somebody's reach, or its own"


@dataclass(frozen=True)
class Waiting:
    """What waits for a person in one village: entitled and not covered, to be looked at again, granted and not paid."""

    village_code: str
    open: int
    open_fen: int
    review: int
    granted: int
    overdue: int
    next_due_on: date | None


def waiting_by_village(reach: Reach, today: date) -> list[Waiting]:
    """What waits in each village of one's areas, the most overdue first."""
    row = Entitlement
    of = {state: func.count().filter(row.state == state) for state in EntitlementState}
    query = select(
        row.village_code,
        of[EntitlementState.OPEN],
        func.coalesce(func.sum(row.amount_fen - row.granted_fen).filter(row.state == EntitlementState.OPEN), 0),
        of[EntitlementState.REVIEW],
        of[EntitlementState.GRANTED],
        func.count().filter(row.due_on < today),
        func.min(row.due_on),
    ).where(row.state.in_([EntitlementState.OPEN, EntitlementState.REVIEW, EntitlementState.GRANTED]))
    rows = db.session.execute(reach.over(query.group_by(row.village_code), row.village_code))
    # The database sums into numbers without bounds, which people count in whole fen all the same.
    found = [Waiting(each[0], each[1], int(each[2]), *each[3:]) for each in rows]
    return sorted(found, key=lambda each: (-each.overdue, each.next_due_on or date.max, each.village_code))


def entitlements_within(
    reach: Reach, states: Iterable[EntitlementState], *, offset: int = 0, limit: int = 50
) -> tuple[list[tuple[Entitlement, Household, BenefitRule]], int]:
    """Entitlements of one's areas in some states, those with the nearest clock first; and how many there are."""
    wanted = Entitlement.state.in_(list(states))
    number = db.session.scalar(
        reach.over(select(func.count()).select_from(Entitlement).where(wanted), Entitlement.village_code)
    )
    query = (
        select(Entitlement, Household, BenefitRule)
        .join(Household, Household.id == Entitlement.household_id)
        .join(BenefitRule, BenefitRule.id == Entitlement.rule_id)
        .where(wanted)
        .order_by(Entitlement.due_on.asc().nulls_last(), Entitlement.id)
        .offset(offset)
        .limit(limit)
    )
    rows = db.session.execute(reach.over(query, Entitlement.village_code))
    return [(row, household, rule) for row, household, rule in rows], number or 0


def entitlements_of(household: Household) -> list[tuple[Entitlement, BenefitRule]]:
    """What a household is or was entitled to, the newest year first; for itself and officers over it."""
    query = (
        select(Entitlement, BenefitRule)
        .join(BenefitRule, BenefitRule.id == Entitlement.rule_id)
        .where(Entitlement.household_id == household.id)
        .order_by(Entitlement.year.desc(), BenefitRule.kind, Entitlement.id)
    )
    return [(row, rule) for row, rule in db.session.execute(unbounded(query, _OF_HOUSEHOLD))]


def get_entitlement_within(public_id: str, reach: Reach) -> tuple[Entitlement, Household]:
    """An entitlement of one's areas with its household, or ``NotFound``."""
    query = select(Entitlement, Household).join(Household, Household.id == Entitlement.household_id)
    query = query.where(Entitlement.public_id == public_id)
    found = db.session.execute(reach.over(query, Entitlement.village_code)).first()
    if found is None:
        raise NotFound("entitlement_unknown", N_("There is no such entitlement."))
    return found[0], found[1]


def gap_of(household: Household, year: int) -> FileGap | None:
    """What benefits ask for and the household's file does not answer."""
    query = select(FileGap).where(FileGap.household_id == household.id, FileGap.year == year)
    return db.session.scalars(unbounded(query, _OF_HOUSEHOLD)).first()


def gaps_within(reach: Reach, *, limit: int = 50) -> tuple[list[tuple[FileGap, Household]], int]:
    """Households of one's areas whose files leave something open, by code; and how many there are."""
    number = db.session.scalar(reach.over(select(func.count()).select_from(FileGap), FileGap.village_code))
    query = select(FileGap, Household).join(Household, Household.id == FileGap.household_id).order_by(Household.code)
    rows = db.session.execute(reach.over(query.limit(limit), FileGap.village_code))
    return [(gap, household) for gap, household in rows], number or 0


def costs_of(household: Household, year: int) -> Sequence[NecessaryCost]:
    """The costs that a household has shown for a year and that count."""
    query = select(NecessaryCost).where(
        NecessaryCost.household_id == household.id, NecessaryCost.year == year, NecessaryCost.withdrawn_at.is_(None)
    )
    return db.session.scalars(unbounded(query.order_by(NecessaryCost.id), _OF_HOUSEHOLD)).all()


def newest_run(area_code: str) -> SafetyNetRun | None:
    """The newest run of a county that has counted to its end, or that is under way where none has."""
    query = select(SafetyNetRun).where(SafetyNetRun.area_code == area_code, SafetyNetRun.state != RunState.OVERTAKEN)
    return db.session.scalars(query.order_by(SafetyNetRun.state == RunState.RUNNING, SafetyNetRun.id.desc())).first()


def paid_fen(public_ids: Iterable[str]) -> dict[str, int]:
    """What has been paid for entitlements and has not come back, by their public id; one without a payment is absent."""
    return paid_by_purpose(PURPOSE_KIND, public_ids)


def money_for(kind: BenefitKind, areas: Iterable[str], village_code: str) -> list[tuple[Fund, str, int]]:
    """Where public money stands within some areas out of which a village's benefit can be paid: fund, place, how much."""
    own = list(areas)
    funds = {fund.public_id: fund for fund in funds_within(own)}
    return [
        (funds[each.fund], each.place, each.balance_fen)
        for each in standings(funds.values())
        if each.purpose_code == PURPOSES[kind]
        and contains(area_of(each.place), village_code)
        and any(contains(area, area_of(each.place)) for area in own)
    ]


def measured(run: SafetyNetRun, reach: Reach) -> dict[str, int]:
    """How many households of one's areas a run has found poor by income, or by what they had to pay beside it."""
    total = {"households": 0, "unknown": 0, "income_poor": 0, "expenditure_poor": 0}
    for village, own in run.figures.items():
        if reach.holds(village):
            for name in total:
                total[name] += own[name]
    return total
