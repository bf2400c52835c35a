"""How far forecasts err, how sure that is, and whether the world has moved away from them. Pure, no database."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DRAWS = 400
# Errors of neighbouring days hang together, so whole blocks of them are drawn.
BLOCK = 28
SEED = 20


@dataclass(frozen=True)
class Measured:
    """A mean error with the interval that holds it in 95 of 100 draws."""

    value: float
    low: float
    high: float


def measured(errors: Floats, *, block: int = BLOCK, draws: int = DRAWS, seed: int = SEED) -> Measured:
    r"""The mean of errors and its interval, by a moving-block bootstrap over the first axis.

    Parameters
    ----------
    errors : (times,) or (times, subjects)
        One error for each time and subject; NaN where there is none.
    block : int
        How many times in a row are drawn together (Künsch 1989).

    Examples
    --------
    Errors that are all the same leave no doubt.

    >>> measured(np.array([0.5, 0.5, np.nan]))
    Measured(value=0.5, low=0.5, high=0.5)
    """
    sums, counts = _by_time(errors)
    drawn = _draws(len(sums), block, draws, seed)
    means = sums[drawn].sum(1) / np.maximum(counts[drawn].sum(1), 1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Measured(float(sums.sum() / counts.sum()), float(low), float(high))


def gained(errors: Floats, baseline: Floats, *, block: int = BLOCK, draws: int = DRAWS, seed: int = SEED) -> Measured:
    """By what part the errors are smaller than a baseline's on the same times, drawn in pairs.

    >>> gained(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    Measured(value=0.5, low=0.5, high=0.5)
    """
    known = ~(np.isnan(errors) | np.isnan(baseline))
    own, _ = _by_time(np.where(known, errors, np.nan))
    other, _ = _by_time(np.where(known, baseline, np.nan))
    drawn = _draws(len(own), block, draws, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        gains = 1 - own[drawn].sum(1) / other[drawn].sum(1)
    low, high = np.quantile(gains[np.isfinite(gains)], (0.025, 0.975)) if np.isfinite(gains).any() else (0.0, 0.0)
    total = other.sum()
    return Measured(float(1 - own.sum() / total) if total else 0.0, float(low), float(high))


def _by_time(errors: Floats) -> tuple[Floats, Floats]:
    flat = errors.reshape(len(errors), -1)
    return np.nansum(flat, 1), (~np.isnan(flat)).sum(1).astype(float)


def _draws(times: int, block: int, draws: int, seed: int) -> NDArray[Any]:
    width = min(block, times)
    starts = np.random.default_rng(seed).integers(0, times - width + 1, (draws, -(-times // width)))
    return (starts[:, :, None] + np.arange(width)).reshape(draws, -1)[:, :times]


def stability_index(before: Floats, now: Floats, bins: int = 10) -> float:
    r"""The population stability index: how far values have moved from where they were.

    .. math:: PSI = \sum_b (q_b - p_b) \ln (q_b / p_b)

    with :math:`p_b` the part of the former values and :math:`q_b` that of the present ones between two of the former's
    quantiles, half a value being added to each so that nothing is divided by zero. Above 0.25 is usually called a shift
    (Siddiqi 2006, *Credit Risk Scorecards*).

    >>> same = np.arange(100.0)
    >>> stability_index(same, same), stability_index(same, same + 50) > 1
    (0.0, True)
    """
    edges = np.unique(np.quantile(before, np.linspace(0, 1, bins + 1)[1:-1]))
    parts = []
    for values in (before, now):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1) + 0.5
        parts.append(counts / counts.sum())
    p, q = parts
    return float(((q - p) * np.log(q / p)).sum())


def rank_probability(scores: Floats, happened: NDArray[np.bool_]) -> float:
    """How often a case that happened was scored above one that did not (the area under the ROC curve); ties count half.

    >>> rank_probability(np.array([0.9, 0.1, 0.1]), np.array([True, True, False]))
    0.75
    """
    yes, no = scores[happened], np.sort(scores[~happened])
    below = np.searchsorted(no, yes, "left") + np.searchsorted(no, yes, "right")
    return float(below.sum() / (2 * len(yes) * len(no)))
