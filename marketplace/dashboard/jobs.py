"""Keeping the facts up to date."""

from datetime import UTC, date, datetime, timedelta

from marketplace.dashboard.service import build_day, build_days
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job


@job("dashboard.build_day")
def build_day_job(day: str) -> None:
    """Build one day again, after something on it has changed."""
    with transaction():
        build_day(date.fromisoformat(day))


@job("dashboard.build_last_days", every="20 16 * * *", lock="dashboard.build_last_days")
def build_last_days(timestamp: int) -> None:
    """Each night, just after midnight in the market, build the last two days again."""
    today = local_day(datetime.fromtimestamp(timestamp, UTC))
    with transaction():
        build_days(today - timedelta(days=1), today)
