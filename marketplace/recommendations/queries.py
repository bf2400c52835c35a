"""Reading policies, models and choices."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, Select, bindparam, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from marketplace.catalogue.models import Listing, Producer
from marketplace.catalogue.queries import benefit_bp_on, on_sale
from marketplace.kernel.clock import day_start
from marketplace.kernel.db import db
from marketplace.recommendations.coverage import PoliciesInForce, Signature, policy_column
from marketplace.recommendations.forgetting import known_from
from marketplace.recommendations.models import (
    ListingExposure,
    ModelKind,
    ModelState,
    ModelVersion,
    Policy,
    Preference,
    ServedList,
    TiltSum,
)
from marketplace.regions.codes import ancestor_codes
from recommender import tally

# A listing is new for this long after it was first on sale, and is owed this much exposure, in units of a list's first
# place: some seventy lists in their last place, after which the model has views and purchases of its own to go by.
NEW_FOR_DAYS = 14
NEW_EXPOSURE = 20.0
# The sums of a policy that are not those of one household; households' are read with the goods they belong to.
SEVERITY = "severity"
_POLICY_SUMS = (*tally.POLICY_SUMS, SEVERITY)


@dataclass(frozen=True)
class ServingContext:
    """All that a request for a list needs to know of its reader, the policies and the model, read in one statement.

    ``tilt_sums`` holds by policy id the sums of its controller, without those of single households.
    """

    personalised: bool
    in_force: PoliciesInForce
    model: ModelVersion | None
    tilt_sums: Mapping[int, Mapping[str, float]]
    # The first fit that may know the reader: those before it hold a history that was deleted.
    known_from_fit: int = 0


def holds_on(day: date | ColumnElement[date]) -> ColumnElement[bool]:
    """Whether a policy has begun by a day and has not ended before it."""
    return (Policy.begins_on <= day) & or_(Policy.ends_on.is_(None), Policy.ends_on >= day)


def serving_context(account_id: int | None, day: date) -> ServingContext:
    """The newest model, all policies in force, their sums and the reader's choice, in one statement."""
    rows = db.session.execute(_context_query(), {"day": day, "account_id": account_id}).all()
    found = [row for row in rows if row[1] is not None]
    return ServingContext(
        personalised=account_id is not None and rows[0][3] is not False,
        in_force=PoliciesInForce(day, _widest_first(row[1] for row in found)),
        model=rows[0][0],
        tilt_sums={row[1].id: row[2] or {} for row in found},
        known_from_fit=rows[0][4],
    )


@cache
def _context_query() -> Select[Any]:
    """The statement behind ``serving_context``, made once: it has a day and an account for its only parameters."""
    day, account_id = bindparam("day", type_=Date), bindparam("account_id", type_=BigInteger)
    model = aliased(
        ModelVersion,
        select(ModelVersion).where(ModelVersion.state == ModelState.READY).order_by(ModelVersion.id.desc()).limit(1).subquery(),
    )
    policy = aliased(Policy, _newest_of_each_area(day).subquery())
    sums = (
        select(func.jsonb_object_agg(TiltSum.name, TiltSum.value))
        .where(TiltSum.policy_id == policy.id, TiltSum.name.in_(_POLICY_SUMS))
        .scalar_subquery()
    )
    one = select(literal(1).label("one")).subquery()
    return (
        select(model, policy, sums, Preference.personalised, known_from(account_id))
        .select_from(one)
        .outerjoin(model, true())
        .outerjoin(policy, true())
        .outerjoin(Preference, Preference.account_id == account_id)
    )


def _newest_of_each_area(day: date | ColumnElement[date]) -> Select[tuple[Policy]]:
    """The policy of each area that has one on a day: the one that began last."""
    return (
        select(Policy)
        .where(holds_on(day))
        .ext(distinct_on(Policy.area_code))
        .order_by(Policy.area_code, Policy.begins_on.desc(), Policy.id.desc())
    )


def _widest_first(policies: Iterable[Policy]) -> list[Policy]:
    return sorted(policies, key=lambda policy: (len(policy.area_code), policy.area_code))


@lru_cache(maxsize=64)
def tilt_columns(policies: Signature) -> list[ColumnElement[Any]]:
    """The columns of a ``Listing`` and its ``Producer`` that the tilt goes by, as they are this moment.

    ``stock_benefit_bp`` of the lots in stock on the day, ``policy_id`` of the policy that covers it (0 for none), ``severity``
    of its seller, ``household_exposure`` that the seller has had under that policy (0 while none sets a floor),
    ``published_at``, and ``new_exposure`` that the listing has had as a new one.
    """
    day, with_floors, _areas = policies
    policy_id = policy_column(policies)
    received: ColumnElement[Any] = literal(0.0)
    if with_floors:
        name = func.concat("household:", Listing.producer_id, ":registered_exposure")
        received = select(TiltSum.value).where(TiltSum.policy_id == policy_id, TiltSum.name == name).scalar_subquery()
    shown = select(ListingExposure.exposure).where(ListingExposure.listing_id == Listing.id).scalar_subquery()
    return [
        benefit_bp_on(day).label("stock_benefit_bp"),
        policy_id.label("policy_id"),
        seller_severity().label("severity"),
        func.coalesce(received, 0.0).label("household_exposure"),
        Listing.published_at,
        func.coalesce(shown, 0.0).label("new_exposure"),
    ]


def seller_severity() -> ColumnElement[float]:
    """The weight w of a seller of registered households' goods in the floors, a column of ``Producer``.

    The registry does not measure yet how poor a household is; until it does, every seller weighs the same. A cooperative weighs
    like one household.
    """
    return literal(1.0)


def severity_by_policy(in_force: PoliciesInForce) -> dict[int, float]:
    """The severity of all sellers with registered households' goods in stock, by the policy that covers them; 0 for none."""
    policy_id = in_force.policy_id.label("policy_id")
    sellers = (
        select(policy_id, Producer.id, seller_severity().label("severity"))
        .select_from(Listing)
        .join(Producer, Producer.id == Listing.producer_id)
        .where(on_sale(), Listing.available > 0, benefit_bp_on(in_force.day) > 0)
        .distinct()
        .subquery()
    )
    rows = db.session.execute(select(sellers.c.policy_id, func.sum(sellers.c.severity)).group_by(sellers.c.policy_id))
    return {policy.id: 0.0 for policy in in_force.policies} | {number: float(sum_) for number, sum_ in rows if number}


def owed_exposure(day: date) -> Select[tuple[int]]:
    """The listings in stock that are still owed exposure because they are new, those that have had least first."""
    shown = func.coalesce(ListingExposure.exposure, 0.0)
    return (
        select(Listing.id)
        .outerjoin(ListingExposure, ListingExposure.listing_id == Listing.id)
        .where(
            on_sale(),
            Listing.available > 0,
            Listing.published_at >= day_start(day - timedelta(days=NEW_FOR_DAYS)),
            shown < NEW_EXPOSURE,
        )
        .order_by(shown, Listing.id)
    )


def is_personalised(account_id: int) -> bool:
    """Whether a consumer's lists may follow what they did; yes until they say no."""
    return db.session.scalar(select(Preference.personalised).filter_by(account_id=account_id)) is not False


def policy_in_force(area_code: str, day: date) -> Policy | None:
    """The policy that holds for an area on a day: the nearest area's, the one that began last."""
    rows = db.session.scalars(select(Policy).where(Policy.area_code.in_(ancestor_codes(area_code)), holds_on(day)))
    return max(rows, key=lambda policy: (len(policy.area_code), policy.begins_on), default=None)


def newest_model(kind: ModelKind | None = None) -> ModelVersion | None:
    """The newest model that can serve, or the newest of a kind."""
    query = select(ModelVersion).filter_by(state=ModelState.READY).order_by(ModelVersion.id.desc()).limit(1)
    return db.session.scalars(query if kind is None else query.filter_by(kind=kind)).first()


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


def sellers_by_policy(in_force: PoliciesInForce) -> dict[int, int]:
    """How many sellers have goods in stock that a policy covers, registered or not, by policy id."""
    policy_id = in_force.policy_id.label("policy_id")
    goods = select(policy_id, Listing.producer_id).where(on_sale(), Listing.available > 0).distinct().subquery()
    rows = db.session.execute(select(goods.c.policy_id, func.count()).group_by(goods.c.policy_id)).all()
    return {policy.id: 0 for policy in in_force.policies} | {number: sellers for number, sellers in rows if number}


def policies_in_force(day: date) -> Sequence[Policy]:
    """The policy of each area that has one on a day, widest area first."""
    return _widest_first(db.session.scalars(_newest_of_each_area(day)))
