"""What follows from policies by itself: the general order of the shop, and the report of each day."""

from datetime import UTC, datetime, timedelta

from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job
from marketplace.recommendations.report import build_report
from marketplace.recommendations.tilting import apply_policies, count_sellers


@job("recommendations.apply_policies", every="2 * * * *", lock="recommendations.apply_policies")
def apply_policies_job(timestamp: int) -> None:
    """Let order and prices follow the policies that have begun and ended: when one is set, and after midnight in the market.

    The other hours find what a midnight missed; where nothing has changed, nothing is written.
    """
    apply_policies(now=datetime.fromtimestamp(timestamp, UTC))


@job("recommendations.count_sellers", every="*/10 * * * *", lock="recommendations.count_sellers")
def count_sellers_job(timestamp: int) -> None:
    """Count whom each policy helps, because stock comes and goes all day."""
    count_sellers(now=datetime.fromtimestamp(timestamp, UTC))


@job("recommendations.build_report", every="40 16 * * *", lock="recommendations.build_report")
def build_report_job(timestamp: int) -> None:
    """Each night report the day that is over, and the one before it again: a purchase of its evening may be cancelled."""
    now = datetime.fromtimestamp(timestamp, UTC)
    with transaction():
        for days in (2, 1):
            build_report(local_day(now) - timedelta(days=days), now=now)
