"""Forgetting what is no longer needed, and finishing what was left unfinished."""

from datetime import UTC, datetime, timedelta

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.idempotency import forget_before
from marketplace.kernel.jobs import job
from marketplace.orders.claim_handling import sweep_claims
from marketplace.orders.collecting import sweep

# A program that repeats a call does so within minutes; the kept answers hold addresses and should not outlive their use.
KEYS_KEPT = timedelta(days=2)


@job("orders.forget_keys", every="10 17 * * *", lock="orders.forget_keys")
def forget_keys(timestamp: int) -> None:
    """Each night, drop idempotency keys that nobody will send again."""
    with transaction():
        forget_before(datetime.fromtimestamp(timestamp, UTC) - KEYS_KEPT)


@job("orders.sweep_payments", every="*/2 * * * *", lock="orders.sweep_payments")
def sweep_payments(timestamp: int) -> None:
    """Every two minutes, finish or give up payments that their buyers or a crash have left, and send waiting refunds."""
    sweep(now=clock.now())


@job("orders.sweep_claims", every="*/5 * * * *", lock="orders.sweep_claims")
def go_on_with_claims(timestamp: int) -> None:
    """Every five minutes, go on with claims that somebody was to answer and has not."""
    sweep_claims(now=clock.now())
