"""The cheapest lists for an exposure share, a sales share or both: one or two multipliers, found by halving.

The Lagrangian of "most utility such that the shares are met" separates into one sort per consumer (see
`recommender.rays`). One target is one ray, and its share rises with r, so halving finds the multiplier. Two targets
are a fan of rays between "exposure only" and "sales only"; the angle at which both are just met is halved in turn.
Lists that differ between the two ends of the last interval are the marginal ones: exchanging them one by one lands on
the target.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from recommender.rays import HALVINGS, Lists, Ray, Targets
from recommender.shortlists import Floats, Shortlists
from recommender.targets import SHARE_ROUNDING

# Golden sections of the dual; fifty shrink the interval by ten orders of magnitude.
GOLDEN_SECTIONS = 50
# Turns of the fan; each halves the angle between the two targets.
TURNS = 24
# Differences of benefit below this are not told apart when the longest useful multiplier is sought.
SMALLEST_BENEFIT_STEP = 1e-6


@dataclass(frozen=True, slots=True)
class ShareSolution:
    """Lists, their multipliers and the certificate.

    Attributes
    ----------
    lists : Lists
    exposure_multiplier : float
        lambda, in units of relevance: what one more unit of exposure share costs.
    sales_multiplier : float
        alpha, a pure number.
    cap : float64 (n_users,)
        c_u in [0, 1], the part of the multipliers the guard leaves to each consumer.
    utility_bound : float
        No lists, randomised or not, that reach the same shares and keep the guard have more weighted utility.
    """

    lists: Lists
    exposure_multiplier: float
    sales_multiplier: float
    cap: Floats
    utility_bound: float


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where a search along a ray ended: lists just short of the targets (`low`) and just past them (`high`)."""

    ray: Ray
    low: float
    high: float
    short: Lists
    met: Lists
    surplus: tuple[float, float]

    @property
    def is_met(self) -> bool:
        return min(self.surplus) >= -SHARE_ROUNDING


def solve_shares(
    shortlists: Shortlists, targets: Targets, untilted: Lists, guard: float, consumer_weights: Floats
) -> ShareSolution:
    """Find the lists of most utility that meet both share targets, or come nearest to them.

    Parameters
    ----------
    shortlists : Shortlists
    targets : Targets
    untilted : Lists
        The lists by relevance alone.
    guard : float
        rho: every consumer keeps at least this part of its untilted utility.
    consumer_weights : float64 (n_users,)
        a_u > 0, what a unit of a consumer's utility counts.
    """
    least = guard * untilted.utility
    stop = _best_stop(shortlists, targets, least, consumer_weights)
    lists = _exchange_marginal_lists(stop, shortlists)
    surplus = targets.surplus(lists, shortlists.exposure)
    bound = _bound(stop, surplus)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(stop.high > 0, np.minimum(1.0, stop.ray.cap / stop.high), 1.0)
    return ShareSolution(
        lists,
        stop.high * stop.ray.exposure_weight,
        stop.high * stop.ray.sales_weight,
        part,
        max(bound, float(consumer_weights @ lists.utility)),
    )


def _best_stop(shortlists: Shortlists, targets: Targets, least: Floats, consumer_weights: Floats) -> _Stop:
    """Turn between the exposure ray and the sales ray until both targets are just met."""
    exposure_only, sales_only = 0.0, math.pi / 2
    if not targets.sales:
        return _search(_ray(shortlists, targets, least, consumer_weights, exposure_only))
    first = _search(_ray(shortlists, targets, least, consumer_weights, sales_only))
    if not targets.exposure or first.surplus[0] >= -SHARE_ROUNDING:
        return first
    last = _search(_ray(shortlists, targets, least, consumer_weights, exposure_only))
    if last.surplus[1] >= -SHARE_ROUNDING:
        return last
    low, high = exposure_only, sales_only
    best = max(first, last, key=_merit)
    for _ in range(TURNS):
        angle = (low + high) / 2
        stop = _search(_ray(shortlists, targets, least, consumer_weights, angle))
        best = max(best, stop, key=_merit)
        if stop.surplus[0] > stop.surplus[1]:
            low = angle
        else:
            high = angle
    return best


def _merit(stop: _Stop) -> tuple[float, float]:
    """Order stops: the least shortfall first, then the most utility."""
    return min(0.0, min(stop.surplus) + SHARE_ROUNDING), float(stop.ray.consumer_weights @ stop.met.utility)


def _ray(shortlists: Shortlists, targets: Targets, least: Floats, consumer_weights: Floats, angle: float) -> Ray:
    """Point a ray between exposure (angle 0) and sales (angle pi / 2) and end it where no useful change is left."""
    scale = float(np.abs(shortlists.relevance).mean()) or 1.0
    exposure_weight, sales_weight = math.cos(angle) * scale, math.sin(angle)
    if angle == math.pi / 2:
        exposure_weight = 0.0
    longest = math.inf
    if exposure_weight:
        longest = _longest_multiplier(shortlists) / exposure_weight
    if sales_weight:
        # Beyond alpha = 1 / tau_s a *less* relevant good without benefit would be preferred to a better one.
        longest = min(longest, 1 / (targets.sales * sales_weight))
    longest *= float(consumer_weights.max())
    return Ray(shortlists, exposure_weight, sales_weight, targets, longest, least, consumer_weights)


def _longest_multiplier(shortlists: Shortlists) -> float:
    """Return a lambda past which benefit alone decides the order."""
    levels = np.unique(shortlists.benefit)
    step = max(float(np.diff(levels).min()), SMALLEST_BENEFIT_STEP) if levels.size > 1 else 1.0
    spread = float(np.ptp(shortlists.relevance))
    return 2 * (spread or 1.0) / step


def _search(ray: Ray) -> _Stop:
    """Halve r between lists that fall short and lists that meet the targets the ray has a weight for.

    A ray of one target is stopped by that target alone: the other may already hold, and if it does not, more of the
    same price is not the cheapest way to it.
    """
    exposure = ray.shortlists.exposure
    short = ray.at(0.0)
    surplus = ray.targets.surplus(short, exposure)
    if _decisive(ray, surplus) >= 0:
        return _Stop(ray, 0.0, 0.0, short, short, surplus)
    low, high = 0.0, min(1.0, ray.longest)
    met = ray.at(high)
    surplus = ray.targets.surplus(met, exposure)
    while _decisive(ray, surplus) < 0 and high < ray.longest:
        low, short = high, met
        high = min(4 * high, ray.longest)
        met = ray.at(high)
        surplus = ray.targets.surplus(met, exposure)
    if _decisive(ray, surplus) < 0:
        return _Stop(ray, high, high, met, met, surplus)
    for _ in range(HALVINGS):
        if (short.slots != met.slots).any(axis=1).sum() <= 1:
            break
        middle = (low + high) / 2
        lists = ray.at(middle)
        found = ray.targets.surplus(lists, exposure)
        if _decisive(ray, found) >= 0:
            high, met, surplus = middle, lists, found
        else:
            low, short = middle, lists
    return _Stop(ray, low, high, short, met, surplus)


def _decisive(ray: Ray, surplus: tuple[float, float]) -> float:
    """Return the least surplus among the targets that this ray pays for."""
    weights = (ray.exposure_weight, ray.sales_weight)
    return min(one for one, weight in zip(surplus, weights, strict=True) if weight)


def _exchange_marginal_lists(stop: _Stop, shortlists: Shortlists) -> Lists:
    """Start from the lists that fall short and exchange as few as needed, the cheapest gain first."""
    differs = (stop.short.slots != stop.met.slots).any(axis=1)
    if not stop.is_met or not differs.any():
        return stop.met
    users = np.flatnonzero(differs)
    gain = (stop.met.exposed - stop.short.exposed)[users]
    loss = (stop.ray.consumer_weights * (stop.short.utility - stop.met.utility))[users]
    users = users[np.argsort(loss / np.maximum(gain, np.finfo(float).tiny), kind="stable")]
    low, high = 0, users.size
    takes = np.zeros(differs.size, dtype=bool)
    while low < high:
        middle = (low + high) // 2
        takes[:] = False
        takes[users[:middle]] = True
        if min(stop.ray.targets.surplus(stop.short.mixed_with(stop.met, takes), shortlists.exposure)) >= 0:
            high = middle
        else:
            low = middle + 1
    takes[:] = False
    takes[users[:high]] = True
    return stop.short.mixed_with(stop.met, takes)


def _bound(stop: _Stop, surplus: tuple[float, float]) -> float:
    """Minimise the dual along the final ray; for targets out of reach, bound the point that was reached instead."""
    ray, reach = stop.ray, stop.high
    if min(surplus) < -SHARE_ROUNDING:
        reached = Targets(ray.targets.exposure + min(0.0, surplus[0]), ray.targets.sales + min(0.0, surplus[1]))
        # A smaller sales share lets its multiplier grow larger before it turns against relevance.
        stretch = ray.targets.sales / reached.sales if reached.sales > 0 else 1.0
        ray, reach = replace(ray, targets=reached, longest=ray.longest * stretch), reach * stretch
    if reach == 0:
        return ray.dual_bound(0.0)
    far = reach / (1 + reach)
    lowest = _least_value(lambda x: ray.dual_bound(x / (1 - x)), 0.0, far)
    return min(lowest, ray.dual_bound(stop.low), ray.dual_bound(stop.high))


def _least_value(convex: Callable[[float], float], low: float, high: float) -> float:
    """Return the least value of a convex function found by golden sections; any value seen is a valid bound."""
    golden = (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = convex(left), convex(right)
    least = min(at_left, at_right)
    for _ in range(GOLDEN_SECTIONS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = convex(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = convex(right)
        least = min(least, at_left, at_right)
    return least
