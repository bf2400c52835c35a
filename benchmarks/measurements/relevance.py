"""Relevance against its peers, its calibration, and what it costs: `python -m benchmarks.measurements.relevance`.

Every parameter, ours and the peers', is picked on the validation weeks alone; a peer may even pick one setting for all
items and another for novel ones. This program scores the test weeks for the chosen settings only; the test weeks were
looked at while the method was being built, so they are not untouched evidence.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray

from benchmarks.measurements.common import Split, bootstrap_interval, load_journey, ndcg, recall, split_at, top_lists
from benchmarks.measurements.relevance_peers import PEERS, Scorer
from recommender import Recommender, RecommenderConfig, reliability_table
from recommender.factors import confidence_matrix
from recommender.history import build_history

OURS = "this recommender"
CHOICES = {f"{factors} factors": RecommenderConfig(factors=factors) for factors in (64, 128)}
LOW_EDGES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0)


class Quality(NamedTuple):
    """NDCG@10 and Recall@10 of each consumer, on all items and on those it never bought; NaN without purchases."""

    all_items: NDArray[np.float64]
    novel: NDArray[np.float64]
    recall_all: NDArray[np.float64]
    recall_novel: NDArray[np.float64]


def ours(config: RecommenderConfig, seed: int) -> Scorer:
    """Return the scorer of this recommender."""

    def scores(split: Split) -> NDArray[np.float32]:
        model = Recommender(config).fit(split.log, split.content, now=split.now, rng=seed)
        return model.relevance(split.log.users.values)

    return scores


def quality_of(scores: NDArray[np.float32], split: Split) -> Quality:
    """Measure a ranking of all items, and of the items each consumer has not bought before."""
    lists = top_lists(scores)
    novel_lists = top_lists(np.where(split.seen, np.float32(-1e9), scores))
    novel = split.bought & ~split.seen
    return Quality(ndcg(lists, split.bought), ndcg(novel_lists, novel), recall(lists, split.bought), recall(novel_lists, novel))


def choose(split: Split, methods: list[str]) -> dict[str, tuple[str, str]]:
    """Return for each method the setting that is best on all items and the one that is best on novel ones."""
    print("\nvalidation: NDCG@10 on all items / novel items")
    chosen = {}
    grids = {OURS: {name: ours(config, 0) for name, config in CHOICES.items()}}
    grids |= {method: PEERS[method] for method in methods}
    for method, grid in grids.items():
        found = {}
        for setting, scorer in grid.items():
            quality = quality_of(scorer(split), split)
            found[setting] = float(np.nanmean(quality.all_items)), float(np.nanmean(quality.novel))
            print(f"  {method:24} {setting:22} {found[setting][0]:.4f} / {found[setting][1]:.4f}", flush=True)
        best = [max(found, key=lambda setting: found[setting][place]) for place in (0, 1)]
        if method == OURS:
            # One model serves both, so one setting must do: the sum of the relative figures decides.
            top = [max(found[setting][place] for setting in found) for place in (0, 1)]
            best = [max(found, key=lambda name: found[name][0] / top[0] + found[name][1] / top[1])] * 2
        chosen[method] = best[0], best[1]
    return chosen


def print_calibration(probabilities: NDArray[np.float32], split: Split) -> None:
    """Print the reliability table in equal bins, and in finer ones where most pairs are."""
    for edges in (np.linspace(0, 1, 11), np.asarray(LOW_EDGES)):
        print("\ntest: calibration\n  bin               pairs  predicted  observed   error")
        for row in reliability_table(probabilities, split.bought, edges):
            flag = "" if row.n_pairs > 500 else "  (too few)"
            print(
                f"  {row.low:5.3f} - {row.high:5.3f} {row.n_pairs:9d}    {row.predicted:.5f}   {row.observed:.5f}"
                f"  {100 * (row.predicted / row.observed - 1) if row.observed else float('nan'):+5.1f} %{flag}"
            )


def measure(split: Split, chosen: dict[str, tuple[str, str]], seeds: int) -> None:
    """Print the test table; intervals are 95 % bootstraps over consumers, differences are paired."""
    config = CHOICES[chosen[OURS][0]]
    rounds = []
    for seed in range(seeds):
        scores = ours(config, seed)(split)
        rounds.append(quality_of(scores, split))
        print(f"  {OURS}, {chosen[OURS][0]}, seed {seed}: ", end="")
        print(f"{np.nanmean(rounds[-1].all_items):.4f} / {np.nanmean(rounds[-1].novel):.4f}", flush=True)
        if seed == 0:
            print_calibration(scores, split)
    mine = Quality(*(np.mean([getattr(quality, name) for quality in rounds], axis=0) for name in Quality._fields))
    print(
        f"\ntest: {split.bought.shape[0]} households, {split.bought.shape[1]} products, "
        f"{int((~np.isnan(mine.all_items)).sum())} with a purchase; ours is the mean of {seeds} seeds"
    )
    print(f"  {'':24} NDCG all  [95 %]             NDCG novel [95 %]           recall all / novel")
    print(_row(OURS, mine))
    for method, settings in chosen.items():
        if method == OURS:
            continue
        parts = {setting: quality_of(PEERS[method][setting](split), split) for setting in dict.fromkeys(settings)}
        one, two = (parts[setting] for setting in settings)
        print(_row(method, Quality(one.all_items, two.novel, one.recall_all, two.recall_novel)))
        gaps = [bootstrap_interval(difference) for difference in (mine.all_items - one.all_items, mine.novel - two.novel)]
        print("    ours minus it:          " + "    ".join(f"[{low:+.4f}, {high:+.4f}]" for low, high in gaps), flush=True)


def _row(name: str, quality: Quality) -> str:
    parts = []
    for values in (quality.all_items, quality.novel):
        low, high = bootstrap_interval(values)
        parts.append(f"{np.nanmean(values):.4f}  [{low:.4f}, {high:.4f}]")
    recalls = " / ".join(f"{np.nanmean(values):.4f}" for values in (quality.recall_all, quality.recall_novel))
    return f"  {name:24} {parts[0]}   {parts[1]}   {recalls}"


def measure_fit(split: Split, config: RecommenderConfig, rounds: int) -> None:
    """Print the time of a fit over that of implicit's ALS, same matrix, vectors and threads, its usual 15 sweeps."""
    matrix = confidence_matrix(build_history(split.log, split.now, config), config)

    def raw() -> None:
        model = AlternatingLeastSquares(factors=config.factors, regularization=config.regularization, random_state=0)
        model.fit(matrix, show_progress=False)

    def whole() -> None:
        Recommender(config).fit(split.log, split.content, now=split.now)

    # In turns, so that both meet the same noise of the machine.
    times = [(_seconds(raw), _seconds(whole)) for _ in range(rounds)]
    ratios = sorted(mine / theirs for theirs, mine in times)
    medians = [float(np.median([pair[place] for pair in times])) for place in (0, 1)]
    print(f"\nfit, {config.factors} factors, median of {rounds} turns: ALS {medians[0]:.2f} s, ours {medians[1]:.2f} s")
    print(f"  ratio {np.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Choose on validation, measure on test, and time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", choices=("quality", "fit", "all"), default="all")
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    arguments = parser.parse_args()
    journey = load_journey()
    test = split_at(journey, journey.test_start)
    if arguments.part in ("quality", "all"):
        chosen = choose(split_at(journey, journey.validation_start), arguments.peers)
        measure(test, chosen, arguments.seeds)
    if arguments.part in ("fit", "all"):
        for config in CHOICES.values():
            measure_fit(test, config, arguments.rounds)


if __name__ == "__main__":
    main()
