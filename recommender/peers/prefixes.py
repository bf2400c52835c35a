"""Merge two groups place by place under bounds on how many of the first k are registered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.peers.market import Market


def merged_lists(market: Market, least: NDArray[np.int64], most: NDArray[np.int64]) -> NDArray[np.int32]:
    """Take at each place k the better of the two groups' next goods, unless a bound decides.

    Parameters
    ----------
    market : Market
    least, most : int (n,)
        Fewest and most registered goods among the first k.
    """
    short = market.shortlists
    users = np.arange(short.items.shape[0])
    columns = [_columns(mask & short.is_item, market.n) for mask in (market.is_registered, ~market.is_registered)]
    taken = np.zeros((2, users.size), dtype=np.intp)
    items = np.full((users.size, market.n), -1, dtype=np.int32)
    for place in range(market.n):
        slots = [columns[group][users, taken[group]] for group in (0, 1)]
        scores = [np.where(one >= 0, short.relevance[users, one], -np.inf) for one in slots]
        registered = (scores[0] > scores[1]) | (taken[0] < least[place])
        registered &= taken[0] < most[place]
        # A group that has run out leaves its place to the other.
        registered = np.where(slots[0] < 0, False, registered | (slots[1] < 0))
        slot = np.where(registered, slots[0], slots[1])
        items[:, place] = np.where(slot >= 0, short.items[users, slot], -1)
        taken[0] += registered
        taken[1] += ~registered
    return items


def _columns(mask: NDArray[np.bool_], n: int) -> NDArray[np.intp]:
    """Return each row's first n true columns and one -1 more, (n_users, n + 1)."""
    order = np.argsort(~mask, axis=1, kind="stable")[:, :n]
    found = np.take_along_axis(mask, order, axis=1)
    columns = np.where(found, order, -1)
    return np.pad(columns, ((0, 0), (0, n + 1 - columns.shape[1])), constant_values=-1)
