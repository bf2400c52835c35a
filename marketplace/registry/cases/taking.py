"""Taking a step: the same checks, the same writing down and the same clock for every procedure."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.registry.cases import clocks
from marketplace.registry.cases.notices import close_notices, hang_out
from marketplace.registry.cases.permissions import Taker, check_may_take
from marketplace.registry.cases.procedures import CHANGES_STATUS, TABLES, Step, Way, is_final, step_for
from marketplace.registry.cases.statuses import change_statuses
from marketplace.registry.models import Case, CaseAction, CaseKind, CaseState, CaseStep, Household, RegistryRevision
from marketplace.registry.reading import unbounded
from marketplace.registry.sealing import seal_text
from marketplace.registry.service import open_revision

REASON = "case_step.sealed_reason"
_READ = "cases that were read within somebody's reach"
_LONGEST_REASON = 400


def lock_cases(case_ids: Sequence[int]) -> list[Case]:
    """Cases as they stand now, so that nobody else takes a step of them before the end of the transaction."""
    query = (
        select(Case)
        .where(Case.id.in_(case_ids))
        .order_by(Case.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(unbounded(query, _READ)))


def take(case: Case, action: CaseAction, taker: Taker, *, now: datetime, reason: str = "") -> bool:
    """Take a step that an officer or the household takes by itself; False when it was taken already.

    Raises
    ------
    Conflict
        ``case_elsewhere`` when the case has moved on; ``too_early`` before a notice has hung for its full length;
        ``objection_open``; ``in_a_round`` for what is done to a village's whole round.
    Forbidden
        As ``check_may_take``; ``not_by_hand`` for what follows from a vote, a sample or an objection.
    Invalid
        ``reason_needed``.
    """
    in_round = case.kind == CaseKind.ENTRY and action not in (CaseAction.REFUSE, CaseAction.WITHDRAW)
    if in_round and (CaseState(case.state), action) in TABLES[CaseKind.ENTRY]:
        raise Conflict("in_a_round", N_("This is done for all applications of the round together."))
    return bool(take_all([case], action, taker, now=now, reason=reason))


def take_all(
    cases: Sequence[Case], action: CaseAction, taker: Taker, *, now: datetime, reason: str = "", way: Way = Way.HAND
) -> list[Case]:
    """Take the same step of several cases of one village and one kind; answers those that moved, none when all had before.

    Raises
    ------
    Conflict, Forbidden, Invalid
        As ``take``.
    """
    found = lock_cases([case.id for case in cases])
    steps = {case.id: step_for(CaseKind(case.kind), CaseState(case.state), action) for case in found}
    moving = [case for case in found if steps[case.id] is not None]
    if not moving:
        return []
    kind, before = CaseKind(moving[0].kind), CaseState(moving[0].state)
    if any((case.kind, case.state) != (kind, before) for case in moving):
        raise Conflict("case_elsewhere", N_("The case has moved on, or is not there yet. Please look at it anew."))
    step = TABLES[kind][before, action]
    day = local_day(now)
    _check(step, moving, taker, day, reason, way)
    if step.waits:
        close_notices(moving, day)
    revision = _change_statuses(kind, action, moving, taker, day, now)
    move(moving, action, step, taker, now=now, reason=reason, revision=revision)
    if step.publishes is not None:
        hang_out(moving, step.publishes, taker.account, day)
    return moving


def _check(step: Step, cases: Sequence[Case], taker: Taker, day: date, reason: str, way: Way) -> None:
    by_hand = way is Way.HAND and step.way in (Way.HAND, Way.HOUSEHOLD)
    if step.way is not way and not by_hand:
        raise Forbidden("not_by_hand", N_("This follows from a vote, a sample or an objection, and is not done by hand."))
    taken = takers_of([case.id for case in cases])
    for case in cases:
        check_may_take(step, case.village_code, taker, taken[case.id])
        if step.waits and case.not_before_on is not None and day < case.not_before_on:
            words = N_("This is possible from %(day)s on.")
            raise Conflict("too_early", words, day=case.not_before_on.isoformat())
    if len(reason) > _LONGEST_REASON:
        raise Invalid("reason_long", N_("Please write less."))
    if step.needs_reason and not taker.as_household and not reason.strip():
        raise Invalid("reason_needed", N_("Please say why."))


def takers_of(case_ids: Sequence[int]) -> dict[int, dict[CaseAction, set[int]]]:
    """Who has taken which steps of some cases."""
    query = select(CaseStep.case_id, CaseStep.action, CaseStep.by_id).where(
        CaseStep.case_id.in_(case_ids), CaseStep.action.is_not(None)
    )
    found: dict[int, dict[CaseAction, set[int]]] = defaultdict(lambda: defaultdict(set))
    for case_id, action, by_id in db.session.execute(unbounded(query, _READ)):
        found[case_id][CaseAction(action)].add(by_id)
    return found


def _change_statuses(
    kind: CaseKind, action: CaseAction, cases: Sequence[Case], taker: Taker, day: date, now: datetime
) -> RegistryRevision | None:
    if (kind, action) not in CHANGES_STATUS:
        return None
    reason = f"{kind} {cases[0].public_id}" if len(cases) == 1 else f"{kind}, {len(cases)} cases from {cases[0].public_id} on"
    revision = open_revision(reason, actor=taker.account.public_id, now=now)
    household_ids = [case.household_id for case in cases]
    change_statuses(kind, action, household_ids, revision, day, now)
    _end_others(kind, action, household_ids, taker, revision, now)
    return revision


# Which other procedure of the same household ends with a step, and how: who is poor again has come back from tracking.
_ENDS_WITH = {
    (CaseKind.ENTRY, CaseAction.REGISTER): {CaseKind.EXIT: CaseAction.RETURN, CaseKind.MONITORING: CaseAction.HAND_OVER},
    (CaseKind.MONITORING, CaseAction.MONITOR): {CaseKind.EXIT: CaseAction.HAND_OVER},
}


def _end_others(
    kind: CaseKind, action: CaseAction, household_ids: Sequence[int], taker: Taker, revision: RegistryRevision, now: datetime
) -> None:
    for other, ending in _ENDS_WITH.get((kind, action), {}).items():
        states = [state for (state, known) in TABLES[other] if known is ending]
        query = select(Case.id).where(Case.household_id.in_(household_ids), Case.kind == other, Case.state.in_(states))
        found = lock_cases(db.session.scalars(unbounded(query, "other procedures of households that were read")).all())
        for case in found:
            move([case], ending, TABLES[other][CaseState(case.state), ending], taker, now=now, revision=revision)


def move(
    cases: Sequence[Case],
    action: CaseAction,
    step: Step,
    taker: Taker,
    *,
    now: datetime,
    reason: str = "",
    revision: RegistryRevision | None = None,
) -> None:
    """Write down that a step was taken, and set the clock of the state it leads to; all that may refuse it has been asked."""
    day = local_day(now)
    for case in cases:
        kind = CaseKind(case.kind)
        case.state, case.entered_on, case.not_before_on = step.to, day, None
        case.due_on, case.due_provisional = clocks.state_due(kind, step.to, case.village_code, case.opened_on, day)
        if step.to is CaseState.TRACKED:
            tracked_until = clocks.last_day("exit.tracking", case.village_code, day)
            case.not_before_on = tracked_until + timedelta(days=1)
            case.due_on, case.due_provisional = clocks.state_due(
                kind, step.to, case.village_code, case.opened_on, tracked_until
            )
        if is_final(kind, step.to):
            case.ended_on = day
    note(cases, action, taker, now=now, reason=reason, revision=revision)


def note(
    cases: Sequence[Case],
    action: CaseAction | None,
    taker: Taker,
    *,
    now: datetime,
    reason: str = "",
    revision: RegistryRevision | None = None,
) -> None:
    """Add the rows that say who did what to these cases."""
    # A first reason makes the household's key, which two at a time must not.
    households = lock_rows(Household, [case.household_id for case in cases]) if reason.strip() else {}
    for case in cases:
        household = households.get(case.household_id)
        db.session.add(
            CaseStep(
                case_id=case.id,
                household_id=case.household_id,
                village_code=case.village_code,
                action=action,
                state=case.state,
                by_id=taker.account.id,
                by_household=taker.as_household,
                at=now,
                revision_id=None if revision is None else revision.id,
                sealed_reason=None if household is None else seal_text(household, reason.strip(), REASON),
            )
        )
        audit.record(
            f"case.{action or 'opened'}",
            "registry_case",
            case.public_id,
            actor=taker.account.public_id,
            at=now,
            kind=case.kind,
            state=str(case.state),
        )
    db.session.flush()
