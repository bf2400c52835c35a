"""Spark's engine against this machine's on the same weeks."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.measurements.common import Split, Verdict
from benchmarks.measurements.relevance import ours, quality_of
from recommender import EngineUnavailableError, RecommenderConfig

LARGEST_DIFFERENCE = 0.01


def engines(split: Split, seeds: int) -> list[Verdict]:
    """Print NDCG@10 of both engines on all and on novel items, means over seeds, and the seconds of a fit."""
    found = {}
    for engine in ("machine", "spark"):
        rounds, began = [], time.perf_counter()
        for seed in range(seeds):
            try:
                quality = quality_of(ours(RecommenderConfig(engine=engine), seed)(split), split)
            except EngineUnavailableError as error:
                return [Verdict("6 NDCG on Spark within 1 % of this machine's", str(error), None)]
            rounds.append((np.nanmean(quality.all_items), np.nanmean(quality.novel)))
        found[engine] = np.mean(rounds, axis=0)
        seconds = (time.perf_counter() - began) / seeds
        print(f"  {engine:<8} NDCG {found[engine][0]:.4f} / {found[engine][1]:.4f}  {seconds:.1f} s", flush=True)
    change = found["spark"] / found["machine"] - 1
    said = f"{change[0]:+.2%} on all items, {change[1]:+.2%} on novel ones"
    # The demand is on lists of all items; those of novel ones are printed beside them.
    return [Verdict("6 NDCG on Spark within 1 % of this machine's", said, bool(abs(change[0]) <= LARGEST_DIFFERENCE))]
