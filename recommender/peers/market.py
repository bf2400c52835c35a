"""What every peer is given: buying probabilities, who is registered, who sells what."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.policy import InvalidTiltInputError
from recommender.rays import best_lists
from recommender.shortlists import Floats, Shortlists, build_shortlists, position_weights_or_default


@dataclass(slots=True)
class Market:
    """A market of two groups.

    Parameters
    ----------
    relevance : (n_users, n_items)
        Buying probabilities.
    benefit : (n_items,)
        1 for goods of registered households and 0 for the others; peers know no parts.
    seller : int (n_items,)
        Seller number of each item.
    n : int
        Length of a list.
    guard : float
        Part of its untilted utility that every list keeps; 0 in the peers' papers, which know no such promise.
    """

    relevance: NDArray[np.floating]
    benefit: Floats
    seller: NDArray[np.int64]
    n: int
    guard: float = 0.0
    weights: Floats = field(init=False)
    shortlists: Shortlists = field(init=False)
    _registered_order: NDArray[np.int32] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Cut to the best n of each group, which is all that a method of two groups can show."""
        if not np.isin(self.benefit, (0, 1)).all():
            raise InvalidTiltInputError("the peers know two groups: benefit must be 0 or 1")
        self.weights = position_weights_or_default(None, self.n)
        self.shortlists = build_shortlists(self.relevance, self.benefit, self.n, self.weights)

    @property
    def is_registered(self) -> NDArray[np.bool_]:
        """Which candidates of the shortlists are of registered households."""
        return self.shortlists.benefit > 0

    def registered_order(self) -> NDArray[np.int32]:
        """Return for each consumer all registered goods, best first, (n_users, n_registered)."""
        if self._registered_order is None:
            goods = np.flatnonzero(self.benefit > 0).astype(np.int32)
            rows = [goods[np.argsort(-row[goods], kind="stable")] for row in self.relevance]
            self._registered_order = np.array(rows, dtype=np.int32).reshape(len(rows), goods.size)
        return self._registered_order

    def exposure_share(self, items: NDArray[np.int32]) -> float:
        """Return the achieved position-weighted share."""
        weights = np.where(items >= 0, self.weights, 0.0)
        whole = float(weights.sum())
        return float((weights * self.benefit[np.maximum(items, 0)]).sum()) / whole if whole else 0.0


def best_by(market: Market, key: ArrayLike) -> NDArray[np.int32]:
    """Return each consumer's n best candidates by a key, best first."""
    lists = best_lists(market.shortlists, np.asarray(key, dtype=np.float64))
    return np.take_along_axis(market.shortlists.items, lists.slots, axis=1)


def chosen_then_sorted(market: Market, key: ArrayLike) -> NDArray[np.int32]:
    """Choose the n best by a key and order them by relevance."""
    lists = best_lists(market.shortlists, np.asarray(key, dtype=np.float64))
    # Candidates are sorted by falling relevance, so the order of columns is the order of relevance.
    return np.take_along_axis(market.shortlists.items, np.sort(lists.slots, axis=1), axis=1)
