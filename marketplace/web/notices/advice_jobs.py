"""Alerts on prices: looked at each hour, because lists of markets come in at any time."""

from datetime import UTC, datetime

from marketplace.advisory.alerts import reach_alerts
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job
from marketplace.web.notices.advice import tell_price


@job("advisory.prices", every="40 * * * *", lock="advisory.prices")
def watch(timestamp: int) -> None:
    """Each hour."""
    tell_prices(now=datetime.fromtimestamp(timestamp, UTC))


def tell_prices(*, now: datetime) -> int:
    """Tell of every price that was reached, in the transaction that notes it; answers how many were."""
    with transaction():
        reached = reach_alerts(now=now)
        for alert in reached:
            tell_price(alert, now=now)
    return len(reached)
