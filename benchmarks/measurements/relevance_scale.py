"""Time and memory of a large fit against implicit's bare least squares, each in a process of its own.

The bare side is given the finished matrix of confidences and as many sweeps as the fit runs altogether (those before the
label window and those that refresh), each over the whole log; the fit has to make its matrices, learn the blend and score
every pair besides. Both start from the same random vectors and use the same threads.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.measurements.common import Verdict
from recommender import Interactions, Recommender, RecommenderConfig
from recommender.factors import confidence_matrix, improve_factors, start_factors
from recommender.history import build_history

DAY = 86_400.0
YEAR_DAYS = 365
EVENTS, USERS, ITEMS, ROUNDS = 10_000_000, 300_000, 100_000, 3
LARGEST_RATIO, MOST_GIGABYTES = 1.25, 4.0


class Cost(NamedTuple):
    """Seconds by the clock and of all processors, and the most memory the process held, in gigabytes."""

    seconds: float
    processor: float
    gigabytes: float


def power_law_log(n_events: int, n_users: int, n_items: int, seed: int = 0) -> Interactions:
    """Return purchases over a year whose items and consumers follow power laws of exponent 1 in their rank."""
    generator = np.random.default_rng(seed)
    # The inverse of a distribution whose density falls as 1 / rank is exponential in a uniform number.
    items = np.minimum(n_items ** generator.random(n_events), n_items - 1).astype(np.int32)
    users = np.minimum(n_users ** generator.random(n_events) * generator.random(n_events), n_users - 1).astype(np.int32)
    seconds = generator.random(n_events) * YEAR_DAYS * DAY
    return Interactions.from_events(users, items, seconds, "purchase")


def peak_gigabytes() -> float:
    """Return the most memory this process has held since its program began."""
    status = Path("/proc/self/status")
    if status.exists():
        # The kernel's other count starts with what the parent held when it made this process.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def fit_once(side: str, n_events: int) -> Cost:
    """Run one side: "whole" is `Recommender.fit`, "bare" implicit's sweeps on the matrix of the whole log."""
    config = RecommenderConfig()
    log = power_law_log(n_events, USERS, ITEMS)
    if side == "whole":
        clock = time.perf_counter(), time.process_time()
        Recommender(config).fit(log)
    else:
        matrix = confidence_matrix(build_history(log, float(log.timestamps.max()), config), config)
        generator = np.random.default_rng(0)
        users, items = (start_factors(rows, config, generator) for rows in matrix.shape)
        clock = time.perf_counter(), time.process_time()
        improve_factors(matrix, users, items, config.iterations + config.refresh_iterations, config)
    return Cost(time.perf_counter() - clock[0], time.process_time() - clock[1], peak_gigabytes())


def fit_cost(*, quick: bool) -> list[Verdict]:
    """Print both sides in turns, so that they meet the same noise of the machine."""
    n_events, rounds = (500_000, 1) if quick else (EVENTS, ROUNDS)
    print(f"{n_events:,} events, {USERS:,} consumers, {ITEMS:,} items, 64 factors, 8 sweeps on each side")
    ratios, peaks = [], []
    for _ in range(rounds):
        bare, whole = (_apart(side, n_events) for side in ("bare", "whole"))
        ratios.append((whole.seconds / bare.seconds, whole.processor / bare.processor))
        peaks.append(whole.gigabytes)
        for name, cost in (("bare least squares", bare), ("whole fit", whole)):
            print(
                f"  {name:<18} {cost.seconds:6.1f} s, {cost.processor:6.1f} s of processors, peak {cost.gigabytes:.2f} GB",
                flush=True,
            )
    clock, processor = (float(np.median([pair[place] for pair in ratios])) for place in (0, 1))
    said = f"{clock:.2f} by the clock, {processor:.2f} by processor time"
    return [
        Verdict(f"5 fit at most {LARGEST_RATIO} x bare least squares", said, clock <= LARGEST_RATIO),
        Verdict(f"5 fit within {MOST_GIGABYTES:.0f} GB", f"{max(peaks):.2f} GB", max(peaks) <= MOST_GIGABYTES),
    ]


def _apart(side: str, n_events: int) -> Cost:
    """Run one side in a new process, which takes nothing of this one's memory."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(fit_once, side, n_events).result()


def requests(n_items: int, n_events: int, n_users: int) -> None:
    """Print the median and 95th percentile of the time of a shortlist of 150, in milliseconds."""
    model = Recommender().fit(power_law_log(n_events, n_users, n_items))
    generator = np.random.default_rng(1)
    users = generator.choice(model.state.users.values, 200)
    raisable = model.candidate_set(generator.random(len(model.state.items)) < 0.27)
    sold = generator.random(len(model.state.items)) < 0.95
    ways = {
        "everything": {},
        "resolved candidates, registered included": {"candidates": model.candidate_set(sold), "must_include": raisable},
    }
    for name, given in ways.items():
        times = []
        for user in users.tolist():
            start = time.perf_counter()
            model.shortlist(user, 150, **given)
            times.append(1e3 * (time.perf_counter() - start))
        p50, p95 = np.quantile(times, [0.5, 0.95])
        print(f"  {len(model.state.items):7d} items, {name:42} p50 {p50:.2f} ms, p95 {p95:.2f} ms", flush=True)
