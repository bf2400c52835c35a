"""The candidates of every consumer as rectangular arrays, cut down to what a tilt can ever choose.

A list-maximiser over s + (something increasing in benefit) only ever shows an item that fewer than n other items beat
in both relevance and benefit. Keeping just those makes each later evaluation hundreds of times smaller and exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.policy import InvalidTiltInputError

CONSUMERS_PER_CHUNK = 256
LARGEST_LEVEL_COUNT = 16

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Shortlists:
    """Candidates per consumer, each row sorted by falling relevance.

    Attributes
    ----------
    items : int32 (n_users, width)
        Item numbers; -1 fills rows that have fewer candidates.
    relevance, benefit : float64 (n_users, width)
        s and b of those items; 0 where `items` is -1.
    position_weights : float64 (n,)
        v, falling.
    """

    items: Integers
    relevance: Floats
    benefit: Floats
    position_weights: Floats

    @property
    def is_item(self) -> NDArray[np.bool_]:
        """Which slots hold an item and not padding, (n_users, width)."""
        return self.items >= 0

    @property
    def exposure(self) -> Floats:
        """All the exposure each consumer's list can give, (n_users,)."""
        given = np.concatenate([[0.0], np.cumsum(self.position_weights)])
        length = np.minimum(self.is_item.sum(axis=1), self.position_weights.size)
        return np.asarray(given[length])

    def rows(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Shortlists:
        """Return the same for some consumers only."""
        return Shortlists(self.items[chosen], self.relevance[chosen], self.benefit[chosen], self.position_weights)


def real_numbers(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return values as an array of real numbers, refusing text, complex numbers, gaps and rows of unlike length.

    >>> real_numbers("benefit", [0, "many"])
    Traceback (most recent call last):
    recommender.policy.InvalidTiltInputError: benefit must hold real numbers
    """
    try:
        numbers = np.asarray(values)
    except ValueError as error:
        raise InvalidTiltInputError(f"{name} must hold real numbers in rows of one length") from error
    if numbers.dtype.kind not in "fiub":
        raise InvalidTiltInputError(f"{name} must hold real numbers")
    return numbers


def position_weights_or_default(position_weights: ArrayLike | None, n: int) -> Floats:
    """Return v for n positions: the given weights, or 1 / log2(k + 1) for k = 1..n (Järvelin & Kekäläinen 2002).

    >>> position_weights_or_default(None, 3).round(4).tolist()
    [1.0, 0.6309, 0.5]
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise InvalidTiltInputError(f"n must be a whole number of at least 1, not {n!r}")
    if position_weights is None:
        return np.asarray(1.0 / np.log2(np.arange(2, n + 2)))
    weights = real_numbers("position_weights", position_weights).astype(np.float64)
    if weights.shape != (n,):
        raise InvalidTiltInputError(f"position_weights must have shape ({n},), not {weights.shape}")
    if not np.isfinite(weights).all() or (weights <= 0).any() or (np.diff(weights) > 0).any():
        raise InvalidTiltInputError("position_weights must be positive, finite and never rise with the position")
    return weights


def build_shortlists(
    relevance: ArrayLike,
    benefit: ArrayLike,
    n: int,
    position_weights: Floats,
    candidates: ArrayLike | None = None,
    group: NDArray[np.int64] | None = None,
    *,
    allows_negative: bool = True,
) -> Shortlists:
    """Check the input of a tilt and keep, per consumer, only the items some tilt could show.

    Parameters
    ----------
    relevance : (n_users, n_items), or (n_users, M) beside `candidates`
        Finite numbers. float32 is enough; sums are taken in float64.
    benefit : (n_items,)
        b in [0, 1].
    n : int
        Length of a list.
    position_weights : (n,)
        Checked weights.
    candidates : int (n_users, M), optional
        Item numbers, -1 for "no item". No item may stand twice in a row.
    group : int64 (n_items,), optional
        Items that every multiplier treats alike. Without it the only multipliers are those of the two shares, and
        an item beaten n times in both relevance and benefit can be dropped, whichever group it is of.
    allows_negative : bool
        Whether relevance may be negative.

    Raises
    ------
    InvalidTiltInputError
        A shape does not fit, a number is not finite or out of range, an item is unknown or stands twice.
    """
    scores = real_numbers("relevance", relevance)
    gain = _checked_benefit(benefit)
    if scores.ndim != 2 or 0 in scores.shape:
        raise InvalidTiltInputError(f"relevance must have shape (n_users, n_items) and hold a pair, not {scores.shape}")
    if candidates is not None:
        return _from_candidates(scores, gain, position_weights, real_numbers("candidates", candidates), allows_negative)
    if scores.shape[1] != gain.size:
        raise InvalidTiltInputError(f"relevance has {scores.shape[1]} items but benefit has {gain.size}")
    blocks = list(_blocks(gain, group))
    parts = []
    for start in range(0, scores.shape[0], CONSUMERS_PER_CHUNK):
        chunk = scores[start : start + CONSUMERS_PER_CHUNK].astype(np.float64)
        _check_relevance(chunk, allows_negative)
        parts.append(_undominated(chunk, blocks, n, keeps_every_group=group is not None))
    return _stack(parts, gain, position_weights)


def _checked_benefit(benefit: ArrayLike) -> Floats:
    gain = real_numbers("benefit", benefit).astype(np.float64)
    if gain.ndim != 1:
        raise InvalidTiltInputError(f"benefit must have shape (n_items,), not {gain.shape}")
    if not np.isfinite(gain).all() or (gain < 0).any() or (gain > 1).any():
        raise InvalidTiltInputError("benefit must lie between 0 and 1")
    return gain


def _check_relevance(values: Floats, allows_negative: bool) -> None:
    if not np.isfinite(values).all():
        raise InvalidTiltInputError("relevance holds a value that is not a finite number")
    if not allows_negative and (values < 0).any():
        raise InvalidTiltInputError("a sales share and a consumer guard need relevance that is not negative")


def _from_candidates(
    scores: NDArray[Any], gain: Floats, weights: Floats, items: NDArray[Any], allows_negative: bool
) -> Shortlists:
    if items.shape != scores.shape or items.dtype.kind not in "iu":
        raise InvalidTiltInputError("candidates must be whole numbers in the shape of relevance")
    numbers = items.astype(np.int64)
    if (numbers < -1).any() or (numbers >= gain.size).any():
        raise InvalidTiltInputError("candidates holds an item number that benefit does not know")
    ordered = np.sort(numbers, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise InvalidTiltInputError("candidates names an item twice for one consumer")
    values = np.where(numbers >= 0, scores.astype(np.float64), 0.0)
    _check_relevance(values, allows_negative)
    return _sorted_shortlists(numbers.astype(np.int32), values, gain, weights)


def _blocks(gain: Floats, group: NDArray[np.int64] | None) -> Iterator[tuple[NDArray[np.intp], bool]]:
    """Yield item numbers in blocks of falling benefit, and whether a block's items are alike to every multiplier."""
    if group is not None:
        for one in np.unique(group):
            members = np.flatnonzero(group == one)
            yield members, bool(np.ptp(gain[members]) == 0)
        return
    levels = np.unique(gain)[::-1]
    if levels.size <= LARGEST_LEVEL_COUNT:
        for level in levels:
            yield np.flatnonzero(gain == level), True
        return
    order = np.argsort(-gain, kind="stable")
    for members in np.array_split(order, LARGEST_LEVEL_COUNT):
        yield members, False


def _undominated(
    scores: Floats, blocks: list[tuple[NDArray[np.intp], bool]], n: int, *, keeps_every_group: bool
) -> tuple[Integers, Floats]:
    """Keep per consumer a superset of the items that fewer than n items beat in relevance and benefit."""
    kept_items: list[NDArray[np.intp]] = []
    kept_scores: list[Floats] = []
    best = np.full((scores.shape[0], n), -np.inf)
    for members, alike in blocks:
        part = scores[:, members]
        size = members.size
        if not keeps_every_group:
            size = min(size, int((part > best.min(axis=1, keepdims=True)).sum(axis=1).max()))
        if alike:
            size = min(size, n)
        if size == 0:
            continue
        top = _top_columns(part, size)
        values = np.take_along_axis(part, top, axis=1)
        kept_items.append(members[top])
        kept_scores.append(values)
        best = -np.sort(-np.concatenate([best, values], axis=1), axis=1)[:, :n]
    return np.concatenate(kept_items, axis=1).astype(np.int32), np.concatenate(kept_scores, axis=1)


def _top_columns(values: Floats, size: int) -> NDArray[np.intp]:
    if size >= values.shape[1]:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.argpartition(-values, size - 1, axis=1)[:, :size]


def _stack(parts: list[tuple[Integers, Floats]], gain: Floats, weights: Floats) -> Shortlists:
    """Join chunks of different widths into one rectangle."""
    width = max(items.shape[1] for items, _ in parts)
    items = np.concatenate([_widened(one, width, -1) for one, _ in parts])
    scores = np.concatenate([_widened(one, width, 0.0) for _, one in parts])
    return _sorted_shortlists(items, scores, gain, weights)


def _widened(values: NDArray[Any], width: int, filler: float) -> NDArray[Any]:
    return np.pad(values, ((0, 0), (0, width - values.shape[1])), constant_values=filler)


def _sorted_shortlists(items: Integers, scores: Floats, gain: Floats, weights: Floats) -> Shortlists:
    """Sort each row by falling relevance, padding last, so that every later stable sort breaks ties by relevance."""
    order = np.argsort(np.where(items >= 0, -scores, np.inf), axis=1, kind="stable")
    items = np.take_along_axis(items, order, axis=1)
    scores = np.take_along_axis(scores, order, axis=1)
    return Shortlists(items, scores, np.where(items >= 0, gain[items], 0.0), weights)
