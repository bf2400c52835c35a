"""Sales of registered households that everybody may see: a county's quarter, with hidden whatever few households stand behind.

The tables of a county and quarter are one publication: townships and villages by month, and townships by channel. All their
cells, the sums of rows, columns, levels and periods too, are hidden together, because readers add and subtract across tables.
A cell is hidden at first where fewer households sold than the rule for small cells says, a nought excepted; others go with it
until nobody can narrow a hidden one down. Amounts are whole yuan, each village's, month's and channel's rounded down.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from marketplace.catalogue.models import LotContribution
from marketplace.dashboard.models import SalesMonth
from marketplace.dashboard.pieces import next_month
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.models import Level
from marketplace.regions.queries import within
from marketplace.registry.display_rules import NARROWEST_INTERVAL, SMALLEST_CELL
from marketplace.registry.models import HouseholdStatus
from marketplace.registry.queries import supported_on
from marketplace.registry.rules import rule
from marketplace.registry.small_cells import Sum, hidden_cells

# An area's code, and a month (``2026-04``), a channel, or the whole.
Cell = tuple[str, str]
WHOLE = "whole"
_FEN = 100


@dataclass(frozen=True)
class Publication:
    """What is shown of a county's quarter: whole yuan, None where a cell is hidden; and the ``sums`` that a reader knows."""

    county_code: str
    first: date
    last: date
    cells: Mapping[Cell, int | None]
    sums: tuple[Sum[Cell], ...]


def sales_to_publish(county_code: str, first: date) -> Publication:
    """What may be shown of a county's quarter that begins on a day.

    Raises
    ------
    Invalid
        ``not_a_quarter`` when no quarter begins on that day.
    """
    if first.day != 1 or first.month % 3 != 1:
        raise Invalid("not_a_quarter", N_("A quarter begins on the first of January, April, July or October."))
    months = [first, next_month(first), next_month(next_month(first))]
    last = next_month(months[-1])
    smallest = rule(SMALLEST_CELL, county_code, first).value
    narrowest = rule(NARROWEST_INTERVAL, county_code, first).value
    amounts, sellers = _cells(county_code, months)
    sums = _sums(amounts, [month.isoformat()[:7] for month in months])
    few = {cell for cell, amount in amounts.items() if amount and len(sellers[cell]) < smallest}
    # A tenth of what it hides, and never less than the rule says: what matters in an amount is how near somebody comes.
    widest = max((amounts[cell] for cell in few), default=0)
    hidden = hidden_cells(amounts, sums, smallest=smallest, narrowest=max(2 * narrowest + 1, widest // 10), sensitive=few)
    shown = {cell: None if cell in hidden else amount for cell, amount in amounts.items()}
    return Publication(county_code, first, last, shown, tuple(sums))


def _cells(county_code: str, months: list[date]) -> tuple[dict[Cell, int], dict[Cell, set[int]]]:
    """Yuan of registered households by cell, and which households stand behind it."""
    atoms: dict[tuple[str, str, str], int] = defaultdict(int)
    behind: dict[Cell, set[int]] = defaultdict(set)
    brought = _registered_contributors(months[0])
    facts = db.session.execute(
        select(SalesMonth.area_code, SalesMonth.month_on, SalesMonth.channel, SalesMonth.lot_id, SalesMonth.benefit_fen)
        .where(within(SalesMonth.area_code, county_code), SalesMonth.month_on.in_(months), SalesMonth.benefit_fen > 0)
        .order_by(SalesMonth.month_on, SalesMonth.lot_id, SalesMonth.channel)
    ).all()
    for village, month_on, channel, lot_id, fen in facts:
        month = month_on.isoformat()[:7]
        atoms[village, month, channel] += fen
        for cell in _above(village, month, channel):
            behind[cell] |= brought.get(lot_id, set())
    amounts: dict[Cell, int] = defaultdict(int)
    for (village, month, channel), fen in atoms.items():
        for cell in _above(village, month, channel):
            amounts[cell] += fen // _FEN
    return dict(amounts), behind


def _above(village: str, month: str, channel: str) -> list[Cell]:
    """The cells that a sale is part of."""
    township, county = village[: Level.TOWNSHIP], village[: Level.COUNTY]
    months = [(code, column) for code in (village, township, county) for column in (month, WHOLE)]
    return [*months, *((code, channel) for code in (township, county))]


def _registered_contributors(day: date) -> dict[int, set[int]]:
    """For each lot the registered households that brought something to it."""
    registered = select(HouseholdStatus.household_id).where(supported_on(day))
    query = select(LotContribution.lot_id, LotContribution.household_id).where(LotContribution.household_id.in_(registered))
    found: dict[int, set[int]] = defaultdict(set)
    for lot_id, household_id in db.session.execute(query):
        found[lot_id].add(household_id)
    return found


def _sums(amounts: dict[Cell, int], months: list[str]) -> list[Sum[Cell]]:
    """What a reader adds up: villages to townships to the county, months to the quarter, channels to the whole."""
    areas = {area for area, _column in amounts}
    channels = sorted({column for _area, column in amounts} - {*months, WHOLE})
    sums: list[Sum[Cell]] = []

    def add(total: Cell, parts: list[Cell]) -> None:
        for cell in (total, *parts):
            amounts.setdefault(cell, 0)
        sums.append((total, parts))

    for area in sorted(areas):
        add((area, WHOLE), [(area, month) for month in months])
        if len(area) < Level.VILLAGE:
            below = Level.TOWNSHIP if len(area) == Level.COUNTY else Level.VILLAGE
            children = sorted(code for code in areas if len(code) == below and code.startswith(area))
            for column in (*months, WHOLE):
                add((area, column), [(code, column) for code in children])
            add((area, WHOLE), [(area, channel) for channel in channels])
            if len(area) == Level.COUNTY:
                for channel in channels:
                    add((area, channel), [(code, channel) for code in children])
    return sums
