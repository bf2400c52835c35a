"""Which column of a table is which field of the standard, and what a cell of it says. Pure, no database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.money import fen_of_yuan
from marketplace.registry.file_values import read_value
from marketplace.registry.importing.tables import Cell, Formula
from marketplace.registry.standard import BY_NAME, Field, Kind

CODE = "household_code"
CODE_LABEL = N_("Code of the household")
NEEDED = (CODE, "name", "relation")
IMPOSSIBLE = N_("This value is not possible here.")
_LOST_DIGITS = N_("The spreadsheet has kept this as a number and lost its last digits. Please make the column text.")
_FORMULA = N_("This is a formula. Please put its result there.")
_UNIT = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_APART = re.compile(r"[\s、，,;；|]+")
# A double keeps fifteen digits of a number and no more.
_MOST_EXACT = 10**15


@dataclass(frozen=True)
class Words:
    """What columns and choices are called in the languages of the office: name or value of the standard by each word."""

    columns: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A field at a place in the row. Money under the field's own name is in fen, under its label in yuan."""

    at: int
    name: str
    in_yuan: bool = False

    @property
    def field(self) -> Field:
        """The standard's field; the household's code has none."""
        return BY_NAME[self.name]


def read_header(header: list[str], words: Words) -> list[Column]:
    """The columns of a table. A unit in brackets behind a label does not count.

    Raises
    ------
    Invalid
        ``columns_invalid`` for a column that the standard does not have, one that is there twice, or one that is missing.
    """
    columns, unknown, names = [], [], set()
    twice = False
    for at, title in enumerate(header):
        plain = _UNIT.sub("", title).strip()
        own = plain if plain == CODE or plain in BY_NAME else None
        name = own or words.columns.get(plain) or words.columns.get(title)
        if name is None:
            unknown.append(title[:30] or "–")
            continue
        twice = twice or name in names
        names.add(name)
        columns.append(Column(at, name, own is None and name != CODE and BY_NAME[name].kind is Kind.FEN))
    missing = [name for name in NEEDED if name not in names]
    if unknown or missing or twice:
        raise Invalid(
            "columns_invalid",
            N_("The first row must name each column once. Not known: %(unknown)s. Missing: %(missing)s."),
            unknown=", ".join(unknown) or "–",
            missing=", ".join(missing) or "–",
        )
    return columns


def read_cell(column: Column, cell: Cell, words: Words) -> Any:
    """The value of a cell as the file keeps it; None for an empty one.

    Raises
    ------
    Invalid
        With a sentence that does not repeat what stands in the cell.
    """
    if isinstance(cell, Formula):
        raise Invalid("cell_formula", _FORMULA)
    if cell is None or cell == "":
        return None
    typed = _as_typed(column.field.kind, cell)
    if column.in_yuan:
        return read_value(column.field, _fen(typed))
    chosen = words.choices.get(column.name, {})
    if column.field.kind is Kind.CHOICES:
        typed = [chosen.get(word, word) for word in _APART.split(str(typed)) if word]
    elif isinstance(typed, str):
        typed = chosen.get(typed, typed)
    return read_value(column.field, typed)


def read_code(cell: Cell) -> str:
    """The household's code of a cell.

    Raises
    ------
    Invalid
        ``code_invalid`` for what is not sixteen digits.
    """
    if isinstance(cell, Formula):
        raise Invalid("cell_formula", _FORMULA)
    if isinstance(cell, (int, float)):
        raise Invalid("digits_lost", _LOST_DIGITS)
    text = "".join(str(cell or "").split())
    if len(text) != 16 or not (text.isascii() and text.isdigit()):
        raise Invalid("code_invalid", N_("The code of a household has sixteen digits: its village’s twelve and four more."))
    return text


def _as_typed(kind: Kind, cell: Cell) -> Any:
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, (int, float)):
        if kind in (Kind.ID_NUMBER, Kind.TEXT, Kind.PHONE) and abs(cell) >= _MOST_EXACT:
            raise Invalid("digits_lost", _LOST_DIGITS)
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        return cell if kind in (Kind.WHOLE, Kind.DECIMAL, Kind.FEN) else str(cell)
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return cell if kind is Kind.DAY else cell.isoformat()
    return _day_text(str(cell)) if kind is Kind.DAY else str(cell)


def _day_text(text: str) -> str:
    """A day as people write it, ``1970/3/7`` or ``1970年3月7日``, in the form of the file; other text as it is.

    >>> _day_text("1970年3月7日"), _day_text("1970-03-07"), _day_text("spring")
    ('1970-03-07', '1970-03-07', 'spring')
    """
    parts = [part for part in re.split(r"[-/.年月日]", text) if part]
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return text
    return f"{parts[0]:>04}-{parts[1]:>02}-{parts[2]:>02}"


def _fen(typed: Any) -> int:
    fen = fen_of_yuan(str(typed).replace("，", ""))
    if fen is None:
        raise Invalid("value_invalid", IMPOSSIBLE)
    return fen
