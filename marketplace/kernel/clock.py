"""The moment and the local day.

Moments are aware and in UTC and end in ``_at``; days are those of the market, Asia/Shanghai, and end in ``_on``.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MARKET_ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present moment, aware, in UTC. Taken once per operation and passed on as an argument."""
    return datetime.now(UTC)


def local_day(moment: datetime) -> date:
    """The market's calendar day at ``moment``.

    >>> local_day(datetime(2026, 1, 1, 16, 0, tzinfo=UTC)).isoformat()
    '2026-01-02'
    """
    return moment.astimezone(MARKET_ZONE).date()


def day_start(day: date) -> datetime:
    """The moment, in UTC, at which the market's ``day`` begins; the next day's start ends it.

    >>> day_start(date(2026, 1, 2)).isoformat()
    '2026-01-01T16:00:00+00:00'
    """
    return datetime.combine(day, time(), MARKET_ZONE).astimezone(UTC)


def day_bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """The half-open span of moments that covers the days ``first`` to ``last``, both included."""
    return day_start(first), day_start(last + timedelta(days=1))
