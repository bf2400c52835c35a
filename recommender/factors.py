"""Vectors of consumers and items by alternating least squares, and a vector for a newcomer without retraining.

Hu, Koren & Volinsky, "Collaborative filtering for implicit feedback datasets" (ICDM 2008); the sweeps are implicit's
conjugate gradient (Takács, Pilászy & Tikk, RecSys 2011).
"""

from __future__ import annotations

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from recommender.config import RecommenderConfig
from recommender.history import History

Floats = NDArray[np.float32]


def confidences(frequency: Floats, config: RecommenderConfig) -> Floats:
    """Return c = 1 + a ln(1 + r) for decayed frequencies r.

    >>> confidences(np.array([0.0], dtype=np.float32), RecommenderConfig()).tolist()
    [1.0]
    """
    return (1 + np.float32(config.confidence_scale) * np.log1p(frequency)).astype(np.float32)


def confidence_matrix(history: History, config: RecommenderConfig) -> csr_matrix:
    """Return the confidence of every pair with events, float32 csr (n_users, n_items)."""
    # implicit's kernels read 32-bit positions; a log of two thousand million pairs needs another engine.
    return csr_matrix(
        (confidences(history.frequency, config), history.items, history.indptr.astype(np.int32)),
        shape=(history.n_users, history.n_items),
    )


def start_factors(rows: int, config: RecommenderConfig, generator: np.random.Generator) -> Floats:
    """Return small random vectors to begin from, float32 (rows, factors)."""
    return generator.random((rows, config.factors), dtype=np.float32) * np.float32(0.01)


def improve_factors(
    matrix: csr_matrix, users: Floats, items: Floats, sweeps: int, config: RecommenderConfig
) -> tuple[Floats, Floats]:
    """Run sweeps of alternating least squares from given vectors, which are left as they were.

    Parameters
    ----------
    matrix : float32 csr (n_users, n_items)
        Confidences.
    users, items : float32 (n_users, f), (n_items, f)
    sweeps : int
    config : RecommenderConfig

    Returns
    -------
    users, items : float32
    """
    # One BLAS thread: implicit runs its own threads, and sums in another order would change the bytes.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=config.factors,
            regularization=config.regularization,
            iterations=sweeps,
            num_threads=config.threads,
        )
        model.user_factors, model.item_factors = users.copy(), items.copy()
        model.fit(matrix, show_progress=False)
    return model.user_factors, model.item_factors


def fold_in_factors(rows: csr_matrix, fixed: Floats, prior: Floats, strength: float) -> Floats:
    """Return the best vector for each row while the vectors of the other side stay fixed.

    The maximum a posteriori estimate with a Gaussian prior around m:
    v = (F'F + sum (c - 1) f f' + k I)^-1 (sum c f + k m), the sum over the entries of the row with confidence c.

    Parameters
    ----------
    rows : float32 csr (n_rows, n_fixed)
        Confidence of each new consumer per item, or of each new item per consumer.
    fixed : float32 (n_fixed, f)
    prior : float32 (n_rows, f)
        m; zero for a new consumer, the mean of similar listings for a new listing.
    strength : float
        k > 0.

    Returns
    -------
    float32 (n_rows, f)

    Examples
    --------
    One factor of 2 on the other side, confidence 3, k = 4, m = 0.5: (4 + 2 x 4 + 4)^-1 (3 x 2 + 4 x 0.5) = 0.5.

    >>> row = csr_matrix(np.array([[3.0]], dtype=np.float32))
    >>> fold_in_factors(row, np.array([[2.0]], np.float32), np.array([[0.5]], np.float32), 4.0).tolist()
    [[0.5]]
    """
    wide = fixed.astype(np.float64)
    common = wide.T @ wide + strength * np.eye(fixed.shape[1])
    found = np.empty((rows.shape[0], fixed.shape[1]), dtype=np.float32)
    for row in range(rows.shape[0]):
        entries = slice(rows.indptr[row], rows.indptr[row + 1])
        near, confidence = wide[rows.indices[entries]], rows.data[entries].astype(np.float64)
        left = common + (near * (confidence - 1)[:, None]).T @ near
        found[row] = np.linalg.solve(left, confidence @ near + strength * prior[row])
    return found
