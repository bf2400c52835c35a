"""Sealing what was booked, each hour, and checking everything, each night."""

from datetime import UTC, datetime

from marketplace.kernel import audit, clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import job
from marketplace.ledger.models import LedgerCheck
from marketplace.ledger.seals import check_ledger, seal, settled_ends


@job("ledger.seal", every="20 * * * *", lock="ledger.seal")
def seal_hourly(timestamp: int) -> None:
    """Seal everything booked until now."""
    seal_now(now=datetime.fromtimestamp(timestamp, UTC))


def seal_now(*, now: datetime) -> bool:
    """Seal everything booked until now; False when nothing was new. Owns its two transactions: the lock lasts for the first."""
    with transaction():
        ends = settled_ends()
    with transaction():
        return seal(ends, now=now) is not None


@job("ledger.check", every="30 19 * * *", lock="ledger.check")
def check_nightly(timestamp: int) -> None:
    """Check ledger and audit trail, and keep what was found for the operator's page."""
    check_now()


def check_now() -> LedgerCheck:
    """Check ledger and audit trail from their first rows and keep what was found."""
    began_at = clock.now()
    with transaction():
        found = check_ledger()
        events, broken = audit.check_chain()
        fault = found.fault
        if fault is None and broken is not None:
            fault = f"audit event {broken}: it does not follow from the one before it"
        made = LedgerCheck(
            began_at=began_at,
            ended_at=clock.now(),
            transfers=found.transfers,
            entries=found.entries,
            audit_events=events,
            fault=fault,
        )
        db.session.add(made)
    return made
