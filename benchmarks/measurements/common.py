"""What all measurements share: the data, and the quality of lists with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.journey import Journey, Sellers, Split, assign_sellers, load_journey, split_at

__all__ = [
    "Journey",
    "Sellers",
    "Split",
    "assign_sellers",
    "bootstrap_interval",
    "gains",
    "load_journey",
    "ndcg",
    "recall",
    "split_at",
    "top_lists",
]


def gains(n: int) -> NDArray[np.float64]:
    """Return the weight 1 / log2(k + 1) of the places k = 1..n."""
    return np.asarray(1 / np.log2(np.arange(2, n + 2)))


def top_lists(scores: NDArray[Any], n: int = 10) -> NDArray[np.intp]:
    """Return the n best columns of each row, best first."""
    nearest = np.argpartition(-scores, n - 1, axis=1)[:, :n]
    order = np.argsort(-np.take_along_axis(scores, nearest, axis=1), axis=1, kind="stable")
    return np.take_along_axis(nearest, order, axis=1)


def ndcg(lists: NDArray[np.integer], bought: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return NDCG of each consumer's list; NaN for consumers who bought nothing."""
    n = lists.shape[1]
    hits = np.take_along_axis(bought, lists, axis=1) & (lists >= 0)
    ideal = np.concatenate([[np.nan], np.cumsum(gains(n))])
    return np.asarray((hits @ gains(n)) / ideal[np.minimum(bought.sum(axis=1), n)])


def recall(lists: NDArray[np.integer], bought: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the part of each consumer's purchases that its list names; NaN for consumers who bought nothing."""
    hits = (np.take_along_axis(bought, lists, axis=1) & (lists >= 0)).sum(axis=1)
    counts = bought.sum(axis=1)
    return np.asarray(np.where(counts > 0, hits / np.maximum(counts, 1), np.nan))


def bootstrap_interval(values: NDArray[np.float64], seed: int = 0, resamples: int = 2000) -> tuple[float, float]:
    """Return the 95 % interval of the mean over consumers; NaN rows do not count.

    Pass differences of two models for a paired interval.
    """
    known = values[~np.isnan(values)]
    generator = np.random.default_rng(seed)
    means = [known[generator.integers(0, len(known), len(known))].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
