"""Probabilities that mean what they say: logistic regression with a prior, and the table that checks it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.errors import InvalidRequestError

Floats64 = NDArray[np.float64]

DEFAULT_EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def logistic(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return 1 / (1 + e^-z) without overflow at any z.

    >>> logistic(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))


def fit_logistic(
    features: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike,
    prior: ArrayLike,
    prior_strength: float = 1.0,
    iterations: int = 30,
) -> Floats64:
    """Return the coefficients of a weighted logistic regression, drawn toward a prior by a ridge.

    Minimises -sum w (y ln p + (1 - y) ln(1 - p)) + k/2 |beta - prior|^2 with p = logistic(x beta), by Newton steps
    that are halved until they improve. Without rows the answer is the prior itself.

    Parameters
    ----------
    features : (n, p)
    labels : (n,)
        0 or 1.
    weights : (n,)
        How many pairs each row stands for, when the rows are a sample.
    prior : (p,)
    prior_strength : float
        k > 0.
    iterations : int
        Most Newton steps.

    Returns
    -------
    float64 (p,)

    Examples
    --------
    Three of four are bought, so the probability is .75 and the logit ln 3 = 1.0986.

    >>> float(fit_logistic([[1.0]] * 4, [1, 1, 1, 0], [1.0] * 4, [0.0], 1e-9)[0].round(4))
    1.0986
    """
    x, y = np.asarray(features, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    w, centre = np.asarray(weights, dtype=np.float64), np.asarray(prior, dtype=np.float64)
    beta = centre.copy()
    loss = _penalised_loss(x, y, w, beta, centre, prior_strength)
    for _ in range(iterations if len(y) else 0):
        p = logistic(x @ beta)
        gradient = x.T @ (w * (p - y)) + prior_strength * (beta - centre)
        curvature = (x * (w * p * (1 - p))[:, None]).T @ x + prior_strength * np.eye(len(beta))
        step = np.linalg.solve(curvature, gradient)
        scale = 1.0
        while scale > 1e-6:
            trial = beta - scale * step
            trial_loss = _penalised_loss(x, y, w, trial, centre, prior_strength)
            if trial_loss <= loss:
                break
            scale /= 2
        else:
            return beta
        improvement, beta, loss = loss - trial_loss, trial, trial_loss
        if improvement <= 1e-9 * (1 + abs(loss)):
            return beta
    return beta


def _penalised_loss(x: Floats64, y: Floats64, w: Floats64, beta: Floats64, centre: Floats64, strength: float) -> float:
    logits = x @ beta
    return float(w @ (np.logaddexp(0, logits) - y * logits) + strength / 2 * ((beta - centre) ** 2).sum())


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Pairs whose predicted probability lies in [low, high), the last bin with its upper edge.

    Attributes
    ----------
    n_pairs : int
    predicted, observed : float
        Mean predicted probability, and the part of the pairs that was bought.
    """

    low: float
    high: float
    n_pairs: int
    predicted: float
    observed: float

    @property
    def error(self) -> float:
        """|predicted - observed| / observed: .1 means ten per cent off; infinite when nothing was bought."""
        if self.observed == 0:
            return 0.0 if self.predicted == 0 else float("inf")
        return abs(self.predicted - self.observed) / self.observed


def reliability_table(probabilities: ArrayLike, labels: ArrayLike, edges: ArrayLike = DEFAULT_EDGES) -> list[ReliabilityBin]:
    """Compare predicted probabilities with what happened, bin by bin; empty bins are left out.

    Parameters
    ----------
    probabilities : (n,) in [0, 1]
    labels : (n,)
        0 or 1.
    edges : (k + 1,)
        Rising borders of the bins.

    Returns
    -------
    list of ReliabilityBin

    Raises
    ------
    InvalidRequestError
        Columns of different lengths, a probability outside [0, 1] or a label other than 0 and 1.

    Examples
    --------
    >>> table = reliability_table([0.2, 0.3, 0.9], [0, 1, 1], [0.0, 0.5, 1.0])
    >>> [(row.n_pairs, round(row.predicted, 2), row.observed) for row in table]
    [(2, 0.25, 0.5), (1, 0.9, 1.0)]
    >>> round(table[0].error, 2)
    0.5
    """
    p, y = np.asarray(probabilities, dtype=np.float64).ravel(), np.asarray(labels, dtype=np.float64).ravel()
    if p.shape != y.shape:
        raise InvalidRequestError(f"{p.size} probabilities do not match {y.size} labels")
    if not ((p >= 0) & (p <= 1)).all() or not ((y == 0) | (y == 1)).all():
        raise InvalidRequestError("probabilities lie in [0, 1] and labels are 0 or 1")
    borders = np.asarray(edges, dtype=np.float64)
    if borders.ndim != 1 or len(borders) < 2 or (np.diff(borders) <= 0).any():
        raise InvalidRequestError("edges must be at least two rising numbers")
    bins = np.clip(np.searchsorted(borders, p, side="right") - 1, 0, len(borders) - 2)
    counts = np.bincount(bins, minlength=len(borders) - 1)
    predicted, observed = (np.bincount(bins, weights=column, minlength=len(borders) - 1) for column in (p, y))
    return [
        ReliabilityBin(
            float(borders[row]),
            float(borders[row + 1]),
            int(counts[row]),
            float(predicted[row] / counts[row]),
            float(observed[row] / counts[row]),
        )
        for row in np.flatnonzero(counts)
    ]
