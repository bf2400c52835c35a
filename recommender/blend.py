"""The calibrated blend: one logistic regression for pairs with history, one for pairs without.

Its lessons come from the past of the log itself: features as they stood `label_window_days` before the end, labels
from the purchases after that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.calibration import fit_logistic
from recommender.config import RecommenderConfig
from recommender.features import (
    ITEM_FEATURES,
    NOVEL_FEATURES,
    REPEAT_FEATURES,
    Totals,
    consumer_novelty,
    item_features,
    pair_scores,
    repeat_features,
)
from recommender.history import History

Floats = NDArray[np.float32]

NEAREST_ITEMS, RANDOM_ITEMS = 200, 200
MOST_SCORES = 60_000_000

# Coefficients for a log too short to teach any: what groceries taught, rounded.
REPEAT_PRIOR = dict.fromkeys(REPEAT_FEATURES, 0.0) | {"one": -2.0, "log frequency": 0.8, "log recent frequency": 0.3}
NOVEL_PRIOR = dict.fromkeys(NOVEL_FEATURES, 0.0) | {"log first buyers": 0.9, "log consumer novelty": 0.6, "factor score": 3.0}


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """Coefficients of the two regressions.

    Attributes
    ----------
    repeat : float32 (11,)
        In the order of REPEAT_FEATURES.
    novel : float32 (6,)
        In the order of NOVEL_FEATURES.
    """

    repeat: Floats
    novel: Floats

    def item_offsets(self, features: Floats) -> Floats:
        """Return the part of a novel pair's logit that belongs to the item, float32 (n_items,)."""
        return features @ self.novel[: len(ITEM_FEATURES)]

    @property
    def novelty_weight(self) -> float:
        """What one unit of a consumer's novelty adds to the logit of a novel pair."""
        return float(self.novel[-2])

    @property
    def score_weight(self) -> float:
        """What one unit of the factors' score adds to the logit of a novel pair."""
        return float(self.novel[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Everything known at the cut, and what was bought after it.

    Attributes
    ----------
    history, totals
        At the cut.
    user_factors, item_factors : float32 (n_users, f), (n_items, f)
        Learnt from the log before the cut.
    bought : int64 (n_bought,)
        Pairs user x n_items + item bought after the cut, rising.
    """

    history: History
    totals: Totals
    user_factors: Floats
    item_factors: Floats
    bought: NDArray[np.int64]


def prior_blend() -> Blend:
    """Return the blend that knows no log."""
    return Blend(
        np.asarray([REPEAT_PRIOR[name] for name in REPEAT_FEATURES], dtype=np.float32),
        np.asarray([NOVEL_PRIOR[name] for name in NOVEL_FEATURES], dtype=np.float32),
    )


def learn_blend(lesson: Lesson, config: RecommenderConfig, generator: np.random.Generator) -> Blend:
    """Fit both regressions on a sample of consumers."""
    active = np.flatnonzero(np.diff(lesson.history.indptr)).astype(np.int32)
    most = min(config.sampled_consumers, max(1, MOST_SCORES // max(lesson.history.n_items, 1)))
    if len(active) > most:
        active = np.sort(generator.choice(active, most, replace=False))
    prior = prior_blend()
    x, y, w = _repeat_sample(lesson, active)
    repeat = fit_logistic(x, y, w, prior.repeat)
    x, y, w = _novel_sample(lesson, active, generator)
    novel = fit_logistic(x, y, w, prior.novel)
    return Blend(repeat.astype(np.float32), novel.astype(np.float32))


def _is_bought(lesson: Lesson, users: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.bool_]:
    pairs = users.astype(np.int64) * lesson.history.n_items + items
    if not len(lesson.bought):
        return np.zeros(len(pairs), dtype=np.bool_)
    places = np.minimum(np.searchsorted(lesson.bought, pairs), len(lesson.bought) - 1)
    return np.asarray(lesson.bought[places] == pairs)


def _repeat_sample(lesson: Lesson, users: NDArray[np.int32]) -> tuple[Floats, Floats, Floats]:
    """Return features, labels and weights of every pair with history of the given consumers."""
    history = lesson.history
    counts = np.diff(history.indptr)[users]
    owners = np.repeat(users, counts)
    pairs = np.concatenate([np.arange(history.indptr[user], history.indptr[user + 1]) for user in users] or [np.empty(0)])
    pairs = pairs.astype(np.intp)
    items = history.items[pairs]
    score = pair_scores(lesson.user_factors, lesson.item_factors, owners, items)
    labels = _is_bought(lesson, owners, items).astype(np.float32)
    return repeat_features(history, lesson.totals, pairs, owners, score), labels, np.ones(len(pairs), dtype=np.float32)


def _novel_sample(
    lesson: Lesson, users: NDArray[np.int32], generator: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return features, labels and weights of a sample of the pairs without history.

    All that were bought, all of the nearest by the factors, and a few of the rest, which stand for all of the rest.
    """
    per_item, novelty = item_features(lesson.totals), consumer_novelty(lesson.totals)
    rows, labels, weights = [], [], []
    for user in users:
        scores = lesson.item_factors @ lesson.user_factors[user]
        chosen, label, weight = _novel_items(lesson, int(user), scores, generator)
        alone = np.column_stack([np.full(len(chosen), novelty[user]), scores[chosen]])
        rows.append(np.hstack([per_item[chosen], alone]))
        labels.append(label)
        weights.append(weight)
    if not rows:
        return np.empty((0, len(NOVEL_FEATURES)), np.float32), np.empty(0, np.float32), np.empty(0, np.float32)
    return np.concatenate(rows), np.concatenate(labels), np.concatenate(weights)


def _novel_items(
    lesson: Lesson, user: int, scores: Floats, generator: np.random.Generator
) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Return the sampled items of one consumer with labels and weights."""
    history = lesson.history
    is_open = np.ones(history.n_items, dtype=np.bool_)
    is_open[history.items[history.row(user)]] = False
    first = np.searchsorted(lesson.bought, user * history.n_items)
    last = np.searchsorted(lesson.bought, (user + 1) * history.n_items)
    bought = lesson.bought[first:last] - user * history.n_items
    bought = bought[is_open[bought]]
    is_open[bought] = False
    near = np.flatnonzero(is_open)
    if len(near) > NEAREST_ITEMS:
        near = near[np.argpartition(scores[near], -NEAREST_ITEMS)[-NEAREST_ITEMS:]]
    is_open[near] = False
    rest = np.flatnonzero(is_open)
    n_rest = len(rest)
    if n_rest > RANDOM_ITEMS:
        rest = rest[generator.integers(0, n_rest, RANDOM_ITEMS)]
    share = n_rest / max(len(rest), 1)
    weights = np.repeat([1.0, 1.0, share], [len(bought), len(near), len(rest)])
    labels = np.repeat([1.0, 0.0, 0.0], [len(bought), len(near), len(rest)])
    return np.concatenate([bought, near, rest]), labels.astype(np.float32), weights.astype(np.float32)
