"""Helper units and their pledges: made by one of all who reach for a need, delivered with a proof, closed by another person."""

from datetime import datetime

from sqlalchemy import select

from marketplace.assistance.needs.models import HelperKind, HelperUnit, Need, NeedKind, Pledge
from marketplace.assistance.needs.queries import busy_count, find_helper, household_of, pledge_of
from marketplace.assistance.needs.raising import locked, move, taken
from marketplace.assistance.needs.states import PLEDGES, NeedAction, NeedState, PledgeState
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.kernel.steps import step
from marketplace.regions.queries import get_area
from marketplace.registry.models import Household
from marketplace.registry.offices import check_office, check_second_person


def enter_helper(
    kind: HelperKind, name: str, area_code: str, can: list[NeedKind], quota: int, *, by: Account, now: datetime
) -> HelperUnit:
    """Say what a unit can help with; it acts once an officer of the county has looked at it.

    Raises
    ------
    Invalid
        ``can_nothing``, ``quota_range``, ``name_missing``.
    Conflict
        ``helper_known`` when the account acts for a unit already.
    """
    area = get_area(area_code)
    if not name.strip():
        raise Invalid("name_missing", N_("Please give the name."))
    if not can:
        raise Invalid("can_nothing", N_("Please say what you can help with."))
    if not 1 <= quota <= 1000:
        raise Invalid("quota_range", N_("Please give 1 to 1,000."))
    lock_rows(Account, [by.id])
    if find_helper(by) is not None:
        raise Conflict("helper_known", N_("Your account acts for a helper unit already."))
    unit = HelperUnit(
        account_id=by.id,
        kind=kind,
        name=name.strip(),
        area_code=area.code,
        can=sorted({each.value for each in can}),
        quota=quota,
        entered_at=now,
    )
    db.session.add(unit)
    db.session.flush()
    audit.record("helper.entered", "helper_unit", unit.public_id, actor=by.public_id, at=now, kind=kind.value)
    return unit


def approve_helper(unit: HelperUnit, *, by: Account, now: datetime) -> bool:
    """An officer has looked at a unit's papers; False when one had already.

    Raises
    ------
    Forbidden
        ``same_person`` for who acts for it, ``other_level``.
    """
    unit = lock_rows(HelperUnit, [unit.id])[unit.id]
    check_office(by, unit.area_code)
    check_second_person(by, unit.account_id)
    if unit.approved_at is not None:
        return False
    unit.approved_by_id, unit.approved_at = by.id, now
    db.session.flush()
    audit.record("helper.approved", "helper_unit", unit.public_id, actor=by.public_id, at=now)
    return True


def pledge(need: Need, unit: HelperUnit, *, by: Account, now: datetime) -> Pledge:
    """Take a need on; of all who reach for it at once one has it. Who has it already is given their own pledge again.

    Raises
    ------
    Conflict
        ``need_taken`` for whoever comes second; ``helper_full`` at one's quota; ``need_state``.
    Forbidden
        ``helper_waits`` before an officer has looked at the unit; ``not_your_unit``.
    """
    # Everybody locks the need first: who waits here finds it taken, and no quota is asked for in vain.
    need = locked(need)
    unit = lock_rows(HelperUnit, [unit.id])[unit.id]
    if unit.account_id != by.id:
        raise Forbidden("not_your_unit", N_("You do not act for this helper unit."))
    if unit.approved_at is None:
        raise Forbidden("helper_waits", N_("An officer has to look at your unit first."))
    if need.state == NeedState.PLEDGED:
        standing = pledge_of(need)
        if standing is not None and standing.helper_id == unit.id:
            return standing
    if need.state in (NeedState.PLEDGED, NeedState.DELIVERED, NeedState.CLOSED):
        raise taken()
    if busy_count(unit) >= unit.quota:
        raise Conflict("helper_full", N_("You have taken on as many needs as your unit can carry at once."))
    move(need, NeedAction.PLEDGE, now)
    step("pledge.need_taken")
    assert need.due_on is not None, "a pledged need has a last day"
    made = Pledge(need_id=need.id, helper_id=unit.id, made_by_id=by.id, made_at=now, deliver_by=need.due_on)
    db.session.add(made)
    db.session.flush()
    audit.record("need.pledged", "need", need.public_id, actor=by.public_id, at=now, helper=unit.public_id)
    return made


def release_pledge(made: Pledge, *, by: Account, now: datetime) -> bool:
    """A helper gives a need up in time: others can take it on. False when that was done."""
    need, made = _both(made)
    _check_own(made, by)
    if not _move(made, NeedAction.RELEASE):
        return False
    move(need, NeedAction.RELEASE, now)
    db.session.flush()
    audit.record("need.released", "need", need.public_id, actor=by.public_id, at=now)
    return True


def deliver(made: Pledge, proof: str, *, by: Account, now: datetime) -> bool:
    """Say with a proof what was handed over; somebody else has to say that it arrived. False when that was done.

    Raises
    ------
    Invalid
        ``proof_missing``.
    """
    need, made = _both(made)
    _check_own(made, by)
    if not proof.strip():
        raise Invalid("proof_missing", N_("Please say what was handed over and which paper shows it."))
    if not _move(made, NeedAction.DELIVER):
        return False
    made.proof, made.delivered_at = proof.strip()[:200], now
    move(need, NeedAction.DELIVER, now)
    db.session.flush()
    step("pledge.delivered")
    audit.record("need.delivered", "need", need.public_id, actor=by.public_id, at=now)
    return True


def close_need(need: Need, arrived: bool, *, by: Account, household: Household | None = None, now: datetime) -> bool:
    """The household itself or an officer says whether it arrived: the need is closed, or the helper has to deliver again.

    Parameters
    ----------
    household : Household, optional
        The account's own, when it is the household that speaks.

    Raises
    ------
    Forbidden
        ``same_person`` for who delivered; ``other_level``; ``need_elsewhere`` for another household's need.
    Conflict
        ``need_state`` when nothing was delivered.
    """
    need = locked(need)
    if household is None:
        check_office(by, need.area_code)
    elif (of := household_of(need)) is None or of.id != household.id:
        raise Forbidden("need_elsewhere", N_("This need is not your household’s."))
    made = pledge_of(need)
    check_second_person(by, made.made_by_id if made is not None else None)
    if not move(need, NeedAction.CLOSE if arrived else NeedAction.RETURN, now):
        return False
    assert made is not None, "a delivered need has a pledge"
    made = lock_rows(Pledge, [made.id])[made.id]
    _move(made, NeedAction.CLOSE if arrived else NeedAction.RETURN)
    if arrived:
        made.closed_by_id, made.closed_at = by.id, now
        step("pledge.kept")
    else:
        assert need.due_on is not None, "a pledged need has a last day"
        made.proof, made.delivered_at, made.deliver_by = "", None, need.due_on
    db.session.flush()
    audit.record("need.closed" if arrived else "need.returned", "need", need.public_id, actor=by.public_id, at=now)
    return True


def lapse_pledges(*, now: datetime) -> int:
    """Open again every need whose helper let the last day pass; how many. Twice on one day is once."""
    query = (
        select(Pledge).where(Pledge.state == PledgeState.STANDING, Pledge.deliver_by < local_day(now)).order_by(Pledge.need_id)
    )
    lapsed = 0
    for late in db.session.scalars(query).all():
        need, made = _both(late)
        # It may have been delivered while the need was waited for.
        if made.state != PledgeState.STANDING:
            continue
        _move(made, NeedAction.LAPSE)
        move(need, NeedAction.LAPSE, now)
        audit.record("need.lapsed", "need", need.public_id, actor="need.lapse_pledges", at=now)
        lapsed += 1
    db.session.flush()
    return lapsed


def _both(made: Pledge) -> tuple[Need, Pledge]:
    """The need and the pledge, locked in the order in which everybody locks them."""
    need = lock_rows(Need, [made.need_id])[made.need_id]
    return need, lock_rows(Pledge, [made.id])[made.id]


def _check_own(made: Pledge, by: Account) -> None:
    unit = find_helper(by)
    if unit is None or unit.id != made.helper_id:
        raise Forbidden("not_your_unit", N_("You do not act for this helper unit."))


def _move(made: Pledge, action: NeedAction) -> bool:
    state = PLEDGES.next_state(PledgeState(made.state), action)
    if state is None:
        return False
    made.state = state
    return True
