"""Household files for programs of the office: read, note, ask and decide, within the areas of the token's account."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask_babel import gettext
from flask_smorest import Blueprint
from sqlalchemy import select

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.registry.file_requests import approve_request, decide_conflict, refuse_request, requested
from marketplace.registry.files import HouseholdFile, get_household_within, read_file
from marketplace.registry.filing import Noting, Recorded, add_member, ask_identity, end_membership, record_values
from marketplace.registry.models import ChangeRequest, FieldConflict, Household, How, Person
from marketplace.registry.open_questions import get_conflict, get_request
from marketplace.registry.reading import unbounded
from marketplace.registry.reading_log import API, note_reading
from marketplace.web.access import account, office_reach
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.registry_schemas import (
    ConflictDecisionIn,
    ConflictSchema,
    DecisionIn,
    FileChangedSchema,
    FileSchema,
    HouseholdNotingIn,
    IdentityNotingIn,
    LeavingIn,
    MemberNotingIn,
    NewMemberIn,
    NewMemberSchema,
    NotedSchema,
    RefusalIn,
    RequestSchema,
    RequestsSchema,
    YearQuery,
)

blueprint: Blueprint = ApiBlueprint("api-files", __name__, url_prefix="/api/v1/files", description="Files of households")

_OF_FILE = "the file of a household read within somebody's reach"


class ValuesError(Invalid):
    """Values that the standard does not allow; ``data`` has a sentence in the reader's language for each place."""

    def __init__(self, place: str, fields: dict[str, str]) -> None:
        super().__init__("values_invalid", N_("Some values are not possible."))
        self.data = {f"{place}.{name}": str(gettext(message)) for name, message in fields.items()}


@contextmanager
def placed(place: str) -> Iterator[None]:
    """Name the places of values that are refused as they stand in the body."""
    try:
        yield
    except Invalid as error:
        if isinstance(error.data.get("fields"), dict):
            raise ValuesError(place, error.data["fields"]) from error
        raise


def _noting(given: dict[str, Any], now: datetime) -> Noting:
    return Noting(account(), How(given["how"]), now, seen=given.get("seen"), reason=given.get("reason", ""))


def _household(public_id: str) -> Household:
    return get_household_within(public_id, office_reach())


def _person(household: Household, public_id: str) -> Person:
    query = select(Person).where(Person.household_id == household.id, Person.public_id == public_id, Person.left_on.is_(None))
    person = db.session.scalars(unbounded(query, _OF_FILE)).first()
    if person is None:
        raise NotFound("person_unknown", N_("There is no such person in this household."))
    return person


def _shown_request(request: ChangeRequest, household: Household) -> dict[str, Any]:
    return {
        "public_id": request.public_id,
        "year": request.year,
        "fields_": sorted(requested(request, household)),
        "how": request.how,
        "reason": request.reason,
        "state": request.state,
        "proposed_at": request.proposed_at,
        "decided_at": request.decided_at,
    }


def _noted(household: Household, done: Recorded, now: datetime) -> dict[str, Any]:
    return {
        "seen": read_file(household, clock.local_day(now).year).seen,
        "applied": done.applied,
        "conflicts": done.conflicts,
        "request": None if done.request is None else _shown_request(done.request, household),
    }


@blueprint.get("/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.arguments(YearQuery, location="query")
@blueprint.response(200, FileSchema)
@problems(404, 422)
def household_file(given: dict[str, int], public_id: str) -> HouseholdFile:
    """The file of a household for a year, with its members and open conflicts. That you have read it is written down.

    The answer's ETag changes with `seen` and with whatever else is shown.
    """
    now = clock.now()
    with transaction():
        household = _household(public_id)
        note_reading(household, account(), API, now=now)
        return read_file(household, given.get("year", clock.local_day(now).year))


@blueprint.post("/<public_id:public_id>/values")
@only(RoleKind.OFFICER)
@blueprint.arguments(HouseholdNotingIn)
@blueprint.response(200, NotedSchema)
@problems(404, *BODY)
def note_household_values(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Note what is known of a household for a year. What a second person must agree to comes back as a `request`.

    A field that another has changed since `seen`, to another value, becomes a conflict. `reason_needed` (422) where something
    waits and nothing says why.
    """
    now = clock.now()
    with transaction(), placed("values"):
        household = _household(public_id)
        return _noted(household, record_values(household, given["values"], _noting(given, now), year=given["year"]), now)


@blueprint.post("/<public_id:public_id>/members")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewMemberIn)
@blueprint.response(201, NewMemberSchema)
@problems(404, 409, *BODY)
def add_household_member(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Put a person on file; `person_on_file` (409) when the number stands in a file, `head_on_file` for a second head."""
    now = clock.now()
    with transaction(), placed("identity"):
        household = _household(public_id)
        person = add_member(household, given["identity"], _noting(given, now), joined_on=given["joined_on"])
        return {"public_id": person.public_id, "seen": read_file(household, clock.local_day(now).year).seen}


@blueprint.post("/<public_id:public_id>/members/<public_id:person>/values")
@only(RoleKind.OFFICER)
@blueprint.arguments(MemberNotingIn)
@blueprint.response(200, NotedSchema)
@problems(404, *BODY)
def note_member_values(given: dict[str, Any], public_id: str, person: str) -> dict[str, Any]:
    """Note what is known of a member for a year, as for the household."""
    now = clock.now()
    with transaction(), placed("values"):
        household = _household(public_id)
        member = _person(household, person)
        done = record_values(household, given["values"], _noting(given, now), year=given["year"], person=member)
        return _noted(household, done, now)


@blueprint.post("/<public_id:public_id>/members/<public_id:person>/identity")
@only(RoleKind.OFFICER)
@blueprint.arguments(IdentityNotingIn)
@blueprint.response(200, NotedSchema)
@problems(404, *BODY)
def ask_member_identity(given: dict[str, Any], public_id: str, person: str) -> dict[str, Any]:
    """Ask to change who a member is; it waits for a second person. `request` is null where nothing would change."""
    now = clock.now()
    with transaction(), placed("identity"):
        household = _household(public_id)
        request = ask_identity(_person(household, person), household, given["identity"], _noting(given, now))
        return _noted(household, Recorded(request=request), now)


@blueprint.post("/<public_id:public_id>/members/<public_id:person>/leave")
@only(RoleKind.OFFICER)
@blueprint.arguments(LeavingIn)
@blueprint.response(200, FileChangedSchema)
@problems(404, *BODY)
def end_member(given: dict[str, Any], public_id: str, person: str) -> dict[str, Any]:
    """A member leaves the household; what is on file of them stays. `left_before_joining` (422)."""
    now = clock.now()
    with transaction():
        household = _household(public_id)
        end_membership(_person(household, person), household, given["left_on"], given["why"], _noting(given, now))
        return {"seen": read_file(household, clock.local_day(now).year).seen}


@blueprint.get("/<public_id:public_id>/requests")
@only(RoleKind.OFFICER)
@blueprint.response(200, RequestsSchema)
@problems(404)
def file_requests(public_id: str) -> dict[str, Any]:
    """What was asked for in this file, newest first, at most a hundred."""
    now = clock.now()
    with transaction():
        household = _household(public_id)
        note_reading(household, account(), API, now=now)
        query = select(ChangeRequest).where(ChangeRequest.household_id == household.id).order_by(ChangeRequest.id.desc())
        rows = db.session.scalars(unbounded(query.limit(100), _OF_FILE))
        return {"items": [_shown_request(row, household) for row in rows]}


@blueprint.post("/<public_id:public_id>/requests/<public_id:request_id>/approve")
@only(RoleKind.OFFICER)
@blueprint.arguments(DecisionIn)
@blueprint.response(200, RequestSchema)
@problems(404, 409, *BODY)
def approve_file_request(given: dict[str, str], public_id: str, request_id: str) -> dict[str, Any]:
    """Agree to what somebody else asked for; `own_request` (403), `request_decided` and `file_moved_on` (409)."""
    with transaction(), placed("request"):
        household = _household(public_id)
        found = get_request(household, request_id)
        approve_request(found, household, by=account(), now=clock.now(), note=given["note"])
        return _shown_request(found, household)


@blueprint.post("/<public_id:public_id>/requests/<public_id:request_id>/refuse")
@only(RoleKind.OFFICER)
@blueprint.arguments(RefusalIn)
@blueprint.response(200, RequestSchema)
@problems(404, 409, *BODY)
def refuse_file_request(given: dict[str, str], public_id: str, request_id: str) -> dict[str, Any]:
    """Refuse what somebody else asked for, or take back what you have."""
    with transaction():
        household = _household(public_id)
        found = get_request(household, request_id)
        refuse_request(found, by=account(), now=clock.now(), note=given["note"])
        return _shown_request(found, household)


@blueprint.post("/<public_id:public_id>/conflicts/<public_id:conflict>/decide")
@only(RoleKind.OFFICER)
@blueprint.arguments(ConflictDecisionIn)
@blueprint.response(200, ConflictSchema)
@problems(404, 409, *BODY)
def decide_file_conflict(given: dict[str, bool], public_id: str, conflict: str) -> FieldConflict:
    """Say which of two values stands; `conflict_decided` (409)."""
    with transaction():
        household = _household(public_id)
        found = get_conflict(household, conflict)
        decide_conflict(found, household, replace=given["replace"], by=account(), now=clock.now())
        return found
