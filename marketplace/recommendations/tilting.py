"""What a policy means for a trained model: the general order of lists, and the price the controller begins with."""

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.models import Listing
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.recommendations.models import Policy, TiltSum
from marketplace.recommendations.queries import serving_context
from recommender import Recommender, TiltPolicy, tally, tilt_lists

# The general order is tilted so that the first pages of the shop keep the policy; nobody reads much further.
_RANKED_PLACES = 48
# The first price is found on as many consumers as fit into this many scores; a list of the home page has 12 places.
_SAMPLED_SCORES = 4_000_000
_LIST_PLACES = 12

Floats = NDArray[np.float64]


def tilt_policy(policy: Policy | None) -> TiltPolicy:
    """A policy row in the recommender's words; without one, no tilt."""
    if policy is None:
        return TiltPolicy()
    return TiltPolicy(
        exposure_share=policy.exposure_share,
        sales_share=policy.sales_share,
        household_floor=policy.household_floor,
        consumer_guard=policy.consumer_guard,
    )


def apply_policy(model: Recommender, *, now: datetime) -> None:
    """Write the general order, and for a policy that has served no list yet the price its controller begins with."""
    with transaction():
        context = serving_context(None, local_day(now))
        rows = db.session.execute(text("SELECT id, benefit_bp, area_code FROM listing ORDER BY id")).all()
        listing_ids = [row.id for row in rows]
        benefit = _benefit_under(context.policy, rows)
        ranks = _general_ranks(model, listing_ids, benefit, context.policy)
        db.session.execute(
            update(Listing), [{"id": number, "rank": float(rank)} for number, rank in zip(listing_ids, ranks, strict=True)]
        )
        if context.policy is not None and not context.tilt_sums:
            _begin_warm(model, listing_ids, benefit, context.policy)


def _benefit_under(policy: Policy | None, rows: Any) -> Floats:
    """Benefit shares in [0, 1] as a policy counts them: goods from outside its area do not count."""
    return np.array([row.benefit_bp / 10_000 * (policy is None or row.area_code.startswith(policy.area_code)) for row in rows])


def _general_ranks(model: Recommender, listing_ids: list[int], benefit: Floats, policy: Policy | None) -> Floats:
    """What a stranger would buy, raised by the price that gives one long list the policy's share."""
    relevance = model.relevance([None], candidates=listing_ids).astype(np.float64)
    if policy is None:
        return relevance[0]
    prices = tilt_lists(relevance, benefit, min(_RANKED_PLACES, len(listing_ids)), tilt_policy(policy)).multipliers
    raised: Floats = relevance[0] * prices.sales + prices.exposure.get(None, 0.0)
    return relevance[0] + float(prices.guard[0]) * benefit * raised


def _begin_warm(model: Recommender, listing_ids: list[int], benefit: Floats, policy: Policy) -> None:
    """Begin with the prices that are right for the consumers known today, so that the first lists already keep the policy."""
    consumers = model.state.users.values
    most = max(1, _SAMPLED_SCORES // max(len(listing_ids), 1))
    sample = np.random.default_rng(0).permutation(len(consumers))[:most]
    relevance = model.relevance([consumers[number] for number in sorted(sample)], candidates=listing_ids)
    prices = tilt_lists(relevance, benefit, min(_LIST_PLACES, len(listing_ids)), tilt_policy(policy)).multipliers
    starts = {tally.START_EXPOSURE: prices.exposure.get(None, 0.0), tally.START_SALES: prices.sales}
    rows = [{"policy_id": policy.id, "name": name, "value": float(value)} for name, value in starts.items() if value]
    if rows:
        db.session.execute(insert(TiltSum).values(rows).on_conflict_do_nothing())
