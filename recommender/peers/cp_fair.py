"""CPFair, producer side: a penalty on the group that has been shown more so far.

Naghiaei, Rahmani, Deldjoo: "CPFair: Personalized Consumer and Producer Fairness Re-ranking for Recommender Systems",
SIGIR 2022; in the greedy form, one consumer after another.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.peers.market import Market
from recommender.peers.one_by_one import served_in_turn, typical_relevance


def cp_fair(market: Market, strength: float) -> NDArray[np.int32]:
    """Sort by s + strength x (typical s) x (1 - group's part of all places so far)."""
    weight = strength * typical_relevance(market)
    places = [0, 0]

    def addition() -> float:
        """Return the registered goods' advantage: the difference of both groups' bonuses."""
        shown = sum(places)
        return weight * (places[1] - places[0]) / shown if shown else weight

    def tell(registered: int) -> None:
        places[0] += registered
        places[1] += market.n - registered

    return served_in_turn(market, addition, tell)
