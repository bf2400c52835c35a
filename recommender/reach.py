"""How far lists can go at all: the largest share any lists reach within the guard, randomised ones too.

A policy may ask for more than its guard or the candidates allow. The largest reachable share is a ratio of two sums
over lists, and the set of (randomised) lists a guard leaves is a product of one small polytope per consumer. Over it a
linear sum is largest at a mixture of two sorted lists, one on each side of the guard, and a ratio of sums is raised by
maximising ``part - share x whole`` at its own last value until that gives no more (Dinkelbach 1967).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.rays import HALVINGS, ROUNDING, Slots, best_lists
from recommender.shortlists import Floats, Shortlists
from recommender.targets import SHARE_ROUNDING, UnmetTarget

# Dinkelbach's steps grow finer quadratically; a handful suffice.
MOST_STEPS = 30


def most_exposed(shortlists: Shortlists, least_utility: Floats) -> Floats:
    """Return the most exposure of benefit, sum of v b, that each consumer's list can give within its guard, (n_users,).

    Randomised lists reach it exactly; see `largest_share`.
    """
    return _most(shortlists, shortlists.benefit, least_utility).sums(shortlists.benefit)


def missed_target(
    shortlists: Shortlists,
    part: Floats,
    whole: Floats,
    least_utility: Floats,
    *,
    constraint: str,
    subject: int | None,
    wanted: float,
    reached: float,
    unit: float = 1.0,
) -> UnmetTarget:
    """Tell a target that lists miss together with the most any lists reach, and what stands in the way.

    `unit` is what a share of 1 is worth in the unit of `wanted` and `reached`.
    """
    largest = max(reached, unit * largest_share(shortlists, part, whole, least_utility))
    limited_by = "other_targets"
    if largest < wanted - unit * SHARE_ROUNDING:
        unguarded = unit * largest_share(shortlists, part, whole, np.zeros_like(least_utility))
        limited_by = "consumer_guard" if unguarded >= wanted - unit * SHARE_ROUNDING else "candidates"
    return UnmetTarget(constraint, subject, wanted, reached, largest, limited_by)


@dataclass(frozen=True, slots=True)
class _Mixture:
    """For every consumer one list with chance 1 - `chance` and another with `chance`."""

    shortlists: Shortlists
    keeping: Slots
    breaking: Slots
    chance: Floats

    def sums(self, values: Floats) -> Floats:
        """Sum v x values over the places of each list, in expectation, (n_users,)."""
        weights = self.shortlists.position_weights[: self.keeping.shape[1]]
        kept, broken = (np.take_along_axis(values, slots, axis=1) @ weights for slots in (self.keeping, self.breaking))
        return np.asarray(kept + self.chance * (broken - kept))


def largest_share(shortlists: Shortlists, part: Floats, whole: Floats, least_utility: Floats) -> float:
    """Return the largest attainable ``sum v part / sum v whole`` over lists that keep their least utility.

    Parameters
    ----------
    shortlists : Shortlists
    part, whole : float64 (n_users, width)
        Per candidate, not negative and 0 for padding; part at most whole.
    least_utility : float64 (n_users,)
        What each list must keep, at most the utility of the untilted list.

    Returns
    -------
    float
        In [0, 1]; 1 where lists exist that show nothing of the whole. Randomised lists reach it exactly; fixed lists
        come as near as single exchanges of goods allow.

    Examples
    --------
    One place. The registered good (0.3) keeps 60 % of the best one's utility (0.5); a guard of 80 % allows it in half of
    all requests, because half-and-half keeps 0.4.

    >>> shortlists = Shortlists(np.array([[0, 1]]), np.array([[0.5, 0.3]]), np.array([[0.0, 1.0]]), np.array([1.0]))
    >>> round(largest_share(shortlists, shortlists.benefit, np.ones((1, 2)), np.array([0.4])), 9)
    0.5
    """
    share = 0.0
    for _ in range(MOST_STEPS):
        lists = _most(shortlists, part - share * whole, least_utility)
        reached, shown = float(lists.sums(part).sum()), float(lists.sums(whole).sum())
        if shown <= 0:
            return 1.0
        if reached / shown <= share + SHARE_ROUNDING / 10:
            return max(share, reached / shown)
        share = reached / shown
    return share


def _most(shortlists: Shortlists, gain: Floats, least_utility: Floats) -> _Mixture:
    """Maximise sum v gain for every consumer such that the expected utility is at least its least.

    Lists by (1 - y) s + y gain lose utility as y rises from 0 to 1. Halving finds the last that keeps the guard and the
    first that breaks it; the best mixture of the two has exactly the least utility.
    """
    users = shortlists.items.shape[0]
    farthest = best_lists(shortlists, gain)
    keeping, breaking, chance = farthest.slots.copy(), farthest.slots, np.zeros(users)
    strained = np.flatnonzero(farthest.utility < least_utility * (1 - ROUNDING))
    if not strained.size:
        return _Mixture(shortlists, keeping, breaking, chance)
    rows, steep, least = shortlists.rows(strained), gain[strained], least_utility[strained]
    low, high = np.zeros(strained.size), np.ones(strained.size)
    kept, broken = best_lists(rows, rows.relevance), farthest.rows(strained)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        lists = best_lists(rows, (1 - middle)[:, None] * rows.relevance + middle[:, None] * steep)
        keeps = lists.utility >= least * (1 - ROUNDING)
        low, high = np.where(keeps, middle, low), np.where(keeps, high, middle)
        kept = lists.mixed_with(kept, ~keeps)
        broken = lists.mixed_with(broken, keeps)
    between = kept.utility - broken.utility
    spare = np.divide(kept.utility - least, between, out=np.zeros_like(between), where=between > 0)
    keeping[strained], breaking[strained] = kept.slots, broken.slots
    chance[strained] = spare.clip(0, 1)
    return _Mixture(shortlists, keeping, breaking, chance)
