"""What a policy would do to lists, before anybody sees them: the lists of recent consumers, made again under a draft.

The model that serves, the goods in stock and the shares of registered households in them are real. Left out are where goods
are delivered to, the most that one seller may have in a list, the turns of new listings, and the policies of other areas.
Nothing is written, and what comes out are sums over consumers and over households, never one of them.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.kernel.clock import local_day
from marketplace.recommendations.models import Policy
from marketplace.recommendations.policies import PolicyDraft
from marketplace.recommendations.queries import newest_model, policy_in_force
from marketplace.recommendations.world import Floats, World, covered_goods, read_world
from recommender import TiltPolicy, TiltResult, tilt_lists
from recommender.metrics import gini, lorenz

# A list of the home page.
LIST_PLACES = 12
# The frontier runs in steps that people would name, and in no more of them than can be made while somebody waits.
_STEPS = (0.01, 0.02, 0.05, 0.1)
_MOST_POINTS = 5
# A sales target over a part of the goods is put into terms of all goods by looking at lists, at most so often.
_ROUNDS = 2
# A share that is short by less than this has been reached, as far as a sample of consumers can tell.
_ROUNDING = 0.001


@dataclass(frozen=True)
class Unmet:
    """A target that is missed: its kind, what was wanted, and what was reached.

    For ``household_floor`` these are parts of the floor for the seller that is furthest from it, and ``number`` says how many
    sellers miss it.
    """

    kind: str
    wanted: float
    reached: float
    number: int = 1


@dataclass(frozen=True)
class Outcome:
    """What one set of lists gives to consumers and to households. Shares are of what the draft's goods receive.

    ``kept_*`` are quantiles, over consumers, of the utility that a list keeps of its untilted one; ``changed`` is the part of
    lists that differ in any place; ``reached_households`` had any exposure; ``lorenz`` holds, for each tenth of households
    from the least served on, the part of exposure up to there; ``lowest_tenth`` is the mean of the least served tenth over the
    mean of all; ``gap`` is the most utility, as a part of it, that any other method could add; None where the target is out of
    reach, because then there is nothing to compare with.
    """

    target: float | None
    exposure_share: float
    sales_share: float
    kept_median: float
    kept_p5: float
    kept_p1: float
    changed: float
    reached_households: int
    gini: float
    lorenz: list[float]
    lowest_tenth: float
    gap: float | None
    unmet: list[Unmet]


@dataclass(frozen=True)
class Simulation:
    """A draft against what is: ``in_force`` is None where no policy holds, ``frontier`` runs by its targets.

    ``frontier_of`` names the share that runs along the frontier; ``attainable`` is the largest that was
    found within the guard.
    """

    draft: PolicyDraft
    model_version_id: int
    trained_at: datetime | None
    consumers: int
    listings: int
    covered_listings: int
    households: int
    untilted: Outcome
    in_force: Outcome | None
    drafted: Outcome
    frontier: list[Outcome]
    frontier_of: str
    attainable: float


def simulate(draft: PolicyDraft, *, now: datetime) -> Simulation | None:
    """Make the lists of recent consumers without tilt, under the policy in force, under a draft and along the frontier.

    Returns
    -------
    Simulation or None
        None while there is no model, no consumer or nothing in stock within the area.
    """
    version = newest_model()
    held = policy_in_force(draft.area_code, local_day(now))
    question = (draft, held and held.id, held and held.ends_on, version and version.id, int(now.timestamp()) // _KEPT_S)
    return _KEPT.answer(question, lambda: _simulated(draft, held, now))


class _Answers:
    """The last few simulations of this process: a page is read again in the other language, or after going back."""

    def __init__(self) -> None:
        self._known: dict[Any, Simulation | None] = {}
        self._lock = threading.Lock()

    def answer(self, question: Any, make: Callable[[], Simulation | None]) -> Simulation | None:
        """The answer to a question, made when it is not known."""
        with self._lock:
            if question in self._known:
                return self._known[question]
        found = make()
        with self._lock:
            if found is not None:
                self._known[question] = found
            while len(self._known) > _MOST_KEPT:
                del self._known[next(iter(self._known))]
        return found


_KEPT, _KEPT_S, _MOST_KEPT = _Answers(), 600, 16


def _simulated(draft: PolicyDraft, held: Policy | None, now: datetime) -> Simulation | None:
    world = read_world(now=now)
    if world is None:
        return None
    covered = covered_goods(world, draft.area_code, draft.begins_on)
    if not (world.benefit[covered] > 0).any():
        return None
    bench = Bench(world, covered)
    name = "exposure_share" if draft.exposure_share else "sales_share"
    alone = replace(draft, exposure_share=None, sales_share=None, household_floor=0.0)
    untilted, most = bench.outcome(bench.untilted), bench.most(draft)
    drafted = bench.run(draft, covered)
    attainable = max(getattr(most, name), getattr(drafted, name))
    return Simulation(
        draft=draft,
        model_version_id=world.version.id,
        trained_at=world.version.ended_at,
        consumers=len(world.consumer_ids),
        listings=len(world.listing_ids),
        covered_listings=int(covered.sum()),
        households=bench.households,
        untilted=untilted,
        in_force=None
        if held is None
        else bench.run(PolicyDraft.of(held), covered_goods(world, held.area_code, local_day(now))),
        drafted=drafted,
        frontier=[
            *(bench.run(replace(alone, **{name: share}), covered) for share in steps(getattr(untilted, name), attainable)),
            replace(most, target=attainable),
        ],
        frontier_of=name,
        attainable=attainable,
    )


def steps(first: float, last: float) -> list[float]:
    """Round shares strictly between two, at most five of them, in the smallest step that allows it.

    >>> steps(0.05, 0.34), steps(0.367, 0.378)
    ([0.1, 0.15, 0.2, 0.25, 0.3], [0.37])
    """
    for step in _STEPS:
        found = [round(at * step, 2) for at in range(1, round(1 / step)) if first + 1e-9 < at * step < last - 1e-9]
        if len(found) <= _MOST_POINTS:
            break
    return found[:: 1 + (len(found) - 1) // _MOST_POINTS]


class Bench:
    """Makes lists in a world and measures what they give to the goods one draft covers."""

    def __init__(self, world: World, covered: NDArray[np.bool_]) -> None:
        self._world, self._covered = world, covered
        self._places = min(LIST_PLACES, len(world.listing_ids))
        self._weights = 1 / np.log2(np.arange(2, self._places + 2))
        parts = world.parts[covered]
        # Households without goods in stock there could gain nothing, and would make any spread look bad.
        self._helped = np.flatnonzero(parts.sum(axis=0) > 0)
        self.households = len(self._helped)
        self.untilted = tilt_lists(world.relevance, world.benefit, self._places, TiltPolicy())

    def run(self, policy: PolicyDraft, covered: NDArray[np.bool_]) -> Outcome:
        """Make the lists of a policy that covers the given goods, and measure them."""
        return self.outcome(self.lists(policy, covered), policy)

    def most(self, policy: PolicyDraft) -> Outcome:
        """The lists with the most of what is shown that a policy's guard allows, or of sales where it sets no such share."""
        asked = TiltPolicy(
            exposure_share=1.0 if policy.exposure_share else None,
            sales_share=None if policy.exposure_share else 1.0,
            consumer_guard=policy.consumer_guard,
        )
        benefit = np.where(self._covered, self._world.benefit, 0.0)
        return replace(self.outcome(tilt_lists(self._world.relevance, benefit, self._places, asked)), gap=None)

    def lists(self, policy: PolicyDraft, covered: NDArray[np.bool_]) -> TiltResult:
        """Tilt the lists of all consumers."""
        return self._tilt(policy, covered)[0]

    def scores(self, policy: PolicyDraft, covered: NDArray[np.bool_]) -> Floats:
        """The scores by which a policy orders the goods of each consumer, (consumers, listings)."""
        world = self._world
        result, asked, benefit = self._tilt(policy, covered)
        prices = result.multipliers
        by_area = np.array([prices.exposure.get(area, prices.exposure.get(None, 0.0)) for area in (0, 1)])
        own = (benefit - (asked.exposure_share or 0.0)) * by_area[covered.astype(np.int64)]
        if prices.household.size:
            own += benefit * prices.household[world.seller]
        by_sales = prices.sales * (benefit - (asked.sales_share or 0.0))
        pull: Floats = world.relevance + prices.guard[:, None] * (by_sales * world.relevance + own)
        return pull

    def _tilt(self, policy: PolicyDraft, covered: NDArray[np.bool_]) -> tuple[TiltResult, TiltPolicy, Floats]:
        """Tilt the lists of all consumers; answers them, what was asked for in terms of all goods, and the benefit counted.

        A policy's shares are of what its own goods receive. Other goods are therefore counted as if they had just the share
        that is asked for: they pull the share of all goods neither up nor down, so it reaches the target exactly when the
        share of the covered goods does. That cannot be said of two targets at once, nor with floors, where only goods of
        registered households may count; then areas keep the goods apart, and a share of sales is put into terms of all goods
        by the part that covered goods have of them: in the lists of that share alone, and once more in the lists of both.
        """
        world, partly = self._world, not covered.all()
        neutral = 0.0 if policy.household_floor else policy.exposure_share or policy.sales_share or 0.0
        benefit = np.where(covered, world.benefit, neutral)
        result, asked = self.untilted, TiltPolicy()
        known = not partly or not policy.sales_share or neutral == policy.sales_share
        if not known:
            # Of two targets one usually brings the other along, and one alone is found exactly and at once.
            without_sales = replace(policy, sales_share=None)
            without_exposure = replace(policy, exposure_share=None, household_floor=0.0)
            for alone in (without_sales, without_exposure):
                found = self._tilt(alone, covered)
                met = not _unmet(found[0], policy, self._shares(found[0], covered))
                if met and (alone.household_floor == policy.household_floor):
                    return found
                result = found[0]
        for _ in range(1 if known else _ROUNDS):
            part = self._sales_part(result, covered) if partly else 1.0
            asked = TiltPolicy(
                exposure_share=policy.exposure_share,
                sales_share=None if policy.sales_share is None else policy.sales_share * part + neutral * (1 - part),
                per_area=partly and policy.household_floor > 0,
                household_floor=policy.household_floor,
                consumer_guard=policy.consumer_guard,
            )
            result = tilt_lists(
                world.relevance, benefit, self._places, asked, seller=world.seller, area=covered.astype(np.int64)
            )
            if result.unmet or not _unmet(result, policy, self._shares(result, covered)):
                break
        return result, asked, benefit

    def _shares(self, lists: TiltResult, covered: NDArray[np.bool_]) -> dict[str, float]:
        """The shares that registered households have of what covered goods receive."""
        exposed, sold = (amount * covered for amount in self._amounts(lists))
        benefit = self._world.benefit
        return {
            "exposure_share": float(exposed @ benefit) / float(exposed.sum() or 1.0),
            "sales_share": float(sold @ benefit) / float(sold.sum() or 1.0),
        }

    def _sales_part(self, lists: TiltResult, covered: NDArray[np.bool_]) -> float:
        """The part of expected sales that covered goods have in some lists."""
        _, sold = self._amounts(lists)
        return float(sold @ covered) / float(sold.sum() or 1.0)

    def _amounts(self, lists: TiltResult) -> tuple[Floats, Floats]:
        """Exposure and expected sales of each listing, over all lists."""
        shown = lists.items
        weights = np.where(shown >= 0, self._weights[: shown.shape[1]], 0.0)
        at = np.maximum(shown, 0)
        sales = weights * np.take_along_axis(self._world.relevance, at, axis=1)
        size = len(self._world.listing_ids)
        return (
            np.bincount(at.ravel(), weights=weights.ravel(), minlength=size),
            np.bincount(at.ravel(), weights=sales.ravel(), minlength=size),
        )

    def outcome(self, lists: TiltResult, policy: PolicyDraft | None = None) -> Outcome:
        """Measure lists."""
        exposed = self._amounts(lists)[0] * self._covered
        each = (self._world.parts.T @ exposed)[self._helped] if self.households else np.zeros(1)
        people, held = lorenz(each)
        tenths = np.interp(np.linspace(0, 1, 11), people, held)
        p1, p5, median = (float(one) for one in np.quantile(lists.kept_utility, (0.01, 0.05, 0.5)))
        shares = self._shares(lists, self._covered)
        unmet = _unmet(lists, policy, shares)
        return Outcome(
            target=None if policy is None else policy.exposure_share or policy.sales_share,
            **shares,
            kept_median=median,
            kept_p5=p5,
            kept_p1=p1,
            changed=float((lists.items != self.untilted.items).any(axis=1).mean()),
            reached_households=int((each > 0).sum()),
            gini=gini(each),
            lorenz=[float(one) for one in tenths],
            lowest_tenth=float(tenths[1] * 10),
            gap=None if unmet else max(0.0, lists.gap),
            unmet=unmet,
        )


def _unmet(lists: TiltResult, policy: PolicyDraft | None, shares: dict[str, float]) -> list[Unmet]:
    """The targets of a policy that its lists miss, by what was measured."""
    if policy is None:
        return []
    found = [
        Unmet(name, wanted, reached)
        for name, reached in shares.items()
        if (wanted := getattr(policy, name)) and reached < wanted - _ROUNDING
    ]
    floors = [one for one in lists.unmet if one.constraint == "household_floor"]
    if floors:
        worst = min(floors, key=lambda one: one.reached / one.wanted)
        found.append(Unmet("household_floor", 1.0, worst.reached / worst.wanted, len(floors)))
    return found
