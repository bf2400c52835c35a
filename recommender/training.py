"""From a log to everything a recommender keeps."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from recommender.blend import Blend, Lesson, learn_blend, prior_blend
from recommender.config import RecommenderConfig
from recommender.errors import EmptyLogError
from recommender.factors import confidence_matrix, improve_factors, start_factors
from recommender.features import (
    PAIRS_PER_PIECE,
    Totals,
    consumer_features,
    consumer_novelty,
    item_features,
    pair_scores,
    repeat_features,
    total_history,
)
from recommender.history import History, begins_pair, build_history
from recommender.ids import IdMap
from recommender.interactions import SECONDS_PER_DAY, Interactions
from recommender.kinds import Kinds, kinds_of
from recommender.listings import Listings, add_features, content_means, empty_listings, feature_ids
from recommender.pieces import each_piece, slices
from recommender.spark import spark_factors

Floats = NDArray[np.float32]

# Items of a type that nobody bought yet are taken for its mean once this many known ones outweigh the coarser mean.
CONTENT_ROWS = 5.0
AVERAGED_CONSUMERS = 100
# So many purchases of everybody stand beside those of an area.
AREA_PURCHASES = 200.0


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A fitted model: arrays and id maps only, so that it can be written to files and mapped back.

    Attributes
    ----------
    users, items : IdMap
    history : History
    listings : Listings
    user_factors, item_factors : float32 (n_users, f), (n_items, f)
    kinds : Kinds
    own_logits : float32 (n_pairs,)
        Logit of each pair of the history.
    item_offsets, user_offsets : float32 (n_items,), (n_users,)
        The item's and the consumer's part of the logit of a pair without history.
    stranger_logits : float32 (n_items,)
        Logits for a consumer of whom nothing is known: the mean over consumers of those of pairs without history.
    areas : IdMap
        Areas of consumers, as given to `fit`.
    user_areas : int32 (n_users,)
        Number of each consumer's area, -1 where it is not known.
    area_shifts : float32 (n_areas, n_items)
        What a stranger's area adds to `stranger_logits`.
    unknown_logit : float
        The same for an item that the model has never met: that of the lower quarter.
    blend : Blend
    """

    users: IdMap
    items: IdMap
    history: History
    listings: Listings
    user_factors: Floats
    item_factors: Floats
    kinds: Kinds
    own_logits: Floats
    item_offsets: Floats
    user_offsets: Floats
    stranger_logits: Floats
    areas: IdMap
    user_areas: NDArray[np.int32]
    area_shifts: Floats
    unknown_logit: float
    blend: Blend


def train(
    log: Interactions,
    table: Mapping[str, ArrayLike] | None,
    now: float | None,
    config: RecommenderConfig,
    generator: np.random.Generator,
    consumer_areas: Mapping[Hashable, Hashable] | None = None,
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
    blend = prior_blend(len(listings.content))
    early = build_history(log, cut, config)
    sweeps = config.refresh_iterations
    if len(early.items):
        matrix = confidence_matrix(early, config)
        users, item_vectors = _learnt(matrix, (users, item_vectors), config.iterations, config, generator)
        totals = total_history(early, config.short_half_life_days)
        kinds = kinds_of(listings, totals.item_frequency)
        lesson = Lesson(early, totals, users, item_vectors, kinds, _bought_between(log, cut, now))
        blend = learn_blend(lesson, config, generator)
    else:
        sweeps += config.iterations
    history = build_history(log, now, config)
    vectors = _learnt(confidence_matrix(history, config), (users, item_vectors), sweeps, config, generator)
    known = {user: area for user, area in (consumer_areas or {}).items() if user in log.users}
    areas, codes = IdMap.from_column(list(known.values()))
    user_areas = np.full(len(log.users), -1, dtype=np.int32)
    user_areas[log.users.numbers(list(known))] = codes
    return assemble(log.users, items, history, listings, vectors, blend, (areas, user_areas), config)


def _learnt(
    matrix: csr_matrix, vectors: tuple[Floats, Floats], sweeps: int, config: RecommenderConfig, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the vectors of consumers and items after sweeps of the engine that the settings name."""
    if config.engine == "spark":
        return spark_factors(matrix, config, int(generator.integers(2**31)))
    return improve_factors(matrix, *vectors, sweeps, config)


def _bought_between(log: Interactions, start: float, end: float) -> NDArray[np.int64]:
    """Return the pairs with an event of the log's strongest kind in (start, end], as user x n_items + item, rising."""
    counted = (log.amounts > 0) & (log.timestamps > start) & (log.timestamps <= end)
    # A log of views alone is judged by its views.
    counted &= log.kinds == log.kinds[log.amounts > 0].max()
    users, items = log.user_numbers[counted], log.item_numbers[counted]
    begins = begins_pair(users, items)
    return users[begins].astype(np.int64) * len(log.items) + items[begins]


def assemble(
    users: IdMap,
    items: IdMap,
    history: History,
    listings: Listings,
    vectors: tuple[Floats, Floats],
    blend: Blend,
    residence: tuple[IdMap, NDArray[np.int32]],
    config: RecommenderConfig,
) -> State:
    """Put a state together; items without events get what their content says.

    `vectors` are those of consumers and of items, `residence` the areas and the number of each consumer's area.
    """
    user_factors, item_factors = vectors
    areas, user_areas = residence
    totals = total_history(history, config.short_half_life_days)
    per_item = item_features(totals)
    has_events = totals.item_first > 0
    # Nobody knows consumers without events, so their vectors must not carry the random start.
    user_factors = np.where((totals.user_items > 0)[:, None], user_factors, np.float32(0))
    item_factors, expected = _with_content(listings, item_factors, per_item, has_events)
    kinds = kinds_of(listings, totals.item_frequency)
    item_offsets = expected @ blend.item
    owners = history.users
    score = pair_scores(user_factors, item_factors, owners, history.items, config.threads)
    strangers = _mean_logits(history, user_factors, item_factors, kinds, item_offsets, blend)
    return State(
        users=users,
        items=items,
        history=history,
        listings=listings,
        user_factors=user_factors,
        item_factors=item_factors,
        kinds=kinds,
        own_logits=_own_logits(history, per_item, totals, (owners, score), blend, config.threads),
        item_offsets=item_offsets,
        user_offsets=blend.novelty_weight * consumer_novelty(totals),
        stranger_logits=strangers,
        areas=areas,
        user_areas=user_areas,
        area_shifts=_area_shifts(history, totals, user_areas, len(areas)),
        unknown_logit=float(np.quantile(strangers[has_events], 0.25)),
        blend=blend,
    )


def _with_content(
    listings: Listings, item_factors: Floats, per_item: Floats, has_events: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Return the vectors and features of all items, with those that have no events taken from their content."""
    if has_events.all():
        return item_factors, per_item
    if not listings.content:
        return np.where(has_events[:, None], item_factors, np.float32(0)), per_item
    width = item_factors.shape[1]
    means = content_means(listings, np.hstack([item_factors, per_item]), has_events, CONTENT_ROWS)
    # What nobody bought yet is not taken for more popular than the middle of the shop.
    expected = np.minimum(means[:, width:], np.median(per_item[has_events], axis=0))
    known = has_events[:, None]
    return np.where(known, item_factors, means[:, :width]), np.where(known, per_item, expected).astype(np.float32)


def _own_logits(
    history: History, per_item: Floats, totals: Totals, pairs: tuple[NDArray[np.int32], Floats], blend: Blend, threads: int
) -> Floats:
    """Return the logit of every pair of the history, in pieces so that the features of few pairs exist at a time.

    `pairs` are the consumer and the factors' score of each.
    """
    owners, score = pairs
    consumer = consumer_features(totals)

    def logits(piece: slice) -> Floats:
        features = repeat_features(history, per_item, consumer, piece, owners[piece], score[piece])
        return features @ blend.repeat

    return np.concatenate(each_piece(logits, slices(len(owners), PAIRS_PER_PIECE), threads))


def _mean_logits(
    history: History, user_factors: Floats, item_factors: Floats, kinds: Kinds, item_offsets: Floats, blend: Blend
) -> Floats:
    """Return the logit of each item for a consumer of whom nothing is known, averaged over consumers like any other."""
    active = np.flatnonzero(np.diff(history.indptr))
    users = active[np.linspace(0, len(active) - 1, min(len(active), AVERAGED_CONSUMERS)).astype(np.intp)]
    total = np.zeros(len(item_offsets))
    for user in users.tolist():
        total += blend.score_terms(item_factors @ user_factors[user])
        if kinds.n_columns:
            own = history.row(user)
            total += blend.kind_terms(kinds.describe(history.items[own], history.frequency[own]))[kinds.of_item]
    return (item_offsets + total / len(users)).astype(np.float32)


def _area_shifts(history: History, totals: Totals, user_areas: NDArray[np.int32], n_areas: int) -> Floats:
    """Return ln of each item's share of an area's purchases over its share of all, float32 (n_areas, n_items).

    An area with few purchases is drawn toward the whole: (f_ai + k q_i) / ((f_a + k) q_i), q_i the share of all.
    """
    n_items = history.n_items
    area_of_pair = user_areas[history.users]
    placed = area_of_pair >= 0
    cells = area_of_pair[placed].astype(np.int64) * n_items + history.items[placed]
    sums = np.bincount(cells, weights=history.frequency[placed], minlength=n_areas * n_items).reshape(n_areas, n_items)
    share = (totals.item_frequency + 0.5) / (totals.item_frequency + 0.5).sum()
    whole = sums.sum(axis=1, keepdims=True) + AREA_PURCHASES
    return np.asarray(np.log((sums + AREA_PURCHASES * share) / (whole * share)), dtype=np.float32)
