"""The postman's rounds."""

from marketplace.kernel.jobs import job
from marketplace.kernel.outbox.delivery import deliver_due


@job("outbox.deliver", every="* * * * *", lock="outbox.deliver")
def deliver(timestamp: int) -> None:
    """Each minute, and soon after a message was written, take out what is due."""
    deliver_due()
