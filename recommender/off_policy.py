"""What another policy would have earned, estimated from logged lists and their propensities."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from recommender.policy import InvalidTiltInputError
from recommender.shortlists import Floats

# Below this many equally weighted records, or with more than this part of the weight on one of them, the normal interval is
# no longer to be believed and no estimate should be shown.
LEAST_EFFECTIVE_SIZE = 100.0
MOST_WEIGHT_OF_ONE = 0.1


@dataclass(frozen=True, slots=True)
class OffPolicyEstimate:
    """Estimated mean reward under the new policy.

    Attributes
    ----------
    estimate, low, high : float
        Self-normalised estimate and the ends of its interval.
    effective_size : float
        (sum w)^2 / sum w^2: how many equally weighted records the log is worth for this policy.
    largest_weight_share : float
        Part of all weight that one record carries; near 1 the estimate rests on that record.
    """

    estimate: float
    low: float
    high: float
    effective_size: float
    largest_weight_share: float

    @property
    def is_telling(self) -> bool:
        """Whether the log is worth enough records for this policy, and rests on no single one of them."""
        return self.effective_size >= LEAST_EFFECTIVE_SIZE and self.largest_weight_share <= MOST_WEIGHT_OF_ONE


def estimate_reward(
    reward: ArrayLike,
    logged_propensity: ArrayLike,
    new_propensity: ArrayLike,
    *,
    level: float = 0.95,
    highest_weight: float | None = None,
) -> OffPolicyEstimate:
    """Self-normalised inverse propensity estimate (Swaminathan & Joachims 2015) with a normal interval.

    Formula: w_i = new_i / logged_i; estimate = sum w_i r_i / sum w_i; variance by the delta method,
    sum w_i^2 (r_i - estimate)^2 / (sum w_i)^2 (Owen 2013, chapter 9).

    Parameters
    ----------
    reward : (m,)
        What each logged place earned, for instance 1 for a purchase.
    logged_propensity : (m,)
        Probability, in (0, 1], with which the serving policy showed what it showed.
    new_propensity : (m,)
        Probability, in [0, 1], with which the policy under study shows the same in the same place.
    level : float
        Confidence level of the interval.
    highest_weight : float, optional
        Clips weights: less variance for some bias.

    Raises
    ------
    InvalidTiltInputError
        Shapes differ, a value is out of range, or the new policy shows nothing that was logged.

    Examples
    --------
    The new policy shows the first record's good twice as often and the second's half as often as the log did:
    (2 x 1 + 0.5 x 0) / 2.5.

    >>> estimate_reward([1, 0], [0.5, 0.5], [1.0, 0.25]).estimate
    0.8
    """
    earned, logged, new = (np.asarray(one, dtype=np.float64) for one in (reward, logged_propensity, new_propensity))
    _check(earned, logged, new, level)
    weights = new / logged
    if highest_weight is not None:
        if not highest_weight > 0:
            raise InvalidTiltInputError(f"highest_weight must be positive, not {highest_weight!r}")
        weights = np.minimum(weights, highest_weight)
    total = float(weights.sum())
    if total == 0:
        raise InvalidTiltInputError("the new policy shows nothing that was logged, so the log says nothing about it")
    estimate = float(weights @ earned) / total
    error = float(np.sqrt((weights**2 * (earned - estimate) ** 2).sum())) / total
    margin = NormalDist().inv_cdf((1 + level) / 2) * error
    return OffPolicyEstimate(
        estimate,
        estimate - margin,
        estimate + margin,
        total**2 / float((weights**2).sum()),
        float(weights.max()) / total,
    )


def _check(earned: Floats, logged: Floats, new: Floats, level: float) -> None:
    if earned.ndim != 1 or earned.size == 0 or logged.shape != earned.shape or new.shape != earned.shape:
        raise InvalidTiltInputError("reward and both propensities must have one entry per logged record")
    if not np.isfinite(earned).all():
        raise InvalidTiltInputError("reward must be finite")
    if not (logged.min() > 0 and logged.max() <= 1):
        raise InvalidTiltInputError("logged_propensity must lie in (0, 1]; what could not be shown was not logged")
    if not (new.min() >= 0 and new.max() <= 1):
        raise InvalidTiltInputError("new_propensity must lie in [0, 1]")
    if not 0 < level < 1:
        raise InvalidTiltInputError(f"level must lie between 0 and 1, not {level!r}")
