"""The clock of sourcing: answers, deliveries and acceptances that nobody decides, and parts of plans that nobody answers."""

from datetime import UTC, datetime

from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job
from marketplace.sourcing.answers import lapse_parts
from marketplace.sourcing.clock import go_on


@job("sourcing.go_on", every="*/10 * * * *", lock="sourcing.go_on")
def go_on_with_sourcing(timestamp: int) -> None:
    """Every ten minutes, close answers, end what nobody chose, place deliveries, and take silence for a yes."""
    go_on(now=datetime.fromtimestamp(timestamp, UTC))


@job("sourcing.lapse_parts", every="*/10 * * * *", lock="sourcing.lapse_parts")
def lapse_parts_by_time(timestamp: int) -> None:
    """Every ten minutes, let lapse what was not answered, some hundred in each transaction: its goods are free again."""
    now = datetime.fromtimestamp(timestamp, UTC)
    lapsed = 1
    while lapsed:
        with transaction():
            lapsed = lapse_parts(now=now)
