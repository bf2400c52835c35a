"""The rankings that relevance is measured against, each as scores for every consumer and item of a split."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from implicit.bpr import BayesianPersonalizedRanking
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, ItemItemRecommender
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.measurements.common import Split
from recommender import RecommenderConfig
from recommender.history import History, build_history

Floats = NDArray[np.float32]
Scorer = Callable[[Split], Floats]


def history_of(split: Split, half_life_days: float = 120.0) -> History:
    """Return the pairs of a split, decayed."""
    return build_history(split.log, split.now, RecommenderConfig(long_half_life_days=half_life_days))


def count_matrix(split: Split, values: NDArray[np.floating] | None = None) -> csr_matrix:
    """Return a value for each pair, ones when none are given."""
    history = history_of(split)
    data = np.ones(len(history.items), dtype=np.float32) if values is None else values.astype(np.float32)
    return csr_matrix((data, history.items, history.indptr.astype(np.int32)), shape=split.bought.shape)


def als(regularization: float, scale: float, factors: int = 64) -> Scorer:
    """Hu, Koren & Volinsky 2008 as implicit has it, over 1 + scale x ln(1 + decayed frequency)."""

    def scores(split: Split) -> Floats:
        matrix = count_matrix(split, 1 + scale * np.log1p(history_of(split).frequency))
        model = AlternatingLeastSquares(factors=factors, regularization=regularization, random_state=0)
        model.fit(matrix, show_progress=False)
        return np.asarray(model.user_factors @ model.item_factors.T)

    return scores


def bpr(learning_rate: float, iterations: int) -> Scorer:
    """Rendle et al. 2009 as implicit has it."""

    def scores(split: Split) -> Floats:
        model = BayesianPersonalizedRanking(
            factors=63, learning_rate=learning_rate, iterations=iterations, random_state=0, num_threads=1
        )
        model.fit(count_matrix(split), show_progress=False)
        return np.asarray(model.user_factors @ model.item_factors.T)

    return scores


def item_item(kind: type[ItemItemRecommender], neighbours: int) -> Scorer:
    """Cosine or BM25 neighbours as implicit has them, over ln(1 + 4 x decayed frequency)."""

    def scores(split: Split) -> Floats:
        matrix = count_matrix(split, np.log1p(4 * history_of(split).frequency)).astype(np.float64)
        model = kind(K=neighbours)
        with warnings.catch_warnings():
            # implicit hands its own weighting over in another sparse form than it asks for, and warns of itself.
            warnings.simplefilter("ignore")
            model.fit(matrix, show_progress=False)
        return np.asarray((matrix @ model.similarity).toarray(), dtype=np.float32)

    return scores


def cosine(neighbours: int) -> Scorer:
    """Item-item cosine."""
    return item_item(CosineRecommender, neighbours)


def bm25(neighbours: int) -> Scorer:
    """Item-item BM25."""
    return item_item(BM25Recommender, neighbours)


def ease(penalty: float) -> Scorer:
    """Steck 2019, exactly, by the consumers' side.

    With P = (X'X + l I)^-1 the scores are X - X P / diag(P). By Woodbury X P = (XX' + l I)^-1 X and diag(P) = (1 -
    diag(X' (XX' + l I)^-1 X)) / l, so only a matrix of consumers by consumers is inverted.
    """

    def scores(split: Split) -> Floats:
        matrix = count_matrix(split, np.log1p(history_of(split).frequency)).astype(np.float64)
        gram = (matrix @ matrix.T).toarray() + penalty * np.eye(matrix.shape[0])
        dense = matrix.toarray()
        smoothed = np.linalg.solve(gram, dense)
        diagonal = (1 - np.einsum("ui,ui->i", dense, smoothed)) / penalty
        return np.asarray(dense - smoothed / diagonal, dtype=np.float32)

    return scores


def own_frequency(half_life_days: float, popularity_weight: float = 0.0) -> Scorer:
    """The consumer's own decayed frequency, plus the item's over all consumers at a weight."""

    def scores(split: Split) -> Floats:
        history = history_of(split, half_life_days)
        total = np.bincount(history.items, weights=history.frequency, minlength=history.n_items)
        result = np.tile((popularity_weight * total / history.n_users).astype(np.float32), (history.n_users, 1))
        result[history.users, history.items] += history.frequency
        return result

    return scores


PEERS: dict[str, dict[str, Scorer]] = {
    "ALS": {"reg 10, scale 1": als(10, 1), "reg 50, scale 4": als(50, 4)},
    "BPR": {f"rate .01, {sweeps} sweeps": bpr(0.01, sweeps) for sweeps in (10, 25, 50)},
    "item-item cosine": {"100 neighbours": cosine(100), "500 neighbours": cosine(500)},
    "item-item BM25": {"100 neighbours": bm25(100), "500 neighbours": bm25(500)},
    "EASE": {f"penalty {penalty}": ease(penalty) for penalty in (20, 70, 200, 600)},
    "own frequency": {f"half-life {days}": own_frequency(days) for days in (60, 120, 240)},
    "frequency + popularity": {f"weight {weight}": own_frequency(120, weight) for weight in (0.01, 0.1, 1.0)},
}
