"""What each consumer did with each item up to a moment, one row per pair that has any event."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.config import RecommenderConfig
from recommender.interactions import SECONDS_PER_DAY, Interactions, Kind
from recommender.pieces import each_piece

Floats = NDArray[np.float32]

EVENTS_PER_PIECE = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Pairs (consumer, item) in compressed sparse rows, one row per consumer, items rising within a row.

    Attributes
    ----------
    now : float
        The moment all ages count from, in seconds.
    n_items : int
    indptr : int64 (n_users + 1,)
        The pairs of consumer u are `indptr[u]:indptr[u + 1]`.
    items : int32 (n_pairs,)
    frequency, recent : float32 (n_pairs,)
        Sum over the pair's events of confidence x 2^(-age / half-life), for the long and the short half-life.
    purchases : float32 (n_pairs,)
        How many purchases, undecayed.
    first_age_days, last_age_days : float32 (n_pairs,)
        Days since the first and the last event.
    """

    now: float
    n_items: int
    indptr: NDArray[np.int64]
    items: NDArray[np.int32]
    frequency: Floats
    recent: Floats
    purchases: Floats
    first_age_days: Floats
    last_age_days: Floats

    @property
    def n_users(self) -> int:
        """How many consumers have a row, with or without pairs."""
        return len(self.indptr) - 1

    @property
    def users(self) -> NDArray[np.int32]:
        """The consumer of each pair, int32 (n_pairs,)."""
        return np.repeat(np.arange(self.n_users, dtype=np.int32), np.diff(self.indptr))

    def row(self, user_number: int) -> slice:
        """Return where the pairs of one consumer stand."""
        return slice(int(self.indptr[user_number]), int(self.indptr[user_number + 1]))


def build_history(log: Interactions, now: float, config: RecommenderConfig) -> History:
    """Sum the events at or before `now` into pairs.

    Parameters
    ----------
    log : Interactions
    now : float
        Seconds; later events count for nothing.
    config : RecommenderConfig
        Gives the half-lives and the confidence of each kind.

    Examples
    --------
    A purchase 120 days ago and one today, with a half-life of 120 days, are 1.5 purchases.

    >>> log = Interactions.from_events([1, 1], [7, 7], [0.0, 120 * 86400.0], "purchase")
    >>> history = build_history(log, 120 * 86400.0, RecommenderConfig(long_half_life_days=120))
    >>> history.frequency.tolist(), history.purchases.tolist(), history.first_age_days.tolist()
    ([1.5], [2.0], [120.0])
    """
    counts = (log.timestamps <= now) & (log.amounts > 0)
    parts = each_piece(lambda piece: _pairs_of(log, piece, counts[piece], now, config), _whole_consumers(log), config.threads)
    users, items, *sums = (np.concatenate(column) for column in zip(*parts, strict=True))
    frequency, recent, purchases, first, last = sums
    return History(now, len(log.items), _row_starts(users, len(log.users)), items, frequency, recent, purchases, first, last)


def _whole_consumers(log: Interactions) -> list[slice]:
    """Cut the log into pieces of about EVENTS_PER_PIECE events, each of whole consumers; one even when it is empty."""
    starts = np.searchsorted(log.user_numbers, log.user_numbers[::EVENTS_PER_PIECE])
    edges = [0, *np.unique(starts)[1:].tolist(), len(log)]
    return [slice(start, stop) for start, stop in itertools.pairwise(edges)]


def _pairs_of(
    log: Interactions, piece: slice, counts: NDArray[np.bool_], now: float, config: RecommenderConfig
) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats, Floats, Floats, Floats, Floats]:
    """Sum the events of a piece that count; the columns are consumer, item and those of `History` from `frequency` on."""
    users, items = log.user_numbers[piece][counts], log.item_numbers[piece][counts]
    kinds, ages = log.kinds[piece][counts], (now - log.timestamps[piece][counts]) / SECONDS_PER_DAY
    starts = np.flatnonzero(begins_pair(users, items))
    confidence = np.asarray(config.kind_confidences)[kinds] * log.amounts[piece][counts]
    ends = np.append(starts, len(users))[1:] - 1
    return (
        users[starts],
        items[starts],
        _sums(confidence * np.exp2(-ages / config.long_half_life_days), starts),
        _sums(confidence * np.exp2(-ages / config.short_half_life_days), starts),
        _sums((kinds == Kind.PURCHASE).astype(np.float64), starts),
        # Events of a pair stand in the order of time, so its first and last one are at the ends.
        ages[starts].astype(np.float32),
        ages[ends].astype(np.float32),
    )


def begins_pair(users: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which events of a sorted log are the first of their pair.

    >>> begins_pair(np.array([0, 0, 0, 1], np.int32), np.array([5, 5, 7, 7], np.int32)).tolist()
    [True, False, True, True]
    """
    begins = np.ones(len(users), dtype=np.bool_)
    np.not_equal(users[1:], users[:-1], out=begins[1:])
    begins[1:] |= items[1:] != items[:-1]
    return begins


def _row_starts(users: NDArray[np.int32], n_users: int) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.bincount(users, minlength=n_users))]).astype(np.int64)


def _sums(values: NDArray[np.floating], starts: NDArray[np.intp]) -> Floats:
    """Add up runs of values; each run begins where `starts` says and ends before the next."""
    if not len(starts):
        return np.empty(0, dtype=np.float32)
    return np.add.reduceat(values, starts).astype(np.float32)


def merge_histories(old: History, new: History, config: RecommenderConfig) -> History:
    """Add the pairs of a later log to a history without the events that made the history.

    Both must number the same consumers and items; decayed sums are aged to the later moment, which the definition of
    `History.frequency` makes exact.

    >>> day = 86400.0
    >>> config = RecommenderConfig()
    >>> events = Interactions.from_events([1, 1], [7, 7], [0.0, 9 * day], "purchase")
    >>> early = build_history(events.where(events.timestamps < day), day, config)
    >>> late = build_history(events.where(events.timestamps > day), 9 * day, config)
    >>> merged, whole = merge_histories(early, late, config), build_history(events, 9 * day, config)
    >>> bool(np.allclose(merged.frequency, whole.frequency)), merged.last_age_days.tolist()
    (True, [0.0])
    """
    now = max(old.now, new.now)
    parts = [aged(old, now, config), aged(new, now, config)]
    pairs = np.concatenate([part.users.astype(np.int64) * old.n_items + part.items for part in parts])
    order = np.argsort(pairs, kind="stable")
    pairs = pairs[order]
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    column = {
        name: np.concatenate([getattr(part, name) for part in parts]).astype(np.float64)[order]
        for name in ("frequency", "recent", "purchases", "first_age_days", "last_age_days")
    }
    users = (pairs[starts] // max(old.n_items, 1)).astype(np.int32)
    last = np.minimum.reduceat(column["last_age_days"], starts) if len(starts) else column["last_age_days"]
    first = np.maximum.reduceat(column["first_age_days"], starts) if len(starts) else column["first_age_days"]
    return History(
        now=now,
        n_items=old.n_items,
        indptr=_row_starts(users, old.n_users),
        items=(pairs[starts] % max(old.n_items, 1)).astype(np.int32),
        frequency=_sums(column["frequency"], starts),
        recent=_sums(column["recent"], starts),
        purchases=_sums(column["purchases"], starts),
        first_age_days=first.astype(np.float32),
        last_age_days=last.astype(np.float32),
    )


def aged(history: History, now: float, config: RecommenderConfig) -> History:
    """Return the same pairs as they look at a later moment, in seconds."""
    days = (now - history.now) / SECONDS_PER_DAY
    return History(
        now=now,
        n_items=history.n_items,
        indptr=history.indptr,
        items=history.items,
        frequency=history.frequency * np.float32(np.exp2(-days / config.long_half_life_days)),
        recent=history.recent * np.float32(np.exp2(-days / config.short_half_life_days)),
        purchases=history.purchases,
        first_age_days=history.first_age_days + np.float32(days),
        last_age_days=history.last_age_days + np.float32(days),
    )
