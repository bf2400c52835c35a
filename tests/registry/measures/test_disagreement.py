"""Where the four numbers part, and that nothing but a visit follows."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.registry.measures.disagreement import (
    Disagreement,
    DisagreementRule,
    FourNumbers,
    Parting,
    Reading,
    disagreement,
    readings,
)

shares = st.floats(0, 1)
maybe_reading = st.none() | st.builds(Reading, shares, shares)


def test_numbers_that_are_near_call_for_nothing() -> None:
    near = FourNumbers(Reading(0.9, 0.8), Reading(0.85, 0.7), Reading(0.95, 0.8), Reading(0.6, 0.5))
    assert disagreement(near, DisagreementRule(most_apart=0.4)) == Disagreement((), ())


def test_a_difference_of_exactly_the_most_is_allowed_in_floating_point_too() -> None:
    assert 0.9 - 0.6 > 0.3 - 1e-12
    numbers = FourNumbers(income_gap=Reading(0.9, 0.5), deprivation=Reading(0.6, 0.5))
    assert not disagreement(numbers, DisagreementRule(most_apart=0.3)).calls_for_a_visit
    assert disagreement(numbers, DisagreementRule(most_apart=0.29)).calls_for_a_visit


def test_each_pair_that_parts_is_named_with_who_says_poorer_the_furthest_first() -> None:
    numbers = FourNumbers(Reading(0.9, 0.8), Reading(0.1, 0.7), Reading(0.5, 0.4), Reading(0.85, 0.8))
    found = disagreement(numbers, DisagreementRule(most_apart=0.5, clear_by=0.2))
    assert [(part.poorer, part.less_poor, round(part.apart, 9)) for part in found.partings] == [
        ("income_gap", "deprivation", 0.8),
        ("community_rank", "deprivation", 0.75),
    ]
    assert found.calls_for_a_visit


def test_opposite_verdicts_part_where_both_are_clear() -> None:
    rule = DisagreementRule(most_apart=0.9, clear_by=0.1)
    clear = FourNumbers(income_gap=Reading(0.6, 0.5), proxy_means=Reading(0.5, 0.6))
    (parting,) = disagreement(clear, rule).partings
    assert parting == Parting("income_gap", "proxy_means", pytest.approx(0.1), opposite=True)
    borderline = FourNumbers(income_gap=Reading(0.6, 0.5), proxy_means=Reading(0.5, 0.51))
    assert not disagreement(borderline, rule).calls_for_a_visit


def test_what_is_not_measured_is_named_and_agrees_with_nothing() -> None:
    found = disagreement(FourNumbers(income_gap=Reading(1.0, 0.5)), DisagreementRule())
    assert found == Disagreement((), ("deprivation", "proxy_means", "community_rank"))
    assert not found.calls_for_a_visit


def test_there_is_no_number_that_puts_the_four_together() -> None:
    assert [field.name for field in fields(FourNumbers)] == ["income_gap", "deprivation", "proxy_means", "community_rank"]
    assert [field.name for field in fields(Disagreement)] == ["partings", "missing"]


@settings(deadline=None)
@given(st.builds(FourNumbers, maybe_reading, maybe_reading, maybe_reading, maybe_reading), shares, shares)
def test_a_milder_rule_never_finds_more(numbers: FourNumbers, one: float, other: float) -> None:
    strict, mild = sorted((one, other))
    few = disagreement(numbers, DisagreementRule(mild, mild)).partings
    many = disagreement(numbers, DisagreementRule(strict, strict)).partings
    assert {(part.poorer, part.less_poor) for part in few} <= {(part.poorer, part.less_poor) for part in many}
    for part in many:
        high, low = getattr(numbers, part.poorer), getattr(numbers, part.less_poor)
        assert part.apart == high.percentile - low.percentile >= 0


def test_places_count_persons_and_share_ties() -> None:
    found = readings([0.5, 0, 0, 0.2], [True, False, False, False], weights=[1, 2, 1, 4])
    assert [place.percentile for place in found] == [0.9375, 0.1875, 0.1875, 0.625]
    assert {place.cutoff for place in found} == {0.875}
    assert [place.poor for place in found] == [True, False, False, False]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=20), st.integers(0, 6))
def test_a_reading_keeps_the_verdict_that_it_was_made_from(rows: list[tuple[int, int]], line: int) -> None:
    amounts, weights = (np.array(column) for column in zip(*rows, strict=True))
    poor = amounts >= line
    found = readings(amounts, poor, weights)
    assert [place.poor for place in found] == poor.tolist()
    assume(0 < poor.sum() < poor.size)
    assert found[0].cutoff == pytest.approx(weights[~poor].sum() / weights.sum(), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: Reading(1.1, 0.5), "percentile: a number between 0 and 1 is needed, not 1.1"),
        (lambda: Reading(0.5, float("nan")), "cutoff: a number between 0 and 1"),
        (lambda: DisagreementRule(most_apart=-0.1), "most_apart: a number between 0 and 1"),
        (lambda: DisagreementRule(clear_by=2), "clear_by: a number between 0 and 1"),
        (lambda: readings([], []), "amounts: nobody is in it"),
        (lambda: readings([1, float("nan")], [True, False]), "amounts: the value at place 1 is missing"),
        (lambda: readings([1, 2], [True]), "poor: 2 values are needed, not 1"),
        (lambda: readings([1, 2], [True, False]), "poor: somebody is poor while somebody as poor or poorer is not"),
        (lambda: readings([1, 1], [True, False]), "poor: somebody is poor while somebody as poor or poorer is not"),
        (lambda: readings([1, 2], [True, True], [1]), "weights: 2 values are needed, not 1"),
    ],
)
def test_a_wrong_argument_is_named(call: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        call()  # type: ignore[operator]
