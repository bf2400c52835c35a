"""Memory and time of a large fit, and the time of one request: `python -m benchmarks.measurements.relevance_scale`."""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from recommender import Interactions, Recommender, RecommenderConfig

DAY = 86_400.0
YEAR_DAYS = 365


def power_law_log(n_events: int, n_users: int, n_items: int, seed: int = 0) -> Interactions:
    """Return purchases over a year whose items and consumers follow power laws of exponent 1 in their rank."""
    generator = np.random.default_rng(seed)
    # The inverse of a distribution whose density falls as 1 / rank is exponential in a uniform number.
    items = np.minimum(n_items ** generator.random(n_events), n_items - 1).astype(np.int32)
    users = np.minimum(n_users ** generator.random(n_events) * generator.random(n_events), n_users - 1).astype(np.int32)
    seconds = generator.random(n_events) * YEAR_DAYS * DAY
    return Interactions.from_events(users, items, seconds, "purchase")


def peak_gigabytes() -> float:
    """Return the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def print_requests(model: Recommender, requests: int, size: int) -> None:
    """Print the median and 95th percentile of the time of a shortlist in milliseconds."""
    generator = np.random.default_rng(1)
    users = generator.choice(model.state.users.values, requests)
    raisable = model.candidate_set(generator.random(len(model.state.items)) < 0.27)
    sold = generator.random(len(model.state.items)) < 0.95
    in_stock = model.candidate_set(sold)
    live_ids = model.state.items.values[sold].tolist()
    ways = {
        "everything": {},
        "resolved candidates, registered included": {"candidates": in_stock, "must_include": raisable},
        "candidates as a list of ids": {"candidates": live_ids},
    }
    for name, given in ways.items():
        times = []
        for user in users.tolist():
            start = time.perf_counter()
            model.shortlist(user, size, **given)
            times.append(1e3 * (time.perf_counter() - start))
        p50, p95 = np.quantile(times, [0.5, 0.95])
        print(f"  {len(model.state.items):7d} items, {name:42} p50 {p50:.2f} ms, p95 {p95:.2f} ms", flush=True)


def main() -> None:
    """Fit the large log, then time requests against it and against a shop of 2,300 items."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--users", type=int, default=300_000)
    parser.add_argument("--items", type=int, default=100_000)
    arguments = parser.parse_args()
    config = RecommenderConfig(factors=64)
    small = Recommender(config).fit(power_law_log(200_000, 5_000, 2_300))
    print("one request for a shortlist of 150:")
    print_requests(small, 300, 150)
    start = time.perf_counter()
    log = power_law_log(arguments.events, arguments.users, arguments.items)
    print(
        f"log: {len(log)} events, {len(log.users)} consumers, {len(log.items)} items, {time.perf_counter() - start:.1f} s, "
        f"peak {peak_gigabytes():.2f} GB",
        flush=True,
    )
    start = time.perf_counter()
    model = Recommender(config).fit(log)
    print(
        f"fit: {time.perf_counter() - start:.1f} s, {len(model.state.history.items)} pairs, peak {peak_gigabytes():.2f} GB",
        flush=True,
    )
    print_requests(model, 200, 150)


if __name__ == "__main__":
    main()
