"""The public notice of a project: it hangs for ten days at least, anybody may object, and only then is it approved."""

from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.kernel.steps import step
from marketplace.projects.models import NoticeKind, Project, ProjectNotice, ProjectObjection
from marketplace.projects.offices import check_apart, check_level, locked, move, set_clock
from marketplace.projects.queries import open_objections, reviews_of_round
from marketplace.projects.states import OBJECTIONS, ObjectionAction, ObjectionState, ProjectAction, ProjectState
from marketplace.regions.models import Level
from marketplace.registry import project_rules
from marketplace.registry.cases import clocks

_LONGEST, _LONGEST_CONTACT = 1000, 120


def hang_out(project: Project, kind: NoticeKind = NoticeKind.APPROVAL, *, by: Account, now: datetime) -> ProjectNotice:
    """Hang a notice out; before approval the next step's clock begins when it has hung for its full length.

    Raises
    ------
    CalendarEnds
        When its length cannot be counted.
    """
    today = local_day(now)
    least = today + timedelta(days=project_rules.LEAST_NOTICE_DAYS)
    notice = ProjectNotice(
        project_id=project.id,
        round=project.round,
        kind=kind,
        published_on=today,
        closes_on=max(clocks.last_day(project_rules.NOTICE, project.place_code, today), least),
        published_by_id=by.id,
    )
    db.session.add(notice)
    db.session.flush()
    step("project.notice_hung")
    if kind is NoticeKind.APPROVAL:
        set_clock(project, notice.closes_on)
    audit.record("project.notice_out", "project", project.public_id, actor=by.public_id, at=now, kind=kind.value)
    return notice


def current_notice(project: Project, *, lock: bool = False) -> ProjectNotice | None:
    """The notice before approval of the round that runs."""
    query = select(ProjectNotice).filter_by(project_id=project.id, round=project.round, kind=NoticeKind.APPROVAL)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(query).first()


def object_to(project: Project, words: str, contact: str, *, now: datetime) -> ProjectObjection:
    """Write down what somebody says against a project whose notice hangs out; words and contact are sealed.

    Raises
    ------
    Conflict
        ``notice_closed`` when none hangs out.
    Invalid
        ``objection_invalid`` without words, or with too many.
    """
    project = locked(project)
    notice = current_notice(project, lock=True)
    if project.state != ProjectState.NOTICE or notice is None or notice.closed_on is not None:
        raise Conflict("notice_closed", N_("This notice is closed already."))
    words, contact = words.strip(), contact.strip()
    if not 0 < len(words) <= _LONGEST or len(contact) > _LONGEST_CONTACT:
        raise Invalid("objection_invalid", N_("Please say in at most 1,000 characters what is wrong."))
    objection = ProjectObjection(
        notice_id=notice.id,
        words=words,
        contact=contact or None,
        made_at=now,
        due_on=clocks.due_day(project_rules.OBJECTION, project.place_code, local_day(now)).on,
    )
    db.session.add(objection)
    db.session.flush()
    audit.record("project.objection", "project", project.public_id, actor="visitor", at=now, objection=objection.public_id)
    return objection


def decide_objection(
    project: Project, objection: ProjectObjection, action: ObjectionAction, answer: str, *, by: Account, now: datetime
) -> bool:
    """Decide on an objection; upheld, it takes the notice down and sends the project back. False when that was done.

    Raises
    ------
    Forbidden
        ``other_level`` for a level other than the one that decides; ``own_unit`` and ``same_person`` for who has declared it
        or reviewed it.
    Invalid
        ``reason_needed``.
    """
    project = locked(project)
    _check_decider(project, by)
    if any(row.reviewer_id == by.id for row in reviews_of_round(project)):
        raise Forbidden("same_person", N_("Somebody who has not judged this project decides on objections to it."))
    query = select(ProjectObjection).filter_by(id=objection.id).with_for_update()
    objection = db.session.scalars(query.execution_options(populate_existing=True)).one()
    state = OBJECTIONS.next_state(ObjectionState(objection.state), action)
    if state is None:
        return False
    if not 0 < len(answer.strip()) <= _LONGEST:
        raise Invalid("reason_needed", N_("Please say why."))
    objection.state, objection.answer = state, answer.strip()
    objection.decided_by_id, objection.decided_at = by.id, now
    db.session.flush()
    audit.record(
        "project.objection_decided", "project", project.public_id, actor=by.public_id, at=now, objection=objection.public_id
    )
    notice = db.session.get_one(ProjectNotice, objection.notice_id)
    if state is ObjectionState.UPHELD and project.state == ProjectState.NOTICE and notice.round == project.round:
        today = local_day(now)
        notice.closed_on, notice.stopped = today, True
        move(project, ProjectAction.UPHOLD, today)
        db.session.flush()
    return True


def approve_project(project: Project, *, by: Account, now: datetime) -> bool:
    """Close the notice and approve; from now on public money may be paid. False when that was done.

    Raises
    ------
    Forbidden
        ``other_level``; ``own_unit`` and ``same_person`` for who declares.
    Conflict
        ``too_early`` before the notice has hung for its full length; ``objection_open``; ``project_state``.
    """
    project, today = locked(project), local_day(now)
    _check_decider(project, by)
    if project.state == ProjectState.NOTICE:
        notice = current_notice(project, lock=True)
        assert notice is not None
        if today <= notice.closes_on:
            words = N_("This is possible from %(day)s on.")
            raise Conflict("too_early", words, day=(notice.closes_on + timedelta(days=1)).isoformat())
        if open_objections(notice):
            raise Conflict("objection_open", N_("An objection to this notice has not been decided yet."))
        notice.closed_on = today
        db.session.flush()
        step("project.notice_closed")
        project.approved_by_id, project.approved_at, project.approved_fen = by.id, now, project.public_fen
    if not move(project, ProjectAction.APPROVE, today):
        return False
    db.session.flush()
    said = {"approved_fen": project.approved_fen}
    audit.record("project.approved", "project", project.public_id, actor=by.public_id, at=now, **said)
    return True


def _check_decider(project: Project, by: Account) -> None:
    check_level(project, by, [Level(project.decides or Level.COUNTY)])
    check_apart(project, by)
