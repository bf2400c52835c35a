"""The nightly job that forgets."""

import logging
from datetime import UTC, datetime

from marketplace.fields.forgetting import forget_all
from marketplace.kernel.jobs import job

_log = logging.getLogger("marketplace.fields")


@job("fields.forget", every="15 19 * * *", lock="fields.forget")
def forget(timestamp: int) -> None:
    """Each night at 3:15 in China, delete or blank what is past its time."""
    done = forget_all(now=datetime.fromtimestamp(timestamp, UTC))
    _log.info("forgotten: %s", ", ".join(f"{number} of {table}" for table, number in done.items() if number) or "nothing")
