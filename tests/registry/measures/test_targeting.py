"""Targeting against the ten-person economy of the World Bank (Grosh et al. 2022, table 7.3 and section 7.13)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.registry.measures.targeting import Targeting, selection_errors, targeting

INCOMES = [6, 8, 11, 15, 21, 25, 30, 40, 50, 100]
LINE, BUDGET = 20, 30
POOREST_FIFTH = 0.2


def paid_to(*persons: int) -> list[float]:
    """The budget in equal parts to the persons with these numbers."""
    return [BUDGET / len(persons) if number in persons else 0.0 for number in range(1, 11)]


@pytest.mark.parametrize(
    ("persons", "by_line", "by_poorest_fifth"),
    [
        ((1, 2), (0.5, 0.0), (0.0, 0.0)),
        ((2, 3), (0.5, 0.0), (0.5, 0.5)),
        ((3, 4), (0.5, 0.0), (1.0, 1.0)),
        (tuple(range(1, 11)), (0.0, 0.6), (0.0, 0.8)),
    ],
)
def test_the_errors_of_the_four_scenarios_are_those_of_table_7_3(
    persons: tuple[int, ...], by_line: tuple[float, float], by_poorest_fifth: tuple[float, float]
) -> None:
    poor = targeting(INCOMES, paid_to(*persons), LINE)
    fifth = targeting(INCOMES, paid_to(*persons), LINE, poorest_share=POOREST_FIFTH)
    assert (poor.exclusion_error, poor.inclusion_error) == by_line
    assert (fifth.exclusion_error, fifth.inclusion_error) == by_poorest_fifth
    # The effects are by the line, whoever was meant.
    for name in ("coverage", "cost_benefit", "gap_change", "headcount_change", "gini_after", "gini_change"):
        assert getattr(poor, name) == getattr(fifth, name)


def test_the_effects_of_paying_persons_two_and_three_are_those_of_the_book() -> None:
    found = targeting(INCOMES, paid_to(2, 3), LINE)
    assert found.cost_benefit == pytest.approx(0.70, abs=1e-12)
    assert round(found.gini_change, 2) == -0.18
    assert found.headcount_change == pytest.approx(-0.2, abs=1e-12)
    assert found.gap_change == pytest.approx(-21 / 40, abs=1e-12)


def test_the_effects_of_paying_everybody_are_those_of_the_book() -> None:
    found = targeting(INCOMES, paid_to(*range(1, 11)), LINE)
    assert found.gap_change == pytest.approx(-0.30, abs=1e-12)
    assert found.cost_benefit == pytest.approx(0.40, abs=1e-12)
    assert round(found.gini_change, 2) == -0.09
    assert found.headcount_change == 0


def test_the_index_of_coady_grosh_and_hoddinott_is_one_where_everybody_gets_the_same() -> None:
    found = targeting(INCOMES, [3] * 10, LINE)
    assert (found.coverage, found.incidence, found.cgh) == pytest.approx((1, 0.4, 1), abs=1e-12)


def test_sixty_percent_of_the_benefits_for_the_poorest_forty_percent_are_an_index_of_one_and_a_half() -> None:
    """The example in Coady, Grosh and Hoddinott 2003, Social Safety Nets Primer Note 10."""
    found = targeting(INCOMES, [15, 15, 15, 15, 40, 0, 0, 0, 0, 0], LINE, poorest_share=0.4)
    assert found.incidence == pytest.approx(0.6, abs=1e-12)
    assert found.cgh == pytest.approx(1.5, abs=1e-12)


def test_a_weight_is_as_many_persons() -> None:
    grouped = targeting([6, 30], [5, 1], LINE, [3, 2])
    one_by_one = targeting([6, 6, 6, 30, 30], [5, 5, 5, 1, 1], LINE)
    assert [getattr(grouped, name) for name in Targeting.__slots__] == pytest.approx(
        [getattr(one_by_one, name) for name in Targeting.__slots__], abs=1e-12
    )


def test_where_nobody_is_poor_there_is_nobody_to_miss() -> None:
    found = targeting([30, 40], [1, 0], LINE)
    assert np.isnan([found.exclusion_error, found.cgh, found.gap_change]).all()
    assert (found.inclusion_error, found.incidence, found.cost_benefit) == (1, 0, 0)


def test_a_selection_of_nobody_has_no_error_of_inclusion() -> None:
    found = selection_errors(np.array([True, False]), np.array([False, False]))
    assert found.exclusion == 1
    assert np.isnan(found.inclusion)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 30), st.integers(1, 9)), min_size=2, max_size=20))
def test_every_share_is_a_share_and_a_unit_paid_closes_at_most_a_unit(rows: list[tuple[int, int, int]]) -> None:
    incomes, transfers, weights = zip(*rows, strict=True)
    if not any(transfers):
        with pytest.raises(ValueError, match="transfers: nobody gets anything"):
            targeting(incomes, transfers, LINE, weights)
        return
    found = targeting(incomes, transfers, LINE, weights)
    for share in (found.inclusion_error, found.coverage, found.incidence, found.cost_benefit):
        assert -1e-12 <= share <= 1 + 1e-12
    assert found.headcount_change <= 1e-12
    assert found.cost_benefit <= found.incidence + 1e-12, "only what the poor get can close a gap"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (([], [], LINE), "incomes: nobody is in it"),
        (([6, 8], [1], LINE), "transfers: 2 values are needed, not 1"),
        (([6, 8], [1, -1], LINE), "transfers: the value at place 1 is negative"),
        (([6, 8], [0, 0], LINE), "transfers: nobody gets anything"),
        (([6, float("nan")], [1, 1], LINE), "incomes: the value at place 1 is missing"),
        (([6, -8], [1, 1], LINE), "incomes: the value at place 1 is negative"),
        (([6, 8], [1, 1], 0), "line: a number above 0"),
        (([6, 8], [1, 1], LINE, [1]), "weights: 2 values are needed, not 1"),
        (([6, 8], [1, 1], LINE, None, 1.5), "share: a number above 0 and at most 1"),
    ],
)
def test_a_wrong_argument_is_named(arguments: tuple, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        targeting(*arguments)


def test_a_selection_must_be_of_the_same_people() -> None:
    with pytest.raises(ValueError, match="selected: 2 values are needed, not 1"):
        selection_errors(np.array([True, False]), np.array([True]))
