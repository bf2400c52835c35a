"""Areas and households of a policy: who is owed what, and which goods every multiplier treats alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.policy import InvalidTiltInputError, TiltPolicy
from recommender.rays import Lists
from recommender.reach import missed_target
from recommender.shortlists import Floats, Shortlists, real_numbers
from recommender.targets import SHARE_ROUNDING, UnmetTarget

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Structure:
    """What a policy per area or per household asks for.

    Attributes
    ----------
    area, seller : int64 (n_items,)
        Index of each item's area and its seller's number.
    area_numbers : int64 (n_areas,)
        The outside number of each area index; empty when one share covers all.
    share : float64 (n_areas,)
        tau, or 0 for an area without registered goods: it could only "reach" a share by showing nothing.
    floor : float64 (n_sellers,)
        Part of all exposure guaranteed to each seller.
    group : int64 (n_items,)
        Items of one group have the same multipliers.
    """

    area: Numbers
    seller: Numbers
    area_numbers: Numbers
    share: Floats
    floor: Floats
    group: Numbers

    def by_area(self, prices: Floats) -> dict[int | None, float]:
        """Name each area's multiplier by the area's outside number."""
        if not self.area_numbers.size:
            return {None: float(prices[0])}
        return dict(zip(self.area_numbers.tolist(), prices.tolist(), strict=True))

    def unmet(self, shortlists: Shortlists, lists: Lists, least_utility: Floats) -> tuple[UnmetTarget, ...]:
        """Name every area and household that falls short, with what it reached and what it could reach."""
        items = np.take_along_axis(shortlists.items, lists.slots, axis=1)
        weights = np.where(items >= 0, shortlists.position_weights[: items.shape[1]], 0.0)
        items = np.maximum(items, 0)
        exposed = weights * np.take_along_axis(shortlists.benefit, lists.slots, axis=1)
        missed = []
        if self.area_numbers.size:
            whole, part = (_sums(self.area[items], values, self.share.size) for values in (weights, exposed))
            reached = np.divide(part, whole, out=np.ones_like(part), where=whole > 0)
            missed += [
                self._missed_area(shortlists, least_utility, one, float(reached[one]))
                for one in np.flatnonzero(reached < self.share - SHARE_ROUNDING).tolist()
            ]
        owed = self.floor * weights.sum()
        got = _sums(self.seller[items], exposed, self.floor.size)
        missed += [
            self._missed_floor(shortlists, least_utility, one, float(owed[one]), float(got[one]))
            for one in np.flatnonzero(got < owed * (1 - SHARE_ROUNDING)).tolist()
        ]
        return tuple(missed)

    def _missed_area(self, shortlists: Shortlists, least_utility: Floats, area: int, reached: float) -> UnmetTarget:
        inside = ((self.area[np.maximum(shortlists.items, 0)] == area) & shortlists.is_item).astype(np.float64)
        return missed_target(
            shortlists,
            inside * shortlists.benefit,
            inside,
            least_utility,
            constraint="area_exposure_share",
            subject=int(self.area_numbers[area]),
            wanted=float(self.share[area]),
            reached=reached,
        )

    def _missed_floor(
        self, shortlists: Shortlists, least_utility: Floats, household: int, owed: float, got: float
    ) -> UnmetTarget:
        """Only consumers that have a good of the household among their candidates can give it exposure."""
        offered = (self.seller[np.maximum(shortlists.items, 0)] == household) * shortlists.benefit
        users = np.flatnonzero(offered.any(axis=1))
        rows = shortlists.rows(users)
        return missed_target(
            rows,
            offered[users],
            rows.is_item.astype(np.float64),
            least_utility[users],
            constraint="household_floor",
            subject=household,
            wanted=owed,
            reached=got,
            unit=float(rows.exposure.sum()),
        )


def _sums(numbers: Numbers, values: Floats, size: int) -> Floats:
    return np.bincount(numbers.ravel(), weights=values.ravel(), minlength=size).astype(np.float64)


def structure_of(
    benefit: ArrayLike,
    policy: TiltPolicy,
    seller: ArrayLike | None,
    severity: ArrayLike | None,
    area: ArrayLike | None,
) -> Structure | None:
    """Read areas, sellers and severity; None for a policy that needs only the two overall multipliers.

    Raises
    ------
    InvalidTiltInputError
        An array the policy needs is missing, or one has a wrong shape or value.
    """
    gain = real_numbers("benefit", benefit).astype(np.float64).reshape(-1)
    sellers = _numbers("seller", seller, gain.size)
    areas = _numbers("area", area, gain.size)
    weights = _severity(severity, sellers)
    if not (policy.per_area or policy.household_floor) or not policy.exposure_share:
        return None
    if policy.per_area and areas is None:
        raise InvalidTiltInputError("a policy per area needs the area of each item")
    if policy.household_floor and sellers is None:
        raise InvalidTiltInputError("a household floor needs the seller of each item")
    area_numbers, place = np.zeros(0, dtype=np.int64), np.zeros(gain.size, dtype=np.int64)
    if policy.per_area and areas is not None:
        area_numbers, place = np.unique(areas, return_inverse=True)
    has_registered = np.bincount(place, weights=gain > 0) > 0
    share = np.where(has_registered, policy.exposure_share, 0.0)
    seller_numbers = np.zeros(gain.size, dtype=np.int64) if sellers is None else sellers
    floor = np.zeros(int(seller_numbers.max()) + 1)
    helped = np.zeros(gain.size, dtype=np.int64) - 1
    if policy.household_floor:
        registered = np.unique(seller_numbers[gain > 0])
        owed = np.ones(registered.size) if weights is None else weights[registered]
        if registered.size and not owed.any():
            raise InvalidTiltInputError("severity is 0 for every household with goods, so no floor can be divided by it")
        floor[registered] = policy.household_floor * policy.exposure_share * owed / (owed.sum() or 1.0)
        helped = np.where(gain > 0, seller_numbers, -1)
    keys = np.column_stack([place, helped, np.unique(gain, return_inverse=True)[1]])
    group = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    return Structure(place, seller_numbers, area_numbers, share, floor, group)


def _numbers(name: str, values: ArrayLike | None, size: int) -> Numbers | None:
    if values is None:
        return None
    numbers = real_numbers(name, values)
    if numbers.shape != (size,) or numbers.dtype.kind not in "iu" or (numbers < 0).any():
        raise InvalidTiltInputError(f"{name} must hold one whole number of at least 0 per item")
    return numbers.astype(np.int64)


def _severity(severity: ArrayLike | None, sellers: Numbers | None) -> Floats | None:
    if severity is None:
        return None
    weights = real_numbers("severity", severity).astype(np.float64)
    if weights.ndim != 1 or not np.isfinite(weights).all() or (weights < 0).any():
        raise InvalidTiltInputError("severity must be finite, not negative and one per seller")
    if sellers is None or (sellers.size and sellers.max() >= weights.size):
        raise InvalidTiltInputError("severity must cover the seller of each item")
    return weights
