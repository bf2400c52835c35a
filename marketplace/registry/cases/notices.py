"""Notices: what hangs out in the village and stands on a page until its time is over, and nothing of it longer.

The page shows a family name and 某, never a whole name; the sheet that hangs in the village has the whole name, because there
everybody knows everybody and the law wants them to be able to object. Neither shows numbers, telephones, accounts or health.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.regions.models import Level
from marketplace.registry.cases import clocks
from marketplace.registry.cases.names import shown_as
from marketplace.registry.cases.permissions import check_level
from marketplace.registry.cases.procedures import TABLES, objection_level
from marketplace.registry.filing import NAME
from marketplace.registry.models import (
    Assembly,
    AssemblyVote,
    Case,
    CaseKind,
    CaseState,
    Household,
    Notice,
    NoticeKind,
    NoticeLine,
    Objection,
    ObjectionState,
    Person,
)
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.sealing import open_text

_PUBLIC = "what a notice makes known to everybody"
_READ = "notices of cases that were read within somebody's reach"
_LONGEST_PROLONGING = 30
_NOT_SHOWN = (CaseState.REFUSED, CaseState.WITHDRAWN)


@dataclass(frozen=True)
class Line:
    """A household on a notice, as everybody may see it; votes where an assembly has voted."""

    position: int
    shown_as: str
    persons: int
    in_favour: int | None
    against: int | None


@dataclass(frozen=True)
class Shown:
    """A notice as everybody may see it."""

    notice: Notice
    lines: list[Line]
    assembly: Assembly | None


def hang_out(cases: Sequence[Case], kind: NoticeKind, by: Account, day: date) -> Notice:
    """Hang out a notice about cases of one village; their clocks wait until it has hung for its full length.

    Raises
    ------
    CalendarEnds
        When its length cannot be counted.
    """
    village = cases[0].village_code
    closes_on = clocks.last_day(f"notice.{kind}", village, day)
    notice = Notice(
        kind=kind,
        village_code=village,
        round_id=cases[0].round_id,
        published_on=day,
        closes_on=closes_on,
        gone_on=clocks.last_day("notice.grace", village, closes_on),
        published_by_id=by.id,
    )
    db.session.add(notice)
    db.session.flush()
    people = heads_and_numbers([case.household_id for case in cases])
    for position, case in enumerate(cases, 1):
        name, persons = people.get(case.household_id, ("", 0))
        db.session.add(
            NoticeLine(
                notice_id=notice.id,
                case_id=case.id,
                household_id=case.household_id,
                village_code=village,
                position=position,
                shown_as=shown_as(name),
                persons=persons,
            )
        )
        if case.state != CaseState.TRACKED:
            _wait_for(case, closes_on)
    db.session.flush()
    return notice


def _wait_for(case: Case, closes_on: date) -> None:
    case.not_before_on = closes_on + timedelta(days=1)
    if CaseKind(case.kind) is not CaseKind.MONITORING or case.state == CaseState.REMOVAL_NOTICE:
        case.due_on, case.due_provisional = clocks.due_day("notice.close", case.village_code, closes_on)


def heads_and_numbers(household_ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """The name of each household's head and the number of its members."""
    query = (
        select(Person.household_id, func.count())
        .where(Person.household_id.in_(household_ids), Person.left_on.is_(None))
        .group_by(Person.household_id)
    )
    numbers = dict(db.session.execute(unbounded(query, _READ)).all())
    heads = (
        select(Person, Household)
        .join(Household, Household.id == Person.household_id)
        .where(Person.household_id.in_(household_ids), Person.relation == "head", Person.left_on.is_(None))
    )
    names = {
        household.id: open_text(household, person.sealed_name, NAME)
        for person, household in db.session.execute(unbounded(heads, _READ))
    }
    return {number: (names.get(number, ""), numbers.get(number, 0)) for number in household_ids}


def open_notices(case_ids: Sequence[int]) -> list[Notice]:
    """The notices that hang out for these cases, locked, so that an objection comes before their closing or after it."""
    on = select(NoticeLine.notice_id).where(NoticeLine.case_id.in_(case_ids))
    query = select(Notice).where(Notice.id.in_(on), Notice.closed_on.is_(None)).order_by(Notice.id).with_for_update()
    return list(db.session.scalars(unbounded(query.execution_options(populate_existing=True), _READ)))


def close_notices(cases: Sequence[Case], day: date) -> None:
    """End the notices of cases whose next step waits for them.

    Raises
    ------
    Conflict
        ``too_early`` before a notice's full length is over; ``objection_open``.
    """
    for notice in open_notices([case.id for case in cases]):
        if day <= notice.closes_on:
            words = N_("This is possible from %(day)s on.")
            raise Conflict("too_early", words, day=(notice.closes_on + timedelta(days=1)).isoformat())
        if open_objections(notice):
            raise Conflict("objection_open", N_("An objection to this notice has not been decided yet."))
        notice.closed_on = day
    db.session.flush()


def open_objections(notice: Notice) -> int:
    """How many objections to a notice nobody has decided."""
    query = select(func.count()).where(Objection.notice_id == notice.id, Objection.state == ObjectionState.OPEN)
    return db.session.scalar(unbounded(query.select_from(Objection), _READ)) or 0


def deciding_level(kind: NoticeKind) -> Level | None:
    """Who decides on objections to a notice of a kind; None for an announcement, to which there are none."""
    for procedure, table in TABLES.items():
        for step in table.values():
            if step.publishes is kind:
                announces = kind in (NoticeKind.ENTRY_ANNOUNCEMENT, NoticeKind.EXIT_ANNOUNCEMENT)
                return None if announces else objection_level(procedure, step.to)
    raise LookupError(f"no step hangs out {kind}")


def prolong(notice: Notice, days: int, by: Account, *, now: datetime) -> None:
    """Let a notice hang for some days more.

    Raises
    ------
    Invalid
        ``days_invalid`` for none, or more than a month.
    Conflict
        ``notice_closed``.
    """
    publishing = next(step for table in TABLES.values() for step in table.values() if step.publishes == notice.kind)
    check_level(by, notice.village_code, publishing.levels)
    if not 1 <= days <= _LONGEST_PROLONGING:
        raise Invalid("days_invalid", N_("Please give 1 to %(most)s days."), most=_LONGEST_PROLONGING)
    query = select(Notice).where(Notice.id == notice.id).with_for_update().execution_options(populate_existing=True)
    notice = db.session.scalars(query).one()
    if notice.closed_on is not None:
        raise Conflict("notice_closed", N_("This notice is closed already."))
    notice.closes_on += timedelta(days=days)
    notice.gone_on += timedelta(days=days)
    on = select(NoticeLine.case_id).where(NoticeLine.notice_id == notice.id)
    cases = select(Case).where(Case.id.in_(on), Case.ended_on.is_(None)).with_for_update(key_share=True)
    for case in db.session.scalars(unbounded(cases, _READ)):
        _wait_for(case, notice.closes_on)
    audit.record("notice.prolonged", "case_notice", notice.public_id, actor=by.public_id, at=now, days=days)
    db.session.flush()


def stop_notice(notice: Notice, day: date) -> list[Case]:
    """Take a notice down before its time; answers the cases on it that waited for it, which nothing has moved yet."""
    notice.closed_on = notice.stopped_on = day
    on = select(NoticeLine.case_id).where(NoticeLine.notice_id == notice.id)
    query = select(Case).where(Case.id.in_(on), Case.ended_on.is_(None)).order_by(Case.id)
    db.session.flush()
    return list(db.session.scalars(unbounded(query, _READ)))


def _is_public(now: datetime) -> ColumnElement[bool]:
    return and_(Notice.gone_on >= local_day(now), Notice.stopped_on.is_(None))


def public_notices(village_code: str, *, now: datetime) -> list[Notice]:
    """The notices of a village whose pages can be read, newest first."""
    query = select(Notice).where(Notice.village_code == village_code, _is_public(now))
    return list(db.session.scalars(query.order_by(Notice.published_on.desc(), Notice.id.desc())))


def villages_with_notices(area_code: str, *, now: datetime) -> dict[str, int]:
    """How many notices can be read in each village of an area that has some."""
    query = (
        select(Notice.village_code, func.count())
        .where(Notice.village_code.startswith(area_code, autoescape=True), _is_public(now))
        .group_by(Notice.village_code)
        .order_by(Notice.village_code)
    )
    return dict(db.session.execute(query).all())


def get_notice(public_id: str) -> Notice:
    """The notice, or ``NotFound``."""
    notice = db.session.scalars(select(Notice).filter_by(public_id=public_id)).first()
    if notice is None:
        raise NotFound("notice_unknown", N_("There is no such notice, or it is over."))
    return notice


def read_notice(public_id: str, *, now: datetime) -> Shown:
    """A notice for everybody.

    Raises
    ------
    NotFound
        ``notice_over`` after its time, ``notice_unknown`` for none.
    """
    notice = get_notice(public_id)
    if not notice.is_public(local_day(now)):
        raise NotFound("notice_over", N_("There is no such notice, or it is over."))
    return shown(notice)


def shown(notice: Notice) -> Shown:
    """What everybody may see of a notice; a household whose case was refused or withdrawn meanwhile is no longer on it."""
    assembly = None
    if notice.round_id is not None:
        newest = select(Assembly).where(Assembly.round_id == notice.round_id, Assembly.counted).order_by(Assembly.id.desc())
        assembly = db.session.scalars(newest.limit(1)).first()
    votes = {}
    if assembly is not None:
        query = select(AssemblyVote).where(AssemblyVote.assembly_id == assembly.id)
        votes = {vote.case_id: vote for vote in db.session.scalars(unbounded(query, _PUBLIC))}
    query = (
        select(NoticeLine)
        .join(Case, Case.id == NoticeLine.case_id)
        .where(NoticeLine.notice_id == notice.id, Case.state.not_in(_NOT_SHOWN))
        .order_by(NoticeLine.position)
    )
    lines = [
        Line(
            line.position,
            line.shown_as,
            line.persons,
            votes[line.case_id].in_favour if line.case_id in votes else None,
            votes[line.case_id].against if line.case_id in votes else None,
        )
        for line in db.session.scalars(unbounded(query, _PUBLIC))
    ]
    return Shown(notice, lines, assembly)


def sheet(notice: Notice, reach: Reach) -> list[tuple[Line, Household, str]]:
    """The lines of the printed sheet with the whole name of each household's head, for an officer of the village.

    Whoever shows it writes down that each file was read (``FileReading``).

    Raises
    ------
    NotFound
        ``notice_unknown`` outside the reach.
    """
    if not reach.holds(notice.village_code):
        raise NotFound("notice_unknown", N_("There is no such notice, or it is over."))
    lines = {line.position: line for line in shown(notice).lines}
    query = select(NoticeLine, Household).join(Household, Household.id == NoticeLine.household_id)
    query = query.where(NoticeLine.notice_id == notice.id).order_by(NoticeLine.position)
    rows = db.session.execute(reach.over(query, NoticeLine.village_code)).all()
    people = heads_and_numbers([household.id for _, household in rows])
    return [(lines[row.position], household, people[household.id][0]) for row, household in rows if row.position in lines]
