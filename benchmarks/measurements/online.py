"""The controller under hard orders of requests, and the full policy with counties and floors."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.measurements.common import Sellers
from recommender import metrics, tally
from recommender.controller import TiltController
from recommender.policy import TiltPolicy
from recommender.shortlists import Shortlists, build_shortlists, position_weights_or_default
from recommender.tilt import tilt_lists

REQUESTS = 10_000
SPREAD_REQUESTS = 39_000
PLACES = 10
# Candidates of the full policy: each consumer's best goods, best registered goods, and a reach of consumers for each
# registered household, so that a floor can be met at all.
BEST, BEST_REGISTERED, REACH = 100, 200, 80


def drifted(shortlists: Shortlists, factor: float) -> Shortlists:
    """Return shortlists in which registered goods have lost part of their relevance."""
    relevance = shortlists.relevance * np.where(shortlists.benefit > 0, factor, 1.0)
    return Shortlists(shortlists.items, relevance, shortlists.benefit, shortlists.position_weights)


@dataclass(frozen=True)
class Served:
    """What an order of requests came to: its name, the two shares, and the kept utility of the worst 1 %."""

    name: str
    exposure_share: float
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
            controller = TiltController(policy, start)
            found.append(_one_order(shortlists, controller, order, drift, f"{name}, drift {drift}", bound))
    return found


def _one_order(
    shortlists: Shortlists,
    controller: TiltController,
    order: NDArray[np.int64],
    drift: float,
    name: str,
    bound: float,
) -> Served:
    """Serve one order; with a drift below 1 registered goods lose relevance halfway, without anybody being told."""
    later = drifted(shortlists, drift)
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
    over = sums[tally.EXPECTED_SALES] / bound if drift == 1 else float("nan")
    print(
        f"  {name:<36} exposure {exposure:.4f}  sales {sales:.4f}  utility/bound {over:.4f}"
        f"  p1 {np.percentile(kept, 1):.3f}  {1e3 * seconds / len(order):.3f} ms"
    )
    return Served(name, exposure, sales, float(np.percentile(kept, 1)))


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
    untilted = np.argsort(-case.relevance, axis=1)[:, :PLACES]
    before = metrics.ndcg(untilted, case.purchases)[order]
    after = metrics.ndcg(items, case.purchases[order])
    change = metrics.relative_change_interval(after, before, np.random.default_rng(0), resamples=500)
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
