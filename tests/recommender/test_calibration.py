import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import InvalidRequestError, Recommender, RecommenderConfig, reliability_table
from recommender.calibration import fit_logistic, logistic
from tests.recommender.shop_log import DAY, DAYS, shop_events, shop_log


def test_a_logistic_regression_finds_the_coefficients_that_made_the_labels():
    generator = np.random.default_rng(0)
    features = np.column_stack([np.ones(40_000), generator.standard_normal((40_000, 2))])
    truth = np.array([-1.0, 2.0, -0.5])
    labels = generator.random(40_000) < logistic(features @ truth)
    assert fit_logistic(features, labels, np.ones(40_000), np.zeros(3)).tolist() == pytest.approx(truth, abs=0.06)


def test_a_row_of_weight_two_is_two_rows():
    features, labels = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0]]), np.array([0.0, 1.0, 0.0])
    doubled = fit_logistic(features[[0, 1, 1, 2]], labels[[0, 1, 1, 2]], np.ones(4), np.zeros(2))
    assert fit_logistic(features, labels, [1.0, 2.0, 1.0], np.zeros(2)).tolist() == pytest.approx(doubled.tolist())


def test_without_rows_the_prior_stands():
    assert fit_logistic(np.empty((0, 2)), [], [], [0.3, -2.0]).tolist() == [0.3, -2.0]


def test_perfectly_separated_labels_give_finite_coefficients():
    found = fit_logistic([[1.0, -5.0], [1.0, 5.0]], [0, 1], [1.0, 1.0], [0.0, 0.0])
    assert np.isfinite(found).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_the_table_counts_every_pair_once_and_keeps_the_means(rows):
    probabilities, labels = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=float)
    table = reliability_table(probabilities, labels)
    assert sum(row.n_pairs for row in table) == len(rows)
    assert sum(row.n_pairs * row.predicted for row in table) == pytest.approx(probabilities.sum())
    assert sum(row.n_pairs * row.observed for row in table) == pytest.approx(labels.sum())
    assert all(row.low - 1e-9 <= row.predicted <= row.high + 1e-9 for row in table)


@pytest.mark.parametrize(
    ("probabilities", "labels", "edges"),
    [([0.1], [1, 0], [0, 1]), ([1.1], [1], [0, 1]), ([float("nan")], [1], [0, 1]), ([0.1], [2], [0, 1]), ([0.1], [1], [1, 0])],
)
def test_a_table_of_anything_but_probabilities_and_labels_is_refused(probabilities, labels, edges):
    with pytest.raises(InvalidRequestError):
        reliability_table(probabilities, labels, edges)


def test_probabilities_add_up_to_the_purchases_of_the_following_weeks():
    users, items, times, kinds = shop_events()
    cut = (DAYS - 28) * DAY
    model = Recommender(RecommenderConfig(factors=4, threads=1)).fit(shop_log(), now=cut)
    bought = {
        (user, item)
        for user, item, time, kind in zip(users, items, times, kinds, strict=True)
        if time > cut and kind == "purchase"
    }
    expected = float(model.relevance(model.state.users.values).sum())
    assert expected == pytest.approx(len(bought), rel=0.25)
