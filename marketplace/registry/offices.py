"""Who may take a step in the registry's name: an office of the right level, and a second person where two are needed."""

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel.errors import N_, Forbidden
from marketplace.regions.codes import contains
from marketplace.regions.models import Level

_LEVELS = {Level.TOWNSHIP, Level.COUNTY}


def holds_office(by: Account, area_code: str) -> bool:
    """Whether somebody is an officer of the township or county over an area."""
    return any(contains(code, area_code) and len(code) in _LEVELS for code in scopes(by, RoleKind.OFFICER))


def check_office(by: Account, area_code: str) -> None:
    """Refuse whoever is no officer of the township or county over an area.

    Raises
    ------
    Forbidden
        ``other_level``.
    """
    if not holds_office(by, area_code):
        raise other_level()


def check_second_person(by: Account, first_id: int | None) -> None:
    """Refuse the account that took the first step; where nobody has, nobody is refused.

    Raises
    ------
    Forbidden
        ``same_person``.
    """
    if first_id == by.id:
        raise Forbidden("same_person", N_("Somebody else has to look at this: you wrote it yourself."))


def other_level() -> Forbidden:
    """The step is another level's."""
    return Forbidden("other_level", N_("This step belongs to another level of government."))
