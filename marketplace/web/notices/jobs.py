"""Mandates and time: those whose time is over, and those whose end comes near."""

from datetime import UTC, datetime, timedelta

from marketplace.catalogue.principals import KIND, principals
from marketplace.identity.mandates import expire_mandates, mandates_ending
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job
from marketplace.web.notices.households import tell_ending_soon, tell_mandate

# So long before its end a household is asked whether a mandate shall go on.
WARNED_BEFORE = timedelta(days=14)


@job("mandates.watch", every="20 * * * *", lock="mandates.watch")
def watch(timestamp: int) -> None:
    """Each hour."""
    watch_mandates(now=datetime.fromtimestamp(timestamp, UTC))


def watch_mandates(*, now: datetime) -> None:
    """Note which mandates have ended by time, and tell of those and of the ones that end within two weeks; each once."""
    with transaction():
        over = expire_mandates(now=now)
        ending = mandates_ending(now, now + WARNED_BEFORE)
        farms = principals(mandate.principal_id for mandate in [*over, *ending] if mandate.principal_kind == KIND)
        for mandate in over:
            if mandate.principal_id in farms:
                tell_mandate(mandate, farms[mandate.principal_id][0], now=now)
        for mandate in ending:
            if mandate.principal_id in farms:
                tell_ending_soon(mandate, farms[mandate.principal_id][0], now=now)
