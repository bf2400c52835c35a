"""The income gap: how many are below a line, how far, and how unequally (Foster, Greer and Thorbecke)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marketplace.registry.measures.arguments import Vector, labels, population_weights, positive, vector


def income_gaps(incomes: npt.ArrayLike, line: float) -> Vector:
    """Return each household's shortfall as a share of the line: 0 where there is none.

    Formula: g_i = max(0, (z - y_i) / z), with income y and line z. A loss is a gap above 1.

    Parameters
    ----------
    incomes : array_like, shape (n,)
        Yearly income per head, in the unit of the line.
    line : float
        The poverty line, above 0.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    ValueError
        For an empty, missing or infinite income, or a line that is not above 0.

    Examples
    --------
    >>> income_gaps([100, 125, 150], 125)
    array([0.2, 0. , 0. ])
    """
    found = vector("incomes", incomes)
    z = positive("line", line)
    return np.maximum(0.0, (z - found) / z)


def fgt(incomes: npt.ArrayLike, line: float, alpha: float, weights: npt.ArrayLike | None = None) -> float:
    """Return the poverty measure P_alpha of Foster, Greer and Thorbecke.

    Formula: P_alpha = sum_i w_i [y_i < z] ((z - y_i) / z)^alpha / sum_i w_i, with income y, line z and weight w.
    P_0 is the share of poor persons, P_1 the mean gap (what it would cost to lift everybody, per head, in lines), P_2 gives a
    gap the more weight the larger it is. Who has exactly the line is not poor.

    Parameters
    ----------
    incomes : array_like, shape (n,)
        Yearly income per head, in the unit of the line.
    line : float
        The poverty line z, above 0.
    alpha : float
        Aversion to poverty, not negative.
    weights : array_like, shape (n,), optional
        Persons each row stands for.

    Returns
    -------
    float
        Between 0 and 1 where no income is negative; a loss counts as a gap above 1.

    Raises
    ------
    ValueError
        For an empty population (a measure of nobody has no value), a missing or infinite income, a line that is not above 0,
        a negative alpha, or weights that are negative, all 0 or not as many.

    References
    ----------
    Foster, Greer and Thorbecke 1984, Econometrica 52(3), 761-766. Haughton and Khandker 2009, Handbook on Poverty and
    Inequality, World Bank, p. 72.

    Examples
    --------
    Of four persons two are poor, with gaps 25 / 125 = .2 and 15 / 125 = .12.

    >>> incomes = [100, 110, 150, 160]
    >>> [round(fgt(incomes, 125, alpha), 4) for alpha in (0, 1, 2)]
    [0.5, 0.08, 0.0136]
    """
    return float(_person_values(incomes, line, alpha).dot(_shares(incomes, weights)))


@dataclass(frozen=True, slots=True)
class GroupPoverty:
    """What one group has to do with the poverty of all.

    Attributes
    ----------
    group : object
        Its label.
    value : float
        P_alpha within the group; nan where the group weighs nothing.
    population_share : float
        Its share of all persons.
    contribution : float
        `population_share` times `value`: over all groups these sum to P_alpha of the population, exactly.
    """

    group: object
    value: float
    population_share: float
    contribution: float


def fgt_by_group(
    incomes: npt.ArrayLike,
    line: float,
    alpha: float,
    groups: Sequence[object] | npt.NDArray[np.generic],
    weights: npt.ArrayLike | None = None,
) -> tuple[GroupPoverty, ...]:
    """Return P_alpha of each group and what it adds to that of all, in order of the groups' first rows.

    Formula: P_alpha = sum_g s_g P_alpha,g, with population share s_g (Foster, Greer and Thorbecke 1984).

    Raises
    ------
    ValueError
        As `fgt`, and for groups that are missing or not as many as incomes.

    Examples
    --------
    >>> east, west = fgt_by_group([100, 110, 150, 160], 125, 1, ["east", "west", "west", "west"])
    >>> east.value, round(west.value, 2), round(east.contribution + west.contribution, 2)
    (0.2, 0.04, 0.08)
    """
    values = _person_values(incomes, line, alpha)
    shares = _shares(incomes, weights)
    names, numbers = labels("groups", groups, values.size)
    share_of = np.bincount(numbers, shares, len(names))
    added = np.bincount(numbers, shares * values, len(names))
    return tuple(
        GroupPoverty(name, float(amount / share) if share > 0 else float("nan"), float(share), float(amount))
        for name, share, amount in zip(names, share_of, added, strict=True)
    )


def watts(incomes: npt.ArrayLike, line: float, weights: npt.ArrayLike | None = None) -> float:
    """Return the Watts index: the mean of how far, in logarithms, the poor are below the line.

    Formula: W = sum_i w_i [y_i < z] ln(z / y_i) / sum_i w_i (Watts 1968; Haughton and Khandker 2009, chapter 4).

    Raises
    ------
    ValueError
        As `fgt`, and for an income that is not above 0, whose logarithm does not exist.

    Examples
    --------
    >>> round(watts([100, 110, 150, 160], 125), 5)
    0.08774
    """
    found = vector("incomes", incomes)
    z = positive("line", line)
    if found.min() <= 0:
        raise ValueError(f"incomes: the value at place {int(found.argmin())} is not above 0 and has no logarithm")
    return float(np.log(z / np.minimum(found, z)).dot(_shares(found, weights)))


def _person_values(incomes: npt.ArrayLike, line: float, alpha: float) -> Vector:
    if not (alpha >= 0 and np.isfinite(alpha)):
        raise ValueError(f"alpha: a number that is not negative is needed, not {alpha}")
    gaps = income_gaps(incomes, line)
    # A gap of 0 to the power of 0 is 1 in arithmetic, but who has the line is not poor.
    return np.where(gaps > 0, gaps**alpha, 0.0)


def _shares(incomes: npt.ArrayLike, weights: npt.ArrayLike | None) -> Vector:
    found = population_weights(weights, vector("incomes", incomes).size)
    shares: Vector = found / found.sum()
    return shares
