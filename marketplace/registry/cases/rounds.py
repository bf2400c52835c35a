"""A village's round: its assembly's votes, and the steps that all its applications take together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.regions.models import Level
from marketplace.registry.cases import clocks
from marketplace.registry.cases.permissions import Taker, check_level
from marketplace.registry.cases.procedures import Way
from marketplace.registry.cases.samples import draw_sample
from marketplace.registry.cases.taking import take_all
from marketplace.registry.models import (
    Assembly,
    AssemblyVote,
    Case,
    CaseAction,
    CaseState,
    Household,
    Round,
    Stage,
)
from marketplace.registry.reading import Reach, unbounded

_READ = "the cases of a round that was read within somebody's reach"
_DRAWS_AFTER = {CaseAction.CLOSE_FIRST: Stage.CHECK, CaseAction.CLOSE_SECOND: Stage.REVIEW}


@dataclass(frozen=True)
class Votes:
    """How an assembly voted on one application; who did neither abstained."""

    in_favour: int
    against: int


def has_quorum(present: int, entitled: int, quorum: Sequence[int]) -> bool:
    """Whether enough came: at least ``quorum`` of those entitled, in whole numbers.

    >>> [has_quorum(present, 30, (2, 3)) for present in (19, 20)], has_quorum(67, 100, (2, 3)), has_quorum(66, 100, (2, 3))
    ([False, True], True, False)
    """
    numerator, denominator = quorum
    return present * denominator >= entitled * numerator


def has_majority(in_favour: int, present: int, majority: Sequence[int]) -> bool:
    """Whether more than ``majority`` of those present were in favour; exactly as many are too few.

    >>> has_majority(10, 20, (1, 2)), has_majority(11, 20, (1, 2))
    (False, True)
    """
    numerator, denominator = majority
    return in_favour * denominator > present * numerator


def get_round(public_id: str, reach: Reach, *, lock: bool = False) -> Round:
    """The round, or ``NotFound`` as well outside the reach."""
    found = db.session.scalars(select(Round).filter_by(public_id=public_id)).first()
    if found is None or not reach.holds(found.village_code):
        raise NotFound("round_unknown", N_("There is no such round."))
    return lock_rows(Round, [found.id])[found.id] if lock else found


def live_cases(of: Round) -> list[Case]:
    """The applications of a round that are not over, in the order in which they came."""
    query = select(Case).where(Case.round_id == of.id, Case.ended_on.is_(None)).order_by(Case.id)
    return list(db.session.scalars(unbounded(query, _READ)))


def all_cases(of: Round) -> list[tuple[Case, Household]]:
    """All applications of a round, those that are over too, with their households."""
    query = select(Case, Household).join(Household, Household.id == Case.household_id).where(Case.round_id == of.id)
    return [(case, household) for case, household in db.session.execute(unbounded(query.order_by(Case.id), _READ))]


def round_state(cases: Sequence[Case]) -> CaseState | None:
    """The state that the live applications of a round share; None when all are over."""
    return next((CaseState(case.state) for case in cases if case.ended_on is None), None)


def hold_assembly(
    of: Round,
    held_on: date,
    entitled: int,
    present: int,
    votes: Mapping[str, Votes],
    taker: Taker,
    *,
    now: datetime,
) -> Assembly:
    """Write down an assembly and, where enough came, carry out what it has voted.

    Parameters
    ----------
    votes : mapping of a case's public id to Votes
        One for each application of the round; not needed where the quorum was missed.

    Raises
    ------
    Invalid
        ``assembly_invalid`` for numbers or a day that cannot be, ``votes_missing`` when an application has none.
    Conflict
        ``case_elsewhere`` when the round is not before its assembly.
    """
    of = lock_rows(Round, [of.id])[of.id]
    check_level(taker.account, of.village_code, (Level.VILLAGE,))
    cases, day = live_cases(of), local_day(now)
    if not cases or any(case.state != CaseState.APPLIED for case in cases):
        raise Conflict("case_elsewhere", N_("The case has moved on, or is not there yet. Please look at it anew."))
    if not 0 < entitled <= 100_000 or not 0 <= present <= entitled or not of.opened_on <= held_on <= day:
        raise Invalid("assembly_invalid", N_("Please check the day and how many came of how many."))
    counted = has_quorum(present, entitled, clocks.value_of("entry.quorum", of.village_code, held_on))
    if counted and set(votes) != {case.public_id for case in cases}:
        raise Invalid("votes_missing", N_("Please write down the votes on every application."))
    if any(min(vote.in_favour, vote.against) < 0 or vote.in_favour + vote.against > present for vote in votes.values()):
        raise Invalid("votes_invalid", N_("There are more votes on an application than people who came."))
    assembly = Assembly(
        round_id=of.id,
        held_on=held_on,
        entitled=entitled,
        present=present,
        counted=counted,
        recorded_by_id=taker.account.id,
        recorded_at=now,
    )
    db.session.add(assembly)
    db.session.flush()
    audit.record(
        "assembly.held",
        "case_round",
        of.public_id,
        actor=taker.account.public_id,
        at=now,
        entitled=entitled,
        present=present,
        counted=counted,
    )
    if counted:
        _count(of, assembly, cases, votes, taker, now)
    return assembly


def _count(of: Round, assembly: Assembly, cases: list[Case], votes: Mapping[str, Votes], taker: Taker, now: datetime) -> None:
    majority = clocks.value_of("entry.majority", of.village_code, assembly.held_on)
    for case in cases:
        vote = votes[case.public_id]
        db.session.add(
            AssemblyVote(
                assembly_id=assembly.id,
                case_id=case.id,
                household_id=case.household_id,
                village_code=case.village_code,
                in_favour=vote.in_favour,
                against=vote.against,
            )
        )
    accepted = [case for case in cases if has_majority(votes[case.public_id].in_favour, assembly.present, majority)]
    rejected = [case for case in cases if case not in accepted]
    for group, action in ((accepted, CaseAction.VOTE_IN), (rejected, CaseAction.VOTE_DOWN)):
        take_all(group, action, taker, now=now, way=Way.ASSEMBLY)
    if of.closed_on is None:
        of.closed_on = local_day(now)
    db.session.flush()


def take_round(of: Round, action: CaseAction, taker: Taker, *, now: datetime) -> bool:
    """Take a step of all applications of a round that are not over; False when it was taken already.

    With the end of a notice the sample of the check behind it is drawn in the same act.

    Raises
    ------
    Conflict, Forbidden
        As ``taking.take``; ``round_over`` when no application is left.
    """
    of = lock_rows(Round, [of.id])[of.id]
    cases = live_cases(of)
    if not cases:
        raise Conflict("round_over", N_("No application of this round is left."))
    moved = take_all(cases, action, taker, now=now)
    if moved and action in _DRAWS_AFTER:
        draw_sample(of, _DRAWS_AFTER[action], moved, now=now)
    return bool(moved)
