"""Finishing payouts that a crash or a silent provider has left."""

from marketplace.kernel import clock
from marketplace.kernel.jobs import job
from marketplace.payments.paying_out import hand_over


@job("payments.hand_over_payouts", every="*/5 * * * *", lock="payments.hand_over_payouts")
def hand_over_payouts(timestamp: int) -> None:
    """Every five minutes, ask again for payouts that nobody has answered for."""
    hand_over(now=clock.now())
