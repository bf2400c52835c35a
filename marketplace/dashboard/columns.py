"""Facts in memory: a process keeps the months it has read as columns of numbers, until they are built again.

Half a million facts take a database seconds to add up and numpy a tenth of one. Every building of a month gives it a version of
its own (``FactVersion``), which nobody else ever has, so what is kept under a version is never out of date. No figure is
counted here.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Date, Select, case, cast, func, literal, select

from marketplace.catalogue.models import LotContribution
from marketplace.dashboard.models import Channel, FactVersion, SalesFact, SalesMonth
from marketplace.dashboard.pieces import next_month, pieces
from marketplace.kernel.bulk import read_numbers
from marketplace.kernel.db import db
from marketplace.regions.models import Level
from marketplace.registry.models import HouseholdStatus
from marketplace.registry.queries import supported_on

Numbers = NDArray[np.int64]
SUMS = ("total_fen", "benefit_fen", "grams", "benefit_grams", "order_lines", "farm_gate_fen", "wholesale_fen")
# ``day`` is the day or the first day of the month, as days since 1970; ``channel`` is a place in ``CHANNELS``; ``area`` is the
# code with noughts behind it up to the length of a village's.
COLUMNS = ("day", "lot_id", "channel", "area", "producer_id", "product_id", *SUMS)
CHANNELS = tuple(Channel)
_EPOCH = date(1970, 1, 1)
# About a hundred bytes each.
MOST_ROWS = 1_000_000
# Numbers in a smaller range than this are told apart by counting, the others by sorting.
_NARROW = 4_000_000
# Numbers up to this have products of 64 bits.
_ROOT = 3_037_000_499


class Facts:
    """Facts as columns of one length; ``facts["grams"]`` is one of ``COLUMNS``."""

    def __init__(self, rows: Numbers) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows.shape[1]

    def __getitem__(self, name: str) -> Numbers:
        return self.rows[COLUMNS.index(name)]

    def where(self, mask: NDArray[np.bool_]) -> "Facts":
        """Those for which the mask holds."""
        return self if mask.all() else Facts(self.rows[:, mask])

    def inside(self, scope_code: str) -> "Facts":
        """Those of an area."""
        return self.where(self.areas(len(scope_code)) == int(scope_code)) if scope_code else self

    def areas(self, length: int) -> Numbers:
        """The areas of a level, by the length of its codes."""
        return self["area"] // 10 ** (Level.VILLAGE - length)


def facts_between(
    first: date, last: date, *, daily: bool = False, only: Callable[[Facts], Facts] = lambda facts: facts
) -> Facts:
    """The facts of a span: whole months as months and the rest as days, or with ``daily`` days alone.

    ``only`` leaves what is asked for of each month, so that a question about a village never holds a province.
    """
    whole = pieces(first, last).months
    found = []
    for month_on, version in _versions(first, last):
        if whole and not daily and whole[0] <= month_on <= whole[1]:
            found.append(only(Facts(_kept(SalesMonth, month_on, version))))
        else:
            days = only(Facts(_kept(SalesFact, month_on, version)))
            found.append(days.where((days["day"] >= (first - _EPOCH).days) & (days["day"] <= (last - _EPOCH).days)))
    return Facts(np.concatenate([part.rows for part in found], axis=1) if found else np.empty((len(COLUMNS), 0), np.int64))


def day_of(number: int) -> date:
    """The day that ``day`` in facts stands for.

    >>> day_of(20_000).isoformat()
    '2024-10-04'
    """
    return _EPOCH + timedelta(days=number)


def numbered(values: Numbers) -> tuple[Numbers, Numbers]:
    """The different values, the least first, and for each value its place among them.

    >>> [found.tolist() for found in numbered(np.array([7, 5, 7]))]
    [[5, 7], [1, 0, 1]]
    """
    if not len(values):
        return values, values
    lowest = int(values.min())
    width = int(values.max()) - lowest + 1
    if width > _NARROW:
        return np.unique(values, return_inverse=True)
    there = np.zeros(width, np.bool_)
    there[values - lowest] = True
    return np.flatnonzero(there) + lowest, (np.cumsum(there) - 1)[values - lowest]


def part_of(amount: Numbers, part: Numbers, whole: Numbers) -> Numbers:
    """``amount`` x ``part`` / ``whole``, rounded down to whole fen: a figure never promises more than there is.

    ``part`` is no more than ``whole``; of nothing, the part is nothing.

    >>> part_of(np.array([1000, 7, 2**62]), np.array([1, 0, 2**40 - 1]), np.array([3, 0, 2**40])).tolist()
    [333, 0, 4611686018423193600]
    """
    found = np.where((part == whole) & (part > 0), amount, 0)
    # Nearly every lot is one household's, and dividing is slow.
    at = np.flatnonzero((part != whole) & (part > 0) & (amount > 0))
    shared, by, of = amount[at], part[at], whole[at]
    quotient, rest = np.divmod(shared, of)
    found[at] = quotient * by + rest * by // of
    for one in at[of > _ROOT]:
        found[one] = int(amount[one]) * int(part[one]) // int(whole[one])
    return found


def registered_part(lot_ids: Numbers, day: date) -> tuple[Numbers, Numbers]:
    """For each lot the grams of contributors registered on ``day``, and of all; nought where nobody brought anything."""
    registered = select(HouseholdStatus.household_id).where(supported_on(day))
    theirs = func.sum(LotContribution.grams).filter(LotContribution.household_id.in_(registered))
    lots, part, whole = read_numbers(
        select(LotContribution.lot_id, func.coalesce(theirs, 0), func.sum(LotContribution.grams)).group_by(
            LotContribution.lot_id
        )
    )
    if not len(lots):
        return np.zeros_like(lot_ids), np.zeros_like(lot_ids)
    different, places = numbered(lot_ids)
    order = np.argsort(lots)
    at = order[np.minimum(np.searchsorted(lots, different, sorter=order), len(lots) - 1)]
    known = lots[at] == different
    return (part[at] * known)[places], (whole[at] * known)[places]


def _versions(first: date, last: date) -> Sequence[Any]:
    """The months of a span that have facts, and what they are kept under."""
    query = select(FactVersion.month_on, FactVersion.version).order_by(FactVersion.month_on)
    return db.session.execute(query.where(FactVersion.month_on.between(first.replace(day=1), last))).all()


_lock = Lock()
_store: OrderedDict[tuple[str, UUID], Numbers] = OrderedDict()


def _kept(table: type[SalesFact] | type[SalesMonth], month_on: date, version: UUID) -> Numbers:
    """A month's facts, from memory if they were read before; those asked for least recently make room."""
    key = (table.__tablename__, version)
    with _lock:
        if key in _store:
            _store.move_to_end(key)
            return _store[key]
    rows = read_numbers(_select(table, month_on))
    with _lock:
        _store[key] = rows
        while len(_store) > 1 and sum(kept.shape[1] for kept in _store.values()) > MOST_ROWS:
            _store.popitem(last=False)
    return rows


def _select(table: type[SalesFact] | type[SalesMonth], month_on: date) -> Select[Any]:
    period_on = SalesFact.sold_on if table is SalesFact else SalesMonth.month_on
    columns = {
        "day": period_on - cast(literal(_EPOCH), Date),
        "channel": case({channel.value: at for at, channel in enumerate(CHANNELS)}, value=table.channel),
        "area": cast(func.rpad(table.area_code, int(Level.VILLAGE), "0"), BigInteger),
    }
    query = select(*(columns.get(name, getattr(table, name, None)) for name in COLUMNS))
    return query.where(period_on >= month_on, period_on < next_month(month_on))
