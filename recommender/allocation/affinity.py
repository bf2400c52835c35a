"""How well a household is likely to serve a demand: what became of its earlier parts, how near it is, what it has delivered.

    affinity = p ( 1/2 + 1/4 2^(-km / half_km) + 1/4 n / (n + half_deliveries) ),      p = (a + kept) / (a + b + asked)

``p`` is the mean of a Beta posterior: a household that was never asked has the prior's ``a / (a + b)``, and one refusal moves
it little. All of it lies in [0, 1]. It is a small part of a pair's surplus, so that it decides between offers that are about
alike and never outbids a price: whoever is new starts at the prior and not at nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from recommender.allocation.problem import Floats, InvalidAllocationError


@dataclass(frozen=True, slots=True)
class AffinityPrior:
    """What is believed of a household that nothing is known of, and how fast distance and experience count.

    Parameters
    ----------
    kept, broken : float
        The prior's a and b: parts kept and not kept that it is worth; above 0.
    half_km : float
        The distance at which the part for nearness is halved; above 0.
    half_deliveries : float
        The number of deliveries of a category at which the part for experience is half of its most; above 0.
    """

    kept: float = 4.0
    broken: float = 1.0
    half_km: float = 30.0
    half_deliveries: float = 3.0

    def __post_init__(self) -> None:
        for name in ("kept", "broken", "half_km", "half_deliveries"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise InvalidAllocationError(f"{name} must be above 0")


def affinity(
    *,
    asked: ArrayLike,
    kept: ArrayLike,
    distance_km: ArrayLike,
    deliveries: ArrayLike,
    prior: AffinityPrior | None = None,
) -> Floats:
    """The affinity of each pair, by the formula above.

    Parameters
    ----------
    asked, kept : (P,)
        How many parts the household was asked for before, and how many of these it accepted and delivered.
    distance_km : (P,)
        From the household to the place of delivery.
    deliveries : (P,)
        How many deliveries of this category the household has made.
    prior : AffinityPrior, optional

    Returns
    -------
    (P,) array of float
        In [0, 1].

    Raises
    ------
    InvalidAllocationError
        For lists of different lengths, something negative or not finite, or more parts kept than asked for.

    Examples
    --------
    Nothing is known of the first; it is next door, so it has 4/5 of (1/2 + 1/4). The second kept all of 5 parts and has
    delivered 3 times, 30 km away: 9/10 of (1/2 + 1/8 + 1/8).

    >>> affinity(asked=[0, 5], kept=[0, 5], distance_km=[0, 30], deliveries=[0, 3]).round(3).tolist()
    [0.6, 0.675]
    """
    prior = prior or AffinityPrior()
    columns = {"asked": asked, "kept": kept, "distance_km": distance_km, "deliveries": deliveries}
    read = {name: _column(name, values) for name, values in columns.items()}
    if len({len(values) for values in read.values()}) != 1:
        raise InvalidAllocationError("asked, kept, distance_km and deliveries must have one entry per pair")
    if (read["kept"] > read["asked"]).any():
        raise InvalidAllocationError("kept must not exceed asked")
    likely = (prior.kept + read["kept"]) / (prior.kept + prior.broken + read["asked"])
    near = np.exp2(-read["distance_km"] / prior.half_km)
    experienced = read["deliveries"] / (read["deliveries"] + prior.half_deliveries)
    result: Floats = likely * (0.5 + 0.25 * near + 0.25 * experienced)
    return result


def _column(name: str, values: ArrayLike) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or not np.isfinite(column).all() or (column < 0).any():
        raise InvalidAllocationError(f"{name} must be a list of finite numbers, none negative")
    return column
