"""From a shortlist to the list that is shown: the tilt of the policies in force, and the record of it."""

import json
from datetime import datetime

import numpy as np
from sqlalchemy import text

from marketplace.kernel.db import db
from marketplace.recommendations import serving
from marketplace.recommendations.queries import ServingContext
from marketplace.recommendations.tilting import tilt_policy
from recommender import TiltController, TiltedList, tally


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
    sums = {**context.tilt_sums, tally.FORMAT: tally.FORMAT_NUMBER}
    controller = TiltController.from_state(tilt_policy(context.policy), sums)
    chosen = controller.rank(
        shortlist.relevance, shortlist.benefit, n, seller=shortlist.seller, max_per_seller=most_of_one_seller
    )
    _write_down(context, list_id, reader, surface, shortlist, chosen, now)
    return chosen


_LOG = text(
    """
    WITH served AS (
        INSERT INTO served_list (public_id, at, surface, account_id, policy_id, model_version_id, listing_ids, relevance,
            propensity, benefit_bp, exposure, registered_exposure, multipliers)
        VALUES (:public_id, :at, :surface, :account_id, :policy_id, :model_version_id, :listing_ids, :relevance,
            :propensity, :benefit_bp, :exposure, :registered_exposure, cast(:multipliers AS jsonb))
    )
    INSERT INTO tilt_sum (policy_id, name, value)
    SELECT :policy_id, name, amount FROM unnest(cast(:names AS text[]), cast(:amounts AS float8[])) AS delta (name, amount)
    WHERE cast(:policy_id AS integer) IS NOT NULL
    ON CONFLICT (policy_id, name) DO UPDATE SET value = tilt_sum.value + excluded.value
    """
)


def _write_down(
    context: ServingContext,
    list_id: str,
    reader: int | None,
    surface: str,
    shortlist: serving.Shortlist,
    chosen: TiltedList,
    now: datetime,
) -> None:
    """Write down what is shown and add it to the controller's sums, in one statement and in the order of their names."""
    names = sorted(chosen.delta)
    db.session.execute(
        _LOG,
        {
            "public_id": list_id,
            "at": now,
            "surface": surface,
            "account_id": reader,
            "policy_id": context.policy.id if context.policy is not None else None,
            "model_version_id": context.model.id if context.model is not None else None,
            "listing_ids": shortlist.listing_ids[chosen.positions].tolist(),
            "relevance": shortlist.relevance[chosen.positions].tolist(),
            "propensity": chosen.propensity.tolist(),
            "benefit_bp": np.round(shortlist.benefit[chosen.positions] * 10_000).astype(int).tolist(),
            "exposure": float(chosen.exposure.sum()),
            "registered_exposure": chosen.registered_exposure,
            "multipliers": json.dumps(chosen.multipliers),
            "names": names,
            "amounts": [chosen.delta[name] for name in names],
        },
    )
