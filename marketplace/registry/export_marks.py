"""The mark that an export bears without showing it: whose copy a leaked table is, told from the order of its rows alone.

In each household the members stand from the eldest to the youngest or the other way round. Which it is, one bit of a keyed
digest of the export's name and the household's code says; so two exports agree in about half of their households, and nobody
without the installation's key can tell or forge a mark. A part of the table is enough, whatever else was taken out of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from marketplace.kernel.privacy import blind_index

Row = TypeVar("Row", bound=Mapping[str, Any])
CODE, BORN_ON = "household_code", "born_on"
# Two copies agree by chance in about half of their households; of so many, in nine tenths about once in a million.
FEWEST_HOUSEHOLDS = 24
_SURE = 0.9


def eldest_first(export: str, household_code: str) -> bool:
    """Whether this copy lists the members of this household from the eldest to the youngest."""
    return bool(blind_index(f"{export}:{household_code}", "file_export.mark")[0] & 1)


def marked(rows: Sequence[Row], export: str, household_code: str) -> list[Row]:
    """A household's rows in the order of this copy; those born on one day stay as they are."""
    return sorted(rows, key=lambda row: str(row[BORN_ON]), reverse=not eldest_first(export, household_code))


def agreement(rows: Iterable[Mapping[str, Any]], export: str) -> tuple[int, int]:
    """In how many of the households that say something the rows stand as in this copy, and how many those are."""
    of_household: dict[str, list[str]] = {}
    for row in rows:
        of_household.setdefault(str(row[CODE]), []).append(str(row[BORN_ON]))
    telling = {code: born for code, born in of_household.items() if born[0] != born[-1]}
    agreeing = sum((born[0] < born[-1]) == eldest_first(export, code) for code, born in telling.items())
    return agreeing, len(telling)


def source_of(rows: Sequence[Mapping[str, Any]], exports: Iterable[str]) -> str | None:
    """Which of these exports a table, or what is left of it, was copied from; None when that cannot be said for sure."""
    for export in exports:
        agreeing, telling = agreement(rows, export)
        if telling >= FEWEST_HOUSEHOLDS and agreeing >= _SURE * telling:
            return export
    return None
