"""What lists give to consumers and to households, with intervals.

Every measure takes lists as ``items``: int (n_users, n), best first, -1 for an empty place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, sparray, spmatrix

from recommender.policy import InvalidTiltInputError
from recommender.shortlists import Floats

RESAMPLES = 2000


def hits(items: ArrayLike, purchases: sparray | spmatrix) -> NDArray[np.bool_]:
    """Return which places show something the consumer bought, (n_users, n).

    Parameters
    ----------
    items : int (n_users, n)
    purchases : sparse (n_users, n_items)
        Any non-zero entry is a purchase.

    Examples
    --------
    >>> hits([[2, 0, -1]], csr_matrix([[1, 0, 0]])).tolist()
    [[False, True, False]]
    """
    shown = np.asarray(items)
    bought = csr_matrix(purchases)
    bought.eliminate_zeros()
    if shown.ndim != 2 or shown.shape[0] != bought.shape[0]:
        raise InvalidTiltInputError(f"items has shape {shown.shape} but purchases {bought.shape}")
    users = np.repeat(np.arange(bought.shape[0]), np.diff(bought.indptr))
    known = users * bought.shape[1] + bought.indices
    asked = np.arange(shown.shape[0])[:, None] * bought.shape[1] + shown
    return np.asarray(np.isin(asked, known) & (shown >= 0))


def ndcg(items: ArrayLike, purchases: sparray | spmatrix) -> Floats:
    """Normalised discounted cumulative gain per consumer, (n_users,); NaN for one who bought nothing.

    Formula: sum over places k of hit_k / log2(k + 1), divided by the same sum for a list that begins with
    min(n, number of purchases) hits (Järvelin & Kekäläinen 2002).

    Examples
    --------
    One of two purchases, shown in second place: (1 / log2(3)) / (1 + 1 / log2(3)) = 0.631 / 1.631.

    >>> ndcg([[5, 0]], csr_matrix([[1, 1, 0, 0, 0, 0]])).round(3).tolist()
    [0.387]
    """
    found = hits(items, purchases)
    discount = 1 / np.log2(np.arange(2, found.shape[1] + 2))
    count = np.minimum(_purchase_counts(purchases), found.shape[1])
    ideal = np.concatenate([[np.nan], np.cumsum(discount)])[count]
    return np.asarray(found @ discount / ideal)


def recall(items: ArrayLike, purchases: sparray | spmatrix) -> Floats:
    """Part of each consumer's purchases that was shown, (n_users,); NaN for one who bought nothing.

    >>> recall([[5, 0]], csr_matrix([[1, 1, 0, 0, 0, 0]])).tolist()
    [0.5]
    """
    count = _purchase_counts(purchases).astype(np.float64)
    count[count == 0] = np.nan
    return np.asarray(hits(items, purchases).sum(axis=1) / count)


def _purchase_counts(purchases: sparray | spmatrix) -> NDArray[np.int64]:
    bought = csr_matrix(purchases)
    bought.eliminate_zeros()
    return np.asarray(np.diff(bought.indptr), dtype=np.int64)


def exposure_share(items: ArrayLike, benefit: ArrayLike, position_weights: ArrayLike) -> float:
    """Share of exposure that registered households receive: sum of v b over sum of v, over all filled places.

    >>> exposure_share([[1, 0], [0, -1]], [0, 1], [1.0, 0.5])
    0.4
    """
    weights, shown = _weights(items, position_weights)
    exposed = weights * np.asarray(benefit, dtype=np.float64)[shown]
    return _ratio(float(exposed.sum()), float(weights.sum()))


def expected_sales_share(items: ArrayLike, relevance: ArrayLike, benefit: ArrayLike, position_weights: ArrayLike) -> float:
    """Share of expected sales: sum of v s b over sum of v s, with s the (n_users, n_items) buying probability.

    >>> expected_sales_share([[1, 0]], [[0.4, 0.2]], [0, 1], [1.0, 0.5])
    0.5
    """
    weights, shown = _weights(items, position_weights)
    sales = weights * np.take_along_axis(np.asarray(relevance), shown, axis=1).astype(np.float64)
    return _ratio(float((sales * np.asarray(benefit, dtype=np.float64)[shown]).sum()), float(sales.sum()))


def utility(items: ArrayLike, relevance: ArrayLike, position_weights: ArrayLike) -> Floats:
    """Expected purchases per list, U_u = sum of v s, (n_users,).

    >>> utility([[1, 0]], [[0.4, 0.2]], [1.0, 0.5]).round(3).tolist()
    [0.4]
    """
    weights, shown = _weights(items, position_weights)
    scores = np.take_along_axis(np.asarray(relevance), shown, axis=1).astype(np.float64)
    return np.asarray((weights * scores).sum(axis=1))


def exposure_by_seller(
    items: ArrayLike, benefit: ArrayLike, seller: ArrayLike, position_weights: ArrayLike, n_sellers: int
) -> Floats:
    """Exposure each seller's benefit receives, sum of v b, (n_sellers,).

    >>> exposure_by_seller([[1, 0]], [1, 1], [0, 2], [1.0, 0.5], 3).tolist()
    [0.5, 0.0, 1.0]
    """
    weights, shown = _weights(items, position_weights)
    exposed = weights * np.asarray(benefit, dtype=np.float64)[shown]
    numbers = np.asarray(seller)[shown]
    return np.bincount(numbers.ravel(), weights=exposed.ravel(), minlength=n_sellers).astype(np.float64)


def gini(values: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Gini coefficient: 0 when all values are alike, near 1 when one holds everything.

    Formula: 1 - 2 x the area under the Lorenz curve. For the spread of a tilt, pass exposure / severity, so that 0
    means "everybody in proportion to need"; with ``weights`` = severity each household counts by its need.

    Examples
    --------
    Of two households one holds all: the curve runs through (1/2, 0), the area is 1/4, so 1 - 2/4.

    >>> gini([0, 5]), gini([3, 3, 3])
    (0.5, 0.0)
    """
    people, held = lorenz(values, weights)
    area = float(((held[1:] + held[:-1]) / 2 * np.diff(people)).sum())
    return max(0.0, 1 - 2 * area)


def lorenz(values: ArrayLike, weights: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """Lorenz curve: share of all households (x) and what the least served of them hold together (y).

    Examples
    --------
    >>> x, y = lorenz([3, 1])
    >>> x.tolist(), y.tolist()
    ([0.0, 0.5, 1.0], [0.0, 0.25, 1.0])
    """
    amount = np.asarray(values, dtype=np.float64)
    mass = np.ones_like(amount) if weights is None else np.asarray(weights, dtype=np.float64)
    if amount.ndim != 1 or amount.size == 0 or mass.shape != amount.shape:
        raise InvalidTiltInputError("a Lorenz curve needs values in one dimension and a weight for each")
    if not (amount.min() >= 0 and amount.max() < np.inf and mass.min() >= 0 and 0 < mass.sum() < np.inf):
        raise InvalidTiltInputError("a Lorenz curve needs finite values and weights that are not negative")
    order = np.argsort(amount, kind="stable")
    people = np.concatenate([[0.0], np.cumsum(mass[order])])
    held = np.concatenate([[0.0], np.cumsum((mass * amount)[order])])
    # With nothing to share, everybody holds the same.
    return people / people[-1], held / held[-1] if held[-1] > 0 else people / people[-1]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the ends of its interval."""

    estimate: float
    low: float
    high: float


def mean_interval(values: ArrayLike, rng: np.random.Generator, *, level: float = 0.95, resamples: int = RESAMPLES) -> Interval:
    """Mean over consumers with a percentile bootstrap interval (Efron 1979); NaN values are left out.

    >>> mean_interval([1.0, 1.0, float("nan")], np.random.default_rng(0))
    Interval(estimate=1.0, low=1.0, high=1.0)
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    return _bootstrap(np.column_stack([known, np.ones_like(known)]), rng, level, resamples)


def relative_change_interval(
    values: ArrayLike,
    baseline: ArrayLike,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Interval:
    """Mean of values over mean of baseline, less 1, resampling consumers in pairs; NaN in either is left out.

    >>> relative_change_interval([0.9, 1.8], [1.0, 2.0], np.random.default_rng(0)).estimate.__round__(6)
    -0.1
    """
    return _paired(values, baseline, baseline, rng, level, resamples)


def paired_difference_interval(
    first: ArrayLike,
    second: ArrayLike,
    baseline: ArrayLike,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Interval:
    """Mean of (first - second) over mean of baseline, resampling consumers in pairs.

    Two methods are compared by the part of the untilted measure that lies between them.

    >>> paired_difference_interval([0.5, 0.5], [0.4, 0.4], [1.0, 1.0], np.random.default_rng(0)).low.__round__(6)
    0.1
    """
    return _paired(first, second, baseline, rng, level, resamples)


def _paired(
    values: ArrayLike, less: ArrayLike, over: ArrayLike, rng: np.random.Generator, level: float, resamples: int
) -> Interval:
    """Bootstrap sum(values - less) / sum(over)."""
    table = np.column_stack([np.asarray(one, dtype=np.float64) for one in (values, less, over)])
    table = table[~np.isnan(table).any(axis=1)]
    return _bootstrap(np.column_stack([table[:, 0] - table[:, 1], table[:, 2]]), rng, level, resamples)


def _bootstrap(table: Floats, rng: np.random.Generator, level: float, resamples: int) -> Interval:
    """Bootstrap the ratio of the two columns' sums over rows drawn with replacement.

    Draws in which the lower sum is 0 have no ratio and are left out; without any other, all is NaN.
    """
    if not table.shape[0]:
        raise InvalidTiltInputError("an interval needs at least one consumer")
    size = table.shape[0]
    drawn = np.array([table[rng.integers(0, size, size)].sum(axis=0) for _ in range(resamples)])
    drawn, whole = drawn[drawn[:, 1] != 0], table.sum(axis=0)
    if not whole[1] or not len(drawn):
        return Interval(math.nan, math.nan, math.nan)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(whole[0] / whole[1]), float(low), float(high))


def _weights(items: ArrayLike, position_weights: ArrayLike) -> tuple[Floats, NDArray[np.intp]]:
    """Return v per place, 0 where the place is empty, and item numbers safe to look up with."""
    shown = np.asarray(items)
    weights = np.asarray(position_weights, dtype=np.float64)
    if shown.ndim != 2 or weights.shape != (shown.shape[1],):
        raise InvalidTiltInputError(f"items has shape {shown.shape} but position_weights {weights.shape}")
    return np.where(shown >= 0, weights, 0.0), np.maximum(shown, 0)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
