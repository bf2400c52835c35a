"""Turn a peer's knob until it achieves an asked exposure share, so that methods are compared at the same share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.peers.market import Market

HALVINGS = 18


@dataclass(frozen=True, slots=True)
class Peer:
    """A named method with the knob's largest setting (the smallest is 0)."""

    name: str
    lists: Callable[[Market, float], NDArray[np.int32]]
    strongest: float


def at_equal_share(peer: Peer, market: Market, share: float, rng: np.random.Generator) -> NDArray[np.int32]:
    """Return the peer's lists at an achieved exposure share.

    Halves the knob; where the share jumps over the target (quotas are whole numbers), part of the consumers, drawn at
    random, get the lists of the stronger setting. A share past the peer's reach gives its strongest lists.
    """
    low, high = 0.0, peer.strongest
    below, above = peer.lists(market, low), peer.lists(market, high)
    if market.exposure_share(below) >= share:
        return below
    if market.exposure_share(above) <= share:
        return above
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        lists = peer.lists(market, middle)
        if market.exposure_share(lists) < share:
            low, below = middle, lists
        else:
            high, above = middle, lists
    return _mixed(market, below, above, share, rng.permutation(len(below)))


def _mixed(
    market: Market, below: NDArray[np.int32], above: NDArray[np.int32], share: float, order: NDArray[np.intp]
) -> NDArray[np.int32]:
    """Give the first of `order` the stronger lists, as many as bring the share nearest to the target."""
    low, high = 0, order.size
    while high - low > 1:
        middle = (low + high) // 2
        mixed = below.copy()
        mixed[order[:middle]] = above[order[:middle]]
        if market.exposure_share(mixed) < share:
            low = middle
        else:
            high = middle
    mixed = below.copy()
    mixed[order[:high]] = above[order[:high]]
    return mixed
