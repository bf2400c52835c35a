"""DetGreedy: each prefix of a list holds between floor(p k) and ceil(p k) registered goods.

Geyik, Ambler, Kenthapadi: "Fairness-Aware Ranking in Search & Recommendation Systems", KDD 2019, algorithm 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.peers.market import Market
from recommender.peers.prefixes import merged_lists


def det_greedy(market: Market, strength: float) -> NDArray[np.int32]:
    """Merge by score within the bounds; with two groups the other group's bounds say the same."""
    wanted = strength * np.arange(1, market.n + 1)
    least = np.floor(wanted + 1e-9).astype(np.int64)
    if strength == 0:
        return merged_lists(market, least, np.arange(1, market.n + 1))
    return merged_lists(market, least, np.ceil(wanted - 1e-9).astype(np.int64))
