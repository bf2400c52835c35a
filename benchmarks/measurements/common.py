"""What all measurements share: the data, the quality of lists with intervals, and what is demanded against what is reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.journey import Journey, Sellers, Split, assign_sellers, load_journey, split_at

__all__ = [
    "Journey",
    "Sellers",
    "Split",
    "Verdict",
    "assign_sellers",
    "bootstrap_interval",
    "fewer_households",
    "gains",
    "load_journey",
    "ndcg",
    "print_verdicts",
    "recall",
    "split_at",
    "top_lists",
]


@dataclass(frozen=True)
class Verdict:
    """One demanded figure.

    Attributes
    ----------
    demand : str
        What is asked, with its limit.
    reached : str
        What was seen; over several seeds the worst of them.
    met : bool or None
        None where the run could not measure it; `reached` then says why.
    """

    demand: str
    reached: str
    met: bool | None


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Print each demand, what was reached, and yes, no or a dash."""
    width = max((len(one.demand) for one in verdicts), default=0)
    for one in verdicts:
        word = "-" if one.met is None else "yes" if one.met else "no"
        print(f"  {one.demand:<{width}}  {word:<4} {one.reached}")


def fewer_households(journey: Journey, count: int) -> Journey:
    """Keep the purchases of the first so many households, for a quick look."""
    kept = np.isin(journey.household, np.unique(journey.household)[:count])
    columns = {name: getattr(journey, name)[kept] for name in ("household", "product", "seconds", "quantity")}
    return replace(journey, **columns)


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
