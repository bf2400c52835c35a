"""Lengths of time by the rules of the village's area: when a notice has hung for long enough, and by when a step is due."""

from datetime import date
from typing import Any

from marketplace.kernel.workdays import CalendarEnds, Term
from marketplace.registry.cases.procedures import DUE, DUE_FROM_OPENING
from marketplace.registry.models import CaseKind, CaseState
from marketplace.registry.rules import rule


def last_day(name: str, village_code: str, begins_on: date) -> date:
    """The last day of a term that begins on a day, by the rule in force there on that day.

    Raises
    ------
    CalendarEnds
        When working days count and the holidays are not known: a notice must not be guessed to have hung for long enough.
    """
    return Term.of(rule(name, village_code, begins_on).value).last_day(begins_on)


def due_day(name: str, village_code: str, begins_on: date) -> date | None:
    """The last day on which something is in time, None where it cannot be counted yet.

    A work list that cannot say by when is better than a procedure that stands still until next year's holidays are known; the
    list says so for each case.
    """
    try:
        return last_day(name, village_code, begins_on)
    except CalendarEnds:
        return None


def state_due(kind: CaseKind, state: CaseState, village_code: str, opened_on: date, begins_on: date) -> date | None:
    """By when a case in a state is to be taken further, None where nothing is due."""
    if (kind, state) in DUE_FROM_OPENING:
        return due_day(DUE_FROM_OPENING[kind, state], village_code, opened_on)
    name = DUE.get((kind, state))
    return None if name is None else due_day(name, village_code, begins_on)


def value_of(name: str, village_code: str, day: date) -> Any:
    """The value of a rule in force in a village on a day."""
    return rule(name, village_code, day).value
