"""What each share of registered value would cost: the plans between the untilted one and the most that can be had.

A plan that meets a share meets every lower one too. So at each share the best plan is sought among all that were found, and the
share never falls nor does the worth ever rise along the curve, however the least lots were rounded.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from recommender.allocation.allocating import Allocation, allocate
from recommender.allocation.problem import AllocationPolicy, AllocationProblem, InvalidAllocationError
from recommender.allocation.rows import GRAMS_PER_KG


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """A plan on the curve, and what it costs beside the untilted one.

    Attributes
    ----------
    plan : Allocation
    worth_fen : float
        Its surplus and the reward for spread.
    cost_fen : float
        What the plan without a share is worth more, at least 0.
    cost_fen_kg : float
        The same for each kilogram that the plan without a share buys; 0 where that buys nothing.
    """

    plan: Allocation
    worth_fen: float
    cost_fen: float
    cost_fen_kg: float


def frontier(
    problem: AllocationProblem, policy: AllocationPolicy, *, points: int = 9, time_limit_s: float = 60.0
) -> tuple[FrontierPoint, ...]:
    """Draw the curve of registered share against worth, from the untilted plan to the greatest share there is.

    The shares between lie evenly; the policy's own is always among them, where it can be had. Points of which another one has
    at least the share and at least the worth are left out, so what is left is the Pareto curve of all plans that were found.

    Parameters
    ----------
    problem : AllocationProblem
    policy : AllocationPolicy
    points : int
        How many shares are tried at most besides the policy's own; at least 2.
    time_limit_s : float
        Seconds for all plans together; shares that do not fit into them are left out, and a plan says if it was cut short.

    Returns
    -------
    tuple of FrontierPoint
        By rising share and falling worth, both strictly; never empty.

    Raises
    ------
    InvalidAllocationError
        For fewer than two points, or a time limit that is not above 0.

    Examples
    --------
    A canteen wants 10 kg. A trader's goods are worth 3 yuan a kilogram to it, a registered household's 1 yuan; each has 10 kg,
    and both cost 4 yuan. Each kilogram that moves to the household costs 2 yuan.

    >>> problem = AllocationProblem.of(
    ...     wanted_g=[10_000], capacity_g=[10_000, 10_000], household_number=[0, 1], benefit=[0, 1],
    ...     demand_number=[0, 0], supply_number=[0, 1], price_fen_kg=[400, 400], surplus_fen_kg=[300, 100])
    >>> curve = frontier(problem, AllocationPolicy(registered_share=0.5), points=2)
    >>> [(round(point.plan.registered_share, 2), round(point.cost_fen), round(point.cost_fen_kg)) for point in curve]
    [(0.0, 0, 0), (0.5, 1000, 100), (1.0, 2000, 200)]
    """
    if points < 2:
        raise InvalidAllocationError("points must be at least 2")
    if not time_limit_s > 0:
        raise InvalidAllocationError("time_limit_s must be above 0")
    ends_at = time.monotonic() + time_limit_s

    def plan_for(share: float, plans_left: int) -> Allocation:
        left = (ends_at - time.monotonic()) / max(1, plans_left)
        return allocate(problem, replace(policy, registered_share=share), time_limit_s=max(0.05, left))

    plans = [plan_for(0.0, points + 1), plan_for(1.0, points)]
    least, most = plans[0].registered_share, plans[1].registered_share
    shares = [float(share) for share in np.linspace(least, most, points)[1:-1]]
    if least < policy.registered_share <= most:
        shares.append(policy.registered_share)
    for done, share in enumerate(sorted(shares)):
        if time.monotonic() >= ends_at:
            break
        plans.append(plan_for(share, len(shares) - done))
    return _curve(plans)


def worth_of(plan: Allocation) -> float:
    """What a plan is worth with the reward for spread, in fen: ``bound (1 - gap)``."""
    return plan.bound_fen * (1 - plan.gap)


def _curve(plans: list[Allocation]) -> tuple[FrontierPoint, ...]:
    # From the greatest share down, a plan stays where it is worth more than every plan of a greater share.
    kept: list[Allocation] = []
    for plan in sorted(plans, key=lambda plan: (-plan.registered_share, -worth_of(plan))):
        if not kept or (worth_of(plan) > worth_of(kept[-1]) and plan.registered_share < kept[-1].registered_share):
            kept.append(plan)
    kept.reverse()
    free, kilograms = worth_of(kept[0]), kept[0].grams.sum() / GRAMS_PER_KG
    points = []
    for plan in kept:
        cost = free - worth_of(plan)
        points.append(FrontierPoint(plan, worth_of(plan), cost, cost / kilograms if kilograms else 0.0))
    return tuple(points)
