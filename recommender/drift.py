"""A control chart that says when a share has fallen behind its target for good, and not by the chance of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recommender.policy import InvalidTiltInputError


@dataclass(frozen=True, slots=True)
class DriftRule:
    """A one-sided cumulative sum (Page 1954) of how far a share lies below its target, in standard errors.

    Formula: z_d = clip((target - tolerance - share_d) / max(error_d, least_error), -most, most);
    S_d = clip(S_{d-1} + z_d - allowance, 0, 2 x limit). An alarm begins on the day on which S exceeds `limit` and ends on
    the day on which S is back at 0.

    With allowance .5 and limit 5 a share that lies exactly at `target - tolerance`, day errors normal and independent,
    raises a false alarm once in about 930 days (Montgomery 2013, table 9.3, halved for one side), and a share that lies one
    error lower is found after 10 days on average. A share at its target is further away still. Clipping at 3 means that no
    alarm rests on fewer than three days, and that the fullest sum is back at 0 after three days on target.

    Parameters
    ----------
    tolerance : float
        Shortfall in share that nobody needs to hear of.
    allowance : float
        k: half the shift, in errors, that is to be found quickest.
    limit : float
        h: the sum at which the alarm begins.
    most : float
        The most one day can add, in errors.
    least_error : float
        No day is taken to be known better than this.
    """

    tolerance: float = 0.01
    allowance: float = 0.5
    limit: float = 5.0
    most: float = 3.0
    least_error: float = 0.002

    def __post_init__(self) -> None:
        """Refuse a rule that could never ring or never be still."""
        if not (self.tolerance >= 0 and 0 <= self.allowance < self.most and self.limit > 0 and self.least_error > 0):
            raise InvalidTiltInputError("a drift rule needs a limit, an error and a most above its allowance")

    def episodes(self, target: float, days: Sequence[tuple[float, float] | None]) -> list[tuple[int, int | None]]:
        """Return the first and last day, as places in `days`, of each alarm; the last of one that still lasts is None.

        Parameters
        ----------
        target : float
            The least share that is asked for.
        days : sequence of (share, error) or None
            One entry per day in order; a day that says nothing is None and changes nothing.

        Examples
        --------
        Five points short with an error of one point: each day adds the most, 3, less the allowance.

        >>> rule = DriftRule()
        >>> rule.episodes(0.30, [(0.25, 0.01)] * 3 + [(0.30, 0.002)] * 4)
        [(2, 5)]
        >>> rule.episodes(0.30, [(0.25, 0.01)] * 3)
        [(2, None)]
        """
        found: list[tuple[int, int | None]] = []
        total, begun = 0.0, None
        for place, day in enumerate(days):
            if day is None:
                continue
            share, error = day
            short = (target - self.tolerance - share) / max(error, self.least_error)
            step = min(max(short, -self.most), self.most) - self.allowance
            total = min(max(total + step, 0.0), 2 * self.limit)
            if begun is None and total > self.limit:
                begun = place
            elif begun is not None and total == 0:
                found.append((begun, place))
                begun = None
        return [*found, (begun, None)] if begun is not None else found
