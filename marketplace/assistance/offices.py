"""Which offices act here: those of townships and counties, two persons for each paper."""

from datetime import date, datetime
from typing import Protocol

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.assistance.papers import PAPERS, PaperAction, PaperState
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel.db import Base, db
from marketplace.kernel.errors import N_, Forbidden
from marketplace.kernel.workdays import CalendarEnds, Term
from marketplace.regions.codes import contains
from marketplace.regions.models import Level
from marketplace.regions.queries import within
from marketplace.registry.reading import Reach
from marketplace.registry.rules import rule
from marketplace.registry.workdays import is_weekday, workdays_in

_LEVELS = {Level.TOWNSHIP, Level.COUNTY}


def check_office(by: Account, area_code: str) -> None:
    """Refuse whoever is no officer of the township or county over an area.

    Raises
    ------
    Forbidden
        ``other_level``.
    """
    if not any(contains(code, area_code) and len(code) in _LEVELS for code in scopes(by, RoleKind.OFFICER)):
        raise Forbidden("other_level", N_("This step belongs to another level of government."))


class Paper(Protocol):
    """What one person drafts and another decides."""

    state: str
    drafted_by_id: int
    decided_by_id: int | None
    decided_at: datetime | None


def decide(paper: Paper, action: PaperAction, *, by: Account, now: datetime) -> bool:
    """The second person's word on a locked paper, or the first one's to drop it; False when that was said already.

    Raises
    ------
    Forbidden
        ``same_person`` for whoever drafted it and would approve it.
    Conflict
        ``paper_state`` when it was decided otherwise.
    """
    if action == PaperAction.APPROVE and paper.drafted_by_id == by.id:
        raise Forbidden("same_person", N_("Somebody else has to look at this: you wrote it yourself."))
    state = PAPERS.next_state(PaperState(paper.state), action)
    if state is None:
        return False
    paper.state, paper.decided_by_id, paper.decided_at = state, by.id, now
    return True


def lock_own(row: Base) -> None:
    """Read a row of somebody's file anew, locked; it was read within a reach before."""
    db.session.refresh(row, with_for_update=True)


def due_on(rule_name: str, area_code: str, begins_on: date) -> date:
    """The last day in time by the rule of a place; where holidays are not announced yet it counts weekends alone.

    This is for work lists: what is decided on its expiry counts again on the day itself.
    """
    term = Term.of(rule(rule_name, area_code, begins_on).value)
    try:
        return term.last_day(begins_on, workdays_in(area_code))
    except CalendarEnds:
        return term.last_day(begins_on, is_weekday)


def in_reach(reach: Reach, column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The condition that a column's area lies within somebody's reach."""
    return or_(*(within(column, area) for area in reach.areas)) if reach.areas else column.is_(None)
