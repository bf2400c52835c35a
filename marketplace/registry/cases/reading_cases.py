"""Reading cases: one with its steps, those of a household, and what is due at an officer's level."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, false, func, or_, select, tuple_

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel.db import db
from marketplace.kernel.errors import DomainError
from marketplace.regions.models import Level
from marketplace.regions.queries import within
from marketplace.registry.cases.notices import deciding_level
from marketplace.registry.cases.permissions import Taker, case_unknown, check_may_take
from marketplace.registry.cases.procedures import TABLES, Way, steps_from
from marketplace.registry.cases.taking import REASON, takers_of
from marketplace.registry.models import (
    Case,
    CaseAction,
    CaseKind,
    CaseState,
    CaseStep,
    Household,
    Notice,
    NoticeKind,
    NoticeLine,
    Objection,
    ObjectionState,
    Round,
)
from marketplace.registry.reading import Reach, unbounded
from marketplace.registry.sealing import open_text

_READ = "a case that was read within somebody's reach"
AT_MOST = 200


def get_case(public_id: str, reach: Reach) -> tuple[Case, Household]:
    """The case with its household, or ``NotFound`` as well outside the reach."""
    query = select(Case, Household).join(Household, Household.id == Case.household_id).where(Case.public_id == public_id)
    found = db.session.execute(reach.over(query, Case.village_code)).first()
    if found is None:
        raise case_unknown()
    return found[0], found[1]


def cases_of(household: Household) -> list[Case]:
    """All cases of a household that was read within somebody's reach, newest first."""
    query = select(Case).where(Case.household_id == household.id).order_by(Case.id.desc())
    return list(db.session.scalars(unbounded(query, _READ)))


def round_of(case: Case) -> Round | None:
    """The round that a case goes with."""
    return None if case.round_id is None else db.session.get_one(Round, case.round_id)


@dataclass(frozen=True)
class Taken:
    """A step that was taken, with who took it and why."""

    step: CaseStep
    by: str
    reason: str


def steps_of(case: Case, household: Household) -> list[Taken]:
    """The steps of a case, oldest first."""
    query = (
        select(CaseStep, Account.display_name)
        .join(Account, Account.id == CaseStep.by_id)
        .where(CaseStep.case_id == case.id)
        .order_by(CaseStep.id)
    )
    return [
        Taken(step, name, "" if step.sealed_reason is None else open_text(household, step.sealed_reason, REASON))
        for step, name in db.session.execute(unbounded(query, _READ))
    ]


def notices_of(case: Case) -> list[Notice]:
    """The notices that a case was or is on, oldest first."""
    on = select(NoticeLine.notice_id).where(NoticeLine.case_id == case.id)
    return list(db.session.scalars(unbounded(select(Notice).where(Notice.id.in_(on)).order_by(Notice.id), _READ)))


def possible_steps(case: Case, taker: Taker) -> list[CaseAction]:
    """What somebody may do next, by hand or as the household; time and open objections may still stand against it."""
    kind = CaseKind(case.kind)
    taken = takers_of([case.id])[case.id]
    found = []
    for action, step in steps_from(kind, CaseState(case.state)).items():
        if step.way not in (Way.HAND, Way.HOUSEHOLD):
            continue
        try:
            check_may_take(step, case.village_code, taker, taken)
        except DomainError:
            continue
        found.append(action)
    return found


@dataclass(frozen=True)
class Due:
    """Something that an officer's level is to do: for one household, or for a village's whole round."""

    case: Case
    household: Household
    round: Round | None
    number: int


# What the household itself has to do is on the list of those who may write down what it says.
_WAYS = (Way.HAND, Way.HOUSEHOLD, Way.ASSEMBLY, Way.SAMPLE)


def waiting_states(level: int) -> list[tuple[CaseKind, CaseState]]:
    """The states out of which an officer of a level leads; those that merely may be ended by them are not among them."""
    found = set()
    for kind, table in TABLES.items():
        for (state, action), step in table.items():
            leads_on = action not in (CaseAction.REFUSE, CaseAction.WITHDRAW, CaseAction.KEEP, CaseAction.PROPOSE_REMOVAL)
            if level in step.levels and step.way in _WAYS and leads_on:
                found.add((kind, state))
    return sorted(found)


def _mine(account: Account, area_code: str) -> ColumnElement[bool]:
    conditions = [
        and_(within(Case.village_code, code), tuple_(Case.kind, Case.state).in_(waiting_states(len(code))))
        for code in scopes(account, RoleKind.OFFICER)
        if waiting_states(len(code))
    ]
    return and_(within(Case.village_code, area_code), or_(*conditions)) if conditions else false()


def due_list(account: Account, area_code: str, reach: Reach, today: date) -> tuple[list[Due], int]:
    """What waits for an officer within one of their areas, the latest first; and how many entries there are altogether.

    What cannot be done yet, because a notice or a year of tracking runs, is not on it. A round is one entry.
    """
    ready = or_(Case.not_before_on.is_(None), Case.not_before_on <= today)
    entry = func.coalesce(Case.round_id, -Case.id)
    grouped = (
        select(func.min(Case.id).label("id"), func.count().label("number"), func.min(Case.due_on).label("due_on"))
        .where(Case.ended_on.is_(None), ready, _mine(account, area_code))
        .group_by(entry)
        .subquery()
    )
    query = (
        select(Case, Household, Round, grouped.c.number, func.count().over().label("entries"))
        .join(grouped, grouped.c.id == Case.id)
        .join(Household, Household.id == Case.household_id)
        .outerjoin(Round, Round.id == Case.round_id)
        .order_by(grouped.c.due_on.nulls_first(), Case.id)
        .limit(AT_MOST)
    )
    rows = db.session.execute(reach.over(query, Case.village_code)).all()
    found = [Due(case, household, village_round, number) for case, household, village_round, number, _ in rows]
    return found, rows[0].entries if rows else 0


def open_cases(reach: Reach, kind: CaseKind | None = None, *, limit: int = AT_MOST) -> list[tuple[Case, Household]]:
    """Cases that are not over, whoever's turn it is, the most urgent first."""
    query = select(Case, Household).join(Household, Household.id == Case.household_id).where(Case.ended_on.is_(None))
    if kind is not None:
        query = query.where(Case.kind == kind)
    query = query.order_by(Case.due_on.nulls_last(), Case.id).limit(limit)
    return [(case, household) for case, household in db.session.execute(reach.over(query, Case.village_code))]


def objections_due(account: Account, area_code: str, reach: Reach) -> list[tuple[Objection, Notice]]:
    """Open objections that an officer's level decides, the latest first."""
    conditions = []
    for code in scopes(account, RoleKind.OFFICER):
        kinds = [kind for kind in NoticeKind if deciding_level(kind) == len(code)]
        if kinds:
            conditions.append(and_(within(Objection.village_code, code), Notice.kind.in_(kinds)))
    query = (
        select(Objection, Notice)
        .join(Notice, Notice.id == Objection.notice_id)
        .where(Objection.state == ObjectionState.OPEN, within(Objection.village_code, area_code))
        .where(or_(*conditions) if conditions else false())
        .order_by(Objection.due_on.nulls_first(), Objection.id)
        .limit(AT_MOST)
    )
    return [(objection, notice) for objection, notice in db.session.execute(reach.over(query, Objection.village_code))]


def levels_of_office(account: Account) -> set[Level]:
    """The levels at which an account is an officer."""
    return {Level(len(code)) for code in scopes(account, RoleKind.OFFICER) if code}


def names_of_accounts(ids: Sequence[int]) -> dict[int, str]:
    """The display names of accounts by id."""
    rows = db.session.execute(select(Account.id, Account.display_name).where(Account.id.in_(set(ids))))
    return dict(rows.all())
