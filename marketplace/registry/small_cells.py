"""Hiding small cells of a table that everybody may see, so that nobody can work them out from the rest. Pure.

A cell of few persons is hidden; but a reader who knows the sums subtracts what is shown. So further cells are hidden
(complementary hiding) until, for each hidden cell, the values that fit everything shown, none of them negative, span a wide
interval. That is what a reader can know at best, so it is computed exactly, as the least and the greatest value of a linear
program; what is hidden besides is chosen by a rule of thumb and may be more than the least possible.

A nought is shown: it tells nothing of anybody.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from math import inf
from typing import Any, TypeVar

import numpy as np
from scipy.optimize import linprog

Key = TypeVar("Key", bound=Hashable)
# A sum that is known to readers: the cell that holds it, and the cells that make it up.
Sum = tuple[Key, Sequence[Key]]
TOTAL = "total"
_ROUNDING = 1e-6


def hidden_cells(
    cells: Mapping[Key, int],
    sums: Sequence[Sum[Key]],
    *,
    smallest: int,
    narrowest: int,
    sensitive: Collection[Key] | None = None,
) -> frozenset[Key]:
    """The cells not to be shown.

    Parameters
    ----------
    cells : mapping of key to int
        Every cell of the table, its sums too: numbers of persons.
    sums : sequence of (key, keys)
        Which cell is the sum of which others.
    smallest : int
        A cell of fewer persons than this is hidden, unless it is nought.
    narrowest : int
        How many persons apart the least and the greatest possible value of a hidden cell must be.
    sensitive : collection of keys, optional
        Of amounts: the cells to hide to begin with, because few stand behind them. Without it the small ones are taken.

    Examples
    --------
    One small cell cannot hide alone, since the sum gives it away; the smallest neighbour that can cover it goes with it.

    >>> cells, sums = one_way({"a": 40, "b": 3, "c": 25})
    >>> sorted(hidden_cells(cells, sums, smallest=10, narrowest=5))
    ['b', 'c']
    """
    few = (key for key, number in cells.items() if 0 < number < smallest) if sensitive is None else sensitive
    hidden = {key for key in few if cells[key]}
    unsafe = sorted(hidden, key=repr)
    while unsafe:
        key = unsafe.pop()
        while width(key, cells, sums, hidden) < narrowest - _ROUNDING:
            more = _next_to_hide(key, cells, sums, hidden, narrowest)
            hidden.add(more)
            # What was safe stays so, since less is known now; only what is newly hidden must be looked at.
            unsafe.append(more)
    return frozenset(hidden)


def width(key: Key, cells: Mapping[Key, int], sums: Iterable[Sum[Key]], hidden: Collection[Key]) -> float:
    """How far apart the least and the greatest value are that a hidden cell can have, for all that is shown."""
    unknown = sorted(hidden, key=repr)
    at = {each: number for number, each in enumerate(unknown)}
    rows, right = [], []
    for total, parts in sums:
        row = np.zeros(len(unknown))
        rest = 0
        for sign, each in ((1, total), *((-1, part) for part in parts)):
            if each in at:
                row[at[each]] += sign
            else:
                rest -= sign * cells[each]
        if row.any():
            rows.append(row)
            right.append(rest)
    if not rows:
        return inf
    aim = np.zeros(len(unknown))
    aim[at[key]] = 1.0
    greatest = _least(-aim, np.array(rows), np.array(right))
    return inf if greatest == -inf else -greatest - _least(aim, np.array(rows), np.array(right))


def _least(aim: np.ndarray[Any, Any], rows: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> float:
    found = linprog(aim, A_eq=rows, b_eq=right, bounds=(0, None), method="highs")
    if found.status == 3:
        return -inf
    if found.status != 0:
        raise RuntimeError(f"the bounds of a cell could not be found: {found.message}")
    return float(found.fun)


def _next_to_hide(key: Key, cells: Mapping[Key, int], sums: Sequence[Sum[Key]], hidden: Collection[Key], narrowest: int) -> Key:
    """One more cell, the smallest that can cover another and rather a part than a sum.

    A sum that lacks a single cell gives it away, so such sums come first, this cell's own before others'.
    """
    sums_with_both = []
    for total, parts in sums:
        members = (total, *parts)
        shown = [each for each in members if each not in hidden]
        lacking = len(members) - len(shown)
        if lacking and shown:
            sums_with_both.append((lacking != 1, key not in members, lacking, repr(total), total, shown))
    if sums_with_both:
        *_, total, choice = min(sums_with_both, key=lambda found: found[:4])
    else:
        total, choice = None, [each for each in cells if each not in hidden]
    return min(choice, key=lambda each: (each == total, cells[each] < narrowest, abs(cells[each] - narrowest), repr(each)))


def one_way(parts: Mapping[str, int]) -> tuple[dict[str, int], list[Sum[str]]]:
    """The cells and the sum of a list with its total.

    >>> one_way({"a": 1, "b": 2})
    ({'a': 1, 'b': 2, 'total': 3}, [('total', ['a', 'b'])])
    """
    return {**parts, TOTAL: sum(parts.values())}, [(TOTAL, list(parts))]


def linked(
    tables: Mapping[str, Mapping[tuple[str, str], int]],
) -> tuple[dict[tuple[str, str], int], list[Sum[tuple[str, str]]]]:
    """The cells and sums of several tables over the same rows, each dividing the same persons in its own way.

    Parameters
    ----------
    tables : mapping of name to mapping of (row, column) to int
        Tables with the same rows; the rows' sums are the same in each.

    Returns
    -------
    cells, sums
        A cell's key is (row, "table:column"); ``TOTAL`` stands for a row's sum, and for the sum over all rows.
    """
    cells: dict[tuple[str, str], int] = {}
    sums: list[Sum[tuple[str, str]]] = []
    rows = sorted({row for table in tables.values() for row, _ in table})
    for name, table in tables.items():
        columns = sorted({column for _, column in table})
        named = {column: f"{name}:{column}" for column in columns}
        for row in rows:
            for column in columns:
                cells[row, named[column]] = table.get((row, column), 0)
            sums.append(((row, TOTAL), [(row, named[column]) for column in columns]))
        for column in columns:
            parts = [(row, named[column]) for row in rows]
            cells[TOTAL, named[column]] = sum(cells[part] for part in parts)
            sums.append(((TOTAL, named[column]), parts))
        sums.append(((TOTAL, TOTAL), [(TOTAL, named[column]) for column in columns]))
    for row in rows:
        first = next(iter(tables))
        cells[row, TOTAL] = sum(number for (own, _), number in tables[first].items() if own == row)
    cells[TOTAL, TOTAL] = sum(cells[row, TOTAL] for row in rows)
    sums.append(((TOTAL, TOTAL), [(row, TOTAL) for row in rows]))
    return cells, sums
