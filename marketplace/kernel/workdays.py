"""Working days of the People's Republic of China, and terms that are counted in them.

The State Council moves working days about its holidays once a year, so no rule of weeks can know them: they come from the
package ``chinesecalendar``, and from whoever counts where something newer was announced. Past the package's last year every
question to it fails by name; a term counted on weekdays alone would be wrong and look right. The day on which a term begins is
not counted (Civil Code, article 201).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import chinese_calendar

from marketplace.kernel.errors import N_, Conflict


class CalendarEnds(Conflict):
    """The holidays of that year are not known to this installation."""


def is_workday(day: date) -> bool:
    """Whether offices work on that day.

    Raises
    ------
    CalendarEnds
        For a day in a year whose holidays are not known.

    >>> is_workday(date(2015, 10, 10)), is_workday(date(2015, 10, 1)), is_workday(date(2015, 9, 27))
    (True, False, False)
    """
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        words = N_("The public holidays of %(year)s are not known to this installation yet, so working days cannot be counted.")
        raise CalendarEnds("calendar_ends", words, year=day.year) from None


def last_known_year() -> int:
    """The last year of which the package knows the holidays."""
    return int(max(chinese_calendar.holidays).year)


def add_workdays(day: date, count: int, works: Callable[[date], bool] = is_workday) -> date:
    """The last day of a term of ``count`` working days that begins on ``day``, which is not counted; ``works`` knows which are.

    >>> add_workdays(date(2015, 9, 28), 10).isoformat()
    '2015-10-16'
    """
    if count < 0:
        raise ValueError("a term has no fewer than 0 days")
    while count:
        day += timedelta(days=1)
        count -= works(day)
    return day


@dataclass(frozen=True)
class Term:
    """A length of time in days; ``working`` says whether only working days count."""

    days: int
    working: bool = False

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "Term":
        """Read a rule's value: ``{"days": 7}`` or ``{"workdays": 10}``.

        Raises
        ------
        ValueError
            When it is written otherwise.
        """
        ((unit, days),) = value.items()
        if unit not in ("days", "workdays") or not isinstance(days, int) or days < 0:
            raise ValueError(f"a term is written days or workdays with a whole number, not {dict(value)}")
        return cls(days, unit == "workdays")

    def last_day(self, begins_on: date, works: Callable[[date], bool] = is_workday) -> date:
        """The last day of the term; ``works`` knows the working days.

        >>> Term(7).last_day(date(2026, 9, 28)).isoformat()
        '2026-10-05'
        """
        return add_workdays(begins_on, self.days, works) if self.working else begins_on + timedelta(days=self.days)
