"""What is known of a list that is served: its places, its books, and what each policy had to do with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from recommender import tally
from recommender.exploring import Composed
from recommender.policy import TiltPolicy
from recommender.prices import sums_by
from recommender.request import Positions, Shortlist
from recommender.shortlists import Floats


@dataclass(frozen=True, slots=True)
class PolicyPart:
    """What one of several policies had to do with a list.

    Attributes
    ----------
    multipliers : dict
        Its own, named as in `TiltedList`.
    delta : dict
        Its sums over the shown goods that it covers; empty when none was shown.
    """

    multipliers: dict[str, float]
    delta: tally.State


@dataclass(frozen=True, slots=True)
class TiltedList:
    """One served list and all that has to be logged about it.

    Attributes
    ----------
    positions : intp (k,)
        Indices into the shortlist, best first; k <= n.
    exposure : float64 (k,)
        v of each place.
    propensity : float64 (k,)
        Probability that the place shows this candidate, given the request and the multipliers.
    registered_exposure, expected_sales, registered_sales : float
        Sums of v b, v s and v s b.
    kept_utility : float
        Expected sales over those of the untilted list; 1 where those are 0.
    multipliers : dict
        ``exposure`` (lambda), ``sales`` (alpha), ``guard`` (c_u); with areas ``area:<number>`` each, with floors
        ``household:<number>`` for the households shown.
        ``new_listing`` (eta) where a new listing was raised. Empty but for ``guard`` and ``new_listing`` when several
        policies shared the list.
    delta : dict
        What `TiltController.record` adds to the sums.
    new_place : int or None
        Place of the list, from 0, that a new listing has by its price or by chance.
    parts : dict of int to PolicyPart
        The same for each policy by its number, when several shared the list.
    """

    positions: Positions
    exposure: Floats
    propensity: Floats
    registered_exposure: float
    expected_sales: float
    registered_sales: float
    kept_utility: float
    multipliers: dict[str, float]
    delta: tally.State
    new_place: int | None = None
    parts: dict[int, PolicyPart] = field(default_factory=dict)


def books(policy: TiltPolicy, shortlist: Shortlist, positions: Positions, exposure: Floats) -> tally.State:
    """Sum up shown candidates (`positions`, each with its `exposure`) by the names of `recommender.tally`."""
    exposed = exposure * shortlist.benefit[positions]
    bought = exposure * shortlist.relevance[positions]
    delta: tally.State = {
        tally.REQUESTS: 1.0,
        tally.EXPOSURE: float(exposure.sum()),
        tally.REGISTERED_EXPOSURE: float(exposed.sum()),
        tally.EXPECTED_SALES: float(bought.sum()),
        tally.REGISTERED_SALES: float(bought @ shortlist.benefit[positions]),
    }
    if policy.per_area and shortlist.area is not None:
        shown = shortlist.area[positions]
        delta |= {tally.area_exposure(one): value for one, value in sums_by(shown, exposure).items()}
        delta |= {tally.area_registered(one): value for one, value in sums_by(shown, exposed).items()}
    if policy.household_floor and shortlist.seller is not None:
        helped = exposed > 0
        by_seller = sums_by(shortlist.seller[positions[helped]], exposed[helped])
        delta |= {tally.household_registered(one): value for one, value in by_seller.items()}
    return delta


def served_list(
    composed: Composed,
    weights: Floats,
    multipliers: dict[str, float],
    delta: tally.State,
    parts: dict[int, PolicyPart] | None = None,
) -> TiltedList:
    """Put a composed list and its books together."""
    if composed.new_listing:
        multipliers["new_listing"] = composed.new_listing
    utility, untilted = delta[tally.EXPECTED_SALES], composed.choice.untilted_utility
    return TiltedList(
        positions=composed.positions,
        exposure=weights[: composed.positions.size],
        propensity=composed.propensity,
        registered_exposure=delta[tally.REGISTERED_EXPOSURE],
        expected_sales=utility,
        registered_sales=delta[tally.REGISTERED_SALES],
        kept_utility=utility / untilted if untilted > 0 else 1.0,
        multipliers=multipliers,
        delta=delta,
        new_place=composed.new_place,
        parts=parts or {},
    )
