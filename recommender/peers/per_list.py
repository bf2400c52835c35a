"""The two plain ways: multiply the score of registered goods, or reserve places in each list."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.peers.market import Market, best_by, chosen_then_sorted


def constant_boost(market: Market, strength: float) -> NDArray[np.int32]:
    """Sort by s (1 + strength b): every registered good is boosted by the same factor."""
    shortlists = market.shortlists
    return best_by(market, shortlists.relevance * (1 + strength * shortlists.benefit))


def quota_per_list(market: Market, strength: float) -> NDArray[np.int32]:
    """Reserve at least strength x n places of each list for its best registered goods, then order by relevance."""
    places = int(np.floor(strength * market.n + 1e-9))
    registered = market.is_registered
    reserved = registered & (np.cumsum(registered, axis=1) <= places)
    return chosen_then_sorted(market, market.shortlists.relevance + np.where(reserved, 2.0, 0.0))
