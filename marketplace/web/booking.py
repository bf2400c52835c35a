"""What follows when a purchase was paid: its day's figures are built again."""

from datetime import datetime

from marketplace.dashboard.jobs import build_day_job
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import enqueue


def have_day_built(now: datetime) -> None:
    """Queue the figures of the day; if this is lost in a crash, the night builds them anyway."""
    with transaction():
        enqueue(build_day_job, day=local_day(now).isoformat())
