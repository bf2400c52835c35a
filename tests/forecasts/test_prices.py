"""Price forecasts look backwards only, learn what is there to be learnt, and are measured beside the simplest guesses."""

import numpy as np
import pytest

from marketplace.forecasts.measuring import gained
from marketplace.forecasts.prices import HORIZONS, Panel, PriceModel, baselines, compared, inputs
from tests.forecasts.made import panel

DAY = 600


def altered(known: Panel) -> Panel:
    """The same until ``DAY``, and other prices on every day after it."""
    prices = known.prices.copy()
    prices[DAY + 1 :] = prices[DAY + 1 :][::-1] * 3
    return Panel(prices, known.first_day_of_year)


@pytest.mark.parametrize("horizon", HORIZONS)
def test_nothing_said_on_a_day_changes_with_what_came_after_it(horizon: int) -> None:
    known = panel()
    other = altered(known)
    before, after = (inputs(each.prices, 1, horizon) for each in (known, other))
    for name, values in before.items():
        np.testing.assert_array_equal(values[: DAY + 1], after[name][: DAY + 1], err_msg=name)
    made, made_again = (PriceModel(each, horizon).walked(DAY - 60) for each in (known, other))
    np.testing.assert_array_equal(made[: DAY + 1], made_again[: DAY + 1])
    assert not np.array_equal(made[DAY + 1 :], made_again[DAY + 1 :])
    for name, values in baselines(known.prices, horizon).items():
        np.testing.assert_array_equal(values[: DAY + 1], baselines(other.prices, horizon)[name][: DAY + 1])


def test_a_season_is_learnt_and_the_last_value_beaten() -> None:
    found = compared(panel(), 28, 520)
    assert found is not None
    gain = gained(found.errors["model"], found.errors["last"])
    assert gain.low > 0.3
    assert found.served in ("model", "season")
    assert 0.6 < found.covered <= 1
    assert found.low < 1 < found.high


def test_prices_that_never_change_are_forecast_as_they_are() -> None:
    found = compared(Panel(np.full((500, 2), 300.0), 1), 7, 400)
    assert found is not None
    np.testing.assert_allclose(found.ahead, 300.0, rtol=1e-6)
    assert (found.low, found.high, found.covered) == (1.0, 1.0, 1.0)


def test_a_market_of_two_months_is_too_young() -> None:
    assert compared(panel(60), 7, 40) is None
