"""Of parts that are nearly alike half of a lot is looked at, and nothing that farms bring by themselves."""

from collections.abc import Sequence
from datetime import date

import pytest

from marketplace.catalogue.oddities import Part, alike_parts, equal_parts

DAY = date(2026, 6, 1)


def lot_of(grams: Sequence[int]) -> list[Part]:
    return [Part(1, household, 3, 10, 100, DAY, brought) for household, brought in enumerate(grams)]


ALIKE = [20_000, 20_100, 19_900, 20_200, 19_800, 20_050]


def test_half_of_a_lot_within_five_percent_of_its_middle_is_looked_at() -> None:
    others = [5_000, 6_000, 40_000, 50_000, 60_000, 4_000]
    (found,) = alike_parts(lot_of(ALIKE + others))
    assert (found.kind, found.seller, found.subject) == ("alike_parts", 1, "lot:100")
    assert (found.facts["households"], found.facts["brought"]) == (6, 12)
    assert equal_parts(lot_of(ALIKE + others)) == []


@pytest.mark.parametrize(
    "grams",
    [
        ALIKE[:5],
        [*ALIKE, 1_000, 2_000, 3_000, 40_000, 50_000, 60_000, 70_000],
        [20_000, 21_001, 18_999, 20_500, 19_500, 20_100, 30_000],
        [25_000] * 8,
        [25_000, 50_000, 75_000, 25_000, 50_000, 25_000, 25_000, 75_000],
    ],
    ids=["five are few", "less than half", "one is more than five percent off", "equal to the gram", "crates"],
)
def test_few_or_differing_parts_and_crates_are_left_alone(grams: list[int]) -> None:
    assert alike_parts(lot_of(grams)) == []


def test_what_one_household_brings_in_portions_counts_as_one() -> None:
    halves = [Part(1, household, 3, 10, 100, DAY, brought // 2) for household, brought in enumerate(ALIKE) for _ in range(2)]
    (found,) = alike_parts(halves)
    assert found.facts["households"] == 6


def test_a_lot_of_equal_parts_and_one_that_is_off_by_a_little_is_said_once() -> None:
    lot = lot_of([20_000] * 9 + [20_100])
    assert [odd.kind for odd in (*equal_parts(lot), *alike_parts(lot))] == ["equal_parts"]
