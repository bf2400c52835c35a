"""FairSync: a least number of places for the group, held by an online dual variable.

Xu, Xu, Chen, Dai, Wen: "FairSync: Ensuring Amortized Group Exposure in Distributed Recommendation Retrieval", WWW 2024.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.peers.market import Market
from recommender.peers.one_by_one import served_in_turn, typical_relevance

STEP = 0.02


def fair_sync(market: Market, strength: float, *, step: float = STEP) -> NDArray[np.int32]:
    """Sort by s + mu b; mu <- max(0, mu + step x (typical s) x (strength - registered part of the list))."""
    pace = step * typical_relevance(market)
    dual = [0.0]

    def tell(registered: int) -> None:
        dual[0] = max(0.0, dual[0] + pace * (strength - registered / market.n))

    return served_in_turn(market, lambda: dual[0], tell)
