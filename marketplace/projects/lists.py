"""Long lists of projects: narrowed by state, year, place and words, and read page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select

from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.db import db
from marketplace.projects.models import Beneficiary, Project
from marketplace.projects.queries import in_reach, project_unknown
from marketplace.projects.states import LEVELS, OF_UNIT, OPEN, PUBLIC, ProjectState
from marketplace.regions.models import Level
from marketplace.regions.queries import within
from marketplace.registry.reading import Reach, unbounded

LONGEST_WORDS = 40


@dataclass(frozen=True)
class Narrowed:
    """What somebody looks for; empty is everything. The year is the one in which a project was begun to be declared."""

    state: ProjectState | None = None
    year: int | None = None
    area_code: str = ""
    words: str = ""


def seen_by_office(reach: Reach) -> Select[tuple[Project]]:
    """The projects of one's areas."""
    return select(Project).where(in_reach(reach))


def seen_by_everybody() -> Select[tuple[Project]]:
    """The projects of which everybody may read."""
    return select(Project).where(Project.state.in_(PUBLIC))


def seen_by_household(household_id: int) -> Select[tuple[Project]]:
    """The projects that are for a household, of those that everybody may read."""
    own = select(Beneficiary.project_id).where(Beneficiary.household_id == household_id)
    ids = db.session.scalars(unbounded(own, "the projects of somebody's own household")).all()
    return seen_by_everybody().where(Project.id.in_(ids))


def narrow(query: Select[tuple[Project]], by: Narrowed) -> Select[tuple[Project]]:
    """Of some projects those that are looked for."""
    query = query.where(within(Project.place_code, by.area_code))
    if by.state is not None:
        query = query.where(Project.state == by.state)
    if by.year is not None:
        first, end = day_start(date(by.year, 1, 1)), day_start(date(by.year + 1, 1, 1))
        query = query.where(Project.drafted_at >= first, Project.drafted_at < end)
    for word in by.words.split():
        texts = (Project.name, Project.asset, Project.place_words, Project.reference)
        query = query.where(or_(*(text.icontains(word, autoescape=True) for text in texts)))
    return query


def page_of(
    query: Select[tuple[Project]], number: int, size: int, *, notices_first: bool = False
) -> tuple[Sequence[Project], int]:
    """A page of projects and how many there are on all: what is open first, of that what is due first, then the newest.

    Parameters
    ----------
    notices_first : bool
        Before all else what anybody can still object to.
    """
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    notices = [(Project.state == ProjectState.NOTICE).desc()] if notices_first else []
    order = (*notices, Project.state.in_(OPEN).desc(), Project.due_on.asc().nulls_last(), Project.id.desc())
    return db.session.scalars(query.order_by(*order).limit(size).offset((number - 1) * size)).all(), total


def page_after(seen: Select[tuple[Project]], by: Narrowed, after: str | None, limit: int) -> Sequence[Project]:
    """Of what somebody may see the newest that are looked for, or those behind the one with the public id ``after``.

    That one may have moved on since the page before, and be looked for no more: its place in the list is still known.

    Raises
    ------
    NotFound
        ``project_unknown`` when ``after`` is none of those that the reader may see.
    """
    if after is not None:
        mark = db.session.scalar(seen.with_only_columns(Project.id).where(Project.public_id == after))
        if mark is None:
            raise project_unknown()
        seen = seen.where(Project.id < mark)
    return db.session.scalars(narrow(seen, by).order_by(Project.id.desc()).limit(limit)).all()


def waits(areas: Sequence[str]) -> ColumnElement[bool]:
    """The condition that the next step is that of an officer of these areas, as ``offices.waits_for`` says of one project."""
    if not areas:
        return false()
    own = Project.unit_code.in_(areas)
    by_township = func.length(Project.unit_code) == Level.TOWNSHIP
    # Until the county has named who judges a township's own project, the county is next.
    judges = case(
        (by_township, func.coalesce(Project.cross_code, func.left(Project.place_code, Level.COUNTY.value))),
        else_=func.left(Project.place_code, Level.TOWNSHIP.value),
    )
    reviews = [
        and_(
            Project.state == state,
            (judges if level == Level.TOWNSHIP else func.left(Project.place_code, level.value)).in_(areas),
        )
        for state, level in LEVELS.items()
    ]
    approves = and_(Project.state == ProjectState.NOTICE, func.left(Project.place_code, Project.decides).in_(areas))
    return or_(and_(Project.state.in_(OF_UNIT), own), and_(or_(approves, *reviews), ~own))


def years_of(query: Select[tuple[Project]]) -> list[int]:
    """The years in which some projects were begun to be declared, the latest first."""
    first, last = db.session.execute(
        query.with_only_columns(func.min(Project.drafted_at), func.max(Project.drafted_at)).order_by(None)
    ).one()
    return [] if first is None else list(range(local_day(last).year, local_day(first).year - 1, -1))


def counties_of(query: Select[tuple[Project]]) -> list[str]:
    """The counties in which some projects lie."""
    county = func.left(Project.place_code, Level.COUNTY.value)
    return sorted(db.session.scalars(query.with_only_columns(county).distinct().order_by(None)))
