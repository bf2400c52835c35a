"""Who has looked at a file: written down with the reading itself, and told to the household.

The household is told the office, the moment and what was looked at, not the officer's name: it is the office that answers for
it, and a complaint names the moment. Who it was stands in the row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from marketplace.identity.models import Account, Role, RoleKind
from marketplace.kernel.bulk import copy_rows
from marketplace.kernel.clock import day_bounds, local_day
from marketplace.kernel.db import db
from marketplace.registry.models import FileReading, Household
from marketplace.registry.reading import unbounded

# What was shown.
FILE, AS_OF, MEMBER, PICTURE, SLIP, EXPORT, FORM, API = "file", "as_of", "member", "picture", "slip", "export", "form", "api"
NUMBERS = "numbers"
MONEY = "money"
BENEFITS = "benefits"
AUDIT = "audit"
NEED = "need"
RISK = "risk"
_OWN = "a household that is told who has looked at its file"


@dataclass(frozen=True)
class Looked:
    """One look at a file, by the office of an area; ``office`` is empty for who is an officer no more."""

    at: datetime
    part: str
    office: str


def note_reading(household: Household, by: Account, part: str, *, now: datetime) -> None:
    """Write down that somebody reads a file, or a part of it, in the transaction that reads it."""
    db.session.add(FileReading(household_id=household.id, village_code=household.village_code, by_id=by.id, at=now, part=part))
    db.session.flush()


def note_readings(households: Iterable[tuple[int, str]], by: Account, part: str, *, now: datetime) -> int:
    """The same for many households at once, given as (id, village); answers how many."""
    rows = ((household_id, village_code, by.id, now, part) for household_id, village_code in households)
    return copy_rows(FileReading, ["household_id", "village_code", "by_id", "at", "part"], rows)


def note_readings_of_day(households: Iterable[tuple[int, str]], by: Account, part: str, *, now: datetime) -> int:
    """The same of a list that is opened again and again: each household is told once of a reader and a local day.

    So that who comes back to the list does not push other looks out of a household's sight; answers how many were told now.
    """
    wanted = dict(households)
    today = local_day(now)
    query = select(FileReading.household_id).where(
        FileReading.household_id.in_(wanted), FileReading.by_id == by.id, FileReading.part == part
    )
    told = set(db.session.scalars(unbounded(query.where(FileReading.at >= day_bounds(today, today)[0]), _OWN)))
    return note_readings([(number, village) for number, village in wanted.items() if number not in told], by, part, now=now)


def looks_at(household: Household, *, limit: int = 50) -> list[Looked]:
    """Who has looked at a household's file, newest first."""
    scope = func.array_agg(aggregate_order_by(Role.scope_code, func.length(Role.scope_code).desc()))
    office = (
        select(scope)
        .where(Role.account_id == FileReading.by_id, Role.kind.in_((RoleKind.OFFICER, RoleKind.AUDITOR)))
        .where(literal(household.village_code).startswith(Role.scope_code))
        .scalar_subquery()
    )
    query = select(FileReading.at, FileReading.part, office.label("offices")).where(FileReading.household_id == household.id)
    rows = db.session.execute(unbounded(query.order_by(FileReading.id.desc()).limit(limit), _OWN))
    return [Looked(row.at, row.part, (row.offices or [""])[0]) for row in rows]
