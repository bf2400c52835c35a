"""Wholesale prices some days ahead, all goods of a market learning from one another. Pure, no database.

What is forecast is the ratio of the price *h* days on to the price of today, from inputs that look backwards only: how the
price moved lately, how it stands to its own weeks and months, what it and all goods did at this season a year ago, and the
season itself. The regression minimises the very error that is reported, the mean of \\|forecast - price\\| / price.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.forecasts.measuring import Floats

HORIZONS = (1, 7, 28)
YEAR = 364  # The same day of the week a year ago.
# A market that is closed for longer has no last value.
_FILLED = 5
# How often the regression learns anew while it is tested, and the days of which it learns.
_EVERY, _STEP = 28, 3
_LEAST_ROWS = 200
_RIDGE = 1.0
_LOWEST, _HIGHEST = 0.2, 4.0
_BACK = (1, 3, 7, 14, 28, 56, 91)
_LEVELS = (7, 28, 91, 182, 364)
_MEDIANS = (3, 5, 9, 15, 29)
_EXTREMES = (14, 56, 112)
# What is also looked at where the goods are restless, within bounds, and squared: a market does not answer in a straight line.
_BENT = ("above_7", "above_28", "above_91", "moved_7", "moved_28", "median_9", "year_ago")
_BOUND = 0.25
# What means something else at another season.
_SEASONAL = ("above_364", "above_91", "above_28", "all_moved_year_ago", "year_ago", "moved_year_ago")


def filled(prices: Floats, most: int = _FILLED) -> Floats:
    """The prices with gaps of at most so many days closed by the last known one.

    >>> filled(np.array([[2.0], [np.nan], [np.nan]]), most=1).ravel().tolist()
    [2.0, 2.0, nan]
    """
    out = prices.copy()
    for ago in range(1, most + 1):
        gap = np.isnan(out)
        out = np.where(gap, _shifted(prices, ago), out)
    return out


def _shifted(values: Floats, days: int) -> Floats:
    """What stood so many days before; a negative number of days looks ahead."""
    out = np.full_like(values, np.nan)
    if abs(days) >= len(values):
        return out
    if days >= 0:
        out[days:] = values[: len(values) - days]
    else:
        out[:days] = values[-days:]
    return out


def _mean(values: Floats, days: int) -> Floats:
    """The mean of the last days, where at least half of them are known."""
    known = ~np.isnan(values)
    sums = np.cumsum(np.where(known, values, 0), 0)
    counts = np.cumsum(known, 0)
    sums[days:], counts[days:] = sums[days:] - sums[:-days], counts[days:] - counts[:-days]
    return np.where(2 * counts >= days, sums / np.maximum(counts, 1), np.nan)


def _windowed(values: Floats, days: int, what: Callable[..., Any]) -> Floats:
    """A figure over the last days, where all of them are known."""
    out = np.full_like(values, np.nan)
    if len(values) >= days:
        out[days - 1 :] = what(np.lib.stride_tricks.sliding_window_view(values, days, 0), axis=-1)
    return out


def _over_goods(values: Floats) -> Floats:
    known = ~np.isnan(values)
    mean = np.where(known, values, 0).sum(1) / np.maximum(known.sum(1), 1)
    return np.broadcast_to(np.where(known.any(1), mean, np.nan)[:, None], values.shape)


def inputs(prices: Floats, first_day_of_year: int, horizon: int) -> dict[str, Floats]:
    """What each forecast may look at, each (days, goods); nothing of a day is made from a later one.

    Parameters
    ----------
    prices : (days, goods)
        Prices of consecutive days, gaps closed; NaN where there is none.
    first_day_of_year : int
        The number within its year of the first of these days, from 1.
    horizon : int
        How many days ahead is forecast, at most 28.
    """
    logs = np.log(prices)
    found = _moves(logs) | _a_year_ago(logs, horizon)
    angle = 2 * np.pi * (first_day_of_year + np.arange(len(prices))) / 365.25
    waves = {"sine": np.sin(angle), "cosine": np.cos(angle), "sine_2": np.sin(2 * angle), "cosine_2": np.cos(2 * angle)}
    found |= {name: np.broadcast_to(wave[:, None], prices.shape) for name, wave in waves.items()}
    restless = np.minimum(found["restless_91"], 0.3)
    for name in _BENT:
        own = found[name]
        found |= {f"{name}_restless": own * restless, f"{name}_bounded": np.clip(own, -_BOUND, _BOUND)}
        found[f"{name}_squared"] = own * np.abs(own)
    for name in _SEASONAL:
        found |= {f"{name}_{wave}": found[name] * found[wave] for wave in waves}
    return {name: np.nan_to_num(values) for name, values in found.items()}


def _moves(logs: Floats) -> dict[str, Floats]:
    found = {f"moved_{days}": logs - _shifted(logs, days) for days in _BACK}
    found |= {f"above_{days}": logs - _mean(logs, days) for days in _LEVELS}
    found |= {f"median_{days}": _windowed(logs, days, np.median) - logs for days in _MEDIANS}
    for days in _EXTREMES:
        found[f"lowest_{days}"] = _windowed(logs, days, np.min) - logs
        found[f"highest_{days}"] = _windowed(logs, days, np.max) - logs
    step = logs - _shifted(logs, 1)
    found |= {f"restless_{days}": _spread(step, days) for days in (28, 91)}
    found |= {f"all_moved_{days}": _over_goods(logs - _shifted(logs, days)) for days in (7, 28)}
    return found


def _spread(values: Floats, days: int) -> Floats:
    return np.sqrt(np.maximum(_mean(values**2, days) - _mean(values, days) ** 2, 0))


def _a_year_ago(logs: Floats, horizon: int) -> dict[str, Floats]:
    # Centred weeks are looked at no nearer than eleven months ago.
    week, ago = _shifted(_mean(logs, 7), -3), YEAR - horizon
    moved = _shifted(week, ago) - _shifted(week, YEAR)
    level = _shifted(_mean(logs, 7), YEAR) - logs
    return {
        "year_ago": level,
        "no_year_ago": np.isnan(level).astype(float),
        "moved_year_ago": moved,
        "all_moved_year_ago": _over_goods(moved),
        "season_ahead": _shifted(_mean(logs, 15), ago - 7) - logs,
    }


@dataclass(frozen=True)
class Learnt:
    """A regression: the ratio is 1 at first, plus each input times its weight."""

    weights: Floats
    rows: int

    def ratios(self, stacked: Floats) -> Floats:
        """The forecast ratios of rows of inputs, within bounds that no market has left."""
        return np.clip(1 + self.weights[0] + stacked @ self.weights[1:], _LOWEST, _HIGHEST)


def least_relative_error(stacked: Floats, ratios: Floats, *, ridge: float = _RIDGE, rounds: int = 12) -> Learnt:
    r"""The weights that make the mean relative error least, by reweighted least squares.

    .. math:: \min_w \frac{1}{n} \sum_i |1 + x_i w - r_i| / r_i + \lambda \lVert S w \rVert^2

    with :math:`S` the inputs' spreads, so that a unit of measure changes nothing. A price that is forecast too high by half
    errs by more than one that is too low by half: the forecast leans downwards, as that error asks.

    Examples
    --------
    Without any input: of the ratios 1, 1, 2 it takes the one that errs least.

    >>> learnt = least_relative_error(np.zeros((3, 1)), np.array([1.0, 1.0, 2.0]))
    >>> round(float(learnt.ratios(np.zeros((1, 1)))[0]), 2)
    1.0
    """
    spread = stacked.std(0)
    scale = np.where(spread > 0, spread, 1.0)
    rows = np.column_stack([np.ones(len(stacked)), stacked / scale])
    wanted, own = ratios - 1, 1 / ratios
    penalty = np.eye(rows.shape[1]) * ridge * len(rows)
    penalty[0, 0] = 1e-9
    weights, found = own.copy(), np.zeros(rows.shape[1])
    for _ in range(rounds):
        heavy = rows * weights[:, None]
        found = np.linalg.solve(rows.T @ heavy + penalty, heavy.T @ wanted)
        # Below two hundredths an error counts as its square, or the weights would know no bound.
        weights = own / np.maximum(np.abs(wanted - rows @ found), 0.02)
    return Learnt(np.concatenate([found[:1], found[1:] / scale]), len(rows))


@dataclass(frozen=True)
class Panel:
    """Prices of consecutive days, (days, goods), gaps closed, and the number within its year of the first day."""

    prices: Floats
    first_day_of_year: int


class PriceModel:
    """All that a panel offers to the forecasts of one horizon."""

    def __init__(self, panel: Panel, horizon: int) -> None:
        self.prices, self.horizon = panel.prices, horizon
        named = inputs(panel.prices, panel.first_day_of_year, horizon)
        self.names = tuple(named)
        self.stacked = np.stack(list(named.values()), -1)
        self.later = _shifted(panel.prices, -horizon)
        self.ratios = self.later / panel.prices

    def learn(self, day: int) -> Learnt | None:
        """Learn from what was known on a day: forecasts so early that their day had come. None where that is too little."""
        days = np.arange(max(_BACK[-2], 1), day - self.horizon + 1)[::-1][::_STEP]
        ratios = self.ratios[days].ravel()
        known = ~np.isnan(ratios)
        if known.sum() < _LEAST_ROWS:
            return None
        return least_relative_error(self.stacked[days].reshape(-1, len(self.names))[known], ratios[known])

    def forecasts(self, learnt: Learnt, days: NDArray[Any]) -> Floats:
        """The prices expected ``horizon`` days after each of some days, (days, goods)."""
        shape = (len(days), self.prices.shape[1])
        return self.prices[days] * learnt.ratios(self.stacked[days].reshape(-1, len(self.names))).reshape(shape)

    def walked(self, first: int) -> Floats:
        """The forecasts made on every day from one on, each by what had been learnt on an earlier day or that one."""
        out = np.full_like(self.prices, np.nan)
        for start in range(max(first, 0), len(self.prices), _EVERY):
            learnt = self.learn(start)
            if learnt is not None:
                days = np.arange(start, min(start + _EVERY, len(self.prices)))
                out[days] = self.forecasts(learnt, days)
        return out


def baselines(prices: Floats, horizon: int) -> dict[str, Floats]:
    """The simplest guesses for ``horizon`` days ahead: today's price; the price of that day a year ago; both, half and half."""
    season = _shifted(prices, YEAR - horizon)
    return {"last": prices, "season": season, "rule": (prices + season) / 2}


def relative_errors(forecast: Floats, later: Floats) -> Floats:
    """How far each forecast lies from what came, as a part of it."""
    return np.abs(forecast - later) / later


@dataclass(frozen=True)
class Compared:
    """One horizon on the days tested: the errors by method, which method is served, and the interval around its forecast.

    The first half of the test chooses the method that errs least and the factors ``low`` and ``high`` between which four of
    five prices lay; ``covered`` is how many did in the second half, which had no part in it.
    """

    horizon: int
    rows: int
    names: tuple[str, ...]
    errors: Mapping[str, Floats]
    served: str
    low: float
    high: float
    covered: float
    # What each good is expected to cost ``horizon`` days after the last day, by the method served.
    ahead: Floats


def compared(panel: Panel, horizon: int, first: int) -> Compared | None:
    """Forecast every day from ``first`` on from the days before, and compare; None where too little is known to learn from."""
    model = PriceModel(panel, horizon)
    days = np.arange(max(first - horizon, 0), len(panel.prices) - horizon)
    learnt = model.learn(len(panel.prices) - 1)
    half = len(days) // 2
    if learnt is None or not half:
        return None
    guesses = {"model": model.walked(int(days[0]))} | baselines(panel.prices, horizon)
    later = model.later[days]
    errors = {name: relative_errors(values[days], later) for name, values in guesses.items()}
    means = {name: float(np.nanmean(own[:half])) for name, own in errors.items() if not np.isnan(own[:half]).all()}
    if "model" not in means:
        return None
    served = min(means, key=lambda name: means[name])
    parts = later / guesses[served][days]
    early, late = (own[~np.isnan(own)] for own in (parts[:half], parts[half:]))
    if not len(late):
        return None
    low, high = (float(bound) for bound in np.quantile(early, (0.1, 0.9)))
    covered = float(((late >= low) & (late <= high)).mean())
    last = np.array([len(panel.prices) - 1])
    ahead = model.forecasts(learnt, last)[0] if served == "model" else guesses[served][-1]
    return Compared(horizon, learnt.rows, model.names, errors, served, low, high, covered, ahead)
