"""What a second person decides: changes that were asked for, and which of two conflicting values stands."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden
from marketplace.registry.filing import (
    CHANGE,
    ID_NUMBER,
    NAME,
    REQUEST,
    Noting,
    add_change,
    apply_values,
    check_number_is_free,
    complete_identity,
    identity,
    lock_household,
    record_for,
)
from marketplace.registry.models import (
    ChangeRequest,
    ConflictState,
    FieldConflict,
    FileChange,
    Household,
    How,
    Origin,
    Person,
    RequestState,
)
from marketplace.registry.reading import unbounded
from marketplace.registry.sealing import id_number_index, name_index, open_values, seal_text

_HELD = "a household that was read already"


def approve_request(request: ChangeRequest, household: Household, *, by: Account, now: datetime, note: str = "") -> FileChange:
    """Agree to a change that somebody else asked for; it stands from now on.

    Raises
    ------
    Forbidden
        ``own_request``: nobody agrees to what they asked for.
    Conflict
        ``request_decided``, or ``file_moved_on`` when one of its fields was changed after the asking.
    """
    if by.id == request.proposed_by_id:
        raise Forbidden("own_request", N_("Somebody else must agree to what you have asked for."))
    household = lock_household(household)
    request = _open_request(request)
    values = requested(request, household)
    person = None if request.person_id is None else _person(request.person_id)
    if request.year is None:
        marks = person.marks if person is not None else {}
    else:
        marks = record_for(household, request.year, person).marks
    if any(marks.get(name) != request.seen.get(name) for name in values):
        raise Conflict("file_moved_on", N_("The file has been changed since this was asked for. Please look at it anew."))
    proposer = db.session.get_one(Account, request.proposed_by_id)
    noting = Noting(proposer, How(request.how), now, Origin.REQUEST, request.public_id)
    change = add_change(household, values, noting, year=request.year, person=request.person_id)
    if request.year is None and person is not None:
        _apply_identity(person, household, values, change.id)
    elif request.year is not None:
        apply_values(household, record_for(household, request.year, person), values, change.id, now=now)
    _decide(request, RequestState.APPROVED, by, now, note)
    return change


def refuse_request(request: ChangeRequest, *, by: Account, now: datetime, note: str) -> None:
    """Refuse a change that somebody else asked for; who asked takes it back.

    Raises
    ------
    Conflict
        ``request_decided``.
    """
    request = _open_request(request)
    _decide(request, RequestState.WITHDRAWN if by.id == request.proposed_by_id else RequestState.REFUSED, by, now, note)


def requested(request: ChangeRequest, household: Household) -> dict[str, Any]:
    """The values that a request would set, opened."""
    return {**request.plain, **open_values(household, request.sealed, REQUEST)}


def decide_conflict(conflict: FieldConflict, household: Household, *, replace: bool, by: Account, now: datetime) -> None:
    """Say which of two values stands: the one that stood, or the one that came later.

    Raises
    ------
    Conflict
        ``conflict_decided``.
    """
    household = lock_household(household)
    db.session.refresh(conflict, with_for_update=True)
    if conflict.state != ConflictState.OPEN:
        raise Conflict("conflict_decided", N_("Somebody has decided this already."))
    if replace:
        change = _change_of(conflict.change_id)
        value = {**change.plain, **open_values(household, change.sealed, CHANGE)}[conflict.field]
        person = None if change.person_id is None else _person(change.person_id)
        apply_values(household, record_for(household, change.year or 0, person), {conflict.field: value}, change.id, now=now)
    state = ConflictState.REPLACED if replace else ConflictState.KEPT
    conflict.state, conflict.decided_by_id, conflict.decided_at = state, by.id, now
    db.session.flush()
    audit.record(
        "registry.conflict_decided",
        "household",
        household.public_id,
        actor=by.public_id,
        at=now,
        field=conflict.field,
        state=conflict.state,
    )


def _apply_identity(person: Person, household: Household, values: dict[str, Any], change_id: int) -> None:
    after = complete_identity({**identity(person, household), **values})
    number = after.get("id_number")
    if "id_number" in values and number is not None:
        check_number_is_free(number)
    person.sealed_name, person.name_index = seal_text(household, after["name"], NAME), name_index(after["name"])
    person.sealed_id_number = None if number is None else seal_text(household, number, ID_NUMBER)
    person.id_number_index = None if number is None else id_number_index(number)
    person.relation, person.sex, person.born_on = after["relation"], after["sex"], date.fromisoformat(after["born_on"])
    person.marks = {**person.marks, **dict.fromkeys(values, change_id)}
    db.session.flush()


def _open_request(request: ChangeRequest) -> ChangeRequest:
    db.session.refresh(request, with_for_update=True)
    if request.state != RequestState.OPEN:
        raise Conflict("request_decided", N_("Somebody has decided this already."))
    return request


def _decide(request: ChangeRequest, state: RequestState, by: Account, now: datetime, note: str) -> None:
    request.state, request.decided_by_id, request.decided_at, request.note = state, by.id, now, note.strip()
    db.session.flush()
    audit.record(f"registry.request_{state}", "change_request", request.public_id, actor=by.public_id, at=now)


def _person(person_id: int) -> Person:
    return db.session.scalars(unbounded(select(Person).where(Person.id == person_id), _HELD)).one()


def _change_of(change_id: int) -> FileChange:
    return db.session.scalars(unbounded(select(FileChange).where(FileChange.id == change_id), _HELD)).one()
