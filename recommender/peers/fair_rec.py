"""FairRec: registered sellers are guaranteed equal numbers of places, dealt round-robin to the consumers.

Patro, Biswas, Ganguly, Gummadi, Chakraborty: "FairRec: Two-Sided Fairness for Personalized Recommendations in
Two-Sided Platforms", WWW 2020. There every producer is guaranteed the same; to raise one group the guarantee is given
to that group alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.peers.market import Market


def fair_rec(market: Market, strength: float) -> NDArray[np.int32]:
    """Deal strength x n_users x n places among registered sellers, fill up by relevance, order by relevance."""
    users = market.relevance.shape[0]
    copies = _guaranteed(market, int(strength * users * market.n))
    dealt = _deal(market, copies)
    fill = market.shortlists
    items = np.full((users, market.n), -1, dtype=np.int32)
    for user in range(users):
        held = dealt[user]
        candidates = fill.items[user, : market.n + len(held)].tolist()
        known = set(held)
        held += [item for item in candidates if item >= 0 and item not in known][: market.n - len(held)]
        row = np.asarray(held, dtype=np.int32)
        items[user, : row.size] = row[np.argsort(-market.relevance[user, row], kind="stable")]
    return items


def _guaranteed(market: Market, places: int) -> NDArray[np.int64]:
    """Split places evenly among registered sellers, the rest one by one, (n_sellers,)."""
    copies = np.zeros(int(market.seller.max()) + 1, dtype=np.int64)
    registered = np.unique(market.seller[market.benefit > 0])
    if registered.size:
        copies[registered] = places // registered.size
        copies[registered[: places % registered.size]] += 1
    return copies


def _deal(market: Market, copies: NDArray[np.int64]) -> list[list[int]]:
    """Let each consumer in turn take its best registered good whose seller still has guaranteed places."""
    order = market.registered_order()
    users, goods = order.shape
    left, seller = copies.tolist(), market.seller.tolist()
    total = int(copies.sum())
    dealt: list[list[int]] = [[] for _ in range(users)]
    reached = [0] * users
    for _ in range(market.n):
        for user in range(users):
            if total == 0:
                return dealt
            row = order[user]
            place = reached[user]
            while place < goods and left[seller[row[place]]] == 0:
                place += 1
            reached[user] = place + 1
            if place < goods:
                left[seller[row[place]]] -= 1
                total -= 1
                dealt[user].append(int(row[place]))
    return dealt
