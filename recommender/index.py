"""Items laid out so that one consumer's best can be found without reading most of the vectors.

The logit of a pair without history is g(v_i . u) + o_i + k(kind of i), with g the blend's terms of the factors' score. By
Cauchy and Schwarz |v_i . u| <= |v_i| |u|, so g at its largest over that interval, plus o_i + k, is never below the logit.
Items lie in *runs* of one kind, the most promising first, and a run is bounded by its longest vector and highest offset.
`recommender.search` uses the bounds. Nothing depends on a policy's multipliers, so nothing is rebuilt when they change.

Bounds by norm: Teflioudi, Gemulla & Mykytiuk, "LEMP" (SIGMOD 2015).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recommender.blend import Blend
from recommender.candidates import CandidateSet, resolve_candidates
from recommender.features import LEAST_SCORE
from recommender.kinds import KindTables
from recommender.training import State

Numbers = NDArray[np.int32]
Places = NDArray[np.intp]
Floats = NDArray[np.float32]
Marks = NDArray[np.bool_]

# Longer runs are bounded faster and less tightly.
LONGEST_RUN = 16


@dataclass(frozen=True, slots=True, eq=False)
class ItemIndex:
    """Items in runs of one kind and one side of the policy, with or without benefit; at most LONGEST_RUN, best first.

    About twenty bytes per item beside the state it was built from.

    Attributes
    ----------
    order : int32 (n_items,)
        Item numbers, run by run.
    norms, offsets : float32 (n_items,)
        |v_i| and o_i in that order.
    starts, sizes : intp (n_runs,)
    longest, highest : float32 (n_runs,)
        Largest norm and largest offset of each run.
    kinds : intp (n_runs,)
    largest_norm, largest_offset : float
        Over all items; the offset by its size.
    tables : KindTables
    everything : CandidateSet
        All items, resolved once.
    """

    order: Numbers
    norms: Floats
    offsets: Floats
    starts: Places
    sizes: Places
    longest: Floats
    highest: Floats
    kinds: Places
    largest_norm: np.float32
    largest_offset: np.float32
    tables: KindTables
    everything: CandidateSet
    _touched: WeakKeyDictionary[CandidateSet, Marks] = field(default_factory=WeakKeyDictionary, repr=False)

    @classmethod
    def of(cls, state: State) -> ItemIndex:
        """Lay out the items of a state; about half a second per million."""
        norms = np.sqrt(np.einsum("ij,ij->i", state.item_factors, state.item_factors))
        lengths = np.linalg.norm(state.user_factors, axis=1)
        typical = np.float32(np.median(lengths[lengths > 0])) if lengths.any() else np.float32(0)
        promise = score_bounds(state.blend, norms * typical) + state.item_offsets
        side = state.kinds.of_item.astype(np.int64) * 2 + (state.listings.benefit > 0)
        order = np.lexsort((-promise, side)).astype(np.int32)
        side = side[order]
        first = np.flatnonzero(np.diff(side, prepend=-1))
        place = np.arange(len(side)) - np.repeat(first, np.diff(np.append(first, len(side))))
        starts = np.flatnonzero(place % LONGEST_RUN == 0)
        norms, offsets = norms[order], state.item_offsets[order]
        return cls(
            order=order,
            norms=norms,
            offsets=offsets,
            starts=starts,
            sizes=np.diff(np.append(starts, len(side))),
            longest=np.maximum.reduceat(norms, starts),
            highest=np.maximum.reduceat(offsets, starts),
            kinds=(side[starts] // 2).astype(np.intp),
            largest_norm=norms.max(),
            largest_offset=np.abs(offsets).max(),
            tables=KindTables.of(state.kinds),
            everything=resolve_candidates(state.items, None),
        )

    def reach(self, blend: Blend, length: np.float32, kind_terms: Floats) -> Floats:
        """Return the bound of each run for a vector of this length and these terms by kind, float32 (n_runs,)."""
        reach = score_bounds(blend, self.longest * length)
        reach += self.highest
        # Nothing is out of bounds; to clip is faster than to raise.
        reach += np.take(kind_terms, self.kinds, mode="clip")
        return reach

    def touched(self, candidates: CandidateSet) -> Marks:
        """Return which runs hold a candidate, bool (n_runs,); remembered as long as the set lives."""
        marks = self._touched.get(candidates)
        if marks is None:
            marks = np.logical_or.reduceat(candidates.mask[self.order], self.starts)
            self._touched[candidates] = marks
        return marks

    def places(self, runs: Places) -> tuple[Places, Places]:
        """Return the places of all items of some runs in `order`, run by run, and how many each run has."""
        sizes = self.sizes[runs]
        ends = np.cumsum(sizes)
        total = int(ends[-1]) if len(ends) else 0
        return np.arange(total) + np.repeat(self.starts[runs] - (ends - sizes), sizes), sizes


def score_bounds(blend: Blend, reach: Floats) -> Floats:
    """Return the most that scores in [-reach, reach] can add to a logit, by the sign of either coefficient; same shape.

    >>> blend = Blend(np.empty(0), np.empty(0), np.array([0.0, 2.0, 1.0], np.float32), np.empty((0, 3)))
    >>> score_bounds(blend, np.array([0.99], np.float32)).round(2).tolist()
    [1.9800000190734863]
    """
    linear, logarithmic = abs(blend.pair[1]), blend.pair[2]
    if logarithmic < 0:
        return np.asarray(linear * reach + logarithmic * np.log(LEAST_SCORE), dtype=np.float32)
    bounds: Floats = np.log(reach + LEAST_SCORE)
    bounds *= logarithmic
    bounds += linear * reach
    return bounds
