"""How sales are spread over the registered households of an area: who sold how much, and why others sold nothing.

Only numbers of households leave this file, never a household.
"""

import enum
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, column, select, text

from marketplace.catalogue.models import LotContribution
from marketplace.dashboard.columns import Numbers, facts_between, numbered, part_of
from marketplace.kernel.bulk import read_numbers
from marketplace.kernel.clock import day_bounds
from marketplace.kernel.db import db
from marketplace.registry.measures.inequality import gini
from marketplace.registry.models import SUPPORTED

# Nothing was ever sold outside these days, and days at the ends of the calendar have none beside them.
_EARLIEST, _LATEST = date(1970, 1, 1), date(9000, 12, 31)


class Why(enum.StrEnum):
    """Why a household sold nothing: the first of these that is so."""

    NO_LISTING = "no_listing"
    NO_STOCK = "no_stock"
    NOT_FOUND = "not_found"
    PRICE = "price"
    OTHER = "other"


@dataclass(frozen=True)
class Spread:
    """What the registered households of an area sold in a span.

    ``amounts_fen`` has one entry a household that sold, the least first; ``unsold`` counts the others by reason.
    """

    households: int
    amounts_fen: NDArray[np.int64]
    unsold: dict[Why, int]

    @property
    def sold(self) -> int:
        """How many sold something."""
        return len(self.amounts_fen)

    @property
    def total_fen(self) -> int:
        """What they sold together."""
        return int(self.amounts_fen.sum())

    @property
    def gini(self) -> float | None:
        """The Gini coefficient over all registered households, those without sales included; None where nobody sold.

        >>> Spread(4, np.array([100]), {}).gini
        0.75
        """
        return gini(self._all) if self.total_fen else None

    @property
    def gini_of_sellers(self) -> float | None:
        """The same over those that sold.

        >>> Spread(4, np.array([100, 100]), {}).gini_of_sellers
        0.0
        """
        return gini(self.amounts_fen) if self.total_fen else None

    @property
    def _all(self) -> NDArray[np.int64]:
        return np.concatenate([np.zeros(self.households - self.sold, dtype=np.int64), self.amounts_fen])

    def lorenz(self, points: int = 20) -> list[float]:
        """The part of all sales of the poorest-selling ``at / points`` of households, for ``at`` from 0 to ``points``.

        Between two households the curve is straight, as Lorenz (1905) draws it.

        >>> Spread(4, np.array([100, 300]), {}).lorenz(4)
        [0.0, 0.0, 0.0, 0.25, 1.0]
        """
        if not self.total_fen:
            return []
        reached = np.concatenate([[0], np.cumsum(self._all)]) / self.total_fen
        places = np.linspace(0, self.households, points + 1)
        return [round(float(part), 6) for part in np.interp(places, np.arange(self.households + 1), reached)]


# Read beside no file: a number is all that the page learns of a household.
_REGISTERED = text(
    "SELECT DISTINCT household_status.household_id FROM household_status"
    " JOIN household ON household.id = household_status.household_id"
    " WHERE household_status.days @> CAST(:as_of AS date) AND household_status.category = ANY(:supported)"
    " AND household.village_code LIKE :within"
).columns(column("household_id", BigInteger))
# Goods are a household's that it lists itself or has brought something to. What is not so on any day of the span counts.
_UNSOLD = text(
    """
WITH idle AS MATERIALIZED (
  SELECT unnest(CAST(:idle AS bigint[])) AS household_id
), goods AS MATERIALIZED (
  SELECT idle.household_id, listing.id AS listing_id FROM idle
  JOIN producer ON producer.household_id = idle.household_id JOIN listing ON listing.producer_id = producer.id
  WHERE listing.state <> 'draft' AND listing.published_at < :ends
  UNION
  SELECT idle.household_id, lot.listing_id FROM idle
  JOIN lot_contribution ON lot_contribution.household_id = idle.household_id JOIN lot ON lot.id = lot_contribution.lot_id
  JOIN listing ON listing.id = lot.listing_id WHERE listing.state <> 'draft' AND listing.published_at < :ends
), stocked AS (
  SELECT lot.listing_id FROM lot JOIN stock_movement ON stock_movement.lot_id = lot.id
  WHERE lot.listing_id IN (SELECT listing_id FROM goods) AND stock_movement.at < :ends AND NOT lot.expected
  GROUP BY lot.id, lot.listing_id
  HAVING coalesce(sum(stock_movement.quantity) FILTER (WHERE stock_movement.at < :begins), 0) > 0
    OR bool_or(stock_movement.quantity > 0 AND stock_movement.at >= :begins)
), shown AS (
  SELECT DISTINCT listing_id FROM exposure_fact WHERE shown_on BETWEEN :first AND :last
    AND listing_id IN (SELECT listing_id FROM goods)
), dear AS (
  SELECT DISTINCT ON (listing_id) listing_id, verdict IN ('flagged', 'waits') AND deviation > 0 AS high FROM price_check
  WHERE checked_on <= :last AND listing_id IN (SELECT listing_id FROM goods) ORDER BY listing_id, price_check.id DESC
), flagged AS (
  SELECT goods.household_id, goods.listing_id, stocked.listing_id IS NOT NULL AS stocked,
    shown.listing_id IS NOT NULL AS shown, coalesce(dear.high, false) AS dear
  FROM goods LEFT JOIN (SELECT DISTINCT listing_id FROM stocked) stocked USING (listing_id)
  LEFT JOIN shown USING (listing_id) LEFT JOIN dear USING (listing_id)
), each AS (
  SELECT idle.household_id, count(flagged.listing_id) AS goods,
    count(*) FILTER (WHERE stocked) AS stocked,
    count(*) FILTER (WHERE stocked AND shown) AS shown,
    count(*) FILTER (WHERE stocked AND shown AND NOT dear) AS fair
  FROM idle LEFT JOIN flagged USING (household_id) GROUP BY idle.household_id
)
SELECT CASE WHEN goods = 0 THEN 'no_listing' WHEN stocked = 0 THEN 'no_stock' WHEN shown = 0 THEN 'not_found'
  WHEN fair = 0 THEN 'price' ELSE 'other' END AS why, count(*) FROM each GROUP BY 1
"""
)


def spread(scope_code: str, first: date, last: date, *, as_of: date) -> Spread:
    """How sales of a span are spread over the households of an area that are registered on ``as_of``.

    A household has the part of each lot's sales that it brought of the lot's grams, rounded down to whole fen for the span. One
    that sold nothing counts under the first reason that holds: it had no goods listed (own or together with others) by the end
    of the span; none of them was in stock on any day of it; none in stock stood in a list that somebody was shown; the newest
    look at the price of each that did found it unusually high; none of these.
    """
    first, last = max(first, _EARLIEST), min(last, _LATEST)
    supported = [str(category) for category in SUPPORTED]
    who = _REGISTERED.bindparams(as_of=as_of, supported=supported, within=f"{scope_code}%")
    (registered,) = read_numbers(who)
    households, amounts = _amounts(first, last)
    theirs = np.isin(households, registered)
    sold = amounts[theirs]
    begins, ends = day_bounds(first, last)
    given = {"first": first, "last": last, "begins": begins, "ends": ends}
    idle = np.setdiff1d(registered, households).tolist()
    found = {Why(why): int(number) for why, number in db.session.execute(_UNSOLD, {"idle": idle, **given})} if idle else {}
    return Spread(len(registered), np.sort(sold[sold > 0]), {why: found.get(why, 0) for why in Why})


def _amounts(first: date, last: date) -> tuple[Numbers, Numbers]:
    """Who brought something to what was sold in a span, and for how much; a lot's money goes by the grams each brought."""
    facts = facts_between(first, last)
    lots, places = numbered(facts["lot_id"])
    fen = np.bincount(places, facts["total_fen"], len(lots)).astype(np.int64)
    lots, fen = lots[fen > 0], fen[fen > 0]
    if not len(lots):
        return lots, fen
    brought = select(LotContribution.lot_id, LotContribution.household_id, LotContribution.grams)
    of, households, grams = read_numbers(brought.where(LotContribution.lot_id.between(int(lots[0]), int(lots[-1]))))
    known = np.isin(of, lots)
    of, households, grams = np.searchsorted(lots, of[known]), households[known], grams[known]
    whole = np.bincount(of, grams, len(lots)).astype(np.int64)
    different, places = numbered(households)
    return different, np.bincount(places, part_of(fen[of], grams, whole[of]), len(different)).astype(np.int64)


def first_day_shown() -> date | None:
    """The first day of which it is known what lists showed."""
    found = db.session.scalar(text("SELECT min(shown_on) FROM exposure_fact"))
    return found if isinstance(found, date) else None


def year_earlier(first: date, last: date) -> tuple[date, date]:
    """The same days one year earlier; of 29 February, the day before.

    >>> [day.isoformat() for day in year_earlier(date(2024, 2, 1), date(2024, 2, 29))]
    ['2023-02-01', '2023-02-28']
    """
    return _year_earlier(first), _year_earlier(last)


def _year_earlier(day: date) -> date:
    if day.year == date.min.year:
        return date.min
    if (day.month, day.day) == (2, 29):
        day -= timedelta(days=1)
    return day.replace(year=day.year - 1)
