"""Lists that keep their promises: at most n items, all of them allowed, none twice, best first, no padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from recommender.errors import InvalidRequestError
from recommender.ids import IdMap

Numbers = NDArray[np.int32]
Floats = NDArray[np.float32]


class ImplicitModel(Protocol):
    """The part of implicit's models that `top_n` uses."""

    def recommend(self, userid: Any, user_items: Any, N: int, filter_already_liked_items: bool) -> Any:  # noqa: N803
        """Return item numbers and scores, padded and unfiltered in ways that differ by model."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class CandidateSet:
    """Items that may be shown, resolved once and used for many requests.

    Attributes
    ----------
    numbers : int32 (k,)
        Numbers of the known items, rising, without repeats.
    unknown_ids : (m,)
        Ids that the model has never met, in the given order, without repeats.
    hidden : int32 (n_items - k,)
        Numbers of the known items that may not be shown.
    mask : bool (n_items,)
        True where a known item may be shown.
    """

    numbers: Numbers
    unknown_ids: NDArray[Any]
    hidden: Numbers
    mask: NDArray[np.bool_]

    @property
    def n_items(self) -> int:
        """How many items the model knows."""
        return len(self.numbers) + len(self.hidden)


def _set_of(may_be_shown: NDArray[np.bool_], unknown_ids: NDArray[Any]) -> CandidateSet:
    shown, hidden = (np.flatnonzero(mask).astype(np.int32) for mask in (may_be_shown, ~may_be_shown))
    return CandidateSet(shown, unknown_ids, hidden, may_be_shown)


def resolve_candidates(items: IdMap, candidates: Any) -> CandidateSet:
    """Return the set that outside ids, a mask over item numbers, a set, or None (everything) stands for.

    Raises
    ------
    InvalidRequestError
        A mask of another length than the model has items, or ids of which one is not hashable.

    Examples
    --------
    >>> chosen = resolve_candidates(IdMap(["gala", "pear"]), ["pear", "kiwi", "pear"])
    >>> chosen.numbers.tolist(), chosen.unknown_ids.tolist()
    ([1], ['kiwi'])
    """
    if isinstance(candidates, CandidateSet):
        if candidates.n_items != len(items):
            raise InvalidRequestError("the candidate set was resolved for another model")
        return candidates
    nothing: NDArray[Any] = np.empty(0, dtype=np.int64)
    if candidates is None:
        return _set_of(np.ones(len(items), dtype=np.bool_), nothing)
    if isinstance(candidates, np.ndarray) and candidates.dtype == np.bool_:
        if candidates.shape != (len(items),):
            raise InvalidRequestError(f"a mask has shape ({len(items)},), not {candidates.shape}")
        # A copy, so that what the caller does to the mask later changes no set in use.
        return _set_of(candidates.copy(), nothing)
    numbers = items.numbers(candidates)
    known, mask = numbers >= 0, np.zeros(len(items), dtype=np.bool_)
    mask[numbers[known]] = True
    if known.all():
        return _set_of(mask, nothing)
    unknown = dict.fromkeys(candidates[row] for row in np.flatnonzero(~known))
    return _set_of(mask, IdMap([]).extended(list(unknown)).values)


def kth_largest(scores: Floats, k: int) -> np.float32:
    """Return the k-th largest score; minus infinity where there are fewer than k.

    Exact: the k-th largest of the maxima of blocks is never above it, so nothing below that can be it, and few are above.

    >>> kth_largest(np.array([0.1, 0.5, 0.3], dtype=np.float32), 2)
    np.float32(0.3)
    """
    if not 1 <= k <= len(scores):
        return np.float32(-np.inf)
    n_blocks = len(scores) // 32
    if n_blocks > k:
        maxima = scores[: n_blocks * 32].reshape(32, n_blocks).max(axis=0)
        scores = scores[scores >= np.partition(maxima, n_blocks - k)[n_blocks - k]]
    return np.float32(np.partition(scores, len(scores) - k)[len(scores) - k])


def largest(scores: Floats, k: int) -> NDArray[np.intp]:
    """Return the places of the k largest scores, best first, equal ones in the order of their places.

    Minus infinity marks what must not be returned.

    >>> largest(np.array([0.1, 0.5, -np.inf, 0.5], dtype=np.float32), 3).tolist()
    [1, 3, 0]
    """
    if k < 1:
        return np.empty(0, dtype=np.intp)
    places = np.flatnonzero((scores >= kth_largest(scores, k)) & (scores > -np.inf))
    return np.asarray(places[np.argsort(-scores[places], kind="stable")[:k]])


def top_n(
    model: ImplicitModel, user_items: csr_matrix, user_numbers: ArrayLike, n: int, *, candidates: NDArray[np.bool_]
) -> list[tuple[Numbers, Floats]]:
    """Recommend up to n items for each consumer with a model of implicit, best first.

    implicit 0.7.3 by itself hands seen and filtered items back at the end of short lists, with score -inf or 0, and
    pads with number -1; every such entry is taken out here. A seen item that may be bought again is asked for by
    passing the row without that entry.

    Parameters
    ----------
    model : implicit's recommender
        Fitted.
    user_items : csr (n_users, n_items), float32
        A stored entry means "already seen".
    user_numbers : int (b,)
    n : int
        Longest list wanted.
    candidates : bool (n_items,)
        True where the item may be shown.

    Returns
    -------
    list of (items, scores)
        One pair per consumer, int32 and float32 of equal length of at most n, scores not rising.

    Raises
    ------
    InvalidRequestError
        n is not a whole number of at least 1, or the mask has another shape.
    """
    check_length(n)
    numbers = np.asarray(user_numbers, dtype=np.int32)
    if candidates.shape != (user_items.shape[1],):
        raise InvalidRequestError(f"candidates has shape {candidates.shape}, the model {user_items.shape[1]} items")
    rows = user_items[numbers]
    # Ask for enough to survive the filtering below.
    hidden = int((~candidates).sum())
    wanted = min(user_items.shape[1], n + hidden + int(np.diff(rows.indptr).max(initial=0)))
    items, scores = model.recommend(numbers, rows, N=wanted, filter_already_liked_items=False)
    lists = []
    for row, (row_items, row_scores) in enumerate(zip(items, scores, strict=True)):
        keep = (row_items >= 0) & np.isfinite(row_scores)
        keep[keep] &= candidates[row_items[keep]]
        keep[keep] &= ~np.isin(row_items[keep], rows[row].indices)
        chosen, chosen_scores = row_items[keep], row_scores[keep]
        # A padded list may name an item twice; the first, better, place stands.
        first = np.sort(np.unique(chosen, return_index=True)[1])[:n]
        lists.append((chosen[first].astype(np.int32), chosen_scores[first].astype(np.float32)))
    return lists


def check_length(n: int) -> int:
    """Return a list length, or raise InvalidRequestError unless it is a whole number of at least 1."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise InvalidRequestError(f"the length of a list must be a whole number of at least 1, not {n!r}")
    return int(n)
