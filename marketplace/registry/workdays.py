"""Working days in an area: as announced there or for the nation, else as the program knows them, else by weekends alone.

What counts by weekends alone is provisional and always said to be: it is good enough for a work list, and never for how long a
notice must hang.
"""

from collections.abc import Callable
from datetime import date

from sqlalchemy import ColumnElement, or_, select

from marketplace.kernel import workdays
from marketplace.kernel.db import db
from marketplace.regions.codes import ancestor_codes
from marketplace.registry.models import WorkdayAnnouncement

_SATURDAY = 5


def announcements(area_code: str) -> list[WorkdayAnnouncement]:
    """What was announced for an area, one above it or the nation, the latest year first and there what holds first."""
    rows = db.session.scalars(select(WorkdayAnnouncement).where(_holds_in(area_code)))
    return sorted(rows, key=lambda row: (-row.year, -len(row.area_code or ""), -row.id))


def workdays_in(area_code: str) -> Callable[[date], bool]:
    """The question whether offices work on a day there; as it stands now, so one is made for each act.

    The question raises ``CalendarEnds`` for a year of which neither an announcement nor the program knows.
    """
    found: dict[int, WorkdayAnnouncement] = {}
    for row in announcements(area_code):
        found.setdefault(row.year, row)

    def is_workday(day: date) -> bool:
        announced = found.get(day.year)
        if announced is None:
            return workdays.is_workday(day)
        text = day.isoformat()
        return text in announced.work_days or (text not in announced.rest_days and is_weekday(day))

    return is_workday


def is_weekday(day: date) -> bool:
    """Whether a day is none of a weekend: all that is known of a year whose holidays nobody has announced.

    >>> is_weekday(date(2027, 1, 1)), is_weekday(date(2027, 1, 2))
    (True, False)
    """
    return day.weekday() < _SATURDAY


def _holds_in(area_code: str) -> ColumnElement[bool]:
    column = WorkdayAnnouncement.area_code
    return or_(column.is_(None), column.in_(ancestor_codes(area_code)))
