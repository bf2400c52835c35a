"""Reading what was counted about how poor households are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.regions.codes import ancestor_codes
from marketplace.registry.assessing import SEALED
from marketplace.registry.models import AssessmentRun, Household, HouseholdAssessment, VisitCause, VisitOrder
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.sealing import open_values

_OF_FILE = "the file of a household read within somebody's reach"


@dataclass(frozen=True)
class Assessed:
    """A household's numbers of a year, with the run that counted them and what it lacks, opened."""

    numbers: HouseholdAssessment
    run: AssessmentRun
    lacks: dict[str, bool | None]


def assessed(household: Household, year: int) -> Assessed | None:
    """A household's numbers for a year; None when no run has counted them yet."""
    query = select(HouseholdAssessment, AssessmentRun).join(AssessmentRun, AssessmentRun.id == HouseholdAssessment.run_id)
    query = query.where(HouseholdAssessment.household_id == household.id, HouseholdAssessment.year == year)
    row = db.session.execute(unbounded(query, _OF_FILE)).first()
    if row is None:
        return None
    numbers, run = row
    return Assessed(numbers, run, open_values(household, numbers.sealed, SEALED))


def newest_run(area_code: str, year: int) -> AssessmentRun | None:
    """The newest run over exactly this area."""
    query = select(AssessmentRun).where(AssessmentRun.area_code == area_code, AssessmentRun.year == year)
    return db.session.scalars(query.order_by(AssessmentRun.id.desc()).limit(1)).first()


def counted_with(area_code: str, year: int) -> AssessmentRun | None:
    """The newest run over the smallest area around this one that has one."""
    query = select(AssessmentRun).where(AssessmentRun.area_code.in_(ancestor_codes(area_code)), AssessmentRun.year == year)
    query = query.order_by(func.length(AssessmentRun.area_code).desc(), AssessmentRun.id.desc())
    return db.session.scalars(query.limit(1)).first()


@dataclass(frozen=True)
class AreaNumbers:
    """How many households of an area each number calls poor, of how many it could be counted for."""

    households: int
    parted: int
    counted: dict[str, int]
    poor: dict[str, int]


NAMES = ("income_gap", "deprivation", "proxy_means", "community_rank")


def area_numbers(reach: Reach, year: int) -> AreaNumbers:
    """The four numbers of an area, summed over its households in one statement."""
    columns: list[Any] = [
        func.count(),
        func.count().filter(func.jsonb_array_length(HouseholdAssessment.partings) > 0),
    ]
    for name in NAMES:
        place = HouseholdAssessment.readings[name]
        columns.append(func.count().filter(place.is_not(None)))
        columns.append(func.count().filter(place[0].as_float() > place[1].as_float()))
    query = select(*columns).where(HouseholdAssessment.year == year)
    row = tuple(db.session.execute(reach.over(query, HouseholdAssessment.village_code)).one())
    pairs = list(zip(row[2::2], row[3::2], strict=True))
    return AreaNumbers(
        row[0],
        row[1],
        {name: pair[0] for name, pair in zip(NAMES, pairs, strict=True)},
        {name: pair[1] for name, pair in zip(NAMES, pairs, strict=True)},
    )


@dataclass(frozen=True)
class Parted:
    """A household whose numbers part, with the visit that is due; None when somebody has been there."""

    household: Household
    partings: list[dict[str, Any]]
    order: VisitOrder | None


def parted_households(reach: Reach, year: int, *, limit: int = 100) -> Sequence[Parted]:
    """The households whose numbers part, those that part most first."""
    order = (
        (VisitOrder.household_id == HouseholdAssessment.household_id)
        & (VisitOrder.cause == VisitCause.DISAGREEMENT)
        & VisitOrder.visit_id.is_(None)
    )
    query = (
        select(Household, HouseholdAssessment.partings, VisitOrder)
        .join(HouseholdAssessment, HouseholdAssessment.household_id == Household.id)
        .outerjoin(VisitOrder, order)
        .where(HouseholdAssessment.year == year, func.jsonb_array_length(HouseholdAssessment.partings) > 0)
        .order_by(HouseholdAssessment.partings[0]["apart"].as_float().desc(), Household.code)
        .limit(limit)
    )
    rows = db.session.execute(reach.over(query, HouseholdAssessment.village_code))
    return [Parted(row[0], row[1], row[2]) for row in rows]
