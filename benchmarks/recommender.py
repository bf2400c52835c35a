"""The recommender measured in one run: ``python -m benchmarks.recommender [--seeds 3] [--only relevance,tilt] [--out DIR]``.

Each section prints its table and how long it took; at the end stand all demanded figures with what was reached. The data
are The Complete Journey (extra `bench`); only the fit is measured on a log drawn from power laws. Times are of this machine
and this moment: take ratios seriously, seconds not.
"""

from __future__ import annotations

import os

# Small matrices in many threads are slower than in one; it counts only before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measurements.common import (
    Journey,
    Split,
    Verdict,
    fewer_households,
    load_journey,
    print_verdicts,
    split_at,
)
from benchmarks.measurements.relevance import relevance
from benchmarks.measurements.relevance_cold import cold
from benchmarks.measurements.relevance_scale import fit_cost, requests
from benchmarks.measurements.relevance_spark import engines
from benchmarks.measurements.tilt import Weeks, accuracy, households, peers, weeks
from benchmarks.measurements.tilted_serving import serving

QUICK_HOUSEHOLDS = 300
SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (10_000,)
DEMANDED_SIZE, MOST_OVER_UNTILTED, MOST_MILLISECONDS, LEAST_RECALL = 100_000, 1.10, 1.0, 0.99


@dataclass(frozen=True)
class Run:
    """The settings of a run; data are read, and the model of the test weeks is fitted, when the first section asks."""

    seeds: int
    quick: bool
    out: Path

    @functools.cached_property
    def journey(self) -> Journey:
        """All purchases, or those of a few households."""
        journey = load_journey()
        return fewer_households(journey, QUICK_HOUSEHOLDS) if self.quick else journey

    @functools.cached_property
    def split(self) -> Split:
        """The log up to the test weeks, and the test weeks."""
        return split_at(self.journey, self.journey.test_start)

    @functools.cached_property
    def weeks(self) -> Weeks:
        """Relevance for the test weeks."""
        return weeks(self.split)


def serving_speed(run: Run) -> list[Verdict]:
    """Measure tilted serving by the number of listings, then a shortlist of the model."""
    found = {size: serving(size, 0) for size in (QUICK_SIZES if run.quick else SIZES)}
    print("one request for a shortlist of 150:")
    requests(2_300, 200_000, 5_000)
    if DEMANDED_SIZE not in found:
        return [Verdict(f"5 tilted serving at {DEMANDED_SIZE:,}", "not measured in a quick look", None)]
    at, smallest, largest = found[DEMANDED_SIZE], found[SIZES[0]], found[SIZES[-1]]
    verdicts = []
    for most, milliseconds in at.tilted.items():
        ratio, beside = milliseconds / at.untilted, f"{most} + {most} candidates"
        verdicts += [
            Verdict(
                f"5 tilted serving at {DEMANDED_SIZE:,} at most {MOST_OVER_UNTILTED:.2f} x untilted, {beside}",
                f"{ratio:.2f}",
                ratio <= MOST_OVER_UNTILTED,
            ),
            Verdict(
                f"5 tilted serving at {DEMANDED_SIZE:,} at most {MOST_MILLISECONDS:.0f} ms, {beside}",
                f"{milliseconds:.2f} ms",
                milliseconds <= MOST_MILLISECONDS,
            ),
        ]
    least = min(largest.tilted)
    growth = largest.tilted[least] / smallest.tilted[least]
    recall = min(one.recall for one in found.values())
    verdicts.append(Verdict("5 cost from 10,000 to 1,000,000 grows less than 100-fold", f"{growth:.1f}-fold", growth < 100))
    verdicts.append(Verdict(f"5 recall of the ten at least {LEAST_RECALL}", f"{recall:.4f}", recall >= LEAST_RECALL))
    return verdicts


SECTIONS: Mapping[str, tuple[str, Callable[[Run], list[Verdict]]]] = {
    "relevance": ("relevance against its peers", lambda run: relevance(run.journey, run.seeds, quick=run.quick)),
    "tilt": ("the tilt: shares and certificates", lambda run: accuracy(run.weeks, run.seeds, quick=run.quick)),
    "peers": ("peers at the same share", lambda run: peers(run.weeks, run.seeds, run.out, quick=run.quick)),
    "spread": ("spread over counties and households", lambda run: households(run.weeks, run.seeds, quick=run.quick)),
    "serving": ("the speed of serving", serving_speed),
    "fit": ("the time and memory of a fit", lambda run: fit_cost(quick=run.quick)),
    "cold": ("new listings", lambda run: cold(run.split, quick=run.quick)),
    "spark": ("Spark's engine", lambda run: engines(run.split, 1)),
}


def main() -> None:
    """Run the sections and print what was demanded and reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many assignments of sellers, and fits")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"sections, with commas between: {', '.join(SECTIONS)}")
    parser.add_argument("--out", type=Path, default=Path("var/benchmark"), help="folder for the frontier's picture and figures")
    parser.add_argument("--quick", action="store_true", help="one seed and few consumers, to see that it works")
    options = parser.parse_args()
    chosen = [name.strip() for name in options.only.split(",")]
    if unknown := sorted(set(chosen) - set(SECTIONS)):
        parser.error(f"no section is called {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    if options.seeds < 1:
        parser.error("--seeds must be at least 1")
    run = Run(1 if options.quick else options.seeds, options.quick, options.out)
    verdicts, times = [], []
    for name in chosen:
        title, section = SECTIONS[name]
        print(f"\n== {name}: {title}", flush=True)
        began = time.perf_counter()
        verdicts += section(run)
        times.append(f"{name} {time.perf_counter() - began:.0f} s")
        print(f"-- {times[-1]}", flush=True)
    print("\n== demanded and reached")
    if run.quick:
        print("  (a quick look: figures of few consumers, which prove nothing)")
    print_verdicts(verdicts)
    print("\ntimes: " + ", ".join(times))


if __name__ == "__main__":
    main()
