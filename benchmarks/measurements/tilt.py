"""The tilt measured: ``python -m benchmarks.measurements.tilt [--seeds 3] [--out folder]``.

Shares reached and certificates, hard orders online, all peers at the same share, spread over counties and households,
and the cost of serving. Steps and the guard were picked on the validation weeks; the test weeks are only reported.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.measurements.common import Sellers, Split, assign_sellers, load_journey, split_at
from benchmarks.measurements.online import SpreadCase, hard_orders, spread
from benchmarks.measurements.tilted_serving import serving
from recommender import Recommender, metrics
from recommender.evaluation import Evaluation, evaluate
from recommender.policy import TiltPolicy
from recommender.tilt import tilt_lists

PLACES = 10
POLICIES = (
    *(TiltPolicy(exposure_share=share) for share in (0.2, 0.3, 0.4)),
    *(TiltPolicy(sales_share=share) for share in (0.10, 0.15, 0.20)),
    *(TiltPolicy(exposure_share=share, consumer_guard=0.8) for share in (0.2, 0.3, 0.4)),
    *(TiltPolicy(sales_share=share, consumer_guard=0.8) for share in (0.10, 0.15, 0.20)),
    TiltPolicy(exposure_share=0.2, sales_share=0.12, consumer_guard=0.8),
)
ONLINE_POLICIES = (
    *(TiltPolicy(exposure_share=share, consumer_guard=0.8) for share in (0.2, 0.3, 0.4)),
    *(TiltPolicy(sales_share=share) for share in (0.10, 0.15, 0.20)),
)


@dataclass(frozen=True)
class Weeks:
    """Relevance learnt before four weeks, and what was bought in them."""

    relevance: NDArray[np.float32]
    purchases: csr_matrix
    history: csr_matrix


def weeks(split: Split) -> Weeks:
    """Fit on the log of a split and score every consumer and product of it."""
    model = Recommender().fit(split.log, item_features=split.content, now=split.now)
    relevance = np.asarray(model.relevance(split.log.users.values), dtype=np.float32)
    return Weeks(relevance, csr_matrix(split.bought, dtype=np.float64), csr_matrix(split.seen, dtype=np.float64))


def batch(test: Weeks, sellers: Sellers) -> None:
    """Print achieved shares, certificates and kept utility of every policy."""
    untilted = np.nanmean(metrics.ndcg(tilt_lists(test.relevance, sellers.benefit, PLACES, TiltPolicy()).items, test.purchases))
    for policy in POLICIES:
        result = tilt_lists(test.relevance, sellers.benefit, PLACES, policy)
        change = np.nanmean(metrics.ndcg(result.items, test.purchases)) / untilted - 1
        missed = ", ".join(f"{one.constraint} short by {one.shortfall:.4f}" for one in result.unmet) or "all met"
        print(
            f"  {_name(policy):<38} exposure {result.exposure_share:.5f}  sales {result.sales_share:.5f}"
            f"  utility/bound {1 - result.gap:.6f}  p1 {np.percentile(result.kept_utility, 1):.3f}"
            f"  NDCG {change:+.2%}  {missed}"
        )


def _name(policy: TiltPolicy) -> str:
    parts = [f"exposure {policy.exposure_share:.2f}" if policy.exposure_share else ""]
    parts.append(f"sales {policy.sales_share:.2f}" if policy.sales_share else "")
    parts.append(f"floors {policy.household_floor:.1f}" if policy.household_floor else "")
    parts.append("counties" if policy.per_area else "")
    parts.append(f"guard {policy.consumer_guard:.1f}" if policy.consumer_guard else "")
    return ", ".join(part for part in parts if part)


def verdicts(evaluation: Evaluation) -> None:
    """Print, against the guarded tilt, what the paired interval allows to be said of each method."""
    for row in evaluation.rows[1:]:
        word = "tie"
        if row.behind_low > 0:
            word = "worse than the guarded tilt"
        elif row.behind_high < 0:
            word = "better than the guarded tilt"
        print(
            f"  {row.method:<18}{row.target:.2f}  NDCG behind by {row.behind_reference:+.2%}"
            f" [{row.behind_low:+.2%}, {row.behind_high:+.2%}]  {word}"
        )


def main() -> None:
    """Run everything for some seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("var/tilt"))
    options = parser.parse_args()
    journey = load_journey()
    split = split_at(journey, journey.test_start)
    test = weeks(split)
    lists = tilt_lists(test.relevance, np.zeros(test.relevance.shape[1]), PLACES, TiltPolicy()).items
    ndcg = np.nanmean(metrics.ndcg(lists, test.purchases))
    print(f"{test.relevance.shape[0]} consumers x {test.relevance.shape[1]} products, untilted NDCG {ndcg:.4f}")
    for seed in range(options.seeds):
        _one_seed(test, assign_sellers(split, "tail", seed), seed, options.out)
    for how in ("random", "producer"):
        print(f"\nSellers assigned: {how}")
        batch(test, assign_sellers(split, how, 0))
    print("\nServing")
    for listings in (10_000, 100_000, 1_000_000):
        serving(listings, 0)


def _one_seed(test: Weeks, sellers: Sellers, seed: int, out: Path) -> None:
    print(f"\nSeed {seed}: batch")
    batch(test, sellers)
    for policy in ONLINE_POLICIES:
        print(f"\nSeed {seed}: online, {_name(policy)}")
        hard_orders(test.relevance, sellers, policy, seed)
    print(f"\nSeed {seed}: peers at the same share")
    evaluation = evaluate(
        test.relevance,
        sellers.benefit,
        sellers.seller,
        test.purchases,
        severity=sellers.severity,
        history=test.history,
        seed=seed,
    )
    print(evaluation.table())
    verdicts(evaluation)
    print("  written: " + ", ".join(map(str, evaluation.save(out / f"seed{seed}"))))
    for policy in (
        TiltPolicy(0.3, per_area=True, household_floor=0.5, consumer_guard=0.8),
        TiltPolicy(0.3, household_floor=0.5, consumer_guard=0.8),
        TiltPolicy(0.3, household_floor=1.0, consumer_guard=0.8),
    ):
        print(f"\nSeed {seed}: spread, {_name(policy)}")
        spread(SpreadCase(test.relevance, sellers, test.purchases, policy), seed)


if __name__ == "__main__":
    main()
