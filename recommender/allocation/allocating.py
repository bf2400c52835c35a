"""``allocate``: from a problem and a policy to a plan in whole grams, what it costs, and how far it is from the best."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import numpy as np

from recommender.allocation.exact import solve_exactly
from recommender.allocation.grams import settle_share, share_of, whole_grams
from recommender.allocation.problem import AllocationPolicy, AllocationProblem, Floats, InvalidAllocationError, Numbers
from recommender.allocation.relaxing import Part, Relaxed, ready, relax
from recommender.allocation.rounding import polished, round_parts
from recommender.allocation.rows import GRAMS_PER_KG, first_parts, switches
from recommender.allocation.solving import Clock, OutOfTimeError

# Up to so many households of demands the best plan is proved; beyond, the rounding is measured against the relaxed plan.
_EXACT_SWITCHES = 60
_MORE_PRICE = 1.25
_MOST_REPAIRS = 10


class Unmet(enum.StrEnum):
    """Why grams of a demand are not served."""

    NO_SUPPLY = "no_supply"
    NOT_WORTH_BRINGING = "not_worth_bringing"
    SUPPLY_TAKEN = "supply_taken"
    TOO_FEW_HOUSEHOLDS = "too_few_households"
    LEAST_LOT = "least_lot"
    KEPT_FOR_SHARE = "kept_for_share"


@dataclass(frozen=True, slots=True)
class Allocation:
    """A plan, and how it was come by. All figures are of the whole plan.

    Attributes
    ----------
    grams : (P,) int64
        What each pair of the problem brings, in whole grams.
    unmet_g, reasons : (D,)
        What of each demand is not served, and the main reason; None where all is.
    surplus_fen, value_fen, registered_share : float
        Worth beyond price and transport; the goods' price; the registered part of that price.
    share_asked, share_attainable : float, float or None
        What the policy asked for; the greatest share there is, where that is less.
    tilt_price : float
        What a further fen of registered value costs in fen of surplus at this plan (the dual of the share's row).
    untilted_surplus_fen, untilted_share : float
        The same for the plan without the policy.
    bound_fen, gap : float
        No plan that meets the policy is worth more; how far this one is below it, as a part of the bound. Both count the reward
        for spread.
    proved : bool
        Whether the plan was proved to be the best there is.
    in_time : bool
        Whether every step could end; else this is the best plan found until the time was over.
    """

    grams: Numbers
    unmet_g: Numbers
    reasons: tuple[Unmet | None, ...]
    surplus_fen: float
    value_fen: float
    registered_share: float
    share_asked: float
    share_attainable: float | None
    tilt_price: float
    untilted_surplus_fen: float
    untilted_share: float
    bound_fen: float
    gap: float
    proved: bool
    in_time: bool

    @property
    def tilt_cost_fen_kg(self) -> float:
        """What the tilt costs for each kilogram bought, in fen of surplus; 0 where nothing is bought."""
        kilograms = self.grams.sum() / GRAMS_PER_KG
        return max(0.0, self.untilted_surplus_fen - self.surplus_fen) / kilograms if kilograms else 0.0


def allocate(problem: AllocationProblem, policy: AllocationPolicy, time_limit_s: float = 60.0) -> Allocation:
    """Match demands with many households' supplies: fill, then worth, with the policy's share for registered households.

    1. Pairs that are not worth bringing (surplus below 0) are left out.
    2. F is the most that can be filled; a plan keeps ``fill_kept`` of it, so that a share is never met by buying less.
    3. Among such plans the one of greatest surplus (and spread) is sought, with at least the share of value from registered
       households, or with the greatest share that can be had; that is then said.
    4. Least lots and numbers of households are kept: by proof for small problems, by rounding the relaxed plan for large ones.

    Parameters
    ----------
    problem : AllocationProblem
    policy : AllocationPolicy
    time_limit_s : float
        Seconds after which the best plan so far is answered with its gap; above 0.

    Raises
    ------
    InvalidAllocationError
        When the time limit is not above 0.

    Examples
    --------
    A canteen wants 10 kg. A trader has 10 kg at a surplus of 3 yuan a kilogram, a registered household 10 kg at 1 yuan; both
    cost 4 yuan. Half the value from the household costs 2 yuan on each of 5 kg.

    >>> problem = AllocationProblem.of(
    ...     wanted_g=[10_000], capacity_g=[10_000, 10_000], household_number=[0, 1], benefit=[0, 1],
    ...     demand_number=[0, 0], supply_number=[0, 1], price_fen_kg=[400, 400], surplus_fen_kg=[300, 100])
    >>> plan = allocate(problem, AllocationPolicy(registered_share=0.5))
    >>> plan.grams.tolist(), plan.registered_share
    ([5000, 5000], 0.5)
    >>> round(plan.untilted_surplus_fen - plan.surplus_fen), round(plan.tilt_cost_fen_kg), round(plan.tilt_price, 3)
    (1000, 100, 0.5)
    """
    if not time_limit_s > 0:
        raise InvalidAllocationError("time_limit_s must be above 0")
    clock = Clock.of(time_limit_s)
    worth_it = np.flatnonzero(problem.surplus_fen_kg >= 0)
    kept = problem.only(worth_it)
    try:
        parts = ready(kept, policy, clock)
        relaxed, free_kg = relax(kept, policy, parts, clock)
    except OutOfTimeError:
        return _nothing_yet(problem, policy, kept, worth_it)
    if switches(kept).count:
        return _whole(problem, policy, kept, worth_it, parts, relaxed, free_kg, clock)
    grams = _settled(kept, relaxed.x_kg, relaxed)
    return _plan(problem, policy, kept, worth_it, grams, relaxed, whole_grams(kept, free_kg), True, not clock.over)


def _whole(
    problem: AllocationProblem,
    policy: AllocationPolicy,
    kept: AllocationProblem,
    worth_it: Numbers,
    parts: list[Part],
    relaxed: Relaxed,
    free_kg: Floats,
    clock: Clock,
) -> Allocation:
    if switches(kept).count <= _EXACT_SWITCHES:
        try:
            exact = solve_exactly(kept, policy, clock)
        except OutOfTimeError:
            pass
        else:
            shown = replace(
                relaxed,
                bound_fen=exact.bound_fen,
                registered_share=exact.registered_share,
                attainable_share=exact.attainable_share,
            )
            grams = _settled(kept, exact.x_kg, shown)
            return _plan(problem, policy, kept, worth_it, grams, shown, whole_grams(kept, exact.untilted_kg), True, True)
    untilted_kg = round_parts(parts, free_kg, policy, 0.0, 0.0, clock)
    grams = _rounded(kept, policy, parts, relaxed, clock)
    return _plan(problem, policy, kept, worth_it, grams, relaxed, whole_grams(kept, untilted_kg), False, not clock.over)


def _rounded(kept: AllocationProblem, policy: AllocationPolicy, parts: list[Part], relaxed: Relaxed, clock: Clock) -> Numbers:
    """The best rounded plan that has the share; where none has it, the one that comes nearest.

    Rounding misses the share by a little to either side, so the price of registered goods is raised until it is met and then
    halved in between; what is beyond the share is given back over the pairs that were chosen.
    """
    share, low, high, price = relaxed.registered_share, relaxed.price, None, relaxed.price
    best, best_worth, nearest, nearest_share = None, -np.inf, np.zeros(len(kept.demand_number), dtype=np.int64), -1.0
    for _ in range(_MOST_REPAIRS):
        x_kg = round_parts(parts, relaxed.x_kg, policy, price, share, clock)
        grams = _settled(kept, polished(kept, policy, x_kg, share, clock), relaxed)
        reached = share_of(kept, grams)
        if reached > nearest_share:
            nearest, nearest_share = grams, reached
        if reached >= share:
            high = price
            worth = float(kept.surplus_fen_kg @ grams) / GRAMS_PER_KG + _spread(kept, policy, grams / GRAMS_PER_KG)
            if worth > best_worth:
                best, best_worth = grams, worth
        else:
            low = price
        if clock.over or (high is not None and high - low <= 0.02 * high):
            break
        price = max(price * _MORE_PRICE, 1e-3) if high is None else (low + high) / 2
    return nearest if best is None else best


def _settled(kept: AllocationProblem, x_kg: Floats, relaxed: Relaxed) -> Numbers:
    grams = whole_grams(kept, x_kg)
    # The greatest share there is stands at the edge of what can be filled: leaving out grams for its last digit would cross it.
    return grams if relaxed.attainable_share is not None else settle_share(kept, grams, relaxed.registered_share)


def _plan(
    problem: AllocationProblem,
    policy: AllocationPolicy,
    kept: AllocationProblem,
    worth_it: Numbers,
    kept_grams: Numbers,
    relaxed: Relaxed,
    free_grams: Numbers,
    proved: bool,
    in_time: bool,
) -> Allocation:
    grams = np.zeros(len(problem.demand_number), dtype=np.int64)
    grams[worth_it] = kept_grams
    served = np.bincount(problem.demand_number, grams, len(problem.wanted_g)).astype(np.int64)
    unmet = problem.wanted_g - served
    kilograms = kept_grams / GRAMS_PER_KG
    surplus = float(kept.surplus_fen_kg @ kilograms)
    worth = surplus + _spread(kept, policy, kilograms)
    bound = max(relaxed.bound_fen, worth)
    return Allocation(
        grams=grams,
        unmet_g=unmet,
        reasons=_reasons(problem, kept, kept_grams, unmet),
        surplus_fen=surplus,
        value_fen=float(kept.price_fen_kg @ kilograms),
        registered_share=share_of(kept, kept_grams),
        share_asked=policy.registered_share,
        share_attainable=relaxed.attainable_share,
        tilt_price=relaxed.price,
        untilted_surplus_fen=float(kept.surplus_fen_kg @ (free_grams / GRAMS_PER_KG)),
        untilted_share=share_of(kept, free_grams),
        bound_fen=bound,
        gap=(bound - worth) / bound if bound > 0 else 0.0,
        proved=proved,
        in_time=in_time,
    )


def _spread(kept: AllocationProblem, policy: AllocationPolicy, kilograms: Floats) -> float:
    if policy.spread_fen_kg <= 0:
        return 0.0
    sold = np.bincount(kept.pair_household, kept.pair_benefit * kilograms, kept.households)
    first = first_parts(kept, policy, float(kilograms.sum()))
    return policy.spread_fen_kg * float(np.minimum(sold, first).sum())


def _reasons(problem: AllocationProblem, kept: AllocationProblem, grams: Numbers, unmet: Numbers) -> tuple[Unmet | None, ...]:
    """The first reason that holds, from what nobody can change to what the plan has chosen."""
    demands = len(problem.wanted_g)
    any_pair = np.bincount(problem.demand_number, minlength=demands) > 0
    worth_it = np.bincount(kept.demand_number, minlength=demands) > 0
    left = kept.capacity_g - np.bincount(kept.supply_number, grams, len(kept.capacity_g)).astype(np.int64)
    could = np.bincount(kept.demand_number, left[kept.supply_number], demands)
    groups = switches(kept)
    used = np.zeros(demands, dtype=np.int64)
    if groups.count:
        sold = np.bincount(groups.group[groups.group >= 0], grams[groups.group >= 0], groups.count)
        used = np.bincount(groups.demand[sold > 0], minlength=demands)
    full = (kept.most_households > 0) & (used >= kept.most_households)
    lots = np.zeros(demands, dtype=bool)
    lots[np.unique(kept.demand_number[kept.least_lot_g[kept.pair_household] > 0])] = True

    def reason(demand: int) -> Unmet | None:
        if unmet[demand] <= 0:
            return None
        if not any_pair[demand]:
            return Unmet.NO_SUPPLY
        if not worth_it[demand]:
            return Unmet.NOT_WORTH_BRINGING
        if could[demand] < 1:
            return Unmet.SUPPLY_TAKEN
        if full[demand]:
            return Unmet.TOO_FEW_HOUSEHOLDS
        return Unmet.LEAST_LOT if lots[demand] else Unmet.KEPT_FOR_SHARE

    return tuple(reason(demand) for demand in range(demands))


def _nothing_yet(
    problem: AllocationProblem, policy: AllocationPolicy, kept: AllocationProblem, worth_it: Numbers
) -> Allocation:
    """The plan when there was no time for any: buy nothing, and say so; the bound is what all would be worth at best."""
    nothing = np.zeros(len(worth_it), dtype=np.int64)
    most = np.minimum(kept.wanted_g[kept.demand_number], kept.capacity_g[kept.supply_number]) / GRAMS_PER_KG
    bound = float((kept.surplus_fen_kg + policy.spread_fen_kg) @ most)
    relaxed = Relaxed(np.zeros(len(worth_it)), 0.0, bound, 0.0, policy.registered_share, None)
    return _plan(problem, policy, kept, worth_it, nothing, relaxed, nothing, False, False)
