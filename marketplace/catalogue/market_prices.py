"""Reading the price lists of wholesale markets, with everything that is wrong in them said row by row.

The format is that of the daily lists of Beijing's Xinfadi market: a CSV file with the columns 品名, 最低价, 平均价, 最高价,
规格, 单位 and 发布日期, prices in yuan per jin (500 g). Nothing is guessed: a row that contradicts itself is left out.
"""

import csv
import enum
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalogue.models import MarketPrice, Product
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid

COLUMNS = ("品名", "最低价", "平均价", "最高价", "单位", "发布日期")
# How many jin one unit is.
_JIN = {"斤": Decimal(1), "公斤": Decimal(2), "kg": Decimal(2)}
# A price of more than ten thousand yuan a jin is a slip of the hand.
_HIGHEST_YUAN = Decimal(10_000)
_AT_ONCE = 5_000


class Fault(enum.StrEnum):
    """Why a row was left out; ``SWAPPED`` was put right instead, and ``UNKNOWN_GOODS`` has nothing wrong with it."""

    EMPTY = "empty"
    NO_NAME = "no_name"
    NO_DAY = "no_day"
    NOT_A_PRICE = "not_a_price"
    ZERO = "zero"
    TOO_HIGH = "too_high"
    UNIT = "unit"
    OUTSIDE = "average_outside_low_and_high"
    SWAPPED = "low_and_high_swapped"
    REPEATED = "repeated"
    UNKNOWN_GOODS = "goods_unknown_here"


@dataclass(frozen=True)
class MarketRow:
    """One good row: prices in fen per 500 g."""

    line: int
    name: str
    day: date
    low_fen: int
    average_fen: int
    high_fen: int


@dataclass(frozen=True)
class Finding:
    """What was wrong in a line of the file."""

    line: int
    fault: Fault
    text: str


@dataclass
class Report:
    """What came of reading a file: days of prices by kind of goods, and what was found line by line."""

    read: int = 0
    findings: list[Finding] = field(default_factory=list)
    prices: dict[tuple[int, date], tuple[int, int, int]] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)

    @property
    def counts(self) -> dict[Fault, int]:
        """How often each fault was found."""
        found = Counter(finding.fault for finding in self.findings)
        return {fault: found[fault] for fault in Fault if found[fault]}


class BadFile(Invalid):
    """A file that is no list of prices."""


def lines_in_file(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, plain or gzip, by the names of its columns without stray marks."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        try:
            yield from _lines(csv.reader(file))
        except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile) as error:
            raise BadFile("prices_unreadable", N_("%(name)s is no readable CSV file in UTF-8."), name=path.name) from error


def _lines(reader: Iterator[list[str]]) -> Iterator[dict[str, str]]:
    header = [_clean(cell) for cell in next(reader, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise BadFile("prices_columns", N_("The file has no column %(missing)s."), missing=", ".join(missing))
    for cells in reader:
        yield dict(zip(header, (_clean(cell) for cell in [*cells, *[""] * len(header)]), strict=False))


def _clean(text: str) -> str:
    return text.replace("\ufeff", "").replace("\u3000", " ").strip()


def read_rows(lines: Iterable[Mapping[str, str]], report: Report) -> Iterator[MarketRow]:
    """The good rows among lines; what is wrong with the others goes into the report. The header is line 1."""
    seen: set[tuple[str, ...]] = set()
    for line, cells in enumerate(lines, 2):
        report.read += 1
        row = _row(line, cells, report)
        if row is None:
            continue
        whole = tuple(cells.get(name, "") for name in (*COLUMNS, "规格"))
        if whole in seen:
            report.findings.append(Finding(line, Fault.REPEATED, row.name))
        else:
            seen.add(whole)
            yield row


def _row(line: int, cells: Mapping[str, str], report: Report) -> MarketRow | None:
    def left_out(fault: Fault, text: str = "") -> None:
        report.findings.append(Finding(line, fault, text[:80]))

    if not any(cells.values()):
        return left_out(Fault.EMPTY)
    name = cells["品名"]
    if not name:
        return left_out(Fault.NO_NAME)
    try:
        day = date.fromisoformat(cells["发布日期"][:10].replace("/", "-"))
    except ValueError:
        return left_out(Fault.NO_DAY, f"{name}: {cells['发布日期']}")
    if cells["单位"] not in _JIN:
        return left_out(Fault.UNIT, f"{name}: {cells['单位']}")
    written = [cells[column] for column in ("最低价", "平均价", "最高价")]
    try:
        low, average, high = (Decimal(text) / _JIN[cells["单位"]] for text in written)
    except ArithmeticError:
        return left_out(Fault.NOT_A_PRICE, f"{name}: {' '.join(written)}")
    if not all(price.is_finite() for price in (low, average, high)):
        return left_out(Fault.NOT_A_PRICE, f"{name}: {' '.join(written)}")
    if min(low, average, high) <= 0:
        return left_out(Fault.ZERO, f"{name}: {' '.join(written)}")
    if max(low, average, high) > _HIGHEST_YUAN:
        return left_out(Fault.TOO_HIGH, f"{name}: {' '.join(written)}")
    if low > high and high <= average <= low:
        left_out(Fault.SWAPPED, f"{name}: {' '.join(written)}")
        low, high = high, low
    if not low <= average <= high:
        return left_out(Fault.OUTSIDE, f"{name}: {' '.join(written)}")
    # What is dearer stays dearer when it is rounded; a price below half a fen is one of one fen.
    low_fen, average_fen, high_fen = (max(1, _fen(price)) for price in (low, average, high))
    return MarketRow(line, name, day, low_fen, average_fen, high_fen)


def _fen(yuan: Decimal) -> int:
    return int((yuan * 100).quantize(Decimal(1), ROUND_HALF_UP))


def sort_by_goods(rows: Iterable[MarketRow], product_ids: Mapping[str, int], report: Report) -> None:
    """Put rows together by kind of goods and day: the lowest, the mean of the averages (half up), the highest."""
    found: dict[tuple[int, date], list[MarketRow]] = defaultdict(list)
    for row in rows:
        product_id = product_ids.get(row.name)
        if product_id is None:
            report.unknown[row.name] += 1
            report.findings.append(Finding(row.line, Fault.UNKNOWN_GOODS, row.name))
        else:
            found[product_id, row.day].append(row)
    for key, own in found.items():
        total = sum(row.average_fen for row in own)
        mean = (2 * total + len(own)) // (2 * len(own))
        report.prices[key] = (min(row.low_fen for row in own), mean, max(row.high_fen for row in own))


def names_of_goods(also: Mapping[str, str] | None = None) -> dict[str, int]:
    """The kinds of goods by the names that markets have for them: their own Chinese ones, and others given with a slug."""
    rows = db.session.execute(select(Product.id, Product.slug, Product.name_zh)).all()
    by_slug = {row.slug: row.id for row in rows}
    unknown = sorted({slug for slug in (also or {}).values() if slug not in by_slug})
    if unknown:
        raise Invalid("goods_unknown", N_("There are no goods called %(slugs)s here."), slugs=", ".join(unknown[:5]))
    return {row.name_zh: row.id for row in rows} | {name: by_slug[slug] for name, slug in (also or {}).items()}


def read_prices(lines: Iterable[Mapping[str, str]], product_ids: Mapping[str, int]) -> Report:
    """Read a list of prices without writing anything."""
    report = Report()
    sort_by_goods(read_rows(lines, report), product_ids, report)
    return report


def keep_prices(report: Report, source: str, *, actor: str, now: datetime) -> int:
    """Write what was read, in place of what the source said of the same days before; answers how many days of prices."""
    if not 1 <= len(source) <= 40:
        raise Invalid("source_invalid", N_("Please name the source in 1 to 40 characters."))
    rows: Sequence[dict[str, object]] = [
        {"product_id": product_id, "day": day, "source": source, "low_fen": low, "average_fen": average, "high_fen": high}
        for (product_id, day), (low, average, high) in sorted(report.prices.items())
    ]
    for first in range(0, len(rows), _AT_ONCE):
        statement = insert(MarketPrice).values(rows[first : first + _AT_ONCE])
        changed = {name: statement.excluded[name] for name in ("low_fen", "average_fen", "high_fen")}
        db.session.execute(statement.on_conflict_do_update(index_elements=["product_id", "day", "source"], set_=changed))
    if rows:
        faults = {fault.value: count for fault, count in report.counts.items()}
        audit.record("market_prices.imported", "market_price", source, actor=actor, at=now, days=len(rows), faults=faults)
    return len(rows)
