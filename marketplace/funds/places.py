"""Where public money stands: an area's office (``522636``) or a project there (``522636-7hk2x``). Pure, no database."""

import re

from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.models import Level

PLACE = re.compile(r"([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})(-[a-z0-9]{1,14})?")
# As a CHECK of the database reads it.
PATTERN = f"^{PLACE.pattern}$"


def check_place(place: str) -> str:
    """Return ``place``, or raise ``Invalid`` when nothing can stand there."""
    if not PLACE.fullmatch(place):
        raise Invalid("fund_place_invalid", N_("%(place)s is no place where public money can stand."), place=place[:30])
    return place


def area_of(place: str) -> str:
    """The area of a place.

    >>> area_of("522636100-7hk2x"), area_of("52")
    ('522636100', '52')
    """
    return place.partition("-")[0]


def project_of(place: str) -> str | None:
    """The project of a place, None for an office."""
    return place.partition("-")[2] or None


def steward_of(place: str) -> str:
    """The area whose office moves the money of a place.

    Counties keep the books of their townships, villages and projects, as county treasuries in China do.

    >>> steward_of("522636100"), steward_of("522636-7hk2x"), steward_of("5226")
    ('522636', '522636', '5226')
    """
    return area_of(place)[: Level.COUNTY]


def is_below(upper: str, lower: str) -> bool:
    """Whether money can be allocated from one place to another: further down, inside the same area, or to a project there.

    >>> is_below("52", "522636"), is_below("522636", "522636-7hk2x")
    (True, True)
    >>> is_below("522636", "5226"), is_below("522636-7hk2x", "522636100")
    (False, False)
    """
    return project_of(upper) is None and area_of(lower).startswith(upper) and lower != upper
