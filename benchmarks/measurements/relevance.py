"""Relevance against its peers, and its calibration.

Every parameter, ours and the peers', is picked on the validation weeks alone; a peer may even pick one setting for all
items and another for novel ones. The test weeks are scored for the chosen settings only; the test weeks were
looked at while the method was being built, so they are not untouched evidence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.measurements.common import Journey, Split, Verdict, bootstrap_interval, ndcg, recall, split_at, top_lists
from benchmarks.measurements.relevance_peers import PEERS, Scorer
from recommender import Recommender, RecommenderConfig, reliability_table

OURS = "this recommender"
CHOICES = {f"{factors} factors": RecommenderConfig(factors=factors) for factors in (64, 128)}
LEAST_NDCG, LEAST_NOVEL_NDCG, LARGEST_ERROR, LEAST_PAIRS = 0.41, 0.054, 0.10, 500
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


def print_calibration(probabilities: NDArray[np.float32], split: Split) -> float:
    """Print the reliability table in equal bins, and in finer ones where most pairs are; return the worst relative error."""
    worst = 0.0
    for edges in (np.linspace(0, 1, 11), np.asarray(LOW_EDGES)):
        print("\ntest: calibration\n  bin               pairs  predicted  observed   error")
        for row in reliability_table(probabilities, split.bought, edges):
            counts = row.n_pairs > LEAST_PAIRS
            flag = "" if counts else "  (too few)"
            if counts:
                worst = max(worst, abs(row.predicted / row.observed - 1) if row.observed else np.inf)
            print(
                f"  {row.low:5.3f} - {row.high:5.3f} {row.n_pairs:9d}    {row.predicted:.5f}   {row.observed:.5f}"
                f"  {100 * (row.predicted / row.observed - 1) if row.observed else float('nan'):+5.1f} %{flag}"
            )
    return worst


def measure(split: Split, chosen: dict[str, tuple[str, str]], seeds: int) -> list[Verdict]:
    """Print the test table; intervals are 95 % bootstraps over consumers, differences are paired."""
    config = CHOICES[chosen[OURS][0]]
    rounds, errors = [], []
    for seed in range(seeds):
        scores = ours(config, seed)(split)
        rounds.append(quality_of(scores, split))
        print(f"  {OURS}, {chosen[OURS][0]}, seed {seed}: ", end="")
        print(f"{np.nanmean(rounds[-1].all_items):.4f} / {np.nanmean(rounds[-1].novel):.4f}", flush=True)
        errors.append(print_calibration(scores, split))
    mine = Quality(*(np.mean([getattr(quality, name) for quality in rounds], axis=0) for name in Quality._fields))
    print(
        f"\ntest: {split.bought.shape[0]} households, {split.bought.shape[1]} products, "
        f"{int((~np.isnan(mine.all_items)).sum())} with a purchase; ours is the mean of {seeds} seeds"
    )
    print(f"  {'':24} NDCG all  [95 %]             NDCG novel [95 %]           recall all / novel")
    print(_row(OURS, mine))
    verdicts = []
    for name, values, least in (("all", mine.all_items, LEAST_NDCG), ("novel", mine.novel, LEAST_NOVEL_NDCG)):
        found = float(np.nanmean(values))
        verdicts.append(Verdict(f"1 NDCG@10 on {name} items >= {least}", f"{found:.4f}", found >= least))
    worst = f"worst {max(errors):.1%}"
    verdicts.append(Verdict("1 reliability within 10 % in bins over 500 pairs", worst, max(errors) <= LARGEST_ERROR))
    return verdicts + [_against(method, settings, mine, split) for method, settings in chosen.items() if method != OURS]


def _against(method: str, settings: tuple[str, str], mine: Quality, split: Split) -> Verdict:
    """Print a peer's row and what lies between it and ours."""
    parts = {setting: quality_of(PEERS[method][setting](split), split) for setting in dict.fromkeys(settings)}
    one, two = (parts[setting] for setting in settings)
    print(_row(method, Quality(one.all_items, two.novel, one.recall_all, two.recall_novel)))
    gaps = [bootstrap_interval(difference) for difference in (mine.all_items - one.all_items, mine.novel - two.novel)]
    said = "    ".join(f"[{low:+.4f}, {high:+.4f}]" for low, high in gaps)
    print(f"    ours minus it:          {said}", flush=True)
    above = all(np.nanmean(difference) > 0 for difference in (mine.all_items - one.all_items, mine.novel - two.novel))
    return Verdict(f"1 above {method}, all / novel", f"ours minus it {said}", bool(above))


def relevance(journey: Journey, seeds: int, *, quick: bool) -> list[Verdict]:
    """Choose on the validation weeks, measure on the test weeks; a quick look takes each method's first setting."""
    if quick:
        chosen = {method: (next(iter(grid)),) * 2 for method, grid in {OURS: CHOICES, **PEERS}.items()}
    else:
        chosen = choose(split_at(journey, journey.validation_start), list(PEERS))
    return measure(split_at(journey, journey.test_start), chosen, seeds)


def _row(name: str, quality: Quality) -> str:
    parts = []
    for values in (quality.all_items, quality.novel):
        low, high = bootstrap_interval(values)
        parts.append(f"{np.nanmean(values):.4f}  [{low:.4f}, {high:.4f}]")
    recalls = " / ".join(f"{np.nanmean(values):.4f}" for values in (quality.recall_all, quality.recall_novel))
    return f"  {name:24} {parts[0]}   {parts[1]}   {recalls}"
