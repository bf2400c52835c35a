"""What goes with an item: what its buyers buy more often than everybody does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.history import History

Numbers = NDArray[np.int32]
Floats = NDArray[np.float32]

# Enough to tell a habit from chance; an item with more buyers is judged by as many of them.
BUYERS_LOOKED_AT = 1_000
# Fewer people than this are an anecdote, and could be recognised in it.
LEAST_BUYERS = 3
# A pair is believed when it was bought together this many standard deviations more often than chance would have it.
LEAST_DEVIATIONS = 2.0
# Buyers without news of the pair that stand beside those that were seen, so that a few do not speak for all.
SHRINKAGE = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Companions:
    """The items that go with one item, strongest first.

    Attributes
    ----------
    numbers : int32 (k,)
    lift : float32 (k,)
        How many times as likely a buyer of the item buys each of them as anybody does; above 1.
    """

    numbers: Numbers
    lift: Floats


def buyer_shares(history: History) -> Floats:
    """Return for every item the part of all buyers who ever bought it, float32 (n_items,)."""
    bought = history.purchases > 0
    n_buyers = max(len(np.unique(history.users[bought])), 1)
    return (np.bincount(history.items[bought], minlength=history.n_items) / n_buyers).astype(np.float32)


def companions_of(history: History, shares: Floats, item_number: int, most: int, kinds: Numbers | None = None) -> Companions:
    """Return at most `most` items that go with an item; other items of its own kind do not, they stand in for it.

    With c buyers of both among the n buyers of the item that are looked at, and e = n x share expected by chance, an item
    goes with it when c >= 3 and c - e >= 2 sqrt(e); its lift is (c + 5) / (e + 5).

    Parameters
    ----------
    history : History
    shares : float32 (n_items,)
        As `buyer_shares` returns them.
    item_number : int
    most : int
    kinds : int32 (n_items,), optional
        The kind of each item, -1 where it is not known.

    Examples
    --------
    Six of 24 buyers buy tea, and all of those also honey; everybody buys salt. Honey goes with tea: 6 buyers where chance
    would have 6 x 6 / 24 = 1.5, lift (6 + 5) / (1.5 + 5). Salt does not.

    >>> from recommender.config import RecommenderConfig
    >>> from recommender.history import build_history
    >>> from recommender.interactions import Interactions
    >>> pairs = [(buyer, item) for buyer in range(24) for item in ("tea", "honey", "salt") if buyer < 6 or item == "salt"]
    >>> buyers, goods = zip(*pairs)
    >>> log = Interactions.from_events(list(buyers), list(goods), [0.0] * len(pairs), "purchase")
    >>> history = build_history(log, 1.0, RecommenderConfig())
    >>> found = companions_of(history, buyer_shares(history), log.items.number("tea"), 5)
    >>> log.items.values[found.numbers].tolist(), round(float(found.lift[0]), 3)
    (['honey'], 1.692)
    """
    places = np.flatnonzero(history.items == item_number)
    places = places[history.purchases[places] > 0]
    if len(places) > BUYERS_LOOKED_AT:
        places = places[np.linspace(0, len(places) - 1, BUYERS_LOOKED_AT).astype(np.intp)]
    buyers = np.searchsorted(history.indptr, places, side="right") - 1
    if not len(buyers):
        return Companions(np.empty(0, np.int32), np.empty(0, np.float32))
    rows = np.concatenate([np.arange(history.indptr[buyer], history.indptr[buyer + 1]) for buyer in buyers])
    rows = rows[history.purchases[rows] > 0]
    numbers, together = np.unique(history.items[rows], return_counts=True)
    expected = len(buyers) * shares[numbers].astype(np.float64)
    believed = (together >= LEAST_BUYERS) & (together - expected >= LEAST_DEVIATIONS * np.sqrt(expected))
    believed &= numbers != item_number
    if kinds is not None and kinds[item_number] >= 0:
        believed &= kinds[numbers] != kinds[item_number]
    lift = (together + SHRINKAGE) / (expected + SHRINKAGE)
    order = np.flatnonzero(believed)[np.argsort(-lift[believed], kind="stable")][:most]
    return Companions(numbers[order].astype(np.int32), lift[order].astype(np.float32))
