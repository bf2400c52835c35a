"""How much a consumer already had of an item's kind, column by column of the content.

Items that agree in all content columns are one *kind*; there are far fewer kinds than items, so what a consumer's
history says is computed per kind and only then handed to the items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.listings import Listings

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """The kinds of all items.

    Attributes
    ----------
    of_item : int32 (n_items,)
        Kind number of each item.
    levels : int32 (n_kinds, n_columns)
        Code of each kind in each content column; -1 where it is not known.
    """

    of_item: Numbers
    levels: Numbers

    @property
    def n_columns(self) -> int:
        """How many content columns there are."""
        return self.levels.shape[1]

    def counts(self, items: Numbers) -> Floats:
        """Return how many of the given items share each kind's value in each column, float32 (n_kinds, n_columns).

        A value that is not known is shared by none.

        >>> kinds = Kinds(np.array([0, 0, 1], np.int32), np.array([[5, 0], [5, -1]], np.int32))
        >>> kinds.counts(np.array([0, 2], np.int32)).tolist()
        [[2.0, 1.0], [2.0, 0.0]]
        """
        counts = np.zeros(self.levels.shape, dtype=np.float32)
        own = self.levels[self.of_item[items]]
        for column in range(self.n_columns):
            levels = self.levels[:, column]
            # Code -1 becomes place 0, which counts nothing.
            shared = np.bincount(own[:, column] + 1, minlength=int(levels.max(initial=-1)) + 2)
            shared[0] = 0
            counts[:, column] = shared[levels + 1]
        return counts


def kinds_of(listings: Listings) -> Kinds:
    """Return the kinds of listings; without content all items are of one kind of which nothing is known."""
    if not listings.content:
        return Kinds(np.zeros(listings.n_items, dtype=np.int32), np.empty((1, 0), dtype=np.int32))
    codes = np.column_stack([column.codes for column in listings.content])
    levels, of_item = np.unique(codes, axis=0, return_inverse=True)
    return Kinds(of_item.ravel().astype(np.int32), levels.astype(np.int32))
