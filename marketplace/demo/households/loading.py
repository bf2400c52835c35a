"""Writing the registry of the demo in the open transaction, by COPY, under the constraints and triggers of single rows."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import chain

from sqlalchemy import select, text

from marketplace.demo.households.acts import make_acts
from marketplace.demo.households.county import County
from marketplace.demo.households.household_rows import HouseholdRows
from marketplace.demo.households.rows import CHANGE_COLUMNS, PERSON_COLUMNS, RECORD_COLUMNS, Holders, Rows
from marketplace.demo.sellers import REGISTERED_SINCE, HouseholdPlan
from marketplace.kernel import ids
from marketplace.kernel.bulk import copy_rows, next_id, settle_ids
from marketplace.kernel.clock import day_start
from marketplace.kernel.db import Base, db
from marketplace.kernel.privacy import new_record_key
from marketplace.registry.models import FileChange, FileRecord, Household, HouseholdStatus, Person, RegistryRevision


def add_households(plans: Sequence[HouseholdPlan], actor: str, *, opened_at: datetime, now: datetime) -> list[int]:
    """Add households, each with a key for its file, and their statuses; answers their ids.

    Every day on which a status begins or ends has a revision of its own, so that what was sold can name the one of its day.
    """
    first = next_id(Household)
    copy_rows(
        Household,
        ["id", "public_id", "code", "village_code", "created_at", "record_key"],
        (
            (
                *(first + at, public_id, plan.code, plan.code[:12]),
                *(day_start(plan.statuses[0].start) if plan.statuses else opened_at, new_record_key()),
            )
            for at, (plan, public_id) in enumerate(zip(plans, ids.public_ids(len(plans)), strict=True))
        ),
    )
    statuses = [(first + at, status) for at, plan in enumerate(plans) for status in plan.statuses]
    days = sorted({day for _, status in statuses for day in (status.start, status.end) if day} | {REGISTERED_SINCE})
    revisions = {day: number for number, day in enumerate(days, next_id(RegistryRevision))}
    copy_rows(
        RegistryRevision,
        ["id", "at", "actor", "reason"],
        [(number, min(day_start(day), now), actor, "demo") for day, number in revisions.items()],
    )
    copy_rows(
        HouseholdStatus,
        ["household_id", "category", "days", "revision_id"],
        (
            (household_id, status.category, _daterange(status.start, status.end), revisions[status.end or status.start])
            for household_id, status in statuses
        ),
    )
    settle_ids(Household, RegistryRevision)
    return list(range(first, first + len(plans)))


def _daterange(start: date, end: date | None) -> str:
    return f"[{start},{end or ''})"


def add_files(county: County, villages: Mapping[str, str], officers: Mapping[str, Sequence[int]], *, now: datetime) -> None:
    """Write the files of households that were added before.

    Parameters
    ----------
    villages : mapping of code to name
    officers : mapping of an area's code to account ids
        Who has noted it all: one at least for each village and township.
    """
    acts = make_acts(county, now)
    first_person, first_change = _taken_ids(Person, len(county.id_numbers)), _taken_ids(FileChange, acts.count)
    rows = Rows(county, _holders(county), acts, first_person, first_change, officers)
    of_households = HouseholdRows(rows, villages)
    copy_rows(Person, PERSON_COLUMNS, rows.persons(ids.public_ids(len(county.id_numbers))))
    changes = chain(of_households.changes(), rows.identity_changes(), rows.member_changes())
    copy_rows(FileChange, CHANGE_COLUMNS, changes)
    copy_rows(FileRecord, RECORD_COLUMNS, chain(of_households.file_records(), rows.member_records()))


def _taken_ids(model: type[Base], count: int) -> int:
    """The first of so many ids that are nobody else's; the table's own counting is asked, not the table, which holds files."""
    first = db.session.scalar(text("SELECT nextval(pg_get_serial_sequence(:name, 'id'))"), {"name": model.__tablename__})
    last = {"name": model.__tablename__, "last": first + count - 1}
    db.session.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"), last)
    return int(first)


def _holders(county: County) -> Holders:
    first, last = min(county.codes), max(county.codes)
    query = select(Household.code, Household.id, Household.public_id, Household.record_key)
    found = {row.code: row for row in db.session.execute(query.where(Household.code.between(first, last)))}
    own = [found[code] for code in county.codes]
    return Holders([row.id for row in own], [row.public_id for row in own], [bytes(row.record_key) for row in own])
