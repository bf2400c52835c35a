"""Jobs: figures for everybody on the first night of a quarter; exports whose time is over are deleted."""

from datetime import UTC, datetime

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import job
from marketplace.registry.exports import forget_exports
from marketplace.registry.figures import counties_on_file, publish_county, quarter_start


@job("registry.publish_figures", every="30 17 * * *", lock="registry.publish_figures")
def publish_figures(timestamp: int) -> None:
    """Each night, publish what a county's quarter still lacks: after the first night of a quarter, nothing."""
    now = datetime.fromtimestamp(timestamp, UTC)
    day = quarter_start(clock.local_day(now))
    counties = counties_on_file()
    db.session.rollback()
    for county in counties:
        with transaction():
            # The year that has just begun has hardly been collected.
            publish_county(county, day, year=day.year if day.month > 1 else day.year - 1, now=now)


@job("registry.forget_exports", every="*/15 * * * *", lock="registry.forget_exports")
def forget_old_exports(timestamp: int) -> None:
    """Every quarter of an hour, delete the tables whose time is over."""
    with transaction():
        forget_exports(now=clock.now())
