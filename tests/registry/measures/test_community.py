"""The village's own order, with the coefficient of concordance on the textbooks' examples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.registry.measures.community import community_ranking

orders = st.integers(2, 8).flatmap(
    lambda households: st.lists(st.lists(st.integers(1, 4), min_size=households, max_size=households), min_size=1, max_size=6)
)


def test_the_concordance_of_three_orders_of_six_is_that_of_the_textbook() -> None:
    """Siegel 1956, Nonparametric Statistics, chapter 9: rank sums 8, 14, 11, 11, 11, 8, s = 25.5, W = 25.5 / 157.5 = .16."""
    found = community_ranking([[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]])
    assert found.agreement == pytest.approx(25.5 / 157.5, abs=1e-12)


def test_the_concordance_of_three_orders_of_ten_with_ties_is_that_of_the_textbook() -> None:
    """Kendall 1948, Rank Correlation Methods: s = 591, ties 1 + 1.5 + 7, W = 591 / (742.5 - 3 x 9.5) = .828."""
    found = community_ranking(
        [
            [1, 4.5, 2, 4.5, 3, 7.5, 6, 9, 7.5, 10],
            [2.5, 1, 2.5, 4.5, 4.5, 8, 9, 6.5, 10, 6.5],
            [2, 1, 4.5, 4.5, 4.5, 4.5, 8, 8, 8, 10],
        ]
    )
    assert found.agreement == pytest.approx(591 / 714, abs=1e-12)
    assert round(found.agreement, 3) == 0.828


def test_only_the_order_of_the_piles_counts() -> None:
    piles = community_ranking([[1, 1, 2, 3], [5, 7, 7, 90]])
    ranks = community_ranking([[1.5, 1.5, 3, 4], [1, 2.5, 2.5, 4]])
    assert piles.scores.tolist() == ranks.scores.tolist()
    assert piles.agreement == ranks.agreement


def test_groups_that_say_the_same_agree_wholly() -> None:
    found = community_ranking([[1, 2, 3], [1, 2, 3]])
    assert (found.scores.tolist(), found.spread.tolist(), found.agreement) == ([1, 0.5, 0], [0, 0, 0], 1)


def test_groups_that_say_the_opposite_put_everybody_in_the_middle_and_the_spread_tells() -> None:
    found = community_ranking([[1, 2, 3], [3, 2, 1]])
    assert (found.scores.tolist(), found.spread.tolist(), found.agreement) == ([0.5, 0.5, 0.5], [1, 0, 1], 0)


@pytest.mark.parametrize("rankings", [[[1, 2, 3]], [[1, 1, 1], [4, 4, 4]]])
def test_one_group_or_one_pile_leaves_nothing_to_agree_on(rankings: list[list[int]]) -> None:
    assert np.isnan(community_ranking(rankings).agreement)


@settings(deadline=None)
@given(orders, st.randoms(use_true_random=False))
def test_scores_are_places_whoever_stands_where(rankings: list[list[int]], random: object) -> None:
    found = community_ranking(rankings)
    assert found.scores.mean() == pytest.approx(0.5, abs=1e-12)
    assert ((found.scores >= 0) & (found.scores <= 1) & (found.spread >= 0) & (found.spread <= 1)).all()
    assert np.isnan(found.agreement) or -1e-12 <= found.agreement <= 1 + 1e-12
    order = list(range(len(rankings[0])))
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = community_ranking(np.array(rankings)[::-1][:, order])
    assert mixed.scores == pytest.approx(found.scores[order], abs=1e-12)
    assert mixed.agreement == pytest.approx(found.agreement, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("rankings", "told"),
    [
        ([], "rankings: rows of persons and columns"),
        ([1, 2, 3], "rankings: rows of persons and columns"),
        ([[1], [1]], "rankings: an order needs at least two households"),
        ([[1, 2], [1, float("nan")]], "rankings: the value at place 1, 1 is missing"),
    ],
)
def test_a_wrong_order_is_named(rankings: list, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        community_ranking(rankings)
