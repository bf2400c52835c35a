"""Tilted serving against implicit's own untilted recommend: one stacked search, guard and multipliers included."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.topk import topk
from scipy.sparse import csr_matrix

from recommender.request import Shortlist, choose
from recommender.shortlists import position_weights_or_default
from recommender.stacking import stacked_items, stacked_query

FACTORS, PLACES, ROUNDS, GUARD = 64, 10, 300, 0.8
# Both ends of the tilt are searched at once; their best are the shortlist on which the guard is bisected.
SHORTLIST = 20


def serving(listings: int, seed: int) -> None:
    """Print milliseconds of untilted `recommend`, of the same search with the tilt, and of the guarded request."""
    rng = np.random.default_rng(seed)
    vectors = np.abs(rng.normal(0, 1, (listings, FACTORS))).astype(np.float32) / FACTORS
    users = np.abs(rng.normal(0, 1, (200, FACTORS))).astype(np.float32) / 8
    benefit = (rng.random(listings) < 0.28).astype(np.float32)
    vectors[benefit > 0] *= 0.8
    stacked = stacked_items(vectors, 0.05 * benefit)
    weights = position_weights_or_default(None, PLACES)
    plain, tilted = _model(vectors, users), _model(stacked, stacked_query(users, 1.0))
    empty = csr_matrix((1, listings), dtype=np.float32)

    def guarded(user: int) -> None:
        queries = stacked_query(np.stack([users[user], users[user]]), np.array([0.0, 1.0]))
        found, _ = topk(stacked, queries, SHORTLIST, num_threads=1)
        items = np.unique(found)
        rows = stacked[items]
        request = Shortlist((rows[:, :-1] @ users[user]).astype(np.float64), benefit[items], None, None, None)
        choose(request, rows[:, -1].astype(np.float64), weights, GUARD, None)

    timings = _timed(
        {
            "recommend, untilted": lambda user: plain.recommend(user, empty, N=PLACES, filter_already_liked_items=False),
            "recommend, tilt stacked": lambda user: tilted.recommend(user, empty, N=PLACES, filter_already_liked_items=False),
            "one search, tilt and guard": guarded,
        }
    )
    base = timings["recommend, untilted"]
    for name, milliseconds in timings.items():
        print(f"  {listings:>9,} x {FACTORS}  {name:<28} p50 {milliseconds:.3f} ms  {milliseconds / base:.2f} x untilted")
    same = all(
        set(tilted.recommend(user, empty, N=PLACES, filter_already_liked_items=False)[0].tolist())
        == set(np.argsort(-(stacked @ stacked_query(users[user], 1.0)), kind="stable")[:PLACES].tolist())
        for user in range(20)
    )
    print(f"  {listings:>9,} x {FACTORS}  tilted lists equal brute force: {same}")


def _model(items: np.ndarray, users: np.ndarray) -> AlternatingLeastSquares:
    model = AlternatingLeastSquares(factors=items.shape[1], num_threads=1)
    model.item_factors, model.user_factors = items, users
    return model


def _timed(calls: dict[str, Callable[[int], object]]) -> dict[str, float]:
    """Return the median milliseconds of each call, taken in turn so that a busy machine is busy for all."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(ROUNDS):
        for name, call in calls.items():
            began = time.perf_counter()
            call(number % 200)
            taken[name].append(1e3 * (time.perf_counter() - began))
    return {name: float(np.median(values)) for name, values in taken.items()}
