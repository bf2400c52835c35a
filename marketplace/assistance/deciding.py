"""Papers that one person drafts and another decides, and rows that were read within somebody's reach."""

from datetime import datetime
from typing import Protocol

from marketplace.assistance.papers import PAPERS, PaperAction, PaperState
from marketplace.identity.models import Account
from marketplace.kernel.db import Base, db
from marketplace.registry.offices import check_second_person


class Paper(Protocol):
    """What one person drafts and another decides."""

    state: str
    drafted_by_id: int
    decided_by_id: int | None
    decided_at: datetime | None


def decide(paper: Paper, action: PaperAction, *, by: Account, now: datetime) -> bool:
    """The second person's word on a locked paper, or the first one's to drop it; False when that was said already.

    Raises
    ------
    Forbidden
        ``same_person`` for whoever drafted it and would approve it.
    Conflict
        ``paper_state`` when it was decided otherwise.
    """
    if action == PaperAction.APPROVE:
        check_second_person(by, paper.drafted_by_id)
    state = PAPERS.next_state(PaperState(paper.state), action)
    if state is None:
        return False
    paper.state, paper.decided_by_id, paper.decided_at = state, by.id, now
    return True


def lock_own(row: Base) -> None:
    """Read a row of somebody's file anew, locked; it was read within a reach before."""
    db.session.refresh(row, with_for_update=True)
