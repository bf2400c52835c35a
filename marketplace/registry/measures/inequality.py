"""How unequally income is spread, and where a household stands among all: quantiles, Gini, quintile shares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from marketplace.registry.measures.arguments import Vector, population_weights, vector

# Cumulative shares that differ by less than sums in floating point can be off are the same: .1 + .2 of a population is its .3.
SUMMING = 1e-12


def weighted_quantile(values: npt.ArrayLike, share: float, weights: npt.ArrayLike | None = None) -> float:
    """Return the value below which the given share of the population lies.

    Formula: the smallest value whose cumulative weight exceeds `share` of all; where it meets the share exactly, the mean of
    that value and the next, so that the median of an even number is the middle of two (definition 2 of Hyndman and Fan 1996,
    with weights; Eurostat's for income).

    Parameters
    ----------
    values : array_like, shape (n,)
    share : float
        Between 0 and 1.
    weights : array_like, shape (n,), optional
        Persons each row stands for.

    Raises
    ------
    ValueError
        For an empty population, a missing value, wrong weights, or a share outside 0 to 1.

    Examples
    --------
    >>> weighted_quantile([4, 1, 3, 2], 0.5), weighted_quantile([4, 1, 3, 2], 0.5, [9, 1, 1, 1])
    (2.5, 4.0)
    """
    found = vector("values", values)
    persons = population_weights(weights, found.size)
    if not 0 <= share <= 1:
        raise ValueError(f"share: a number between 0 and 1 is needed, not {share}")
    ordered, reached = _cumulative(found, persons)
    first = _place(reached, share)
    if abs(reached[first] - share) <= SUMMING and first + 1 < ordered.size:
        return float((ordered[first] + ordered[first + 1]) / 2)
    return float(ordered[first])


def gini(incomes: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """Return the Gini coefficient: half the mean difference between two persons, as a share of the mean income.

    Formula: G = sum_ij w_i w_j |y_i - y_j| / (2 W sum_i w_i y_i), W = sum w, counted from incomes in order y_1 <= ... <= y_n as
    sum_i w_i y_i (2 C_i - w_i) / (W sum w y) - 1 with cumulative weight C_i. 0 where all have the same; (n - 1) / n where one
    of n has all.

    Raises
    ------
    ValueError
        For an empty population, a missing or negative income, wrong weights, or no income at all.

    Examples
    --------
    Differences 3, 8, 11, 5, 8, 3 sum to 38: 2 x 38 / 16 / (2 x 12.5) = .19.

    >>> round(gini([7, 10, 15, 18]), 6)
    0.19
    """
    found = vector("incomes", incomes)
    persons = population_weights(weights, found.size)
    if found.min() < 0:
        raise ValueError(
            f"incomes: the value at place {int(found.argmin())} is negative, and the Gini has no meaning with losses"
        )
    whole = float(persons @ found)
    if not whole > 0:
        raise ValueError("incomes: nobody has any, so there is nothing to share")
    order = np.argsort(found, kind="stable")
    income, weight = found[order], persons[order]
    return float((weight * income) @ (2 * np.cumsum(weight) - weight)) / (float(weight.sum()) * whole) - 1


def quintile_share_ratio(incomes: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """Return S80/S20: what the richest fifth has together over what the poorest fifth has together.

    The richest are those above the fourth quintile, the poorest those up to the first (Eurostat; Alfons and Templ 2013).

    Raises
    ------
    ValueError
        As `gini`, and where nobody is above the fourth quintile or the poorest fifth has no income.

    Examples
    --------
    >>> quintile_share_ratio([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    6.333333333333333
    """
    found = vector("incomes", incomes)
    persons = population_weights(weights, found.size)
    bottom = persons * (found <= weighted_quantile(found, 0.2, persons))
    top = persons * (found > weighted_quantile(found, 0.8, persons))
    if not top.sum() > 0:
        raise ValueError("incomes: nobody is above the fourth quintile, so there is no richest fifth")
    low = float(bottom @ found)
    if not low > 0:
        raise ValueError("incomes: the poorest fifth has none, so nothing can be a multiple of it")
    return float(top @ found) / low


def poorest(incomes: npt.ArrayLike, share: float, weights: npt.ArrayLike | None = None) -> npt.NDArray[np.bool_]:
    """Return who is among the poorest `share` of all persons.

    Taken from the poorest upwards until the share is reached; whoever has the same income as the last one taken is taken too.

    Raises
    ------
    ValueError
        For an empty population, a missing income, wrong weights, or a share outside (0, 1].

    Examples
    --------
    >>> poorest([30, 6, 8, 50, 40], 0.4).tolist()
    [False, True, True, False, False]
    """
    found = vector("incomes", incomes)
    persons = population_weights(weights, found.size)
    if not 0 < share <= 1:
        raise ValueError(f"share: a number above 0 and at most 1 is needed, not {share}")
    ordered, reached = _cumulative(found, persons)
    return np.asarray(found <= ordered[_place(reached, share)])


def _cumulative(values: Vector, persons: Vector) -> tuple[Vector, Vector]:
    """The values of those who weigh something, in order, and the share of persons up to each."""
    order = np.argsort(values, kind="stable")
    order = order[persons[order] > 0]
    return values[order], np.cumsum(persons[order]) / persons.sum()


def _place(reached: Vector, share: float) -> int:
    """The first place at which the share is reached."""
    return min(int(np.searchsorted(reached, share - SUMMING)), reached.size - 1)
