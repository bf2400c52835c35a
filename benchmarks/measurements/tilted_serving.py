"""What a tilted request costs, whole, beside implicit's own untilted `recommend` over the same vectors.

A request is what a shop does: `Recommender.shortlist` of the best listings and the best registered ones with the
calibrated blend, then `TiltController.rank` with the multipliers in force and the consumer guard, then `record`. The
index is exact: its lists are compared with those of the controller over every listing.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.measurements.grown_shop import Shop, grown, isotropic
from recommender import CandidateSet, Recommender, TiltController, TiltedList, TiltPolicy
from recommender.calibration import logistic
from recommender.search import Taste

PLACES, ROUNDS, PER_ROUND, COMPARED = 10, 12, 25, 20
# Of each side: what keeps .9999 of the optimum, and what the marketplace asks for.
SIZES = (50, 150)
SHARE, GUARD, FLOOR = 0.3, 0.8, 0.5


@dataclass(frozen=True)
class ServingTimes:
    """Median milliseconds of processor: of implicit's untilted `recommend`, and of a tilted request by candidates a side.

    `recall` is the part of the ten among all listings that the lists from the smallest shortlist name.
    """

    untilted: float
    tilted: dict[int, float]
    recall: float


def serving(listings: int, seed: int) -> ServingTimes:
    """Print milliseconds per request, the ratio to untilted `recommend`, recall of the lists, and what the index costs.

    Returns those of vectors grown from trained ones.
    """
    print(f"  {listings:,} listings with vectors grown from trained ones")
    found = _measure(grown(listings, seed), seed)
    print(f"  {listings:,} listings with normal vectors of one length, no content and one popularity: the worst case")
    _measure(isotropic(listings, seed), seed)
    return found


def _measure(shop: Shop, seed: int) -> ServingTimes:
    state, listings = shop.state, len(shop.state.items)
    width = state.item_factors.shape[1]
    tracemalloc.start()
    began = time.process_time()
    model = Recommender().serve(state)
    seconds, size = time.process_time() - began, tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    plain = AlternatingLeastSquares(factors=width, num_threads=1)
    plain.item_factors, plain.user_factors = state.item_factors, state.user_factors
    nothing = csr_matrix((1, listings), dtype=np.float32)
    registered = model.candidate_set(state.listings.benefit > 0)
    share, floors = _controllers(shop)
    calls: dict[str, Callable[[int], object]] = {
        "implicit recommend, untilted": lambda user: plain.recommend(user, nothing, PLACES, filter_already_liked_items=False)
    }
    for most in SIZES:
        calls[_tilted(most)] = lambda user, most=most: _request(model, shop, registered, share, user, most)
    calls["50 + 50, floors too"] = lambda user: _request(model, shop, registered, floors, user, SIZES[0])
    users = np.random.default_rng(seed).permutation(np.flatnonzero(np.diff(state.history.indptr)))
    timings = _timed(calls, users)
    base = timings["implicit recommend, untilted"][0]
    for name, (processor, wall) in timings.items():
        print(f"    {name:<30} p50 {processor:7.3f} ms of processor {wall:7.3f} wall  {processor / base:5.2f} x untilted")
    recalls = []
    for name, controller, most in (("share and guard", share, 50), ("floors too", floors, 50), ("floors too", floors, 150)):
        found = [_recall(model, shop, registered, controller, int(user), most) for user in users[:COMPARED]]
        recalls.append(float(np.mean(found)))
        print(f"    recall of the ten among all listings, {most} + {most}, {name}: {recalls[-1]:.4f}")
    part = _scored(model, registered, users)
    print(f"    index: {seconds:.2f} s to build, {size:.1f} MiB; 50 + 50 score {part:.2%} of the listings one by one")
    return ServingTimes(base, {most: timings[_tilted(most)][0] for most in SIZES}, recalls[0])


def _tilted(most: int) -> str:
    return f"{most} + {most}, share and guard"


def _controllers(shop: Shop) -> tuple[TiltController, TiltController]:
    """Return a controller of a share and a guard, and one with a floor for each registered household besides."""
    policy = TiltPolicy(exposure_share=SHARE, household_floor=FLOOR, consumer_guard=GUARD)
    return (
        TiltController(TiltPolicy(exposure_share=SHARE, consumer_guard=GUARD)),
        TiltController(policy, total_severity=float(shop.severity.sum())),
    )


def _request(
    model: Recommender, shop: Shop, registered: CandidateSet, controller: TiltController, user: int, most: int
) -> NDArray[np.int32]:
    """Serve one request and count it; return the numbers of the listings shown."""
    found = model.shortlist(model.state.users.values[user], most, must_include=registered)
    served = _rank(shop, controller, found.item_numbers, found.probabilities)
    controller.record(served)
    return found.item_numbers[served.positions]


def _rank(shop: Shop, controller: TiltController, numbers: NDArray[np.int32], relevance: NDArray[np.float32]) -> TiltedList:
    listings = shop.state.listings
    if not controller.policy.household_floor:
        return controller.rank(relevance, listings.benefit[numbers], PLACES)
    severity = listings.severity[numbers]
    return controller.rank(relevance, listings.benefit[numbers], PLACES, seller=shop.seller[numbers], severity=severity)


def _recall(
    model: Recommender, shop: Shop, registered: CandidateSet, controller: TiltController, user: int, most: int
) -> float:
    """Return which part of the list over every listing the list from the shortlist names, at the same multipliers."""
    everything = np.arange(len(model.state.items), dtype=np.int32)
    relevance = logistic(Taste.of(model.state, model.index.tables, user).all_logits(everything)).astype(np.float32)
    exact = set(everything[_rank(shop, controller, everything, relevance).positions].tolist())
    found = model.shortlist(model.state.users.values[user], most, must_include=registered)
    ours = found.item_numbers[_rank(shop, controller, found.item_numbers, found.probabilities).positions]
    return len(exact & set(ours.tolist())) / len(exact)


def _scored(model: Recommender, registered: CandidateSet, users: NDArray[np.intp]) -> float:
    """Return the mean part of all listings that a request scores one by one; a scan reads all vectors besides."""
    scored, plain = [], Taste.logits
    Taste.logits = lambda taste, numbers: scored.append(len(numbers)) or plain(taste, numbers)  # type: ignore[method-assign]
    try:
        for user in users[:COMPARED]:
            model.shortlist(model.state.users.values[user], SIZES[0], must_include=registered)
    finally:
        Taste.logits = plain  # type: ignore[method-assign]
    return sum(scored) / COMPARED / len(model.state.items)


def _timed(calls: dict[str, Callable[[int], object]], users: NDArray[np.intp]) -> dict[str, tuple[float, float]]:
    """Return the median milliseconds of processor and of wall of each call.

    The calls take turns, a few requests of one kind each time: each runs under what load there is, and none with the
    caches another has just filled.
    """
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for turn in range(ROUNDS):
        some = users[np.arange(turn * PER_ROUND, (turn + 1) * PER_ROUND) % len(users)]
        for name, call in calls.items():
            call(int(some[-1]))
            for user in some.tolist():
                processor, wall = time.thread_time(), time.perf_counter()
                call(user)
                taken[name].append((1e3 * (time.thread_time() - processor), 1e3 * (time.perf_counter() - wall)))
    return {name: tuple(np.median(values, axis=0).tolist()) for name, values in taken.items()}
