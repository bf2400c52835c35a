"""Share targets, and how a missed one is told."""

from __future__ import annotations

from dataclasses import dataclass

# A share that is short by less than this has been met, up to rounding of the sums.
SHARE_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class UnmetTarget:
    """A target that the nearest attainable lists still miss.

    Attributes
    ----------
    constraint : str
        "exposure_share", "sales_share", "area_exposure_share" or "household_floor".
    subject : int or None
        The area or seller number it concerns; None for the whole.
    wanted, reached : float
        Shares for the first three; exposure (sum of v b) for a household floor.
    largest : float
        The most that any lists reach for this target alone, in the same unit: within the guard, other targets left
        aside, randomised lists included. So the most a policy could ask for here lies between `reached` and `largest`.
        Lists that would lift a share only by showing worse goods of other sellers do not count.
    limited_by : str
        What stands in the way: "candidates" (even without a guard there are too few goods with benefit),
        "consumer_guard" (without it the target could be met), or "other_targets" (it could be met alone, up to the size
        of one place; where the whole exposure share is missed too, that entry says what they all lack).
    """

    constraint: str
    subject: int | None
    wanted: float
    reached: float
    largest: float
    limited_by: str

    @property
    def shortfall(self) -> float:
        """How much is missing, in the unit of `wanted`."""
        return self.wanted - self.reached
