"""Find the best items of one consumer exactly, scoring only those that can belong to the answer.

A request bounds the runs of the index, scores the most promising items and so learns a floor that the answer cannot fall
under; then it scores what can still reach the floor. Nothing else can belong to the answer, so no list is approximate.
Vectors that all have much the same length leave little to rule out; then one product of the whole matrix tells what can.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.candidates import CandidateSet, kth_largest, largest
from recommender.features import LEAST_SCORE
from recommender.index import ItemIndex, score_bounds
from recommender.kinds import KindTables
from recommender.training import State

Numbers = NDArray[np.int32]
Places = NDArray[np.intp]
Floats = NDArray[np.float32]
Marks = NDArray[np.bool_]

LOWEST = np.finfo(np.float32).min
# So few candidates, or this part of all items, are scored at once; to look for the best among them would cost more.
SCORED_AT_ONCE, SCORED_PART = 2000, 1 / 16
# Up to so many items one product of the whole matrix is faster than bounds.
SCANNED_AT_ONCE = 20_000
# The first look takes runs with so many items per place of the answer, and scores the best bounds among them.
SEEN_PER_PLACE, SCORED_PER_PLACE = 8, 2
# Every so manyth run tells well enough where the first look ends.
SAMPLED_RUNS = 8
# Past this part of all items one product of the whole matrix is faster than bounds and rows read one by one.
MOST_BOUNDED = 0.25
# Bounds and logits are float32 sums of a few terms and of up to a thousand products: this part of their size covers
# what rounding can move one against the other.
ROUNDING = 1e-4
SCORE_HALVINGS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """One consumer with events, ready to be compared with items.

    Attributes
    ----------
    state : State
    vector : float32 (f,)
    length : float32
        |u|.
    kind_terms : float32 (n_kinds,)
        What the consumer's history and novelty add to the logit of a pair without history.
    own_items : int32 (n_own,)
        Items of the history, rising.
    own_logits : float32 (n_own,)
    """

    state: State
    vector: Floats
    length: np.float32
    kind_terms: Floats
    own_items: Numbers
    own_logits: Floats

    @classmethod
    def of(cls, state: State, tables: KindTables, user_number: int) -> Taste:
        """Read one consumer out of a state."""
        own = state.history.row(user_number)
        items, vector = state.history.items[own], state.user_factors[user_number]
        terms = tables.terms(items, state.history.frequency[own], state.blend.kind)
        terms += state.user_offsets[user_number]
        return cls(state, vector, np.float32(np.linalg.norm(vector)), terms, items, state.own_logits[own])

    def logits(self, numbers: Numbers | Places) -> Floats:
        """Return the logits of items without history; an item's does not depend on which others are asked for."""
        state = self.state
        # Not a product of BLAS, whose rounding depends on where a row stands.
        logits = state.blend.score_terms(np.einsum("ij,j->i", state.item_factors[numbers], self.vector))
        logits += state.item_offsets[numbers]
        logits += self.kind_terms[state.kinds.of_item[numbers]]
        return logits

    def all_logits(self, numbers: Numbers) -> Floats:
        """Return the logits of any items, those of the history included."""
        logits = self.logits(numbers)
        if len(self.own_items):
            places = np.minimum(np.searchsorted(self.own_items, numbers), len(self.own_items) - 1)
            is_own = self.own_items[places] == numbers
            logits[is_own] = self.own_logits[places[is_own]]
        return logits


def best_items(
    index: ItemIndex, taste: Taste, size: int, candidates: CandidateSet, included: CandidateSet | None
) -> tuple[Numbers, Floats]:
    """Return the `size` most probable candidates, and besides them the `size` most probable included ones.

    Returns
    -------
    numbers, logits : int32 (k,), float32 (k,)
        Best first, equal ones in the order of their numbers: the same as from the logits of all items.
    """
    if len(candidates.numbers) > max(SCORED_AT_ONCE, SCORED_PART * candidates.n_items):
        return _Search(index, taste, size, candidates, included).answer()
    found = _Found(size, included)
    found.add(candidates.numbers, taste.all_logits(candidates.numbers))
    return found.best()


@dataclass(frozen=True, slots=True)
class _Floors:
    """What the last place has at least: of the list of all candidates, and of the list of the included ones."""

    all: np.float32
    included: np.float32

    @classmethod
    def of(cls, logits: Floats, wanted: int, raised: Marks | None, wanted_raised: int) -> _Floors:
        """Return the wanted-th largest of all and of those marked; no floor falls to what marks a hidden item."""
        every = np.maximum(kth_largest(logits, wanted), LOWEST)
        if raised is None:
            return cls(every, np.float32(np.inf))
        return cls(every, np.maximum(kth_largest(logits[raised], wanted_raised), LOWEST))

    def lowered(self, slack: float) -> _Floors:
        """Return floors that rounding cannot make too high."""
        return _Floors(*(np.maximum(np.float32(floor - slack), LOWEST) for floor in (self.all, self.included)))

    def reached(self, bounds: Floats, raised: Marks | None) -> Places:
        """Return the places of the bounds that reach the floor of their side."""
        near = np.flatnonzero(bounds >= min(self.all, self.included))
        return near if raised is None else near[(bounds[near] >= self.all) | raised[near]]


class _Found:
    """The scored candidates of one request."""

    def __init__(self, size: int, included: CandidateSet | None) -> None:
        self._size, self._included = size, included
        self._numbers, self._logits = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)

    def add(self, numbers: Numbers, logits: Floats) -> None:
        """Take in candidates that were not there yet."""
        self._numbers = np.concatenate([self._numbers, numbers])
        self._logits = np.concatenate([self._logits, logits])

    def floors(self) -> _Floors:
        """Return what the answer cannot fall under."""
        raised = None if self._included is None else self._included.mask[self._numbers]
        return _Floors.of(self._logits, self._size, raised, self._size)

    def best(self) -> tuple[Numbers, Floats]:
        """Return the answer, once everything that can belong to it was added."""
        floors = self.floors()
        near = np.flatnonzero(self._logits >= min(floors.all, floors.included))
        near = near[np.lexsort((self._numbers[near], -self._logits[near]))]
        numbers = self._numbers[near]
        chosen = np.arange(len(near)) < self._size
        if self._included is not None:
            chosen[np.flatnonzero(self._included.mask[numbers])[: self._size]] = True
        return numbers[chosen], self._logits[near[chosen]]


class _Search:
    """One request with more candidates than are scored at once."""

    def __init__(
        self, index: ItemIndex, taste: Taste, size: int, candidates: CandidateSet, included: CandidateSet | None
    ) -> None:
        self._index, self._taste, self._size = index, taste, size
        self._candidates, self._included = candidates, included
        self._found = _Found(size, included)
        # What is hidden or scored already.
        self._done = ~candidates.mask if len(candidates.hidden) else np.zeros(candidates.n_items, dtype=np.bool_)
        self._raised = None if included is None else index.touched(included)

    def answer(self) -> tuple[Numbers, Floats]:
        """Return numbers and logits; see `best_items`."""
        self._take_history()
        if self._candidates.n_items <= SCANNED_AT_ONCE:
            return self._scanned()
        reach = self._reach()
        first = self._first_look(reach).reached(reach, self._raised)
        if len(first) > MOST_BOUNDED * len(reach):
            return self._scanned()
        places, raised, bounds = self._bounded(first)
        wanted = SCORED_PER_PLACE * self._size
        promising = _Floors.of(bounds, wanted, raised, wanted).reached(bounds, raised)
        self._score(self._index.order[places[promising]])
        floors = self._found.floors().lowered(self._slack)
        reach[first] = -np.inf
        rest = floors.reached(reach, self._raised)
        if len(rest) > MOST_BOUNDED * len(reach):
            return self._scanned()
        bounds[promising] = -np.inf
        left = places[floors.reached(bounds, raised)]
        places, raised, bounds = self._bounded(rest)
        left = np.concatenate([left, places[floors.reached(bounds, raised)]])
        self._score(self._index.order[left])
        return self._found.best()

    def _take_history(self) -> None:
        """Score the history: it has logits of its own, which no bound covers."""
        items = self._taste.own_items
        is_open = ~self._done[items]
        self._found.add(items[is_open], self._taste.own_logits[is_open])
        self._done[items] = True

    def _reach(self) -> Floats:
        """Return the bound of each run, minus infinity where it holds no candidate."""
        taste = self._taste
        reach = self._index.reach(taste.state.blend, taste.length, taste.kind_terms)
        if len(self._candidates.hidden):
            reach[~self._index.touched(self._candidates)] = -np.inf
        return reach

    def _first_look(self, reach: Floats) -> _Floors:
        """Return bounds that about as many runs reach as hold the items of the first look."""
        sample = reach[::SAMPLED_RUNS]
        open_runs = int(np.count_nonzero(sample > -np.inf))
        wanted = self._runs_to_see(open_runs, len(self._candidates.numbers))
        if self._raised is None or self._included is None:
            return _Floors.of(sample, wanted, None, 0)
        raised = self._raised[::SAMPLED_RUNS]
        return _Floors.of(sample, wanted, raised, self._runs_to_see(int(np.count_nonzero(raised)), len(self._included.numbers)))

    def _runs_to_see(self, n_sampled: int, n_items: int) -> int:
        return max(1, round(SEEN_PER_PLACE * self._size * n_sampled / max(n_items, 1)))

    def _bounded(self, runs: Places) -> tuple[Places, Marks | None, Floats]:
        """Return the items of some runs by their places in the index, whether their run is raised, and their bounds.

        The bound of what is hidden or scored already is minus infinity.
        """
        index, taste = self._index, self._taste
        places, sizes = index.places(runs)
        bounds = score_bounds(taste.state.blend, index.norms[places] * taste.length)
        bounds += index.offsets[places]
        bounds += np.repeat(taste.kind_terms[index.kinds[runs]], sizes)
        bounds[self._done[index.order[places]]] = -np.inf
        return places, None if self._raised is None else np.repeat(self._raised[runs], sizes), bounds

    def _score(self, numbers: Numbers | Places) -> None:
        self._found.add(numbers.astype(np.int32, copy=False), self._taste.logits(numbers))
        self._done[numbers] = True

    @property
    def _slack(self) -> float:
        """More than rounding can move a bound against a logit."""
        taste, index = self._taste, self._index
        linear, logarithmic = np.abs(taste.state.blend.pair[1:])
        reach = taste.length * index.largest_norm
        scores = linear * reach + logarithmic * max(-np.log(LEAST_SCORE), np.log(reach + LEAST_SCORE))
        return float(ROUNDING * (1 + scores + np.abs(taste.kind_terms).max() + index.largest_offset))

    def _scanned(self) -> tuple[Numbers, Floats]:
        """Return the answer from one product with all vectors, which tells closely enough what has to be scored."""
        state, taste = self._taste.state, self._taste
        scores = state.item_factors @ taste.vector
        scores[self._done] = -np.inf
        # The best by likeness raise the floors that the first look has left low.
        self._score(np.flatnonzero(scores >= np.maximum(kth_largest(scores, self._size), LOWEST)))
        if self._included is not None:
            numbers = self._included.numbers
            nearest = numbers[largest(scores[numbers], self._size)]
            self._score(nearest[~self._done[nearest]])
        floors = self._found.floors().lowered(self._slack)
        # The product of BLAS rounds otherwise than the sums of single rows.
        error = 4 * len(taste.vector) * float(np.finfo(np.float32).eps * taste.length * self._index.largest_norm)
        least = [self._least_score(float(floor)) - error for floor in (floors.all, floors.included)]
        near = np.flatnonzero(scores >= min(least))
        near = near[~self._done[near]]
        raised = None if self._included is None else self._included.mask[near]
        bounds = state.blend.score_terms(scores[near])
        bounds += np.float32(error * (abs(state.blend.pair[1]) + abs(state.blend.pair[2]) / LEAST_SCORE))
        bounds += state.item_offsets[near]
        bounds += taste.kind_terms[state.kinds.of_item[near]]
        self._score(near[floors.reached(bounds, raised)])
        return self._found.best()

    def _least_score(self, floor: float) -> float:
        """Return a score under which no pair reaches a floor; minus infinity where the blend does not rise with it."""
        linear, logarithmic = (float(weight) for weight in self._taste.state.blend.pair[1:])
        if linear < 0 or logarithmic < 0:
            return -np.inf
        needed = floor - float(self._taste.kind_terms.max()) - float(self._index.highest.max())
        high = float(self._taste.length * self._index.largest_norm)
        low = -high
        for _ in range(SCORE_HALVINGS):
            middle = (low + high) / 2
            reached = linear * middle + logarithmic * np.log(max(middle, 0.0) + float(LEAST_SCORE)) >= needed
            low, high = (low, middle) if reached else (middle, high)
        return low
