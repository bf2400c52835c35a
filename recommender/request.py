"""One request: the best list for given tilt terms, the consumer guard and the seller limit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.guard_slack import spend_slack
from recommender.policy import InvalidTiltInputError
from recommender.rays import ROUNDING
from recommender.shortlists import Floats, Shortlists

# Halvings of c_u; the tenth leaves a thousandth of the multipliers unused.
GUARD_HALVINGS = 10
# Relevance is a probability, so a multiplier of 1 already puts every good with benefit before every good without.
HIGHEST_MULTIPLIER = 1.0

Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The checked candidates of one request; every array has one entry per candidate.

    Attributes
    ----------
    relevance, benefit : float64 (m,)
    seller, area : int64 (m,) or None
    severity : float64 (m,) or None
        Severity of the candidate's household.
    owed : float64 (m,) or None
        Exposure a new listing still lacks of what it is promised by now; 0 for any other.
    """

    relevance: Floats
    benefit: Floats
    seller: NDArray[np.int64] | None
    area: NDArray[np.int64] | None
    severity: Floats | None
    owed: Floats | None = None

    @classmethod
    def checked(
        cls,
        relevance: ArrayLike,
        benefit: ArrayLike,
        seller: ArrayLike | None,
        area: ArrayLike | None,
        severity: ArrayLike | None,
        owed: ArrayLike | None = None,
    ) -> Shortlist:
        """Refuse shapes that differ, benefit outside [0, 1], relevance, severity or owed negative or not finite."""
        s = np.asarray(relevance, dtype=np.float64)
        b = np.asarray(benefit, dtype=np.float64)
        if s.ndim != 1 or s.size == 0:
            raise InvalidTiltInputError(f"a shortlist needs at least one candidate in one dimension, not {s.shape}")
        if b.shape != s.shape:
            raise InvalidTiltInputError(f"benefit has shape {b.shape} and relevance {s.shape}")
        # The smallest and largest show every fault at once: comparisons with NaN are false.
        if not (s.min() >= 0 and s.max() < np.inf):
            raise InvalidTiltInputError("relevance must be finite and not negative")
        if not (b.min() >= 0 and b.max() <= 1):
            raise InvalidTiltInputError("benefit must lie between 0 and 1")
        return cls(
            s,
            b,
            _numbers("seller", seller, s.size),
            _numbers("area", area, s.size),
            _amounts("severity", severity, s.size),
            _amounts("owed", owed, s.size),
        )

    def part(self, places: Positions) -> Shortlist:
        """Return the same for some candidates only."""
        return Shortlist(
            self.relevance[places],
            self.benefit[places],
            None if self.seller is None else self.seller[places],
            None if self.area is None else self.area[places],
            None if self.severity is None else self.severity[places],
            None if self.owed is None else self.owed[places],
        )

    def check_limit(self, max_per_seller: int | None) -> None:
        """Refuse a limit per seller that is none, or one without sellers."""
        if max_per_seller is not None and (isinstance(max_per_seller, bool) or max_per_seller < 1):
            raise InvalidTiltInputError(f"max_per_seller must be at least 1, not {max_per_seller!r}")
        if max_per_seller is not None and self.seller is None:
            raise InvalidTiltInputError("max_per_seller needs the seller of each candidate")


def _amounts(name: str, values: ArrayLike | None, size: int) -> Floats | None:
    if values is None:
        return None
    amounts = np.asarray(values, dtype=np.float64)
    if amounts.shape != (size,) or not (amounts.min() >= 0 and amounts.max() < np.inf):
        raise InvalidTiltInputError(f"{name} must be finite, not negative and one per candidate")
    return amounts


def _numbers(name: str, values: ArrayLike | None, size: int) -> NDArray[np.int64] | None:
    if values is None:
        return None
    numbers = np.asarray(values)
    if numbers.shape != (size,) or numbers.dtype.kind not in "iu":
        raise InvalidTiltInputError(f"{name} must hold one whole number per candidate")
    return numbers.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen list: positions in the shortlist, c_u, and the utility of it and of the untilted list."""

    positions: Positions
    guard_part: float
    utility: float
    untilted_utility: float


def choose(shortlist: Shortlist, tilt: Floats, weights: Floats, guard: float, max_per_seller: int | None) -> Choice:
    """Sort by relevance + c tilt with the largest c in [0, 1] that keeps the guard, then use up what that leaves.

    Parameters
    ----------
    tilt : float64 (m,)
        Multiplier terms of each candidate, in units of relevance.
    weights : float64 (n,)
        v of the places of the list.
    guard : float
        rho: the list keeps at least rho of the untilted utility.
    max_per_seller : int or None
        Most candidates of one seller in the list.
    """
    relevance, n = shortlist.relevance, weights.size
    untilted = _top(relevance, n, shortlist.seller, max_per_seller)
    most = float(relevance[untilted] @ weights[: untilted.size])
    positions = _top(relevance + tilt, n, shortlist.seller, max_per_seller)
    utility = float(relevance[positions] @ weights[: positions.size])
    least = guard * most * (1 - ROUNDING)
    if utility >= least:
        return Choice(positions, 1.0, utility, most)
    near = _reachable(relevance, tilt, n) if max_per_seller is None else np.arange(relevance.size)
    sellers = None if shortlist.seller is None else shortlist.seller[near]
    low, high, positions, utility = 0.0, 1.0, untilted, most
    for _ in range(GUARD_HALVINGS):
        middle = (low + high) / 2
        found = near[_top(relevance[near] + middle * tilt[near], n, sellers, max_per_seller)]
        reached = float(relevance[found] @ weights[: found.size])
        if reached >= least:
            low, positions, utility = middle, found, reached
        else:
            high = middle
    if max_per_seller is None:
        positions, utility = _with_slack_spent(shortlist, positions, utility, tilt, weights, guard * most)
    return Choice(positions, low, utility, most)


def _with_slack_spent(
    shortlist: Shortlist, positions: Positions, utility: float, tilt: Floats, weights: Floats, least: float
) -> tuple[Positions, float]:
    """Exchange goods or places for more tilt while the guard holds; of all lists on the way take the most worth."""
    numbers = np.arange(shortlist.relevance.size, dtype=np.int32)
    rows = Shortlists(numbers[None], shortlist.relevance[None], shortlist.benefit[None], weights)
    worth = utility + float(tilt[positions] @ weights[: positions.size])
    for (changed,) in spend_slack(rows, positions[None], tilt[None], np.array([least])):
        kept = float(shortlist.relevance[changed] @ weights[: changed.size])
        reached = kept + float(tilt[changed] @ weights[: changed.size])
        if reached > worth:
            positions, utility, worth = changed, kept, reached
    return positions, utility


def _top(score: Floats, n: int, seller: NDArray[np.int64] | None, max_per_seller: int | None) -> Positions:
    """Return the n best, best first; with a limit per seller take greedily, which is exact for a partition matroid."""
    if max_per_seller is None or seller is None:
        if score.size > 4 * n:
            near = np.sort(np.argpartition(-score, n - 1)[:n])
            return np.asarray(near[np.argsort(-score[near], kind="stable")])
        return np.asarray(np.argsort(-score, kind="stable")[:n])
    taken: list[int] = []
    count: Counter[int] = Counter()
    order = np.argsort(-score, kind="stable")
    for position, one in zip(order.tolist(), seller[order].tolist(), strict=True):
        if count[one] < max_per_seller:
            count[one] += 1
            taken.append(position)
            if len(taken) == n:
                break
    return np.asarray(taken, dtype=np.intp)


def _reachable(relevance: Floats, tilt: Floats, n: int) -> Positions:
    """Keep the candidates some c in [0, 1] can show: the others are below the n-th best of every mixture."""
    if relevance.size <= 4 * n:
        return np.arange(relevance.size)
    tilted = relevance + tilt
    worst = np.minimum(relevance, tilted)
    threshold = np.partition(worst, worst.size - n)[worst.size - n]
    return np.flatnonzero(np.maximum(relevance, tilted) >= threshold)
