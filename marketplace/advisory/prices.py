"""Series of market prices, the index over them, and which goods have any. All prices are in fen per 500 g."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import BigInteger, ColumnElement, Date, cast, func, select

from marketplace.advisory.price_index import IndexPoint, chained, jevons_link, laspeyres_link
from marketplace.catalogue.models import Listing, MarketPrice, Product
from marketplace.kernel.db import db
from marketplace.orders.models import OrderLine

WEEKS_SHOWN = 52
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class WeekPrice:
    """A week of a kind of goods at a market; without a price it is a gap. ``days`` of it had one."""

    begins_on: date
    low_fen: int | None
    average_fen: int | None
    high_fen: int | None
    days: int


@dataclass(frozen=True)
class Priced:
    """A kind of goods with its newest price at a market."""

    product: Product
    day: date
    average_fen: int
    days: int


def monday_of(day: date) -> date:
    """The Monday of a day's week.

    >>> monday_of(date(2026, 6, 21)).isoformat()
    '2026-06-15'
    """
    return day - timedelta(days=day.weekday())


def sources() -> Sequence[str]:
    """The markets that have prices, the one with the newest first."""
    query = select(MarketPrice.source).group_by(MarketPrice.source)
    return db.session.scalars(query.order_by(func.max(MarketPrice.day).desc(), MarketPrice.source)).all()


def newest_day(source: str) -> date | None:
    """The last day of which a market has a price."""
    return db.session.scalar(select(func.max(MarketPrice.day)).filter_by(source=source))


def priced_goods(source: str) -> list[Priced]:
    """The kinds of goods that a market has prices of, by name, each with its newest."""
    days = func.count().over(partition_by=MarketPrice.product_id)
    place = func.row_number().over(partition_by=MarketPrice.product_id, order_by=MarketPrice.day.desc())
    own = select(MarketPrice.product_id, MarketPrice.day, MarketPrice.average_fen, days.label("days"), place.label("place"))
    newest = own.where(MarketPrice.source == source).subquery()
    query = select(Product, newest.c.day, newest.c.average_fen, newest.c.days).join(newest, newest.c.product_id == Product.id)
    return [Priced(*row) for row in db.session.execute(query.where(newest.c.place == 1).order_by(Product.name_zh))]


def weekly_series(product_id: int, source: str, last: date, weeks: int = WEEKS_SHOWN) -> list[WeekPrice]:
    """The weeks up to the one of ``last``: lowest, mean of the days' averages (rounded half up) and highest; gaps stay gaps."""
    first = monday_of(last) - (weeks - 1) * _WEEK
    week = _week_of()
    query = select(
        week,
        func.min(MarketPrice.low_fen),
        func.sum(MarketPrice.average_fen),
        func.max(MarketPrice.high_fen),
        func.count(),
    ).where(MarketPrice.product_id == product_id, MarketPrice.source == source, MarketPrice.day.between(first, last))
    found = {row[0]: row for row in db.session.execute(query.group_by(week))}
    series = []
    for begins_on in _mondays(first, weeks):
        _, low, total, high, days = found.get(begins_on, (None, None, None, None, 0))
        mean = None if total is None else (2 * int(total) + days) // (2 * days)
        series.append(WeekPrice(begins_on, low, mean, high, days))
    return series


def index_of(
    source: str, last: date, *, quantities: dict[int, int] | None = None, weeks: int = WEEKS_SHOWN
) -> dict[date, IndexPoint]:
    """The chained index of a market's goods by week: Laspeyres over ``quantities`` by product id where given, else Jevons.

    A week's price of a kind of goods is the mean of its days' averages; goods without a quantity are no part of a basket.
    """
    first = monday_of(last) - (weeks - 1) * _WEEK
    week = _week_of()
    query = select(week, MarketPrice.product_id, func.avg(MarketPrice.average_fen)).where(
        MarketPrice.source == source, MarketPrice.day.between(first, last)
    )
    prices: dict[date, dict[int, float]] = defaultdict(dict)
    for monday, product_id, mean in db.session.execute(query.group_by(week, MarketPrice.product_id)):
        if quantities is None or quantities.get(product_id):
            prices[monday][product_id] = float(mean)
    mondays = _mondays(first, weeks)
    link = jevons_link if quantities is None else laspeyres_link(quantities)
    return dict(zip(mondays, chained([prices[monday] for monday in mondays], link), strict=True))


def quantities_sold(first: date, last: date) -> dict[int, int]:
    """How many grams of each kind of goods, harvested within a span, were bought here: the basket of the Laspeyres index."""
    grams = func.sum(cast(OrderLine.quantity * OrderLine.unit_grams, BigInteger))
    query = select(Listing.product_id, grams).join(OrderLine, OrderLine.listing_id == Listing.id)
    rows = db.session.execute(query.where(OrderLine.harvested_on.between(first, last)).group_by(Listing.product_id))
    return {product_id: int(total) for product_id, total in rows}


def _week_of() -> ColumnElement[date]:
    return cast(func.date_trunc("week", MarketPrice.day), Date)


def _mondays(first: date, weeks: int) -> list[date]:
    return [first + number * _WEEK for number in range(weeks)]
