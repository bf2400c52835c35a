"""States with as many items as a test wants, at random, around the consumers and histories of the small shop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recommender import IdMap, Recommender, RecommenderConfig
from recommender.blend import Blend
from recommender.kinds import Kinds
from recommender.listings import Listings
from recommender.search import Taste
from recommender.training import State
from tests.recommender.shop_log import shop_features, shop_log

FACTORS = 4


def small_shop() -> Recommender:
    """A model of the small shop: 40 consumers, 30 items."""
    return Recommender(RecommenderConfig(factors=FACTORS, threads=1)).fit(shop_log(), shop_features())


def large_state(
    shop: State,
    n_items: int,
    generator: np.random.Generator,
    *,
    weights: tuple[float, float] = (0.6, 0.6),
    coarse: bool = False,
) -> State:
    """Return the shop with `n_items` items, at least 30, of random vectors, kinds and offsets.

    Parameters
    ----------
    weights : the blend's coefficients of the score and of its logarithm
    coarse : True rounds vectors and offsets, so that many items tie.
    """
    lengths = generator.lognormal(-1.5, 0.7, (n_items, 1))
    vectors = generator.standard_normal((n_items, FACTORS)) * lengths
    offsets = generator.normal(-4, 0.8, n_items)
    if coarse:
        vectors, offsets = vectors.round(1), offsets.round(0)
    n_kinds = 1 + n_items // 8
    levels = np.column_stack([np.arange(n_kinds) // 4 - 1, generator.integers(-1, 5, n_kinds)]).astype(np.int32)
    kinds = Kinds(
        generator.integers(0, n_kinds, n_items).astype(np.int32),
        levels,
        (0.1 + 0.05 * levels).astype(np.float32),
    )
    benefit = (generator.random(n_items) < 0.3).astype(np.float32)
    return replace(
        shop,
        items=IdMap(np.arange(n_items)),
        history=replace(shop.history, n_items=n_items),
        item_factors=vectors.astype(np.float32),
        user_factors=generator.standard_normal(shop.user_factors.shape).astype(np.float32),
        item_offsets=offsets.astype(np.float32),
        stranger_logits=offsets.astype(np.float32),
        area_shifts=np.empty((0, n_items), np.float32),
        kinds=kinds,
        listings=Listings(benefit, benefit, None, None, ()),
        blend=Blend(
            shop.blend.repeat,
            shop.blend.item,
            np.array([0.5, *weights], np.float32),
            np.array([[0.05, -0.1, 0.1], [-0.05, 0.2, 0.2]], np.float32),
        ),
    )


def by_brute_force(taste: Taste, size: int, shown: np.ndarray, included: np.ndarray | None) -> tuple[list[int], list[float]]:
    """Return the numbers and logits of the answer from the logits of all items, one sort for each of the two lists."""
    numbers = np.arange(len(shown), dtype=np.int32)
    logits = taste.all_logits(numbers)
    ranked = np.argsort(-logits, kind="stable")
    ranked = ranked[shown[ranked]]
    chosen = set(ranked[:size].tolist())
    if included is not None:
        chosen |= set(ranked[included[ranked]][:size].tolist())
    best = [number for number in ranked.tolist() if number in chosen]
    return best, logits[best].tolist()
