"""Exports of files: one person asks and says what for, another of the same or a higher level releases, and it is taken once.

The numbers of identity cards are in it only where they were asked for; accounts for payments never are. Every household in it
finds it among those who have looked at its file.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.regions.codes import contains
from marketplace.regions.queries import find_area_in_force, within, within_any
from marketplace.registry.display_rules import EXPORT_HOURS
from marketplace.registry.export_marks import CODE, marked
from marketplace.registry.filing import identity, known
from marketplace.registry.models import ExportState, FileExport, FileRecord, Household, Person
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.reading_log import EXPORT, note_readings
from marketplace.registry.rules import rule
from marketplace.registry.standard import About, fields_about

_NEVER = frozenset({"bank_account"})
_AT_ONCE = 500
_RELEASED = "an export that two persons answer for"


def ask_export(
    area_code: str, purpose: str, reach: Reach, *, year: int, with_id_numbers: bool, by: Account, now: datetime
) -> FileExport:
    """Ask for the files of an area; a second person must release them.

    Raises
    ------
    NotFound
        ``area_unknown`` for an area outside the reach.
    Invalid
        ``purpose_needed`` without a purpose.
    """
    reach.check(area_code)
    if find_area_in_force(area_code) is None:
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=area_code[:20])
    if not purpose.strip():
        raise Invalid("purpose_needed", N_("Please say what the files are needed for."))
    export = FileExport(
        area_code=area_code,
        year=year,
        purpose=purpose.strip(),
        with_id_numbers=with_id_numbers,
        asked_by_id=by.id,
        asked_at=now,
    )
    db.session.add(export)
    db.session.flush()
    _audit("registry.export_asked", export, by, now, area=area_code, with_id_numbers=with_id_numbers)
    return export


def exports_seen(reach: Reach, by: Account, *, limit: int = 50) -> list[FileExport]:
    """The exports that this officer has asked for, and those of areas within the reach, newest first."""
    query = select(FileExport).where(or_(FileExport.asked_by_id == by.id, within_any(FileExport.area_code, reach.areas)))
    return list(db.session.scalars(query.order_by(FileExport.id.desc()).limit(limit)))


def get_export(public_id: str, reach: Reach, by: Account, *, lock: bool = False) -> FileExport:
    """An export that this officer may know of; another counts as absent."""
    query = select(FileExport).filter_by(public_id=public_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    export = db.session.scalars(query).first()
    if export is None or not (export.asked_by_id == by.id or reach.holds(export.area_code)):
        raise NotFound("export_unknown", N_("There is no such export."))
    return export


def may_decide(export: FileExport, by: Account) -> bool:
    """Whether somebody may release an export: another person, of the asker's level or a higher one."""
    asker = db.session.get_one(Account, export.asked_by_id)
    return by.id != asker.id and 0 < _level(by, export.area_code) <= _level(asker, export.area_code)


def decide_export(export: FileExport, *, release: bool, by: Account, now: datetime, note: str = "") -> bool:
    """Release an export that was read with its lock, or refuse it; False when it was decided that way before.

    Raises
    ------
    Forbidden
        ``own_export`` for one's own, ``level_needed`` when the asker's level is the higher one.
    Conflict
        ``export_decided`` when somebody has decided otherwise.
    """
    if by.id == export.asked_by_id:
        raise Forbidden("own_export", N_("Somebody else must release what you have asked for."))
    if not may_decide(export, by):
        raise Forbidden("level_needed", N_("Only an officer of the same or a higher level may release this."))
    state = ExportState.RELEASED if release else ExportState.REFUSED
    if export.state != ExportState.ASKED:
        if (export.state == ExportState.REFUSED) == (not release):
            return False
        raise Conflict("export_decided", N_("Somebody has decided this already."))
    export.state, export.decided_by_id, export.decided_at, export.note = state, by.id, now, note.strip()
    db.session.flush()
    _audit(f"registry.export_{state}", export, by, now)
    return True


def export_columns(with_id_numbers: bool) -> list[str]:
    """The columns of an export: the household's code, then the standard's fields but those that never leave."""
    left_out = _NEVER if with_id_numbers else _NEVER | {"id_number"}
    fields = (field for about in (About.PERSON, About.MEMBER, About.HOUSEHOLD) for field in fields_about(about))
    return [CODE, *(field.name for field in fields if field.name not in left_out)]


def export_rows(export: FileExport, household_ids: list[int]) -> Iterator[dict[str, Any]]:
    """A row for each member, the household's own values on its head's; their order within a household is the copy's mark."""
    columns = set(export_columns(export.with_id_numbers))
    for at in range(0, len(household_ids), _AT_ONCE):
        some = household_ids[at : at + _AT_ONCE]
        households = db.session.scalars(select(Household).where(Household.id.in_(some)).order_by(Household.code)).all()
        persons: dict[int, list[Person]] = defaultdict(list)
        people = select(Person).where(Person.household_id.in_(some), Person.left_on.is_(None)).order_by(Person.id)
        for person in db.session.scalars(unbounded(people, _RELEASED)):
            persons[person.household_id].append(person)
        of_year = select(FileRecord).where(FileRecord.household_id.in_(some), FileRecord.year == export.year)
        records = {(row.household_id, row.person_id): row for row in db.session.scalars(unbounded(of_year, _RELEASED))}
        for household in households:
            rows = [_row(household, person, records) for person in persons[household.id]]
            kept = [{name: value for name, value in row.items() if name in columns} for row in rows]
            yield from marked(kept, export.public_id, household.code)
        for row in (*records.values(), *(person for members in persons.values() for person in members)):
            db.session.expunge(row)


def _row(household: Household, person: Person, records: dict[tuple[int, int | None], FileRecord]) -> dict[str, Any]:
    about = [records.get((household.id, person.id))]
    if person.relation == "head":
        about.append(records.get((household.id, None)))
    values = {name: value for record in about if record is not None for name, value in known(household, record).items()}
    return {CODE: household.code, **identity(person, household), **values}


def households_to_export(area_code: str) -> list[int]:
    """The ids of the households on file in an area, in the order of their codes."""
    query = select(Household.id).where(within(Household.village_code, area_code)).order_by(Household.code)
    return list(db.session.scalars(query))


def find_released() -> FileExport | None:
    """An export that was released and is not made yet, locked; one that somebody else makes is passed over."""
    query = select(FileExport).where(FileExport.state == ExportState.RELEASED).order_by(FileExport.id).limit(1)
    return db.session.scalars(query.with_for_update(skip_locked=True)).first()


def keep_export(export: FileExport, content: str, household_ids: list[int], *, now: datetime) -> None:
    """Keep the table that was made for a released export, sealed, for as long as the rule says."""
    hours = rule(EXPORT_HOURS, export.area_code, local_day(now)).value
    export.content, export.household_ids, export.state = content, household_ids, ExportState.READY
    export.made_at, export.expires_at = now, now + timedelta(hours=hours)
    db.session.flush()


def take_export(export: FileExport, *, by: Account, now: datetime) -> str:
    """The table of an export that was read with its lock: once, for who asked for it. Every household in it is told.

    Raises
    ------
    Forbidden
        ``not_asked_by_you``.
    Conflict
        ``export_not_ready`` before it is made, ``export_gone`` when it was taken or its time is over.
    """
    if export.asked_by_id != by.id:
        raise Forbidden("not_asked_by_you", N_("Only who asked for the files may take them."))
    if export.state in (ExportState.ASKED, ExportState.RELEASED, ExportState.REFUSED):
        raise Conflict("export_not_ready", N_("These files are not ready."))
    if export.content is None or export.expires_at is None or export.expires_at <= now:
        raise Conflict("export_gone", N_("These files were there to be taken once, and for a short time. They are gone."))
    content = export.content
    homes = select(Household.id, Household.village_code).where(Household.id.in_(export.household_ids))
    note_readings([tuple(row) for row in db.session.execute(homes)], by, EXPORT, now=now)
    export.content, export.state, export.taken_at = None, ExportState.TAKEN, now
    db.session.flush()
    _audit("registry.export_taken", export, by, now, households=len(export.household_ids))
    return content


def forget_exports(*, now: datetime) -> int:
    """Delete the tables whose time is over; answers how many."""
    over = update(FileExport).where(FileExport.state == ExportState.READY, FileExport.expires_at <= now)
    return len(db.session.execute(over.values(content=None, state=ExportState.EXPIRED).returning(FileExport.id)).all())


def _level(account: Account, area_code: str) -> int:
    """The length of the code of the widest area of an officer's that holds this one; 0 for none."""
    return min((len(scope) for scope in scopes(account, RoleKind.OFFICER) if contains(scope, area_code)), default=0)


def _audit(verb: str, export: FileExport, by: Account, now: datetime, **data: Any) -> None:
    audit.record(verb, "file_export", export.public_id, actor=by.public_id, at=now, **data)
