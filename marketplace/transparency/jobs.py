"""Adding to the log each hour, signing its head each day, and checking everything each night."""

from datetime import UTC, datetime

from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import job
from marketplace.kernel.steps import step
from marketplace.ledger.balances import move_balances_on, settled_ends
from marketplace.ledger.models import LedgerCheck
from marketplace.transparency.appending import append
from marketplace.transparency.checking import check_books
from marketplace.transparency.heads import sign_head
from marketplace.transparency.models import TreeHead
from marketplace.transparency.sources import ACT, NOTICE, TRANSFER, Ends, settled_act, settled_notice


@job("log.append", every="20 * * * *", lock="log.append")
def append_hourly(timestamp: int) -> None:
    """Add everything that is new."""
    append_now()


def append_now() -> int:
    """Add everything that is new, and move the cached balances on; answers how many leaves.

    Owns its transactions: each lock that waits for writers lasts for one of its own, and ends before anything is written.
    """
    with transaction():
        booked = settled_ends()
    with transaction():
        notice = settled_notice()
    with transaction():
        ends = Ends({TRANSFER.kind: booked.transfer_id, NOTICE.kind: notice, ACT.kind: settled_act()})
        added = append(ends)
        move_balances_on(booked)
    step("log.committed")
    return added


@job("log.sign_head", every="30 16 * * *", lock="log.sign_head")
def sign_head_daily(timestamp: int) -> None:
    """Sign the head of the log, half an hour after midnight in China."""
    sign_head_now(now=datetime.fromtimestamp(timestamp, UTC))


def sign_head_now(*, now: datetime) -> TreeHead | None:
    """Add everything that is new and sign the head of the log; None when the log is empty or the day has its head."""
    append_now()
    with transaction():
        head = sign_head(now=now)
    step("log.head_committed")
    return head


@job("ledger.check", every="30 19 * * *", lock="ledger.check")
def check_nightly(timestamp: int) -> None:
    """Check ledger, audit trail and log, and keep what was found for the operator's page."""
    check_now()


def check_now() -> LedgerCheck:
    """Check ledger, audit trail and log from their first rows and keep what was found."""
    began_at = clock.now()
    with transaction():
        found = check_books()
        made = LedgerCheck(
            began_at=began_at,
            ended_at=clock.now(),
            transfers=found.transfers,
            entries=found.entries,
            audit_events=found.audit_events,
            leaves=found.leaves,
            fault=found.fault,
        )
        db.session.add(made)
    return made
