"""Imports from the check to the end: kept, run household by household, dropped.

A run takes the plan up at ``position`` and writes one household with each transaction, which moves the position with it. So a
run that was cut off anywhere goes on where it was, and two that run at once do each household once.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit, clock, ids
from marketplace.kernel.db import db, lock_rows, savepoint
from marketplace.kernel.errors import N_, Conflict, DomainError, Invalid, NotFound
from marketplace.kernel.privacy import new_record_key, open_in_record, seal_in_record
from marketplace.kernel.steps import step
from marketplace.registry.file_requests import requested
from marketplace.registry.filing import Noting, Recorded, add_member, ask_identity, record_values
from marketplace.registry.importing.checking import Checked, Fault, PlannedRow, check_table, plan_as_json, plan_from_json
from marketplace.registry.importing.columns import IMPOSSIBLE, Words
from marketplace.registry.importing.tables import read_table
from marketplace.registry.models import ChangeRequest, FileImport, Household, How, ImportState, Origin, Person, RequestState
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.sealing import id_number_index, name_index
from marketplace.registry.service import add_household

# A table that was checked and never run is people's data that nobody needs.
KEPT_FOR = timedelta(days=14)
_OF_HOUSEHOLD = "a household within the reach of whoever imports"
_PLACE = "file_import.sealed"
_NOT_ASKED = object()


def check_import(data: bytes, words: Words, *, file_name: str, by: Account, how: How, year: int, now: datetime) -> FileImport:
    """Read and check a table and keep what was found; of the files nothing is changed.

    Parameters
    ----------
    data : bytes
        The file as it was sent.
    words : Words
        What columns and choices may be called besides the standard's own names.
    year : int
        The year of which the table tells. Values of a past year wait for a second person.

    Raises
    ------
    Invalid
        When the table as a whole cannot be read, or ``year_ahead``.
    """
    this_year = clock.local_day(now).year
    if not 2013 <= year <= this_year:
        raise Invalid("year_ahead", N_("A table can tell of the years from 2013 to this one."))
    checked = check_table(read_table(data), words, _reach(by))
    made = FileImport(
        public_id=ids.public_id(),
        by_id=by.id,
        at=now,
        file_name=file_name.strip()[:120] or "-",
        file_hash=hashlib.sha256(data).digest(),
        year=year,
        how=how,
        reason=file_name.strip()[:120] or "-",
        seen=checked.seen,
        rows=checked.rows,
        good_rows=checked.good_rows,
        households=len(checked.plan),
        faults=[asdict(fault) for fault in checked.faults],
        counts={"new_households": checked.new_households, "new_persons": checked.new_persons},
        record_key=new_record_key(),
        state=ImportState.CHECKED,
    )
    made.sealed = _sealed(made, checked)
    db.session.add(made)
    db.session.flush()
    audit.record(
        "registry.import_checked",
        "file_import",
        made.public_id,
        actor=by.public_id,
        at=now,
        rows=made.rows,
        good=made.good_rows,
    )
    return made


def begin_import(found: FileImport, *, good_rows_only: bool, by: Account, now: datetime) -> bool:
    """Let a checked import run; False when it runs already.

    Raises
    ------
    Invalid
        ``rows_wrong`` when some rows are wrong and nobody said that the good ones shall be written without them, or
        ``rows_none`` when no row is good.
    Conflict
        ``import_ended`` when it is done or dropped.
    """
    found = lock_rows(FileImport, [found.id])[found.id]
    if found.state == ImportState.RUNNING:
        return False
    if found.state != ImportState.CHECKED:
        raise Conflict("import_ended", N_("This import has ended. Please send the table again."))
    if found.good_rows == 0:
        raise Invalid("rows_none", N_("No row of this table can be written."))
    if found.faults and not good_rows_only:
        raise Invalid("rows_wrong", N_("Some rows are wrong. Put them right, or say that the good ones shall be written."))
    found.state, found.counts = ImportState.RUNNING, {}
    db.session.flush()
    audit.record("registry.import_begun", "file_import", found.public_id, actor=by.public_id, at=now, rows=found.good_rows)
    return True


def drop_import(found: FileImport, *, by: str, now: datetime) -> None:
    """Forget the rows of an import that was checked and shall not run.

    Raises
    ------
    Conflict
        ``import_running``, or ``import_ended``.
    """
    found = lock_rows(FileImport, [found.id])[found.id]
    if found.state == ImportState.RUNNING:
        raise Conflict("import_running", N_("This import is being written already."))
    if found.state != ImportState.CHECKED:
        raise Conflict("import_ended", N_("This import has ended. Please send the table again."))
    _end(found, ImportState.DROPPED, now)
    audit.record("registry.import_dropped", "file_import", found.public_id, actor=by, at=now)


def plan_of(found: FileImport) -> list[list[PlannedRow]]:
    """The rows to write, household by household; none once it has ended."""
    if found.sealed is None or found.record_key is None:
        return []
    return plan_from_json(json.loads(open_in_record(found.record_key, found.sealed, f"{_PLACE}:{found.public_id}")))


def write_next(import_id: int, plan: Sequence[Sequence[PlannedRow]], *, now: datetime) -> bool:
    """Write the next household of a running import; False when there is none, and the import has ended.

    What the registry refuses, because it has changed since the check, is noted with its row, and nothing of it is written.
    """
    found = lock_rows(FileImport, [import_id])[import_id]
    if found.state != ImportState.RUNNING:
        return False
    by = db.session.get_one(Account, found.by_id)
    if found.position < found.households:
        _Writing(found, by, now).write(plan[found.position])
        found.position += 1
        db.session.flush()
        step("import.household_written")
    if found.position == found.households:
        _end(found, ImportState.DONE, now)
        audit.record(
            "registry.import_done",
            "file_import",
            found.public_id,
            actor=by.public_id,
            at=now,
            **found.counts,
            left_out=len(found.left_out),
        )
        step("import.end_written")
        return False
    return True


def get_import(public_id: str, by: Account, *, lock: bool = False) -> FileImport:
    """An import of one's own; another's is as absent as none."""
    query = select(FileImport).filter_by(public_id=public_id, by_id=by.id)
    found = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("import_unknown", N_("There is no such import."))
    return found


def imports_of(by: Account, limit: int = 20) -> Sequence[FileImport]:
    """The newest imports of an officer."""
    return db.session.scalars(select(FileImport).filter_by(by_id=by.id).order_by(FileImport.id.desc()).limit(limit)).all()


def stale_imports(now: datetime) -> Sequence[FileImport]:
    """Imports that were checked long ago and never run."""
    query = select(FileImport).where(FileImport.state == ImportState.CHECKED, FileImport.at < now - KEPT_FOR)
    return db.session.scalars(query.order_by(FileImport.id)).all()


def running_imports() -> Sequence[int]:
    """The ids of imports that are being written."""
    return db.session.scalars(
        select(FileImport.id).where(FileImport.state == ImportState.RUNNING).order_by(FileImport.id)
    ).all()


def _reach(by: Account) -> Reach:
    return Reach.of(scopes(by, RoleKind.OFFICER), "an officer imports files")


def _sealed(made: FileImport, checked: Checked) -> bytes:
    text = json.dumps(plan_as_json(checked.plan), ensure_ascii=False)
    return seal_in_record(made.record_key or b"", text, f"{_PLACE}:{made.public_id}")


def _end(found: FileImport, state: ImportState, now: datetime) -> None:
    # In one statement, because the constraint ties them together.
    ended = {"state": state, "ended_at": now, "sealed": None, "record_key": None}
    db.session.execute(update(FileImport).where(FileImport.id == found.id).values(**ended))
    db.session.refresh(found)


class _Writing:
    """One household of an import being written."""

    def __init__(self, found: FileImport, by: Account, now: datetime) -> None:
        self.found, self.by, self.now = found, by, now
        self.noting = Noting(by, How(found.how), now, Origin.IMPORT, found.public_id, seen=found.seen, reason=found.reason)
        self.counts = dict(found.counts)
        self.members: Sequence[Person] = ()
        self.requests: Sequence[ChangeRequest] = ()

    def write(self, rows: Sequence[PlannedRow]) -> None:
        """Write the rows that the registry takes; the others are noted."""
        left_out: list[Fault] = []
        try:
            with savepoint():
                household = self._household(rows[0].code)
                self._look_at(household)
        except (DomainError, IntegrityError) as error:
            left_out += [fault for row in rows for fault in _faults(row, error)]
            rows = []
        for row in rows:
            before = dict(self.counts)
            try:
                with savepoint():
                    self._row(household, row)
            except (DomainError, IntegrityError) as error:
                self.counts = before
                left_out += _faults(row, error)
        self.found.counts = self.counts
        self.found.left_out = [*self.found.left_out, *(asdict(fault) for fault in left_out)]

    def _household(self, code: str) -> Household:
        # The officer may have been given another area since the check.
        _reach(self.by).check(code[:12])
        household = db.session.scalars(select(Household).filter_by(code=code)).first()
        if household is None:
            household = add_household(code, now=self.now)
            self._count("new_households")
        return household

    def _look_at(self, household: Household) -> None:
        members = select(Person).where(Person.household_id == household.id, Person.left_on.is_(None))
        self.members = db.session.scalars(unbounded(members, _OF_HOUSEHOLD)).all()
        asked = select(ChangeRequest).where(
            ChangeRequest.household_id == household.id, ChangeRequest.state == RequestState.OPEN
        )
        self.requests = db.session.scalars(unbounded(asked, _OF_HOUSEHOLD)).all()

    def _row(self, household: Household, row: PlannedRow) -> None:
        person = _find_person(self.members, row)
        if person is None:
            person = add_member(household, row.identity, self.noting, joined_on=clock.local_day(self.now))
            self._count("new_persons")
        else:
            identity = self._not_asked(household, None, person, row.identity)
            if ask_identity(person, household, identity, self.noting) is not None:
                self._count("requests")
        if row.is_head:
            self._values(household, row.values, None)
        self._values(household, row.member, person)

    def _values(self, household: Household, values: dict[str, Any], person: Person | None) -> None:
        values = self._not_asked(household, self.found.year, person, values)
        if values:
            done: Recorded = record_values(household, values, self.noting, year=self.found.year, person=person)
            self._count("values", len(done.applied))
            self._count("conflicts", len(done.conflicts))
            self._count("requests", int(done.request is not None))

    def _not_asked(
        self, household: Household, year: int | None, person: Person | None, values: dict[str, Any]
    ) -> dict[str, Any]:
        """The values without those that somebody has asked for already and nobody has decided on."""
        about = (year, None if person is None else person.id)
        waiting = [requested(request, household) for request in self.requests if (request.year, request.person_id) == about]
        return {name: value for name, value in values.items() if all(one.get(name, _NOT_ASKED) != value for one in waiting)}

    def _count(self, name: str, more: int = 1) -> None:
        if more:
            self.counts[name] = self.counts.get(name, 0) + more


def _find_person(persons: Sequence[Person], row: PlannedRow) -> Person | None:
    """The member whom a row means, as the check found them."""
    number = row.identity.get("id_number")
    for person in persons:
        if number is not None and person.id_number_index == id_number_index(number):
            return person
    for person in persons:
        same = person.name_index == name_index(row.identity["name"]) and person.born_on.isoformat() == row.identity["born_on"]
        if same and (number is None or person.id_number_index is None):
            return person
    return None


def _faults(row: PlannedRow, error: DomainError | IntegrityError) -> Iterable[Fault]:
    if isinstance(error, IntegrityError):
        return [Fault(row.line, "", N_("Somebody else has put this on file meanwhile. Please send the table again."))]
    fields = error.data.get("fields")
    if isinstance(fields, dict):
        return [Fault(row.line, name, str(message) or IMPOSSIBLE) for name, message in fields.items()]
    return [Fault(row.line, "", error.message, {name: str(value) for name, value in error.data.items()})]
