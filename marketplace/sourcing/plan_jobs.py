"""The clock of plans: parts whose sellers did not answer in time lapse, and their goods are free again."""

from datetime import UTC, datetime

from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job
from marketplace.sourcing.answers import lapse_parts


@job("sourcing.lapse_parts", every="*/10 * * * *", lock="sourcing.lapse_parts")
def lapse_parts_by_time(timestamp: int) -> None:
    """Every ten minutes, let lapse what was not answered, some hundred in each transaction."""
    now = datetime.fromtimestamp(timestamp, UTC)
    lapsed = 1
    while lapsed:
        with transaction():
            lapsed = lapse_parts(now=now)
