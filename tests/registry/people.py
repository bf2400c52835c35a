"""People for the registry's tests: officers, households with members, numbers of cards that can be right."""

from datetime import date, datetime
from itertools import count
from typing import Any

from marketplace.identity.models import Account, RoleKind
from marketplace.registry.filing import Noting, add_member
from marketplace.registry.id_numbers import check_character
from marketplace.registry.models import Household, How, Person
from tests import factories

_serials = count(1)


def officer(area: str = factories.VILLAGE, name: str = "杨干部") -> Account:
    """An officer over an area."""
    factories.area(area if len(area) == 12 else area.ljust(12, "0"))
    return factories.account((RoleKind.OFFICER, area), name=name)


def noting(by: Account, at: datetime = factories.NOW, **more: Any) -> Noting:
    """Told by the household, now, unless said otherwise."""
    return Noting(by, more.pop("how", How.TOLD), at, **more)


def id_number(born_on: date = date(1970, 3, 7), sex: str = "male", county: str = "522636") -> str:
    """A card's number that can be right and that no other test has."""
    number = next(_serials)
    serial = number * 2 + (1 if sex == "male" else 0)
    digits = f"{county}{born_on:%Y%m%d}{serial % 1000:03d}"
    return digits + check_character(digits)


def head(household: Household, by: Account, **values: Any) -> Person:
    """The head of a household."""
    typed = {"name": "杨阿山", "id_number": id_number(), "relation": "head", **values}
    return add_member(household, typed, noting(by), joined_on=date(2020, 1, 1))
