"""What each consumer did with each item up to a moment, one row per pair that has any event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.config import RecommenderConfig
from recommender.interactions import SECONDS_PER_DAY, Interactions, Kind

Floats = NDArray[np.float32]


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
    past = (log.timestamps <= now) & (log.amounts > 0)
    if not past.all():
        log = log.where(past)
    pairs = log.user_numbers.astype(np.int64) * max(len(log.items), 1) + log.item_numbers
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    ages = (now - log.timestamps) / SECONDS_PER_DAY
    confidence = np.asarray(config.kind_confidences)[log.kinds] * log.amounts
    ends = np.append(starts, len(pairs))[1:] - 1
    return History(
        now=now,
        n_items=len(log.items),
        indptr=_row_starts(log.user_numbers[starts], len(log.users)),
        items=log.item_numbers[starts],
        frequency=_sums(confidence * np.exp2(-ages / config.long_half_life_days), starts),
        recent=_sums(confidence * np.exp2(-ages / config.short_half_life_days), starts),
        purchases=_sums((log.kinds == Kind.PURCHASE).astype(np.float64), starts),
        # Events of a pair stand in the order of time, so its first and last one are at the ends.
        first_age_days=ages[starts].astype(np.float32),
        last_age_days=ages[ends].astype(np.float32),
    )


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
