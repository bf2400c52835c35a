"""The controller under hard orders of requests, and the full policy with counties and floors."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.measurements.common import Sellers, top_lists
from recommender import metrics, tally
from recommender.controller import TiltController
from recommender.policy import TiltPolicy
from recommender.rays import Ray, Targets, best_lists
from recommender.reach import most_exposed
from recommender.shortlists import Shortlists, build_shortlists, position_weights_or_default
from recommender.tilt import tilt_lists

REQUESTS = 10_000
SPREAD_REQUESTS = 39_000
PLACES = 10
# Candidates of the full policy: each consumer's best goods, best registered goods, and a reach of consumers for each
# registered household, so that a floor can be met at all.
BEST, BEST_REGISTERED, REACH = 100, 200, 80
# A multiplier that puts every good with benefit first, relevance being a probability.
FARTHEST = 2.0


def drifted(shortlists: Shortlists, factor: float) -> Shortlists:
    """Return shortlists in which registered goods have lost part of their relevance."""
    relevance = shortlists.relevance * np.where(shortlists.benefit > 0, factor, 1.0)
    return Shortlists(shortlists.items, relevance, shortlists.benefit, shortlists.position_weights)


def attainable_shares(
    shortlists: Shortlists, later: Shortlists, order: NDArray[np.int64], policy: TiltPolicy
) -> tuple[float, float]:
    """Return the exposure share that one who keeps the target as long as it can be kept reaches at the end of an order.

    Such a one knows nothing of later requests: it never runs ahead of the target, and what candidates and guard forbid
    at one time it makes up later if they allow more. First for the fixed lists that the batch tilt finds, then for
    randomised lists, which no method exceeds.
    """
    fixed, randomised = np.zeros(len(order)), np.zeros(len(order))
    half = (len(order) + 1) // 2
    for now, served in ((shortlists, slice(0, half)), (later, slice(half, None))):
        rows = now.rows(order[served])
        least = policy.consumer_guard * best_lists(rows, rows.relevance).utility
        randomised[served] = most_exposed(rows, least)
        ray = Ray(rows, 1.0, 0.0, Targets(1.0, 0.0), FARTHEST, least, np.ones(len(least)))
        fixed[served] = ray.at(FARTHEST).exposed
    exposure = shortlists.exposure[order]
    target = policy.exposure_share or 0.0
    return _kept_share(fixed, exposure, target), _kept_share(randomised, exposure, target)


def _kept_share(most: NDArray[np.float64], exposure: NDArray[np.float64], target: float) -> float:
    lag = 0.0
    for owed, possible in zip((target * exposure).tolist(), most.tolist(), strict=True):
        lag = max(0.0, lag + owed - possible)
    return target - lag / float(exposure.sum())


@dataclass(frozen=True)
class Served:
    """What an order of requests came to: its name, the shares, the largest attainable, and what the worst 1 % kept."""

    name: str
    exposure_share: float
    attainable_share: float
    sales_share: float
    kept_p1: float


def hard_orders(relevance: NDArray[np.floating], sellers: Sellers, policy: TiltPolicy, seed: int) -> list[Served]:
    """Print the achieved share and utility over the bound after 10,000 requests in several orders."""
    found = []
    weights = position_weights_or_default(None, PLACES)
    shortlists = build_shortlists(relevance, sellers.benefit, PLACES, weights)
    batch = tilt_lists(relevance, sellers.benefit, PLACES, policy)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(relevance), REQUESTS)
    wealth = (shortlists.relevance[:, :PLACES] @ weights)[drawn]
    orders = {
        "as drawn": drawn,
        "light consumers first": drawn[np.argsort(wealth, kind="stable")],
        "heavy consumers first": drawn[np.argsort(-wealth, kind="stable")],
    }
    bound = tilt_lists(
        shortlists.relevance[drawn], sellers.benefit, PLACES, policy, candidates=shortlists.items[drawn]
    ).utility_bound
    start = {tally.FORMAT: tally.FORMAT_NUMBER, tally.START_SALES: batch.multipliers.sales}
    start[tally.START_EXPOSURE] = batch.multipliers.exposure[None]
    for name, order in orders.items():
        for drift in (1.0, 0.5):
            later = drifted(shortlists, drift)
            most = attainable_shares(shortlists, later, order, policy)
            controller = TiltController(policy, start)
            over = bound if drift == 1 else np.nan
            found.append(_one_order(shortlists, later, controller, order, f"{name}, drift {drift}", most, over))
    return found


def _one_order(
    shortlists: Shortlists,
    later: Shortlists,
    controller: TiltController,
    order: NDArray[np.int64],
    name: str,
    most: tuple[float, float],
    bound: float,
) -> Served:
    """Serve one order, its second half from the later shortlists; `most` are the attainable shares."""
    kept = np.empty(len(order))
    began = time.perf_counter()
    for number, user in enumerate(order):
        now = shortlists if 2 * number < len(order) else later
        served = controller.rank(now.relevance[user], now.benefit[user], PLACES)
        controller.record(served)
        kept[number] = served.kept_utility
    seconds = time.perf_counter() - began
    sums = controller.state()
    exposure = sums[tally.REGISTERED_EXPOSURE] / sums[tally.EXPOSURE]
    sales = sums[tally.REGISTERED_SALES] / sums[tally.EXPECTED_SALES]
    # A policy of sales alone has no exposure share to be measured against.
    asked = f" of {most[0]:.4f}-{most[1]:.4f} attainable, off by {100 * (exposure - most[1]):+.2f} pp" if most[1] else ""
    print(
        f"  {name:<36} exposure {exposure:.4f}{asked}  sales {sales:.4f}"
        f"  utility/bound {sums[tally.EXPECTED_SALES] / bound:.4f}"
        f"  p1 {np.percentile(kept, 1):.3f}  {1e3 * seconds / len(order):.3f} ms"
    )
    return Served(name, exposure, most[1], sales, float(np.percentile(kept, 1)))


@dataclass(frozen=True)
class SpreadCase:
    """Everything the full policy is measured on."""

    relevance: NDArray[np.floating]
    sellers: Sellers
    purchases: csr_matrix
    policy: TiltPolicy


@dataclass(frozen=True)
class Spread:
    """What each side got: total and worst county share, the worst household's part of its floor, kept utility, NDCG, Gini.

    `worst_county` is NaN without a target per county.
    """

    exposure_share: float
    worst_county: float
    worst_floor: float
    kept_p5: float
    ndcg_change: float
    gini: float


def spread(case: SpreadCase, seed: int) -> Spread:
    """Serve 39,000 requests under counties, floors and guard after a warm-up; print what each side got."""
    relevance, sellers, policy = case.relevance, case.sellers, case.policy
    candidates = _candidates(relevance, sellers)
    rows = np.full((len(candidates), max(map(len, candidates))), -1)
    for user, items in enumerate(candidates):
        rows[user, : len(items)] = items
    scores = np.where(rows >= 0, np.take_along_axis(relevance, np.maximum(rows, 0), axis=1), 0)
    # The warm-up sees the candidates and no request.
    batch = tilt_lists(
        scores,
        sellers.benefit,
        PLACES,
        policy,
        seller=sellers.seller,
        severity=sellers.severity,
        area=sellers.area,
        candidates=rows,
    )
    print(
        f"  batch: exposure {batch.exposure_share:.4f}  utility/bound {1 - batch.gap:.5f}  unmet {len(batch.unmet)}"
        f"  worst kept {batch.kept_utility.min():.3f}"
    )
    households = np.unique(sellers.seller[sellers.benefit > 0]).astype(np.int64)
    start = {tally.FORMAT: tally.FORMAT_NUMBER}
    for area, price in batch.multipliers.exposure.items():
        start[tally.START_EXPOSURE if area is None else tally.start_area(area)] = price
    start |= {tally.start_household(int(one)): float(batch.multipliers.household[one]) for one in households}
    needs = float(sellers.severity[households].sum())
    controller = TiltController(policy, start, total_severity=needs)
    order = np.random.default_rng(seed).integers(0, len(relevance), SPREAD_REQUESTS)
    items, kept, seconds = _serve(controller, case, candidates, order)
    found = _report(case, controller, order, items, kept, households)
    print(f"  {1e3 * seconds / len(order):.3f} ms per request, {np.mean([len(one) for one in candidates]):.0f} candidates")
    return found


def _serve(
    controller: TiltController, case: SpreadCase, candidates: list[NDArray[np.intp]], order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
    sellers = case.sellers
    rows = [
        (
            case.relevance[user, items].astype(np.float64),
            sellers.benefit[items],
            sellers.seller[items],
            sellers.area[items],
            sellers.severity[sellers.seller[items]],
        )
        for user, items in enumerate(candidates)
    ]
    shown, kept = np.empty((len(order), PLACES), dtype=np.int64), np.empty(len(order))
    began = time.perf_counter()
    for number, user in enumerate(order):
        score, benefit, seller, county, severity = rows[user]
        served = controller.rank(score, benefit, PLACES, seller=seller, area=county, severity=severity)
        controller.record(served)
        shown[number], kept[number] = candidates[user][served.positions], served.kept_utility
    return shown, kept, time.perf_counter() - began


def _report(
    case: SpreadCase,
    controller: TiltController,
    order: NDArray[np.int64],
    items: NDArray[np.int64],
    kept: NDArray[np.float64],
    households: NDArray[np.int64],
) -> Spread:
    """Print shares, floors, kept utility, NDCG against the untilted lists of the same requests, and the spread."""
    sellers, policy, sums = case.sellers, case.policy, controller.state()
    weights = position_weights_or_default(None, PLACES)
    exposed = metrics.exposure_by_seller(items, sellers.benefit, sellers.seller, weights, sellers.severity.size)
    needs = sellers.severity[households]
    floor = policy.household_floor * (policy.exposure_share or 0) * needs / needs.sum() * sums[tally.EXPOSURE]
    untilted = top_lists(case.relevance, PLACES)
    before = metrics.ndcg(untilted, case.purchases)[order]
    after = metrics.ndcg(items, case.purchases[order])
    change = metrics.relative_change_interval(after, before, np.random.default_rng(0), resamples=500)
    wanted = metrics.exposure_by_seller(untilted[order], sellers.benefit, sellers.seller, weights, sellers.severity.size)
    # Floors alone leave a household what buyers give it of themselves; taking from it would even the spread further.
    least = np.maximum(wanted[households], floor)
    counties, shares = "none", [float("nan")]
    if policy.per_area:
        shares = [sums[tally.area_registered(one)] / sums[tally.area_exposure(one)] for one in tally.areas_in(sums)]
        counties = f"worst {min(shares):.4f}"
    print(
        f"  online: exposure {sums[tally.REGISTERED_EXPOSURE] / sums[tally.EXPOSURE]:.4f}  counties {counties}"
        f"  worst household/floor {(exposed[households] / floor).min():.3f}"
        f"  below .95: {(exposed[households] < 0.95 * floor).mean():.2%}  p1 {np.percentile(kept, 1):.3f}"
        f"  p5 {np.percentile(kept, 5):.3f}  NDCG {change.estimate:+.2%} [{change.low:+.2%}, {change.high:+.2%}]"
        f"  Gini of exposure/severity {metrics.gini(exposed[households] / needs):.3f}"
        f" (by need {metrics.gini(exposed[households] / needs, needs):.3f}; floors met and nobody shown less than untilted:"
        f" {metrics.gini(least / needs):.3f}, {(wanted[households] > floor).sum()} households above their floor)"
    )
    return Spread(
        exposure_share=sums[tally.REGISTERED_EXPOSURE] / sums[tally.EXPOSURE],
        worst_county=min(shares),
        worst_floor=float((exposed[households] / floor).min()),
        kept_p5=float(np.percentile(kept, 5)),
        ndcg_change=change.estimate,
        gini=metrics.gini(exposed[households] / needs),
    )


def _candidates(relevance: NDArray[np.floating], sellers: Sellers) -> list[NDArray[np.intp]]:
    """Return each consumer's candidates: its best, its best registered, and goods it is among the best buyers for."""
    registered = np.flatnonzero(sellers.benefit > 0)
    best = np.argpartition(-relevance, BEST, axis=1)[:, :BEST]
    helped = registered[np.argpartition(-relevance[:, registered], BEST_REGISTERED, axis=1)[:, :BEST_REGISTERED]]
    reached: list[list[int]] = [[] for _ in relevance]
    for household in np.unique(sellers.seller[registered]):
        goods = np.flatnonzero((sellers.seller == household) & (sellers.benefit > 0))
        scores = relevance[:, goods]
        favourite = scores.argmax(axis=1)
        for user in np.argpartition(-scores.max(axis=1), REACH)[:REACH]:
            reached[user].append(int(goods[favourite[user]]))
    return [
        np.unique(np.concatenate([best[user], helped[user], np.asarray(reached[user], dtype=np.intp)]))
        for user in range(len(relevance))
    ]
