"""Tilted serving against implicit's own untilted `recommend`: stacked, and by groups with guard and multipliers."""

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
TILT = 0.05


def serving(listings: int, seed: int) -> dict[str, float]:
    """Print and return milliseconds of untilted `recommend`, of the same search with the tilt, and of the guarded request."""
    rng = np.random.default_rng(seed)
    vectors = np.abs(rng.normal(0, 1, (listings, FACTORS))).astype(np.float32) / FACTORS
    users = np.abs(rng.normal(0, 1, (200, FACTORS))).astype(np.float32) / 8
    benefit = (rng.random(listings) < 0.28).astype(np.float32)
    vectors[benefit > 0] *= 0.8
    stacked = stacked_items(vectors, TILT * benefit)
    weights = position_weights_or_default(None, PLACES)
    plain, tilted = _model(vectors, users), _model(stacked, stacked_query(users, 1.0))
    empty = csr_matrix((1, listings), dtype=np.float32)

    groups = [np.flatnonzero(benefit == level) for level in (0, 1)]
    parts = [np.ascontiguousarray(vectors[members]) for members in groups]

    def grouped(user: int) -> None:
        # All goods of a group have the same tilt, so the best n of each group hold the answer for every multiplier
        # and every c_u; both searches together read the vectors once.
        found = [topk(part, users[user : user + 1], PLACES, num_threads=1) for part in parts]
        score = np.concatenate([scores[0] for _, scores in found]).astype(np.float64)
        gain = np.repeat([0.0, 1.0], PLACES)
        choose(Shortlist(score, gain, None, None, None), TILT * gain, weights, GUARD, None)

    timings = _timed(
        {
            "recommend, untilted": lambda user: plain.recommend(user, empty, N=PLACES, filter_already_liked_items=False),
            "recommend, tilt stacked": lambda user: tilted.recommend(user, empty, N=PLACES, filter_already_liked_items=False),
            "two groups, tilt and guard": grouped,
        }
    )
    base = timings["recommend, untilted"]
    for name, milliseconds in timings.items():
        cost = f"p50 {milliseconds:.3f} ms of processor  {milliseconds / base:.2f} x untilted"
        print(f"  {listings:>9,} x {FACTORS}  {name:<30} {cost}")
    same = all(
        set(tilted.recommend(user, empty, N=PLACES, filter_already_liked_items=False)[0].tolist())
        == set(np.argsort(-(stacked @ stacked_query(users[user], 1.0)), kind="stable")[:PLACES].tolist())
        for user in range(20)
    )
    print(f"  {listings:>9,} x {FACTORS}  tilted lists equal brute force: {same}")
    return timings


def _model(items: np.ndarray, users: np.ndarray) -> AlternatingLeastSquares:
    model = AlternatingLeastSquares(factors=items.shape[1], num_threads=1)
    model.item_factors, model.user_factors = items, users
    return model


def _timed(calls: dict[str, Callable[[int], object]]) -> dict[str, float]:
    """Return the median processor milliseconds of each call: one thread works, and a busy machine must not count."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(ROUNDS):
        for name, call in calls.items():
            began = time.thread_time()
            call(number % 200)
            taken[name].append(1e3 * (time.thread_time() - began))
    return {name: float(np.median(values)) for name, values in taken.items()}
