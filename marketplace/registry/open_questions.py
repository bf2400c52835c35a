"""What somebody must still decide about a file: changes that wait for a second person, and values that contradict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.registry.file_requests import requested
from marketplace.registry.files import HouseholdFile
from marketplace.registry.filing import CHANGE, identity, known, record_for
from marketplace.registry.models import ChangeRequest, FieldConflict, FileChange, Household, Person, RequestState, Visit
from marketplace.registry.reading import unbounded
from marketplace.registry.sealing import open_values

_OF_FILE = "the file of a household read within somebody's reach"


@dataclass(frozen=True)
class Side:
    """One of two values, with the change that carried it."""

    value: Any
    change: FileChange


@dataclass(frozen=True)
class Sides:
    """A conflict: the value that stands and the one that came later; ``person`` is whom it is about, where it is about one."""

    conflict: FieldConflict
    standing: Side
    later: Side
    person: Person | None


@dataclass(frozen=True)
class Wanted:
    """A change that is asked for: what stands, and what would."""

    request: ChangeRequest
    before: dict[str, Any]
    after: dict[str, Any]
    person: Person | None


def conflict_sides(file: HouseholdFile) -> list[Sides]:
    """The open conflicts of a file, each with both values and where they come from."""
    household = file.household
    ids = {number for conflict in file.conflicts for number in (conflict.change_id, conflict.standing_id)}
    query = select(FileChange).where(FileChange.household_id == household.id, FileChange.id.in_(ids))
    changes = {change.id: change for change in db.session.scalars(unbounded(query, _OF_FILE))}

    def side(change_id: int, field: str) -> Side:
        change = changes[change_id]
        return Side({**change.plain, **open_values(household, change.sealed, CHANGE)}.get(field), change)

    persons = _persons(household)
    return [
        Sides(
            conflict,
            side(conflict.standing_id, conflict.field),
            side(conflict.change_id, conflict.field),
            persons.get(changes[conflict.change_id].person_id or 0),
        )
        for conflict in file.conflicts
    ]


def open_requests_of(household: Household) -> list[Wanted]:
    """The changes of a household's file that wait for a second person, oldest first."""
    query = select(ChangeRequest).where(ChangeRequest.household_id == household.id, ChangeRequest.state == RequestState.OPEN)
    rows: Sequence[ChangeRequest] = db.session.scalars(unbounded(query.order_by(ChangeRequest.id), _OF_FILE)).all()
    persons = _persons(household) if rows else {}
    return [_wanted(row, household, persons.get(row.person_id or 0)) for row in rows]


def _wanted(request: ChangeRequest, household: Household, person: Person | None) -> Wanted:
    after = requested(request, household)
    if request.year is not None:
        stands = known(household, record_for(household, request.year, person))
    else:
        stands = identity(person, household) if person is not None else {}
    return Wanted(request, {name: stands.get(name) for name in after}, after, person)


def get_request(household: Household, public_id: str) -> ChangeRequest:
    """A request about a household that was read within somebody's reach, or ``NotFound``."""
    query = select(ChangeRequest).where(ChangeRequest.household_id == household.id, ChangeRequest.public_id == public_id)
    request = db.session.scalars(unbounded(query, _OF_FILE)).first()
    if request is None:
        raise NotFound("request_unknown", N_("There is no such request."))
    return request


def get_conflict(household: Household, public_id: str) -> FieldConflict:
    """A conflict of a household that was read within somebody's reach, or ``NotFound``."""
    query = select(FieldConflict).where(FieldConflict.household_id == household.id, FieldConflict.public_id == public_id)
    conflict = db.session.scalars(unbounded(query, _OF_FILE)).first()
    if conflict is None:
        raise NotFound("conflict_unknown", N_("There is no such question."))
    return conflict


def get_member(household: Household, public_id: str) -> Person:
    """A member of a household that was read within somebody's reach, or ``NotFound``."""
    query = select(Person).where(Person.household_id == household.id, Person.public_id == public_id)
    person = db.session.scalars(unbounded(query, _OF_FILE)).first()
    if person is None:
        raise NotFound("member_unknown", N_("There is no such member."))
    return person


def visits_made(household: Household, *, limit: int = 10) -> list[Visit]:
    """The visits to a household, newest first."""
    query = select(Visit).where(Visit.household_id == household.id).order_by(Visit.at.desc()).limit(limit)
    return list(db.session.scalars(unbounded(query, _OF_FILE)))


def _persons(household: Household) -> dict[int, Person]:
    query = select(Person).where(Person.household_id == household.id)
    return {person.id: person for person in db.session.scalars(unbounded(query, _OF_FILE))}
