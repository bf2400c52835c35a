"""Weights sold by week and needs by quarter: the next periods of many short series. Pure, no database.

Each series keeps a smoothed level of its own; the season, where a whole year is known, is that of all series together, since
one alone is too short to show it. How fast the level follows and how much of the season counts is chosen on the past alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from marketplace.forecasts.measuring import Floats

_FOLLOWING, _SEASONS = (0.15, 0.3, 0.5, 0.8), (0.0, 0.5, 1.0)
# A factor of a season further from 1 is an accident of few sales.
_LEAST, _MOST = 0.25, 4.0
_TRIED = 8


def levels(counts: Floats, following: float) -> Floats:
    """The smoothed level after each period, (periods, series).

    >>> levels(np.array([[4.0], [8.0]]), 0.5).ravel().tolist()
    [4.0, 6.0]
    """
    out = np.empty_like(counts)
    level = counts[0]
    for at, own in enumerate(counts):
        level = own if at == 0 else level + following * (own - level)
        out[at] = level
    return out


def season_factor(counts: Floats, period: int, horizon: int, year: int) -> float:
    """By what factor all series together rose from a period to ``horizon`` later, a year before; 1 where that is not known.

    Three periods around each are taken, so that one feast does not make a season.

    >>> season_factor(np.array([[2.0], [2.0], [2.0], [4.0], [4.0], [4.0], [4.0], [2.0]]), 7, 3, 6)
    2.0
    """
    here, there = period - year, period - year + horizon
    if here < 1 or there + 1 > period:
        return 1.0
    totals = counts.sum(1)
    before, after = totals[here - 1 : here + 2].sum(), totals[there - 1 : there + 2].sum()
    return float(np.clip(after / before, _LEAST, _MOST)) if before > 0 and after > 0 else 1.0


@dataclass(frozen=True)
class Chosen:
    """How fast the level follows, and how much of the season counts."""

    following: float
    season: float


def expected(counts: Floats, period: int, horizon: int, year: int, choice: Chosen) -> Floats:
    """What each series is expected to be ``horizon`` periods after one, by that one and those before it."""
    known = counts[: period + 1]
    factor = season_factor(known, period, horizon, year)
    return np.asarray(levels(known, choice.following)[-1] * factor**choice.season)


def chosen(counts: Floats, period: int, horizon: int, year: int) -> Chosen:
    """The choice that would have erred least on the newest periods whose outcome was known at ``period``."""
    tried = [at for at in range(max(2, period - horizon - _TRIED), period - horizon + 1) if at >= 0]

    known = counts[: period + 1]
    # A level rests on what came before it alone, so all of them can be made in one go.
    level = {following: levels(known, following) for following in _FOLLOWING}
    factors = {at: season_factor(known, at, horizon, year) for at in tried}

    def error(choice: Chosen) -> float:
        own = level[choice.following]
        return float(sum(np.abs(own[at] * factors[at] ** choice.season - known[at + horizon]).sum() for at in tried))

    # Without a past to try them on, the first of equals: slow and without a season.
    return min((Chosen(*each) for each in product(_FOLLOWING, _SEASONS)), key=error)


def guesses(counts: Floats, period: int, horizon: int, year: int) -> dict[str, Floats]:
    """The simplest guesses: the last period; the same a year before; the mean of the last four. NaN where there is none."""
    ago = period + horizon - year
    season = counts[ago] if 0 <= ago <= period else np.full(counts.shape[1], np.nan)
    return {"last": counts[period], "season": season, "rule": counts[max(0, period - 3) : period + 1].mean(0)}


@dataclass(frozen=True)
class CountsCompared:
    """One horizon: errors by method, (periods, series), each as a part of the mean of what came; the method that is served.

    ``low`` and ``high`` are to be added, times the root of the forecast, for the interval of 80 %.
    """

    horizon: int
    rows: int
    errors: Mapping[str, Floats]
    served: str
    low: float
    high: float
    covered: float
    ahead: Floats


def compared_counts(counts: Floats, horizon: int, first: int, year: int) -> CountsCompared | None:
    """Forecast every period from ``first`` on from those before; None where that are fewer than four or nothing happened."""
    made_at = [at - horizon for at in range(first, len(counts)) if at - horizon >= 2]
    if len(made_at) < 4 or not counts[first:].sum():
        return None
    later = counts[[at + horizon for at in made_at]]
    made = {name: np.stack(own) for name, own in _walked(counts, made_at, horizon, year)}
    scale = later.mean()
    errors = {name: np.abs(own - later) / scale for name, own in made.items()}
    half = len(made_at) // 2
    means = {name: float(own[:half].mean()) for name, own in errors.items() if not np.isnan(own[:half]).any()}
    served = min(means, key=lambda name: means[name])
    # Counts scatter with their root (Poisson).
    parts = (later - made[served]) / np.sqrt(np.maximum(made[served], 1e-9))
    early, late = parts[:half].ravel(), parts[half:].ravel()
    low, high = (float(bound) for bound in np.quantile(early, (0.1, 0.9)))
    newest = len(counts) - 1
    ahead = {"model": expected(counts, newest, horizon, year, chosen(counts, newest, horizon, year))}
    ahead |= guesses(counts, newest, horizon, year)
    covered = float(((late >= low) & (late <= high)).mean())
    return CountsCompared(horizon, newest * counts.shape[1], errors, served, min(low, 0), max(high, 0), covered, ahead[served])


def _walked(counts: Floats, made_at: list[int], horizon: int, year: int) -> Iterator[tuple[str, list[Any]]]:
    yield "model", [expected(counts, at, horizon, year, chosen(counts, at, horizon, year)) for at in made_at]
    simple = [guesses(counts, at, horizon, year) for at in made_at]
    for name in ("last", "season", "rule"):
        yield name, [each[name] for each in simple]
