"""Several policies in one list: each keeps its own targets over the goods it covers, and they share one sort.

A good belongs to one policy at most. The Lagrangian of all targets is then the sum of theirs, so with p(i) the policy of
candidate i

    score = s + c_u (alpha_p (b - tau_s,p) s + t_i),   t_i = b_i (lambda_p + mu_h(i)) - tau_p lambda_p + eta_i,

where a policy's multipliers follow what *its* goods received: sum over them of v b >= tau_p sum over them of v. A good of
no policy has t_i = eta_i. One policy that covers every candidate gives the very list of its `TiltController`.

Guarantee: that of `recommender.controller` for each policy by itself, over the exposure of its own goods. The consumer
guard is the strictest of all policies, because each has promised it for the whole list.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender import tally
from recommender.controller import DEFAULT_STEP, TiltController
from recommender.exploring import Exploration, compose
from recommender.policy import InvalidTiltInputError, TiltPolicy
from recommender.request import Shortlist
from recommender.served import TiltedList, books, served_list
from recommender.shortlists import Floats, position_weights_or_default

# The first finds the price from nothing, the last leaves a hundredth of it in doubt.
_SETTLING_STEPS = (DEFAULT_STEP, DEFAULT_STEP / 3, DEFAULT_STEP / 10)


def rank_together(
    controllers: Mapping[int, TiltController],
    policy: ArrayLike,
    relevance: ArrayLike,
    benefit: ArrayLike,
    n: int,
    *,
    seller: ArrayLike | None = None,
    area: ArrayLike | None = None,
    severity: ArrayLike | None = None,
    owed: ArrayLike | None = None,
    max_per_seller: int | None = None,
    least_guard: float = 0.0,
    exploration: float = 0.0,
    explorable: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
) -> TiltedList:
    """Choose and order at most n candidates of one request under several policies. Changes nothing; see `record_together`.

    Parameters
    ----------
    controllers : mapping of int to TiltController
        The controller of each policy by its number. Their own `exploration` and position weights are not used.
    policy : int (m,)
        Number of the policy that covers each candidate; a number without a controller means none.
    relevance, benefit, n, seller, area, severity, owed, max_per_seller, explorable, rng
        As for `TiltController.rank`.
    least_guard : float
        A guard in [0, 1] that holds besides those of the policies.
    exploration : float
        Chance in [0, 1] that the last place goes to another candidate, when no new listing was raised into the list.

    Returns
    -------
    TiltedList
        `parts` holds multipliers and sums for each policy that covers a candidate; `multipliers` and `delta` are those of
        the whole list.

    Raises
    ------
    InvalidTiltInputError
        An array has another shape, a number is out of range, or an array some policy needs is missing.

    Examples
    --------
    Policy 7 asks that half of what is shown of its goods (the first two) is registered, policy 8 asks nothing of the third.
    Its multiplier of .2 makes .5 and .4 into .5 - .2 x .5 = .4 and .4 + .2 x (1 - .5) = .5; the third keeps its .45.

    >>> from recommender import TiltPolicy
    >>> half = TiltController(TiltPolicy(exposure_share=0.5), {"format": 1.0, "start:exposure": 0.2})
    >>> nothing = TiltController(TiltPolicy())
    >>> served = rank_together({7: half, 8: nothing}, [7, 7, 8], [0.5, 0.4, 0.45], [0, 1, 1], 2)
    >>> served.positions.tolist(), served.parts[7].multipliers
    ([1, 2], {'exposure': 0.2})
    >>> served.parts[7].delta["exposure"], round(served.parts[8].delta["exposure"], 2)
    (1.0, 0.63)
    """
    shortlist = Shortlist.checked(relevance, benefit, seller, area, severity, owed)
    covered_by = _checked_coverage(policy, shortlist)
    if not 0 <= least_guard <= 1:
        raise InvalidTiltInputError(f"least_guard must be between 0 and 1, not {least_guard!r}")
    shortlist.check_limit(max_per_seller)
    explore = Exploration.checked(exploration, explorable, rng, shortlist)
    weights = position_weights_or_default(None, n)
    tilt, multipliers = _tilt(controllers, covered_by, shortlist)
    guard = max([least_guard, *(one.policy.consumer_guard for one in controllers.values())])
    composed = compose(shortlist, tilt, weights, guard=guard, max_per_seller=max_per_seller, exploration=explore)
    exposure = weights[: composed.positions.size]
    shown_by = covered_by[composed.positions]
    parts = {
        number: controllers[number].part(
            shortlist, composed.positions[shown_by == number], exposure[shown_by == number], multipliers[number]
        )
        for number in multipliers
    }
    whole = books(TiltPolicy(), shortlist, composed.positions, exposure)
    return served_list(composed, weights, {"guard": composed.choice.guard_part}, whole, parts)


def record_together(controllers: Mapping[int, TiltController], served: TiltedList) -> None:
    """Count a list that was really shown with the controller of each policy that had goods in it."""
    for number, part in served.parts.items():
        controllers[number].add(part.delta)


def tilt_together(
    controllers: Mapping[int, TiltController],
    policy: ArrayLike,
    relevance: ArrayLike,
    benefit: ArrayLike,
    *,
    seller: ArrayLike | None = None,
    area: ArrayLike | None = None,
    severity: ArrayLike | None = None,
) -> tuple[Floats, dict[int, dict[str, float]]]:
    """Return the tilt of each candidate before the guard, float64 (m,), and the multipliers behind it, by policy.

    Relevance plus tilt is the order of a list that has no reader. Parameters and errors are those of `rank_together`.

    Examples
    --------
    >>> from recommender import TiltPolicy
    >>> half = TiltController(TiltPolicy(exposure_share=0.5), {"format": 1.0, "start:exposure": 0.2})
    >>> tilt, multipliers = tilt_together({7: half}, [7, 7, 0], [0.5, 0.4, 0.45], [0, 1, 1])
    >>> tilt.tolist(), multipliers
    ([-0.1, 0.1, 0.0], {7: {'exposure': 0.2}})
    """
    shortlist = Shortlist.checked(relevance, benefit, seller, area, severity)
    return _tilt(controllers, _checked_coverage(policy, shortlist), shortlist)


def settle_together(
    policies: Mapping[int, TiltPolicy],
    policy: ArrayLike,
    relevance: ArrayLike,
    benefit: ArrayLike,
    n: int,
    *,
    lists: int = 400,
) -> dict[int, tally.State]:
    """Serve sample consumers in turn until the multipliers settle; return for each policy the state that begins with them.

    The online rule is run over the sample in three rounds with falling steps; the multipliers returned are their means over
    the last, when they hardly move about the prices at which the lists as a whole keep the policies.

    Parameters
    ----------
    policies : mapping of int to TiltPolicy
        By policy number; without household floors, which begin without a price.
    policy : int (n_items,)
        Number of the policy that covers each item.
    relevance : (n_users, n_items)
    benefit : (n_items,)
    n : int
        Length of a list.
    lists : int
        How many lists are served in each round.

    Examples
    --------
    Half of two places must be registered and is already: no price is needed.

    >>> from recommender import TiltPolicy
    >>> settle_together({7: TiltPolicy(exposure_share=0.5)}, [7, 7], [[0.2, 0.5]], [0, 1], 2, lists=10)
    {7: {'format': 1.0, 'start:exposure': 0.0}}
    """
    rows, benefits, covered_by = np.asarray(relevance), np.asarray(benefit, dtype=np.float64), np.asarray(policy)
    if rows.ndim != 2 or not rows.size or lists < 1:
        raise InvalidTiltInputError("settling needs relevance per consumer and item, and at least one list")
    near = [_worth_ranking(row, benefits, n) for row in rows[: min(lists, len(rows))]]
    states: dict[int, tally.State] = {number: {tally.FORMAT: tally.FORMAT_NUMBER} for number in policies}
    for step in _SETTLING_STEPS:
        controllers = {number: TiltController(one, states[number], step=step) for number, one in policies.items()}
        means = {number: dict.fromkeys(one.multipliers(), 0.0) for number, one in controllers.items()}
        for turn in range(lists):
            user = turn % len(near)
            items = near[user]
            served = rank_together(controllers, covered_by[items], rows[user, items], benefits[items], n)
            record_together(controllers, served)
            for number, one in controllers.items():
                for name, price in one.multipliers().items():
                    means[number][name] += price / lists
        states = {number: one.next_period() for number, one in controllers.items()}
    return {
        number: {tally.FORMAT: tally.FORMAT_NUMBER, **{f"start:{name}": price for name, price in prices.items()}}
        for number, prices in means.items()
    }


def _worth_ranking(relevance: NDArray[np.floating], benefit: Floats, n: int) -> NDArray[np.intp]:
    """Keep the best by relevance and the best registered: others stand in no list."""
    order = np.argsort(-relevance, kind="stable")
    registered = order[benefit[order] > 0]
    return np.unique(np.concatenate([order[: 10 * n], registered[: 5 * n]]))


def _checked_coverage(policy: ArrayLike, shortlist: Shortlist) -> NDArray[np.integer]:
    covered_by = np.asarray(policy)
    if covered_by.shape != shortlist.relevance.shape or covered_by.dtype.kind not in "iu":
        raise InvalidTiltInputError("policy must hold one whole number per candidate")
    return covered_by


def _tilt(
    controllers: Mapping[int, TiltController], covered_by: NDArray[np.integer], shortlist: Shortlist
) -> tuple[Floats, dict[int, dict[str, float]]]:
    """Let each policy with a controller tilt the candidates it covers."""
    tilt, multipliers = np.zeros(shortlist.relevance.size), {}
    for number in np.unique(covered_by).tolist():
        if number in controllers:
            places = np.flatnonzero(covered_by == number)
            covered = shortlist if places.size == covered_by.size else shortlist.part(places)
            controllers[number].check_needs(covered)
            tilt[places], multipliers[number] = controllers[number].tilt(covered, alone=covered is shortlist)
    return tilt, multipliers
