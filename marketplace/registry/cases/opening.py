"""Opening a case: an application, a proposal, a clue. None of them changes anything but what is to be done next."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.kernel import ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict
from marketplace.regions.models import Level
from marketplace.registry.cases import clocks
from marketplace.registry.cases.permissions import Taker, check_level
from marketplace.registry.cases.procedures import FIRST
from marketplace.registry.cases.statuses import check_fits
from marketplace.registry.cases.taking import note
from marketplace.registry.models import Case, CaseAction, CaseKind, CaseSource, Household, Risk, Round
from marketplace.registry.reading import unbounded

# Who may write down the first word; the household itself may apply and may say that it is in trouble.
_LEVELS = {
    CaseKind.ENTRY: (Level.VILLAGE, Level.TOWNSHIP),
    CaseKind.EXIT: (Level.VILLAGE, Level.TOWNSHIP),
    CaseKind.MONITORING: (Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY),
}
_ENDS_IN = {
    CaseKind.ENTRY: CaseAction.REGISTER,
    CaseKind.EXIT: CaseAction.LIFT,
    CaseKind.MONITORING: CaseAction.MONITOR,
}


def open_entry(household: Household, source: CaseSource, taker: Taker, *, now: datetime, reason: str = "") -> Case:
    """An application to be registered; it joins its village's round that no assembly has voted on.

    Raises
    ------
    Conflict
        ``case_open`` when there is one already, ``status_elsewhere`` for a household that is registered as poor.
    Forbidden, NotFound
        For an officer of another level or area.
    """
    return _open(household, CaseKind.ENTRY, source, taker, now=now, reason=reason)


def open_exit(
    household: Household, source: CaseSource, taker: Taker, *, now: datetime, reason: str = "", asked_for: str = ""
) -> Case:
    """A proposal that a household leave. Its household does not propose it: it is asked later whether it agrees.

    Raises
    ------
    Conflict, Forbidden, NotFound
        As ``open_entry``.
    """
    return _open(household, CaseKind.EXIT, source, taker, now=now, reason=reason, asked_for=asked_for)


def open_monitoring(
    household: Household, risk: Risk, source: CaseSource, taker: Taker, *, now: datetime, reason: str = ""
) -> Case:
    """A clue that a household may fall into poverty, or back into it.

    Raises
    ------
    Conflict, Forbidden, NotFound
        As ``open_entry``.
    """
    return _open(household, CaseKind.MONITORING, source, taker, now=now, reason=reason, risk=risk)


def _open(
    household: Household,
    kind: CaseKind,
    source: CaseSource,
    taker: Taker,
    *,
    now: datetime,
    reason: str,
    risk: Risk | None = None,
    asked_for: str = "",
) -> Case:
    if not taker.as_household or kind is CaseKind.EXIT:
        check_level(taker.account, household.village_code, _LEVELS[kind])
    day = local_day(now)
    village_round = join_round(household.village_code, now=now) if kind is CaseKind.ENTRY else None
    household = lock_rows(Household, [household.id])[household.id]
    check_fits(kind, _ENDS_IN[kind], household.id, day)
    if find_open(household, kind) is not None:
        raise Conflict("case_open", N_("There is such a case for this household already."))
    state = FIRST[kind]
    due = clocks.state_due(kind, state, household.village_code, day, day)
    case = Case(
        household_id=household.id,
        village_code=household.village_code,
        kind=kind,
        state=state,
        source=source,
        risk=risk,
        round_id=None if village_round is None else village_round.id,
        asked_for=asked_for,
        opened_by_id=taker.account.id,
        opened_on=day,
        entered_on=day,
        due_on=due.on,
        due_provisional=due.provisional,
    )
    db.session.add(case)
    db.session.flush()
    note([case], None, taker, now=now, reason=reason)
    return case


def find_open(household: Household, kind: CaseKind) -> Case | None:
    """The case of a kind that is not over."""
    query = select(Case).where(Case.household_id == household.id, Case.kind == kind, Case.ended_on.is_(None))
    return db.session.scalars(unbounded(query, "a household that was read already")).first()


def join_round(village_code: str, *, now: datetime) -> Round:
    """The village's round that takes applications, locked; opened when there is none."""
    opened = insert(Round).values(public_id=ids.public_id(), village_code=village_code, opened_on=local_day(now))
    query = select(Round).where(Round.village_code == village_code, Round.closed_on.is_(None)).with_for_update()
    found = db.session.scalars(query).first()
    while found is None:
        # Of two that open it at the same moment one waits at the index and then joins the other's.
        db.session.execute(
            opened.on_conflict_do_nothing(index_elements=["village_code"], index_where=Round.closed_on.is_(None))
        )
        found = db.session.scalars(query).first()
    return found
