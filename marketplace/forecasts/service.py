"""Making runs. Callers own the transactions; a run is only ever added, and nothing else is changed by it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from marketplace.forecasts import counts, prices
from marketplace.forecasts.measuring import Floats, gained, measured
from marketplace.forecasts.models import ForecastError, ForecastKind, ForecastRun, ForecastValue
from marketplace.forecasts.queries import KnownCounts, known_demand, known_needs, known_prices, next_quarter
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.registry import forecast_rules
from marketplace.registry.rules import rule

# The part of what is known that is tested on, and how much of the test is called new when drift is measured.
_TESTED, _NEW = 0.35, 0.15
_WEEKS, _QUARTERS = (1, 4), (1,)


def too_little() -> Invalid:
    """That too little is known yet to learn from and to test on."""
    return Invalid("forecast_too_little", N_("Too little is known yet to make this forecast and to test it."))


@dataclass(frozen=True)
class Said:
    """One expected value and its interval."""

    subject: str
    horizon: int
    due_on: date
    value: float
    low: float
    high: float
    last: float


def run_prices(source: str, *, made_up: bool, now: datetime) -> ForecastRun:
    """Forecast the prices of a market 1, 7 and 28 days after the newest.

    Raises
    ------
    Invalid
        ``forecast_too_little``.
    """
    known = known_prices(source, local_day(now))
    if known is None:
        raise too_little()
    days = len(known.panel.prices)
    first = days - int(days * _TESTED)
    found = [each for horizon in prices.HORIZONS if (each := prices.compared(known.panel, horizon, first))]
    if not found:
        raise too_little()
    cut_on = known.first_on + timedelta(days=days - 1)
    last = known.panel.prices[-1]
    said = [
        Said(slug, each.horizon, cut_on + timedelta(days=each.horizon), own, own * each.low, own * each.high, float(last[at]))
        for each in found
        for at, slug in enumerate(known.slugs)
        if np.isfinite(own := float(each.ahead[at])) and np.isfinite(last[at])
    ]
    card = {
        "inputs": list(found[0].names),
        "subjects": len(known.slugs),
        "horizons": {str(each.horizon): {"served": each.served, "covered": each.covered} for each in found},
    }
    run = ForecastRun(
        kind=ForecastKind.PRICE,
        scope=source,
        cut_on=cut_on,
        test_from=known.first_on + timedelta(days=first),
        rows=found[0].rows,
        made_up=made_up or source == "demo",
        card=card,
    )
    errors = {each.horizon: each.errors for each in found}
    middle = found[min(1, len(found) - 1)]
    return _kept(run, errors, said, drift=error_ratio(middle.errors[middle.served]), block=28, now=now)


def run_demand(*, made_up: bool, now: datetime) -> ForecastRun:
    """Forecast the grams sold of each kind of goods 1 and 4 weeks after the last whole week.

    Raises
    ------
    Invalid
        ``forecast_too_little``.
    """
    known = known_demand(local_day(now))
    return _run_counts(ForecastKind.DEMAND, known, _week_after, _WEEKS, 52, made_up=made_up, now=now)


def run_needs(*, made_up: bool, now: datetime) -> ForecastRun:
    """Forecast how many needs come up in each township in the quarter after the last whole one.

    Raises
    ------
    Invalid
        ``forecast_too_little``.
    """
    known = known_needs(local_day(now))
    return _run_counts(ForecastKind.NEEDS, known, _quarter_after, _QUARTERS, 4, made_up=made_up, now=now)


def _week_after(period: date, horizon: int) -> date:
    return period + timedelta(weeks=horizon)


def _quarter_after(period: date, horizon: int) -> date:
    for _ in range(horizon):
        period = next_quarter(period)
    return period


def _run_counts(
    kind: ForecastKind,
    known: KnownCounts | None,
    after: Callable[[date, int], date],
    horizons: Sequence[int],
    year: int,
    *,
    made_up: bool,
    now: datetime,
) -> ForecastRun:
    if known is None:
        raise too_little()
    periods = len(known.counts)
    first = periods - max(4, int(periods * _TESTED))
    found = [each for horizon in horizons if (each := counts.compared_counts(known.counts, horizon, first, year))]
    if not found:
        raise too_little()
    said = []
    for each in found:
        root = np.sqrt(each.ahead)
        for at, subject in enumerate(known.subjects):
            own = float(each.ahead[at])
            low, high = max(0.0, own + each.low * float(root[at])), own + each.high * float(root[at])
            due_on = after(known.periods[-1], each.horizon)
            said.append(Said(subject, each.horizon, due_on, own, low, high, float(known.counts[-1, at])))
    card = {
        "inputs": ["level", "season"],
        "subjects": len(known.subjects),
        "horizons": {str(each.horizon): {"served": each.served, "covered": each.covered} for each in found},
    }
    cut_on = after(known.periods[-1], 1) - timedelta(days=1)
    run = ForecastRun(kind=kind, cut_on=cut_on, test_from=known.periods[first], rows=found[0].rows, made_up=made_up, card=card)
    errors = {each.horizon: each.errors for each in found}
    return _kept(run, errors, said, drift=error_ratio(found[0].errors[found[0].served]), block=4, now=now)


def error_ratio(errors: Floats) -> float:
    """The mean error of the newest part of a test over that of the rest; 0 where either is not known."""
    new = max(1, int(len(errors) * _NEW))
    before, after = errors[:-new], errors[-new:]
    if np.isnan(before).all() or np.isnan(after).all():
        return 0.0
    mean = float(np.nanmean(before))
    return float(np.nanmean(after)) / mean if mean > 0 else 0.0


def _kept(
    run: ForecastRun,
    errors: Mapping[int, Mapping[str, Floats]],
    said: Sequence[Said],
    *,
    drift: float,
    block: int,
    now: datetime,
) -> ForecastRun:
    run.made_at, run.drift = now, drift
    run.drift_percent = int(rule(forecast_rules.ERROR_RATIO, "", local_day(now)).value)
    db.session.add(run)
    db.session.flush()
    for horizon, methods in errors.items():
        for method, own in methods.items():
            if not np.isnan(own).all():
                db.session.add(error_row(run, horizon, method, own, methods["last"], block))
    for each in said:
        low, high = min(each.low, each.value), max(each.high, each.value)
        rest = {"due_on": each.due_on, "value": each.value, "low": low, "high": high, "last": each.last}
        db.session.add(ForecastValue(run_id=run.id, subject=each.subject, horizon=each.horizon, **rest))
    db.session.flush()
    record(run, now)
    return run


def error_row(run: ForecastRun, horizon: int, method: str, own: Floats, last: Floats, block: int) -> ForecastError:
    """How far a method erred, and by what part less than the last value did on the same cases."""
    error, gain = measured(own, block=block), gained(own, last, block=block)
    return ForecastError(
        run_id=run.id,
        horizon=horizon,
        method=method,
        error=error.value,
        low=error.low,
        high=error.high,
        gain=gain.value,
        gain_low=gain.low,
        gain_high=gain.high,
    )


def record(run: ForecastRun, now: datetime) -> None:
    """Note that a run was made."""
    said = {"kind": run.kind, "scope": run.scope, "cut_on": run.cut_on.isoformat(), "drifted": run.drifted}
    audit.record("forecast.made", "forecast", run.public_id, actor="forecasts", at=now, **said)
