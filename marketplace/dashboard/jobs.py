"""Keeping the facts up to date."""

from datetime import UTC, date, datetime, timedelta

from marketplace.dashboard.quarters import SETTLED_DAYS, counties_that_sold, publish_sales
from marketplace.dashboard.service import build_day, build_days
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import job
from marketplace.registry.figures import quarter_start


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


@job("dashboard.publish_sales", every="50 17 * * *", lock="dashboard.publish_sales")
def publish_last_quarter(timestamp: int) -> None:
    """Each night, publish what counties that sold still lack of the newest quarter that is over and settled."""
    now = datetime.fromtimestamp(timestamp, UTC)
    running = quarter_start(local_day(now) - timedelta(days=SETTLED_DAYS))
    first = quarter_start(running - timedelta(days=1))
    counties = counties_that_sold(first)
    db.session.rollback()
    for county in counties:
        with transaction():
            publish_sales(county, first, now=now)
