"""Standard errors by hand, beside those of the published survey in the tests of the deprivation score."""

import numpy as np
import pytest

from marketplace.registry.measures.survey import SurveyDesign

POOR = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])


def test_without_a_design_it_is_the_textbook_error_of_a_mean() -> None:
    found = SurveyDesign.of(6).ratio(POOR, np.ones(6))
    assert found.value == 0.5
    assert found.se == pytest.approx(POOR.std(ddof=1) / np.sqrt(6), abs=1e-15)


def test_clusters_count_as_drawn_and_not_their_members() -> None:
    """Three pairs with totals 1, 2, 0: influences 0, 1/6, -1/6, so the variance is 3/2 x 2/36 = 1/12."""
    found = SurveyDesign.of(6, clusters=[1, 1, 2, 2, 3, 3]).ratio(POOR, np.ones(6))
    assert found.se == pytest.approx(np.sqrt(1 / 12), abs=1e-15)


def test_what_differs_between_strata_is_no_error() -> None:
    found = SurveyDesign.of(4, strata=["a", "a", "b", "b"]).ratio(np.array([1.0, 1.0, 0.0, 0.0]), np.ones(4))
    assert (found.value, found.se) == (0.5, 0.0)


def test_the_same_cluster_number_in_two_strata_is_two_clusters() -> None:
    numbered = SurveyDesign.of(6, strata=list("aaabbb"), clusters=[1, 1, 2, 1, 1, 2]).ratio(POOR, np.ones(6))
    named = SurveyDesign.of(6, strata=list("aaabbb"), clusters=["p", "p", "q", "r", "r", "s"])
    assert numbered == named.ratio(POOR, np.ones(6))


def test_a_stratum_with_one_cluster_is_compared_with_the_mean_of_all() -> None:
    """With mean 2/3 the influences are 1/9, -2/9 in a and 1/9 in b, which stands alone."""
    found = SurveyDesign.of(3, strata=["a", "a", "b"]).ratio(np.array([1.0, 0.0, 1.0]), np.ones(3))
    within_a = 2 * 2 * (1 / 6) ** 2
    alone = (1 / 9) ** 2
    assert found.se == pytest.approx(np.sqrt(within_a + alone), abs=1e-15)


def test_a_single_cluster_tells_no_error() -> None:
    found = SurveyDesign.of(3, clusters=[7, 7, 7]).ratio(np.array([1.0, 0.0, 1.0]), np.ones(3))
    assert found.value == pytest.approx(2 / 3)
    assert np.isnan(found.se)


def test_a_ratio_to_nothing_cannot_be_told() -> None:
    found = SurveyDesign.of(2).ratio(np.zeros(2), np.zeros(2))
    assert np.isnan([found.value, found.se]).all()


def test_weights_in_another_unit_change_nothing() -> None:
    few = SurveyDesign.of(6, [1, 2, 3, 1, 2, 3], clusters=[1, 1, 2, 2, 3, 3]).ratio(POOR, np.ones(6))
    many = SurveyDesign.of(6, [100, 200, 300, 100, 200, 300], clusters=[1, 1, 2, 2, 3, 3]).ratio(POOR, np.ones(6))
    assert (few.value, few.se) == pytest.approx((many.value, many.se), abs=1e-15)
