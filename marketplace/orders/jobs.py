"""Forgetting what is no longer needed, and finishing what was left unfinished."""

from datetime import UTC, datetime, timedelta

from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.idempotency import forget_before
from marketplace.kernel.jobs import job
from marketplace.orders.acceptance import accept_by_time
from marketplace.orders.astray import write_off_unseen
from marketplace.orders.claim_handling import sweep_claims
from marketplace.orders.collecting import sweep
from marketplace.orders.oddities import look_for_oddities
from marketplace.orders.shortfalls import settle_shortfalls
from marketplace.orders.waterfall import count_seller_shares

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


@job("orders.settle_shortfalls", every="*/5 * * * *", lock="orders.settle_shortfalls")
def settle_all_shortfalls(timestamp: int) -> None:
    """Every five minutes, finish bringing orders to what their harvest brought, where a crash or a provider was in the way."""
    settle_shortfalls(now=clock.now())


@job("orders.accept_by_time", every="25 * * * *", lock="orders.accept_by_time")
def accept_by_time_hourly(timestamp: int) -> None:
    """Each hour, accept orders nobody has complained of in time, so that the farms are paid."""
    accept_by_time(now=datetime.fromtimestamp(timestamp, UTC))


@job("orders.count_seller_shares", every="40 18 * * *", lock="orders.count_seller_shares")
def count_seller_shares_nightly(timestamp: int) -> None:
    """Each night, count from the ledger where the money paid to each seller has gone."""
    with transaction():
        count_seller_shares(now=datetime.fromtimestamp(timestamp, UTC))


@job("orders.sweep_claims", every="*/5 * * * *", lock="orders.sweep_claims")
def go_on_with_claims(timestamp: int) -> None:
    """Every five minutes, go on with claims that somebody was to answer and has not."""
    sweep_claims(now=clock.now())


@job("orders.write_off_unseen", every="50 17 * * *", lock="orders.write_off_unseen")
def write_off_unseen_nightly(timestamp: int) -> None:
    """Each night, write off what came back to farms that have not said for long that it can be sold."""
    write_off_unseen(now=datetime.fromtimestamp(timestamp, UTC))


@job("orders.look_for_oddities", every="20 19 * * *", lock="orders.look_for_oddities")
def look_for_oddities_nightly(timestamp: int) -> None:
    """Each night, write down what looks odd about where goods come from."""
    with transaction():
        look_for_oddities(now=datetime.fromtimestamp(timestamp, UTC))
