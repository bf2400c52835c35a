"""What policies mean for a trained model: the general order of lists, and the prices their controllers begin with.

Both come from the rule that serves requests, run over the consumers known today until its prices settle. So a change of
policy takes effect at once and nothing is trained again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.models import Listing
from marketplace.catalogue.queries import benefit_bp_on
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.recommendations import loaded
from marketplace.recommendations.coverage import PoliciesInForce
from marketplace.recommendations.models import Policy, TiltSum
from marketplace.recommendations.queries import SEVERITY, ServingContext, newest_model, serving_context, severity_by_policy
from recommender import Recommender, TiltController, TiltPolicy, rank_together, settle_together, tally, tilt_together

# The general order is tilted so that the first pages of the shop keep the policies; nobody reads much further.
_RANKED_PLACES = 48
# The first prices are found on this many consumers; a list of the home page has 12 places.
_SAMPLED_CONSUMERS = 300
_LIST_PLACES = 12

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


def keep_policies(*, now: datetime) -> None:
    """Let policies take effect that have begun since they were last looked at, and count again whom the others help.

    Owns its transactions.
    """
    with transaction():
        sums = serving_context(None, local_day(now)).tilt_sums
    if all(SEVERITY in one for one in sums.values()):
        count_sellers(now=now)
    else:
        apply_policies(now=now)


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
    """Write the general order by a model, and the price with which the controller of each policy that is new begins.

    A policy is new that was never counted for or that has served no list yet. Owns its transactions.
    """
    with transaction():
        before = serving_context(None, local_day(now)).tilt_sums
    count_sellers(now=now)
    with transaction():
        context = serving_context(None, local_day(now))
        listing_ids, benefit, covered_by = _goods(context.in_force)
        if not listing_ids:
            return
        # Households' floors have no price in the general order, and begin without one.
        followed = controllers_of(context, household_sums={})
        targets = {number: replace(one.policy, household_floor=0.0) for number, one in followed.items()}
        ranks = _general_ranks(model, listing_ids, benefit, covered_by, targets)
        db.session.execute(
            update(Listing), [{"id": number, "rank": rank} for number, rank in zip(listing_ids, ranks.tolist(), strict=True)]
        )
        known = {number for number, sums in before.items() if SEVERITY in sums and sums.keys() & set(tally.POLICY_SUMS)}
        if targets.keys() - known:
            starts = _first_prices(model, listing_ids, benefit, covered_by, targets)
            _begin({number: starts[number] for number in sorted(targets.keys() - known)})


def _goods(in_force: PoliciesInForce) -> tuple[list[int], Floats, Numbers]:
    """Ids, benefit shares and covering policies of all listings, in the order of ids."""
    bp = benefit_bp_on(in_force.day).label("benefit_bp")
    rows = db.session.execute(select(Listing.id, bp, in_force.policy_id.label("policy_id")).order_by(Listing.id)).all()
    covered_by = np.array([row.policy_id for row in rows], dtype=np.int64)
    return [row.id for row in rows], np.array([row.benefit_bp for row in rows]) / 10_000, covered_by


def _general_ranks(
    model: Recommender, listing_ids: list[int], benefit: Floats, covered_by: Numbers, targets: Mapping[int, TiltPolicy]
) -> Floats:
    """What a stranger would buy, raised by the prices that give one long list each policy's share."""
    relevance = model.relevance([None], candidates=listing_ids).astype(np.float64)
    if not targets:
        return relevance[0]
    places = min(_RANKED_PLACES, len(listing_ids))
    starts = settle_together(targets, covered_by, relevance, benefit, places)
    controllers = {number: TiltController(targets[number], state) for number, state in starts.items()}
    guard_part = rank_together(controllers, covered_by, relevance[0], benefit, places).multipliers["guard"]
    tilt, _ = tilt_together(controllers, covered_by, relevance[0], benefit)
    return np.asarray(relevance[0] + guard_part * tilt)


def _first_prices(
    model: Recommender, listing_ids: list[int], benefit: Floats, covered_by: Numbers, targets: Mapping[int, TiltPolicy]
) -> dict[int, tally.State]:
    """The prices that are right for the consumers known today, so that the first lists already keep the policies."""
    consumers = model.state.users.values
    sample = sorted(np.random.default_rng(0).permutation(len(consumers))[:_SAMPLED_CONSUMERS])
    relevance = model.relevance([consumers[number] for number in sample], candidates=listing_ids)
    return settle_together(targets, covered_by, relevance, benefit, min(_LIST_PLACES, len(listing_ids)))


def _begin(starts: Mapping[int, tally.State]) -> None:
    rows = [
        {"policy_id": number, "name": name, "value": value}
        for number, state in starts.items()
        for name, value in state.items()
        if name != tally.FORMAT and value
    ]
    if rows:
        db.session.execute(insert(TiltSum).values(rows).on_conflict_do_nothing())
