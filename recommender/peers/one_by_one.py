"""Serve consumers one after another with an addition to registered goods that depends on what was shown so far.

None of these methods protects a consumer. To compare like with like they can be given the same guard as our tilt: the
addition is then lowered for a consumer until its list keeps its part of the untilted utility.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recommender.peers.equal_share import Peer
from recommender.peers.market import Market
from recommender.request import Shortlist, choose
from recommender.shortlists import Floats


def served_in_turn(market: Market, addition: Callable[[], float], tell: Callable[[int], None]) -> NDArray[np.int32]:
    """Sort each consumer's candidates by s + addition() b, then tell how many registered goods were shown.

    These methods count places: a good in the tenth place counts as much as one in the first.
    """
    short, n = market.shortlists, market.n
    items = np.full((short.items.shape[0], n), -1, dtype=np.int32)
    for user in range(short.items.shape[0]):
        benefit, tilt = short.benefit[user], addition() * short.benefit[user]
        if market.guard:
            chosen = _held(market, user, tilt)
        else:
            cost = np.where(short.items[user] >= 0, -(short.relevance[user] + tilt), np.inf)
            chosen = np.argsort(cost, kind="stable")[:n]
        items[user, : chosen.size] = short.items[user, chosen]
        tell(int(benefit[chosen].sum()))
    return items


def _held(market: Market, user: int, tilt: Floats) -> NDArray[np.intp]:
    """Choose within the guard; padding stands last in a row."""
    short, offered = market.shortlists, int(market.shortlists.is_item[user].sum())
    candidates = Shortlist(short.relevance[user, :offered], short.benefit[user, :offered], None, None, None)
    weights = market.weights[: min(market.n, offered)]
    return choose(candidates, tilt[:offered], weights, market.guard, None).positions


def guarded(peer: Peer, guard: float) -> Peer:
    """Return a method that serves one by one, held to a guard on every list."""

    def lists(market: Market, strength: float) -> NDArray[np.int32]:
        held = copy.copy(market)
        held.guard = guard
        return peer.lists(held, strength)

    return Peer(f"{peer.name}, guard {guard:g}".replace("0.", "."), lists, peer.strongest)


def typical_relevance(market: Market) -> float:
    """Return the mean buying probability of the goods shown by relevance alone: the scale of steps."""
    shown = market.shortlists.relevance[:, : market.n]
    return float(shown.mean()) or 1.0
