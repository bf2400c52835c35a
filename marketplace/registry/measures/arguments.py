"""What an argument must be like, asked once and refused by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Shares are typed with six decimals: two that differ by less are the same share, and twenty of them sum to 1 within ten times
# as much.
ROUNDING = 1e-6
SUM_ROUNDING = 1e-5


def vector(name: str, values: npt.ArrayLike, length: int | None = None) -> Vector:
    """Return `values` as finite floats in one dimension, or refuse them.

    Parameters
    ----------
    name : str
        What the caller calls them.
    values : array_like
        Numbers.
    length : int, optional
        How many there must be; without it, at least one.

    Raises
    ------
    ValueError
        If they have another shape or length, or one of them is missing or infinite. A missing income is not an income of
        nothing: who measures decides to leave the household out, and says so.

    Examples
    --------
    >>> vector("incomes", [100, 110])
    array([100., 110.])
    >>> vector("incomes", [100, float("nan")])
    Traceback (most recent call last):
    ...
    ValueError: incomes: the value at place 1 is missing or infinite
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise ValueError(f"{name}: one dimension is needed, not {found.ndim}")
    if length is None and not found.size:
        raise ValueError(f"{name}: nobody is in it, and a measure of nobody has no value")
    if length is not None and found.size != length:
        raise ValueError(f"{name}: {length} values are needed, not {found.size}")
    _refuse_missing(name, found)
    return found


def matrix(name: str, values: npt.ArrayLike) -> Matrix:
    """Return `values` as finite floats, a row for each person, or refuse them.

    Raises
    ------
    ValueError
        If there are not two dimensions, no row, no column, or a value is missing or infinite.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or not found.size:
        raise ValueError(f"{name}: rows of persons and columns are needed, not the shape {found.shape}")
    _refuse_missing(name, found)
    return found


def population_weights(weights: npt.ArrayLike | None, length: int, name: str = "weights") -> Vector:
    """Return how many persons each row stands for; 1 each where nothing is said.

    Raises
    ------
    ValueError
        If one is negative, or all are 0.
    """
    if weights is None:
        return np.ones(length)
    found = vector(name, weights, length)
    if found.min() < 0:
        raise ValueError(f"{name}: the value at place {int(found.argmin())} is negative")
    if not found.sum() > 0:
        raise ValueError(f"{name}: all are 0, so nobody is in the population")
    return found


def labels(
    name: str, values: Sequence[object] | npt.NDArray[np.generic], length: int
) -> tuple[list[object], npt.NDArray[np.intp]]:
    """Return the different labels in order of their first row, and for each row the number of its label.

    Raises
    ------
    ValueError
        If there are not `length` of them, or one is missing.

    Examples
    --------
    >>> labels("villages", ["b", "a", "b"], 3)
    (['b', 'a'], array([0, 1, 0]))
    """
    found = np.asarray(values).tolist() if isinstance(values, np.ndarray) else list(values)
    if len(found) != length:
        raise ValueError(f"{name}: {length} values are needed, not {len(found)}")
    numbers: dict[object, int] = {}
    for place, label in enumerate(found):
        if label is None or label != label:
            raise ValueError(f"{name}: the value at place {place} is missing")
        numbers.setdefault(label, len(numbers))
    return list(numbers), np.array([numbers[label] for label in found], dtype=np.intp)


def positive(name: str, value: float) -> float:
    """Return a finite number above 0, or refuse it.

    Raises
    ------
    ValueError
        If it is 0, negative, missing or infinite.
    """
    if not (value > 0 and np.isfinite(value)):
        raise ValueError(f"{name}: a number above 0 is needed, not {value}")
    return float(value)


def _refuse_missing(name: str, found: npt.NDArray[np.float64]) -> None:
    missing = np.argwhere(~np.isfinite(found))
    if missing.size:
        place = ", ".join(str(int(number)) for number in missing[0])
        raise ValueError(f"{name}: the value at place {place} is missing or infinite")
