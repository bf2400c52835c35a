"""Comparison with the lists of other departments: it asks, and never answers.

A list is read line by line, each number turned into its digest at once and forgotten. Where a member of a registered household
stands on it, an alert with the line's evidence, sealed with the household's key, waits for an officer: who explains it, has the
file corrected, or proposes an exit, which then goes its whole way.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import may_see
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.privacy import blind_index
from marketplace.regions.models import Level
from marketplace.regions.queries import within
from marketplace.registry.cases import clocks
from marketplace.registry.cases.opening import open_exit
from marketplace.registry.cases.permissions import Taker, check_level
from marketplace.registry.id_numbers import read_id_number
from marketplace.registry.models import (
    AlertState,
    Case,
    CaseSource,
    ComparisonAlert,
    Department,
    DepartmentList,
    Household,
    HouseholdStatus,
    Person,
)
from marketplace.registry.offices import other_level
from marketplace.registry.queries import supported_on
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.sealing import id_number_index, open_text, seal_text

EVIDENCE, EXPLANATION = "comparison_alert.sealed_evidence", "comparison_alert.sealed_explanation"
COLUMNS = ("id_number", "what", "since")
_MOST_ROWS, _LONGEST = 50_000, 200
_LEVELS = (Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY)
_AT_ONCE = 1000


@dataclass(frozen=True)
class Entry:
    """A line of a list: the digest of the number, what the department has, and since when."""

    index: bytes
    what: str
    since: str


def read_list(content: bytes) -> list[Entry]:
    """The lines of a list, as CSV in UTF-8 with the columns ``id_number``, ``what`` and ``since`` (a day, or empty).

    Raises
    ------
    Invalid
        ``list_invalid`` with ``lines``, the numbers of the lines at fault and what is wrong; nothing is read then. No fault
        repeats a number.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise _invalid({1: N_("This is no CSV file in UTF-8.")}) from None
    if not rows or tuple(rows[0]) != COLUMNS or len(rows) > _MOST_ROWS:
        raise _invalid({1: N_("The file needs the columns id_number, what and since, and at most 50,000 lines.")})
    entries, faults = [], {}
    for number, row in enumerate(rows, 2):
        fault = _fault(row)
        if fault is not None:
            faults[number] = fault
        else:
            index = id_number_index(read_id_number(row["id_number"] or "").text)
            entries.append(Entry(index, row["what"].strip(), row["since"].strip()))
    if faults:
        raise _invalid(faults)
    return entries


def _fault(row: dict[str | None, str | None]) -> str | None:
    if None in row or None in row.values():
        return N_("This line has more or fewer columns than the first.")
    try:
        read_id_number(row["id_number"] or "")
    except Invalid:
        return N_("This is no number of an identity card.")
    what, since = (row["what"] or "").strip(), (row["since"] or "").strip()
    if not 0 < len(what) <= _LONGEST:
        return N_("Please say in at most 200 characters what the department has.")
    try:
        date.fromisoformat(since or "2000-01-01")
    except ValueError:
        return N_("Please give a day, such as 2026-05-01.")
    return None


def _invalid(faults: dict[int, str]) -> Invalid:
    return Invalid("list_invalid", N_("Some lines of the list cannot be read. Nothing was compared."), lines=faults)


def try_out(content: bytes, area_code: str, by: Account, *, now: datetime) -> tuple[int, int]:
    """How many numbers a list has, and how many are of members of registered households; nothing is written.

    Raises
    ------
    Invalid, Forbidden, NotFound
        As ``compare``.
    """
    _check_county(area_code, by)
    indexes = list({entry.index for entry in read_list(content)})
    return len(indexes), len(_registered_among(indexes, area_code, local_day(now)))


def _check_county(area_code: str, by: Account) -> None:
    if not may_see(by, RoleKind.OFFICER, area_code):
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=area_code[:20])
    if len(area_code) > Level.COUNTY:
        raise other_level()


def compare(
    content: bytes, department: Department, area_code: str, by: Account, *, now: datetime
) -> tuple[DepartmentList, list[ComparisonAlert]]:
    """Compare a department's list with who is registered today in an area; answers the list and the alerts it has raised.

    Raises
    ------
    Invalid
        As ``read_list``.
    Conflict
        ``list_known`` when the same list was compared in this area before.
    Forbidden, NotFound
        For an officer below the county, and for one of another area.
    """
    _check_county(area_code, by)
    entries = {entry.index: entry for entry in read_list(content)}
    digest = blind_index(content.hex(), "department_list")
    known = select(DepartmentList.id).filter_by(area_code=area_code, department=department, digest=digest)
    if db.session.scalar(known) is not None:
        raise Conflict("list_known", N_("This list was compared already."))
    day = local_day(now)
    found = _registered_among(list(entries), area_code, day)
    compared = DepartmentList(
        department=department,
        area_code=area_code,
        digest=digest,
        rows=len(entries),
        matched=len(found),
        compared_by_id=by.id,
        compared_at=now,
    )
    db.session.add(compared)
    db.session.flush()
    lock_rows(Household, [household.id for _, household in found])
    waiting = _asked_already([person.id for person, _ in found], department)
    dues = {household.village_code: clocks.due_day("alert.look", household.village_code, day) for _, household in found}
    alerts = [
        ComparisonAlert(
            household_id=household.id,
            village_code=household.village_code,
            person_id=person.id,
            list_id=compared.id,
            department=department,
            sealed_evidence=_seal(household, entries[bytes(person.id_number_index or b"")]),
            raised_on=day,
            due_on=dues[household.village_code].on,
            due_provisional=dues[household.village_code].provisional,
        )
        for person, household in found
        if person.id not in waiting
    ]
    db.session.add_all(alerts)
    db.session.flush()
    audit.record(
        "list.compared",
        "department_list",
        compared.public_id,
        actor=by.public_id,
        at=now,
        department=department,
        rows=len(entries),
        alerts=len(alerts),
    )
    return compared, alerts


def _seal(household: Household, entry: Entry) -> bytes:
    return seal_text(household, json.dumps({"what": entry.what, "since": entry.since}, ensure_ascii=False), EVIDENCE)


def _registered_among(indexes: Sequence[bytes], area_code: str, day: date) -> list[tuple[Person, Household]]:
    found = []
    for at in range(0, len(indexes), _AT_ONCE):
        query = (
            select(Person, Household)
            .join(Household, Household.id == Person.household_id)
            .join(HouseholdStatus, HouseholdStatus.household_id == Household.id)
            .where(Person.id_number_index.in_(indexes[at : at + _AT_ONCE]), Person.left_on.is_(None))
            .where(supported_on(day), within(Person.village_code, area_code))
            .order_by(Person.id)
        )
        found += [(person, household) for person, household in db.session.execute(unbounded(query, "an officer's own area"))]
    return found


def _asked_already(person_ids: Sequence[int], department: Department) -> set[int]:
    query = select(ComparisonAlert.person_id).where(
        ComparisonAlert.person_id.in_(person_ids),
        ComparisonAlert.department == department,
        ComparisonAlert.state == AlertState.OPEN,
    )
    return set(db.session.scalars(unbounded(query, "households that were found already")))


def open_alerts(reach: Reach, *, limit: int = 200) -> list[tuple[ComparisonAlert, Household]]:
    """The alerts within a reach that nobody has looked at, the most urgent first."""
    query = (
        select(ComparisonAlert, Household)
        .join(Household, Household.id == ComparisonAlert.household_id)
        .where(ComparisonAlert.state == AlertState.OPEN)
        .order_by(ComparisonAlert.due_on.nulls_first(), ComparisonAlert.id)
        .limit(limit)
    )
    rows = db.session.execute(reach.over(query, ComparisonAlert.village_code))
    return [(alert, household) for alert, household in rows]


def get_alert(public_id: str, reach: Reach) -> ComparisonAlert:
    """The alert, or ``NotFound`` as well outside the reach."""
    query = reach.over(select(ComparisonAlert).filter_by(public_id=public_id), ComparisonAlert.village_code)
    found = db.session.scalars(query).first()
    if found is None:
        raise NotFound("alert_unknown", N_("There is no such alert."))
    return found


def evidence_of(alert: ComparisonAlert, household: Household) -> dict[str, str]:
    """What the department wrote, opened: ``what`` and ``since``."""
    found: dict[str, str] = json.loads(open_text(household, alert.sealed_evidence, EVIDENCE))
    return found


def explanation_of(alert: ComparisonAlert, household: Household) -> str:
    """What the officer wrote, opened."""
    return "" if alert.sealed_explanation is None else open_text(household, alert.sealed_explanation, EXPLANATION)


def answer_alert(alert: ComparisonAlert, state: AlertState, explanation: str, by: Account, *, now: datetime) -> Case | None:
    """Say what is behind an alert; with ``EXIT_OPENED`` an exit is proposed, and its case answered.

    Raises
    ------
    Conflict
        ``alert_answered``; as ``open_exit`` when no exit can be proposed.
    Invalid
        ``reason_needed``.
    Forbidden, NotFound
        For an officer of another level or area.
    """
    check_level(by, alert.village_code, _LEVELS)
    if state is AlertState.OPEN or not 0 < len(explanation.strip()) <= 400:
        raise Invalid("reason_needed", N_("Please say why."))
    household = lock_rows(Household, [alert.household_id])[alert.household_id]
    query = select(ComparisonAlert).where(ComparisonAlert.id == alert.id).execution_options(populate_existing=True)
    alert = db.session.scalars(unbounded(query, "an alert that was read within somebody's reach")).one()
    if alert.state != AlertState.OPEN:
        raise Conflict("alert_answered", N_("Somebody has looked at this alert already."))
    case = None
    if state is AlertState.EXIT_OPENED:
        case = open_exit(household, CaseSource.DEPARTMENT, Taker(by), now=now, reason=explanation, asked_for=alert.public_id)
    alert.state, alert.decided_by_id, alert.decided_at = state, by.id, now
    alert.sealed_explanation = seal_text(household, explanation.strip(), EXPLANATION)
    audit.record("alert.answered", "comparison_alert", alert.public_id, actor=by.public_id, at=now, answer=state)
    db.session.flush()
    return case
