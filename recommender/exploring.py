"""The one place of a list that a new listing may have: by its price while it is owed exposure, or else by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.policy import InvalidTiltInputError
from recommender.rays import ROUNDING
from recommender.request import HIGHEST_MULTIPLIER, Choice, Positions, Shortlist, choose
from recommender.shortlists import Floats

# Change of eta per unit of owed exposure, as for household floors: both see few lists each.
NEW_LISTING_STEP = 0.3


def check_chance(chance: float) -> None:
    """Refuse what is no probability."""
    if not 0 <= chance <= 1:
        raise InvalidTiltInputError(f"exploration must be between 0 and 1, not {chance!r}")


@dataclass(frozen=True, slots=True)
class Exploration:
    """How new listings are tried in the last place.

    Attributes
    ----------
    chance : float
        Probability in [0, 1] that the last place is given away.
    explorable : bool (m,) or None
        Candidates it may be given to; all when None.
    rng : numpy Generator or None
        Needed when there is a chance.
    """

    chance: float
    explorable: NDArray[np.bool_] | None
    rng: np.random.Generator | None

    @classmethod
    def checked(
        cls, chance: float, explorable: ArrayLike | None, rng: np.random.Generator | None, shortlist: Shortlist
    ) -> Exploration:
        """Refuse a chance that is none, one without a generator, and a mask that does not fit the candidates."""
        check_chance(chance)
        if chance and rng is None:
            raise InvalidTiltInputError("a controller that explores needs a random generator")
        mask = None if explorable is None else np.asarray(explorable)
        if mask is not None and (mask.dtype != np.bool_ or mask.shape != shortlist.relevance.shape):
            raise InvalidTiltInputError("explorable must hold one truth value per candidate")
        return cls(chance, mask, rng)


@dataclass(frozen=True, slots=True)
class Composed:
    """The list of a request.

    Attributes
    ----------
    choice : Choice
        What was chosen before exploration.
    positions : intp (k,)
        What is shown.
    propensity : float64 (k,)
        Probability that each place shows what it shows, given the request and the multipliers.
    new_listing : float
        eta of the one listing that was raised because it is new; 0 when none was.
    new_place : int or None
        Place of the list that a new listing has by its price or by chance.
    """

    choice: Choice
    positions: Positions
    propensity: Floats
    new_listing: float
    new_place: int | None


def compose(
    shortlist: Shortlist,
    tilt: Floats,
    weights: Floats,
    *,
    guard: float,
    max_per_seller: int | None,
    exploration: Exploration,
) -> Composed:
    """Choose the list and give at most one place of it to a new listing: by its price, or else now and then by chance."""
    raised, price = _most_wanted_new_listing(shortlist, tilt, weights.size)
    if price:
        tilt = tilt.copy()
        tilt[raised] += price
    choice = choose(shortlist, tilt, weights, guard, max_per_seller)
    raised_at = np.flatnonzero(choice.positions == raised) if price else np.empty(0, dtype=np.intp)
    if raised_at.size or not exploration.chance or exploration.rng is None:
        place = int(raised_at[0]) if raised_at.size else None
        return Composed(choice, choice.positions, np.ones(choice.positions.size), price, place)
    positions, propensity = explore_last_place(
        shortlist,
        choice,
        weights,
        chance=exploration.chance,
        guard=guard,
        explorable=exploration.explorable,
        max_per_seller=max_per_seller,
        rng=exploration.rng,
    )
    last = positions.size - 1
    return Composed(choice, positions, propensity, price, last if positions[last] != choice.positions[last] else None)


def _most_wanted_new_listing(shortlist: Shortlist, tilt: Floats, n: int) -> tuple[int, float]:
    """Return the owed listing with the best score and its price, eta = clip(step x typical relevance x owed, 0, highest).

    Typical relevance is the mean over the untilted list of this request, so that consumers who buy much and consumers who
    buy little give the same part of their list. Only one listing is raised: a list full of unknown goods helps nobody.
    """
    if shortlist.owed is None or not shortlist.owed.any():
        return 0, 0.0
    relevance = shortlist.relevance
    best = relevance if relevance.size <= n else np.partition(relevance, relevance.size - n)[-n:]
    price = np.minimum(NEW_LISTING_STEP * float(best.mean()) * shortlist.owed, HIGHEST_MULTIPLIER)
    raised = int(np.argmax(np.where(price > 0, relevance + tilt + price, -np.inf)))
    return raised, float(price[raised])


def explore_last_place(
    shortlist: Shortlist,
    choice: Choice,
    weights: Floats,
    *,
    chance: float,
    guard: float,
    explorable: NDArray[np.bool_] | None,
    max_per_seller: int | None,
    rng: np.random.Generator,
) -> tuple[Positions, Floats]:
    """With some chance give the last place to another candidate, all alike likely; return places and propensities.

    The propensity of a place is the probability that it shows what it shows, given the request. Only the last place
    is ever at stake, and only for candidates that keep the guard and the seller limit, so the cost is bounded.
    """
    positions = choice.positions.copy()
    propensity = np.ones(positions.size)
    pool = _exploration_pool(shortlist, choice, weights, guard, explorable, max_per_seller)
    if chance <= 0 or not pool.size:
        return positions, propensity
    if rng.random() < chance:
        positions[-1] = pool[rng.integers(pool.size)]
        propensity[-1] = chance / pool.size
    else:
        propensity[-1] = 1 - chance
    return positions, propensity


def _exploration_pool(
    shortlist: Shortlist,
    choice: Choice,
    weights: Floats,
    guard: float,
    explorable: NDArray[np.bool_] | None,
    max_per_seller: int | None,
) -> Positions:
    last = choice.positions[-1]
    allowed = np.ones(shortlist.relevance.size, dtype=bool) if explorable is None else explorable.copy()
    allowed[choice.positions] = False
    lost = weights[choice.positions.size - 1] * (shortlist.relevance[last] - shortlist.relevance)
    allowed &= choice.utility - lost >= guard * choice.untilted_utility * (1 - ROUNDING)
    if max_per_seller is not None and shortlist.seller is not None:
        sellers, counts = np.unique(shortlist.seller[choice.positions[:-1]], return_counts=True)
        allowed &= ~np.isin(shortlist.seller, sellers[counts >= max_per_seller])
    return np.flatnonzero(allowed)
