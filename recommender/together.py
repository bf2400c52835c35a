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
from numpy.typing import ArrayLike

from recommender.controller import TiltController
from recommender.exploring import Exploration, compose
from recommender.policy import InvalidTiltInputError, TiltPolicy
from recommender.request import Shortlist
from recommender.served import TiltedList, books, served_list
from recommender.shortlists import position_weights_or_default


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
    covered_by = np.asarray(policy)
    if covered_by.shape != shortlist.relevance.shape or covered_by.dtype.kind not in "iu":
        raise InvalidTiltInputError("policy must hold one whole number per candidate")
    if not 0 <= least_guard <= 1:
        raise InvalidTiltInputError(f"least_guard must be between 0 and 1, not {least_guard!r}")
    shortlist.check_limit(max_per_seller)
    explore = Exploration.checked(exploration, explorable, rng, shortlist)
    weights = position_weights_or_default(None, n)
    tilt, multipliers = np.zeros(shortlist.relevance.size), {}
    for number in np.unique(covered_by).tolist():
        if number in controllers:
            places = np.flatnonzero(covered_by == number)
            covered = shortlist if places.size == covered_by.size else shortlist.part(places)
            controllers[number].check_needs(covered)
            tilt[places], multipliers[number] = controllers[number].tilt(covered, alone=covered is shortlist)
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
