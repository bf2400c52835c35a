"""The calibrated blend: one logistic regression for pairs with history, one for pairs without.

Its lessons come from the past of the log itself: features as they stood `label_window_days` before the end, labels
from the purchases after that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.calibration import fit_logistic
from recommender.config import RecommenderConfig
from recommender.features import (
    ITEM_FEATURES,
    NOVEL_FEATURES,
    REPEAT_FEATURES,
    Totals,
    consumer_novelty,
    item_features,
    log_score,
    pair_scores,
    repeat_features,
)
from recommender.history import History
from recommender.kinds import KIND_FEATURES, Kinds

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]
Sample = tuple[Floats, Floats, Floats]

NEAREST_ITEMS, RANDOM_ITEMS = 150, 150
MOST_SCORES = 100_000_000
MOST_REPEAT_PAIRS = 200_000

# Coefficients for a log too short to teach any: what groceries taught, rounded.
REPEAT_PRIOR = dict.fromkeys(REPEAT_FEATURES, 0.0) | {"one": -1.0, "log frequency": 0.5, "log recent frequency": 0.3}
NOVEL_PRIOR = dict.fromkeys(NOVEL_FEATURES, 0.0) | {
    "log first buyers": 0.9,
    "log consumer novelty": 0.5,
    "factor score": 1.0,
    "log factor score": 0.3,
}


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """Coefficients of the two regressions.

    Attributes
    ----------
    repeat : float32 (17,)
        In the order of REPEAT_FEATURES.
    item, pair : float32 (8,), (3,)
        Of pairs without history, in the order of ITEM_FEATURES and PAIR_FEATURES.
    kind : float32 (n_columns, 3)
        For each content column in the order of KIND_FEATURES.
    """

    repeat: Floats
    item: Floats
    pair: Floats
    kind: Floats

    @property
    def novelty_weight(self) -> np.float32:
        """What one unit of a consumer's novelty adds to the logit of a pair without history."""
        return np.float32(self.pair[0])

    def score_terms(self, scores: Floats) -> Floats:
        """Return what the factors' scores add to the logits of pairs without history; same shape."""
        terms = log_score(scores)
        terms *= self.pair[2]
        terms += scores * self.pair[1]
        return terms

    def kind_terms(self, said: Floats) -> Floats:
        """Return what a consumer's history adds to such logits by kind: `Kinds.describe` -> float32 (n_kinds,)."""
        return said.reshape(len(said), self.kind.size) @ self.kind.ravel()


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Everything known at the cut, and what was bought after it.

    Attributes
    ----------
    history, totals
        At the cut.
    user_factors, item_factors : float32 (n_users, f), (n_items, f)
        Learnt from the log before the cut.
    kinds : Kinds
    bought : int64 (n_bought,)
        Pairs user x n_items + item bought after the cut, rising.
    """

    history: History
    totals: Totals
    user_factors: Floats
    item_factors: Floats
    kinds: Kinds
    bought: NDArray[np.int64]


def prior_blend(n_columns: int) -> Blend:
    """Return the blend that knows no log, for so many content columns."""
    novel = [NOVEL_PRIOR[name] for name in NOVEL_FEATURES]
    kind = [[0.0] * len(KIND_FEATURES)] * n_columns
    return _blend_of([REPEAT_PRIOR[name] for name in REPEAT_FEATURES], [*novel, *np.ravel(kind).tolist()])


def _blend_of(repeat: ArrayLike, novel: ArrayLike) -> Blend:
    """Cut the coefficients of the two regressions into their parts."""
    coefficients, n_item = np.asarray(novel, dtype=np.float32), len(ITEM_FEATURES)
    return Blend(
        np.asarray(repeat, dtype=np.float32),
        coefficients[:n_item],
        coefficients[n_item : len(NOVEL_FEATURES)],
        coefficients[len(NOVEL_FEATURES) :].reshape(-1, len(KIND_FEATURES)),
    )


def learn_blend(lesson: Lesson, config: RecommenderConfig, generator: np.random.Generator) -> Blend:
    """Fit both regressions on a sample of consumers."""
    active = np.flatnonzero(np.diff(lesson.history.indptr)).astype(np.int32)
    most = min(config.sampled_consumers, max(1, MOST_SCORES // max(lesson.history.n_items, 1)))
    if len(active) > most:
        active = np.sort(generator.choice(active, most, replace=False))
    prior = prior_blend(lesson.kinds.n_columns)
    per_item = item_features(lesson.totals)
    repeat = fit_logistic(*_repeat_sample(lesson, per_item, generator), prior.repeat)
    novel_prior = np.concatenate([prior.item, prior.pair, prior.kind.ravel()])
    novel = fit_logistic(*_novel_sample(lesson, per_item, active, generator), novel_prior)
    return _blend_of(repeat, novel)


def _is_bought(lesson: Lesson, users: Numbers, items: Numbers) -> NDArray[np.bool_]:
    pairs = users.astype(np.int64) * lesson.history.n_items + items
    if not len(lesson.bought):
        return np.zeros(len(pairs), dtype=np.bool_)
    places = np.minimum(np.searchsorted(lesson.bought, pairs), len(lesson.bought) - 1)
    return np.asarray(lesson.bought[places] == pairs)


def _repeat_sample(lesson: Lesson, per_item: Floats, generator: np.random.Generator) -> Sample:
    """Return features, labels and weights of pairs with history, of a sample when there are many."""
    history = lesson.history
    n_pairs = len(history.items)
    pairs = np.arange(n_pairs)
    if n_pairs > MOST_REPEAT_PAIRS:
        # Evenly spread places from a random start: every consumer is there in proportion to its pairs.
        step = n_pairs / MOST_REPEAT_PAIRS
        pairs = (generator.random() * step + step * np.arange(MOST_REPEAT_PAIRS)).astype(np.intp)
        pairs = np.minimum(pairs, n_pairs - 1)
    owners = (np.searchsorted(history.indptr, pairs, side="right") - 1).astype(np.int32)
    items = history.items[pairs]
    score = pair_scores(lesson.user_factors, lesson.item_factors, owners, items)
    labels = _is_bought(lesson, owners, items).astype(np.float32)
    features = repeat_features(history, per_item, lesson.totals, pairs, owners, score)
    return features, labels, np.ones(len(pairs), dtype=np.float32)


def _novel_sample(lesson: Lesson, per_item: Floats, users: Numbers, generator: np.random.Generator) -> Sample:
    """Return features, labels and weights of a sample of the pairs without history.

    All that were bought, all of the nearest by the factors, and a few of the rest, which stand for all of the rest.
    """
    novelty, width = consumer_novelty(lesson.totals), len(NOVEL_FEATURES) + len(KIND_FEATURES) * lesson.kinds.n_columns
    rows, labels, weights = [np.empty((0, width), np.float32)], [np.empty(0, np.float32)], [np.empty(0, np.float32)]
    n_item = len(ITEM_FEATURES)
    for user in users:
        scores = lesson.item_factors @ lesson.user_factors[user]
        chosen, label, weight = _novel_items(lesson, int(user), scores, generator)
        row = np.empty((len(chosen), width), dtype=np.float32)
        row[:, :n_item] = per_item[chosen]
        row[:, n_item] = novelty[user]
        row[:, n_item + 1] = scores[chosen]
        row[:, n_item + 2] = log_score(scores[chosen])
        own = lesson.history.row(int(user))
        said = lesson.kinds.describe(lesson.history.items[own], lesson.history.frequency[own])
        row[:, len(NOVEL_FEATURES) :] = said[lesson.kinds.of_item[chosen]].reshape(len(chosen), width - len(NOVEL_FEATURES))
        rows.append(row)
        labels.append(label)
        weights.append(weight)
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
