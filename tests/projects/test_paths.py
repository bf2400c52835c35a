"""Every path of up to twelve steps through a small world, against what must always hold of an approved project.

The steps are taken by the real services on the real database. What looks the same to the rules is gone on from once, on the
shortest path that leads there, with every act that anybody can try; so every path is covered without walking each of them.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.errors import DomainError
from marketplace.projects.declaring import submit_project
from marketplace.projects.models import Outcome, Project
from marketplace.projects.noticing import approve_project, current_notice, decide_objection, object_to
from marketplace.projects.queries import objections_to, open_objections, reviews_of_round
from marketplace.projects.reviewing import pass_project, return_project
from marketplace.projects.states import LEVELS, ObjectionAction, ObjectionState, ProjectState
from tests.factories import NOW
from tests.projects.world import COUNTY, SCORES, World, declared, officer, world

S = ProjectState
LONGEST = 12
# Eleven days go by: a step like the others.
WAIT = "wait"
Act = Callable[[Project, datetime], object]


def acts_of(here: World, second: Account) -> dict[str, Act]:
    """What the people of the world can try at any time, wise or not."""
    people = {"village": here.declarer, **{state.value: by for state, by in here.reviewers.items()}, "second": second}

    def passing(state: ProjectState, by: Account) -> Act:
        return lambda project, now: pass_project(
            project, state, SCORES if state in (S.TOWNSHIP, S.COUNTY) else None, by=by, now=now
        )

    acts: dict[str, Act] = {"submit": lambda project, now: submit_project(project, by=here.declarer, now=now)}
    for state in LEVELS:
        acts[f"pass {state}"] = passing(state, here.reviewers[state])
    # Somebody of two levels, somebody of the unit, somebody of another level.
    acts["pass county second"] = passing(S.COUNTY, second)
    acts["pass township village"] = passing(S.TOWNSHIP, here.declarer)
    acts["pass city county"] = passing(S.CITY, people["county"])
    acts["return county"] = lambda project, now: return_project(project, S.COUNTY, "x", by=here.county, now=now)
    acts["object"] = lambda project, now: object_to(project, "x", "", now=now)
    for action in ObjectionAction:
        acts[f"{action} objection"] = lambda project, now, action=action: [
            decide_objection(project, row, action, "x", by=second, now=now)
            for row in objections_to(project)
            if row.state == ObjectionState.OPEN
        ]
    acts[WAIT] = lambda project, now: None
    acts["approve"] = lambda project, now: approve_project(project, by=here.county, now=now)
    return acts


def looks(project: Project, days: int) -> tuple[object, ...]:
    """All that the rules can see of a project: days count for nothing but a notice, rounds for nothing but the second one."""
    notice = current_notice(project) if project.round else None
    over = (
        None if notice is None else (notice.stopped, notice.closed_on is None, NOW.date() + timedelta(days) > notice.closes_on)
    )
    reviews = tuple(sorted((row.level, row.reviewer_id, row.outcome) for row in reviews_of_round(project)))
    waiting = None if notice is None else min(open_objections(notice), 1)
    return project.state, reviews, over, waiting, min(project.round, 2)


def holds(project: Project, here: World) -> None:
    """What must be true of a project that is approved."""
    reviews = [row for row in reviews_of_round(project) if row.outcome == Outcome.PASSED]
    assert {row.level for row in reviews} == {9, 6, 4, 2}
    assert len({row.reviewer_id for row in reviews} - {here.declarer.id}) == 4
    notice = current_notice(project)
    assert notice is not None
    assert notice.closed_on is not None
    assert (notice.closes_on - notice.published_on).days >= 10
    assert notice.closed_on > notice.closes_on
    assert open_objections(notice) == 0


def test_no_path_of_up_to_twelve_steps_approves_without_four_persons_and_a_closed_notice(acting: Session) -> None:
    here = world()
    project = declared(here, submit=False)
    acts = acts_of(here, officer(COUNTY))
    begun = looks(project, 0)
    seen, edge, approvals = {begun}, [((), begun)], []
    for length in range(1, LONGEST + 1):
        further: list[tuple[tuple[str, ...], tuple[object, ...]]] = []
        for path, _ in edge:
            start = acting.begin_nested()
            days = 0
            for name in path:
                days += 11 * (name == WAIT)
                acts[name](project, NOW + timedelta(days=days))
            if project.state == S.NOTICE and days < 22 and looks(project, days + 11) not in seen:
                seen.add(looks(project, days + 11))
                further.append(((*path, WAIT), looks(project, days + 11)))
            for name, act in acts.items():
                point = acting.begin_nested()
                try:
                    act(project, NOW + timedelta(days=days))
                    acting.flush()
                    found = looks(project, days)
                    if project.state == S.APPROVED:
                        holds(project, here)
                        approvals.append(length)
                    elif found not in seen:
                        seen.add(found)
                        further.append(((*path, name), found))
                except DomainError:
                    pass
                point.rollback()
                acting.expire_all()
            start.rollback()
            acting.expire_all()
        edge = further
    # The shortest way is to hand in, four passes, eleven days, and the approval.
    assert min(approvals) == 7
    assert {key[0] for key in seen} == {S.DRAFT, S.TOWNSHIP, S.COUNTY, S.CITY, S.PROVINCE, S.NOTICE, S.RETURNED}
