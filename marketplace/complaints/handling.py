"""What a desk does about a complaint: take it, hand it on, answer or decline it. Rows are locked; readers alone may act."""

from datetime import datetime

from sqlalchemy import select

from marketplace.complaints.models import Complaint, ComplaintStep
from marketplace.complaints.queries import complaint_unknown, readers_include
from marketplace.complaints.states import ACTORS, COMPLAINTS, Actor, ComplaintAction, ComplaintState
from marketplace.complaints.terms import set_due, set_due_by_answer
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.registry import complaint_rules

LONGEST = 2000


def take_complaint(complaint: Complaint, *, by: Account, now: datetime) -> bool:
    """Take a complaint on; False when one has it already.

    Raises
    ------
    Conflict
        ``complaint_taken`` by somebody else; ``complaint_state``.
    Forbidden
        ``same_person`` for who has answered it before: what is reopened is looked at by somebody else.
    NotFound
        For whoever may not read it.
    """
    complaint = _locked(complaint, by)
    if complaint.handler_id not in (None, by.id):
        raise Conflict("complaint_taken", N_("Somebody else has taken this on."))
    if COMPLAINTS.next_state(ComplaintState(complaint.state), ComplaintAction.ASSIGN) is None:
        return False
    _check_another(complaint, by)
    _assign(complaint, by, ComplaintAction.ASSIGN, by, now)
    return True


def hand_on(complaint: Complaint, to: Account, *, by: Account, now: datetime) -> None:
    """Give a complaint to somebody else of the desk.

    Raises
    ------
    Invalid
        ``handler_wrong`` for somebody who may not read it, as if they did not exist.
    Conflict, Forbidden, NotFound
        As ``take_complaint``.
    """
    complaint = _locked(complaint, by)
    if not to.active or to.id == complaint.handler_id or not readers_include(complaint, to):
        raise Invalid("handler_wrong", N_("Please choose somebody who may hear this."))
    _check_another(complaint, to)
    COMPLAINTS.next_state(ComplaintState(complaint.state), ComplaintAction.HAND_ON)
    _assign(complaint, to, ComplaintAction.HAND_ON, by, now)


def answer_complaint(
    complaint: Complaint, words: str, evidence: str = "", *, declined: bool = False, by: Account, now: datetime
) -> bool:
    """Answer, or say why nothing is done; False when that was done already.

    Raises
    ------
    Forbidden
        ``not_handler`` for somebody else than who has taken it on.
    Invalid
        ``complaint_answer`` without words.
    Conflict, NotFound
        As ``take_complaint``.
    """
    complaint = _locked(complaint, by)
    action = ComplaintAction.DECLINE if declined else ComplaintAction.ANSWER
    state = COMPLAINTS.next_state(ComplaintState(complaint.state), action)
    if state is None:
        return False
    if complaint.handler_id != by.id:
        raise Forbidden("not_handler", N_("Somebody else has taken this on."))
    if not 0 < len(words.strip()) <= LONGEST:
        raise Invalid("complaint_answer", N_("Please write an answer of at most 2,000 characters."))
    complaint.state, complaint.handler_id = state, None
    set_due(complaint, complaint_rules.REOPEN, local_day(now))
    note_step(complaint, action, words.strip(), by=by, evidence=evidence.strip(), told=True, now=now)
    return True


def note_step(
    complaint: Complaint,
    action: ComplaintAction,
    words: str = "",
    *,
    by: Account | None = None,
    evidence: str = "",
    told: bool = False,
    now: datetime,
) -> None:
    """Write down what was done, for the desk and, where it is ``told``, for the complainant.

    What a complainant or the clock does is nobody's: no account stands in its row.
    """
    row = ComplaintStep(
        complaint_id=complaint.id,
        action=action,
        actor=ACTORS[action],
        by_id=None if by is None else by.id,
        words=words,
        evidence=evidence[:120],
        told=told,
        done_on=local_day(now),
    )
    db.session.add(row)
    db.session.flush()
    actor = by.public_id if by is not None else "complaints.clock" if ACTORS[action] is Actor.CLOCK else "visitor"
    audit.record(f"complaint.{action.value}", "complaint", complaint.public_id, actor=actor, at=now, state=complaint.state)


def _locked(complaint: Complaint, by: Account) -> Complaint:
    found = lock_rows(Complaint, [complaint.id])[complaint.id]
    # Whoever could read the page a minute ago may have lost it to the level above meanwhile.
    if not readers_include(found, by):
        raise complaint_unknown()
    return found


def _check_another(complaint: Complaint, account: Account) -> None:
    """Nobody looks at their own answer again."""
    answered = (ComplaintAction.ANSWER, ComplaintAction.DECLINE)
    query = select(ComplaintStep.id).filter_by(complaint_id=complaint.id, by_id=account.id)
    if db.session.scalar(query.where(ComplaintStep.action.in_(answered)).limit(1)) is not None:
        raise Forbidden("same_person", N_("You have answered this before. Somebody else looks at it now."))


def _assign(complaint: Complaint, to: Account, action: ComplaintAction, by: Account, now: datetime) -> None:
    complaint.state, complaint.handler_id = ComplaintState.ASSIGNED, to.id
    set_due_by_answer(complaint, local_day(now))
    note_step(complaint, action, by=by, now=now)
