"""The calibrated blend: one logistic regression for pairs with history, one for pairs without.

Its lessons come from the past of the log itself: features as they stood `label_window_days` before the end, labels
from the purchases after that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from implicit.cpu.topk import topk
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from recommender.calibration import fit_logistic
from recommender.config import RecommenderConfig
from recommender.features import (
    ITEM_FEATURES,
    NOVEL_FEATURES,
    REPEAT_FEATURES,
    Totals,
    consumer_features,
    consumer_novelty,
    item_features,
    log_score,
    pair_scores,
    repeat_features,
)
from recommender.history import History
from recommender.kinds import KIND_FEATURES, Kinds
from recommender.pieces import each_piece, slices

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]
Places = NDArray[np.intp]
Sample = tuple[Floats, Floats, Floats]

NEAREST_ITEMS, RANDOM_ITEMS = 150, 150
CONSUMERS_PER_PIECE = 50
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
    novel_prior = np.concatenate([prior.item, prior.pair, prior.kind.ravel()])
    # One BLAS thread in each of ours: sums in another order would change the bytes.
    with threadpool_limits(1, "blas"):
        lessons = [
            (*_repeat_sample(lesson, per_item, generator), prior.repeat),
            (*_novel_sample(lesson, per_item, active, generator, config.threads), novel_prior),
        ]
        repeat, novel = each_piece(lambda sample: fit_logistic(*sample), lessons, config.threads)
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
    features = repeat_features(history, per_item, consumer_features(lesson.totals), pairs, owners, score)
    return features, labels, np.ones(len(pairs), dtype=np.float32)


def _novel_sample(lesson: Lesson, per_item: Floats, users: Numbers, generator: np.random.Generator, threads: int) -> Sample:
    """Return features, labels and weights of a sample of the pairs without history.

    All that were bought, all of the nearest by the factors, and a few of the rest, which stand for all of the rest.
    """
    novelty, width = consumer_novelty(lesson.totals), len(NOVEL_FEATURES) + len(KIND_FEATURES) * lesson.kinds.n_columns
    rows, labels, weights = [np.empty((0, width), np.float32)], [np.empty(0, np.float32)], [np.empty(0, np.float32)]
    n_item = len(ITEM_FEATURES)
    bought = [_newly_bought(lesson, user) for user in users.tolist()]
    for user, new, near in zip(users.tolist(), bought, _nearest(lesson, users, bought, threads), strict=True):
        chosen, label, weight = _novel_items(lesson, user, new, near, generator)
        scores = lesson.item_factors[chosen] @ lesson.user_factors[user]
        row = np.empty((len(chosen), width), dtype=np.float32)
        row[:, :n_item] = per_item[chosen]
        row[:, n_item] = novelty[user]
        row[:, n_item + 1] = scores
        row[:, n_item + 2] = log_score(scores)
        own = lesson.history.row(user)
        said = lesson.kinds.describe(lesson.history.items[own], lesson.history.frequency[own])
        row[:, len(NOVEL_FEATURES) :] = said[lesson.kinds.of_item[chosen]].reshape(len(chosen), width - len(NOVEL_FEATURES))
        rows.append(row)
        labels.append(label)
        weights.append(weight)
    return np.concatenate(rows), np.concatenate(labels), np.concatenate(weights)


def _newly_bought(lesson: Lesson, user: int) -> Places:
    """Return the items that a consumer bought after the cut and had no event with before, rising."""
    history = lesson.history
    first, last = np.searchsorted(lesson.bought, [user * history.n_items, (user + 1) * history.n_items])
    bought = lesson.bought[first:last] - user * history.n_items
    return np.setdiff1d(bought, history.items[history.row(user)], assume_unique=True).astype(np.intp)


def _nearest(lesson: Lesson, users: Numbers, bought: list[Places], threads: int) -> list[Places]:
    """Return, rising, each consumer's items of the largest scores among those without history and not newly bought."""
    history = lesson.history
    known = [np.concatenate([history.items[history.row(user)], new]) for user, new in zip(users.tolist(), bought, strict=True)]

    def nearest(group: slice) -> list[Places]:
        places = np.cumsum([0, *map(len, known[group])]).astype(np.int32)
        entries = np.concatenate(known[group]).astype(np.int32)
        skipped = csr_matrix((np.ones(len(entries), np.float32), entries, places), shape=(len(places) - 1, history.n_items))
        vectors = lesson.user_factors[users[group]]
        most = min(NEAREST_ITEMS, history.n_items)
        found, _ = topk(lesson.item_factors, vectors, most, filter_query_items=skipped, num_threads=1)
        # What is skipped stands at the end of a row when there are fewer open items than asked for.
        return [
            np.sort(row[: history.n_items - n_known]).astype(np.intp)
            for row, n_known in zip(found, np.diff(places).tolist(), strict=True)
        ]

    groups = each_piece(nearest, slices(len(users), CONSUMERS_PER_PIECE), threads)
    return [near for group in groups for near in group]


def _novel_items(
    lesson: Lesson, user: int, bought: Places, near: Places, generator: np.random.Generator
) -> tuple[Places, Floats, Floats]:
    """Return the sampled items of one consumer with labels and weights."""
    history = lesson.history
    taken = np.sort(np.concatenate([history.items[history.row(user)], bought, near]))
    n_rest = history.n_items - len(taken)
    chosen = generator.integers(0, n_rest, RANDOM_ITEMS) if n_rest > RANDOM_ITEMS else None
    rest = _open_items(history.n_items, taken, chosen)
    share = n_rest / max(len(rest), 1)
    weights = np.repeat([1.0, 1.0, share], [len(bought), len(near), len(rest)])
    labels = np.repeat([1.0, 0.0, 0.0], [len(bought), len(near), len(rest)])
    return np.concatenate([bought, near, rest]), labels.astype(np.float32), weights.astype(np.float32)


def _open_items(n_items: int, taken: NDArray[np.integer], chosen: NDArray[np.int64] | None = None) -> Places:
    """Return the chosen ones, by their place, of the items that are not taken; all of them by default.

    Items 0, 2, 3 and 5 are open; the third of them is 3.

    >>> _open_items(6, np.array([1, 4])).tolist(), _open_items(6, np.array([1, 4]), np.array([2])).tolist()
    ([0, 2, 3, 5], [3])
    """
    places = np.arange(n_items - len(taken)) if chosen is None else chosen
    # Before the taken item number j stand `taken[j] - j` open ones.
    return np.asarray(places + np.searchsorted(taken - np.arange(len(taken)), places, side="right"), dtype=np.intp)
