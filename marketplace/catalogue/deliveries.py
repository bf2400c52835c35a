"""How far goods travel: the areas a seller can choose, and whether a place lies in one. Pure, no database."""

from marketplace.regions.codes import ancestor_codes
from marketplace.regions.models import Level

# Nobody sends a parcel to the next village only; within the county is the least.
_WIDTHS = (Level.PROVINCE, Level.CITY, Level.COUNTY)


def delivery_areas(village_code: str) -> list[str]:
    """The areas that goods from a village can be kept to, widest first.

    >>> delivery_areas("522636100001")
    ['52', '5226', '522636']
    """
    return [code for code in ancestor_codes(village_code) if Level(len(code)) in _WIDTHS]


def may_reach(delivers_to: str | None, place: str) -> bool:
    """Whether goods can be delivered to a place; for a place known only in the rough, whether to a part of it.

    >>> may_reach("5226", "522636"), may_reach("5226", "52"), may_reach("5226", "51"), may_reach(None, "51")
    (True, True, False, True)
    """
    return delivers_to is None or place.startswith(delivers_to) or delivers_to.startswith(place)
