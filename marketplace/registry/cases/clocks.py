"""Lengths of time by the rules of the village's area: when a notice has hung for long enough, and by when a step is due."""

from datetime import date
from typing import Any, NamedTuple

from marketplace.kernel.workdays import CalendarEnds, Term
from marketplace.registry.cases.procedures import DUE, DUE_FROM_OPENING
from marketplace.registry.models import CaseKind, CaseState
from marketplace.registry.rules import rule
from marketplace.registry.workdays import is_weekday, workdays_in


class Due(NamedTuple):
    """By when something is to be done, None where nothing is; provisional where holidays on the way are not announced yet."""

    on: date | None
    provisional: bool = False


def last_day(name: str, village_code: str, begins_on: date) -> date:
    """The last day of a term that begins on a day, by the rule in force there on that day.

    Raises
    ------
    CalendarEnds
        When working days count and the holidays are not known: a notice must not be guessed to have hung for long enough.
    """
    term = _term(name, village_code, begins_on)
    return term.last_day(begins_on, workdays_in(village_code)) if term.working else term.last_day(begins_on)


def due_day(name: str, village_code: str, begins_on: date) -> Due:
    """The last day on which something is in time.

    Where the holidays on the way are not known it counts weekends alone and says so: work goes on, and the day is counted
    again once they are announced (``announcing``).
    """
    try:
        return Due(last_day(name, village_code, begins_on))
    except CalendarEnds:
        return Due(_term(name, village_code, begins_on).last_day(begins_on, is_weekday), provisional=True)


def state_due(kind: CaseKind, state: CaseState, village_code: str, opened_on: date, begins_on: date) -> Due:
    """By when a case in a state is to be taken further."""
    if (kind, state) in DUE_FROM_OPENING:
        return due_day(DUE_FROM_OPENING[kind, state], village_code, opened_on)
    name = DUE.get((kind, state))
    return Due(None) if name is None else due_day(name, village_code, begins_on)


def value_of(name: str, village_code: str, day: date) -> Any:
    """The value of a rule in force in a village on a day."""
    return rule(name, village_code, day).value


def _term(name: str, village_code: str, day: date) -> Term:
    return Term.of(rule(name, village_code, day).value)
