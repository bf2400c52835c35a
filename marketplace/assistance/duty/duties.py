"""Duties: a helper given to a household, handed over, and ended when the household has left the registry."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import select, update

from marketplace.assistance.deciding import lock_own
from marketplace.assistance.duty.assigning import Given, Office, assign, common_digits
from marketplace.assistance.duty.models import Duty, DutyHandover, DutyOfficer, Place
from marketplace.assistance.duty.officers import over_quota
from marketplace.assistance.duty.queries import (
    OF_HOUSEHOLD,
    held_count,
    held_counts,
    helpers_of,
    quota_of,
    quotas_of,
    working_officers,
)
from marketplace.assistance.duty.states import HANDOVERS, HandoverAction, HandoverState
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict
from marketplace.kernel.steps import step
from marketplace.regions.models import Level
from marketplace.registry.models import Household, HouseholdStatus
from marketplace.registry.offices import check_office
from marketplace.registry.queries import supported_on
from marketplace.registry.reading import unbounded

_ALL = "the nightly look for households that have left the registry"


def give_duty(officer: DutyOfficer, household: Household, place: Place, *, by: Account, now: datetime) -> Duty:
    """Give a household a helper.

    Raises
    ------
    Conflict
        ``officer_left``, ``over_quota``, ``helper_there`` when the place is taken, ``already_helps`` when the officer has the
        other place.
    Forbidden
        ``other_level``.
    """
    check_office(by, household.village_code)
    lock_rows(Household, [household.id])
    officer = lock_rows(DutyOfficer, [officer.id])[officer.id]
    _check_free(officer, place, local_day(now))
    for duty, helper, _ in helpers_of(household):
        if helper.id == officer.id:
            raise Conflict("already_helps", N_("This officer stands with the household already."))
        if duty.place == place:
            raise Conflict("helper_there", N_("The household has a helper in this place already."))
    duty = _new(officer, household.id, household.village_code, place, now)
    db.session.add(duty)
    db.session.flush()
    audit.record("duty.given", "duty", duty.public_id, actor=by.public_id, at=now, officer=officer.public_id)
    return duty


def hand_over(handover: DutyHandover, heir: DutyOfficer, *, by: Account, now: datetime) -> bool:
    """Another officer takes a household over; False when it was done.

    Raises
    ------
    Conflict
        As ``give_duty``; ``duty_handover_state`` when the household has left the registry.
    """
    lock_own(handover)
    check_office(by, handover.village_code)
    state = HANDOVERS.next_state(HandoverState(handover.state), HandoverAction.HAND_OVER)
    if state is None:
        return False
    duty = db.session.scalars(unbounded(select(Duty).filter_by(id=handover.duty_id).with_for_update(), OF_HOUSEHOLD)).one()
    heir = lock_rows(DutyOfficer, [heir.id])[heir.id]
    place = Place(duty.place)
    _check_free(heir, place, local_day(now))
    household = db.session.get_one(Household, duty.household_id)
    if any(helper.id == heir.id for _, helper, _ in helpers_of(household)):
        raise Conflict("already_helps", N_("This officer stands with the household already."))
    duty.ended_at, duty.ended_why = now, "handed_over"
    db.session.flush()
    step("handover.duty_ended")
    handover.state, handover.heir_id, handover.closed_at = state, heir.id, now
    db.session.add(_new(heir, duty.household_id, duty.village_code, place, now))
    db.session.flush()
    audit.record("duty.handed_over", "duty", duty.public_id, actor=by.public_id, at=now, heir=heir.public_id)
    return True


def suggested_heirs(handovers: list[tuple[DutyHandover, Place]], today: date) -> dict[int, int]:
    """For each open hand-over the nearest officer in office with a free place of its county; a person decides.

    Returns
    -------
    dict of hand-over id to officer id
        One that nobody has a place for is absent.
    """
    found: dict[int, int] = {}
    for county in {handover.village_code[: Level.COUNTY] for handover, _ in handovers}:
        for place in Place:
            own = {each.id: each.village_code for each, at in handovers if at == place and each.village_code.startswith(county)}
            found |= {handover: each.officer for handover, each in _nearest(own, place, today).items()}
    return found


def _nearest(villages: dict[int, str], place: Place, today: date) -> dict[int, Given]:
    """What ``assign`` gives from all officers of the county, who are only looked at where the townships have no place left."""
    given: dict[int, Given] = {}
    for level in (Level.TOWNSHIP, Level.COUNTY):
        left = {number: village for number, village in villages.items() if number not in given}
        if left:
            areas, taken = {village[:level] for village in left.values()}, Counter(each.officer for each in given.values())
            able = offices(working_officers(*areas), place, today)
            given |= assign(left, {number: replace(able[number], free=able[number].free - taken[number]) for number in able})
    return given


def offices(officers: list[DutyOfficer], place: Place, today: date) -> dict[int, Office]:
    """The officers with where they are and how many households they may still take."""
    held, quotas = held_counts([officer.id for officer in officers], place), quotas_of(officers, place, today)
    return {
        officer.id: Office(officer.area_code, quota - held.get(officer.id, 0), quota)
        for officer in officers
        if (quota := quotas[officer.id])
    }


def end_departed(*, now: datetime) -> int:
    """End the duties of households that are registered no more, with the hand-overs that were open for them.

    Returns
    -------
    int
        How many duties ended; none of them again on the next run.
    """
    registered = select(HouseholdStatus.id).where(
        HouseholdStatus.household_id == Duty.household_id, supported_on(local_day(now))
    )
    query = select(Duty).where(Duty.ended_at.is_(None), ~registered.exists()).order_by(Duty.id).with_for_update()
    gone = db.session.scalars(unbounded(query, _ALL)).all()
    for duty in gone:
        duty.ended_at, duty.ended_why = now, "left_registry"
        audit.record("duty.ended", "duty", duty.public_id, actor="duty.end_departed", at=now)
    closed = HANDOVERS.next_state(HandoverState.OPEN, HandoverAction.CLOSE)
    db.session.execute(
        update(DutyHandover)
        .where(DutyHandover.duty_id.in_([duty.id for duty in gone]), DutyHandover.state == HandoverState.OPEN)
        .values(state=closed, closed_at=now)
        .execution_options(synchronize_session=False)
    )
    db.session.flush()
    return len(gone)


def _check_free(officer: DutyOfficer, place: Place, today: date) -> None:
    if officer.left_at is not None:
        raise Conflict("officer_left", N_("This officer has left office."))
    quota = quota_of(officer, place, today)
    if held_count(officer, place) >= quota:
        raise over_quota(quota)


def _new(officer: DutyOfficer, household_id: int, village_code: str, place: Place, now: datetime) -> Duty:
    return Duty(
        household_id=household_id,
        village_code=village_code,
        officer_id=officer.id,
        place=place,
        near=common_digits(officer.area_code, village_code),
        begins_at=now,
    )
