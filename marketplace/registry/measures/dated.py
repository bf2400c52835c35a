"""Rules of a place and a time: the row in force on a day, of the nearest area that has one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class DatedRow(Protocol):
    """A rule with the place and the days it is for, and where it is written."""

    @property
    def scope_code(self) -> str:
        """The code of the area it is for; empty for the whole country."""

    @property
    def first_day(self) -> date:
        """The first day on which it is in force."""

    @property
    def last_day(self) -> date | None:
        """The last day on which it is in force; None while nobody has ended it."""

    @property
    def source(self) -> str:
        """Where it is written."""


Row = TypeVar("Row", bound=DatedRow)


class NotInForceError(LookupError):
    """No row is in force there on that day. None is guessed from the years beside it: a line decides about people."""


def in_force(what: str, rows: Iterable[Row], day: date, area_code: str) -> Row:
    """Return the row for an area on a day: that of the smallest area around it, and of several the newest.

    Parameters
    ----------
    what : str
        What the rows are, for the error.
    rows : iterable of DatedRow
        In any order.
    day : date
        The local day that is judged, not the day of judging.
    area_code : str
        A code of 2, 4, 6, 9 or 12 digits; a code begins with that of the area around it.

    Raises
    ------
    NotInForceError
        If there is none.

    Examples
    --------
    >>> from marketplace.registry.measures.poverty_line import POVERTY_LINES
    >>> in_force("poverty line", POVERTY_LINES, date(2015, 12, 31), "522636").line_fen
    285500
    """
    found = [
        row
        for row in rows
        if area_code.startswith(row.scope_code) and row.first_day <= day and (row.last_day is None or day <= row.last_day)
    ]
    if not found:
        raise NotInForceError(f"{what}: none is in force on {day} in {area_code or 'the whole country'}")
    return max(found, key=lambda row: (len(row.scope_code), row.first_day))
