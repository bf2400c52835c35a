"""The clock of complaints and the watch over who has complained, each night; each complaint in a transaction of its own."""

from datetime import UTC, datetime

from sqlalchemy import select

from marketplace.complaints.clock import due_complaints, move_on, release_if_gone
from marketplace.complaints.models import Complaint
from marketplace.complaints.retaliation import watch_household, watched_complaints
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import job


@job("complaints.clock", every="40 16 * * *", lock="complaints.clock")
def run_clock(timestamp: int) -> None:
    """Soon after midnight: release what lost its handler, move on what is due, look at who has complained."""
    run_clock_at(datetime.fromtimestamp(timestamp, UTC))


def run_clock_at(now: datetime) -> None:
    """The same at a moment. Run again it finds nothing left to do."""
    with transaction():
        taken = list(db.session.scalars(select(Complaint.id).where(Complaint.handler_id.is_not(None)).order_by(Complaint.id)))
    for complaint_id in taken:
        with transaction():
            release_if_gone(complaint_id, now=now)
    with transaction():
        due = due_complaints(now=now)
    for complaint_id in due:
        with transaction():
            move_on(complaint_id, now=now)
    with transaction():
        watched = watched_complaints(now=now)
    for complaint_id in watched:
        with transaction():
            watch_household(complaint_id, now=now)
