"""Setting a policy: what may be asked for, who may ask, and how it is ended. A policy that is set is never rewritten.

A change is a new row that begins on another day. What may still happen to a row is that its last day is brought forward, or
that it is withdrawn before it begins; both leave an audit event with the old and the new values.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import may_see
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, lock_rows
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.recommendations.models import Policy
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.queries import get_area

_SHARES = ("exposure_share", "sales_share", "household_floor", "consumer_guard")


@dataclass(frozen=True)
class PolicyDraft:
    """A policy as an officer means it, before it is one. Shares lie in [0, 1]; ``ends_on`` is the last day, None for open."""

    area_code: str
    exposure_share: float | None
    sales_share: float | None
    household_floor: float
    consumer_guard: float
    begins_on: date
    ends_on: date | None

    @classmethod
    def of(cls, policy: Policy) -> "PolicyDraft":
        """The values of a policy that is set."""
        return cls(
            policy.area_code,
            policy.exposure_share,
            policy.sales_share,
            policy.household_floor,
            policy.consumer_guard,
            policy.begins_on,
            policy.ends_on,
        )

    def as_data(self) -> dict[str, Any]:
        """The values as plain JSON, for the audit trail."""
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}


class PolicyRefused(Invalid):
    """A policy that cannot be meant; ``fields`` says of each field that is wrong what is wrong with it."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("policy_refused", N_("This policy cannot be set. Please look at the fields that are marked."))
        self.fields = fields


def check_draft(draft: PolicyDraft, today: date) -> None:
    """Refuse a draft that contradicts itself or reaches into the past.

    Raises
    ------
    PolicyRefused
        With a sentence for each field that is wrong.
    """
    faults: dict[str, str] = {}
    for name in _SHARES:
        value = getattr(draft, name)
        if value is not None and not 0 <= value <= 1:
            faults[name] = N_("Please give a share from 0 to 100 per cent.")
    if not draft.exposure_share and not draft.sales_share:
        faults.setdefault("exposure_share", N_("Please set a share of what is shown, a share of sales, or both."))
    if draft.household_floor and not draft.exposure_share:
        faults.setdefault(
            "household_floor", N_("A floor is a part of the share of what is shown, so that share has to be set as well.")
        )
    if draft.begins_on < today:
        faults["begins_on"] = N_("A policy cannot begin in the past.")
    if draft.ends_on is not None and draft.ends_on < draft.begins_on:
        faults["ends_on"] = N_("The last day must not lie before the first.")
    if _beginning(draft.area_code, draft.begins_on) is not None:
        faults.setdefault("begins_on", _SAME_DAY)
    if faults:
        raise PolicyRefused(faults)


_SAME_DAY = N_("Another policy for this area begins on that day. Please choose another day, or withdraw that policy first.")


def _beginning(area_code: str, day: date) -> Policy | None:
    return db.session.scalars(select(Policy).filter_by(area_code=area_code, begins_on=day)).first()


def set_policy(officer: Account, draft: PolicyDraft, *, now: datetime) -> Policy:
    """Set a policy for an area of the officer's; it holds from its first day on and nothing has to be trained for it.

    Raises
    ------
    NotFound
        The area does not exist, or lies outside the officer's.
    PolicyRefused
        As ``check_draft``; also when somebody else has just set one that begins on the same day.
    """
    _check_scope(officer, draft.area_code)
    get_area(draft.area_code)
    check_draft(draft, local_day(now))
    replaced = _own_policy(draft.area_code, draft.begins_on)
    policy = Policy(**asdict(draft), set_by=officer.public_id, created_at=now)
    savepoint = db.session.begin_nested()
    try:
        db.session.add(policy)
        db.session.flush()
    except IntegrityError as error:
        savepoint.rollback()
        raise PolicyRefused({"begins_on": _SAME_DAY}) from error
    savepoint.commit()
    audit.record(
        "policy.set",
        "policy",
        policy.public_id,
        actor=officer.public_id,
        at=now,
        old=PolicyDraft.of(replaced).as_data() if replaced is not None else None,
        new=draft.as_data(),
    )
    return policy


def end_policy(officer: Account, public_id: str, last_day: date, *, now: datetime) -> Policy:
    """Bring the last day of a policy in force forward; today is the earliest that can still be told to anybody.

    Raises
    ------
    NotFound
        There is no such policy, or its area lies outside the officer's.
    PolicyRefused
        The day lies in the past or after the last day that is set.
    Conflict
        The policy has not begun or is over.
    """
    policy = _locked(officer, public_id)
    today = local_day(now)
    if policy.begins_on > today or (policy.ends_on is not None and policy.ends_on < today):
        raise Conflict("policy_not_in_force", N_("Only a policy that has begun and is not over can be ended."))
    if last_day < today:
        raise PolicyRefused({"ends_on": N_("The last day must not lie in the past.")})
    if policy.ends_on is not None and last_day > policy.ends_on:
        raise PolicyRefused({"ends_on": N_("A policy can be ended earlier, not later. Please set a new one to go on.")})
    old, policy.ends_on = PolicyDraft.of(policy), last_day
    db.session.flush()
    audit.record(
        "policy.ended",
        "policy",
        policy.public_id,
        actor=officer.public_id,
        at=now,
        old=old.as_data(),
        new=PolicyDraft.of(policy).as_data(),
    )
    return policy


def withdraw_policy(officer: Account, public_id: str, *, now: datetime) -> None:
    """Take a policy back that has not begun; what it was stays in the audit trail.

    Raises
    ------
    NotFound
        There is no such policy, or its area lies outside the officer's.
    Conflict
        It has begun.
    """
    policy = _locked(officer, public_id)
    if policy.begins_on <= local_day(now):
        raise Conflict("policy_begun", N_("This policy has begun. It can be ended, but no longer withdrawn."))
    old = PolicyDraft.of(policy).as_data()
    db.session.delete(policy)
    db.session.flush()
    audit.record("policy.withdrawn", "policy", public_id, actor=officer.public_id, at=now, old=old, new=None)


def _check_scope(officer: Account, area_code: str) -> None:
    if not may_see(officer, RoleKind.OFFICER, area_code):
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=area_code[:20])


def _locked(officer: Account, public_id: str) -> Policy:
    number = db.session.scalar(select(Policy.id).filter_by(public_id=public_id))
    policy = lock_rows(Policy, [number]).get(number) if number is not None else None
    if policy is None or not may_see(officer, RoleKind.OFFICER, policy.area_code):
        raise NotFound("policy_unknown", N_("There is no such policy."))
    return policy


def policies_for(area_code: str) -> Sequence[Policy]:
    """All policies of an area and of the areas above it, the newest first."""
    query = select(Policy).where(Policy.area_code.in_(ancestor_codes(area_code)))
    return db.session.scalars(query.order_by(Policy.begins_on.desc(), Policy.id.desc())).all()


def _own_policy(area_code: str, day: date) -> Policy | None:
    """The policy that is an area's own on a day, however near or far others reach."""
    rows = db.session.scalars(select(Policy).where(Policy.area_code == area_code, Policy.begins_on <= day))
    held = [row for row in rows if row.ends_on is None or row.ends_on >= day]
    return max(held, key=lambda row: row.begins_on, default=None)
