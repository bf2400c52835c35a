"""The online form of the tilt: one request at a time, any order, any number of processes.

The multipliers follow the shortfall of what was served (online dual descent; Balseiro, Lu & Mirrokni 2020,
arXiv:2007.00514): a target that lags raises its own price until lists catch up. Here the shortfall is kept as a *sum*
over a period and the multiplier is computed from it,

    lambda = clip(lambda_start + step x scale x (tau E - E_P), 0, highest),

which is the same rule without forgetting, and makes the memory of the controller a table of sums
(`recommender.tally`): deltas of many processes commute, and a restart from the table continues where it was.

Guarantee, for any order of requests: the exposure that lags behind its target never exceeds
(highest - lambda_start) / (step x scale) + one list, as long as a multiplier of `highest` suffices to serve the target;
after T lists the share is therefore short by at most that over T.

Several policies at once, each over goods of its own, are ranked by `recommender.together` with a controller for each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from recommender import tally
from recommender.exploring import Exploration, check_chance, compose
from recommender.policy import InvalidTiltInputError, TiltPolicy
from recommender.prices import Pricing
from recommender.request import Positions, Shortlist
from recommender.served import PolicyPart, TiltedList, books, served_list
from recommender.shortlists import Floats, position_weights_or_default

# Both were picked on validation weeks. After 10,000 requests in the worst order .03 is off by less than .2 points and
# loses .1 % of utility against a tenth of it; after 39,000 no household is below 95 % of its floor with .3.
DEFAULT_STEP = 0.03
DEFAULT_HOUSEHOLD_STEP = 0.3


class TiltController:
    """Rank requests so that the policy holds over the period, at the least loss of relevance.

    Parameters
    ----------
    policy : TiltPolicy
    state : mapping of str to float, optional
        A saved `state()`; a new period with multipliers 0 when absent.
    step : float
        eta > 0: change of lambda per list of lacking exposure, as a part of the relevance scale.
    household_step : float
        The same for household floors, which see far fewer lists each.
    relevance_scale : float, optional
        Typical relevance of a shown item. When absent, the mean over what was served in this period.
    total_severity : float, optional
        Sum of severity over all households with stock; needed by `household_floor`.
    areas : collection of int, optional
        Areas that have registered goods and therefore a target, with `per_area`; every area seen when absent. An area
        without such goods must be left out, or its other goods would be hidden to no avail.
    position_weights : (longest list,), optional
        v of each place; 1 / log2(k + 1) when absent. A shorter list takes the first of them.
    exploration : float
        Chance in [0, 1] that the last place of a list goes to another candidate, all alike likely.

    Raises
    ------
    InvalidTiltInputError
        A step, a scale or a chance is out of range, or a floor comes without `total_severity`.
    InvalidControllerStateError
        The state is damaged.

    Examples
    --------
    A target of 100 % shows the registered good (number 1) first as soon as the first list has fallen short.

    >>> controller = TiltController(TiltPolicy(exposure_share=1.0), step=1.0)
    >>> first = controller.rank([0.5, 0.4], [0, 1], 1)
    >>> controller.record(first)
    >>> second = controller.rank([0.5, 0.4], [0, 1], 1)
    >>> first.positions.tolist(), second.positions.tolist(), second.multipliers["exposure"]
    ([0], [1], 0.5)
    """

    def __init__(
        self,
        policy: TiltPolicy,
        state: Mapping[str, float] | None = None,
        *,
        step: float = DEFAULT_STEP,
        household_step: float = DEFAULT_HOUSEHOLD_STEP,
        relevance_scale: float | None = None,
        total_severity: float | None = None,
        areas: Collection[int] | None = None,
        position_weights: ArrayLike | None = None,
        exploration: float = 0.0,
    ) -> None:
        for name, value in (("step", step), ("household_step", household_step)):
            _check_positive(name, value)
        if relevance_scale is not None:
            _check_positive("relevance_scale", relevance_scale)
        check_chance(exploration)
        if policy.household_floor and total_severity is None:
            raise InvalidTiltInputError("a household floor needs total_severity")
        if total_severity is not None:
            _check_positive("total_severity", total_severity)
        self.policy = policy
        with_target = None if areas is None else frozenset(int(area) for area in areas)
        self._pricing = Pricing(policy, step, household_step, relevance_scale, total_severity, with_target)
        self._weights = _checked_weights(position_weights)
        self._exploration = exploration
        self._pending: tally.State = {}
        self._sums = tally.checked_state(state if state is not None else {tally.FORMAT: tally.FORMAT_NUMBER})

    @classmethod
    def from_state(cls, policy: TiltPolicy, state: Mapping[str, float], **options: object) -> Self:
        """Continue from a saved `state()`; `options` are those of the constructor."""
        return cls(policy, state, **options)  # type: ignore[arg-type]

    def state(self) -> tally.State:
        """Return all sums known here, own unsent ones included: plain numbers by name, ready for JSON."""
        return dict(self._sums)

    def take_delta(self) -> tally.State:
        """Return what was recorded since the last call, to be added to the shared state, and forget it as unsent."""
        delta, self._pending = self._pending, {}
        return delta

    def refresh(self, state: Mapping[str, float]) -> None:
        """Take over the shared state, keeping on top what was recorded here and not yet taken."""
        self._sums = tally.apply_delta(state, self._pending)

    def record(self, served: TiltedList) -> None:
        """Count a list that was really shown; a list that is ranked and thrown away must not be counted."""
        self.add(served.delta)

    def add(self, delta: Mapping[str, float]) -> None:
        """Count sums of a list that was really shown."""
        for name, value in delta.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._pending[name] = self._pending.get(name, 0.0) + value

    def rank(
        self,
        relevance: ArrayLike,
        benefit: ArrayLike,
        n: int,
        *,
        seller: ArrayLike | None = None,
        area: ArrayLike | None = None,
        severity: ArrayLike | None = None,
        owed: ArrayLike | None = None,
        max_per_seller: int | None = None,
        explorable: ArrayLike | None = None,
        rng: np.random.Generator | None = None,
    ) -> TiltedList:
        """Choose and order at most n candidates of one request. Changes nothing; see `record`.

        Parameters
        ----------
        relevance : (m,)
            Probability of buying, finite and not negative.
        benefit : (m,)
            b in [0, 1].
        n : int
            Most candidates to show.
        seller : int (m,), optional
            Needed by `max_per_seller` and by household floors.
        area : int (m,), optional
            Needed by `per_area`.
        severity : (m,), optional
            Severity of each candidate's household; needed by household floors.
        owed : (m,), optional
            Exposure each candidate still lacks of what a new listing is promised by now; 0 for any other. The best of
            them is raised by its price eta, at most one in a list.
        max_per_seller : int, optional
            Most candidates of one seller in the list; the list is shorter where that leaves too few.
        explorable : bool (m,), optional
            Candidates that exploration may show, such as new lots; all when absent.
        rng : numpy Generator, optional
            Needed when the controller explores.

        Raises
        ------
        InvalidTiltInputError
            An array has another shape, a number is out of range, or an array the policy needs is missing.
        """
        shortlist = Shortlist.checked(relevance, benefit, seller, area, severity, owed)
        shortlist.check_limit(max_per_seller)
        self.check_needs(shortlist)
        exploration = Exploration.checked(self._exploration, explorable, rng, shortlist)
        weights = position_weights_or_default(None if self._weights is None else self._weights[:n], n)
        tilt, multipliers = self._pricing.tilt(self._sums, shortlist)
        composed = compose(
            shortlist,
            tilt,
            weights,
            guard=self.policy.consumer_guard,
            max_per_seller=max_per_seller,
            exploration=exploration,
        )
        positions = composed.positions
        multipliers |= self._pricing.shown_households(self._sums, shortlist, positions)
        multipliers["guard"] = composed.choice.guard_part
        delta = books(self.policy, shortlist, positions, weights[: positions.size])
        return served_list(composed, weights, multipliers, delta)

    def tilt(self, covered: Shortlist, *, alone: bool) -> tuple[Floats, dict[str, float]]:
        """Return the tilt of the candidates this policy covers, and the multipliers behind it, by name.

        Parameters
        ----------
        covered : Shortlist
        alone : bool
            Whether these are all candidates of the request; see `recommender.prices.Pricing.tilt`.
        """
        return self._pricing.tilt(self._sums, covered, alone=alone)

    def part(self, shortlist: Shortlist, shown: Positions, exposure: Floats, multipliers: Mapping[str, float]) -> PolicyPart:
        """Return what this policy had to do with a list, from the shown candidates it covers and their exposure."""
        if not shown.size:
            return PolicyPart(dict(multipliers), {})
        households = self._pricing.shown_households(self._sums, shortlist, shown)
        return PolicyPart({**multipliers, **households}, books(self.policy, shortlist, shown, exposure))

    def multipliers(self) -> dict[str, float]:
        """Return the multipliers in force that hold for every request: ``exposure`` and ``sales``, where targeted."""
        prices: dict[str, float] = {}
        if self.policy.exposure_share and not self.policy.per_area:
            prices["exposure"] = self._pricing.exposure_price(self._sums)
        if self.policy.sales_share:
            prices["sales"] = self._pricing.sales_price(self._sums)
        return prices

    def next_period(self, severity: Mapping[int, float] | None = None) -> tally.State:
        """Return the state that begins a new period: sums at 0, multipliers as they are now, so nothing jumps.

        Parameters
        ----------
        severity : mapping of int to float, optional
            Severity of each household whose floor multiplier is to be carried over.
        """
        state = {tally.FORMAT: tally.FORMAT_NUMBER}
        prices = self.multipliers()
        if "exposure" in prices:
            state[tally.START_EXPOSURE] = prices["exposure"]
        if "sales" in prices:
            state[tally.START_SALES] = prices["sales"]
        for area in tally.areas_in(self._sums) if self.policy.per_area else ():
            state[tally.start_area(area)] = self._pricing.area_price(self._sums, area)
        for seller, weight in (severity or {}).items():
            state[tally.start_household(seller)] = self._pricing.household_price(self._sums, seller, weight)
        return state

    def check_needs(self, shortlist: Shortlist) -> None:
        """Name the array that the policy needs before a list is made without it."""
        if self.policy.per_area and shortlist.area is None:
            raise InvalidTiltInputError("a policy per area needs the area of each candidate")
        if self.policy.household_floor and (shortlist.seller is None or shortlist.severity is None):
            raise InvalidTiltInputError("a household floor needs the seller and severity of each candidate")


def _checked_weights(position_weights: ArrayLike | None) -> Floats | None:
    if position_weights is None:
        return None
    return position_weights_or_default(position_weights, np.asarray(position_weights).size)


def _check_positive(name: str, value: float) -> None:
    if not (isinstance(value, int | float) and 0 < value < float("inf")):
        raise InvalidTiltInputError(f"{name} must be a positive finite number, not {value!r}")
