"""Officers in duty: entered with a rank, and what happens to their households when they leave office."""

from datetime import datetime

from marketplace.assistance.duty.models import Duty, DutyHandover, DutyOfficer, Place, Rank
from marketplace.assistance.duty.queries import duties_of, find_officer, held_count, quota_of
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid
from marketplace.regions.queries import get_area
from marketplace.registry.cases.clocks import due_day
from marketplace.registry.duty_rules import HANDOVER
from marketplace.registry.offices import check_office


def enter_officer(account: Account, rank: Rank, area_code: str, *, by: Account, now: datetime) -> DutyOfficer:
    """Enter somebody as an officer in duty; who left office before and comes back is in duty again.

    Raises
    ------
    Invalid
        ``not_an_officer`` for an account that is none.
    Conflict
        ``duty_officer_known`` for somebody who is in duty already.
    """
    area = get_area(area_code)
    check_office(by, area.code)
    if not any(role.kind == RoleKind.OFFICER for role in account.roles):
        raise Invalid("not_an_officer", N_("This account is no officer’s."))
    lock_rows(Account, [account.id])
    officer = find_officer(account)
    if officer is not None and officer.left_at is None:
        raise Conflict("duty_officer_known", N_("This officer is in duty already."))
    if officer is None:
        officer = DutyOfficer(account_id=account.id, rank=rank, area_code=area.code, entered_by_id=by.id, entered_at=now)
        db.session.add(officer)
    else:
        officer.rank, officer.area_code, officer.left_at, officer.entered_by_id = rank, area.code, None, by.id
    db.session.flush()
    audit.record("duty.officer_entered", "duty_officer", officer.public_id, actor=by.public_id, at=now, rank=rank.value)
    return officer


def change_rank(officer: DutyOfficer, rank: Rank, *, by: Account, now: datetime) -> bool:
    """Give an officer another rank; False when it is the same.

    Raises
    ------
    Conflict
        ``over_quota`` when the officer has more households than the new rank may have.
    """
    officer = lock_rows(DutyOfficer, [officer.id])[officer.id]
    check_office(by, officer.area_code)
    if officer.rank == rank:
        return False
    officer.rank = rank
    quota = quota_of(officer, Place.FIRST, local_day(now))
    if held_count(officer, Place.FIRST) > quota:
        raise over_quota(quota)
    db.session.flush()
    audit.record("duty.rank_changed", "duty_officer", officer.public_id, actor=by.public_id, at=now, rank=rank.value)
    return True


def leave_office(officer: DutyOfficer, *, by: Account, now: datetime) -> list[DutyHandover]:
    """An officer leaves office: each household is to be handed over within the term, and keeps its helper until then.

    Returns
    -------
    list of DutyHandover
        What has to be handed over; nothing when the officer had left before.
    """
    officer = lock_rows(DutyOfficer, [officer.id])[officer.id]
    check_office(by, officer.area_code)
    if officer.left_at is not None:
        return []
    officer.left_at = now
    opened = [_handover(duty, now) for duty, _ in duties_of(officer)]
    db.session.add_all(opened)
    db.session.flush()
    audit.record("duty.left_office", "duty_officer", officer.public_id, actor=by.public_id, at=now, households=len(opened))
    return opened


def _handover(duty: Duty, now: datetime) -> DutyHandover:
    return DutyHandover(
        household_id=duty.household_id,
        village_code=duty.village_code,
        duty_id=duty.id,
        due_on=due_day(HANDOVER, duty.village_code, local_day(now)).on,
        opened_at=now,
    )


def over_quota(quota: int) -> Conflict:
    """The refusal of one household more than a rank may have."""
    return Conflict("over_quota", N_("By rank this officer may have %(quota)s households and has that many."), quota=quota)
