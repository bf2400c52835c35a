"""What the village itself says: several groups put its households in order, and the orders are laid side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marketplace.registry.measures.arguments import Matrix, Vector, matrix


@dataclass(frozen=True, slots=True)
class CommunityRanking:
    """Where the groups together put each household, and how far they agree.

    Attributes
    ----------
    scores : array, shape (n,)
        The mean place between 0 (least poor by every group) and 1 (poorest by every group).
    spread : array, shape (n,)
        For each household, the largest difference between two groups' places, between 0 and 1.
    agreement : float
        Kendall's W with ties: 1 where all groups give the same order, about 1/g where g groups order by chance. nan where there
        is nothing to agree on: a single group, or every group with a single pile.
    """

    scores: Vector
    spread: Vector
    agreement: float


def community_ranking(rankings: npt.ArrayLike) -> CommunityRanking:
    """Return the mean place of each household over several groups' orders or piles.

    Formula: r_gi is household i's rank in group g, 1 the poorest, those in one pile sharing the mean of their ranks. The place
    is (n - r_gi) / (n - 1), the score its mean over groups. W = 12 sum_i (R_i - mean R)^2 / (g^2 (n^3 - n) - g sum_g T_g), with
    rank sums R_i and T_g = sum over piles of t of (t^3 - t).

    Parameters
    ----------
    rankings : array_like, shape (groups, n)
        A row for each group (women, men, elders, cadres): the rank or the number of the pile it gave to each household, smaller
        is poorer. Only the order within a row counts. Every group places every household: who left some out is asked again,
        because a place among few is not a place among all.

    Returns
    -------
    CommunityRanking

    Raises
    ------
    ValueError
        For no group, fewer than two households, or a household that a group did not place.

    References
    ----------
    Kendall 1948, Rank Correlation Methods; Grandin 1988, Wealth Ranking in Smallholder Communities, for the mean score of pile
    sortings.

    Examples
    --------
    Two groups with three households; the second has put the last two into one pile, so that both have rank 2.5.

    >>> found = community_ranking([[1, 2, 3], [1, 2, 2]])
    >>> found.scores.tolist(), found.spread.tolist()
    ([1.0, 0.375, 0.125], [0.0, 0.25, 0.25])
    >>> round(found.agreement, 4)
    0.9286
    """
    piles = matrix("rankings", rankings)
    households = piles.shape[1]
    if households < 2:
        raise ValueError("rankings: an order needs at least two households")
    ranks = np.vstack([_ranks(row) for row in piles])
    places = (households - ranks) / (households - 1)
    return CommunityRanking(places.mean(axis=0), np.ptp(places, axis=0), _agreement(ranks))


def _ranks(row: Vector) -> Vector:
    """Ranks from 1, those in one pile sharing the mean of theirs."""
    _, pile, size = np.unique(row, return_inverse=True, return_counts=True)
    shared: Vector = np.cumsum(size) - (size - 1) / 2
    return shared[pile]


def _agreement(ranks: Matrix) -> float:
    groups, households = ranks.shape
    sums = ranks.sum(axis=0)
    ties = sum(float(np.sum(size**3 - size)) for size in (np.unique(row, return_counts=True)[1] for row in ranks))
    most = groups**2 * (households**3 - households) - groups * ties
    if groups < 2 or not most > 0:
        return float("nan")
    return float(12 * np.sum((sums - sums.mean()) ** 2) / most)
