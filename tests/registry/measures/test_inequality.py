"""Quantiles, Gini, quintile shares and relative poverty, against the published survey of the laeken package."""

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.registry.measures.fgt import fgt
from marketplace.registry.measures.inequality import gini, poorest, quintile_share_ratio, weighted_quantile
from marketplace.registry.measures.relative_poverty import relative_poverty
from tests.registry.measures.published_data import EUSILC, needs_eusilc, needs_worked, table, worked_examples

people = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 9)), min_size=1, max_size=30).filter(
    lambda rows: any(income and weight for income, weight in rows)
)


@pytest.fixture(scope="module")
def eusilc() -> tuple[np.ndarray, np.ndarray]:
    survey = table(EUSILC / "eusilc.csv.gz")
    return survey["eqIncome"], survey["rb050"]


@pytest.fixture(scope="module")
def oracle() -> dict:
    return json.loads((EUSILC / "oracle.json").read_text())


@needs_eusilc
def test_the_income_poverty_of_the_survey_is_that_of_the_laeken_package(eusilc: tuple, oracle: dict) -> None:
    """14,827 persons; the answers have seven figures and are also in Alfons and Templ 2013, JSS 54(15)."""
    incomes, weights = eusilc
    assert incomes.size == oracle["n"]
    found = relative_poverty(incomes, weights)
    assert found.line == pytest.approx(oracle["threshold_here"], abs=1e-9)
    assert found.line == pytest.approx(oracle["arpt_laeken"], abs=0.005)
    assert 100 * found.rate == pytest.approx(oracle["arpr_laeken"], abs=5e-6)
    assert 100 * found.median_gap == pytest.approx(oracle["rmpg_laeken"], abs=5e-5)
    assert 100 * gini(incomes, weights) == pytest.approx(oracle["gini_laeken"], abs=5e-6)
    assert quintile_share_ratio(incomes, weights) == pytest.approx(oracle["qsr_laeken"], abs=5e-7)
    for alpha in (0, 1, 2):
        assert fgt(incomes, found.line, alpha, weights) == pytest.approx(oracle[f"P{alpha}"], abs=1e-12)


@needs_eusilc
@pytest.mark.parametrize(("share", "published"), [(0.4, 4.766885), (0.5, 7.988134), (0.6, 14.444218), (0.7, 21.856379)])
def test_poverty_by_other_shares_of_the_median_is_that_of_the_laeken_package(
    eusilc: tuple, share: float, published: float
) -> None:
    incomes, weights = eusilc
    assert 100 * relative_poverty(incomes, weights, share).rate == pytest.approx(published, abs=5e-7)


@needs_worked
def test_the_gini_of_the_worked_example_comes_out() -> None:
    assert gini([7, 10, 15, 18]) == pytest.approx(worked_examples()["gini_7_10_15_18"], abs=1e-12)


def test_the_gini_is_nothing_among_equals_and_all_but_one_where_one_has_everything() -> None:
    assert gini([5, 5, 5]) == pytest.approx(0, abs=1e-15)
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75, abs=1e-15)


@settings(deadline=None)
@given(people)
def test_the_gini_is_half_the_mean_difference_of_two_persons(rows: list[tuple[int, int]]) -> None:
    incomes, weights = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    differences = np.abs(incomes[:, None] - incomes[None, :])
    by_pairs = weights @ differences @ weights / (2 * weights.sum() * (weights @ incomes))
    assert gini(incomes, weights) == pytest.approx(by_pairs, abs=1e-12)


@settings(deadline=None)
@given(people, st.floats(0, 1))
def test_a_weight_is_as_many_persons_in_every_quantile(rows: list[tuple[int, int]], share: float) -> None:
    incomes, weights = zip(*rows, strict=True)
    everybody = [income for income, weight in rows for _ in range(weight)]
    assert weighted_quantile(incomes, share, weights) == weighted_quantile(everybody, share)


def test_a_share_of_the_population_that_is_met_up_to_rounding_is_met() -> None:
    assert 0.1 + 0.2 > 0.3
    assert weighted_quantile(range(10), 0.1 + 0.2) == weighted_quantile(range(10), 0.3) == 2.5
    assert poorest(range(10), 0.1 + 0.2).sum() == poorest(range(10), 0.3).sum() == 3


def test_who_has_the_same_as_the_last_of_the_poorest_is_one_of_them() -> None:
    assert poorest([1, 2, 2, 3, 4], 0.4).tolist() == [True, True, True, False, False]


@settings(deadline=None)
@given(people, st.sampled_from([0.2, 0.4, 1.0]))
def test_the_poorest_are_at_least_the_share_and_without_their_richest_less(rows: list[tuple[int, int]], share: float) -> None:
    incomes, weights = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    chosen = poorest(incomes, share, weights)
    assert weights[chosen].sum() / weights.sum() >= share - 1e-9
    assert weights[chosen & (incomes < incomes[chosen].max())].sum() / weights.sum() < share


def test_nobody_below_the_line_leaves_no_gap_to_speak_of() -> None:
    found = relative_poverty([100, 110])
    assert (found.line, found.rate) == (63.0, 0.0)
    assert np.isnan(found.median_gap)


@settings(deadline=None)
@given(people, st.integers(2, 9))
def test_inequality_does_not_depend_on_the_unit_of_money(rows: list[tuple[int, int]], unit: int) -> None:
    incomes, weights = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    assert gini(incomes * unit, weights) == pytest.approx(gini(incomes, weights), abs=1e-12)
    assume(weighted_quantile(incomes, 0.5, weights) > 0)
    assert relative_poverty(incomes * unit, weights).rate == relative_poverty(incomes, weights).rate


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: gini([]), "incomes: nobody is in it"),
        (lambda: gini([1, float("nan")]), "incomes: the value at place 1 is missing"),
        (lambda: gini([3, -1]), "incomes: the value at place 1 is negative"),
        (lambda: gini([0, 0]), "incomes: nobody has any"),
        (lambda: gini([1, 2], [1]), "weights: 2 values are needed, not 1"),
        (lambda: quintile_share_ratio([1, 1, 1]), "incomes: nobody is above the fourth quintile"),
        (lambda: quintile_share_ratio([0, 1, 2, 3, 4]), "incomes: the poorest fifth has none"),
        (lambda: weighted_quantile([1], 1.5), "share: a number between 0 and 1"),
        (lambda: poorest([1], 0), "share: a number above 0 and at most 1"),
        (lambda: relative_poverty([0, 0, 1]), "incomes: their median is 0"),
        (lambda: relative_poverty([1, 2], share_of_median=0), "share_of_median: a number above 0"),
    ],
)
def test_a_wrong_argument_is_named(call: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        call()  # type: ignore[operator]
