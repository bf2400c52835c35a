"""How many households and persons an area has on a day, by the areas below it and by one property; sums are exact."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select

from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.codes import child_length
from marketplace.regions.queries import within
from marketplace.registry.display_rules import INCOME_BANDS
from marketplace.registry.models import FileRecord, Household, HouseholdStatus, Person, StatusCategory
from marketplace.registry.reading import Reach
from marketplace.registry.rules import rule
from marketplace.registry.standard import CAUSES, KINDS

FIRST_DAY, LAST_DAY = date(2013, 1, 1), date(2100, 12, 31)
UNKNOWN, NOT_REGISTERED = "unknown", "none"


class By(enum.StrEnum):
    """The property that divides the households."""

    KIND = "kind"
    CAUSE = "cause"
    STATUS = "status"
    INCOME = "income"


@dataclass(frozen=True)
class Count:
    """Households and the persons in them."""

    households: int = 0
    persons: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.households + other.households, self.persons + other.persons)


@dataclass(frozen=True)
class RollUp:
    """Counts by area and category; what is absent is nought."""

    area_code: str
    day: date
    year: int
    by: By
    categories: tuple[str, ...]
    cells: Mapping[tuple[str, str], Count]

    def of_area(self, code: str) -> Count:
        """All of one area."""
        return self._sum(lambda area, _: area == code)

    def of_category(self, category: str) -> Count:
        """All of one category."""
        return self._sum(lambda _, own: own == category)

    @property
    def total(self) -> Count:
        """All."""
        return self._sum(lambda *_: True)

    def _sum(self, wanted: Callable[[str, str], bool]) -> Count:
        return sum((count for key, count in self.cells.items() if wanted(*key)), Count())


def roll_up(area_code: str, day: date, by: By, reach: Reach, *, year: int | None = None) -> RollUp:
    """Count the households on file in an area at the end of a day, by the areas one level below.

    Registered households alone are counted, except by status, where those without one are a category. Members are those of that
    day; kind, cause and income are those on file for ``year``, which is the day's unless said otherwise.

    Raises
    ------
    NotFound
        ``area_unknown`` for an area outside the reach.
    Invalid
        ``day_without_files`` for a day before there were files, or beyond the year 2100.
    """
    reach = reach.narrowed(area_code)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid("day_without_files", N_("Please choose a day from 2013 on."))
    year = day.year if year is None else year
    length = child_length(area_code) or len(area_code)
    bounds = rule(INCOME_BANDS, area_code[:2], day).value
    category = _category(by, bounds)
    members = (
        select(Person.household_id, func.count().label("number"))
        .where(within(Person.village_code, area_code), Person.joined_on <= day)
        .where(or_(Person.left_on.is_(None), Person.left_on >= day))
        .group_by(Person.household_id)
        .subquery()
    )
    area = func.left(Household.village_code, length)
    query = (
        select(area, category, func.count(), func.coalesce(func.sum(members.c.number), 0))
        .select_from(Household)
        .outerjoin(members, members.c.household_id == Household.id)
        .where(Household.created_at < day_start(day + timedelta(days=1)))
        .group_by(area, category)
    )
    query = _joined(query, by, day, year, area_code)
    rows = db.session.execute(reach.over(query, Household.village_code))
    cells = {(code, name): Count(households, int(persons)) for code, name, households, persons in rows}
    return RollUp(area_code, day, year, by, categories(by, bounds), cells)


def categories(by: By, bounds: list[int]) -> tuple[str, ...]:
    """The categories of a property in their order; a band of income is named by its upper bound in fen."""
    if by is By.STATUS:
        return (*StatusCategory, NOT_REGISTERED)
    if by is By.INCOME:
        return (*(str(bound) for bound in bounds), "more", UNKNOWN)
    return (*(name for name, _ in (KINDS if by is By.KIND else CAUSES)), UNKNOWN)


def _category(by: By, bounds: list[int]) -> ColumnElement[str]:
    if by is By.STATUS:
        return func.coalesce(HouseholdStatus.category, NOT_REGISTERED)
    if by is By.INCOME:
        below = [(FileRecord.per_head_fen < bound, literal(str(bound))) for bound in bounds]
        return case((FileRecord.per_head_fen.is_(None), literal(UNKNOWN)), *below, else_=literal("more"))
    return func.coalesce(FileRecord.kind if by is By.KIND else FileRecord.main_cause, UNKNOWN)


def _joined(query: Select[tuple[str, str, int, int]], by: By, day: date, year: int, area_code: str) -> Select:  # type: ignore[type-arg]
    in_force = (HouseholdStatus.household_id == Household.id) & HouseholdStatus.days.contains(day)
    if by is By.STATUS:
        return query.outerjoin(HouseholdStatus, in_force)
    # The area is said once more, so that the record is found by its index of year and village.
    of_year = (FileRecord.household_id == Household.id) & (FileRecord.year == year) & FileRecord.person_id.is_(None)
    return query.join(HouseholdStatus, in_force).outerjoin(FileRecord, of_year & within(FileRecord.village_code, area_code))
