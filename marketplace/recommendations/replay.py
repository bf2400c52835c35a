"""What a draft would have earned on lists already shown, as far as the log can say it.

A list follows from its prices: what stands in it stood there with probability 1, and such places say nothing about what
another choice would have earned. Only the last place of a list is at times given by chance, with a known probability. So
the question that can be answered is a small one: had the draft filled the last places, how many of them would have led to a
purchase? What the draft changes further up stays unknown until it is tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from marketplace.kernel.db import db
from marketplace.recommendations.policies import PolicyDraft
from marketplace.recommendations.simulation import Bench
from marketplace.recommendations.world import SAMPLED_CONSUMERS, Floats, World, covered_goods, read_world
from recommender.off_policy import OffPolicyEstimate, estimate_reward

# A place has earned something when its reader bought what stood there within a week, so the last week is still open.
REWARD_DAYS = 7
LOOKED_AT_DAYS = 56
# A place that was rarer than this was given by chance; the others were kept from chance.
_BY_CHANCE = 0.5


@dataclass(frozen=True)
class Replay:
    """What the log says of a draft.

    ``places`` are last places at which chance had a say, ``by_chance`` those it filled, ``earned`` the part of them that led
    to a purchase as they were. ``estimate`` is the same under the draft; None where the log cannot tell, and then ``why``
    is ``nothing_by_chance`` or ``too_few``.
    """

    places: int
    by_chance: int
    earned: float | None
    estimate: OffPolicyEstimate | None
    effective_size: float
    why: str


def replay(draft: PolicyDraft, *, now: datetime) -> Replay:
    """Estimate from logged last places what a draft would have earned on them."""
    rows = _last_places(now)
    by_chance = sum(row.propensity < _BY_CHANCE for row in rows)
    earned = float(np.mean([row.bought for row in rows])) if rows else None
    if not by_chance or by_chance == len(rows):
        return Replay(len(rows), by_chance, earned, None, 0.0, "nothing_by_chance")
    world = read_world(now=now, consumer_ids=sorted({row.account_id for row in rows}))
    if world is None:
        return Replay(len(rows), by_chance, earned, None, 0.0, "too_few")
    chosen = _last_choices(draft, world, rows)
    logged = np.array([row.propensity for row in rows], dtype=np.float64)
    would_show = np.array([row.listing_id for row in rows]) == chosen
    found = estimate_reward([float(row.bought) for row in rows], logged, new_propensities(logged, would_show))
    telling = found.is_telling
    return Replay(len(rows), by_chance, earned, found if telling else None, found.effective_size, "" if telling else "too_few")


def new_propensities(logged: Floats, would_show: NDArray[np.bool_]) -> Floats:
    """How likely a draft that leaves as much to chance shows what was logged, where it would choose that itself or not.

    Formula: with e the chance in force and e / m what one of m goods has of it: 1 - e for the draft's own choice, e / m for
    any other. A place that was left to the rule shows 1 - e; one given by chance shows e / m.

    >>> new_propensities(np.array([0.9, 0.9, 0.01, 0.01]), np.array([True, False, True, False])).tolist()
    [0.9, 0.01, 0.9, 0.01]
    """
    by_chance = logged < _BY_CHANCE
    rule, chance = float(np.median(logged[~by_chance])), float(np.median(logged[by_chance]))
    own = np.where(by_chance, rule, logged)
    other = np.where(by_chance, logged, chance)
    return np.where(would_show, own, other)


def _last_places(now: datetime) -> Sequence[Any]:
    """The last places at which chance had a say, with whether they led to a purchase.

    In lists of a sample of readers who let lists follow what they do, today too.
    """
    return db.session.execute(
        text(
            "WITH place AS ("
            "   SELECT id, account_id, at, listing_ids, listing_ids[cardinality(listing_ids)] AS listing_id,"
            "       propensity[cardinality(propensity)]::float8 AS propensity"
            "   FROM served_list WHERE at > :first AND at <= :last AND account_id IS NOT NULL"
            "   AND propensity[cardinality(propensity)] < 1"
            "), reader AS ("
            "   SELECT account_id FROM place LEFT JOIN preference USING (account_id)"
            "   WHERE preference.personalised IS NOT FALSE GROUP BY account_id ORDER BY md5(account_id::text) LIMIT :readers"
            ") SELECT place.*, EXISTS ("
            "   SELECT 1 FROM event WHERE event.account_id = place.account_id AND event.kind = 'purchase'"
            "   AND event.listing_id = place.listing_id AND event.at > place.at"
            "   AND event.at <= place.at + make_interval(days => :days)) AS bought"
            " FROM place JOIN reader USING (account_id) ORDER BY place.id"
        ),
        {
            "first": now - timedelta(days=LOOKED_AT_DAYS),
            "last": now - timedelta(days=REWARD_DAYS),
            "days": REWARD_DAYS,
            "readers": SAMPLED_CONSUMERS,
        },
    ).all()


def _last_choices(draft: PolicyDraft, world: World, rows: Sequence[Any]) -> NDArray[np.int64]:
    """What the draft would put into each last place, the places above it being as they were.

    By today's model and today's stock: what was in stock then is not kept.
    """
    covered = covered_goods(world, draft.area_code, draft.begins_on)
    scores = Bench(world, covered).scores(draft, covered)
    reader = {number: at for at, number in enumerate(world.consumer_ids)}
    chosen = np.empty(len(rows), dtype=np.int64)
    for place, row in enumerate(rows):
        above = np.isin(world.listing_ids, row.listing_ids[:-1])
        chosen[place] = world.listing_ids[int(np.argmax(np.where(above, -np.inf, scores[reader[row.account_id]])))]
    return chosen
