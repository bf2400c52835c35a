"""What an officer's year is worth: points by a sheet, and the value that is left once hard households are allowed for. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ITEMS = ("visits", "confirmed", "satisfaction", "funds")
_NORMAL_95 = 1.959963984540054


def points(shares: Mapping[str, float | None], sheet: Mapping[str, float]) -> float:
    """Points of a hundred: the mean of the items' shares by the sheet's weights, without items that nobody could have met.

    ``100 * sum(w_i s_i) / sum(w_i)`` over the items with a share, each in [0, 1].

    >>> points({"visits": 0.5, "confirmed": 1.0, "satisfaction": None, "funds": 0.0}, dict(zip(ITEMS, (30, 20, 30, 20))))
    50.0
    """
    known = {name: min(1.0, max(0.0, share)) for name, share in shares.items() if share is not None and sheet.get(name)}
    weight = sum(sheet[name] for name in known)
    return 100.0 * sum(sheet[name] * share for name, share in known.items()) / weight if weight else 0.0


@dataclass(frozen=True)
class Value:
    """How many points an officer's households lie over what as hard ones bring others, with a 95 % interval."""

    value: float
    low: float
    high: float


def values(owners: Sequence[int], outcomes: Sequence[float], difficulty: Sequence[Sequence[float]]) -> dict[int, Value]:
    """Difficulty-adjusted values of officers, by empirical Bayes.

    With households ``j`` of officer ``i``: ``y_ij = a + x_ij b + u_i + e_ij``. ``a, b`` by least squares; ``r_i`` is the mean
    residual of the officer's ``n_i`` households; ``s2`` the variance within officers, ``t2`` that of the ``u_i`` by the method
    of moments (Morris 1983), not below zero. The value is ``k_i r_i`` with ``k_i = t2 / (t2 + s2 / n_i)``, its interval
    ``1.96 sqrt(k_i s2 / n_i)`` to both sides: an officer with few households is drawn to nought and never far from unknown.
    Where all officers are alike (``t2 = 0``) every value is nought.

    Parameters
    ----------
    owners : sequence of int
        The officer of each household.
    outcomes : sequence of float
        Its points, 0 to 100.
    difficulty : sequence of sequences of float
        Its measures of difficulty, as many for each.

    Examples
    --------
    Two officers, two households each, nothing known of difficulty: means 80 and 40 about 60, residuals within +-10.
    ``s2 = 400 / 2 = 200``; ``t2 = ((20^2 + 20^2) / 1) - 200 / 2 = 700``; ``k = 700 / 800``.

    >>> found = values([1, 1, 2, 2], [90.0, 70.0, 50.0, 30.0], [[], [], [], []])
    >>> round(found[1].value, 2), round(found[1].high - found[1].value, 2), round(found[2].value, 2)
    (17.5, 18.33, -17.5)
    """
    if not owners:
        return {}
    y = np.asarray(outcomes, dtype=float)
    x = np.column_stack([np.ones(len(y)), np.asarray(difficulty, dtype=float).reshape(len(y), -1)])
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    names, number = np.unique(np.asarray(owners), return_inverse=True)
    count = np.bincount(number)
    mean = np.bincount(number, residual) / count
    freedom = len(y) - len(names)
    within = float(np.sum((residual - mean[number]) ** 2) / freedom) if freedom else float(np.var(residual))
    between = float(np.var(mean, ddof=1) - np.mean(within / count)) if len(names) > 1 else 0.0
    between = max(0.0, between)
    share = between / (between + within / count) if between else np.zeros(len(names))
    half = _NORMAL_95 * np.sqrt(share * within / count)
    return {
        int(name): Value(float(k * r), float(k * r - h), float(k * r + h))
        for name, k, r, h in zip(names, share, mean, half, strict=True)
    }
