"""What the pages of cases share: how a household, a deadline and the next steps are shown."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.kernel.errors import DomainError, Invalid
from marketplace.regions.queries import area_names
from marketplace.registry.cases.procedures import TABLES
from marketplace.registry.models import Case, CaseAction, CaseKind, CaseState, ComparisonAlert, Household, Objection
from marketplace.web.case_words import action_words, exit_colour, kind_words, state_words
from marketplace.web.errors import message_of
from marketplace.web.forms import FormError
from marketplace.web.places import place_name


def villages(codes: Iterable[str]) -> dict[str, str]:
    """The names of villages by code, as people call them."""
    return {code: place_name(name) for code, name in area_names(codes).items()}


def number_of(household: Household) -> str:
    """A household's number in its village, for lists that name nobody."""
    return _("household %(number)s", number=household.code[12:])


def deadline(due: Case | Objection | ComparisonAlert, today: date) -> tuple[str, str]:
    """How many days are left, in words and as a chip's tone; a day that is provisional says so."""
    if due.due_on is None:
        return _("no deadline can be counted yet"), "info"
    left = (due.due_on - today).days
    if left < 0:
        words, tone = ngettext("%(num)d day late", "%(num)d days late", -left), "bad"
    else:
        words = ngettext("%(num)d day left", "%(num)d days left", left)
        tone = "wait" if left <= 3 else "neutral"
    return _("%(left)s, provisional: weekends only", left=words) if due.due_provisional else words, tone


def shown(case: Case, household: Household, today: date) -> dict[str, Any]:
    """A case for a list."""
    return {
        "public_id": case.public_id,
        "kind": kind_words(case.kind),
        "state": state_words(case.state),
        "household": number_of(household),
        "village": case.village_code,
        "opened_on": case.opened_on,
        "entered_on": case.entered_on,
        "not_before_on": case.not_before_on if case.not_before_on and case.not_before_on > today else None,
        "due": None if case.due_on is None and not _has_term(case) else deadline(case, today),
        "over": case.ended_on is not None,
        "colour": exit_colour(case.state) if case.kind == CaseKind.EXIT else None,
    }


def _has_term(case: Case) -> bool:
    return case.ended_on is None and case.state != CaseState.MONITORED


def shown_steps(case: Case, actions: Iterable[CaseAction]) -> list[dict[str, Any]]:
    """The forms for what may be done next, those that lead on first."""
    table = TABLES[CaseKind(case.kind)]
    stops = (CaseAction.REFUSE, CaseAction.DISAGREE, CaseAction.WITHDRAW)
    return [
        {
            "action": action.value,
            "label": action_words(action),
            "needs_reason": table[CaseState(case.state), action].needs_reason,
            "stops": action in stops,
        }
        for action in sorted(actions, key=lambda action: (action in stops, action))
    ]


def errors_of(error: DomainError) -> Mapping[str, str]:
    """What a form says of a refusal."""
    if isinstance(error, FormError):
        return error.fields
    if isinstance(error, Invalid) and "lines" in error.data:
        lines = {f"line {number}": _(words) for number, words in list(error.data["lines"].items())[:20]}
        return {"": " ".join([_(error.message), *(f"{_('Line %(number)s', number=k[5:])}: {v}" for k, v in lines.items())])}
    return {"": message_of(error)}
