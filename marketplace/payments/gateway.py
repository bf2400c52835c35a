"""What we need of whoever collects money, in our words."""

from dataclasses import dataclass
from typing import Protocol

from marketplace.payments.models import Payment


@dataclass(frozen=True)
class NextStep:
    """What the payer does now: go to ``redirect_url``, or nothing online when it is None."""

    redirect_url: str | None


class PaymentProvider(Protocol):
    """A way to collect. Called outside any transaction, with the payment's public id as idempotency key."""

    def start(self, payment: Payment) -> NextStep:
        """Begin to collect a payment that has been committed; calling it again begins nothing new."""
        ...
