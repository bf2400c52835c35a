"""The jobs that forget: what is past its time each night, accounts that were closed each hour."""

import logging
from datetime import UTC, datetime

from marketplace.fields.closing import close_due
from marketplace.fields.forgetting import forget_all
from marketplace.kernel.jobs import job

_log = logging.getLogger("marketplace.fields")


@job("fields.forget", every="15 19 * * *", lock="fields.forget")
def forget(timestamp: int) -> None:
    """Each night at 3:15 in China, delete or blank what is past its time."""
    done = forget_all(now=datetime.fromtimestamp(timestamp, UTC))
    _log.info("forgotten: %s", ", ".join(f"{number} of {table}" for table, number in done.items() if number) or "nothing")


@job("fields.close_accounts", every="40 * * * *", lock="fields.close_accounts")
def close_accounts(timestamp: int) -> None:
    """Each hour, close the accounts whose days of reflection are over."""
    closed = close_due(now=datetime.fromtimestamp(timestamp, UTC))
    if closed:
        _log.info("accounts closed: %s", closed)
