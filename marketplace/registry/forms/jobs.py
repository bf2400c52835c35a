"""Each week, whose work is looked at again."""

from datetime import UTC, datetime, timedelta

from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job
from marketplace.registry.forms.revisits import draw_week, week_of


@job("forms.draw_revisits", every="10 17 * * 0", lock="forms.draw_revisits")
def draw_revisits(timestamp: int) -> None:
    """In the night to Monday, draw from the week that has ended."""
    now = datetime.fromtimestamp(timestamp, UTC)
    with transaction():
        draw_week(week_of(local_day(now)) - timedelta(days=7), now=now)
