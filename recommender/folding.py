"""New consumers, new listings and new events taken in without retraining: everything learnt stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.config import RecommenderConfig
from recommender.factors import confidence_matrix, fold_in_factors
from recommender.history import History, aged, build_history, merge_histories
from recommender.ids import IdMap
from recommender.interactions import Interactions
from recommender.listings import Listings, add_features, content_means, feature_ids, widened
from recommender.training import CONTENT_ROWS, State, assemble

Floats = NDArray[np.float32]


def fold_in_events(
    state: State,
    log: Interactions | None,
    table: Mapping[str, ArrayLike] | None,
    now: float | None,
    config: RecommenderConfig,
) -> State:
    """Return a state that also knows later events and new listings; see `Recommender.fold_in`."""
    users = state.users if log is None else state.users.extended(log.users.values)
    items = state.items if log is None else state.items.extended(log.items.values)
    if table is not None:
        items = items.extended(feature_ids(table))
    listings = widened(state.listings, len(items))
    if table is not None:
        listings = add_features(listings, items, table)
    old = _widened_history(state.history, len(users), len(items))
    moment = max(old.now, old.now if now is None else now)
    if log is None:
        history = aged(old, moment, config)
    else:
        if now is None:
            moment = float(log.timestamps.max(initial=moment))
        new = build_history(_renumbered(log, users, items), moment, config)
        history = merge_histories(old, new, config)
    vectors = _fold_in(state, old, history, listings, config)
    user_areas = np.pad(state.user_areas, (0, len(users) - len(state.users)), constant_values=-1)
    return assemble(users, items, history, listings, vectors, state.blend, (state.areas, user_areas), config)


def _renumbered(log: Interactions, users: IdMap, items: IdMap) -> Interactions:
    """Return the log under the numbers of larger maps, sorted by them."""
    user_numbers = users.numbers(log.users.values)[log.user_numbers]
    item_numbers = items.numbers(log.items.values)[log.item_numbers]
    order = np.lexsort((log.kinds, log.timestamps, user_numbers.astype(np.int64) * len(items) + item_numbers))
    return Interactions(
        users,
        items,
        user_numbers[order],
        item_numbers[order],
        log.timestamps[order],
        log.kinds[order],
        log.amounts[order],
    )


def _widened_history(history: History, n_users: int, n_items: int) -> History:
    return History(
        now=history.now,
        n_items=n_items,
        indptr=np.pad(history.indptr, (0, n_users - history.n_users), mode="edge"),
        items=history.items,
        frequency=history.frequency,
        recent=history.recent,
        purchases=history.purchases,
        first_age_days=history.first_age_days,
        last_age_days=history.last_age_days,
    )


def _fold_in(
    state: State, old: History, history: History, listings: Listings, config: RecommenderConfig
) -> tuple[Floats, Floats]:
    """Return vectors for everybody: solved anew for consumers with new events and for items that had none before."""
    width = state.user_factors.shape[1]
    matrix = confidence_matrix(history, config)
    had_events = np.bincount(old.items, minlength=history.n_items) > 0
    has_events = np.bincount(history.items, minlength=history.n_items) > 0
    item_factors = np.zeros((history.n_items, width), dtype=np.float32)
    item_factors[: len(state.item_factors)] = state.item_factors
    user_factors = np.zeros((history.n_users, width), dtype=np.float32)
    user_factors[: len(state.user_factors)] = state.user_factors
    prior = content_means(listings, item_factors, had_events, CONTENT_ROWS)
    if not listings.content:
        prior = np.zeros_like(prior)
    # New listings first, from the consumers that were known before; then consumers, from all listings.
    new_items = np.flatnonzero(has_events & ~had_events)
    item_factors[~had_events] = prior[~had_events]
    columns = matrix.T.tocsr()[new_items][:, : len(state.user_factors)].tocsr()
    item_factors[new_items] = fold_in_factors(columns, state.user_factors, prior[new_items], config.content_strength)
    changed = np.flatnonzero(_touched(old, history))
    nobody = np.zeros((len(changed), width), dtype=np.float32)
    user_factors[changed] = fold_in_factors(matrix[changed], item_factors, nobody, config.regularization)
    return user_factors, item_factors


def _touched(old: History, history: History) -> NDArray[np.bool_]:
    """Return which consumers have more purchases, or other pairs, than before."""

    def marks(of: History) -> NDArray[np.float64]:
        # The age of the last event, counted from the same moment, changes with any event.
        last = of.now - of.last_age_days.astype(np.float64) * 86_400
        return np.bincount(of.users, weights=last - old.now + 1e9, minlength=history.n_users).astype(np.float64)

    return np.asarray(np.abs(marks(history) - marks(old)) > 60.0)
