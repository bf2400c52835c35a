"""Following a project: work begun, milestones with pictures, completion that the county accepts, and whether it lasts."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from marketplace.funds.models import FundPayment
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.steps import step
from marketplace.projects.models import AssetCheck, Milestone, NoticeKind, Project, ProjectPhoto
from marketplace.projects.noticing import hang_out
from marketplace.projects.offices import check_apart, check_level, check_unit, locked, move
from marketplace.projects.states import ProjectAction, ProjectState
from marketplace.regions.models import Level

_CHECK_YEARS = (1, 2, 3)
_LONGEST = 400


@dataclass(frozen=True)
class Taken:
    """A picture that is kept already, with where and when it was taken; degrees where the phone has said them."""

    picture: str
    taken_on: date
    place_words: str
    latitude: float | None = None
    longitude: float | None = None


def start_project(project: Project, *, by: Account, now: datetime) -> bool:
    """Say that the work has begun; False when that was done."""
    project = locked(project)
    check_unit(project, by)
    if not move(project, ProjectAction.START, local_day(now)):
        return False
    db.session.flush()
    audit.record("project.started", "project", project.public_id, actor=by.public_id, at=now)
    return True


def add_photo(project: Project, milestone: Milestone | None, taken: Taken, *, by: Account, now: datetime) -> ProjectPhoto:
    """Add a picture of the work.

    Raises
    ------
    Conflict
        ``project_state`` while no work is under way and none is done.
    Invalid
        ``photo_place`` without a place; ``photo_day`` before the project was approved or in days to come; ``photo_degrees``.
    """
    project = locked(project)
    check_level(project, by, [Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY])
    if project.state not in (ProjectState.UNDER_WAY, ProjectState.COMPLETED):
        raise _state(project)
    if not 0 < len(taken.place_words.strip()) <= 120:
        raise Invalid("photo_place", N_("Please say where the picture was taken."))
    assert project.approved_at is not None
    if not local_day(project.approved_at) <= taken.taken_on <= local_day(now):
        raise Invalid("photo_day", N_("The picture must be from after the approval, and not from a day to come."))
    if (
        (taken.latitude is None) != (taken.longitude is None)
        or abs(taken.latitude or 0) > 90
        or abs(taken.longitude or 0) > 180
    ):
        raise Invalid("photo_degrees", N_("Please give both degrees of the place, or neither."))
    photo = ProjectPhoto(
        project_id=project.id,
        milestone_id=None if milestone is None else milestone.id,
        picture=taken.picture,
        taken_on=taken.taken_on,
        place_words=taken.place_words.strip(),
        latitude=taken.latitude,
        longitude=taken.longitude,
        by_id=by.id,
        at=now,
    )
    db.session.add(photo)
    db.session.flush()
    audit.record("project.photo", "project", project.public_id, actor=by.public_id, at=now, photo=photo.public_id)
    return photo


def reach_milestone(project: Project, milestone: Milestone, *, by: Account, now: datetime) -> bool:
    """Say that a part of the work is done, of which there is a picture; False when that was said.

    Raises
    ------
    Conflict
        ``project_state``; ``photo_missing``.
    """
    project = locked(project)
    check_unit(project, by)
    milestone = lock_rows(Milestone, [milestone.id])[milestone.id]
    if milestone.reached_on is not None:
        return False
    if project.state != ProjectState.UNDER_WAY:
        raise _state(project)
    if db.session.scalars(select(ProjectPhoto.id).filter_by(milestone_id=milestone.id)).first() is None:
        raise Conflict("photo_missing", N_("Please add a picture of it first."))
    milestone.reached_on, milestone.reached_by_id = local_day(now), by.id
    db.session.flush()
    step("project.milestone_reached")
    said = {"milestone": milestone.public_id, "weight": milestone.weight}
    audit.record("project.milestone", "project", project.public_id, actor=by.public_id, at=now, **said)
    return True


def complete_project(project: Project, *, by: Account, now: datetime) -> bool:
    """Accept the work for the county: it is announced, and is looked at again in one, two and three years.

    Raises
    ------
    Forbidden
        ``other_level``; ``own_unit`` and ``same_person`` for who declares.
    Conflict
        ``milestones_open``; ``project_state``.
    """
    project, today = locked(project), local_day(now)
    _check_acceptor(project, by)
    if project.state == ProjectState.UNDER_WAY:
        if any(row.reached_on is None for row in project.milestones):
            raise Conflict("milestones_open", N_("A milestone has not been reached yet."))
        project.completed_on = today
    if not move(project, ProjectAction.COMPLETE, today):
        return False
    db.session.add_all(
        AssetCheck(project_id=project.id, years=years, due_on=years_later(today, years)) for years in _CHECK_YEARS
    )
    db.session.flush()
    step("project.completed")
    hang_out(project, NoticeKind.COMPLETION, by=by, now=now)
    audit.record("project.completed", "project", project.public_id, actor=by.public_id, at=now)
    return True


def stop_project(project: Project, reason: str, *, by: Account, now: datetime) -> bool:
    """Give an approved project up, with the reason; False when that was done."""
    project = locked(project)
    _check_acceptor(project, by)
    if project.state != ProjectState.STOPPED and not 0 < len(reason.strip()) <= _LONGEST:
        raise Invalid("reason_needed", N_("Please say why."))
    if not move(project, ProjectAction.STOP, local_day(now)):
        return False
    project.stopped_why = reason.strip()
    db.session.flush()
    audit.record("project.stopped", "project", project.public_id, actor=by.public_id, at=now)
    return True


def check_asset(project: Project, years: int, works: bool, note: str, *, by: Account, now: datetime) -> bool:
    """Say whether what was built still works; False when the same was said.

    Raises
    ------
    Forbidden
        ``other_level`` for whoever is of neither township nor county.
    Conflict
        ``check_unknown`` for a project that is not completed; ``too_early``; ``check_done`` when it was answered otherwise.
    Invalid
        ``reason_needed`` for what does not work without saying what is broken.
    """
    check_level(project, by, [Level.TOWNSHIP, Level.COUNTY])
    query = select(AssetCheck).filter_by(project_id=project.id, years=years).with_for_update()
    row = db.session.scalars(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise Conflict("check_unknown", N_("This is not to be looked at."))
    if row.works is not None:
        if row.works == works:
            return False
        raise Conflict("check_done", N_("This was looked at already."))
    if local_day(now) < row.due_on:
        raise Conflict("too_early", N_("This is possible from %(day)s on."), day=row.due_on.isoformat())
    if len(note.strip()) > _LONGEST or (not works and not note.strip()):
        raise Invalid("reason_needed", N_("Please say what is broken, in at most 400 characters."))
    row.works, row.note, row.checked_on, row.checked_by_id = works, note.strip(), local_day(now), by.id
    db.session.flush()
    audit.record("project.asset_checked", "project", project.public_id, actor=by.public_id, at=now, years=years, works=works)
    return True


def check_within_approved(payment: FundPayment) -> None:
    """Refuse, before the database does, to pay more for a project than was approved; other payments are none of its business.

    Raises
    ------
    Conflict
        ``project_money_short``.
    """
    query = select(Project).where(Project.public_id == payment.place.partition("-")[2]).with_for_update()
    project = db.session.scalars(query.execution_options(populate_existing=True)).first()
    if project is not None and payment.state == "proposed" and project.paid_fen + payment.amount_fen > project.approved_fen:
        raise Conflict("project_money_short", N_("That is more than was approved for the project."))


def years_later(day: date, years: int) -> date:
    """The same day some years later; the last of February for one that year does not have.

    >>> years_later(date(2024, 2, 29), 1).isoformat(), years_later(date(2026, 6, 15), 3).isoformat()
    ('2025-02-28', '2029-06-15')
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _check_acceptor(project: Project, by: Account) -> None:
    check_level(project, by, [Level.COUNTY])
    check_apart(project, by)


def _state(project: Project) -> Conflict:
    return Conflict("project_state", N_("This project can no longer be changed that way."), state=project.state)
