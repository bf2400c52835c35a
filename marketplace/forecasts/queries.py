"""What was known on a day: prices, weights sold, needs; and the runs that were made of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from sqlalchemy import Date, cast, exists, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from marketplace.assistance.needs.models import Need
from marketplace.catalogue.models import MarketPrice, Product
from marketplace.dashboard.models import SalesFact
from marketplace.forecasts.measuring import Floats
from marketplace.forecasts.models import ForecastError, ForecastKind, ForecastRun, ForecastValue, RelapseRisk
from marketplace.forecasts.prices import Panel, filled
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.clock import day_bounds, local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.models import Level
from marketplace.registry.models import Household
from marketplace.registry.reading import Reach

# The years before the cut that are looked at.
YEARS_KNOWN = 4
_GOODS_OF_PRICES, _GOODS_OF_DEMAND = 120, 40
_WEEK = timedelta(weeks=1)


def is_made_up() -> bool:
    """Whether this installation holds the demonstration's data."""
    return bool(db.session.scalar(select(exists().where(AuditEvent.verb == "demo.loaded"))))


def price_sources() -> list[str]:
    """The markets of which there are prices, by name."""
    return list(db.session.scalars(select(MarketPrice.source).distinct().order_by(MarketPrice.source)))


@dataclass(frozen=True)
class KnownPrices:
    """The goods of a market, by slug, the most complete first, their prices day by day, and the first of the days."""

    slugs: tuple[str, ...]
    panel: Panel
    first_on: date


def known_prices(source: str, cut_on: date) -> KnownPrices | None:
    """The prices of a market that were known on a day; None where there are none."""
    since = cut_on - timedelta(days=366 * YEARS_KNOWN)
    own = (MarketPrice.source == source) & MarketPrice.day.between(since, cut_on)
    fullest = select(MarketPrice.product_id).where(own).group_by(MarketPrice.product_id)
    ids = list(db.session.scalars(fullest.order_by(func.count().desc(), MarketPrice.product_id).limit(_GOODS_OF_PRICES)))
    if not ids:
        return None
    query = select(MarketPrice.product_id, MarketPrice.day, MarketPrice.average_fen)
    rows = db.session.execute(query.where(own, MarketPrice.product_id.in_(ids))).all()
    slugs = dict(db.session.execute(select(Product.id, Product.slug).where(Product.id.in_(ids))).all())
    first, last = min(row.day for row in rows), max(row.day for row in rows)
    prices: Floats = np.full(((last - first).days + 1, len(ids)), np.nan)
    column = {product_id: at for at, product_id in enumerate(ids)}
    for product_id, day, fen in rows:
        prices[(day - first).days, column[product_id]] = fen
    return KnownPrices(tuple(slugs[each] for each in ids), Panel(filled(prices), first.timetuple().tm_yday), first)


@dataclass(frozen=True)
class KnownCounts:
    """What happened in each period, (periods, subjects), the subjects by name, and the first days of the periods."""

    subjects: tuple[str, ...]
    counts: Floats
    periods: tuple[date, ...]


def known_demand(cut_on: date) -> KnownCounts | None:
    """The grams that were sold of the most sold kinds of goods by whole weeks before a day, which is not over itself."""
    end = cut_on - timedelta(days=cut_on.weekday() + 1)
    week = cast(func.date_trunc("week", SalesFact.sold_on), Date)
    query = select(Product.slug, week, func.sum(SalesFact.grams)).join(Product, Product.id == SalesFact.product_id)
    # From a Monday on, so that the first week is as whole as the others.
    since = end + timedelta(days=1) - timedelta(weeks=53 * YEARS_KNOWN)
    rows = db.session.execute(query.where(SalesFact.sold_on.between(since, end)).group_by(Product.slug, week)).all()
    if not rows:
        return None
    first = min(row[1] for row in rows)
    periods = [first + number * _WEEK for number in range(((end - first).days + 1) // 7)]
    return _counted(((slug, monday, float(grams)) for slug, monday, grams in rows), periods, _GOODS_OF_DEMAND)


def known_needs(cut_on: date) -> KnownCounts | None:
    """How many needs came up in each township by whole quarters before a day, which is not over itself."""
    end = _quarter_of(cut_on)
    rows = db.session.execute(select(Need.area_code, Need.since).where(Need.since < day_bounds(end, end)[0])).all()
    if not rows:
        return None
    townships = ((code[: Level.TOWNSHIP], local_day(since)) for code, since in rows if len(code) >= Level.TOWNSHIP)
    found = [(code, _quarter_of(day), 1.0) for code, day in townships]
    if not found:
        return None
    periods = [min(quarter for _code, quarter, _one in found)]
    while (after := next_quarter(periods[-1])) < end:
        periods.append(after)
    return _counted(found, periods, None)


def _counted(rows: Iterable[tuple[str, date, float]], periods: list[date], most: int | None) -> KnownCounts | None:
    place = {period: at for at, period in enumerate(periods)}
    found: dict[str, Floats] = {}
    for subject, period, number in rows:
        if period in place:
            found.setdefault(subject, np.zeros(len(periods)))[place[period]] += number
    largest = sorted(found, key=lambda subject: (-found[subject].sum(), subject))[:most]
    if not largest:
        return None
    return KnownCounts(tuple(largest), np.column_stack([found[subject] for subject in largest]), tuple(periods))


def _quarter_of(day: date) -> date:
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def next_quarter(first: date) -> date:
    """The first day of the quarter after one."""
    return _quarter_of(first + timedelta(days=95))


def newest_runs() -> list[ForecastRun]:
    """The newest run of each kind and scope."""
    query = select(ForecastRun).ext(distinct_on(ForecastRun.kind, ForecastRun.scope))
    return list(db.session.scalars(query.order_by(ForecastRun.kind, ForecastRun.scope, ForecastRun.id.desc())))


def newest_run(kind: ForecastKind) -> ForecastRun | None:
    """The newest run of a kind."""
    query = select(ForecastRun).where(ForecastRun.kind == kind)
    return db.session.scalars(query.order_by(ForecastRun.cut_on.desc(), ForecastRun.id.desc()).limit(1)).first()


def get_run(public_id: str) -> ForecastRun:
    """A run, or ``NotFound``."""
    found = db.session.scalars(select(ForecastRun).filter_by(public_id=public_id)).first()
    if found is None:
        raise NotFound("forecast_unknown", N_("There is no such forecast."))
    return found


def errors_of(run: ForecastRun) -> list[ForecastError]:
    """How far each method erred, by horizon and error."""
    query = select(ForecastError).where(ForecastError.run_id == run.id)
    return list(db.session.scalars(query.order_by(ForecastError.horizon, ForecastError.error, ForecastError.method)))


def values_of(run: ForecastRun, reach: Reach) -> list[ForecastValue]:
    """What is expected, by subject and horizon; of needs, only those of townships within the reach."""
    query = select(ForecastValue).where(ForecastValue.run_id == run.id)
    rows = db.session.scalars(query.order_by(ForecastValue.subject, ForecastValue.horizon))
    return [row for row in rows if run.kind != ForecastKind.NEEDS or reach.holds(row.subject)]


def risks_of(run: ForecastRun, reach: Reach, most: int) -> list[tuple[RelapseRisk, Household]]:
    """The households within the reach that a run puts highest, the highest first."""
    query = select(RelapseRisk, Household).join(Household, Household.id == RelapseRisk.household_id)
    query = query.where(RelapseRisk.run_id == run.id).order_by(RelapseRisk.probability.desc(), Household.code).limit(most)
    return [(risk, household) for risk, household in db.session.execute(reach.over(query, RelapseRisk.village_code))]
