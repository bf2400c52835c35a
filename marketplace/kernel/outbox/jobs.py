"""The postman's rounds."""

from datetime import UTC, datetime

from marketplace.kernel.jobs import job
from marketplace.kernel.outbox.delivery import deliver_due
from marketplace.kernel.outbox.models import Channel
from marketplace.kernel.outbox.retention import forget_messages


@job("outbox.deliver", every="* * * * *", lock="outbox.deliver")
def deliver(timestamp: int) -> None:
    """Each minute, and soon after a message was written, take out what is due."""
    deliver_due((Channel.EMAIL, Channel.SMS))


@job("outbox.call", every="* * * * *", lock="outbox.call")
def call(timestamp: int) -> None:
    """The same for what programs are told: an address that is slow to answer keeps no letter waiting."""
    deliver_due((Channel.WEBHOOK,))


@job("outbox.forget", every="15 18 * * *", lock="outbox.forget")
def forget(timestamp: int) -> None:
    """Each night, delete what has been kept long enough."""
    forget_messages(now=datetime.fromtimestamp(timestamp, UTC))
