"""Reviewing a project: one person at each level, none of the unit that declares; scored up to the deciding level."""

from collections.abc import Mapping
from datetime import datetime

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.kernel.steps import step
from marketplace.projects.models import Outcome, Project, Review
from marketplace.projects.noticing import hang_out
from marketplace.projects.offices import check_level, check_reviewer, locked, move
from marketplace.projects.queries import reviews_of_round
from marketplace.projects.standard import FULL_SCORE, total_score
from marketplace.projects.states import LEVELS, PASSES, ProjectAction, ProjectState
from marketplace.projects.templates import template_of
from marketplace.regions.models import Level
from marketplace.regions.queries import get_area
from marketplace.registry import project_rules
from marketplace.registry.rules import rule

_MOST_WORDS = 400


def name_cross_township(project: Project, code: str, *, by: Account, now: datetime) -> None:
    """Name the township that judges a project which another township of the county declares itself.

    Raises
    ------
    Forbidden
        ``other_level`` for whoever is no officer of the county.
    Conflict
        ``cross_not_needed`` for a village's project, or once the township's step is taken.
    Invalid
        ``cross_wrong`` for the declaring township, another county's, or what is no township.
    """
    project = locked(project)
    check_level(project, by, [Level.COUNTY])
    if len(project.unit_code) != Level.TOWNSHIP or project.state != ProjectState.TOWNSHIP:
        raise Conflict("cross_not_needed", N_("No other township has to judge this project now."))
    area = get_area(code)
    county = project.place_code[: Level.COUNTY]
    if area.level != Level.TOWNSHIP or area.code == project.unit_code or not area.code.startswith(county):
        raise Invalid("cross_wrong", N_("Please choose another township of the county."))
    project.cross_code = area.code
    db.session.flush()
    audit.record("project.cross_named", "project", project.public_id, actor=by.public_id, at=now, area=area.code)


def pass_project(
    project: Project, state: ProjectState, scores: Mapping[str, int] | None, *, by: Account, now: datetime
) -> bool:
    """Pass a project on from the level of a state; False when the same person has done so in this round.

    Parameters
    ----------
    state : ProjectState
        The level at which the reviewer saw the project wait, so that who comes second is told so.
    scores : mapping of criterion to points, or None
        Needed up to the deciding level; above it the level confirms and gives none.

    Raises
    ------
    Forbidden
        As ``offices.check_reviewer``; ``same_person`` for who has reviewed it at another level.
    Conflict
        ``step_taken`` when somebody else was first; ``project_state``.
    Invalid
        ``scores_needed``, ``scores_not_asked``, ``scores_wrong``; ``score_low`` below the pass mark.
    """
    project, level = locked(project), LEVELS[state]
    check_reviewer(project, by, level)
    before = next((row for row in reviews_of_round(project) if row.level == level), None)
    if before is not None:
        if before.reviewer_id == by.id and before.outcome == Outcome.PASSED:
            return False
        raise Conflict("step_taken", N_("Somebody else has taken this step already."))
    _check_waits(project, state)
    _check_other_person(project, by)
    total = _judged(project, level, scores, now)
    move(project, PASSES[state], local_day(now))
    _write(project, level, Outcome.PASSED, None if total is None else scores, total, "", by, now)
    if project.state == ProjectState.NOTICE:
        hang_out(project, by=by, now=now)
    return True


def return_project(project: Project, state: ProjectState, reason: str, *, by: Account, now: datetime) -> bool:
    """Send a project back to its unit with what is to be mended; False when the same person has done so."""
    return _turn_down(project, state, ProjectAction.RETURN, Outcome.RETURNED, reason, by, now)


def refuse_project(project: Project, state: ProjectState, reason: str, *, by: Account, now: datetime) -> bool:
    """Refuse a project for good, with the reason; False when the same person has done so."""
    return _turn_down(project, state, ProjectAction.REFUSE, Outcome.REFUSED, reason, by, now)


def _turn_down(
    project: Project,
    state: ProjectState,
    action: ProjectAction,
    outcome: Outcome,
    reason: str,
    by: Account,
    now: datetime,
) -> bool:
    project, level = locked(project), LEVELS[state]
    check_reviewer(project, by, level)
    before = next((row for row in reviews_of_round(project) if row.level == level), None)
    if before is not None:
        if before.reviewer_id == by.id and before.outcome == outcome:
            return False
        raise Conflict("step_taken", N_("Somebody else has taken this step already."))
    _check_waits(project, state)
    _check_other_person(project, by)
    if not 0 < len(reason.strip()) <= _MOST_WORDS:
        raise Invalid("reason_needed", N_("Please say why."))
    move(project, action, local_day(now))
    _write(project, level, outcome, None, None, reason.strip(), by, now)
    return True


def _check_waits(project: Project, state: ProjectState) -> None:
    if project.state != state:
        raise Conflict("project_state", N_("This project can no longer be changed that way."), state=project.state)


def _check_other_person(project: Project, by: Account) -> None:
    if any(row.reviewer_id == by.id for row in reviews_of_round(project)):
        raise Forbidden("same_person", N_("You have judged this project at another level. Somebody else has to look here."))


def _judged(project: Project, level: Level, scores: Mapping[str, int] | None, now: datetime) -> int | None:
    assert project.decides is not None
    if level < project.decides:
        if scores is not None:
            raise Invalid("scores_not_asked", N_("Above the level that decides a project is confirmed, not scored."))
        return None
    if scores is None:
        raise Invalid("scores_needed", N_("Please give points for every line of the rubric, and no more than it has."))
    total = total_score(template_of(project, local_day(now)), scores)
    percent = int(rule(project_rules.PASS_PERCENT, project.place_code, local_day(now)).value)
    if total * 100 < percent * FULL_SCORE:
        words = N_("With %(total)s points it does not pass. Please return or refuse it, with the reason.")
        raise Invalid("score_low", words, total=total)
    return total


def _write(
    project: Project,
    level: Level,
    outcome: Outcome,
    scores: Mapping[str, int] | None,
    total: int | None,
    reason: str,
    by: Account,
    now: datetime,
) -> None:
    row = Review(
        project_id=project.id,
        round=project.round,
        level=int(level),
        outcome=outcome,
        scores=None if scores is None else dict(scores),
        total=total,
        reason=reason,
        reviewer_id=by.id,
        at=now,
    )
    db.session.add(row)
    db.session.flush()
    step("project.reviewed")
    said = {"level": int(level), "outcome": outcome.value, "round": project.round, "total": total}
    audit.record("project.reviewed", "project", project.public_id, actor=by.public_id, at=now, **said)
