"""A village whose officer declares a project, and officers of four levels, for the tests of projects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import db
from marketplace.projects.declaring import (
    Part,
    Source,
    draft_project,
    save_beneficiaries,
    save_draft,
    save_milestones,
    save_sources,
    submit_project,
)
from marketplace.projects.models import Project, SourceKind
from marketplace.projects.noticing import approve_project
from marketplace.projects.reviewing import pass_project
from marketplace.projects.states import LEVELS, ProjectState
from marketplace.registry.models import Household
from tests import factories
from tests.factories import NOW, VILLAGE

TOWNSHIP, COUNTY, CITY, PROVINCE = VILLAGE[:9], VILLAGE[:6], VILLAGE[:4], VILLAGE[:2]
SCORES = {"need": 20, "benefit": 20, "feasible": 15, "cost": 10, "upkeep": 10}
_numbers = count(1)


@dataclass
class World:
    """Who declares, who judges, and for whom it is."""

    declarer: Account
    reviewers: dict[ProjectState, Account]
    households: list[Household] = field(default_factory=list)

    @property
    def county(self) -> Account:
        return self.reviewers[ProjectState.COUNTY]


def officer(*areas: str) -> Account:
    """An officer of these areas."""
    return factories.account(*((RoleKind.OFFICER, area) for area in areas), name=f"干部{next(_numbers)}")


def leave_office(by: Account, *areas: str) -> None:
    """Take somebody's offices over these areas away, all of them unless said otherwise."""
    for role in by.roles:
        if not areas or role.scope_code in areas:
            db.session.delete(role)
    db.session.flush()
    db.session.expire(by, ["roles"])


def world(unit: str = VILLAGE, *, households: int = 2) -> World:
    """A unit with an officer and registered households, and one officer at each level over it."""
    factories.area()
    own = [factories.household(registered_from=date(2020, 1, 1)) for _ in range(households)]
    reviewers = {state: officer(VILLAGE[:level]) for state, level in LEVELS.items()}
    return World(officer(unit), reviewers, own)


def declared(
    here: World,
    *,
    fen: int = 10_000_000,
    asset: str = "灌溉水渠",
    now: datetime = NOW,
    submit: bool = True,
    by: Account | None = None,
    place: str = VILLAGE,
) -> Project:
    """A declaration with all its items; handed in unless said otherwise."""
    writer = by or here.declarer
    project = draft_project(place, "摆泥村灌溉水渠", by=writer, now=now)
    first = now.date()
    changes = {
        "category": "water",
        "nature": "new",
        "place_words": "摆泥村一组",
        "asset": asset,
        "begins_on": first,
        "ends_on": first + timedelta(days=100),
        "responsible": "摆泥村村民委员会",
        "task": "修建三面光水渠两公里",
        "target": "灌溉面积增加三百亩",
        "mechanism": "村民投工，水费归村集体",
    }
    save_draft(project, changes, by=writer, now=now)
    save_sources(project, [Source(SourceKind.FISCAL, "黔财农〔2026〕1号", fen)], by=writer, now=now)
    parts = [Part("开工", 30, first + timedelta(days=30)), Part("完工", 70, first + timedelta(days=90))]
    save_milestones(project, parts, by=writer, now=now)
    save_beneficiaries(project, [row.id for row in here.households], by=writer, now=now)
    if submit:
        assert submit_project(project, by=writer, now=now)
    return project


def passed(here: World, project: Project, *states: ProjectState, now: datetime = NOW) -> None:
    """Let these levels pass it, with scores as far up as it is scored; all four unless said otherwise."""
    for state in states or LEVELS:
        scores: Mapping[str, int] | None = SCORES if project.decides is not None and LEVELS[state] >= project.decides else None
        assert pass_project(project, state, scores, by=here.reviewers[state], now=now)


def approved(here: World, *, fen: int = 10_000_000, now: datetime = NOW) -> Project:
    """A project that was approved eleven days after all had passed it."""
    project = declared(here, fen=fen, now=now)
    passed(here, project, now=now)
    assert approve_project(project, by=here.county, now=now + timedelta(days=11))
    return project
