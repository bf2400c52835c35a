"""Who may do what to a project: the unit that declares, officers of a level, and who must keep out because it is their own."""

from collections.abc import Sequence
from datetime import date

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel.db import lock_rows
from marketplace.kernel.errors import N_, Forbidden
from marketplace.projects.models import Project
from marketplace.projects.states import DEADLINES, LEVELS, OF_UNIT, PROJECTS, ProjectAction, ProjectState
from marketplace.regions.codes import contains
from marketplace.regions.models import Level
from marketplace.registry.cases import clocks
from marketplace.registry.cases.permissions import levels_over
from marketplace.registry.offices import check_second_person, other_level

_UNITS = (Level.VILLAGE, Level.TOWNSHIP)


def locked(project: Project) -> Project:
    """The project as it stands now, held until the act is over."""
    return lock_rows(Project, [project.id])[project.id]


def unit_of(by: Account, place_code: str) -> str:
    """The village or township in whose name an officer declares something at a place: the narrowest of their offices over it.

    Raises
    ------
    Forbidden
        ``other_level`` for an officer of neither.
    """
    own = [code for code in scopes(by, RoleKind.OFFICER) if contains(code, place_code) and len(code) in _UNITS]
    if not own:
        raise other_level()
    return max(own, key=len)


def declares(by: Account) -> bool:
    """Whether somebody is an officer of a village or township, who alone declare."""
    return any(len(code) in _UNITS for code in scopes(by, RoleKind.OFFICER))


def check_unit(project: Project, by: Account) -> None:
    """Refuse whoever is no officer of the unit that declares.

    Raises
    ------
    Forbidden
        ``other_unit``.
    """
    if project.unit_code not in scopes(by, RoleKind.OFFICER):
        raise Forbidden("other_unit", N_("Only officers of the unit that declares the project can do this."))


def check_level(project: Project, by: Account, levels: Sequence[Level]) -> None:
    """Refuse an officer who has no office of these levels over the place.

    Raises
    ------
    Forbidden
        ``other_level``.
    """
    if levels_over(by, project.place_code).isdisjoint(levels):
        raise other_level()


def check_apart(project: Project, by: Account) -> None:
    """Refuse whoever is of the unit that declares, or has declared it.

    Raises
    ------
    Forbidden
        ``own_unit``; ``same_person``.
    """
    if project.unit_code in scopes(by, RoleKind.OFFICER):
        raise Forbidden("own_unit", N_("This is your own unit’s project. Somebody else has to judge it."))
    for first_id in (project.drafted_by_id, project.submitted_by_id):
        check_second_person(by, first_id)


def check_reviewer(project: Project, by: Account, level: Level) -> None:
    """Refuse whoever is of another level, of the unit that declares, or has declared it.

    A township that declares itself is judged by another one, which the county has named.

    Raises
    ------
    Forbidden
        ``other_level``; ``own_unit``; ``same_person``; ``cross_missing`` before the county has named a township.
    """
    check_apart(project, by)
    own = scopes(by, RoleKind.OFFICER)
    judges = project.place_code[:level]
    if level == Level.TOWNSHIP and len(project.unit_code) == Level.TOWNSHIP:
        if project.cross_code is None:
            raise Forbidden("cross_missing", N_("The county has to name another township first, which judges this project."))
        judges = project.cross_code
    if judges not in own:
        raise other_level()


def waits_for(project: Project, areas: Sequence[str]) -> bool:
    """Whether the next step is that of an officer of these areas."""
    state, own = ProjectState(project.state), project.unit_code in areas
    if state in OF_UNIT:
        return own
    if state == ProjectState.NOTICE:
        return not own and project.place_code[: project.decides] in areas
    level = LEVELS.get(state)
    if level is None or own:
        return False
    if level == Level.TOWNSHIP and len(project.unit_code) == Level.TOWNSHIP:
        # Until the county has named who judges, the county is next.
        return (project.cross_code or project.place_code[: Level.COUNTY]) in areas
    return project.place_code[:level] in areas


def move(project: Project, action: ProjectAction, today: date) -> bool:
    """Take a locked project a step further and set its clock anew; False when that was done already.

    Raises
    ------
    Conflict
        ``project_state``.
    """
    state = PROJECTS.next_state(ProjectState(project.state), action)
    if state is None:
        return False
    project.state = state
    set_clock(project, today)
    return True


def set_clock(project: Project, begins_on: date) -> None:
    """By when the next step is to be taken, by the rule in force on a day; work under way ends on its own day."""
    _, name = DEADLINES.get(ProjectState(project.state), ("", None))
    if name is None:
        under_way = project.state == ProjectState.UNDER_WAY
        project.due_on, project.due_provisional = (project.ends_on if under_way else None), False
        return
    due = clocks.due_day(name, project.place_code, begins_on)
    project.due_on, project.due_provisional = due.on, due.provisional
