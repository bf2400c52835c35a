"""Changes of a household's file: values noted, members who come and leave. ``file_requests`` holds what needs a second person.

What is noted is merged field by field. A field that somebody else has changed since the one who notes it last saw the file, to
another value, keeps what it has; the two values become a conflict that a person decides. A value that was only sent along as it
had been seen changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from marketplace.identity.models import Account
from marketplace.kernel import audit, clock
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.registry.file_values import read_values
from marketplace.registry.id_numbers import read_id_number
from marketplace.registry.incomes import card_of, year_end
from marketplace.registry.models import ChangeRequest, FieldConflict, FileChange, FileRecord, Household, How, Origin, Person
from marketplace.registry.reading import unbounded
from marketplace.registry.sealing import id_number_index, name_index, open_text, open_values, seal_text, seal_values, split
from marketplace.registry.standard import BY_NAME, About, fields_about
from marketplace.registry.standards import costs_on

_HELD = "a household that was read already"
CHANGE, RECORD, REQUEST = "file_change.sealed", "file_record.sealed", "change_request.sealed"
NAME, ID_NUMBER = "person.sealed_name", "person.sealed_id_number"


@dataclass(frozen=True)
class Noting:
    """Who notes something and when, how they know it, and by which way it comes in.

    ``seen`` is the newest change of the file that the one who notes had before their eyes; None when they saw it as it is now.
    ``noted_at`` is what a device's clock said.
    """

    by: Account
    how: How
    at: datetime
    origin: Origin = Origin.PAGE
    origin_id: str = ""
    noted_at: datetime | None = None
    seen: int | None = None
    reason: str = ""


@dataclass
class Recorded:
    """What became of values: the change that holds them, what another's value stood against, what waits for a second person."""

    change: FileChange | None = None
    applied: list[str] = field(default_factory=list)
    conflicts: list[FieldConflict] = field(default_factory=list)
    request: ChangeRequest | None = None


def lock_household(household: Household) -> Household:
    """The household, so that nobody else changes its file before the end of the transaction."""
    return lock_rows(Household, [household.id])[household.id]


def record_values(
    household: Household, typed: Mapping[str, Any], noting: Noting, *, year: int, person: Person | None = None
) -> Recorded:
    """Note what is known of a household, or of one of its members, for a year.

    Values of a past year, and those of fields with four eyes that had another value, wait for a second person.

    Raises
    ------
    Invalid
        ``values_invalid`` when a value is not possible, ``year_ahead`` for a year that has not begun, ``reason_needed`` when
        something waits for a second person and nothing says why.
    """
    values = read_values(typed, [About.HOUSEHOLD if person is None else About.MEMBER])
    this_year = clock.local_day(noting.at).year
    if year > this_year:
        raise Invalid("year_ahead", N_("The year %(year)s has not begun."), year=year)
    household = lock_household(household)
    record = record_for(household, year, person)
    now = known(household, record)
    waiting = {
        name: value
        for name, value in values.items()
        if value != now.get(name) and (year < this_year or (BY_NAME[name].four_eyes and now.get(name) is not None))
    }
    done = _note(household, record, {name: values[name] for name in values if name not in waiting}, noting)
    if waiting:
        done.request = ask_change(household, waiting, noting, year=year, person=person, marks=record.marks)
    return done


def add_member(household: Household, typed: Mapping[str, Any], noting: Noting, *, joined_on: date) -> Person:
    """Put a person on file as a member of a household.

    Raises
    ------
    Invalid
        ``values_invalid`` for a value that is not possible, one that is missing, or a card that says another birthday or sex.
    Conflict
        ``person_on_file`` when the number stands in a file, ``head_on_file`` when the household has a head.
    """
    values = complete_identity(typed)
    household = lock_household(household)
    number = values.get("id_number")
    if number is not None:
        check_number_is_free(number)
    if values["relation"] == "head" and find_head(household) is not None:
        raise Conflict("head_on_file", N_("The household has a head already."))
    person = Person(
        household_id=household.id,
        village_code=household.village_code,
        relation=values["relation"],
        sex=values["sex"],
        born_on=date.fromisoformat(values["born_on"]),
        joined_on=joined_on,
        sealed_name=seal_text(household, values["name"], NAME),
        sealed_id_number=None if number is None else seal_text(household, number, ID_NUMBER),
        name_index=name_index(values["name"]),
        id_number_index=None if number is None else id_number_index(number),
        marks={},
    )
    db.session.add(person)
    db.session.flush()
    change = add_change(household, values, noting, year=None, person=person.id)
    person.marks = dict.fromkeys(values, change.id)
    _count_members(household, noting)
    _audit("registry.member_added", household, noting, person=person.public_id)
    return person


def complete_identity(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Who somebody is, read; birthday and sex are taken from the card's number where they were left empty.

    Raises
    ------
    Invalid
        ``values_invalid``, with a sentence for each field at fault.
    """
    values = {name: value for name, value in read_values(typed, [About.PERSON]).items() if value is not None}
    faults = {}
    if "id_number" in values:
        card = read_id_number(values["id_number"])
        for name, said in (("born_on", card.born_on.isoformat()), ("sex", card.sex)):
            if values.setdefault(name, said) != said:
                faults[name] = N_("The identity card says otherwise.")
    for needed in fields_about(About.PERSON):
        if needed.required and needed.name not in values:
            faults[needed.name] = N_("Please fill this in.")
    if faults:
        raise Invalid("values_invalid", N_("Some values are not possible."), fields=faults)
    return values


def check_number_is_free(id_number: str) -> None:
    """Refuse a number that is on file, anywhere. The unique index is what is relied on; this says it kindly, and at once."""
    query = select(Person.id).where(Person.id_number_index == id_number_index(id_number), Person.left_on.is_(None))
    if db.session.scalar(unbounded(query, "whether a number is on file anywhere")) is not None:
        raise Conflict("person_on_file", N_("A person with this number is on file already. Please search for the number."))


def find_head(household: Household) -> Person | None:
    """The head of a household today."""
    query = select(Person).where(Person.household_id == household.id, Person.relation == "head", Person.left_on.is_(None))
    return db.session.scalars(unbounded(query, _HELD)).first()


def end_membership(person: Person, household: Household, on: date, why: str, noting: Noting) -> None:
    """A member leaves: has died, married away, moved. What is on file of them stays until its time is over.

    Raises
    ------
    Invalid
        ``left_before_joining``.
    """
    if on < person.joined_on:
        raise Invalid("left_before_joining", N_("Nobody leaves a household before joining it."))
    lock_household(household)
    if person.left_on is None:
        person.left_on, person.left_why = on, why
        _count_members(household, noting)
        _audit("registry.member_left", household, noting, person=person.public_id, why=why)


def record_for(household: Household, year: int, person: Person | None = None) -> FileRecord:
    """The record of a year, made when there is none."""
    query = select(FileRecord).where(FileRecord.household_id == household.id, FileRecord.year == year)
    query = query.where(FileRecord.person_id.is_(None) if person is None else FileRecord.person_id == person.id)
    record = db.session.scalars(unbounded(query, _HELD)).first()
    if record is None:
        record = FileRecord(
            household_id=household.id,
            village_code=household.village_code,
            year=year,
            person_id=None if person is None else person.id,
            plain={},
            marks={},
        )
        db.session.add(record)
        db.session.flush()
    return record


def known(household: Household, record: FileRecord) -> dict[str, Any]:
    """All values of a record, those that are sealed too."""
    return {**record.plain, **open_values(household, record.sealed, RECORD)}


def apply_values(household: Household, record: FileRecord, values: Mapping[str, Any], change_id: int, *, now: datetime) -> None:
    """Let values stand in a record, set by a change."""
    plain, sealed = split(values)
    record.plain = {**record.plain, **plain}
    if sealed:
        record.sealed = seal_values(household, {**open_values(household, record.sealed, RECORD), **sealed}, RECORD)
    record.marks = {**record.marks, **dict.fromkeys(values, change_id)}
    if record.person_id is None:
        count_income(record, now=now)
    db.session.flush()


def count_income(record: FileRecord, *, now: datetime) -> None:
    """Count a household's members of a year, and its income per head, anew from what its file says."""
    day = year_end(record.year, clock.local_day(now))
    members = select(func.count(Person.id)).where(Person.household_id == record.household_id, Person.joined_on <= day)
    members = members.where(Person.left_on.is_(None) | (Person.left_on > day))
    record.persons = db.session.scalar(unbounded(members, _HELD)) or 0
    card = card_of(record.plain, record.persons, costs_on(record.village_code, day))
    record.per_head_fen = None if card is None else card.per_head_fen


def _count_members(household: Household, noting: Noting) -> None:
    count_income(record_for(household, clock.local_day(noting.at).year), now=noting.at)
    db.session.flush()


def _note(household: Household, record: FileRecord, values: dict[str, Any], noting: Noting) -> Recorded:
    now = known(household, record)
    values = {name: value for name, value in values.items() if value != now.get(name)}
    late = [name for name in values if noting.seen is not None and record.marks.get(name, 0) > noting.seen]
    if late:
        before = _as_seen(household, record, late, noting.seen or 0)
        values = {name: value for name, value in values.items() if name not in late or value != before.get(name)}
    if not values:
        return Recorded()
    change = add_change(household, values, noting, year=record.year, person=record.person_id)
    against = [name for name in late if name in values]
    applied = [name for name in values if name not in against]
    apply_values(household, record, {name: values[name] for name in applied}, change.id, now=noting.at)
    conflicts = [
        FieldConflict(
            household_id=household.id,
            village_code=household.village_code,
            field=name,
            change_id=change.id,
            standing_id=record.marks[name],
            found_at=noting.at,
        )
        for name in against
    ]
    db.session.add_all(conflicts)
    db.session.flush()
    _audit("registry.values_noted", household, noting, year=record.year, fields=sorted(values), conflicts=sorted(against))
    return Recorded(change, applied, conflicts)


def _as_seen(household: Household, record: FileRecord, names: list[str], seen: int) -> dict[str, Any]:
    """The values of some fields as they stood after the change ``seen``."""
    query = select(FileChange).where(
        FileChange.household_id == household.id,
        FileChange.year == record.year,
        FileChange.person_id.is_not_distinct_from(record.person_id),
        FileChange.id <= seen,
    )
    found: dict[str, Any] = {}
    for change in db.session.scalars(unbounded(query.order_by(FileChange.id), _HELD)):
        found |= {**change.plain, **open_values(household, change.sealed, CHANGE)}
    return {name: found.get(name) for name in names}


def add_change(
    household: Household, values: Mapping[str, Any], noting: Noting, *, year: int | None, person: int | None
) -> FileChange:
    """Write down that somebody noted these values; it says nothing of whether they stand."""
    plain, sealed = split(values)
    change = FileChange(
        household_id=household.id,
        village_code=household.village_code,
        person_id=person,
        year=year,
        plain=plain,
        sealed=seal_values(household, sealed, CHANGE),
        how=noting.how,
        by_id=noting.by.id,
        at=noting.at,
        noted_at=noting.noted_at,
        origin=noting.origin,
        origin_id=noting.origin_id,
    )
    db.session.add(change)
    db.session.flush()
    return change


def ask_change(
    household: Household,
    values: dict[str, Any],
    noting: Noting,
    *,
    year: int | None,
    person: Person | None,
    marks: Mapping[str, int],
) -> ChangeRequest:
    """Ask for values, read before, that stand only when a second person agrees.

    Raises
    ------
    Invalid
        ``reason_needed`` when nothing says why.
    """
    if not noting.reason.strip():
        raise Invalid("reason_needed", N_("A second person must agree to this. Please say why it is to be changed."))
    plain, sealed = split(values)
    request = ChangeRequest(
        household_id=household.id,
        village_code=household.village_code,
        person_id=None if person is None else person.id,
        year=year,
        plain=plain,
        sealed=seal_values(household, sealed, REQUEST),
        seen={name: marks[name] for name in values if name in marks},
        how=noting.how,
        reason=noting.reason.strip(),
        proposed_by_id=noting.by.id,
        proposed_at=noting.at,
    )
    db.session.add(request)
    db.session.flush()
    _audit("registry.change_requested", household, noting, request=request.public_id, year=year, fields=sorted(values))
    return request


def ask_identity(person: Person, household: Household, typed: Mapping[str, Any], noting: Noting) -> ChangeRequest | None:
    """Ask to change who a member is; a second person must agree. None when nothing would change.

    Raises
    ------
    Invalid
        ``values_invalid`` or ``reason_needed``.
    """
    values = read_values(typed, [About.PERSON])
    now = identity(person, household)
    wanted = {name: value for name, value in values.items() if value != now.get(name)}
    if not wanted:
        return None
    complete_identity({**now, **wanted})
    return ask_change(lock_household(household), wanted, noting, year=None, person=person, marks=person.marks)


def identity(person: Person, household: Household) -> dict[str, Any]:
    """Who a member is, opened."""
    return {
        "name": open_text(household, person.sealed_name, NAME),
        "id_number": None if person.sealed_id_number is None else open_text(household, person.sealed_id_number, ID_NUMBER),
        "relation": person.relation,
        "sex": person.sex,
        "born_on": person.born_on.isoformat(),
    }


def _audit(verb: str, household: Household, noting: Noting, **data: Any) -> None:
    audit.record(verb, "household", household.public_id, actor=noting.by.public_id, at=noting.at, how=noting.how, **data)
