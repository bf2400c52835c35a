"""The months of served lists: one partition each, made ahead, and a default that loses nothing.

They stand in a schema of their own, ``partitions``, so that whoever looks at the tables sees one ``served_list``. An old
month leaves by ``ALTER TABLE served_list DETACH PARTITION``, without a row being touched.
"""

from datetime import date

from sqlalchemy import text

from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db

# A worker that stands still for two months has been missed before its partitions are.
MONTHS_AHEAD = 2


def ensure_partitions(day: date) -> list[str]:
    """Make the partitions of the day's month and the next two where they are missing; answers the names of those made.

    Lists that had gone to the default partition, because theirs was missing, move to it. Needs an open transaction.
    """
    made = []
    for ahead in range(MONTHS_AHEAD + 1):
        first, after = _first_of_month(day, ahead), _first_of_month(day, ahead + 1)
        name = f"served_list_{first:%Y_%m}"
        if db.session.scalar(text("SELECT to_regclass(:name)"), {"name": f"partitions.{name}"}) is None:
            _make(name, first, after)
            made.append(name)
    return made


def _make(name: str, first: date, after: date) -> None:
    """Make one partition, fill it with what the default holds of its month, and attach it."""
    begin, end = day_start(first), day_start(after)
    # A list that came to the default between the moving and the attaching would forbid the attaching.
    db.session.execute(text("LOCK TABLE partitions.served_list_default IN ACCESS EXCLUSIVE MODE"))
    db.session.execute(text(f"CREATE TABLE partitions.{name} (LIKE served_list INCLUDING DEFAULTS)"))
    db.session.execute(
        text(
            "WITH moved AS ("
            " DELETE FROM partitions.served_list_default WHERE at >= :begin AND at < :end RETURNING *"
            f") INSERT INTO partitions.{name} SELECT * FROM moved"
        ),
        {"begin": begin, "end": end},
    )
    span = f"FROM ('{begin.isoformat()}') TO ('{end.isoformat()}')"
    db.session.execute(text(f"ALTER TABLE served_list ATTACH PARTITION partitions.{name} FOR VALUES {span}"))


def _first_of_month(day: date, ahead: int) -> date:
    """The first day of the month that many months after a day's.

    >>> _first_of_month(date(2026, 11, 25), 2).isoformat()
    '2027-01-01'
    """
    months = day.year * 12 + day.month - 1 + ahead
    return date(months // 12, months % 12 + 1, 1)
