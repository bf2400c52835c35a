"""The national rural poverty line, year by year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from marketplace.registry.measures.dated import in_force

OUTLINE = "Outline for Development-oriented Poverty Reduction for China's Rural Areas (2011-2020): 2,300 yuan at 2010 prices"
YEARBOOK = "Yunnan Survey Yearbook 2017, table 4-2, notes 3 and 4: the national standard of 2010 at the year's prices"


@dataclass(frozen=True, slots=True)
class PovertyLine:
    """Yearly net income per head below which a rural person is poor.

    Attributes
    ----------
    scope_code : str
        Code of the area it is for, "" for the whole country; a province may set a higher one beside the national.
    first_day, last_day : date
        The days whose income it judges.
    line_fen : int
        Yuan of that year, in fen.
    source : str
        Where it is written.
    """

    scope_code: str
    first_day: date
    last_day: date | None
    line_fen: int
    source: str


def _national(year: int, yuan: int, source: str) -> PovertyLine:
    return PovertyLine("", date(year, 1, 1), date(year, 12, 31), yuan * 100, source)


# Later years are added from the notice that sets them; nothing is carried forward by itself.
POVERTY_LINES: tuple[PovertyLine, ...] = (
    _national(2010, 2300, OUTLINE),
    _national(2011, 2536, YEARBOOK),
    _national(2012, 2625, YEARBOOK),
    _national(2013, 2736, YEARBOOK),
    _national(2014, 2800, YEARBOOK),
    _national(2015, 2855, YEARBOOK),
    _national(2016, 2952, YEARBOOK),
)


def poverty_line(day: date, area_code: str, lines: tuple[PovertyLine, ...] = POVERTY_LINES) -> PovertyLine:
    """Return the line that judges the income of a day's year in an area.

    Raises
    ------
    NotInForceError
        For a year that no row covers.

    Examples
    --------
    >>> poverty_line(date(2013, 6, 30), "522636").line_fen
    273600
    """
    return in_force("poverty line", lines, day, area_code)
