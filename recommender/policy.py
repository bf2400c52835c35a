"""What a tilt must achieve, and the errors the tilt half of this package raises.

A policy says *what*; `recommender.tilt` and `recommender.controller` find the cheapest *how*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


class TiltError(ValueError):
    """Any refusal of the tilt half of this package."""


class InvalidPolicyError(TiltError):
    """A number of the policy is missing, not finite, or outside its range."""


class ContradictoryPolicyError(TiltError):
    """Each number of the policy is possible, but they do not belong together."""


class InvalidTiltInputError(TiltError):
    """Relevance, benefit, candidates or position weights cannot be read as documented."""


class InvalidControllerStateError(TiltError):
    """A saved controller state or delta is damaged or belongs to another kind of controller."""


@dataclass(frozen=True, slots=True)
class TiltPolicy:
    """The targets of a tilt toward registered households.

    Parameters
    ----------
    exposure_share : float or None
        Least share of the exposure (position-weighted views) that goods of registered households receive, in
        [0, 1]: sum of v b over sum of v, where v is the weight of a position and b the benefit share of the good
        shown there. None sets no target.
    sales_share : float or None
        Least share of the *expected sales* (v s b over v s, with s the probability of buying) in [0, 1]. Exposure is
        not income: an exposure target is cheapest where nobody buys, so a policy may name either target or both.
    per_area : bool
        True asks every area that has registered goods to reach `exposure_share` by itself.
    household_floor : float
        Part of a household's fair exposure that is guaranteed to it, in [0, 1]. The fair exposure of household h is
        exposure_share x (all exposure) x w_h / sum(w), with w its severity.
    consumer_guard : float
        Part of its untilted utility that every single list keeps, in [0, 1].

    Raises
    ------
    InvalidPolicyError
        A value is not a number, not finite or outside its range.
    ContradictoryPolicyError
        `per_area` or `household_floor` is asked for without an exposure share to measure it by.

    Examples
    --------
    >>> TiltPolicy(exposure_share=0.3, consumer_guard=0.8).is_tilted
    True
    >>> TiltPolicy(per_area=True)
    Traceback (most recent call last):
    recommender.policy.ContradictoryPolicyError: per_area divides an exposure_share, but the policy names none
    """

    exposure_share: float | None = None
    sales_share: float | None = None
    per_area: bool = False
    household_floor: float = 0.0
    consumer_guard: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant before any list is computed."""
        for name in ("exposure_share", "sales_share"):
            if getattr(self, name) is not None:
                _check_share(name, getattr(self, name))
        for name in ("household_floor", "consumer_guard"):
            _check_share(name, getattr(self, name))
        if not isinstance(self.per_area, bool):
            raise InvalidPolicyError(f"per_area must be True or False, not {self.per_area!r}")
        if self.per_area and self.exposure_share is None:
            raise ContradictoryPolicyError("per_area divides an exposure_share, but the policy names none")
        if self.household_floor > 0 and self.exposure_share is None:
            raise ContradictoryPolicyError("household_floor is a part of an exposure_share, but the policy names none")

    @property
    def is_tilted(self) -> bool:
        """Whether any target can move a list away from pure relevance."""
        return bool(self.exposure_share) or bool(self.sales_share)


def _check_share(name: str, value: object) -> None:
    """Raise unless `value` is a real number in [0, 1]; a boolean is not a share."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidPolicyError(f"{name} must be a number between 0 and 1, not {value!r}")
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise InvalidPolicyError(f"{name} must be between 0 and 1, not {value!r}")
