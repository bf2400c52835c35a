"""Lists for many consumers at once, tilted to a policy at the least loss of utility, with a certificate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.consumer_weights import checked_consumer_weights
from recommender.passes import solve_by_passes
from recommender.policy import TiltPolicy
from recommender.rays import Lists, Targets, best_lists
from recommender.reach import missed_target
from recommender.share_duals import solve_shares
from recommender.shortlists import Floats, Shortlists, build_shortlists, position_weights_or_default
from recommender.structure import structure_of
from recommender.targets import SHARE_ROUNDING, UnmetTarget


@dataclass(frozen=True, slots=True)
class Multipliers:
    """The prices that produce the lists: score = s + c_u / a_u (alpha (b - tau_s) s + b (lambda + mu) - tau lambda).

    Attributes
    ----------
    exposure : dict of int or None to float
        lambda per area number; key None when one share covers all areas. In units of relevance.
    sales : float
        alpha, a pure number.
    household : float64 (n_sellers,)
        mu, in units of relevance; empty without floors.
    guard : float64 (n_users,)
        c_u in [0, 1]; below 1 where the consumer guard holds the tilt back.
    """

    exposure: dict[int | None, float]
    sales: float
    household: Floats
    guard: Floats


@dataclass(frozen=True, slots=True)
class TiltResult:
    """Tilted lists with what they achieve.

    Attributes
    ----------
    items : int32 (n_users, n)
        Item numbers, best first; -1 where a consumer has fewer candidates than n.
    exposure_share, sales_share : float
        Achieved share of exposure (v b over v) and of expected sales (v s b over v s).
    utility : float
        U, the sum of v s over all lists.
    weighted_utility : float
        What was maximised: the sum of a_u U_u; equal to `utility` without consumer weights.
    utility_bound : float
        Dual bound: no lists that meet the same targets have more weighted utility, found by any method.
    kept_utility : float64 (n_users,)
        U_u over the utility of the consumer's untilted list; 1 where that is 0.
    multipliers : Multipliers
    unmet : tuple of UnmetTarget
        Empty when the policy is met.
    """

    items: NDArray[np.int32]
    exposure_share: float
    sales_share: float
    utility: float
    weighted_utility: float
    utility_bound: float
    kept_utility: Floats
    multipliers: Multipliers
    unmet: tuple[UnmetTarget, ...]

    @property
    def gap(self) -> float:
        """The certificate: 1 - weighted_utility / utility_bound, 0 for provably best lists."""
        return 1 - self.weighted_utility / self.utility_bound if self.utility_bound > 0 else 0.0


def tilt_lists(
    relevance: ArrayLike,
    benefit: ArrayLike,
    n: int,
    policy: TiltPolicy,
    *,
    seller: ArrayLike | None = None,
    severity: ArrayLike | None = None,
    area: ArrayLike | None = None,
    position_weights: ArrayLike | None = None,
    candidates: ArrayLike | None = None,
    consumer_weights: ArrayLike | None = None,
) -> TiltResult:
    """Choose n items for every consumer: the most utility among all lists that meet the policy.

    Solves ``max sum_u a_u sum_k v_k s(u, i_uk)`` subject to

    - exposure: ``sum v b >= tau sum v``, over all lists or in every area by itself;
    - expected sales: ``sum v s b >= tau_s sum v s``;
    - floors: household h receives ``sum v b >= phi tau (w_h / sum w) sum v``;
    - guard: ``U_u >= rho U0_u`` for every consumer

    by its Lagrangian: for given multipliers each list is a sort by ``s + c_u / a_u (alpha (b - tau_s) s + b (lambda +
    mu) - tau lambda)``. Shares alone are solved by halving (`recommender.share_duals`), areas and floors by passes of the
    one-by-one rule and exchanges (`recommender.passes`). `TiltResult.gap` certifies what any method could still gain.

    Parameters
    ----------
    relevance : (n_users, n_items), or (n_users, M) beside `candidates`
        s, the calibrated probability that a consumer buys an item when shown. Any finite numbers are allowed, but a
        sales share and a guard need them not to be negative.
    benefit : (n_items,)
        b in [0, 1]: the part of the item's sellable lots that belongs to registered households.
    n : int
        Length of a list; lists are shorter where there are fewer candidates.
    policy : TiltPolicy
    seller : int (n_items,), optional
        Seller number of each item; needed by `household_floor`.
    severity : (n_sellers,), optional
        w >= 0 per seller, counted for sellers that have an item with benefit; equal when absent.
    area : int (n_items,), optional
        Area number of each item; needed by `per_area`.
    position_weights : (n,), optional
        v, positive and not rising; 1 / log2(k + 1) when absent.
    candidates : int (n_users, M), optional
        The items each consumer may be shown, -1 for none; then relevance holds their scores.
    consumer_weights : (n_users,), optional
        a_u > 0, what one expected purchase of a consumer counts; 1 when absent. Targets and guard do not depend on it.
        `recommender.consumer_weights` holds a family that leans toward those who buy little.

    Returns
    -------
    TiltResult
        For a policy out of reach: the nearest attainable lists, with each missed target in `unmet`.

    Raises
    ------
    InvalidTiltInputError
        An argument is not as described above.

    Examples
    --------
    Two places of exposure 1 and 1 / log2(3) = 0.63. Only item 2 is of a registered household; in the first place it
    gives it 1 / 1.63 = 61 % of the exposure, and the list keeps (0.3 + 0.63 x 0.5) / (0.5 + 0.63 x 0.4) of its utility.

    >>> result = tilt_lists([[0.5, 0.4, 0.3]], [0, 0, 1], 2, TiltPolicy(exposure_share=0.5))
    >>> result.items.tolist(), round(result.exposure_share, 2), result.unmet
    ([[2, 0]], 0.61, ())
    >>> float(result.kept_utility[0].round(3))
    0.818
    """
    weights = position_weights_or_default(position_weights, n)
    targets = Targets(policy.exposure_share or 0.0, policy.sales_share or 0.0)
    structure = structure_of(benefit, policy, seller, severity, area)
    shortlists = build_shortlists(
        relevance,
        benefit,
        n,
        weights,
        candidates,
        None if structure is None else structure.group,
        allows_negative=not (policy.sales_share or policy.consumer_guard),
    )
    untilted = best_lists(shortlists, shortlists.relevance)
    least = policy.consumer_guard * untilted.utility
    counts = checked_consumer_weights(consumer_weights, untilted.utility.size)
    if structure is None:
        shares = solve_shares(shortlists, targets, untilted, policy.consumer_guard, counts)
        prices = Multipliers({None: shares.exposure_multiplier}, shares.sales_multiplier, np.empty(0), shares.cap)
        unmet = _unmet_shares(shortlists, targets, shares.lists, least)
        return _result(shortlists, untilted, shares.lists, counts, shares.utility_bound, prices, unmet)
    passes = solve_by_passes(shortlists, structure, policy, untilted, counts)
    prices = Multipliers(structure.by_area(passes.prices.area), passes.prices.sales, passes.prices.household, passes.guard_part)
    if policy.per_area and structure.share.any() and not structure.share.all():
        # The areas carry the exposure target; one without registered goods is owed nothing by the others. Where all
        # have such goods, a whole that falls short tells what stands in the way of the areas together.
        targets = Targets(0.0, targets.sales)
    unmet = _unmet_shares(shortlists, targets, passes.lists, least) + structure.unmet(shortlists, passes.lists, least)
    return _result(shortlists, untilted, passes.lists, counts, passes.utility_bound, prices, unmet)


def _unmet_shares(shortlists: Shortlists, targets: Targets, lists: Lists, least_utility: Floats) -> tuple[UnmetTarget, ...]:
    """Name the overall shares that fall short."""
    exposure, sales = targets.surplus(lists, shortlists.exposure)
    missed = []
    if exposure < -SHARE_ROUNDING:
        every_place = shortlists.is_item.astype(np.float64)
        missed.append(("exposure_share", targets.exposure, exposure, shortlists.benefit, every_place))
    if sales < -SHARE_ROUNDING:
        sold = shortlists.relevance * shortlists.benefit
        missed.append(("sales_share", targets.sales, sales, sold, shortlists.relevance))
    return tuple(
        missed_target(
            shortlists, part, whole, least_utility, constraint=name, subject=None, wanted=wanted, reached=wanted + surplus
        )
        for name, wanted, surplus, part, whole in missed
    )


def _result(
    shortlists: Shortlists,
    untilted: Lists,
    lists: Lists,
    consumer_weights: Floats,
    bound: float,
    multipliers: Multipliers,
    unmet: tuple[UnmetTarget, ...],
) -> TiltResult:
    whole, utility = float(shortlists.exposure.sum()), float(lists.utility.sum())
    kept = np.ones_like(lists.utility)
    np.divide(lists.utility, untilted.utility, out=kept, where=untilted.utility > 0)
    return TiltResult(
        items=_padded(np.take_along_axis(shortlists.items, lists.slots, axis=1), shortlists.position_weights.size),
        exposure_share=float(lists.exposed.sum()) / whole if whole else 0.0,
        sales_share=float(lists.sold.sum()) / utility if utility > 0 else 0.0,
        utility=utility,
        weighted_utility=float(consumer_weights @ lists.utility),
        utility_bound=bound,
        kept_utility=kept,
        multipliers=multipliers,
        unmet=unmet,
    )


def _padded(items: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    """Widen to n columns with -1 where even the widest shortlist is shorter than a list."""
    return np.pad(items, ((0, 0), (0, n - items.shape[1])), constant_values=-1)
