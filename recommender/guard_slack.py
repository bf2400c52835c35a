"""Use up what the guard leaves: lists between the last sorted list that keeps the guard and the first that breaks it.

Sorting reaches only the corners of what a consumer's lists can give. A consumer whose guard binds stops at such a
corner with utility to spare, up to the size of one exchange. Single exchanges spend it: they raise the tilt further
while the guard holds, and bring guarded lists near the bound, which may mix the two corners at random.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.shortlists import Floats, Shortlists

# Exchanges per consumer; few are needed, since each takes the largest gain that still fits.
MOST_EXCHANGES = 6
# Gains that differ by less differ by rounding.
_SAME = 1e-12

Slots = NDArray[np.intp]


def spend_slack(shortlists: Shortlists, slots: Slots, gain: Floats, least_utility: Floats) -> list[Slots]:
    """Exchange goods or places one at a time for the largest gain that keeps the guard.

    Parameters
    ----------
    shortlists : Shortlists
        Rows of the consumers whose guard binds.
    slots : intp (n_users, n)
        Their lists at the corner, as columns of the shortlists.
    gain : float64 (n_users, width)
        Tilt of each candidate, per unit of exposure.
    least_utility : float64 (n_users,)
        What each list must keep.

    Returns
    -------
    list of intp (n_users, n)
        The lists after each round of exchanges; a consumer without a further exchange repeats its last list.
    """
    chain: list[Slots] = []
    for _ in range(MOST_EXCHANGES):
        slots, changed = _exchange(shortlists, slots, gain, least_utility)
        if not changed:
            break
        chain.append(slots)
    return chain


def _exchange(shortlists: Shortlists, slots: Slots, gain: Floats, least_utility: Floats) -> tuple[Slots, bool]:
    """Make the best exchange of every consumer: a shown good for an unshown one, or two shown goods' places."""
    n = slots.shape[1]
    weights = shortlists.position_weights[:n]
    shown, shown_gain = (np.take_along_axis(values, slots, axis=1) for values in (shortlists.relevance, gain))
    slack = shown @ weights - least_utility
    is_shown = np.zeros(gain.shape, dtype=bool)
    np.put_along_axis(is_shown, slots, values=True, axis=1)
    is_filled = np.take_along_axis(shortlists.is_item, slots, axis=1)
    outside = (~is_shown & shortlists.is_item)[:, None, :] & is_filled[:, :, None]
    replaced = _worth(shortlists.relevance, shown, gain, shown_gain, weights[None, :, None], slack, outside)
    steps = weights[:, None] - weights[None, :]
    both = (is_filled[:, :, None] & is_filled[:, None, :]) & (steps > 0)
    swapped = _worth(shown, shown, shown_gain, shown_gain, steps[None], slack, both)
    won, lost = (
        np.concatenate([one.reshape(len(slots), -1), other.reshape(len(slots), -1)], axis=1)
        for one, other in zip(replaced, swapped, strict=True)
    )
    most = won.max(axis=1)
    # Many exchanges win the same, since a place is worth the same whoever leaves it: then the one that costs least.
    best = np.where(won >= most[:, None] - _SAME, lost, np.inf).argmin(axis=1)
    moves = np.flatnonzero(most > _SAME)
    after = slots.copy()
    replacements = n * gain.shape[1]
    replacing = moves[best[moves] < replacements]
    place, column = np.divmod(best[replacing], gain.shape[1])
    after[replacing, place] = column
    swapping = moves[best[moves] >= replacements]
    first, second = np.divmod(best[swapping] - replacements, n)
    after[swapping, first], after[swapping, second] = slots[swapping, second], slots[swapping, first]
    return after, moves.size > 0


def _worth(
    incoming: Floats,
    shown: Floats,
    incoming_gain: Floats,
    shown_gain: Floats,
    weights: Floats,
    slack: Floats,
    allowed: NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Return what each exchange adds to the tilt, 0 where it is not allowed or would break the guard, and what it costs."""
    lost = weights * (shown[:, :, None] - incoming[:, None, :])
    won = weights * (incoming_gain[:, None, :] - shown_gain[:, :, None])
    return np.where(allowed & (lost <= slack[:, None, None]), np.maximum(won, 0.0), 0.0), lost
