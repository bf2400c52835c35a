"""What happens to duties and needs each night."""

from datetime import UTC, datetime

from marketplace.assistance.duty.duties import end_departed
from marketplace.assistance.needs.helping import lapse_pledges
from marketplace.assistance.needs.raising import withdraw_departed
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job


@job("assistance.look_through", every="20 17 * * *", lock="assistance.look_through")
def look_through_nightly(timestamp: int) -> None:
    """End what belongs to households that have left the registry, and open again what nobody delivered in time."""
    now = datetime.fromtimestamp(timestamp, UTC)
    for act in (end_departed, withdraw_departed, lapse_pledges):
        with transaction():
            act(now=now)
