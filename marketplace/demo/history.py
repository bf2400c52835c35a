"""A year of purchases as rows of the shop: lots, order groups, orders, lines, money. Arrays in, rows out; no database.

The rules are the shop's own: ``split_order`` divides the money, ``benefit_share`` the benefit, a lot cannot sell what it does
not hold. Days are moved by whole weeks, so that the last purchase lies in the week before the demo is loaded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from marketplace.catalogue.benefit import BenefitShare, benefit_share
from marketplace.demo.sellers import HouseholdPlan
from marketplace.kernel.clock import MARKET_ZONE
from marketplace.registry.models import SUPPORTED

_EPOCH = date(1970, 1, 1)
# A lot is what a farm brings within four weeks.
_LOT_DAYS = 28
_CHINA_OFFSET_S = 8 * 3600


@dataclass(frozen=True)
class Purchases:
    """Purchases by row, sorted by moment and basket: who, which basket, which good, how many, when (Unix seconds)."""

    consumer: NDArray[np.int64]
    basket: NDArray[np.int64]
    good: NDArray[np.int64]
    quantity: NDArray[np.int64]
    sold_at_s: NDArray[np.int64]


@dataclass(frozen=True)
class LotRow:
    """A harvest: of which good, when, how much of it history sold."""

    number: int
    good: int
    harvested_on: date
    sold: int


def moved(
    household_ids: NDArray[np.int64],
    basket_ids: NDArray[np.int64],
    good_numbers: NDArray[np.int64],
    quantities: NDArray[np.int64],
    sold_at: NDArray[np.datetime64],
    now: datetime,
) -> tuple[Purchases, NDArray[np.int64]]:
    """The purchases with consumers and baskets numbered and days moved; also the outside ids of the consumers.

    The source's moments carry no zone and are read as the market's local times; weekdays stay what they were.
    """
    consumers, consumer = np.unique(household_ids, return_inverse=True)
    local_s = sold_at.astype("datetime64[s]").astype(np.int64) - _CHINA_OFFSET_S
    weeks = (int(now.timestamp()) - int(local_s.max())) // (7 * 86400)
    moment = local_s + weeks * 7 * 86400
    # A basket's rows share the moment of its first, so that a purchase happens at once.
    _, basket = np.unique(basket_ids, return_inverse=True)
    first = np.full(basket.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, basket, moment)
    moment = first[basket]
    order = np.lexsort((good_numbers, basket, moment))
    numbers = np.cumsum(np.diff(basket[order], prepend=-1) != 0) - 1
    bought = Purchases(consumer[order], numbers.astype(np.int64), good_numbers[order], quantities[order], moment[order])
    return bought, consumers


def market_days(moments_s: NDArray[np.int64]) -> NDArray[np.int64]:
    """The market's calendar day of moments, as days since 1970-01-01."""
    return (moments_s + _CHINA_OFFSET_S) // 86400


def day_of(number: int) -> date:
    """The calendar day of a number of days since 1970-01-01."""
    return _EPOCH + timedelta(days=int(number))


def moment_of(seconds: int) -> datetime:
    """The aware moment of Unix seconds."""
    return datetime.fromtimestamp(int(seconds), UTC)


def local_day_of(seconds: int) -> date:
    """The market's day of Unix seconds."""
    return moment_of(seconds).astimezone(MARKET_ZONE).date()


def lots(bought: Purchases) -> tuple[list[LotRow], NDArray[np.int64]]:
    """The lots that history sold from, and the number of the lot behind each row."""
    days = market_days(bought.sold_at_s)
    period = (days - days.min()) // _LOT_DAYS
    keys, lot = np.unique(np.stack([bought.good, period]), axis=1, return_inverse=True)
    lot = np.asarray(lot).reshape(-1)
    sold = np.bincount(lot, weights=bought.quantity).astype(int)
    begin = int(days.min())
    rows = [
        LotRow(number, int(good), day_of(begin + int(at) * _LOT_DAYS - 2), int(amount))
        for number, (good, at, amount) in enumerate(zip(keys[0], keys[1], sold, strict=True))
    ]
    return rows, lot


class Benefit:
    """The benefit share of a seller's lots on any day, remembered for the spans on which it stays the same."""

    def __init__(self, households: Sequence[HouseholdPlan]) -> None:
        self._households = households
        self._known: dict[tuple[int, int], BenefitShare] = {}

    def registered(self, number: int, day: date) -> bool:
        """Whether a household's status on the day counts as supported."""
        return any(
            status.category in SUPPORTED and status.start <= day and (status.end is None or day < status.end)
            for status in self._households[number].statuses
        )

    def share(self, seller: int, members: Mapping[int, int], day: date) -> BenefitShare:
        """The share of the grams that registered members bring on a day."""
        key = (seller, (day - _EPOCH).days)
        if key not in self._known:
            registered = {number for number in members if self.registered(number, day)}
            self._known[key] = benefit_share(members, registered)
        return self._known[key]
