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
    """

    constraint: str
    subject: int | None
    wanted: float
    reached: float

    @property
    def shortfall(self) -> float:
        """How much is missing, in the unit of `wanted`."""
        return self.wanted - self.reached
