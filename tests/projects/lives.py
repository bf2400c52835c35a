"""A project from its declaration to its completion, in committed transactions, for tests that cut it off somewhere."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.projects.declaring import submit_project
from marketplace.projects.models import NoticeKind, Outcome, Project
from marketplace.projects.noticing import approve_project
from marketplace.projects.queries import checks_of, notices_of, reviews_of
from marketplace.projects.reviewing import pass_project
from marketplace.projects.states import LEVELS, ProjectState
from marketplace.projects.tracking import Taken, add_photo, complete_project, reach_milestone, start_project
from tests import factories
from tests.projects.world import SCORES, World, declared

if TYPE_CHECKING:
    from tests.orders.purchases import Basket

S = ProjectState
# A village of their own for each who lives, in a province where nobody else does.
_VILLAGE = "54{account:04d}100001"
_LOGIN = "project-{account}-{who}"


def build_a_project(basket: "Basket", double: Any, now: datetime) -> None:
    """A village declares a project; it is judged, noticed, approved, built and accepted."""
    village = _village(basket)
    with transaction():
        household = factories.household(village, registered_from=date(2020, 1, 1))
        people = {
            level: factories.account(
                (RoleKind.OFFICER, village[:level]), login=_LOGIN.format(account=basket.account_id, who=level)
            )
            for level in (len(village), *LEVELS.values())
        }
        here = World(people[len(village)], {state: people[level] for state, level in LEVELS.items()}, [household])
        declared(here, submit=False, now=now, place=village)
    carry_on_building(basket, now)


def carry_on_building(basket: "Basket", now: datetime) -> None:
    """Take every step that is left, as somebody would who looks at the page again, on the day on which it is possible."""
    project = _find(basket)
    closed = now + timedelta(days=11)
    for _step in range(20):
        with transaction():
            if project is None or not _take_step(project, basket, now, closed):
                return


def _take_step(project: Project, basket: "Basket", now: datetime, closed: datetime) -> bool:
    state = ProjectState(project.state)
    unit = _person(basket, 12)
    if state in (S.DRAFT, S.RETURNED):
        return submit_project(project, by=unit, now=now)
    if state in LEVELS:
        scores = SCORES if LEVELS[state] >= (project.decides or 0) else None
        return pass_project(project, state, scores, by=_person(basket, LEVELS[state]), now=now)
    if state == S.NOTICE:
        return approve_project(project, by=_person(basket, LEVELS[S.COUNTY]), now=closed)
    if state == S.APPROVED:
        return start_project(project, by=unit, now=closed)
    if state != S.UNDER_WAY:
        return False
    ahead = next((row for row in project.milestones if row.reached_on is None), None)
    if ahead is None:
        return complete_project(project, by=_person(basket, LEVELS[S.COUNTY]), now=closed)
    add_photo(project, ahead, Taken("ab" * 32, local_day(closed), "一组"), by=unit, now=closed)
    return reach_milestone(project, ahead, by=unit, now=closed)


def project_faults(basket: "Basket") -> list[str]:
    """What is wrong with the project after all; empty when it was declared and completed, or never begun."""
    project = _find(basket)
    if project is None:
        return []
    passed = [row for row in reviews_of(project) if row.outcome == Outcome.PASSED]
    kinds = sorted(row.kind for row in notices_of(project))
    found = {
        "state": (project.state, S.COMPLETED),
        "levels": ([row.level for row in passed], [int(level) for level in LEVELS.values()]),
        "persons": (len({row.reviewer_id for row in passed}), 4),
        "notices": (kinds, [NoticeKind.APPROVAL, NoticeKind.COMPLETION]),
        "milestones": ([row.reached_on is not None for row in project.milestones], [True, True]),
        "checks": ([row.years for row in checks_of(project)], [1, 2, 3]),
    }
    return [f"project {name}: {is_so}" for name, (is_so, should) in found.items() if is_so != should]


def _village(basket: "Basket") -> str:
    return _VILLAGE.format(account=basket.account_id % 10_000)


def _find(basket: "Basket") -> Project | None:
    return db.session.scalars(select(Project).filter_by(place_code=_village(basket))).one_or_none()


def _person(basket: "Basket", level: int) -> Account:
    login = _LOGIN.format(account=basket.account_id, who=int(level))
    return db.session.scalars(select(Account).filter_by(login=login)).one()


LIVES: dict[str, Callable[["Basket", Any, datetime], None]] = {"build_a_project": build_a_project}
