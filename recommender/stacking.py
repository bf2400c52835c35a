"""Serve tilted lists from any inner-product search: the tilt as one more dimension of the vectors.

With item rows [v_i ; t_i] and the query [u ; c_u] the inner product is u.v_i + c_u t_i, the tilted score. A change of
a multiplier rewrites one column; nobody retrains and no index is rebuilt (Xu et al., FairSync, WWW 2024).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.policy import InvalidTiltInputError

Vectors = NDArray[np.float32]


def stacked_items(item_factors: ArrayLike, tilt: ArrayLike) -> Vectors:
    """Append the tilt column to the item factors.

    Parameters
    ----------
    item_factors : (n_items, factors)
    tilt : (n_items,)
        t_i in units of the inner product.

    Returns
    -------
    float32 (n_items, factors + 1)

    Examples
    --------
    >>> stacked_items([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.5]) @ stacked_query([0.5, 0.25], 1.0)
    array([0.5 , 0.75], dtype=float32)
    """
    factors, column = np.asarray(item_factors, dtype=np.float32), np.asarray(tilt, dtype=np.float32)
    if factors.ndim != 2 or column.shape != factors.shape[:1]:
        raise InvalidTiltInputError(f"item_factors has shape {factors.shape} but tilt {column.shape}")
    if not (np.isfinite(factors).all() and np.isfinite(column).all()):
        raise InvalidTiltInputError("item factors and tilt must be finite")
    return np.concatenate([factors, column[:, None]], axis=1)


def rewrite_tilt(stacked: Vectors, tilt: ArrayLike) -> None:
    """Put new multipliers in force: overwrite the last column in place."""
    column = np.asarray(tilt, dtype=np.float32)
    if column.shape != stacked.shape[:1] or not np.isfinite(column).all():
        raise InvalidTiltInputError(f"tilt must hold {stacked.shape[0]} finite numbers")
    stacked[:, -1] = column


def stacked_query(user_factors: ArrayLike, guard_part: ArrayLike) -> Vectors:
    """Append c_u to one user vector (factors,) or to several (n_users, factors); c_u = 0 asks for untilted lists."""
    users = np.asarray(user_factors, dtype=np.float32)
    part = np.asarray(guard_part, dtype=np.float32)
    if users.ndim not in (1, 2) or part.shape not in ((), users.shape[:-1]):
        raise InvalidTiltInputError(f"user_factors has shape {users.shape} but guard_part {part.shape}")
    if not (np.isfinite(users).all() and part.min() >= 0 and part.max() <= 1):
        raise InvalidTiltInputError("user factors must be finite and guard_part between 0 and 1")
    column = np.broadcast_to(part, users.shape[:-1])[..., None]
    return np.concatenate([users, column], axis=-1)
