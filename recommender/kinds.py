"""What a consumer's history says of an item's kind, column by column of the content.

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

# For each content column: ln(1 + items the consumer had of that value), whether any, and ln of the consumer's share of
# the value over everybody's share of it.
KIND_FEATURES = ("log items of the kind", "any item of the kind", "affinity to the kind")
# So many purchases of everybody's taste stand beside the consumer's own.
PSEUDO_PURCHASES = np.float32(2)


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """The kinds of all items.

    Attributes
    ----------
    of_item : int32 (n_items,)
        Kind number of each item.
    levels : int32 (n_kinds, n_columns)
        Code of each kind in each content column; -1 where it is not known.
    shares : float32 (n_kinds, n_columns)
        Part of everybody's decayed frequency that goes to items with that code.
    """

    of_item: Numbers
    levels: Numbers
    shares: Floats

    @property
    def n_columns(self) -> int:
        """How many content columns there are."""
        return int(self.levels.shape[1])

    def describe(self, items: Numbers, frequency: Floats) -> Floats:
        """Return what a consumer's items, with their decayed frequencies, say of every kind.

        Returns
        -------
        float32 (n_kinds, n_columns, 3)
            In the order of KIND_FEATURES; zeros where the code is not known.

        Examples
        --------
        One column, two kinds of equal share. The consumer had two items of the first, with frequency 2 in all, so its
        affinity is ln((2 + 2 x .5) / (2 + 2) / .5) = ln 1.5 = .405, and to the other ln((0 + 1) / 4 / .5) = -.693.

        >>> kinds = Kinds(np.array([0, 0, 1], np.int32), np.array([[5], [6]], np.int32), np.full((2, 1), 0.5, np.float32))
        >>> said = kinds.describe(np.array([0, 1], np.int32), np.array([1.5, 0.5], np.float32))
        >>> [[round(float(value), 3) for value in row] for row in said[:, 0]]
        [[1.099, 1.0, 0.405], [0.0, 0.0, -0.693]]
        """
        said = np.zeros((*self.levels.shape, len(KIND_FEATURES)), dtype=np.float32)
        own, total = self.levels[self.of_item[items]] + 1, frequency.sum() + PSEUDO_PURCHASES
        for column in range(self.n_columns):
            # Code -1 becomes place 0, of which nothing is said.
            places = self.levels[:, column] + 1
            size = int(places.max(initial=0)) + 1
            counts = np.bincount(own[:, column], minlength=size)[places]
            weights = np.bincount(own[:, column], weights=frequency, minlength=size)[places]
            shares = self.shares[:, column]
            said[:, column, 0] = np.log1p(counts)
            said[:, column, 1] = counts > 0
            said[:, column, 2] = np.log((weights + PSEUDO_PURCHASES * shares) / (total * shares))
            said[places == 0, column] = 0
        return said


@dataclass(frozen=True, slots=True, eq=False)
class KindTables:
    """Kinds as a tree of their content columns, for answering one consumer at a time.

    Consecutive kinds that agree in the first columns share a branch, so what is said of a coarse code is looked up once
    for all of them, and worked out once per code.

    Attributes
    ----------
    of_item : int32 (n_items,)
    n_kinds : int
    codes : tuple of intp (n_branches,), one per content column
        Code of each branch + 1, so that 0 stands for an unknown code; the branches of the last column are the kinds.
    parents : tuple of intp (n_branches,), one per content column
        The branch of the column before that each branch grows from.
    shares : tuple of float64 (n_codes + 1,), one per content column
        As in `Kinds`, by such codes; 1 for an unknown code.
    """

    of_item: Numbers
    n_kinds: int
    codes: tuple[NDArray[np.intp], ...]
    parents: tuple[NDArray[np.intp], ...]
    shares: tuple[NDArray[np.float64], ...]

    @classmethod
    def of(cls, kinds: Kinds) -> KindTables:
        """Turn kinds into a tree; in rising order, as `kinds_of` gives them, they make the fewest branches."""
        n_kinds = len(kinds.levels)
        codes, parents, shares = [], [], []
        is_first, before = np.zeros(n_kinds, dtype=np.bool_), np.zeros(1, dtype=np.intp)
        is_first[:1] = True
        for column, of_kind in enumerate(kinds.levels.T):
            is_first[1:] |= of_kind[1:] != of_kind[:-1]
            # With the last column every kind is a branch of its own.
            starts = np.flatnonzero(is_first) if column < kinds.n_columns - 1 else np.arange(n_kinds)
            parents.append(np.searchsorted(before, starts, side="right") - 1)
            codes.append(of_kind[starts].astype(np.intp) + 1)
            by_code = np.ones(int(of_kind.max(initial=-1)) + 2)
            by_code[of_kind + 1] = kinds.shares[:, column]
            by_code[0] = 1
            shares.append(by_code)
            before = starts
        return cls(kinds.of_item, n_kinds, tuple(codes), tuple(parents), tuple(shares))

    def terms(self, items: Numbers, frequency: Floats, weights: Floats) -> Floats:
        """Return what a consumer's items add to the logit of every kind: `Kinds.describe` times weights.

        Parameters
        ----------
        items : int32 (n_own,)
        frequency : float32 (n_own,)
        weights : float32 (n_columns, 3)
            In the order of KIND_FEATURES.

        Returns
        -------
        float32 (n_kinds,)

        Examples
        --------
        The kinds and the history of `Kinds.describe`, by the affinity alone.

        >>> kinds = Kinds(np.array([0, 0, 1], np.int32), np.array([[5], [6]], np.int32), np.full((2, 1), 0.5, np.float32))
        >>> items, frequency = np.array([0, 1], np.int32), np.array([1.5, 0.5], np.float32)
        >>> KindTables.of(kinds).terms(items, frequency, np.array([[0, 0, 1]], np.float32)).round(3).tolist()
        [0.4050000011920929, -0.6930000185966492]
        """
        own, pseudo = self._codes_of(items), float(PSEUDO_PURCHASES)
        total = float(frequency.sum(dtype=np.float64)) + pseudo
        terms = np.zeros(1 if self.codes else self.n_kinds, dtype=np.float32)
        columns = zip(own, self.codes, self.parents, self.shares, weights.tolist(), strict=True)
        for mine, codes, parents, shares, (per_count, per_any, per_affinity) in columns:
            counts, sums = np.bincount(mine), np.bincount(mine, weights=frequency)
            had = np.flatnonzero(counts)
            # A code the consumer never had has the same affinity whatever its share.
            table = np.full(len(shares), per_affinity * np.log(pseudo / total), dtype=np.float32)
            affinity = np.log((sums[had] + pseudo * shares[had]) / (total * shares[had]))
            table[had] = per_count * np.log1p(counts[had]) + per_any + per_affinity * affinity
            table[0] = 0
            # Nothing is out of bounds; to clip is faster than to raise.
            terms = np.take(terms, parents, mode="clip")
            terms += np.take(table, codes, mode="clip")
        return terms

    def _codes_of(self, items: Numbers) -> list[NDArray[np.intp]]:
        """Return the codes of items in every column, from the kinds up to the coarsest branches."""
        branch, found = self.of_item[items].astype(np.intp), []
        for column in range(len(self.codes) - 1, -1, -1):
            found.append(self.codes[column][branch])
            branch = self.parents[column][branch]
        return found[::-1]


def kinds_of(listings: Listings, item_frequency: Floats) -> Kinds:
    """Return the kinds of listings whose decayed frequencies are given, float32 (n_items,).

    Without content all items are of one kind of which nothing is known.
    """
    if not listings.content:
        nothing = np.empty((1, 0), dtype=np.int32)
        return Kinds(np.zeros(listings.n_items, dtype=np.int32), nothing, nothing.astype(np.float32))
    codes = np.column_stack([column.codes for column in listings.content])
    levels, of_item = _distinct_rows(codes)
    shares = np.empty(levels.shape, dtype=np.float32)
    for column in range(levels.shape[1]):
        sums = np.bincount(codes[:, column] + 1, weights=item_frequency) + 0.5
        shares[:, column] = (sums / sums.sum())[levels[:, column] + 1]
    return Kinds(of_item.astype(np.int32), levels, shares)


def _distinct_rows(codes: Numbers) -> tuple[Numbers, NDArray[np.intp]]:
    """Return the distinct rows in rising order and which of them each row is."""
    joint = np.zeros(len(codes), dtype=np.int64)
    for column in range(codes.shape[1]):
        # Renumbered after each column, the joint code never outgrows 64 bits.
        joint = np.unique(joint * (int(codes[:, column].max(initial=-1)) + 2) + codes[:, column] + 1, return_inverse=True)[1]
    first, of_item = np.unique(joint, return_index=True, return_inverse=True)[1:]
    return codes[first], of_item
