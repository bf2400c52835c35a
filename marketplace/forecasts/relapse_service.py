"""Making the list of households that may fall back. It is a list to call on people by: no status follows from it."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete

from marketplace.forecasts import relapse
from marketplace.forecasts.measuring import Floats, stability_index
from marketplace.forecasts.models import ForecastKind, ForecastRun, RelapseRisk
from marketplace.forecasts.relapse_queries import Outs, Spans, outs_on, spans_until, year_before
from marketplace.forecasts.service import error_row, record, too_little
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.regions.models import Level
from marketplace.registry import forecast_rules
from marketplace.registry.rules import rule

# So many households of each county, the likeliest first, are kept.
_MOST = 300
_MONTHS = 12
# How many years of households are learnt from.
_YEARS = 3


@dataclass(frozen=True)
class Followed:
    """Households on the first days of some years, and what became of them until another day."""

    rows: Floats
    days: Floats
    relapsed: NDArray[np.bool_]

    @property
    def enough(self) -> bool:
        """Whether so many relapsed that a model can be learnt."""
        return int(self.relapsed.sum()) >= relapse.LEAST_RELAPSES


def _followed(spans: Spans, until: date) -> Followed:
    rows, days, relapsed = [], [], []
    day = until
    for _ in range(_YEARS):
        end, day = day, year_before(day)
        outs = outs_on(day, spans)
        own_days, own = spans.followed(outs.ids, day, end)
        rows.append(outs.rows)
        days.append(own_days)
        relapsed.append(own)
    return Followed(np.concatenate(rows), np.concatenate(days), np.concatenate(relapsed))


def run_relapse(*, made_up: bool, now: datetime) -> ForecastRun:
    """Forecast who may be registered or monitored again within a year, tested on the year just over.

    While fewer have relapsed than a model can be learnt from, the simple rule makes the list, and the card says so.

    Raises
    ------
    Invalid
        ``forecast_too_little`` where nobody was out of poverty a year ago or two.
    """
    cut_on = local_day(now)
    test_from = year_before(cut_on)
    spans = spans_until(cut_on)
    present, tested = outs_on(cut_on, spans), outs_on(test_from, spans)
    # What happened after the test began is not known to what is tested.
    before, until_now = _followed(spans_until(test_from), test_from), _followed(spans, cut_on)
    if not len(before.rows) or not tested.ids or not present.ids:
        raise too_little()
    happened = spans.followed(tested.ids, test_from, cut_on)[1]
    errors, served = _errors(before, tested.rows, happened)
    likely, reasons, formerly = _judged(until_now, present.rows, learnt=served == "model")
    run = ForecastRun(
        kind=ForecastKind.RELAPSE,
        cut_on=cut_on,
        test_from=test_from,
        made_at=now,
        rows=len(until_now.rows),
        made_up=made_up,
        drift=stability_index(formerly, likely),
        drift_percent=int(rule(forecast_rules.STABILITY, "", cut_on).value),
        card={
            "inputs": list(relapse.INPUTS),
            "subjects": len(present.ids),
            "relapsed": int(until_now.relapsed.sum()),
            "horizons": {str(_MONTHS): {"served": served}},
        },
    )
    db.session.add(run)
    db.session.flush()
    for method, own in errors.items():
        db.session.add(error_row(run, _MONTHS, method, own, errors["last"], 1))
    _keep_list(run, present, likely, reasons)
    record(run, now)
    return run


def _errors(before: Followed, rows: Floats, happened: NDArray[np.bool_]) -> tuple[dict[str, Floats], str]:
    errors, _ = relapse.compared((before.rows, before.days, before.relapsed), rows, happened, model=before.enough)
    return dict(errors), "model" if before.enough else "rule"


def _judged(known: Followed, rows: Floats, *, learnt: bool) -> tuple[Floats, list[dict[str, float]], Floats]:
    """How likely each is to relapse, why, and how likely those learnt from were."""
    if learnt:
        model = relapse.learnt(known.rows, known.days, known.relapsed)
        reasons = [relapse.strongest(own) for own in model.contributions(rows)]
        return model.probabilities(rows), reasons, model.probabilities(known.rows)
    named, formerly = relapse.simple_rule(rows), relapse.simple_rule(known.rows)
    told = [{name: 0.0 for name in ("income_low", "income_unknown") if own[relapse.INPUTS.index(name)]} for own in rows]
    return relapse.rates_by(formerly, known.relapsed, named), told, relapse.rates_by(formerly, known.relapsed, formerly)


def _keep_list(run: ForecastRun, present: Outs, likely: Floats, reasons: list[dict[str, float]]) -> None:
    # Of people only the newest list is kept.
    db.session.execute(delete(RelapseRisk))
    kept: Counter[str] = Counter()
    for at in np.argsort(-likely, kind="stable"):
        village = present.villages[at]
        # Somebody for whom nothing speaks is nobody to call on first.
        if reasons[at] and kept[village[: Level.COUNTY]] < _MOST:
            kept[village[: Level.COUNTY]] += 1
            db.session.add(
                RelapseRisk(
                    run_id=run.id,
                    household_id=present.ids[at],
                    village_code=village,
                    probability=float(likely[at]),
                    reasons=reasons[at],
                )
            )
    db.session.flush()
