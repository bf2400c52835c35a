"""From which day the clock of a project's next step has run, and counting it again once holidays are announced."""

from datetime import date

from sqlalchemy import select

from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.projects.models import Project
from marketplace.projects.noticing import current_notice
from marketplace.projects.offices import set_clock
from marketplace.projects.queries import reviews_of_round
from marketplace.projects.states import ProjectState


def clock_began_on(project: Project) -> date:
    """The day on which a project came into its state, for a notice the day on which it has hung for its length."""
    state, notice = ProjectState(project.state), current_notice(project)
    if state == ProjectState.NOTICE and notice is not None:
        return notice.closes_on
    if state == ProjectState.RETURNED and notice is not None and notice.closed_on is not None:
        return notice.closed_on
    moments = [project.drafted_at, project.submitted_at, project.approved_at, *(row.at for row in reviews_of_round(project))]
    return local_day(max(moment for moment in moments if moment is not None))


def recount_provisional() -> int:
    """Count every provisional deadline again; answers how many of them are firm now."""
    query = select(Project).where(Project.due_provisional).order_by(Project.id).with_for_update()
    projects = db.session.scalars(query).all()
    for project in projects:
        set_clock(project, clock_began_on(project))
    db.session.flush()
    return sum(not project.due_provisional for project in projects)
