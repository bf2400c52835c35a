"""Samples: who is visited follows from the notice's public name and the list, so anybody can draw again and nobody choose."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select

from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.regions.models import Level
from marketplace.registry.cases import clocks
from marketplace.registry.cases.permissions import Taker, check_level
from marketplace.registry.cases.procedures import ENTRY, Way
from marketplace.registry.cases.taking import lock_cases, take_all
from marketplace.registry.models import (
    Case,
    CaseAction,
    CaseState,
    CaseStep,
    Household,
    Notice,
    NoticeKind,
    Round,
    Sample,
    SampleVisit,
    Stage,
    Visit,
    VisitCause,
    VisitOrder,
)
from marketplace.registry.reading import unbounded
from marketplace.registry.sealing import open_text, seal_text
from marketplace.registry.visits import order_visit

FINDING = "case_sample_visit.sealed_finding"
LEVEL = {Stage.CHECK: Level.TOWNSHIP, Stage.REVIEW: Level.COUNTY}
PASSES = {Stage.CHECK: CaseAction.PASS_CHECK, Stage.REVIEW: CaseAction.PASS_REVIEW}
_STATE = {Stage.CHECK: CaseState.FIRST_CLOSED, Stage.REVIEW: CaseState.SECOND_CLOSED}
_NOTICE = {Stage.CHECK: NoticeKind.ENTRY_FIRST, Stage.REVIEW: NoticeKind.ENTRY_SECOND}
_READ = "a sample of a round that was read within somebody's reach"


def sample_size(number: int, share_bp: int) -> int:
    """How many of ``number`` are visited: the share rounded up, so never fewer than it says, and at least one.

    >>> [sample_size(number, 2000) for number in (1, 5, 6, 10, 11)], sample_size(0, 2000)
    ([1, 1, 2, 2, 3], 0)
    """
    return -(-number * share_bp // 10_000)


def drawn(seed: str, names: Iterable[str], share_bp: int) -> list[str]:
    """The names that a seed draws, in order; it depends on which names there are and not on how they are listed.

    >>> drawn("n/1", "abcdefghij", 2000) == drawn("n/1", "jihgfedcba", 2000)
    True
    """
    listed = sorted(names)
    return sorted(random.Random(seed).sample(listed, sample_size(len(listed), share_bp)))


def draw_sample(of: Round, stage: Stage, cases: Sequence[Case], *, now: datetime) -> Sample:
    """Draw the sample of a stage and order its visits."""
    newest = select(Notice).where(Notice.round_id == of.id, Notice.kind == _NOTICE[stage]).order_by(Notice.id.desc())
    notice = db.session.scalars(newest.limit(1)).one()
    before = select(func.count()).select_from(Sample).where(Sample.round_id == of.id, Sample.stage == stage)
    turn = (db.session.scalar(before) or 0) + 1
    share_bp = clocks.value_of(f"entry.{stage}_share_bp", of.village_code, local_day(now))
    sample = Sample(
        round_id=of.id,
        notice_id=notice.id,
        stage=stage,
        turn=turn,
        seed=f"{notice.public_id}/{turn}",
        share_bp=share_bp,
        drawn_from=len(cases),
        drawn_at=now,
    )
    db.session.add(sample)
    db.session.flush()
    chosen = set(drawn(sample.seed, [case.public_id for case in cases], share_bp))
    for case in cases:
        if case.public_id in chosen:
            where = {"household_id": case.household_id, "village_code": case.village_code}
            db.session.add(SampleVisit(sample_id=sample.id, case_id=case.id, **where))
            # Where the term cannot be counted yet, a visit is due at once rather than never.
            order_visit(
                db.session.get_one(Household, case.household_id),
                VisitCause.CHECK,
                due_on=case.due_on or local_day(now),
                now=now,
                asked_for=case.public_id,
                not_by=case.opened_by_id,
            )
    db.session.flush()
    return sample


def newest_sample(of: Round, stage: Stage) -> Sample | None:
    """The sample drawn last at a stage."""
    query = select(Sample).where(Sample.round_id == of.id, Sample.stage == stage).order_by(Sample.turn.desc())
    return db.session.scalars(query.limit(1)).first()


def visits_of(sample: Sample, *, lock: bool = False) -> list[tuple[SampleVisit, Case, Household]]:
    """The households of a sample in the order of the list."""
    query = (
        select(SampleVisit, Case, Household)
        .join(Case, Case.id == SampleVisit.case_id)
        .join(Household, Household.id == SampleVisit.household_id)
        .where(SampleVisit.sample_id == sample.id)
        .order_by(SampleVisit.id)
    )
    if lock:
        query = query.with_for_update(of=SampleVisit).execution_options(populate_existing=True)
    return [(visit, case, household) for visit, case, household in db.session.execute(unbounded(query, _READ))]


def current_sample(of: Round) -> Sample | None:
    """The sample on which the round waits; None when it waits for something else."""
    query = select(Case.state).where(Case.round_id == of.id, Case.ended_on.is_(None)).limit(1)
    state = db.session.scalar(unbounded(query, _READ))
    stage = None if state is None else stage_of(CaseState(state))
    return None if stage is None else newest_sample(of, stage)


def stage_of(state: CaseState) -> Stage | None:
    """Which sample an application in a state waits for; None where it waits for something else."""
    return next((stage for stage, known in _STATE.items() if known == state), None)


def record_finding(case: Case, of: Round, fit: bool, finding: str, taker: Taker, *, now: datetime) -> SampleVisit:
    """Write down what was found where a household of the sample was visited.

    Raises
    ------
    Conflict
        ``not_sampled`` for a household that is not in it, ``finding_written`` when there is one.
    Forbidden
        ``same_person`` for somebody who has had a part in the case before, ``other_level``.
    Invalid
        ``reason_needed``: what was found is written in words.
    """
    of = lock_rows(Round, [of.id])[of.id]
    sample = current_sample(of)
    visits = [] if sample is None else visits_of(sample, lock=True)
    visit = next((visit for visit, known, _ in visits if known.id == case.id), None)
    if sample is None or visit is None:
        raise Conflict("not_sampled", N_("This household is not in the sample."))
    check_level(taker.account, case.village_code, (LEVEL[Stage(sample.stage)],))
    if taker.account.id == case.opened_by_id or taker.account.id in _earlier(case, sample):
        raise Forbidden("same_person", N_("Somebody else must do this: you have taken an earlier step of this case."))
    if visit.fit is not None:
        raise Conflict("finding_written", N_("What was found here is written down already."))
    if not finding.strip():
        raise Invalid("reason_needed", N_("Please say why."))
    household = lock_rows(Household, [case.household_id])[case.household_id]
    visit.fit, visit.visited_by_id, visit.visited_at = fit, taker.account.id, now
    visit.sealed_finding = seal_text(household, finding.strip(), FINDING)
    _carry_out_order(case, taker, now)
    audit.record(
        "sample.visited", "registry_case", case.public_id, actor=taker.account.public_id, at=now, stage=sample.stage, fit=fit
    )
    db.session.flush()
    return visit


def _earlier(case: Case, sample: Sample) -> set[int]:
    """Who took steps of the case, or visited it for an earlier sample."""
    steps = select(CaseStep.by_id).where(CaseStep.case_id == case.id)
    visits = select(SampleVisit.visited_by_id).where(SampleVisit.case_id == case.id, SampleVisit.sample_id != sample.id)
    found = db.session.scalars(unbounded(steps.union_all(visits), _READ))
    return {number for number in found if number is not None}


def _carry_out_order(case: Case, taker: Taker, now: datetime) -> None:
    query = select(VisitOrder).where(
        VisitOrder.household_id == case.household_id,
        VisitOrder.cause == VisitCause.CHECK,
        VisitOrder.asked_for == case.public_id,
        VisitOrder.visit_id.is_(None),
    )
    order = db.session.scalars(unbounded(query, _READ)).first()
    if order is not None:
        visit = Visit(
            household_id=case.household_id,
            village_code=case.village_code,
            by_id=taker.account.id,
            at=now,
            origin_id=case.public_id,
        )
        db.session.add(visit)
        db.session.flush()
        order.visit_id = visit.id


def finding_of(visit: SampleVisit, household: Household) -> str:
    """What was found, opened; empty before anybody went there."""
    return "" if visit.sealed_finding is None else open_text(household, visit.sealed_finding, FINDING)


def decide_sample(of: Round, taker: Taker, *, now: datetime) -> bool:
    """Draw the only conclusion that a visited sample allows; answers whether the round passed.

    Where all were fit it goes on. Where one was not, that one is refused and all others are looked at anew.

    Raises
    ------
    Conflict
        ``sample_open`` while a household has not been visited, ``case_elsewhere`` when the round waits for no sample.
    Forbidden
        As ``taking.take``.
    """
    of = lock_rows(Round, [of.id])[of.id]
    sample = current_sample(of)
    if sample is None:
        raise Conflict("case_elsewhere", N_("The case has moved on, or is not there yet. Please look at it anew."))
    stage, visits = Stage(sample.stage), visits_of(sample, lock=True)
    live = {case.id: case for case in _live(of)}
    if any(visit.fit is None and case.id in live for visit, case, _ in visits):
        raise Conflict("sample_open", N_("Not every household of the sample has been visited."))
    # One that was refused meanwhile speaks against the list as much as one that was found unfit: nobody refuses a sample away.
    if all(visit.fit and case.id in live for visit, case, _ in visits):
        take_all(list(live.values()), PASSES[stage], taker, now=now, way=Way.SAMPLE)
        return True
    for visit, case, household in visits:
        if not visit.fit and case.id in live:
            take_all([case], CaseAction.REFUSE, taker, now=now, reason=finding_of(visit, household))
            del live[case.id]
    rest = list(live.values())
    if rest:
        take_all(rest, CaseAction.SEND_BACK, taker, now=now, way=Way.SAMPLE)
        # What the county sends back the township looks at again, at a sample of its own.
        if ENTRY[_STATE[stage], CaseAction.SEND_BACK].to == _STATE[Stage.CHECK]:
            draw_sample(of, Stage.CHECK, lock_cases([case.id for case in rest]), now=now)
    return False


def _live(of: Round) -> list[Case]:
    query = select(Case).where(Case.round_id == of.id, Case.ended_on.is_(None)).order_by(Case.id)
    return list(db.session.scalars(unbounded(query, _READ)))


def get_sampled(public_id: str, of: Round) -> Case:
    """A case of a round by its public id."""
    query = select(Case).where(Case.round_id == of.id, Case.public_id == public_id)
    found = db.session.scalars(unbounded(query, _READ)).first()
    if found is None:
        raise NotFound("case_unknown", N_("There is no such case."))
    return found
