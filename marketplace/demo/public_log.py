"""Signed heads of the demo's last days: each over what had happened by that night, and the newest over everything."""

from datetime import datetime, timedelta

from sqlalchemy import text

from marketplace.kernel.clock import day_bounds, local_day
from marketplace.kernel.db import db, transaction
from marketplace.transparency.appending import append
from marketplace.transparency.heads import sign_head
from marketplace.transparency.jobs import sign_head_now
from marketplace.transparency.sources import ACT, CLOSING, NOTICE, TRANSFER, Ends

DAYS = 7
# The last row of a table behind which only later ones stand.
_BEFORE = "SELECT coalesce(min(id) FILTER (WHERE {at} >= :moment) - 1, max(id), 0) FROM {table}"


def sign_heads(*, now: datetime) -> None:
    """Add what the demo has booked, done and made known to the log, night by night. Owns its transactions."""
    today = local_day(now)
    for number in reversed(range(DAYS)):
        night, _ = day_bounds(today - timedelta(days=number), today)
        with transaction():
            append(_ends_before(night))
            # The newest day's head is signed last, over everything.
            if number:
                sign_head(now=night + timedelta(minutes=30))
    sign_head_now(now=now)


def _ends_before(moment: datetime) -> Ends:
    tables = {TRANSFER.kind: ("transfer", "at"), ACT.kind: ("audit_event", "at"), NOTICE.kind: ("case_notice", "published_on")}
    ends = {
        kind: int(db.session.scalar(text(_BEFORE.format(table=table, at=at)), {"moment": moment}) or 0)
        for kind, (table, at) in tables.items()
    }
    return Ends({**ends, CLOSING.kind: 0})
