"""Who may take a step of a case."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel.errors import N_, Forbidden, NotFound
from marketplace.regions.codes import contains
from marketplace.regions.models import Level
from marketplace.registry.cases.procedures import Step, Way
from marketplace.registry.models import CaseAction
from marketplace.registry.offices import other_level


@dataclass(frozen=True)
class Taker:
    """Who takes a step. ``as_household``: it is the household's own account, which the edge has made sure of."""

    account: Account
    as_household: bool = False


def levels_over(account: Account, village_code: str) -> set[int]:
    """The levels at which an account is an officer over a village."""
    return {len(code) for code in scopes(account, RoleKind.OFFICER) if contains(code, village_code)}


def check_level(account: Account, village_code: str, levels: tuple[Level, ...]) -> None:
    """Refuse an officer of another level.

    Raises
    ------
    NotFound
        For somebody who has no office over the village at all: they may not know that there is such a case.
    Forbidden
        ``other_level``.
    """
    own = levels_over(account, village_code)
    if not own:
        raise case_unknown()
    if own.isdisjoint(levels):
        raise other_level()


def case_unknown() -> NotFound:
    """There is no such case, or not for this person."""
    return NotFound("case_unknown", N_("There is no such case."))


def check_may_take(step: Step, village_code: str, taker: Taker, taken: Mapping[CaseAction, Set[int]]) -> None:
    """Refuse whoever may not take a step.

    Parameters
    ----------
    taken : mapping of action to account ids
        Who has taken which earlier steps of the case.

    Raises
    ------
    NotFound, Forbidden
        As ``check_level``; ``officers_only`` for the household itself where it has no say; ``same_person`` for who has taken a
        step that must lie apart.
    """
    if taker.as_household:
        if step.way is not Way.HOUSEHOLD:
            raise Forbidden("officers_only", N_("This step is for officers."))
        return
    check_level(taker.account, village_code, step.levels)
    if any(taker.account.id in taken.get(action, frozenset()) for action in step.apart_from):
        raise Forbidden("same_person", N_("Somebody else must do this: you have taken an earlier step of this case."))
