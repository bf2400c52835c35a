"""The postman's rounds."""

from marketplace.kernel.jobs import job
from marketplace.kernel.outbox.delivery import deliver_due
from marketplace.kernel.outbox.models import Channel


@job("outbox.deliver", every="* * * * *", lock="outbox.deliver")
def deliver(timestamp: int) -> None:
    """Each minute, and soon after a message was written, take out what is due."""
    deliver_due((Channel.EMAIL, Channel.SMS))


@job("outbox.call", every="* * * * *", lock="outbox.call")
def call(timestamp: int) -> None:
    """The same for what programs are told: an address that is slow to answer keeps no letter waiting."""
    deliver_due((Channel.WEBHOOK,))
