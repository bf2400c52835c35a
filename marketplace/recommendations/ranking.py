"""From a shortlist to the list that is shown: the tilt of the policies in force, new listings' turn, and the record of both."""

import json
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from marketplace.kernel.db import db
from marketplace.recommendations import serving
from marketplace.recommendations.queries import NEW_EXPOSURE, NEW_FOR_DAYS, ServingContext
from marketplace.recommendations.tilting import controllers_of
from recommender import TiltedList, rank_together, tally

# What a new listing is owed falls due at such a pace that all is due at half its time. The pace holds on past that: who still
# lags is pulled ever harder, until all has been received.
_DUE_IN = timedelta(days=NEW_FOR_DAYS / 2)
# How often the last place goes to a new listing whatever the model thinks of it: one list in ten.
_EXPLORATION = 0.1
# What new listings may cost a list while no policy has promised the consumer anything.
_GUARD_WITHOUT_POLICY = 0.9


def rank_and_log(
    context: ServingContext,
    shortlist: serving.Shortlist,
    n: int,
    *,
    reader: int | None,
    surface: str,
    list_id: str,
    most_of_one_seller: int,
    now: datetime,
) -> TiltedList:
    """Choose and order at most ``n`` places of a shortlist, and write down with the open transaction what is shown."""
    in_force = context.in_force
    is_new = _is_new(shortlist, now)
    chosen = rank_together(
        controllers_of(context, household_sums=_household_sums(context, shortlist)),
        shortlist.policy_ids,
        shortlist.relevance,
        shortlist.benefit,
        n,
        seller=shortlist.seller,
        severity=shortlist.severity,
        owed=_owed(shortlist, is_new, now),
        max_per_seller=most_of_one_seller,
        # A policy that cannot be followed for want of goods has promised its guard all the same.
        least_guard=in_force.guard if in_force.policies else _GUARD_WITHOUT_POLICY,
        exploration=_EXPLORATION if is_new.any() else 0.0,
        explorable=is_new,
        rng=np.random.default_rng() if is_new.any() else None,
    )
    _write_down(list_id, reader, surface, shortlist, chosen, is_new, now)
    return chosen


def _household_sums(context: ServingContext, shortlist: serving.Shortlist) -> dict[int, tally.State]:
    """What the households whose goods are on a shortlist have received under each policy with a floor."""
    sums: dict[int, tally.State] = {}
    for policy in context.in_force.policies:
        if policy.household_floor:
            helped = (shortlist.policy_ids == policy.id) & (shortlist.benefit > 0)
            received = zip(shortlist.seller[helped].tolist(), shortlist.household_exposure[helped].tolist(), strict=True)
            sums[policy.id] = {tally.household_registered(seller): exposure for seller, exposure in received}
    return sums


def _is_new(shortlist: serving.Shortlist, now: datetime) -> NDArray[np.bool_]:
    """Which listings are still owed exposure because they are new."""
    young = shortlist.published_at >= (now - timedelta(days=NEW_FOR_DAYS)).timestamp()
    return np.asarray(young & (shortlist.new_exposure < NEW_EXPOSURE))


def _owed(shortlist: serving.Shortlist, is_new: NDArray[np.bool_], now: datetime) -> NDArray[np.float64]:
    """What each new listing lacks of the exposure that has fallen due by now."""
    due = NEW_EXPOSURE * (now.timestamp() - shortlist.published_at) / _DUE_IN.total_seconds()
    return np.asarray(np.where(is_new, np.maximum(due - shortlist.new_exposure, 0.0), 0.0))


# Sums are added in the order of their keys, new listings' before policies', so that two lists never wait for each other.
_LOG = text(
    """
    WITH served AS (
        INSERT INTO served_list (public_id, at, surface, account_id, model_version_id, listing_ids, policy_ids,
            position_weights, relevance, propensity, benefit_bp, exposure, registered_exposure, kept_utility, multipliers)
        VALUES (:public_id, :at, :surface, :account_id, :model_version_id, :listing_ids, :policy_ids, :position_weights,
            :relevance, :propensity, :benefit_bp, :exposure, :registered_exposure, :kept_utility,
            cast(:multipliers AS jsonb))
    ), seen AS (
        INSERT INTO listing_exposure (listing_id, exposure)
        SELECT listing_id, amount
        FROM unnest(cast(:new_ids AS bigint[]), cast(:new_amounts AS float8[])) AS delta (listing_id, amount)
        ORDER BY listing_id
        ON CONFLICT (listing_id) DO UPDATE SET exposure = listing_exposure.exposure + excluded.exposure
        RETURNING 1
    )
    INSERT INTO tilt_sum (policy_id, name, value)
    SELECT policy_id, name, amount
    FROM unnest(cast(:sum_policy_ids AS integer[]), cast(:names AS text[]), cast(:amounts AS float8[]))
        AS delta (policy_id, name, amount)
    WHERE (SELECT count(*) FROM seen) >= 0
    ORDER BY policy_id, name COLLATE "C"
    ON CONFLICT (policy_id, name) DO UPDATE SET value = tilt_sum.value + excluded.value
    """
)


def _write_down(
    list_id: str,
    reader: int | None,
    surface: str,
    shortlist: serving.Shortlist,
    chosen: TiltedList,
    is_new: NDArray[np.bool_],
    now: datetime,
) -> None:
    """Write down what is shown and add it to the sums of its policies and new listings, in one statement."""
    at = chosen.positions
    new = is_new[at]
    deltas = [(number, name, amount) for number, part in chosen.parts.items() for name, amount in part.delta.items()]
    multipliers: dict[str, Any] = dict(chosen.multipliers)
    if chosen.parts:
        multipliers["policies"] = {str(number): part.multipliers for number, part in chosen.parts.items()}
    db.session.execute(
        _LOG,
        {
            "public_id": list_id,
            "at": now,
            "surface": surface,
            "account_id": reader,
            # The model that the list came from, which for the moment of a change is not always the newest.
            "model_version_id": shortlist.model_version_id,
            "listing_ids": shortlist.listing_ids[at].tolist(),
            "policy_ids": [number or None for number in shortlist.policy_ids[at].tolist()],
            "position_weights": chosen.exposure.tolist(),
            "relevance": shortlist.relevance[at].tolist(),
            "propensity": chosen.propensity.tolist(),
            "benefit_bp": np.round(shortlist.benefit[at] * 10_000).astype(int).tolist(),
            "exposure": float(chosen.exposure.sum()),
            "registered_exposure": chosen.registered_exposure,
            "kept_utility": chosen.kept_utility,
            "multipliers": json.dumps(multipliers),
            "new_ids": shortlist.listing_ids[at][new].tolist(),
            "new_amounts": chosen.exposure[new].tolist(),
            "sum_policy_ids": [number for number, _, _ in deltas],
            "names": [name for _, name, _ in deltas],
            "amounts": [amount for _, _, amount in deltas],
        },
    )
