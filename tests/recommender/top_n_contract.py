"""What every model's lists promise. A test class inherits it and gives `lists`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

Lists = list[tuple[np.ndarray, np.ndarray]]


class TopNContract:
    """At most n, only candidates, nothing seen when so asked, no padding, no repeats, sorted, full when possible."""

    def lists(self, n: int, candidates: np.ndarray) -> tuple[Lists, Any]:
        """Item numbers and scores for all consumers without seen items, and the csr matrix of what is seen."""
        raise NotImplementedError

    @pytest.mark.parametrize("n", [1, 5, 1000])
    @pytest.mark.parametrize("available", [0.1, 0.4, 1.0])
    def test_lists_hold_only_fresh_candidates_best_first_and_as_many_as_remain(self, n: int, available: float) -> None:
        generator = np.random.default_rng(3)
        _, seen = self.lists(1, np.ones(self.n_items(), dtype=np.bool_))
        candidates = generator.random(seen.shape[1]) < available
        lists, seen = self.lists(n, candidates)
        assert len(lists) == seen.shape[0]
        for row, (items, scores) in enumerate(lists):
            fresh = set(np.flatnonzero(candidates).tolist()) - set(seen[row].indices.tolist())
            assert set(items.tolist()) <= fresh
            assert len(items) == len(set(items.tolist())) == len(scores)
            assert len(items) <= n
            if self.scores_everything:
                assert len(items) == min(n, len(fresh))
            assert np.isfinite(scores).all()
            assert (np.diff(scores) <= 0).all()

    def test_nothing_to_show_gives_empty_lists(self) -> None:
        lists, _ = self.lists(5, np.zeros(self.n_items(), dtype=np.bool_))
        assert [len(items) for items, _ in lists] == [0] * len(lists)

    # A neighbourhood model knows no score for an item without neighbours, so its lists may be shorter.
    scores_everything = True

    def n_items(self) -> int:
        """How many items the model knows."""
        return 30
