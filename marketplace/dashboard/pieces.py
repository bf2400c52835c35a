"""Which facts make up a span of days: months where they are whole, days at the ends. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Pieces:
    """Whole months by their first days, and the spans of days around them; all ends included."""

    months: tuple[date, date] | None
    days: tuple[tuple[date, date], ...]


def pieces(first: date, last: date) -> Pieces:
    """Take a span of days apart.

    >>> pieces(date(2026, 1, 31), date(2026, 4, 2)).months
    (datetime.date(2026, 2, 1), datetime.date(2026, 3, 1))
    >>> [(a.isoformat(), b.isoformat()) for a, b in pieces(date(2026, 1, 31), date(2026, 4, 2)).days]
    [('2026-01-31', '2026-01-31'), ('2026-04-01', '2026-04-02')]
    >>> pieces(date(2026, 2, 3), date(2026, 2, 27))
    Pieces(months=None, days=((datetime.date(2026, 2, 3), datetime.date(2026, 2, 27)),))
    """
    if first > last:
        return Pieces(None, ())
    if last.year == date.max.year:
        # The calendar's last month has no day after it; nothing was ever sold there.
        return Pieces(None, ((first, last),))
    begins = first if first.day == 1 else next_month(first)
    # The first day that no whole month of the span holds.
    ends = (last + timedelta(days=1)).replace(day=1)
    if begins >= ends:
        return Pieces(None, ((first, last),))
    around = ((first, begins - timedelta(days=1)), (ends, last))
    return Pieces((begins, (ends - timedelta(days=1)).replace(day=1)), tuple(span for span in around if span[0] <= span[1]))


def next_month(day: date) -> date:
    """The first day of the next month.

    >>> next_month(date(2026, 12, 31)).isoformat()
    '2027-01-01'
    """
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
