"""Forgetting what is no longer needed."""

from datetime import UTC, datetime, timedelta

from marketplace.kernel.db import transaction
from marketplace.kernel.idempotency import forget_before
from marketplace.kernel.jobs import job

# A program that repeats a call does so within minutes; the kept answers hold addresses and should not outlive their use.
KEYS_KEPT = timedelta(days=2)


@job("orders.forget_keys", every="10 17 * * *", lock="orders.forget_keys")
def forget_keys(timestamp: int) -> None:
    """Each night, drop idempotency keys that nobody will send again."""
    with transaction():
        forget_before(datetime.fromtimestamp(timestamp, UTC) - KEYS_KEPT)
