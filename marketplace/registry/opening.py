"""Opening a file: a new household under the next code of its village, with its head."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select, text

from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.regions.models import Area, Level
from marketplace.regions.queries import find_area_in_force, within_any
from marketplace.registry.filing import Noting, add_member
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach
from marketplace.registry.service import add_household

_LAST = 9999


def open_file(village_code: str, head: Mapping[str, Any], reach: Reach, noting: Noting, *, joined_on: date) -> Household:
    """Put a household on file with its head; the village gives it its next code.

    Raises
    ------
    NotFound
        ``area_unknown`` for a village outside the reach.
    Invalid
        ``village_needed`` for what is no village in force, ``values_invalid`` for who the head cannot be.
    Conflict
        ``person_on_file`` when the head's number stands in a file, ``village_full`` after 9,999 households.
    """
    reach.check(village_code)
    if len(village_code) != Level.VILLAGE or find_area_in_force(village_code) is None:
        raise Invalid("village_needed", N_("Please choose a village."))
    household = add_household(next_code(village_code), now=noting.at)
    add_member(household, {**head, "relation": "head"}, noting, joined_on=joined_on)
    audit.record("registry.file_opened", "household", household.public_id, actor=noting.by.public_id, at=noting.at)
    return household


def villages_within(reach: Reach, *, limit: int = 400) -> list[Area]:
    """The villages in force within a reach, by code; none when there are more than a list can show."""
    query = select(Area).where(
        within_any(Area.code, reach.areas), func.length(Area.code) == Level.VILLAGE, Area.valid_to.is_(None)
    )
    found = list(db.session.scalars(query.order_by(Area.code).limit(limit + 1)))
    return found if len(found) <= limit else []


def next_code(village_code: str) -> str:
    """The code after the village's last; nobody else gets one there before the end of the transaction."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"code:{village_code}"})
    last = db.session.scalar(select(func.max(Household.code)).filter_by(village_code=village_code))
    number = 1 if last is None else int(last[Level.VILLAGE :]) + 1
    if number > _LAST:
        number = _first_gap(village_code)
    return f"{village_code}{number:04d}"


def _first_gap(village_code: str) -> int:
    taken = {
        int(code[Level.VILLAGE :]) for code in db.session.scalars(select(Household.code).filter_by(village_code=village_code))
    }
    free = next((number for number in range(1, _LAST + 1) if number not in taken), None)
    if free is None:
        raise Conflict("village_full", N_("The village has no code left for another household."))
    return free
