"""What one expected purchase of each consumer counts when lists are tilted.

Counted alike, purchases make a tilt cheapest where little is bought: consumers with low scores carry most of it. A
measure that counts consumers alike, such as mean NDCG, or a promise to lose no more of one than of another, asks for
weights that fall with the untilted utility.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from recommender.policy import InvalidTiltInputError
from recommender.shortlists import Floats, real_numbers


def weights_by_utility(untilted_utility: ArrayLike, exponent: float) -> Floats:
    """Return a_u in proportion to U0_u ** -exponent, scaled so that the untilted utility counts what it counted.

    Parameters
    ----------
    untilted_utility : (n_users,)
        U0, the sum of v s of each consumer's list by relevance alone; finite and not negative. A consumer without any
        is weighed like the one with the least.
    exponent : float
        0 counts every expected purchase alike, 1 every consumer's relative loss alike.

    Returns
    -------
    float64 (n_users,)
        With sum a_u U0_u = sum U0_u, so that multipliers stay comparable.

    Examples
    --------
    One consumer buys four times as much as the other, so its purchases count half as much; 5/6 x 4 + 5/3 x 1 = 4 + 1.

    >>> weights_by_utility([4.0, 1.0], 0.5).round(4).tolist()
    [0.8333, 1.6667]
    """
    utility = real_numbers("untilted_utility", untilted_utility).astype(np.float64)
    if utility.ndim != 1 or not np.isfinite(utility).all() or (utility < 0).any():
        raise InvalidTiltInputError("untilted_utility must be finite, not negative and one per consumer")
    if not np.isfinite(exponent):
        raise InvalidTiltInputError(f"exponent must be finite, not {exponent!r}")
    if not (utility > 0).any():
        return np.ones(utility.size)
    weights = np.maximum(utility, utility[utility > 0].min()) ** -exponent
    return np.asarray(weights * (utility.sum() / (weights @ utility)))


def checked_consumer_weights(consumer_weights: ArrayLike | None, users: int) -> Floats:
    """Return a_u for all consumers: the given weights, or 1.

    Raises
    ------
    InvalidTiltInputError
        There is not one positive finite number per consumer.
    """
    if consumer_weights is None:
        return np.ones(users)
    weights = real_numbers("consumer_weights", consumer_weights).astype(np.float64)
    if weights.shape != (users,) or not np.isfinite(weights).all() or (weights <= 0).any():
        raise InvalidTiltInputError("consumer_weights must hold one positive finite number per consumer")
    return weights
