"""Weeks and quarters ahead look backwards only, follow the level and the season, and give way to a better simple guess."""

import numpy as np

from marketplace.forecasts.counts import Chosen, chosen, compared_counts, expected, guesses


def weeks(number: int = 120) -> np.ndarray:
    wave = 2 + np.sin(2 * np.pi * np.arange(number) / 52)
    return np.rint(1_000 * wave[:, None] * np.array([1.0, 0.5, 3.0]))


def test_nothing_said_of_a_week_changes_with_what_came_after_it() -> None:
    known = weeks()
    other = known.copy()
    other[81:] = 7.0
    assert chosen(known, 80, 4, 52) == chosen(other, 80, 4, 52)
    for choice in (Chosen(0.3, 1.0), Chosen(0.8, 0.5)):
        np.testing.assert_array_equal(expected(known, 80, 4, 52, choice), expected(other, 80, 4, 52, choice))
    for name, values in guesses(known, 80, 4, 52).items():
        np.testing.assert_array_equal(values, guesses(other, 80, 4, 52)[name])


def test_a_season_that_comes_again_is_followed_better_than_the_last_value() -> None:
    found = compared_counts(weeks(), 4, 90, 52)
    assert found is not None
    assert found.errors["model"].mean() < 0.5 * found.errors["last"].mean()
    assert found.errors["season"].max() == 0.0
    assert found.served == "season"


def test_what_is_always_the_same_is_expected_to_stay_so() -> None:
    found = compared_counts(np.full((12, 2), 5.0), 1, 8, 4)
    assert found is not None
    np.testing.assert_array_equal(found.ahead, [5.0, 5.0])
    assert (found.low, found.high, found.covered) == (0.0, 0.0, 1.0)


def test_five_quarters_are_too_few_to_test_on() -> None:
    assert compared_counts(np.ones((5, 2)), 1, 3, 4) is None
