"""From a fitted state to lists: all probabilities of some consumers, or the few best of one, fast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.calibration import logistic
from recommender.candidates import CandidateSet, largest
from recommender.index import ItemIndex
from recommender.search import Taste, best_items
from recommender.training import State

Numbers = NDArray[np.int32]
Floats = NDArray[np.float32]

LOGITS_PER_CHUNK = 4_000_000


class Reason(Enum):
    """Why an item stands in a list; never more than what made the list."""

    BOUGHT_BEFORE = "bought_before"
    SEEN_BEFORE = "seen_before"
    SIMILAR_CONSUMERS = "similar_consumers"
    POPULAR = "popular"
    NEW_LISTING = "new_listing"
    POLICY = "policy"


@dataclass(frozen=True, slots=True, eq=False)
class RelevantItems:
    """The items worth ranking for one consumer, most probable first.

    Attributes
    ----------
    item_ids : (k,)
    item_numbers : int32 (k,)
        -1 for an item that the model has never met.
    probabilities : float32 (k,)
        Calibrated probability that the consumer buys the item within the label window.
    is_stranger : bool
        True when the consumer has no event: the probabilities are those of popularity.
    """

    item_ids: NDArray[Any]
    item_numbers: Numbers
    probabilities: Floats
    is_stranger: bool


def logits_in_chunks(
    state: State, user_numbers: Numbers, area_numbers: Numbers | None = None, columns: Numbers | None = None
) -> Iterator[tuple[slice, Floats]]:
    """Yield the logits of some consumers at a time, float32 (chunk, n_items), and where they stand among all.

    With the numbers of some items in ``columns``, of those alone, (chunk, n_columns), and nothing is computed for the others.
    """
    factors = state.item_factors if columns is None else state.item_factors[columns]
    rows = max(1, LOGITS_PER_CHUNK // max(len(factors), 1))
    areas = np.full(len(user_numbers), -1, dtype=np.int32) if area_numbers is None else area_numbers
    for start in range(0, len(user_numbers), rows):
        numbers = user_numbers[start : start + rows]
        logits: Floats = state.user_factors[numbers] @ factors.T
        for row, number in enumerate(numbers.tolist()):
            if is_stranger(state, number):
                popular = _stranger_logits(state, int(areas[start + row]))
                logits[row] = popular if columns is None else popular[columns]
            else:
                logits[row] = _finished(state, number, logits[row], columns)
        yield slice(start, start + len(numbers)), logits


def _stranger_logits(state: State, area_number: int) -> Floats:
    """Return popularity as it is now, in an area where one is known."""
    if area_number < 0:
        return state.stranger_logits.copy()
    return np.asarray(state.stranger_logits + state.area_shifts[area_number])


def _finished(state: State, user_number: int, scores: Floats, columns: Numbers | None) -> Floats:
    """Return logits from the factors' scores of a consumer that has events, for all items or those of ``columns``."""
    history, own = state.history, state.history.row(user_number)
    items = history.items[own]
    logits = state.blend.score_terms(scores)
    logits += state.item_offsets if columns is None else state.item_offsets[columns]
    terms = state.user_offsets[user_number]
    if state.kinds.n_columns:
        said = state.kinds.describe(items, history.frequency[own])
        kinds = state.kinds.of_item if columns is None else state.kinds.of_item[columns]
        terms = (state.blend.kind_terms(said) + terms)[kinds]
    logits += terms
    if columns is None:
        logits[items] = state.own_logits[own]
    else:
        order = np.argsort(items)
        place = order[np.minimum(np.searchsorted(items, columns, sorter=order), len(items) - 1)]
        held = items[place] == columns
        logits[held] = state.own_logits[own][place[held]]
    return logits


def unknown_logit(state: State, user_number: int) -> float:
    """Return the logit of an item that the model has never met."""
    return state.unknown_logit + (float(state.user_offsets[user_number]) if user_number >= 0 else 0.0)


def is_stranger(state: State, user_number: int) -> bool:
    """Whether nothing is known of a consumer."""
    return user_number < 0 or bool(state.history.indptr[user_number] == state.history.indptr[user_number + 1])


def shortlist_consumer(
    state: State,
    index: ItemIndex,
    user_number: int,
    size: int,
    candidates: CandidateSet,
    included: CandidateSet | None,
    area_number: int = -1,
) -> RelevantItems:
    """Return the `size` most probable candidates of a consumer; see `Recommender.shortlist`."""
    if is_stranger(state, user_number):
        chosen, logits = _most_popular(_stranger_logits(state, area_number), size, candidates, included)
    else:
        chosen, logits = best_items(index, Taste.of(state, index.tables, user_number), size, candidates, included)
    unknown = candidates.unknown_ids
    if included is not None and len(unknown) and len(chosen) >= size:
        wanted = set(included.unknown_ids.tolist())
        unknown = unknown[[value in wanted for value in unknown.tolist()]]
    if not len(unknown):
        return RelevantItems(
            state.items.values[chosen], chosen, logistic(logits).astype(np.float32), is_stranger(state, user_number)
        )
    return _with_unknown(state, user_number, chosen, logits, unknown[:size], None if included else size)


def _most_popular(logits: Floats, size: int, candidates: CandidateSet, included: CandidateSet | None) -> tuple[Numbers, Floats]:
    """Return numbers and logits of the best candidates, and of the best included ones, best first."""
    logits[candidates.hidden] = -np.inf
    chosen = largest(logits, size)
    if included is not None:
        chosen = np.union1d(chosen, included.numbers[largest(logits[included.numbers], size)])
        chosen = chosen[np.argsort(-logits[chosen], kind="stable")]
    return chosen.astype(np.int32), logits[chosen]


def _with_unknown(
    state: State, user_number: int, chosen: Numbers, logits: Floats, unknown: NDArray[Any], most: int | None
) -> RelevantItems:
    """Put items that the model has never met where their prior belongs."""
    prior = np.full(len(unknown), unknown_logit(state, user_number), dtype=np.float32)
    together = np.concatenate([logits, prior])
    order = np.argsort(-together, kind="stable")[:most]
    ids = np.empty(len(together), dtype=object)
    ids[: len(chosen)] = state.items.values[chosen].tolist()
    ids[len(chosen) :] = unknown.tolist()
    numbers = np.concatenate([chosen, np.full(len(unknown), -1)]).astype(np.int32)
    return RelevantItems(
        ids[order], numbers[order], logistic(together[order]).astype(np.float32), is_stranger(state, user_number)
    )


def explain(state: State, user_number: int, item_number: int) -> Reason:
    """Return what put an item into a consumer's untilted list."""
    history = state.history
    if user_number >= 0:
        own = history.row(user_number)
        place = own.start + int(np.searchsorted(history.items[own], item_number))
        if place < own.stop and history.items[place] == item_number:
            return Reason.BOUGHT_BEFORE if history.purchases[place] > 0 else Reason.SEEN_BEFORE
    if item_number < 0:
        return Reason.NEW_LISTING
    if user_number >= 0:
        scores = state.item_factors[[item_number]] @ state.user_factors[user_number]
        likeness = state.blend.score_terms(scores)[0] + state.item_offsets[item_number]
        # Likeness is the reason when it makes the item at least twice as probable as it is for anybody.
        if not is_stranger(state, user_number) and likeness - state.stranger_logits[item_number] > np.log(2):
            return Reason.SIMILAR_CONSUMERS
    return Reason.POPULAR
