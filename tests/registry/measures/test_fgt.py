"""The income gap against its published example and its axioms (Foster, Greer and Thorbecke 1984)."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.registry.measures.fgt import fgt, fgt_by_group, income_gaps, watts
from tests.registry.measures.published_data import needs_worked, worked_examples

LINE = 125.0
# Whole yuan, so that a change by one yuan is a change in floating point too.
incomes = st.lists(st.integers(0, 400).map(float), min_size=1, max_size=30)
alphas = st.sampled_from([0, 1, 2, 3])


@pytest.mark.parametrize(("alpha", "published"), [(0, 0.5), (1, 0.08), (2, 0.0136)])
def test_the_world_bank_handbooks_country_c_comes_out(alpha: int, published: float) -> None:
    """Haughton and Khandker 2009, p. 72."""
    assert fgt([100, 110, 150, 160], 125, alpha) == pytest.approx(published, abs=1e-12)


@needs_worked
def test_the_worked_example_of_the_handbook_is_met_with_its_watts_index() -> None:
    example = worked_examples()["haughton_khandker_country_C"]
    assert [fgt(example["y"], example["z"], alpha) for alpha in (0, 1, 2)] == pytest.approx(
        [example["P0"], example["P1"], example["P2"]], abs=1e-12
    )
    assert watts(example["y"], example["z"]) == pytest.approx(example["watts"], abs=1e-12)


def test_who_has_exactly_the_line_is_not_poor_whatever_alpha() -> None:
    assert [fgt([125, 126], 125, alpha) for alpha in (0, 0.5, 1, 2)] == [0, 0, 0, 0]


def test_a_household_that_lost_money_has_a_gap_above_the_whole_line() -> None:
    assert income_gaps([-125, 0], 125).tolist() == [2.0, 1.0]


def test_a_weight_is_as_many_persons() -> None:
    assert fgt([100, 150], 125, 1, [3, 1]) == pytest.approx(fgt([100, 100, 100, 150], 125, 1), abs=1e-15)


@settings(deadline=None)
@given(incomes, alphas, st.integers(0, 500))
def test_only_the_poor_count(people: list[float], alpha: int, more: int) -> None:
    """Focus: a rich person may get richer."""
    richer = [income + more if income >= LINE else income for income in people]
    assert fgt(richer, LINE, alpha) == fgt(people, LINE, alpha)


@settings(deadline=None)
@given(incomes, st.sampled_from([1, 2, 3]), st.data())
def test_poverty_rises_where_a_poor_person_loses(people: list[float], alpha: int, data: st.DataObject) -> None:
    """Monotonicity, strict for alpha above 0."""
    poor = [place for place, income in enumerate(people) if 1 <= income < LINE]
    assume(poor)
    worse = list(people)
    worse[data.draw(st.sampled_from(poor))] -= 1
    assert fgt(worse, LINE, alpha) > fgt(people, LINE, alpha)


@settings(deadline=None)
@given(incomes, st.sampled_from([2, 3]), st.data())
def test_poverty_rises_where_a_poorer_person_gives_to_a_less_poor(people: list[float], alpha: int, data: st.DataObject) -> None:
    """Transfer, strict for alpha above 1."""
    places = sorted((income, place) for place, income in enumerate(people) if income < LINE)
    pairs = [(low, high) for low in places for high in places if 1 <= low[0] <= high[0] < LINE - 1 and low[1] != high[1]]
    assume(pairs)
    (_, giver), (_, taker) = data.draw(st.sampled_from(pairs))
    after = list(people)
    after[giver] -= 1
    after[taker] += 1
    assert fgt(after, LINE, alpha) > fgt(people, LINE, alpha)


@settings(deadline=None)
@given(incomes, alphas, st.integers(2, 4))
def test_a_population_many_times_over_is_as_poor(people: list[float], alpha: int, times: int) -> None:
    assert fgt(people * times, LINE, alpha) == pytest.approx(fgt(people, LINE, alpha), abs=1e-12)


@settings(deadline=None)
@given(incomes, alphas, st.randoms())
def test_it_does_not_matter_who_is_who(people: list[float], alpha: int, random: object) -> None:
    mixed = list(people)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert fgt(mixed, LINE, alpha) == pytest.approx(fgt(people, LINE, alpha), abs=1e-12)


@settings(deadline=None)
@given(incomes, alphas, st.integers(2, 50))
def test_the_unit_of_money_does_not_matter(people: list[float], alpha: int, unit: int) -> None:
    scaled = [income * unit for income in people]
    assert fgt(scaled, LINE * unit, alpha) == pytest.approx(fgt(people, LINE, alpha), abs=1e-12)


@settings(deadline=None)
@given(incomes)
def test_the_measure_lies_between_nothing_and_all_and_falls_with_alpha(people: list[float]) -> None:
    values = [fgt(people, LINE, alpha) for alpha in (0, 1, 2, 3)]
    assert all(0 <= value <= 1 for value in values)
    assert all(first >= second - 1e-12 for first, second in itertools.pairwise(values))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abc"), st.integers(0, 9)), min_size=1, max_size=30), alphas)
def test_the_groups_contributions_sum_to_the_whole(people: list[tuple[int, str, int]], alpha: int) -> None:
    money, groups, weights = zip(*people, strict=True)
    assume(sum(weights) > 0)
    parts = fgt_by_group(money, LINE, alpha, groups, weights)
    assert sum(part.contribution for part in parts) == pytest.approx(fgt(money, LINE, alpha, weights), abs=1e-12)
    assert sum(part.population_share for part in parts) == pytest.approx(1, abs=1e-12)
    for part in parts:
        mine = [(income, weight) for income, group, weight in people if group == part.group]
        if any(weight for _, weight in mine):
            alone = fgt([income for income, _ in mine], LINE, alpha, [weight for _, weight in mine])
            assert part.value == pytest.approx(alone, abs=1e-12)
        else:
            assert np.isnan(part.value)
            assert part.contribution == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (([], 125, 0), "incomes: nobody is in it"),
        (([1, float("nan")], 125, 0), "incomes: the value at place 1 is missing"),
        (([1, float("inf")], 125, 0), "incomes: the value at place 1 is missing or infinite"),
        (([[1], [2]], 125, 0), "incomes: one dimension"),
        (([1], 0, 0), "line: a number above 0"),
        (([1], float("nan"), 0), "line: a number above 0"),
        (([1], 125, -1), "alpha: a number that is not negative"),
        (([1], 125, float("nan")), "alpha: a number that is not negative"),
        (([1, 2], 125, 0, [1]), "weights: 2 values are needed, not 1"),
        (([1, 2], 125, 0, [1, -1]), "weights: the value at place 1 is negative"),
        (([1, 2], 125, 0, [0, 0]), "weights: all are 0"),
    ],
)
def test_a_wrong_argument_is_named(arguments: tuple, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        fgt(*arguments)


def test_watts_refuses_an_income_without_a_logarithm() -> None:
    with pytest.raises(ValueError, match="incomes: the value at place 1 is not above 0"):
        watts([100, 0], 125)


def test_groups_must_be_as_many_as_incomes_and_none_missing() -> None:
    with pytest.raises(ValueError, match="groups: 2 values are needed, not 1"):
        fgt_by_group([1, 2], 125, 0, ["a"])
    with pytest.raises(ValueError, match="groups: the value at place 1 is missing"):
        fgt_by_group([1, 2], 125, 0, ["a", None])
