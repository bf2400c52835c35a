"""Reading files: a household with its members, its years and where every value comes from; as it is, and as it was."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.registry.filing import CHANGE, identity, known
from marketplace.registry.models import ConflictState, FieldConflict, FileChange, FileRecord, Household, Person
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.sealing import open_values

_OF_FILE = "the file of a household read within somebody's reach"


@dataclass(frozen=True)
class Source:
    """Where a value comes from."""

    by_id: int
    how: str
    at: datetime
    origin: str


@dataclass(frozen=True)
class Member:
    """A member with who they are and what is known of them in the year, opened."""

    person: Person
    identity: dict[str, Any]
    values: dict[str, Any]
    sources: dict[str, Source]


@dataclass(frozen=True)
class HouseholdFile:
    """A household's file for a year. ``seen`` is its newest change, for whoever means to note something on it."""

    household: Household
    year: int
    years: list[int]
    values: dict[str, Any]
    sources: dict[str, Source]
    record: FileRecord | None
    members: list[Member]
    conflicts: list[FieldConflict]
    seen: int


def get_household_within(public_id: str, reach: Reach) -> Household:
    """The household, when it lies within the reach; outside it is as absent as one that does not exist."""
    household = db.session.scalars(select(Household).filter_by(public_id=public_id)).first()
    if household is None or not reach.holds(household.village_code):
        raise NotFound("household_unknown", N_("There is no such household."))
    return household


def read_file(household: Household, year: int, *, left_too: bool = False) -> HouseholdFile:
    """The whole file of a household that was read within somebody's reach, in five statements however many its members."""
    people = select(Person).where(Person.household_id == household.id).order_by(Person.relation != "head", Person.id)
    if not left_too:
        people = people.where(Person.left_on.is_(None))
    persons = db.session.scalars(unbounded(people, _OF_FILE)).all()
    records = db.session.scalars(
        unbounded(select(FileRecord).where(FileRecord.household_id == household.id, FileRecord.year == year), _OF_FILE)
    ).all()
    years = db.session.scalars(
        unbounded(select(FileRecord.year).where(FileRecord.household_id == household.id).distinct(), _OF_FILE)
    ).all()
    of_person = {record.person_id: record for record in records}
    own = of_person.get(None)
    changes = _sources(household, [*(record.marks for record in records), *(person.marks for person in persons)])
    conflicts = db.session.scalars(
        unbounded(
            select(FieldConflict).where(FieldConflict.household_id == household.id, FieldConflict.state == ConflictState.OPEN),
            _OF_FILE,
        )
    ).all()
    members = [
        Member(
            person,
            identity(person, household),
            {} if person.id not in of_person else known(household, of_person[person.id]),
            _named(changes, {**person.marks, **(of_person[person.id].marks if person.id in of_person else {})}),
        )
        for person in persons
    ]
    newest = select(func.coalesce(func.max(FileChange.id), 0)).where(FileChange.household_id == household.id)
    return HouseholdFile(
        household,
        year,
        sorted(years, reverse=True),
        {} if own is None else known(household, own),
        {} if own is None else _named(changes, own.marks),
        own,
        members,
        list(conflicts),
        db.session.scalar(unbounded(newest, _OF_FILE)) or 0,
    )


def _sources(household: Household, marks: list[dict[str, int]]) -> dict[int, Source]:
    wanted = {change for mark in marks for change in mark.values()}
    if not wanted:
        return {}
    query = select(FileChange.id, FileChange.by_id, FileChange.how, FileChange.at, FileChange.origin)
    rows = db.session.execute(unbounded(query.where(FileChange.id.in_(wanted)), _OF_FILE))
    return {row.id: Source(row.by_id, row.how, row.at, row.origin) for row in rows}


def _named(changes: dict[int, Source], marks: dict[str, int]) -> dict[str, Source]:
    return {name: changes[change] for name, change in marks.items() if change in changes}


@dataclass(frozen=True)
class FileAsOf:
    """What a file said at the end of a day: the household's values by year, and for each member who was on file theirs."""

    values: dict[int, dict[str, Any]]
    members: dict[int, dict[str, Any]]
    member_values: dict[tuple[int, int], dict[str, Any]]


def file_as_of(household: Household, moment: datetime, day: date) -> FileAsOf:
    """The file as it was known at a moment: every change until then, less what stood against another value and did not win.

    Members are those who had joined by ``day`` and not left before it.
    """
    query = select(FileChange).where(FileChange.household_id == household.id, FileChange.at <= moment).order_by(FileChange.id)
    changes = db.session.scalars(unbounded(query, _OF_FILE)).all()
    conflicts = db.session.scalars(
        unbounded(select(FieldConflict).where(FieldConflict.household_id == household.id), _OF_FILE)
    ).all()
    lost = {
        (conflict.change_id, conflict.field)
        for conflict in conflicts
        if not (conflict.state == ConflictState.REPLACED and conflict.decided_at is not None and conflict.decided_at <= moment)
    }
    people = select(Person).where(Person.household_id == household.id, Person.joined_on <= day)
    present = {
        person.id
        for person in db.session.scalars(unbounded(people, _OF_FILE))
        if person.left_on is None or person.left_on >= day
    }
    values: dict[int, dict[str, Any]] = defaultdict(dict)
    who: dict[int, dict[str, Any]] = defaultdict(dict)
    of_members: dict[tuple[int, int], dict[str, Any]] = defaultdict(dict)
    for change in changes:
        noted = {**change.plain, **open_values(household, change.sealed, CHANGE)}
        standing = {name: value for name, value in noted.items() if (change.id, name) not in lost}
        if change.person_id is None:
            values[change.year or 0] |= standing
        elif change.person_id in present and change.year is None:
            who[change.person_id] |= standing
        elif change.person_id in present:
            of_members[change.person_id, change.year or 0] |= standing
    return FileAsOf(dict(values), dict(who), dict(of_members))
