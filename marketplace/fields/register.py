"""Reading the register of fields, and checking it against the tables."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Column, LargeBinary, MetaData, Table

from marketplace.fields.keeping import RULES
from marketplace.fields.words import BASES, GROUPS, READERS
from marketplace.kernel.privacy import Encrypted, WrappedKey

FOLDER = Path(__file__).with_name("register")
CLASSES = ("none", "personal", "sensitive")
_KEYS = {"purpose", "group", "basis", "readers", "keep", "unsealed", *CLASSES}


class RegisterError(ValueError):
    """The register says something that it cannot say."""


@dataclass(frozen=True)
class Entry:
    """What is said of one column."""

    table: str
    column: str
    data_class: str
    purpose: str
    group: str
    basis: str
    readers: tuple[str, ...]
    keep: str
    # Why a sensitive column is not sealed.
    unsealed: str = ""


@cache
def entries() -> tuple[Entry, ...]:
    """The whole register, in the order of its files.

    Raises
    ------
    RegisterError
        For an unknown word, a column named twice, or data of a person without a group.
    """
    found: dict[tuple[str, str], Entry] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for table, said in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for entry in _of_table(table, said):
                if (table, entry.column) in found:
                    raise RegisterError(f"{table}.{entry.column} is named twice")
                found[table, entry.column] = entry
    return tuple(found.values())


def _of_table(table: str, said: dict[str, object]) -> Iterator[Entry]:
    if unknown := said.keys() - _KEYS:
        raise RegisterError(f"{table}: nothing is called {', '.join(sorted(unknown))}")
    purpose, group, basis, keep = (str(said.get(key, "")) for key in ("purpose", "group", "basis", "keep"))
    readers, reasons = tuple(str(said.get("readers", "")).split()), said.get("unsealed", {})
    about_people = "personal" in said or "sensitive" in said
    if not purpose or basis not in BASES or keep not in RULES or not readers or set(readers) - READERS.keys():
        raise RegisterError(f"{table} needs a purpose, and a basis, readers and a keep rule that are known")
    if (group in GROUPS) != about_people or (basis == "none" and about_people):
        raise RegisterError(f"{table} needs a known group and a basis exactly where it says something of people")
    if not isinstance(reasons, dict) or reasons.keys() - set(str(said.get("sensitive", "")).split()):
        raise RegisterError(f"{table} gives reasons for columns that are not sensitive")
    for data_class in CLASSES:
        for column in str(said.get(data_class, "")).split():
            yield Entry(table, column, data_class, purpose, group, basis, readers, keep, reasons.get(column, ""))


def faults(metadata: MetaData) -> list[str]:
    """Where register and tables do not agree; nothing when they do."""
    said = {(entry.table, entry.column): entry for entry in entries()}
    there = {(table.name, column.name): column for table in metadata.sorted_tables for column in table.columns}
    missing = [f"{table}.{column} is in no register" for table, column in sorted(there.keys() - said.keys())]
    gone = [f"{table}.{column} is no column any more" for table, column in sorted(said.keys() - there.keys())]
    open_ = [
        f"{table}.{column} is sensitive and neither sealed nor said why not"
        for (table, column), entry in said.items()
        if entry.data_class == "sensitive" and (table, column) in there
        if not entry.unsealed and not is_sealed(there[table, column])
    ]
    return [*missing, *gone, *open_]


def is_sealed(column: Column[object]) -> bool:
    """Whether a column holds sealed bytes: by its type, by the key of the record that its table keeps beside it, or by its name
    in a table that hangs on a household, whose key seals it.
    """
    if isinstance(column.type, (Encrypted, WrappedKey)):
        return True
    table = column.table
    if not isinstance(table, Table) or not isinstance(column.type, LargeBinary):
        return False
    of_household = "household_id" in table.columns and column.name.partition("_")[0] == "sealed"
    return of_household or any(isinstance(other.type, WrappedKey) for other in table.columns)
