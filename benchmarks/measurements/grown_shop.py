"""A shop of any size around a model trained on The Complete Journey, and the worst case for a search by bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measurements.common import load_journey, split_at
from recommender import IdMap, Recommender
from recommender.kinds import Kinds
from recommender.listings import Listings
from recommender.training import State

VILLAGES, VILLAGES_OF_A_TYPE = 2000, 20
REGISTERED_SHARE, LISTINGS_OF_A_SELLER = 0.28, 13
# What a consumer's history says of a village, in the order of KIND_FEATURES; made up, for the data know none.
VILLAGE_WEIGHTS = (0.02, 0.05, 0.1)
PAIR_COLUMNS = ("items", "frequency", "recent", "purchases", "first_age_days", "last_age_days")


@dataclass(frozen=True)
class Shop:
    """A fitted state, the seller of each listing, int64 (listings,), and the severity of each seller, (sellers,)."""

    state: State
    seller: NDArray[np.int64]
    severity: NDArray[np.float64]


@lru_cache(maxsize=1)
def trained() -> Recommender:
    """Fit on everything before the test weeks; a few seconds, once."""
    journey = load_journey()
    split = split_at(journey, journey.test_start)
    return Recommender().fit(split.log, split.content, now=split.now)


def grown(listings: int, seed: int) -> Shop:
    """Return the trained shop grown, or cut, to so many listings.

    Every further listing is a trained product taken at random: its vector is turned (a normal step of half its length)
    and stretched (by a log-normal factor of .3), its offset moved (by a normal step of .2), so that lengths, offsets and
    neighbourhoods stay those of trained vectors. Each listing comes from one of twenty villages that grow its type.
    """
    state, rng = trained().state, np.random.default_rng(seed)
    known = len(state.items)
    source = np.concatenate([np.arange(min(known, listings)), rng.integers(0, known, max(listings - known, 0))])
    vectors = state.item_factors[source].astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    steps = rng.standard_normal(vectors[known:].shape, dtype=np.float32) / np.sqrt(vectors.shape[1])
    vectors[known:] += 0.5 * lengths[known:] * steps
    vectors *= lengths / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[known:] *= rng.lognormal(0, 0.3, (max(listings - known, 0), 1)).astype(np.float32)
    offsets = state.item_offsets[source] + rng.normal(0, 0.2, listings).astype(np.float32)
    kind = state.kinds.of_item[source]
    village = (7 * kind + rng.integers(0, VILLAGES_OF_A_TYPE, listings)) % VILLAGES
    weights = np.vstack([state.blend.kind, VILLAGE_WEIGHTS]).astype(np.float32)
    return _with_items(
        state,
        rng,
        item_factors=vectors,
        item_offsets=offsets,
        kinds=_kinds(np.column_stack([state.kinds.levels[kind], village])),
        blend=replace(state.blend, kind=weights),
    )


def isotropic(listings: int, seed: int) -> Shop:
    """Return listings that leave a search by bounds nothing: normal vectors, no content, the same offset for all."""
    state, rng = trained().state, np.random.default_rng(seed)
    width = state.item_factors.shape[1]
    people = rng.standard_normal(state.user_factors.shape, dtype=np.float32) / np.float32(np.sqrt(width))
    return _with_items(
        replace(state, user_factors=people),
        rng,
        item_factors=rng.standard_normal((listings, width), dtype=np.float32) / np.float32(np.sqrt(width)),
        item_offsets=np.full(listings, -4, dtype=np.float32),
        kinds=_kinds(np.empty((listings, 0), dtype=np.int64)),
        blend=replace(state.blend, kind=np.empty((0, 3), dtype=np.float32)),
    )


def _with_items(state: State, rng: np.random.Generator, **arrays: Any) -> Shop:
    """Put other items into a state, with the histories of those that stay."""
    listings = len(arrays["item_offsets"])
    seller = rng.permutation(np.arange(listings) // LISTINGS_OF_A_SELLER)
    n_sellers = int(seller.max()) + 1
    is_registered = rng.random(n_sellers) < REGISTERED_SHARE
    severity = np.where(is_registered, rng.beta(2, 3, n_sellers).clip(0.05), 0)
    history, keep = state.history, state.history.items < listings
    counts = np.bincount(history.users[keep], minlength=history.n_users)
    kept = {name: getattr(history, name)[keep] for name in PAIR_COLUMNS}
    whole = replace(
        state,
        items=IdMap(np.arange(listings)),
        history=replace(history, n_items=listings, indptr=np.concatenate([[0], np.cumsum(counts)]), **kept),
        own_logits=state.own_logits[keep],
        listings=Listings(is_registered[seller].astype(np.float32), severity[seller].astype(np.float32)),
        stranger_logits=arrays["item_offsets"],
        area_shifts=np.empty((0, listings), dtype=np.float32),
        **arrays,
    )
    return Shop(whole, seller, severity)


def _kinds(codes: NDArray[np.int64]) -> Kinds:
    """Return the kinds of listings whose content codes are given, (listings, columns)."""
    levels, of_item = np.unique(codes.astype(np.int32), axis=0, return_inverse=True)
    shares = np.empty(levels.shape, dtype=np.float32)
    for column in range(codes.shape[1]):
        sums = np.bincount(codes[:, column] + 1) + 0.5
        shares[:, column] = (sums / sums.sum())[levels[:, column] + 1]
    return Kinds(of_item.ravel().astype(np.int32), levels, shares)
