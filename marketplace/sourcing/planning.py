"""Plans: worked out from what is declared, proposed with their curve, decided by a person, and then asked of the sellers.

What sellers have accepted stays: a plan that is made again serves what is missing, asks nobody twice for the same delivery, and
takes the accepted parts over when it is approved. Nothing is promised before somebody approves.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from marketplace.catalogue.models import Producer
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import may_see
from marketplace.kernel import audit
from marketplace.kernel.clock import day_bounds, local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from marketplace.kernel.ids import reference
from marketplace.kernel.steps import step
from marketplace.kernel.workdays import Term
from marketplace.regions.models import Level
from marketplace.registry import plan_rules
from marketplace.registry.queries import latest_revision
from marketplace.registry.rules import rule
from marketplace.sourcing.enterprises import find_member
from marketplace.sourcing.matching import LIVE, Matching, Want, benefits_of_weeks, match
from marketplace.sourcing.models import (
    Demand,
    DemandDelivery,
    DemandWay,
    MemberRole,
    Plan,
    PlanDemand,
    PlanPart,
    SupplyDeclaration,
    SupplyState,
    SupplyWeek,
)
from marketplace.sourcing.states import (
    DEMANDS,
    PLAN_PARTS,
    PLANS,
    TIME_TO_CHOOSE,
    DemandAction,
    DemandState,
    PlanAction,
    PlanPartAction,
    PlanPartState,
    PlanState,
)
from marketplace.sourcing.supplies import commit
from recommender.allocation import Feasibility, FrontierPoint, frontier

TIME_LIMIT_S = 20.0
POINTS = 7
MOST_DEMANDS = 200
WHOLE_BP = 10_000
GRAMS_PER_KG = 1000
# A share that is met in whole grams is missed by no more than this.
_CLOSE = 1e-6
_OUTDATED = N_("What this plan counted on has changed since it was made. Please make it anew.")


@dataclass(frozen=True)
class Worked:
    """A plan that is worked out and not yet written: the problem, the curve, and which point of it was chosen."""

    demands: Sequence[Demand]
    matching: Matching
    curve: Sequence[FrontierPoint]
    chosen: int


def work_out(
    demands: Sequence[Demand],
    *,
    now: datetime,
    share: float | None = None,
    points: int = POINTS,
    time_limit_s: float = TIME_LIMIT_S,
) -> Worked:
    """Work a plan out for demands; ``share`` in place of the policy's. Writes nothing and locks nothing.

    Raises
    ------
    Invalid
        ``plan_demands`` for no demand or too many, ``plan_share`` for a share that is none.
    Conflict
        ``plan_demand_state`` when one of them does not wait for a plan.
    """
    if not 1 <= len(demands) <= MOST_DEMANDS:
        raise Invalid("plan_demands", N_("A plan is of one to 200 demands."))
    if share is not None and not 0 <= share <= 1:
        raise Invalid("plan_share", N_("Please give a share from 0 to 100 per cent."))
    _check_waiting(demands)
    matching = match(demands, day=local_day(now), share=share)
    curve = frontier(matching.problem, matching.policy, points=points, time_limit_s=time_limit_s)
    asked = matching.policy.registered_share
    met = [number for number, point in enumerate(curve) if point.plan.registered_share >= asked - _CLOSE]
    return Worked(demands, matching, curve, met[0] if met else len(curve) - 1)


def _check_waiting(demands: Collection[Demand]) -> None:
    for demand in demands:
        if demand.way != DemandWay.MATCHING or demand.state not in (DemandState.OPEN, DemandState.CHOOSING):
            raise Conflict("plan_demand_state", N_("This demand does not wait for a plan."))


def propose_plan(worked: Worked, *, by: Account | None, now: datetime) -> Plan:
    """Write down a plan that was worked out, in place of one of the same demands that nobody has decided on yet.

    A plan without parts is written too: it says why nothing fits.
    """
    demands = lock_rows(Demand, [demand.id for demand in worked.demands])
    _check_waiting(demands.values())
    before = _newest_plan(set(demands))
    plan = _written(worked, by, now)
    if before is not None:
        plan.replaces_id = before.id
        if before.state == PlanState.PROPOSED:
            before.state = PlanState.SUPERSEDED
    db.session.add(plan)
    db.session.flush()
    db.session.add_all([PlanDemand(plan_id=plan.id, demand_id=demand_id) for demand_id in sorted(demands)])
    _write_parts(plan, worked)
    db.session.flush()
    audit.record(
        "plan.proposed",
        "plan",
        plan.public_id,
        actor=by.public_id if by is not None else "planner",
        at=now,
        share_asked=plan.share_asked,
        share_attained=plan.share_attained,
        planned_g=plan.planned_g,
    )
    step("plan.proposed")
    return plan


def _newest_plan(demand_ids: Collection[int]) -> Plan | None:
    """The last plan of exactly these demands, which no other one has replaced."""
    of_one = select(PlanDemand.plan_id).where(PlanDemand.demand_id == min(demand_ids))
    last = db.session.scalars(select(Plan).where(Plan.id.in_(of_one)).order_by(Plan.id.desc()).with_for_update()).all()
    for plan in last:
        if set(db.session.scalars(select(PlanDemand.demand_id).filter_by(plan_id=plan.id))) == set(demand_ids):
            return plan
    return None


def _written(worked: Worked, by: Account | None, now: datetime) -> Plan:
    matching, point = worked.matching, worked.curve[worked.chosen]
    found, wants = point.plan, matching.wants
    kept_g = sum(want.delivery.wanted_g - want.wanted_g for want in wants)
    return Plan(
        reference=reference("PL", local_day(now)),
        policy_version=matching.floor.version,
        policy=matching.floor.figures,
        share_asked=matching.floor.share,
        share_attained=_with_kept(wants, found.value_fen, found.registered_share),
        share_attainable=_attainable(worked),
        tilt_price=max(0.0, found.tilt_price),
        gap=max(0.0, found.gap),
        proved=found.proved,
        in_time=all(one.plan.in_time for one in worked.curve),
        surplus_fen=round(found.surplus_fen),
        value_fen=round(found.value_fen) + sum(want.kept_value_fen for want in wants),
        untilted_surplus_fen=round(worked.curve[0].plan.surplus_fen),
        untilted_share=_with_kept(wants, worked.curve[0].plan.value_fen, worked.curve[0].plan.registered_share),
        wanted_g=sum(want.delivery.wanted_g for want in wants),
        planned_g=kept_g + int(found.grams.sum()),
        curve=[_point(worked, number) for number in range(len(worked.curve))],
        unmet=_unmet(worked),
        made_at=now,
        made_by_id=by.id if by is not None else None,
    )


def _with_kept(wants: Sequence[Want], value_fen: float, share: float) -> float:
    """The registered part of the value of new and kept parts together."""
    kept, registered = sum(want.kept_value_fen for want in wants), sum(want.kept_registered_fen for want in wants)
    whole = kept + value_fen
    return min(1.0, (registered + share * value_fen) / whole) if whole > 0 else 0.0


def _attainable(worked: Worked) -> float | None:
    """The greatest share there is, where that is less than what was asked for."""
    last = worked.curve[-1].plan
    if last.registered_share >= worked.matching.policy.registered_share - _CLOSE:
        return None
    return _with_kept(worked.matching.wants, last.value_fen, last.registered_share)


def _point(worked: Worked, number: int) -> dict[str, Any]:
    point = worked.curve[number]
    plan = point.plan
    share = _with_kept(worked.matching.wants, plan.value_fen, plan.registered_share)
    return {
        "share": round(share, 6),
        "surplus_fen": round(plan.surplus_fen),
        "registered_fen": round(plan.registered_share * plan.value_fen),
        "value_fen": round(plan.value_fen),
        "planned_g": int(plan.grams.sum()),
        "cost_fen_kg": round(point.cost_fen_kg, 3),
        "tilt_price": round(max(0.0, plan.tilt_price), 6),
        "gap": round(max(0.0, plan.gap), 6),
        "chosen": number == worked.chosen,
    }


def _unmet(worked: Worked) -> dict[str, Any]:
    plan, matching = worked.curve[worked.chosen].plan, worked.matching
    found = {}
    for number, want in enumerate(matching.wants):
        reason = plan.reasons[number]
        if reason is not None:
            explained = matching.explained.get(number)
            found[want.delivery.public_id] = {
                "grams": int(plan.unmet_g[number]),
                "reason": reason.value,
                **(_explained(explained) if explained is not None else {}),
            }
    return found


def _explained(found: Feasibility) -> dict[str, Any]:
    def changes(listed: Sequence[Any]) -> list[dict[str, Any]]:
        return [
            {"loosened": {name.value: amount for name, amount in change.loosened.items()}, "grams": change.grams}
            for change in listed[:4]
        ]

    return {
        "failing": [
            {"constraint": one.constraint.value, "offers": one.candidates, "grams": one.grams, "alone_g": one.alone_grams}
            for one in found.failing
        ],
        "nearest": changes(found.nearest),
        "enough": changes(found.enough),
    }


def _write_parts(plan: Plan, worked: Worked) -> None:
    matching, grams = worked.matching, worked.curve[worked.chosen].plan.grams
    revision, problem = latest_revision(), worked.matching.problem
    for pair in grams.nonzero()[0]:
        want = matching.wants[int(problem.demand_number[pair])]
        offer = matching.offers[int(problem.supply_number[pair])]
        db.session.add(
            PlanPart(
                plan_id=plan.id,
                delivery_id=want.delivery.id,
                week_id=offer.week_id,
                producer_id=offer.producer_id,
                grams=int(grams[pair]),
                fen_kg=offer.price_fen_kg,
                benefit_bp=offer.benefit_bp,
                registry_revision=revision,
            )
        )


def get_plan(public_id: str, *, lock: bool = False) -> Plan:
    """The plan, or ``NotFound``; locked for a change."""
    found = db.session.scalar(select(Plan.id).filter_by(public_id=public_id))
    plan = None
    if found is not None:
        plan = lock_rows(Plan, [found]).get(found) if lock else db.session.get(Plan, found)
    if plan is None:
        raise NotFound("plan_unknown", N_("There is no such plan."))
    return plan


def may_decide(plan: Plan, by: Account) -> bool:
    """Whether somebody may approve or reject a plan: who may commit the only enterprise it is of, or an operator there.

    Approving asks sellers for their word; what it costs is approved again, within each member's limit, with the contract.
    """
    demands = plan.demands
    if all(may_see(by, RoleKind.OPERATOR, demand.place.area_code) for demand in demands):
        return True
    member = find_member(by.id)
    own = member is not None and all(demand.enterprise_id == member.enterprise_id for demand in demands)
    return own and member is not None and member.role != MemberRole.RECEIVER


def approve_plan(public_id: str, *, by: Account, now: datetime) -> bool:
    """Approve a plan and ask its sellers; False when that was done already, by whomever.

    Raises
    ------
    Forbidden
        ``plan_not_yours``.
    Conflict
        ``plan_state``; ``plan_empty`` without parts; ``plan_outdated`` when goods are promised elsewhere or taken back by now,
        a delivery is served by another plan, or so many households have left the registry that the share is no longer met.
    """
    plan = get_plan(public_id, lock=True)
    if not may_decide(plan, by):
        raise Forbidden("plan_not_yours", N_("Somebody of the enterprise, or the operator, decides on this plan."))
    state = PLANS.next_state(PlanState(plan.state), PlanAction.APPROVE)
    if state is None:
        return False
    demands = lock_rows(Demand, [demand.id for demand in plan.demands])
    _check_waiting(demands.values())
    parts = [part for part in plan.parts if part.state == PlanPartState.PROPOSED]
    if not parts:
        raise Conflict("plan_empty", N_("Nobody would be asked by this plan."))
    _promise(parts)
    _read_benefit_again(plan, parts, now)
    _take_over(plan)
    _ask(parts, now)
    plan.state, plan.decided_by_id, plan.decided_at = state, by.id, now
    for demand in demands.values():
        if demand.state == DemandState.OPEN:
            demand.state = DEMANDS.next_state(DemandState.OPEN, DemandAction.CLOSE) or demand.state
            demand.due_at = now + TIME_TO_CHOOSE
    db.session.flush()
    audit.record(
        "plan.approved",
        "plan",
        plan.public_id,
        actor=by.public_id,
        at=now,
        parts=len(parts),
        share_attained=plan.share_attained,
    )
    step("plan.approved")
    return True


def _promise(parts: Sequence[PlanPart]) -> None:
    """Promise the weeks' grams, unless anything is no longer there, or a delivery has become full."""
    weeks = lock_rows(SupplyWeek, [part.week_id for part in parts])
    withdrawn = db.session.scalar(
        select(func.count())
        .select_from(SupplyDeclaration)
        .where(SupplyDeclaration.id.in_([week.declaration_id for week in weeks.values()]))
        .where(SupplyDeclaration.state != SupplyState.OPEN)
    )
    wanted: dict[int, int] = {}
    for part in parts:
        wanted[part.week_id] = wanted.get(part.week_id, 0) + part.grams
    if withdrawn or _overfull(parts) or commit(wanted):
        raise Conflict("plan_outdated", _OUTDATED)


def _overfull(parts: Sequence[PlanPart]) -> bool:
    new: dict[int, int] = {}
    for part in parts:
        new[part.delivery_id] = new.get(part.delivery_id, 0) + part.grams
    rows = db.session.execute(
        select(DemandDelivery.id, DemandDelivery.wanted_g, func.coalesce(func.sum(PlanPart.grams), 0))
        .outerjoin(PlanPart, (PlanPart.delivery_id == DemandDelivery.id) & PlanPart.state.in_(LIVE))
        .where(DemandDelivery.id.in_(new))
        .group_by(DemandDelivery.id)
    )
    return any(kept + new[delivery_id] > wanted_g for delivery_id, wanted_g, kept in rows)


def _read_benefit_again(plan: Plan, parts: Sequence[PlanPart], now: datetime) -> None:
    """Note each part's benefit by today's registry. A household that has left it keeps its part, and the share is said anew.

    Where the plan met its share and would not any more, it is not the plan that was to be approved.
    """
    day, revision = local_day(now), latest_revision()
    if all(part.registry_revision == revision for part in parts):
        return
    now_bp = benefits_of_weeks([part.week_id for part in parts], day)
    lost_fen = (
        sum(part.grams * part.fen_kg * (part.benefit_bp - now_bp[part.week_id]) for part in parts) / WHOLE_BP / GRAMS_PER_KG
    )
    share = min(1.0, max(0.0, plan.share_attained - lost_fen / plan.value_fen))
    if plan.share_attained >= plan.share_asked - _CLOSE and share < plan.share_asked - _CLOSE:
        raise Conflict("plan_outdated", _OUTDATED)
    for part in parts:
        part.benefit_bp, part.registry_revision = now_bp[part.week_id], revision
    plan.share_attained = share


def _take_over(plan: Plan) -> None:
    """Take the live parts of the plans that this one is in place of, and end those."""
    before = plan.replaces_id
    while before is not None:
        other = lock_rows(Plan, [before])[before]
        for part in db.session.scalars(select(PlanPart).where(PlanPart.plan_id == other.id, PlanPart.state.in_(LIVE))):
            part.plan_id = plan.id
        if other.state in (PlanState.PROPOSED, PlanState.APPROVED):
            other.state = PLANS.next_state(PlanState(other.state), PlanAction.SUPERSEDE) or other.state
        before = other.replaces_id


def _ask(parts: Sequence[PlanPart], now: datetime) -> None:
    today = local_day(now)
    read = select(PlanPart.id, Producer.area_code, DemandDelivery.closes_on)
    read = read.join(Producer, Producer.id == PlanPart.producer_id).join(
        DemandDelivery, DemandDelivery.id == PlanPart.delivery_id
    )
    known = {row.id: row for row in db.session.execute(read.where(PlanPart.id.in_([part.id for part in parts])))}
    counties = {row.area_code[: Level.COUNTY] for row in known.values()}
    terms = {county: Term.of(rule(plan_rules.ANSWER_TIME, county, today).value).last_day(today) for county in counties}
    for part in parts:
        row = known[part.id]
        last = min(terms[row.area_code[: Level.COUNTY]], max(today, row.closes_on))
        part.state = PLAN_PARTS.next_state(PlanPartState(part.state), PlanPartAction.ASK) or part.state
        part.asked_at, part.answer_by_at = now, day_bounds(last, last)[1]


def reject_plan(public_id: str, *, by: Account, now: datetime) -> bool:
    """Say no to a plan; nobody was asked, so nothing has to be taken back. False when that was done already."""
    plan = get_plan(public_id, lock=True)
    if not may_decide(plan, by):
        raise Forbidden("plan_not_yours", N_("Somebody of the enterprise, or the operator, decides on this plan."))
    state = PLANS.next_state(PlanState(plan.state), PlanAction.REJECT)
    if state is None:
        return False
    plan.state, plan.decided_by_id, plan.decided_at = state, by.id, now
    db.session.flush()
    audit.record("plan.rejected", "plan", plan.public_id, actor=by.public_id, at=now)
    return True
