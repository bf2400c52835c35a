"""Reading policies, models and choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select, true
from sqlalchemy.orm import aliased

from marketplace.kernel.db import db
from marketplace.recommendations.models import ModelState, ModelVersion, Policy, Preference, ServedList, TiltSum
from marketplace.regions.codes import ancestor_codes


@dataclass(frozen=True)
class ServingContext:
    """All that a request for a list needs to know, read in one statement."""

    personalised: bool
    policy: Policy | None
    model: ModelVersion | None
    tilt_sums: Mapping[str, float]


def holds_on(day: date) -> ColumnElement[bool]:
    """Whether a policy has begun by a day and has not ended before it."""
    return (Policy.begins_on <= day) & or_(Policy.ends_on.is_(None), Policy.ends_on >= day)


def serving_context(account_id: int | None, day: date) -> ServingContext:
    """The newest model, the newest policy in force, its sums and the reader's choice, in one statement."""
    model = aliased(
        ModelVersion,
        select(ModelVersion).where(ModelVersion.state == ModelState.READY).order_by(ModelVersion.id.desc()).limit(1).subquery(),
    )
    policy = aliased(
        Policy,
        select(Policy).where(holds_on(day)).order_by(Policy.begins_on.desc(), Policy.id.desc()).limit(1).subquery(),
    )
    sums = select(func.jsonb_object_agg(TiltSum.name, TiltSum.value)).where(TiltSum.policy_id == policy.id).scalar_subquery()
    one = select(literal(1).label("one")).subquery()
    row = db.session.execute(
        select(model, policy, sums, Preference.personalised)
        .select_from(one)
        .outerjoin(model, true())
        .outerjoin(policy, true())
        .outerjoin(Preference, Preference.account_id == account_id)
    ).one()
    return ServingContext(
        personalised=account_id is not None and row[3] is not False,
        policy=row[1],
        model=row[0],
        tilt_sums=row[2] or {},
    )


def is_personalised(account_id: int) -> bool:
    """Whether a consumer's lists may follow what they did; yes until they say no."""
    return db.session.scalar(select(Preference.personalised).filter_by(account_id=account_id)) is not False


def policy_in_force(area_code: str, day: date) -> Policy | None:
    """The policy that holds for an area on a day: the nearest area's, the one that began last."""
    rows = db.session.scalars(select(Policy).where(Policy.area_code.in_(ancestor_codes(area_code)), holds_on(day)))
    return max(rows, key=lambda policy: (len(policy.area_code), policy.begins_on), default=None)


def newest_model(*, ready: bool = True) -> ModelVersion | None:
    """The newest training, or the newest that can serve."""
    query = select(ModelVersion).order_by(ModelVersion.id.desc()).limit(1)
    if ready:
        query = query.where(ModelVersion.state == ModelState.READY)
    return db.session.scalars(query).first()


def served_listing_ids(list_id: str) -> list[int]:
    """What a list showed, best first; nothing for a list that nobody was shown."""
    return db.session.scalar(select(ServedList.listing_ids).filter_by(public_id=list_id)) or []


def realised_shares(policy_id: int) -> tuple[float, float] | None:
    """The shares of exposure and of expected sales that lists under a policy have given; None before the first."""
    sums: dict[str, Any] = dict(db.session.execute(select(TiltSum.name, TiltSum.value).filter_by(policy_id=policy_id)).all())
    if not sums.get("exposure"):
        return None
    sales = sums.get("expected_sales", 0.0)
    return sums["registered_exposure"] / sums["exposure"], sums.get("registered_sales", 0.0) / sales if sales else 0.0


def policies_in_force(day: date) -> Sequence[Policy]:
    """The policy of each area that has one on a day, widest area first."""
    rows = db.session.scalars(select(Policy).where(holds_on(day)).order_by(Policy.begins_on, Policy.id))
    newest = {policy.area_code: policy for policy in rows}
    return sorted(newest.values(), key=lambda policy: (len(policy.area_code), policy.area_code))
