"""What follows from policies by itself: the general order of the shop, and the report of each day."""

from datetime import UTC, datetime, timedelta

from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job
from marketplace.recommendations.report import build_report
from marketplace.recommendations.tilting import apply_policies


@job("recommendations.apply_policies", lock="recommendations.apply_policies")
def apply_policies_job() -> None:
    """Let the general order follow the policies in force, after one was set or ended."""
    apply_policies(now=clock.now())


@job("recommendations.apply_policies_of_the_day", every="2 16 * * *", lock="recommendations.apply_policies_of_the_day")
def apply_policies_of_the_day(timestamp: int) -> None:
    """Just after midnight in the market, when policies begin and end."""
    apply_policies(now=datetime.fromtimestamp(timestamp, UTC))


@job("recommendations.build_report", every="40 16 * * *", lock="recommendations.build_report")
def build_report_job(timestamp: int) -> None:
    """Each night report the day that is over, and the one before it again: a purchase of its evening may be cancelled."""
    now = datetime.fromtimestamp(timestamp, UTC)
    with transaction():
        for days in (2, 1):
            build_report(local_day(now) - timedelta(days=days), now=now)
