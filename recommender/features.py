"""What the blend looks at: a consumer's own history of an item, the item's popularity, and the factors' score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.history import History

Floats = NDArray[np.float32]

# The order of the coefficients of a pair with history, and of one without.
REPEAT_FEATURES = (
    "one",
    "log frequency",
    "log recent frequency",
    "log purchases",
    "log days since last",
    "overdue",
    "factor score",
    "log item popularity",
    "item trend",
    "log rebuy rate",
    "log consumer activity",
)
ITEM_FEATURES = ("one", "log first buyers", "item trend", "log item popularity")
NOVEL_FEATURES = (*ITEM_FEATURES, "log consumer novelty", "factor score")

# Half an event more on every side, so that a logarithm of nothing is finite.
HALF = np.float32(0.5)
SMALL = np.float32(0.02)
PAIRS_PER_PIECE = 65_536
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
    item_first : float32 (n_items,)
        Sum of 2^(-days since the pair's first event / short half-life): how many discover the item these days.
    user_frequency, user_first : float32 (n_users,)
        Sum of the long decayed frequency, and how many items the consumer discovers these days.
    """

    n_active: int
    item_frequency: Floats
    item_recent: Floats
    item_buyers: Floats
    item_rebuyers: Floats
    item_first: Floats
    user_frequency: Floats
    user_first: Floats


def total_history(history: History, short_half_life_days: float) -> Totals:
    """Sum a history into totals."""
    users, items = history.users, history.items
    first = np.exp2(-history.first_age_days / np.float32(short_half_life_days))

    def by_item(values: NDArray[np.floating] | NDArray[np.bool_]) -> Floats:
        return np.bincount(items, weights=values, minlength=history.n_items).astype(np.float32)

    def by_user(values: NDArray[np.floating]) -> Floats:
        return np.bincount(users, weights=values, minlength=history.n_users).astype(np.float32)

    return Totals(
        n_active=int((np.diff(history.indptr) > 0).sum()),
        item_frequency=by_item(history.frequency),
        item_recent=by_item(history.recent),
        item_buyers=by_item(history.purchases >= 1),
        item_rebuyers=by_item(history.purchases >= 2),
        item_first=by_item(first),
        user_frequency=by_user(history.frequency),
        user_first=by_user(first),
    )


def item_features(totals: Totals) -> Floats:
    """Return what a pair without history knows of its item, float32 (n_items, 4), columns as ITEM_FEATURES."""
    n = np.float32(totals.n_active + PSEUDO_CONSUMERS)
    return np.column_stack(
        [
            np.ones_like(totals.item_first),
            np.log((totals.item_first + HALF) / n),
            item_trend(totals),
            np.log((totals.item_frequency + HALF) / n),
        ]
    ).astype(np.float32)


def item_trend(totals: Totals) -> Floats:
    """Return ln((recent + .5) / (long + .5)): near its highest for an item that sells mostly now."""
    return np.asarray(np.log((totals.item_recent + HALF) / (totals.item_frequency + HALF)))


def consumer_novelty(totals: Totals) -> Floats:
    """Return for each consumer ln of items discovered these days over the mean of all, float32 (n_users,)."""
    mean = totals.user_first.sum() / max(totals.n_active, 1)
    return np.log((totals.user_first + HALF) / (mean + HALF)).astype(np.float32)


def repeat_features(history: History, totals: Totals, pairs: NDArray[np.intp], users: NDArray[np.int32], score: Floats) -> Floats:
    """Return what is known of pairs with history, float32 (n_pairs, 11), columns as REPEAT_FEATURES.

    Parameters
    ----------
    history, totals
    pairs : int (n_pairs,)
        Places in the history.
    users : int32 (n_pairs,)
        The consumer of each pair.
    score : float32 (n_pairs,)
        Inner product of the two vectors.
    """
    items, purchases = history.items[pairs], history.purchases[pairs]
    last, first = history.last_age_days[pairs], history.first_age_days[pairs]
    # The usual gap between purchases; a single purchase leaves it open and counts as neither due nor overdue.
    gap = (first - last) / np.maximum(purchases - 1, 1)
    overdue = np.where(purchases >= 2, np.log((last + 1) / (gap + 1)), 0)
    return np.column_stack(
        [
            np.ones(len(pairs)),
            np.log(history.frequency[pairs] + SMALL),
            np.log(history.recent[pairs] + SMALL),
            np.log1p(purchases),
            np.log1p(last),
            overdue,
            score,
            np.log((totals.item_frequency[items] + HALF) / (totals.n_active + PSEUDO_CONSUMERS)),
            item_trend(totals)[items],
            np.log((totals.item_rebuyers[items] + HALF) / (totals.item_buyers[items] + 2)),
            np.log(totals.user_frequency[users] + HALF),
        ]
    ).astype(np.float32)


def pair_scores(user_factors: Floats, item_factors: Floats, users: NDArray[np.int32], items: NDArray[np.int32]) -> Floats:
    """Return the inner products of chosen consumers and items, float32 (n_pairs,), in pieces that fit the cache."""
    scores = np.empty(len(users), dtype=np.float32)
    for start in range(0, len(users), PAIRS_PER_PIECE):
        piece = slice(start, start + PAIRS_PER_PIECE)
        scores[piece] = np.einsum("ij,ij->i", user_factors[users[piece]], item_factors[items[piece]])
    return scores
