"""What policies mean for a trained model: the general order of lists, and the prices their controllers begin with.

Both come from the rule that serves requests, run over the consumers known today until its prices settle. So a change of
policy takes effect at once and nothing is trained again.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.models import Listing
from marketplace.catalogue.queries import benefit_bp_on
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.locks import in_turn
from marketplace.recommendations import loaded
from marketplace.recommendations.models import Policy, TiltSum
from marketplace.recommendations.queries import SEVERITY, ServingContext, newest_model, serving_context, severity_by_policy
from recommender import Recommender, TiltController, TiltPolicy, rank_together, settle_together, tally, tilt_together

# The general order is tilted so that the first pages of the shop keep the policies; nobody reads much further.
_RANKED_PLACES = 48
# The first prices are found on this many consumers; a list of the home page has 12 places.
_SAMPLED_CONSUMERS = 300
_LIST_PLACES = 12
# So many ranks are written at a time, in some tens of milliseconds.
_PORTION = 500
_ORDER = "recommendations.order"
# The sums that first prices are kept as, by the name of the price.
_STARTS = {"exposure": tally.START_EXPOSURE, "sales": tally.START_SALES}

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


def tilt_policy(policy: Policy, *, with_floor: bool = True) -> TiltPolicy:
    """A policy row in the recommender's words; without its floor while nobody has counted whom it is divided among."""
    return TiltPolicy(
        exposure_share=policy.exposure_share,
        sales_share=policy.sales_share,
        household_floor=policy.household_floor if with_floor else 0.0,
        consumer_guard=policy.consumer_guard,
    )


def controllers_of(context: ServingContext, *, household_sums: Mapping[int, tally.State]) -> dict[int, TiltController]:
    """The controller of each policy in force, by policy id, from its sums and those of the households in question.

    A policy whose area has no registered household's goods in stock has none: it would hide other goods to no avail.
    """
    controllers = {}
    for policy in context.in_force.policies:
        sums = {**context.tilt_sums[policy.id], **household_sums.get(policy.id, {}), tally.FORMAT: tally.FORMAT_NUMBER}
        severity = sums.pop(SEVERITY, None)
        if severity != 0:
            target = tilt_policy(policy, with_floor=severity is not None)
            controllers[policy.id] = TiltController.from_state(target, sums, total_severity=severity)
    return controllers


def apply_policies(*, now: datetime) -> None:
    """Let the policies in force today take effect: count whom they help, and write order and prices by the current model.

    Owns its transactions. Before the first training there is no order to write, and the controllers begin without a price.
    """
    with transaction():
        model = loaded.recommender_of(newest_model())
    if model is None:
        count_sellers(now=now)
    else:
        apply_policy(model, now=now)


def count_sellers(*, now: datetime) -> None:
    """Count for each policy in force whom it helps: what its floors are divided by, and whether it has goods to show at all."""
    with transaction():
        in_force = serving_context(None, local_day(now)).in_force
        counted = severity_by_policy(in_force)
        rows = [{"policy_id": number, "name": SEVERITY, "value": counted[number]} for number in sorted(counted)]
        if rows:
            statement = insert(TiltSum).values(rows)
            changed = {"value": statement.excluded.value}
            db.session.execute(statement.on_conflict_do_update(index_elements=["policy_id", "name"], set_=changed))


def apply_policy(model: Recommender, *, now: datetime) -> None:
    """Write the general order by a model, and the price with which the controller of each policy begins that has none yet.

    Owns its transactions. Order and prices are found outside of any: goods stay free to be bought meanwhile. Two that are at it
    at once take turns, and the later one has read the newer policies.
    """
    with in_turn(_ORDER):
        count_sellers(now=now)
        with transaction():
            goods = _goods(serving_context(None, local_day(now)))
        if not goods.listing_ids:
            return
        ranks = _general_ranks(model, goods)
        begin = goods.targets.keys() - goods.begun
        starts = _first_prices(model, goods) if begin else {}
        with transaction():
            _begin({number: starts[number] for number in sorted(begin)}, serving_context(None, local_day(now)))
        _write_ranks(goods.listing_ids, ranks.tolist())


@dataclass(frozen=True)
class _Goods:
    """All listings in the order of ids, with their benefit shares and the policies that cover them, 0 for none.

    ``targets`` are the policies that have goods to follow them with, without households' floors: those have no price in the
    general order, and begin without one. ``begun`` are the policies whose controllers have been given their first prices.
    """

    listing_ids: list[int]
    benefit: Floats
    covered_by: Numbers
    targets: Mapping[int, TiltPolicy]
    begun: Set[int]


def _goods(context: ServingContext) -> _Goods:
    in_force = context.in_force
    bp = benefit_bp_on(in_force.day).label("benefit_bp")
    rows = db.session.execute(select(Listing.id, bp, in_force.policy_id.label("policy_id")).order_by(Listing.id)).all()
    followed = controllers_of(context, household_sums={})
    return _Goods(
        listing_ids=[row.id for row in rows],
        benefit=np.array([row.benefit_bp for row in rows]) / 10_000,
        covered_by=np.array([row.policy_id for row in rows], dtype=np.int64),
        targets={number: replace(one.policy, household_floor=0.0) for number, one in followed.items()},
        begun={number for number, sums in context.tilt_sums.items() if sums.keys() & _STARTS.values()},
    )


def _general_ranks(model: Recommender, goods: _Goods) -> Floats:
    """What a stranger would buy, raised by the prices that give one long list each policy's share."""
    relevance = model.relevance([None], candidates=goods.listing_ids).astype(np.float64)
    if not goods.targets:
        return np.asarray(relevance[0])
    places = min(_RANKED_PLACES, len(goods.listing_ids))
    starts = settle_together(goods.targets, goods.covered_by, relevance, goods.benefit, places)
    controllers = {number: TiltController(goods.targets[number], state) for number, state in starts.items()}
    guard_part = rank_together(controllers, goods.covered_by, relevance[0], goods.benefit, places).multipliers["guard"]
    tilt, _ = tilt_together(controllers, goods.covered_by, relevance[0], goods.benefit)
    return np.asarray(relevance[0] + guard_part * tilt)


def _first_prices(model: Recommender, goods: _Goods) -> dict[int, tally.State]:
    """The prices that are right for the consumers known today, so that the first lists already keep the policies."""
    consumers = model.state.users.values
    sample = sorted(np.random.default_rng(0).permutation(len(consumers))[:_SAMPLED_CONSUMERS])
    relevance = model.relevance([consumers[number] for number in sample], candidates=goods.listing_ids)
    places = min(_LIST_PLACES, len(goods.listing_ids))
    return settle_together(goods.targets, goods.covered_by, relevance, goods.benefit, places)


def _begin(starts: Mapping[int, tally.State], context: ServingContext) -> None:
    """Give controllers their first prices, less what lists have already raised them to since the policy began.

    A price of 0 is written too: it says that the policy has been taken up.
    """
    held = controllers_of(context, household_sums={})
    rows = []
    for number, state in starts.items():
        raised = held[number].multipliers() if number in held else {}
        for price, name in _STARTS.items():
            if name in state:
                rows.append({"policy_id": number, "name": name, "value": max(state[name] - raised.get(price, 0.0), 0.0)})
    # A policy that was withdrawn meanwhile is in force no more, and has no sums to add to.
    rows = [row for row in rows if row["policy_id"] in context.tilt_sums]
    if rows:
        db.session.execute(insert(TiltSum).values(rows).on_conflict_do_nothing())


# Rows are locked in the order of ids, as checkout locks them, so that neither waits for the other in a ring.
_RANKS = text(
    """
    WITH given AS (
        SELECT id, rank FROM unnest(cast(:ids AS bigint[]), cast(:ranks AS float8[])) AS given (id, rank)
    ), changed AS (
        SELECT listing.id, given.rank FROM listing JOIN given ON given.id = listing.id
        WHERE listing.rank IS DISTINCT FROM given.rank
        ORDER BY listing.id FOR NO KEY UPDATE OF listing
    )
    UPDATE listing SET rank = changed.rank FROM changed WHERE listing.id = changed.id
    """
)


def _write_ranks(listing_ids: list[int], ranks: list[float]) -> None:
    """Write the ranks that have changed, in portions with a transaction each: nobody waits for more than one of them."""
    for first in range(0, len(listing_ids), _PORTION):
        part = slice(first, first + _PORTION)
        with transaction():
            db.session.execute(_RANKS, {"ids": listing_ids[part], "ranks": ranks[part]})
