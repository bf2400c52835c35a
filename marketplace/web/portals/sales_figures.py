"""The officer's figures in words, tiles, charts, tables and CSV. No query; what is counted is said in ``how_counted``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.dashboard.queries import RULE_NUMBER, SalesRow
from marketplace.kernel.money import plain_yuan
from marketplace.web.charts import bar_widths, line_positions
from marketplace.web.csv_files import harmless
from marketplace.web.filters import day as day_text
from marketplace.web.filters import grams as grams_text
from marketplace.web.filters import percent, yuan
from marketplace.web.languages import is_chinese, pick
from marketplace.web.places import place_name

GROUPINGS = ("area", "lot", "product", "category", "channel", "buyer", "year", "quarter", "month", "day")
_IN_TIME = ("year", "quarter", "month", "day")
_MOST_BARS = 12
_MOST_POINTS = 370


@dataclass(frozen=True)
class Span:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, days: int) -> "Span":
        """The span of so many days that ends with ``last``."""
        return cls(last - timedelta(days=days - 1), last)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Span":
        """The span of the same length just before; it stops at the calendar's beginning."""
        if (self.first - date.min).days < self.days:
            return Span(date.min, date.min)
        return Span.ending(self.first - timedelta(days=1), self.days)


def year_before(last: date) -> date:
    """The first of the twelve months that end with ``last``.

    >>> year_before(date(2026, 2, 28)).isoformat(), year_before(date(2024, 2, 29)).isoformat()
    ('2025-03-01', '2023-03-01')
    """
    if last.year == date.min.year:
        return date.min
    if (last.month, last.day) == (2, 29):
        return date(last.year - 1, 3, 1)
    return last.replace(year=last.year - 1) + timedelta(days=1)


def default_span(known: tuple[date, date] | None, today: date) -> Span:
    """The last twelve months that have facts; those up to today where there are none."""
    last = known[1] if known else today
    return Span(year_before(last), last)


def _change(now: int, before: int) -> str | None:
    """The change against the span before, in words; None where there was nothing to compare with."""
    if not before:
        return None
    change = (now - before) / before
    if abs(change) < 0.005:
        return _("the same as in the period before")
    share = percent(abs(change))
    if change > 0:
        return _("%(share)s more than in the period before", share=share)
    return _("%(share)s less than in the period before", share=share)


def headline(area: str, total: SalesRow, before: SalesRow | None, below: Sequence[SalesRow] | None) -> str:
    """The sentence above the chart: what was sold, against before, and which areas have nothing."""
    if not total.total_fen:
        return _("Nothing was sold from %(area)s in this period.", area=area)
    amount, share = yuan(total.benefit_fen), percent(total.benefit_share)
    change = _change(total.benefit_fen, before.benefit_fen) if before else None
    if change is None:
        text = _(
            "Registered households in %(area)s sold for %(amount)s, %(share)s of all sales.",
            area=area,
            amount=amount,
            share=share,
        )
    else:
        text = _(
            "Registered households in %(area)s sold for %(amount)s, %(share)s of all sales, %(change)s.",
            area=area,
            amount=amount,
            share=share,
            change=change,
        )
    idle = sum(1 for row in below or () if not row.benefit_fen)
    if idle:
        text += ("" if is_chinese() else " ") + ngettext(
            "One area below has no sales of registered households.",
            "%(num)d areas below have no sales of registered households.",
            idle,
        )
    return text


def tiles(total: SalesRow, before: SalesRow | None) -> list[dict[str, str | None]]:
    """The four figures at the top, each compared with ``before``; that is None where facts do not reach back far enough."""
    everything = yuan(total.total_fen)
    share_note = _("All sales are %(amount)s", amount=everything)
    if before and before.total_fen:
        share_note = _(
            "%(share)s in the period before; all sales are %(amount)s",
            share=percent(before.benefit_share),
            amount=everything,
        )
    return [
        {
            "label": _("Sales of registered households"),
            "value": yuan(total.benefit_fen),
            "note": (before and _change(total.benefit_fen, before.benefit_fen)) or _("No earlier period to compare with"),
        },
        {
            "label": _("Their share of all sales"),
            "value": percent(total.benefit_share),
            "note": share_note,
        },
        {
            "label": _("Weight sold, all sellers"),
            "value": grams_text(total.grams),
            "note": _change(total.grams, before.grams) if before else None,
        },
        {
            "label": _("Producers with sales"),
            "value": f"{total.producers:,}",
            "note": _("%(count)s order lines", count=f"{total.order_lines:,}"),
        },
    ]


def tab_names() -> dict[str, str]:
    """The ways to divide, in their order."""
    return {
        "area": _("By area"),
        "lot": _("By lot"),
        "category": _("By category"),
        "product": _("By product"),
        "channel": _("By channel"),
        "buyer": _("By buyer"),
        "year": _("By year"),
        "quarter": _("By quarter"),
        "month": _("By month"),
        "day": _("By day"),
    }


def _label(by: str, row: SalesRow) -> str:
    if by in ("channel", "buyer"):
        return sales_words(by)[row.key]
    if by == "quarter":
        year, quarter = row.key.split("-Q")
        return f"{year}年{quarter}季度" if is_chinese() else f"Q{quarter} {year}"
    if by in ("year", "total"):
        return row.key if by == "year" else _("Total")
    if by == "day":
        return day_text(date.fromisoformat(row.key))
    if by == "month":
        year, month = row.key.split("-")
        return f"{year}年{int(month)}月" if is_chinese() else date(int(year), int(month), 1).strftime("%b %Y")
    return place_name(row.name_zh) if by == "area" else pick(row.name_zh, row.name_en)


def sales_words(by: str) -> dict[str, str]:
    """How channels and kinds of buyers are called."""
    if by == "channel":
        return {
            "consumer": _("Shop, to consumers"),
            "enterprise": _("To enterprises"),
            "reserved": _("To enterprises, reserved quota"),
        }
    return {"person": _("Persons"), "enterprise": _("Enterprises")}


def chart(by: str, rows: Sequence[SalesRow], span: Span, url: Callable[[str], str | None]) -> dict[str, Any] | None:
    """Bars for areas and products, a line for months and days; None where there is nothing to draw."""
    if not any(row.benefit_fen for row in rows):
        return None
    if by not in ("month", "day"):
        shown = list(rows) if by in _IN_TIME else sorted(rows, key=lambda row: (-row.benefit_fen, row.key))[:_MOST_BARS]
        widths = bar_widths([row.benefit_fen for row in shown])
        bars = [
            {
                "label": _label(by, row),
                "text": yuan(row.benefit_fen),
                "width": width,
                "url": url(row.key),
                "note": None if row.benefit_fen else _("No sales yet"),
            }
            for row, width in zip(shown, widths, strict=True)
        ]
        return {"kind": "bars", "rows": bars}
    known = {row.key: row for row in rows}
    keys = _months(span) if by == "month" else _days(span)
    filled = [known.get(key, SalesRow(key, key, key, 0, 0, 0, 0, 0)) for key in keys][-_MOST_POINTS:]
    top = max(row.benefit_fen for row in filled)
    places = line_positions([row.benefit_fen for row in filled], top)
    points = [
        {"label": _label(by, row), "text": yuan(row.benefit_fen), "x": x, "y": y}
        for row, (x, y) in zip(filled, places, strict=True)
    ]
    return {"kind": "line", "points": points, "top": yuan(top), "axis": _axis([_tick(key) for key in keys[-_MOST_POINTS:]])}


def _tick(key: str) -> str:
    """A month or a day in as little room as there is below a chart."""
    year, month, *days = key.split("-")
    if is_chinese():
        return f"{int(month)}月{int(days[0])}日" if days else f"{year}.{month}"
    name = date(int(year), int(month), 1).strftime("%b")
    return f"{int(days[0])} {name}" if days else f"{name} {year[2:]}"


def _axis(labels: Sequence[str]) -> list[str]:
    """At most five labels along the time, from the first to the last."""
    count = min(5, len(labels))
    if count < 2:
        return list(labels)
    return [labels[at * (len(labels) - 1) // (count - 1)] for at in range(count)]


def _months(span: Span) -> list[str]:
    first, last = span.first.year * 12 + span.first.month - 1, span.last.year * 12 + span.last.month - 1
    return [f"{at // 12:04d}-{at % 12 + 1:02d}" for at in range(first, last + 1)]


def _days(span: Span) -> list[str]:
    return [(span.first + timedelta(days=at)).isoformat() for at in range(span.days)]


def table(
    by: str, rows: Sequence[SalesRow], total: SalesRow, registry_day: date, url: Callable[[str], str | None]
) -> dict[str, Any]:
    """Columns, rows and the total of the table. Producers may sell in several rows, so their total is counted anew."""
    columns = [
        {"key": "name", "label": heading(by), "kind": "text"},
        {"key": "as_sold_fen", "label": _("Registered when sold"), "kind": "yuan"},
        {"key": "as_registered_fen", "label": _("Registered on %(day)s", day=day_text(registry_day)), "kind": "yuan"},
        {"key": "others_fen", "label": _("Other sellers"), "kind": "yuan"},
        {"key": "total_fen", "label": _("All sales"), "kind": "yuan"},
        {"key": "share", "label": _("Share"), "kind": "percent"},
        {"key": "grams", "label": _("Weight"), "kind": "grams"},
        {"key": "order_lines", "label": _("Order lines"), "kind": "number"},
        {"key": "producers", "label": _("Producers"), "kind": "number"},
    ]
    if by not in _IN_TIME:
        rows = sorted(rows, key=lambda row: (-row.benefit_fen, -row.total_fen, row.key))
    return {
        "columns": columns,
        "rows": [_cells(row, _label(by, row), url(row.key)) for row in rows],
        "total": _cells(total, _("Total"), None),
    }


def heading(by: str) -> str:
    """What the rows are."""
    return {
        "area": _("Area"),
        "lot": _("Lot"),
        "product": _("Product"),
        "category": _("Category"),
        "channel": _("Sales channel"),
        "buyer": _("Buyer"),
        "year": _("Year"),
        "quarter": _("Quarter"),
        "month": _("Month"),
        "day": _("Day"),
    }[by]


def _cells(row: SalesRow, name: str, url: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "url": url,
        "as_sold_fen": row.as_sold_fen,
        "as_registered_fen": row.as_registered_fen,
        "others_fen": row.total_fen - row.benefit_fen,
        "total_fen": row.total_fen,
        "share": row.benefit_share,
        "grams": row.grams,
        "order_lines": row.order_lines,
        "producers": row.producers,
    }


def how_counted(span: Span, as_of: date | None, total: SalesRow) -> list[str]:
    """Formula, rows and exclusions, one sentence each."""
    share = (
        _("The part of registered households is the share each order line was sold with: the registry on the day of the order.")
        if as_of is None
        else _(
            "The part of registered households is sales × grams brought by households registered on %(day)s ÷ all grams,"
            " for each lot and whole month, or day where a month is not whole, rounded down to a whole fen.",
            day=day_text(as_of),
        )
    )
    return [
        _(
            "This counts order lines whose purchase was paid from %(first)s to %(last)s, both days included, in market time.",
            first=day_text(span.first),
            last=day_text(span.last),
        ),
        share,
        _(
            "The figures rest on %(count)s order lines, counted by rule %(number)s.",
            count=f"{total.order_lines:,}",
            number=RULE_NUMBER,
        ),
        _("A sale belongs to the village the goods came from, whoever bought them."),
        _("Purchases that are not paid yet or were cancelled are left out."),
        _(
            "The period before has the same number of days: %(first)s to %(last)s.",
            first=day_text(span.before.first),
            last=day_text(span.before.last),
        ),
        _("A producer who sells in several rows is counted in each, and once in the total."),
        _(
            "A buyer counts as an enterprise by the account. Its purchases from registered households are reserved quota in a"
            " year for which it has set a share."
        ),
    ]


def file_head() -> list[str]:
    """The columns of the table in a file."""
    return [
        _("Code"),
        _("Name"),
        _("From"),
        _("To"),
        _("Counted by"),
        _("Sales of registered households (yuan)"),
        _("All sales (yuan)"),
        _("Weight (g)"),
        _("Order lines"),
        _("Producers"),
        _("Registered when sold (yuan)"),
        _("By the registry of the day named (yuan)"),
    ]


def file_rows(by: str, rows: Sequence[SalesRow], span: Span, as_of: date | None) -> list[list[str | int]]:
    """The rows of the table in a file: plain numbers, and no cell that a spreadsheet would run."""
    counted = _("as sold") if as_of is None else _("registry of %(day)s", day=as_of.isoformat())
    return [
        [
            harmless(row.key),
            harmless(row.key if by in _IN_TIME else _label(by, row)),
            span.first.isoformat(),
            span.last.isoformat(),
            counted,
            plain_yuan(row.benefit_fen),
            plain_yuan(row.total_fen),
            row.grams,
            row.order_lines,
            row.producers,
            plain_yuan(row.as_sold_fen),
            plain_yuan(row.as_registered_fen),
        ]
        for row in rows
    ]
