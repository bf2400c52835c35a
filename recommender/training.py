"""From a log to everything a recommender keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.blend import Blend, Lesson, learn_blend, prior_blend
from recommender.config import RecommenderConfig
from recommender.errors import EmptyLogError
from recommender.factors import confidence_matrix, improve_factors, start_factors
from recommender.features import consumer_novelty, item_features, pair_scores, repeat_features, total_history
from recommender.history import History, build_history
from recommender.ids import IdMap
from recommender.interactions import SECONDS_PER_DAY, Interactions
from recommender.listings import Listings, add_features, content_means, empty_listings, feature_ids

Floats = NDArray[np.float32]

# Items of a type that nobody bought yet are taken for its mean once this many known ones outweigh the coarser mean.
CONTENT_ROWS = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A fitted model: arrays and id maps only, so that it can be written to files and mapped back.

    Attributes
    ----------
    users, items : IdMap
    history : History
    listings : Listings
    user_factors, item_factors : float32 (n_users, f), (n_items, f)
    item_offsets : float32 (n_items,)
        The item's part of the logit of a pair without history.
    user_offsets : float32 (n_users,)
        The consumer's part of it.
    own_logits : float32 (n_pairs,)
        Logit of each pair of the history.
    unknown_offset : float
        The item's part for an item that the model has never met.
    blend : Blend
    """

    users: IdMap
    items: IdMap
    history: History
    listings: Listings
    user_factors: Floats
    item_factors: Floats
    own_logits: Floats
    item_offsets: Floats
    user_offsets: Floats
    unknown_offset: float
    blend: Blend


def train(
    log: Interactions,
    table: Mapping[str, ArrayLike] | None,
    now: float | None,
    config: RecommenderConfig,
    generator: np.random.Generator,
) -> State:
    """Learn factors, blend and history from a log; see `Recommender.fit`."""
    counting = log.amounts > 0
    if now is None and counting.any():
        now = float(log.timestamps[counting].max())
    if now is None or not (counting & (log.timestamps <= now)).any():
        raise EmptyLogError("the log has no event with weight above 0 before now")
    items = log.items
    listings = empty_listings(len(items))
    if table is not None:
        items = items.extended(feature_ids(table))
        listings = add_features(listings, items, table)
        log = replace(log, items=items)
    users = start_factors(len(log.users), config, generator)
    item_vectors = start_factors(len(items), config, generator)
    cut = now - config.label_window_days * SECONDS_PER_DAY
    blend = prior_blend()
    early = build_history(log, cut, config)
    sweeps = config.refresh_iterations
    if len(early.items):
        matrix = confidence_matrix(early, config)
        users, item_vectors = improve_factors(matrix, users, item_vectors, config.iterations, config)
        totals = total_history(early, config.short_half_life_days)
        lesson = Lesson(early, totals, users, item_vectors, _bought_between(log, cut, now))
        blend = learn_blend(lesson, config, generator)
    else:
        sweeps += config.iterations
    history = build_history(log, now, config)
    users, item_vectors = improve_factors(confidence_matrix(history, config), users, item_vectors, sweeps, config)
    return assemble(log.users, items, history, listings, users, item_vectors, blend, config)


def _bought_between(log: Interactions, start: float, end: float) -> NDArray[np.int64]:
    """Return the pairs with an event of the log's strongest kind in (start, end], as user x n_items + item, rising."""
    counted = (log.amounts > 0) & (log.timestamps > start) & (log.timestamps <= end)
    # A log of views alone is judged by its views.
    counted &= log.kinds == log.kinds[log.amounts > 0].max()
    return np.unique(log.user_numbers[counted].astype(np.int64) * len(log.items) + log.item_numbers[counted])


def assemble(
    users: IdMap,
    items: IdMap,
    history: History,
    listings: Listings,
    user_factors: Floats,
    item_factors: Floats,
    blend: Blend,
    config: RecommenderConfig,
) -> State:
    """Put a state together; items without events get what their content says."""
    totals = total_history(history, config.short_half_life_days)
    features = item_features(totals)
    has_events = np.bincount(history.items, minlength=history.n_items) > 0
    # Nobody knows consumers without events, so their vectors must not carry the random start.
    user_factors = np.where((np.diff(history.indptr) > 0)[:, None], user_factors, 0).astype(np.float32)
    known = np.hstack([item_factors, features])
    means = content_means(listings, known, has_events, CONTENT_ROWS)
    width = item_factors.shape[1]
    if listings.content:
        # What lies between the least popular item and the mean of its kind is not known of a listing without events.
        expected = np.minimum(means[:, width:], np.median(features[has_events], axis=0))
        item_factors = np.where(has_events[:, None], item_factors, means[:, :width]).astype(np.float32)
        features = np.where(has_events[:, None], features, expected).astype(np.float32)
    else:
        item_factors = np.where(has_events[:, None], item_factors, 0).astype(np.float32)
    novelty = consumer_novelty(totals)
    offsets = blend.item_offsets(features)
    owners = history.users
    pairs = np.arange(len(history.items))
    score = pair_scores(user_factors, item_factors, owners, history.items)
    return State(
        users=users,
        items=items,
        history=history,
        listings=listings,
        user_factors=user_factors,
        item_factors=item_factors,
        own_logits=repeat_features(history, totals, pairs, owners, score) @ blend.repeat,
        item_offsets=offsets,
        user_offsets=np.float32(blend.novelty_weight) * novelty,
        unknown_offset=float(np.quantile(offsets[has_events], 0.25)),
        blend=blend,
    )
