"""Who was registered on any day: in an area, and one household through the years with the cases behind it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, literal, select, tuple_

from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.regions.codes import child_length
from marketplace.regions.queries import within
from marketplace.registry.cases.procedures import CHANGES_STATUS
from marketplace.registry.models import Case, CaseStep, Household, HouseholdStatus, RegistryRevision, StatusCategory
from marketplace.registry.queries import supported_on
from marketplace.registry.reading import unbounded

_READ = "a household that was read within somebody's reach"


def registered_by_area(area_code: str, day: date) -> dict[str, dict[StatusCategory, int]]:
    """How many households were registered on a day in each area one level below, by category.

    Counted from the days of the statuses themselves, so any day can be asked for and the parts sum to the whole. A village is
    its own only part.
    """
    length = child_length(area_code) or len(area_code)
    part = func.left(Household.village_code, literal(length)).label("part")
    query = (
        select(part, HouseholdStatus.category, func.count())
        .join(HouseholdStatus, HouseholdStatus.household_id == Household.id)
        .where(within(Household.village_code, area_code), supported_on(day))
        .group_by(part, HouseholdStatus.category)
        .order_by(part)
    )
    found: dict[str, dict[StatusCategory, int]] = {}
    for code, category, number in db.session.execute(query):
        found.setdefault(code, {})[StatusCategory(category)] = number
    return found


@dataclass(frozen=True)
class Period:
    """A category and the days of it, with the cases whose steps began and ended it where there were such."""

    category: StatusCategory
    first_on: date
    last_on: date | None
    began_with: str | None
    ended_with: str | None


def periods_of(household: Household) -> list[Period]:
    """The statuses of a household, oldest first; those from before there were cases name none."""
    from_cases = (
        select(Case.public_id, RegistryRevision.at)
        .select_from(CaseStep)
        .join(RegistryRevision, RegistryRevision.id == CaseStep.revision_id)
        .join(Case, Case.id == CaseStep.case_id)
        .where(CaseStep.household_id == household.id)
        # Another procedure that ended with it changed nothing itself.
        .where(tuple_(Case.kind, CaseStep.action).in_(sorted(CHANGES_STATUS)))
    )
    by_day = {local_day(at): public_id for public_id, at in db.session.execute(unbounded(from_cases, _READ))}
    statuses = select(HouseholdStatus).where(HouseholdStatus.household_id == household.id).order_by(HouseholdStatus.days)
    periods = []
    for status in db.session.scalars(statuses):
        first, after = status.days.lower, status.days.upper
        last = None if after is None else date.fromordinal(after.toordinal() - 1)
        began, ended = by_day.get(first), None if after is None else by_day.get(after)
        periods.append(Period(StatusCategory(status.category), first, last, began, ended))
    return periods
