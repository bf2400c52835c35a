"""Plans: every household of an area gets a first helper at once; one officer drafts it, another approves it."""

from collections import Counter
from datetime import datetime

from sqlalchemy import insert, select, text

from marketplace.assistance.deciding import decide
from marketplace.assistance.duty.assigning import assign
from marketplace.assistance.duty.duties import offices
from marketplace.assistance.duty.models import Duty, DutyOfficer, DutyPlan, DutyPlanLine, Place
from marketplace.assistance.duty.queries import lines_of, without_helper, working_officers
from marketplace.assistance.papers import PaperAction, PaperState
from marketplace.identity.models import Account
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.kernel.steps import step
from marketplace.regions.queries import get_area
from marketplace.registry.models import Household
from marketplace.registry.offices import check_office


def draft_plan(area_code: str, *, by: Account, now: datetime) -> DutyPlan:
    """Work out a first helper for each registered household of an area that has none; nobody has one by it yet.

    Duties that run stay as they are: a household keeps the helper it knows.

    Raises
    ------
    Invalid
        ``nobody_waits`` when every household has one.
    Conflict
        ``places_short`` when the ranks of the officers leave too few places; ``plan_waits`` while another draft does.
    """
    area = get_area(area_code)
    check_office(by, area.code)
    # Two who press the button at once: the second waits here and finds the draft.
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"duty_plan:{area.code}"})
    if db.session.scalar(select(DutyPlan.id).filter_by(area_code=area.code, state=PaperState.DRAFTED)):
        raise Conflict("plan_waits", N_("A plan for this area waits for a second officer already."))
    waiting = without_helper(area.code, local_day(now))
    if not waiting:
        raise Invalid("nobody_waits", N_("Every household here has a first helper."))
    free = offices(working_officers(area.code), Place.FIRST, local_day(now))
    given = assign(waiting, free)
    if short := len(waiting) - len(given):
        raise Conflict("places_short", N_("The officers’ ranks leave %(short)s places too few."), short=short)
    plan = DutyPlan(
        area_code=area.code,
        households=len(given),
        officers=len({each.officer for each in given.values()}),
        near={str(digits): count for digits, count in sorted(Counter(each.near for each in given.values()).items())},
        drafted_by_id=by.id,
        drafted_at=now,
    )
    db.session.add(plan)
    db.session.flush()
    db.session.execute(
        insert(DutyPlanLine),
        [
            {
                "plan_id": plan.id,
                "household_id": household,
                "village_code": waiting[household],
                "officer_id": each.officer,
                "near": each.near,
            }
            for household, each in sorted(given.items())
        ],
    )
    step("plan.lines_written")
    audit.record("duty.plan_drafted", "duty_plan", plan.public_id, actor=by.public_id, at=now, households=len(given))
    return plan


def approve_plan(plan: DutyPlan, *, by: Account, now: datetime) -> bool:
    """The second officer's word: every household of the plan has its helper, in one moment; False when it had already.

    Raises
    ------
    Forbidden
        ``same_person``, ``other_level``.
    Conflict
        ``plan_outdated`` when an officer of it has left, or was given others meanwhile, or a household has a helper now.
    """
    plan = lock_rows(DutyPlan, [plan.id])[plan.id]
    check_office(by, plan.area_code)
    if not decide(plan, PaperAction.APPROVE, by=by, now=now):
        return False
    lines = lines_of(plan)
    # In the order in which a single duty is given: a household that is given a helper meanwhile is waited for.
    lock_rows(Household, [line.household_id for line in lines])
    officers = lock_rows(DutyOfficer, [line.officer_id for line in lines])
    free = offices(list(officers.values()), Place.FIRST, local_day(now))
    wanted = Counter(line.officer_id for line in lines)
    waiting = without_helper(plan.area_code, local_day(now))
    if (
        any(officers[officer].left_at is not None or count > free[officer].free for officer, count in wanted.items())
        or not {line.household_id for line in lines} <= waiting.keys()
    ):
        raise Conflict("plan_outdated", N_("Something has changed since the plan was drafted. Please draft it again."))
    names = ids.public_ids(len(lines))
    db.session.execute(
        insert(Duty),
        [
            {
                "public_id": name,
                "household_id": line.household_id,
                "village_code": line.village_code,
                "officer_id": line.officer_id,
                "place": Place.FIRST,
                "near": line.near,
                "begins_at": now,
            }
            for name, line in zip(names, lines, strict=True)
        ],
    )
    step("plan.duties_written")
    audit.record("duty.plan_approved", "duty_plan", plan.public_id, actor=by.public_id, at=now, households=len(lines))
    return True


def discard_plan(plan: DutyPlan, *, by: Account, now: datetime) -> bool:
    """Drop a draft; another can be drafted."""
    plan = lock_rows(DutyPlan, [plan.id])[plan.id]
    check_office(by, plan.area_code)
    if not decide(plan, PaperAction.DISCARD, by=by, now=now):
        return False
    db.session.flush()
    audit.record("duty.plan_discarded", "duty_plan", plan.public_id, actor=by.public_id, at=now)
    return True
