"""The clock of sourcing."""

from datetime import UTC, datetime

from marketplace.kernel.jobs import job
from marketplace.sourcing.clock import go_on


@job("sourcing.go_on", every="*/10 * * * *", lock="sourcing.go_on")
def go_on_with_sourcing(timestamp: int) -> None:
    """Every ten minutes, close answers, end what nobody chose, place deliveries, and take silence for a yes."""
    go_on(now=datetime.fromtimestamp(timestamp, UTC))
