"""Serve consumers one after another with an addition to registered goods that depends on what was shown so far."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recommender.peers.market import Market


def served_in_turn(market: Market, addition: Callable[[], float], tell: Callable[[int], None]) -> NDArray[np.int32]:
    """Sort each consumer's candidates by s + addition() b, then tell how many registered goods were shown.

    These methods count places: a good in the tenth place counts as much as one in the first.
    """
    short, n = market.shortlists, market.n
    items = np.full((short.items.shape[0], n), -1, dtype=np.int32)
    for user in range(short.items.shape[0]):
        benefit = short.benefit[user]
        cost = np.where(short.items[user] >= 0, -(short.relevance[user] + addition() * benefit), np.inf)
        chosen = np.argsort(cost, kind="stable")[:n]
        items[user, : chosen.size] = short.items[user, chosen]
        tell(int(benefit[chosen].sum()))
    return items


def typical_relevance(market: Market) -> float:
    """Return the mean buying probability of the goods shown by relevance alone: the scale of steps."""
    shown = market.shortlists.relevance[:, : market.n]
    return float(shown.mean()) or 1.0
