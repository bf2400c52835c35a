"""Poverty by a line that moves with the median, as Eurostat counts it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy.typing as npt

from marketplace.registry.measures.arguments import population_weights, positive, vector
from marketplace.registry.measures.inequality import weighted_quantile


@dataclass(frozen=True, slots=True)
class RelativePoverty:
    """Who is far below the middle.

    Attributes
    ----------
    line : float
        The at-risk-of-poverty threshold, in the unit of income.
    rate : float
        Share of persons below it, between 0 and 1.
    median_gap : float
        How far the median income of those below lies under the line, as a share of the line; nan where nobody is below.
    """

    line: float
    rate: float
    median_gap: float


def relative_poverty(
    incomes: npt.ArrayLike, weights: npt.ArrayLike | None = None, share_of_median: float = 0.6
) -> RelativePoverty:
    """Return the at-risk-of-poverty rate and the relative median gap.

    Formula: line = `share_of_median` times the weighted median; rate = share of persons strictly below it; gap =
    (line - median income of those below) / line.

    Parameters
    ----------
    incomes : array_like, shape (n,)
        Income per (equivalent) head.
    weights : array_like, shape (n,), optional
        Persons each row stands for.
    share_of_median : float
        Eurostat's is .6; .4, .5 and .7 are reported beside it.

    Raises
    ------
    ValueError
        For an empty population, a missing income, wrong weights, a share that is not above 0, or a median that is not.

    References
    ----------
    Eurostat's indicators for the EU (Laeken indicators); Alfons and Templ 2013, Journal of Statistical Software 54(15).

    Examples
    --------
    The median of five is 100, the line 60; 30 is below, by half of the line.

    >>> relative_poverty([30, 60, 100, 120, 200])
    RelativePoverty(line=60.0, rate=0.2, median_gap=0.5)
    """
    found = vector("incomes", incomes)
    persons = population_weights(weights, found.size)
    middle = weighted_quantile(found, 0.5, persons)
    if not middle > 0:
        raise ValueError(f"incomes: their median is {middle}, and a share of it is no line")
    line = positive("share_of_median", share_of_median) * middle
    below = found < line
    rate = float(persons @ below / persons.sum())
    if not rate > 0:
        return RelativePoverty(line, 0.0, float("nan"))
    return RelativePoverty(line, rate, (line - weighted_quantile(found[below], 0.5, persons[below])) / line)
