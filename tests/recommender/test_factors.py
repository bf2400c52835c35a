import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, random_array

from recommender import InvalidConfigError, RecommenderConfig
from recommender.factors import fold_in_factors, improve_factors, start_factors
from recommender.ids import IdMap
from recommender.kinds import kinds_of
from recommender.listings import add_features, empty_listings


def confidences(seed: int, users: int = 12, items: int = 9) -> csr_matrix:
    matrix = random_array((users, items), density=0.4, rng=seed, format="csr", dtype=np.float32)
    return csr_matrix((1 + 4 * matrix.data, matrix.indices, matrix.indptr), shape=(users, items))


def test_a_folded_in_consumer_has_no_slope_left_in_its_loss():
    matrix = confidences(1)
    items = np.random.default_rng(2).standard_normal((9, 3)).astype(np.float32)
    vectors = fold_in_factors(matrix, items, np.zeros((12, 3), np.float32), 2.0).astype(np.float64)
    dense = matrix.toarray().astype(np.float64)
    for row in range(12):
        confidence = np.where(dense[row] > 0, dense[row], 1)
        error = (dense[row] > 0) - items @ vectors[row]
        slope = -(confidence * error) @ items + 2.0 * vectors[row]
        assert np.abs(slope).max() < 1e-3


def test_a_listing_without_buyers_keeps_its_prior():
    nobody = csr_matrix((1, 5), dtype=np.float32)
    fixed = np.zeros((5, 2), dtype=np.float32)
    prior = np.array([[0.5, -1.0]], dtype=np.float32)
    assert fold_in_factors(nobody, fixed, prior, 3.0).tolist() == [[0.5, -1.0]]


def test_a_stronger_prior_keeps_the_vector_nearer():
    matrix, fixed = confidences(3, 1, 9), np.random.default_rng(4).random((9, 2)).astype(np.float32)
    prior = np.array([[1.0, 1.0]], dtype=np.float32)
    distance = [np.abs(fold_in_factors(matrix, fixed, prior, strength) - prior).sum() for strength in (0.1, 10.0, 1e6)]
    assert distance[0] > distance[1] > distance[2]


def test_sweeps_leave_the_given_vectors_as_they_were():
    config = RecommenderConfig(factors=3, threads=1)
    users, items = (start_factors(rows, config, np.random.default_rng(0)) for rows in (12, 9))
    before = users.copy(), items.copy()
    found = improve_factors(confidences(5), users, items, 2, config)
    assert (users == before[0]).all() and (items == before[1]).all()
    assert not (found[0] == users).all()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=20))
def test_items_are_of_one_kind_exactly_when_they_share_all_content(rows):
    ids = list(range(len(rows)))
    table = {"item_id": ids, "type": [f"t{a}" for a, _ in rows], "village": [f"v{b}" for _, b in rows]}
    listings = add_features(empty_listings(len(rows)), IdMap(ids), table)
    kinds = kinds_of(listings, np.ones(len(rows), dtype=np.float32))
    for one in ids:
        for other in ids:
            assert (kinds.of_item[one] == kinds.of_item[other]) == (rows[one] == rows[other])


@pytest.mark.parametrize(
    "setting",
    [
        {"factors": 0},
        {"factors": 2.5},
        {"factors": True},
        {"threads": -1},
        {"regularization": 0.0},
        {"regularization": float("nan")},
        {"long_half_life_days": -1.0},
        {"view_confidence": -0.1},
        {"label_window_days": float("inf")},
        {"content_strength": "much"},
    ],
)
def test_a_setting_outside_its_range_is_refused_by_name(setting):
    with pytest.raises(InvalidConfigError, match=next(iter(setting))):
        RecommenderConfig(**setting)
