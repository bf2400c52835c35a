"""From the sums of what was served to the multipliers in force, and from those to each candidate's tilt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender import tally
from recommender.policy import TiltPolicy
from recommender.request import HIGHEST_MULTIPLIER, Shortlist
from recommender.shortlists import Floats


@dataclass(frozen=True, slots=True)
class Pricing:
    """How a shortfall becomes a price.

    Attributes
    ----------
    policy : TiltPolicy
    step, household_step : float
        Change of a multiplier per unit of lacking exposure, as a part of the relevance scale.
    relevance_scale : float or None
        Typical relevance of a shown item; None takes the mean over what was served.
    total_severity : float or None
        Sum of w over all households with stock.
    areas : frozenset of int or None
        Areas that have a target; None for all.
    """

    policy: TiltPolicy
    step: float
    household_step: float
    relevance_scale: float | None
    total_severity: float | None
    areas: frozenset[int] | None

    def scale(self, sums: tally.State) -> float:
        """Return the typical relevance of a shown item; 0 before anything was served."""
        if self.relevance_scale is not None:
            return self.relevance_scale
        exposure = sums.get(tally.EXPOSURE, 0.0)
        return sums.get(tally.EXPECTED_SALES, 0.0) / exposure if exposure > 0 else 0.0

    def exposure_price(self, sums: tally.State) -> float:
        """Return lambda for the share over all areas."""
        lacking = self._share * sums.get(tally.EXPOSURE, 0.0) - sums.get(tally.REGISTERED_EXPOSURE, 0.0)
        return _clipped(sums.get(tally.START_EXPOSURE, 0.0) + self.step * self.scale(sums) * lacking)

    def sales_price(self, sums: tally.State) -> float:
        """Return alpha, at most 1 / tau_s: past that a worse good without benefit would overtake a better one."""
        share = self.policy.sales_share
        scale = self.scale(sums)
        if not share:
            return 0.0
        lacking = share * sums.get(tally.EXPECTED_SALES, 0.0) - sums.get(tally.REGISTERED_SALES, 0.0)
        price = sums.get(tally.START_SALES, 0.0) + (self.step * lacking / scale if scale > 0 else 0.0)
        return min(max(price, 0.0), 1 / share)

    def area_price(self, sums: tally.State, area: int) -> float:
        """Return lambda of one area; 0 for an area without a target."""
        if self.areas is not None and area not in self.areas:
            return 0.0
        lacking = self._share * sums.get(tally.area_exposure(area), 0.0) - sums.get(tally.area_registered(area), 0.0)
        return _clipped(sums.get(tally.start_area(area), 0.0) + self.step * self.scale(sums) * lacking)

    def household_price(self, sums: tally.State, seller: int, severity: float) -> float:
        """Return mu of one household."""
        return float(self._household_prices(sums, [seller], np.array([severity]))[0])

    def _household_prices(self, sums: tally.State, sellers: list[int], severity: Floats) -> Floats:
        """Return mu per household: its floor grows with all exposure, its price with what it lacks of the floor."""
        got = np.array([sums.get(tally.household_registered(one), 0.0) for one in sellers])
        start = np.array([sums.get(tally.start_household(one), 0.0) for one in sellers])
        lacking = self.household_floor_share(1.0) * severity * sums.get(tally.EXPOSURE, 0.0) - got
        price: Floats = np.clip(start + self.household_step * self.scale(sums) * lacking, 0.0, HIGHEST_MULTIPLIER)
        return price

    def household_floor_share(self, severity: float) -> float:
        """Return the part of all exposure a household of this severity is guaranteed: phi tau w / sum(w)."""
        if not self.total_severity:
            return 0.0
        return self.policy.household_floor * self._share * severity / self.total_severity

    @property
    def _share(self) -> float:
        return self.policy.exposure_share or 0.0

    def tilt(self, sums: tally.State, shortlist: Shortlist, *, alone: bool = True) -> tuple[Floats, dict[str, float]]:
        """Return alpha (b - tau_s) s + b (lambda + mu) - tau lambda per candidate, and lambda and alpha by name.

        A policy that covers every candidate stands `alone`; the constant - tau lambda then moves no candidate against
        another and is left out.
        """
        benefit = shortlist.benefit
        tilt = np.zeros_like(benefit)
        used: dict[str, float] = {}
        if self._share and not self.policy.per_area:
            used["exposure"] = self.exposure_price(sums)
            tilt += used["exposure"] * (benefit if alone else benefit - self._share)
        elif shortlist.area is not None and self.policy.per_area:
            areas, place = np.unique(shortlist.area, return_inverse=True)
            prices = [self.area_price(sums, area) for area in areas.tolist()]
            used |= {f"area:{area}": price for area, price in zip(areas.tolist(), prices, strict=True)}
            tilt += np.asarray(prices)[place] * (benefit - self._share)
        if self.policy.sales_share:
            used["sales"] = self.sales_price(sums)
            tilt += used["sales"] * (benefit - self.policy.sales_share) * shortlist.relevance
        if self.policy.household_floor:
            tilt += self._household_tilt(sums, shortlist)
        return tilt, used

    def _household_tilt(self, sums: tally.State, shortlist: Shortlist) -> Floats:
        tilt = np.zeros_like(shortlist.benefit)
        registered = np.flatnonzero(shortlist.benefit > 0)
        if shortlist.seller is None or shortlist.severity is None or not registered.size:
            return tilt
        sellers, first, place = np.unique(shortlist.seller[registered], return_index=True, return_inverse=True)
        prices = self._household_prices(sums, sellers.tolist(), shortlist.severity[registered[first]])
        tilt[registered] = prices[place] * shortlist.benefit[registered]
        return tilt

    def shown_households(self, sums: tally.State, shortlist: Shortlist, positions: NDArray[np.intp]) -> dict[str, float]:
        """Return mu by name for the registered households among the shown candidates."""
        if not self.policy.household_floor or shortlist.seller is None or shortlist.severity is None:
            return {}
        helped = positions[shortlist.benefit[positions] > 0]
        sellers = shortlist.seller[helped].tolist()
        prices = self._household_prices(sums, sellers, shortlist.severity[helped])
        return {f"household:{one}": price for one, price in zip(sellers, prices.tolist(), strict=True)}


def sums_by(numbers: NDArray[np.int64], exposed: Floats) -> dict[int, float]:
    """Sum exposure by area or seller number."""
    unique, place = np.unique(numbers, return_inverse=True)
    return dict(zip(unique.tolist(), np.bincount(place, weights=exposed).tolist(), strict=True))


def _clipped(price: float) -> float:
    return min(max(price, 0.0), HIGHEST_MULTIPLIER)
