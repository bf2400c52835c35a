"""Reading projects: within one's areas, what waits, what everybody may know."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import selectinload

from marketplace.funds.models import FundPayment
from marketplace.funds.states import PaymentState
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.projects.models import (
    AssetCheck,
    Beneficiary,
    Milestone,
    NoticeKind,
    Project,
    ProjectNotice,
    ProjectObjection,
    ProjectPhoto,
    Review,
)
from marketplace.projects.progress import Step, apart_since
from marketplace.projects.states import PUBLIC, ObjectionState, ProjectState
from marketplace.regions.models import Level
from marketplace.regions.queries import within
from marketplace.registry import project_rules
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.rules import rule

_COUNTED = "how many households a project is for, without saying which"


def place_of(project: Project) -> str:
    """Where a project's public money stands in the books of funds: at its county, under its own number."""
    return f"{project.place_code[: Level.COUNTY]}-{project.public_id}"


def in_reach(reach: Reach) -> ColumnElement[bool]:
    """The condition that a project lies in one's areas, or that one's township judges it in place of the one that declares."""
    if not reach.areas:
        return false()
    judged = Project.cross_code.in_(reach.areas) & (Project.state == ProjectState.TOWNSHIP)
    return or_(judged, *(within(Project.place_code, area) for area in reach.areas))


def get_project_within(public_id: str, reach: Reach) -> Project:
    """A project of one's areas, or ``NotFound``."""
    found = db.session.scalars(select(Project).where(Project.public_id == public_id, in_reach(reach))).first()
    if found is None:
        raise project_unknown()
    return found


def get_public_project(public_id: str) -> Project:
    """A project that everybody may read of, or ``NotFound``."""
    found = db.session.scalars(select(Project).where(Project.public_id == public_id, Project.state.in_(PUBLIC))).first()
    if found is None:
        raise project_unknown()
    return found


def project_unknown() -> NotFound:
    """There is no such project, or not for this person."""
    return NotFound("project_unknown", N_("There is no such project."))


def under_way_within(reach: Reach) -> Sequence[Project]:
    """The projects of one's areas of which the work goes on."""
    query = select(Project).where(in_reach(reach), Project.state == ProjectState.UNDER_WAY)
    return db.session.scalars(query.options(selectinload(Project.milestones))).all()


def public_projects() -> Sequence[Project]:
    """All that everybody may read of, the newest first."""
    return db.session.scalars(select(Project).where(Project.state.in_(PUBLIC)).order_by(Project.id.desc())).all()


def reviews_of(project: Project) -> Sequence[Review]:
    """Every review of a project, the oldest first."""
    return db.session.scalars(select(Review).filter_by(project_id=project.id).order_by(Review.id)).all()


def reviews_of_round(project: Project) -> Sequence[Review]:
    """Those of the round that runs."""
    return [review for review in reviews_of(project) if review.round == project.round]


def notices_of(project: Project) -> Sequence[ProjectNotice]:
    """The notices of a project, the newest first."""
    return db.session.scalars(select(ProjectNotice).filter_by(project_id=project.id).order_by(ProjectNotice.id.desc())).all()


def completion_notice(project: Project) -> ProjectNotice | None:
    """The notice by which a project's completion was announced."""
    return next((row for row in notices_of(project) if row.kind == NoticeKind.COMPLETION), None)


def objections_to(project: Project) -> Sequence[ProjectObjection]:
    """What was said against a project, the oldest first."""
    query = select(ProjectObjection).join(ProjectNotice, ProjectNotice.id == ProjectObjection.notice_id)
    return db.session.scalars(query.where(ProjectNotice.project_id == project.id).order_by(ProjectObjection.id)).all()


def get_objection(project: Project, public_id: str) -> ProjectObjection:
    """An objection to a project, or ``NotFound``."""
    found = next((row for row in objections_to(project) if row.public_id == public_id), None)
    if found is None:
        raise NotFound("objection_unknown", N_("There is no such objection."))
    return found


def open_objections(notice: ProjectNotice) -> int:
    """How many objections to a notice nobody has decided."""
    query = select(func.count()).select_from(ProjectObjection).filter_by(notice_id=notice.id, state=ObjectionState.OPEN)
    return db.session.scalar(query) or 0


def beneficiary_count(project: Project) -> int:
    """How many registered households a project is for."""
    query = select(func.count()).select_from(Beneficiary).where(Beneficiary.project_id == project.id)
    return db.session.scalar(unbounded(query, _COUNTED)) or 0


def beneficiaries_within(project: Project, reach: Reach) -> Sequence[Household]:
    """The households that a project is for, as far as one's areas reach."""
    query = select(Household).join(Beneficiary, Beneficiary.household_id == Household.id)
    query = query.where(Beneficiary.project_id == project.id).order_by(Household.code)
    return db.session.scalars(reach.over(query, Beneficiary.village_code)).all()


def get_milestone(project: Project, public_id: str) -> Milestone:
    """A milestone of a project, or ``NotFound``."""
    found = next((row for row in project.milestones if row.public_id == public_id), None)
    if found is None:
        raise NotFound("milestone_unknown", N_("There is no such milestone."))
    return found


def photos_of(project: Project) -> Sequence[ProjectPhoto]:
    """The pictures of a project, the newest first."""
    return db.session.scalars(select(ProjectPhoto).filter_by(project_id=project.id).order_by(ProjectPhoto.id.desc())).all()


def get_photo(project: Project, public_id: str) -> ProjectPhoto:
    """A picture of a project, or ``NotFound``."""
    found = next((row for row in photos_of(project) if row.public_id == public_id), None)
    if found is None:
        raise NotFound("picture_unknown", N_("There is no such picture."))
    return found


def checks_of(project: Project) -> Sequence[AssetCheck]:
    """When somebody looks, or has looked, whether what was built still works."""
    return db.session.scalars(select(AssetCheck).filter_by(project_id=project.id).order_by(AssetCheck.years)).all()


def checks_due(reach: Reach, today: date, *, ahead_days: int = 30) -> list[tuple[AssetCheck, Project]]:
    """The checks of one's areas that are due, or will be soon, the oldest first."""
    query = select(AssetCheck, Project).join(Project, Project.id == AssetCheck.project_id)
    query = query.where(AssetCheck.works.is_(None), AssetCheck.due_on <= today + timedelta(days=ahead_days), in_reach(reach))
    return [(check, project) for check, project in db.session.execute(query.order_by(AssetCheck.due_on, AssetCheck.id))]


def broken_within(reach: Reach) -> list[tuple[AssetCheck, Project]]:
    """What somebody found broken at the latest look, the newest first."""
    query = select(AssetCheck, Project).join(Project, Project.id == AssetCheck.project_id)
    query = query.where(AssetCheck.works.is_not(None), in_reach(reach)).order_by(Project.id, AssetCheck.years.desc())
    latest = db.session.execute(query.ext(distinct_on(Project.id))).all()
    return sorted(((check, row) for check, row in latest if not check.works), key=lambda pair: pair[0].id, reverse=True)


def steps_of(project: Project) -> list[Step]:
    """What moved, day by day: milestones reached, public money paid out of the project's own place and not come back."""
    return steps_of_many([project])[project.id]


def steps_of_many(projects: Sequence[Project]) -> dict[int, list[Step]]:
    """The same of many projects, by their ids."""
    moved = {
        project.id: [Step(row.reached_on, work=row.weight) for row in project.milestones if row.reached_on is not None]
        for project in projects
    }
    ids = {place_of(project): project.id for project in projects}
    columns = select(FundPayment.place, FundPayment.decided_at, FundPayment.amount_fen)
    query = columns.where(FundPayment.place.in_(ids), FundPayment.state == PaymentState.PAID).order_by(FundPayment.id)
    for place, at, fen in db.session.execute(query):
        if at is not None:
            moved[ids[place]].append(Step(local_day(at), paid_fen=fen))
    return moved


def gap_since(project: Project, today: date) -> date | None:
    """The day since which work and money have been too far apart, if they are."""
    return _gap_since(project, steps_of(project), today)


def _gap_since(project: Project, steps: Sequence[Step], today: date) -> date | None:
    limit = rule(project_rules.GAP_PERCENT, project.place_code, today).value
    return apart_since(steps, project.approved_fen, int(limit), today)


def warnings_within(reach: Reach, today: date) -> list[tuple[Project, date]]:
    """The projects under way whose work and money have been too far apart for too long, the longest first."""
    found, projects = [], under_way_within(reach)
    steps = steps_of_many(projects)
    for project in projects:
        since, days = (
            _gap_since(project, steps[project.id], today),
            rule(project_rules.GAP_DAYS, project.place_code, today).value,
        )
        if since is not None and (today - since).days >= int(days):
            found.append((project, since))
    return sorted(found, key=lambda row: row[1])
