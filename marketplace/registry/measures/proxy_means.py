"""The proxy means: the income that households with the same visible things have, and how often going by it is wrong.

It keeps most of the not poor out and misses many of the poor (Brown, Ravallion and van de Walle 2018). So a test never comes
without its interval and without its errors on villages that it has not seen, and it decides nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from marketplace.registry.measures.arguments import Mask, Matrix, Vector, labels, matrix, population_weights, positive, vector
from marketplace.registry.measures.fgt import fgt
from marketplace.registry.measures.inequality import weighted_quantile
from marketplace.registry.measures.survey import Labels
from marketplace.registry.measures.targeting import selection_errors

# Reweighted least squares settle within some dozens of steps, and within some hundreds on households that are much alike.
MOST_STEPS = 5000


class Method(StrEnum):
    """What is fitted to the logarithm of income."""

    LEAST_SQUARES = "least_squares"
    POVERTY_QUANTILE = "poverty_quantile"


@dataclass(frozen=True, slots=True)
class OutOfSample:
    """How often the test was wrong about households of which it had seen neither them nor their village.

    Attributes
    ----------
    exclusion_error : float
        Of the poor, the share that the test calls not poor; nan where nobody is poor.
    inclusion_error : float
        Of those whom the test calls poor, the share that is not; nan where it calls nobody poor.
    folds : int
        In how many parts the households were left out in turn.
    """

    exclusion_error: float
    inclusion_error: float
    folds: int


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the test says of households.

    Attributes
    ----------
    income : array, shape (n,)
        The income predicted: the middle one for least squares, for the poverty quantile the one below which a share as large
        as the poverty rate lies.
    lower, upper : array, shape (n,)
        Between them the true income lies as often as the level says.
    poor : array of bool, shape (n,)
        Whose predicted income is below the line.
    """

    income: Vector
    lower: Vector
    upper: Vector
    poor: Mask


@dataclass(frozen=True, slots=True)
class ProxyMeans:
    """A fitted proxy means test.

    Attributes
    ----------
    method : Method
    coefficients : array, shape (1 + m,)
        Of the constant and the features, on the logarithm of income.
    line : float
        The poverty line.
    level : float
        How often the interval holds the true income.
    residual_range : tuple of float
        What is added to a predicted logarithm for the lower and the upper end.
    out_of_sample : OutOfSample
    """

    method: Method
    coefficients: Vector
    line: float
    level: float
    residual_range: tuple[float, float]
    out_of_sample: OutOfSample

    def predict(self, features: npt.ArrayLike) -> Predictions:
        """Return what the test says of households with these features, in the columns' order of the fit.

        Raises
        ------
        ValueError
            For missing values, or another number of columns.
        """
        rows = matrix("features", features)
        if rows.shape[1] != self.coefficients.size - 1:
            raise ValueError(f"features: {self.coefficients.size - 1} columns are needed, not {rows.shape[1]}")
        logs = _with_constant(rows) @ self.coefficients
        lower, upper = self.residual_range
        return Predictions(np.exp(logs), np.exp(logs + lower), np.exp(logs + upper), logs < np.log(self.line))


def proxy_means(
    features: npt.ArrayLike,
    incomes: npt.ArrayLike,
    line: float,
    method: Method = Method.LEAST_SQUARES,
    *,
    weights: npt.ArrayLike | None = None,
    villages: Labels | None = None,
    folds: int = 5,
    level: float = 0.9,
    seed: int = 0,
) -> ProxyMeans:
    """Fit a proxy means test, and measure it on villages it has not seen.

    Formula: ln y_i = b_0 + x_i b + u_i. Least squares minimise sum w u^2. The poverty quantile minimises
    sum w u (q - [u < 0]) with q the poverty rate P_0: it aims at the part of the distribution where the line is. Poor is whose
    predicted ln y is below ln z.

    Villages are dealt at random into `folds` parts; each part is predicted by a test fitted, its poverty rate included, to the
    others. From these predictions come both errors and, as the (1 - level) / 2 and (1 + level) / 2 quantiles of
    ln y - predicted, the interval: it supposes no normal distribution and holds for a village that is drawn like the others.

    Parameters
    ----------
    features : array_like, shape (n, m)
        What can be seen, without a constant column.
    incomes : array_like, shape (n,)
        Yearly income per head, above 0: who had losses is set to a least income by the caller, who says so.
    line : float
        The poverty line, in the same unit.
    method : Method
    weights : array_like, shape (n,), optional
        Persons each row stands for.
    villages : sequence, length n, optional
        Households of one are left out together; without it every household alone.
    folds : int
        At least 2, at most the number of villages.
    level : float
        Between 0 and 1.
    seed : int
        Which deal.

    Raises
    ------
    ValueError
        For missing values, wrong lengths or weights, an income that is not above 0, features of which one follows from the
        others, too few households, folds or a level outside their bounds; for the poverty quantile, where nobody or everybody
        that a fit sees is poor.
    ArithmeticError
        If the quantile regression does not settle.

    References
    ----------
    Brown, Ravallion and van de Walle 2018, A poor means test? Econometric targeting in Africa, Journal of Development Economics
    134, 109-124. Koenker and Bassett 1978, Econometrica 46(1), 33-50. Vovk 2015, Cross-conformal predictors, Annals of
    Mathematics and Artificial Intelligence 74, 9-28.

    Examples
    --------
    Each head of cattle doubles the income, exactly; so the test knows even villages it has not seen.

    >>> found = proxy_means([[0], [1], [2], [3], [0], [1]], [1000, 2000, 4000, 8000, 1000, 2000], 1500, folds=3)
    >>> (found.coefficients / np.log(2)).round(3).tolist()
    [9.966, 1.0]
    >>> said = found.predict([[0], [4]])
    >>> said.income.round().tolist(), said.poor.tolist(), found.out_of_sample.exclusion_error
    ([1000.0, 16000.0], [True, False], 0.0)
    """
    rows, found, persons, numbers, village_count = _checked(features, incomes, weights, villages)
    z = positive("line", line)
    if not 0 < level < 1:
        raise ValueError(f"level: a share between 0 and 1 is needed, not {level}")
    if not 2 <= folds <= village_count:
        raise ValueError(f"folds: a number from 2 to {village_count}, the number of villages, is needed, not {folds}")
    logs = np.log(found)
    unseen = np.empty(found.size)
    for left_out in _deal(numbers, village_count, folds, seed):
        fitted = _fit(method, rows[~left_out], found[~left_out], persons[~left_out], z)
        unseen[left_out] = rows[left_out] @ fitted
    errors = selection_errors(found < z, unseen < np.log(z), persons)
    tails = ((1 - level) / 2, (1 + level) / 2)
    lower, upper = (weighted_quantile(logs - unseen, share, persons) for share in tails)
    return ProxyMeans(
        method=method,
        coefficients=_fit(method, rows, found, persons, z),
        line=z,
        level=level,
        residual_range=(lower, upper),
        out_of_sample=OutOfSample(errors.exclusion, errors.inclusion, folds),
    )


def _checked(
    features: npt.ArrayLike, incomes: npt.ArrayLike, weights: npt.ArrayLike | None, villages: Labels | None
) -> tuple[Matrix, Vector, Vector, npt.NDArray[np.intp], int]:
    """Features with a constant, incomes, weights, the number of each row's village and how many villages there are."""
    rows = _with_constant(matrix("features", features))
    found = vector("incomes", incomes, rows.shape[0])
    persons = population_weights(weights, found.size)
    if found.min() <= 0:
        raise ValueError(f"incomes: the value at place {int(found.argmin())} is not above 0 and has no logarithm")
    if np.linalg.matrix_rank(rows[persons > 0]) < rows.shape[1]:
        raise ValueError("features: one follows from the others, is the same for everybody, or there are too few households")
    if villages is None:
        return rows, found, persons, np.arange(found.size), found.size
    names, numbers = labels("villages", villages, found.size)
    return rows, found, persons, numbers, len(names)


def _with_constant(rows: Matrix) -> Matrix:
    return np.column_stack([np.ones(rows.shape[0]), rows])


def _deal(numbers: npt.NDArray[np.intp], village_count: int, folds: int, seed: int) -> Iterator[Mask]:
    """Which rows are left out in each fold."""
    fold_of = np.empty(village_count, dtype=np.intp)
    fold_of[np.random.default_rng(seed).permutation(village_count)] = np.arange(village_count) % folds
    for fold in range(folds):
        yield fold_of[numbers] == fold


def _fit(method: Method, rows: Matrix, incomes: Vector, persons: Vector, line: float) -> Vector:
    logs = np.log(incomes)
    if method is Method.LEAST_SQUARES:
        return _least_squares(rows, logs, persons)
    rate = fgt(incomes, line, 0, persons)
    if not 0 < rate < 1:
        raise ValueError("line: nobody or everybody is poor by it, so there is no poverty quantile to fit")
    return _quantile(rows, logs, persons, rate)


# The regressions and what they need take 1.7 s to load, which every start of the site would pay for a nightly job: so they are
# imported where they are used. What they warn of does not matter where only the coefficients are used: a feature that nobody
# has but the village left out gets 0, the least solution, and tells nothing of that village.
def _least_squares(rows: Matrix, logs: Vector, persons: Vector) -> Vector:
    from statsmodels.regression.linear_model import WLS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(WLS(logs, rows, weights=persons).fit().params)


def _quantile(rows: Matrix, logs: Vector, persons: Vector, share: float) -> Vector:
    from statsmodels.regression.quantile_regression import QuantReg
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, IterationLimitWarning

    # w |u| (q - [u < 0]) is that of w u: a weighted regression is one of rows that are stretched by their weights.
    stretch = persons / persons.mean()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for unsettling in (ConvergenceWarning, IterationLimitWarning):
            warnings.simplefilter("error", unsettling)
        try:
            fitted = QuantReg(logs * stretch, rows * stretch[:, None]).fit(q=share, max_iter=MOST_STEPS)
        except (ConvergenceWarning, IterationLimitWarning) as unsettled:
            raise ArithmeticError(f"the regression at the quantile {share:.3f} does not settle: {unsettled}") from unsettled
    return np.asarray(fitted.params)
