"""What the blend looks at: a consumer's own history of an item, the item's popularity, and the factors' score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.history import History
from recommender.pieces import each_piece, slices

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]

# The order of the coefficients of a pair with history, and of one without.
REPEAT_FEATURES = (
    "one",
    "log frequency",
    "log frequency squared",
    "log recent frequency",
    "log recent frequency squared",
    "log purchases",
    "log days since last",
    "bought once",
    "bought once, log days since",
    "factor score",
    "log item popularity",
    "log recent item popularity",
    "item trend",
    "log rebuy rate",
    "log consumer activity",
    "consumer trend",
    "log consumer loyalty",
)
ITEM_FEATURES = (
    "one",
    "log first buyers",
    "log first buyers of the week",
    "log item popularity",
    "log recent item popularity",
    "item trend",
    "log rebuy rate",
    "log buyers",
)
PAIR_FEATURES = ("log consumer novelty", "factor score", "log factor score")
NOVEL_FEATURES = (*ITEM_FEATURES, *PAIR_FEATURES)

# Half an event more on every side, so that a logarithm of nothing is finite.
HALF = np.float32(0.5)
SMALL = np.float32(0.02)
LEAST_SCORE = np.float32(0.01)
WEEK_DAYS = np.float32(7)
PAIRS_PER_PIECE = 65_536
SCORES_PER_PIECE = 8_192
# As many consumers more who bought nothing: one buyer among two does not make an item popular.
PSEUDO_CONSUMERS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """Sums of a history over the consumers of an item and over the items of a consumer.

    Attributes
    ----------
    n_active : int
        Consumers with at least one pair.
    item_frequency, item_recent : float32 (n_items,)
        Sums of the two decayed frequencies.
    item_buyers, item_rebuyers : float32 (n_items,)
        Consumers that bought at least once, and at least twice.
    item_first, item_first_week : float32 (n_items,)
        Sum of 2^(-days since the pair's first event / half-life), for the short half-life and for seven days: how
        many discover the item these days.
    user_frequency, user_recent, user_first : float32 (n_users,)
        Sums of the two decayed frequencies, and how many items the consumer discovers these days.
    user_items, user_rebought : float32 (n_users,)
        Items the consumer has any event with, and those bought at least twice.
    """

    n_active: int
    item_frequency: Floats
    item_recent: Floats
    item_buyers: Floats
    item_rebuyers: Floats
    item_first: Floats
    item_first_week: Floats
    user_frequency: Floats
    user_recent: Floats
    user_first: Floats
    user_items: Floats
    user_rebought: Floats


def total_history(history: History, short_half_life_days: float) -> Totals:
    """Sum a history into totals."""
    items, n_items = history.items, history.n_items
    first = np.exp2(-history.first_age_days / np.float32(short_half_life_days))
    is_rebought = history.purchases >= 2
    filled = np.flatnonzero(np.diff(history.indptr))

    starts, ones = history.indptr.astype(np.int32), np.ones(history.n_users)

    def by_item(values: NDArray[np.floating] | NDArray[np.bool_]) -> Floats:
        # Columns of a sparse matrix are summed in a third of the time that counting takes.
        matrix = csr_matrix((values.astype(np.float64), items, starts), shape=(history.n_users, n_items))
        return np.asarray(matrix.T @ ones, dtype=np.float32)

    def by_user(values: NDArray[np.floating] | NDArray[np.bool_]) -> Floats:
        sums = np.zeros(history.n_users, dtype=np.float32)
        if len(filled):
            sums[filled] = np.add.reduceat(values, history.indptr[filled], dtype=np.float64)
        return sums

    return Totals(
        n_active=len(filled),
        item_frequency=by_item(history.frequency),
        item_recent=by_item(history.recent),
        item_buyers=by_item(history.purchases >= 1),
        item_rebuyers=by_item(is_rebought),
        item_first=by_item(first),
        item_first_week=by_item(np.exp2(-history.first_age_days / WEEK_DAYS)),
        user_frequency=by_user(history.frequency),
        user_recent=by_user(history.recent),
        user_first=by_user(first),
        user_items=np.diff(history.indptr).astype(np.float32),
        user_rebought=by_user(is_rebought),
    )


def item_features(totals: Totals) -> Floats:
    """Return what a pair without history knows of its item, float32 (n_items, 8), columns as ITEM_FEATURES."""
    n = np.float32(totals.n_active + PSEUDO_CONSUMERS)
    columns = (
        np.ones_like(totals.item_first),
        np.log((totals.item_first + HALF) / n),
        np.log((totals.item_first_week + HALF) / n),
        np.log((totals.item_frequency + HALF) / n),
        np.log((totals.item_recent + HALF) / n),
        np.log((totals.item_recent + HALF) / (totals.item_frequency + HALF)),
        np.log((totals.item_rebuyers + HALF) / (totals.item_buyers + 2)),
        np.log((totals.item_buyers + HALF) / n),
    )
    return np.column_stack(columns).astype(np.float32)


def consumer_novelty(totals: Totals) -> Floats:
    """Return for each consumer ln of items discovered these days over the mean of all, float32 (n_users,)."""
    mean = np.float32(totals.user_first.sum() / max(totals.n_active, 1))
    novelty: Floats = np.log((totals.user_first + HALF) / (mean + HALF))
    return novelty


def consumer_features(totals: Totals) -> Floats:
    """Return what a pair with history knows of its consumer, float32 (n_users, 3), the last columns of REPEAT_FEATURES."""
    activity = np.log(totals.user_frequency + HALF)
    trend = np.log(totals.user_recent + HALF) - activity
    loyalty = np.log((totals.user_rebought + HALF) / (totals.user_items + 2))
    return np.column_stack((activity, trend, loyalty)).astype(np.float32)


def log_score(score: Floats) -> Floats:
    """Return ln(max(score, 0) + .01): the blend needs the order of magnitude, not only the size.

    >>> log_score(np.array([-1.0, 0.99], dtype=np.float32)).round(3).tolist()
    [-4.605000019073486, 0.0]
    """
    logs: Floats = np.maximum(score, np.float32(0))
    logs += LEAST_SCORE
    np.log(logs, out=logs)
    return logs


def repeat_features(
    history: History, per_item: Floats, consumer: Floats, pairs: slice | NDArray[np.intp], users: Numbers, score: Floats
) -> Floats:
    """Return what is known of pairs with history, float32 (n_pairs, 17), columns as REPEAT_FEATURES.

    Parameters
    ----------
    history : History
    per_item : float32 (n_items, 8)
        `item_features` of the same history.
    consumer : float32 (n_users, 3)
        `consumer_features` of the same history.
    pairs : slice or int (n_pairs,)
        Places in the history.
    users : int32 (n_pairs,)
        The consumer of each pair.
    score : float32 (n_pairs,)
        Inner product of the two vectors.
    """
    item = per_item[history.items[pairs]]
    frequency, recent = np.log(history.frequency[pairs] + SMALL), np.log(history.recent[pairs] + SMALL)
    purchases, last = history.purchases[pairs], np.log1p(history.last_age_days[pairs])
    once = (purchases <= 1).astype(np.float32)
    table = np.empty((len(users), len(REPEAT_FEATURES)), dtype=np.float32)
    columns = (1, frequency, frequency**2, recent, recent**2, np.log1p(purchases), last, once, once * last, score)
    for place, column in enumerate((*columns, item[:, 3], item[:, 4], item[:, 5], item[:, 6])):
        table[:, place] = column
    table[:, -consumer.shape[1] :] = consumer[users]
    return table


def pair_scores(user_factors: Floats, item_factors: Floats, users: Numbers, items: Numbers, threads: int = 1) -> Floats:
    """Return the inner products of chosen consumers and items, float32 (n_pairs,), in pieces that fit the cache."""

    def scores(piece: slice) -> Floats:
        return np.asarray(np.einsum("ij,ij->i", user_factors[users[piece]], item_factors[items[piece]]))

    if not len(users):
        return np.empty(0, dtype=np.float32)
    return np.concatenate(each_piece(scores, slices(len(users), SCORES_PER_PIECE), threads))
