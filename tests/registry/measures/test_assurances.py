"""Two assurances and three guarantees, with what nobody knows kept apart from what is not met."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from marketplace.registry.measures.assurances import (
    ASSURANCE_STANDARDS,
    Answer,
    Assurance,
    Conditions,
    assurance_standard,
    assurances,
    together,
)

STANDARD = assurance_standard(date(2018, 1, 1), "522636")
ALL_WELL = Conditions(True, True, True, True, "B", 35.0, 30.0)


def test_a_household_at_the_edge_of_every_standard_has_everything() -> None:
    found = assurances(ALL_WELL, STANDARD)
    assert list(found) == list(Assurance)
    assert set(found.values()) == {Answer.MET}
    assert together(found.values()) is Answer.MET


def test_a_household_of_which_nothing_is_known_is_unknown_in_everything() -> None:
    found = assurances(Conditions(), STANDARD)
    assert set(found.values()) == {Answer.UNKNOWN}
    assert together(found.values()) is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("condition", "value", "assurance"),
    [
        ("has_enough_food", False, Assurance.FOOD),
        ("has_clothes_for_the_season", False, Assurance.CLOTHING),
        ("children_attend_school", False, Assurance.SCHOOLING),
        ("has_basic_health_insurance", False, Assurance.HEALTH_CARE),
        ("dwelling_grade", "C", Assurance.HOUSING),
        ("dwelling_grade", "D", Assurance.HOUSING),
        ("water_l_per_person_day", 34.9, Assurance.WATER),
        ("carry_minutes", 30.1, Assurance.WATER),
    ],
)
def test_one_thing_that_is_short_is_told_alone_and_unlike_one_that_is_unknown(
    condition: str, value: object, assurance: Assurance
) -> None:
    short = assurances(replace(ALL_WELL, **{condition: value}), STANDARD)
    assert [part for part, answer in short.items() if answer is not Answer.MET] == [assurance]
    assert short[assurance] is Answer.UNMET
    unknown = assurances(replace(ALL_WELL, **{condition: None}), STANDARD)
    assert [part for part, answer in unknown.items() if answer is not Answer.MET] == [assurance]
    assert unknown[assurance] is Answer.UNKNOWN


def test_too_little_water_is_unmet_even_where_nobody_knows_how_far_it_is() -> None:
    scarce = assurances(replace(ALL_WELL, water_l_per_person_day=20.0, carry_minutes=None), STANDARD)
    assert scarce[Assurance.WATER] is Answer.UNMET


def test_one_unmet_outweighs_any_unknown_and_one_unknown_any_met() -> None:
    for answers in product(Answer, repeat=3):
        found = together(answers)
        assert (found is Answer.UNMET) == (Answer.UNMET in answers)
        assert (found is Answer.MET) == (set(answers) == {Answer.MET})


def test_a_province_may_ask_for_more_water() -> None:
    strict = replace(ASSURANCE_STANDARDS[0], scope_code="52", first_day=date(2017, 1, 1), least_water_l_per_person_day=60.0)
    standards = (*ASSURANCE_STANDARDS, strict)
    for code, day, answer in (
        ("522636", date(2018, 1, 1), Answer.UNMET),
        ("522636", date(2016, 12, 31), Answer.MET),
        ("532301", date(2018, 1, 1), Answer.MET),
    ):
        assert assurances(ALL_WELL, assurance_standard(day, code, standards))[Assurance.WATER] is answer


@pytest.mark.parametrize(
    ("condition", "value", "told"),
    [
        ("dwelling_grade", "E", "dwelling_grade: A, B, C or D is needed, not 'E'"),
        ("dwelling_grade", "AB", "dwelling_grade"),
        ("water_l_per_person_day", -1.0, "water_l_per_person_day: a number that is not negative"),
        ("carry_minutes", float("nan"), "carry_minutes: a number that is not negative"),
    ],
)
def test_a_condition_that_cannot_be_is_named(condition: str, value: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Conditions(**{condition: value})  # type: ignore[arg-type]
