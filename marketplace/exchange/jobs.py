"""Telling partners what is to be told, each minute."""

from marketplace.exchange.calls import take_out_calls
from marketplace.exchange.streams import collect_events, deliver_upwards
from marketplace.exchange.subscriptions import notify_subscribers
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job


@job("exchange.calls", every="* * * * *", lock="exchange.calls")
def call_each_minute(timestamp: int) -> None:
    """Look for what subscribers wait for, then take out what waits."""
    with transaction():
        notify_subscribers(now=clock.now())
    take_out_calls(now=clock.now())


@job("exchange.deliver", every="* * * * *", lock="exchange.deliver")
def deliver_each_minute(timestamp: int) -> None:
    """Collect what has happened and take it upwards."""
    with transaction():
        collect_events(now=clock.now())
    deliver_upwards(now=clock.now())
