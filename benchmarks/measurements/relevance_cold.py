"""New listings.

15 % of the products lose their history. Their latest buyers, as if they were the first, are folded into a model that
never met the products, once with what is known of their content and once without, and the cold products are ranked
among themselves for the test weeks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.measurements.common import Split, Verdict, bootstrap_interval, ndcg, top_lists
from recommender import Interactions, Recommender

COLD_SHARE = 0.15
BUYERS = (0, 1, 3, 5, 20)
DEMANDED = (1, 5)


def latest_buyers(log: Interactions, is_cold: NDArray[np.bool_], buyers: int) -> NDArray[np.bool_]:
    """Mark the events of the latest so many consumers of each cold item, bool (n_events,)."""
    chosen = np.zeros(len(log), dtype=np.bool_)
    events = np.flatnonzero(is_cold[log.item_numbers])
    events = events[np.lexsort((-log.timestamps[events], log.item_numbers[events]))]
    known: dict[int, set[int]] = {}
    for event in events.tolist():
        met = known.setdefault(int(log.item_numbers[event]), set())
        user = int(log.user_numbers[event])
        if user in met or len(met) < buyers:
            met.add(user)
            chosen[event] = True
    return chosen


def cold_scores(split: Split, is_cold: NDArray[np.bool_], told: NDArray[np.bool_], with_content: bool) -> NDArray[np.float32]:
    """Return the probabilities of the cold items for all consumers after folding in what is told of them."""
    log = split.log
    content = split.content
    if not with_content:
        warm = np.flatnonzero(~is_cold).tolist()
        content = {name: [column[row] for row in warm] for name, column in content.items()}
    model = Recommender().fit(log.where(~is_cold[log.item_numbers]), content, now=split.now)
    if told.any():
        model = model.fold_in(log.where(told), now=split.now)
    return model.relevance(log.users.values, is_cold)


def cold(split: Split, *, quick: bool) -> list[Verdict]:
    """Print NDCG@10 among cold products by how many had bought them."""
    is_cold = np.random.default_rng(0).random(len(split.log.items)) < COLD_SHARE
    print(f"{int(is_cold.sum())} cold products of {len(is_cold)}; NDCG@10 among them, without pairs already told")
    print("  buyers   with content   without    difference [95 %]")
    verdicts = []
    for buyers in DEMANDED if quick else BUYERS:
        told = latest_buyers(split.log, is_cold, buyers)
        seen = np.zeros(split.bought.shape, dtype=np.bool_)
        seen[split.log.user_numbers[told], split.log.item_numbers[told]] = True
        bought = (split.bought & ~seen)[:, is_cold]
        found = []
        for with_content in (True, False):
            scores = cold_scores(split, is_cold, told, with_content)
            found.append(ndcg(top_lists(np.where(seen[:, is_cold], np.float32(-1), scores)), bought))
        low, high = bootstrap_interval(found[0] - found[1])
        means = [np.nanmean(values) for values in found]
        print(f"  {buyers:6d}   {means[0]:.4f}         {means[1]:.4f}     [{low:+.4f}, {high:+.4f}]", flush=True)
        if buyers in DEMANDED:
            said = f"{means[0]:.4f} against {means[1]:.4f}, difference [{low:+.4f}, {high:+.4f}]"
            verdicts.append(Verdict(f"7 content prior above zero prior at {buyers} buyers", said, bool(means[0] > means[1])))
    return verdicts
