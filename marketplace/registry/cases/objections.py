"""Objections: anybody may say that a notice is wrong; somebody of the level above decides, with a reason."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.cases import clocks
from marketplace.registry.cases.notices import deciding_level, stop_notice
from marketplace.registry.cases.permissions import Taker, check_level, levels_over
from marketplace.registry.cases.procedures import Way, upheld
from marketplace.registry.cases.samples import draw_sample, stage_of
from marketplace.registry.cases.taking import take_all
from marketplace.registry.models import (
    Case,
    CaseAction,
    CaseKind,
    CaseState,
    Notice,
    NoticeKind,
    NoticeLine,
    Objection,
    ObjectionState,
    Round,
    Stage,
)
from marketplace.registry.reading import Reach, unbounded

_LONGEST, _LONGEST_CONTACT = 1000, 120


def object_to(
    notice: Notice, position: int | None, words: str, contact: str, *, now: datetime, told_to: Account | None = None
) -> Objection:
    """Write down an objection, to one household on a notice or to the notice as a whole.

    Parameters
    ----------
    position : int or None
        The household's line on the notice.
    contact : str
        Where whoever objects wants an answer; may be empty. It is sealed, as the words are.
    told_to : Account, optional
        The officer who was told; without one it was written on the notice's page.

    Raises
    ------
    Conflict
        ``notice_closed`` when it no longer hangs out, or is an announcement.
    Invalid
        ``objection_invalid`` without words, with too many, or about a line that the notice does not have.
    NotFound
        For an officer of another area.
    """
    query = select(Notice).where(Notice.id == notice.id).with_for_update().execution_options(populate_existing=True)
    notice = db.session.scalars(query).one()
    if told_to is not None and not levels_over(told_to, notice.village_code):
        raise NotFound("notice_unknown", N_("There is no such notice, or it is over."))
    if notice.closed_on is not None or deciding_level(NoticeKind(notice.kind)) is None:
        raise Conflict("notice_closed", N_("This notice is closed already."))
    case_id = None
    if position is not None:
        line = select(NoticeLine.case_id).where(NoticeLine.notice_id == notice.id, NoticeLine.position == position)
        case_id = db.session.scalar(unbounded(line, "the household that somebody objects to"))
    words, contact = words.strip(), contact.strip()
    unknown = position is not None and case_id is None
    if unknown or not 0 < len(words) <= _LONGEST or len(contact) > _LONGEST_CONTACT:
        raise Invalid("objection_invalid", N_("Please say in at most 1,000 characters what is wrong, and about whom."))
    due = clocks.due_day("objection.decide", notice.village_code, local_day(now))
    objection = Objection(
        village_code=notice.village_code,
        notice_id=notice.id,
        case_id=case_id,
        words=words,
        contact=contact or None,
        made_at=now,
        told_to_id=None if told_to is None else told_to.id,
        due_on=due.on,
        due_provisional=due.provisional,
    )
    db.session.add(objection)
    db.session.flush()
    actor = "visitor" if told_to is None else told_to.public_id
    audit.record("objection.made", "case_objection", objection.public_id, actor=actor, at=now, notice=notice.public_id)
    return objection


def get_objection(public_id: str, reach: Reach) -> Objection:
    """The objection, or ``NotFound`` as well outside the reach."""
    query = reach.over(select(Objection).filter_by(public_id=public_id), Objection.village_code)
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("objection_unknown", N_("There is no such objection."))
    return found


def objections_to(notice_ids: Sequence[int], reach: Reach) -> list[Objection]:
    """The objections to some notices, oldest first."""
    query = select(Objection).where(Objection.notice_id.in_(notice_ids)).order_by(Objection.id)
    return list(db.session.scalars(reach.over(query, Objection.village_code)))


def decide_objection(objection: Objection, uphold: bool, answer: str, by: Account, *, now: datetime) -> bool:
    """Decide; False when it was decided the same way already.

    An objection to one household that is upheld ends its case, or keeps it monitored. One to the notice as a whole takes it
    down at once and sends its cases back to whoever made the list, where their clocks begin anew. What was objected to a
    notice that has come down is still answered, and moves nothing.

    Raises
    ------
    Forbidden
        ``other_level`` for an officer of another level than the one above the notice; ``same_person`` for who hung it out, or
        wrote the objection down.
    Conflict
        ``objection_decided`` the other way.
    Invalid
        ``reason_needed``.
    """
    notice = db.session.get_one(Notice, objection.notice_id)
    level = deciding_level(NoticeKind(notice.kind))
    assert level is not None
    check_level(by, notice.village_code, (level,))
    if by.id in (notice.published_by_id, objection.told_to_id):
        raise Forbidden("same_person", N_("Somebody else must do this: you have taken an earlier step of this case."))
    if not 0 < len(answer.strip()) <= _LONGEST:
        raise Invalid("reason_needed", N_("Please say why."))
    query = select(Objection).where(Objection.id == objection.id).with_for_update()
    locked = query.execution_options(populate_existing=True)
    objection = db.session.scalars(unbounded(locked, "an objection that was read within somebody's reach")).one()
    state = ObjectionState.UPHELD if uphold else ObjectionState.REJECTED
    if objection.state == state:
        return False
    if objection.state != ObjectionState.OPEN:
        raise Conflict("objection_decided", N_("This objection was decided already."))
    objection.state, objection.answer, objection.decided_by_id, objection.decided_at = state, answer.strip(), by.id, now
    db.session.flush()
    audit.record("objection.decided", "case_objection", objection.public_id, actor=by.public_id, at=now, upheld=uphold)
    if uphold and notice.stopped_on is None:
        _carry_out(objection, notice, Taker(by), now)
    return True


def _carry_out(objection: Objection, notice: Notice, taker: Taker, now: datetime) -> None:
    reason = (objection.answer or "")[:400]
    if objection.case_id is not None:
        query = select(Case).where(Case.id == objection.case_id, Case.ended_on.is_(None))
        case = db.session.scalars(unbounded(query, "the household that somebody objects to")).first()
        if case is not None:
            action = upheld(CaseKind(case.kind), CaseState(case.state))
            take_all([case], action, taker, now=now, reason=reason, way=Way.OBJECTION)
        return
    moved = take_all(
        stop_notice(notice, local_day(now)), CaseAction.SEND_BACK, taker, now=now, reason=reason, way=Way.OBJECTION
    )
    audit.record("notice.stopped", "case_notice", notice.public_id, actor=taker.account.public_id, at=now, cases=len(moved))
    if moved and notice.round_id is not None and stage_of(CaseState(moved[0].state)) is Stage.CHECK:
        draw_sample(db.session.get_one(Round, notice.round_id), Stage.CHECK, moved, now=now)
