"""The linear relaxation of a tilt written out in full and solved by HiGHS: slow, obvious, and written apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog


def best_utility(
    relevance: NDArray[np.float64],
    benefit: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    exposure_share: float = 0.0,
    sales_share: float = 0.0,
    guard: float = 0.0,
    area: NDArray[np.int64] | None = None,
    consumer_weights: NDArray[np.float64] | None = None,
) -> float | None:
    """Return the largest sum of v s over randomised lists that fill every place; None where the targets exclude all.

    The unknown x[u, i, k] is the chance that consumer u sees item i at place k.
    """
    users, items, places = relevance.shape[0], relevance.shape[1], weights.size
    gain = np.einsum("ui,k->uik", relevance, weights)
    exposed = np.broadcast_to(np.einsum("i,k->ik", benefit, weights), (users, items, places))
    rows, limits = [], []
    if exposure_share and area is None:
        rows.append((exposure_share * weights - exposed).ravel())
        limits.append(0.0)
    for one in np.unique(area) if area is not None else ():
        inside = np.broadcast_to((area == one)[None, :, None], exposed.shape)
        rows.append((inside * (exposure_share * weights - exposed)).ravel())
        limits.append(0.0)
    if sales_share:
        rows.append((gain * (sales_share - benefit[None, :, None])).ravel())
        limits.append(0.0)
    untilted = -np.sort(-relevance, axis=1)[:, :places] @ weights
    for user in range(users):
        row = np.zeros(gain.shape)
        row[user] = -gain[user]
        rows.append(row.ravel())
        limits.append(-guard * untilted[user])
        for item in range(items):
            row = np.zeros(gain.shape)
            row[user, item] = 1
            rows.append(row.ravel())
            limits.append(1.0)
    filled = []
    for user in range(users):
        for place in range(places):
            row = np.zeros(gain.shape)
            row[user, :, place] = 1
            filled.append(row.ravel())
    counted = gain if consumer_weights is None else gain * consumer_weights[:, None, None]
    answer = linprog(
        -counted.ravel(), A_ub=np.array(rows), b_ub=limits, A_eq=np.array(filled), b_eq=np.ones(len(filled)), bounds=(0, 1)
    )
    return float(-answer.fun) if answer.status == 0 else None


def largest_exposure_share(
    relevance: NDArray[np.float64], benefit: NDArray[np.float64], weights: NDArray[np.float64], guard: float
) -> float:
    """Return the largest share of exposure that randomised lists under a guard can give.

    The guard binds each consumer alone, so each is a program of its own.
    """
    most = 0.0
    for scores in relevance:
        gain, exposed = np.outer(scores, weights), np.outer(benefit, weights)
        untilted = -np.sort(-scores)[: weights.size] @ weights
        once = np.kron(np.eye(scores.size), np.ones(weights.size))
        filled = np.kron(np.ones(scores.size), np.eye(weights.size))
        answer = linprog(
            -exposed.ravel(),
            A_ub=np.vstack([-gain.ravel(), once]),
            b_ub=[-guard * untilted, *np.ones(scores.size)],
            A_eq=filled,
            b_eq=np.ones(weights.size),
            bounds=(0, 1),
        )
        most -= answer.fun
    return float(most / (weights.sum() * len(relevance)))
