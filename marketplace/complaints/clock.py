"""What time does to complaints: up a level, to somebody else when the handler has left, closed when nobody objects."""

from datetime import date, datetime

from marketplace.complaints.following import go_up
from marketplace.complaints.handling import note_step
from marketplace.complaints.models import Complaint
from marketplace.complaints.queries import overdue, readers_include
from marketplace.complaints.states import COMPLAINTS, ComplaintAction, ComplaintState
from marketplace.complaints.terms import set_due
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.registry import complaint_rules

ANSWERED = (ComplaintState.ANSWERED, ComplaintState.DECLINED)


def move_on(complaint_id: int, *, now: datetime) -> ComplaintAction | None:
    """Do what is due with one complaint, and answer what that was; nothing when nothing is due, so it can be asked again.

    At the highest level nothing goes further up: the day is set anew, so that the list says for how long it has waited.
    """
    complaint, today = lock_rows(Complaint, [complaint_id])[complaint_id], local_day(now)
    if complaint.due_on is None or complaint.due_on >= today:
        return None
    if complaint.state in ANSWERED:
        return _close(complaint, today, now)
    state = COMPLAINTS.next_state(ComplaintState(complaint.state), ComplaintAction.ESCALATE)
    assert state is not None
    complaint.state, complaint.handler_id = state, None
    complaint.escalations += 1
    go_up(complaint)
    set_due(complaint, complaint_rules.ESCALATED, today)
    note_step(complaint, ComplaintAction.ESCALATE, told=True, now=now)
    return ComplaintAction.ESCALATE


def _close(complaint: Complaint, today: date, now: datetime) -> ComplaintAction:
    state = COMPLAINTS.next_state(ComplaintState(complaint.state), ComplaintAction.LAPSE)
    assert state is not None
    complaint.state, complaint.due_on, complaint.ended_on = state, None, today
    note_step(complaint, ComplaintAction.LAPSE, told=True, now=now)
    return ComplaintAction.LAPSE


def release_if_gone(complaint_id: int, *, now: datetime) -> bool:
    """Take a complaint from a handler who has left office, or may not read it any more; False when they may."""
    complaint = lock_rows(Complaint, [complaint_id])[complaint_id]
    if complaint.handler_id is None:
        return False
    handler = db.session.get_one(Account, complaint.handler_id, populate_existing=True)
    if handler.active and readers_include(complaint, handler):
        return False
    state = COMPLAINTS.next_state(ComplaintState(complaint.state), ComplaintAction.RELEASE)
    assert state is not None
    complaint.state, complaint.handler_id = state, None
    note_step(complaint, ComplaintAction.RELEASE, now=now)
    return True


def due_complaints(*, now: datetime) -> list[int]:
    """Those with which something is due."""
    return list(overdue(local_day(now)))
