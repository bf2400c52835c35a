"""What a complainant does with the code: read, say it again to somebody else, rate, take back. The code is all they need."""

from datetime import datetime

from sqlalchemy import select

from marketplace.complaints.codes import digest_of
from marketplace.complaints.handling import LONGEST, note_step
from marketplace.complaints.models import Complaint
from marketplace.complaints.routing import hearers, level_heard
from marketplace.complaints.states import COMPLAINTS, ComplaintAction, ComplaintState
from marketplace.complaints.terms import set_due
from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.regions.codes import parent_code
from marketplace.registry import complaint_rules


def complaint_of_code(code: str) -> Complaint:
    """The complaint that a code was given for, or ``NotFound`` (``complaint_code``)."""
    found = db.session.scalars(select(Complaint).filter_by(code_digest=digest_of(code))).first()
    if found is None:
        raise NotFound("complaint_code", N_("We do not know this code. Please check each letter."))
    return found


def reopen(code: str, words: str, *, now: datetime) -> bool:
    """Have an answer looked at again, a level higher where somebody there can; False when it is open already.

    Raises
    ------
    Invalid
        ``complaint_words``.
    NotFound, Conflict
        ``complaint_code``; ``complaint_state``.
    """
    complaint, now = _locked(code, now)
    if not 0 < len(words.strip()) <= LONGEST:
        raise Invalid("complaint_words", N_("Please say in at most 2,000 characters what is wrong."))
    state = COMPLAINTS.next_state(ComplaintState(complaint.state), ComplaintAction.REOPEN)
    if state is None:
        return False
    complaint.state, complaint.reopenings = state, complaint.reopenings + 1
    go_up(complaint)
    set_due(complaint, complaint_rules.TAKE_UP, local_day(now))
    note_step(complaint, ComplaintAction.REOPEN, words.strip(), told=True, now=now)
    return True


def rate(code: str, stars: int, words: str = "", *, now: datetime) -> bool:
    """Say how well it was dealt with, 1 to 5, which ends it; False when that was said already.

    Raises
    ------
    Invalid
        ``complaint_rating``.
    NotFound, Conflict
        ``complaint_code``; ``complaint_state``.
    """
    complaint, now = _locked(code, now)
    if not 1 <= stars <= 5 or len(words) > LONGEST:
        raise Invalid("complaint_rating", N_("Please choose one to five stars."))
    return _end(complaint, ComplaintAction.RATE, words.strip(), now, rating=stars)


def withdraw_complaint(code: str, *, now: datetime) -> bool:
    """Take a complaint back before it is answered; False when it was taken back already."""
    complaint, now = _locked(code, now)
    return _end(complaint, ComplaintAction.WITHDRAW, "", now)


def go_up(complaint: Complaint) -> bool:
    """Let the next level hear a complaint at which somebody can; False when there is none above."""
    above = parent_code(complaint.heard_at)
    if above is None:
        return False
    if not hearers(complaint, above):
        return False
    complaint.heard_at = level_heard(complaint, above)
    db.session.flush()
    return True


def _end(complaint: Complaint, action: ComplaintAction, words: str, now: datetime, rating: int | None = None) -> bool:
    state = COMPLAINTS.next_state(ComplaintState(complaint.state), action)
    if state is None:
        return False
    complaint.state, complaint.handler_id, complaint.rating = state, None, rating
    complaint.ended_on, complaint.due_on = local_day(now), None
    note_step(complaint, action, words, told=True, now=now)
    return True


def _locked(code: str, now: datetime) -> tuple[Complaint, datetime]:
    """The complaint, and when it is acted on: for somebody without a name the day alone, since the hour could lead to them."""
    found = lock_rows(Complaint, [complaint_of_code(code).id]).popitem()[1]
    return found, day_start(local_day(now)) if found.anonymous else now
