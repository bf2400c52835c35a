"""What was known of households out of poverty on a day, and which of them came back afterwards."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from marketplace.forecasts.measuring import Floats
from marketplace.forecasts.relapse import INPUTS
from marketplace.kernel.clock import day_bounds
from marketplace.kernel.db import db
from marketplace.registry import forecast_rules
from marketplace.registry.models import FileChange, FileRecord, Household, HouseholdStatus, Person, StatusCategory
from marketplace.registry.reading import Reach
from marketplace.registry.rules import rule
from marketplace.registry.standards import line_on

_REACH = Reach.everywhere("the risk of relapse, shown to each office for its own area alone")
_IN = (StatusCategory.POOR, StatusCategory.MONITORED)
_CHILD, _OLD = 16, 60


@dataclass(frozen=True)
class Outs:
    """Households that were out of poverty on a day, and their inputs, (households, inputs), by what was known then."""

    ids: tuple[int, ...]
    villages: tuple[str, ...]
    rows: Floats


@dataclass(frozen=True)
class Spans:
    """By household the spans of days on which it was registered as poor or monitored, in their order."""

    by_household: dict[int, list[tuple[date, date | None]]]

    def out_on(self, day: date) -> dict[int, list[tuple[date, date | None]]]:
        """Those out on a day after having been in, with the spans that had begun by then."""
        found = {}
        for household_id, spans in self.by_household.items():
            begun = [span for span in spans if span[0] <= day]
            if begun and all(end is not None and end <= day for _first, end in begun):
                found[household_id] = begun
        return found

    def followed(self, ids: tuple[int, ...], day: date, until: date) -> tuple[Floats, NDArray[np.bool_]]:
        """For how many days each was followed after a day, until it came back or another day; and whether it came back."""
        back = [min((first for first, _end in self.by_household[each] if day < first <= until), default=None) for each in ids]
        days = [((again or until) - day).days for again in back]
        return np.array(days, float), np.array([again is not None for again in back], bool)


def spans_until(day: date) -> Spans:
    """The spans that had begun by a day; when one will end is not known before it has."""
    query = select(HouseholdStatus.household_id, HouseholdStatus.days).where(HouseholdStatus.category.in_(_IN))
    found: dict[int, list[tuple[date, date | None]]] = defaultdict(list)
    for household_id, days in db.session.execute(query.order_by(HouseholdStatus.household_id, HouseholdStatus.days)):
        if (days.lower or date.min) <= day:
            found[household_id].append((days.lower or date.min, days.upper if days.upper and days.upper <= day else None))
    return Spans({household_id: _joined(spans) for household_id, spans in found.items()})


def _joined(spans: list[tuple[date, date | None]]) -> list[tuple[date, date | None]]:
    """Spans without a day between them are one: from poor to monitored nobody has left."""
    joined: list[tuple[date, date | None]] = []
    for first, end in spans:
        if joined and joined[-1][1] == first:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, end))
    return joined


def outs_on(day: date, spans: Spans) -> Outs:
    """The households out of poverty on a day, by id, with inputs from what was known by its end."""
    out = spans.out_on(day)
    rows = db.session.execute(select(Household.id, Household.village_code).where(Household.id.in_(out)).order_by(Household.id))
    villages = dict(rows.all())
    members, incomes = _members(day, list(villages)), _incomes(day, list(villages))
    lines: dict[str, float | None] = {}
    inputs = []
    for household_id, village in villages.items():
        own = out[household_id]
        months = (day - (own[-1][1] or day)).days / 30
        ages = members.get(household_id, [])
        dependants = sum(age < _CHILD or age >= _OLD for age in ages) / len(ages) if ages else 0.5
        if village[:2] not in lines:
            lines[village[:2]] = _low_income(village, day)
        line, income = lines[village[:2]], incomes.get(household_id)
        known = income is not None and line is not None
        low = known and income < line  # type: ignore[operator]
        inputs.append([1 / (1 + months), float(len(ages)), dependants, float(low), float(not known), float(len(own) - 1)])
    return Outs(tuple(villages), tuple(villages.values()), np.array(inputs, float).reshape(-1, len(INPUTS)))


def _low_income(village: str, day: date) -> float | None:
    line = line_on(village, day)
    return None if line is None else line.line_fen * rule(forecast_rules.LOW_INCOME, village, day).value / 100


def _members(day: date, ids: list[int]) -> dict[int, list[float]]:
    query = select(Person.household_id, Person.born_on).where(
        Person.household_id.in_(ids), Person.joined_on <= day, Person.left_on.is_(None) | (Person.left_on > day)
    )
    found: dict[int, list[float]] = defaultdict(list)
    for household_id, born_on in db.session.execute(_REACH.over(query, Person.village_code)):
        found[household_id].append((day - born_on).days / 365.25)
    return found


def _incomes(day: date, ids: list[int]) -> dict[int, int]:
    """The income a head of the newest finished year; one noted or corrected after the day was not known on it."""
    noted = select(FileChange.household_id, FileChange.year, func.max(FileChange.at).label("at")).where(
        FileChange.household_id.in_(ids), FileChange.year < day.year
    )
    newest = noted.group_by(FileChange.household_id, FileChange.year).subquery()
    same = (newest.c.household_id == FileRecord.household_id) & (newest.c.year == FileRecord.year)
    query = select(FileRecord.household_id, FileRecord.per_head_fen).join(newest, same)
    query = query.where(FileRecord.person_id.is_(None), FileRecord.per_head_fen.is_not(None))
    query = query.where(newest.c.at < day_bounds(day, day)[1]).order_by(FileRecord.year)
    # Of several years the last stands.
    return dict(db.session.execute(_REACH.over(query, FileRecord.village_code)).all())


def year_before(day: date) -> date:
    """The day 365 days earlier."""
    return day - timedelta(days=365)
