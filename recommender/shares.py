"""The share of a whole that many parties add to, with an interval that treats the parties as the unit."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from recommender.policy import InvalidTiltInputError


@dataclass(frozen=True, slots=True)
class Share:
    """A share with the ends of its interval; the ends are None where fewer than two parties leave nothing to compare."""

    estimate: float
    error: float | None
    low: float | None
    high: float | None


def share_with_interval(part: ArrayLike, whole: ArrayLike, *, level: float = 0.95) -> Share | None:
    """Return sum(part) / sum(whole) over parties, with a normal interval for a ratio of totals.

    Formula: r = sum p / sum w; se = sqrt(m / (m - 1) x sum (p_i - r w_i)^2) / sum w (Cochran 1977, equation 6.13, the
    parties drawn from many). What one party adds in many pieces is summed first, so that the pieces of one party, which
    are alike, do not pass for independent evidence. The ends are kept within [0, 1].

    Parameters
    ----------
    part, whole : (m,)
        What each party adds, 0 <= part <= whole; for a day's lists the exposure of registered households and all
        exposure in the lists of one reader.
    level : float
        Confidence level.

    Returns
    -------
    Share or None
        None where the whole is 0: there is no share of nothing.

    Raises
    ------
    InvalidTiltInputError
        Shapes differ, or a part is negative, not finite or larger than its whole.

    Examples
    --------
    Two parties of 10 with parts of 2 and 4: r = 6 / 20; the residuals are -1 and 1, so se = sqrt(2 x 2) / 20 = 0.1.

    >>> found = share_with_interval([2, 4], [10, 10])
    >>> found.estimate, found.error, round(found.high, 3)
    (0.3, 0.1, 0.496)
    """
    parts, wholes = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    if parts.ndim != 1 or parts.shape != wholes.shape:
        raise InvalidTiltInputError("part and whole must have one entry per party")
    if not (np.isfinite(wholes).all() and (parts >= 0).all() and (parts <= wholes * (1 + 1e-9) + 1e-12).all()):
        raise InvalidTiltInputError("each part must lie between 0 and its whole")
    total = float(wholes.sum())
    if not total > 0:
        return None
    ratio = float(parts.sum()) / total
    # Parties that add nothing say nothing, and must not make the interval look better founded.
    adding = wholes > 0
    count = int(adding.sum())
    if count < 2:
        return Share(ratio, None, None, None)
    residuals = parts[adding] - ratio * wholes[adding]
    error = float(np.sqrt(count / (count - 1) * (residuals**2).sum())) / total
    margin = NormalDist().inv_cdf((1 + level) / 2) * error
    return Share(ratio, error, max(0.0, ratio - margin), min(1.0, ratio + margin))
