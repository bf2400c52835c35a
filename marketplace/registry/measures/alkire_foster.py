"""The deprivation score: who lacks several things at once, and what they lack (Alkire and Foster)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marketplace.registry.measures.arguments import (
    ROUNDING,
    SUM_ROUNDING,
    Mask,
    Matrix,
    Vector,
    labels,
    matrix,
    population_weights,
    vector,
)
from marketplace.registry.measures.survey import Labels, SurveyDesign


@dataclass(frozen=True, slots=True)
class Indicator:
    """What one indicator tells, and how much of M0 comes from it.

    Attributes
    ----------
    weight : float
        Its weight among all, which sum to 1.
    uncensored, uncensored_se : float
        Share of persons deprived in it, poor or not, and its standard error.
    censored, censored_se : float
        Share of persons who are poor and deprived in it, and its standard error.
    contribution : float
        `weight` times `censored`; these sum to M0.
    percentage : float
        Its part of M0 between 0 and 1; nan where nobody is poor.
    """

    weight: float
    uncensored: float
    uncensored_se: float
    censored: float
    censored_se: float
    contribution: float
    percentage: float


@dataclass(frozen=True, slots=True)
class Subgroup:
    """The measure within one group of persons, and how much of M0 comes from it.

    Attributes
    ----------
    group : object
        Its label.
    H, H_se, A, A_se, M0, M0_se : float
        As in `AlkireFoster`; nan where the group weighs nothing.
    population_share : float
        Its share of all persons.
    contribution : float
        `population_share` times `M0`; over all groups these sum to M0 of the population.
    percentage : float
        Its part of M0 between 0 and 1; nan where nobody is poor.
    """

    group: object
    H: float
    H_se: float
    A: float
    A_se: float
    M0: float
    M0_se: float
    population_share: float
    contribution: float
    percentage: float


@dataclass(frozen=True, slots=True)
class AlkireFoster:
    """The adjusted headcount and its parts.

    Attributes
    ----------
    H, H_se : float
        Share of persons who are poor, and its standard error.
    A, A_se : float
        Intensity: the mean score of the poor. nan where nobody is poor.
    M0, M0_se : float
        The adjusted headcount H x A: of all deprivations that all persons could suffer, the share that poor persons do.
    indicators : tuple of Indicator
        In the order of the columns.
    scores : array, shape (n,)
        Each person's weighted share of deprivations.
    poor : array of bool, shape (n,)
        Whose score reaches the cut-off.
    """

    H: float
    H_se: float
    A: float
    A_se: float
    M0: float
    M0_se: float
    indicators: tuple[Indicator, ...]
    scores: Vector
    poor: Mask
    _design: SurveyDesign

    def by_subgroup(self, groups: Labels) -> tuple[Subgroup, ...]:
        """Return the measure within each group, in order of the groups' first rows.

        Raises
        ------
        ValueError
            If a label is missing, or there are not as many as persons.

        Examples
        --------
        >>> found = alkire_foster([[0, 0], [0, 1], [1, 1]], [1, 1], [0.5, 0.5], 0.5)
        >>> [(group.group, group.M0, round(group.contribution, 3)) for group in found.by_subgroup(["a", "b", "b"])]
        [('a', 1.0, 0.333), ('b', 0.25, 0.167)]
        """
        names, numbers = labels("groups", groups, self.scores.size)
        return tuple(self._subgroup(name, (numbers == number).astype(np.float64)) for number, name in enumerate(names))

    def _subgroup(self, name: object, inside: Vector) -> Subgroup:
        poor = self.poor * inside
        headcount = self._design.ratio(poor, inside)
        intensity = self._design.ratio(self.scores * poor, poor)
        adjusted = self._design.ratio(self.scores * poor, inside)
        share = float(self._design.weights @ inside / self._design.weights.sum())
        contribution = share * adjusted.value if share > 0 else 0.0
        return Subgroup(
            group=name,
            H=headcount.value,
            H_se=headcount.se,
            A=intensity.value,
            A_se=intensity.se,
            M0=adjusted.value,
            M0_se=adjusted.se,
            population_share=share,
            contribution=contribution,
            percentage=_part(contribution, self.M0),
        )


def alkire_foster(
    achievements: npt.ArrayLike,
    cutoffs: npt.ArrayLike,
    weights: npt.ArrayLike,
    k: float,
    sample_weights: npt.ArrayLike | None = None,
    strata: Labels | None = None,
    clusters: Labels | None = None,
) -> AlkireFoster:
    """Return the adjusted headcount M0 of Alkire and Foster with its parts and standard errors.

    Formula: with achievement x_ij, cut-off z_j and weight w_j, person i is deprived in j where x_ij < z_j; the score is
    c_i = sum_j w_j [x_ij < z_j]; poor is who has c_i >= k. Over persons, H = mean [c_i >= k], A = mean c_i of the poor,
    M0 = mean c_i [c_i >= k] = H A. Standard errors as in `SurveyDesign.ratio`, A as the ratio of M0 to H.

    Parameters
    ----------
    achievements : array_like, shape (n, d)
        A row for each person; more is better.
    cutoffs : array_like, shape (d,)
        The least achievement that is enough.
    weights : array_like, shape (d,)
        Not negative, with the sum 1; six decimals are enough, as they are brought to 1 exactly.
    k : float
        The poverty cut-off, above 0 and at most 1. Scores are sums of fractions that a computer cannot hold exactly, so a
        score counts as reaching it from a millionth below: without that, persons with exactly 1/3 are missed.
    sample_weights : array_like, shape (n,), optional
        Persons each row stands for: a household's size where rows are households.
    strata, clusters : sequence, length n, optional
        How the sample was drawn; see `SurveyDesign.of`.

    Returns
    -------
    AlkireFoster

    Raises
    ------
    ValueError
        For an empty population, a missing achievement (who is left out is for the caller to decide and to say), wrong
        lengths, weights that are negative or do not sum to 1, k outside (0, 1], or a sample design that is not as long.

    References
    ----------
    Alkire and Foster 2011, Journal of Public Economics 95(7-8), 476-487. Suppa 2023, mpitb, Stata Journal 23(3), 625-657.

    Examples
    --------
    Four persons, four equal dimensions, poor from two of four: persons 2 and 3 lack 2 and 4, so H = 1/2,
    A = (2/4 + 4/4) / 2 = 3/4 and M0 = 3/8.

    >>> people = [[13.1, 14, 4, 1], [15.2, 7, 5, 0], [12.5, 10, 1, 0], [20, 11, 3, 1]]
    >>> found = alkire_foster(people, [13, 12, 3, 1], [0.25] * 4, 0.5)
    >>> found.H, found.A, found.M0
    (0.5, 0.75, 0.375)
    """
    deprived, shares = _deprivations(achievements, cutoffs, weights)
    scores = deprived @ shares
    poor = scores >= _cutoff(k) - ROUNDING
    design = SurveyDesign.of(scores.size, sample_weights, strata, clusters)
    everybody = np.ones(scores.size)
    headcount = design.ratio(poor.astype(np.float64), everybody)
    intensity = design.ratio(scores * poor, poor.astype(np.float64))
    adjusted = design.ratio(scores * poor, everybody)
    indicators = []
    for column, share in zip(deprived.T, shares, strict=True):
        uncensored, censored = design.ratio(column, everybody), design.ratio(column * poor, everybody)
        added = float(share) * censored.value
        part = _part(added, adjusted.value)
        indicators.append(Indicator(float(share), uncensored.value, uncensored.se, censored.value, censored.se, added, part))
    return AlkireFoster(
        H=headcount.value,
        H_se=headcount.se,
        A=intensity.value,
        A_se=intensity.se,
        M0=adjusted.value,
        M0_se=adjusted.se,
        indicators=tuple(indicators),
        scores=scores,
        poor=poor,
        _design=design,
    )


def adjusted_gap(
    achievements: npt.ArrayLike,
    cutoffs: npt.ArrayLike,
    weights: npt.ArrayLike,
    k: float,
    alpha: float,
    sample_weights: npt.ArrayLike | None = None,
) -> float:
    """Return M_alpha, which for alpha above 0 counts how deep each deprivation is.

    Formula: M_alpha = mean over persons of [c_i >= k] sum_j w_j [x_ij < z_j] ((z_j - x_ij) / z_j)^alpha. M1 is the adjusted
    poverty gap, M2 the adjusted squared gap (Alkire and Foster 2011). Only achievements whose distances mean
    something (income, years) may be measured so; for a yes or no use M0.

    Raises
    ------
    ValueError
        As `alkire_foster`, and for a negative alpha or a cut-off that is not above 0.

    Examples
    --------
    One of two persons is poor: half of one cut-off and all of the other are missing, (1/2 + 1) / 2 = 3/4.

    >>> adjusted_gap([[2, 0], [4, 1]], [4, 1], [0.5, 0.5], 1.0, 1)
    0.375
    """
    if not (alpha >= 0 and np.isfinite(alpha)):
        raise ValueError(f"alpha: a number that is not negative is needed, not {alpha}")
    deprived, shares = _deprivations(achievements, cutoffs, weights)
    z = vector("cutoffs", cutoffs)
    if z.min() <= 0:
        raise ValueError(f"cutoffs: the value at place {int(z.argmin())} is not above 0, so no gap can be a share of it")
    poor = deprived @ shares >= _cutoff(k) - ROUNDING
    gaps = np.where(deprived > 0, (z - matrix("achievements", achievements)) / z, 0.0)
    depth = np.where(deprived > 0, gaps**alpha, 0.0) @ shares
    persons = population_weights(sample_weights, depth.size, "sample_weights")
    return float(persons @ (depth * poor) / persons.sum())


def _deprivations(achievements: npt.ArrayLike, cutoffs: npt.ArrayLike, weights: npt.ArrayLike) -> tuple[Matrix, Vector]:
    """Who lacks what, as 0 and 1, and the weights brought to the sum 1 exactly."""
    rows = matrix("achievements", achievements)
    z = vector("cutoffs", cutoffs, rows.shape[1])
    shares = vector("weights", weights, rows.shape[1])
    if shares.min() < 0:
        raise ValueError(f"weights: the value at place {int(shares.argmin())} is negative")
    if abs(shares.sum() - 1) > SUM_ROUNDING:
        raise ValueError(f"weights: they must sum to 1, not to {shares.sum():.6f}")
    return (rows < z).astype(np.float64), shares / shares.sum()


def _cutoff(k: float) -> float:
    if not 0 < k <= 1:
        raise ValueError(f"k: a share above 0 and at most 1 is needed, not {k}")
    return float(k)


def _part(amount: float, whole: float) -> float:
    return amount / whole if whole > 0 else float("nan")
