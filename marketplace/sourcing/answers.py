"""A seller's word on its parts of plans: yes, no, or none in time. Whoever holds its mandate may say it for the seller."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace.kernel import audit
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, NotFound
from marketplace.kernel.steps import step
from marketplace.sourcing.models import Demand, DemandDelivery, PlanPart, SupplyDeclaration, SupplyWeek
from marketplace.sourcing.states import PLAN_PARTS, PlanPartAction, PlanPartState

_AT_ONCE = 500
CLOCK = "clock"


def answer_part(public_id: str, producer_id: int, *, accept: bool, actor: str, now: datetime) -> bool:
    """Say yes or no to a part of one's own; False when the same was said before. A no sets its grams free again.

    Raises
    ------
    NotFound
        ``part_unknown``.
    Conflict
        ``part_lapsed`` after the last moment; ``plan_part_state`` when something else was said, or the part was cut.
    """
    found = db.session.execute(
        select(PlanPart.id, PlanPart.week_id).where(
            PlanPart.public_id == public_id,
            PlanPart.producer_id == producer_id,
            PlanPart.state != PlanPartState.PROPOSED,
        )
    ).first()
    if found is None:
        raise NotFound("part_unknown", N_("There is no such part."))
    part = _lock(found.id, found.week_id)
    action = PlanPartAction.ACCEPT if accept else PlanPartAction.DECLINE
    state = PLAN_PARTS.next_state(PlanPartState(part.state), action)
    if state is None:
        return False
    if part.answer_by_at is not None and part.answer_by_at <= now:
        raise Conflict("part_lapsed", N_("The time to answer is over; somebody else may be asked now."))
    if not accept:
        part.week.committed_g -= part.grams
    part.state, part.answered_at, part.answered_by = state, now, actor
    db.session.flush()
    verb = "plan_part.accepted" if accept else "plan_part.declined"
    audit.record(verb, "plan_part", part.public_id, actor=actor, at=now, grams=part.grams)
    step("plan.answered")
    return True


def _lock(part_id: int, week_id: int) -> PlanPart:
    # Weeks before parts, as everybody does who changes both.
    lock_rows(SupplyWeek, [week_id])
    return lock_rows(PlanPart, [part_id])[part_id]


def lapse_parts(*, now: datetime) -> int:
    """Let parts lapse whose sellers did not answer in time, some hundred at once; answers how many."""
    due = db.session.execute(
        select(PlanPart.id, PlanPart.week_id)
        .where(PlanPart.state == PlanPartState.ASKED, PlanPart.answer_by_at <= now)
        .order_by(PlanPart.id)
        .limit(_AT_ONCE)
    ).all()
    weeks = lock_rows(SupplyWeek, [row.week_id for row in due])
    lapsed = 0
    for part in lock_rows(PlanPart, [row.id for row in due]).values():
        # Who answered while this waited for the lock has answered.
        if part.state != PlanPartState.ASKED:
            continue
        part.state = PLAN_PARTS.next_state(PlanPartState.ASKED, PlanPartAction.LAPSE) or part.state
        weeks[part.week_id].committed_g -= part.grams
        audit.record("plan_part.lapsed", "plan_part", part.public_id, actor=CLOCK, at=now, grams=part.grams)
        lapsed += 1
    db.session.flush()
    return lapsed


def parts_of_producer(producer_id: int, *, limit: int = 60) -> Sequence[PlanPart]:
    """A seller's parts that it was ever asked for, those that wait first, then the newest, with goods, delivery and place."""
    query = (
        select(PlanPart)
        .where(PlanPart.producer_id == producer_id, PlanPart.state != PlanPartState.PROPOSED)
        .options(
            joinedload(PlanPart.delivery).joinedload(DemandDelivery.demand).joinedload(Demand.place),
            joinedload(PlanPart.week).joinedload(SupplyWeek.declaration).joinedload(SupplyDeclaration.listing),
            joinedload(PlanPart.week).joinedload(SupplyWeek.declaration).joinedload(SupplyDeclaration.hub),
        )
    )
    waiting = PlanPart.state == PlanPartState.ASKED
    return db.session.scalars(query.order_by(waiting.desc(), PlanPart.id.desc()).limit(limit)).all()
