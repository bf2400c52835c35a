"""Where somebody would have things delivered: what they chose on this browser, or where their last purchase went.

Kept in the session, so that no page has to ask the database for it.
"""

from flask import session

from marketplace.orders.queries import last_destination
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names
from marketplace.web.places import place_name

_KEPT = "deliver_to"


def delivery_area() -> str:
    """The code of the area, a province or a county; empty when nobody knows."""
    return str(session.get(_KEPT, ("", ""))[0])


def delivery_place() -> str | None:
    """The area's province as people call it."""
    name = session.get(_KEPT, ("", ""))[1]
    return place_name(name) if name else None


def deliver_to(area_code: str) -> None:
    """Remember an area on this browser; an empty code forgets it."""
    province = area_code[: Level.PROVINCE]
    name = area_names([province]).get(province) if province else None
    if name is None:
        session.pop(_KEPT, None)
    else:
        session[_KEPT] = [area_code, name]


def area_of_last_purchase(account_id: int) -> str:
    """Where an account's newest purchase went; empty before the first."""
    last = last_destination(account_id)
    return (last.area_code if last is not None else None) or ""
